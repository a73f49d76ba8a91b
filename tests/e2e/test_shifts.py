"""A day at a real till: opened, sold, counted blind, handed over, closed, and still there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from hwsim.drawer import VirtualDrawer
from hwsim.printer import VirtualPrinter
from tests.support.answers import (
    assert_journal_sound,
    await_job,
    await_kick,
    refusal_of,
    take_until,
)
from tests.support.sales import Steps, card_sale, cash_sale, eur, line, name, new_id, tender
from tests.support.till import Calls, a_till
from tillhal.v1 import checkout_pb2, drawer_pb2, printer_pb2, system_pb2
from tillhal.v1 import shift_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.till import Till

EXPLICIT = '\n[shift]\nmode = "explicit"\n'


@pytest.fixture
def shop() -> Iterator[Till]:
    """A till without devices, where people open the day and the shift."""
    with a_till(more=EXPLICIT) as till:
        yield till.start()


def open_day(calls: Calls) -> pb.Day:
    return calls.shift.OpenDay(pb.OpenDayRequest(request_id=new_id())).day


def open_shift(calls: Calls, minor: int = 10_000, operator: str = "ann") -> pb.Shift:
    request = pb.OpenShiftRequest(request_id=new_id(), opening_float=eur(minor), operator=operator)
    return calls.shift.OpenShift(request).shift


def head(shift: pb.Shift) -> dict[str, str | int]:
    return {
        "request_id": new_id(),
        "shift_id": shift.shift_id,
        "expected_version": shift.version,
    }


def end_and_count(calls: Calls, shift: pb.Shift, minor: int) -> pb.Shift:
    shift = calls.shift.EndShift(pb.EndShiftRequest(**head(shift))).shift
    counted = pb.DeclareCountRequest(**head(shift), counted=eur(minor))
    return calls.shift.DeclareCount(counted).shift


def refused(call: object, request: object) -> str:
    with pytest.raises(grpc.RpcError) as caught:
        call(request)  # type: ignore[operator]
    return refusal_of(caught.value).reason


def await_printed(calls: Calls, job_id: str) -> None:
    await_job(calls, job_id, printer_pb2.JOB_STATE_CONFIRMED)


def test_nothing_is_sold_before_somebody_has_opened_the_day_and_a_shift(shop: Till) -> None:
    calls = shop.calls
    assert refused(calls.checkout.Checkout, cash_sale()) == "DAY_NOT_OPEN"
    open_day(calls)
    assert refused(calls.checkout.Checkout, cash_sale()) == "SHIFT_NOT_OPEN"
    shift = open_shift(calls)
    calls.checkout.Checkout(cash_sale())
    locked = calls.shift.LockShift(pb.LockShiftRequest(**head(shift))).shift
    assert locked.state == pb.SHIFT_STATE_LOCKED
    assert refused(calls.checkout.Checkout, cash_sale()) == "SHIFT_LOCKED"
    status = calls.system.GetStatus(system_pb2.GetStatusRequest())
    assert (status.shift_state, status.shift_operator) == (pb.SHIFT_STATE_LOCKED, "ann")
    assert status.day.day_number == 1
    assert not status.day.over_midnight


def test_a_count_is_blind_until_the_shift_is_closed(shop: Till) -> None:
    calls = shop.calls
    open_day(calls)
    shift = open_shift(calls)
    calls.checkout.Checkout(cash_sale())
    counted = end_and_count(calls, shift, 10_000)
    for seen in (counted, calls.shift.GetShift(pb.GetShiftRequest()).shift):
        assert seen.counted.minor_units == 10_000
        for told in ("cash", "over_short", "totals"):
            assert not seen.HasField(told), told
    closed = calls.shift.CloseShift(pb.CloseShiftRequest(**head(counted))).shift
    assert closed.over_short.minor_units == 10_000 - closed.cash.expected.minor_units < 0
    assert closed.totals.sales.count == 1


def test_a_handover_is_whole_and_a_restart_finds_it(shop: Till) -> None:
    calls = shop.calls
    open_day(calls)
    shift = open_shift(calls)
    held = name()
    calls.checkout.OpenSale(checkout_pb2.OpenSaleRequest(request_id=new_id(), sale_id=held))
    calls.checkout.SuspendSale(
        checkout_pb2.SuspendSaleRequest(request_id=new_id(), sale_id=held, expected_version=1)
    )
    counted = end_and_count(calls, shift, 9_000)
    request = pb.HandOverRequest(**head(counted), operator="bo")
    first = calls.shift.HandOver(request)
    shop.kill()
    shop.start()
    again = shop.calls.shift.HandOver(request)
    assert again.replayed
    assert (again.closed, again.opened) == (first.closed, first.opened)
    assert (again.closed.handed_to, again.opened.operator) == ("bo", "bo")
    assert again.opened.opening_float.minor_units == 9_000
    shifts = shop.calls.shift.ListShifts(pb.ListShiftsRequest()).shifts
    assert [each.shift_id for each in shifts] == ["shift-2", "shift-1"]
    sale = shop.calls.checkout.GetSale(checkout_pb2.GetSaleRequest(sale_id=held)).sale
    assert sale.shift_id == "shift-2"
    assert_journal_sound(shop.calls)


def test_a_z_is_given_once_and_found_again_after_a_restart(shop: Till) -> None:
    calls = shop.calls
    for number in (1, 2, 3):
        open_day(calls)
        shift = open_shift(calls, 0)
        calls.checkout.Checkout(card_sale())
        counted = end_and_count(calls, shift, 0)
        calls.shift.CloseShift(pb.CloseShiftRequest(**head(counted)))
        closing = pb.CloseDayRequest(request_id=new_id(), day_number=number)
        z = calls.shift.CloseDay(closing).z
        assert (z.z_number, z.totals.sales.count, z.perpetual_sales.count) == (number, 1, number)
    last = calls.shift.GetZReport(pb.GetZReportRequest()).report
    assert len(last.chain_head) == 32
    shop.kill()
    shop.start()
    calls = shop.calls
    assert calls.shift.GetZReport(pb.GetZReportRequest()).report == last
    assert calls.shift.GetZReport(pb.GetZReportRequest(z_number=3)).report == last
    assert calls.shift.CloseDay(closing).replayed
    pages, token = [], ""
    while True:
        page = calls.shift.ListZReports(pb.ListZReportsRequest(page_size=2, page_token=token))
        pages.append([each.z_number for each in page.reports])
        token = page.next_page_token
        if not token:
            break
    assert pages == [[3, 2], [1]]
    assert calls.shift.GetDay(pb.GetDayRequest(day_number=2)).day.z_number == 2
    assert refused(calls.shift.GetDay, pb.GetDayRequest()) == "DAY_NOT_FOUND"
    assert refused(calls.shift.GetZReport, pb.GetZReportRequest(z_number=4)) == "DAY_NOT_FOUND"


def test_who_watches_is_told_of_a_sale_that_ends_with_its_day() -> None:
    with a_till(more='\n[shift]\nsuspended = "cancel"\n') as till:
        calls = till.start().calls
        sale = Steps(calls)
        sale.open()
        sale.put(line())
        held = sale.suspend("forgot the milk")
        live = calls.system.WatchEvents(system_pb2.WatchEventsRequest(cursor=held.seq))
        take_until(live, lambda message: message.HasField("caught_up"))
        shift = calls.shift.GetShift(pb.GetShiftRequest()).shift
        counted = end_and_count(calls, shift, 0)
        calls.shift.CloseShift(pb.CloseShiftRequest(**head(counted)))
        calls.shift.CloseDay(pb.CloseDayRequest(request_id=new_id(), day_number=1))
        seen = take_until(live, lambda message: message.HasField("sale_changed"))
        live.cancel()
        told = seen[-1].sale_changed.sale
        assert (told.sale_id, told.state) == (sale.sale_id, checkout_pb2.SALE_STATE_CANCELLED)
        assert (told.version, told.payable) == (held.version + 1, held.payable)


def test_an_x_reads_and_changes_nothing(shop: Till) -> None:
    calls = shop.calls
    assert refused(calls.shift.GetXReport, pb.GetXReportRequest()) == "DAY_NOT_OPEN"
    open_day(calls)
    open_shift(calls)
    calls.checkout.Checkout(card_sale())
    before = calls.system.GetStatus(system_pb2.GetStatusRequest()).head_seq
    x = calls.shift.GetXReport(pb.GetXReportRequest()).report
    assert (x.z_number, x.last_seq, x.totals.sales.count) == (0, before, 1)
    assert x.shifts[0].cash.expected.minor_units == 10_000
    assert calls.system.GetStatus(system_pb2.GetStatusRequest()).head_seq == before


def test_without_a_shift_the_current_one_is_not_found_and_no_number_is_named(shop: Till) -> None:
    for day_is_open in (False, True):
        with pytest.raises(grpc.RpcError) as caught:
            shop.calls.shift.GetShift(pb.GetShiftRequest())
        refusal = refusal_of(caught.value)
        assert (refusal.reason, refusal.facts) == ("SHIFT_NOT_FOUND", {})
        assert refusal.sentence == "No shift is open."
        if not day_is_open:
            open_day(shop.calls)


def test_movements_are_listed_and_an_id_counts_once_after_a_restart(shop: Till) -> None:
    calls = shop.calls
    open_day(calls)
    shift = open_shift(calls)
    version = shift.version
    for kind, minor in ((pb.MOVEMENT_KIND_LOAN, 500), (pb.MOVEMENT_KIND_SAFE_DROP, 300)):
        request = pb.RecordMovementRequest(
            request_id=new_id(),
            shift_id=shift.shift_id,
            expected_version=version,
            movement_id=f"m{minor}",
            kind=kind,
            amount=eur(minor),
        )
        version = calls.shift.RecordMovement(request).shift_version
    shop.kill()
    shop.start()
    found = shop.calls.shift.GetShift(pb.GetShiftRequest(shift_id="shift-1"))
    assert [each.amount.minor_units for each in found.movements] == [500, 300]
    request.request_id, request.expected_version = new_id(), found.shift.version
    assert refused(shop.calls.shift.RecordMovement, request) == "MOVEMENT_EXISTS"


def test_an_over_short_is_explained_once_the_shift_is_closed(shop: Till) -> None:
    calls = shop.calls
    open_day(calls)
    shift = open_shift(calls, 0)
    sale_id = name()
    calls.checkout.OpenSale(checkout_pb2.OpenSaleRequest(request_id=new_id(), sale_id=sale_id))
    step = {"sale_id": sale_id}
    put = checkout_pb2.PutLineRequest(request_id=new_id(), **step, expected_version=1, line=line())
    due = calls.checkout.PutLine(put).sale.due.minor_units
    calls.checkout.AddTender(
        checkout_pb2.AddTenderRequest(
            request_id=new_id(), **step, expected_version=2, tender=tender(due)
        )
    )
    shop.kill()
    shop.start()
    calls = shop.calls
    explain = pb.ExplainOverShortRequest(shift_id=shift.shift_id)
    assert refused(calls.shift.ExplainOverShort, explain) == "SHIFT_STATE"
    counted = end_and_count(calls, shift, due)
    calls.shift.CloseShift(pb.CloseShiftRequest(**head(counted)))
    answer = calls.shift.ExplainOverShort(explain)
    assert answer.over_short.minor_units == due
    assert answer.traces[0].kind == pb.TRACE_KIND_SALE_INTERRUPTED
    assert answer.traces[0].fits


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_slips_and_the_z_come_out_of_the_printer(language: str) -> None:
    with (
        VirtualPrinter(drawer=VirtualDrawer()) as printer,
        a_till(printer=printer, more=EXPLICIT, language=language) as till,
    ):
        calls = till.start().calls
        open_day(calls)
        shift = open_shift(calls)
        movement = pb.RecordMovementRequest(
            **head(shift),
            movement_id="m1",
            kind=pb.MOVEMENT_KIND_PAID_OUT,
            amount=eur(1_500),
            reason="window cleaner",
        )
        calls.shift.RecordMovement(movement)
        await_printed(calls, "movement/m1")
        kick = await_kick(calls, "movement/m1")
        assert kick.reason == drawer_pb2.DRAWER_REASON_PAID_IN_OUT
        calls.checkout.Checkout(cash_sale())
        shift.version += 1
        counted = end_and_count(calls, shift, 8_500)
        after = calls.shift.HandOver(pb.HandOverRequest(**head(counted), operator="bo")).opened
        await_printed(calls, "shift/1")
        counted = end_and_count(calls, after, 8_500)
        calls.shift.CloseShift(pb.CloseShiftRequest(**head(counted)))
        await_printed(calls, "shift/2")
        calls.shift.CloseDay(pb.CloseDayRequest(request_id=new_id(), day_number=1))
        await_printed(calls, "z/1")
        again = pb.PrintReportRequest(
            request_id=new_id(), job_id="again", kind=pb.REPORT_KIND_Z, number=1
        )
        assert calls.shift.PrintReport(again).copy == 1
        await_printed(calls, "again")
        papers = [receipt.text for receipt in printer.receipts]
    words = {
        "en": ("window cleaner", "HANDOVER", "SHIFT 2", "Z REPORT 1", "COPY 1"),
        "zh-CN": ("其他支出", "交班单", "班次结算 2", "日结 Z 报表 1", "COPY 1"),
    }[language]
    for word in words:
        assert any(word in paper for paper in papers), f"{word}: {papers}"


def test_the_example_goes_through_a_day(shop: Till) -> None:
    example = Path(__file__).parents[2] / "clients/python/examples/day_at_the_till.py"
    done = subprocess.run(
        [sys.executable, str(example), shop.address],
        capture_output=True,
        text=True,
        timeout=60.0,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[0] == "ann was over or short by 0.00"
    assert said[1] == "bo begins with 156.40"
    assert said[-1] == "Z 1: 1 sales, 6.40"
