"""Compares what a till tells when it is asked with what the naive shop thinks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support.answers import journal_records, listed_sales
from tests.support.naive_sale import ASIDE, RETURN, SALE, VOID, sums
from tests.support.naive_shop import CLOSED, NaiveDay, NaiveShift, NaiveShop
from tillhal.v1 import checkout_pb2, shift_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.support.till import Calls

PAGE = 500
NOTHING = (0, 0)


def check_shift(told: shift_pb2.Shift, shift: NaiveShift) -> None:
    """A shift as it is told; of one that is not closed nobody hears what is expected."""
    is_closed = shift.state == CLOSED
    assert (
        told.shift_id,
        told.operator,
        shift_pb2.ShiftState.Name(told.state),
        told.version,
        told.opening_float.minor_units,
    ) == (
        shift.shift_id,
        shift.operator,
        f"SHIFT_STATE_{shift.state}",
        shift.version,
        shift.opening,
    ), shift
    assert told.training == shift.training
    assert told.implicit == shift.implicit
    assert told.HasField("cash") == is_closed
    assert told.HasField("over_short") == (is_closed and shift.counted is not None)
    assert told.HasField("counted") == (shift.counted is not None)
    if shift.counted is not None:
        assert told.counted.minor_units == shift.counted
        assert told.left.minor_units == shift.left
    if is_closed:
        assert told.cash.expected.minor_units == shift.expected
        over_short = 0 if shift.left is None else shift.left - shift.expected
        assert told.over_short.minor_units == over_short


def pairs(totals: Iterable[shift_pb2.Total]) -> dict[str, tuple[int, int]]:
    return {each.name: pair(each) for each in totals}


def pair(total: shift_pb2.Total) -> tuple[int, int]:
    return total.count, total.amount.minor_units


def check_report(told: shift_pb2.DayReport, shop: NaiveShop, day: NaiveDay, carried: int) -> None:
    """An X or a Z: every number is the sum of the day's sales."""
    taken = shop.taken(day)
    totals = told.totals
    kinds = [taken.by_kind.get(kind, NOTHING) for kind in (SALE, RETURN, VOID)]
    assert [pair(t) for t in (totals.sales, totals.returns, totals.voids)] == kinds
    assert pair(totals.rounding) == taken.rounding
    assert pair(totals.change) == taken.change
    assert pair(totals.discounts) == taken.discounts
    assert pair(totals.differences) == taken.differences
    assert pairs(totals.tenders) == taken.tenders
    assert pairs(totals.movements) == taken.movements
    assert pair(totals.late) == taken.late
    assert pair(totals.training) == (len(day.trained), sum(day.trained))
    assert totals.no_sales == day.no_sales
    assert totals.cancelled == day.cancelled
    assert totals.corrections == day.corrections
    taxes = {t.name or "0": (*pair(t), t.net.minor_units) for t in totals.taxes}
    assert taxes == {name.strip(): each for name, each in taken.taxes.items()}
    # Σ tenders − change = payable + rounding
    given = sum(amount for _, amount in taken.tenders.values())
    payable = sum(amount for _, amount in kinds)
    assert given - totals.change.amount.minor_units == payable + totals.rounding.amount.minor_units
    all_sold = [(sale.kind, sums(sale).payable) for sale in shop.receipts]
    for name, kind in (("sales", SALE), ("returns", RETURN), ("voids", VOID)):
        amounts = [amount for other, amount in all_sold if other == kind]
        assert pair(getattr(told, f"perpetual_{name}")) == (len(amounts), sum(amounts))
    numbers = [sale.number for sale in day.sold] or [0]
    assert (told.first_receipt, told.last_receipt) == (numbers[0], numbers[-1])
    assert told.day_number == day.number
    assert told.carried == carried
    assert [each.shift_id for each in told.shifts] == [each.shift_id for each in day.shifts]
    for each, shift in zip(told.shifts, day.shifts, strict=True):
        check_cash(each, shift)


def check_cash(told: shift_pb2.ShiftReport, shift: NaiveShift) -> None:
    """The drawer's equation, and both sides of it."""
    cash = told.cash
    come = [cash.opening_float, cash.tendered, cash.paid_in, cash.loans]
    gone = [cash.change, cash.refunds, cash.paid_out, cash.pickups, cash.drops]
    equation = sum(m.minor_units for m in come) - sum(m.minor_units for m in gone)
    assert cash.expected.minor_units == equation == shift.expected, shift
    assert told.HasField("over_short") == (shift.left is not None)
    if shift.left is not None:
        assert told.over_short.minor_units == shift.left - shift.expected


def audit(calls: Calls, shop: NaiveShop) -> None:
    """What can be asked for quickly: the day, the shift, every sale that is not over."""
    if shop.day is not None:
        x = calls.shift.GetXReport(shift_pb2.GetXReportRequest()).report
        aside = [sale for sale in shop.live(*ASIDE) if not sale.training]
        check_report(x, shop, shop.day, len(aside))
        assert x.z_number == 0
    if shop.shift is not None:
        told = calls.shift.GetShift(shift_pb2.GetShiftRequest()).shift
        check_shift(told, shop.shift)
    for sale in shop.live():
        check_sale(calls, sale.sale_id, shop)
    suspended = calls.checkout.ListSuspended(checkout_pb2.ListSuspendedRequest()).sales
    assert {each.sale.sale_id for each in suspended} == {s.sale_id for s in shop.live(*ASIDE)}
    zs = calls.shift.ListZReports(shift_pb2.ListZReportsRequest(page_size=PAGE)).reports
    assert [z.z_number for z in zs] == [*range(len(shop.days), 0, -1)][:PAGE]


def check_sale(calls: Calls, sale_id: str, shop: NaiveShop) -> None:
    told = calls.checkout.GetSale(checkout_pb2.GetSaleRequest(sale_id=sale_id)).sale
    sale, came = shop.sales[sale_id], sums(shop.sales[sale_id])
    assert told.summary.payable.minor_units == came.payable, sale
    assert told.summary.version == sale.version, sale
    assert checkout_pb2.SaleState.Name(told.summary.state) == f"SALE_STATE_{sale.state}", sale
    assert {line.input.line_id: line.tax.minor_units for line in told.lines} == came.line_tax, sale
    assert sorted(
        (
            checkout_pb2.TenderState.Name(t.state).removeprefix("TENDER_STATE_"),
            t.input.amount.minor_units,
        )
        for t in told.tenders
    ) == sorted((t.state, t.amount) for t in sale.tenders.values()), sale


def audit_whole(calls: Calls, shop: NaiveShop) -> None:
    """Everything: each sale, each Z, and the journal's own account of it."""
    audit(calls, shop)
    listed = [*listed_sales(calls)]
    assert [sale.receipt_number for sale in listed] == [*range(len(shop.receipts), 0, -1)]
    assert [sale.sale_id for sale in reversed(listed)] == [s.sale_id for s in shop.receipts]
    for sale in (*shop.receipts, *shop.trainings):
        check_sale(calls, sale.sale_id, shop)
    for number, day in enumerate(shop.days, start=1):
        z = calls.shift.GetZReport(shift_pb2.GetZReportRequest(z_number=number)).report
        assert (z.z_number, z.day_number) == (number, day.number)
        assert z.totals.sales.count == shop.taken(day).by_kind.get(SALE, NOTHING)[0]
    told = [
        (fact["receipt_number"], fact["totals"]["payable_minor"], fact.get("rounding_minor", 0))
        for record in journal_records(calls)
        for event in record.events
        if event.kind == "SaleCompleted"
        for fact in [json.loads(event.facts_json)]
        if not fact.get("training")
    ]
    assert told == [(s.number, sums(s).payable, s.rounding) for s in shop.receipts]
