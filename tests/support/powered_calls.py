"""What tests of the power ask a daemon for."""

from __future__ import annotations

import grpc
import pytest

from tests.support.answers import refusal_of
from tests.support.powered import Powered
from tests.support.sales import line, new_id
from tillhal.v1 import checkout_pb2, journal_pb2


async def refused(call: object, reason: str) -> grpc.RpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call  # type: ignore[misc]
    assert refusal_of(caught.value).reason == reason
    return caught.value


async def kinds(till: Powered) -> list[str]:
    """The kinds of all facts in the journal so far."""
    found = []
    async for message in till.stubs.journal.WatchJournal(
        journal_pb2.WatchJournalRequest(cursor=0), timeout=10
    ):
        if message.HasField("caught_up"):
            return found
        found += [event.kind for event in message.record.events]
    return found


async def open_sale(till: Powered, sale_id: str) -> checkout_pb2.SaleSummary:
    opened = await till.stubs.checkout.OpenSale(
        checkout_pb2.OpenSaleRequest(request_id=new_id(), sale_id=sale_id)
    )
    put = await till.stubs.checkout.PutLine(
        checkout_pb2.PutLineRequest(
            request_id=new_id(),
            sale_id=sale_id,
            expected_version=opened.sale.version,
            line=line(),
        )
    )
    return put.sale
