"""What an outage left: `till.recovery`, for programs with threads and for asyncio.

    report = till.recovery.report()
    till.recovery.resolve(report.items[0].item_id, "RESUME")

Every method takes `timeout_s` and raises as those of the till do; after an `OutcomeUnknown` the
till's own `repeat` sends the very same request again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from tillhal import recovery_requests as requests
from tillhal.v1 import recovery_pb2 as pb
from tillhal.values import Amount, to_money

if TYPE_CHECKING:
    import datetime
    from collections.abc import Awaitable

    import grpc
    from google.protobuf.message import Message

    from tillhal.recovery_requests import ItemAction, Slip, SlipMarkState
    from tillhal.v1 import recovery_pb2_grpc
    from tillhal.values import TaxModeKind

RequestT = TypeVar("RequestT", bound="Message")
ResponseT = TypeVar("ResponseT")
CurrencyT_co = TypeVar("CurrencyT_co", covariant=True)


class Ask(Protocol):
    """How the till sends a request."""

    def __call__(
        self,
        rpc: grpc.UnaryUnaryMultiCallable[RequestT, ResponseT],
        request: RequestT,
        timeout_s: float | None,
        /,
    ) -> ResponseT: ...


class AsyncAsk(Protocol):
    """The same for asyncio."""

    def __call__(
        self,
        rpc: grpc.aio.UnaryUnaryMultiCallable[RequestT, ResponseT],
        request: RequestT,
        timeout_s: float | None,
        /,
    ) -> Awaitable[ResponseT]: ...


class AskCurrency(Protocol[CurrencyT_co]):
    """The till's currency, asked for once."""

    def __call__(self, *, timeout_s: float | None) -> CurrencyT_co: ...


class Recovery:
    """The report of the last start, and paper slips."""

    def __init__(
        self,
        stub: recovery_pb2_grpc.RecoveryServiceStub,
        ask: Ask,
        currency: AskCurrency[str],
    ) -> None:
        """A part of the till, which makes it."""
        self._stub = stub
        self._ask = ask
        self._currency = currency

    def report(self, *, timeout_s: float | None = None) -> pb.GetReportResponse:
        """What the last start found, what can be done about each item, and what was done."""
        return self._ask(self._stub.GetReport, pb.GetReportRequest(), timeout_s)

    def resolve(
        self,
        item_id: str,
        action: ItemAction,
        *,
        resolved_by: str = "",
        reason: str = "",
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> pb.ResolveItemResponse:
        """Say what becomes of an item, e.g. "RESUME" of a sale or "REPRINT" of a job."""
        request = requests.resolve_item(
            item_id, action, resolved_by=resolved_by, reason=reason, request_id=request_id
        )
        return self._ask(self._stub.ResolveItem, request, timeout_s)

    def open_slips(
        self,
        outage_id: str,
        first_no: int,
        last_no: int,
        *,
        opened_by: str = "",
        began: datetime.datetime | None = None,
        ended: datetime.datetime | None = None,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> pb.OpenBackEntryResponse:
        """Open the book of an outage's slips. An outage that is not on record (a shop without a
        UPS) gets an id of yours, and the times at which it `began` and `ended`."""
        request = requests.open_slips(
            outage_id,
            first_no,
            last_no,
            opened_by=opened_by,
            began=began,
            ended=ended,
            request_id=request_id,
        )
        return self._ask(self._stub.OpenBackEntry, request, timeout_s)

    def put_slip(
        self,
        outage_id: str,
        slip: Slip,
        *,
        tax_mode: TaxModeKind | None = None,
        language: str = "",
        prints_receipt: bool = False,
        sale_id: str | None = None,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> pb.PutSlipResponse:
        """Enter a slip: one completed sale, once. Look at the answer's `warnings`."""
        request = requests.put_slip(
            self._currency(timeout_s=timeout_s),
            outage_id,
            slip,
            tax_mode=tax_mode,
            language=language,
            prints_receipt=prints_receipt,
            sale_id=sale_id,
            request_id=request_id,
        )
        return self._ask(self._stub.PutSlip, request, timeout_s)

    def mark_slips(
        self,
        outage_id: str,
        slip_no: int,
        state: SlipMarkState,
        *,
        last_no: int = 0,
        explanation: str = "",
        marked_by: str = "",
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> pb.MarkSlipResponse:
        """Account for a number, or for those up to `last_no`: "SPOILT" or "MISSING"."""
        request = requests.mark_slips(
            outage_id,
            slip_no,
            state,
            last_no=last_no,
            explanation=explanation,
            marked_by=marked_by,
            request_id=request_id,
        )
        return self._ask(self._stub.MarkSlip, request, timeout_s)

    def reconcile(
        self,
        outage_id: str,
        counted_cash: Amount | None = None,
        *,
        timeout_s: float | None = None,
    ) -> pb.ReconcileResponse:
        """What a book comes to, and what keeps it from being closed."""
        request = pb.ReconcileRequest(outage_id=outage_id)
        if counted_cash is not None:
            request.counted_cash.CopyFrom(
                to_money(counted_cash, self._currency(timeout_s=timeout_s))
            )
        return self._ask(self._stub.Reconcile, request, timeout_s)

    def close_slips(
        self,
        outage_id: str,
        counted_cash: Amount,
        *,
        difference_reason: str = "",
        closed_by: str = "",
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> pb.CloseBackEntryResponse:
        """Close a book for good, with the cash that lay with the slips."""
        request = requests.close_slips(
            self._currency(timeout_s=timeout_s),
            outage_id,
            counted_cash,
            difference_reason=difference_reason,
            closed_by=closed_by,
            request_id=request_id,
        )
        return self._ask(self._stub.CloseBackEntry, request, timeout_s)

    def get_slips(
        self, outage_id: str, *, timeout_s: float | None = None
    ) -> pb.GetSlipBookResponse:
        """A book with its slips."""
        request = pb.GetSlipBookRequest(outage_id=outage_id)
        return self._ask(self._stub.GetSlipBook, request, timeout_s)

    def list_slips(
        self, *, page_size: int = 0, page_token: str = "", timeout_s: float | None = None
    ) -> pb.ListSlipBooksResponse:
        """A page of books, the open ones first, and the blanks that were printed last."""
        request = pb.ListSlipBooksRequest(page_size=page_size, page_token=page_token)
        return self._ask(self._stub.ListSlipBooks, request, timeout_s)

    def print_slips(
        self,
        count: int,
        *,
        outage_id: str = "",
        printer: str = "",
        printed_by: str = "",
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> pb.PrintSlipBookResponse:
        """Print blank slips with the next numbers."""
        request = requests.print_slips(
            count,
            outage_id=outage_id,
            printer=printer,
            printed_by=printed_by,
            request_id=request_id,
        )
        return self._ask(self._stub.PrintSlipBook, request, timeout_s)

    def print_suspended_sales(
        self,
        *,
        printer: str = "",
        job_id: str | None = None,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> pb.PrintSuspendedSalesResponse:
        """Print the sales that are not finished, with their lines and totals."""
        request = requests.print_suspended_sales(
            printer=printer, job_id=job_id, request_id=request_id
        )
        return self._ask(self._stub.PrintSuspendedSales, request, timeout_s)


class AsyncRecovery:
    """The report of the last start, and paper slips."""

    def __init__(
        self,
        stub: recovery_pb2_grpc.RecoveryServiceAsyncStub,
        ask: AsyncAsk,
        currency: AskCurrency[Awaitable[str]],
    ) -> None:
        """A part of the till, which makes it."""
        self._stub = stub
        self._ask = ask
        self._currency = currency

    async def report(self, *, timeout_s: float | None = None) -> pb.GetReportResponse:
        """What the last start found, what can be done about each item, and what was done."""
        return await self._ask(self._stub.GetReport, pb.GetReportRequest(), timeout_s)

    async def resolve(
        self,
        item_id: str,
        action: ItemAction,
        *,
        resolved_by: str = "",
        reason: str = "",
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> pb.ResolveItemResponse:
        """Say what becomes of an item, e.g. "RESUME" of a sale or "REPRINT" of a job."""
        request = requests.resolve_item(
            item_id, action, resolved_by=resolved_by, reason=reason, request_id=request_id
        )
        return await self._ask(self._stub.ResolveItem, request, timeout_s)

    async def open_slips(
        self,
        outage_id: str,
        first_no: int,
        last_no: int,
        *,
        opened_by: str = "",
        began: datetime.datetime | None = None,
        ended: datetime.datetime | None = None,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> pb.OpenBackEntryResponse:
        """Open the book of an outage's slips. An outage that is not on record (a shop without a
        UPS) gets an id of yours, and the times at which it `began` and `ended`."""
        request = requests.open_slips(
            outage_id,
            first_no,
            last_no,
            opened_by=opened_by,
            began=began,
            ended=ended,
            request_id=request_id,
        )
        return await self._ask(self._stub.OpenBackEntry, request, timeout_s)

    async def put_slip(
        self,
        outage_id: str,
        slip: Slip,
        *,
        tax_mode: TaxModeKind | None = None,
        language: str = "",
        prints_receipt: bool = False,
        sale_id: str | None = None,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> pb.PutSlipResponse:
        """Enter a slip: one completed sale, once. Look at the answer's `warnings`."""
        request = requests.put_slip(
            await self._currency(timeout_s=timeout_s),
            outage_id,
            slip,
            tax_mode=tax_mode,
            language=language,
            prints_receipt=prints_receipt,
            sale_id=sale_id,
            request_id=request_id,
        )
        return await self._ask(self._stub.PutSlip, request, timeout_s)

    async def mark_slips(
        self,
        outage_id: str,
        slip_no: int,
        state: SlipMarkState,
        *,
        last_no: int = 0,
        explanation: str = "",
        marked_by: str = "",
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> pb.MarkSlipResponse:
        """Account for a number, or for those up to `last_no`: "SPOILT" or "MISSING"."""
        request = requests.mark_slips(
            outage_id,
            slip_no,
            state,
            last_no=last_no,
            explanation=explanation,
            marked_by=marked_by,
            request_id=request_id,
        )
        return await self._ask(self._stub.MarkSlip, request, timeout_s)

    async def reconcile(
        self,
        outage_id: str,
        counted_cash: Amount | None = None,
        *,
        timeout_s: float | None = None,
    ) -> pb.ReconcileResponse:
        """What a book comes to, and what keeps it from being closed."""
        request = pb.ReconcileRequest(outage_id=outage_id)
        if counted_cash is not None:
            request.counted_cash.CopyFrom(
                to_money(counted_cash, await self._currency(timeout_s=timeout_s))
            )
        return await self._ask(self._stub.Reconcile, request, timeout_s)

    async def close_slips(
        self,
        outage_id: str,
        counted_cash: Amount,
        *,
        difference_reason: str = "",
        closed_by: str = "",
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> pb.CloseBackEntryResponse:
        """Close a book for good, with the cash that lay with the slips."""
        request = requests.close_slips(
            await self._currency(timeout_s=timeout_s),
            outage_id,
            counted_cash,
            difference_reason=difference_reason,
            closed_by=closed_by,
            request_id=request_id,
        )
        return await self._ask(self._stub.CloseBackEntry, request, timeout_s)

    async def get_slips(
        self, outage_id: str, *, timeout_s: float | None = None
    ) -> pb.GetSlipBookResponse:
        """A book with its slips."""
        request = pb.GetSlipBookRequest(outage_id=outage_id)
        return await self._ask(self._stub.GetSlipBook, request, timeout_s)

    async def list_slips(
        self, *, page_size: int = 0, page_token: str = "", timeout_s: float | None = None
    ) -> pb.ListSlipBooksResponse:
        """A page of books, the open ones first, and the blanks that were printed last."""
        request = pb.ListSlipBooksRequest(page_size=page_size, page_token=page_token)
        return await self._ask(self._stub.ListSlipBooks, request, timeout_s)

    async def print_slips(
        self,
        count: int,
        *,
        outage_id: str = "",
        printer: str = "",
        printed_by: str = "",
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> pb.PrintSlipBookResponse:
        """Print blank slips with the next numbers."""
        request = requests.print_slips(
            count,
            outage_id=outage_id,
            printer=printer,
            printed_by=printed_by,
            request_id=request_id,
        )
        return await self._ask(self._stub.PrintSlipBook, request, timeout_s)

    async def print_suspended_sales(
        self,
        *,
        printer: str = "",
        job_id: str | None = None,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> pb.PrintSuspendedSalesResponse:
        """Print the sales that are not finished, with their lines and totals."""
        request = requests.print_suspended_sales(
            printer=printer, job_id=job_id, request_id=request_id
        )
        return await self._ask(self._stub.PrintSuspendedSales, request, timeout_s)
