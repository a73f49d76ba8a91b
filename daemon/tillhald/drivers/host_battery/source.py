"""A machine's own battery, read through psutil, in the words that a UPS would use."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Final, Protocol

import msgspec
import psutil

from tillhald.devices.categories import CommandOutcome, How, NotObeyed, Reading
from tillhald.domain.power_sample import NoData, UpsSample, cleaned

READ_S_MAX: Final = 1.0
"""An embedded controller that takes longer counts as silent."""
POLL_S_MIN: Final = 0.1
POLL_S_MAX: Final = 5.0
LOW_PERCENT_MAX: Final = 50.0
FULL_PERCENT: Final = 99.5


class BatteryOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """README.md describes them."""

    low_percent: float = 10.0
    poll_s: float = 1.0

    def __post_init__(self) -> None:
        """Refuse, with a ValueError, what can never work."""
        if not 1 <= self.low_percent <= LOW_PERCENT_MAX:
            message = f"low_percent: 1 to {LOW_PERCENT_MAX:g}"
            raise ValueError(message)
        if not POLL_S_MIN <= self.poll_s <= POLL_S_MAX:
            message = f"poll_s: {POLL_S_MIN:g} to {POLL_S_MAX:g} seconds"
            raise ValueError(message)


class BatteryReading(Protocol):
    """What psutil gives. `secsleft` below 0: not known, or on mains."""

    @property
    def percent(self) -> float:
        """Of full."""

    @property
    def secsleft(self) -> int:
        """On battery."""

    @property
    def power_plugged(self) -> bool | None:
        """None: the machine does not say."""


def read_battery() -> BatteryReading | None:
    """None: this machine has none."""
    return psutil.sensors_battery()


class HostBattery:
    """See PowerSource for the contract. It has the device's name as its only UPS."""

    def __init__(
        self,
        device_id: str,
        options: BatteryOptions,
        read: Callable[[], BatteryReading | None] = read_battery,
    ) -> None:
        """`read` may block: it runs on a thread of its own."""
        self._name = device_id
        self._options = options
        self._read = read
        self._values: dict[str, str] = {}
        self._how = How.UNKNOWN
        self._seen_s = 0.0
        self._changed_s = 0.0
        self._under_way: asyncio.Future[BatteryReading | None] | None = None

    @property
    def upses(self) -> tuple[str, ...]:
        """See PowerSource."""
        return (self._name,)

    async def readings(self) -> AsyncIterator[UpsSample | NoData]:
        """See PowerSource."""
        loop = asyncio.get_running_loop()
        while True:
            began_s = loop.time()
            yield await self._reading(loop)
            await asyncio.sleep(max(0.0, began_s + self._options.poll_s - loop.time()))

    async def _reading(self, loop: asyncio.AbstractEventLoop) -> UpsSample | NoData:
        if self._under_way is None:
            self._under_way = loop.create_future()
            # A thread of its own that nobody waits for at the end: an executor's, stuck in the
            # kernel, would hold the daemon as it stops.
            threading.Thread(
                target=self._work, args=(loop, self._under_way), name="battery", daemon=True
            ).start()
        # One that is stuck is waited for and not started again: each would take a thread.
        done, _ = await asyncio.wait({self._under_way}, timeout=READ_S_MAX)
        if not done:
            return self._silent("NO-ANSWER")
        reading, self._under_way = self._under_way, None
        try:
            battery = reading.result()
        except Exception as error:  # noqa: BLE001 - a file of the kernel's, gone or odd
            return self._silent(type(error).__name__)
        if battery is None:
            return self._silent("NO-BATTERY")
        sample = sample_of(self._name, battery, low_percent=self._options.low_percent)
        self._keep(sample, loop.time())
        return sample

    def _work(
        self, loop: asyncio.AbstractEventLoop, answer: asyncio.Future[BatteryReading | None]
    ) -> None:
        tell: Callable[[], None]
        try:
            tell = partial(answer.set_result, self._read())
        except Exception as error:  # noqa: BLE001 - whatever psutil meets; told below
            tell = partial(answer.set_exception, error)
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody listens any more
            loop.call_soon_threadsafe(tell)

    def _keep(self, sample: UpsSample, now_s: float) -> None:
        values = {"ups.status": " ".join(sorted(sample.flags))}
        if sample.charge_percent is not None:
            values["battery.charge"] = f"{sample.charge_percent:.0f}"
        if sample.runtime_s is not None:
            values["battery.runtime"] = str(sample.runtime_s)
        if values != self._values:
            self._changed_s = now_s
        self._values, self._seen_s, self._how = values, now_s, How.MEASURED

    def _silent(self, why: str) -> NoData:
        if self._how is How.MEASURED:
            self._how = How.STALE
        return NoData(ups=self._name, why=why)

    def variables(self, ups: str) -> dict[str, Reading[str]]:
        """See PowerSource."""
        assert ups == self._name, f"{ups} is not {self._name}, the only one"
        age_s = asyncio.get_running_loop().time() - self._seen_s
        return {name: Reading(text, self._how, age_s) for name, text in self._values.items()}

    def unchanged_s(self, ups: str) -> float | None:
        """See PowerSource."""
        assert ups == self._name, f"{ups} is not {self._name}, the only one"
        if self._how is How.UNKNOWN:
            return None
        return asyncio.get_running_loop().time() - self._changed_s

    async def commands(self, ups: str) -> tuple[str, ...]:  # noqa: ARG002 - it has none
        """See PowerSource."""
        return ()

    async def command(self, ups: str, name: str, argument: str = "") -> CommandOutcome:  # noqa: ARG002
        """See PowerSource. A battery takes none."""
        return NotObeyed("CMD-NOT-SUPPORTED")

    async def set_variable(self, ups: str, name: str, value: str) -> CommandOutcome:  # noqa: ARG002
        """See PowerSource."""
        return NotObeyed("READONLY")

    async def force_shutdown(self, ups: str) -> CommandOutcome:  # noqa: ARG002
        """See PowerSource. Nobody else hangs on it."""
        return NotObeyed("FEATURE-NOT-SUPPORTED")

    def close(self) -> None:
        """See PowerSource."""


def sample_of(name: str, battery: BatteryReading, *, low_percent: float) -> UpsSample:
    """In NUT's words. Whether it is plugged in may not be known: then neither OL nor OB is said."""
    flags = set()
    percent = battery.percent
    if battery.power_plugged is not None:
        flags.add("OL" if battery.power_plugged else "OB")
        if not battery.power_plugged:
            flags.add("DISCHRG")
        elif percent < FULL_PERCENT:
            flags.add("CHRG")
    if 0 <= percent <= low_percent:
        flags.add("LB")
    return cleaned(
        UpsSample(
            ups=name,
            flags=frozenset(flags),
            charge_percent=percent,
            runtime_s=battery.secsleft if battery.secsleft > 0 else None,
        )
    )
