"""Looks after devices over their years: what they have done, what is due, and who they are.

What a fact tells is counted by the state itself. Here is what no fact tells: it is gathered in
memory and recorded now and then, never on the way of a sale.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Final

import structlog

from tillhald.devices.categories import PowerState
from tillhald.devices.errors import DeviceUnknown
from tillhald.devices.events import (
    ConditionBegan,
    DeviceEvent,
    Identified,
    MemoryWritten,
    PowerChanged,
    PresenceChanged,
)
from tillhald.devices.health import MAINTENANCE_DUE, REPLACED, Presence, Severity
from tillhald.domain import events as ev
from tillhald.domain.devices import DeviceCounts, Identity
from tillhald.domain.statistics import POWERED_SECONDS, shown, sum_of
from tillhald.journal.errors import Overloaded, StorageError

if TYPE_CHECKING:
    from tillhald.devices.registry import DeviceRegistry
    from tillhald.service.tail import Tail
    from tillhald.service.till import Till

log = structlog.get_logger(__name__)

RECORD_EVERY_S: Final = 600.0
HOURS_EVERY_S: Final = 3_600
"""Hours with power alone are no reason for a record more often than this."""
_POWERED: Final = (PowerState.ONLINE, PowerState.OFFLINE)


class DeviceCare:
    """Everything runs on the event loop."""

    def __init__(self, till: Till, tail: Tail, devices: DeviceRegistry) -> None:
        self._till = till
        self._devices = devices
        self._gathered: dict[str, dict[str, int]] = {}
        self._powered_since_s: dict[str, float] = {}
        self._looked_at: dict[str, DeviceCounts] | None = None
        tail.on_advance(lambda _: self.look_at_counts())

    def hear(self, event: DeviceEvent) -> None:
        """One edge of one device."""
        name = event.device_id
        match event:
            case PresenceChanged(presence=Presence.ABSENT):
                self.count(name, "CommunicationErrorCount")
            case PresenceChanged(again=True):
                self.count(name, "ReplugCount")
            case ConditionBegan(condition=condition) if condition.code == "silent":
                self.count(name, "CommunicationErrorCount")
            case PowerChanged(power=power):
                self._count_power(name)
                if power in _POWERED:
                    self._powered_since_s[name] = time.monotonic()
                if power is PowerState.ONLINE:
                    self.count(name, "OnlineTransitionCount")
            case Identified(identity=identity):
                self._compare(name, identity)
            case MemoryWritten(count=count):
                # Rare, and a printer's memory bears so many and no more: not to be lost by a crash.
                self.count(name, "NVRAMWriteCount", count)
                self.record()
            case _:
                pass

    def count(self, device_id: str, name: str, by: int = 1) -> None:
        """Count what no fact tells."""
        self._gathered[device_id] = sum_of(self._gathered.get(device_id, {}), {name: by})

    def statistics(self, device_id: str) -> tuple[dict[str, int], int]:
        """All statistics of a device, and when they were last reset (ms, 0 never).

        Raises DeviceUnknown.
        """
        shot = self._devices.device(device_id)
        known = self._till.state.statistics.get(device_id) or DeviceCounts()
        counts = sum_of(known.counts, self._gathered.get(device_id, {}))
        powered_s = self._powered_s(device_id)
        counts = sum_of(counts, {POWERED_SECONDS: powered_s})
        return shown(shot.category.value, counts), known.reset_ms

    def record(self) -> None:
        """Record what was gathered, for a stop or before somebody resets it."""
        for name in list(self._powered_since_s):
            self._count_power(name, goes_on=True)
        if not self._gathered:
            return
        try:
            self._till.note([ev.DevicesCounted(counts=self._gathered)])
        except (Overloaded, StorageError) as error:
            log.warning("statistics_not_recorded", why=str(error))
        else:
            self._gathered = {}

    async def run(self) -> None:
        """Record now and then, until it is cancelled."""
        while True:
            await asyncio.sleep(RECORD_EVERY_S)
            hours = max(map(self._powered_s, self._powered_since_s), default=0) >= HOURS_EVERY_S
            if self._gathered or hours:
                self.record()

    def _powered_s(self, device_id: str) -> int:
        since_s = self._powered_since_s.get(device_id)
        return 0 if since_s is None else int(time.monotonic() - since_s)

    def _count_power(self, device_id: str, *, goes_on: bool = False) -> None:
        since_s = self._powered_since_s.pop(device_id, None)
        if since_s is None:
            return
        powered_s = int(time.monotonic() - since_s)
        if powered_s:
            self.count(device_id, POWERED_SECONDS, powered_s)
        if goes_on:
            self._powered_since_s[device_id] = since_s + powered_s

    # --- what is due

    def look_at_counts(self) -> None:
        """Compare the counts with what the configuration calls for, if any has changed."""
        known = self._till.state.statistics
        if known is self._looked_at:
            return
        self._looked_at = known
        for shot in self._devices.snapshot():
            if shot.maintenance:
                self._look_at(shot.device_id, shot.maintenance)

    def look_again(self) -> None:
        """The configuration has changed."""
        self._looked_at = None
        self.look_at_counts()
        for shot in self._devices.snapshot():
            self._compare(shot.device_id, shot.identity)

    def _look_at(self, device_id: str, maintenance: dict[str, int]) -> None:
        counts, _ = self.statistics(device_id)
        due = [
            f"{name} {counts[name]} of {limit}"
            for name, limit in maintenance.items()
            if counts.get(name, 0) >= limit
        ]
        sign = (Severity.WARNING, ", ".join(due)) if due else None
        self._devices.notice(device_id, MAINTENANCE_DUE, sign)

    # --- who they are

    def _compare(self, device_id: str, identity: Identity) -> None:
        known = self._till.state.identities.get(device_id, Identity())
        if identity.is_other_than(known):
            sign = (Severity.WARNING, f"{identity} stands in the place of {known}")
            self._devices.notice(device_id, REPLACED, sign)
            return
        self._devices.notice(device_id, REPLACED, None)
        merged = identity.merged_into(known)
        if merged != known:
            try:
                self._till.note([ev.DeviceIdentified(device_id=device_id, identity=merged)])
            except (Overloaded, StorageError) as error:
                log.warning("identity_not_recorded", device=device_id, why=str(error))

    def adopted(self, device_id: str) -> None:
        """Somebody said that it is right as it is."""
        with contextlib.suppress(DeviceUnknown):  # it was taken out of the configuration meanwhile
            self._compare(device_id, self._devices.device(device_id).identity)
