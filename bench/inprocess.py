"""A till inside this process, without gRPC and devices: to fill a journal, and to time stages."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

from bench.peers.tillhal import write_config
from bench.sale import all_ids, checkout_request
from bench.servers import free_port
from tillhald.config import load
from tillhald.journal.writer import JournalWriter
from tillhald.rpc.checkout import CheckoutServicer
from tillhald.service.opening import open_or_create, restored_state
from tillhald.service.tail import Tail
from tillhald.service.till import Clock, Till
from tillhald.service.times import Times, wall_ms

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from bench.sale import Ids
    from tillhald.journal.store import Store
    from tillhald.rpc.door import Context

T = TypeVar("T")

NO_CONTEXT = cast("Context", None)
"""Checkout does not look at its gRPC context."""
TOGETHER = 256
"""Sales on their way at once while filling: they share a commit."""
CLOSE_S_MAX = 60.0


class InProcess(NamedTuple):
    """What sells."""

    till: Till
    store: Store
    servicer: CheckoutServicer


def _post(loop: asyncio.AbstractEventLoop, call: Callable[[T], None], value: T) -> None:
    """From the writer's thread to the loop."""
    loop.call_soon_threadsafe(call, value)


@contextlib.asynccontextmanager
async def till_in_process(folder: Path) -> AsyncIterator[InProcess]:
    """Open (or make) the journal in `folder` and sell into it; close it in good order.

    The same parts, put together in the same way, as in tillhald.app.
    """
    loop = asyncio.get_running_loop()
    config = load(write_config(folder, free_port()))
    store = open_or_create(config, now_ms=wall_ms()).store
    try:
        state = restored_state(store)
        tail = Tail(state.seq)
        writer = JournalWriter(
            store,
            on_durable=partial(_post, loop, tail.advanced),
            on_failed=partial(_post, loop, tail.failed),
        )
        till = Till(
            state=state,
            rules=config.rules(),
            store=store,
            writer=writer,
            tail=tail,
            clock=Clock(wall_ms=wall_ms, today=Times(None).today),
            boot_id=uuid.uuid4().hex,
        )
        try:
            yield InProcess(till, store, CheckoutServicer(till, store))
            till.note_stop()
        finally:
            writer.close(CLOSE_S_MAX)
    finally:
        store.close()


async def _sell(servicer: CheckoutServicer, ids: Iterator[Ids], count: int) -> None:
    request = checkout_request()
    for _, each in zip(range(count), ids, strict=False):
        request.request_id, request.sale_id = each
        await servicer.Checkout(request, NO_CONTEXT)


async def fill(folder: Path, sales: int) -> None:
    """Sell `sales` sales into the journal in `folder`, by the daemon's own path."""
    ids = all_ids()
    async with till_in_process(folder) as inside, asyncio.TaskGroup() as sellers:
        for number in range(TOGETHER):
            share = sales // TOGETHER + (number < sales % TOGETHER)
            sellers.create_task(_sell(inside.servicer, ids, share))
