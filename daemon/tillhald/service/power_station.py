"""All parts of the till's power, built together and taken down together."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING

from tillhald.devices.finding import load_drivers
from tillhald.devices.specs import PowerDriver
from tillhald.domain.self_test import Hours
from tillhald.service.going_dark import Latch
from tillhald.service.inhibitor import Inhibitor, system_bus
from tillhald.service.patience import comes_within
from tillhald.service.power import Power, PowerSettings
from tillhald.service.power_check import PowerCheck
from tillhald.service.self_tests import SelfTests
from tillhald.service.settlement import SETTLE_S, Settlement
from tillhald.service.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tillhald.config import Config
    from tillhald.devices.power_supply import PowerSource
    from tillhald.devices.registry import DeviceRegistry
    from tillhald.service.supervisor import Supervisor
    from tillhald.service.tail import Tail
    from tillhald.service.till import Clock, Till


def mono_ms() -> int:
    """Milliseconds of a clock that is never set."""
    return time.monotonic_ns() // 1_000_000


def power_sources(config: Config) -> list[PowerSource]:
    """What reads the configured UPSes. Raises ValueError, OSError."""
    drivers = load_drivers()
    found: list[PowerSource] = []
    for device_id, device in config.devices.items():
        driver = drivers[device.driver]
        if isinstance(driver, PowerDriver):
            found.append(driver.connect(device_id, device.options))
    return found


class PowerStation:
    """Made when the till is; it is at work while the daemon serves."""

    def __init__(
        self,
        config: Config,
        sources: Sequence[PowerSource],
        *,
        clock: Clock,
        local_time: Callable[[int], str],
    ) -> None:
        """Raises ValueError where the UPSes do not fit what the configuration says of them."""
        self._sources = sources
        names = tuple(name for source in sources for name in source.upses)
        if len(set(names)) < len(names):
            message = "devices: two UPSes have one name"
            raise ValueError(message)
        table = config.power
        self._settings = PowerSettings(
            rules=table.rules(names),
            poweroff_command=table.poweroff_command,
            test_hours=Hours(first=table.tests_from, last=table.tests_until),
            latch=Latch(table.latch_file),
        )
        self._holds_shutdowns = table.hold_shutdowns
        self.clock = clock
        self._local_time = local_time
        self._prints_unfinished = config.recovery.print_unfinished
        self._power: Power | None = None
        self._listening: list[asyncio.Task[None]] = []

    @property
    def has_ups(self) -> bool:
        """Whether one is configured."""
        return bool(self._sources)

    def begin(
        self,
        till: Till,
        tail: Tail,
        devices: DeviceRegistry,
        tasks: asyncio.TaskGroup,
        *,
        on_dark: Callable[[], None],
    ) -> tuple[Power, PowerCheck]:
        """Begin to listen. `on_dark` is called when the till is at rest, and the host is to go."""
        self._settings.latch.clear()
        settlement = Settlement(
            till,
            tail,
            devices,
            Work(tasks),
            on_settled=lambda _: self._settled(on_dark),
            time_text=self._time_text if self._prints_unfinished else None,
        )
        power = self._power = Power(
            till=till,
            tail=tail,
            sources=self._sources,
            settings=self._settings,
            settlement=settlement,
            mono_ms=mono_ms,
            wall_ms=self.clock.wall_ms,
        )
        self._check = PowerCheck(till, power, Work(tasks))
        self._listening = [tasks.create_task(loop) for loop in power.loops()]
        if self.has_ups:
            self_tests = SelfTests(
                till,
                tail,
                power,
                mono_ms=mono_ms,
                wall_ms=self.clock.wall_ms,
                local_time=self._local_time,
            )
            self._listening.append(tasks.create_task(self_tests.run()))
        if self._holds_shutdowns:
            power.inhibitor = Inhibitor(system_bus(os.environ), self._settle_for_the_host)
            self._listening.append(tasks.create_task(power.inhibitor.run()))
        return power, self._check

    def _time_text(self) -> str:
        return self._local_time(self.clock.wall_ms())

    async def _settle_for_the_host(self) -> None:
        """Somebody shuts the host down. Return when the till is at rest, or can wait no longer."""
        assert self._power is not None, "it has begun"
        await self._power.settle(SETTLE_S)
        await comes_within(self._power.settlement.ended.wait(), 2 * SETTLE_S)

    def _settled(self, on_dark: Callable[[], None]) -> None:
        if self._power is not None and self._power.goes_dark:
            on_dark()

    def sentence(self) -> str:
        """How the till is, for a person who looks after the host."""
        power = self._power
        if power is None or power.settlement.is_under_way:
            return "Settles before its power goes."
        if power.settlement.result is not None:
            return "At rest; takes nothing new until it is started anew."
        state = power.state
        selling = "Refuses new sales" if state.refuses_sales else "Sells"
        return f"{selling}; power: {state.supply.value.replace('_', ' ')}."

    async def finish_settling(self, supervisor: Supervisor) -> None:
        """The daemon stops: a settlement under way comes to its end, by a deadline of its own.

        Whoever stops the daemon now (the host is going down, too) would leave half of the sales
        put aside, and a receipt on its way.
        """
        supervisor.stopping()
        settlement = self._power.settlement if self._power is not None else None
        while settlement is not None and settlement.is_under_way:
            supervisor.extend(2 * SETTLE_S)
            await comes_within(settlement.ended.wait(), SETTLE_S)

    def stop(self) -> None:
        """Listen no more."""
        if self._power is not None:
            self._power.settlement.stop()
            self._check.work.stop()
        for task in self._listening:
            task.cancel()

    async def go_dark(self) -> None:
        """After the journal is closed: the host, then its UPSes, if that is what is due."""
        if self._power is not None:
            await self._power.go_dark()
