"""What may account for a difference between the drawer and the books, and what else a day counts.

Noted beside the fact's own effect, while it happens: whoever explains a difference need not read
the journal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from tillhald.domain import events as ev
from tillhald.domain.books import TRACES_MAX, Trace, TraceKind
from tillhald.domain.jobs import JobKind, KickReason, KickState
from tillhald.domain.sale import TenderState
from tillhald.domain.state import TillState


def noted(state: TillState, event: ev.AnyEvent, at_ms: int) -> TillState:
    """`state` after `event`, with what the books note of it beside its own effect."""
    note = _NOTES.get(type(event))
    return state if note is None else note(state, event, at_ms)


def traced(
    state: TillState, kind: TraceKind, at_ms: int, ref: str = "", amount_minor: int = 0
) -> TillState:
    shift = state.shift
    if shift is None:
        return state
    if len(shift.traces) >= TRACES_MAX:
        return replace(state, shift=replace(shift, traces_more=shift.traces_more + 1))
    trace = Trace(kind=kind, at_ms=at_ms, seq=state.seq, ref=ref, amount_minor=amount_minor)
    return replace(state, shift=replace(shift, traces=(*shift.traces, trace)))


def _totals(state: TillState, **more: int) -> TillState:
    """The day's totals with so many more of something."""
    if state.day is None:
        return state
    totals = state.day.totals
    changed = replace(totals, **{name: getattr(totals, name) + n for name, n in more.items()})
    return replace(state, day=replace(state.day, totals=changed))


def _note_cancelled(state: TillState, event: ev.SaleCancelled, at_ms: int) -> TillState:
    sale = next(s for s in state.finished_sales if s.sale_id == event.sale_id)
    if sale.training:
        return state
    state = _totals(state, cancelled=1)
    if not sale.tenders:
        return state
    amount = sum(tender.amount_minor for tender in sale.tenders)
    return traced(state, TraceKind.SALE_CANCELLED, at_ms, sale.sale_id, amount)


def _note_copy(state: TillState, event: ev.JobSubmitted, _at_ms: int) -> TillState:
    if event.kind is JobKind.REPORT and event.copy and not event.copy_of:
        state = replace(state, report_copies=event.copy)
        return _totals(state, copies=1)
    return _totals(state, copies=1) if event.kind is JobKind.RECEIPT_COPY else state


def _note_request(state: TillState, event: ev.DrawerOpenRequested, at_ms: int) -> TillState:
    if event.reason is not KickReason.NO_SALE:
        return state
    return traced(_totals(state, no_sales=1), TraceKind.NO_SALE, at_ms, event.kick_id)


def _note_kick(state: TillState, event: ev.KickEnded, at_ms: int) -> TillState:
    if event.outcome is not KickState.UNKNOWN:
        return state
    return traced(state, TraceKind.KICK_UNKNOWN, at_ms, event.kick_id)


def _note_drawer(state: TillState, event: ev.DrawerOpened, at_ms: int) -> TillState:
    if not event.without_kick:
        return state
    return traced(state, TraceKind.DRAWER_WITHOUT_KICK, at_ms, event.device_id)


def _tender_minor(state: TillState, sale_id: str, tender_id: str) -> int:
    tender = state.sales[sale_id].tender(tender_id)
    return 0 if tender is None else tender.amount_minor


def _note_resolved(state: TillState, event: ev.TenderResolved, at_ms: int) -> TillState:
    kinds = {
        TenderState.UNKNOWN: TraceKind.TENDER_UNKNOWN,
        TenderState.WRITTEN_OFF: TraceKind.TENDER_WRITTEN_OFF,
    }
    kind = kinds.get(event.outcome)
    if kind is None:
        return state
    amount = _tender_minor(state, event.sale_id, event.tender_id)
    return traced(state, kind, at_ms, event.sale_id, amount)


def _note_reversed(state: TillState, event: ev.TenderReversed, at_ms: int) -> TillState:
    amount = _tender_minor(state, event.sale_id, event.tender_id)
    return traced(state, TraceKind.TENDER_REVERSED, at_ms, event.sale_id, amount)


def _note_excepted(state: TillState, event: ev.TenderExcepted, at_ms: int) -> TillState:
    amount = _tender_minor(state, event.sale_id, event.tender_id)
    return traced(state, TraceKind.TENDER_EXCEPTED, at_ms, event.sale_id, amount)


def _note_interrupted(state: TillState, event: ev.SaleInterrupted, at_ms: int) -> TillState:
    amount = state.sales[event.sale_id].approved_minor
    return traced(state, TraceKind.SALE_INTERRUPTED, at_ms, event.sale_id, amount)


def _note_opening(state: TillState, event: ev.OpeningDifferenceFound, at_ms: int) -> TillState:
    amount = event.counted_minor - event.expected_minor
    return traced(state, TraceKind.OPENING_DIFFERENCE, at_ms, event.shift_id, amount)


def _note_count(state: TillState, event: ev.CashCounted, at_ms: int) -> TillState:
    counts = state.shift.counts if state.shift else ()
    if len(counts) < 2:  # noqa: PLR2004 - the first count is none
        return state
    amount = counts[-1].counted_minor - counts[-2].counted_minor
    return traced(state, TraceKind.RECOUNT, at_ms, event.shift_id, amount)


def _note_correction(state: TillState, event: ev.CountCorrected, at_ms: int) -> TillState:
    """In the shift that was corrected: it explains that one's difference, not today's."""
    trace = Trace(
        kind=TraceKind.COUNT_CORRECTED,
        at_ms=at_ms,
        seq=state.seq,
        ref=event.shift_id,
        amount_minor=event.counted_minor - event.before_minor,
    )
    closed = tuple(
        replace(shift, traces=(*shift.traces, trace)[-TRACES_MAX:])
        if shift.shift_id == event.shift_id
        else shift
        for shift in state.closed_shifts
    )
    return replace(state, closed_shifts=closed)


def _note_slip(state: TillState, event: ev.SlipEntered, at_ms: int) -> TillState:
    sale = next(s for s in state.finished_sales if s.sale_id == event.sale_id)
    assert sale.totals is not None, "a completed sale knows its totals"
    return traced(state, TraceKind.BACK_ENTRY, at_ms, sale.sale_id, sale.totals.payable_minor)


def _note_clock(state: TillState, _event: ev.ClockWentBack, at_ms: int) -> TillState:
    state = _totals(state, clock_faults=1)
    return traced(state, TraceKind.CLOCK_WENT_BACK, at_ms)


def _note_start(state: TillState, event: ev.TillStarted, _at_ms: int) -> TillState:
    return replace(state, version=event.version)


# One signature for all of them: what a note does not need it leaves.
_NOTES: dict[type[ev.Event], Callable[[TillState, Any, int], TillState]] = {
    ev.SaleCancelled: _note_cancelled,
    ev.JobSubmitted: _note_copy,
    ev.DrawerOpenRequested: _note_request,
    ev.KickEnded: _note_kick,
    ev.DrawerOpened: _note_drawer,
    ev.TenderResolved: _note_resolved,
    ev.TenderReversed: _note_reversed,
    ev.TenderExcepted: _note_excepted,
    ev.SaleInterrupted: _note_interrupted,
    ev.OpeningDifferenceFound: _note_opening,
    ev.CashCounted: _note_count,
    ev.CountCorrected: _note_correction,
    ev.SlipEntered: _note_slip,
    ev.ClockWentBack: _note_clock,
    ev.TillStarted: _note_start,
}
