"""How long an upgrade is expected to take: as long as the last one took on this machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tillhald.domain.upgrade import Stage
from tillhald.service.upgrade_log import FILE, StepLog
from tillhald.service.upgrade_world import MIGRATE_RECORDS_PER_S, RESTART_S, measured_in

if TYPE_CHECKING:
    from pathlib import Path

RECORDS = 50_000


def an_upgrade(home: Path, name: str, *, copy_s: int, restart_s: int, end: Stage) -> None:
    folder = home / "work" / name
    log = StepLog(folder)
    log.tell(Stage.BACKED_UP, "The backup is there.", 1_000_000)
    at_ms = 1_000_000 + copy_s * 1000
    log.tell(Stage.MIGRATED, "The data was brought over.", at_ms, done=RECORDS, total=RECORDS)
    log.tell(Stage.SWITCHED, "The new version is tried.", at_ms)
    log.tell(end, "It is over.", at_ms + restart_s * 1000)
    number = len(list((home / "work").iterdir()))
    os.utime(folder / FILE, (number, number))


def test_a_till_that_was_never_upgraded_is_judged_by_a_slow_one(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    assert measured_in(tmp_path) == (1 / MIGRATE_RECORDS_PER_S, RESTART_S)


def test_the_last_upgrade_that_stayed_says_how_long_it_takes_here(tmp_path: Path) -> None:
    an_upgrade(tmp_path, "a", copy_s=50, restart_s=9, end=Stage.COMMITTED)
    an_upgrade(tmp_path, "b", copy_s=10, restart_s=4, end=Stage.COMMITTED)
    an_upgrade(tmp_path, "c", copy_s=99, restart_s=90, end=Stage.ROLLED_BACK)
    measured = measured_in(tmp_path)
    assert measured.per_record_s == pytest.approx(10 / RECORDS)
    assert measured.restart_s == 4
