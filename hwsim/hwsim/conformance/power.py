"""What a PowerSource promises."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import pytest

from tillhald.devices.categories import How
from tillhald.devices.power_supply import NotObeyed, PowerSource
from tillhald.domain.power_sample import UpsSample

SEEN_S_MAX: Final = 30.0
NEW_S_MAX: Final = 5.0
"""The age of a value that has just been read."""
ROUNDS: Final = 3


class PowerSourceConformance:
    """Override `source` and `outage`. A source lives on the event loop: each test has its own."""

    @pytest.fixture
    def source(self) -> Callable[[], PowerSource]:
        """What makes the driver that is tested, within a running loop; on mains at first."""
        raise NotImplementedError

    @pytest.fixture
    def outage(self) -> Callable[[], None]:
        """What takes the mains from its first UPS."""
        raise NotImplementedError

    def test_every_round_says_something_of_every_ups(
        self, source: Callable[[], PowerSource]
    ) -> None:
        async def of(made: PowerSource) -> None:
            readings = made.readings()
            said = [await anext(readings) for _ in range(ROUNDS * len(made.upses))]
            assert tuple(reading.ups for reading in said) == made.upses * ROUNDS
            assert all(isinstance(reading, UpsSample) for reading in said)

        self.ask(source, of)

    def test_mains_and_battery_are_told_apart(
        self, source: Callable[[], PowerSource], outage: Callable[[], None]
    ) -> None:
        async def of(made: PowerSource) -> None:
            readings = made.readings()
            first = await anext(readings)
            assert isinstance(first, UpsSample)
            assert "OL" in first.flags
            outage()
            async for reading in readings:
                assert isinstance(reading, UpsSample)
                if reading.ups == made.upses[0] and "OB" in reading.flags:
                    assert "OL" not in reading.flags
                    assert reading.charge_percent is not None
                    return

        self.ask(source, of)

    def test_variables_are_those_of_the_last_reading_and_say_how_they_are_known(
        self, source: Callable[[], PowerSource]
    ) -> None:
        async def of(made: PowerSource) -> None:
            (ups, *_) = made.upses
            assert made.variables(ups) == {}
            assert made.unchanged_s(ups) is None
            await anext(made.readings())
            found = made.variables(ups)
            assert "OL" in str(found["ups.status"].value)
            assert {reading.how for reading in found.values()} == {How.MEASURED}
            ages_s = [reading.age_s for reading in found.values()]
            assert all(age_s is not None and age_s < NEW_S_MAX for age_s in ages_s)
            assert made.unchanged_s(ups) is not None

        self.ask(source, of)

    def test_a_command_that_it_has_not_is_not_obeyed(
        self, source: Callable[[], PowerSource]
    ) -> None:
        async def of(made: PowerSource) -> None:
            (ups, *_) = made.upses
            assert "no.such.command" not in await made.commands(ups)
            assert isinstance(await made.command(ups, "no.such.command"), NotObeyed)
            assert isinstance(await made.set_variable(ups, "no.such", "1"), NotObeyed)

        self.ask(source, of)

    def ask(
        self, source: Callable[[], PowerSource], of: Callable[[PowerSource], Awaitable[None]]
    ) -> None:
        """Run `of` on a source, and let go of that. TimeoutError after SEEN_S_MAX."""

        async def main() -> None:
            made = source()
            try:
                async with asyncio.timeout(SEEN_S_MAX):
                    await of(made)
            finally:
                made.close()

        asyncio.run(main())
