"""Rules say which operations go wrong, and the same rules do the same again."""

from __future__ import annotations

import errno

import pytest

from hwsim.power.faults import Fail, Faults, Freeze, Injected, Lie, Rule, Short, Slow, matches

EIO = Fail(errno.EIO)


def met(rule: Rule, count: int, operation: str = "write", path: str = "journal/data.mdb") -> str:
    """What befalls `count` such operations: a point for nothing, an x for something."""
    faults = Faults()
    faults.arm(rule)
    return "".join("x" if faults.meet(operation, path) else "." for _ in range(count))


def test_without_rules_nothing_goes_wrong() -> None:
    faults = Faults()
    assert not faults.any_armed
    assert faults.meet("write", "data.mdb") is None
    assert faults.injected() == ()


def test_a_rule_befalls_its_operation_on_its_file_and_no_other() -> None:
    rule = Rule("write", "data.mdb", EIO)
    assert met(rule, 2) == "xx"
    assert met(rule, 2, operation="sync") == ".."
    assert met(rule, 2, path="journal/lock.mdb") == ".."


def test_a_rule_begins_with_the_nth_operation_and_ends_after_so_many_times() -> None:
    assert met(Rule("write", "*", EIO, nth=3), 6) == "..xxxx"
    assert met(Rule("write", "*", EIO, nth=3, times=2), 6) == "..xx.."
    assert met(Rule("write", "*", EIO, times=1), 3) == "x.."


def test_chance_is_ruled_by_the_seed_and_counted_as_often_as_asked() -> None:
    def by(seed: int) -> str:
        return met(Rule("write", "*", EIO, times=5, probability=0.5, seed=seed), 40)

    assert by(1) == by(1)
    assert by(1) != by(2)
    assert by(1).count("x") == 5
    assert "." in by(1).strip("."), "some in between went well"


@pytest.mark.parametrize(
    ("path", "pattern", "same"),
    [
        ("journal/data.mdb", "data.mdb", True),
        ("journal/data.mdb", "*.mdb", True),
        ("journal/data.mdb", "journal", False),
        ("journal/data.mdb", "journal/*", True),
        ("old/data.mdb", "journal/*", False),
        ("Data.mdb", "data.mdb", False),
        (".", ".", True),
        (".", "*", True),
    ],
)
def test_a_pattern_without_a_slash_stands_for_the_last_part_of_the_path(
    path: str, pattern: str, same: bool
) -> None:
    assert matches(path, pattern) is same


def test_a_mark_is_matched_as_a_whole_whatever_slashes_it_has() -> None:
    rule = Rule("mark", "sale 2/*", Freeze())
    assert met(rule, 1, "mark", "sale 2/3") == "x"
    assert met(rule, 1, "mark", "after sale 2/3") == "."
    assert met(Rule("mark", "3", Freeze()), 1, "mark", "sale 2/3") == "."


def test_of_two_rules_the_first_wins_and_both_count() -> None:
    faults = Faults()
    faults.arm(Rule("write", "*", EIO, times=1))
    faults.arm(Rule("write", "*", Slow(0.1), nth=2))
    assert faults.meet("write", "a") == EIO
    assert faults.meet("write", "a") == Slow(0.1)


def test_what_went_wrong_is_remembered_when_the_rules_are_forgotten() -> None:
    faults = Faults()
    rule = Rule("sync", "data.mdb", Lie(), nth=2)
    faults.arm(rule)
    faults.meet("sync", "journal/data.mdb")
    faults.meet("sync", "journal/data.mdb")
    faults.clear()
    assert faults.meet("sync", "journal/data.mdb") is None
    assert faults.injected() == (Injected(rule, 2, "journal/data.mdb"),)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Rule("fsync", "*", EIO), "no operation is called 'fsync'"),  # type: ignore[arg-type]
        (lambda: Rule("write", "*", EIO, nth=0), "count from 1"),
        (lambda: Rule("write", "*", EIO, times=0), "count from 1"),
        (lambda: Rule("write", "*", EIO, probability=0.0), "probability"),
        (lambda: Rule("write", "*", EIO, probability=1.5), "probability"),
        (lambda: Rule("read", "*", Short(1)), "Short befalls a write, not a read"),
        (lambda: Rule("write", "*", Lie()), "Lie befalls a sync, not a write"),
        (lambda: Rule("mark", "*", EIO), "Fail cannot befall a mark"),
        (lambda: Fail(0), "0 is not an errno"),
        (lambda: Short(0), "at least one byte"),
        (lambda: Slow(-1.0), "above 0"),
        (lambda: Slow(float("nan")), "above 0"),
    ],
)
def test_a_rule_that_could_never_do_what_it_says_is_refused(make: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make()  # type: ignore[operator]
