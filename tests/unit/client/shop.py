"""A small shop behind the contract: remembers requests as the till does, breaks on demand."""

from __future__ import annotations

import threading
from concurrent import futures
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from tillhal.v1 import (
    checkout_pb2,
    checkout_pb2_grpc,
    device_pb2,
    device_pb2_grpc,
    journal_pb2,
    journal_pb2_grpc,
    system_pb2,
    system_pb2_grpc,
    types_pb2,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from google.protobuf.message import Message

    from tillhal.answers import SaleRequest

ResponseT = TypeVar(
    "ResponseT",
    checkout_pb2.CheckoutResponse,
    checkout_pb2.OpenSaleResponse,
    checkout_pb2.PutLineResponse,
    checkout_pb2.AddTenderResponse,
    checkout_pb2.CompleteSaleResponse,
)
EventT = TypeVar("EventT", system_pb2.WatchEventsResponse, journal_pb2.WatchJournalResponse)

WAIT_S_MAX = 10.0
"""No test waits longer than this for anything."""
CURRENCY = "EUR"


def refusal(
    code: grpc.StatusCode, reason: str, *details: Message, message: str = "No.", **facts: str
) -> status_pb2.Status:
    """The Status that the till answers for `reason`."""
    info = error_details_pb2.ErrorInfo(reason=reason, domain="tillhal", metadata=facts)
    packed = []
    for detail in (info, *details):
        box = any_pb2.Any()
        box.Pack(detail)
        packed.append(box)
    return status_pb2.Status(code=code.value[0], message=message, details=packed)


class Shop:
    """What outlives a restart of the server: answers by request_id, sales, and the journal."""

    def __init__(self) -> None:
        """Open an empty shop."""
        self.changed = threading.Condition()
        self.answers: dict[str, tuple[SaleRequest, bytes]] = {}
        self.attempts: list[str] = []
        self.metadata: list[dict[str, str]] = []
        self.sales: dict[str, checkout_pb2.SaleSummary] = {}
        self.events: list[system_pb2.WatchEventsResponse] = []
        self.cursors: list[int] = []
        self.devices = [device_pb2.Device(device_id="printer", revision=1)]
        self.status_calls = 0
        self.lose_answers = 0
        self.stall_answers = 0
        self.refuse_with: status_pb2.Status | None = None
        self.break_stream_before: int | None = None
        self.diagnostics: list[system_pb2.GetDiagnosticsResponse | None] | status_pb2.Status = []
        """What GetDiagnostics answers; None breaks the connection."""

    @property
    def head_seq(self) -> int:
        """The cursor of the last event."""
        return self.events[-1].cursor if self.events else 0

    def record(self, *sale_ids: str) -> int:
        """Write one record about some sales, which becomes as many events of one cursor."""
        with self.changed:
            seq = self.head_seq + 1
            for sale_id in sale_ids:
                change = system_pb2.SaleChanged(sale=checkout_pb2.SaleSummary(sale_id=sale_id))
                self.events.append(system_pb2.WatchEventsResponse(cursor=seq, sale_changed=change))
            self.changed.notify_all()
        return seq

    def change(
        self,
        request: SaleRequest,
        context: grpc.ServicerContext,
        kind: type[ResponseT],
        state: str,
    ) -> ResponseT:
        """Answer a change as the till does, once for each request_id; then lose the answer."""
        with self.changed:
            self.attempts.append(request.request_id)
            self.metadata.append({str(k): str(v) for k, v in context.invocation_metadata()})
            self.changed.notify_all()
            if self.refuse_with is not None:
                context.abort_with_status(rpc_status.to_status(self.refuse_with))
            answer = self._answer(request, context, kind, state)
            if self.lose_answers:
                self.lose_answers -= 1
                context.abort(grpc.StatusCode.UNAVAILABLE, "answer lost after the commit")
            if self.stall_answers:
                self.stall_answers -= 1
                self.wait_until(lambda: not context.is_active())
        return answer

    def _answer(
        self,
        request: SaleRequest,
        context: grpc.ServicerContext,
        kind: type[ResponseT],
        state: str,
    ) -> ResponseT:
        if request.request_id in self.answers:
            first, stored = self.answers[request.request_id]
            if first != request:
                reused = refusal(grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")
                context.abort_with_status(rpc_status.to_status(reused))
            answer = kind.FromString(stored)
            answer.replayed = True
            return answer
        now = self.sales.get(request.sale_id)
        if now is not None and getattr(request, "expected_version", 0) != now.version:
            conflict = refusal(
                grpc.StatusCode.ABORTED, "VERSION_CONFLICT", version=str(now.version)
            )
            context.abort_with_status(rpc_status.to_status(conflict))
        answer = kind(durability="DURABILITY_DURABLE_PRIMARY")
        answer.sale.CopyFrom(self.sale_after(request.sale_id, state))
        self.answers[request.request_id] = (request, answer.SerializeToString())
        return answer

    def wait_until(self, fulfilled: Callable[[], bool]) -> None:
        """Wait, with the lock, until `fulfilled`."""
        assert self.changed.wait_for(fulfilled, 0) or self._wait_long(fulfilled), "waited in vain"

    def _wait_long(self, fulfilled: Callable[[], bool]) -> bool:
        slices = int(WAIT_S_MAX / 0.02)
        return any(self.changed.wait_for(fulfilled, 0.02) for _ in range(slices))

    def sale_after(self, sale_id: str, state: str) -> checkout_pb2.SaleSummary:
        """The sale one version further on."""
        version = self.sales[sale_id].version + 1 if sale_id in self.sales else 1
        money = types_pb2.Money(currency_code=CURRENCY, minor_units=640)
        summary = checkout_pb2.SaleSummary(
            sale_id=sale_id,
            version=version,
            state=f"SALE_STATE_{state}",
            kind="SALE_KIND_SALE",
            payable=money,
            change=types_pb2.Money(currency_code=CURRENCY, minor_units=360),
            due=types_pb2.Money(currency_code=CURRENCY, minor_units=-7),
            receipt_number=17 if state == "COMPLETED" else 0,
        )
        self.sales[sale_id] = summary
        return summary


class Checkout(checkout_pb2_grpc.CheckoutServiceServicer):
    """CheckoutService, as far as the tests sell."""

    def __init__(self, shop: Shop) -> None:
        """Sell in `shop`."""
        self.shop = shop

    def Checkout(
        self, request: checkout_pb2.CheckoutRequest, context: grpc.ServicerContext
    ) -> checkout_pb2.CheckoutResponse:
        """See the contract."""
        return self.shop.change(request, context, checkout_pb2.CheckoutResponse, "COMPLETED")

    def OpenSale(
        self, request: checkout_pb2.OpenSaleRequest, context: grpc.ServicerContext
    ) -> checkout_pb2.OpenSaleResponse:
        """See the contract."""
        return self.shop.change(request, context, checkout_pb2.OpenSaleResponse, "OPEN")

    def PutLine(
        self, request: checkout_pb2.PutLineRequest, context: grpc.ServicerContext
    ) -> checkout_pb2.PutLineResponse:
        """See the contract."""
        return self.shop.change(request, context, checkout_pb2.PutLineResponse, "OPEN")

    def AddTender(
        self, request: checkout_pb2.AddTenderRequest, context: grpc.ServicerContext
    ) -> checkout_pb2.AddTenderResponse:
        """See the contract."""
        return self.shop.change(request, context, checkout_pb2.AddTenderResponse, "TENDERING")

    def CompleteSale(
        self, request: checkout_pb2.CompleteSaleRequest, context: grpc.ServicerContext
    ) -> checkout_pb2.CompleteSaleResponse:
        """See the contract."""
        return self.shop.change(request, context, checkout_pb2.CompleteSaleResponse, "COMPLETED")

    def GetSale(
        self, request: checkout_pb2.GetSaleRequest, context: grpc.ServicerContext
    ) -> checkout_pb2.GetSaleResponse:
        """See the contract."""
        with self.shop.changed:
            if self.shop.refuse_with is not None:
                context.abort_with_status(rpc_status.to_status(self.shop.refuse_with))
            if self.shop.stall_answers:
                self.shop.wait_until(lambda: not context.is_active())
            summary = self.shop.sales[request.sale_id]
        return checkout_pb2.GetSaleResponse(sale=checkout_pb2.Sale(summary=summary))

    def ListSales(
        self, request: checkout_pb2.ListSalesRequest, context: grpc.ServicerContext
    ) -> checkout_pb2.ListSalesResponse:
        """See the contract."""
        begin = int(request.page_token or 0)
        sales = list(self.shop.sales.values())[begin : begin + 2]
        more = begin + 2 < len(self.shop.sales)
        return checkout_pb2.ListSalesResponse(
            sales=sales, next_page_token=str(begin + 2) if more else ""
        )


class System(system_pb2_grpc.SystemServiceServicer):
    """SystemService: status and events."""

    def __init__(self, shop: Shop) -> None:
        """Tell of `shop`."""
        self.shop = shop

    def GetStatus(
        self, request: system_pb2.GetStatusRequest, context: grpc.ServicerContext
    ) -> system_pb2.GetStatusResponse:
        """See the contract."""
        with self.shop.changed:
            self.shop.status_calls += 1
            return system_pb2.GetStatusResponse(currency_code=CURRENCY, head_seq=self.shop.head_seq)

    def WatchEvents(
        self, request: system_pb2.WatchEventsRequest, context: grpc.ServicerContext
    ) -> Iterator[system_pb2.WatchEventsResponse]:
        """See the contract."""
        return _follow(self.shop, request, context, lambda event: event)

    def GetDiagnostics(
        self, request: system_pb2.GetDiagnosticsRequest, context: grpc.ServicerContext
    ) -> Iterator[system_pb2.GetDiagnosticsResponse]:
        """See the contract."""
        answer = self.shop.diagnostics
        if isinstance(answer, status_pb2.Status):
            context.abort_with_status(rpc_status.to_status(answer))
        for step in answer:
            if step is None:
                context.abort(grpc.StatusCode.UNAVAILABLE, "connection reset")
            yield step


class Journal(journal_pb2_grpc.JournalServiceServicer):
    """JournalService: records, one for each event."""

    def __init__(self, shop: Shop) -> None:
        """Tell of `shop`."""
        self.shop = shop

    def WatchJournal(
        self, request: journal_pb2.WatchJournalRequest, context: grpc.ServicerContext
    ) -> Iterator[journal_pb2.WatchJournalResponse]:
        """See the contract."""
        return _follow(self.shop, request, context, _journal_item)


def _journal_item(event: system_pb2.WatchEventsResponse) -> journal_pb2.WatchJournalResponse:
    """The same as a record; the record of a sale "lost" cannot be read."""
    if event.WhichOneof("event") == "caught_up":
        return journal_pb2.WatchJournalResponse(cursor=event.cursor, caught_up=event.caught_up)
    if event.sale_changed.sale.sale_id == "lost":
        gap = types_pb2.Gap(first_seq=event.cursor, last_seq=event.cursor, why="damaged")
        return journal_pb2.WatchJournalResponse(cursor=event.cursor, gap=gap)
    record = journal_pb2.JournalRecord(seq=event.cursor)
    return journal_pb2.WatchJournalResponse(cursor=event.cursor, record=record)


class Devices(device_pb2_grpc.DeviceServiceServicer):
    """DeviceService: the devices as they are, then each change."""

    def __init__(self, shop: Shop) -> None:
        """Tell of `shop`."""
        self.shop = shop

    def WatchDevices(
        self, request: device_pb2.WatchDevicesRequest, context: grpc.ServicerContext
    ) -> Iterator[device_pb2.WatchDevicesResponse]:
        """See the contract."""
        told: dict[str, int] = {}
        while context.is_active():
            with self.shop.changed:
                news = [d for d in self.shop.devices if told.get(d.device_id) != d.revision]
                if not news:
                    self.shop.changed.wait(0.02)
            for device in news:
                told[device.device_id] = device.revision
                yield device_pb2.WatchDevicesResponse(device=device)


def _follow(
    shop: Shop,
    request: system_pb2.WatchEventsRequest | journal_pb2.WatchJournalRequest,
    context: grpc.ServicerContext,
    item: Callable[[system_pb2.WatchEventsResponse], EventT],
) -> Iterator[EventT]:
    """The events behind the request's cursor, the word "caught up", then live."""
    with shop.changed:
        shop.cursors.append(request.cursor)
        shop.changed.notify_all()
        if request.cursor > shop.head_seq:
            ahead = refusal(grpc.StatusCode.OUT_OF_RANGE, "CURSOR_AHEAD")
            context.abort_with_status(rpc_status.to_status(ahead))
        place = sum(event.cursor <= request.cursor for event in shop.events)
    is_live = False
    while context.is_active():
        with shop.changed:
            if is_live and not shop.events[place:]:
                shop.changed.wait(0.02)
            news = shop.events[place:]
            head = shop.head_seq
        for event in news:
            if place == shop.break_stream_before:
                shop.break_stream_before = None
                context.abort(grpc.StatusCode.UNAVAILABLE, "connection reset")
            place += 1
            yield item(event)
        if not is_live:
            is_live = True
            yield item(
                system_pb2.WatchEventsResponse(cursor=head, caught_up=journal_pb2.CaughtUp())
            )


class Server:
    """A gRPC server before `shop` that can be stopped and started again at the same address."""

    def __init__(self, shop: Shop, address: str) -> None:
        """Serve `shop` at `address`, once started."""
        self.shop = shop
        self.address = address
        self._server: grpc.Server | None = None

    def start(self) -> None:
        """Serve; with port 0 the address is known afterwards."""
        server = grpc.server(
            futures.ThreadPoolExecutor(max_workers=16), options=[("grpc.so_reuseport", 0)]
        )
        checkout_pb2_grpc.add_CheckoutServiceServicer_to_server(
            Checkout(self.shop),  # type: ignore[abstract]  # the rest is UNIMPLEMENTED
            server,
        )
        system_pb2_grpc.add_SystemServiceServicer_to_server(System(self.shop), server)
        journal_pb2_grpc.add_JournalServiceServicer_to_server(
            Journal(self.shop),  # type: ignore[abstract]  # the rest is UNIMPLEMENTED
            server,
        )
        device_pb2_grpc.add_DeviceServiceServicer_to_server(
            Devices(self.shop),  # type: ignore[abstract]  # the rest is UNIMPLEMENTED
            server,
        )
        port = server.add_insecure_port(self.address)
        if self.address.endswith(":0"):
            self.address = f"127.0.0.1:{port}"
        server.start()
        self._server = server

    def stop(self) -> None:
        """Go down at once, as in a crash: calls in flight are cut."""
        if self._server is not None:
            server, self._server = self._server, None
            assert server.stop(0).wait(WAIT_S_MAX), "the server does not stop"


@contextmanager
def serving(shop: Shop, address: str) -> Iterator[Server]:
    """A running server before `shop`."""
    server = Server(shop, address)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def unix_address(folder: Path) -> str:
    """A socket in `folder`."""
    return f"unix:{folder}/api.sock"
