"""A stick that is full, pulled out, failing or lying: older backups stay, and the till says why."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from hwsim.power.disk import PowerCutDisk, why_not
from hwsim.power.faults import Fail, Rule
from tests.support.backups import checked, made, make_order, run

if TYPE_CHECKING:
    from pathlib import Path

on_a_disk = pytest.mark.skipif(bool(why_not()), reason=why_not() or "")


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (Rule("write", "*.part", Fail(errno.ENOSPC), nth=2), "BACKUP_TARGET_FULL"),
        (Rule("write", "*.part", Fail(errno.EDQUOT)), "BACKUP_TARGET_FULL"),
        (Rule("write", "*.part", Fail(errno.EIO), nth=2), "BACKUP_FAILED"),
        (Rule("write", "*.part", Fail(errno.ENODEV)), "BACKUP_TARGET_MISSING"),
        (Rule("sync", "*.part", Fail(errno.EIO)), "BACKUP_FAILED"),
        (Rule("read", "*.part", Fail(errno.EIO)), "BACKUP_FAILED"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.operation}-{value.effect}",
)
@on_a_disk
def test_a_disk_that_fails_gives_a_clear_reason_and_older_backups_stay_whole(
    rule: Rule, reason: str, journal: Path, power_cut_disk: PowerCutDisk
) -> None:
    folder = power_cut_disk.path
    older = made(journal, folder).made
    assert older is not None
    content = (folder / older.file_name).read_bytes()
    power_cut_disk.fail(rule)
    line = run("make", make_order(journal, folder))
    assert (line.refused, line.made) == (reason, None)
    assert power_cut_disk.injected, "the control: the disk did fail"
    power_cut_disk.clear_faults()
    assert [path.name for path in folder.glob("*.tbk*")] == [older.file_name]
    assert (folder / older.file_name).read_bytes() == content
    assert made(journal, folder).made is not None


@on_a_disk
def test_a_full_stick_is_said_to_be_full(journal: Path, power_cut_disk: PowerCutDisk) -> None:
    older = made(journal, power_cut_disk.path).made
    assert older is not None
    power_cut_disk.free_bytes = 4096
    line = run("make", make_order(journal, power_cut_disk.path))
    assert line.refused == "BACKUP_TARGET_FULL", line
    power_cut_disk.free_bytes = 64 << 20
    assert [path.name for path in power_cut_disk.path.glob("*.tbk*")] == [older.file_name]
    assert checked(power_cut_disk.path / older.file_name).found


@on_a_disk
def test_a_stick_that_takes_no_writes_is_refused(
    journal: Path, power_cut_disk: PowerCutDisk
) -> None:
    power_cut_disk.read_only(True)
    line = run("make", make_order(journal, power_cut_disk.path))
    assert line.refused == "BACKUP_FAILED"
    assert "Read-only" in line.sentence


@on_a_disk
def test_a_stick_that_was_pulled_out_is_missing(journal: Path, tmp_path: Path) -> None:
    with PowerCutDisk(tmp_path / "stick") as disk:
        made(journal, disk.path)
        # What was mounted is gone; the empty folder under it is on the journal's own disk.
        disk.close()
        line = run("make", make_order(journal, tmp_path / "stick", other_disk=True))
        assert line.refused == "BACKUP_TARGET_MISSING"
        assert list((tmp_path / "stick").iterdir()) == []


def test_a_folder_that_is_not_there_is_never_made(journal: Path, tmp_path: Path) -> None:
    line = run("make", make_order(journal, tmp_path / "stick"))
    assert line.refused == "BACKUP_TARGET_MISSING"
    assert not (tmp_path / "stick").exists()


def test_the_journals_own_disk_is_refused_where_another_is_wanted(
    journal: Path, stick: Path
) -> None:
    line = run("make", make_order(journal, stick, other_disk=True))
    assert line.refused == "BACKUP_TARGET_MISSING"
    assert "not mounted" in line.sentence
    assert list(stick.iterdir()) == []


def test_a_file_that_cannot_be_taken_along_is_named(journal: Path, stick: Path) -> None:
    order = make_order(journal, stick)
    order.paths = {"keys": str(stick / "nowhere.json")}
    line = run("make", order)
    assert line.refused == "BACKUP_FAILED"
    assert "nowhere.json" in line.sentence
    assert list(stick.iterdir()) == []


def test_a_backup_and_the_signing_key_are_for_the_owner_of_the_journal_only(
    journal: Path, stick: Path
) -> None:
    line = made(journal, stick)
    assert line.made is not None
    modes = [
        os.stat(path).st_mode & 0o777
        for path in (stick / line.made.file_name, journal.with_name("signing-key"))
    ]
    assert modes == [0o600, 0o600]
