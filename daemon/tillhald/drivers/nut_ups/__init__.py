"""UPSes that Network UPS Tools knows. See README.md."""

from __future__ import annotations

from typing import Final

from tillhald.devices.specs import PowerDriver
from tillhald.drivers.nut_ups.options import NutOptions
from tillhald.drivers.nut_ups.source import NutUps

SPEC: Final = PowerDriver(options_type=NutOptions, connect=NutUps)
