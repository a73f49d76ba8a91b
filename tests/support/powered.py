"""A whole daemon in this process, on UPSes that say what a test wants."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import grpc

from tests.support.till import till_toml
from tillhal.v1 import (
    checkout_pb2_grpc,
    journal_pb2_grpc,
    power_pb2,
    power_pb2_grpc,
    recovery_pb2_grpc,
    system_pb2_grpc,
)
from tillhald.app import App
from tillhald.config import parse
from tillhald.devices.categories import How, Reading
from tillhald.devices.power_supply import CommandOutcome, NotObeyed, Obeyed
from tillhald.domain.power_sample import NoData, UpsSample

T = TypeVar("T")

UPS = "till_ups"
WAIT_S_MAX = 15.0
SAYS_EVERY_S = 0.05
COMMANDS = (
    "shutdown.return",
    "test.battery.start.quick",
    "test.battery.start.deep",
    "test.battery.stop",
)
QUICK_RULES = """
[power]
poweroff_command = {poweroff}
on_battery_confirm_s = 1
mains_confirm_s = 1
low_confirm_s = 1
finish_sale_s = 1
outage_join_s = 1
{more}
"""
"""Everything that a UPS says counts at once. That it says nothing does not: on a busy machine a
poll comes seconds late, and on battery that would power the host off."""
SOON_LOST = "comm_lost_s = 2"
"""For `more`, in tests of a UPS that is heard no more."""


class SpokenUps:
    """A source with one UPS; `say` changes its word. What it was told is in `told`."""

    def __init__(self) -> None:
        self.sample: UpsSample | NoData = NoData(ups=UPS, why="WAIT")
        self.told: list[tuple[str, bool]] = []
        self.commands_known = COMMANDS
        self.values = {"ups.delay.shutdown": "180", "ups.delay.start": "240"}
        self.on_command: Callable[[str], CommandOutcome] = lambda _: Obeyed()
        self.powered_off: Path | None = None
        self.closed = False
        self.unchanged: float | None = None
        self.say("OL")

    def say(
        self,
        status: str | None,
        charge: float | None = 100,
        runtime: int | None = 3600,
        *,
        load: float = 40,
        test: str = "",
    ) -> None:
        self.sample = (
            NoData(ups=UPS, why="DATA-STALE")
            if status is None
            else UpsSample(
                ups=UPS,
                flags=frozenset(status.split()),
                charge_percent=charge,
                runtime_s=runtime,
                load_percent=load,
                test_result=test,
            )
        )

    @property
    def upses(self) -> tuple[str, ...]:
        return (UPS,)

    async def readings(self) -> AsyncIterator[UpsSample | NoData]:
        while True:
            sample = self.sample
            # As new as any: what is said again is heard again.
            yield sample if isinstance(sample, NoData) else UpsSample(**_fields(sample))
            await asyncio.sleep(SAYS_EVERY_S)

    def variables(self, ups: str) -> dict[str, Reading[str]]:
        return {name: Reading(text, How.MEASURED, 0.0) for name, text in self.values.items()}

    def unchanged_s(self, ups: str) -> float | None:
        return self.unchanged

    async def commands(self, ups: str) -> tuple[str, ...]:
        return self.commands_known

    async def command(self, ups: str, name: str, argument: str = "") -> CommandOutcome:
        is_off = self.powered_off is not None and self.powered_off.exists()
        self.told.append((name, is_off))
        if name not in self.commands_known:
            return NotObeyed("CMD-NOT-SUPPORTED")
        return self.on_command(name)

    async def set_variable(self, ups: str, name: str, value: str) -> CommandOutcome:
        return NotObeyed("READONLY")

    async def force_shutdown(self, ups: str) -> CommandOutcome:
        return NotObeyed("ACCESS-DENIED")

    def close(self) -> None:
        self.closed = True


def _fields(sample: UpsSample) -> dict[str, object]:
    return {name: getattr(sample, name) for name in sample.__struct_fields__}


class Stubs:
    """Front ends' calls."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.checkout = checkout_pb2_grpc.CheckoutServiceStub(channel)
        self.system = system_pb2_grpc.SystemServiceStub(channel)
        self.journal = journal_pb2_grpc.JournalServiceStub(channel)
        self.power = power_pb2_grpc.PowerServiceStub(channel)
        self.recovery = recovery_pb2_grpc.RecoveryServiceStub(channel)


class Powered:
    """A daemon that runs in `folder`."""

    def __init__(self, app: App, running: asyncio.Task[None], stubs: Stubs, ups: SpokenUps) -> None:
        self.app = app
        self.running = running
        self.stubs = stubs
        self.ups = ups

    async def power(self, *, with_history: bool = False) -> power_pb2.GetPowerResponse:
        request = power_pb2.GetPowerRequest(with_history=with_history)
        return await self.stubs.power.GetPower(request, timeout=WAIT_S_MAX)

    async def until(self, supply: power_pb2.Supply) -> power_pb2.GetPowerResponse:
        """Wait until the power stands so."""

        async def look() -> power_pb2.GetPowerResponse | None:
            found = await self.power()
            return found if found.power.supply == supply else None

        return await wait_for(look)

    async def ended(self) -> None:
        """Wait until the daemon has ended by itself."""
        await asyncio.wait_for(asyncio.shield(self.running), WAIT_S_MAX)


async def wait_for(look: Callable[[], Awaitable[T | None]]) -> T:
    """What `look` finds, once it finds something."""
    end_s = time.monotonic() + WAIT_S_MAX
    while True:
        found = await look()
        if found is not None:
            return found
        assert time.monotonic() < end_s, "it did not come to that in time"
        await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def powered(
    folder: Path,
    ups: SpokenUps | None = None,
    *,
    more: str = "",
    poweroff: str = "",
    has_ups: bool = True,
    join_s: int = 1,
    printer_port: int = 0,
) -> AsyncIterator[Powered]:
    """A daemon that serves; it is stopped in order at the end, unless it has ended. Its printer,
    if it has one, listens on `printer_port`.

    `join_s`: outages that are closer than that are one.
    """
    ups = ups or SpokenUps()
    ups.powered_off = folder / "powered_off"
    poweroff = poweroff or f'["touch", "{folder}/powered_off"]'
    toml = till_toml(folder, printer_port) + QUICK_RULES.format(poweroff=poweroff, more=more)
    toml = toml.replace("outage_join_s = 1", f"outage_join_s = {join_s}")
    app = App(parse(toml), started_s=time.monotonic(), sources=[ups] if has_ups else None)
    ready = asyncio.Event()
    running = asyncio.create_task(app.run(lambda _: ready.set()))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        waiting.cancel()
        await running
    async with grpc.aio.insecure_channel(
        f"unix:{folder / 'api.sock'}", options=[("grpc.use_local_subchannel_pool", 1)]
    ) as channel:
        try:
            yield Powered(app, running, Stubs(channel), ups)
        finally:
            app.stop()
            await asyncio.wait_for(running, WAIT_S_MAX)
