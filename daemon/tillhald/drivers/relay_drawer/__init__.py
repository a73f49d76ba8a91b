"""Cash drawers behind a relay board or a trigger cable on a serial line. See README.md."""

from __future__ import annotations

from typing import Final

from tillhald.devices.specs import DrawerDriver
from tillhald.drivers.relay_drawer.driver import RelayDrawer, RelayOptions

SPEC: Final = DrawerDriver(
    options_type=RelayOptions,
    connect=RelayDrawer,
    port_of=lambda options: f"serial {options.serial}",
)
