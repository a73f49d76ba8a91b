"""Watching: nothing is lost and nothing comes twice, whatever happens to the connection."""

from __future__ import annotations

import asyncio
import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillhal import AsyncTill, Till, errors
from tillhal.v1 import device_pb2, system_pb2
from tillhal.watch import BACKOFF_S_MAX, BACKOFF_S_MIN, DevicesPlace, JournalPlace, backoff_s

from .shop import WAIT_S_MAX

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from tillhal import AsyncWatch, Watch

    from .shop import Server, Shop

Event = system_pb2.WatchEventsResponse


def sales_in(events: Iterable[Event]) -> list[str]:
    return [e.sale_changed.sale.sale_id for e in events if e.WhichOneof("event") == "sale_changed"]


def take(watch: Watch[Event], count: int) -> list[str]:
    """The next `count` sales of a watch; fewer, and the watch closed, if they do not come."""
    timer = threading.Timer(WAIT_S_MAX, watch.close)
    timer.start()
    try:
        return sales_in(islice((e for e in watch if e.HasField("sale_changed")), count))
    finally:
        timer.cancel()


async def take_async(watch: AsyncWatch[Event], count: int) -> list[str]:
    """The next `count` sales of a watch."""
    found: list[str] = []
    async with asyncio.timeout(WAIT_S_MAX):
        while len(found) < count:
            found += sales_in([await anext(watch)])
    return found


def test_a_watch_tells_the_past_says_that_it_is_live_and_goes_on(
    server: Server, shop: Shop
) -> None:
    shop.record("a")
    with Till.connect(server.address) as till, till.watch_events(cursor=0) as events:
        kinds = [next(events).WhichOneof("event") for _ in range(2)]
        shop.record("b")
        assert take(events, 1) == ["b"]
    assert kinds == ["sale_changed", "caught_up"]


def test_a_watch_goes_on_after_a_restart_without_loss_or_doubling(
    server: Server, shop: Shop
) -> None:
    shop.record("a")
    shop.record("b1", "b2")
    with Till.connect(server.address) as till, till.watch_events(cursor=0) as events:
        assert take(events, 3) == ["a", "b1", "b2"]
        server.stop()
        shop.record("c")
        shop.record("d")
        server.start()
        shop.record("e")
        assert take(events, 3) == ["c", "d", "e"]


def test_a_watch_goes_on_after_a_restart_under_asyncio(server: Server, shop: Shop) -> None:
    async def watch() -> list[str]:
        async with AsyncTill.connect(server.address) as till, till.watch_events() as events:
            shop.record("a")
            found = await take_async(events, 1)
            await asyncio.to_thread(server.stop)
            shop.record("b1", "b2")
            await asyncio.to_thread(server.start)
            shop.record("c")
            return found + await take_async(events, 3)

    assert asyncio.run(watch()) == ["a", "b1", "b2", "c"]


@pytest.mark.parametrize("break_before", range(1, 5))
def test_a_connection_that_breaks_within_a_record_loses_none_of_its_events(
    server: Server, shop: Shop, break_before: int
) -> None:
    shop.record("a1", "a2", "a3")
    shop.record("b1", "b2")
    shop.break_stream_before = break_before
    with Till.connect(server.address) as till, till.watch_events(cursor=0) as events:
        assert take(events, 5) == ["a1", "a2", "a3", "b1", "b2"]
    assert len(shop.cursors) == 2, "the stream never broke"


def test_from_now_on_begins_when_the_watch_is_made_not_when_it_is_read(
    server: Server, shop: Shop
) -> None:
    shop.record("before")
    with Till.connect(server.address) as till, till.watch_events() as events:
        shop.record("after")
        assert take(events, 1) == ["after"]


def test_a_watch_made_with_the_stored_cursor_of_another_misses_nothing(
    server: Server, shop: Shop
) -> None:
    shop.record("a")
    shop.record("b1", "b2")
    with Till.connect(server.address) as till:
        with till.watch_events(cursor=0) as events:
            assert take(events, 2) == ["a", "b1"]
            stored = events.resume_cursor
        with till.watch_events(cursor=stored) as events:
            assert take(events, 2) == ["b1", "b2"]
            assert next(events).HasField("caught_up")
            assert events.resume_cursor == 1


def test_a_hole_in_the_journal_is_told(server: Server, shop: Shop) -> None:
    shop.record("a")
    shop.record("lost")
    shop.record("c")
    with Till.connect(server.address) as till, till.watch_journal(cursor=0) as records:
        first, hole, third = islice(records, 3)
    assert (first.record.seq, third.record.seq) == (1, 3)
    assert (hole.gap.first_seq, hole.gap.last_seq, hole.gap.why) == (2, 2, "damaged")


def test_devices_are_told_again_after_a_restart_only_if_they_changed(
    server: Server, shop: Shop
) -> None:
    drawer = device_pb2.Device(device_id="drawer", revision=1)
    with Till.connect(server.address) as till, till.watch_devices() as devices:
        assert next(devices).device.device_id == "printer"
        server.stop()
        shop.devices.append(drawer)
        server.start()
        assert next(devices).device == drawer


def test_a_cursor_of_another_journal_is_refused_and_not_tried_again(
    server: Server, shop: Shop
) -> None:
    with Till.connect(server.address) as till:
        events = till.watch_events(cursor=99)
        with pytest.raises(errors.CursorAhead):
            next(events)
        assert list(events) == []

    async def watch() -> None:
        async with AsyncTill.connect(server.address) as till:
            with pytest.raises(errors.CursorAhead):
                await anext(till.watch_events(cursor=99))

    asyncio.run(watch())
    assert shop.cursors == [99, 99]


@pytest.mark.parametrize("closing", ["watch", "till"])
def test_closing_from_another_thread_ends_a_waiting_watch(server: Server, closing: str) -> None:
    till = Till.connect(server.address)
    events = till.watch_events(cursor=0)
    with ThreadPoolExecutor(1) as pool:
        assert next(events).HasField("caught_up")
        waiting = pool.submit(list, events)
        (events if closing == "watch" else till).close()
        assert waiting.result(WAIT_S_MAX) == []
    till.close()


def test_closing_ends_a_watch_that_waits_for_a_till_that_is_down(server: Server) -> None:
    with Till.connect(server.address) as till, ThreadPoolExecutor(1) as pool:
        events = till.watch_events(cursor=0)
        assert next(events).HasField("caught_up")
        server.stop()
        waiting = pool.submit(list, events)
        events.close()
        assert waiting.result(WAIT_S_MAX) == []


@pytest.mark.parametrize("closing", ["watch", "till"])
def test_closing_ends_a_waiting_watch_under_asyncio(server: Server, closing: str) -> None:
    async def collected(events: AsyncIterator[Event]) -> list[Event]:
        return [event async for event in events]

    async def watch() -> list[Event]:
        till = AsyncTill.connect(server.address)
        events = till.watch_events(cursor=0)
        assert (await anext(events)).HasField("caught_up")
        waiting = asyncio.create_task(collected(events))
        await asyncio.wait([waiting], timeout=0.05)
        await (events.aclose() if closing == "watch" else till.close())
        rest = await asyncio.wait_for(waiting, WAIT_S_MAX)
        await till.close()
        return rest

    assert asyncio.run(watch()) == []


def test_a_cancelled_task_leaves_its_watch_and_can_take_it_up_again(
    server: Server, shop: Shop
) -> None:
    async def watch() -> list[str]:
        async with AsyncTill.connect(server.address) as till, till.watch_events(0) as events:
            assert (await anext(events)).HasField("caught_up")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(events), 0.05)
            shop.record("a")
            return await take_async(events, 1)

    assert asyncio.run(watch()) == ["a"]


def test_a_watch_that_is_dropped_ends_its_call(server: Server, shop: Shop) -> None:
    with Till.connect(server.address) as till:
        for event in till.watch_events(cursor=0):
            assert event.HasField("caught_up")
            break
        gc.collect()
        assert not list(till._watches)  # nobody else holds it
        assert till.status().currency_code == "EUR"
    assert shop.cursors == [0]


def test_an_unreachable_till_is_told_when_a_watch_from_now_on_begins() -> None:
    with (
        Till.connect("127.0.0.1:1", timeout_s=0.1) as till,
        pytest.raises(errors.Unreachable),
    ):
        till.watch_events()


def test_back_off_grows_and_is_bounded() -> None:
    assert all(BACKOFF_S_MIN / 2 <= backoff_s(0) <= BACKOFF_S_MIN for _ in range(50))
    assert all(BACKOFF_S_MAX / 2 <= backoff_s(n) <= BACKOFF_S_MAX for n in range(5, 5000, 100))


def test_only_what_waiting_can_mend_is_taken_up_again(server: Server) -> None:
    with Till.connect(server.address) as till:
        with pytest.raises(errors.Refused) as refused:
            next(till.watch_jobs(cursor=0))  # this shop has no PrinterService
        assert refused.value.code is grpc.StatusCode.UNIMPLEMENTED


records = st.lists(st.integers(1, 4), max_size=12)


@given(records=records, breaks=st.lists(st.integers(0, 30), max_size=10), begin=st.integers(0, 5))
def test_no_pattern_of_breaks_loses_or_doubles_an_event(
    records: list[int], breaks: list[int], begin: int
) -> None:
    """`records` holds how many events each record has, `breaks` how many messages come between."""
    journal = [
        Event(cursor=seq, sale_changed=system_pb2.SaleChanged())
        for seq, count in enumerate(records, 1)
        for _ in range(count)
    ]
    for number, event in enumerate(journal):
        event.sale_changed.sale.version = number
    place = JournalPlace[Event](begin)
    admitted: list[Event] = []
    for messages in [*breaks, len(journal)]:
        cursor = place.take_up()
        assert cursor >= begin
        stream = [event for event in journal if event.cursor > cursor]
        admitted += [event for event in stream[:messages] if place.admit(event)]
    assert admitted == [event for event in journal if event.cursor > begin]


def test_a_device_that_is_as_it_was_is_not_told_again() -> None:
    place = DevicesPlace()
    message = device_pb2.WatchDevicesResponse(device=device_pb2.Device(device_id="d", revision=3))
    assert place.admit(message)
    assert not place.admit(message)
    message.device.revision = 1  # the till restarted and counts anew
    assert place.admit(message)
