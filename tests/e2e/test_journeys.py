"""What happens at a till in a day, seen on the wire, on paper and in the drawer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import grpc

from tests.support.answers import (
    await_job,
    await_kick,
    head_seq,
    journal_records,
    paper_in,
    refused,
)
from tests.support.sales import (
    CARD,
    CASH,
    Steps,
    card_sale,
    cash_sale,
    dec,
    eur,
    line,
    name,
    new_id,
    tender,
)
from tillhal.v1 import checkout_pb2 as pb
from tillhal.v1 import drawer_pb2, printer_pb2, types_pb2

if TYPE_CHECKING:
    from tests.support.till import Till


def printed(till: Till, job_id: str) -> str:
    """The paper of a job, once it is confirmed: it is the last piece that came out."""
    job = await_job(till.calls, job_id)
    assert job.state == printer_pb2.JOB_STATE_CONFIRMED, job
    return till.printer.receipts[-1].text


def rows(paper: str) -> list[list[str]]:
    """The paper's lines, each split where there are two blanks or more."""
    return [
        [part.strip() for part in text.split("  ") if part.strip()] for text in paper.splitlines()
    ]


def get_sale(till: Till, sale_id: str) -> pb.Sale:
    return till.calls.checkout.GetSale(pb.GetSaleRequest(sale_id=sale_id)).sale


def test_a_cash_sale_prints_one_receipt_and_opens_the_drawer_once(till: Till) -> None:
    pulses, opened = len(till.printer.pulses), till.sensor.open_count
    request = pb.CheckoutRequest(
        request_id=new_id(),
        sale_id=name(),
        lines=[
            line("l1", 750),
            line("l2", 1299, dec(1250, 3), description="Apples", percent=7),
        ],
        tenders=[tender(3000)],
    )
    request.lines[1].unit = "kg"
    request.lines[1].tax_code = "B"

    answer = till.calls.checkout.Checkout(request)

    sale = answer.sale
    assert answer.durability == types_pb2.DURABILITY_DURABLE_PRIMARY
    assert not answer.replayed
    assert sale.state == pb.SALE_STATE_COMPLETED
    # 12.99 × 1.250 = 16.2375; the taxes in it are 7.50/6 = 1.25 and 16.24×7/107 = 1.0624.
    assert (sale.payable, sale.tax) == (eur(2374), eur(231))
    assert (sale.tendered, sale.change, sale.due) == (eur(3000), eur(626), eur(0))
    paper = rows(printed(till, sale.receipt_job_id))
    assert ["Coffee beans", "7.50 A"] in paper
    assert ["Apples", "16.24 B"] in paper
    assert ["1.25 kg × 12.99"] in paper
    assert ["TOTAL", "EUR 23.74"] in paper
    assert ["Cash", "30.00"] in paper
    assert ["Change", "6.26"] in paper
    assert ["Tax A 20% (net 6.25)", "1.25"] in paper
    assert ["Tax B 7% (net 15.18)", "1.06"] in paper
    assert paper_in(till.printer).originals[sale.receipt_number] == 1
    kick = await_kick(till.calls, f"kick/{sale.receipt_number}")
    assert (kick.state, kick.verified) == (drawer_pb2.KICK_STATE_FIRED, True)
    assert (kick.reason, kick.sale_id) == (drawer_pb2.DRAWER_REASON_SALE, sale.sale_id)
    assert len(till.printer.pulses) == pulses + 1
    assert till.sensor.open_count == opened + 1


def test_a_card_sale_opens_no_drawer(till: Till) -> None:
    pulses = len(till.printer.pulses)
    sale = till.calls.checkout.Checkout(card_sale()).sale
    assert ["Credit card", "7.50"] in rows(printed(till, sale.receipt_job_id))
    completed = next(
        json.loads(event.facts_json)
        for event in journal_records(till.calls, sale.seq - 1)[0].events
        if event.kind == "SaleCompleted"
    )
    assert "kick_id" not in completed
    assert len(till.printer.pulses) == pulses
    assert not till.sensor.is_open


def test_a_sale_in_steps_survives_being_put_aside_and_a_tender_that_takes_its_time(
    till: Till,
) -> None:
    sale = Steps(till.calls)
    assert sale.open().payable == eur(0)
    sale.put(line("l1", 1000))
    sale.put(line("l2", 500, dec(2)))
    sale.put(line("l2", 500, dec(3)))  # the same line again: it is replaced
    sale.put(line("l3", 999))
    assert sale.remove("l3").payable == eur(2500)
    off = pb.DiscountInput(discount_id="d1", line_id="l2", percent=dec(10), reason="Bruised")
    assert sale.discount(off).payable == eur(2350)
    whole = pb.DiscountInput(discount_id="d2", amount=eur(350), reason="Regular")
    assert sale.discount(whole).payable == eur(2000)

    assert sale.suspend("the lady in red").state == pb.SALE_STATE_SUSPENDED
    aside = till.calls.checkout.ListSuspended(pb.ListSuspendedRequest()).sales
    assert [(entry.sale.sale_id, entry.note) for entry in aside] == [
        (sale.sale_id, "the lady in red")
    ]
    assert sale.resume().state == pb.SALE_STATE_OPEN
    assert not till.calls.checkout.ListSuspended(pb.ListSuspendedRequest()).sales

    pending = sale.give(tender(1500, CARD, "card"), pending=True)
    assert (pending.state, pending.tendered) == (pb.SALE_STATE_TENDERING, eur(0))
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "TENDER_UNRESOLVED"):
        sale.complete()
    resolved = sale.resolve("card", pb.TENDER_STATE_APPROVED)
    assert (resolved.tendered, resolved.due) == (eur(1500), eur(500))
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "TENDER_STATE"):
        sale.resolve("card", pb.TENDER_STATE_DECLINED)
    sale.give(tender(1000, CASH, "cash"))
    done = sale.complete()

    assert (done.state, done.change) == (pb.SALE_STATE_COMPLETED, eur(500))
    paper = rows(printed(till, done.receipt_job_id))
    for row in (
        ["Coffee beans", "15.00 A"],
        ["3 × 5.00"],
        ["Bruised", "-1.50"],
        ["Regular", "-3.50"],
        ["TOTAL", "EUR 20.00"],
        ["Credit card", "15.00"],
        ["Cash", "10.00"],
        ["Change", "5.00"],
    ):
        assert row in paper, row
    whole_sale = get_sale(till, sale.sale_id)
    assert [entry.input.line_id for entry in whole_sale.lines] == ["l1", "l2"]
    assert sum(entry.discount.minor_units for entry in whole_sale.lines) == 500
    assert sum(tax.net.minor_units + tax.tax.minor_units for tax in whole_sale.taxes) == 2000


def test_a_cancelled_sale_burns_no_receipt_number(till: Till) -> None:
    before = till.calls.checkout.Checkout(card_sale()).sale.receipt_number
    sale = Steps(till.calls)
    sale.open()
    sale.put(line())
    sale.give(tender(500, CARD))
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "TENDER_UNRESOLVED"):
        sale.cancel()
    sale.reverse("t1")
    assert sale.cancel("changed her mind").state == pb.SALE_STATE_CANCELLED
    assert get_sale(till, sale.sale_id).reason == "changed her mind"
    assert till.calls.checkout.Checkout(card_sale()).sale.receipt_number == before + 1


def test_a_chinese_receipt_is_printed_in_gb18030(till: Till) -> None:
    request = cash_sale(given=1000)
    request.lines[0].description = "龙井茶"
    request.language = "zh-CN"
    sale = till.calls.checkout.Checkout(request).sale
    paper = rows(printed(till, sale.receipt_job_id))
    assert ["龙井茶", "7.50 A"] in paper
    assert ["合计", "EUR 7.50"] in paper
    assert ["找零", "2.50"] in paper
    raw = till.printer.receipts[-1].raw
    for words in ("龙井茶", "合计", "找零"):
        assert words.encode("gb18030") in raw


def test_a_sign_that_the_printer_does_not_have_costs_nobody_a_receipt(till: Till) -> None:
    request = cash_sale()
    request.lines[0].description = "Tea \U00020bb7 \u0e01\u0e34 \U0001f375"
    sale = till.calls.checkout.Checkout(request).sale
    paper = printed(till, sale.receipt_job_id)
    assert "Tea " in paper
    assert ["TOTAL", "EUR 7.50"] in rows(paper)


def test_goods_come_back_in_pieces_and_never_more_than_were_sold(till: Till) -> None:
    sold = name()
    request = cash_sale(sold, 3000)
    request.lines[0].CopyFrom(line("l1", 1000, dec(3)))
    number = till.calls.checkout.Checkout(request).sale.receipt_number

    first = Steps(till.calls)
    first.give_back(sold, l1=1)
    first.give(tender(-1000))
    done = first.complete()
    assert (done.kind, done.payable) == (pb.SALE_KIND_RETURN, eur(-1000))
    paper = rows(printed(till, done.receipt_job_id))
    assert ["RETURN"] in paper
    assert ["For receipt", str(number)] in paper
    assert ["Reason", "does not fit"] in paper
    assert ["TO GIVE BACK", "EUR -10.00"] in paper
    assert await_kick(till.calls, f"kick/{done.receipt_number}").reason == (
        drawer_pb2.DRAWER_REASON_REFUND
    )
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "RETURN_EXCEEDS_SOLD"):
        Steps(till.calls).give_back(sold, l1=3)
    # Two returns of the same two pieces may be open; only one of them can be completed.
    second, third = Steps(till.calls), Steps(till.calls)
    for each in (second, third):
        each.give_back(sold, l1=2)
        each.give(tender(-2000))
    second.complete()
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "RETURN_EXCEEDS_SOLD"):
        third.complete()
    assert get_sale(till, sold).lines[0].returned == dec(3)
    third.reverse("t1")
    third.cancel()
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "RETURN_EXCEEDS_SOLD"):
        till.calls.checkout.VoidSale(
            pb.VoidSaleRequest(
                request_id=new_id(), sale_id=name(), original_sale_id=sold, reason="too late"
            )
        )


def test_a_void_mirrors_its_sale_and_can_be_done_once(till: Till) -> None:
    sold = till.calls.checkout.Checkout(cash_sale(given=1000)).sale
    request = pb.VoidSaleRequest(
        request_id=new_id(), sale_id=name(), original_sale_id=sold.sale_id, reason="wrong article"
    )
    void = till.calls.checkout.VoidSale(request).sale
    assert (void.kind, void.state) == (pb.SALE_KIND_VOID, pb.SALE_STATE_COMPLETED)
    assert (void.payable, void.tax) == (eur(-750), eur(-125))
    assert void.receipt_number == sold.receipt_number + 1
    paper = rows(printed(till, void.receipt_job_id))
    assert ["VOID"] in paper
    assert ["TO GIVE BACK", "EUR -7.50"] in paper
    assert get_sale(till, sold.sale_id).voided_by_sale_id == void.sale_id
    assert get_sale(till, void.sale_id).original_sale_id == sold.sale_id
    again = pb.VoidSaleRequest()
    again.CopyFrom(request)
    again.request_id, again.sale_id = new_id(), name()
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "ALREADY_VOIDED"):
        till.calls.checkout.VoidSale(again)
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "ALREADY_VOIDED"):
        Steps(till.calls).give_back(sold.sale_id, l1=1)


def test_a_reprint_is_marked_as_a_copy_and_the_copies_are_counted(till: Till) -> None:
    sale = till.calls.checkout.Checkout(card_sale()).sale
    for copy in (1, 2):
        job_id = name("copy")
        answer = till.calls.checkout.ReprintReceipt(
            pb.ReprintReceiptRequest(request_id=new_id(), sale_id=sale.sale_id, job_id=job_id)
        )
        assert (answer.job_id, answer.copy) == (job_id, copy)
        paper = rows(printed(till, job_id))
        assert [f"*** COPY {copy} ***"] in paper
        assert ["TOTAL", "EUR 7.50"] in paper
    paper = paper_in(till.printer)
    assert paper.originals[sale.receipt_number] == 1
    assert paper.copies[sale.receipt_number] == 2
    assert get_sale(till, sale.sale_id).copies == 2


def test_a_drawer_is_opened_for_a_reason_and_the_reason_is_kept(till: Till) -> None:
    kick_id = name("kick")
    request = drawer_pb2.OpenDrawerRequest(
        request_id=new_id(),
        kick_id=kick_id,
        reason=drawer_pb2.DRAWER_REASON_NO_SALE,
        note="change for the parking meter",
    )
    answer = till.calls.drawer.OpenDrawer(request)
    assert answer.kick.state == drawer_pb2.KICK_STATE_REQUESTED
    kick = await_kick(till.calls, kick_id)
    assert (kick.state, kick.verified) == (drawer_pb2.KICK_STATE_FIRED, True)
    assert till.sensor.is_open
    drawer = till.calls.drawer.GetDrawer(drawer_pb2.GetDrawerRequest())
    assert drawer.last_kicks[0] == kick
    assert drawer.position.value == "OPEN"
    noted = [
        json.loads(event.facts_json)["note"]
        for record in journal_records(till.calls)
        for event in record.events
        if event.kind == "DrawerOpenRequested"
    ]
    assert "change for the parking meter" in noted
    assert till.calls.drawer.OpenDrawer(request).replayed
    again = drawer_pb2.OpenDrawerRequest()
    again.CopyFrom(request)
    again.request_id = new_id()
    before = head_seq(till.calls)
    with refused(grpc.StatusCode.ALREADY_EXISTS, "KICK_EXISTS"):
        till.calls.drawer.OpenDrawer(again)
    assert head_seq(till.calls) == before
