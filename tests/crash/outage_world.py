"""Time and a disk that are simulated, for the till's own code to sell on.

The event loop has a clock that jumps to whatever is due next, the disk is a list that loses what was
not synced. So a day with its outages takes a second, and a seed tells all of it.
"""

from __future__ import annotations

import asyncio
import random
import selectors
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from tillhald.domain import events as ev
from tillhald.domain.evolve import apply
from tillhald.domain.state import TillState
from tillhald.journal.format import Row
from tillhald.journal.health import Health
from tillhald.service.tail import Tail

SLOW_SYNCS = 0.01
WALL_MS = 1_790_000_000_000
"""When the day begins."""


class NothingIsDue(Exception):
    """Every task waits for another one: in simulated time that would be for ever."""


class _Jumping(selectors.DefaultSelector):
    """Never waits: where others would, time jumps."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise NothingIsDue
            self.now_s += timeout
        return ready


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop whose seconds take no time."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds since it began."""
        return self._jumping.now_s


# --- the disk


class Unit(NamedTuple):
    """What is stored together or not at all."""

    seq: int
    body: bytes
    rows: tuple[Row, ...]
    checkpoint: bytes | None = None


class Disk:
    """What is on it stays; what is being synced when the power goes is there or not, as dice say."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        created = ev.JournalCreated(store_id="s", workstation_id="w", currency="EUR")
        record = ev.Record(wall_ms=WALL_MS, events=(created,))
        self.units = [Unit(1, ev.encode_record(record), ())]
        self.rows: dict[tuple[str, bytes], bytes] = {}
        self.checkpoint: tuple[int, bytes] | None = None
        self._syncs_left = 0
        self._in_a_sync: Callable[[], None] = lambda: None

    def keep(self, units: Iterable[Unit]) -> None:
        """They are durable."""
        for unit in units:
            assert unit.seq == len(self.units) + 1, "a record is missing"
            self.units.append(unit)
            if unit.checkpoint is not None:
                self.checkpoint = unit.seq, unit.checkpoint
            for row in unit.rows:
                assert row.value is not None
                self.rows[row.table, row.key] = row.value

    def sync_s(self) -> float:
        """How long the sync that begins now takes; now and then a worn-out disk thinks."""
        is_slow = self.dice.random() < SLOW_SYNCS
        took_s = self.dice.uniform(0.2, 3.0) if is_slow else self.dice.uniform(0.002, 0.03)
        self._syncs_left -= 1
        if self._syncs_left == 0:
            at_s = self.dice.uniform(0, took_s)
            asyncio.get_running_loop().call_later(at_s, self._in_a_sync)
        return took_s

    def call_in_a_sync(self, nth: int, call: Callable[[], None]) -> None:
        """Call in the middle of the nth sync from now."""
        self._syncs_left, self._in_a_sync = nth, call

    def state(self) -> TillState:
        """What a start finds, replayed."""
        state = TillState()
        for unit in self.units:
            state = apply(state, ev.decode_record(unit.body), unit.seq)
        return state


class Journal:
    """Stands for the journal's writer and its store, on a `Disk`, for one life of a till."""

    def __init__(self, disk: Disk, tail: Tail) -> None:
        self._disk = disk
        self._tail = tail
        self._waiting: list[Unit] = []
        self._syncing: list[Unit] = []
        self._task: asyncio.Task[None] | None = None
        self.health = Health()
        self.next_seq = len(disk.units) + 1

    def append(
        self, body: bytes, rows: Iterable[Row], *, checkpoint: bytes | None, begins_segment: bool
    ) -> None:
        """Queue a unit; it is durable after the sync that follows."""
        assert not begins_segment
        self._waiting.append(Unit(self.next_seq, body, tuple(rows), checkpoint))
        self.next_seq += 1
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._commit())

    def get(self, table: str, key: bytes) -> bytes | None:
        """A row that is durable."""
        return self._disk.rows.get((table, key))

    def newest_checkpoint(self) -> tuple[int, bytes] | None:
        """The state that was kept last, and after which record."""
        return self._disk.checkpoint

    async def _commit(self) -> None:
        while self._waiting:
            self._syncing, self._waiting = self._waiting, []
            await asyncio.sleep(self._disk.sync_s())
            done, self._syncing = self._syncing, []
            self._disk.keep(done)
            self._tail.advanced(done[-1].seq)

    async def close(self) -> None:
        """Return once all is durable."""
        if self._task is not None:
            await self._task

    def lose_power(self) -> bool:
        """At once: the sync under way may have come through, unanswered. Whether one was."""
        if self._task is not None:
            self._task.cancel()
        was_syncing = bool(self._syncing)
        if was_syncing and self._disk.dice.random() < 0.5:
            self._disk.keep(self._syncing)
        return was_syncing
