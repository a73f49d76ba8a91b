"""Callers of tillhal's contract: for tillhal itself and for the SQLite server that speaks it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from bench.load import CALL_S_MAX, WrongAnswerError
from bench.peers.channels import channels
from bench.sale import CHANGE_MINOR, checkout_request
from tillhal.v1 import (
    access_pb2,
    access_pb2_grpc,
    checkout_pb2,
    checkout_pb2_grpc,
    types_pb2,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import grpc

    from bench.load import Sell, Tally
    from bench.sale import Ids

DURABLE = (types_pb2.DURABILITY_DURABLE_PRIMARY, types_pb2.DURABILITY_DURABLE_SPILL)
"""`bench.spill` measures both, and looks which one it is."""


class _Caller:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._checkout = checkout_pb2_grpc.CheckoutServiceStub(channel).Checkout
        self._request = checkout_request()

    async def __call__(self, ids: Ids) -> int:
        self._request.request_id, self._request.sale_id = ids
        answer = await self._checkout(self._request, timeout=CALL_S_MAX)
        sale = answer.sale
        if (
            answer.durability not in DURABLE
            or sale.state != checkout_pb2.SALE_STATE_COMPLETED
            or sale.change.minor_units != CHANGE_MINOR
        ):
            sentence = f"Not the answer to a durable sale: {answer}"
            raise WrongAnswerError(sentence)
        return sale.receipt_number


@contextlib.asynccontextmanager
async def connect(target: str, callers: int, _: Tally) -> AsyncIterator[list[Sell]]:
    """Connect callers of Checkout."""
    async with channels(target, callers) as opened:
        yield [_Caller(channel) for channel in opened]


class _Echo:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._ask = access_pb2_grpc.AccessServiceStub(channel).GetCaller
        self._request = access_pb2.GetCallerRequest()

    async def __call__(self, _: Ids) -> int:
        await self._ask(self._request, timeout=CALL_S_MAX)
        return 0


@contextlib.asynccontextmanager
async def connect_echo(target: str, callers: int, _: Tally) -> AsyncIterator[list[Sell]]:
    """Connect callers of AccessService/GetCaller, the emptiest call that a till answers: it looks
    into no journal. (Health/Check has a share of its own, of 100 calls a second.)"""
    async with channels(target, callers) as opened:
        yield [_Echo(channel) for channel in opened]
