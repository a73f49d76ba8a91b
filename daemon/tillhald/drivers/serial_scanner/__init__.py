"""Barcode scanners on a serial line. See README.md."""

from __future__ import annotations

from typing import Final

from tillhald.devices.specs import ScannerDriver
from tillhald.drivers.serial_scanner.driver import SerialScannerOptions, connect

SPEC: Final = ScannerDriver(
    options_type=SerialScannerOptions,
    connect=connect,
    port_of=lambda options: f"serial {options.port}",
)
