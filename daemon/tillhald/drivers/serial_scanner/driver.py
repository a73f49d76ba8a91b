"""A scanner on a serial line: RS-232, or USB as a virtual COM port (CDC ACM)."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from tillhald.devices.categories import BarcodeScanner, ScannerCapabilities
from tillhald.devices.link_serial import BAUD_MAX, BAUD_MIN, Flow, SerialSettings, SerialWire
from tillhald.devices.options import Shown
from tillhald.devices.scanner_line import LineScanner
from tillhald.devices.wake import Wake
from tillhald.domain.scan import Symbology
from tillhald.drivers.serial_scanner.framer import Framer

AFFIX_CHARS_MAX: Final = 16
TRIGGER_CHARS_MAX: Final = 64
IDLE_MS_MIN, IDLE_MS_MAX = 20, 5_000


class SerialScannerOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of one scanner; README.md describes them."""

    port: Shown
    baud: Annotated[int, msgspec.Meta(ge=BAUD_MIN, le=BAUD_MAX)] = 9600
    bits: Literal[7, 8] = 8
    parity: Literal["none", "even", "odd"] = "none"
    stop_bits: Literal[1, 2] = 1
    flow: Flow = "none"
    prefix: Shown = ""
    suffix: Shown = "\r"
    idle_ms: Annotated[int, msgspec.Meta(ge=IDLE_MS_MIN, le=IDLE_MS_MAX)] = 200
    symbology_id: bool = True
    symbology: Symbology = Symbology.UNKNOWN
    trigger: Shown = ""

    def __post_init__(self) -> None:
        """Refuse, with a ValueError, what no scanner sends or takes."""
        if not self.port.startswith("/"):
            message = "port: the path of a serial device is needed, best one of /dev/serial/by-id"
            raise ValueError(message)
        for name, text, most in (
            ("prefix", self.prefix, AFFIX_CHARS_MAX),
            ("suffix", self.suffix, AFFIX_CHARS_MAX),
            ("trigger", self.trigger, TRIGGER_CHARS_MAX),
        ):
            if len(text) > most or any(char > "\xff" for char in text):
                message = f"{name}: at most {most} characters, none above U+00FF"
                raise ValueError(message)


def connect(device_id: str, options: SerialScannerOptions, wake: Wake) -> BarcodeScanner:
    """The scanner; the line is opened by its first `poll`."""
    settings = SerialSettings(
        baud=options.baud,
        flow=options.flow,
        bits=options.bits,
        parity=options.parity,
        stop_bits=options.stop_bits,
    )
    framer = Framer(
        prefix=options.prefix.encode("latin-1"),
        suffix=options.suffix.encode("latin-1"),
        idle_s=options.idle_ms / 1000,
    )
    return LineScanner(
        device_id,
        SerialWire(options.port, settings),
        framer,
        wake,
        ScannerCapabilities(
            symbology_id=options.symbology_id,
            symbology=options.symbology,
            soft_trigger=bool(options.trigger),
        ),
        trigger=options.trigger.encode("latin-1"),
    )
