"""What facts do to the shop's books: the shift, the day, their totals.

Total, as all of `evolve`: replay never refuses.
"""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from tillhald.domain import events as ev
from tillhald.domain.books import (
    COUNTS_KEPT_MAX,
    SHIFTS_A_DAY_MAX,
    Count,
    Day,
    DayTotals,
    DrawerCash,
    Movement,
    MovementKind,
    Shift,
    ShiftState,
    Tally,
    TraceKind,
)
from tillhald.domain.sale import Sale, SaleKind, SaleState
from tillhald.domain.state import TillState
from tillhald.domain.tally import perpetual_plus, shift_plus, totals_minus, totals_plus
from tillhald.domain.traces import traced

BookEvent = (
    ev.DayOpened
    | ev.DayClosed
    | ev.ShiftOpened
    | ev.OpeningDifferenceFound
    | ev.ShiftLocked
    | ev.ShiftUnlocked
    | ev.CashMoved
    | ev.ShiftEnded
    | ev.CashCounted
    | ev.ShiftClosed
    | ev.OverShortFound
    | ev.ShiftHandedOver
    | ev.CountCorrected
    | ev.TenderExcepted
    | ev.ReportTaken
)

_FIELD_OF_MOVEMENT = {
    MovementKind.LOAN: "loans_minor",
    MovementKind.PICKUP: "pickups_minor",
    MovementKind.PAID_IN: "paid_in_minor",
    MovementKind.PAID_OUT: "paid_out_minor",
    MovementKind.SAFE_DROP: "drops_minor",
}


def books_after(state: TillState, event: BookEvent, at_ms: int) -> TillState:
    """The state after a fact about the day or a shift."""
    match event:
        case ev.DayOpened():
            day = Day(
                business_day=event.business_day,
                day_number=event.day_number,
                opened_ms=at_ms,
                first_seq=state.seq,
                first_receipt=state.receipts_given + 1,
            )
            return replace(state, day=day, days_opened=event.day_number)
        case ev.DayClosed(report=report):
            return replace(state, day=None, zs_given=report.z_number, finished_day=report)
        case ev.ShiftOpened():
            return replace(
                state, shift=_opened(state, event, at_ms), shifts_opened=event.shift_number
            )
        case ev.ShiftClosed():
            return _closed(state, event, at_ms)
        case ev.ShiftHandedOver():
            return _handed_over(state, event)
        case ev.CountCorrected():
            return _corrected(state, event)
        case ev.OverShortFound(expected_minor=expected, counted_minor=counted):
            return _with_difference(state, counted - expected)
        case ev.TenderExcepted():
            return _excepted(state, event, at_ms)
        case ev.ReportTaken():
            return state
        case (
            ev.OpeningDifferenceFound()
            | ev.ShiftLocked()
            | ev.ShiftUnlocked()
            | ev.CashMoved()
            | ev.ShiftEnded()
            | ev.CashCounted()
        ):
            assert state.shift is not None, f"{event.shift_id} is not open"
            after = replace(state, shift=_shift_after(state.shift, event, at_ms, state.seq))
            return _count_movement(after, event)
        case _:
            assert_never(event)


# --- shifts


def _opened(state: TillState, event: ev.ShiftOpened, at_ms: int) -> Shift:
    day = state.day
    return Shift(
        shift_id=event.shift_id,
        shift_number=event.shift_number,
        operator=event.operator,
        opened_ms=at_ms,
        implicit=event.implicit,
        training=event.training,
        opened_by=event.opened_by,
        handed_from=event.handed_from,
        opening_expected_minor=event.expected_float_minor,
        business_day=day.business_day if day else "",
        day_number=day.day_number if day else 0,
        base=day.totals if day else DayTotals(),
        cash=DrawerCash(float_minor=event.float_minor),
    )


_OnShift = (
    ev.OpeningDifferenceFound
    | ev.ShiftLocked
    | ev.ShiftUnlocked
    | ev.CashMoved
    | ev.ShiftEnded
    | ev.CashCounted
)


def _shift_after(shift: Shift, event: _OnShift, at_ms: int, seq: int) -> Shift:
    version = shift.version + 1
    match event:
        case ev.OpeningDifferenceFound():
            return shift  # it is part of the opening
        case ev.ShiftLocked():
            return replace(shift, version=version, state=ShiftState.LOCKED)
        case ev.ShiftUnlocked():
            return replace(shift, version=version, state=ShiftState.OPEN)
        case ev.ShiftEnded():
            return replace(shift, version=version, state=ShiftState.ENDED, ended_ms=at_ms)
        case ev.CashMoved(kind=kind, amount_minor=amount):
            name = _FIELD_OF_MOVEMENT[kind]
            cash = replace(shift.cash, **{name: getattr(shift.cash, name) + amount})
            moved = shift.moved_since_minor + (amount if kind.is_in else -amount)
            since = moved if shift.counts else 0
            return replace(
                shift,
                version=version,
                cash=cash,
                moved_since_minor=since,
                last_movement=Movement(
                    movement_id=event.movement_id,
                    shift_id=event.shift_id,
                    kind=kind,
                    amount_minor=amount,
                    at_ms=at_ms,
                    seq=seq,
                    operator=event.operator,
                    reason=event.reason,
                ),
            )
        case ev.CashCounted():
            count = Count(
                counted_minor=event.counted_minor,
                number=shift.counts[-1].number + 1 if shift.counts else 1,
                at_ms=at_ms,
                counted_by=event.counted_by,
                denominations=event.denominations,
            )
            counts = (*shift.counts, count)[-COUNTS_KEPT_MAX:]
            return replace(shift, version=version, counts=counts, moved_since_minor=0)
        case _:
            assert_never(event)


def _closed(state: TillState, event: ev.ShiftClosed, at_ms: int) -> TillState:
    shift = state.shift
    assert shift is not None, f"{event.shift_id} is closed, and none was open"
    totals = state.day.totals if state.day else shift.base
    closed = replace(
        shift,
        state=ShiftState.CLOSED,
        version=shift.version + 1,
        closed_ms=at_ms,
        closed_seq=state.seq,
        totals=totals_minus(totals, shift.base),
        base=DayTotals(),
    )
    return replace(
        state,
        shift=None,
        closed_shifts=(*state.closed_shifts, closed)[-SHIFTS_A_DAY_MAX:],
        # In training nobody touches the drawer.
        drawer_left_minor=state.drawer_left_minor if shift.training else closed.left_minor,
    )


def _handed_over(state: TillState, event: ev.ShiftHandedOver) -> TillState:
    closed = tuple(
        replace(shift, handed_to=event.to_operator)
        if shift.shift_id == event.from_shift_id
        else shift
        for shift in state.closed_shifts
    )
    sales = {key: replace(sale, shift_id=event.to_shift_id) for key, sale in state.sales.items()}
    return replace(state, closed_shifts=closed, sales=sales)


def _corrected(state: TillState, event: ev.CountCorrected) -> TillState:
    """The shift's record says so from now on; the day that is open counts the difference."""
    changed = event.counted_minor - event.before_minor
    closed = tuple(
        replace(shift, version=shift.version + 1, corrected_minor=event.counted_minor)
        if shift.shift_id == event.shift_id
        else shift
        for shift in state.closed_shifts
    )
    left = state.drawer_left_minor
    is_last = state.shift is None and closed[-1].shift_id == event.shift_id
    if is_last and left is not None:
        left += changed
    state = replace(state, closed_shifts=closed, drawer_left_minor=left)
    if state.day is not None:
        totals = replace(state.day.totals, corrections=state.day.totals.corrections + 1)
        state = replace(state, day=replace(state.day, totals=totals))
    return _with_difference(state, changed)


def _with_difference(state: TillState, minor: int) -> TillState:
    if state.day is None or not minor:
        return state
    totals = replace(state.day.totals, differences=state.day.totals.differences.plus(minor))
    return replace(state, day=replace(state.day, totals=totals))


def _count_movement(state: TillState, event: _OnShift) -> TillState:
    if state.day is None or not isinstance(event, ev.CashMoved):
        return state
    totals = state.day.totals
    name = event.kind.value
    movements = {
        **totals.movements,
        name: totals.movements.get(name, Tally()).plus(event.amount_minor),
    }
    return replace(state, day=replace(state.day, totals=replace(totals, movements=movements)))


def _excepted(state: TillState, event: ev.TenderExcepted, at_ms: int) -> TillState:
    sale = state.sales[event.sale_id]
    tenders = tuple(
        replace(tender, excepted=True) if tender.tender_id == event.tender_id else tender
        for tender in sale.tenders
    )
    sale = replace(
        sale,
        tenders=tenders,
        state=SaleState.INTERRUPTED,
        version=sale.version + 1,
        updated_ms=at_ms,
        seq=state.seq,
    )
    return replace(state, sales={**state.sales, sale.sale_id: sale})


# --- sales


def belongs_now(state: TillState, sale: Sale) -> Sale:
    """A sale that is completed belongs to the day and the shift that are open then.

    One from a paper slip was begun on the day that stands on the slip.
    """
    business_day = state.day.business_day if state.day else ""
    shift_id = state.shift.shift_id if state.shift else ""
    begun = (sale.slip.paper_day if sale.slip else "") or sale.business_day
    if begun == business_day and sale.shift_id == shift_id:
        return sale
    original = "" if begun == business_day else begun
    return replace(
        sale, business_day=business_day, shift_id=shift_id, original_business_day=original
    )


def books_plus(state: TillState, sale: Sale, at_ms: int) -> TillState:
    """What a completed sale adds to shift, day and perpetual totals."""
    day = state.day
    if sale.training:
        assert sale.totals is not None, "a completed sale knows its totals"
        if day is not None:
            training = day.totals.training.plus(sale.totals.payable_minor)
            day = replace(day, totals=replace(day.totals, training=training))
        return replace(state, trainings_given=sale.receipt_number, day=day)
    state = replace(
        state,
        receipts_given=sale.receipt_number,
        shift=shift_plus(state.shift, sale),
        day=day and replace(day, totals=totals_plus(day.totals, sale)),
        perpetual=perpetual_plus(state.perpetual, sale),
    )
    if sale.kind is SaleKind.VOID:
        amount = sale.totals.payable_minor if sale.totals else 0
        return traced(state, TraceKind.SALE_VOIDED, at_ms, sale.sale_id, amount)
    return state
