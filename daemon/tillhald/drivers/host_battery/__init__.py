"""The battery of the machine itself: a tablet's, a notebook's. See README.md."""

from __future__ import annotations

from typing import Final

from tillhald.devices.specs import PowerDriver
from tillhald.drivers.host_battery.source import BatteryOptions, HostBattery

SPEC: Final = PowerDriver(options_type=BatteryOptions, connect=HostBattery)
