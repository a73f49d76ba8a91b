"""Reading: sales, jobs, devices, the journal and its chain, and streams that resume."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import TYPE_CHECKING

import grpc
import lmdb

from tests.support.answers import (
    assert_journal_sound,
    await_job,
    await_kick,
    head_seq,
    journal_records,
    refused,
    take_until,
)
from tests.support.sales import Steps, card_sale, cash_sale, line, name, new_id
from tillhal.v1 import (
    checkout_pb2 as pb,
)
from tillhal.v1 import (
    device_pb2,
    drawer_pb2,
    journal_pb2,
    printer_pb2,
    system_pb2,
    types_pb2,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.till import Calls, Till


def status_of(calls: Calls) -> system_pb2.GetStatusResponse:
    return calls.system.GetStatus(system_pb2.GetStatusRequest())


def events_until(calls: Calls, seq: int) -> list[system_pb2.WatchEventsResponse]:
    """All events up to record `seq`, from the beginning."""
    stream = calls.system.WatchEvents(system_pb2.WatchEventsRequest())
    taken = take_until(stream, lambda message: message.HasField("caught_up"))
    stream.cancel()
    return [message for message in taken if message.cursor <= seq and message.HasField("time")]


# --- sales


def test_a_sale_is_found_by_its_id_and_by_its_receipt_number(till: Till) -> None:
    sold = till.calls.checkout.Checkout(cash_sale(given=1000)).sale
    by_id = till.calls.checkout.GetSale(pb.GetSaleRequest(sale_id=sold.sale_id))
    number = pb.GetSaleRequest(receipt_number=sold.receipt_number)
    by_number = till.calls.checkout.GetSale(number)
    assert by_id == by_number
    assert by_id.sale.summary == sold
    for unknown in (
        pb.GetSaleRequest(sale_id="nobody"),
        pb.GetSaleRequest(receipt_number=0),
        pb.GetSaleRequest(receipt_number=2**64 - 1),
    ):
        with refused(grpc.StatusCode.NOT_FOUND, "SALE_NOT_FOUND"):
            till.calls.checkout.GetSale(unknown)


def test_completed_sales_are_listed_page_by_page_newest_first(till: Till) -> None:
    sold = [till.calls.checkout.Checkout(card_sale()).sale for _ in range(5)]
    cancelled = Steps(till.calls)
    cancelled.open()
    cancelled.cancel()
    newest = list(reversed(sold))
    pages: list[list[pb.SaleSummary]] = []
    token = ""
    while len(pages) < 50:
        answer = till.calls.checkout.ListSales(pb.ListSalesRequest(page_size=2, page_token=token))
        pages.append(list(answer.sales))
        token = answer.next_page_token
        if not token:
            break
    listed = [sale for page in pages for sale in page]
    assert all(len(page) == 2 for page in pages[:-1])
    assert listed[: len(newest)] == newest
    numbers = [sale.receipt_number for sale in listed]
    assert numbers == list(range(len(numbers), 0, -1))
    everything = till.calls.checkout.ListSales(pb.ListSalesRequest(page_size=500))
    assert list(everything.sales) == listed
    assert not everything.next_page_token


# --- printing


def document(*words: str) -> printer_pb2.PrintDocument:
    parts = [
        printer_pb2.Part(text=printer_pb2.TextPart(runs=[printer_pb2.Run(text=text)]))
        for text in words
    ]
    return printer_pb2.PrintDocument(
        parts=[
            *parts,
            printer_pb2.Part(qr=printer_pb2.QrPart(value="https://example.org/7")),
            printer_pb2.Part(feed=printer_pb2.FeedPart(lines=2)),
            printer_pb2.Part(cut=printer_pb2.CutPart()),
        ]
    )


def test_a_document_is_checked_taken_printed_and_found_again(till: Till) -> None:
    words = document("Day's specials", "Soup")
    checked = till.calls.printer.ValidateDocument(
        printer_pb2.ValidateDocumentRequest(document=words)
    )
    assert not checked.problems
    assert checked.preview[:2] == ["Day's specials", "Soup"]
    before = status_of(till.calls).head_seq

    request = printer_pb2.SubmitJobRequest(request_id=new_id(), job_id=name("job"), document=words)
    taken = till.calls.printer.SubmitJob(request)

    assert taken.job.kind == printer_pb2.JOB_KIND_DOCUMENT
    done = await_job(till.calls, request.job_id)
    assert (done.state, done.reason) == (printer_pb2.JOB_STATE_CONFIRMED, "PROCESS_ID")
    paper = till.printer.receipts[-1].text
    assert "Day's specials\nSoup\n[QR Code] https://example.org/7" in paper
    watched = till.calls.printer.WatchJobs(printer_pb2.WatchJobsRequest(cursor=before))
    changes = take_until(watched, lambda message: message.job == done)
    watched.cancel()
    changes = [message for message in changes if message.job.job_id == request.job_id]
    assert [message.job.state for message in changes] == [
        printer_pb2.JOB_STATE_ACCEPTED,
        printer_pb2.JOB_STATE_SENDING,
        printer_pb2.JOB_STATE_CONFIRMED,
    ]
    found = till.calls.printer.GetJob(printer_pb2.GetJobRequest(job_id=request.job_id)).job
    assert found == done == changes[-1].job
    assert till.calls.printer.SubmitJob(request) == printer_pb2.SubmitJobResponse(
        job=taken.job, durability=taken.durability, replayed=True
    )


def test_jobs_are_listed_page_by_page_newest_first(till: Till) -> None:
    for _ in range(5):
        await_job(till.calls, till.calls.checkout.Checkout(card_sale()).sale.receipt_job_id)
    listed: list[printer_pb2.Job] = []
    token = ""
    for _ in range(50):
        answer = till.calls.printer.ListJobs(
            printer_pb2.ListJobsRequest(page_size=2, page_token=token)
        )
        assert len(answer.jobs) <= 2
        listed += answer.jobs
        token = answer.next_page_token
        if not token:
            break
    everything = till.calls.printer.ListJobs(printer_pb2.ListJobsRequest(page_size=500)).jobs
    assert list(everything) == listed
    created = [job.create_time.ToNanoseconds() for job in listed]
    assert created == sorted(created, reverse=True)
    live = till.calls.printer.ListJobs(printer_pb2.ListJobsRequest(live_only=True))
    assert not live.jobs


def test_a_document_that_cannot_be_printed_is_refused_with_its_part(till: Till) -> None:
    words = document("fine")
    words.parts[1].barcode.CopyFrom(
        printer_pb2.BarcodePart(kind=printer_pb2.BARCODE_KIND_EAN13, value="4006381333932")
    )
    checked = till.calls.printer.ValidateDocument(
        printer_pb2.ValidateDocumentRequest(document=words)
    )
    assert [(p.part, p.reason) for p in checked.problems] == [(1, "DOCUMENT_INVALID")]
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "DOCUMENT_INVALID") as caught:
        till.calls.printer.SubmitJob(
            printer_pb2.SubmitJobRequest(request_id=new_id(), job_id=name(), document=words)
        )
    assert caught.refusal.fields == ["document.parts[1]"]


# --- devices and the till itself


def test_the_devices_say_how_they_are(till: Till) -> None:
    await_job(till.calls, till.calls.checkout.Checkout(card_sale()).sale.receipt_job_id)
    devices = till.calls.device.ListDevices(device_pb2.ListDevicesRequest()).devices
    assert [device.device_id for device in devices] == ["front_printer", "front_drawer"]
    printer = devices[0]
    assert printer.category == device_pb2.DEVICE_CATEGORY_POS_PRINTER
    assert printer.power_state == device_pb2.POWER_STATE_ONLINE
    assert printer.presence == device_pb2.PRESENCE_PRESENT
    one = till.calls.device.GetDevice(device_pb2.GetDeviceRequest(device_id="front_printer"))
    assert one.device.device_id == "front_printer"
    for call in (
        lambda: till.calls.device.GetDevice(device_pb2.GetDeviceRequest(device_id="back")),
        lambda: till.calls.drawer.GetDrawer(drawer_pb2.GetDrawerRequest(drawer="front_printer")),
        lambda: next(
            till.calls.device.WatchDevices(device_pb2.WatchDevicesRequest(device_id="back"))
        ),
    ):
        with refused(grpc.StatusCode.NOT_FOUND, "DEVICE_NOT_FOUND"):
            call()


def test_a_cover_that_opens_is_seen_and_journalled_and_so_is_its_closing(till: Till) -> None:
    await_job(till.calls, till.calls.checkout.Checkout(card_sale()).sale.receipt_job_id)
    watched = till.calls.device.WatchDevices(
        device_pb2.WatchDevicesRequest(device_id="front_printer")
    )
    news = till.calls.system.WatchEvents(system_pb2.WatchEventsRequest(from_now=True))
    take_until(news, lambda message: message.HasField("caught_up"))

    def conditions(message: device_pb2.WatchDevicesResponse) -> set[str]:
        return {condition.code for condition in message.device.conditions}

    till.printer.open_cover()
    take_until(watched, lambda message: "COVER_OPEN" in conditions(message))
    assert system_pb2.MODE_PRINTER_DOWN in status_of(till.calls).modes
    till.printer.close_cover()
    take_until(watched, lambda message: not conditions(message))
    watched.cancel()
    told = take_until(
        news,
        lambda message: (
            message.device.kind == device_pb2.DEVICE_EVENT_KIND_CONDITION_ENDED
            and message.device.condition.code == "COVER_OPEN"
        ),
    )
    news.cancel()
    began = [
        message.device.condition.code
        for message in told
        if message.device.kind == device_pb2.DEVICE_EVENT_KIND_CONDITION_BEGAN
    ]
    assert began.count("COVER_OPEN") == 1
    assert system_pb2.MODE_PRINTER_DOWN not in status_of(till.calls).modes


def test_the_till_tells_how_it_is(till: Till) -> None:
    sold = till.calls.checkout.Checkout(card_sale()).sale
    open_sale = Steps(till.calls)
    open_sale.open()
    status = status_of(till.calls)
    assert (status.store_id, status.workstation_id) == ("store-7", "till-3")
    assert (status.api_version, status.currency_code) == ("tillhal.v1", "EUR")
    assert status.durability == types_pb2.DURABILITY_DURABLE_PRIMARY
    assert status.head_seq > sold.seq
    assert status.live_sales == 1
    assert status.shift_id == "shift-1"
    assert len(status.business_day) == len("2026-01-01")
    assert not status.modes
    assert not status.simulated
    open_sale.cancel()
    assert status_of(till.calls).live_sales == 0


# --- the journal


def test_the_check_of_the_chain_ends_sound(till: Till) -> None:
    till.calls.checkout.Checkout(card_sale())
    result = assert_journal_sound(till.calls)
    while result.head_seq < head_seq(till.calls):  # the check of the start was joined
        result = assert_journal_sound(till.calls)
    assert result.records == result.head_seq
    assert status_of(till.calls).chain_check == system_pb2.CHAIN_CHECK_SOUND


def record_hash(chain_id: bytes, seq: int, stored: bytes) -> bytes:
    """The hash of a record, by the table in the journal's description of its format."""
    return hashlib.sha256(
        b"tillhal.journal.record.1\0" + chain_id + seq.to_bytes(8, "big") + stored
    ).digest()


def stored_records(folder: Path) -> dict[int, bytes]:
    """What stands in the file, read without the daemon's code."""
    environment = lmdb.open(str(folder), max_dbs=16, readonly=True, lib_version=0)
    try:
        table = environment.open_db(b"records", create=False)
        with environment.begin(db=table) as txn:
            return {int.from_bytes(key, "big"): bytes(value) for key, value in txn.cursor()}
    finally:
        environment.close()


def test_the_journal_is_a_chain_that_anybody_can_reckon_again(bare: Till) -> None:
    for _ in range(3):
        bare.calls.checkout.Checkout(cash_sale())
    records = journal_records(bare.calls)
    status = bare.calls.journal.GetStatus(journal_pb2.JournalServiceGetStatusRequest())
    assert [record.seq for record in records] == list(range(1, status.head_seq + 1))
    assert records[-1].hash == status.head_hash
    assert records[0].prev_hash == bytes(32)
    for before, record in pairwise(records):
        assert record.prev_hash == before.hash
    sold = [r for r in records if any(e.kind == "SaleCompleted" for e in r.events)]
    assert all(r.request_id and r.shift_id and r.business_day and r.operator for r in sold)
    later = journal_records(bare.calls, cursor=records[2].seq)
    assert later == records[3:]

    bare.stop()

    stored = stored_records(bare.folder / "journal")
    for record in records:
        assert record_hash(status.chain_id, record.seq, stored[record.seq]) == record.hash
    assert len(stored) == status.head_seq + 1, "the stop itself is the only further record"
    changed = bytearray(stored[3])
    changed[-1] ^= 1
    assert record_hash(status.chain_id, 3, bytes(changed)) != records[2].hash


def test_a_cursor_ahead_of_the_journal_is_refused(till: Till) -> None:
    ahead = head_seq(till.calls) + 1_000
    for stream in (
        till.calls.system.WatchEvents(system_pb2.WatchEventsRequest(cursor=ahead)),
        till.calls.journal.WatchJournal(journal_pb2.WatchJournalRequest(cursor=2**64 - 1)),
        till.calls.printer.WatchJobs(printer_pb2.WatchJobsRequest(cursor=ahead)),
    ):
        with refused(grpc.StatusCode.OUT_OF_RANGE, "CURSOR_AHEAD") as caught:
            next(stream)
        assert int(caught.refusal.facts["head_seq"]) < ahead


def test_what_was_seen_live_is_told_again_from_the_same_cursor_after_a_restart(
    fresh: Till,
) -> None:
    live = fresh.calls.system.WatchEvents(system_pb2.WatchEventsRequest())
    sale = Steps(fresh.calls)
    sale.open()
    sale.put(line())
    sold = fresh.calls.checkout.Checkout(cash_sale()).sale
    await_kick(fresh.calls, f"kick/{sold.receipt_number}")
    fresh.sensor.close()
    seen = take_until(
        live, lambda message: message.device.kind == device_pb2.DEVICE_EVENT_KIND_DRAWER_CLOSED
    )
    live.cancel()
    told = [message for message in seen if not message.HasField("caught_up")]
    kinds = {message.WhichOneof("event") for message in told}
    assert kinds == {"started", "sale_changed", "job_changed", "kick_changed", "device"}
    until = told[-1].cursor

    fresh.kill()
    fresh.start()

    again = [message for message in events_until(fresh.calls, until)]
    # How a start went is told by the start that is asked; an earlier one keeps only its place.
    for message in (*told, *again):
        if message.HasField("started"):
            message.started.Clear()
    assert again == told
    middle = told[len(told) // 2].cursor
    resumed = fresh.calls.system.WatchEvents(system_pb2.WatchEventsRequest(cursor=middle))
    first = next(resumed)
    resumed.cancel()
    assert first == next(message for message in told if message.cursor > middle)
