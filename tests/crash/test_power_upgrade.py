"""The power goes anywhere in a whole upgrade: a pair that belongs together starts by itself, and
everything that was sold is there.

A real till, under its launcher, is brought to another version on a disk that records every write and
sync. Then the power is cut after operations of chance, and what may be left is started from.
`TILLHALD_UPGRADE_CUTS` says how many cuts there are, `TILLHALD_UPGRADE_GOES_ON_EVERY` of how many that
did not bring the new pair to stay one goes on to the end, with real processes: 1 is all.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hwsim.power.disk import PowerCutDisk, why_not
from hwsim.power.stage import Stage
from hwsim.power.states import states_at
from hwsim.power.trace import Synced
from tests.crash.upgrade_journeys import still_going
from tests.crash.upgrade_judge import OLD, Broken, judge, totals_in
from tests.support.homes import FIRST
from tests.support.upgraded import NEW, UpgradedTill, stage_slot
from tillhal.v1 import upgrade_pb2 as pb
from tillhald.boot.record import Pair

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hwsim.power.trace import Trace
    from tillhald.domain.backup import BackupTotals

SEED = 20_261_122
CUTS = int(os.environ.get("TILLHALD_UPGRADE_CUTS", "40"))
GOES_ON_EVERY = int(os.environ.get("TILLHALD_UPGRADE_GOES_ON_EVERY", "10"))
LANES = 4
"""So many tills go on at once."""
CAME = Pair(slot=NEW, generation="gen-0002")
WITHOUT = frozenset({b"lock.mdb", b"journal.lock", b"journal.opening"})
"""Locks, and the marker that asks for what the judge does always: nobody syncs them."""
MIXES = 2
STATES_MAX = 60
"""Of those that a cut after one operation may leave."""
CONTROL_CUTS = 12
SAID_CHARS = 6_000
"""Of what a till said that did not come to its end."""

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Trace, Path]]:
    """What reaches the disk from the asking to the first start of the version that stays."""
    folder = tmp_path_factory.mktemp("shop")
    till = UpgradedTill(folder)
    try:
        stage_slot(till.home)
        till.start()
        till.leave_things_open()
        till.stop(within_s=10)
        start = folder / "start"
        shutil.copytree(till.home, start / "home", symlinks=True)
        with PowerCutDisk(folder / "disk", start=start, record=True) as disk:
            till.move(disk.path / "home")
            till.start()
            ended = till.await_end(till.start_upgrade().upgrade_id)
            assert ended.stage == pb.UPGRADE_STAGE_COMMITTED, ended
            till.stop(within_s=10)
            yield disk.trace(), folder
    finally:
        till.end()


def judged(
    trace: Trace, folder: Path, wanted: BackupTotals, most: int
) -> Iterator[tuple[str, str, Path]]:
    """So many cuts, each after an operation of chance: where, what it came to or the fault, and
    what is left. Of the states that a cut there may leave, chance takes one."""
    choose = random.Random(SEED)
    ops = sorted(choose.sample(range(len(trace.ops) + 1), min(most, len(trace.ops) + 1)))
    home = folder / "judged"
    with Stage(folder / "stage") as stage:
        every = states_at(trace, ops, SEED, mixes=MIXES, without=WITHOUT)
        for op, found in zip(ops, every, strict=True):
            state = choose.choice(list(itertools.islice(found, STATES_MAX)))
            stage.show(state)
            shutil.rmtree(home, ignore_errors=True)
            shutil.copytree(stage.folder / "home", home, symlinks=True)
            where = f"{SEED=} operation {op} of {len(trace.ops)}, {state.name}"
            try:
                came = judge(home, CAME, {OLD: wanted, CAME: wanted})
            except Broken as broken:
                came = f"BROKEN {broken}"
            yield where, came, stage.folder / "home"


def test_whatever_a_power_cut_leaves_of_an_upgrade_starts_whole_and_then_comes_to_its_end(
    recorded: tuple[Trace, Path], tmp_path: Path
) -> None:
    trace, folder = recorded
    wanted = totals_in(_copy(folder / "start" / "home", tmp_path / "before"), FIRST.generation)
    assert wanted.receipts_given == 1
    assert wanted.suspended_sales == 1
    found: Counter[str] = Counter()
    going: list[Future[None]] = []
    with ThreadPoolExecutor(LANES) as lanes:
        for where, came, left in judged(trace, tmp_path, wanted, CUTS):
            assert not came.startswith("BROKEN"), f"{where}: {came}"
            found[came] += 1
            if came == "new" or (found["old"] + found["on trial"]) % GOES_ON_EVERY:
                continue
            again = tmp_path / f"again-{len(going)}"
            again.mkdir()
            copied = _copy(left, again / "left")
            going.append(lanes.submit(go_on, copied, again, where))
            if len(going) > LANES:
                going[-LANES - 1].result()
    for each in going:
        each.result()
    print(f"{SEED=} {dict(found)}, {len(going)} of them upgraded to the end")
    assert going
    assert {"old", "new"} <= set(found)


def test_the_judge_sees_that_nothing_was_synced(
    recorded: tuple[Trace, Path], tmp_path: Path
) -> None:
    trace, folder = recorded
    wanted = totals_in(_copy(folder / "start" / "home", tmp_path / "before"), FIRST.generation)
    careless = replace(trace, ops=tuple(op for op in trace.ops if not isinstance(op, Synced)))
    faults = [came for _, came, _ in judged(careless, tmp_path, wanted, CONTROL_CUTS)]
    assert any(came.startswith("BROKEN") for came in faults), (
        "a judge that finds nothing here finds nothing anywhere"
    )


def go_on(left: Path, folder: Path, where: str) -> None:
    """Start the till from what was left, and have it come to the end of its upgrade."""
    till = UpgradedTill(folder)
    try:
        shutil.rmtree(till.home)
        shutil.move(left, till.home)
        till.start()
        before = till.open_things()
        upgrade = still_going(till) or till.start_upgrade()
        ended = till.await_end(upgrade.upgrade_id)
        assert ended.stage == pb.UPGRADE_STAGE_COMMITTED, ended
        assert till.open_things() == before
        assert till.sell() == 2
    except Exception as error:
        is_up = "up" if till.is_running() else "down"
        said = till.log_text()[-SAID_CHARS:] + till.errors()[-SAID_CHARS:]
        error.add_note(f"{where}; the launcher is {is_up}\n{said}")
        raise
    finally:
        till.end()
    shutil.rmtree(folder, ignore_errors=True)


def _copy(home: Path, to: Path) -> Path:
    shutil.copytree(home, to, symlinks=True)
    return to
