"""Where a batch goes while the journal's disk fails, fills up and comes back."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from hwsim.power.faults import Fail, Rule
from tests.support.desk import SPILL_BYTES, Desk, places_on
from tillhald.journal.creation import create
from tillhald.journal.errors import StorageFailed
from tillhald.journal.health import Health, Stage, StorageFault
from tillhald.journal.recovery import Places
from tillhald.journal.segments import list_retired
from tillhald.journal.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hwsim.power.disk import PowerCutDisk
    from tillhald.journal.identity import Identity

EIO_ONCE = {
    "data write": Rule("write", "data.mdb", Fail(errno.EIO), times=1),
    "data sync": Rule("sync", "data.mdb", Fail(errno.EIO), times=1),
    "meta sync": Rule("sync", "data.mdb", Fail(errno.EIO), nth=2, times=1),
}


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


def test_the_figures_of_a_journal_that_is_not_open_can_be_asked_for(desk: Desk) -> None:
    assert desk.store.usage.used_bytes > 0
    desk.store.engine.close()
    assert desk.store.usage.used_bytes == 0
