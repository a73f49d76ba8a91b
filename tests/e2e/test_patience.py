"""Callers that hang up, watchers that sleep, printers that are off or hang, and a till that ends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import grpc
import pytest

from hwsim.drawer import VirtualDrawer
from hwsim.mechanism import PaperState
from hwsim.printer import VirtualPrinter
from tests.support.answers import (
    assert_journal_sound,
    await_job,
    await_kick,
    head_seq,
    paper_in,
    refused,
    take_until,
)
from tests.support.sales import card_sale, cash_sale, name, new_id
from tests.support.till import a_till
from tillhal.v1 import checkout_pb2 as pb
from tillhal.v1 import device_pb2, drawer_pb2, journal_pb2, printer_pb2, system_pb2
from tillhald.service.till import CHECKPOINT_EVERY

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.till import Calls, Till

PROMPT_S_MAX = 5.0
"""A machine that runs other tests beside this one is slow; a device's deadline is longer, 20 s.
How quick it is, is measured in bench/."""
SALES_WATCHED = 2_000
IN_FLIGHT = 8


def prompt(call: Callable[[], object]) -> None:
    began_s = time.monotonic()
    call()
    took_s = time.monotonic() - began_s
    assert took_s < PROMPT_S_MAX, f"{took_s:.2f} s"


def assert_nothing_waits_for_the_printer(calls: Calls) -> None:
    """Every kind of call, also those that look at the printer, is answered at once."""
    prompt(lambda: calls.checkout.Checkout(cash_sale()))
    prompt(lambda: calls.system.GetStatus(system_pb2.GetStatusRequest()))
    prompt(lambda: calls.device.ListDevices(device_pb2.ListDevicesRequest()))
    prompt(lambda: calls.drawer.GetDrawer(drawer_pb2.GetDrawerRequest()))
    prompt(lambda: calls.printer.ListJobs(printer_pb2.ListJobsRequest()))
    words = printer_pb2.PrintDocument(parts=[printer_pb2.Part(cut=printer_pb2.CutPart())])
    words.parts.add().text.runs.add().text = "Soup"
    document = printer_pb2.ValidateDocumentRequest(document=words)
    prompt(lambda: calls.printer.ValidateDocument(document))
    submitted = printer_pb2.SubmitJobRequest(
        request_id=new_id(), job_id=name("job"), document=words
    )
    prompt(lambda: calls.printer.SubmitJob(submitted))
    kick = drawer_pb2.OpenDrawerRequest(
        request_id=new_id(), kick_id=name("kick"), reason=drawer_pb2.DRAWER_REASON_TEST
    )
    prompt(lambda: calls.drawer.OpenDrawer(kick))


def outcome_of(call: grpc.Future) -> str:
    try:
        call.result()
    except grpc.FutureCancelledError:
        return "cancelled"
    except grpc.RpcError as error:
        return str(error.code().name)
    return "answered"


# --- callers


def test_a_caller_that_hangs_up_loses_nothing(till: Till) -> None:
    requests = [card_sale() for _ in range(40)]
    outcomes = set()
    for number, request in enumerate(requests):
        if number % 2:
            call = till.calls.checkout.Checkout.future(request, timeout=0.001)
        else:
            call = till.calls.checkout.Checkout.future(request)
            call.cancel()
        outcomes.add(outcome_of(call))
    assert "DEADLINE_EXCEEDED" in outcomes
    assert "cancelled" in outcomes
    answers = [till.calls.checkout.Checkout(request).sale for request in requests]
    again = [till.calls.checkout.Checkout(request) for request in requests]
    assert [answer.sale for answer in again] == answers
    assert all(answer.replayed for answer in again)
    numbers = sorted(sale.receipt_number for sale in answers)
    assert numbers == list(range(numbers[0], numbers[0] + len(requests)))


def sell(calls: Calls, count: int) -> list[float]:
    """Sell, IN_FLIGHT sales at a time; how long each took, in s."""
    took_s: list[float] = []
    waiting: list[tuple[float, grpc.Future]] = []
    for _ in range(count):
        waiting.append((time.monotonic(), calls.checkout.Checkout.future(card_sale())))
        if len(waiting) == IN_FLIGHT:
            began_s, call = waiting.pop(0)
            call.result()
            took_s.append(time.monotonic() - began_s)
    for began_s, call in waiting:
        call.result()
        took_s.append(time.monotonic() - began_s)
    return took_s


def test_a_watcher_that_sleeps_delays_nobody_and_misses_nothing(bare: Till) -> None:
    watched = bare.another().system.WatchEvents(system_pb2.WatchEventsRequest())
    next(watched)
    journal = bare.another().journal.WatchJournal(journal_pb2.WatchJournalRequest())
    next(journal)
    took_s = sell(bare.calls, SALES_WATCHED)
    assert max(took_s) < PROMPT_S_MAX
    last = head_seq(bare.calls)
    told = take_until(watched, lambda message: message.cursor == last)
    watched.cancel()
    sold = [message.sale_changed.sale for message in told if message.HasField("sale_changed")]
    assert [sale.receipt_number for sale in sold] == list(range(1, SALES_WATCHED + 1))
    records = take_until(journal, lambda message: message.cursor == last)
    journal.cancel()
    seqs = [message.record.seq for message in records if message.HasField("record")]
    assert seqs == list(range(2, last + 1))
    bare.restart()  # it has checkpoints by now
    assert bare.calls.checkout.Checkout(card_sale()).sale.receipt_number == SALES_WATCHED + 1
    found = bare.calls.checkout.GetSale(pb.GetSaleRequest(receipt_number=SALES_WATCHED // 2))
    assert found.sale.summary == sold[SALES_WATCHED // 2 - 1]
    result = assert_journal_sound(bare.calls)
    assert result.records > SALES_WATCHED


# --- printers


def test_a_printer_that_is_off_prints_once_when_it_comes_on(fresh: Till) -> None:
    fresh.printer.power_off()
    prompt(lambda: fresh.calls.checkout.Checkout(cash_sale()))
    held = await_job(fresh.calls, "receipt/1", printer_pb2.JOB_STATE_HELD)
    assert held.reason
    second = fresh.calls.checkout.Checkout(card_sale()).sale
    assert_nothing_waits_for_the_printer(fresh.calls)
    status = fresh.calls.system.GetStatus(system_pb2.GetStatusRequest())
    assert system_pb2.MODE_PRINTER_DOWN in status.modes
    fresh.printer.power_on()
    for job_id in ("receipt/1", second.receipt_job_id):
        assert await_job(fresh.calls, job_id).state == printer_pb2.JOB_STATE_CONFIRMED
    paper = paper_in(fresh.printer)
    assert {paper.originals[number] for number in (1, second.receipt_number)} == {1}


def test_a_printer_that_was_never_there_holds_receipts_over_a_restart() -> None:
    with VirtualPrinter(drawer=VirtualDrawer()) as printer, a_till(printer=printer) as till:
        printer.power_off()
        till.start()
        prompt(lambda: till.calls.checkout.Checkout(cash_sale()))
        await_job(till.calls, "receipt/1", printer_pb2.JOB_STATE_HELD)
        till.kill()
        printer.power_on()
        till.start()
        assert await_job(till.calls, "receipt/1").state == printer_pb2.JOB_STATE_CONFIRMED
        assert paper_in(printer).originals == {1: 1}


def test_a_receipt_that_nobody_waits_for_any_more_is_not_printed() -> None:
    with (
        VirtualPrinter(drawer=VirtualDrawer()) as printer,
        a_till(printer=printer, ttl_s=1) as till,
    ):
        printer.power_off()
        till.start()
        till.calls.checkout.Checkout(card_sale())
        assert await_job(till.calls, "receipt/1").state == printer_pb2.JOB_STATE_EXPIRED
        printer.power_on()
        later = till.calls.checkout.Checkout(card_sale()).sale
        await_job(till.calls, later.receipt_job_id)
        assert 1 not in paper_in(printer).originals


def test_a_page_whose_time_is_over_does_not_wait_behind_a_held_receipt(fresh: Till) -> None:
    fresh.printer.power_off()
    receipt = fresh.calls.checkout.Checkout(card_sale()).sale.receipt_job_id
    page = printer_pb2.PrintDocument(parts=[printer_pb2.Part(cut=printer_pb2.CutPart())])
    fresh.calls.printer.SubmitJob(
        printer_pb2.SubmitJobRequest(request_id=new_id(), job_id="page", document=page, ttl_s=1)
    )
    assert await_job(fresh.calls, "page").state == printer_pb2.JOB_STATE_EXPIRED
    waiting = fresh.calls.printer.GetJob(printer_pb2.GetJobRequest(job_id=receipt)).job
    assert waiting.state == printer_pb2.JOB_STATE_HELD


def test_paper_that_ends_in_the_middle_of_a_receipt_delays_nobody(fresh: Till) -> None:
    fresh.printer.set_paper(PaperState.END, after_dots=60)
    sale = fresh.calls.checkout.Checkout(cash_sale(given=1000)).sale
    fresh.printer.wait_commands("LF", 2, timeout_s=20)
    assert_nothing_waits_for_the_printer(fresh.calls)
    assert paper_in(fresh.printer).originals == {}
    fresh.printer.set_paper(PaperState.ADEQUATE)
    # It ended unconfirmed, because somebody had to bring paper; now the printer confirms it.
    await_job(fresh.calls, sale.receipt_job_id, printer_pb2.JOB_STATE_CONFIRMED)
    assert paper_in(fresh.printer).originals[1] == 1
    assert await_kick(fresh.calls, "kick/1").state == drawer_pb2.KICK_STATE_FIRED


def test_paper_that_ends_in_the_middle_of_a_receipt_is_told_and_the_drawer_opens(
    fresh: Till,
) -> None:
    fresh.printer.set_paper(PaperState.END, after_dots=60)
    fresh.calls.checkout.Checkout(cash_sale(given=1000))
    fresh.printer.wait_commands("LF", 2, timeout_s=20)
    news = fresh.calls.system.WatchEvents(system_pb2.WatchEventsRequest(), timeout=4)
    told: set[str] = set()
    for message in news:
        if message.device.condition.code:
            told.add("paper")
        if message.kick_changed.state == drawer_pb2.KICK_STATE_FIRED:
            told.add("drawer")
        if told == {"paper", "drawer"}:
            break
    news.cancel()
    assert told == {"paper", "drawer"}


def test_a_printer_that_hangs_delays_nobody_not_even_the_end(fresh: Till) -> None:
    first = fresh.calls.checkout.Checkout(card_sale()).sale
    await_job(fresh.calls, first.receipt_job_id)
    fresh.printer.stall_after(40)
    second = fresh.calls.checkout.Checkout(card_sale()).sale
    await_job(fresh.calls, second.receipt_job_id, printer_pb2.JOB_STATE_SENDING)
    assert_nothing_waits_for_the_printer(fresh.calls)
    streams = [
        fresh.another().system.WatchEvents(system_pb2.WatchEventsRequest()) for _ in range(5)
    ]
    for stream in streams:
        next(stream)
    fresh.stop()
    fresh.printer.release()
    fresh.start()
    unsure = await_job(fresh.calls, second.receipt_job_id)
    assert unsure.state == printer_pb2.JOB_STATE_UNCONFIRMED
    report = fresh.calls.system.GetStatus(system_pb2.GetStatusRequest()).recovery
    assert report.clean_shutdown
    third = fresh.calls.checkout.Checkout(card_sale()).sale
    assert await_job(fresh.calls, third.receipt_job_id).state == printer_pb2.JOB_STATE_CONFIRMED
    paper = paper_in(fresh.printer).originals
    assert paper[first.receipt_number] == 1
    assert paper.get(second.receipt_number, 0) <= 1
    assert paper[third.receipt_number] == 1


# --- the end


def test_watchers_are_told_that_the_till_goes_and_calls_after_that_are_refused(
    fresh: Till,
) -> None:
    events = fresh.calls.system.WatchEvents(system_pb2.WatchEventsRequest(from_now=True))
    journal = fresh.calls.journal.WatchJournal(journal_pb2.WatchJournalRequest(from_now=True))
    jobs = fresh.calls.printer.WatchJobs(printer_pb2.WatchJobsRequest(from_now=True))
    devices = fresh.calls.device.WatchDevices(device_pb2.WatchDevicesRequest())
    for stream in (events, journal, devices):
        next(stream)
    head = head_seq(fresh.calls)
    fresh.stop()
    *_, last = events
    assert last.HasField("draining")
    assert last.cursor >= head
    assert events.code() == grpc.StatusCode.OK
    for stream in (journal, jobs, devices):
        for _ in stream:
            pass
        assert stream.code() == grpc.StatusCode.OK
    with pytest.raises(grpc.RpcError) as raised:
        fresh.calls.checkout.Checkout(card_sale())
    assert raised.value.code() == grpc.StatusCode.UNAVAILABLE


def test_a_till_that_was_stopped_in_order_says_so(bare: Till) -> None:
    bare.calls.checkout.Checkout(card_sale())
    bare.restart()
    report = bare.calls.system.GetStatus(system_pb2.GetStatusRequest()).recovery
    assert report.clean_shutdown
    assert (report.tail_records, report.checkpoint_seq) == (0, report.last_seq)
    bare.kill()
    bare.start()
    report = bare.calls.system.GetStatus(system_pb2.GetStatusRequest()).recovery
    assert not report.clean_shutdown
    with refused(grpc.StatusCode.NOT_FOUND, "SALE_NOT_FOUND"):
        bare.calls.checkout.GetSale(pb.GetSaleRequest(receipt_number=2))


def test_a_till_that_is_killed_day_by_day_does_not_replay_ever_more(bare: Till) -> None:
    for _ in range(3):
        sell(bare.calls, CHECKPOINT_EVERY * 2 // 3)
        bare.kill()
        bare.start()
    report = bare.calls.system.GetStatus(system_pb2.GetStatusRequest()).recovery
    assert report.last_seq > 2 * CHECKPOINT_EVERY
    assert report.tail_records <= CHECKPOINT_EVERY + IN_FLIGHT
