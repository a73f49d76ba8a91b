"""When a backup is due, and which ones may go."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from tillhald.domain import events as ev
from tillhald.domain.backup import BackupBook, BackupKind, BackupMade
from tillhald.domain.backup_rules import (
    HOUR_MS,
    RETRY_MS,
    BackupRules,
    Kept,
    Moment,
    age_s,
    backed_up_ms,
    book_after,
    drill_due,
    due,
    proven_ms,
    removable,
    sets_of,
)
from tillhald.domain.state import Day, TillState

if TYPE_CHECKING:
    from collections.abc import Sequence

FULL, INCREMENT = BackupKind.FULL, BackupKind.INCREMENT
SEED = 20_261_122
DAYS = 400


def done(name: str, kind: BackupKind, last_seq: int, over: int = 0) -> ev.BackupDone:
    made = BackupMade(
        backup_id=name,
        kind=kind,
        file_name=f"{name}.tbk",
        first_seq=1,
        last_seq=last_seq,
        head_hash="",
        size_bytes=1,
        closed_days=over,
    )
    return ev.BackupDone(made=made, target="/stick")


def till(*facts: ev.BackupDone, seq: int, days: int = 1, day_open: bool = True) -> TillState:
    """A till that is in its `days`-th business day; each backup was made at hour 0."""
    book = BackupBook()
    for fact in facts:
        book = book_after(book, fact, 0, 0)
    day = Day(business_day="2026-01-01", day_number=days, opened_ms=0, first_seq=1, first_receipt=1)
    return TillState(seq=seq, days_opened=days, day=day if day_open else None, backups=book)


def test_a_day_that_is_over_calls_for_a_full_backup_once() -> None:
    rules = BackupRules()
    now = Moment(at_ms=0, up_ms=0)
    assert due(rules, till(seq=10), now) is None
    assert due(rules, till(seq=10, day_open=False), now) is FULL
    backed_up = done("a", FULL, 10, over=1)
    assert due(rules, till(backed_up, seq=12, day_open=False), now) is None
    assert due(rules, till(backed_up, seq=90, days=2), now) is None
    assert due(rules, till(backed_up, seq=90, days=3), now) is FULL
    assert due(replace(rules, at_day_close=False), till(seq=10, day_open=False), now) is None


def test_an_increment_is_due_after_so_many_hours_in_which_something_happened() -> None:
    rules = BackupRules(every_h=4)
    backed_up = done("a", FULL, 10)
    later = Moment(at_ms=4 * HOUR_MS, up_ms=1)
    assert due(rules, till(backed_up, seq=20), later) is INCREMENT
    assert due(rules, till(backed_up, seq=12), later) is None
    assert due(rules, till(backed_up, seq=20), later._replace(at_ms=4 * HOUR_MS - 1)) is None
    assert due(rules, till(seq=20), Moment(at_ms=0, up_ms=4 * HOUR_MS)) is FULL


def test_a_suspect_clock_is_not_asked() -> None:
    rules = BackupRules(every_h=4)
    state = replace(till(done("a", FULL, 10), seq=20), clock_suspect=True)
    assert due(rules, state, Moment(at_ms=10**15, up_ms=1)) is None
    assert due(rules, state, Moment(at_ms=0, up_ms=4 * HOUR_MS)) is INCREMENT


def test_after_a_failure_the_next_try_waits() -> None:
    rules, state = BackupRules(), till(seq=10, day_open=False)
    tried = Moment(at_ms=0, up_ms=RETRY_MS - 1, tried_up_ms=0)
    assert due(rules, state, tried) is None
    assert due(rules, state, tried._replace(up_ms=RETRY_MS)) is FULL
    assert due(rules, state, tried._replace(done_up_ms=0)) is FULL


def test_a_drill_is_due_by_closed_days() -> None:
    rules = BackupRules(drill_every_days=7)
    state = till(seq=10, days=10)
    assert drill_due(rules, state)
    passed = ev.RestoreDrillDone(backup_id="a", last_seq=9, passed=True)
    failed = ev.RestoreDrillDone(backup_id="a", last_seq=9, passed=False)
    for over, is_due in ((3, False), (2, True)):
        book = book_after(state.backups, passed, 0, over)
        assert drill_due(rules, replace(state, backups=book)) is is_due
    assert drill_due(rules, replace(state, backups=book_after(state.backups, failed, 0, 9)))
    assert not drill_due(replace(rules, drill_every_days=0), state)


def test_the_book_tells_since_when_backups_fail() -> None:
    book = BackupBook()
    for at_ms, reason in ((1, "A"), (2, "B")):
        book = book_after(book, ev.BackupFailed(reason=reason, message=""), at_ms, 0)
    assert (book.failing, book.failing_since_ms) == ("B", 1)
    book = book_after(book, done("a", FULL, 1), 3, 0)
    assert (book.failing, book.failing_since_ms) == ("", 0)
    assert book.full == book.last
    book = book_after(book, ev.BackupsRemoved(file_names=("a.tbk",)), 4, 0)
    assert (book.full, book.last) == (None, None)


# --- which ones may go


def kept(name: str, day: int, *, follows: str = "", seq: int = 0, whole: bool = True) -> Kept:
    kind = INCREMENT if follows else FULL
    return Kept(name, kind, follows, seq or day, day, f"{name}.tbk", whole)


def names(backups: Sequence[Kept]) -> list[str]:
    return [backup.backup_id for backup in backups]


def test_of_a_year_the_newest_of_each_span_stays() -> None:
    rules = BackupRules(keep_days=7, keep_weeks=4, keep_months=12)
    every = [kept(f"d{day}", day) for day in range(1, DAYS + 1)]
    gone = set(names(removable(rules, every)))
    left = [int(b.backup_id[1:]) for b in every if b.backup_id not in gone]
    assert left[-7:] == list(range(DAYS - 6, DAYS + 1))
    assert {DAYS - 7, DAYS - 14, DAYS - 21} <= set(left)
    assert {DAYS - 30 * month for month in range(12)} <= set(left)
    assert len(left) == len(
        {*range(DAYS - 6, DAYS + 1)}
        | {DAYS - 7 * n for n in range(4)}
        | {DAYS - 30 * n for n in range(12)}
    )


def test_a_base_goes_only_with_its_increments_and_those_first() -> None:
    rules = BackupRules(keep_days=1, keep_weeks=0, keep_months=0)
    backups = [
        kept("a", 1),
        kept("a1", 1, follows="a", seq=2),
        kept("a2", 1, follows="a1", seq=3),
        kept("b", 5, seq=9),
        kept("b1", 5, follows="b", seq=10),
    ]
    assert [names(each) for each in sets_of(backups)] == [["a", "a1", "a2"], ["b", "b1"]]
    assert names(removable(rules, backups)) == ["a2", "a1", "a"]


def test_what_is_not_whole_or_belongs_to_nothing_is_left_for_a_person() -> None:
    rules = BackupRules(keep_days=1, keep_weeks=0, keep_months=0)
    backups = [kept("half", 1, whole=False), kept("x1", 1, follows="x"), kept("b", 5)]
    assert removable(rules, backups) == []
    assert removable(rules, []) == []


@pytest.mark.parametrize("seed", range(SEED, SEED + 200))
def test_the_newest_whole_set_is_never_removed_whatever_lies_there(seed: int) -> None:
    choose = random.Random(seed)
    backups: list[Kept] = []
    day = 0
    for number in range(choose.randrange(1, 40)):
        day += choose.choice((0, 0, 1, 1, 5, 40))
        follows = choose.choice(["", "", backups[-1].backup_id if backups else ""])
        whole = choose.random() < 0.9
        backups.append(kept(f"n{number}", day, follows=follows, seq=number + 1, whole=whole))
    choose.shuffle(backups)
    rules = BackupRules(
        keep_days=choose.randrange(1, 9),
        keep_weeks=choose.randrange(6),
        keep_months=choose.randrange(15),
    )
    gone = removable(rules, backups)
    sets = sets_of(backups)
    assert not sets or not set(gone) & set(sets[-1])
    assert all(backup.is_whole for backup in gone)
    # What stays can be restored: no base went without its increments.
    left = [b for b in backups if b not in gone]
    assert [names(s) for s in sets_of(left)] == [names(s) for s in sets if not set(s) & set(gone)]
    assert all(set(s) <= set(gone) for s in sets if set(s) & set(gone))


def test_what_never_was_is_infinitely_long_ago_and_a_clock_set_back_makes_nothing_young() -> None:
    book = BackupBook()
    assert age_s(backed_up_ms(book), 1_000) == age_s(proven_ms(book), 1_000) == math.inf
    made = BackupMade(
        backup_id="b", kind=FULL, file_name="b", first_seq=1, last_seq=1, head_hash="", size_bytes=0
    )
    book = book_after(book, ev.BackupDone(made=made, target=""), 1_000, 0)
    assert age_s(backed_up_ms(book), 3_500) == 2.5
    assert proven_ms(book) is None
    passed = ev.RestoreDrillDone(backup_id="b", last_seq=1, passed=True)
    book = book_after(book, passed, 2_000, 0)
    assert age_s(proven_ms(book), 2_000) == 0
    assert age_s(proven_ms(book), 1_000) == 0


def test_after_a_restore_the_new_history_is_the_newest_though_its_numbers_are_lower() -> None:
    lost = Kept("lost", BackupKind.FULL, "", 900, 9, "lost.tbk", is_whole=True)
    new = Kept("new", BackupKind.FULL, "", 500, 5, "new.tbk", is_whole=True, incarnation=2)
    assert [each[0].backup_id for each in sets_of([new, lost])] == ["lost", "new"]
