"""hwsim.v1.ScannerService."""

from typing import Final

import grpc

from hwsim.scanner import GS, VirtualScanner
from hwsim.shop import Shop
from hwsim.v1 import scanner_pb2 as wire
from hwsim.v1 import scanner_pb2_grpc

SYMBOLOGY: Final = "ean13"
PAUSE_MS_MAX: Final = 60_000

LINKS: Final = {
    wire.SCANNER_LINK_PLUGGED: "plug",
    wire.SCANNER_LINK_UNPLUGGED: "unplug",
    wire.SCANNER_LINK_ASLEEP: "sleep",
}


class ScannerServicer(scanner_pb2_grpc.ScannerServiceServicer):
    """See proto/hwsim/v1/scanner.proto."""

    def __init__(self, shop: Shop) -> None:
        """Serve this shop."""
        self._shop = shop

    def Scan(self, request: wire.ScanRequest, context: grpc.ServicerContext) -> wire.ScanResponse:
        """See the contract. Not by the verb: a code may be bytes that are no text."""
        if request.pause_ms > PAUSE_MS_MAX:
            raise ValueError(f"pause_ms is at most {PAUSE_MS_MAX}")
        name, scanner = self._find(request.scanner)
        sent = scanner.scan(
            request.payload,
            symbology=request.symbology or SYMBOLOGY,
            double_read=request.double_read,
            truncate=request.truncate if request.HasField("truncate") else None,
            lose_front=request.lose_front,
            no_suffix=request.no_suffix,
            gs=request.gs if request.HasField("gs") else GS,
            wrong_check=request.wrong_check,
            pause_s=request.pause_ms / 1000,
        )
        self._shop.happenings.add(name, "code_scanned", sent=sent.hex())
        return wire.ScanResponse(sent=sent)

    def Present(
        self, request: wire.PresentRequest, context: grpc.ServicerContext
    ) -> wire.PresentResponse:
        name, scanner = self._find(request.scanner)
        payload = request.payload if request.HasField("payload") else None
        scanner.present(payload, symbology=request.symbology or SYMBOLOGY)
        self._shop.happenings.add(name, "handled", do="remove" if payload is None else "present")
        return wire.PresentResponse()

    def SetScannerLink(
        self, request: wire.SetScannerLinkRequest, context: grpc.ServicerContext
    ) -> wire.SetScannerLinkResponse:
        if request.link not in LINKS:
            raise ValueError("link: which?")
        self._shop.handle(self._find(request.scanner)[0], LINKS[request.link], {})
        return wire.SetScannerLinkResponse()

    def GetScanner(
        self, request: wire.GetScannerRequest, context: grpc.ServicerContext
    ) -> wire.GetScannerResponse:
        _, scanner = self._find(request.scanner)
        link = wire.SCANNER_LINK_PLUGGED if scanner.plugged else wire.SCANNER_LINK_UNPLUGGED
        return wire.GetScannerResponse(
            link=wire.SCANNER_LINK_ASLEEP if scanner.asleep else link,
            enabled=scanner.enabled,
            scan_count=scanner.scan_count,
            beep_count=scanner.beep_count,
            received=scanner.received,
        )

    def _find(self, name: str) -> tuple[str, VirtualScanner]:
        return self._shop.find_of(VirtualScanner, name)
