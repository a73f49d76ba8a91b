"""PowerService."""

from __future__ import annotations

import contextlib
import datetime
from typing import TYPE_CHECKING

from tillhal.v1 import journal_pb2, power_pb2_grpc, types_pb2
from tillhal.v1 import power_pb2 as pb
from tillhald.domain import commands as cmd
from tillhald.domain import errors
from tillhald.domain.answers import BatteryAnswer, OutageAnswer, SelfTestAnswer
from tillhald.domain.events import decode_record
from tillhald.domain.outages import advice, totals
from tillhald.rpc import fields, power_wire
from tillhald.rpc.requests import carry_out, request_of
from tillhald.rpc.to_wire import timestamp
from tillhald.service.follow import Hole, Mark, follow
from tillhald.service.settlement import SETTLE_S, SETTLE_S_MAX, SETTLE_S_MIN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tillhald.domain.outages import Advice
    from tillhald.journal.store import Store
    from tillhald.rpc.door import Context
    from tillhald.service.power import Power
    from tillhald.service.power_check import Finding, PowerCheck
    from tillhald.service.tail import Tail
    from tillhald.service.till import Clock, Outcome, Till


class PowerServicer(power_pb2_grpc.PowerServiceServicer):
    def __init__(
        self,
        till: Till,
        store: Store,
        tail: Tail,
        power: Power,
        check: PowerCheck,
        clock: Clock,
    ) -> None:
        self._till = till
        self._store = store
        self._tail = tail
        self._power = power
        self._check = check
        self._clock = clock

    # --- looking

    async def GetPower(self, request: pb.GetPowerRequest, context: Context) -> pb.GetPowerResponse:
        book = self._till.state.power
        response = pb.GetPowerResponse(
            power=power_wire.status(self._power, book),
            upses=power_wire.upses(self._power, book),
            advice=power_wire.advice_items(self._advice()),
        )
        if book.open_outage is not None:
            response.outage.CopyFrom(power_wire.outage(book.open_outage))
        if book.tests:
            response.last_test.CopyFrom(power_wire.self_test(book.tests[-1]))
        if book.drills:
            response.last_drill.CopyFrom(power_wire.drill(book.drills[-1]))
        if request.with_history:
            response.history.extend(power_wire.point(point) for point in self._power.history)
        await self._till.caught_up()
        return response

    def _advice(self) -> list[Advice]:
        at_ms = self._clock.wall_ms()
        book = self._till.state.power
        return advice(book, self._power.looks(), self._clock.today(at_ms), at_ms)

    async def WatchPower(
        self, request: pb.WatchPowerRequest, context: Context
    ) -> AsyncIterator[pb.WatchPowerResponse]:
        cursor = self._tail.durable_seq if request.from_now else request.cursor
        async for item in follow(self._store, self._tail, cursor, from_now=request.from_now):
            match item:
                case Mark.CAUGHT_UP:
                    caught_up = journal_pb2.CaughtUp()
                    yield pb.WatchPowerResponse(cursor=cursor, caught_up=caught_up)
                case Mark.DRAINING:
                    return
                case Hole(first_seq, seq, why):
                    cursor = seq
                    gap = types_pb2.Gap(first_seq=first_seq, last_seq=seq, why=why)
                    yield pb.WatchPowerResponse(cursor=seq, gap=gap)
                case _:
                    cursor = item.seq
                    record = decode_record(item.body)
                    for event in record.events:
                        change = power_wire.change(event, self._till.state.power, record.wall_ms)
                        if change is not None:
                            change.cursor = cursor
                            change.time.CopyFrom(timestamp(record.wall_ms))
                            yield change

    async def ListSelfTests(
        self, request: pb.ListSelfTestsRequest, context: Context
    ) -> pb.ListSelfTestsResponse:
        tests = reversed(self._till.state.power.tests)
        response = pb.ListSelfTestsResponse(self_tests=map(power_wire.self_test, tests))
        await self._till.caught_up()
        return response

    async def ListDrills(
        self, request: pb.ListDrillsRequest, context: Context
    ) -> pb.ListDrillsResponse:
        drills = reversed(self._till.state.power.drills)
        response = pb.ListDrillsResponse(drills=map(power_wire.drill, drills))
        await self._till.caught_up()
        return response

    async def ListOutages(
        self, request: pb.ListOutagesRequest, context: Context
    ) -> pb.ListOutagesResponse:
        book = self._till.state.power
        response = pb.ListOutagesResponse(
            outages=map(power_wire.outage, reversed(book.outages)),
            statistics=power_wire.statistics(totals(book, self._clock.wall_ms())),
            advice=power_wire.advice_items(self._advice()),
        )
        await self._till.caught_up()
        return response

    async def GetOutage(
        self, request: pb.GetOutageRequest, context: Context
    ) -> pb.GetOutageResponse:
        outage = self._till.state.power.outage(request.outage_id)
        await self._till.caught_up()
        if outage is None:
            sentence = "There is no such outage among those that the till holds."
            raise errors.OutageNotFound(sentence)
        return pb.GetOutageResponse(outage=power_wire.outage(outage))

    # --- recording

    async def RunSelfTest(
        self, request: pb.RunSelfTestRequest, context: Context
    ) -> pb.RunSelfTestResponse:
        kind = power_wire.TEST_KINDS_READ.get(request.kind)
        if kind is None:
            raise errors.FieldInvalid("kind", "A quick or a deep test is needed.")
        command = cmd.RunSelfTest(
            test_id=fields.identifier(request.test_id, "test_id"),
            ups=self._ups(request.ups),
            kind=kind,
        )

        def convert(outcome: Outcome) -> pb.RunSelfTestResponse:
            assert isinstance(outcome.answer, SelfTestAnswer), "RunSelfTest answers with a test"
            test = power_wire.self_test(outcome.answer.test)
            return pb.RunSelfTestResponse(self_test=test, replayed=outcome.replayed)

        return await carry_out(
            self._till, command, request_of("RunSelfTest", request.request_id, request), convert
        )

    async def AnnotateOutage(
        self, request: pb.AnnotateOutageRequest, context: Context
    ) -> pb.AnnotateOutageResponse:
        cause = power_wire.CAUSES_READ.get(request.cause)
        if cause is None:
            raise errors.FieldInvalid("cause", "This is no cause of the contract.")
        expected = request.expected_back_time
        command = cmd.AnnotateOutage(
            outage_id=request.outage_id,
            cause=cause,
            note=fields.text(request.note, "note"),
            utility_ref=fields.text(request.utility_ref, "utility_ref"),
            expected_back_ms=_whole_ms(expected.seconds, expected.nanos),
        )

        def convert(outcome: Outcome) -> pb.AnnotateOutageResponse:
            assert isinstance(outcome.answer, OutageAnswer), "AnnotateOutage answers with an outage"
            outage = power_wire.outage(outcome.answer.outage)
            return pb.AnnotateOutageResponse(outage=outage, replayed=outcome.replayed)

        return await carry_out(
            self._till, command, request_of("AnnotateOutage", request.request_id, request), convert
        )

    async def RecordBatteryReplaced(
        self, request: pb.RecordBatteryReplacedRequest, context: Context
    ) -> pb.RecordBatteryReplacedResponse:
        command = cmd.RecordBattery(
            ups=self._ups(request.ups),
            fitted_on=_day(request.fitted_on),
            serial=fields.text(request.serial, "serial"),
            fitted_by=fields.text(request.fitted_by, "fitted_by"),
        )

        def convert(outcome: Outcome) -> pb.RecordBatteryReplacedResponse:
            assert isinstance(outcome.answer, BatteryAnswer), "it answers with a battery"
            battery = power_wire.battery(outcome.answer.battery)
            return pb.RecordBatteryReplacedResponse(battery=battery, replayed=outcome.replayed)

        asked = request_of("RecordBatteryReplaced", request.request_id, request)
        return await carry_out(self._till, command, asked, convert)

    def _ups(self, name: str) -> str:
        upses = self._power.upses
        if name in upses:
            return name
        if not name and len(upses) == 1:
            return upses[0]
        sentence = "There is no such UPS." if name else "Name the UPS: there is none, or several."
        raise errors.UpsNotFound(sentence, upses=len(upses))

    # --- going down

    async def Preflight(
        self, request: pb.PreflightRequest, context: Context
    ) -> pb.PreflightResponse:
        found = await self._check.preflight(self._clock.wall_ms())
        return pb.PreflightResponse(is_ready=not found, findings=map(_finding, found))

    async def RunDrill(
        self, request: pb.RunDrillRequest, context: Context
    ) -> AsyncIterator[pb.RunDrillResponse]:
        fields.request_id(request.request_id)
        self._check.begin_drill(self._clock.wall_ms())
        async with contextlib.aclosing(self._check.work.steps()) as steps:
            async for phase, message, result in steps:
                if result is None:
                    progress = types_pb2.Progress(phase=phase, message=message)
                    yield pb.RunDrillResponse(progress=progress)
                    continue
                yield pb.RunDrillResponse(
                    result=pb.DrillResult(
                        took_ms=result.took_ms,
                        needed_s=result.needed_s,
                        findings=map(_finding, result.findings),
                    )
                )

    async def PrepareForPowerLoss(
        self, request: pb.PrepareForPowerLossRequest, context: Context
    ) -> AsyncIterator[pb.PrepareForPowerLossResponse]:
        fields.request_id(request.request_id)
        deadline_s = request.deadline_s or SETTLE_S
        if not SETTLE_S_MIN <= deadline_s <= SETTLE_S_MAX:
            sentence = f"A settlement has {SETTLE_S_MIN:.0f} to {SETTLE_S_MAX:.0f} seconds."
            raise errors.FieldInvalid("deadline_s", sentence)
        await self._power.settle(deadline_s)
        async with contextlib.aclosing(self._power.settlement.work.steps()) as steps:
            async for phase, message, result in steps:
                if result is None:
                    progress = types_pb2.Progress(phase=phase.value, message=message)
                    yield pb.PrepareForPowerLossResponse(progress=progress)
                else:
                    yield pb.PrepareForPowerLossResponse(result=power_wire.settled(result))


def _finding(finding: Finding) -> pb.PowerFinding:
    return pb.PowerFinding(
        code=finding.code.name, ups=finding.ups, message=finding.message, advice=finding.advice
    )


def _day(value: str) -> str:
    try:
        day = datetime.date.fromisoformat(value)
    except ValueError:
        raise errors.FieldInvalid("fitted_on", "A day like 2026-01-31 is needed.") from None
    if day.isoformat() != value:
        raise errors.FieldInvalid("fitted_on", "A day like 2026-01-31 is needed.")
    return value


SECONDS_MAX = 253_402_300_799
"""The last second of the year 9999, as protobuf's Timestamp has it."""


def _whole_ms(seconds: int, nanos: int) -> int:
    if not 0 <= seconds <= SECONDS_MAX:
        raise errors.FieldInvalid("expected_back_time", "This time cannot be.")
    return seconds * 1000 + nanos // 1_000_000
