"""A request counts once, whatever happens between the till and whoever sent it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import grpc
import pytest

from tests.support.answers import await_job, head_seq, paper_in, refusal_of, refused
from tests.support.sales import CARD, Steps, card_sale, cash_sale, line, name, new_id, tender
from tillhal.v1 import checkout_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.till import Calls, Till

ROUNDS = 15


def test_the_same_request_again_gives_the_same_answer_and_writes_nothing(till: Till) -> None:
    request = cash_sale(given=1000)
    first = till.calls.checkout.Checkout(request)
    await_job(till.calls, first.sale.receipt_job_id)
    till.another().checkout.Checkout(card_sale())  # something else happens in between
    before = head_seq(till.calls)
    again = till.another().checkout.Checkout(request)
    assert (first.replayed, again.replayed) == (False, True)
    assert again.sale == first.sale
    assert again.durability == first.durability
    # The card sale's own receipt may be printed meanwhile; no sale is added.
    assert not [
        sale
        for sale in till.calls.checkout.ListSales(pb.ListSalesRequest()).sales
        if sale.seq > before
    ]
    assert paper_in(till.printer).originals[first.sale.receipt_number] == 1


@pytest.mark.parametrize("ending", ["kill", "stop"])
def test_the_same_request_gives_the_same_answer_after_the_till_has_gone(
    fresh: Till, ending: str
) -> None:
    request = cash_sale(given=1000)
    first = fresh.calls.checkout.Checkout(request)
    steps = Steps(fresh.calls)
    steps.open()
    put = pb.PutLineRequest(
        request_id=new_id(), sale_id=steps.sale_id, expected_version=1, line=line()
    )
    line_put = fresh.calls.checkout.PutLine(put)
    await_job(fresh.calls, first.sale.receipt_job_id)

    fresh.kill() if ending == "kill" else fresh.stop()
    fresh.start()

    again = fresh.calls.checkout.Checkout(request)
    assert again.replayed
    assert again.sale == first.sale
    # The sale is INTERRUPTED by now; the answer to that request is still what it was.
    line_again = fresh.calls.checkout.PutLine(put)
    assert line_again.replayed
    assert line_again.sale == line_put.sale
    assert fresh.calls.checkout.Checkout(card_sale()).sale.receipt_number == 2
    sale = fresh.calls.checkout.GetSale(pb.GetSaleRequest(sale_id=steps.sale_id)).sale
    assert (sale.summary.state, sale.summary.version) == (pb.SALE_STATE_INTERRUPTED, 3)
    steps.version = 3
    steps.calls = fresh.calls
    assert steps.resume().state == pb.SALE_STATE_OPEN
    assert steps.give(tender(750, CARD)).due.minor_units == 0
    assert steps.complete().receipt_number == 3
    await_job(fresh.calls, "receipt/3")
    assert paper_in(fresh.printer).originals == {1: 1, 2: 1, 3: 1}


def test_a_request_id_with_other_content_is_refused(till: Till) -> None:
    request = cash_sale()
    till.calls.checkout.Checkout(request)
    other = pb.CheckoutRequest()
    other.CopyFrom(request)
    other.tenders[0].amount.minor_units += 50
    before = head_seq(till.calls)
    with refused(grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED"):
        till.calls.checkout.Checkout(other)
    with refused(grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED"):
        till.calls.checkout.OpenSale(
            pb.OpenSaleRequest(request_id=request.request_id, sale_id=request.sale_id)
        )
    listed = till.calls.checkout.ListSales(pb.ListSalesRequest(page_size=1)).sales
    assert listed[0].sale_id == request.sale_id
    assert listed[0].seq <= before


def test_a_retry_that_writes_its_request_id_in_capitals_is_known(till: Till) -> None:
    request = cash_sale()
    first = till.calls.checkout.Checkout(request)
    request.request_id = request.request_id.upper()
    again = till.calls.checkout.Checkout(request)
    assert again.replayed
    assert again.sale == first.sale


def test_a_sale_id_is_taken_once(till: Till) -> None:
    sold = cash_sale()
    till.calls.checkout.Checkout(sold)
    with refused(grpc.StatusCode.ALREADY_EXISTS, "SALE_EXISTS"):
        till.calls.checkout.Checkout(cash_sale(sold.sale_id))
    with refused(grpc.StatusCode.ALREADY_EXISTS, "SALE_EXISTS"):
        Steps(till.calls, sold.sale_id).open()


def test_a_request_that_was_refused_is_not_remembered(till: Till) -> None:
    request = cash_sale(given=749)
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "TENDER_SUM_MISMATCH"):
        till.calls.checkout.Checkout(request)
    request.tenders[0].amount.minor_units = 750
    assert not till.calls.checkout.Checkout(request).replayed


def at_once(calls: list[Calls], act: Callable[[Calls], str]) -> list[str]:
    """Let all front ends act at the same moment; what each of them was answered, sorted."""
    start = Barrier(len(calls))

    def run(front_end: Calls) -> str:
        start.wait(timeout=10)
        try:
            return act(front_end)
        except grpc.RpcError as error:
            refusal = refusal_of(error)
            return f"{refusal.code.name} {refusal.reason}"

    with ThreadPoolExecutor(len(calls)) as pool:
        return sorted(pool.map(run, calls))


def test_of_two_front_ends_on_one_sale_exactly_one_wins(till: Till) -> None:
    front_ends = [till.another(), till.another()]
    sale = Steps(till.calls)
    sale.open()
    for number in range(ROUNDS):
        version = sale.version

        def put(calls: Calls, version: int = version, number: int = number) -> str:
            request = pb.PutLineRequest(
                request_id=new_id(),
                sale_id=sale.sale_id,
                expected_version=version,
                line=line(f"l{number}"),
            )
            return f"line_count {calls.checkout.PutLine(request).sale.line_count}"

        answers = at_once(front_ends, put)
        assert answers == ["ABORTED VERSION_CONFLICT", f"line_count {number + 1}"]
        sale.version += 1
    sale.cancel()


def test_of_two_front_ends_that_complete_one_sale_exactly_one_takes_the_money(
    till: Till,
) -> None:
    front_ends = [till.another(), till.another()]
    for _ in range(3):
        sale = Steps(till.calls)
        sale.open()
        sale.put(line())
        sale.give(tender(1000))
        request = pb.CompleteSaleRequest(sale_id=sale.sale_id, expected_version=sale.version)

        def complete(calls: Calls, request: pb.CompleteSaleRequest = request) -> str:
            mine = pb.CompleteSaleRequest()
            mine.CopyFrom(request)
            mine.request_id = new_id()
            return f"change {calls.checkout.CompleteSale(mine).sale.change.minor_units}"

        assert at_once(front_ends, complete) == ["FAILED_PRECONDITION SALE_STATE", "change 250"]


def test_one_request_sent_by_two_connections_at_once_sells_once(till: Till) -> None:
    front_ends = [till.another(), till.another()]
    for _ in range(ROUNDS):
        request = card_sale(name())

        def sell(calls: Calls, request: pb.CheckoutRequest = request) -> str:
            answer = calls.checkout.Checkout(request)
            return f"{answer.replayed} {answer.sale.receipt_number}"

        first, second = at_once(front_ends, sell)
        assert first.startswith("False ")
        assert second == first.replace("False", "True")
