"""A journal that is found damaged: the till sells on, nothing whole is lost, what is gone is named.

Bytes are changed behind the daemon's back, as bad flash does, by the sale's own id in the file.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import grpc
import pytest

from hwsim.drawer import VirtualDrawer
from hwsim.printer import VirtualPrinter
from tests.support.sales import card_sale, new_id
from tests.support.till import a_till
from tillhal.v1 import checkout_pb2 as pb
from tillhal.v1 import journal_pb2, printer_pb2, shift_pb2, system_pb2, types_pb2
from tillhald.domain.sales_by_day import sale_key
from tillhald.journal.engine import open_env, open_tables
from tillhald.journal.salvage import salvage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.till import Calls, Till

COMPLAINTS = {
    "journal_damaged",
    "journal_rescued",
    "journal_fault_found",
    "record_not_applied",
}
WAIT_S_MAX = 30.0


@pytest.fixture
def till() -> Iterator[Till]:
    """A till without devices, which says when it finds damage."""
    with a_till(expected=COMPLAINTS) as till:
        yield till


def until(happened: Callable[[], bool], what: str) -> None:
    deadline_s = time.monotonic() + WAIT_S_MAX
    while not happened():
        assert time.monotonic() < deadline_s, what


def flip_record_of(till: Till, sale_id: str) -> None:
    """Flip a bit in every copy of the record that completed this sale, and nowhere else."""
    file = till.folder / "journal" / "data.mdb"
    with salvage(file) as found:
        envelope = next(stored for _, stored in found.envelopes() if sale_id.encode() in stored)
    content = bytearray(file.read_bytes())
    at = content.find(envelope)
    assert at >= 0
    while at >= 0:
        content[at + envelope.index(sale_id.encode())] ^= 1
        at = content.find(envelope)
    with file.open("r+b") as journal:
        journal.write(content)


def sell(till: Till, count: int) -> list[pb.CheckoutRequest]:
    asked = [card_sale() for _ in range(count)]
    for number, request in enumerate(asked, start=1):
        answer = till.calls.checkout.Checkout(request)
        assert answer.sale.receipt_number >= number
    return asked


def status(till: Till) -> system_pb2.GetStatusResponse:
    return till.calls.system.GetStatus(system_pb2.GetStatusRequest())


def knows(till: Till, sale_id: str) -> bool:
    try:
        till.calls.checkout.GetSale(pb.GetSaleRequest(sale_id=sale_id))
    except grpc.RpcError as error:
        if error.code() is grpc.StatusCode.NOT_FOUND:
            return False
        raise
    return True


def logged(till: Till, event: str) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in till.log_text().splitlines() if line.endswith("}")]
    return [line for line in lines if line["event"] == event]


def segments(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("journal"))


def test_a_start_on_a_damaged_tail_sells_on_and_says_what_is_gone(till: Till) -> None:
    till.start()
    before = sell(till, 5)
    till.kill()
    flip_record_of(till, before[2].sale_id)
    till.start()

    recovery = status(till).recovery
    assert recovery.segment == 2
    assert [gap.last_seq - gap.first_seq for gap in recovery.gone] == [0]
    assert "journal.retired-1" in segments(till.folder)
    # The receipt numbers go on, and none is given twice.
    after = till.calls.checkout.Checkout(card_sale())
    assert after.sale.receipt_number == 6
    # Records that cannot be sent are a gap, never silence.
    watch = till.calls.journal.WatchJournal(journal_pb2.WatchJournalRequest(cursor=0))
    first = next(iter(watch))
    watch.cancel()
    assert first.gap.first_seq == 1
    assert first.gap.last_seq >= recovery.gone[0].last_seq


def test_old_sales_and_answers_come_back_from_the_file_that_was_put_aside(till: Till) -> None:
    till.start()
    before = sell(till, 30)
    till.kill()
    flip_record_of(till, before[7].sale_id)
    till.start()
    until(lambda: bool(logged(till, "segment_brought_back")), "the old rows did not come back")

    for asked in before:
        assert knows(till, asked.sale_id), "rows are whole, even that of the damaged record"
        again = till.calls.checkout.Checkout(asked)
        assert again.replayed
    # And only once: the next start has nothing to bring.
    till.restart()
    assert knows(till, before[0].sale_id)
    assert not logged(till, "segment_brought_back")
    assert status(till).recovery.segment == 2


def test_reports_of_a_file_that_was_put_aside_are_printed_from_their_rows() -> None:
    with (
        VirtualPrinter(drawer=VirtualDrawer()) as printer,
        a_till(printer=printer, expected=COMPLAINTS) as till,
    ):
        till.start()
        for number in (1, 2):
            sell(till, 1 + number)
            close = shift_pb2.CloseDayRequest(request_id=new_id(), day_number=number)
            till.calls.shift.CloseDay(close)
            await_printed(till.calls, f"z/{number}")
        (later,) = sell(till, 1)
        first = next(paper.text for paper in printer.receipts if "Z REPORT 1" in paper.text)
        till.kill()
        flip_record_of(till, later.sale_id)
        till.start()
        until(lambda: bool(logged(till, "segment_brought_back")), "the old rows did not come back")

        for job_id, kind in (("z", "Z"), ("s", "SHIFT")):
            request = shift_pb2.PrintReportRequest(
                request_id=new_id(), job_id=job_id, kind=f"REPORT_KIND_{kind}", number=1
            )
            till.calls.shift.PrintReport(request)
            await_printed(till.calls, job_id)
        z, shift = [paper.text for paper in printer.receipts][-2:]
        for line in first.partition("Chain head")[0].splitlines():
            assert line in z
        assert "Sales (2)" in z and "SHIFT 1" in shift and "Sales (2)" in shift


def await_printed(calls: Calls, job_id: str) -> None:
    printed = printer_pb2.JOB_STATE_CONFIRMED
    asked = printer_pb2.GetJobRequest(job_id=job_id)
    until(lambda: calls.printer.GetJob(asked).job.state == printed, f"{job_id} is not printed")


def test_a_fault_that_the_background_check_finds_puts_the_file_aside_while_selling(
    till: Till,
) -> None:
    till.start()
    before = sell(till, 20)
    # In order, with a checkpoint: the next start does not look at these records.
    till.stop()
    flip_record_of(till, before[4].sale_id)
    till.start()
    assert status(till).recovery.segment == 1

    until(lambda: status(till).storage.segment == 2, "the damaged file is still in use")
    storage = status(till).storage
    assert storage.fault == system_pb2.STORAGE_FAULT_DAMAGED
    assert "salvage" in storage.advice
    assert system_pb2.MODE_STORAGE_DEGRADED in status(till).modes
    sold = till.calls.checkout.Checkout(card_sale())
    assert sold.durability == types_pb2.DURABILITY_DURABLE_PRIMARY
    assert sold.sale.receipt_number == 21
    until(lambda: knows(till, before[4].sale_id), "the old rows did not come back")
    assert till.calls.checkout.Checkout(before[4]).replayed
    till.restart()
    verdict = list(till.calls.journal.Verify(journal_pb2.VerifyRequest()))[-1].result
    assert verdict.sound, verdict.findings


def test_a_row_that_is_gone_is_found_in_the_background_and_nothing_else_is_lost(
    till: Till,
) -> None:
    till.start()
    before = sell(till, 5)
    till.stop()
    folder = str(till.folder / "journal")
    file_bytes = (till.folder / "journal" / "data.mdb").stat().st_size
    with open_env(folder, map_bytes=file_bytes, readonly=False) as env:
        tables = open_tables(env)
        with env.begin(write=True) as txn:
            assert txn.delete(sale_key(before[2].sale_id), db=tables["sales"])
    till.start()
    until(lambda: status(till).storage.segment == 2, "the row was not missed")
    assert "Rows of sales are gone" in status(till).storage.message
    until(lambda: knows(till, before[4].sale_id), "the old rows did not come back")
    assert till.calls.checkout.Checkout(card_sale()).sale.receipt_number == 6
    # Its answer was another row.
    assert till.calls.checkout.Checkout(before[2]).replayed
    verdict = list(till.calls.journal.Verify(journal_pb2.VerifyRequest()))[-1].result
    assert verdict.sound, verdict.findings


def test_sales_that_were_open_are_open_in_the_new_file(till: Till) -> None:
    till.start()
    opened = till.calls.checkout.OpenSale(
        pb.OpenSaleRequest(request_id=new_id(), sale_id="a-basket")
    )
    before = sell(till, 3)
    till.kill()
    flip_record_of(till, before[1].sale_id)
    till.start()
    assert list(status(till).recovery.interrupted_sale_ids) == ["a-basket"]
    basket = till.calls.checkout.GetSale(pb.GetSaleRequest(sale_id="a-basket")).sale
    assert basket.summary.version == opened.sale.version + 1


def test_a_file_with_nothing_whole_in_it_is_refused_and_left_alone(till: Till) -> None:
    till.start()
    sell(till, 2)
    till.stop()
    file = till.folder / "journal" / "data.mdb"
    size = file.stat().st_size
    file.write_bytes(b"\xa5" * size)
    till.spawn()
    assert till.await_exit() == 1
    assert "chain id" in till.errors() or "not one of LMDB" in till.errors()
    assert file.read_bytes() == b"\xa5" * size
    assert "journal.retired-1" not in segments(till.folder)


def test_a_damaged_journal_never_makes_way_for_an_empty_one(till: Till) -> None:
    till.start()
    sell(till, 1)
    till.stop()
    (till.folder / "journal").rename(till.folder / "journal.retired-1")
    till.spawn()
    assert till.await_exit() == 1
    assert "There is no journal" in till.errors()
