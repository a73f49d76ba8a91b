"""The contract of power sources, for every driver of them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable

import pytest

from hwsim.ups.nut_server import NutServer
from hwsim.ups.real_nut import RealNut
from hwsim.ups.virtual import VirtualUps
from tillhald.devices.categories import Category, How
from tillhald.devices.finding import load_drivers
from tillhald.devices.power_supply import NotObeyed, PowerSource
from tillhald.domain.power_sample import NoData, UpsSample
from tillhald.drivers.host_battery.source import BatteryOptions, HostBattery
from tillhald.drivers.nut_ups.options import NutOptions
from tillhald.drivers.nut_ups.source import NutUps

SEEN_S_MAX = 30.0
SPECS = {"nut_ups": "tillhald.drivers.nut_ups", "host_battery": "tillhald.drivers.host_battery"}


@pytest.mark.parametrize("driver", sorted(SPECS))
def test_the_driver_is_found_by_its_entry_point(driver: str) -> None:
    spec = load_drivers()[driver]
    assert spec.category is Category.POWER_SUPPLY
    assert spec.options_type.__module__.startswith(SPECS[driver])


class PowerSourceConformance:
    """Give `source`, and what makes it lose the mains, and the UPS's name."""

    @pytest.fixture
    def source(self) -> Callable[[], PowerSource]:
        raise NotImplementedError

    @pytest.fixture
    def outage(self) -> Callable[[], None]:
        raise NotImplementedError

    def ask(
        self, source: Callable[[], PowerSource], of: Callable[[PowerSource], Awaitable[None]]
    ) -> None:
        async def main() -> None:
            made = source()
            try:
                async with asyncio.timeout(SEEN_S_MAX):
                    await of(made)
            finally:
                made.close()

        asyncio.run(main())

    def test_every_round_says_something_of_every_ups(self, source) -> None:
        async def of(made: PowerSource) -> None:
            readings = made.readings()
            said = [await anext(readings) for _ in range(3 * len(made.upses))]
            assert tuple(reading.ups for reading in said) == made.upses * 3
            assert all(isinstance(reading, UpsSample) for reading in said)

        self.ask(source, of)

    def test_mains_and_battery_are_told_apart(self, source, outage) -> None:
        async def of(made: PowerSource) -> None:
            readings = made.readings()
            first = await anext(readings)
            assert isinstance(first, UpsSample)
            assert "OL" in first.flags
            outage()
            async for reading in readings:
                assert isinstance(reading, UpsSample)
                if "OB" in reading.flags:
                    assert "OL" not in reading.flags
                    assert reading.charge_percent is not None
                    return

        self.ask(source, of)

    def test_variables_are_those_of_the_last_reading_and_say_how_they_are_known(
        self, source
    ) -> None:
        async def of(made: PowerSource) -> None:
            (ups, *_) = made.upses
            assert made.variables(ups) == {}
            assert made.unchanged_s(ups) is None
            await anext(made.readings())
            found = made.variables(ups)
            assert "OL" in str(found["ups.status"].value)
            assert {reading.how for reading in found.values()} == {How.MEASURED}
            assert all(
                reading.age_s is not None and reading.age_s < 5 for reading in found.values()
            )
            assert made.unchanged_s(ups) is not None

        self.ask(source, of)

    def test_a_command_that_it_has_not_is_not_obeyed(self, source) -> None:
        async def of(made: PowerSource) -> None:
            (ups, *_) = made.upses
            assert "no.such.command" not in await made.commands(ups)
            assert isinstance(await made.command(ups, "no.such.command"), NotObeyed)
            assert isinstance(await made.set_variable(ups, "no.such", "1"), NotObeyed)

        self.ask(source, of)


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
