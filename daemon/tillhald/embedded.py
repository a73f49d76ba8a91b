"""The embedded default: a till on simulated hardware, for a first look without a configuration."""

from __future__ import annotations

from pathlib import Path

from tillhald.config import Config, parse

PRINTER_PORT = 19100
UPS_PORT = 19493
_TEMPLATE = """
[listen]
unix = "{folder}/api.sock"

[access]
mode = "socket"

[journal]
folder = "{folder}/journal"
map_mib = 16

[shop]
store_id = "demo"
workstation_id = "till-1"
currency = "EUR"
language = "en"

[receipt]
printer = "front_printer"
drawer = "front_drawer"
header = ["The Corner Shop", "1 Market Street"]
footer = ["Thank you!"]

[devices.front_printer]
driver = "escpos"
port = {{ tcp = "127.0.0.1:{printer_port}" }}
profile = "tm_t88"

[devices.front_drawer]
driver = "printer_kick"
printer = "front_printer"
open_level = "high"

[devices.shop_ups]
driver = "nut_ups"
upses = ["till_ups"]
port = {ups_port}
username = "admin"
password = "pw"

[power]
# On a real till leave this out, so that the host is powered off before its UPS cuts.
poweroff_command = []
"""


def embedded_text(folder: Path, printer_port: int = PRINTER_PORT, ups_port: int = UPS_PORT) -> str:
    """The default as a till.toml, with everything under `folder`."""
    return _TEMPLATE.format(folder=folder, printer_port=printer_port, ups_port=ups_port)


def embedded_config(folder: Path) -> Config:
    """The default: journal and socket under `folder`, the devices that `hwsim shop` simulates."""
    return parse(embedded_text(folder), simulated=True)
