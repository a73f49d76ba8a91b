"""CheckoutService: converts, asks the till, converts."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tillhal.v1 import checkout_pb2 as pb
from tillhal.v1 import checkout_pb2_grpc
from tillhald.domain import errors
from tillhald.domain.answers import JobAnswer, SaleSummary, summary_of
from tillhald.domain.sale import SaleState, TenderState
from tillhald.rpc import fields, from_wire, shift_wire, to_wire
from tillhald.rpc.access_rules import WRITE_OFF
from tillhald.rpc.admission import must_be
from tillhald.rpc.requests import PAGE_DEFAULT, PAGE_MAX, carry_out, page_start, request_of
from tillhald.service.sales_list import SalesList

if TYPE_CHECKING:
    from tillhald.domain.commands import AnyCommand
    from tillhald.journal.store import Store
    from tillhald.rpc.door import Context
    from tillhald.rpc.requests import Identified
    from tillhald.service.till import Outcome, Till

S = TypeVar(
    "S",
    pb.CheckoutResponse,
    pb.OpenSaleResponse,
    pb.PutLineResponse,
    pb.RemoveLineResponse,
    pb.ApplyDiscountResponse,
    pb.SuspendSaleResponse,
    pb.ResumeSaleResponse,
    pb.AddTenderResponse,
    pb.ResolveTenderResponse,
    pb.ReverseTenderResponse,
    pb.CompleteSaleResponse,
    pb.CancelSaleResponse,
    pb.VoidSaleResponse,
    pb.OpenReturnResponse,
)


class CheckoutServicer(checkout_pb2_grpc.CheckoutServiceServicer):
    def __init__(self, till: Till, store: Store) -> None:
        self._till = till
        self._store = store
        self._list = SalesList(till, store)
        self._currency = till.rules.currency

    async def _change(
        self, respond: type[S], method: str, request_id: str, wire: Identified, command: AnyCommand
    ) -> S:
        def convert(outcome: Outcome) -> S:
            assert isinstance(outcome.answer, SaleSummary), f"{method} answers with a sale"
            response = respond(replayed=outcome.replayed)
            to_wire.fill_summary(response.sale, outcome.answer, self._currency)
            return response

        return await carry_out(self._till, command, request_of(method, request_id, wire), convert)

    async def Checkout(self, request: pb.CheckoutRequest, context: Context) -> pb.CheckoutResponse:
        command = from_wire.checkout(request, self._currency)
        return await self._change(
            pb.CheckoutResponse, "Checkout", request.request_id, request, command
        )

    async def OpenSale(self, request: pb.OpenSaleRequest, context: Context) -> pb.OpenSaleResponse:
        command = from_wire.open_sale(request)
        return await self._change(
            pb.OpenSaleResponse, "OpenSale", request.request_id, request, command
        )

    async def PutLine(self, request: pb.PutLineRequest, context: Context) -> pb.PutLineResponse:
        command = from_wire.put_line(request, self._currency)
        return await self._change(
            pb.PutLineResponse, "PutLine", request.request_id, request, command
        )

    async def RemoveLine(
        self, request: pb.RemoveLineRequest, context: Context
    ) -> pb.RemoveLineResponse:
        command = from_wire.remove_line(request)
        return await self._change(
            pb.RemoveLineResponse, "RemoveLine", request.request_id, request, command
        )

    async def ApplyDiscount(
        self, request: pb.ApplyDiscountRequest, context: Context
    ) -> pb.ApplyDiscountResponse:
        command = from_wire.apply_discount(request, self._currency)
        return await self._change(
            pb.ApplyDiscountResponse, "ApplyDiscount", request.request_id, request, command
        )

    async def SuspendSale(
        self, request: pb.SuspendSaleRequest, context: Context
    ) -> pb.SuspendSaleResponse:
        command = from_wire.suspend_sale(request)
        return await self._change(
            pb.SuspendSaleResponse, "SuspendSale", request.request_id, request, command
        )

    async def ResumeSale(
        self, request: pb.ResumeSaleRequest, context: Context
    ) -> pb.ResumeSaleResponse:
        command = from_wire.resume_sale(request)
        return await self._change(
            pb.ResumeSaleResponse, "ResumeSale", request.request_id, request, command
        )

    async def AddTender(
        self, request: pb.AddTenderRequest, context: Context
    ) -> pb.AddTenderResponse:
        command = from_wire.add_tender(request, self._currency)
        return await self._change(
            pb.AddTenderResponse, "AddTender", request.request_id, request, command
        )

    async def ResolveTender(
        self, request: pb.ResolveTenderRequest, context: Context
    ) -> pb.ResolveTenderResponse:
        command = from_wire.resolve_tender(request)
        if command.outcome is TenderState.WRITTEN_OFF:
            must_be(WRITE_OFF)
        return await self._change(
            pb.ResolveTenderResponse, "ResolveTender", request.request_id, request, command
        )

    async def ReverseTender(
        self, request: pb.ReverseTenderRequest, context: Context
    ) -> pb.ReverseTenderResponse:
        command = from_wire.reverse_tender(request)
        return await self._change(
            pb.ReverseTenderResponse, "ReverseTender", request.request_id, request, command
        )

    async def CompleteSale(
        self, request: pb.CompleteSaleRequest, context: Context
    ) -> pb.CompleteSaleResponse:
        command = from_wire.complete_sale(request)
        return await self._change(
            pb.CompleteSaleResponse, "CompleteSale", request.request_id, request, command
        )

    async def CancelSale(
        self, request: pb.CancelSaleRequest, context: Context
    ) -> pb.CancelSaleResponse:
        command = from_wire.cancel_sale(request)
        return await self._change(
            pb.CancelSaleResponse, "CancelSale", request.request_id, request, command
        )

    async def VoidSale(self, request: pb.VoidSaleRequest, context: Context) -> pb.VoidSaleResponse:
        command = from_wire.void_sale(request)
        return await self._change(
            pb.VoidSaleResponse, "VoidSale", request.request_id, request, command
        )

    async def OpenReturn(
        self, request: pb.OpenReturnRequest, context: Context
    ) -> pb.OpenReturnResponse:
        command = from_wire.open_return(request)
        return await self._change(
            pb.OpenReturnResponse, "OpenReturn", request.request_id, request, command
        )

    async def ReprintReceipt(
        self, request: pb.ReprintReceiptRequest, context: Context
    ) -> pb.ReprintReceiptResponse:
        command = from_wire.reprint_receipt(request)

        def convert(outcome: Outcome) -> pb.ReprintReceiptResponse:
            assert isinstance(outcome.answer, JobAnswer), "a reprint answers with a job"
            job = outcome.answer.job
            return pb.ReprintReceiptResponse(
                job_id=job.job_id, copy=job.copy, replayed=outcome.replayed
            )

        return await carry_out(
            self._till, command, request_of("ReprintReceipt", request.request_id, request), convert
        )

    # --- reads: what is answered must be on disk, so they wait for what they may have seen

    async def GetSale(self, request: pb.GetSaleRequest, context: Context) -> pb.GetSaleResponse:
        try:
            match request.WhichOneof("by"):
                case "sale_id":
                    sale = self._till.sale(fields.identifier(request.sale_id, "sale_id"))
                case "receipt_number":
                    sale = self._till.sale_by_receipt(request.receipt_number)
                case _:
                    raise errors.FieldInvalid("by", "A sale_id or a receipt_number is needed.")
        finally:
            await self._till.caught_up()
        return pb.GetSaleResponse(sale=to_wire.sale(sale, self._currency))

    async def ListSales(
        self, request: pb.ListSalesRequest, context: Context
    ) -> pb.ListSalesResponse:
        size = fields.page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)
        if request.business_day:
            return await self._list_day(request, size)
        if request.states:
            sentence = "States are asked for together with a business_day."
            raise errors.FieldInvalid("states", sentence)
        await self._till.caught_up()
        rows = self._store.scan(
            "receipts",
            start=page_start(b"", request.page_token),
            limit=size + 1,
            reverse=True,
        )
        sales = [self._till.finished_sale(value.decode()) for _, value in rows[:size]]
        return pb.ListSalesResponse(
            sales=[to_wire.summary(summary_of(s), self._currency) for s in sales if s is not None],
            next_page_token=rows[size][0].hex() if len(rows) > size else "",
        )

    async def _list_day(self, request: pb.ListSalesRequest, size: int) -> pb.ListSalesResponse:
        day = shift_wire.business_day(request.business_day)
        states = from_wire.sale_states(request.states)
        start = from_wire.list_place(request.page_token)
        await self._till.caught_up()
        sales, next_start = self._list.of_day(day, states, start, size)
        return pb.ListSalesResponse(
            sales=[to_wire.summary(summary_of(sale), self._currency) for sale in sales],
            next_page_token=next_start.hex(),
        )

    async def ListSuspended(
        self, request: pb.ListSuspendedRequest, context: Context
    ) -> pb.ListSuspendedResponse:
        aside = (SaleState.SUSPENDED, SaleState.INTERRUPTED)
        sales = [sale for sale in self._till.state.sales.values() if sale.state in aside]
        await self._till.caught_up()
        sales.sort(key=lambda sale: sale.seq)
        return pb.ListSuspendedResponse(
            sales=[
                pb.ListSuspendedResponse.SuspendedSale(
                    sale=to_wire.summary(summary_of(sale), self._currency), note=sale.note
                )
                for sale in sales
            ]
        )
