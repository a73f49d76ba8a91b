"""The enumeration of crash states: legal, whole, distinct, and each to be had again."""

from __future__ import annotations

import itertools
import os
import stat
from pathlib import Path
from random import Random
from typing import TypeAlias

import pytest

from hwsim.power.medium import SECTOR_BYTES, Medium
from hwsim.power.stage import Stage
from hwsim.power.states import State, states, states_after, states_at
from hwsim.power.trace import (
    ROOT_INO,
    Made,
    Marked,
    Node,
    Op,
    Removed,
    Renamed,
    Resized,
    Synced,
    Trace,
    Tree,
    Wrote,
)
from hwsim.power.tree import paths, read_in

FOLDER = stat.S_IFDIR | 0o755
FILE = stat.S_IFREG | 0o640
EIO = 5
PAGE = 4096
Content: TypeAlias = tuple[tuple[bytes, bytes], ...]


def trace_of(*ops: Op, data: bytes = b"") -> Trace:
    """On a disk with one file, `a`, number 2."""
    top = Node(FOLDER, entries={b"a": 2})
    return Trace({ROOT_INO: top, 2: Node(FILE, bytearray(data))}, ops)


def content(tree: Tree) -> Content:
    """All that can be seen of a tree: paths, and what files hold."""
    return tuple(sorted((path, bytes(tree[ino].data)) for path, ino in paths(tree).items()))


def held(trace: Trace, **options: int) -> list[bytes]:
    """What the file `a` holds, state by state."""
    return [bytes(state.tree()[2].data) for state in states(trace, seed=1, **options)]


def busy_trace(seed: int) -> Trace:
    """Files and folders of several pages, written, synced, renamed, cut and lost, with faults."""
    random = Random(seed)
    ops: list[Op] = [Made(3, ROOT_INO, b"new", FOLDER), Made(4, 3, b"b", FILE)]
    for number in range(14):
        ino = random.choice([2, 4])
        size = random.choice([120, 512, PAGE, 2 * PAGE, 5000])
        at = random.choice([0, 32, PAGE, 3 * PAGE, 7777])
        ops.append(Wrote(ino, at, random.randbytes(size), random.choice([0, 0, 0, EIO])))
        if random.random() < 0.4:
            ops.append(Synced(random.choice([ino, 3, ROOT_INO]), random.choice([0, 0, EIO])))
        if random.random() < 0.15:
            ops.append(Resized(ino, random.choice([0, 100, PAGE, 20_000])))
        if number % 4 == 0:
            ops.append(Marked(f"said {number}"))
    ops += [Synced(4), Synced(3), Renamed(ROOT_INO, b"new", ROOT_INO, b"there")]
    ops += [Removed(ROOT_INO, b"a"), Wrote(4, 0, b"x" * 900), Synced(ROOT_INO), Marked("end")]
    return trace_of(*ops, data=random.randbytes(9000))


def test_every_choice_of_a_few_writes_is_a_state() -> None:
    writes = [Wrote(2, at * SECTOR_BYTES, b"%d" % at * SECTOR_BYTES) for at in range(4)]
    found = held(trace_of(*writes, data=b"-" * 4 * SECTOR_BYTES))
    shown = {bytes(data[::SECTOR_BYTES]) for data in found}
    assert shown == {
        bytes(there) for there in itertools.product(*[(ord("-"), ord("0") + at) for at in range(4)])
    }


def test_of_many_writes_every_beginning_and_every_one_alone_or_left_out_is_a_state() -> None:
    writes = [Wrote(2, at * SECTOR_BYTES, b"x" * SECTOR_BYTES) for at in range(9)]
    found = held(trace_of(*writes, data=b"-" * 9 * SECTOR_BYTES), mixes=0)
    shown = {data[::SECTOR_BYTES].decode() for data in found}
    for at in range(9):
        assert "x" * at + "-" * (9 - at) in shown
        assert "-" * at + "x" + "-" * (8 - at) in shown
        assert "x" * at + "-" + "x" * (8 - at) in shown


def test_a_torn_write_ends_where_a_sector_ends() -> None:
    found = held(trace_of(Wrote(2, 0, b"x" * PAGE), data=b"-" * PAGE), mixes=40)
    prefixes = {data.count(b"x") for data in found if data == data.rstrip(b"-").ljust(PAGE, b"-")}
    assert prefixes == {at * SECTOR_BYTES for at in range(9)}
    assert all(data.count(b"x") % SECTOR_BYTES == 0 for data in found)


def test_a_size_without_its_data_is_a_state() -> None:
    assert bytes(600) in held(trace_of(Wrote(2, 0, b"x" * 600)), mixes=0)


def test_what_is_synced_is_in_every_state_from_there_on() -> None:
    trace = trace_of(Wrote(2, 0, b"x" * 9000), Synced(2), Wrote(2, 0, b"y" * 512))
    for state in states(trace, seed=1):
        data = state.content(2)
        assert state.op < 2 or data[512:] == b"x" * (9000 - 512), state


def test_a_state_says_what_the_program_had_said_before_it() -> None:
    trace = trace_of(Marked("one"), Wrote(2, 0, b"x"), Marked("two"), Synced(2), Marked("three"))
    said = {(state.op, state.marks) for state in states(trace, seed=1)}
    assert said == {
        (0, ()),
        (1, ("one",)),
        (2, ("one",)),
        (3, ("one", "two")),
        (5, ("one", "two", "three")),
    }


def test_names_come_in_their_order_and_with_any_data() -> None:
    trace = trace_of(
        Made(3, ROOT_INO, b"b", FILE), Wrote(3, 0, b"x"), Renamed(ROOT_INO, b"b", ROOT_INO, b"c")
    )
    found = {content(state.tree()) for state in states(trace, seed=1)}
    a = (b"a", b"")
    assert found == {
        (a,),
        (a, (b"b", b"")),
        (a, (b"b", b"\0")),
        (a, (b"b", b"x")),
        (a, (b"c", b"")),
        (a, (b"c", b"\0")),
        (a, (b"c", b"x")),
    }


def test_files_that_do_not_count_are_left_out() -> None:
    trace = trace_of(
        Made(3, ROOT_INO, b"lock", FILE), Wrote(3, 0, b"x"), Synced(ROOT_INO), Removed(2, b"lock")
    )
    found = list(states(trace, seed=1, without=frozenset({b"lock"})))
    assert [content(state.tree()) for state in found] == [((b"a", b""),)]


@pytest.mark.parametrize("seed", range(6))
def test_no_state_is_given_twice(seed: int) -> None:
    found = [(content(state.tree()), state.marks) for state in states(busy_trace(seed), seed=seed)]
    assert len(found) > 100
    assert len(set(found)) == len(found), f"{seed=}"


@pytest.mark.parametrize("seed", range(6))
def test_every_state_can_be_had_again_by_its_name(seed: int) -> None:
    trace = busy_trace(seed)
    random = Random(seed)
    for state in states(trace, seed=seed):
        if random.random() < 0.1:
            named = states_after(trace, state.op, seed)
            again = next(one for one in named if one.name == state.name)
            assert content(again.tree()) == content(state.tree()), f"{seed=} {state.name}"
            assert again.marks == state.marks


def test_the_states_of_many_operations_are_had_in_one_go() -> None:
    trace = busy_trace(1)
    ops = [len(trace.ops), 3, 17]
    together = [
        [(state.op, state.name, content(state.tree())) for state in of_one]
        for of_one in states_at(trace, ops, 1)
    ]
    assert together == [
        [(state.op, state.name, content(state.tree())) for state in states_after(trace, op, 1)]
        for op in sorted(ops)
    ]


@pytest.mark.parametrize("seed", range(6))
def test_what_a_random_cut_leaves_is_made_of_the_same_pieces(seed: int) -> None:
    """Two ways through one model: the random one never shows a sector that no state shows."""
    trace = busy_trace(seed)
    sectors: set[tuple[bytes, int, bytes]] = set()
    for state in states(trace, seed=seed, mixes=30):
        for path, data in content(state.tree()):
            sectors |= {(path, at, data[at : at + 512]) for at in range(0, len(data), 512)}
    medium = Medium(trace.start)
    random = Random(seed)
    for op in trace.ops:
        medium.record(op)
        for path, data in content(medium.random_state(random)):
            for at in range(0, len(data) - 511, 512):
                assert (path, at, data[at : at + 512]) in sectors, f"{seed=} {op} {path!r} {at}"


def shown(folder: Path) -> Content:
    return content(read_in(folder))


@pytest.mark.parametrize("seed", range(6))
def test_the_stage_shows_exactly_the_state(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    with Stage(tmp_path / "stage") as stage:
        for state in states(busy_trace(seed), seed=seed):
            if random.random() < 0.3:
                continue  # a state that nobody looks at
            stage.show(state)
            assert shown(stage.folder) == content(state.tree()), f"{seed=} {state.op} {state.name}"
            if random.random() < 0.1:
                os.truncate(stage.folder / "a", 3) if (stage.folder / "a").exists() else None
                (stage.folder / "beside").write_bytes(b"left by whoever looked")
                stage.forget()
    assert not (tmp_path / "stage").exists()


def test_the_stage_goes_from_one_trace_to_another(tmp_path: Path) -> None:
    last: State | None = None
    with Stage(tmp_path / "stage") as stage:
        for seed in (1, 2):
            for state in itertools.islice(states(busy_trace(seed), seed=seed), 40):
                stage.show(state)
                last = state
            assert last is not None
            assert shown(stage.folder) == content(last.tree())
