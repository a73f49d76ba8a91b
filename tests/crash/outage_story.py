"""What happens to a shop's power, told by a seed: outages, and mishaps beside them."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from hwsim.ups.virtual import VirtualUps
from tests.crash.outage_host import Host

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

WAIT_S_MAX = 600.0
LOOK_S = 0.5


class Story:
    """What happens to the grid, the UPS and the cable to it, by a seed."""

    def __init__(self, host: Host, ups: VirtualUps, dice: random.Random) -> None:
        self._host = host
        self._ups = ups
        self._dice = dice
        self.told: list[str] = []
        self.is_ups_at_fault = False
        self.is_fair = True
        """The UPS tells the truth, and nothing else goes wrong."""

    async def run(self) -> None:
        """One to three outages, with mishaps; afterwards the mains are there."""
        dice = self._dice
        self._ups.set("load_percent", dice.uniform(10, 60))
        self._ups.set("charge_percent", dice.uniform(50, 100))
        has_mishaps = dice.random() < 0.75
        if has_mishaps and dice.random() < 0.3:
            self._set("health_percent", round(dice.uniform(10, 80)))
        for fault, value in (
            ("low_at_once", True),
            ("garbage_runtime", "65535"),
            ("garbage_runtime", "0"),
            ("drop_at_transfer_s", 8.0),
            ("stuck_test", True),
            ("ignores_shutdown_on_mains", True),
            ("never_returns", True),
        ):
            if has_mishaps and dice.random() < 0.08:
                self._set(fault, value)
        self.is_ups_at_fault = {*self._ups.faults()} & {
            "ignores_shutdown_on_mains",
            "never_returns",
        } != set()
        for _ in range(dice.randrange(1, 4)):
            await asyncio.sleep(dice.uniform(20, 200))
            mishaps = [self._tell_and(mishap) for mishap in self._mishaps() if has_mishaps]
            self.is_fair &= not mishaps
            async with asyncio.TaskGroup() as tasks:
                for each in [*mishaps, self._tell_and(dice.choice(self._outages()))]:
                    tasks.create_task(each)
            self._ups.mains_on()
            self._ups.set("mute", False)
            self._host.plug(True)

    def _set(self, name: str, value: float | str | bool) -> None:
        self.told.append(f"{name}={value}")
        self.is_fair = False
        self._ups.set(name, value)

    async def _tell_and(self, what: Callable[[], Awaitable[None]]) -> None:
        self.told.append(what.__name__.strip("_"))
        await what()

    # --- outages

    def _outages(self) -> list[Callable[[], Awaitable[None]]]:
        return [
            self._blip,
            self._flapping,
            self._short_outage,
            self._long_outage,
            self._mains_back_at_the_worst_moment,
            self._mains_back_at_the_worst_moment,
        ]

    async def _blip(self) -> None:
        await self._off_for(self._dice.uniform(0.05, 4))

    async def _short_outage(self) -> None:
        await self._off_for(self._dice.uniform(5, 120))

    async def _long_outage(self) -> None:
        await self._off_for(self._dice.uniform(300, 1500))

    async def _flapping(self) -> None:
        times, every_s = self._dice.randrange(3, 30), self._dice.uniform(0.3, 30)
        self._ups.flap(times, every_s)
        await asyncio.sleep(times * every_s)

    async def _mains_back_at_the_worst_moment(self) -> None:
        self._ups.mains_off()
        if self._dice.random() < 0.5:
            self._ups.set("charge_percent", self._dice.uniform(10, 40))
        await self._until(self._is_going_down)
        await asyncio.sleep(self._dice.uniform(0, 60))
        self._ups.mains_on()

    async def _off_for(self, seconds: float) -> None:
        self._ups.mains_off()
        await asyncio.sleep(seconds)
        self._ups.mains_on()

    # --- mishaps

    def _mishaps(self) -> list[Callable[[], Awaitable[None]]]:
        every = [
            (0.25, self._plug_pulled_somewhen),
            (0.25, self._plug_pulled_while_settling),
            (0.15, self._plug_pulled_while_booting),
            (0.4, self._plug_pulled_in_a_sync),
            (0.2, self._battery_dies),
            (0.25, self._battery_sags),
            (0.25, self._comm_lost),
        ]
        return [mishap for share, mishap in every if self._dice.random() < share]

    async def _plug_pulled_somewhen(self) -> None:
        await asyncio.sleep(self._dice.uniform(0, 300))
        await self._pull()

    async def _plug_pulled_while_settling(self) -> None:
        if await self._until(self._is_settling):
            if self._dice.random() < 0.5:
                await asyncio.sleep(self._dice.uniform(0, 3))
                await self._pull()
            else:
                await self._pull_in_a_sync(self._dice.randrange(1, 4))

    async def _plug_pulled_in_a_sync(self) -> None:
        await self._pull_in_a_sync(self._dice.randrange(1, 60))

    async def _pull_in_a_sync(self, nth: int) -> None:
        is_cut = asyncio.Event()

        def cut() -> None:
            self._host.plug(False)
            is_cut.set()

        self._host.disk.call_in_a_sync(nth, cut)
        try:
            await asyncio.wait_for(is_cut.wait(), WAIT_S_MAX)
        except TimeoutError:
            self._host.disk.call_in_a_sync(0, lambda: None)
            return
        await self._pull()

    async def _plug_pulled_while_booting(self) -> None:
        if await self._until(lambda: self._host.is_on and self._host.till is None):
            if self._dice.random() < 0.5:
                await asyncio.sleep(self._dice.uniform(20, 26))
                await self._pull()
            else:
                await self._pull_in_a_sync(1)

    async def _battery_dies(self) -> None:
        await asyncio.sleep(self._dice.uniform(0, 200))
        self._ups.set("charge_percent", 0)

    async def _battery_sags(self) -> None:
        await asyncio.sleep(self._dice.uniform(0, 60))
        self._ups.set("charge_percent", self._dice.uniform(1, 25))

    async def _comm_lost(self) -> None:
        await asyncio.sleep(self._dice.uniform(0, 60))
        self._ups.set("mute", True)
        await asyncio.sleep(self._dice.uniform(5, 300))
        self._ups.set("mute", False)

    async def _pull(self) -> None:
        self._host.plug(False)
        await asyncio.sleep(self._dice.uniform(1, 30))
        self._host.plug(True)

    def _is_settling(self) -> bool:
        return self._host.till is not None and self._host.till.is_settling

    def _is_going_down(self) -> bool:
        return self._is_settling() or self._host.till is None

    async def _until(self, is_so: Callable[[], bool]) -> bool:
        loop = asyncio.get_running_loop()
        end_s = loop.time() + WAIT_S_MAX
        while not is_so():
            if loop.time() > end_s:
                return False
            await asyncio.sleep(LOOK_S)
        return True
