"""hwsim.v1.PrinterService: each call is a verb, or a look at the paper."""

from typing import Final

import grpc

from hwsim.printer import VirtualPrinter
from hwsim.receipt import Receipt, file_name
from hwsim.shop import NoSuchDevice, Shop
from hwsim.v1 import printer_pb2 as wire
from hwsim.v1 import printer_pb2_grpc

WAIT_MS_MAX: Final = 600_000

PAPERS: Final = {
    wire.PAPER_ADEQUATE: ("paper_in", "adequate"),
    wire.PAPER_NEAR_END: ("near_end", "near_end"),
    wire.PAPER_END: ("paper_out", "end"),
}
HEALTHS: Final[dict[int, tuple[str, dict[str, object]]]] = {
    wire.HEALTH_CUTTER_JAMMED: ("jam", {}),
    wire.HEALTH_CUTTER_FREE: ("unjam", {}),
    wire.HEALTH_HEAD_HOT: ("overheat", {}),
    wire.HEALTH_HEAD_COOL: ("cool_down", {}),
    wire.HEALTH_BROKEN: ("break_down", {}),
    wire.HEALTH_REPAIRED: ("repair", {}),
    wire.HEALTH_PRINTS_BLANK: ("print_blank", {"blank": True}),
    wire.HEALTH_PRINTS: ("print_blank", {"blank": False}),
    wire.HEALTH_BUFFER_LOST: ("lose_buffer", {}),
}
LINKS: Final[dict[int, tuple[str, dict[str, object]]]] = {
    wire.LINK_PLUGGED: ("plug", {}),
    wire.LINK_UNPLUGGED: ("unplug", {}),
    wire.LINK_REFUSES: ("refuse", {}),
    wire.LINK_REFUSES_SECOND: ("refuse_second", {"refuse": True}),
    wire.LINK_LETS_WAIT: ("refuse_second", {"refuse": False}),
    wire.LINK_CUT: ("cut_network", {}),
    wire.LINK_RESTORED: ("restore_network", {}),
    wire.LINK_RESET: ("reset_connections", {}),
    wire.LINK_STALLED: ("stall", {}),
    wire.LINK_RELEASED: ("release", {}),
}


class PrinterServicer(printer_pb2_grpc.PrinterServiceServicer):
    """See proto/hwsim/v1/printer.proto."""

    def __init__(self, shop: Shop) -> None:
        """Serve this shop."""
        self._shop = shop

    def SetPaper(
        self, request: wire.SetPaperRequest, context: grpc.ServicerContext
    ) -> wire.SetPaperResponse:
        if request.paper not in PAPERS:
            raise ValueError("paper: which?")
        self._do(request.printer, PAPERS[request.paper][0], {}, request.after)
        return wire.SetPaperResponse()

    def SetCover(
        self, request: wire.SetCoverRequest, context: grpc.ServicerContext
    ) -> wire.SetCoverResponse:
        do = "cover_open" if request.open else "cover_close"
        self._do(request.printer, do, {}, request.after)
        return wire.SetCoverResponse()

    def SetHealth(
        self, request: wire.SetHealthRequest, context: grpc.ServicerContext
    ) -> wire.SetHealthResponse:
        if request.health not in HEALTHS:
            raise ValueError("health: which?")
        self._do(request.printer, *HEALTHS[request.health], request.after)
        return wire.SetHealthResponse()

    def SetPower(
        self, request: wire.SetPowerRequest, context: grpc.ServicerContext
    ) -> wire.SetPowerResponse:
        if request.on:
            self._do(request.printer, "power_on", {}, request.after)
        else:
            self._do(request.printer, "power_off", {"quietly": request.quietly}, request.after)
        return wire.SetPowerResponse()

    def SetLink(
        self, request: wire.SetLinkRequest, context: grpc.ServicerContext
    ) -> wire.SetLinkResponse:
        if request.link not in LINKS:
            raise ValueError("link: which?")
        do, values = LINKS[request.link]
        if request.path:
            values = {**values, "at": request.path}
        self._do(request.printer, do, values, request.after)
        return wire.SetLinkResponse()

    def SetAnswers(
        self, request: wire.SetAnswersRequest, context: grpc.ServicerContext
    ) -> wire.SetAnswersResponse:
        name = request.printer
        self._do(name, "mute" if request.muted else "unmute", {})
        self._do(name, "answer_late", {"delay_s": request.delay_ms / 1000})
        self._do(name, "answer_wrongly", {"instead": [each.hex() for each in request.instead]})
        self._do(name, "ignore", {"commands": list(request.ignored)})
        self._do(name, "flood", {"frames": request.flood})
        self._do(name, "drain_slowly", {"bytes_per_s": request.drain_bytes_per_s})
        return wire.SetAnswersResponse()

    def SetClaims(
        self, request: wire.SetClaimsRequest, context: grpc.ServicerContext
    ) -> wire.SetClaimsResponse:
        values: dict[str, object] = {
            field.name: value for field, value in request.ListFields() if field.name != "printer"
        }
        if "paper" in values:
            values["paper"] = PAPERS[request.paper][1]
        self._do(request.printer, "claim", values)
        return wire.SetClaimsResponse()

    def Heal(self, request: wire.HealRequest, context: grpc.ServicerContext) -> wire.HealResponse:
        self._do(request.printer, "heal", {})
        return wire.HealResponse()

    def ListReceipts(
        self, request: wire.ListReceiptsRequest, context: grpc.ServicerContext
    ) -> wire.ListReceiptsResponse:
        name, printer = self._find(request.printer)
        receipts = [self._as_wire(name, each) for each in printer.receipts]
        return wire.ListReceiptsResponse(receipts=receipts)

    def GetReceipt(
        self, request: wire.GetReceiptRequest, context: grpc.ServicerContext
    ) -> wire.GetReceiptResponse:
        name, printer = self._find(request.printer)
        wait_s = min(request.wait_ms, WAIT_MS_MAX) / 1000
        found = printer.find_receipt(request.number, wait_s)
        if found is None:
            wanted = f"receipt {request.number}" if request.number else "receipt"
            raise NoSuchDevice(f"{name} has no {wanted}, or none any more")
        return wire.GetReceiptResponse(receipt=self._as_wire(name, found), png=found.png())

    def GetPaper(
        self, request: wire.GetPaperRequest, context: grpc.ServicerContext
    ) -> wire.GetPaperResponse:
        _, printer = self._find(request.printer)
        paper = printer.uncut_paper
        blank = paper.image.getextrema() == (255, 255)
        return wire.GetPaperResponse(text=paper.text, png=b"" if blank else paper.png())

    def TearOff(
        self, request: wire.TearOffRequest, context: grpc.ServicerContext
    ) -> wire.TearOffResponse:
        self._do(request.printer, "tear_off", {})
        return wire.TearOffResponse()

    def _find(self, name: str) -> tuple[str, VirtualPrinter]:
        return self._shop.find_of(VirtualPrinter, name)

    def _do(
        self, name: str, do: str, values: dict[str, object], after: wire.Point | None = None
    ) -> None:
        point = None if after is None else after.WhichOneof("point")
        if after is not None and point is not None:
            values = {**values, f"after_{point}": getattr(after, point)}
        self._shop.handle(self._find(name)[0], do, values)

    def _as_wire(self, name: str, receipt: Receipt) -> wire.Receipt:
        return wire.Receipt(
            number=receipt.number,
            text=receipt.text,
            cut=receipt.cut,
            file=str(self._shop.receipts_of(name) / file_name(receipt.number)),
            raw=receipt.raw,
        )
