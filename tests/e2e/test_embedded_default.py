"""The embedded default on the shop that hwsim plays: a person takes the mains away, and looks."""

from __future__ import annotations

import time
from threading import Event

from hwsim.shop import Shop
from hwsim.shop_plan import DEFAULT
from hwsim.ups.wired import WiredUps
from tests.support.till import Till, short_folder
from tillhal.v1 import power_pb2 as pb
from tillhal.v1 import system_pb2
from tillhald.embedded import PRINTER_PORT, UPS_PORT, embedded_text

SEEN_S_MAX = 30.0


def supply(till: Till) -> pb.Supply:
    return till.calls.power.GetPower(pb.GetPowerRequest()).power.supply


def until(till: Till, wanted: pb.Supply) -> None:
    end_s, pause = time.monotonic() + SEEN_S_MAX, Event()
    while supply(till) != wanted:
        assert time.monotonic() < end_s, till.log_text()
        pause.wait(0.05)


def test_the_default_hears_the_shops_ups_and_powers_no_host_off() -> None:
    with short_folder() as folder, Shop(DEFAULT, folder / "shop") as shop:
        _, wired = shop.find_of(WiredUps)
        printer = shop.find("front_printer").where["port"]
        assert isinstance(printer, int)
        text = embedded_text(folder, printer, wired.server.port)
        # What is documented is what is printed.
        assert f":{PRINTER_PORT}" in embedded_text(folder)
        assert f"port = {UPS_PORT}" in embedded_text(folder)
        assert "poweroff_command = []" in text
        till = Till(folder, None, text)
        try:
            till.start()
            until(till, pb.SUPPLY_ONLINE)
            shop.handle("till_ups", "mains_off", {})
            until(till, pb.SUPPLY_ON_BATTERY)
            modes = till.calls.system.GetStatus(system_pb2.GetStatusRequest()).modes
            assert system_pb2.MODE_ON_BATTERY in modes
            # No time left: it goes down, and tells the UPS to cut and return.
            shop.handle("till_ups", "forced_shutdown", {"to": True})
            assert till.await_exit() == 0
            assert wired.ups.wait_event("shutdown_armed", SEEN_S_MAX)
        finally:
            till.end()
