"""Barcode scanners that play a keyboard. See README.md."""

from __future__ import annotations

from typing import Final

from tillhald.devices.specs import ScannerDriver
from tillhald.drivers.evdev_scanner.driver import EvdevScannerOptions, connect

SPEC: Final = ScannerDriver(
    options_type=EvdevScannerOptions,
    connect=connect,
    port_of=lambda options: f"evdev {options.device}",
)
