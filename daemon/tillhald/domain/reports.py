"""X, Z and a shift's account, made from the state alone: no replay, however many sales."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tillhald.domain.books import (
    DayReport,
    ExceptedTender,
    OutageNote,
    Shift,
    ShiftReport,
    ShiftState,
    Trace,
)
from tillhald.domain.sale import SaleState
from tillhald.domain.state import TillState
from tillhald.domain.tally import totals_minus

ASIDE = frozenset({SaleState.SUSPENDED, SaleState.INTERRUPTED})


def shift_report(shift: Shift, state: TillState) -> ShiftReport:
    """What `shift` came to, or has come to so far. What was expected stands in its cash."""
    totals = shift.totals
    if shift.state is not ShiftState.CLOSED and state.day is not None:
        totals = totals_minus(state.day.totals, shift.base)
    return ShiftReport(
        shift_id=shift.shift_id,
        shift_number=shift.shift_number,
        operator=shift.operator,
        opened_ms=shift.opened_ms,
        state=shift.state,
        implicit=shift.implicit,
        training=shift.training,
        ended_ms=shift.ended_ms,
        closed_ms=shift.closed_ms,
        cash=shift.cash,
        opening_expected_minor=shift.opening_expected_minor,
        counted_minor=shift.counted_minor,
        left_minor=shift.left_minor,
        over_short_minor=shift.over_short_minor,
        corrected=shift.corrected_minor is not None,
        handed_to=shift.handed_to,
        totals=totals,
    )


def day_report(state: TillState, at_ms: int, *, last_seq: int, z_number: int = 0) -> DayReport:
    """The day that is open, as it stands after record `last_seq`; without a `z_number` an X."""
    day = state.day
    assert day is not None, "a report is of the day that is open"
    shifts = [shift for shift in state.closed_shifts if shift.day_number == day.day_number]
    if state.shift is not None:
        shifts.append(state.shift)
    sold = state.receipts_given >= day.first_receipt
    return DayReport(
        z_number=z_number,
        business_day=day.business_day,
        day_number=day.day_number,
        opened_ms=day.opened_ms,
        at_ms=at_ms,
        first_seq=day.first_seq,
        last_seq=last_seq,
        first_receipt=day.first_receipt if sold else 0,
        last_receipt=state.receipts_given if sold else 0,
        totals=day.totals,
        perpetual=state.perpetual,
        shifts=tuple(shift_report(shift, state) for shift in shifts),
        carried=sum(s.state in ASIDE and not s.training for s in state.sales.values()),
        exceptions=tuple(exceptions(state)),
        outages=tuple(
            OutageNote(outage_id=outage.outage_id, began_ms=outage.began_ms, seconds=outage.seconds)
            for outage in state.power.outages
            if outage.is_open or outage.began_ms + outage.seconds * 1000 >= day.opened_ms
        ),
        version=state.version,
    )


def exceptions(state: TillState) -> Iterator[ExceptedTender]:
    """The list of exceptions: tenders that nobody knows the outcome of, until somebody does."""
    for sale in state.sales.values():
        for tender in sale.tenders:
            if tender.excepted and tender.is_unresolved:
                yield ExceptedTender(
                    sale_id=sale.sale_id,
                    tender_id=tender.tender_id,
                    type=tender.type,
                    amount_minor=tender.amount_minor,
                    business_day=sale.business_day,
                )


class Explained(NamedTuple):
    """What may account for a difference; `fits` says that its amount is exactly the difference."""

    trace: Trace
    fits: bool


def explain(shift: Shift) -> list[Explained]:
    """What may account for the difference of a shift that is closed; what fits comes first."""
    difference = shift.over_short_minor or 0
    found = [
        Explained(trace, bool(difference) and abs(trace.amount_minor) == abs(difference))
        for trace in shift.traces
    ]
    return sorted(found, key=lambda each: not each.fits)
