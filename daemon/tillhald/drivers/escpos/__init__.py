"""Receipt printers that speak ESC/POS, over TCP. See README.md."""

from __future__ import annotations

from typing import Final

from tillhald.devices.categories import PrinterDriver
from tillhald.drivers.escpos.driver import EscposOptions, EscposPrinter

SPEC: Final = PrinterDriver(
    options_type=EscposOptions,
    connect=EscposPrinter,
    port_of=lambda options: f"tcp {options.port.tcp}",
)
