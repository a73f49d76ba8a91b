"""Bringing back what lies in a file that was put aside: the rows by which things are found again.

A new segment begins with the state and nothing else. Old sales, receipts and the answers to old
requests are salvaged from the old file in a child process, and put into the new one while the till
sells. What is there already is newer and stays. Going on after a restart is the same work again.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import structlog

from tillhald.journal.engine import INDEX_TABLES, META
from tillhald.journal.errors import Overloaded, StorageError
from tillhald.journal.salvage_file import FiledRow, read_salvage
from tillhald.journal.segments import retired_path
from tillhald.migration.steps import Arrivals, History, schema_of

if TYPE_CHECKING:
    from tillhald.journal.format import Row
    from tillhald.journal.recovery import Places
    from tillhald.journal.store import Store
    from tillhald.service.till import Till

log = structlog.get_logger(__name__)

ROWS_AT_ONCE_MAX = 200
BYTES_AT_ONCE_MAX = 256 << 10
"""One record brings so much, so that no sale waits long behind it."""
ITEMS_AT_ONCE_MAX = 500
"""Read before the event loop gets its turn; about two milliseconds' work."""
RETRY_S = 60.0


class BringBack:
    """Works through the segments that the state says are not brought back yet."""

    def __init__(self, till: Till, store: Store, places: Places) -> None:
        self._till = till
        self._store = store
        self._places = places
        self._due = asyncio.Event()

    def look_again(self) -> None:
        """A segment was begun."""
        self._due.set()

    async def run(self) -> None:
        """Never ends by itself; cancel it."""
        while True:
            self._due.clear()
            for segment in self._due_segments():
                try:
                    await self._bring_back(segment)
                except (StorageError, Overloaded, OSError, msgspec.DecodeError) as error:
                    log.warning("segment_not_brought_back", segment=segment, why=str(error))
            pause_s = RETRY_S if self._due_segments() else None
            try:
                async with asyncio.timeout(pause_s):
                    await self._due.wait()
            except TimeoutError:
                continue

    def _due_segments(self) -> list[int]:
        # Power may go after a segment's first record was stored and before its file was there:
        # then the old file goes on, with that record in it, and is not behind itself.
        live = self._store.identity.segment
        return [segment for segment in self._till.state.behind if segment < live]

    async def _bring_back(self, segment: int) -> None:
        folder = self._folder_of(segment)
        # Beside the journal of now: that disk takes writes, the one before may not.
        here = Path(self._store.engine.folder)
        file = here.with_name(f"{here.name}.salvage-{segment}")
        # A run that was killed left it, half or whole, and maybe of an older state of the file.
        file.unlink(missing_ok=True)
        await _salvage(folder, file)
        try:
            count = await self._put_rows(segment, file)
        finally:
            file.unlink(missing_ok=True)
        log.info("segment_brought_back", segment=segment, rows=count)

    def _folder_of(self, segment: int) -> Path:
        """Where that segment was put aside; where it always was, if its disk took no rename."""
        places = self._places
        folders = [places.folder, *([places.standby] if places.standby else [])]
        aside = [retired_path(folder, segment) for folder in folders]
        for folder in (*aside, places.folder):
            if (folder / "data.mdb").exists():
                return folder
        message = f"The file of segment {segment} is not there any more."
        raise FileNotFoundError(message)

    async def _put_rows(self, segment: int, file: Path) -> int:
        rows: list[Row] = []
        size_bytes = count = 0
        arrivals = await self._arrivals(file)
        for number, item in enumerate(read_salvage(file)):
            if number % ITEMS_AT_ONCE_MAX == 0:
                await asyncio.sleep(0)
            if not isinstance(item, FiledRow) or item.table not in INDEX_TABLES:
                continue
            for row in arrivals.rows(item.table, item.key, item.value):
                if not self._till.has_row(row.table, row.key):
                    rows.append(row)
                    size_bytes += len(row.key) + len(row.value or b"")
                    count += 1
            if len(rows) >= ROWS_AT_ONCE_MAX or size_bytes >= BYTES_AT_ONCE_MAX:
                await self._till.bring_back(segment, rows, is_last=False)
                rows, size_bytes = [], 0
        await self._till.bring_back(segment, rows, is_last=True)
        return count

    async def _arrivals(self, file: Path) -> Arrivals:
        """How rows of that file, which may be of an older schema, are stored now."""
        meta: dict[bytes, bytes] = {}
        days: list[tuple[bytes, bytes]] = []
        for number, item in enumerate(read_salvage(file)):
            if number % ITEMS_AT_ONCE_MAX == 0:
                await asyncio.sleep(0)
            if isinstance(item, FiledRow) and item.table == META:
                meta[item.key] = item.value
            elif isinstance(item, FiledRow) and item.table == "days":
                days.append((item.key, item.value))
        return Arrivals(schema_of(meta), History(self._store.base.seq, days))


async def _salvage(folder: Path, file: Path) -> None:
    """Write what is whole in `folder` to `file`. A child: it is minutes of reading, if need be."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "tillhald.journal.salvage",
        str(folder),
        "--out",
        str(file),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        status = await child.wait()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if status != 0 or not file.exists():
        message = f"Nothing could be salvaged from {folder}."
        raise OSError(message)
