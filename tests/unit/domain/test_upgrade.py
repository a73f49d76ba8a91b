"""The stages of an upgrade, what the till remembers of it, and when it begins."""

from __future__ import annotations

import itertools

import pytest
from msgspec.structs import replace

from tests.contract.upgrade_records import PLAN, STAGED
from tillhald.domain import events as ev
from tillhald.domain.backup import BackupTotals
from tillhald.domain.quiet_hours import UNLEARNT, hours_until, is_quiet, learn
from tillhald.domain.upgrade import (
    ARMED_S_MAX,
    ATTEMPTS_MAX,
    CANCELLABLE,
    GOES_ON_S_MAX,
    NEXT,
    OVER,
    RETRY_AT_S_MAX,
    SELLS,
    STAGED_REMEMBERED_MAX,
    Begin,
    Stage,
    Upgrade,
    UpgradeBook,
    When,
    check_step,
    ends_when_refused,
    may_begin,
)
from tillhald.domain.upgrade_book import book_after

ID = PLAN.upgrade_id
WAY = (
    Stage.IDLE,
    Stage.STAGED,
    Stage.ARMED,
    Stage.PREFLIGHT,
    Stage.QUIESCED,
    Stage.BACKED_UP,
    Stage.MIGRATED,
    Stage.SWITCHED,
    Stage.PROBATION,
    Stage.COMMITTED,
)


def test_the_way_to_another_version_is_one_stage_after_the_other() -> None:
    for before, after in itertools.pairwise(WAY):
        assert check_step(before, after) is after
    assert set(NEXT) == set(Stage)


@pytest.mark.parametrize("stage", list(Stage))
def test_an_upgrade_may_be_cancelled_until_the_switch_and_never_after(stage: Stage) -> None:
    before_switch = WAY.index(Stage.ARMED) <= WAY.index(stage) if stage in WAY else False
    before_switch = before_switch and WAY.index(stage) < WAY.index(Stage.SWITCHED)
    assert (stage in CANCELLABLE) == before_switch
    assert (Stage.ABORTED in NEXT[stage]) == (stage in CANCELLABLE)
    assert (Stage.ROLLED_BACK in NEXT[stage]) == (stage in {Stage.SWITCHED, Stage.PROBATION})


def test_selling_stops_between_quiesced_and_committed_alone() -> None:
    stopped = [stage for stage in WAY if stage not in SELLS]
    assert stopped == list(WAY[WAY.index(Stage.QUIESCED) : WAY.index(Stage.COMMITTED)])
    assert OVER <= SELLS


def test_no_stage_is_left_out_and_none_follows_what_it_cannot() -> None:
    for before in Stage:
        for after in set(Stage) - NEXT[before]:
            with pytest.raises(AssertionError):
                check_step(before, after)


def armed() -> UpgradeBook:
    return book_after(UpgradeBook(), ev.UpgradeArmed(plan=PLAN), 1_000)


def begun() -> UpgradeBook:
    return book_after(armed(), ev.UpgradeBegun(upgrade_id=ID, totals=BackupTotals(sales=3)), 2_000)


def test_what_was_staged_is_remembered_and_the_same_version_once() -> None:
    book = UpgradeBook()
    for number in range(STAGED_REMEMBERED_MAX + 3):
        staged = replace(STAGED, slot=f"slot-{number}", request_id=f"r-{number}")
        book = book_after(book, ev.UpgradeStaged(staged=staged), number)
    assert len(book.staged) == STAGED_REMEMBERED_MAX
    again = book_after(book, ev.UpgradeStaged(staged=replace(STAGED, slot="slot-5")), 99)
    assert [each.staged_ms for each in again.staged if each.slot == "slot-5"] == [99]
    assert book.staged_by("r-7") is not None
    assert book.staged_by("r-0") is None


def test_an_upgrade_that_was_begun_has_its_totals_and_counts_how_often() -> None:
    book = begun()
    assert book.current is not None
    assert (book.current.stage, book.current.attempts) == (Stage.QUIESCED, 1)
    assert book.current.totals == BackupTotals(sales=3)
    cut = book_after(book, ev.UpgradeInterrupted(upgrade_id=ID), 3_000)
    assert cut.current is not None
    assert (cut.current.stage, cut.current.attempts) == (Stage.ARMED, 1)


@pytest.mark.parametrize(
    ("event", "stage"),
    [
        (ev.SwitchCommitted(work_id=ID), Stage.COMMITTED),
        (ev.SwitchTakenBack(work_id=ID, why="It crashed."), Stage.ROLLED_BACK),
        (ev.UpgradeAborted(upgrade_id=ID, stage=Stage.QUIESCED, why="Full."), Stage.ABORTED),
    ],
)
def test_an_upgrade_ends_as_it_is_told_and_is_remembered(event: ev.AnyEvent, stage: Stage) -> None:
    book = book_after(begun(), event, 4_000)  # type: ignore[arg-type]
    assert book.current is None
    assert book.last is not None
    assert (book.last.stage, book.last.ended_ms) == (stage, 4_000)
    assert book.find("") is book.last
    assert book.find(ID) is book.last
    assert book.find("another") is None
    assert book.by_request(PLAN.request_id) is book.last


def test_the_switch_of_a_restore_is_none_of_an_upgrades_business() -> None:
    book = begun()
    assert book_after(book, ev.SwitchCommitted(work_id="restore"), 5_000) is book
    assert book_after(UpgradeBook(), ev.SwitchTakenBack(work_id=ID), 5_000) == UpgradeBook()


def test_slots_that_may_be_gone_to_yet_are_wanted_and_no_others() -> None:
    staged = book_after(UpgradeBook(), ev.UpgradeStaged(staged=STAGED), 500)
    assert staged.wanted == {STAGED.slot}
    over = book_after(begun(), ev.SwitchTakenBack(work_id=ID), 4_000)
    assert begun().wanted == {PLAN.slot}, "also while it is cut off"
    assert over.wanted == frozenset()
    again = book_after(over, ev.UpgradeStaged(staged=STAGED), 5_000)
    assert again.wanted == {STAGED.slot}, "staged again after it was taken back"


def waiting(when: When, *, at_ms: int = 0, attempts: int = 0, begun_ms: int = 0) -> Upgrade:
    plan = replace(PLAN, when=when, at_ms=at_ms)
    return Upgrade(plan=plan, armed_ms=1_000, attempts=attempts, begun_ms=begun_ms)


LATE_MS = (GOES_ON_S_MAX + 1) * 1000


@pytest.mark.parametrize(
    ("upgrade", "now_ms", "quiet", "begin"),
    [
        (waiting(When.NOW), 1_000, False, Begin.TRY),
        (waiting(When.QUIET), 1_000, False, Begin.WAIT),
        (waiting(When.QUIET), 1_000, True, Begin.TRY),
        (waiting(When.AT, at_ms=5_000), 4_999, True, Begin.WAIT),
        (waiting(When.AT, at_ms=5_000), 5_000, False, Begin.TRY),
        (waiting(When.AT, at_ms=5_000), 6_000 + RETRY_AT_S_MAX * 1000, False, Begin.WAIT),
        (waiting(When.AT, at_ms=5_000), 6_000 + RETRY_AT_S_MAX * 1000, True, Begin.TRY),
        # Cut off: soon after it goes on; a till that was dark for hours wants to sell first.
        (waiting(When.NOW, attempts=1, begun_ms=2_000), 3_000, False, Begin.TRY),
        (waiting(When.NOW, attempts=1, begun_ms=2_000), 2_000 + LATE_MS, False, Begin.WAIT),
        (waiting(When.NOW, attempts=1, begun_ms=2_000), 2_000 + LATE_MS, True, Begin.TRY),
        (waiting(When.NOW, attempts=ATTEMPTS_MAX), 3_000, True, Begin.GIVE_UP),
        (waiting(When.QUIET), 2_000 + ARMED_S_MAX * 1000, True, Begin.GIVE_UP),
        # A clock that went back.
        (waiting(When.QUIET), -(10**9), False, Begin.WAIT),
    ],
)
def test_an_upgrade_begins_when_it_was_asked_to(
    upgrade: Upgrade, now_ms: int, quiet: bool, begin: Begin
) -> None:
    assert may_begin(upgrade, now_ms, is_quiet=quiet) is begin


def test_only_who_said_now_is_told_at_once_that_something_is_in_the_way() -> None:
    assert [ends_when_refused(waiting(when)) for when in When] == [True, False, False]
    assert not ends_when_refused(waiting(When.NOW, attempts=1)), "it was cut off, and waits"


def test_quiet_hours_are_those_in_which_little_happens() -> None:
    deeds = [0] * 24
    deeds[9:20] = [100, 120, 90, 200, 80, 60, 70, 90, 110, 60, 9]
    quiet = learn(deeds)
    assert quiet.is_learnt
    assert quiet.hours == {*range(9), 19, *range(20, 24)}
    assert hours_until(quiet, 12) == 7
    assert hours_until(quiet, 3) == 0
    assert is_quiet(quiet, 3, idle_s=300)
    assert not is_quiet(quiet, 3, idle_s=299), "somebody is at the till"
    assert not is_quiet(quiet, 12, idle_s=10_000)


def test_a_shop_that_is_never_quiet_has_least_busy_hours_and_a_young_one_the_night() -> None:
    deeds = [50] * 24
    deeds[4] = 40
    assert learn(deeds).hours == {4}
    assert learn([0] * 24).hours == UNLEARNT
    assert not learn([8] * 24).is_learnt
