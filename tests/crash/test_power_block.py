"""Power cuts under a real file system: the journal on ext4, and ext4 on a disk that records.

What is enumerated is what ext4 wrote to its device; each state is mounted and then judged. There
are far fewer of them than without a file system in between, since each takes a mount.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import pytest

from hwsim.power.block import IMAGE, FileSystem, ToolFailedError, mounted, why_not_mount
from hwsim.power.disk import PowerCutDisk
from hwsim.power.stage import Stage
from hwsim.power.states import State, states
from hwsim.power.trace import Synced, Trace
from tests.crash.campaign import MEMORY, run_program
from tests.crash.judge import CORRUPT, Judge, Question, Verdict
from tests.crash.test_power_cuts import MANY_STATES, SEED, STATES
from tests.crash.workloads import WORKLOADS

MOUNTS = 60 if STATES >= MANY_STATES else 20
"""For each workload."""
MIXES = 2
SIZE_BYTES = 16 << 20

pytestmark = pytest.mark.skipif(bool(why_not_mount()), reason=why_not_mount() or "")


def record(workload: str, folder: Path) -> Trace:
    start = folder / "start"
    start.mkdir()
    WORKLOADS[workload].prepare(start, SEED)
    with PowerCutDisk(folder / "disk", record=True) as disk:
        filesystem = FileSystem(disk.path, folder / "mnt", size_bytes=SIZE_BYTES, start=start)
        with filesystem:
            run_program(workload, SEED, filesystem.path)
        return filesystem.since_mount(disk.trace())


def judged(trace: Trace, workload: str, count: int) -> Counter[str]:
    """The verdicts on so many states, from all over the trace."""
    total = sum(1 for _ in states(trace, seed=SEED, mixes=MIXES))
    assert total >= count, f"{workload} has {total} states only"
    wanted = {number * total // count for number in range(count)}
    verdicts: Counter[str] = Counter()
    with (
        tempfile.TemporaryDirectory(
            prefix="tillhal-", dir=MEMORY if MEMORY.is_dir() else None
        ) as name,
        Stage(Path(name) / "disk") as stage,
        Judge() as judge,
    ):
        for number, state in enumerate(states(trace, seed=SEED, mixes=MIXES)):
            if number not in wanted:
                continue
            stage.show(state)
            verdict = verdict_on(state, workload, stage.folder / IMAGE, Path(name) / "mnt", judge)
            stage.forget()
            verdicts[verdict.kind] += 1
            if verdict.sentence:
                print(f"{SEED=} {state.op} {state.name}: {verdict}")
    return verdicts


def verdict_on(state: State, workload: str, image: Path, folder: Path, judge: Judge) -> Verdict:
    try:
        with mounted(image, folder):
            said = "\n".join(state.marks)
            return judge.ask(Question(workload, SEED, str(folder), said))
    except ToolFailedError as error:
        return Verdict(CORRUPT, f"The file system cannot be mounted: {error}")


@pytest.mark.parametrize("workload", ["creation", "selling", "checkpoint"])
def test_a_power_cut_under_ext4_loses_nothing_acknowledged(workload: str, tmp_path: Path) -> None:
    verdicts = judged(record(workload, tmp_path), workload, MOUNTS)
    assert verdicts == {"ok": MOUNTS}


def test_a_device_that_ignores_flushes_is_found_out(tmp_path: Path) -> None:
    trace = record("selling", tmp_path)
    early = trace.ops[: len(trace.ops) // 3]
    lying = Trace(trace.start, tuple(op for op in early if not isinstance(op, Synced)))
    verdicts = judged(lying, "selling", 20)
    assert verdicts["ok"] < 20, verdicts
