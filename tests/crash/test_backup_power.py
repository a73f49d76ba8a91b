"""The power goes while a backup is made: older ones are whole, and one that counts is whole."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from hwsim.power.disk import PowerCutDisk, why_not
from hwsim.power.faults import Lie, Rule
from hwsim.power.stage import Stage
from hwsim.power.states import states
from hwsim.power.trace import Synced, Trace
from tests.crash.backup_workload import MADE
from tests.crash.judge import ROOT
from tests.support.backups import made, make_order, run, shop_journal
from tillhald.backup.reading import check_whole
from tillhald.domain.errors import BackupCorrupt

SEED = 20_261_122
MIXES = 3
SALES = 40
PROGRAM_S_MAX = 60.0
STEPS = (
    "backup.part_made",
    "backup.part_written",
    "backup.part_synced",
    "backup.read_back",
    "backup.renamed",
    "backup.named_durably",
)

on_a_disk = pytest.mark.skipif(bool(why_not()), reason=why_not() or "")


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shop_journal(tmp_path_factory.mktemp("shop"), SALES)


def is_whole(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            check_whole(file)
    except BackupCorrupt:
        return False
    return True


def record(journal: Path, tmp_path: Path, rule: Rule | None = None) -> tuple[Trace, str]:
    """What reaches the disk while a backup is made beside an older one; the older one's name."""
    start = tmp_path / "start"
    start.mkdir()
    older = made(journal, start).made
    assert older is not None
    with PowerCutDisk(tmp_path / "disk", start=start, record=True) as disk:
        if rule is not None:
            disk.fail(rule)
        order = msgspec.json.encode(make_order(journal, disk.path)).decode()
        subprocess.run(
            [sys.executable, "-m", "tests.crash.backup_workload", order, str(disk.path / ".mark")],
            cwd=ROOT,
            check=True,
            timeout=PROGRAM_S_MAX,
        )
        return disk.trace(), older.file_name


def judge(trace: Trace, older: str, folder: Path) -> Counter[str]:
    """What becomes of the states that power cuts may leave: ok, lost or corrupt."""
    found: Counter[str] = Counter()
    with Stage(folder) as stage:
        for state in states(trace, seed=SEED, mixes=MIXES):
            stage.show(state)
            said = [mark.removeprefix(MADE) for mark in state.marks if mark.startswith(MADE)]
            promised = {older, *said}
            there = {path.name for path in folder.glob("*.tbk")}
            if not promised <= there:
                found["lost"] += 1
            elif not all(is_whole(folder / name) for name in there):
                found["corrupt"] += 1
            else:
                found["ok"] += 1
    return found


@on_a_disk
def test_whatever_a_power_cut_leaves_every_backup_there_is_whole(
    journal: Path, tmp_path: Path
) -> None:
    trace, older = record(journal, tmp_path)
    found = judge(trace, older, tmp_path / "stage")
    print(f"{SEED=} {dict(found)}")
    assert set(found) == {"ok"}
    assert found["ok"] > 30


@on_a_disk
def test_a_disk_that_lies_about_its_syncs_is_found_out(journal: Path, tmp_path: Path) -> None:
    """The control: without the syncs there are states in which what was said is not there."""
    trace, older = record(journal, tmp_path, Rule("sync", "*", Lie()))
    found = judge(trace, older, tmp_path / "stage")
    assert found["lost"] + found["corrupt"] > 0, found


@on_a_disk
def test_without_its_last_sync_a_name_may_be_lost(journal: Path, tmp_path: Path) -> None:
    """The control of the folder's sync."""
    trace, older = record(journal, tmp_path)
    last = max(at for at, op in enumerate(trace.ops) if isinstance(op, Synced))
    cut = Trace(trace.start, tuple(op for at, op in enumerate(trace.ops) if at != last))
    assert judge(cut, older, tmp_path / "stage")["lost"] > 0


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_labelled_step_the_older_backups_are_whole_and_the_next_one_is_made(
    step: str, journal: Path, tmp_path: Path
) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    older = made(journal, stick).made
    assert older is not None
    run("make", make_order(journal, stick), failpoint=step)
    left = sorted(path.name for path in stick.iterdir())
    parts = [name for name in left if name.endswith(".part")]
    whole = [name for name in left if name.endswith(".tbk")]
    is_named = step in ("backup.renamed", "backup.named_durably")
    assert (len(parts), len(whole)) == ((0, 2) if is_named else (1, 1)), left
    assert all(is_whole(stick / name) for name in whole)
    after = made(journal, stick).made
    assert after is not None
    assert sorted(path.name for path in stick.iterdir()) == sorted([*whole, after.file_name])
