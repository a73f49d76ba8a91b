"""Power cuts while a slot is built, on ext4 on a disk that records: a slot that has its name is whole
to the last byte, and one that was promised is there."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hwsim.power.block import IMAGE, FileSystem, mounted, why_not_mount
from hwsim.power.disk import PowerCutDisk
from hwsim.power.stage import Stage
from hwsim.power.states import State, states, states_after, states_at
from hwsim.power.trace import Marked, Trace
from tests.crash.bundle_steps import BUILT
from tests.crash.campaign import MEMORY
from tests.crash.test_power_cuts import MANY_STATES, SEED, STATES
from tests.support import bundles
from tests.support.bundles import NOW_MS, make, small_wheels
from tillhald.boot import slot
from tillhald.boot.files import remove_partial

MOUNTS = 60 if STATES >= MANY_STATES else 16
MIXES = 2
SIZE_BYTES = 128 << 20
PROGRAM_S_MAX = 240.0
ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(bool(why_not_mount()), reason=why_not_mount() or "")


def record(folder: Path, *how: str) -> Trace:
    """What the disk sees of a build."""
    keys = bundles.keys(folder / "keys")
    make(small_wheels(folder / "wheels", real_pip=True), keys, folder / "x.tlb")
    start = folder / "start"
    slot.slots_folder(start).mkdir(parents=True)
    with PowerCutDisk(folder / "disk", record=True) as disk:
        filesystem = FileSystem(disk.path, folder / "mnt", size_bytes=SIZE_BYTES, start=start)
        with filesystem:
            program = [sys.executable, "-m", "tests.crash.bundle_steps", str(filesystem.path)]
            program += [str(folder / "x.tlb"), str(keys / "1.root.json"), str(NOW_MS), *how]
            subprocess.run(program, cwd=ROOT, check=True, timeout=PROGRAM_S_MAX)
        return filesystem.since_mount(disk.trace())


def fault_in(home: Path, marks: tuple[str, ...]) -> tuple[str, bool]:
    """What is wrong with what a power cut left; and whether the slot is there."""
    remove_partial(slot.slots_folder(home))
    found = list(slot.slots_folder(home).iterdir())
    for folder in found:
        try:
            slot.check(folder, whole=True)
        except slot.SlotDamaged as damage:
            return str(damage), True
    if BUILT in marks and not found:
        return "it was promised, and is not there", False
    return "", bool(found)


def judged(trace: Trace) -> Iterator[tuple[str, bool]]:
    """What is wrong with so many states from all over the trace, and whether the slot is there."""
    every = [
        (state.op, state.name, BUILT in state.marks)
        for state in states(trace, seed=SEED, mixes=MIXES)
    ]
    # The slot gets its name before it is promised: many of them are taken from there.
    first = next(number for number, (_, _, is_promised) in enumerate(every) if is_promised)
    numbers = {number * len(every) // MOUNTS for number in range(MOUNTS)}
    numbers |= set(range(first - MOUNTS // 2, first + MOUNTS // 4))
    wanted = {every[number][:2] for number in numbers}
    some = states_at(trace, {op for op, _ in wanted}, SEED, mixes=MIXES)
    yield from judged_states(
        state for found in some for state in found if (state.op, state.name) in wanted
    )


def judged_states(some: Iterable[State]) -> Generator[tuple[str, bool], None, None]:
    memory = MEMORY if MEMORY.is_dir() else None
    with (
        tempfile.TemporaryDirectory(prefix="tillhal-", dir=memory) as name,
        Stage(Path(name) / "disk") as stage,
    ):
        for state in some:
            stage.show(state)
            with mounted(stage.folder / IMAGE, Path(name) / "mnt") as home:
                fault, is_there = fault_in(home, state.marks)
            stage.forget()
            if fault:
                print(f"{SEED=} {state.op} {state.name}: {fault}")
            yield fault, is_there


def test_after_any_power_cut_a_slot_is_whole_or_not_there(tmp_path: Path) -> None:
    found = list(judged(record(tmp_path)))
    assert [fault for fault, _ in found if fault] == []
    assert {is_there for _, is_there in found} == {True, False}


def test_the_judge_sees_that_nothing_was_synced(tmp_path: Path) -> None:
    trace = record(tmp_path, "careless")
    promised = next(at for at, op in enumerate(trace.ops, start=1) if op == Marked(BUILT))
    with closing(judged_states(states_after(trace, promised, SEED, mixes=MIXES))) as found:
        assert any(fault for fault, _ in found)
