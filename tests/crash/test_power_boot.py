"""The boot record and power cuts: whatever one leaves, a whole program starts over data that it can
read, and both are the old ones or both the new ones.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hwsim.power.disk import PowerCutDisk, why_not
from hwsim.power.stage import Stage
from hwsim.power.states import State, states
from tests.crash import boot_steps
from tests.crash.boot_steps import COMMITTED, NEW, OLD, ON_TRIAL, TAKEN_BACK, WORK
from tests.crash.campaign import at_the_end
from tillhald.boot import generation, slot
from tillhald.boot.files import Damaged
from tillhald.boot.launcher import NothingToStart, Start, decide
from tillhald.boot.record import ATTEMPTS, NoRecord, read
from tillhald.home import Home, NoSuchWork, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

SEED = 20_261_122
MIXES = 2
PROGRAM_S_MAX = 60.0
STATES_MIN = 300
ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "")


class Broken(Exception):
    """What a power cut must never leave."""


def judge(home: Path, marks: tuple[str, ...]) -> Start:
    """Start as the launcher would, until what is on trial is given up. Raises Broken."""
    try:
        start = decide(home)
        first = start
        if first.trial is not None and stored_work(home, first) != WORK:
            raise Broken("a pair is on trial, and what it must come to is not stored")
        for _ in range(ATTEMPTS + 1):
            check_whole(home, start)
            if start.trial is None:
                break
            start = decide(home)  # the pair on trial ended without committing itself
    except (NothingToStart, NoRecord, NoSuchWork, Damaged, OSError) as error:
        raise Broken(str(error)) from error
    if start.trial is not None:
        raise Broken("the old pair did not come back")
    if first.pair not in (OLD, NEW):
        raise Broken(f"{first.pair} belong to different tills")
    if COMMITTED in marks and first.pair != NEW:
        raise Broken("it had committed itself, and is gone")
    if first.pair == NEW and first.trial is not None and start.pair != OLD:
        raise Broken("what was not committed stayed")
    if TAKEN_BACK in marks and first.pair != OLD:
        raise Broken("it was taken back, and is there again")
    if ON_TRIAL in marks and first.pair != NEW and read(home).taken_back is None:
        raise Broken("it was on trial, and nobody says what became of it")
    return first


def stored_work(home: Path, start: Start) -> Work:
    """What the pair on trial would compare itself with."""
    assert start.trial is not None
    return Home(home, start.pair.generation).work(start.trial.work_id)


def check_whole(home: Path, start: Start) -> None:
    """Whether every byte is there that the pair needs."""
    try:
        slot.check(slot.slots_folder(home) / start.pair.slot, whole=True)
    except slot.SlotDamaged as error:
        raise Broken(str(error)) from error
    data = generation.data_folder(home) / start.pair.generation / "data"
    if data.read_text() != f"{start.pair.generation}\n" * 400:
        raise Broken(f"{start.pair.generation} is not whole")


def judged(
    states_of: Callable[..., Iterator[State]], *how: str
) -> Generator[tuple[str, str, Start | None], None, None]:
    """Record the upgrade, and judge each state that a power cut may leave: marks, fault, start."""
    with tempfile.TemporaryDirectory(prefix="tillhal-") as name:
        start = Path(name) / "start"
        boot_steps.prepare(start)
        with PowerCutDisk(Path(name) / "disk", start=start, record=True) as disk:
            program = [sys.executable, "-m", "tests.crash.boot_steps", str(disk.path), *how]
            subprocess.run(program, cwd=ROOT, check=True, timeout=PROGRAM_S_MAX)
            trace = disk.trace()
        home = Path(name) / "home"
        with Stage(Path(name) / "stage") as stage:
            for state in states_of(trace, seed=SEED, mixes=MIXES):
                stage.show(state)
                shutil.copytree(stage.folder, home)
                where = f"seed {SEED}, operation {state.op}, {state.name}"
                try:
                    yield where, "", judge(home, state.marks)
                except Broken as broken:
                    yield where, str(broken), None
                shutil.rmtree(home)


def test_after_any_power_cut_a_whole_program_starts_over_data_that_belongs_to_it() -> None:
    found = list(judged(states))
    assert [(where, fault) for where, fault, _ in found if fault] == []
    assert len(found) >= STATES_MIN
    pairs = [start.pair for _, _, start in found if start is not None]
    assert set(pairs) == {OLD, NEW}
    assert any(start.trial is not None for _, _, start in found if start is not None)


def test_after_any_power_cut_while_a_pair_is_given_up_the_old_one_goes_on() -> None:
    found = list(judged(states, "give_up"))
    assert [(where, fault) for where, fault, _ in found if fault] == []
    assert len(found) >= STATES_MIN
    assert found[-1][2] is not None
    assert found[-1][2].pair == OLD


def test_the_judge_sees_that_nothing_was_synced() -> None:
    faults: set[str] = set()
    with closing(judged(at_the_end, "careless")) as found:
        for _, fault, _ in found:
            faults |= {fault} if fault else set()
            if len(faults) > 1:
                return
    pytest.fail(f"{faults}: a judge that finds nothing here finds nothing anywhere")
