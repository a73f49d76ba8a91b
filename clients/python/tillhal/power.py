"""The till's power: `till.power` of a `Till`, and of an `AsyncTill`.

Every method takes `timeout_s`, the deadline of its call in seconds, and raises a `TillError`, as
all methods of the till do.
"""
# ruff: noqa: SLF001 - these are parts of the till

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import grpc

from tillhal import errors
from tillhal.v1 import power_pb2 as pb
from tillhal.values import new_id
from tillhal.watch import AsyncWatch, JournalPlace, Watch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tillhal.aio import AsyncTill
    from tillhal.sync import Till

SelfTestKind: TypeAlias = Literal["QUICK", "DEEP"]
OutageCause: TypeAlias = Literal[
    "UNKNOWN", "GRID", "VOLTAGE", "AGEING", "WEATHER", "UPKEEP", "CUT_CABLE"
]

DRILL_S: Final = 120.0
SETTLE_S: Final = 30
BESIDE_S: Final = 10.0
"""What a settlement's call gets beside the time that the till has for it."""


class Power:
    """How the till is supplied; tests of its UPSes; going down in order."""

    def __init__(self, till: Till) -> None:
        """Of this till; `till.power` is one."""
        self._till = till

    def get(
        self, *, with_history: bool = False, timeout_s: float | None = None
    ) -> pb.GetPowerResponse:
        """How the power stands, every UPS, the open outage, the last test and drill, what to do.

        Charges change from second to second and are in no journal: ask again while on battery.
        with_history: also the last two hours, a point every ten seconds.
        """
        request = pb.GetPowerRequest(with_history=with_history)
        return self._till._ask(self._till.stubs.power.GetPower, request, timeout_s)

    def watch(self, cursor: int | None = None) -> Watch[pb.WatchPowerResponse]:
        """Every change of the power after `cursor`; as the till's `watch_events`."""
        till = self._till
        return till._kept(
            Watch(
                lambda at: till.stubs.power.WatchPower(
                    pb.WatchPowerRequest(cursor=at),
                    metadata=till.metadata,
                ),
                JournalPlace[pb.WatchPowerResponse](till._begin(cursor)),
            )
        )

    def run_self_test(
        self,
        kind: SelfTestKind = "QUICK",
        ups: str = "",
        *,
        test_id: str | None = None,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> pb.RunSelfTestResponse:
        """Ask for a self-test; it is durable when this returns, and running.

        QUICK shows that the UPS switches over, DEEP that its battery lasts. ups: not needed for
        the only one. Raises Refused with SELF_TEST_NOT_NOW, UPS_NOT_FOUND.
        """
        request = _self_test(kind, ups, test_id, request_id)
        return self._till._ask(self._till.stubs.power.RunSelfTest, request, timeout_s)

    def self_tests(self, *, timeout_s: float | None = None) -> list[pb.SelfTest]:
        """The last 50 self-tests, newest first."""
        request = pb.ListSelfTestsRequest()
        rpc = self._till.stubs.power.ListSelfTests
        return list(self._till._ask(rpc, request, timeout_s).self_tests)

    def outages(self, *, timeout_s: float | None = None) -> pb.ListOutagesResponse:
        """The last 100 outages, newest first, and what those of the last year come to."""
        request = pb.ListOutagesRequest()
        return self._till._ask(self._till.stubs.power.ListOutages, request, timeout_s)

    def outage(self, outage_id: str, *, timeout_s: float | None = None) -> pb.Outage:
        """One of them. Raises Refused with OUTAGE_NOT_FOUND."""
        request = pb.GetOutageRequest(outage_id=outage_id)
        return self._till._ask(self._till.stubs.power.GetOutage, request, timeout_s).outage

    def annotate_outage(
        self,
        outage_id: str,
        cause: OutageCause,
        *,
        note: str = "",
        utility_ref: str = "",
        expected_back: datetime.datetime | None = None,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> pb.AnnotateOutageResponse:
        """Say what an outage was; what was said before is replaced. Durable when this returns."""
        request = _annotation(outage_id, cause, note, utility_ref, expected_back, request_id)
        return self._till._ask(self._till.stubs.power.AnnotateOutage, request, timeout_s)

    def record_battery(
        self,
        fitted_on: datetime.date,
        ups: str = "",
        *,
        serial: str = "",
        fitted_by: str = "",
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> pb.RecordBatteryReplacedResponse:
        """A battery was fitted. Durable when this returns."""
        request = _battery(fitted_on, ups, serial, fitted_by, request_id)
        return self._till._ask(self._till.stubs.power.RecordBatteryReplaced, request, timeout_s)

    def preflight(self, *, timeout_s: float | None = None) -> list[pb.PowerFinding]:
        """What a shutdown that can be trusted lacks; nothing where it can be."""
        request = pb.PreflightRequest()
        return list(self._till._ask(self._till.stubs.power.Preflight, request, timeout_s).findings)

    def drill(self, *, timeout_s: float = DRILL_S) -> Iterator[pb.RunDrillResponse]:
        """All of a shutdown but the cut: each step, then the result, which is durable."""
        request = pb.RunDrillRequest(request_id=new_id())
        call = self._till.stubs.power.RunDrill(
            request,
            timeout=timeout_s,
            metadata=self._till.metadata,
        )
        try:
            yield from call
        except grpc.RpcError as error:
            raise errors.from_rpc(error, request) from error
        finally:
            call.cancel()

    def drills(self, *, timeout_s: float | None = None) -> list[pb.Drill]:
        """The last 20 drills, newest first."""
        request = pb.ListDrillsRequest()
        return list(self._till._ask(self._till.stubs.power.ListDrills, request, timeout_s).drills)

    def prepare_for_power_loss(
        self, deadline_s: int = SETTLE_S, *, timeout_s: float | None = None
    ) -> Iterator[pb.PrepareForPowerLossResponse]:
        """Bring the till to rest, for whoever shuts this host down: each step, then the result.

        Nothing new is taken until the till is started anew. deadline_s: 2 to 300.
        """
        request = pb.PrepareForPowerLossRequest(request_id=new_id(), deadline_s=deadline_s)
        call = self._till.stubs.power.PrepareForPowerLoss(
            request,
            timeout=deadline_s + BESIDE_S if timeout_s is None else timeout_s,
            metadata=self._till.metadata,
        )
        try:
            yield from call
        except grpc.RpcError as error:
            raise errors.from_rpc(error, request) from error
        finally:
            call.cancel()


class AsyncPower:
    """As `Power`."""

    def __init__(self, till: AsyncTill) -> None:
        """Of this till; `till.power` is one."""
        self._till = till

    async def get(
        self, *, with_history: bool = False, timeout_s: float | None = None
    ) -> pb.GetPowerResponse:
        """How the power stands, every UPS, the open outage, the last test and drill, what to do.

        Charges change from second to second and are in no journal: ask again while on battery.
        with_history: also the last two hours, a point every ten seconds.
        """
        request = pb.GetPowerRequest(with_history=with_history)
        return await self._till._ask(self._till.stubs.power.GetPower, request, timeout_s)

    def watch(self, cursor: int | None = None) -> AsyncWatch[pb.WatchPowerResponse]:
        """Every change of the power after `cursor`; as the till's `watch_events`."""
        till = self._till
        return till._kept(
            AsyncWatch(
                lambda at: till.stubs.power.WatchPower(
                    pb.WatchPowerRequest(cursor=at),
                    metadata=till.metadata,
                ),
                lambda: till._begin(JournalPlace[pb.WatchPowerResponse], cursor),
            )
        )

    async def run_self_test(
        self,
        kind: SelfTestKind = "QUICK",
        ups: str = "",
        *,
        test_id: str | None = None,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> pb.RunSelfTestResponse:
        """Ask for a self-test; it is durable when this returns, and running.

        QUICK shows that the UPS switches over, DEEP that its battery lasts. ups: not needed for
        the only one. Raises Refused with SELF_TEST_NOT_NOW, UPS_NOT_FOUND.
        """
        request = _self_test(kind, ups, test_id, request_id)
        return await self._till._ask(self._till.stubs.power.RunSelfTest, request, timeout_s)

    async def self_tests(self, *, timeout_s: float | None = None) -> list[pb.SelfTest]:
        """The last 50 self-tests, newest first."""
        request = pb.ListSelfTestsRequest()
        rpc = self._till.stubs.power.ListSelfTests
        return list((await self._till._ask(rpc, request, timeout_s)).self_tests)

    async def outages(self, *, timeout_s: float | None = None) -> pb.ListOutagesResponse:
        """The last 100 outages, newest first, and what those of the last year come to."""
        request = pb.ListOutagesRequest()
        return await self._till._ask(self._till.stubs.power.ListOutages, request, timeout_s)

    async def outage(self, outage_id: str, *, timeout_s: float | None = None) -> pb.Outage:
        """One of them. Raises Refused with OUTAGE_NOT_FOUND."""
        request = pb.GetOutageRequest(outage_id=outage_id)
        return (await self._till._ask(self._till.stubs.power.GetOutage, request, timeout_s)).outage

    async def annotate_outage(
        self,
        outage_id: str,
        cause: OutageCause,
        *,
        note: str = "",
        utility_ref: str = "",
        expected_back: datetime.datetime | None = None,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> pb.AnnotateOutageResponse:
        """Say what an outage was; what was said before is replaced. Durable when this returns."""
        request = _annotation(outage_id, cause, note, utility_ref, expected_back, request_id)
        return await self._till._ask(self._till.stubs.power.AnnotateOutage, request, timeout_s)

    async def record_battery(
        self,
        fitted_on: datetime.date,
        ups: str = "",
        *,
        serial: str = "",
        fitted_by: str = "",
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> pb.RecordBatteryReplacedResponse:
        """A battery was fitted. Durable when this returns."""
        request = _battery(fitted_on, ups, serial, fitted_by, request_id)
        return await self._till._ask(
            self._till.stubs.power.RecordBatteryReplaced, request, timeout_s
        )

    async def preflight(self, *, timeout_s: float | None = None) -> list[pb.PowerFinding]:
        """What a shutdown that can be trusted lacks; nothing where it can be."""
        request = pb.PreflightRequest()
        return list(
            (await self._till._ask(self._till.stubs.power.Preflight, request, timeout_s)).findings
        )

    async def drill(self, *, timeout_s: float = DRILL_S) -> AsyncIterator[pb.RunDrillResponse]:
        """All of a shutdown but the cut: each step, then the result, which is durable."""
        request = pb.RunDrillRequest(request_id=new_id())
        call = self._till.stubs.power.RunDrill(
            request,
            timeout=timeout_s,
            metadata=self._till.metadata,
        )
        try:
            async for step in call:
                yield step
        except grpc.RpcError as error:
            raise errors.from_rpc(error, request) from error
        finally:
            call.cancel()

    async def drills(self, *, timeout_s: float | None = None) -> list[pb.Drill]:
        """The last 20 drills, newest first."""
        request = pb.ListDrillsRequest()
        return list(
            (await self._till._ask(self._till.stubs.power.ListDrills, request, timeout_s)).drills
        )

    async def prepare_for_power_loss(
        self, deadline_s: int = SETTLE_S, *, timeout_s: float | None = None
    ) -> AsyncIterator[pb.PrepareForPowerLossResponse]:
        """Bring the till to rest, for whoever shuts this host down: each step, then the result.

        Nothing new is taken until the till is started anew. deadline_s: 2 to 300.
        """
        request = pb.PrepareForPowerLossRequest(request_id=new_id(), deadline_s=deadline_s)
        call = self._till.stubs.power.PrepareForPowerLoss(
            request,
            timeout=deadline_s + BESIDE_S if timeout_s is None else timeout_s,
            metadata=self._till.metadata,
        )
        try:
            async for step in call:
                yield step
        except grpc.RpcError as error:
            raise errors.from_rpc(error, request) from error
        finally:
            call.cancel()


def _self_test(
    kind: SelfTestKind, ups: str, test_id: str | None, request_id: str | None
) -> pb.RunSelfTestRequest:
    return pb.RunSelfTestRequest(
        request_id=request_id or new_id(),
        test_id=test_id or new_id(),
        ups=ups,
        kind=f"SELF_TEST_KIND_{kind}",
    )


def _annotation(
    outage_id: str,
    cause: OutageCause,
    note: str,
    utility_ref: str,
    expected_back: datetime.datetime | None,
    request_id: str | None,
) -> pb.AnnotateOutageRequest:
    name = "UNSPECIFIED" if cause == "UNKNOWN" else cause
    request = pb.AnnotateOutageRequest(
        request_id=request_id or new_id(),
        outage_id=outage_id,
        cause=f"OUTAGE_CAUSE_{name}",
        note=note,
        utility_ref=utility_ref,
    )
    if expected_back is not None:
        if expected_back.tzinfo is None:
            message = "a time needs its time zone"
            raise ValueError(message)
        request.expected_back_time.FromDatetime(expected_back)
    return request


def _battery(
    fitted_on: datetime.date, ups: str, serial: str, fitted_by: str, request_id: str | None
) -> pb.RecordBatteryReplacedRequest:
    return pb.RecordBatteryReplacedRequest(
        request_id=request_id or new_id(),
        ups=ups,
        fitted_on=fitted_on.isoformat(),
        serial=serial,
        fitted_by=fitted_by,
    )
