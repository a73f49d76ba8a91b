"""What is done to a journal while everything that reaches the disk is recorded.

A workload prepares a disk, and then runs as a program on it, saying in `.mark` what it would have
told the front end: ``created``; ``durable N``, every record up to N is acknowledged; ``opened N``,
the journal was opened, and N was its last record.

`python -m tests.crash.workloads NAME DISK SEED` runs one. What a record holds follows from the
seed, its number, and how often the journal was opened before it was written, so that whoever
looks at a journal later knows what must be in it.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import lmdb

from hwsim.power.faults import Fail, Rule
from tillhald.journal.creation import create
from tillhald.journal.engine import ALL_TABLES, open_tables
from tillhald.journal.errors import StorageError
from tillhald.journal.format import Row
from tillhald.journal.health import Health, Stage
from tillhald.journal.identity import Identity, Phase
from tillhald.journal.recovery import Places, open_journal
from tillhald.journal.spill import Spill
from tillhald.journal.store import Store
from tillhald.journal.writer import JournalWriter

MAP_BYTES = 256 << 10
JOURNAL = "journal"
CREATED = "created"
DURABLE = "durable "
OPENED = "opened "
WAIT_S_MAX = 60.0
SPILL_BYTES = 64 << 10
ATTEMPTS_MAX = 8
TABLES = ("sales", "receipts", "jobs")


class Append(NamedTuple):
    """One record with what goes with it."""

    body: bytes
    rows: tuple[Row, ...]
    checkpoint: bytes | None


class Sizes(NamedTuple):
    """How large the records of a workload are, and how often a checkpoint is made."""

    body_bytes_max: int = 1200
    checkpoint_every: int = 0


def identity_of(seed: int) -> Identity:
    """Whose journal it is."""
    return Identity(
        store_id="s",
        workstation_id="w",
        incarnation=1,
        chain_id=seed.to_bytes(16, "big"),
        created_ms=0,
        phase=Phase.LIVE,
    )


@lru_cache(4096)
def append_of(sizes: Sizes, seed: int, seq: int, generation: int) -> Append:
    """Return record `seq`, written after `generation` openings."""
    text = b"%d/%d sale %d;" % (generation, seq, seed)
    length = 40 + (seq * 7919 + seed * 104_729) % sizes.body_bytes_max
    rows = [Row("sales", b"%06d" % seq, b"sale " + text)]
    # Values that come, grow, shrink and go: pages are freed and used again, some are of many.
    if seq % 3 == 0:
        rows.append(Row("jobs", b"last", text * (1 + seq % 400)))
    if seq % 5 == 0:
        rows.append(Row("receipts", b"%d" % (seq % 50), text))
    if seq % 11 == 0:
        rows.append(Row("receipts", b"%d" % ((seq - 6) % 50), None))
    checkpoint = None
    if sizes.checkpoint_every and seq % sizes.checkpoint_every == 0:
        checkpoint = b"state " + text * (1 + seq % 200)
    return Append((text * (length // len(text) + 1))[:length], tuple(rows), checkpoint)


class Promises(NamedTuple):
    """What was said: whether there is a journal, and the openings before each record."""

    created: bool
    acknowledged_seq: int
    generations: tuple[int, ...]
    """Of the records from number 2 to `acknowledged_seq`; -1 if it may be any."""
    openings: int


@lru_cache(64)
def promises_of(marks: str) -> Promises:
    """Understand the marks, one in each line. A journal that is there from the start has one
    record."""
    created = False
    generations: list[int] = []
    openings = 0
    for mark in marks.splitlines():
        created = created or mark == CREATED
        for front in (DURABLE, OPENED):
            if mark.startswith(front):
                more = int(mark.removeprefix(front)) - 1 - len(generations)
                # What a reopened journal shows beyond what was said may be of any generation.
                generations += [openings if front == DURABLE else -1] * more
        openings += mark.startswith(OPENED)
    return Promises(created, 1 + len(generations), tuple(generations), openings)


class Seller:
    """Appends records to a journal, some at a time, and says what is durable."""

    def __init__(self, disk: Path, workload: Workload, seed: int) -> None:
        self._places = places_of(disk, workload)
        self._mark = os.open(disk / ".mark", os.O_WRONLY)
        self._workload = workload
        self._seed = seed
        self._openings = 0
        self._changed = threading.Condition()
        self._durable_seq = 0
        self._failed = False
        self._stage = Stage.SOUND

    def say(self, text: str) -> None:
        """One write is one mark."""
        os.write(self._mark, text.encode())

    def sell(self, until_seq: int) -> None:
        """Append up to `until_seq`. Where storing may fail, open the journal again and go on."""
        for _ in range(ATTEMPTS_MAX):
            try:
                store, spill, report = open_journal(self._places)
            except (StorageError, OSError):
                assert self._workload.may_fail, "the disk was not to fail"
                continue  # as when the daemon is started again
            assert report.last_seq >= self._durable_seq, "an acknowledged record is not there"
            self._durable_seq, self._failed = report.last_seq, False
            self.say(f"{OPENED}{report.last_seq}")
            self._openings += 1
            self._sell_until_failed(store, spill, until_seq)
            if not self._failed:
                return
            assert self._workload.may_fail, "the disk was not to fail"
        message = f"{ATTEMPTS_MAX} openings were not enough"
        raise AssertionError(message)

    def _sell_until_failed(self, store: Store, spill: Spill, until_seq: int) -> None:
        if self._workload.unsafe:
            _turn_off(store, self._workload.unsafe)
        writer = JournalWriter(
            store,
            spill=spill,
            on_durable=self._on_durable,
            on_failed=self._on_failed,
            on_health=self._on_health,
        )
        sizes, in_flight = self._workload.sizes, self._workload.in_flight
        try:
            for seq in range(self._durable_seq + 1, until_seq + 1):
                append = append_of(sizes, self._seed, seq, self._openings)
                appended = writer.append(
                    append.body,
                    append.rows,
                    checkpoint=append.checkpoint,
                    begins_segment=append.checkpoint is not None,
                )
                assert appended == seq
                self._wait_for(lambda oldest=seq - in_flight + 1: self._durable_seq >= oldest)
            self._wait_for(lambda: self._durable_seq >= until_seq)
            # What went to the spill is merged, if the disk takes it again.
            self._wait_for(lambda: self._stage not in (Stage.CHECKING, Stage.MERGING))
        except StorageError:
            assert self._failed
        finally:
            writer.close(WAIT_S_MAX)
            store.close()

    def _wait_for(self, there: Callable[[], bool]) -> None:
        with self._changed:
            came = self._changed.wait_for(lambda: self._failed or there(), WAIT_S_MAX)
        assert came, f"nothing happened after record {self._durable_seq} for {WAIT_S_MAX} s"

    def _on_durable(self, seq: int) -> None:
        self.say(f"{DURABLE}{seq}")
        with self._changed:
            self._durable_seq = seq
            self._changed.notify_all()

    def _on_failed(self, _: BaseException) -> None:
        with self._changed:
            self._failed = True
            self._changed.notify_all()

    def _on_health(self, health: Health) -> None:
        with self._changed:
            self._stage = health.stage
            self._changed.notify_all()

    def close(self) -> None:
        os.close(self._mark)


def _turn_off(store: Store, flag: str) -> None:
    """Go on with an environment that does not sync as it must; the daemon would not open it."""
    engine = store.engine
    map_bytes = engine.map_bytes
    engine.close()
    engine._env = lmdb.open(
        engine.folder,
        map_size=map_bytes,
        max_dbs=len(ALL_TABLES),
        lib_version=0,
        sync=flag != "sync",
        metasync=flag != "metasync",
    )
    engine.tables = open_tables(engine.env)


class Workload(NamedTuple):
    """A way to use a journal: what is on the disk before, what is done then, and what goes wrong.

    `prepare` gets the folder that becomes the disk; `run` gets the disk. A workload without
    `records` makes a journal and does no more.
    """

    records: int = 0
    sizes: Sizes = Sizes()
    in_flight: int = 1
    has_spill: bool = False
    may_fail: bool = False
    rule: Rule | None = None
    unsafe: str = ""
    """What of LMDB is turned off; for controls."""
    one_in: int = 1
    """Of its states a campaign judges one in so many, where they are many and much alike."""

    def prepare(self, folder: Path, seed: int) -> None:
        """Make what is on the disk before."""
        if self.records:
            create(folder / JOURNAL, identity_of(seed), b"genesis", map_bytes=MAP_BYTES)
            store, spill, _ = open_journal(places_of(folder, self))
            spill.close()
            store.close()
        elif seed % 2:
            # Every other time a creation was cut before, and what is left of it is in the way.
            (folder / "journal.new").mkdir()
            (folder / "journal.new" / "data.mdb").write_bytes(b"half a journal" * 700)

    def run(self, disk: Path, seed: int) -> None:
        """Do it."""
        if not self.records:
            create(disk / JOURNAL, identity_of(seed), b"genesis", map_bytes=MAP_BYTES)
        seller = Seller(disk, self, seed)
        if self.records:
            # Closed in good order and opened again in the middle, as on two days.
            seller.sell(self.records // 2)
            seller.sell(self.records)
        else:
            seller.say(CREATED)
        seller.close()


def places_of(disk: Path, workload: Workload) -> Places:
    """Where this workload keeps everything."""
    spills = (disk / "spill-1", disk / "spill-2") if workload.has_spill else ()
    return Places(disk / JOURNAL, spills=spills, spill_bytes=SPILL_BYTES)


_EIO = Fail(errno.EIO)

WORKLOADS = {
    "creation": Workload(),
    "selling": Workload(40),
    "group commit": Workload(96, in_flight=8),
    "growth": Workload(40, sizes=Sizes(body_bytes_max=14_000), in_flight=2),
    "checkpoint": Workload(40, sizes=Sizes(checkpoint_every=4)),
    "spill": Workload(40, has_spill=True, rule=Rule("write", "data.mdb", _EIO, nth=25)),
    "merge": Workload(40, has_spill=True, rule=Rule("write", "data.mdb", _EIO, nth=25, times=1)),
    # The disk fails again when the file is looked at: it is given up.
    "new segment": Workload(
        20,
        sizes=Sizes(checkpoint_every=5),
        has_spill=True,
        rule=Rule("sync", "data.mdb", _EIO, nth=8, times=2),
        one_in=4,
    ),
    # With the seed META_SEED the meta page is refused, and then LMDB's attempt to put the old back.
    "refused meta page": Workload(
        40, has_spill=True, rule=Rule("write", "data.mdb", _EIO, nth=27, times=2)
    ),
    "failing disk": Workload(6, may_fail=True),
    "failing disk, spill": Workload(6, may_fail=True, has_spill=True),
    "control without sync": Workload(30, unsafe="sync"),
    "control without metasync": Workload(30, unsafe="metasync"),
}
META_SEED = 19
PROVEN = (
    "creation",
    "selling",
    "group commit",
    "growth",
    "checkpoint",
    "spill",
    "merge",
    "new segment",
)
"""Those whose every power cut must leave a sound journal. The others fail at a place that whoever
runs them chooses, or must be found out."""


if __name__ == "__main__":
    WORKLOADS[sys.argv[1]].run(Path(sys.argv[2]), int(sys.argv[3]))
