"""Receipts that begin with their sales: on a running daemon that dies, on a printer that fails, with
what is on paper as the witness."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from hwsim.drawer import VirtualDrawer
from hwsim.models import MODELS
from hwsim.printer import VirtualPrinter
from hwsim.serial_line import SerialAt
from tests.support.answers import await_job, await_kick, journal_records, paper_in
from tests.support.sales import card_sale, cash_sale
from tests.support.till import Till, a_till, short_folder, till_toml
from tillhal.v1 import checkout_pb2, drawer_pb2
from tillhal.v1 import printer_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.till import Calls

UNCONFIRMED, FAILED_PARTIAL = pb.JOB_STATE_UNCONFIRMED, pb.JOB_STATE_FAILED_PARTIAL
CONFIRMED, HELD, SENDING = pb.JOB_STATE_CONFIRMED, pb.JOB_STATE_HELD, pb.JOB_STATE_SENDING
FOREIGN_CUT = b"somebody else\n\x1dVA\x00"
TRIES = 20
COMMITS = range(3, 9)
"""The start's commits, a first sale that is printed the longer way, and a second one."""


@pytest.fixture
def off() -> Iterator[Till]:
    """A till that is not running yet, on a printer of its own."""
    with VirtualPrinter(drawer=VirtualDrawer()) as printer, a_till(printer=printer) as till:
        yield till


def sell(till: Till) -> str:
    job_id: str = till.calls.checkout.Checkout(card_sale()).sale.receipt_job_id
    return job_id


def warmed_up(till: Till, failpoint: str = "") -> Till:
    """It runs, and has printed one receipt: the next one can begin with its sale."""
    till.start(failpoint)
    assert await_job(till.calls, sell(till)).state == CONFIRMED
    return till


def facts_of(calls: Calls) -> list[list[tuple[str, dict[str, Any]]]]:
    """Record by record, the kinds of facts and what they say."""
    return [
        [(event.kind, json.loads(event.facts_json)) for event in record.events]
        for record in journal_records(calls)
    ]


def begun_with_their_sales(calls: Calls) -> list[str]:
    """The receipts that began in the record of their sale."""
    return [
        facts["job_id"]
        for record in facts_of(calls)
        for kind, facts in record
        if kind == "PrintStarted" and any(other == "SaleCompleted" for other, _ in record)
    ]


def starts_of(calls: Calls, job_id: str) -> list[dict[str, Any]]:
    """Every time that a job began."""
    return [
        facts
        for record in facts_of(calls)
        for kind, facts in record
        if kind == "PrintStarted" and facts["job_id"] == job_id
    ]


# --- when all is well


def test_a_receipt_begins_with_its_sale_once_the_printer_is_known(off: Till) -> None:
    till = warmed_up(off)
    for _ in range(3):
        assert await_job(till.calls, sell(till)).state == CONFIRMED
    assert begun_with_their_sales(till.calls) == ["receipt/2", "receipt/3", "receipt/4"]
    assert [each["cuts_before"] for each in starts_of(till.calls, "receipt/4")] == [3]
    assert paper_in(off.printer).originals == {1: 1, 2: 1, 3: 1, 4: 1}


def test_the_drawer_opens_after_a_receipt_that_began_with_its_sale(off: Till) -> None:
    till = warmed_up(off)
    sale = till.calls.checkout.Checkout(cash_sale()).sale
    assert await_kick(till.calls, "kick/2").state == drawer_pb2.KICK_STATE_FIRED
    assert begun_with_their_sales(till.calls) == [sale.receipt_job_id]
    kinds = [
        kind
        for record in facts_of(till.calls)
        for kind, facts in record
        if facts.get("job_id") == sale.receipt_job_id or facts.get("kick_id") == "kick/2"
    ]
    assert kinds[-4:] == ["PrintStarted", "PrintEnded", "KickStarted", "KickEnded"]


def test_a_receipt_behind_one_that_is_being_printed_waits_for_it(off: Till) -> None:
    till = warmed_up(off)
    off.printer.stall_after(1)
    first = sell(till)
    await_job(till.calls, first, SENDING)
    second = sell(till)
    off.printer.release()
    assert await_job(till.calls, second).state == CONFIRMED
    assert begun_with_their_sales(till.calls) == [first]
    assert paper_in(off.printer).originals == {1: 1, 2: 1, 3: 1}


def test_a_printer_that_proves_nothing_begins_no_receipt_with_its_sale() -> None:
    with (
        VirtualPrinter(model=MODELS["generic-80"], drawer=VirtualDrawer()) as printer,
        a_till(printer=printer, profile="generic_80") as till,
    ):
        till.start()
        for _ in range(3):
            await_job(till.calls, sell(till), UNCONFIRMED)
        assert begun_with_their_sales(till.calls) == []


def test_a_caller_who_hangs_up_gets_a_receipt_all_the_same(off: Till) -> None:
    till = warmed_up(off)
    for tried in range(TRIES):
        request = card_sale()
        with pytest.raises(grpc.RpcError):
            till.calls.checkout.Checkout(request, timeout=0.0005 * (1 + tried))
        sold = checkout_pb2.GetSaleRequest(sale_id=request.sale_id)
        try:
            sale = till.calls.checkout.GetSale(sold).sale.summary
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.NOT_FOUND
            continue
        assert await_job(till.calls, sale.receipt_job_id).state == CONFIRMED
        assert paper_in(off.printer).originals[sale.receipt_number] == 1
        return
    pytest.skip("no caller hung up between the decision and the answer")


def test_a_till_that_stops_right_behind_a_sale_prints_its_receipt_once(off: Till) -> None:
    till = warmed_up(off)
    for _ in range(5):
        job_id = sell(till)
        till.stop()
        till.start()
        # What was being printed when it let go of the printer is proven by the count.
        assert await_job(till.calls, job_id, CONFIRMED)
    assert paper_in(off.printer).originals == dict.fromkeys(range(1, 7), 1)


# --- when the till dies


def test_a_till_that_dies_before_the_first_byte_prints_the_original_by_itself(off: Till) -> None:
    till = warmed_up(off, "effects.print_started:2")
    with pytest.raises(grpc.RpcError):
        sell(till)
    till.await_killed()
    assert paper_in(off.printer).originals == {1: 1}
    till.start()
    assert await_job(till.calls, "receipt/2").state == CONFIRMED
    assert begun_with_their_sales(till.calls) == ["receipt/2"]
    assert len(starts_of(till.calls, "receipt/2")) == 2
    paper = paper_in(off.printer)
    assert (paper.originals, paper.copies) == ({1: 1, 2: 1}, {})


def test_whatever_commit_it_dies_behind_every_receipt_comes_out_once_and_unmarked() -> None:
    with ThreadPoolExecutor(2) as pool:
        died = list(pool.map(dies_behind_commit, COMMITS))
    assert "SaleCompleted and PrintStarted" in died, "none died behind a sale that begins both"


def dies_behind_commit(count: int) -> str:
    """Sell three times to a till that dies behind this commit; what that commit said."""
    with VirtualPrinter(drawer=VirtualDrawer()) as printer, a_till(printer=printer) as till:
        till.start(f"journal.after_commit:{count}")
        with contextlib.suppress(grpc.RpcError):
            for _ in range(3):
                await_job(till.calls, sell(till))
        till.await_killed()
        till.start()
        records = facts_of(till.calls)
        started = next(
            at for at in reversed(range(len(records))) if records[at][0][0] == "TillStarted"
        )
        last = [kind for kind, _ in records[started - 1]]
        jobs = [facts["receipt_job_id"] for r in records for k, facts in r if k == "SaleCompleted"]
        assert jobs, count
        for job_id in jobs:
            assert await_job(till.calls, job_id, CONFIRMED)
        paper = paper_in(printer)
        assert paper.originals == dict.fromkeys(range(1, len(jobs) + 1), 1), (count, last)
        assert not paper.copies
        is_both = {"SaleCompleted", "PrintStarted"} <= set(last)
        return "SaleCompleted and PrintStarted" if is_both else last[-1]


def test_a_till_that_dies_with_its_machine_leaves_the_receipt_in_doubt(off: Till) -> None:
    till = warmed_up(off, "effects.print_started:2")
    with pytest.raises(grpc.RpcError):
        sell(till)
    till.await_killed()
    till.machine_went_down()
    till.start()
    job = await_job(till.calls, "receipt/2", FAILED_PARTIAL)
    assert job.reason == "CUT_COUNTER"
    assert paper_in(off.printer).originals == {1: 1}


def test_a_cut_of_somebody_else_proves_nothing_of_a_receipt_that_never_left(off: Till) -> None:
    till = warmed_up(off, "effects.print_started:2")
    with pytest.raises(grpc.RpcError):
        sell(till)
    till.await_killed()
    with socket.create_connection(off.printer.address) as somebody:
        somebody.sendall(FOREIGN_CUT)
        off.printer.wait_receipts(2, timeout_s=20)
    till.start()
    assert await_job(till.calls, "receipt/2").state == CONFIRMED
    assert [each["cuts_before"] for each in starts_of(till.calls, "receipt/2")] == [1, 2]
    assert paper_in(off.printer).originals == {1: 1, 2: 1}


def test_half_a_receipt_that_began_with_its_sale_is_known_to_be_half(off: Till) -> None:
    till = warmed_up(off, "printer.mid_print:2")
    sell_to_a_dying(till)
    assert await_job(till.calls, "receipt/2", FAILED_PARTIAL).reason == "CUT_COUNTER"
    assert begun_with_their_sales(till.calls) == ["receipt/2"]
    assert paper_in(off.printer).originals.get(2, 0) == 0


def test_a_whole_receipt_that_began_with_its_sale_is_proven_by_the_count(off: Till) -> None:
    till = warmed_up(off, "effects.after_print:2")
    sell_to_a_dying(till)
    assert await_job(till.calls, "receipt/2", CONFIRMED).reason == "CUT_COUNTER"
    assert begun_with_their_sales(till.calls) == ["receipt/2"]
    assert paper_in(off.printer).originals == {1: 1, 2: 1}


def sell_to_a_dying(till: Till) -> None:
    """Sell with a till that dies then; it runs again."""
    try:
        sell(till)
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.UNAVAILABLE, error
    till.await_killed()
    till.start()


# --- when the printer fails


def test_a_cut_of_somebody_else_is_found_before_the_first_byte() -> None:
    with on_a_shared_line() as (till, line):
        warmed_up(till)
        for tried in range(TRIES):
            cuts = 2 * (tried + 1)
            os.write(line, FOREIGN_CUT)
            till.printer.wait_receipts(cuts, timeout_s=20)
            job_id = sell(till)
            assert await_job(till.calls, job_id).state == CONFIRMED
            starts = [each["cuts_before"] for each in starts_of(till.calls, job_id)]
            assert starts[-1] == cuts, "the count that was there before the first byte"
            if len(starts) > 1:
                break
        else:
            raise AssertionError("the till always knew of the cut already")
        assert starts == [cuts - 1, cuts]
        assert job_id in begun_with_their_sales(till.calls)
        assert paper_in(till.printer).originals == dict.fromkeys(range(1, tried + 3), 1)


@contextlib.contextmanager
def on_a_shared_line() -> Iterator[tuple[Till, int]]:
    """A till whose printer hangs on a line, and what another program writes to that line by."""
    with short_folder() as folder, contextlib.ExitStack() as stack:
        at = SerialAt(folder / "printer")
        toml = till_toml(folder, 9100).replace(
            '{ tcp = "127.0.0.1:9100" }',
            f'{{ serial = "{at.device}", baud = 115200, flow = "rts_cts" }}',
        )
        printer = stack.enter_context(VirtualPrinter(link=at, drawer=VirtualDrawer()))
        line = os.open(at.device, os.O_WRONLY | os.O_NOCTTY)
        stack.callback(os.close, line)
        till = Till(folder, printer, toml)
        stack.callback(till.end)
        yield till, line


@pytest.mark.parametrize("how", ["power", "cable"])
def test_a_printer_that_goes_just_before_a_sale_prints_its_receipt_once_when_it_is_back(
    off: Till, how: str
) -> None:
    till = warmed_up(off)
    if how == "power":
        off.printer.power_off()
    else:
        off.printer.unplug()
    job_id = sell(till)
    await_job(till.calls, job_id, HELD)
    if how == "power":
        off.printer.power_on()
    else:
        off.printer.plug_in()
    assert await_job(till.calls, job_id).state == CONFIRMED
    paper = paper_in(off.printer)
    assert (paper.originals, paper.copies) == ({1: 1, 2: 1}, {})


def test_a_printer_that_takes_nothing_any_more_gets_nothing_of_the_receipt(off: Till) -> None:
    till = warmed_up(off)
    off.printer.stall_after(0)
    job_id = sell(till)
    held = await_job(till.calls, job_id, HELD, SENDING, CONFIRMED)
    off.printer.release()
    assert await_job(till.calls, job_id).state == CONFIRMED, held
    assert paper_in(off.printer).originals == {1: 1, 2: 1}
