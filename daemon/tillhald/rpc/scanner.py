"""ScannerService."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tillhal.v1 import device_pb2, scanner_pb2_grpc, types_pb2
from tillhal.v1 import scanner_pb2 as pb
from tillhald.domain import commands as cmd
from tillhald.domain.scan import Corruption, ScanKind, Symbology, SymbologySource
from tillhald.rpc import claims, fields
from tillhald.rpc.requests import carry_out, request_of
from tillhald.rpc.to_wire import timestamp
from tillhald.service.scans import Draining, Forgotten, Wanted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tillhald.domain import events as ev
    from tillhald.domain.amounts import Quantity
    from tillhald.domain.scan_queue import Kept
    from tillhald.rpc.door import Context
    from tillhald.service.claims import ClaimDesk
    from tillhald.service.scans import Scans
    from tillhald.service.till import Outcome, Till

_KINDS = {
    ScanKind.TEXT: pb.SCAN_KIND_TEXT,
    ScanKind.GTIN: pb.SCAN_KIND_GTIN,
    ScanKind.RCN: pb.SCAN_KIND_RCN,
    ScanKind.GS1: pb.SCAN_KIND_GS1,
    ScanKind.DIGITAL_LINK: pb.SCAN_KIND_DIGITAL_LINK,
    ScanKind.PAYMENT: pb.SCAN_KIND_PAYMENT,
    ScanKind.URL: pb.SCAN_KIND_URL,
}
_STORED = frozenset({ScanKind.GTIN, ScanKind.RCN, ScanKind.GS1})
"""What was typed is stored only of these: anything else may be a secret, or half of one."""
_SYMBOLOGIES = {
    Symbology.UNKNOWN: pb.SYMBOLOGY_UNSPECIFIED,
    Symbology.EAN_13: pb.SYMBOLOGY_EAN_13,
    Symbology.EAN_8: pb.SYMBOLOGY_EAN_8,
    Symbology.CODE_128: pb.SYMBOLOGY_CODE_128,
    Symbology.GS1_128: pb.SYMBOLOGY_GS1_128,
    Symbology.GS1_DATABAR: pb.SYMBOLOGY_GS1_DATABAR,
    Symbology.CODE_39: pb.SYMBOLOGY_CODE_39,
    Symbology.CODE_93: pb.SYMBOLOGY_CODE_93,
    Symbology.ITF: pb.SYMBOLOGY_ITF,
    Symbology.CODABAR: pb.SYMBOLOGY_CODABAR,
    Symbology.QR: pb.SYMBOLOGY_QR,
    Symbology.GS1_QR: pb.SYMBOLOGY_GS1_QR,
    Symbology.DATA_MATRIX: pb.SYMBOLOGY_DATA_MATRIX,
    Symbology.GS1_DATA_MATRIX: pb.SYMBOLOGY_GS1_DATA_MATRIX,
    Symbology.GS1_DOT_CODE: pb.SYMBOLOGY_GS1_DOT_CODE,
    Symbology.PDF417: pb.SYMBOLOGY_PDF417,
    Symbology.AZTEC: pb.SYMBOLOGY_AZTEC,
    Symbology.HAN_XIN: pb.SYMBOLOGY_HAN_XIN,
    Symbology.OTHER: pb.SYMBOLOGY_OTHER,
}
_SOURCES = {
    SymbologySource.NONE: pb.SYMBOLOGY_SOURCE_UNSPECIFIED,
    SymbologySource.AIM: pb.SYMBOLOGY_SOURCE_AIM,
    SymbologySource.CONFIGURED: pb.SYMBOLOGY_SOURCE_CONFIGURED,
    SymbologySource.KEYED: pb.SYMBOLOGY_SOURCE_KEYED,
}
_CORRUPTIONS = {
    None: pb.SCAN_CORRUPTION_UNSPECIFIED,
    Corruption.INPUT_LOST: pb.SCAN_CORRUPTION_INPUT_LOST,
    Corruption.TOO_LONG: pb.SCAN_CORRUPTION_TOO_LONG,
    Corruption.LINE_ERROR: pb.SCAN_CORRUPTION_LINE_ERROR,
    Corruption.CONTENT_WRONG: pb.SCAN_CORRUPTION_CONTENT_WRONG,
}


class ScannerServicer(scanner_pb2_grpc.ScannerServiceServicer):
    def __init__(self, till: Till, scans: Scans, desk: ClaimDesk) -> None:
        self._till = till
        self._scans = scans
        self._desk = desk

    async def WatchScans(
        self, request: pb.WatchScansRequest, context: Context
    ) -> AsyncIterator[pb.WatchScansResponse]:
        device_id = self._scans.scanner_id(request.device_id)
        cursor = request.cursor
        async for item in self._scans.follow(device_id, request.lease_id, cursor):
            match item:
                case Wanted(purpose, by_s):
                    asked = claims.wanted(purpose, by_s, self._desk)
                    yield pb.WatchScansResponse(cursor=cursor, release_requested=asked)
                case Forgotten():
                    yield pb.WatchScansResponse(cursor=cursor, forgotten=pb.ScansForgotten())
                case Draining():
                    yield pb.WatchScansResponse(cursor=cursor, draining=pb.ScannerDraining())
                case _:
                    cursor = item.number
                    scan = scan_to_wire(device_id, item, self._scans.age_ms(item))
                    yield pb.WatchScansResponse(cursor=cursor, scan=scan)

    async def AcknowledgeScan(
        self, request: pb.AcknowledgeScanRequest, context: Context
    ) -> pb.AcknowledgeScanResponse:
        device_id = self._scans.scanner_id(request.device_id)
        self._scans.acknowledge(device_id, request.lease_id, request.cursor)
        return pb.AcknowledgeScanResponse()

    async def SoftTrigger(
        self, request: pb.SoftTriggerRequest, context: Context
    ) -> pb.SoftTriggerResponse:
        device_id = self._scans.scanner_id(request.device_id)
        self._desk.must_admit(device_id, request.fencing_token)
        await self._scans.trigger(device_id)
        return pb.SoftTriggerResponse()

    async def InjectScan(
        self, request: pb.InjectScanRequest, context: Context
    ) -> pb.InjectScanResponse:
        device_id = self._scans.scanner_id(request.device_id)
        text = fields.text(request.text, "text", most=fields.TEXT_CHARS_MAX, least=1)
        asked = request_of("InjectScan", request.request_id, request)
        if self._till.answered(asked.request_id) is None:
            self._desk.must_admit(device_id, request.fencing_token)
        scan = self._scans.read_keyed(text)
        command = cmd.InjectScan(
            device_id=device_id,
            kind=scan.kind,
            chars=len(text),
            text=text if scan.kind in _STORED else "",
        )

        def convert(outcome: Outcome) -> pb.InjectScanResponse:
            return pb.InjectScanResponse(kind=_KINDS[scan.kind], replayed=outcome.replayed)

        response = await carry_out(self._till, command, asked, convert)
        # Only now: what a front end sells by it must not be older than the record of it.
        if not response.replayed:
            self._scans.keyed(device_id, scan)
        return response


def scan_to_wire(device_id: str, kept: Kept, age_ms: int) -> pb.Scan:
    scan = kept.scan
    wire = pb.Scan(
        device_id=device_id,
        time=timestamp(kept.at_ms),
        age_ms=age_ms,
        raw=scan.raw,
        text=scan.text,
        charset=scan.charset,
        symbology=_SYMBOLOGIES[scan.symbology],
        aim_id=scan.aim_id,
        source=_SOURCES[scan.source],
        kind=_KINDS[scan.kind],
        gtin14=scan.gtin14,
        elements=[pb.ScanElement(ai=one.ai, value=one.value) for one in scan.elements],
        weight_kg=_decimal(scan.weight),
        price=_decimal(scan.price),
        price_currency=scan.price_currency,
        expiry_date=scan.expiry_date,
        best_before_date=scan.best_before_date,
        corruption=_CORRUPTIONS[scan.corrupt],
        repeat=kept.is_repeat,
    )
    if scan.check_ok is not None:
        wire.check_ok = scan.check_ok
    return wire


def _decimal(value: Quantity | None) -> types_pb2.Decimal | None:
    return None if value is None else types_pb2.Decimal(unscaled=value.unscaled, scale=value.scale)


def scans_lost(event: ev.ScansLost) -> device_pb2.DeviceEvent:
    return device_pb2.DeviceEvent(
        device_id=event.device_id,
        kind=device_pb2.DEVICE_EVENT_KIND_SCANS_LOST,
        scans_lost=device_pb2.ScansLost(count=event.count, why=event.loss.value.upper()),
    )


def scan_keyed(event: ev.ScanKeyed) -> device_pb2.DeviceEvent:
    return device_pb2.DeviceEvent(
        device_id=event.device_id, kind=device_pb2.DEVICE_EVENT_KIND_SCAN_KEYED
    )
