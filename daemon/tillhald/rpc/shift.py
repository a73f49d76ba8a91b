"""ShiftService: shifts and the business day; converts, asks, converts."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tillhal.v1 import shift_pb2 as pb
from tillhal.v1 import shift_pb2_grpc
from tillhald.domain import commands as cmd
from tillhald.domain import errors
from tillhald.domain.answers import (
    DayAnswer,
    HandOverAnswer,
    JobAnswer,
    MovementAnswer,
    SaleSummary,
    ShiftAnswer,
    ZAnswer,
)
from tillhald.domain.book_rows import NUMBERS, ZS, decode_report, decode_shift
from tillhald.domain.jobs import ReportKind
from tillhald.domain.reports import day_report, explain
from tillhald.rpc import fields, shift_wire, to_wire
from tillhald.rpc.access_rules import ANOTHERS_LOCK
from tillhald.rpc.admission import must_be
from tillhald.rpc.requests import PAGE_DEFAULT, PAGE_MAX, carry_out, page_start, request_of
from tillhald.rpc.sign_on import SignOnMethods
from tillhald.service.books import Books, is_over_midnight, is_overdue
from tillhald.service.caller import CALLER

if TYPE_CHECKING:
    from tillhald.domain.books import Day, Shift
    from tillhald.journal.store import Store
    from tillhald.rpc.door import Context
    from tillhald.rpc.requests import Identified
    from tillhald.service.access import AccessDesk
    from tillhald.service.till import Clock, Outcome, Till

S = TypeVar(
    "S",
    pb.OpenShiftResponse,
    pb.LockShiftResponse,
    pb.UnlockShiftResponse,
    pb.EndShiftResponse,
    pb.DeclareCountResponse,
    pb.CloseShiftResponse,
    pb.CorrectCountResponse,
)
NUMBER_MAX = 10**18
"""What can be asked for; no till counts as far."""


def day_age(day: Day, till: Till, clock: Clock) -> shift_wire.DayAge:
    """How long the day that is open has been open."""
    return shift_wire.DayAge(
        over_midnight=is_over_midnight(day, clock),
        overdue=is_overdue(day, till.rules.day_overdue_at, clock),
    )


class ShiftServicer(SignOnMethods, shift_pb2_grpc.ShiftServiceServicer):
    def __init__(self, till: Till, store: Store, clock: Clock, access: AccessDesk) -> None:
        self._access = access
        self._till = till
        self._store = store
        self._clock = clock
        self._books = Books(till, store)
        self._currency = till.rules.currency

    # --- shifts

    async def _change(
        self,
        respond: type[S],
        method: str,
        request_id: str,
        wire: Identified,
        command: cmd.ShiftCommand,
    ) -> S:
        def convert(outcome: Outcome) -> S:
            assert isinstance(outcome.answer, ShiftAnswer), f"{method} answers with a shift"
            shift = shift_wire.shift(outcome.answer.shift, self._currency)
            return respond(shift=shift, replayed=outcome.replayed)

        return await carry_out(self._till, command, request_of(method, request_id, wire), convert)

    async def OpenShift(
        self, request: pb.OpenShiftRequest, context: Context
    ) -> pb.OpenShiftResponse:
        command = cmd.OpenShift(
            float_minor=shift_wire.amount(request.opening_float, "opening_float", self._currency),
            operator=self._operator(request),
            training=request.training,
        )
        return await self._change(
            pb.OpenShiftResponse, "OpenShift", request.request_id, request, command
        )

    def _operator(self, request: pb.OpenShiftRequest | pb.HandOverRequest) -> str:
        """Whose the shift is to be. Where persons are known, one of them: a name that nobody has
        answers for no drawer. Raises OperatorNotFound."""
        operator = shift_wire.operator(request.operator)
        is_asked = self._access.settings.is_required and bool(operator)
        if is_asked and self._till.answered(fields.request_id(request.request_id)) is None:
            one = self._till.state.access.operators.get(operator)
            if one is None or one.is_disabled:
                raise errors.OperatorNotFound("There is no such operator.", operator=operator)
        return operator

    async def LockShift(
        self, request: pb.LockShiftRequest, context: Context
    ) -> pb.LockShiftResponse:
        shift_id, version = _which(request.shift_id, request.expected_version)
        command = cmd.LockShift(shift_id=shift_id, expected_version=version)
        return await self._change(
            pb.LockShiftResponse, "LockShift", request.request_id, request, command
        )

    async def UnlockShift(
        self, request: pb.UnlockShiftRequest, context: Context
    ) -> pb.UnlockShiftResponse:
        shift_id, version = _which(request.shift_id, request.expected_version)
        shift = self._till.state.shift
        if shift and shift.shift_id == shift_id and _is_anothers(shift):
            must_be(ANOTHERS_LOCK)
        command = cmd.UnlockShift(shift_id=shift_id, expected_version=version)
        return await self._change(
            pb.UnlockShiftResponse, "UnlockShift", request.request_id, request, command
        )

    async def EndShift(self, request: pb.EndShiftRequest, context: Context) -> pb.EndShiftResponse:
        shift_id, version = _which(request.shift_id, request.expected_version)
        command = cmd.EndShift(shift_id=shift_id, expected_version=version)
        return await self._change(
            pb.EndShiftResponse, "EndShift", request.request_id, request, command
        )

    async def DeclareCount(
        self, request: pb.DeclareCountRequest, context: Context
    ) -> pb.DeclareCountResponse:
        shift_id, version = _which(request.shift_id, request.expected_version)
        command = cmd.DeclareCount(
            shift_id=shift_id,
            expected_version=version,
            counted_minor=shift_wire.amount(request.counted, "counted", self._currency),
            denominations=shift_wire.denominations(request, self._currency),
        )
        return await self._change(
            pb.DeclareCountResponse, "DeclareCount", request.request_id, request, command
        )

    async def CloseShift(
        self, request: pb.CloseShiftRequest, context: Context
    ) -> pb.CloseShiftResponse:
        shift_id, version = _which(request.shift_id, request.expected_version)
        command = cmd.CloseShift(shift_id=shift_id, expected_version=version)
        return await self._change(
            pb.CloseShiftResponse, "CloseShift", request.request_id, request, command
        )

    async def CorrectCount(
        self, request: pb.CorrectCountRequest, context: Context
    ) -> pb.CorrectCountResponse:
        shift_id, version = _which(request.shift_id, request.expected_version)
        command = cmd.CorrectCount(
            shift_id=shift_id,
            expected_version=version,
            counted_minor=shift_wire.amount(request.counted, "counted", self._currency),
            reason=fields.text(request.reason, "reason", least=1),
        )
        return await self._change(
            pb.CorrectCountResponse, "CorrectCount", request.request_id, request, command
        )

    async def RecordMovement(
        self, request: pb.RecordMovementRequest, context: Context
    ) -> pb.RecordMovementResponse:
        command = shift_wire.record_movement(request, self._currency)

        def convert(outcome: Outcome) -> pb.RecordMovementResponse:
            assert isinstance(outcome.answer, MovementAnswer), "it answers with a movement"
            return pb.RecordMovementResponse(
                movement=shift_wire.movement(outcome.answer.movement, self._currency),
                shift_version=outcome.answer.version,
                replayed=outcome.replayed,
            )

        asked = request_of("RecordMovement", request.request_id, request)
        return await carry_out(self._till, command, asked, convert)

    async def HandOver(self, request: pb.HandOverRequest, context: Context) -> pb.HandOverResponse:
        shift_id, version = _which(request.shift_id, request.expected_version)
        command = cmd.HandOver(
            shift_id=shift_id,
            expected_version=version,
            operator=self._operator(request),
        )

        def convert(outcome: Outcome) -> pb.HandOverResponse:
            assert isinstance(outcome.answer, HandOverAnswer), "it answers with two shifts"
            return pb.HandOverResponse(
                closed=shift_wire.shift(outcome.answer.closed, self._currency),
                opened=shift_wire.shift(outcome.answer.opened, self._currency),
                replayed=outcome.replayed,
            )

        asked = request_of("HandOver", request.request_id, request)
        return await carry_out(self._till, command, asked, convert)

    # --- the day

    async def OpenDay(self, request: pb.OpenDayRequest, context: Context) -> pb.OpenDayResponse:
        command = cmd.OpenDay(business_day=shift_wire.business_day(request.business_day))

        def convert(outcome: Outcome) -> pb.OpenDayResponse:
            assert isinstance(outcome.answer, DayAnswer), "it answers with a day"
            day = outcome.answer.day
            wire = shift_wire.day(day, day_age(day, self._till, self._clock))
            return pb.OpenDayResponse(day=wire, replayed=outcome.replayed)

        asked = request_of("OpenDay", request.request_id, request)
        return await carry_out(self._till, command, asked, convert)

    async def CloseDay(self, request: pb.CloseDayRequest, context: Context) -> pb.CloseDayResponse:
        command = cmd.CloseDay(day_number=_number(request.day_number, "day_number", least=1))

        def convert(outcome: Outcome) -> pb.CloseDayResponse:
            assert isinstance(outcome.answer, ZAnswer), "it answers with a Z"
            z = shift_wire.report(outcome.answer.report, self._currency)
            return pb.CloseDayResponse(z=z, replayed=outcome.replayed)

        asked = request_of("CloseDay", request.request_id, request)
        response = await carry_out(self._till, command, asked, convert)
        response.z.chain_head = self._books.chain_head(response.z.last_seq)
        return response

    async def ExceptTender(
        self, request: pb.ExceptTenderRequest, context: Context
    ) -> pb.ExceptTenderResponse:
        command = cmd.ExceptTender(
            sale_id=fields.identifier(request.sale_id, "sale_id"),
            expected_version=fields.version(request.expected_version),
            tender_id=fields.identifier(request.tender_id, "tender_id"),
            reason=fields.text(request.reason, "reason", least=1),
        )

        def convert(outcome: Outcome) -> pb.ExceptTenderResponse:
            assert isinstance(outcome.answer, SaleSummary), "it answers with a sale"
            response = pb.ExceptTenderResponse(replayed=outcome.replayed)
            to_wire.fill_summary(response.sale, outcome.answer, self._currency)
            return response

        asked = request_of("ExceptTender", request.request_id, request)
        return await carry_out(self._till, command, asked, convert)

    async def PrintReport(
        self, request: pb.PrintReportRequest, context: Context
    ) -> pb.PrintReportResponse:
        command = await self._print(request)

        def convert(outcome: Outcome) -> pb.PrintReportResponse:
            assert isinstance(outcome.answer, JobAnswer), "it answers with a job"
            job = outcome.answer.job
            return pb.PrintReportResponse(
                job_id=job.job_id, copy=job.copy, replayed=outcome.replayed
            )

        asked = request_of("PrintReport", request.request_id, request)
        return await carry_out(self._till, command, asked, convert)

    async def _print(self, request: pb.PrintReportRequest) -> cmd.PrintReport:
        job_id = fields.identifier(request.job_id, "job_id")
        number = _number(request.number, "number")
        match request.kind:
            case pb.REPORT_KIND_X:
                return cmd.PrintReport(job_id=job_id, report=ReportKind.X)
            case pb.REPORT_KIND_Z:
                await self._till.caught_up()
                seq = self._books.z(number).last_seq
                return cmd.PrintReport(job_id=job_id, report=ReportKind.Z, document_seq=seq)
            case pb.REPORT_KIND_SHIFT:
                await self._till.caught_up()
                shift = self._books.closed_shift(number)
                kind = ReportKind.HANDOVER if shift.handed_to else ReportKind.SHIFT
                return cmd.PrintReport(job_id=job_id, report=kind, document_seq=shift.closed_seq)
            case _:
                raise errors.FieldInvalid("kind", "The kind of the report is needed.")

    # --- reads: what is answered must be on disk, so they wait for what they may have seen

    async def GetDay(self, request: pb.GetDayRequest, context: Context) -> pb.GetDayResponse:
        number = _number(request.day_number, "day_number")
        await self._till.caught_up()
        day = self._till.state.day
        if day is not None and number in (0, day.day_number):
            age = day_age(day, self._till, self._clock)
            return pb.GetDayResponse(day=shift_wire.day(day, age))
        if number == 0:
            raise errors.DayNotFound("No business day is open.")
        # Each day has one Z, in their order: they count alike.
        return pb.GetDayResponse(day=shift_wire.closed_day(self._books.z(number)))

    async def GetShift(self, request: pb.GetShiftRequest, context: Context) -> pb.GetShiftResponse:
        await self._till.caught_up()
        current = self._till.state.shift
        if request.shift_id:
            shift = self._books.shift(shift_wire.shift_number(request.shift_id))
        elif current is not None:
            shift = current
        else:
            raise errors.ShiftNotFound("No shift is open.")
        movements = self._books.movements(shift)
        return pb.GetShiftResponse(
            shift=shift_wire.shift(shift, self._currency),
            movements=[shift_wire.movement(each, self._currency) for each in movements],
        )

    async def ListShifts(
        self, request: pb.ListShiftsRequest, context: Context
    ) -> pb.ListShiftsResponse:
        size = fields.page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)
        await self._till.caught_up()
        start = page_start(b"", request.page_token)
        rows = self._store.scan("shifts", start=start, prefix=NUMBERS, limit=size + 1, reverse=True)
        found = [decode_shift(value) for _, value in rows[:size]]
        current = self._till.state.shift
        if current is not None:
            # Its row is written when it is opened and when it is closed.
            found = [current if s.shift_number == current.shift_number else s for s in found]
        return pb.ListShiftsResponse(
            shifts=[shift_wire.shift(each, self._currency) for each in found],
            next_page_token=rows[size][0].hex() if len(rows) > size else "",
        )

    async def GetXReport(
        self, request: pb.GetXReportRequest, context: Context
    ) -> pb.GetXReportResponse:
        state = self._till.state
        try:
            if state.day is None:
                raise errors.DayNotOpen("No business day is open.")
            report = day_report(state, self._clock.wall_ms(), last_seq=state.seq)
        finally:
            await self._till.caught_up()
        return pb.GetXReportResponse(report=shift_wire.report(report, self._currency))

    async def GetZReport(
        self, request: pb.GetZReportRequest, context: Context
    ) -> pb.GetZReportResponse:
        number = _number(request.z_number, "z_number")
        await self._till.caught_up()
        z = self._books.z(number or self._till.state.zs_given)
        report = shift_wire.report(z, self._currency, self._books.chain_head(z.last_seq))
        return pb.GetZReportResponse(report=report)

    async def ListZReports(
        self, request: pb.ListZReportsRequest, context: Context
    ) -> pb.ListZReportsResponse:
        size = fields.page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX)
        await self._till.caught_up()
        start = page_start(ZS, request.page_token)
        rows = self._store.scan("days", start=start, prefix=ZS, limit=size + 1, reverse=True)
        reports = [
            shift_wire.z_summary(decode_report(value), self._currency) for _, value in rows[:size]
        ]
        return pb.ListZReportsResponse(
            reports=reports,
            next_page_token=rows[size][0][len(ZS) :].hex() if len(rows) > size else "",
        )

    async def ExplainOverShort(
        self, request: pb.ExplainOverShortRequest, context: Context
    ) -> pb.ExplainOverShortResponse:
        await self._till.caught_up()
        shift = self._books.closed_shift(shift_wire.shift_number(request.shift_id))
        response = pb.ExplainOverShortResponse(
            traces=[shift_wire.trace(each, self._currency) for each in explain(shift)],
            more=shift.traces_more,
        )
        if shift.over_short_minor is not None:
            response.over_short.CopyFrom(to_wire.money(shift.over_short_minor, self._currency))
        return response


def _which(shift_id: str, expected_version: int) -> tuple[str, int]:
    return fields.identifier(shift_id, "shift_id"), fields.version(expected_version)


def _is_anothers(shift: Shift) -> bool:
    """One that the first sale opened is everybody's."""
    return not shift.implicit and shift.operator != CALLER.get().operator


def _number(value: int, field: str, *, least: int = 0) -> int:
    if not least <= value <= NUMBER_MAX:
        raise errors.FieldInvalid(field, f"A number from {least} on is needed.")
    return value
