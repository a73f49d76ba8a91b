"""A host on the output of a UPS, in simulated time, and the till that lives on it."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from hwsim.ups.nut_variables import COMMANDS, variables
from hwsim.ups.virtual import VirtualUps
from tests.crash.outage_world import WALL_MS, Disk, Journal
from tillhald.devices.categories import Reading
from tillhald.devices.power_supply import CommandOutcome, NotObeyed, Obeyed
from tillhald.domain import events as ev
from tillhald.domain.power_sample import NoData, UpsSample
from tillhald.domain.rules import ShopRules
from tillhald.domain.sale import UNDER_WAY
from tillhald.domain.startup import startup_facts
from tillhald.domain.ups import PowerRules
from tillhald.drivers.nut_ups.source import sample_from
from tillhald.service.power import Power, PowerSettings
from tillhald.service.settlement import Settlement
from tillhald.service.tail import Tail
from tillhald.service.till import Clock, Till
from tillhald.service.work import Work

UPS = "till_ups"
POLL_S = 1.0
LOOK_S = 0.5
"""Of the host at its mains plug, and of others at whether the till is up."""
BOOT_S = 25.0


# --- the UPS, as a till hears it


class HeardUps:
    """`VirtualUps` by NUT's variables, as `upsd` and the driver would give them."""

    def __init__(self, ups: VirtualUps, on_untold: Callable[[], None]) -> None:
        self.ups = ups
        self._on_untold = on_untold

    @property
    def upses(self) -> tuple[str, ...]:
        return (UPS,)

    async def readings(self) -> AsyncIterator[UpsSample | NoData]:
        while True:
            with self.ups.now() as now:
                found = variables(now, {}) if now.answers else None
            if found is None:
                yield NoData(ups=UPS, why="DATA-STALE")
            else:
                yield sample_from(UPS, found["ups.status"], found)
            await asyncio.sleep(POLL_S)

    def variables(self, ups: str) -> dict[str, Reading[str]]:
        return {}

    def unchanged_s(self, ups: str) -> float | None:
        return None

    async def commands(self, ups: str) -> tuple[str, ...]:
        return tuple(COMMANDS)

    async def command(self, ups: str, name: str, argument: str = "") -> CommandOutcome:
        with self.ups.now() as now:
            if not now.answers:
                self._on_untold()
                return NotObeyed("DATA-STALE")
            COMMANDS[name][1](now, argument, {})
        return Obeyed()

    async def set_variable(self, ups: str, name: str, value: str) -> CommandOutcome:
        return NotObeyed("READONLY")

    async def force_shutdown(self, ups: str) -> CommandOutcome:
        return NotObeyed("ACCESS-DENIED")

    def close(self) -> None:
        pass


# --- the till


class Down(enum.StrEnum):
    """How a life of the till ended."""

    IN_ORDER = "in order"
    CUT = "cut"


class NoDevices:
    """A shop whose printer and drawer are elsewhere."""

    def snapshot(self) -> list[Any]:
        return []


@dataclass
class Parts:
    """What a till is made of here; a positive control makes a worse part."""

    journal: Callable[[Disk, Tail], Journal] = Journal
    settlement: Callable[..., Settlement] = Settlement
    rules: PowerRules = field(default_factory=lambda: PowerRules(feeds=(UPS,)))
    tells_ups: bool = True


class LivingTill:
    """One life: from its boot until it goes down in order, or its power is cut."""

    def __init__(self, host: Host) -> None:
        self._host = host
        loop = asyncio.get_running_loop()
        disk, parts = host.disk, host.parts
        state = disk.state()
        self.clean = not host.lives or _has_stopped(disk)
        self.tail = Tail(state.seq)
        self.journal = parts.journal(disk, self.tail)
        clock = Clock(wall_ms=host.wall_ms, today=lambda _: "2026-11-22")
        self.till = Till(
            state=state,
            rules=ShopRules(currency="EUR"),
            store=self.journal,  # type: ignore[arg-type] # what a till needs of it
            writer=self.journal,  # type: ignore[arg-type]
            tail=self.tail,
            clock=clock,
            boot_id=f"boot-{len(host.lives)}",
        )
        self.is_up = False
        self.power: Power | None = None
        self._dark = asyncio.Event()
        self.task = loop.create_task(self._live())

    async def _live(self) -> None:
        host, till = self._host, self.till
        till.note(
            startup_facts(
                till.state,
                version="simulated",
                clean_shutdown=self.clean,
                at_ms=host.wall_ms(),
                has_ups=True,
            )
        )
        await till.caught_up()
        async with asyncio.TaskGroup() as tasks:
            settlement = host.parts.settlement(
                till,
                self.tail,
                NoDevices(),
                Work(tasks),
                on_settled=lambda _: self._settled(),
            )
            self.power = Power(
                till=till,
                tail=self.tail,
                sources=[HeardUps(host.ups, host.note_untold)],
                settings=PowerSettings(rules=host.parts.rules),
                settlement=settlement,
                mono_ms=lambda: int(asyncio.get_running_loop().time() * 1000),
                wall_ms=host.wall_ms,
            )
            loops = [tasks.create_task(each) for each in self.power.loops()]
            self.is_up = True
            await self._dark.wait()
            self.is_up = False
            self.tail.drain()
            settlement.stop()
            for each in loops:
                each.cancel()
        till.note_stop()
        await self.journal.close()
        if host.parts.tells_ups:
            await self.power.go_dark()
        host.went_down_in_order()

    def _settled(self) -> None:
        if self.power is not None and self.power.goes_dark:
            self._dark.set()

    @property
    def is_settling(self) -> bool:
        """Whether it brings itself to rest."""
        return self.power is not None and self.power.settlement.begun.is_set()

    def cut(self) -> bool:
        """Its power is gone. Whether a sync was under way."""
        self.is_up = False
        self.task.cancel()
        was_syncing = self.journal.lose_power()
        self.tail.failed(PowerLost())
        return was_syncing


class PowerLost(Exception):
    """The till is gone, in the middle of whatever it did."""


def _has_stopped(disk: Disk) -> bool:
    last = ev.decode_record(disk.units[-1].body)
    return any(isinstance(event, ev.TillStopped) for event in last.events)


# --- the host


@dataclass
class Life:
    """What is known of one life afterwards."""

    began_s: float
    found_clean: bool
    found_in_hand: tuple[str, ...]
    """Sales under way without a tender: these could have been put aside."""
    ended_s: float = 0.0
    down: Down | None = None
    during: str = ""
    was_syncing: bool = False


class Host:
    """A computer on the output of a UPS. It boots when it gets power, as tills are set up to."""

    def __init__(self, ups: VirtualUps, disk: Disk, parts: Parts) -> None:
        self.ups = ups
        self.disk = disk
        self.parts = parts
        self.lives: list[Life] = []
        self.till: LivingTill | None = None
        self._plugged = True
        self.is_on = False
        self._was_fed = False
        self._boots_s: float | None = None
        self.untold = 0
        """How often the UPS could not be told to cut and return, as it was not to be heard."""
        self.mistakes: list[str] = []

    def wall_ms(self) -> int:
        """The wall clock."""
        return WALL_MS + int(asyncio.get_running_loop().time() * 1000)

    async def run(self) -> None:
        """Look at the plug, again and again."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_S)

    def plug(self, plugged: bool) -> None:
        """Put its plug in, or pull it, at this very moment."""
        self._plugged = plugged
        self.look()

    def look(self) -> None:
        """Whether it has power, and what comes of that."""
        now_s = asyncio.get_running_loop().time()
        is_fed = self._plugged and self.ups.output
        if is_fed and not self._was_fed:
            self.is_on, self._boots_s = True, now_s + BOOT_S
        elif not is_fed and self._was_fed:
            self._lose_power()
        self._was_fed = is_fed
        if self._boots_s is not None and now_s >= self._boots_s:
            self._boots_s = None
            self._boot(now_s)

    def _boot(self, now_s: float) -> None:
        found = LivingTill(self)
        found.task.add_done_callback(self._over)
        sales = found.till.state.sales.values()
        in_hand = [s.sale_id for s in sales if s.state in UNDER_WAY and not s.has_live_tender]
        self.lives.append(Life(now_s, found.clean, tuple(in_hand)))
        self.till = found

    def _lose_power(self) -> None:
        self.is_on, self._boots_s = False, None
        till, self.till = self.till, None
        if till is None or till.task.done():
            return
        life = self.lives[-1]
        life.during = self._what(till)
        life.was_syncing = till.cut()
        life.down, life.ended_s = Down.CUT, asyncio.get_running_loop().time()

    def _over(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        # One whose power was cut may fail as it likes.
        if error is not None and self.lives[-1].down is not Down.CUT:
            self.mistakes.append(f"the till failed: {error!r}")

    def note_untold(self) -> None:
        """The UPS is not to be heard."""
        self.untold += 1

    def press_button(self) -> None:
        """A person switches it on, where it stayed off on good power."""
        if self._was_fed and not self.is_on:
            self.is_on, self._boots_s = True, asyncio.get_running_loop().time() + BOOT_S

    def _what(self, till: LivingTill) -> str:
        """What the till was doing, for the table."""
        if till.is_settling:
            return "settling" if till.is_up else "stopping"
        if not till.is_up or till.power is None:
            return "booting"
        return str(till.power.state.supply)

    def went_down_in_order(self) -> None:
        """The daemon has ended, its journal closed; the halted host waits for an edge of power."""
        life = self.lives[-1]
        life.down, life.ended_s = Down.IN_ORDER, asyncio.get_running_loop().time()
        self.is_on, self._boots_s, self.till = False, None, None

    async def up(self) -> LivingTill:
        """The till, once it serves."""
        while self.till is None or not self.till.is_up:
            assert not self.mistakes, self.mistakes
            await asyncio.sleep(LOOK_S)
        return self.till
