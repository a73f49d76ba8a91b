"""What is removed after a switch: never what a start may need, nor what somebody has just brought."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tillhald.boot import generation
from tillhald.boot.files import partial_folder
from tillhald.boot.leftovers import WORKS_KEPT_MAX, leftovers, old_works, remove
from tillhald.boot.record import BootRecord, Pair, Trial

if TYPE_CHECKING:
    from pathlib import Path

OLDEST = Pair(slot="1.0.0-aaaaaaaa", generation="gen-0001")
OLD = Pair(slot="1.1.0-bbbbbbbb", generation="gen-0002")
NEW = Pair(slot="1.2.0-cccccccc", generation="gen-0003")
NEXT = Pair(slot="1.3.0-dddddddd", generation="gen-0004")
ALL = (OLDEST, OLD, NEW, NEXT)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Four programs and four generations, of which the last was made by work."""
    for pair in ALL:
        (tmp_path / "slots" / pair.slot).mkdir(parents=True)
        (tmp_path / "slots" / pair.slot / "module.py").write_text("#" * 10_000)
        building = partial_folder(generation.data_folder(tmp_path) / pair.generation)
        made_by = "" if pair is OLDEST else "0123456789abcdef"
        generation.finish(building, generation.Meta(schema=1, min_reader=1, made_by=made_by))
    return tmp_path


def names(home: Path, record: BootRecord, run: tuple[Pair, ...] = ALL) -> set[str]:
    return {path.name for path in leftovers(home, record, list(run))}


def test_what_runs_and_what_ran_before_it_stay(home: Path) -> None:
    record = BootRecord(seq=9, committed=NEXT, previous=NEW)
    assert names(home, record) == {OLDEST.slot, OLDEST.generation, OLD.slot, OLD.generation}


def test_a_pair_on_trial_stays(home: Path) -> None:
    trial = Trial(pair=NEXT, work_id="w", attempts_left=1)
    record = BootRecord(seq=9, committed=NEW, previous=OLD, trial=trial)
    assert names(home, record) == {OLDEST.slot, OLDEST.generation}


def test_what_did_not_prove_itself_goes(home: Path) -> None:
    record = BootRecord(seq=9, committed=NEW, previous=OLD)
    assert names(home, record) == {OLDEST.slot, OLDEST.generation, NEXT.slot, NEXT.generation}


def test_a_program_that_waits_for_its_upgrade_stays(home: Path) -> None:
    record = BootRecord(seq=9, committed=NEW, previous=OLD)
    assert NEXT.slot not in names(home, record, (OLDEST, OLD, NEW))


def test_newer_data_that_no_work_has_made_stays(home: Path) -> None:
    record = BootRecord(seq=9, committed=NEW, previous=OLD)
    building = partial_folder(generation.data_folder(home) / "gen-0009")
    generation.finish(building, generation.Meta(schema=1, min_reader=1))
    (generation.data_folder(home) / "gen-old-by-hand").mkdir()
    assert not {"gen-0009", "gen-old-by-hand"} & names(home, record)


def test_a_folder_is_removed_with_what_it_had(home: Path) -> None:
    folder = home / "slots" / OLDEST.slot
    assert remove(folder) >= 10_000
    assert not folder.exists()


def test_the_oldest_work_is_forgotten(home: Path) -> None:
    for number in range(WORKS_KEPT_MAX + 2):
        folder = home / "work" / f"{number:08x}"
        folder.mkdir(parents=True)
        os.utime(folder, (number, number))
    assert {path.name for path in old_works(home)} == {"00000000", "00000001"}
