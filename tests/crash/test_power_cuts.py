"""The journal and power cuts: every state that one may leave is opened, and what was acknowledged
must be in it.

TILLHAL_CRASH_STATES says how many states are looked at. A state that fails is kept with its trace,
and the message says how to have it again.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from pathlib import Path

import pytest

from hwsim.power.disk import why_not
from hwsim.power.trace import Op, Renamed, Resized, Synced, Trace, Wrote
from tests.crash.campaign import (
    Expedition,
    campaign,
    how_to_replay,
    judge_trace,
    record,
    replay,
    table_of,
)
from tests.crash.workloads import META_SEED, PROVEN

STATES = int(os.environ.get("TILLHAL_CRASH_STATES", "3000"))
MANY_STATES = 50_000
MIXES, ONE_IN = (20, 1) if STATES >= MANY_STATES else (2, 2)
"""A run over few states looks at every other one, so as to see all of a trace."""
SEED = 20_261_122
META_BYTES, PAGE_BYTES = 120, 4096
META_ONE_IN = 1 if STATES >= MANY_STATES else 4

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "")


@pytest.fixture(scope="module")
def expeditions() -> list[Expedition]:
    """The whole campaign."""
    folder = Path(tempfile.mkdtemp(prefix="tillhal-power-cuts-"))
    plan = ((name, seed) for seed in itertools.count(SEED) for name in PROVEN)
    found = list(
        campaign(
            plan,
            states_wanted=STATES,
            expeditions_min=len(PROVEN),
            mixes=MIXES,
            one_in=ONE_IN,
            folder=folder,
        )
    )
    print("\n" + table_of(found))
    if not any(folder.iterdir()):
        folder.rmdir()
    return found


@pytest.mark.parametrize("workload", PROVEN)
def test_after_any_power_cut_the_journal_opens_and_has_all_that_was_acknowledged(
    workload: str, expeditions: list[Expedition]
) -> None:
    """In states that differ from one another, and differ from those of other seeds."""
    of_this = [found for found in expeditions if found.workload == workload]
    failing = [line for found in of_this for line in how_to_replay(found)]
    assert failing == []
    assert sum(found.ok for found in of_this) > 0


def test_as_many_states_were_looked_at_as_were_asked_for(expeditions: list[Expedition]) -> None:
    assert sum(found.ok for found in expeditions) >= STATES, "\n" + table_of(expeditions)


# --- what is done to the disk is what the workloads are meant to do


def sizes_written(trace: Trace) -> int:
    return max(op.offset + len(op.data) for op in trace.ops if isinstance(op, Wrote))


def test_the_growing_journal_did_grow() -> None:
    assert sizes_written(record("growth", SEED)) > 1 << 20
    assert sizes_written(record("selling", SEED)) <= 256 << 10


def test_the_failing_disk_made_the_journal_spill_and_merge() -> None:
    for workload in ("spill", "merge"):
        trace = record(workload, SEED)
        inos = {name: ino for name, ino in trace.start[1].entries.items()}
        refused = [op for op in trace.ops if isinstance(op, Wrote) and op.errno]
        spilled = [
            at
            for at, op in enumerate(trace.ops)
            if isinstance(op, Wrote) and op.ino == inos[b"spill-1"] and any(op.data)
        ]
        [data_ino] = [
            ino
            for name, ino in trace.start[inos[b"journal"]].entries.items()
            if name == b"data.mdb"
        ]
        later = [
            op
            for op in trace.ops[spilled[0] :]
            if isinstance(op, Wrote) and op.ino == data_ino and not op.errno
        ]
        assert refused
        assert spilled
        assert bool(later) == (workload == "merge")


def test_a_refused_meta_page_that_is_on_the_disk_all_the_same_does_no_harm() -> None:
    """The one that `make powercut` found: 704 states of a trace, before it was mended."""
    workload = "refused meta page"
    trace = record(workload, META_SEED)
    refused = [len(op.data) for op in trace.ops if isinstance(op, Wrote) and op.errno]
    assert refused == [META_BYTES, META_BYTES], "the meta page, and the old one put back"
    found = judge_trace(trace, workload, META_SEED, mixes=4, one_in=META_ONE_IN)
    assert how_to_replay(found) == []
    assert found.ok > 0

    data_inos = {op.ino for op in trace.ops if isinstance(op, Wrote) and op.errno}

    def is_written_again(op: Op) -> bool:
        whole_page = isinstance(op, Wrote) and len(op.data) == PAGE_BYTES and op.ino in data_inos
        return whole_page and op.offset in (0, PAGE_BYTES)

    without = Trace(trace.start, tuple(op for op in trace.ops if not is_written_again(op)))
    assert bad(judge_trace(without, workload, META_SEED, mixes=4, one_in=META_ONE_IN)) > 0


def test_the_disk_that_failed_twice_made_the_journal_begin_a_new_segment() -> None:
    names = [op.new_name for op in record("new segment", SEED).ops if isinstance(op, Renamed)]
    assert names == [b"journal.retired-1", b"journal"]


# --- controls: what must be found out


def bad(found: Expedition) -> int:
    return found.lost + found.corrupt


def without_syncs(trace: Trace) -> Trace:
    """The same operations on a disk that ignores every sync."""
    return Trace(trace.start, tuple(op for op in trace.ops if not isinstance(op, Synced)))


@pytest.mark.parametrize("flag", ["sync", "metasync"])
def test_a_journal_that_does_not_sync_is_found_out(flag: str) -> None:
    workload = f"control without {flag}"
    found = judge_trace(record(workload, SEED), workload, SEED, mixes=1, one_in=4, states_max=600)
    assert found.lost > 0, found
    # Without either sync, whole databases are lost; without the second, only what came last.
    assert (found.corrupt > 0) == (flag == "sync"), found


def test_a_state_that_fails_can_be_had_again_from_its_trace() -> None:
    workload = "control without metasync"
    trace = record(workload, SEED)
    found = judge_trace(trace, workload, SEED, mixes=1, states_max=200)
    for failing in found.failing[:3]:
        again = replay(trace, workload, SEED, failing.op, mixes=1, name=failing.name)
        kinds = [(name, verdict.kind, verdict.sentence) for name, verdict in again]
        assert kinds == [(failing.name, failing.kind, failing.sentence)]


@pytest.mark.parametrize("workload", ["selling", "merge", "creation"])
def test_a_disk_that_ignores_syncs_is_found_out(workload: str) -> None:
    trace = without_syncs(record(workload, SEED))
    found = judge_trace(trace, workload, SEED, mixes=1, one_in=5, states_max=400)
    assert bad(found) > 0, found


def test_a_reader_that_looks_at_no_checksum_is_found_out() -> None:
    """A frame of the spill is torn, and only its checksum tells."""
    trace = record("spill", SEED)
    trusting = judge_trace(trace, "spill", SEED, mixes=2, states_max=800, trusting=True)
    assert bad(trusting) > 0, trusting
    careful = judge_trace(trace, "spill", SEED, mixes=2, states_max=800)
    assert bad(careful) == 0, careful


def test_an_acknowledgement_before_the_commit_is_found_out() -> None:
    """Every mark one operation too early: the judge does see a single lost record."""
    trace = record("selling", SEED)
    ops = list(trace.ops)
    for at, op in enumerate(ops):
        if isinstance(op, Wrote) and len(op.data) == 120:  # the meta page, which commits
            mark = next(
                later
                for later in range(at, len(ops))
                if not isinstance(ops[later], Wrote | Synced | Resized)
            )
            ops.insert(at, ops.pop(mark))
            break
    found = judge_trace(Trace(trace.start, tuple(ops)), "selling", SEED, mixes=1, states_max=300)
    assert found.lost > 0, found
