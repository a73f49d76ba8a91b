"""Reads of days and shifts, of what is open and of what has long been closed."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain.book_rows import (
    decode_movement,
    decode_report,
    decode_shift,
    movement_key,
    movements_key,
    number_key,
    z_key,
)
from tillhald.domain.books import ShiftState
from tillhald.domain.jobs import ReportKind
from tillhald.domain.reports import shift_report

if TYPE_CHECKING:
    from tillhald.domain.books import Day, DayReport, Movement, Shift
    from tillhald.journal.store import Store
    from tillhald.service.till import Clock, Till

MOVEMENTS_LISTED_MAX = 500
NEVER = 1 << 63
"""The number of the record that has not closed a shift yet."""
HOUR_MS, MINUTE_MS = 3_600_000, 60_000


def is_over_midnight(day: Day, clock: Clock) -> bool:
    """Whether the date is a later one than the day's."""
    return clock.today(clock.wall_ms()) > day.business_day


def is_overdue(day: Day, overdue_at: str, clock: Clock) -> bool:
    """Whether it is `overdue_at` ("HH:MM") or later on the next date; never if that is empty."""
    if not overdue_at:
        return False
    hours, _, minutes = overdue_at.partition(":")
    before_ms = int(hours) * HOUR_MS + int(minutes) * MINUTE_MS
    return clock.today(clock.wall_ms() - before_ms) > day.business_day


class Books:
    """What is asked of them must be on disk: ask only after `Till.caught_up`."""

    def __init__(self, till: Till, store: Store) -> None:
        self._till = till
        self._store = store

    def shift(self, number: int) -> Shift:
        """Raises ShiftNotFound."""
        current = self._till.state.shift
        if current is not None and current.shift_number == number:
            return current
        stored = self._store.get("shifts", number_key(number)) if number else None
        if stored is None:
            raise errors.ShiftNotFound("There is no such shift.", shift_number=number)
        return decode_shift(stored)

    def closed_shift(self, number: int) -> Shift:
        """Raises ShiftNotFound, ShiftStateWrong."""
        shift = self.shift(number)
        if shift.state is not ShiftState.CLOSED:
            sentence = "The shift is not closed yet."
            raise errors.ShiftStateWrong(
                sentence,
                shift_id=shift.shift_id,
                state=shift.state.value,
                version=shift.version,
            )
        return shift

    def movements(self, shift: Shift) -> list[Movement]:
        """Those of a shift, oldest first, at most MOVEMENTS_LISTED_MAX."""
        listed = self._store.scan(
            "shifts", prefix=movements_key(shift.shift_number), limit=MOVEMENTS_LISTED_MAX
        )
        found = (self._store.get("shifts", movement_key(name.decode())) for _, name in listed)
        return [decode_movement(stored) for stored in found if stored is not None]

    def z(self, z_number: int) -> DayReport:
        """Raises DayNotFound."""
        stored = self._store.get("days", z_key(z_number)) if z_number else None
        if stored is None:
            raise errors.DayNotFound("There is no such Z.", z_number=z_number)
        return decode_report(stored)

    def retold(self, seq: int, kind: ReportKind) -> tuple[ev.Record, ReportKind]:
        """What record `seq` told of a day or a shift that was closed, from the rows.

        For a record in a file that was put aside when it failed: the rows came along. Of a handover
        the slip of the closed shift is left. Raises DayNotFound, ShiftNotFound.
        """
        if kind is ReportKind.Z:
            zs = range(1, self._till.state.zs_given + 1)
            z = self.z(1 + bisect_left(zs, seq, key=lambda number: self.z(number).last_seq))
            return ev.Record(wall_ms=z.at_ms, events=(ev.DayClosed(report=z),)), kind
        shifts = range(1, self._till.state.shifts_opened + 1)
        at = bisect_left(shifts, seq, key=lambda number: self.shift(number).closed_seq or NEVER)
        shift = self.closed_shift(at + 1)
        closed = ev.ShiftClosed(
            shift_id=shift.shift_id, report=shift_report(shift, self._till.state)
        )
        return ev.Record(wall_ms=shift.closed_ms, events=(closed,)), ReportKind.SHIFT

    def chain_head(self, last_seq: int) -> bytes:
        """The hash of the record that closed a day; empty where it was lost, or is in the spill."""
        stored = self._store.record(last_seq)
        return stored.hash if stored is not None else b""
