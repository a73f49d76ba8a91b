"""What the business day allows: how it is opened, what keeps it open, and its Z."""

from __future__ import annotations

import datetime
import functools
from typing import assert_never

from tillhald.domain import commands as cmd
from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain.decide_shift import closing_facts, refuse_under_way, report_job
from tillhald.domain.evolve import evolve
from tillhald.domain.jobs import LIVE_JOBS_MAX, JobKind, ReportKind
from tillhald.domain.reports import ASIDE, day_report
from tillhald.domain.rules import ShopRules, SuspendedAtClose
from tillhald.domain.sale import Sale, SaleState, TenderState, live_sale
from tillhald.domain.state import TillState
from tillhald.domain.traces import noted

DAYS_OFF_MAX = 1
"""How far a business day may be from the date: shops are open over midnight."""


def decide_day(
    state: TillState, rules: ShopRules, command: cmd.DayCommand, now: cmd.Now
) -> list[ev.AnyEvent]:
    """The facts that `command` makes. Raises Refused."""
    match command:
        case cmd.OpenDay():
            return [_open(state, command, now)]
        case cmd.CloseDay():
            return _close(state, rules, command, now)
        case cmd.ExceptTender():
            return [_except(state, command, now)]
        case cmd.PrintReport():
            return _print(state, rules, command, now)
        case _:
            assert_never(command)


def _open(state: TillState, command: cmd.OpenDay, now: cmd.Now) -> ev.DayOpened:
    if state.day is not None:
        sentence = "A business day is open already; close it first."
        raise errors.DayStateWrong(
            sentence, business_day=state.day.business_day, day_number=state.day.day_number
        )
    business_day = command.business_day or now.today
    if abs(_date(business_day) - _date(now.today)).days > DAYS_OFF_MAX:
        sentence = f"The business day is today's date, or {DAYS_OFF_MAX} day from it."
        raise errors.FieldInvalid("business_day", sentence, today=now.today)
    return ev.DayOpened(business_day=business_day, day_number=state.days_opened + 1)


def _date(day: str) -> datetime.date:
    return datetime.date.fromisoformat(day)


# --- closing


def _close(
    state: TillState, rules: ShopRules, command: cmd.CloseDay, now: cmd.Now
) -> list[ev.AnyEvent]:
    day = state.day
    if day is None:
        raise errors.DayNotOpen("No business day is open.")
    if day.day_number != command.day_number:
        raise errors.VersionConflict(
            "Another business day is open than the one that was meant.",
            expected_version=command.day_number,
            version=day.day_number,
            business_day=day.business_day,
        )
    shift = state.shift
    if shift is not None and not shift.implicit:
        raise errors.ShiftStateWrong(
            "The shift must be closed before the day.",
            shift_id=shift.shift_id,
            state=shift.state.value,
            version=shift.version,
        )
    refuse_under_way(state)
    facts: list[ev.AnyEvent] = []
    for sale in state.sales.values():
        facts += _at_close(sale, rules.suspended)
    if shift is not None:
        # Nobody opened it, so nobody need count it; if somebody did, the count stands.
        facts += closing_facts(state, shift, now.at_ms)
    z_number = state.zs_given + 1
    after = functools.reduce(
        lambda so_far, fact: noted(evolve(so_far, fact, now.at_ms), fact, now.at_ms), facts, state
    )
    seq = state.seq + 1
    report = day_report(after, now.at_ms, last_seq=seq, z_number=z_number)
    return [
        *facts,
        ev.DayClosed(report=report),
        *report_job(state, rules, ReportKind.Z, f"z/{z_number}"),
    ]


def _at_close(sale: Sale, policy: SuspendedAtClose) -> list[ev.AnyEvent]:
    """What becomes of a sale that is put aside. Raises TenderUnresolved, OpenSalesExist."""
    if sale.state not in ASIDE:
        return []
    unresolved = [tender for tender in sale.tenders if tender.is_unresolved]
    for tender in unresolved:
        if not tender.excepted:
            sentence = "A tender's outcome is not known; resolve it, or put it on the list."
            raise errors.TenderUnresolved(
                sentence, sale_id=sale.sale_id, tender_id=tender.tender_id
            )
    if policy is SuspendedAtClose.CARRY_OVER or unresolved:
        return []
    if policy is SuspendedAtClose.CANCEL and not sale.has_live_tender:
        return [ev.SaleCancelled(sale_id=sale.sale_id, reason="day closed")]
    # Never silently: somebody has paid part of it, or the shop wants each looked at.
    sentence = "A sale is put aside; resume it and complete or cancel it."
    raise errors.OpenSalesExist(sentence, sale_id=sale.sale_id, state=sale.state.value, count=1)


def _except(state: TillState, command: cmd.ExceptTender, now: cmd.Now) -> ev.TenderExcepted:
    sale = live_sale(state.sales, now.finished, command.sale_id, command.expected_version)
    tender = sale.tender(command.tender_id)
    if tender is None:
        sentence = "There is no such tender in the sale."
        raise errors.TenderNotFound(sentence, tender_id=command.tender_id)
    listed = tender.excepted and sale.state is SaleState.INTERRUPTED
    if tender.state is not TenderState.UNKNOWN or listed:
        where = "on the list already" if listed else tender.state.value
        sentence = f"Only a tender whose outcome is unknown can be put on the list; it is {where}."
        raise errors.TenderStateWrong(sentence, state=tender.state.value)
    return ev.TenderExcepted(
        sale_id=sale.sale_id,
        tender_id=tender.tender_id,
        reason=command.reason,
        business_day=sale.business_day,
    )


# --- paper


def _print(
    state: TillState, rules: ShopRules, command: cmd.PrintReport, now: cmd.Now
) -> list[ev.AnyEvent]:
    if not rules.receipt_printer:
        raise errors.NoPrinter("No printer of receipts is configured.")
    if now.id_taken or command.job_id in state.jobs:
        raise errors.JobExists("There is a job with this id already.", job_id=command.job_id)
    if len(state.jobs) >= LIVE_JOBS_MAX:
        raise errors.Full("Too many print jobs are waiting.", limit=LIVE_JOBS_MAX)
    facts: list[ev.AnyEvent] = []
    if command.report is ReportKind.X:
        if state.day is None:
            raise errors.DayNotOpen("No business day is open.")
        facts.append(ev.ReportTaken(report=day_report(state, now.at_ms, last_seq=state.seq)))
    is_copy = command.report is not ReportKind.X
    facts.append(
        ev.JobSubmitted(
            job_id=command.job_id,
            printer=rules.receipt_printer,
            kind=JobKind.REPORT,
            ttl_s=rules.receipt_ttl_s,
            report=command.report,
            copy=state.report_copies + 1 if is_copy else 0,
            document_seq=command.document_seq,
        )
    )
    return facts
