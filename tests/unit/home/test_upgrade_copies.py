"""A copy that an upgrade left stays as long as nothing else holds what is in it, and no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tillhald.boot.files import PARTIAL, put_json
from tillhald.boot.record import BootRecord, Pair, write
from tillhald.domain.backup import (
    BackupBook,
    BackupKind,
    BackupMade,
    BackupNoted,
    BackupTotals,
)
from tillhald.domain.state import TillState
from tillhald.domain.switches import WorkKind
from tillhald.domain.upgrade import Upgrade, UpgradeBook, UpgradeKind, UpgradePlan, When
from tillhald.home import Home, Work
from tillhald.service.upgrade_copies import needless
from tillhald.service.upgrade_data import COPY

if TYPE_CHECKING:
    from pathlib import Path

PAIR = Pair(slot="1.0.0-aaaaaaaa", generation="gen-0001")
FIRST, SECOND, THIRD = (f"{number:032x}" for number in (1, 2, 3))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    for name in ("boot", "data", "work"):
        (tmp_path / name).mkdir()
    write(tmp_path, BootRecord(seq=1, committed=PAIR))
    return Home(tmp_path, PAIR.generation)


def copied(home: Home, work_id: str, name: str = COPY) -> Path:
    folder = home.work_folder(work_id) / name
    folder.mkdir(parents=True)
    return folder


def switched(home: Home, work_id: str, *, begun_ms: int, seq: int) -> None:
    """What is stored of work that came to the switch, and of nothing else."""
    work = Work(
        work_id=work_id,
        kind=WorkKind.UPGRADE,
        request_id="r",
        begun_ms=begun_ms,
        from_pair=PAIR,
        to_pair=PAIR,
        version="2",
        expected=BackupTotals(),
        expected_seq=seq,
        expected_head=bytes(32),
    )
    home.switch(work)
    write(home.folder, BootRecord(seq=home.record().seq + 1, committed=PAIR))


def backed_up(seq: int) -> TillState:
    made = BackupMade(
        backup_id="b",
        kind=BackupKind.FULL,
        file_name="b.tbk",
        first_seq=1,
        last_seq=seq,
        head_hash="",
        size_bytes=1,
    )
    return TillState(backups=BackupBook(known=(BackupNoted(made=made, made_ms=1),)))


def test_the_newest_copy_stays_until_a_backup_holds_all_that_is_in_it(home: Home) -> None:
    first, second = copied(home, FIRST), copied(home, SECOND)
    switched(home, FIRST, begun_ms=1, seq=10)
    assert needless(home, TillState()) == [second], "nobody ever switched with it"
    switched(home, SECOND, begun_ms=2, seq=20)
    assert needless(home, TillState()) == [first]
    assert needless(home, backed_up(19)) == [first]
    assert set(needless(home, backed_up(20))) == {first, second}


def test_what_an_upgrade_that_goes_on_has_made_is_not_touched(home: Home) -> None:
    made = {copied(home, THIRD), copied(home, THIRD, COPY + PARTIAL)}
    plan = UpgradePlan(
        upgrade_id=THIRD,
        kind=UpgradeKind.UPGRADE,
        from_slot="a",
        from_version="1",
        slot="b",
        version="2",
        schema=1,
        when=When.NOW,
    )
    under_way = TillState(upgrades=UpgradeBook(current=Upgrade(plan=plan)))
    assert needless(home, under_way) == []
    assert set(needless(home, TillState())) == made, "the control: later they can go"


def test_what_was_never_finished_goes_and_work_that_cannot_be_read_keeps_its_copy(
    home: Home,
) -> None:
    torn = copied(home, FIRST, COPY + PARTIAL)
    switched(home, FIRST, begun_ms=1, seq=10)
    copied(home, SECOND)
    put_json(home.work_folder(SECOND) / "work.json", {"no": "work"})
    assert needless(home, backed_up(99)) == [torn]
