"""Recording workloads on a disk that records, and judging every state that their power cuts leave.

`python -m tests.crash.campaign WORKLOAD SEED MIXES STATES_MAX FOLDER` is one expedition: it
records one trace, judges its states, and writes a line of JSON, an Expedition. It leaves the trace
in FOLDER if a state failed. A campaign runs such processes side by side.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from hwsim.power.disk import PowerCutDisk
from hwsim.power.faults import Rule
from hwsim.power.stage import Stage
from hwsim.power.states import State, state_again, states
from hwsim.power.trace import Trace
from tests.crash.judge import CORRUPT, LOST, OK, ROOT, Judge, Question, Verdict
from tests.crash.workloads import WORKLOADS

PROGRAM_S_MAX = 120.0
EXPEDITION_S_MAX = 1800.0
FAILING_MAX = 20
DEEPLY_EVERY = 500
"""Of so many states one is opened by all that the daemon has, and stored to."""
WITHOUT = frozenset({b"lock.mdb", b"journal.lock", b"journal.opening"})
"""Locks, and the marker that asks for what the judge does always: a look at every record. Nobody
syncs their content, and whoever opens a journal writes them anew; with them there would be twice
as many states, and nothing more in them."""
MEMORY = Path("/dev/shm")


class Failing(NamedTuple):
    """A state that is not as promised, and how to have it again."""

    op: int
    name: str
    kind: str
    sentence: str


class Expedition(NamedTuple):
    """One trace, and what became of its states. `trace` is where it was left, if a state failed."""

    workload: str
    seed: int
    mixes: int
    states: int
    lost: int
    corrupt: int
    record_s: float
    judge_s: float
    trace: str = ""
    failing: tuple[Failing, ...] = ()

    @property
    def ok(self) -> int:
        """How many states are as promised."""
        return self.states - self.lost - self.corrupt


def record(workload: str, seed: int, rule: Rule | None = None) -> Trace:
    """Run the workload on a disk that records, and that fails by the workload's rule or this."""
    with tempfile.TemporaryDirectory(prefix="tillhal-") as name:
        start = Path(name) / "start"
        start.mkdir()
        WORKLOADS[workload].prepare(start, seed)
        with PowerCutDisk(Path(name) / "disk", start=start, record=True) as disk:
            for fault in filter(None, (WORKLOADS[workload].rule, rule)):
                disk.fail(fault)
            run_program(workload, seed, disk.path)
            return disk.trace()


def run_program(workload: str, seed: int, folder: Path) -> None:
    """Run the workload as a process of its own."""
    subprocess.run(
        [sys.executable, "-m", "tests.crash.workloads", workload, str(folder), str(seed)],
        cwd=ROOT,
        check=True,
        timeout=PROGRAM_S_MAX,
    )


def judged(
    states_of_trace: Iterable[State], workload: str, seed: int, *, deeply_every: int = DEEPLY_EVERY
) -> Iterator[tuple[State, Verdict]]:
    """Show every state to the judge."""
    memory = MEMORY if MEMORY.is_dir() else None
    with (
        tempfile.TemporaryDirectory(prefix="tillhal-", dir=memory) as name,
        Stage(Path(name) / "disk") as stage,
        Judge() as judge,
    ):
        marks: tuple[str, ...] = ()
        said = ""
        for number, state in enumerate(states_of_trace):
            if state.marks is not marks:
                marks, said = state.marks, "\n".join(state.marks)
            stage.show(state)
            deeply = number % deeply_every == deeply_every - 1
            verdict = judge.ask(Question(workload, seed, str(stage.folder), said, deeply))
            if verdict.changed:
                stage.forget()
            yield state, verdict


def judge_trace(
    trace: Trace, workload: str, seed: int, *, mixes: int, states_max: int
) -> Expedition:
    """Judge up to `states_max` states of a trace."""
    began_s = time.monotonic()
    count = 0
    kinds = {OK: 0, LOST: 0, CORRUPT: 0}
    failing: list[Failing] = []
    every = states(trace, seed=seed, mixes=mixes, without=WITHOUT)
    for state, verdict in judged(every, workload, seed):
        count += 1
        kinds[verdict.kind] += 1
        if verdict.kind != OK and len(failing) < FAILING_MAX:
            failing.append(Failing(state.op, state.name, verdict.kind, verdict.sentence))
        if count >= states_max:
            break
    return Expedition(
        workload=workload,
        seed=seed,
        mixes=mixes,
        states=count,
        lost=kinds[LOST],
        corrupt=kinds[CORRUPT],
        record_s=0.0,
        judge_s=time.monotonic() - began_s,
        failing=tuple(failing),
    )


def replay(trace: Trace, workload: str, seed: int, op: int, name: str, mixes: int) -> Verdict:
    """Judge one state again, with everything that the daemon does."""
    state = state_again(trace, op, seed, name, mixes=mixes, without=WITHOUT)
    [(_, verdict)] = judged([state], workload, seed, deeply_every=1)
    return verdict


def expedition(
    workload: str, seed: int, *, mixes: int, states_max: int, folder: Path
) -> Expedition:
    """Record a trace and judge its states, in this process."""
    began_s = time.monotonic()
    trace = record(workload, seed)
    record_s = time.monotonic() - began_s
    found = judge_trace(trace, workload, seed, mixes=mixes, states_max=states_max)
    path = folder / f"{workload.replace(' ', '-')}-{seed}.trace"
    if found.failing:
        save(trace, path)
    return found._replace(record_s=record_s, trace=str(path) if found.failing else "")


def campaign(
    plan: Iterable[tuple[str, int]], *, mixes: int, states_max: int, folder: Path, side_by_side: int
) -> Iterator[Expedition]:
    """Send an expedition for every (workload, seed), so many at once; give them as they return."""
    with ThreadPoolExecutor(side_by_side) as pool:

        def send(which: tuple[str, int]) -> Expedition:
            return _send(*which, mixes=mixes, states_max=states_max, folder=folder)

        yield from pool.map(send, plan)


def _send(workload: str, seed: int, *, mixes: int, states_max: int, folder: Path) -> Expedition:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.crash.campaign",
            workload,
            str(seed),
            str(mixes),
            str(states_max),
            str(folder),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
        timeout=EXPEDITION_S_MAX,
    )
    return expedition_from(json.loads(done.stdout))


def expedition_from(fields: list[object]) -> Expedition:
    """Return what was written as JSON."""
    found = Expedition(*fields)
    return found._replace(failing=tuple(Failing(*failing) for failing in found.failing))


def save(trace: Trace, path: Path) -> None:
    """Keep a trace, for `load`."""
    path.write_bytes(pickle.dumps(trace))


def load(path: Path) -> Trace:
    """Return a trace that `save` kept. Only our own: a pickle can do anything."""
    trace = pickle.loads(path.read_bytes())
    assert isinstance(trace, Trace), path
    return trace


def main(workload: str, seed: str, mixes: str, states_max: str, folder: str) -> None:
    """Go on one expedition."""
    found = expedition(
        workload, int(seed), mixes=int(mixes), states_max=int(states_max), folder=Path(folder)
    )
    os.write(1, json.dumps(found).encode() + b"\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
