"""Where a batch goes while the journal's disk fails, fills up and comes back."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import resource
import threading
import time
from typing import TYPE_CHECKING, Self

import psutil
import pytest

from hwsim.power.faults import Fail, Rule
from tillhald.journal.creation import create
from tillhald.journal.errors import StorageFailed
from tillhald.journal.format import Head, Row, Sealed, seal
from tillhald.journal.health import Health, Stage, StorageFault
from tillhald.journal.recovery import Places, open_journal
from tillhald.journal.segments import list_retired
from tillhald.journal.storage import Storage
from tillhald.journal.store import Store
from tillhald.journal.verify import verify
from tillhald.journal.writer import JournalWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from hwsim.power.disk import PowerCutDisk
    from tillhald.journal.identity import Identity

WAIT_S_MAX = 20.0
SPILL_BYTES = 2 << 20
SEED = 662_607
ROUNDS = 16
APPENDS_A_ROUND = 12

EIO_ONCE = {
    "data write": Rule("write", "data.mdb", Fail(errno.EIO), times=1),
    "data sync": Rule("sync", "data.mdb", Fail(errno.EIO), times=1),
    "meta sync": Rule("sync", "data.mdb", Fail(errno.EIO), nth=2, times=1),
}


def places_on(folder: Path, *more_spills: Path, standby: Path | None = None) -> Places:
    return Places(
        folder / "journal", standby, (*more_spills, folder / "journal.spill"), SPILL_BYTES
    )


class Desk:
    """An opened journal and its `Storage`, which is stepped by hand."""

    def __init__(self, places: Places, *, write_failed_ms: int | None = None) -> None:
        self.store, self.spill, self.report = open_journal(places)
        self.healths: list[Health] = []
        self.head = self.store.head
        self.storage = Storage(
            self.store,
            self.spill,
            standby=places.standby,
            write_failed_ms=write_failed_ms,
            on_health=self.healths.append,
        )

    def seal(self, body: bytes, checkpoint: bytes | None = None) -> Sealed:
        seq = self.head.seq + 1
        envelope, digest = seal(self.store.identity.chain_id, seq, self.head.hash, body)
        self.head = Head(seq, digest)
        return Sealed(self.head, envelope, (Row("sales", b"s%d" % seq, body[:40]),), checkpoint)

    def keep(self, *bodies: bytes) -> None:
        self.storage.keep([self.seal(body) for body in bodies])

    def begin_segment(self) -> None:
        """What the till does when it hears that a segment is due."""
        self.storage.begin_segment_with(self.head.seq + 1)
        self.storage.keep([self.seal(b"segment begun", b"the state")])

    def step_until(self, *stages: Stage) -> None:
        deadline_s = time.monotonic() + WAIT_S_MAX
        while self.storage.health.stage not in stages:
            assert time.monotonic() < deadline_s, self.storage.health
            threading.Event().wait(min(self.storage.patience_s or 0.0, 0.05))
            self.storage.step()

    def bodies(self) -> list[bytes]:
        """All that a reader sees."""
        read: list[bytes] = []
        while batch := self.store.records(self.store.base.seq + len(read)):
            read += [record.body for record in batch]
        return read

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.storage.close()
        self.store.close()


@pytest.fixture
def places(power_cut_disk: PowerCutDisk, identity: Identity) -> Places:
    create(power_cut_disk.path / "journal", identity, b"genesis", map_bytes=256 << 10)
    return places_on(power_cut_disk.path)


@pytest.fixture
def desk(places: Places) -> Iterator[Desk]:
    with Desk(places) as desk:
        yield desk


# --- a refused write


@pytest.mark.parametrize("what", EIO_ONCE)
def test_a_refused_commit_costs_one_sync_more_and_is_merged_later(
    power_cut_disk: PowerCutDisk, desk: Desk, what: str
) -> None:
    desk.keep(b"before")
    spills = power_cut_disk.sync_count("journal.spill")
    power_cut_disk.fail(EIO_ONCE[what])
    desk.keep(b"refused")
    assert power_cut_disk.sync_count("journal.spill") - spills == 1
    (began,) = desk.healths
    assert (began.stage, began.fault) == (Stage.CHECKING, StorageFault.WRITE_FAILED)
    assert (began.spilled_from, began.spilled_records) == (3, 1)
    assert "Input/output" in began.message
    assert desk.bodies() == [b"genesis", b"before", b"refused"]
    desk.keep(b"meanwhile")
    assert desk.store.get("sales", b"s4") == b"meanwhile"
    desk.step_until(Stage.SOUND)
    assert desk.storage.health == Health(spill_bytes=SPILL_BYTES)
    stages = [health.stage for health in desk.healths]
    assert stages[0] is Stage.CHECKING
    assert stages[-1] is Stage.SOUND
    assert set(stages[1:-1]) <= {Stage.CHECKING, Stage.MERGING}
    assert desk.bodies() == [b"genesis", b"before", b"refused", b"meanwhile"]
    assert desk.store.primary_head == desk.head
    assert desk.store.overlay.head is None
    desk.keep(b"after")
    assert desk.store.primary_head == desk.head


def test_a_sound_journal_is_never_more_than_two_syncs(
    power_cut_disk: PowerCutDisk, desk: Desk
) -> None:
    before = power_cut_disk.sync_count()
    desk.keep(b"one", b"two", b"three")
    assert power_cut_disk.sync_count() - before == 2
    assert desk.healths == []


def test_a_second_refusal_within_a_day_begins_a_new_segment(
    places: Places, power_cut_disk: PowerCutDisk
) -> None:
    yesterday_ms = time.time_ns() // 1_000_000 - 23 * 3600 * 1000
    with Desk(places, write_failed_ms=yesterday_ms) as desk:
        desk.keep(b"old")
        power_cut_disk.fail(EIO_ONCE["data write"])
        desk.keep(b"refused")
        assert desk.storage.health.stage is Stage.REPLACING
        assert desk.storage.patience_s is None, "nothing can be done before the state is there"
        desk.storage.step()
        desk.keep(b"meanwhile")
        desk.begin_segment()
        assert desk.storage.patience_s == 0
        desk.step_until(Stage.SOUND)
        health = desk.storage.health
        assert (health.segment, health.fault) == (2, StorageFault.WRITE_FAILED)
        assert (health.spilled_from, health.spill_used_bytes) == (None, 0)
        assert desk.store.base.seq == 2
        assert desk.bodies() == [b"refused", b"meanwhile", b"segment begun"]
        desk.keep(b"new")
        assert desk.store.primary_head == desk.head
    (retired,) = list_retired(places.folder)
    assert verify(str(retired), lambda *_: None).last_seq in (2, 3)
    with Desk(places) as desk:
        assert desk.bodies()[-1] == b"new"
        assert desk.report.segment == 2
        assert desk.store.newest_checkpoint() == (5, b"the state")


def test_a_refusal_two_days_later_is_a_first_one_again(
    places: Places, power_cut_disk: PowerCutDisk
) -> None:
    before_ms = time.time_ns() // 1_000_000 - 48 * 3600 * 1000
    with Desk(places, write_failed_ms=before_ms) as desk:
        power_cut_disk.fail(EIO_ONCE["data sync"])
        desk.keep(b"refused")
        assert desk.storage.health.stage is Stage.CHECKING


def test_a_file_that_cannot_be_synced_is_given_up(power_cut_disk: PowerCutDisk, desk: Desk) -> None:
    power_cut_disk.fail(Rule("sync", "data.mdb", Fail(errno.EIO)))
    desk.keep(b"refused")
    desk.step_until(Stage.REPLACING)
    power_cut_disk.clear_faults()
    desk.begin_segment()
    desk.step_until(Stage.SOUND)
    assert desk.storage.health.segment == 2


def test_a_disk_that_lost_what_it_had_confirmed_is_noticed(
    places: Places, power_cut_disk: PowerCutDisk, desk: Desk
) -> None:
    # Nothing is in the spill that the journal would have to be followed by: the file is examined
    # because its growth failed, and it is whole. It only ends where it ended an hour ago.
    earlier = (places.folder / "data.mdb").read_bytes()
    while desk.storage.health.stage is Stage.SOUND:
        desk.keep(bytes(20_000))
        if desk.store.usage.used_bytes > 210_000:
            power_cut_disk.fail(Rule("write", "data.mdb", Fail(errno.EIO), times=1))
        desk.storage.step()
    assert desk.storage.health.spilled_records == 0
    with (places.folder / "data.mdb").open("r+b") as file:
        file.write(earlier)
    desk.step_until(Stage.REPLACING)
    assert desk.storage.health.fault is StorageFault.DAMAGED


# --- distrust


def test_a_journal_that_a_check_found_damaged_is_not_written_any_more(
    places: Places, power_cut_disk: PowerCutDisk, desk: Desk
) -> None:
    desk.keep(b"old")
    syncs = power_cut_disk.sync_count("data.mdb")
    desk.storage.distrust("Record 2 is not what was written.", 1)
    (began,) = desk.healths
    assert (began.stage, began.fault) == (Stage.REPLACING, StorageFault.DAMAGED)
    desk.keep(b"new")
    assert power_cut_disk.sync_count("data.mdb") == syncs
    desk.storage.distrust("And record 1.", 1)
    assert len([health for health in desk.healths if health.stage is Stage.REPLACING]) == 2
    desk.begin_segment()
    desk.step_until(Stage.SOUND)
    assert desk.bodies() == [b"new", b"segment begun"]
    desk.storage.distrust("Record 1, said a check that was late.", 1)
    assert desk.storage.health.stage is Stage.SOUND
    assert (list_retired(places.folder)[0] / "data.mdb").exists()


def examiners() -> list[int]:
    """The processes of ours that look at a journal."""
    return [
        child.pid
        for child in psutil.Process().children()
        if "tillhald.journal.preflight" in child.cmdline()
    ]


def test_a_check_that_finds_damage_ends_an_examination_under_way(
    power_cut_disk: PowerCutDisk, desk: Desk
) -> None:
    power_cut_disk.fail(EIO_ONCE["data write"])
    desk.keep(b"refused")
    assert desk.storage.health.stage is Stage.CHECKING
    assert examiners()
    desk.storage.distrust("Record 1 is not what was written.", 1)
    assert desk.storage.health.stage is Stage.REPLACING
    assert not examiners()
    desk.begin_segment()
    desk.step_until(Stage.SOUND)


# --- no room


def fill_up(desk: Desk, disk: PowerCutDisk) -> None:
    disk.free_bytes = 0
    while desk.storage.health.stage is Stage.SOUND:
        desk.keep(bytes(50_000))
        desk.storage.step()


def test_a_full_disk_is_waited_for_and_the_spill_merged_at_the_next_start(
    places: Places, power_cut_disk: PowerCutDisk
) -> None:
    with Desk(places) as desk:
        fill_up(desk, power_cut_disk)
        health = desk.storage.health
        assert (health.stage, health.fault) == (Stage.WAITING, StorageFault.DISK_FULL)
        assert 0 < (desk.storage.patience_s or 0.0) <= 10
        assert not health.reserve_only
        desk.keep(bytes(1_000_000))
        assert desk.storage.health.reserve_only, "less than 1 MiB of the spill is left"
        expected = desk.bodies()
    with Desk(places) as desk:  # still full
        assert desk.report.spilled_records == 2
        assert desk.storage.health.stage is Stage.MERGING
        assert not desk.storage.health.is_in_trouble
        desk.step_until(Stage.WAITING)
        desk.keep(b"still selling")
        assert desk.bodies() == [*expected, b"still selling"]
    power_cut_disk.free_bytes = 64 << 20
    with Desk(places) as desk:
        desk.step_until(Stage.SOUND)
        assert desk.bodies() == [*expected, b"still selling"]
        assert desk.store.primary_head == desk.head
        assert desk.storage.health.fault is None


def test_a_disk_that_fails_while_it_is_waited_for_is_examined(
    power_cut_disk: PowerCutDisk, desk: Desk
) -> None:
    fill_up(desk, power_cut_disk)
    power_cut_disk.free_bytes = 64 << 20
    power_cut_disk.fail(Rule("write", "data.mdb", Fail(errno.EIO), times=1))
    desk.step_until(Stage.CHECKING)
    assert desk.storage.health.fault is StorageFault.WRITE_FAILED
    desk.step_until(Stage.SOUND)
    assert desk.store.primary_head == desk.head


# --- the spill fails, too


def test_nothing_is_kept_when_no_store_is_left(power_cut_disk: PowerCutDisk, desk: Desk) -> None:
    desk.keep(b"kept")
    power_cut_disk.fail(Rule("write", "data.mdb", Fail(errno.EIO)))
    power_cut_disk.fail(Rule("write", "journal.spill", Fail(errno.EIO)))
    with pytest.raises(StorageFailed, match="No spill is left"):
        desk.keep(b"refused")
    assert desk.healths[-1].stage is Stage.FAILED
    assert desk.healths[-1].is_in_trouble
    power_cut_disk.clear_faults()


@pytest.mark.parametrize("operation", ["write", "sync"])
def test_a_spill_that_fails_while_it_is_merged_stops_no_sale(
    places: Places, power_cut_disk: PowerCutDisk, operation: str
) -> None:
    with Desk(places) as desk:
        power_cut_disk.fail(EIO_ONCE["data write"])
        desk.keep(b"refused")
    with Desk(places) as desk:
        assert desk.storage.health.stage is Stage.MERGING
        power_cut_disk.fail(
            Rule(operation, "journal.spill", Fail(errno.EIO))  # type: ignore[arg-type]
        )
        desk.keep(b"the journal takes records again")
        assert desk.store.primary_head == desk.head
        assert desk.storage.health.stage is Stage.SOUND
        assert len(desk.storage.health.spill_failures) == 1
    power_cut_disk.clear_faults()
    with Desk(places) as desk:
        assert desk.report.faults == ()
        assert desk.bodies() == [b"genesis", b"refused", b"the journal takes records again"]


def test_a_spill_that_is_full_while_it_is_merged_stops_no_sale(
    places: Places, power_cut_disk: PowerCutDisk
) -> None:
    with Desk(places) as desk:
        power_cut_disk.fail(EIO_ONCE["data write"])
        desk.keep(bytes(1_500_000))
    with Desk(places) as desk:
        desk.keep(bytes(1_000_000))
        assert desk.store.primary_head == desk.head
        assert desk.storage.health == Health(spill_bytes=SPILL_BYTES)


# --- what is no fault of the disk


@contextlib.contextmanager
def no_more_files() -> Iterator[None]:
    """Let this process open no file beyond those that it has."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    try:
        with contextlib.suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        yield
    finally:
        for fd in taken:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_check_that_cannot_be_started_is_tried_again_later(
    places: Places, power_cut_disk: PowerCutDisk
) -> None:
    with Desk(places) as desk:
        power_cut_disk.fail(EIO_ONCE["data write"])
        with no_more_files():
            desk.keep(b"refused")
            health = desk.storage.health
            assert health.stage is Stage.WAITING
            assert "It cannot be checked yet" in health.message
            desk.keep(b"still selling")
        assert 0 < (desk.storage.patience_s or 0.0) <= 10
    with Desk(places) as desk:
        desk.step_until(Stage.SOUND)
        assert desk.bodies() == [b"genesis", b"refused", b"still selling"]


# --- the standby


@pytest.fixture
def second(tmp_path: Path) -> Path:
    folder = tmp_path / "second"
    folder.mkdir()
    return folder


def given_up(places: Places) -> Desk:
    """A desk whose journal has been found damaged, with one record in the spill."""
    desk = Desk(places)
    desk.storage.distrust("Record 1 is not what was written.", 1)
    desk.begin_segment()
    return desk


def test_a_new_segment_goes_to_the_other_disk_and_is_found_there(
    places: Places, second: Path
) -> None:
    places = places._replace(standby=second / "journal")
    with given_up(places) as desk:
        desk.step_until(Stage.SOUND)
        assert desk.store.engine.folder == str(second / "journal")
        desk.keep(b"on the other disk")
    with Desk(places) as desk:
        assert desk.store.engine.folder == str(second / "journal")
        assert desk.bodies() == [b"segment begun", b"on the other disk"]


def test_a_disk_that_is_not_there_is_not_made_up(places: Places, tmp_path: Path) -> None:
    places = places._replace(standby=tmp_path / "gone" / "journal")
    with given_up(places) as desk:
        desk.step_until(Stage.SOUND)
        assert desk.store.engine.folder == str(places.folder)
    assert not (tmp_path / "gone").exists()


def test_without_room_on_the_other_disk_the_segment_stays_on_this_one(
    power_cut_disk: PowerCutDisk, tmp_path: Path, identity: Identity
) -> None:
    folder = tmp_path / "journal"
    create(folder, identity, b"genesis", map_bytes=256 << 10)
    (power_cut_disk.path / "second").mkdir()
    power_cut_disk.free_bytes = 0
    places = places_on(tmp_path, standby=power_cut_disk.path / "second" / "journal")
    with given_up(places) as desk:
        desk.step_until(Stage.SOUND)
        assert desk.store.engine.folder == str(folder)
        assert desk.storage.health.segment == 2


def test_a_segment_that_cannot_be_begun_is_tried_again_and_says_why(
    power_cut_disk: PowerCutDisk, desk: Desk
) -> None:
    desk.storage.distrust("Record 1 is not what was written.", 1)
    desk.begin_segment()
    power_cut_disk.free_bytes = 0
    desk.storage.step()
    health = desk.storage.health
    assert (health.stage, health.fault) == (Stage.WAITING, StorageFault.DAMAGED)
    assert health.message.count("A new file could not be begun") == 1
    desk.keep(b"still selling")
    assert desk.bodies() == [b"genesis", b"segment begun", b"still selling"]
    power_cut_disk.free_bytes = 64 << 20
    desk.storage.distrust(
        "Record 1 is still not what was written.", 1
    )  # so it need not be waited for
    desk.step_until(Stage.SOUND)
    assert desk.bodies() == [b"segment begun", b"still selling"]
    assert "could not be begun" not in desk.storage.health.message


# --- the writer, under whatever comes


class Till:
    """A journal with its writer; begins a segment when one is due, as the event loop does."""

    def __init__(self, places: Places) -> None:
        self.store, spill, _ = open_journal(places)
        self._news = threading.Condition()
        self._durable_seq = self.store.head.seq
        self._failure: BaseException | None = None
        self._asked_in = 0
        self.writer = JournalWriter(
            self.store,
            spill=spill,
            on_durable=self._on_durable,
            on_failed=self._on_failed,
            on_health=self._on_health,
        )

    def _on_durable(self, seq: int) -> None:
        with self._news:
            self._durable_seq = seq
            self._news.notify_all()

    def _on_failed(self, error: BaseException) -> None:
        with self._news:
            self._failure = error
            self._news.notify_all()

    def _on_health(self, _: Health) -> None:
        with self._news:
            self._news.notify_all()

    def is_durable(self, seq: int) -> bool:
        """Wait for what becomes of the record."""
        with self._news:
            assert self._news.wait_for(
                lambda: self._durable_seq >= seq or self._failure is not None, WAIT_S_MAX
            )
        return self._durable_seq >= seq

    def append(self, body: bytes) -> int:
        health = self.writer.health
        if health.stage is Stage.REPLACING and self._asked_in != health.segment:
            self._asked_in = health.segment
            self.writer.append(b"segment begun", checkpoint=b"state", begins_segment=True)
        return self.writer.append(body, [Row("sales", body[:8], body)])

    def wait_sound(self) -> None:
        with self._news:
            assert self._news.wait_for(
                lambda: self.writer.health.stage is Stage.SOUND, WAIT_S_MAX
            ), self.writer.health

    def close(self) -> None:
        self.writer.close(WAIT_S_MAX)
        self.store.close()


def random_rule(chance: random.Random) -> Rule:
    name = chance.choice(["data.mdb", "data.mdb", "journal.spill", "second.spill"])
    code = chance.choice([errno.EIO, errno.EIO, errno.ENOSPC, errno.EROFS])
    return Rule(
        chance.choice(["write", "sync"]),
        name,
        Fail(code),
        nth=chance.randint(1, 12),
        times=chance.randint(1, 2),
    )


def everything_in(folders: Sequence[Path]) -> dict[int, tuple[bytes, bytes]]:
    """Hash and body of every record in these segments."""
    found: dict[int, tuple[bytes, bytes]] = {}
    for folder in folders:
        store = Store.open(folder)
        seq = store.base.seq
        while batch := store.records(seq):
            for record in batch:
                stored = (record.hash, record.body)
                assert found.setdefault(record.seq, stored) == stored, f"two records {record.seq}"
            seq = batch[-1].seq
        store.close()
    return found


def test_what_was_called_durable_is_there_once_whatever_fails(
    places: Places, power_cut_disk: PowerCutDisk
) -> None:
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    places = places_on(power_cut_disk.path, power_cut_disk.path / "second.spill")
    answered: dict[int, bytes] = {}
    outcomes = set()
    for number in range(ROUNDS):
        till = Till(places)
        for _ in range(chance.randint(1, 3)):
            power_cut_disk.fail(random_rule(chance))
        for count in range(APPENDS_A_ROUND):
            body = b"%d.%d" % (number, count) + bytes(chance.randint(0, 3_000))
            try:
                seq = till.append(body)
            except StorageFailed:
                break
            if till.is_durable(seq):
                assert seq not in answered, f"record {seq} was answered for twice"
                answered[seq] = body
        outcomes.add(till.writer.health.stage)
        till.close()
        power_cut_disk.clear_faults()
        power_cut_disk.cut(SEED + number)
    till = Till(places)
    till.append(b"the last one")
    till.wait_sound()
    till.close()
    assert len(outcomes) > 1, outcomes
    assert len(answered) > ROUNDS * APPENDS_A_ROUND // 3
    stored = everything_in([*list_retired(places.folder), places.folder])
    assert sorted(stored) == list(range(1, max(stored) + 1)), "there are gaps"
    for seq, body in answered.items():
        assert stored[seq][1] == body, f"record {seq} was lost"
    bodies = [body for _, body in stored.values() if b"." in body]
    assert len(bodies) == len(set(bodies)), "a record was stored twice"
    verify(str(places.folder), lambda *_: None)


def test_the_figures_of_a_journal_that_is_not_open_can_be_asked_for(desk: Desk) -> None:
    assert desk.store.usage.used_bytes > 0
    desk.store.engine.close()
    assert desk.store.usage.used_bytes == 0
