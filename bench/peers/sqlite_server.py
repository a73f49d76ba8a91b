"""CheckoutService over SQLite: `python -m bench.peers.sqlite_server FILE ADDRESS...`.

It does what every peer does and no more: request looked up, receipt number counted up, sale with
lines and tender stored, synced, answered.
"""

from __future__ import annotations

import asyncio
import queue
import signal
import sqlite3
import sys
import threading
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

import grpc
import uvloop

from bench.sale import money
from tillhal.v1 import checkout_pb2, types_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WAITING_MAX = 1000
BATCH_MAX = 256
TABLES = """
CREATE TABLE requests (request_id TEXT PRIMARY KEY, answer BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE series (name TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO series VALUES ('receipts', 0);
CREATE TABLE sales (
    receipt_number INTEGER PRIMARY KEY, sale_id TEXT NOT NULL UNIQUE,
    payable_minor INTEGER NOT NULL, tendered_minor INTEGER NOT NULL, change_minor INTEGER NOT NULL,
    sold_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE sale_lines (
    sale_id TEXT, line_id TEXT, description TEXT NOT NULL, sku TEXT NOT NULL,
    quantity INTEGER NOT NULL, scale INTEGER NOT NULL, unit TEXT NOT NULL,
    unit_price_minor INTEGER NOT NULL, extended_minor INTEGER NOT NULL, tax_code TEXT NOT NULL,
    tax_percent INTEGER NOT NULL, PRIMARY KEY (sale_id, line_id)) WITHOUT ROWID;
CREATE TABLE tenders (
    sale_id TEXT, tender_id TEXT, type INTEGER NOT NULL, amount_minor INTEGER NOT NULL,
    PRIMARY KEY (sale_id, tender_id)) WITHOUT ROWID;
"""
FIND_REQUEST = "SELECT answer FROM requests WHERE request_id = ?"
INSERT_REQUEST = "INSERT INTO requests VALUES (?, ?)"
NEXT_NUMBER = "UPDATE series SET last = last + 1 WHERE name = 'receipts' RETURNING last"
INSERT_SALE = """INSERT INTO sales
    (receipt_number, sale_id, payable_minor, tendered_minor, change_minor) VALUES (?, ?, ?, ?, ?)"""
INSERT_LINE = "INSERT INTO sale_lines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
INSERT_TENDER = "INSERT INTO tenders VALUES (?, ?, ?, ?)"


class Waiting(NamedTuple):
    """A request in the queue, and where its answer goes."""

    request: checkout_pb2.CheckoutRequest
    answer: asyncio.Future[checkout_pb2.CheckoutResponse]


class _Sold(NamedTuple):
    """A row of `sales`."""

    receipt_number: int
    sale_id: str
    payable_minor: int
    tendered_minor: int
    change_minor: int


class _Context(Protocol):
    """What is used of a grpc.aio.ServicerContext."""

    async def abort(self, code: grpc.StatusCode, details: str) -> None: ...


class Book:
    """The database. Used by one thread at a time."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; {TABLES}")
        modes = [self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in _RIGHT_MODES]
        if modes != list(_RIGHT_MODES.values()):
            sentence = f"SQLite came up with {modes}, not {_RIGHT_MODES}"
            raise RuntimeError(sentence)

    def sell_all(
        self, requests: Sequence[checkout_pb2.CheckoutRequest]
    ) -> list[checkout_pb2.CheckoutResponse]:
        """Sell in one commit; on disk when it returns."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            answers = [self._sell(request) for request in requests]
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        return answers

    def _sell(self, request: checkout_pb2.CheckoutRequest) -> checkout_pb2.CheckoutResponse:
        found = self._db.execute(FIND_REQUEST, (request.request_id,)).fetchone()
        if found is not None:
            answer = checkout_pb2.CheckoutResponse.FromString(found[0])
            answer.replayed = True
            return answer
        number = int(self._db.execute(NEXT_NUMBER).fetchall()[0][0])
        extended = [_extended_minor(line) for line in request.lines]
        payable_minor = sum(extended)
        tendered_minor = sum(tender.amount.minor_units for tender in request.tenders)
        sold = _Sold(
            number, request.sale_id, payable_minor, tendered_minor, tendered_minor - payable_minor
        )
        self._db.execute(INSERT_SALE, sold)
        self._db.executemany(INSERT_LINE, _line_rows(request, extended))
        self._db.executemany(
            INSERT_TENDER,
            [
                (request.sale_id, tender.tender_id, tender.type, tender.amount.minor_units)
                for tender in request.tenders
            ],
        )
        answer = _answer(sold, len(extended))
        self._db.execute(INSERT_REQUEST, (request.request_id, answer.SerializeToString()))
        return answer


_RIGHT_MODES = {"journal_mode": "wal", "synchronous": 2}


def _extended_minor(line: checkout_pb2.LineInput) -> int:
    whole = int(10**line.quantity.scale)
    return (2 * line.unit_price.minor_units * line.quantity.unscaled + whole) // (2 * whole)


def _line_rows(
    request: checkout_pb2.CheckoutRequest, extended: Sequence[int]
) -> list[tuple[object, ...]]:
    return [
        (
            *(request.sale_id, line.line_id, line.description, line.sku),
            *(line.quantity.unscaled, line.quantity.scale, line.unit),
            *(line.unit_price.minor_units, extended_minor, line.tax_code),
            line.tax_percent.unscaled,
        )
        for line, extended_minor in zip(request.lines, extended, strict=True)
    ]


def _answer(sold: _Sold, line_count: int) -> checkout_pb2.CheckoutResponse:
    return checkout_pb2.CheckoutResponse(
        sale=checkout_pb2.SaleSummary(
            sale_id=sold.sale_id,
            version=1,
            state=checkout_pb2.SALE_STATE_COMPLETED,
            kind=checkout_pb2.SALE_KIND_SALE,
            receipt_number=sold.receipt_number,
            payable=money(sold.payable_minor),
            tendered=money(sold.tendered_minor),
            change=money(sold.change_minor),
            line_count=line_count,
        ),
        durability=types_pb2.DURABILITY_DURABLE_PRIMARY,
    )


class Writer:
    """The one thread that writes: it takes what waits, and commits it at once."""

    def __init__(self, book: Book, loop: asyncio.AbstractEventLoop) -> None:
        self._book, self._loop = book, loop
        self._waiting: queue.Queue[Waiting | None] = queue.Queue(WAITING_MAX)
        self._thread = threading.Thread(target=self._run, name="sqlite-writer")
        self._thread.start()

    def put(self, waiting: Waiting) -> None:
        """Queue a request. Raises queue.Full."""
        self._waiting.put_nowait(waiting)

    def close(self) -> None:
        """Finish what was queued and end the thread."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch, ending = [first], False
            while len(batch) < BATCH_MAX and not self._waiting.empty():
                another = self._waiting.get()
                if another is None:
                    ending = True
                    break
                batch.append(another)
            self._loop.call_soon_threadsafe(self._sell(batch))
            if ending:
                return

    def _sell(self, batch: Sequence[Waiting]) -> Callable[[], None]:
        """Return what has to be done on the loop: answer, or hand the error on."""
        try:
            answers = self._book.sell_all([waiting.request for waiting in batch])
        except Exception as error:
            failure = error
            return lambda: _fail(batch, failure)
        return lambda: _resolve(batch, answers)


def _resolve(batch: Sequence[Waiting], answers: Sequence[checkout_pb2.CheckoutResponse]) -> None:
    for waiting, answer in zip(batch, answers, strict=True):
        if not waiting.answer.done():
            waiting.answer.set_result(answer)


def _fail(batch: Sequence[Waiting], error: Exception) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)


class Servicer:
    """Checkout and nothing else: every other call is UNIMPLEMENTED."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def checkout(
        self, request: checkout_pb2.CheckoutRequest, context: _Context
    ) -> checkout_pb2.CheckoutResponse:
        """Answer once the sale is on disk."""
        answer: asyncio.Future[checkout_pb2.CheckoutResponse]
        answer = asyncio.get_running_loop().create_future()
        try:
            self._writer.put(Waiting(request, answer))
        except queue.Full:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "queue full")
        return await answer

    def handler(self) -> grpc.GenericRpcHandler:
        """Return what a server takes."""
        # The types of grpc's handlers know synchronous servicers only.
        method: grpc.RpcMethodHandler[Any, Any] = grpc.unary_unary_rpc_method_handler(
            cast("Any", self.checkout),
            checkout_pb2.CheckoutRequest.FromString,
            checkout_pb2.CheckoutResponse.SerializeToString,
        )
        return grpc.method_handlers_generic_handler(
            "tillhal.v1.CheckoutService", {"Checkout": method}
        )


async def serve(path: str, addresses: Sequence[str]) -> None:
    """Serve until SIGTERM."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    writer = Writer(Book(path), loop)
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers((Servicer(writer).handler(),))
    for address in addresses:
        server.add_insecure_port(address)
    await server.start()
    await stopped.wait()
    await server.stop(1)
    writer.close()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], sys.argv[2:]))
