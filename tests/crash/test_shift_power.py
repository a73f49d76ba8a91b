"""Power cuts at every write of EndShift, DeclareCount, HandOver, CloseShift and CloseDay.

Each is whole or absent, with its rows, and never absent once it was answered. There is no state in
which the drawer belongs to nobody, or to two.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from hwsim.power.disk import PowerCutDisk, why_not
from hwsim.power.stage import Stage
from hwsim.power.states import states
from hwsim.power.trace import Trace
from tests.crash.campaign import MEMORY, PROGRAM_S_MAX, ROOT, WITHOUT
from tests.crash.shift_workload import SEED, expected, judge, prepare
from tillhald.domain.books import ShiftState

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "")

STATES_MAX = int(os.environ.get("TILLHAL_SHIFT_STATES", "1500"))
"""Of all states so many, evenly over the whole evening."""
CONTROL_STATES_MAX = 400


def trace_of(unsafe: str = "") -> Trace:
    """The evening, on a disk that records."""
    with tempfile.TemporaryDirectory(prefix="tillhal-") as name:
        start = Path(name) / "start"
        start.mkdir()
        prepare(start)
        with PowerCutDisk(Path(name) / "disk", start=start, record=True) as disk:
            subprocess.run(
                [sys.executable, "-m", "tests.crash.shift_workload", str(disk.path), unsafe],
                cwd=ROOT,
                check=True,
                timeout=PROGRAM_S_MAX,
            )
            return disk.trace()


def faults(trace: Trace, states_max: int, mixes: int) -> tuple[int, list[str]]:
    """How many states were looked at, and what was wrong with them."""
    count = sum(1 for _ in states(trace, seed=SEED, mixes=mixes, without=WITHOUT))
    # Each is judged before the next one is made: they share what they stand on.
    every = states(trace, seed=SEED, mixes=mixes, without=WITHOUT)
    some = itertools.islice(every, 0, None, max(1, count // states_max))
    promised = expected()
    memory = MEMORY if MEMORY.is_dir() else None
    with (
        tempfile.TemporaryDirectory(prefix="tillhal-", dir=memory) as name,
        Stage(Path(name) / "disk") as stage,
    ):
        said = [f"{state.op} {state.name}: {judge(stage, state, promised)}" for state in some]
    return len(said), [each for each in said if not each.endswith(": ")]


def test_after_any_power_cut_shift_and_day_are_whole_with_all_that_was_answered() -> None:
    looked_at, wrong = faults(trace_of(), STATES_MAX, mixes=1)
    print(f"{looked_at} states, seed {SEED}")
    assert wrong == []
    assert looked_at > 100


def test_a_disk_that_does_not_sync_is_found_out() -> None:
    """The control: with this it must fail, or the test above proves nothing."""
    _, wrong = faults(trace_of("sync"), CONTROL_STATES_MAX, mixes=1)
    assert wrong


def test_no_record_of_the_evening_leaves_the_drawer_to_two_or_to_nobody() -> None:
    for before, after in zip(expected().states, expected().states[1:], strict=False):
        if before.shift is not None and after.shift is None:
            assert before.shift.state is ShiftState.ENDED, "only a counted shift goes"
            assert after.closed_shifts[-1].shift_id == before.shift.shift_id
        if before.shift is not None and after.shift is not None:
            if before.shift.shift_id != after.shift.shift_id:
                assert after.shift.handed_from == before.shift.shift_id
                assert after.shift.cash.float_minor == before.shift.left_minor
