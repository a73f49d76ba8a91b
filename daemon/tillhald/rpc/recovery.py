"""What a start found, in the contract's words; and RecoveryService."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tillhal.v1 import recovery_pb2 as pb
from tillhal.v1 import recovery_pb2_grpc, system_pb2, types_pb2
from tillhald.devices.categories import Category
from tillhald.domain import commands as cmd
from tillhald.domain import errors
from tillhald.domain.answers import (
    ItemAnswer,
    JobAnswer,
    SlipAnswer,
    SlipBookAnswer,
    SlipsPrintedAnswer,
    book_answer,
    summary_of,
)
from tillhald.domain.back_entry import findings
from tillhald.domain.recovery import actions_of, is_gated
from tillhald.domain.sale import UNRESOLVED_TENDER
from tillhald.rpc import fields, power_wire, to_wire
from tillhald.rpc import recovery_wire as wire
from tillhald.rpc.device import find_device
from tillhald.rpc.requests import PAGE_DEFAULT, PAGE_MAX, carry_out, page_start, request_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tillhald.devices.registry import DeviceRegistry
    from tillhald.domain.answers import SaleSummary
    from tillhald.domain.recovery_items import RecoveryItem
    from tillhald.domain.slips import SlipBook
    from tillhald.domain.state import TillState
    from tillhald.journal.recovery import RecoveryReport
    from tillhald.journal.store import Store
    from tillhald.rpc.door import Context
    from tillhald.service.till import Clock, Outcome, Till


def recovery_report(
    state: TillState, report: RecoveryReport, left_out: Mapping[str, str]
) -> system_pb2.RecoveryReport:
    """`state` is that right after the start was recorded; `left_out` names devices and why."""
    return system_pb2.RecoveryReport(
        last_seq=report.last_seq,
        checkpoint_seq=report.checkpoint_seq or 0,
        tail_records=report.last_seq - (report.checkpoint_seq or 0),
        clean_shutdown=report.clean_shutdown,
        interrupted_sale_ids=[sale.sale_id for sale in state.interrupted],
        pending_tender_sale_ids=[
            sale.sale_id
            for sale in state.sales.values()
            if any(tender.state in UNRESOLVED_TENDER for tender in sale.tenders)
        ],
        unconfirmed_job_ids=[job.job_id for job in state.finished_jobs],
        unknown_kick_ids=[kick.kick_id for kick in state.finished_kicks],
        clock_suspect=state.clock_suspect,
        spilled_records=report.spilled_records,
        segment=report.segment,
        gone=[
            types_pb2.Gap(first_seq=first, last_seq=last, why="Lost with a damaged file.")
            for first, last in state.gone
        ],
        unresolved_job_ids=list(state.unresolved),
        findings=[
            *(found.sentence for found in report.faults),
            *(f"Device {name} is left out: {why}." for name, why in left_out.items()),
        ],
    )


class RecoveryServicer(recovery_pb2_grpc.RecoveryServiceServicer):
    def __init__(
        self,
        till: Till,
        store: Store,
        devices: DeviceRegistry,
        *,
        clock: Clock,
        local_time: Callable[[int], str],
        heading: Callable[[], tuple[str, ...]],
        start: system_pb2.RecoveryReport,
    ) -> None:
        """`local_time` writes Unix milliseconds as paper shows them; `heading` is what stands above
        the shop's papers now; `start` is how the till came up."""
        self._till = till
        self._store = store
        self._devices = devices
        self._clock = clock
        self._local_time = local_time
        self._heading = heading
        self._start = start
        self._currency = till.rules.currency

    # --- the report

    async def GetReport(
        self, request: pb.GetReportRequest, context: Context
    ) -> pb.GetReportResponse:
        state = self._till.state
        report = state.recovery
        items = sorted(report.items.values(), key=lambda item: item.action is not None)
        response = pb.GetReportResponse(
            start=self._start,
            start_time=to_wire.timestamp(report.started_ms),
            items=[self._item(item, self._sale_of(item)) for item in items],
            waiting=len(report.waiting),
            refuses_sales=bool(is_gated(state, self._till.rules)),
            slip_books=[
                wire.book(book_answer(book), self._currency) for book in state.slips.books.values()
            ],
        )
        outage = state.power.outage(report.outage_id) if report.outage_id else None
        if outage is not None:
            response.outage.CopyFrom(power_wire.outage(outage))
        await self._till.caught_up()
        return response

    def _sale_of(self, item: RecoveryItem) -> SaleSummary | None:
        if not item.sale_id:
            return None
        live = self._till.state.sales.get(item.sale_id)
        sale = live or self._till.finished_sale(item.sale_id)
        return summary_of(sale) if sale else None

    def _item(self, item: RecoveryItem, sale: SaleSummary | None) -> pb.RecoveryItem:
        return wire.item(item, self._till, actions_of(self._till.state, item), sale)

    async def ResolveItem(
        self, request: pb.ResolveItemRequest, context: Context
    ) -> pb.ResolveItemResponse:
        command = wire.resolve_item(request)

        def convert(outcome: Outcome) -> pb.ResolveItemResponse:
            answer = outcome.answer
            assert isinstance(answer, ItemAnswer), "ResolveItem answers with an item"
            sale = answer.sale or self._sale_of(answer.item)
            return pb.ResolveItemResponse(
                item=self._item(answer.item, sale), replayed=outcome.replayed
            )

        asked = request_of("ResolveItem", request.request_id, request)
        return await carry_out(self._till, command, asked, convert)

    # --- books of slips

    async def OpenBackEntry(
        self, request: pb.OpenBackEntryRequest, context: Context
    ) -> pb.OpenBackEntryResponse:
        command = wire.open_back_entry(request)

        def convert(outcome: Outcome) -> pb.OpenBackEntryResponse:
            return pb.OpenBackEntryResponse(book=self._book(outcome), replayed=outcome.replayed)

        asked = request_of("OpenBackEntry", request.request_id, request)
        return await carry_out(self._till, command, asked, convert)

    def _book(self, outcome: Outcome) -> pb.SlipBook:
        assert isinstance(outcome.answer, SlipBookAnswer), "it answers with a book"
        return wire.book(outcome.answer, self._currency)

    async def PutSlip(self, request: pb.PutSlipRequest, context: Context) -> pb.PutSlipResponse:
        command = wire.put_slip(request, self._currency, self._clock.today)

        def convert(outcome: Outcome) -> pb.PutSlipResponse:
            answer = outcome.answer
            assert isinstance(answer, SlipAnswer), "PutSlip answers with a slip"
            return pb.PutSlipResponse(
                slip=wire.slip(answer.slip, self._currency),
                sale=to_wire.summary(answer.sale, self._currency),
                warnings=map(wire.warning, answer.warnings),
                replayed=outcome.replayed,
            )

        asked = request_of("PutSlip", request.request_id, request)
        return await carry_out(self._till, command, asked, convert)

    async def MarkSlip(self, request: pb.MarkSlipRequest, context: Context) -> pb.MarkSlipResponse:
        command = wire.mark_slip(request)

        def convert(outcome: Outcome) -> pb.MarkSlipResponse:
            return pb.MarkSlipResponse(book=self._book(outcome), replayed=outcome.replayed)

        asked = request_of("MarkSlip", request.request_id, request)
        return await carry_out(self._till, command, asked, convert)

    async def Reconcile(
        self, request: pb.ReconcileRequest, context: Context
    ) -> pb.ReconcileResponse:
        counted = None
        if request.HasField("counted_cash"):
            counted = wire.counted_cash(request.counted_cash, self._currency)
        book = self._whole_book(request.outage_id)
        if counted is None and book.is_closed:
            counted = book.counted_minor
        await self._till.caught_up()
        left = findings(book, counted)
        return wire.reconciled(book, book_answer(book), counted, left, self._currency)

    async def CloseBackEntry(
        self, request: pb.CloseBackEntryRequest, context: Context
    ) -> pb.CloseBackEntryResponse:
        command = wire.close_back_entry(request, self._currency)

        def convert(outcome: Outcome) -> pb.CloseBackEntryResponse:
            return pb.CloseBackEntryResponse(book=self._book(outcome), replayed=outcome.replayed)

        asked = request_of("CloseBackEntry", request.request_id, request)
        return await carry_out(self._till, command, asked, convert)

    def _whole_book(self, asked: str) -> SlipBook:
        """The book, open or closed. Raises SlipBookNotFound."""
        outage_id = wire.outage_id(asked)
        book = self._till.state.slips.books.get(outage_id) or self._till.closed_book(outage_id)
        if book is None:
            sentence = "There is no book of slips for it."
            raise errors.SlipBookNotFound(sentence, outage_id=outage_id)
        return book

    async def GetSlipBook(
        self, request: pb.GetSlipBookRequest, context: Context
    ) -> pb.GetSlipBookResponse:
        try:
            book = self._whole_book(request.outage_id)
        finally:
            await self._till.caught_up()
        slips = sorted(book.slips.values(), key=lambda slip: slip.slip_no)
        return pb.GetSlipBookResponse(
            book=wire.book(book_answer(book), self._currency),
            slips=[wire.slip(slip, self._currency) for slip in slips],
        )

    async def ListSlipBooks(
        self, request: pb.ListSlipBooksRequest, context: Context
    ) -> pb.ListSlipBooksResponse:
        size = fields.page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)
        start = page_start(b"c", request.page_token)
        shelf = self._till.state.slips
        await self._till.caught_up()
        rows = self._store.scan("outages", prefix=b"c", start=start, limit=size + 1, reverse=True)
        closed = (self._till.closed_book(value.decode()) for _, value in rows[:size])
        books = [] if start else list(shelf.books.values())
        named = {book.outage_id for book in books}
        books += [book for book in closed if book is not None and book.outage_id not in named]
        return pb.ListSlipBooksResponse(
            books=[wire.book(book_answer(book), self._currency) for book in books],
            next_page_token=rows[size][0][1:].hex() if len(rows) > size else "",
            printed=map(wire.printed, reversed(shelf.printed)),
        )

    # --- paper for a time without power

    async def PrintSlipBook(
        self, request: pb.PrintSlipBookRequest, context: Context
    ) -> pb.PrintSlipBookResponse:
        command = cmd.PrintSlips(
            count=request.count,
            printer=self._printer(request.printer),
            heading=self._heading(),
            outage_id=wire.outage_id(request.outage_id) if request.outage_id else "",
            printed_by=fields.text(request.printed_by, "printed_by"),
        )

        def convert(outcome: Outcome) -> pb.PrintSlipBookResponse:
            answer = outcome.answer
            assert isinstance(answer, SlipsPrintedAnswer), "it answers with numbers"
            return pb.PrintSlipBookResponse(
                printed=wire.printed(answer.printed),
                job_ids=answer.job_ids,
                replayed=outcome.replayed,
            )

        asked = request_of("PrintSlipBook", request.request_id, request)
        return await carry_out(self._till, command, asked, convert)

    async def PrintSuspendedSales(
        self, request: pb.PrintSuspendedSalesRequest, context: Context
    ) -> pb.PrintSuspendedSalesResponse:
        command = cmd.PrintSuspended(
            job_id=fields.identifier(request.job_id, "job_id"),
            printer=self._printer(request.printer),
            time_text=self._local_time(self._clock.wall_ms()),
        )

        def convert(outcome: Outcome) -> pb.PrintSuspendedSalesResponse:
            assert isinstance(outcome.answer, JobAnswer), "it answers with a job"
            return pb.PrintSuspendedSalesResponse(
                job=to_wire.job(outcome.answer.job), replayed=outcome.replayed
            )

        asked = request_of("PrintSuspendedSales", request.request_id, request)
        return await carry_out(self._till, command, asked, convert)

    def _printer(self, name: str) -> str:
        """The printer's name; that of the receipts, where none is asked for."""
        chosen = name or self._till.rules.receipt_printer
        if not chosen:
            raise errors.NoPrinter("No printer of receipts is configured.")
        shot = find_device(self._devices, chosen)
        if shot.category is not Category.POS_PRINTER:
            raise errors.DeviceNotFound("This device is no printer.", device_id=chosen)
        return chosen
