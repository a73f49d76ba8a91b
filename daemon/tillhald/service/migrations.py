"""Running the programs of `tillhald.migration` beside the till, and hearing them out."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tillhald.migration.copying import Migrated, MigrationFailed
from tillhald.migration.words import Line
from tillhald.schema import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tillhald.migration.reading import Sums

    Progress = Callable[[str, int, int], None]

LINE_BYTES_MAX = 16 << 20
"""The longest line has the sums of each shift of the till's life."""
PROGRAM_S_MAX = 4 * 3600.0
KILLED_S_MAX = 1.0


async def run_migration(
    folder: Path,
    target: Path,
    on_progress: Progress,
    *,
    to_schema: int = SCHEMA,
    spills: Sequence[Path] = (),
    interpreter: Path = Path(sys.executable),
) -> Migrated:
    """Have `interpreter`, that of the slot which knows both schemas, copy a journal.

    Raises MigrationFailed, also if the process died, as on a disk that fails; TimeoutError. What it
    made may be left then, and is not finished. It is gone when this returns or is cancelled.
    """
    more = [word for path in spills for word in ("--spill", str(path))]
    arguments = [str(folder), str(target), "--to-schema", str(to_schema), *more]
    line = await _run(interpreter, arguments, on_progress)
    assert line.migrated is not None, "a migration ends with what was migrated"
    return line.migrated


async def run_check(
    folder: Path, on_progress: Progress, *, interpreter: Path = Path(sys.executable)
) -> Sums:
    """Have `interpreter`, that of the slot which is to go on with it, look at a whole journal.

    Raises as `run_migration`; reason OTHER_SCHEMA also for a fact that it does not know.
    """
    line = await _run(interpreter, ["--check", str(folder)], on_progress)
    assert line.checked is not None, "a check ends with what was checked"
    return line.checked


async def _run(interpreter: Path, arguments: Sequence[str], on_progress: Progress) -> Line:
    child = await asyncio.create_subprocess_exec(
        str(interpreter),
        "-P",
        "-m",
        "tillhald.migration",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_BYTES_MAX,
    )
    assert child.stdout is not None, "a pipe was asked for"
    last = Line()
    try:
        async with asyncio.timeout(PROGRAM_S_MAX):
            async for raw in child.stdout:
                if not raw.endswith(b"\n"):
                    break  # what a killed child was about to write
                last = msgspec.json.decode(raw, type=Line)
                if last.phase:
                    on_progress(last.phase, last.done, last.total)
            status = await child.wait()
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        # One that a disk holds may not end even now; nobody waits for it.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(KILLED_S_MAX):
                await child.wait()
    if last.refused:
        raise MigrationFailed(last.refused, last.sentence)
    if last.migrated is None and last.checked is None:
        sentence = f"The process that did it ended with {status}: the disk may be failing."
        raise MigrationFailed("STORAGE_FAILED", sentence)
    return last
