"""etcd, one node with its default fsync: the sale as one `Txn` of etcd's gRPC API.

A `Txn` compares that the request's key is absent and that the counter is the one last seen, and
then puts request, counter and sale. If another caller was faster, the failure branch brings what
it wrote, and the caller tries again at once. Two forms: callers that know nothing of one another
and race for the counter, and callers that take turns, as a daemon before etcd would let them.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.load import CALL_S_MAX
from bench.peers import etcd_kv_pb2 as kv
from bench.peers.channels import channels
from bench.sale import checkout_request
from bench.servers import AbsentError, Running, accepts, child, free_port, wait_ready

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    import grpc

    from bench.load import Sell, Tally
    from bench.sale import Ids

COUNTER = b"series/receipts"
ATTEMPTS_MAX = 10_000
SOCKET_NAME = "etcd:1"
"""etcd 3.4 wants host:port also behind unix://, and makes the socket of that name where it runs."""


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Running]:
    """Start it. Raises AbsentError."""
    program = shutil.which("etcd")
    if program is None:
        sentence = "no `etcd` on the PATH (Debian: etcd-server)"
        raise AbsentError(sentence)
    port, peer_port = free_port(), free_port()
    peer_url = f"http://127.0.0.1:{peer_port}"
    argv = [
        program,
        f"--data-dir={folder / 'data'}",
        f"--listen-client-urls=http://127.0.0.1:{port},unix://{SOCKET_NAME}",
        f"--advertise-client-urls=http://127.0.0.1:{port}",
        f"--listen-peer-urls={peer_url}",
        f"--initial-advertise-peer-urls={peer_url}",
        f"--initial-cluster=default={peer_url}",
        "--logger=zap",
        "--log-level=warn",
    ]
    version = subprocess.run(
        [program, "--version"], capture_output=True, text=True, check=True, timeout=10
    ).stdout.splitlines()[0]
    with child(argv, folder) as process:
        wait_ready(process, folder, lambda: accepts(port) and accepts(folder / SOCKET_NAME))
        yield Running(
            process.pid,
            {"unix": f"unix:{folder / SOCKET_NAME}", "tcp": f"127.0.0.1:{port}"},
            f"{version}, one node, fsync of each raft entry (its default)",
        )


@dataclass
class _Counter:
    """The counter as it was last seen: its value, and the revision that wrote it."""

    last: int = 0
    revision: int = 0


class _Caller:
    """One front end."""

    def __init__(self, channel: grpc.aio.Channel, counter: _Counter, tally: Tally) -> None:
        self._txn = channel.unary_unary(
            "/etcdserverpb.KV/Txn",
            request_serializer=kv.TxnRequest.SerializeToString,
            response_deserializer=kv.TxnResponse.FromString,
        )
        self._tally = tally
        self._sale = checkout_request()
        self._counter = counter

    async def __call__(self, ids: Ids) -> int:
        self._sale.request_id, self._sale.sale_id = ids
        request_key, sale_key = f"requests/{ids[0]}".encode(), f"sales/{ids[1]}".encode()
        sale = self._sale.SerializeToString()
        seen = self._counter
        for _ in range(ATTEMPTS_MAX):
            number = str(seen.last + 1).encode()
            answer: kv.TxnResponse = await self._txn(
                kv.TxnRequest(
                    compare=[
                        kv.Compare(target=kv.Compare.CREATE, key=request_key, create_revision=0),
                        kv.Compare(target=kv.Compare.MOD, key=COUNTER, mod_revision=seen.revision),
                    ],
                    success=[
                        _put(request_key, number),
                        _put(COUNTER, number),
                        _put(sale_key, sale),
                    ],
                    failure=[_get(request_key), _get(COUNTER)],
                ),
                timeout=CALL_S_MAX,
            )
            if answer.succeeded:
                seen.last, seen.revision = seen.last + 1, answer.header.revision
                return seen.last
            earlier, counter = (each.response_range.kvs for each in answer.responses)
            if earlier:
                return int(earlier[0].value)
            seen.last, seen.revision = int(counter[0].value), counter[0].mod_revision
            self._tally.retries += 1
        sentence = f"a sale lost {ATTEMPTS_MAX} races for the counter"
        raise RuntimeError(sentence)


def _put(key: bytes, value: bytes) -> kv.RequestOp:
    return kv.RequestOp(request_put=kv.PutRequest(key=key, value=value))


def _get(key: bytes) -> kv.RequestOp:
    return kv.RequestOp(request_range=kv.RangeRequest(key=key))


@contextlib.asynccontextmanager
async def connect(target: str, callers: int, tally: Tally) -> AsyncIterator[list[Sell]]:
    """Connect callers that race: each knows only what etcd answered it."""
    async with channels(target, callers) as opened:
        yield [_Caller(channel, _Counter(), tally) for channel in opened]


class _InTurn:
    """A caller that waits for its turn, and knows the counter from the one before."""

    def __init__(self, caller: _Caller, turn: asyncio.Lock) -> None:
        self._caller, self._turn = caller, turn

    async def __call__(self, ids: Ids) -> int:
        async with self._turn:
            return await self._caller(ids)


@contextlib.asynccontextmanager
async def connect_in_turn(target: str, callers: int, tally: Tally) -> AsyncIterator[list[Sell]]:
    """Connect callers that take turns."""
    counter, turn = _Counter(), asyncio.Lock()
    async with channels(target, callers) as opened:
        yield [_InTurn(_Caller(channel, counter, tally), turn) for channel in opened]


class _Putter:
    """A plain `put` of the sale's bytes: no request key, no number, so no conflicts."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._put = channel.unary_unary(
            "/etcdserverpb.KV/Put",
            request_serializer=kv.PutRequest.SerializeToString,
            response_deserializer=kv.PutResponse.FromString,
        )
        self._sale = checkout_request()

    async def __call__(self, ids: Ids) -> int:
        self._sale.request_id, self._sale.sale_id = ids
        request = kv.PutRequest(key=ids[1].encode(), value=self._sale.SerializeToString())
        await self._put(request, timeout=CALL_S_MAX)
        return 0


@contextlib.asynccontextmanager
async def connect_put(target: str, callers: int, _: Tally) -> AsyncIterator[list[Sell]]:
    """Connect callers that only put."""
    async with channels(target, callers) as opened:
        yield [_Putter(channel) for channel in opened]
