"""hwsim.v1.UpsService: each call is a verb, or a look at the unit."""

import time
from collections.abc import Iterator
from typing import Final

import grpc

from hwsim.shop import Shop
from hwsim.ups.wired import WiredUps
from hwsim.v1 import ups_pb2 as wire
from hwsim.v1 import ups_pb2_grpc

LOOK_S: Final = 0.1
"""How soon a stream notices a change, and that its caller has gone."""

_TO: Final = (
    "mute",
    "garbled_replies",
    "low_at_once",
    "drop_at_transfer_s",
    "replace_battery",
    "test_fails",
    "stuck_test",
    "bypass",
    "alarm",
    "never_returns",
    "returns_dark",
    "ignores_shutdown_on_mains",
    "forced_shutdown",
)
"""Fields of SetUpsFaultsRequest that are the verbs of their names."""


class UpsServicer(ups_pb2_grpc.UpsServiceServicer):
    """See proto/hwsim/v1/ups.proto."""

    def __init__(self, shop: Shop) -> None:
        """Serve this shop."""
        self._shop = shop

    def SetMains(
        self, request: wire.SetMainsRequest, context: grpc.ServicerContext
    ) -> wire.SetMainsResponse:
        match request.WhichOneof("mains"):
            case "on":
                self._do(request.ups, "mains_on" if request.on else "mains_off")
            case "volts":
                self._do(request.ups, "mains", to=request.volts)
            case "flapping":
                times, every_s = request.flapping.times, request.flapping.every_s
                self._do(request.ups, "flap", times=times, every_s=every_s)
            case _:
                raise ValueError("mains: what happens to them?")
        return wire.SetMainsResponse()

    def SetBattery(
        self, request: wire.SetBatteryRequest, context: grpc.ServicerContext
    ) -> wire.SetBatteryResponse:
        for name in ("load_percent", "charge_percent", "health_percent"):
            if request.HasField(name):
                self._do(request.ups, name, to=getattr(request, name))
        return wire.SetBatteryResponse()

    def SetUpsFaults(
        self, request: wire.SetUpsFaultsRequest, context: grpc.ServicerContext
    ) -> wire.SetUpsFaultsResponse:
        for name in _TO:
            self._do(request.ups, name, to=getattr(request, name))
        frozen = request.frozen_charge if request.HasField("frozen_charge") else "off"
        garbage = request.garbage_runtime if request.HasField("garbage_runtime") else "off"
        self._do(request.ups, "frozen_charge", to=frozen)
        self._do(request.ups, "garbage_runtime", to=garbage)
        return wire.SetUpsFaultsResponse()

    def SetUpsWires(
        self, request: wire.SetUpsWiresRequest, context: grpc.ServicerContext
    ) -> wire.SetUpsWiresResponse:
        ups = self._find(request.ups)[1]
        if request.unplugged or ups.line is not None:
            self._do(request.ups, "unplug" if request.unplugged else "plug")
        self._do(request.ups, "driver_gone", to=request.driver_gone)
        self._do(request.ups, "silent", to=request.silent)
        self._do(request.ups, "garbage", to=request.garbage)
        self._do(request.ups, "dribble", to=request.dribbles)
        self._do(request.ups, "answer_late", delay_s=request.late_ms / 1000)
        if request.restart_now:
            self._do(request.ups, "restart_server")
        if request.reset_now:
            self._do(request.ups, "reset_connections")
        self._do(request.ups, "refuse" if request.refuses else "accept")
        return wire.SetUpsWiresResponse()

    def RunUpsSelfTest(
        self, request: wire.RunUpsSelfTestRequest, context: grpc.ServicerContext
    ) -> wire.RunUpsSelfTestResponse:
        ups = self._find(request.ups)[1].ups
        with ups.now() as now:
            # Held, so that what it tells is of this test.
            was_testing = now.testing
            self._do(request.ups, "self_test_s", to=request.for_s)
            return wire.RunUpsSelfTestResponse(began=now.testing and not was_testing)

    def SwitchUps(
        self, request: wire.SwitchUpsRequest, context: grpc.ServicerContext
    ) -> wire.SwitchUpsResponse:
        self._do(request.ups, "switch", to="on" if request.on else "off")
        return wire.SwitchUpsResponse()

    def HealUps(
        self, request: wire.HealUpsRequest, context: grpc.ServicerContext
    ) -> wire.HealUpsResponse:
        self._do(request.ups, "heal")
        return wire.HealUpsResponse()

    def GetUps(
        self, request: wire.GetUpsRequest, context: grpc.ServicerContext
    ) -> wire.GetUpsResponse:
        return wire.GetUpsResponse(state=_state(*self._find(request.ups)))

    def WatchUps(
        self, request: wire.WatchUpsRequest, context: grpc.ServicerContext
    ) -> Iterator[wire.WatchUpsResponse]:
        name, ups = self._find(request.ups)
        said: wire.UpsState | None = None
        while context.is_active() and not self._shop.happenings.closed:
            state = _state(name, ups)
            if said is None or _noticed(state) != _noticed(said):
                said = state
                yield wire.WatchUpsResponse(state=state)
            time.sleep(LOOK_S)

    def _find(self, name: str) -> tuple[str, WiredUps]:
        return self._shop.find_of(WiredUps, name)

    def _do(self, name: str, do: str, **values: object) -> None:
        self._shop.handle(self._find(name)[0], do, values)


def _state(name: str, unit: WiredUps) -> wire.UpsState:
    with unit.ups.now() as ups:
        return wire.UpsState(
            ups=name,
            words=ups.words(),
            mains_v=ups.mains_v,
            output=ups.output,
            charge_percent=ups.battery.charge * 100,
            runtime_s=int(ups.battery.runtime_s(ups.load_w)),
            load_percent=ups.load_percent,
            battery_v=ups.battery_v,
            health_percent=ups.battery.health * 100,
            test_result=ups.test_result,
            shutdown_in_s=ups.shutdown_in_s,
            return_in_s=ups.return_in_s,
            faults=[*unit.ups.faults(), *unit.wire_faults()],
            speed=unit.ups.speed,
        )


def _noticed(state: wire.UpsState) -> tuple[object, ...]:
    """What a person would notice a change of: whole percents, and that it counts down."""
    return (
        tuple(state.words),
        round(state.mains_v),
        state.output,
        round(state.charge_percent),
        round(state.load_percent),
        round(state.health_percent),
        state.test_result,
        state.HasField("shutdown_in_s"),
        state.HasField("return_in_s"),
        tuple(state.faults),
        state.speed,
    )
