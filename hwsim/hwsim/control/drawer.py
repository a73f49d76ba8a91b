"""hwsim.v1.DrawerService: drawers on printers and behind relays alike."""

import grpc

from hwsim.drawer import VirtualDrawer
from hwsim.printer import VirtualPrinter
from hwsim.relay_drawer import VirtualRelayDrawer
from hwsim.shop import NoSuchDevice, Shop
from hwsim.v1 import drawer_pb2 as wire
from hwsim.v1 import drawer_pb2_grpc


class DrawerServicer(drawer_pb2_grpc.DrawerServiceServicer):
    """See proto/hwsim/v1/drawer.proto."""

    def __init__(self, shop: Shop) -> None:
        """Serve this shop."""
        self._shop = shop

    def MoveDrawer(
        self, request: wire.MoveDrawerRequest, context: grpc.ServicerContext
    ) -> wire.MoveDrawerResponse:
        name = self._find(request.drawer)[0]
        self._shop.handle(name, "open_by_key" if request.open else "shut", {})
        return wire.MoveDrawerResponse()

    def SetDrawerFaults(
        self, request: wire.SetDrawerFaultsRequest, context: grpc.ServicerContext
    ) -> wire.SetDrawerFaultsResponse:
        name = self._find(request.drawer)[0]
        self._shop.handle(name, "stuck" if request.stuck else "free", {})
        self._shop.handle(name, "ignore_kicks", {"count": request.ignored_kicks})
        self._shop.handle(name, "open_late", {"delay_s": request.opens_after_ms / 1000})
        if request.switch_stuck_at == wire.SWITCH_LEVEL_UNSPECIFIED:
            self._shop.handle(name, "switch_free", {})
        else:
            low = request.switch_stuck_at == wire.SWITCH_LEVEL_LOW
            self._shop.handle(name, "switch_stuck", {"level": "low" if low else "high"})
        return wire.SetDrawerFaultsResponse()

    def GetDrawer(
        self, request: wire.GetDrawerRequest, context: grpc.ServicerContext
    ) -> wire.GetDrawerResponse:
        name, drawer, relay = self._find(request.drawer)
        if relay is not None:
            pulses = len(relay.pulses)
        else:
            printer = self._shop.find(str(self._shop.devices[name].where["printer"])).device
            assert isinstance(printer, VirtualPrinter), "the plan was checked"
            pulses = len(printer.pulses)
        return wire.GetDrawerResponse(
            open=drawer.is_open, open_count=drawer.open_count, pulse_count=pulses
        )

    def _find(self, name: str) -> tuple[str, VirtualDrawer, VirtualRelayDrawer | None]:
        """Its name, the drawer, and the relay that it hangs behind; NoSuchDevice."""
        wanted = [self._shop.find(name)] if name else self._shop.devices.values()
        for each in wanted:
            if isinstance(each.device, VirtualDrawer):
                return each.name, each.device, None
            if isinstance(each.device, VirtualRelayDrawer):
                return each.name, each.device.drawer, each.device
        raise NoSuchDevice(f"{name} is no drawer" if name else "the shop has no drawer")
