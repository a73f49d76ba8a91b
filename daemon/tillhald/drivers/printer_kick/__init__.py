"""Cash drawers on a printer's drawer connector. See README.md."""

from __future__ import annotations

from typing import Final

from tillhald.devices.specs import DrawerOnPrinterDriver
from tillhald.drivers.printer_kick.driver import KickedDrawer, KickOptions

SPEC: Final = DrawerOnPrinterDriver(
    options_type=KickOptions,
    printer_of=lambda options: options.printer,
    connect=KickedDrawer,
)
