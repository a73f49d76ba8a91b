"""When a backup is due, which ones may go, and what the till remembers of them. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec.structs import replace

from tillhald.domain import events as ev
from tillhald.domain.backup import (
    BACKUPS_REMEMBERED_MAX,
    BackupBook,
    BackupKind,
    BackupNoted,
    BackupTotals,
    DrillPassed,
)
from tillhald.domain.sale import SaleState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tillhald.domain.state import TillState

DAYS_IN_WEEK = 7
DAYS_IN_MONTH = 30
HOUR_MS = 3_600_000
OWN_RECORDS = 2
"""What a backup leaves in the journal itself: that it was made, and what was removed for it."""
RETRY_MS = 600_000
"""After a try that failed: a stick that was put in again is found within ten minutes."""

_BackupEvent = ev.BackupDone | ev.BackupFailed | ev.RestoreDrillDone | ev.BackupsRemoved


class BackupRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the till makes a backup by itself, and how many it keeps.

    `at_day_close`: a full one once a business day is over. `every_h`: an increment so many hours
    after the last one, if anything happened since; 0 for none. Of full ones, each with the
    increments that follow it, the newest of each of the last `keep_days` business days is kept, of
    the last `keep_weeks` spans of 7 of them, and of the last `keep_months` spans of 30. Days are
    counted by their closes, never by a clock. `drill_every_days`: after a full one, restore it on
    trial once so many business days are over since the last time; 0 for never.
    """

    at_day_close: bool = True
    every_h: int = 0
    drill_every_days: int = 7
    keep_days: int = 7
    keep_weeks: int = 4
    keep_months: int = 12


def totals_of(state: TillState) -> BackupTotals:
    """What this state comes to."""
    book = state.perpetual
    return BackupTotals(
        receipts_given=state.receipts_given,
        sales=book.sales.count,
        sales_minor=book.sales.minor,
        returns=book.returns.count,
        returns_minor=book.returns.minor,
        voids=book.voids.count,
        voids_minor=book.voids.minor,
        days_opened=state.days_opened,
        shifts_opened=state.shifts_opened,
        live_sales=len(state.sales),
        suspended_sales=sum(s.state is SaleState.SUSPENDED for s in state.sales.values()),
        cash_minor=state.shift.cash.expected_minor if state.shift else 0,
    )


def closed_days(state: TillState) -> int:
    """How many business days are over."""
    return state.days_opened - (1 if state.day else 0)


def backed_up_ms(book: BackupBook) -> int | None:
    """When the last backup was made, Unix time; None before there was one."""
    return book.last.made_ms if book.last else None


def proven_ms(book: BackupBook) -> int | None:
    """When a restore was last proven, Unix time; None before there was one."""
    return book.drill.at_ms if book.drill else None


def age_s(since_ms: int | None, now_ms: int) -> float:
    """How long ago it was; infinite if it never was, and 0 by a clock that was set back."""
    return math.inf if since_ms is None else max(0, now_ms - since_ms) / 1000


# --- what the till remembers


def book_after(book: BackupBook, event: _BackupEvent, at_ms: int, over: int) -> BackupBook:
    """The book after one more fact; `at_ms` is its record's clock, `over` the closed days."""
    match event:
        case ev.BackupDone(made=made):
            noted = BackupNoted(
                made=made, made_ms=at_ms, took_ms=event.took_ms, request_id=event.request_id
            )
            known = (*book.known, noted)[-BACKUPS_REMEMBERED_MAX:]
            full = noted if made.kind is BackupKind.FULL else book.full
            return replace(book, known=known, full=full, failing="", failing_since_ms=0)
        case ev.BackupFailed(reason=reason):
            since_ms = book.failing_since_ms if book.failing else at_ms
            return replace(book, failing=reason, failing_since_ms=since_ms)
        case ev.RestoreDrillDone(passed=True):
            passed = DrillPassed(
                backup_id=event.backup_id, last_seq=event.last_seq, at_ms=at_ms, closed_days=over
            )
            return replace(book, drill=passed)
        case ev.RestoreDrillDone():
            return book
        case ev.BackupsRemoved(file_names=names):
            known = tuple(noted for noted in book.known if noted.made.file_name not in names)
            gone = book.full is not None and book.full.made.file_name in names
            return replace(book, known=known, full=None if gone else book.full)


def noted_by_request(book: BackupBook, request_id: str) -> BackupNoted | None:
    """The backup that this request was answered with."""
    found = (noted for noted in book.known if noted.request_id == request_id)
    return next(found, None) if request_id else None


# --- when


class Moment(NamedTuple):
    """The world, for the rules. `up_ms` counts from the daemon's start and never goes back;
    `tried_up_ms` and `done_up_ms` are its values at the last try and at the last success of this
    run, None before there was one."""

    at_ms: int
    up_ms: int
    tried_up_ms: int | None = None
    done_up_ms: int | None = None


def due(rules: BackupRules, state: TillState, now: Moment) -> BackupKind | None:
    """Which backup is to be made now, if any."""
    book = state.backups
    if now.tried_up_ms is not None and now.up_ms - now.tried_up_ms < RETRY_MS:
        failed_last = now.done_up_ms is None or now.done_up_ms < now.tried_up_ms
        if failed_last:
            return None
    over = closed_days(state)
    if rules.at_day_close and over > (book.full.made.closed_days if book.full else 0):
        return BackupKind.FULL
    if not rules.every_h or _hours_passed(book, state, now) < rules.every_h:
        return None
    if book.last and state.seq - book.last.made.last_seq <= OWN_RECORDS:
        return None  # nothing happened but that backup
    return next_kind(book)


def drill_due(rules: BackupRules, state: TillState) -> bool:
    """Whether the full backup that was just made is to be tried."""
    if not rules.drill_every_days:
        return False
    last = state.backups.drill
    return last is None or closed_days(state) - last.closed_days >= rules.drill_every_days


def next_kind(book: BackupBook) -> BackupKind:
    """What can follow: an increment, if there is something for it to go on from."""
    return BackupKind.INCREMENT if book.full and book.last else BackupKind.FULL


def _hours_passed(book: BackupBook, state: TillState, now: Moment) -> float:
    """Since the last backup; by the wall clock only where it can be believed."""
    last = book.last
    since_up_ms = now.up_ms - (now.done_up_ms or 0)
    if last is None or state.clock_suspect:
        return since_up_ms / HOUR_MS
    return max(now.at_ms - last.made_ms, since_up_ms if now.done_up_ms else 0) / HOUR_MS


# --- which ones may go


class Kept(NamedTuple):
    """A backup as it lies on the target. `is_whole`: its trailer was verified."""

    backup_id: str
    kind: BackupKind
    follows: str
    last_seq: int
    closed_days: int
    file_name: str
    is_whole: bool
    incarnation: int = 1
    """After a restore numbers may begin again below those of the history that was lost."""


def sets_of(backups: Sequence[Kept]) -> list[list[Kept]]:
    """Each full one with the increments that follow it, in their order. An increment that follows
    nothing that is there is in no set, nor is what is not whole."""
    whole = sorted(
        (b for b in backups if b.is_whole), key=lambda b: (b.incarnation, b.last_seq, b.backup_id)
    )
    sets: list[list[Kept]] = [[b] for b in whole if b.kind is BackupKind.FULL]
    by_end = {each[0].backup_id: each for each in sets}
    for backup in whole:
        if backup.kind is BackupKind.INCREMENT and (own := by_end.get(backup.follows)) is not None:
            own.append(backup)
            by_end[backup.backup_id] = own
    return sorted(sets, key=lambda each: (each[-1].incarnation, each[-1].last_seq))


def removable(rules: BackupRules, backups: Sequence[Kept]) -> list[Kept]:
    """What may be removed, whole sets only, increments first.

    Never the newest whole set, and nothing that is not whole or is in no set: that is for a person
    to look at. No clock is asked.
    """
    sets = sets_of(backups)
    if not sets:
        return []
    newest_day = sets[-1][0].closed_days
    spans = (
        (1, rules.keep_days),
        (DAYS_IN_WEEK, rules.keep_weeks),
        (DAYS_IN_MONTH, rules.keep_months),
    )
    kept = {id(sets[-1])}
    for length, count in spans:
        newest_of: dict[int, list[Kept]] = {}
        for each in sets:
            newest_of[(newest_day - each[0].closed_days) // length] = each
        kept |= {id(each) for span, each in newest_of.items() if span < count}
    return [backup for each in sets if id(each) not in kept for backup in reversed(each)]
