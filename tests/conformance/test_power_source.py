"""The contract of power sources, kept by every driver of them, and what only one of them does."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import pytest

from hwsim.conformance import PowerSourceConformance
from hwsim.ups.nut_server import NutServer
from hwsim.ups.real_nut import RealNut
from hwsim.ups.virtual import VirtualUps
from tillhald.devices.categories import Category
from tillhald.devices.finding import load_drivers
from tillhald.devices.power_supply import PowerSource
from tillhald.domain.power_sample import NoData, UpsSample
from tillhald.drivers.host_battery.source import BatteryOptions, HostBattery
from tillhald.drivers.nut_ups.options import NutOptions
from tillhald.drivers.nut_ups.source import NutUps

SPECS = {"nut_ups": "tillhald.drivers.nut_ups", "host_battery": "tillhald.drivers.host_battery"}


@pytest.mark.parametrize("driver", sorted(SPECS))
def test_the_driver_is_found_by_its_entry_point(driver: str) -> None:
    spec = load_drivers()[driver]
    assert spec.category is Category.POWER_SUPPLY
    assert spec.options_type.__module__.startswith(SPECS[driver])


def nut_source(port: int) -> Callable[[], PowerSource]:
    options = NutOptions(upses=("till",), port=port, username="admin", password="pw", poll_s=0.05)
    return lambda: NutUps("shop_ups", options)


class TestNutOnTheSimulator(PowerSourceConformance):
    @pytest.fixture
    def source(self, virtual_upsd: NutServer) -> Callable[[], PowerSource]:
        return nut_source(virtual_upsd.port)

    @pytest.fixture
    def outage(self, virtual_ups: VirtualUps) -> Callable[[], None]:
        return virtual_ups.mains_off


class TestNutOnARealUpsd(PowerSourceConformance):
    @pytest.fixture
    def source(self, real_nut: RealNut) -> Callable[[], PowerSource]:
        return nut_source(real_nut.port)

    @pytest.fixture
    def outage(self, virtual_ups: VirtualUps) -> Callable[[], None]:
        return virtual_ups.mains_off


class Tablet:
    """What psutil gives of a tablet's battery."""

    def __init__(self) -> None:
        self.percent: float = 80.0
        self.power_plugged: bool | None = True
        self.secsleft: int = -2

    def unplug(self) -> None:
        self.power_plugged = False
        self.secsleft = 3600


class TestHostBattery(PowerSourceConformance):
    @pytest.fixture
    def tablet(self) -> Tablet:
        return Tablet()

    @pytest.fixture
    def source(self, tablet: Tablet) -> Callable[[], PowerSource]:
        return lambda: HostBattery("tablet", BatteryOptions(poll_s=0.1), read=lambda: tablet)

    @pytest.fixture
    def outage(self, tablet: Tablet) -> Callable[[], None]:
        return tablet.unplug


def test_a_machine_without_a_battery_says_so_by_psutil_itself() -> None:
    async def main() -> UpsSample | NoData:
        return await anext(HostBattery("tablet", BatteryOptions()).readings())

    said = asyncio.run(main())
    assert said.ups == "tablet"
    assert isinstance(said, UpsSample) or said.why == "NO-BATTERY"


@pytest.mark.parametrize(
    ("percent", "plugged", "left_s", "flags", "runtime_s"),
    [
        (100.0, True, -2, {"OL"}, None),
        (50.0, True, -2, {"OL", "CHRG"}, None),
        (50.0, False, 3600, {"OB", "DISCHRG"}, 3600),
        (9.0, False, -1, {"OB", "DISCHRG", "LB"}, None),
        (50.0, None, -1, set(), None),
    ],
)
def test_a_tablets_battery_is_told_in_the_words_of_a_ups(
    percent: float, plugged: bool | None, left_s: int, flags: set[str], runtime_s: int | None
) -> None:
    tablet = Tablet()
    tablet.percent, tablet.power_plugged, tablet.secsleft = percent, plugged, left_s

    async def main() -> UpsSample | NoData:
        return await anext(HostBattery("tablet", BatteryOptions(), read=lambda: tablet).readings())

    said = asyncio.run(main())
    assert isinstance(said, UpsSample)
    assert (said.flags, said.charge_percent, said.runtime_s) == (flags, percent, runtime_s)


def test_a_battery_that_is_stuck_is_asked_once_and_holds_nobody() -> None:
    free, asked = threading.Event(), []

    def read() -> Tablet:
        asked.append(1)
        free.wait(30)
        return Tablet()

    async def main() -> None:
        readings = HostBattery("tablet", BatteryOptions(poll_s=0.1), read=read).readings()
        for _ in range(2):
            assert await anext(readings) == NoData(ups="tablet", why="NO-ANSWER")
        assert len(asked) == 1
        free.set()
        assert isinstance(await anext(readings), UpsSample)
        free.clear()
        assert await anext(readings) == NoData(ups="tablet", why="NO-ANSWER")

    began_s = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - began_s < 20, "it ends while the second one is stuck"
    free.set()


def test_a_battery_that_cannot_be_read_is_silence_and_not_an_end() -> None:
    tablet = Tablet()
    turns = iter([OSError("gone"), None, tablet])

    def read() -> Tablet | None:
        turn = next(turns)
        if isinstance(turn, OSError):
            raise turn
        return turn

    async def main() -> list[UpsSample | NoData]:
        readings = HostBattery("tablet", BatteryOptions(poll_s=0.1), read=read).readings()
        return [await anext(readings) for _ in range(3)]

    first, second, third = asyncio.run(main())
    assert isinstance(first, NoData)
    assert second == NoData(ups="tablet", why="NO-BATTERY")
    assert isinstance(third, UpsSample)
