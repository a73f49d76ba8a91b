"""hwsim.v1.RigService."""

import threading
from collections.abc import Iterator
from typing import Final

import grpc

from hwsim.control.values import as_struct, from_struct
from hwsim.device_state import state_of
from hwsim.scenario import SPEED_MAX, parse, run
from hwsim.shop import Shop, ShopDevice
from hwsim.v1 import rig_pb2, rig_pb2_grpc

HEARTBEAT_S: Final = 1.0
"""How soon a stream notices that its caller has gone."""

KINDS: Final = {
    "printer": rig_pb2.DEVICE_KIND_PRINTER,
    "drawer": rig_pb2.DEVICE_KIND_DRAWER,
    "scanner": rig_pb2.DEVICE_KIND_SCANNER,
    "relay_drawer": rig_pb2.DEVICE_KIND_RELAY_DRAWER,
    "ups": rig_pb2.DEVICE_KIND_UPS,
}


class RigServicer(rig_pb2_grpc.RigServiceServicer):
    """See proto/hwsim/v1/rig.proto."""

    def __init__(self, shop: Shop) -> None:
        """Serve this shop."""
        self._shop = shop

    def ListDevices(
        self, request: rig_pb2.ListDevicesRequest, context: grpc.ServicerContext
    ) -> rig_pb2.ListDevicesResponse:
        devices = [_as_wire(each) for each in self._shop.devices.values()]
        last = self._shop.happenings.last
        return rig_pb2.ListDevicesResponse(devices=devices, last_event=last)

    def WatchEvents(
        self, request: rig_pb2.WatchEventsRequest, context: grpc.ServicerContext
    ) -> Iterator[rig_pb2.WatchEventsResponse]:
        last = request.after
        happenings = self._shop.happenings
        while context.is_active() and not happenings.closed:
            for each in happenings.after(last, HEARTBEAT_S):
                last = each.number
                event = rig_pb2.WatchEventsResponse(
                    number=each.number,
                    device=each.device,
                    event=each.event,
                    facts=as_struct(each.facts),
                )
                event.time.FromNanoseconds(int(each.at_s * 1e9))
                yield event

    def Handle(
        self, request: rig_pb2.HandleRequest, context: grpc.ServicerContext
    ) -> rig_pb2.HandleResponse:
        sent = self._shop.handle(request.device, request.do, from_struct(request.values))
        return rig_pb2.HandleResponse(sent=sent)

    def RunScenario(
        self, request: rig_pb2.RunScenarioRequest, context: grpc.ServicerContext
    ) -> Iterator[rig_pb2.RunScenarioResponse]:
        kinds = {each.name: each.kind for each in self._shop.devices.values()}
        scenario = parse(request.toml, kinds)
        speed = request.speed if request.HasField("speed") else 1.0
        if not 0 < speed <= SPEED_MAX:
            raise ValueError(f"speed is above 0 and at most {SPEED_MAX:g}")
        seed = self._shop.plan.seed if scenario.seed is None else scenario.seed
        stop = threading.Event()
        context.add_callback(stop.set)
        steps = scenario.timeline(request.seed if request.HasField("seed") else seed)
        for done in run(steps, self._shop.handle, speed=speed, stop=stop):
            yield rig_pb2.RunScenarioResponse(
                at_s=done.step.at_s,
                device=done.step.device,
                do=done.step.do,
                values=as_struct(done.step.values),
                failure=done.failure,
            )


def _as_wire(each: ShopDevice) -> rig_pb2.Device:
    where = each.where
    return rig_pb2.Device(
        name=each.name,
        kind=KINDS[each.kind],
        host=str(where.get("host", "")),
        port=int(str(where.get("port", 0))),
        path=str(where.get("device", "")),
        printer=str(where.get("printer", "")),
        state=as_struct(state_of(each.device)),
    )
