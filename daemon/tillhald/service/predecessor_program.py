"""Running the program that reads a predecessor's source beside the till, and hearing it out."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING

import msgspec
import structlog

from tillhald.domain import errors
from tillhald.predecessor.words import Line, ReadOrder

if TYPE_CHECKING:
    from collections.abc import Callable

    from tillhald.predecessor.words import ReadReport

log = structlog.get_logger(__name__)

LINE_BYTES_MAX = 8 << 20
"""The report with the most faults and differences has some 200 KiB."""
PROGRAM_S_MAX = 2 * 3600.0
KILLED_S_MAX = 1.0
_REFUSALS = {
    kind.reason: kind for kind in (errors.SourceNotFound, errors.SourceChanged, errors.ImportFailed)
}


async def read_source(order: ReadOrder, on_progress: Callable[[str, int, int], None]) -> ReadReport:
    """What the source holds, once all of it is in the spool.

    Raises SourceNotFound, SourceChanged, ImportFailed (also if it died). It is gone when this
    returns, raises or is cancelled, unless a disk holds it.
    """
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "tillhald.predecessor.read"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_BYTES_MAX,
    )
    assert child.stdin is not None, "a pipe was asked for"
    assert child.stdout is not None, "a pipe was asked for"
    last = Line()
    try:
        async with asyncio.timeout(PROGRAM_S_MAX):
            with contextlib.suppress(ConnectionError):
                child.stdin.write(msgspec.json.encode(order))
                await child.stdin.drain()
            child.stdin.close()
            async for raw in child.stdout:
                if not raw.endswith(b"\n"):
                    break  # what a killed child was about to write
                last = msgspec.json.decode(raw, type=Line)
                if last.phase:
                    on_progress(last.phase, last.done, last.total)
            status = await child.wait()
    except (ValueError, msgspec.MsgspecError):
        # An adapter of somebody else's that prints, say. It must not end the till.
        log.warning("predecessor_program_died", status=child.returncode)
        sentence = "The program that read the source said what nobody understands."
        raise errors.ImportFailed(sentence) from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(KILLED_S_MAX):
                await child.wait()
    if last.report is not None:
        return last.report
    if last.refused:
        raise _REFUSALS.get(last.refused, errors.ImportFailed)(last.sentence)
    log.warning("predecessor_program_died", status=status)
    raise errors.ImportFailed(f"The program that read the source ended with {status}.")
