"""The copies of the journal that upgrades leave where no backup was made, and how long they stay.

Such an upgrade copies the journal into its work's folder before it changes anything (decision 23).
Of an upgrade that came to the switch the newest copy stays, until a backup that was read back holds
all that is in it. Everything else can go: the way back goes on from the data that runs, with what
was sold since, and never from a copy.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

from tillhald.boot.files import PARTIAL, Damaged
from tillhald.home import NoSuchWork
from tillhald.service.beside import beside
from tillhald.service.tidying import tidy
from tillhald.service.upgrade_data import COPY

if TYPE_CHECKING:
    from pathlib import Path

    from tillhald.domain.state import TillState
    from tillhald.home import Home
    from tillhald.service.till import Till

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 60.0
"""How often it is looked whether a backup has made a copy needless."""


class UpgradeCopies:
    """Everything runs on the event loop; what reads folders runs beside it."""

    def __init__(self, home: Home, till: Till) -> None:
        self._home = home
        self._till = till

    async def run(self) -> None:
        """Remove what is not needed, now and once it is so. Never ends by itself; cancel it."""
        while True:
            try:
                await self.look()
            except OSError as error:  # it only takes room
                log.warning("left_over_not_removed", why=str(error))
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Remove what is not needed now. Raises OSError."""
        found = await beside(needless, self._home, self._till.state)
        current = self._till.state.upgrades.current
        gone: list[Path] = []
        for path in found:
            if current is not None and path.parent.name == current.upgrade_id:
                continue  # it began while its folder was read
            # Renamed first: a cut must not leave half a copy that has the name of a whole one.
            aside = path.with_name(COPY + PARTIAL)
            if not aside.exists():
                path.rename(aside)
            gone.append(aside)
        await tidy(gone)


def needless(home: Home, state: TillState) -> list[Path]:
    """The copies that nobody needs, and what was never finished. Blocks."""
    current, backup = state.upgrades.current, state.backups.last
    saved_seq = backup.made.last_seq if backup is not None else 0
    gone: list[Path] = []
    kept: list[_Copy] = []
    for path in sorted((home.folder / "work").glob(f"*/{COPY}*")):
        if current is not None and path.parent.name == current.upgrade_id:
            continue
        try:
            work = home.work(path.parent.name)
        except (NoSuchWork, ValueError):
            gone.append(path)  # it never came to the switch: the till went on as it was
            continue
        except Damaged:
            continue  # it goes with the work, when that is old
        if path.name == COPY:
            kept.append(_Copy(work.begun_ms, work.expected_seq, path))
        else:
            gone.append(path)
    newest = max(kept, default=None)
    return gone + [each.path for each in kept if each is not newest or each.seq <= saved_seq]


class _Copy(NamedTuple):
    """A copy; when its work was begun, and the last record that can be in it."""

    begun_ms: int
    seq: int
    path: Path
