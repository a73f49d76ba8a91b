"""Where a new segment goes when the journal's file is given up: the other disk, if it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.desk import Desk, places_on
from tillhald.journal.creation import create
from tillhald.journal.health import Stage, StorageFault
from tillhald.journal.recovery import Places

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hwsim.power.disk import PowerCutDisk
    from tillhald.journal.identity import Identity


@pytest.fixture
def places(power_cut_disk: PowerCutDisk, identity: Identity) -> Places:
    create(power_cut_disk.path / "journal", identity, b"genesis", map_bytes=256 << 10)
    return places_on(power_cut_disk.path)


@pytest.fixture
def desk(places: Places) -> Iterator[Desk]:
    with Desk(places) as desk:
        yield desk


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
