"""The power goes at any moment of a restore or a clean: the till has its old data or its new ones,
each whole, and there is no third.

Every place that the programs pass is cut, and everything around the switch; of the rest of the
states `TILLHALD_POWER_SHARE` are judged, 1.0 for all.
"""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import msgspec
import pytest

from bench.inprocess import fill
from hwsim.power.disk import PowerCutDisk, why_not
from hwsim.power.faults import Fail, Rule
from hwsim.power.stage import Stage
from hwsim.power.states import State, states
from hwsim.power.trace import Marked
from tests.crash.boot_steps import COMMITTED, ON_TRIAL, sync
from tests.crash.campaign import WITHOUT, at_the_end
from tests.crash.judge import ROOT
from tests.crash.restore_steps import NEW, OLD, SLOT
from tests.support.backups import OWNER, made, run, shop_journal
from tillhald.backup.changes import CleanOrder, PlanOrder, RestoreOrder
from tillhald.backup.plan import state_at
from tillhald.boot import generation, slot
from tillhald.boot.files import Damaged, partial_folder
from tillhald.boot.launcher import NothingToStart, decide
from tillhald.boot.record import ATTEMPTS, BootRecord, NoRecord, write
from tillhald.domain.backup_rules import totals_of
from tillhald.domain.events import DataCleaned, DataRestored
from tillhald.domain.switches import WorkKind
from tillhald.failpoints import FAILPOINTS
from tillhald.journal.engine import open_env
from tillhald.journal.errors import StorageError
from tillhald.journal.meeting import Reading
from tillhald.journal.verify import verify

if TYPE_CHECKING:
    from tillhald.backup.words import Line
    from tillhald.domain.backup import BackupTotals

SEED = 20_261_122
MIXES = 1
SHARE = float(os.environ.get("TILLHALD_POWER_SHARE", "0.02"))
AROUND = 30
"""The last operations: the copy and the build lie before them."""
PROGRAM_S_MAX = 120.0
STATES_MIN = 60
SALES, SALES_MORE = 6, 3
THE_DAEMONS = frozenset({"restore.safe", "restore.built"})
"""Places of the daemon between its programs: they are cut in test_power_upgrade_places."""
AT_MS = 1_767_225_600_000

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "")


class Broken(Exception):
    """What a power cut must never leave."""


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`home`: a till that was backed up to `stick`, and has sold since."""
    folder = tmp_path_factory.mktemp("restore")
    shop_journal(folder / "shop", SALES)
    stick = folder / "stick"
    stick.mkdir()
    made(folder / "shop" / "journal", stick)
    asyncio.run(fill(folder / "shop", SALES_MORE))
    home = folder / "home"
    for name in ("boot", "slots", "data"):
        (home / name).mkdir(parents=True)
    _stage_slot(home)
    building = partial_folder(generation.data_folder(home) / OLD.generation)
    # Without the room that a journal keeps: each state of the disk is written out whole.
    (building / "journal").mkdir()
    with open_env(str(folder / "shop" / "journal"), map_bytes=64 << 20, readonly=True) as env:
        env.copy(str(building / "journal"), compact=True)
    generation.finish(building, generation.Meta(schema=1, min_reader=1))
    write(home, BootRecord(seq=1, committed=OLD))
    return folder


def _stage_slot(home: Path) -> None:
    building = partial_folder(slot.slots_folder(home) / SLOT)
    (building / "module.py").write_text("pass\n")
    manifest = slot.Manifest(
        version="1.0.0",
        schema=1,
        interpreter=sys.executable,
        python=slot.python_version(),
        files=slot.content_of(building),
    )
    slot.seal(building, manifest)
    building.rename(slot.slots_folder(home) / SLOT)
    sync(slot.slots_folder(home))


def order_of(kind: WorkKind, start: Path) -> str:
    """What the program is told."""
    if kind is WorkKind.CLEAN:
        cleaned = DataCleaned(
            work_id="ab", request_id="r", before_chain_id="", before_seq=0, before_hash=""
        )
        cleaning = CleanOrder(
            journal="", building="", cleaned=cleaned, at_ms=AT_MS, map_bytes=1 << 20
        )
        return msgspec.json.encode(cleaning).decode()
    journal = str(start / "home" / "data" / OLD.generation / "journal")
    with Reading(journal) as here:
        identity = here.identity
        currency = state_at(here, here.head.seq).currency
    planned = run(
        "plan",
        PlanOrder(
            path=str(start / "stick"),
            secrets=(str(OWNER),),
            journal=journal,
            scratch=str(start / "scratch"),
            store_id=identity.store_id,
            workstation_id=identity.workstation_id,
            currency=currency,
        ),
    )
    assert planned.compared is not None, planned
    restored = DataRestored(
        work_id="ab",
        request_id="r",
        backup_id="b",
        backup_seq=0,
        backup_hash="",
        from_incarnation=1,
        incarnation=2,
        lost=planned.compared.lost,
    )
    order = RestoreOrder(
        files=planned.compared.files,
        sha256s=tuple(found.sha256 for found in planned.found or []),
        secrets=(str(OWNER),),
        building="",
        restored=restored,
        at_ms=AT_MS,
    )
    return msgspec.json.encode(order).decode()


def totals_in(home: Path, name: str) -> BackupTotals:
    """What a generation comes to, after all of it was checked. Raises Broken."""
    folder = str(generation.journal_folder(home, name))
    try:
        verify(folder, lambda _done, _total: None)
        with Reading(folder) as reading:
            return totals_of(state_at(reading, reading.head.seq))
    except (StorageError, OSError, AssertionError, msgspec.DecodeError) as error:
        raise Broken(f"{name}: {error}") from error


def judge(home: Path, marks: tuple[str, ...], sold: int, sold_after: int) -> str:
    """Start as the launcher would, to the end of the trial. What is there: "old" or "new"."""
    try:
        first = decide(home)
        pairs = [first.pair]
        last = first
        for _ in range(ATTEMPTS + 1):
            if last.trial is None:
                break
            last = decide(home)  # it ended without committing itself
            pairs.append(last.pair)
    except (NothingToStart, NoRecord, Damaged, OSError) as error:
        raise Broken(str(error)) from error
    if last.trial is not None or first.pair not in (OLD, NEW):
        raise Broken("neither the old pair nor the new one")
    for pair in set(pairs):
        wanted = sold if pair == OLD else sold_after
        found = totals_in(home, pair.generation).sales
        if found != wanted:
            raise Broken(f"{pair.generation} holds {found} sales, not {wanted}")
    if COMMITTED in marks and first.pair != NEW:
        raise Broken("it had committed itself, and is gone")
    if ON_TRIAL in marks and NEW not in pairs:
        raise Broken("it was on trial, and was never tried")
    if first.trial is not None and last.pair != OLD:
        raise Broken("what was not committed stayed")
    return "new" if first.pair == NEW else "old"


def judged(
    kind: WorkKind, start: Path, states_of: Callable[..., Iterator[State]], *how: str
) -> Generator[tuple[str, str], None, None]:
    """What becomes of each of the states that a power cut may leave, and what was said last before
    it, if that came right before."""
    sold_after = SALES if kind is WorkKind.RESTORE else 0
    with tempfile.TemporaryDirectory(prefix="tillhal-") as name:
        with PowerCutDisk(Path(name) / "disk", start=start / "home", record=True) as disk:
            program = [sys.executable, "-m", "tests.crash.restore_steps", str(disk.path), kind]
            program += [order_of(kind, start), *how]
            watched = {**os.environ, "TILLHALD_FAILPOINT_MARKS": str(disk.path / ".mark")}
            subprocess.run(program, cwd=ROOT, check=True, timeout=PROGRAM_S_MAX, env=watched)
            trace = disk.trace()
        home = Path(name) / "home"
        with Stage(Path(name) / "stage") as stage:
            random = Random(SEED)
            for state in states_of(trace, seed=SEED, mixes=MIXES, without=WITHOUT):
                last = trace.ops[state.op - 1] if state.op else None
                said = last.text.partition(" ")[0] if isinstance(last, Marked) else ""
                if not said and state.op < len(trace.ops) - AROUND and random.random() > SHARE:
                    continue
                stage.show(state)
                shutil.copytree(stage.folder, home)
                try:
                    yield judge(home, state.marks, SALES + SALES_MORE, sold_after), said
                except Broken as broken:
                    yield f"{broken} (operation {state.op}, {state.name})", said
                shutil.rmtree(home)


@pytest.mark.parametrize("kind", [WorkKind.RESTORE, WorkKind.CLEAN])
def test_whatever_a_power_cut_leaves_the_till_has_its_old_data_or_its_new_ones(
    kind: WorkKind, start: Path
) -> None:
    found: Counter[str] = Counter()
    cut: set[str] = set()
    for came, said in judged(kind, start, states):
        found[came] += 1
        cut.add(said)
    print(f"{SEED=} {dict(found)}")
    assert set(found) == {"old", "new"}
    assert found.total() >= STATES_MIN
    own = ("boot.", "safety.", f"{kind.value}.")
    named = {name for name in FAILPOINTS if name.startswith(own)} | {"home.switched"}
    assert named - THE_DAEMONS <= cut


def restoring(start: Path, files: Path, building: Path) -> Line:
    """Run the program that restores, with the backups in `files`."""
    order = msgspec.json.decode(order_of(WorkKind.RESTORE, start), type=RestoreOrder)
    order.files = tuple(str(files / Path(name).name) for name in order.files)
    order.building = str(building)
    building.mkdir()
    return run("restore", order)


def test_a_stick_that_is_pulled_in_the_middle_leaves_nothing_behind(
    start: Path, tmp_path: Path
) -> None:
    with PowerCutDisk(tmp_path / "stick", start=start / "stick") as stick:
        stick.fail(Rule("read", "*.tbk", Fail(errno.EIO)))
        line = restoring(start, stick.path, tmp_path / "gen-0002.partial")
        assert line.refused == "BACKUP_FAILED", line
        assert list(tmp_path.glob("gen*")) == []


def test_a_disk_that_is_full_in_the_middle_leaves_nothing_behind(
    start: Path, tmp_path: Path
) -> None:
    with PowerCutDisk(tmp_path / "disk", start=start / "stick") as disk:
        disk.fail(Rule("write", "data.mdb", Fail(errno.ENOSPC), nth=6))
        line = restoring(start, start / "stick", disk.path / "gen-0002.partial")
        assert line.refused == "BACKUP_TARGET_FULL", line
        assert list(disk.path.glob("gen*")) == []
        # The control: with room it is built.
        disk.clear_faults()
        line = restoring(start, start / "stick", disk.path / "gen-0002.partial")
        assert line.built is not None, line


def test_the_judge_sees_that_nothing_was_synced(start: Path) -> None:
    with closing(judged(WorkKind.RESTORE, start, at_the_end, "careless")) as found:
        assert any(came not in ("old", "new") for came, _ in found), (
            "a judge that finds nothing here finds nothing anywhere"
        )
