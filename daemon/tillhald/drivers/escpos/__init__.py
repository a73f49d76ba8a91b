"""Receipt printers that speak ESC/POS. See README.md."""

from __future__ import annotations

from typing import Final

from tillhald.devices.specs import PrinterDriver
from tillhald.drivers.escpos.driver import EscposOptions, EscposPrinter

SPEC: Final = PrinterDriver(
    options_type=EscposOptions,
    connect=EscposPrinter,
    port_of=lambda options: f"{options.port.kind} {options.port.place}",
)
