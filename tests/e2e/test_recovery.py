"""After an outage, through the door: the report, decisions, slips, and power cuts in between."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
import pytest

from hwsim.drawer import VirtualDrawer
from hwsim.printer import VirtualPrinter
from tests.support.answers import (
    assert_journal_sound,
    await_job,
    journal_records,
    paper_in,
    refused,
    take_until,
)
from tests.support.powered import SpokenUps, powered
from tests.support.powered_calls import open_sale
from tests.support.powered_calls import refused as refused_later
from tests.support.sales import Steps, cash_sale, eur, line, new_id, tender
from tests.support.slips import OUTAGE, close_request, mark_request, open_request, slip_request
from tests.support.till import a_till
from tillhal.v1 import checkout_pb2, power_pb2, printer_pb2, system_pb2
from tillhal.v1 import recovery_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.till import Till

CONFIRMED = printer_pb2.JOB_STATE_CONFIRMED
FAILED_PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION
ALREADY_EXISTS = grpc.StatusCode.ALREADY_EXISTS


@pytest.fixture
def off() -> Iterator[Till]:
    """A till that is not running yet, on a printer of its own."""
    with VirtualPrinter(drawer=VirtualDrawer()) as printer, a_till(printer=printer) as till:
        yield till


def report(till: Till) -> pb.GetReportResponse:
    return till.calls.recovery.GetReport(pb.GetReportRequest())


def resolve(till: Till, item_id: str, action: pb.RecoveryAction) -> pb.ResolveItemResponse:
    request = pb.ResolveItemRequest(
        request_id=new_id(), item_id=item_id, action=action, resolved_by="ann", reason="seen"
    )
    answer = till.calls.recovery.ResolveItem(request)
    assert till.calls.recovery.ResolveItem(request).replayed
    return answer


# --- the report


def test_a_till_that_was_cut_off_lists_what_is_open_and_an_operator_resolves_it(
    off: Till,
) -> None:
    off.start("printer.mid_print")
    steps = Steps(off.calls, "basket")
    steps.open()
    steps.put(line())
    sold = off.calls.checkout.Checkout(cash_sale()).sale
    off.await_killed()
    off.start()
    found = report(off)
    assert found.waiting == 2
    assert not found.start.clean_shutdown
    assert not found.refuses_sales
    items = {item.item_id: item for item in found.items}
    job_id = f"job/{sold.receipt_job_id}"
    assert set(items) == {"sale/basket", job_id}
    assert items["sale/basket"].sale.state == checkout_pb2.SALE_STATE_INTERRUPTED
    assert items[job_id].sale.receipt_number == sold.receipt_number

    answer = resolve(off, "sale/basket", pb.RECOVERY_ACTION_SUSPEND)
    assert answer.item.sale.state == checkout_pb2.SALE_STATE_SUSPENDED
    assert (answer.item.resolved_by, list(answer.item.actions)) == ("ann", [])
    copy = resolve(off, job_id, pb.RECOVERY_ACTION_REPRINT).item.copy_job_id
    assert await_job(off.calls, copy).state == CONFIRMED
    assert paper_in(off.printer).copies == {1: 1}
    again = pb.ResolveItemRequest(
        request_id=new_id(), item_id="sale/basket", action=pb.RECOVERY_ACTION_CANCEL
    )
    with refused(FAILED_PRECONDITION, "RECOVERY_ITEM_STATE"):
        off.calls.recovery.ResolveItem(again)
    assert report(off).waiting == 0
    off.kill()
    off.start()
    assert list(report(off).items) == []
    assert_journal_sound(off.calls)
    off.stop()


def test_a_front_end_that_watches_sees_the_sale_that_was_resolved(off: Till) -> None:
    off.start()
    Steps(off.calls, "basket").open()
    off.kill()
    off.start()
    resolve(off, "sale/basket", pb.RECOVERY_ACTION_RESUME)
    events = off.calls.system.WatchEvents(system_pb2.WatchEventsRequest())
    seen = take_until(events, lambda m: m.HasField("caught_up"))
    events.cancel()
    states = [m.sale_changed.sale.state for m in seen if m.HasField("sale_changed")]
    assert states[-2:] == [
        checkout_pb2.SALE_STATE_INTERRUPTED,
        checkout_pb2.SALE_STATE_OPEN,
    ]
    off.stop()


def test_a_shop_may_want_interrupted_sales_decided_first() -> None:
    with a_till(more='[recovery]\ngate = "interrupted"\n') as till:
        till.start()
        Steps(till.calls, "basket").open()
        till.kill()
        till.start()
        assert report(till).refuses_sales
        with refused(FAILED_PRECONDITION, "RECOVERY_PENDING") as caught:
            till.calls.checkout.Checkout(cash_sale())
        assert caught.refusal.facts == {"waiting": "1", "item_id": "sale/basket"}
        resolve(till, "sale/basket", pb.RECOVERY_ACTION_CANCEL)
        till.calls.checkout.Checkout(cash_sale())
        till.stop()


# --- slips


def test_slips_are_entered_marked_reconciled_and_closed(fresh: Till) -> None:
    calls = fresh.calls.recovery
    opened = open_request(1, 4)
    assert calls.OpenBackEntry(opened).book.blank == 4
    assert calls.OpenBackEntry(opened).replayed
    with refused(ALREADY_EXISTS, "SLIP_BOOK_EXISTS"):
        calls.OpenBackEntry(open_request(1, 4))
    first = slip_request(1, given=1000, prints_receipt=True)
    put = calls.PutSlip(first)
    assert (put.sale.receipt_number, put.slip.state) == (1, pb.SLIP_STATE_ENTERED)
    assert calls.PutSlip(first).replayed
    other = slip_request(1, 99)
    with refused(ALREADY_EXISTS, "SLIP_ALREADY_ENTERED") as caught:
        calls.PutSlip(other)
    assert caught.refusal.facts["receipt_number"] == "1"
    await_job(fresh.calls, put.sale.receipt_job_id, CONFIRMED)
    assert "Entered later from paper slip 1" in fresh.printer.receipts[-1].text
    assert fresh.sensor.open_count == 0
    sale = fresh.calls.checkout.GetSale(checkout_pb2.GetSaleRequest(receipt_number=1)).sale
    assert (sale.slip.slip_no, sale.slip.written_by, sale.slip.entered_by) == (1, "bo", "ann")

    calls.MarkSlip(mark_request(2, pb.SLIP_STATE_SPOILT))
    with refused(FAILED_PRECONDITION, "SLIP_BOOK_UNBALANCED"):
        calls.CloseBackEntry(close_request(750))
    found = calls.Reconcile(pb.ReconcileRequest(outage_id=OUTAGE))
    assert list(found.blank_numbers) == [3, 4]
    assert found.expected_cash == eur(750)
    assert [each.kind for each in found.findings] == [
        pb.SLIP_FINDING_KIND_BLANK_NUMBERS,
        pb.SLIP_FINDING_KIND_CASH_NOT_COUNTED,
    ]
    calls.MarkSlip(mark_request(3, pb.SLIP_STATE_MISSING, last_no=4))
    found = calls.Reconcile(pb.ReconcileRequest(outage_id=OUTAGE, counted_cash=eur(700)))
    assert (found.difference, found.balances) == (eur(-50), False)
    assert calls.Reconcile(pb.ReconcileRequest(outage_id=OUTAGE, counted_cash=eur(750))).balances
    closed = calls.CloseBackEntry(close_request(700, why="the dog ate it")).book
    assert (closed.is_closed, closed.missing, closed.blank) == (True, 2, 0)
    with refused(FAILED_PRECONDITION, "SLIP_BOOK_CLOSED"):
        calls.PutSlip(slip_request(2))
    fresh.kill()
    fresh.start()
    calls = fresh.calls.recovery
    (book,) = calls.ListSlipBooks(pb.ListSlipBooksRequest()).books
    assert (book.outage_id, book.is_closed) == (OUTAGE, True)
    slips = calls.GetSlipBook(pb.GetSlipBookRequest(outage_id=OUTAGE)).slips
    assert [slip.slip_no for slip in slips] == [1, 2, 3, 4]
    with refused(grpc.StatusCode.NOT_FOUND, "SLIP_BOOK_NOT_FOUND"):
        calls.GetSlipBook(pb.GetSlipBookRequest(outage_id="cut-2"))
    assert_journal_sound(fresh.calls)


def test_books_come_page_by_page_the_open_ones_first(bare: Till) -> None:
    calls = bare.calls.recovery
    for number in range(5):
        outage_id = f"cut-{number}"
        calls.OpenBackEntry(open_request(1, 1, outage_id))
        calls.MarkSlip(mark_request(1, pb.SLIP_STATE_SPOILT, outage_id=outage_id))
        if number < 4:
            calls.CloseBackEntry(close_request(0, outage_id=outage_id))
    pages: list[list[str]] = []
    token = ""
    for _ in range(3):
        page = calls.ListSlipBooks(pb.ListSlipBooksRequest(page_size=2, page_token=token))
        pages.append([book.outage_id for book in page.books])
        token = page.next_page_token
        if not token:
            break
    assert pages == [["cut-4", "cut-3", "cut-2"], ["cut-1", "cut-0"]]


def test_blanks_come_out_numbered_and_the_numbers_go_on_after_a_crash(off: Till) -> None:
    off.start()
    request = pb.PrintSlipBookRequest(request_id=new_id(), count=6, printed_by="ann")
    first = off.calls.recovery.PrintSlipBook(request)
    assert (first.printed.first_no, first.printed.last_no, len(first.job_ids)) == (1, 6, 2)
    for job_id in first.job_ids:
        assert await_job(off.calls, job_id).state == CONFIRMED
    titles = [r.text.splitlines()[2].strip() for r in off.printer.receipts]
    assert titles == [f"No. {number}" for number in range(1, 7)]
    off.kill()
    off.start()
    assert off.calls.recovery.PrintSlipBook(request).replayed
    more = pb.PrintSlipBookRequest(request_id=new_id(), count=1)
    assert off.calls.recovery.PrintSlipBook(more).printed.first_no == 7
    listed = off.calls.recovery.ListSlipBooks(pb.ListSlipBooksRequest()).printed
    assert [(each.first_no, each.last_no) for each in listed] == [(7, 7), (1, 6)]
    off.stop()


def test_the_sales_that_are_not_finished_come_out_with_their_lines(fresh: Till) -> None:
    basket = Steps(fresh.calls, "basket")
    basket.open()
    basket.put(line())
    basket.suspend("lady in red")
    request = pb.PrintSuspendedSalesRequest(request_id=new_id(), job_id="list")
    fresh.calls.recovery.PrintSuspendedSales(request)
    assert await_job(fresh.calls, "list").state == CONFIRMED
    text = fresh.printer.receipts[-1].text
    for words in ("SALES NOT FINISHED", "basket", "lady in red", "Coffee beans", "EUR 7.50"):
        assert words in text


# --- power cuts in the middle of a slip


@pytest.mark.parametrize(
    ("failpoint", "is_entered"),
    [
        # The first commit is the start's own, the second opens the book, the third is the slip.
        ("journal.before_commit:3", False),
        ("journal.after_commit:3", True),
    ],
)
def test_a_slip_is_entered_once_or_not_at_all_wherever_the_till_dies(
    off: Till, failpoint: str, is_entered: bool
) -> None:
    off.start(failpoint)
    off.calls.recovery.OpenBackEntry(open_request(1, 2))
    request = slip_request(1, given=1000)
    with pytest.raises(grpc.RpcError) as cut:
        off.calls.recovery.PutSlip(request)
    assert cut.value.code() == grpc.StatusCode.UNAVAILABLE
    off.await_killed()
    off.start()
    book = off.calls.recovery.GetSlipBook(pb.GetSlipBookRequest(outage_id=OUTAGE))
    assert book.book.entered == len(book.slips) == is_entered
    sales = off.calls.checkout.ListSales(checkout_pb2.ListSalesRequest()).sales
    assert len(sales) == is_entered
    # The front end, which heard nothing, sends the same again: it is entered, once.
    again = off.calls.recovery.PutSlip(request)
    assert again.replayed is is_entered
    assert again.sale.receipt_number == 1
    assert off.calls.checkout.Checkout(cash_sale()).sale.receipt_number == 2
    facts = [event.kind for record in journal_records(off.calls) for event in record.events]
    assert facts.count("SlipEntered") == 1
    assert_journal_sound(off.calls)
    off.stop()


# --- the whole of it


def test_from_the_mains_lost_in_a_sale_to_the_closed_book(folder: Path) -> None:
    asyncio.run(_outage_day(folder))


async def _outage_day(folder: Path) -> None:
    ups = SpokenUps()
    async with powered(folder, ups) as till:
        await till.until(power_pb2.SUPPLY_ONLINE)
        await open_sale(till, "basket")
        paying = await open_sale(till, "paying")
        await till.stubs.checkout.AddTender(
            checkout_pb2.AddTenderRequest(
                request_id=new_id(),
                sale_id="paying",
                expected_version=paying.version,
                tender=tender(750, checkout_pb2.TENDER_TYPE_CREDIT_CARD),
                pending=True,
            )
        )
        await till.stubs.recovery.OpenBackEntry(open_request())
        ups.say("OB LB", 15, 290)
        await till.until(power_pb2.SUPPLY_LOW_BATTERY)
        await refused_later(till.stubs.recovery.PutSlip(slip_request(1)), "BATTERY_LOW")
        ups.say("OB LB", 5, 30)
        await till.ended()
    back = SpokenUps()
    async with powered(folder, back) as till:
        await till.until(power_pb2.SUPPLY_ONLINE)
        recovery = till.stubs.recovery
        found = await recovery.GetReport(pb.GetReportRequest())
        assert found.outage.outage_id == "outage/1"
        assert [book.outage_id for book in found.slip_books] == [OUTAGE]
        # The basket was put aside in time; the payment could not be.
        (item,) = found.items
        assert item.item_id == "sale/paying"
        assert "Nobody knows how a payment of it ended" in item.message
        assert list(item.actions) == [pb.RECOVERY_ACTION_RESUME]
        resolved = await recovery.ResolveItem(
            pb.ResolveItemRequest(
                request_id=new_id(), item_id=item.item_id, action=pb.RECOVERY_ACTION_RESUME
            )
        )
        assert resolved.item.sale.state == checkout_pb2.SALE_STATE_TENDERING

        await recovery.OpenBackEntry(open_request(11, 14, "outage/1"))
        like = slip_request(11, outage_id="outage/1")
        answer = await recovery.PutSlip(like)
        # The customer wrote down what stands aside on the till: it is entered, and said.
        assert [(w.kind, w.sale_id) for w in answer.warnings] == [
            (pb.SLIP_WARNING_KIND_SAME_LINES, "basket"),
        ]
        late = slip_request(12, 400, given=500, outage_id="outage/1")
        late.paper_time.FromMilliseconds(1_000_000_000_000)
        answer = await recovery.PutSlip(late)
        assert [w.kind for w in answer.warnings] == [pb.SLIP_WARNING_KIND_OUTSIDE_OUTAGE]
        await recovery.MarkSlip(
            mark_request(13, pb.SLIP_STATE_MISSING, last_no=14, outage_id="outage/1")
        )
        balance = await recovery.Reconcile(
            pb.ReconcileRequest(outage_id="outage/1", counted_cash=eur(1150))
        )
        assert balance.balances, balance
        closed = await recovery.CloseBackEntry(close_request(1150, outage_id="outage/1"))
        assert closed.book.is_closed


def test_what_is_unfinished_is_printed_before_the_power_goes(folder: Path) -> None:
    asyncio.run(_print_before_the_cut(folder))


async def _print_before_the_cut(folder: Path) -> None:
    with VirtualPrinter(drawer=VirtualDrawer()) as printer:
        more = "[recovery]\nprint_unfinished = true\n"
        ups = SpokenUps()
        async with powered(folder, ups, more=more, printer_port=printer.address[1]) as till:
            await till.until(power_pb2.SUPPLY_ONLINE)
            await open_sale(till, "basket")
            ups.say("OB LB", 5, 30)
            await till.ended()
        (paper,) = [r.text for r in printer.receipts]
        assert "SALES NOT FINISHED" in paper
        assert "put aside" in paper
