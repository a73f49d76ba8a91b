"""Recording workloads on a disk that records, and judging every state that their power cuts leave.

`python -m tests.crash.campaign WORKLOAD SEED MIXES ONE_IN FOLDER` is one expedition: it records
one trace, judges its states (or one in so many), and writes a line of JSON, an Expedition. It
leaves the trace in FOLDER if a state failed. A campaign runs several side by side.
"""

from __future__ import annotations

import itertools
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import NamedTuple

from hwsim.power.disk import PowerCutDisk
from hwsim.power.faults import Rule
from hwsim.power.stage import Stage
from hwsim.power.states import State, states, states_after
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
    states_of_trace: Iterable[State],
    workload: str,
    seed: int,
    *,
    deeply_every: int = DEEPLY_EVERY,
    trusting: bool = False,
) -> Iterator[tuple[State, Verdict]]:
    """Show every state to the judge."""
    memory = MEMORY if MEMORY.is_dir() else None
    with (
        tempfile.TemporaryDirectory(prefix="tillhal-", dir=memory) as name,
        Stage(Path(name) / "disk") as stage,
        Judge(trusting=trusting) as judge,
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


def at_the_end(
    trace: Trace, *, seed: int, mixes: int, without: frozenset[bytes] = frozenset()
) -> Iterator[State]:
    """The states after the last operation. For controls: on a disk that nobody syncs, all that was
    ever written is in doubt, and of the thousands of states after each operation one will do."""
    return states_after(trace, len(trace.ops), seed, mixes=mixes, without=without)


def judge_trace(
    trace: Trace,
    workload: str,
    seed: int,
    *,
    mixes: int,
    one_in: int = 1,
    states_max: int = sys.maxsize,
    trusting: bool = False,
) -> Expedition:
    """Judge up to `states_max` states of a trace, of all of them one in so many."""
    began_s = time.monotonic()
    kinds = Counter[str]()
    failing: list[Failing] = []
    every = states(trace, seed=seed, mixes=mixes, without=WITHOUT)
    taken = itertools.islice(every, seed % one_in, None, one_in)
    some = itertools.islice(taken, states_max)
    for state, verdict in judged(some, workload, seed, trusting=trusting):
        kinds[verdict.kind] += 1
        if verdict.kind != OK and len(failing) < FAILING_MAX:
            failing.append(Failing(state.op, state.name, verdict.kind, verdict.sentence))
    return Expedition(
        workload=workload,
        seed=seed,
        mixes=mixes,
        states=kinds.total(),
        lost=kinds[LOST],
        corrupt=kinds[CORRUPT],
        record_s=0.0,
        judge_s=time.monotonic() - began_s,
        failing=tuple(failing),
    )


def replay(
    trace: Trace, workload: str, seed: int, op: int, *, mixes: int, name: str = ""
) -> list[tuple[str, Verdict]]:
    """Judge the states after `op` operations again, or the one of this name, with everything that
    the daemon does."""
    found = states_after(trace, op, seed, mixes=mixes, without=WITHOUT)
    some = (state for state in found if name in ("", state.name))
    return [
        (state.name, verdict) for state, verdict in judged(some, workload, seed, deeply_every=1)
    ]


def expedition(workload: str, seed: int, *, mixes: int, one_in: int, folder: Path) -> Expedition:
    """Record a trace and judge its states, in this process."""
    began_s = time.monotonic()
    trace = record(workload, seed)
    record_s = time.monotonic() - began_s
    one_in *= WORKLOADS[workload].one_in
    found = judge_trace(trace, workload, seed, mixes=mixes, one_in=one_in)
    path = folder / f"{workload.replace(' ', '-')}-{seed}.trace"
    if found.failing:
        save(trace, path)
    return found._replace(record_s=record_s, trace=str(path) if found.failing else "")


def campaign(
    plan: Iterable[tuple[str, int]],
    *,
    states_wanted: int,
    mixes: int,
    folder: Path,
    one_in: int = 1,
    expeditions_min: int = 1,
    side_by_side: int = 2,
) -> Iterator[Expedition]:
    """Send an expedition for each (workload, seed) of the plan until so many states were judged.

    They come as they return; there are at least so many of them.
    """
    left = iter(plan)
    wanted, due = states_wanted, expeditions_min
    under_way: set[Future[Expedition]] = set()
    with ThreadPoolExecutor(side_by_side) as pool:
        while True:
            while (wanted > 0 or due > 0) and len(under_way) < side_by_side:
                which = next(left, None)
                if which is None:
                    break
                under_way.add(pool.submit(_send, *which, mixes, one_in, folder))
                due -= 1
            if not under_way:
                return
            over, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            for done in over:
                found = done.result()
                wanted -= found.states
                yield found


def _send(workload: str, seed: int, *numbers_and_folder: object) -> Expedition:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.crash.campaign",
            workload,
            str(seed),
            *map(str, numbers_and_folder),
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


def table_of(expeditions: Iterable[Expedition]) -> str:
    """A line for each workload, and one for all."""
    rows: dict[str, list[Expedition]] = {}
    for found in expeditions:
        rows.setdefault(found.workload, []).append(found)
    lines = [
        f"{'workload':<26}{'traces':>7}{'states':>10}{'ok':>10}{'lost':>6}{'corrupt':>8}{'per s':>7}"
    ]
    everything = [found for of_one in rows.values() for found in of_one]
    for name, of_one in [*sorted(rows.items()), ("all", everything)]:
        count = sum(found.states for found in of_one)
        ok = sum(found.ok for found in of_one)
        lost = sum(found.lost for found in of_one)
        corrupt = sum(found.corrupt for found in of_one)
        seconds = sum(found.judge_s + found.record_s for found in of_one)
        speed = count / seconds if seconds else 0
        lines.append(
            f"{name:<26}{len(of_one):>7}{count:>10,}{ok:>10,}{lost:>6}{corrupt:>8}{speed:>7.0f}"
        )
    return "\n".join(lines)


def how_to_replay(found: Expedition) -> list[str]:
    """A line for each state that failed: the command, and what is wrong."""
    return [
        f"tools/powercut.py --replay {found.trace} {failing.op} {found.seed} --mixes {found.mixes}"
        f" --name {failing.name!r}: {failing.kind}: {failing.sentence}"
        for failing in found.failing
    ]


def save(trace: Trace, path: Path) -> None:
    """Keep a trace, for `load`."""
    path.write_bytes(pickle.dumps(trace))


def load(path: Path) -> Trace:
    """Return a trace that `save` kept. Only our own: a pickle can do anything."""
    trace = pickle.loads(path.read_bytes())
    assert isinstance(trace, Trace), path
    return trace


def main(arguments: list[str]) -> None:
    """Go on one expedition."""
    workload, seed, mixes, one_in, folder = arguments
    found = expedition(
        workload,
        int(seed),
        mixes=int(mixes),
        one_in=int(one_in),
        folder=Path(folder),
    )
    os.write(1, json.dumps(found).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
