"""The business day: what keeps it open, what its Z holds, and that it never changes."""

from __future__ import annotations

import itertools

import pytest

from tests.support.day import DayShop
from tests.support.shop import TODAY, card, cash, line, pending_card
from tillhald.domain import commands as cmd
from tillhald.domain import events as ev
from tillhald.domain.amounts import Quantity
from tillhald.domain.books import DayReport, MovementKind, Tally
from tillhald.domain.jobs import JobKind, JobState, KickReason, ReportKind, Resolution
from tillhald.domain.reports import day_report, exceptions
from tillhald.domain.rules import ShopRules, SuspendedAtClose
from tillhald.domain.sale import SaleState, TenderState
from tillhald.domain.state import decode_state, encode_state

EXPLICIT = ShopRules(implicit_shift=False)


def opened(policy: SuspendedAtClose = SuspendedAtClose.CARRY_OVER, printer: str = "") -> DayShop:
    shop = DayShop(ShopRules(implicit_shift=False, suspended=policy, receipt_printer=printer))
    shop.open_day()
    shop.open_shift(10_000, "ann")
    return shop


def leave(shop: DayShop, counted_minor: int = 10_000) -> None:
    shop.end()
    shop.count(counted_minor)
    shop.close_shift()


def aside(shop: DayShop, sale_id: str = "aside") -> None:
    shop.open(sale_id, line(price=400))
    shop.do(shop.suspending(sale_id))


def unknown(shop: DayShop, sale_id: str = "u") -> None:
    shop.open(sale_id, line(price=900))
    shop.tender(sale_id, pending_card(900))
    shop.resolve(sale_id, TenderState.UNKNOWN)


def excepting(shop: DayShop, sale_id: str = "u", tender_id: str = "card1") -> cmd.ExceptTender:
    return cmd.ExceptTender(
        sale_id=sale_id,
        expected_version=shop.version(sale_id),
        tender_id=tender_id,
        reason="the terminal is dead",
    )


# --- opening


def test_a_shift_needs_a_day_and_a_sale_needs_both() -> None:
    shop = DayShop(EXPLICIT)
    whole = cmd.Checkout(sale_id="s", lines=(line(),), tenders=(cash(750),))
    assert shop.refuses(cmd.OpenShift(float_minor=0)).reason == "DAY_NOT_OPEN"
    assert shop.refuses(whole).reason == "DAY_NOT_OPEN"
    shop.open_day()
    assert shop.refuses(whole).reason == "SHIFT_NOT_OPEN"
    shop.open_shift(0, "ann")
    shop.do(whole)


def test_there_is_one_day_at_a_time() -> None:
    shop = opened()
    assert shop.refuses(cmd.OpenDay()).reason == "DAY_STATE"


@pytest.mark.parametrize(
    ("business_day", "reason"),
    [("2025-06-14", ""), ("2025-06-16", ""), ("2025-06-13", "FIELD_INVALID")],
)
def test_a_day_is_that_of_the_date_or_of_the_one_beside_it(business_day: str, reason: str) -> None:
    shop = DayShop(EXPLICIT)
    command = cmd.OpenDay(business_day=business_day)
    if reason:
        assert shop.refuses(command).reason == reason
    else:
        shop.do(command)
        assert shop.day.business_day == business_day


# --- what keeps a day open


def test_a_day_waits_for_its_shift() -> None:
    shop = opened()
    assert shop.refuses(shop.closing_day()).reason == "SHIFT_STATE"
    shop.end()
    assert shop.refuses(shop.closing_day()).reason == "SHIFT_STATE"
    shop.count(10_000)
    shop.close_shift()
    shop.close_day()
    assert shop.state.day is None


def test_closing_names_the_day_that_is_meant() -> None:
    shop = opened()
    leave(shop)
    command = shop.closing_day()
    shop.do(command)
    assert shop.refuses(command).reason == "DAY_NOT_OPEN"
    shop.open_day()
    assert shop.refuses(command).reason == "VERSION_CONFLICT", "a second close is not for the next"


def test_suspended_sales_are_carried_over_and_count_on_the_day_that_they_are_paid_on() -> None:
    shop = opened()
    aside(shop)
    leave(shop)
    z = shop.close_day()
    assert (z.carried, z.totals.sales.count) == (1, 0)
    shop.open_day()
    shop.open_shift(10_000, "bo")
    shop.do(shop.resuming("aside"))
    shop.tender("aside", cash(400))
    shop.do(cmd.CompleteSale(sale_id="aside", expected_version=shop.version("aside")))
    sale = shop.sale("aside")
    assert (sale.business_day, sale.original_business_day) == (TODAY, "")
    assert shop.day.totals.sales == Tally(1, 400)
    assert shop.z(1) == z


def test_a_sale_that_is_paid_on_a_later_day_says_so() -> None:
    shop = DayShop(EXPLICIT)
    shop.do(cmd.OpenDay(business_day="2025-06-14"))
    shop.open_shift(0, "ann")
    aside(shop)
    leave(shop, 0)
    shop.close_day()
    shop.open_day()
    shop.open_shift(0, "bo")
    shop.do(shop.resuming("aside"))
    shop.tender("aside", cash(400))
    shop.do(cmd.CompleteSale(sale_id="aside", expected_version=shop.version("aside")))
    sale = shop.sale("aside")
    assert (sale.business_day, sale.original_business_day) == (TODAY, "2025-06-14")
    assert shop.day.totals.late == Tally(1, 400)
    assert sale.shift_id == "shift-2"


def test_suspended_sales_block_the_closing_where_the_shop_wants_it_so() -> None:
    shop = opened(SuspendedAtClose.BLOCK)
    aside(shop)
    leave(shop)
    refusal = shop.refuses(shop.closing_day())
    assert (refusal.reason, refusal.facts["sale_id"]) == ("OPEN_SALES_EXIST", "aside")


def test_suspended_sales_are_cancelled_where_the_shop_wants_it_so_and_never_paid_ones() -> None:
    shop = opened(SuspendedAtClose.CANCEL)
    aside(shop)
    shop.open("paid", line(price=900))
    shop.tender("paid", card(400))
    shop.restart()
    leave(shop)
    refusal = shop.refuses(shop.closing_day())
    assert (refusal.reason, refusal.facts["sale_id"]) == ("OPEN_SALES_EXIST", "paid")
    shop.open_shift(10_000, "ann")
    shop.do(shop.resuming("paid"))
    shop.do(shop.reversing("paid", "card1"))
    shop.do(shop.suspending("paid"))
    leave(shop)
    z = shop.close_day()
    assert z.totals.cancelled == 2
    assert shop.sale("aside").state is SaleState.CANCELLED


def test_an_unknown_tender_keeps_shift_and_day_open_until_it_is_on_the_list() -> None:
    shop = opened()
    unknown(shop)
    assert shop.refuses(shop.ending()).reason == "OPEN_SALES_EXIST"
    shop.do(excepting(shop))
    assert shop.sale("u").state is SaleState.INTERRUPTED
    leave(shop)
    z = shop.close_day()
    assert [(each.sale_id, each.amount_minor) for each in z.exceptions] == [("u", 900)]


def test_a_tender_that_a_crash_left_unknown_keeps_the_day_open() -> None:
    shop = opened()
    unknown(shop)
    shop.restart()
    leave(shop)
    refusal = shop.refuses(shop.closing_day())
    assert (refusal.reason, refusal.facts["tender_id"]) == ("TENDER_UNRESOLVED", "card1")
    shop.do(excepting(shop))
    shop.close_day()


def test_only_an_unknown_tender_goes_on_the_list_and_only_once() -> None:
    shop = opened()
    shop.open("p", line(price=900))
    shop.tender("p", pending_card(900))
    assert shop.refuses(excepting(shop, "p")).reason == "TENDER_STATE"
    assert shop.refuses(excepting(shop, "p", "none")).reason == "TENDER_NOT_FOUND"
    shop.resolve("p", TenderState.UNKNOWN)
    stale = cmd.ExceptTender(sale_id="p", expected_version=1, tender_id="card1", reason="r")
    assert shop.refuses(stale).reason == "VERSION_CONFLICT"
    shop.do(excepting(shop, "p"))
    assert shop.refuses(excepting(shop, "p")).reason == "TENDER_STATE"
    missing = cmd.ExceptTender(sale_id="x", expected_version=1, tender_id="card1", reason="r")
    assert shop.refuses(missing).reason == "SALE_NOT_FOUND"


def test_what_became_of_an_excepted_tender_is_said_on_a_later_day_and_counts_there() -> None:
    shop = DayShop(EXPLICIT)
    shop.do(cmd.OpenDay(business_day="2025-06-14"))
    shop.open_shift(0, "ann")
    unknown(shop)
    shop.do(excepting(shop))
    leave(shop, 0)
    z = shop.close_day()
    shop.resolve("u", TenderState.APPROVED)
    fact = shop.records[-1].events[-1]
    assert isinstance(fact, ev.TenderResolved)
    assert fact.original_business_day == "2025-06-14"
    assert list(exceptions(shop.state)) == []
    shop.open_day()
    shop.open_shift(0, "bo")
    shop.do(shop.resuming("u"))
    shop.do(cmd.CompleteSale(sale_id="u", expected_version=shop.version("u")))
    assert (shop.day.totals.sales.minor, shop.day.totals.late.minor) == (900, 900)
    assert shop.z(1) == z


# --- the Z


def test_a_z_holds_what_the_day_was() -> None:
    shop = opened(printer="front")
    tax = ("A", Quantity(19))
    shop.checkout("a", (line(price=1_190, tax=tax[0], percent=tax[1]),), cash(2_000))
    shop.checkout("b", (line(price=500),), card(500))
    shop.do(cmd.VoidSale(sale_id="v", original_sale_id="b", reason="wrong"))
    shop.open("gone", line())
    shop.do(cmd.CancelSale(sale_id="gone", expected_version=shop.version("gone")))
    shop.do(cmd.OpenDrawer(kick_id="k", drawer="d", reason=KickReason.NO_SALE))
    shop.do(cmd.ReprintReceipt(sale_id="a", job_id="again"))
    shop.move(MovementKind.PICKUP, 1_000)
    aside(shop)
    leave(shop, 10_100)
    z = shop.close_day()
    totals = z.totals
    assert (z.z_number, z.business_day, z.first_receipt, z.last_receipt) == (1, TODAY, 1, 3)
    assert (z.first_seq, z.last_seq) == (2, shop.state.seq)
    assert (totals.sales, totals.voids) == (Tally(2, 1_690), Tally(1, -500))
    assert (totals.cancelled, totals.no_sales, totals.copies, z.carried) == (1, 1, 1, 1)
    assert totals.taxes["A 19"] == Tally(1, 190)
    assert totals.tenders == {"cash": Tally(1, 2_000), "credit_card": Tally(2, 0)}
    assert totals.change == Tally(1, 810)
    assert totals.movements == {"pickup": Tally(1, 1_000)}
    (shift,) = z.shifts
    assert (shift.cash.expected_minor, shift.counted_minor, shift.over_short_minor) == (
        10_190,
        10_100,
        -90,
    )
    assert totals.differences == Tally(1, -90)
    assert z.perpetual.sales == Tally(2, 1_690)
    assert shop.records[-1].events[-1] == ev.JobSubmitted(
        job_id="z/1", printer="front", kind=JobKind.REPORT, ttl_s=900, report=ReportKind.Z
    )


def test_zs_are_numbered_without_a_gap_and_perpetual_totals_only_grow() -> None:
    shop = DayShop(EXPLICIT)
    zs: list[DayReport] = []
    for number in range(1, 6):
        shop.open_day()
        shop.open_shift(0, "ann")
        shop.checkout(f"s{number}", (line(price=100),), cash(100))
        leave(shop, 100)
        zs.append(shop.close_day())
    assert [z.z_number for z in zs] == [z.day_number for z in zs] == [1, 2, 3, 4, 5]
    assert [z.perpetual.sales.minor for z in zs] == [100, 200, 300, 400, 500]
    assert [z.totals.sales.minor for z in zs] == [100] * 5
    for before, after in itertools.pairwise(zs):
        assert after.first_seq == before.last_seq + 1
        assert after.first_receipt == before.last_receipt + 1
    assert all(shop.z(z.z_number) == z for z in zs)


def test_an_x_changes_nothing_and_says_what_the_z_will_say() -> None:
    shop = opened()
    shop.checkout("s", (line(),), cash(1_000))
    before = encode_state(shop.state)
    x = day_report(shop.state, shop.at_ms, last_seq=shop.state.seq)
    assert encode_state(shop.state) == before
    assert (x.z_number, x.totals.sales, x.last_seq) == (0, Tally(1, 750), shop.state.seq)
    assert x.shifts[0].cash.expected_minor == 10_750
    leave(shop, 10_750)
    assert shop.close_day().totals.sales == x.totals.sales


def test_a_day_without_a_sale_has_a_z_too() -> None:
    shop = opened()
    leave(shop)
    z = shop.close_day()
    assert (z.first_receipt, z.last_receipt, z.totals.sales.count) == (0, 0, 0)


def test_outages_and_jumps_of_the_clock_stand_in_the_z() -> None:
    shop = opened()
    shop.note(ev.OutageBegan(outage_id="outage/1", ups="ups"))
    shop.at_ms += 60_000
    shop.note(ev.OutageEnded(outage_id="outage/1", seconds=50, on_mains_s=10))
    shop.at_ms -= 3_600_000
    shop.note()
    leave(shop)
    z = shop.close_day()
    assert [(o.outage_id, o.seconds) for o in z.outages] == [("outage/1", 50)]
    assert z.totals.clock_faults == 1


# --- paper


def test_a_printed_x_is_a_fact_and_a_z_printed_again_is_a_copy() -> None:
    shop = opened(printer="front")
    shop.do(cmd.PrintReport(job_id="x1", report=ReportKind.X))
    taken = [e for e in shop.records[-1].events if isinstance(e, ev.ReportTaken)]
    assert taken[0].report.shifts[0].shift_id == "shift-1"
    leave(shop)
    z = shop.close_day()
    again = cmd.PrintReport(job_id="z1", report=ReportKind.Z, document_seq=z.last_seq)
    shop.do(again)
    shop.do(cmd.PrintReport(job_id="z2", report=ReportKind.Z, document_seq=z.last_seq))
    assert [shop.state.jobs[name].copy for name in ("x1", "z1", "z2")] == [0, 1, 2]
    assert shop.refuses(again).reason == "JOB_EXISTS"
    assert shop.refuses(cmd.PrintReport(job_id="x2", report=ReportKind.X)).reason == "DAY_NOT_OPEN"


def test_a_z_in_doubt_is_printed_again_from_the_record_that_closed_the_day() -> None:
    shop = opened(printer="front")
    leave(shop)
    z = shop.close_day()
    shop.note(ev.PrintStarted(job_id="z/1"))
    shop.note(ev.PrintEnded(job_id="z/1", outcome=JobState.UNCONFIRMED))
    shop.do(cmd.ResolveJob(job_id="z/1", resolution=Resolution.COPY))
    again = shop.state.jobs[f"copy/{shop.state.seq}"]
    assert (again.kind, again.report) == (JobKind.REPORT, ReportKind.Z)
    assert (again.document_seq, again.copy, again.copy_of) == (z.last_seq, 1, "z/1")


def test_without_a_printer_everything_goes_on_and_only_printing_is_refused() -> None:
    shop = opened()
    shop.move(MovementKind.LOAN, 100)
    leave(shop, 10_100)
    shop.close_day()
    assert shop.state.jobs == {}
    assert shop.refuses(cmd.PrintReport(job_id="z", report=ReportKind.Z)).reason == "NO_PRINTER"


# --- the first sale opens


def test_where_the_first_sale_opens_the_day_closing_it_closes_the_shift_too() -> None:
    shop = DayShop(ShopRules(implicit_float_minor=5_000))
    shop.checkout("a", (line(),), cash(750))
    z = shop.close_day()
    (shift,) = z.shifts
    assert (shift.implicit, shift.counted_minor, shift.cash.expected_minor) == (True, None, 5_750)
    assert shop.state.shift is None
    shop.checkout("b", (line(),), cash(750))
    assert (shop.day.day_number, shop.shift.shift_number) == (2, 2)


def test_a_shift_that_the_first_sale_opened_can_be_counted_and_handed_over() -> None:
    shop = DayShop()
    shop.checkout("a", (line(),), cash(750))
    shop.end()
    assert (
        shop.refuses(cmd.Checkout(sale_id="b", lines=(line(),), tenders=(cash(750),))).reason
        == "SHIFT_NOT_OPEN"
    )
    shop.count(700)
    shop.hand_over("bo")
    shop.checkout("b", (line(),), cash(750))
    assert shop.shift.cash.expected_minor == 1_450
    leave(shop, 1_450)
    z = shop.close_day()
    assert [s.over_short_minor for s in z.shifts] == [-50, 0]
    assert shop.replayed() == shop.state == decode_state(encode_state(shop.state))
