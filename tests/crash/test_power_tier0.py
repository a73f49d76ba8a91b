"""Power cuts without root: states from the pages that changed between two commits.

Nothing is recorded here. The journal's file is read after each commit, and what changed is taken
to have been written in the order in which LMDB commits (lmdb 0.9.36, mdb.c, mdb_txn_commit): data
pages in any order, sync, then one of the two meta pages, sync. So this cannot find a wrong flag or
a sync that is missing; the tier with a disk of its own does. It runs on any machine.
"""

from __future__ import annotations

import itertools
import os
import queue
from pathlib import Path

import pytest

from hwsim.power.medium import PAGE_BYTES
from hwsim.power.trace import Marked, Op, Resized, Synced, Trace, Wrote
from hwsim.power.tree import copy, paths, read_in
from tests.crash.campaign import judge_trace
from tests.crash.workloads import DURABLE, JOURNAL, WORKLOADS, append_of
from tillhald.journal.engine import data_file
from tillhald.journal.store import Store
from tillhald.journal.writer import JournalWriter

SEED = 20_261_122
WAIT_S_MAX = 30.0
META_BYTES = 2 * PAGE_BYTES
META_USED_BYTES = 152
"""Of a meta page: behind them nothing is ever written."""


def trace_from_pages(workload: str, folder: Path) -> Trace:
    """Append the workload's records, and see from the file what each commit wrote."""
    wanted = WORKLOADS[workload]
    wanted.prepare(folder, SEED)
    start = read_in(folder)
    ino = paths(start)[f"{JOURNAL}/data.mdb".encode()]
    snapshots: list[tuple[int, bytes]] = [(1, bytes(start[ino].data))]
    store = Store.open(folder / JOURNAL)
    fd = os.open(data_file(str(folder / JOURNAL)), os.O_RDONLY)

    def look(seq: int) -> None:
        # In the writer's thread, between two commits: nobody writes.
        snapshots.append((seq, os.pread(fd, os.fstat(fd).st_size, 0)))
        durable.put(seq)

    durable: queue.SimpleQueue[int] = queue.SimpleQueue()
    failures: list[BaseException] = []
    writer = JournalWriter(store, on_durable=look, on_failed=failures.append)
    for seq in range(2, wanted.records + 1):
        append = append_of(wanted.sizes, SEED, seq, 0)
        writer.append(append.body, append.rows, checkpoint=append.checkpoint)
        if seq % wanted.in_flight == 0:
            while durable.get(timeout=WAIT_S_MAX) < seq:
                pass
    writer.close(WAIT_S_MAX)
    os.close(fd)
    store.close()
    assert not failures
    ops: list[Op] = []
    for (_, before), (seq, after) in itertools.pairwise(snapshots):
        ops += commit_between(ino, before, after)
        ops.append(Marked(f"{DURABLE}{seq}"))
    return Trace(copy(start), tuple(ops))


def commit_between(ino: int, before: bytes, after: bytes) -> list[Op]:
    """What one commit wrote, and a growth before it, if there was one."""
    ops: list[Op] = []
    if len(after) > len(before):
        ops += [Resized(ino, len(after)), Synced(ino)]
        before = before.ljust(len(after), b"\0")
    changed = [
        at
        for at in range(0, len(after), PAGE_BYTES)
        if before[at : at + PAGE_BYTES] != after[at : at + PAGE_BYTES]
    ]
    ops += [Wrote(ino, at, after[at : at + PAGE_BYTES]) for at in changed if at >= META_BYTES]
    ops.append(Synced(ino))
    for at in changed:
        if at < META_BYTES:
            assert (
                before[at + META_USED_BYTES : at + PAGE_BYTES]
                == after[at + META_USED_BYTES : at + PAGE_BYTES]
            )
            ops.append(Wrote(ino, at, after[at : at + META_USED_BYTES]))
    ops.append(Synced(ino))
    return ops


@pytest.mark.parametrize("workload", ["selling", "group commit", "growth", "checkpoint"])
def test_pages_between_two_commits_in_any_choice_leave_a_sound_journal(
    workload: str, tmp_path: Path
) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    trace = trace_from_pages(workload, folder)
    found = judge_trace(trace, workload, SEED, mixes=2, one_in=2)
    assert found.failing == (), f"{SEED=}"
    assert found.states > 100


def test_a_meta_page_before_its_data_is_found_out(tmp_path: Path) -> None:
    """The control: pages that were not synced before the meta page was written."""
    folder = tmp_path / "disk"
    folder.mkdir()
    trace = trace_from_pages("selling", folder)
    late = Trace(trace.start, tuple(op for op in trace.ops if not isinstance(op, Synced)))
    found = judge_trace(late, "selling", SEED, mixes=1, one_in=5, states_max=400)
    assert found.lost + found.corrupt > 0, found
