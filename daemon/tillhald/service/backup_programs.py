"""Running programs beside the till that take an order and tell lines, and hearing them out."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

import msgspec
import structlog

from tillhald.backup.words import Line, refused
from tillhald.domain.errors import BackupFailed, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class ToldLine(Protocol):
    """A line of any such program: where it stands, or, without a phase, how it ended."""

    phase: str
    done: int
    total: int


L = TypeVar("L", bound=ToldLine)

log = structlog.get_logger(__name__)

LINE_BYTES_MAX = 16 << 20
"""The longest answers list 2,000 files, or the sums of each shift of the till's life."""
PROGRAM_S_MAX = 4 * 3600.0
KILLED_S_MAX = 1.0


class Standing(NamedTuple):
    """Where a program's work stands."""

    phase: str
    done: int
    total: int
    eta_s: int


async def run_program(
    name: str,
    order: msgspec.Struct,
    on_progress: Callable[[Standing], None],
    *,
    deadline_s: float = PROGRAM_S_MAX,
) -> Line:
    """Run `python -m tillhald.backup.<name>`; return its last line.

    Raises the refusal that it ended with; BackupFailed if it died, as on a disk that fails; and
    TimeoutError. It is gone when this returns, raises or is cancelled, unless a disk holds it.
    """
    command = [sys.executable, "-P", "-m", f"tillhald.backup.{name}"]
    last = await run_command(
        command, order, on_progress, answers=Line, failed=BackupFailed, deadline_s=deadline_s
    )
    if last.refused:
        raise refused(last)
    return last


async def run_command(
    command: Sequence[str],
    order: msgspec.Struct | None,
    on_progress: Callable[[Standing], None],
    *,
    answers: type[L],
    failed: type[Refused],
    deadline_s: float = PROGRAM_S_MAX,
) -> L:
    """As `run_program`, for any program of this manner: `answers` is what its lines are, `failed`
    what is raised if it died. What it refuses stands in the line that is returned."""
    child = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_BYTES_MAX,
    )
    assert child.stdin is not None, "a pipe was asked for"
    last = answers()
    try:
        async with asyncio.timeout(deadline_s):
            with contextlib.suppress(ConnectionError):
                child.stdin.write(msgspec.json.encode(order) if order is not None else b"")
                await child.stdin.drain()
            child.stdin.close()
            last = await _last_line(child, on_progress, answers)
            status = await child.wait()
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        # One that a disk holds may not end even now; nobody waits for it.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(KILLED_S_MAX):
                await child.wait()
    if last.phase or last == answers():
        log.warning("backup_program_died", part=command[-1].rpartition(".")[2], status=status)
        sentence = f"The process that did it ended with {status}: the disk may be failing."
        raise failed(sentence)
    return last


async def _last_line(
    child: asyncio.subprocess.Process,
    on_progress: Callable[[Standing], None],
    answers: type[L],
) -> L:
    assert child.stdout is not None, "a pipe was asked for"
    last = answers()
    phase, began_s = "", 0.0
    async for raw in child.stdout:
        if not raw.endswith(b"\n"):
            break  # what a killed child was about to write
        last = msgspec.json.decode(raw, type=answers)
        if not last.phase:
            continue
        now_s = time.monotonic()
        if last.phase != phase:
            phase, began_s = last.phase, now_s
        left = last.total - last.done
        eta_s = round((now_s - began_s) * left / last.done) if last.done else 0
        on_progress(Standing(phase, last.done, last.total, eta_s))
    return last
