"""A till's home: the work that is stored, and the switch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tillhald.boot.files import Damaged
from tillhald.boot.record import BootRecord, Pair, committed, read, write
from tillhald.domain.backup import BackupTotals
from tillhald.domain.switches import WorkKind
from tillhald.home import Home, NoSuchWork, Work, new_work_id

if TYPE_CHECKING:
    from pathlib import Path

OLD = Pair(slot="1.0.0-aaaa", generation="gen-0001")
NEW = Pair(slot="1.1.0-bbbb", generation="gen-0002")


def work(work_id: str = "0123456789abcdef") -> Work:
    return Work(
        work_id=work_id,
        kind=WorkKind.UPGRADE,
        request_id="request-1",
        begun_ms=1_700_000_000_000,
        from_pair=OLD,
        to_pair=NEW,
        version="1.1.0",
        expected=BackupTotals(sales=3, sales_minor=700, cash_minor=-5),
        expected_seq=12,
        expected_head=bytes(range(32)),
        note="by hand",
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "boot").mkdir()
    write(tmp_path, BootRecord(seq=1, committed=OLD))
    return Home(tmp_path, OLD.generation)


def test_a_switch_stores_the_work_and_puts_the_new_pair_on_trial(home: Home) -> None:
    home.switch(work())
    assert home.work(work().work_id) == work()
    trial = home.record().trial
    assert trial is not None
    assert (trial.pair, trial.work_id) == (NEW, work().work_id)
    assert home.pair == OLD, "the daemon that switched is the old one until it ends"


def test_a_pair_on_trial_knows_that_it_is_the_one(home: Home) -> None:
    home.switch(work())
    trying = Home(home.folder, NEW.generation, trial=work().work_id)
    assert trying.pair == NEW
    write(home.folder, committed(read(home.folder)))
    assert trying.pair == NEW
    assert trying.journal_folder == home.folder / "data" / "gen-0002" / "journal"


def test_one_switch_at_a_time_and_the_first_one_stands(home: Home) -> None:
    home.switch(work())
    with pytest.raises(ValueError, match="is on trial already"):
        home.switch(work(new_work_id()))
    trial = home.record().trial
    assert trial is not None
    assert trial.work_id == work().work_id


def test_work_that_is_not_there_or_is_damaged_is_told_apart(home: Home) -> None:
    with pytest.raises(NoSuchWork):
        home.work(new_work_id())
    home.switch(work())
    stored = home.work_folder(work().work_id) / "work.json"
    stored.write_text(stored.read_text().replace("request-1", "request-2"))
    with pytest.raises(Damaged, match="checksum"):
        home.work(work().work_id)


@pytest.mark.parametrize("name", ["", "../x", "ABCDEF0123", "0123456789abcdef/.."])
def test_work_never_lies_outside_its_folder(home: Home, name: str) -> None:
    with pytest.raises(ValueError, match="names no work"):
        home.work_folder(name)
