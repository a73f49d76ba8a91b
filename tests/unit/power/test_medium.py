"""The model of a power cut, rule by rule: what may be there afterwards, and what must be."""

from __future__ import annotations

import stat
from random import Random

from hwsim.power.medium import PENDING_OPS_MAX, SECTOR_BYTES, Medium
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
    Tree,
    Wrote,
)
from hwsim.power.tree import apply, paths

FOLDER = stat.S_IFDIR | 0o750
FILE = stat.S_IFREG | 0o640
EIO = 5
CUTS = 400
PAGE = 4096


def start(*, data: bytes = b"") -> Tree:
    """A disk with one file, number 2."""
    top = Node(stat.S_IFDIR | 0o755, entries={b"a": 2})
    return {ROOT_INO: top, 2: Node(FILE, bytearray(data))}


def medium_after(*ops: Op, data: bytes = b"") -> Medium:
    medium = Medium(start(data=data))
    for op in ops:
        medium.record(op)
    return medium


def contents(medium: Medium, ino: int = 2) -> set[bytes]:
    """What the file holds after many power cuts, each with a seed of its own."""
    return {bytes(medium.random_state(Random(seed))[ino].data) for seed in range(CUTS)}


def names(medium: Medium) -> set[frozenset[bytes]]:
    return {frozenset(paths(medium.random_state(Random(seed)))) for seed in range(CUTS)}


def test_what_nobody_synced_may_be_there_or_not() -> None:
    assert contents(medium_after(Wrote(2, 0, b"new"), data=b"old")) == {b"old", b"new"}


def test_what_was_synced_is_there() -> None:
    medium = medium_after(Wrote(2, 0, b"new"), Synced(2), data=b"old")
    assert contents(medium) == {b"new"}


def test_a_sync_of_one_file_says_nothing_about_another() -> None:
    medium = medium_after(
        Made(3, ROOT_INO, b"b", FILE), Wrote(2, 0, b"new"), Synced(3), data=b"old"
    )
    assert contents(medium) == {b"old", b"new"}


def test_unsynced_writes_come_in_any_choice() -> None:
    writes = [Wrote(2, at * SECTOR_BYTES, bytes([at + 1]) * SECTOR_BYTES) for at in range(3)]
    found = contents(medium_after(*writes, data=bytes(3 * SECTOR_BYTES)))
    assert {tuple(content[at * SECTOR_BYTES] for at in range(3)) for content in found} == {
        (a, b, c) for a in (0, 1) for b in (0, 2) for c in (0, 3)
    }


def test_a_write_is_torn_where_sectors_end_and_nowhere_else() -> None:
    medium = medium_after(Wrote(2, 100, b"x" * 1000), data=b"o" * 1536)
    torn = {
        tuple(content[at] == ord("x") for at in (100, 511, 512, 1023, 1024, 1099))
        for content in contents(medium)
    }
    assert torn == {
        (a, a, b, b, c, c) for a in (False, True) for b in (False, True) for c in (False, True)
    }


def test_a_longer_file_may_have_zeros_for_data() -> None:
    found = contents(medium_after(Wrote(2, 0, b"x" * 1024)))
    assert b"" in found
    assert bytes(1024) in found
    assert b"x" * 1024 in found


def test_a_sync_of_a_file_does_not_make_its_name_durable() -> None:
    medium = medium_after(Made(3, ROOT_INO, b"b", FILE), Wrote(3, 0, b"data"), Synced(3))
    assert names(medium) == {frozenset({b"a"}), frozenset({b"a", b"b"})}
    medium.record(Synced(ROOT_INO))
    assert names(medium) == {frozenset({b"a", b"b"})}
    assert contents(medium, ino=3) == {b"data"}


def test_a_sync_of_a_folder_does_not_make_data_durable() -> None:
    medium = medium_after(Made(3, ROOT_INO, b"b", FILE), Wrote(3, 0, b"data"), Synced(ROOT_INO))
    assert {b"", b"data"} <= contents(medium, ino=3)


def test_names_become_durable_in_their_order() -> None:
    medium = medium_after(
        Made(3, ROOT_INO, b"b", FILE),
        Renamed(ROOT_INO, b"a", ROOT_INO, b"c"),
        Removed(ROOT_INO, b"b"),
    )
    assert names(medium) == {
        frozenset({b"a"}),
        frozenset({b"a", b"b"}),
        frozenset({b"c", b"b"}),
        frozenset({b"c"}),
    }


def test_a_sync_of_one_folder_takes_the_names_before_it_along() -> None:
    medium = medium_after(
        Made(3, ROOT_INO, b"b", FOLDER), Made(4, 3, b"c", FILE), Made(5, ROOT_INO, b"d", FILE)
    )
    medium.record(Synced(3))
    assert names(medium) == {
        frozenset({b"a", b"b", b"b/c"}),
        frozenset({b"a", b"b", b"b/c", b"d"}),
    }


def test_a_failed_sync_promises_nothing_and_a_later_one_does_not_make_up_for_it() -> None:
    medium = medium_after(Wrote(2, 0, b"new"), Synced(2, EIO), Synced(2), data=b"old")
    assert contents(medium) == {b"old", b"new"}


def test_a_page_that_is_written_again_is_made_durable_with_all_that_it_holds() -> None:
    medium = medium_after(
        Wrote(2, 0, b"new"), Synced(2, EIO), Wrote(2, 10, b"more"), Synced(2), data=b"old" * 5
    )
    assert contents(medium) == {b"newoldoldomored"}


def test_another_page_does_not_make_up_for_a_failed_sync() -> None:
    medium = medium_after(
        Wrote(2, 0, b"new"), Synced(2, EIO), Wrote(2, PAGE, b"p"), Synced(2), data=b"o" * PAGE
    )
    assert {content[:3] for content in contents(medium)} == {b"ooo", b"new"}
    assert {content[PAGE:] for content in contents(medium)} == {b"p"}


def test_a_failed_write_may_be_there_until_its_page_is_written_again() -> None:
    medium = medium_after(Wrote(2, 0, b"new", EIO), data=b"old")
    assert contents(medium) == {b"old", b"new"}
    medium.record(Synced(2))
    assert contents(medium) == {b"old", b"new"}
    medium.record(Wrote(2, 1, b"L"))
    assert contents(medium) == {b"old", b"new", b"oLd", b"nLw"}
    medium.record(Synced(2))
    assert contents(medium) == {b"oLd"}


def test_a_cut_off_end_does_not_come_back_once_that_is_durable() -> None:
    medium = medium_after(
        Wrote(2, 0, b"x" * 10), Synced(2, EIO), Resized(2, 0), Synced(2), data=b"o" * 10
    )
    assert contents(medium) == {b""}


def test_nothing_is_left_of_a_file_whose_removal_is_durable() -> None:
    medium = medium_after(
        Wrote(2, 0, b"new"), Removed(ROOT_INO, b"a"), Synced(ROOT_INO), Wrote(2, 0, b"open still")
    )
    assert names(medium) == {frozenset()}
    assert medium.pending == []
    assert set(medium.sure) == {ROOT_INO}


def test_a_replaced_file_is_the_old_one_or_the_new_one() -> None:
    medium = medium_after(
        Made(3, ROOT_INO, b"a.new", FILE),
        Wrote(3, 0, b"new"),
        Synced(3),
        Renamed(ROOT_INO, b"a.new", ROOT_INO, b"a"),
        data=b"old",
    )
    seen = set()
    for seed in range(CUTS):
        state = medium.random_state(Random(seed))
        seen.add(bytes(state[paths(state)[b"a"]].data))
    assert seen == {b"old", b"new"}


def test_what_is_long_unsynced_is_forgotten_and_counts_as_written() -> None:
    count = 3 * PENDING_OPS_MAX
    medium = Medium(start(data=bytes(count)))
    for at in range(count):
        medium.record(Wrote(2, at, b"x"))
        assert len(medium.writes) <= PENDING_OPS_MAX
    assert bytes(medium.sure[2].data).startswith(b"x" * (count - PENDING_OPS_MAX))


def test_one_seed_is_one_state() -> None:
    medium = medium_after(*[Wrote(2, at * 700, b"x" * 700) for at in range(9)])
    for seed in range(20):
        assert medium.random_state(Random(seed)) == medium.random_state(Random(seed))


def test_a_state_is_independent_of_what_follows() -> None:
    medium = medium_after(Wrote(2, 0, b"new"), Synced(2))
    state = medium.random_state(Random(1))
    medium.record(Wrote(2, 0, b"xyz"))
    medium.record(Synced(2))
    assert bytes(state[2].data) == b"new"


def random_ops(random: Random, count: int, *, failing: bool) -> list[Op]:
    """A program that does everything, on names that are there."""
    tree = start(data=b"o" * 3000)
    ops: list[Op] = []
    for number in range(count):
        files = [ino for ino, node in tree.items() if stat.S_ISREG(node.mode)]
        entries = tree[ROOT_INO].entries
        ino = random.choice(files)
        kinds: list[Op] = [
            Wrote(ino, random.randrange(9000), random.randbytes(random.randrange(1, 6000))),
            Resized(ino, random.randrange(12_000)),
            Synced(ino),
            Synced(ROOT_INO),
            Made(100 + number, ROOT_INO, b"%d" % number, FILE),
            Marked(f"{number}"),
        ]
        if failing:
            data = random.randbytes(random.randrange(1, 6000))
            kinds += [Wrote(ino, random.randrange(9000), data, EIO), Synced(ino, EIO)]
        if entries:
            name = random.choice(sorted(entries))
            kinds += [
                Removed(ROOT_INO, name),
                Renamed(ROOT_INO, name, ROOT_INO, b"to %d" % random.randrange(3)),
            ]
        op = random.choice(kinds)
        if isinstance(op, Renamed) and op.name == op.new_name:
            continue
        apply(tree, op)
        ops.append(op)
    return ops


def test_what_every_state_shows_was_there_at_some_time() -> None:
    """Whatever a program does: a state has names that stood together at one moment, and when
    everything has been synced it is what the program saw."""
    for seed in range(60):
        random = Random(seed)
        failing = bool(seed % 2)
        ops = random_ops(random, 60, failing=failing)
        medium = Medium(start(data=b"o" * 3000))
        live = start(data=b"o" * 3000)
        layouts = [paths(live)]
        for op in ops:
            medium.record(op)
            apply(live, op)
            layouts.append(paths(live))
            assert paths(medium.random_state(random)) in layouts, f"{seed=} {op=}"
        for ino in (ROOT_INO, *paths(live).values()):
            medium.record(Synced(ino))
        state = medium.random_state(random)
        assert paths(state) == paths(live), f"{seed=}"
        if not failing:
            for ino in paths(live).values():
                assert state[ino].data == live[ino].data, f"{seed=} {ino=}"
