"""Calls: what is retried, what is repeated, and what a caller is told."""

from __future__ import annotations

import asyncio
import inspect
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from tillhal import (
    AsyncLiveSale,
    AsyncTill,
    LiveSale,
    OutcomeUnknown,
    SaleAnswer,
    Till,
    Unreachable,
    cash,
    errors,
    line,
    requests,
)
from tillhal.aio_shifts import AsyncShifts
from tillhal.channel import ADDRESS_ENV, channel_options, target_of
from tillhal.recovery import AsyncRecovery, Recovery
from tillhal.sync_shifts import Shifts
from tillhal.v1 import checkout_pb2

from .shop import WAIT_S_MAX, refusal, serving, unix_address

if TYPE_CHECKING:
    from collections.abc import Callable

    from .shop import Server, Shop

COFFEE = [line("Coffee", "3.20", qty=2)]
TEN = [cash("10.00")]


def test_a_sale_answers_with_exact_figures(server: Server) -> None:
    with Till.connect(server.address) as till:
        sale = till.checkout(COFFEE, tenders=TEN)
    assert (sale.payable, sale.change) == (Decimal("6.40"), Decimal("3.60"))
    assert (sale.receipt_number, sale.state, sale.kind) == (17, "COMPLETED", "SALE")
    assert sale.durable_primary
    assert not sale.replayed


def test_a_lost_answer_is_asked_for_again_with_the_same_request_id(
    server: Server, shop: Shop
) -> None:
    shop.lose_answers = 2
    with Till.connect(server.address) as till:
        sale = till.checkout(COFFEE, tenders=TEN)
    assert len(shop.attempts) == 3
    assert len(set(shop.attempts)) == 1
    assert len(shop.sales) == 1
    assert sale.replayed


def test_a_lost_answer_is_asked_for_again_under_asyncio(server: Server, shop: Shop) -> None:
    shop.lose_answers = 2

    async def sell() -> SaleAnswer:
        async with AsyncTill.connect(server.address) as till:
            return await till.checkout(COFFEE, tenders=TEN)

    assert asyncio.run(sell()).replayed
    assert len(shop.attempts) == 3
    assert len(set(shop.attempts)) == 1


def test_retries_are_bounded_and_end_in_an_unknown_outcome(server: Server, shop: Shop) -> None:
    shop.lose_answers = 1000
    with Till.connect(server.address) as till:
        with pytest.raises(OutcomeUnknown) as lost:
            till.checkout(COFFEE, tenders=TEN)
        assert len(shop.attempts) == 5
        shop.lose_answers = 0
        sale = till.repeat(lost.value)
    assert isinstance(sale, SaleAnswer)
    assert sale.replayed
    assert len(shop.sales) == 1


def test_a_till_that_crashes_before_it_answers_is_asked_again_when_it_is_back(
    server: Server, shop: Shop
) -> None:
    shop.stall_answers = 1
    with Till.connect(server.address, currency="EUR") as till, ThreadPoolExecutor(1) as pool:
        selling = pool.submit(till.checkout, COFFEE, tenders=TEN)
        _wait_for_attempt(shop)
        server.stop()
        server.start()
        assert selling.result(WAIT_S_MAX).replayed
    assert len(shop.sales) == 1


def test_a_large_sale_is_asked_for_again_too(server: Server, shop: Shop) -> None:
    shop.lose_answers = 2
    lines = [line("x" * 200, "0.01", sku="y" * 64) for _ in range(1000)]
    with Till.connect(server.address) as till:
        request = till.new_checkout(lines, tenders=TEN)
        # More than gRPC keeps for a retry unless it is told to.
        assert request.ByteSize() > 256 * 1024
        assert till.send(request).replayed
    assert len(shop.attempts) == 3


def test_a_passed_deadline_leaves_the_outcome_unknown_and_repeat_finds_it(
    server: Server, shop: Shop
) -> None:
    shop.stall_answers = 1
    with Till.connect(server.address) as till:
        request = till.new_checkout(COFFEE, tenders=TEN)
        with pytest.raises(OutcomeUnknown) as late:
            till.send(request, timeout_s=0.3)
        assert late.value.request == request
        assert late.value.code is grpc.StatusCode.DEADLINE_EXCEEDED
        answer = till.repeat(late.value)
    assert isinstance(answer, SaleAnswer)
    assert answer.replayed
    assert answer.sale_id == request.sale_id
    assert set(shop.attempts) == {request.request_id}
    assert len(shop.sales) == 1


def test_a_passed_deadline_can_be_repeated_under_asyncio(server: Server, shop: Shop) -> None:
    shop.stall_answers = 1

    async def sell() -> tuple[OutcomeUnknown, SaleAnswer]:
        async with AsyncTill.connect(server.address) as till:
            sale = await till.open_sale()
            shop.stall_answers = 1
            with pytest.raises(OutcomeUnknown) as late:
                await sale.put_line(COFFEE[0], timeout_s=0.3)
            return late.value, await sale.repeat(late.value)

    shop.stall_answers = 0
    late, answer = asyncio.run(sell())
    assert answer.replayed
    assert answer.version == 2
    assert isinstance(late.request, checkout_pb2.PutLineRequest)


def test_a_request_stored_before_sending_gives_the_first_answer_after_a_restart_of_the_caller(
    server: Server, shop: Shop
) -> None:
    with Till.connect(server.address) as till:
        stored = till.new_checkout(COFFEE, tenders=TEN).SerializeToString()
        first = till.send(checkout_pb2.CheckoutRequest.FromString(stored))
    with Till.connect(server.address) as till:
        again = till.send(checkout_pb2.CheckoutRequest.FromString(stored))
    assert again.replayed
    assert again.summary == first.summary
    assert len(shop.sales) == 1


def test_an_unanswered_question_changes_nothing_and_says_so(server: Server, shop: Shop) -> None:
    with Till.connect(server.address) as till:
        sold = till.checkout(COFFEE, tenders=TEN)
        shop.stall_answers = 1
        with pytest.raises(Unreachable):
            till.get_sale(sold.sale_id, timeout_s=0.2)


FIRST_CALLS: dict[str, Callable[[Till], object]] = {
    "checkout": lambda till: till.checkout(COFFEE, tenders=TEN, timeout_s=0.05),
    "open_sale": lambda till: till.open_sale(timeout_s=0.05),
    "open_return": lambda till: till.open_return("s", [], "broken", timeout_s=0.05),
    "open_shift": lambda till: till.shifts.open("100.00", timeout_s=0.05),
    "reconcile": lambda till: till.recovery.reconcile("o", "1.00", timeout_s=0.05),
}


@pytest.mark.parametrize("call", FIRST_CALLS.values(), ids=FIRST_CALLS)
def test_the_deadline_of_a_call_holds_for_the_question_of_the_currency_too(
    call: Callable[[Till], object],
) -> None:
    with tempfile.TemporaryDirectory(prefix="till") as folder:
        address = unix_address(Path(folder))  # where nobody is
        with Till.connect(address, timeout_s=WAIT_S_MAX) as till:
            began_s = time.monotonic()
            with pytest.raises(Unreachable):
                call(till)
            assert time.monotonic() - began_s < WAIT_S_MAX / 2


def test_the_first_call_of_an_async_till_keeps_its_deadline_too() -> None:
    async def scenario(address: str) -> None:
        async with AsyncTill.connect(address, timeout_s=WAIT_S_MAX) as till:
            with pytest.raises(Unreachable):
                await till.checkout(COFFEE, tenders=TEN, timeout_s=0.05)

    with tempfile.TemporaryDirectory(prefix="till") as folder:
        began_s = time.monotonic()
        asyncio.run(scenario(unix_address(Path(folder))))
        assert time.monotonic() - began_s < WAIT_S_MAX / 2


def test_a_call_waits_for_a_till_that_is_still_coming_up(shop: Shop) -> None:
    with tempfile.TemporaryDirectory(prefix="till") as folder, ThreadPoolExecutor(1) as pool:
        address = unix_address(Path(folder))
        with Till.connect(address, currency="EUR") as till:
            with pytest.raises(OutcomeUnknown):  # nobody is there at all
                till.checkout(COFFEE, tenders=TEN, timeout_s=0.2)
            waiting = pool.submit(till.checkout, COFFEE, tenders=TEN)
            assert not waiting.done()
            with serving(shop, address):
                assert waiting.result(WAIT_S_MAX).receipt_number == 17


def test_a_live_sale_keeps_its_version_over_its_steps(server: Server, shop: Shop) -> None:
    with Till.connect(server.address) as till:
        sale = till.open_sale()
        sale.put_line(COFFEE[0])
        sale.tender_cash("10.00")
        assert (sale.version, sale.state) == (3, "TENDERING")
        sold = sale.complete()
    assert (sold.version, sold.change) == (4, Decimal("3.60"))
    assert len(set(shop.attempts)) == 4


def test_a_sale_changed_elsewhere_is_refused_until_it_is_looked_at(server: Server) -> None:
    with Till.connect(server.address) as till:
        sale = till.open_sale()
        till.live_sale(sale.sale_id).put_line(COFFEE[0])
        with pytest.raises(errors.VersionConflict) as conflict:
            sale.put_line(COFFEE[0])
        assert conflict.value.metadata == {"version": "2"}
        sale.refresh()
        sale.put_line(COFFEE[0])
        assert sale.version == 3


def test_an_old_answer_that_comes_again_does_not_turn_a_sale_back(server: Server) -> None:
    with Till.connect(server.address) as till:
        sale = till.open_sale()
        step = requests.put_line(sale, COFFEE[0])
        sale.send(step)
        sale.put_line(COFFEE[0])
        assert sale.send(step).version == 2
        assert sale.version == 3


def test_a_step_of_another_sale_is_refused_before_it_is_sent(server: Server, shop: Shop) -> None:
    with Till.connect(server.address) as till:
        one, other = till.open_sale(), till.open_sale()
        with pytest.raises(ValueError, match="the request is for sale"):
            one.send(requests.put_line(other, COFFEE[0]))
    assert len(shop.attempts) == 2


def test_what_changes_nothing_cannot_be_repeated(server: Server, shop: Shop) -> None:
    shop.refuse_with = refusal(grpc.StatusCode.NOT_FOUND, "SALE_NOT_FOUND")
    with Till.connect(server.address) as till:
        with pytest.raises(errors.SaleNotFound) as missing:
            till.get_sale("s1")
        with pytest.raises(ValueError, match="no request that changes something"):
            till.repeat(missing.value)


def test_the_currency_is_asked_once_or_not_at_all(server: Server, shop: Shop) -> None:
    with Till.connect(server.address) as till:
        till.checkout(COFFEE, tenders=TEN)
        till.checkout(COFFEE, tenders=TEN)
    assert shop.status_calls == 1
    with Till.connect(server.address, currency="EUR") as till:
        till.checkout(COFFEE, tenders=TEN)
    assert shop.status_calls == 1


def test_the_language_for_the_cashier_goes_with_every_call(server: Server, shop: Shop) -> None:
    with Till.connect(server.address, language="zh-CN") as till:
        till.checkout(COFFEE, tenders=TEN)
    assert shop.metadata[0]["accept-language"] == "zh-CN"


def test_lists_fetch_page_after_page(server: Server, shop: Shop) -> None:
    with Till.connect(server.address) as till:
        for number in range(5):
            till.checkout(COFFEE, tenders=TEN, sale_id=f"s{number}")
        assert [sale.sale_id for sale in till.list_sales()] == ["s0", "s1", "s2", "s3", "s4"]

    async def listed() -> list[str]:
        async with AsyncTill.connect(server.address) as till:
            return [sale.sale_id async for sale in till.list_sales()]

    assert asyncio.run(listed()) == list(shop.sales)


def test_closing_the_client_ends_a_call_in_flight_with_an_unknown_outcome(
    server: Server, shop: Shop
) -> None:
    shop.stall_answers = 1
    till = Till.connect(server.address, currency="EUR")
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(till.checkout, COFFEE, tenders=TEN)
        _wait_for_attempt(shop)
        till.close()
        with pytest.raises(OutcomeUnknown):
            call.result(WAIT_S_MAX)
    with pytest.raises(RuntimeError, match="closed"):
        till.status()


def test_closing_the_client_ends_a_call_in_flight_under_asyncio(server: Server, shop: Shop) -> None:
    shop.stall_answers = 1

    async def sell() -> None:
        till = AsyncTill.connect(server.address, currency="EUR")
        call = asyncio.create_task(till.checkout(COFFEE, tenders=TEN))
        await asyncio.to_thread(_wait_for_attempt, shop)
        await till.close()
        with pytest.raises(OutcomeUnknown):
            await call
        with pytest.raises(RuntimeError, match="closed"):
            await till.status()

    asyncio.run(sell())


def _wait_for_attempt(shop: Shop) -> None:
    with shop.changed:
        shop.wait_until(lambda: len(shop.attempts) == 1)


def test_a_cancelled_task_is_cancelled(server: Server, shop: Shop) -> None:
    shop.stall_answers = 1

    async def sell() -> None:
        async with AsyncTill.connect(server.address, currency="EUR") as till:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(till.checkout(COFFEE, tenders=TEN), 0.2)

    asyncio.run(sell())
    assert len(shop.attempts) == 1


def test_one_client_serves_many_threads(server: Server, shop: Shop) -> None:
    barrier = threading.Barrier(8)

    def sell(till: Till) -> int:
        barrier.wait(WAIT_S_MAX)
        return till.checkout(COFFEE, tenders=TEN).receipt_number

    with Till.connect(server.address) as till, ThreadPoolExecutor(8) as pool:
        assert list(pool.map(sell, [till] * 8)) == [17] * 8
    assert len(shop.sales) == 8


@pytest.mark.parametrize(
    ("sync", "other"),
    [
        (Till, AsyncTill),
        (LiveSale, AsyncLiveSale),
        (Recovery, AsyncRecovery),
        (Shifts, AsyncShifts),
    ],
)
def test_both_clients_offer_the_same(sync: type, other: type) -> None:
    def offered(kind: type) -> dict[str, list[tuple[str, object, object]]]:
        return {
            name: [
                (p.name, p.kind, p.default) for p in inspect.signature(value).parameters.values()
            ]
            for name, value in inspect.getmembers(kind, inspect.isroutine)
            if not name.startswith("_")
        }

    assert offered(sync) == offered(other)
    assert len(offered(sync)) > 10


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("unix:///run/tillhal/api.sock", "unix:/run/tillhal/api.sock"),
        ("unix:/run/tillhal/api.sock", "unix:/run/tillhal/api.sock"),
        ("/run/tillhal/api.sock", "unix:/run/tillhal/api.sock"),
        ("unix:api.sock", "unix:api.sock"),
        ("127.0.0.1:50051", "127.0.0.1:50051"),
        ("[::1]:50051", "[::1]:50051"),
        ("till.example:50051", "till.example:50051"),
    ],
)
def test_an_address_is_read_in_all_its_spellings(address: str, target: str) -> None:
    assert target_of(address) == target


@pytest.mark.parametrize(
    "address",
    ["localhost", "http://localhost:1", "unix:", "unix://api.sock", ":1", "h:65536", "h:x",
     "unix:/" + "x" * 107],
)  # fmt: skip
def test_what_is_no_address_is_refused_at_connect(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        Till.connect(address)


def test_the_address_comes_from_the_environment_else_from_the_usual_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(ADDRESS_ENV, "127.0.0.1:4711")
    assert target_of(None) == "127.0.0.1:4711"
    monkeypatch.delenv(ADDRESS_ENV)
    assert target_of(None) == "unix:/run/tillhal/api.sock"


def test_a_unix_socket_is_spoken_to_as_localhost() -> None:
    assert ("grpc.default_authority", "localhost") in channel_options("unix:/run/api.sock")
    assert "grpc.default_authority" not in dict(channel_options("till.example:50051"))
