"""One write or one sync fails, and then the power goes: nothing acknowledged is lost.

The disk fails once, at each place in turn; the journal goes on, with a spill or by being opened
again; and every state that a power cut may leave from then on is judged. The model is that of
`hwsim.power.medium`: a sync that failed is not made up for by a later one.
"""

from __future__ import annotations

import errno
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import pytest

from hwsim.power.disk import why_not
from hwsim.power.faults import Fail, Rule
from hwsim.power.trace import Synced, Trace, Wrote
from tests.crash.campaign import judge_trace, record
from tests.crash.test_power_cuts import MANY_STATES, SEED, STATES

STRIDE = 1 if STATES >= MANY_STATES else 9
MIXES = 2
SIDE_BY_SIDE = 2

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "")


def places_in(trace: Trace, operation: Literal["write", "sync"]) -> range:
    """The numbers of the operations that can fail; in a short run, some of them."""
    kind = Wrote if operation == "write" else Synced
    count = sum(isinstance(op, kind) for op in trace.ops)
    assert count > 12
    return range(1 + SEED % STRIDE, count + 1, STRIDE)


@pytest.mark.parametrize("workload", ["failing disk", "failing disk, spill"])
@pytest.mark.parametrize("operation", ["write", "sync"])
def test_an_error_of_the_disk_and_a_power_cut_lose_nothing_acknowledged(
    workload: str, operation: Literal["write", "sync"]
) -> None:
    def fault(nth: int) -> tuple[str, bool]:
        rule = Rule(operation, "*", Fail(errno.EIO), nth=nth, times=1)
        trace = record(workload, SEED, rule)
        found = judge_trace(trace, workload, SEED, mixes=MIXES)
        refused = any(isinstance(op, Wrote | Synced) and op.errno for op in trace.ops)
        story = f"EIO at {operation} {nth}: {found.failing}" if found.failing else ""
        return story, refused

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        stories = list(pool.map(fault, places_in(record(workload, SEED), operation)))
    assert [story for story, _ in stories if story] == []
    assert sum(refused for _, refused in stories) >= len(stories) - 1
