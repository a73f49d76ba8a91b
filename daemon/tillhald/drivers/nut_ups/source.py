"""The UPSes of one `upsd`, asked again and again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from tillhald.devices.categories import How, Reading
from tillhald.devices.power_supply import CommandOutcome, NotObeyed, Obeyed, PerhapsObeyed
from tillhald.domain.power_sample import NoData, UpsSample
from tillhald.drivers.nut_ups.client import NutClient, Outcome
from tillhald.drivers.nut_ups.errors import (
    NutError,
    NutGone,
    NutRefused,
)
from tillhald.drivers.nut_ups.options import NutOptions
from tillhald.drivers.nut_ups.sample import sample_from

DEADLINE_S: Final = 2.0
"""Of one question: on loopback `upsd` needs 0.1 ms, for a list 50 ms."""
DETAILS_S: Final = 2.0
"""Charge, time left and load are asked for so often, and at once when the status changes. It is
the interval at which NUT's drivers ask their UPS; oftener gives nothing new."""
RETRY_S_MIN: Final = 0.2
RETRY_S_MAX: Final = 5.0


@dataclass(slots=True)
class _Value:
    text: str
    seen_s: float
    changed_s: float


@dataclass(slots=True)
class _Known:
    """Of one UPS. `how` is MEASURED only while it answers."""

    status: str | None = None
    details_s: float = float("-inf")
    how: How = How.UNKNOWN
    values: dict[str, _Value] = field(default_factory=dict)

    def take(self, found: dict[str, str], now_s: float) -> None:
        """Those that were not found are not known any more."""
        before, self.values = self.values, {}
        for name, text in found.items():
            old = before.get(name)
            changed_s = old.changed_s if old is not None and old.text == text else now_s
            self.values[name] = _Value(text, now_s, changed_s)


class NutUps:
    """See PowerSource for the contract."""

    def __init__(self, device_id: str, options: NutOptions) -> None:
        """Reads `options.ca_file`, or raises OSError; no other I/O."""
        self._device_id = device_id
        self._names = options.upses
        self._poll_s = options.poll_s
        self._client = NutClient(options.address(), deadline_s=DEADLINE_S)
        self._known = {name: _Known() for name in options.upses}
        self._retry_s = RETRY_S_MIN
        self._next_attempt_s = float("-inf")
        self._why_gone = "UNREACHABLE"
        self._random = random.Random()  # noqa: S311 - spreads the attempts of a shop's tills

    @property
    def upses(self) -> tuple[str, ...]:
        """See PowerSource."""
        return self._names

    @property
    def client(self) -> NutClient:
        """For questions beyond PowerSource; they and the polling take turns."""
        return self._client

    async def readings(self) -> AsyncIterator[UpsSample | NoData]:
        """See PowerSource. The first one comes at once; after a failure of the connection each
        round still gives NoData, so that time passes also for who only counts it.
        """
        loop = asyncio.get_running_loop()
        while True:
            began_s = loop.time()
            for name in self._names:
                yield await self._read(name)
            await asyncio.sleep(max(0.0, began_s + self._poll_s - loop.time()))

    async def _read(self, name: str) -> UpsSample | NoData:
        known = self._known[name]
        now_s = asyncio.get_running_loop().time()
        if now_s < self._next_attempt_s:
            return self._silent(name, self._why_gone)
        try:
            status = await self._client.variable(name, "ups.status")
            if status != known.status or now_s - known.details_s >= DETAILS_S:
                found = await self._client.variables(name)
                known.take(found, asyncio.get_running_loop().time())
                known.details_s = now_s
                status = found.get("ups.status", status)
        except NutRefused as error:
            if not self._client.connected:  # it was refused as it introduced itself
                self._back_off(error.word)
            return self._silent(name, error.word)
        except NutError as error:
            self._back_off(error.why)
            return self._silent(name, error.why)
        self._retry_s = RETRY_S_MIN
        known.status = status
        if "WAIT" in status.split():  # the driver has not had a word from the UPS yet
            return self._silent(name, "WAIT")
        known.how = How.MEASURED
        return sample_from(name, status, {key: v.text for key, v in known.values.items()})

    def _silent(self, name: str, why: str) -> NoData:
        known = self._known[name]
        # So that what it says next is asked for whole.
        known.status = None
        if known.how is How.MEASURED:
            known.how = How.STALE
        return NoData(ups=name, why=why)

    def _back_off(self, why: str) -> None:
        self._why_gone = why
        wait_s = self._retry_s * self._random.uniform(0.5, 1.0)
        self._next_attempt_s = asyncio.get_running_loop().time() + wait_s
        self._retry_s = min(self._retry_s * 2, RETRY_S_MAX)

    # --- what is known ---

    def variables(self, ups: str) -> dict[str, Reading[str]]:
        """See PowerSource."""
        known = self._known[ups]
        now_s = asyncio.get_running_loop().time()
        return {
            name: Reading(value.text, known.how, now_s - value.seen_s)
            for name, value in known.values.items()
        }

    def unchanged_s(self, ups: str) -> float | None:
        """See PowerSource."""
        changed_s = max((v.changed_s for v in self._known[ups].values.values()), default=None)
        return None if changed_s is None else asyncio.get_running_loop().time() - changed_s

    # --- what is done ---

    async def commands(self, ups: str) -> tuple[str, ...]:
        """See PowerSource."""
        try:
            return tuple(await self._client.commands(ups))
        except NutError:
            return ()

    async def command(self, ups: str, name: str, argument: str = "") -> CommandOutcome:
        """See PowerSource."""
        return await _outcome(lambda: self._client.command(ups, name, argument))

    async def set_variable(self, ups: str, name: str, value: str) -> CommandOutcome:
        """See PowerSource."""
        return await _outcome(lambda: self._client.set_variable(ups, name, value))

    async def force_shutdown(self, ups: str) -> CommandOutcome:
        """See PowerSource."""

        async def force() -> Outcome:
            await self._client.force_shutdown(ups)
            return Outcome.DONE

        return await _outcome(force)

    def close(self) -> None:
        """See PowerSource."""
        self._client.close()


async def _outcome(deed: Callable[[], Awaitable[Outcome]]) -> CommandOutcome:
    try:
        done = await deed()
    except NutRefused as error:
        return NotObeyed(error.word)
    except NutGone as error:
        return PerhapsObeyed(error.why) if error.sent else NotObeyed(error.why)
    except NutError as error:
        return PerhapsObeyed(error.why)
    return Obeyed() if done is Outcome.DONE else PerhapsObeyed("NO-OUTCOME")
