"""What devices do by themselves: into the journal, into the log, and to whoever watches."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import structlog

from tillhald.devices.events import (
    ConditionBegan,
    ConditionEnded,
    DeviceEvent,
    DrawerClosed,
    DrawerOpened,
    FrameRead,
    Identified,
    MemoryWritten,
    PowerChanged,
    PresenceChanged,
    PrintConfirmedLate,
)
from tillhald.domain import events as ev
from tillhald.journal.errors import Overloaded, StorageError
from tillhald.service.patience import comes_within

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from tillhald.service.tail import Tail
    from tillhald.service.till import Till

log = structlog.get_logger(__name__)


class DeviceNews:
    """Takes every edge that the registry reports, on the event loop."""

    def __init__(self, till: Till, tail: Tail) -> None:
        self._till = till
        self._tail = tail
        self._revisions: Counter[str] = Counter()
        self._power_changes = 0
        self._happened = asyncio.Event()
        self._hearing: list[Callable[[], None]] = []
        self._hearing_edges: list[Callable[[DeviceEvent], None]] = []
        self._hearing_late: list[Callable[[str, str], None]] = []
        self._hearing_frames: list[Callable[[FrameRead], None]] = []

    def on_change(self, hear: Callable[[], None]) -> None:
        """Call `hear` after every change of any device."""
        self._hearing.append(hear)

    def on_edge(self, hear: Callable[[DeviceEvent], None]) -> None:
        """Call `hear` with every edge, once it is on its way to the journal."""
        self._hearing_edges.append(hear)

    def on_confirmed_late(self, hear: Callable[[str, str], None]) -> None:
        """Call `hear(printer, ticket)` when a printer confirms a job after all."""
        self._hearing_late.append(hear)

    def on_frame(self, hear: Callable[[FrameRead], None]) -> None:
        """Call `hear` with everything that a scanner reads."""
        self._hearing_frames.append(hear)

    def claim_changed(self, device_id: str) -> None:
        """Somebody got, lost or was asked for the device: watchers are to see it."""
        self._revisions[device_id] += 1
        self._wake()

    def report(self, event: DeviceEvent) -> None:
        """One edge of one device: journalled, logged once, passed on."""
        if isinstance(event, FrameRead):  # no change of the device itself
            for hear_frame in self._hearing_frames:
                hear_frame(event)
            return
        facts = _facts(event)
        if facts:
            try:
                self._till.note(facts)
            except (Overloaded, StorageError) as error:
                log.warning("device_event_not_recorded", device=event.device_id, why=str(error))
        _log(event)
        self._revisions[event.device_id] += 1
        # A drawer has the power and the presence of the printer that it hangs on.
        self._power_changes += isinstance(event, PowerChanged | PresenceChanged)
        self._wake()
        for hear_edge in self._hearing_edges:
            hear_edge(event)
        for hear in self._hearing:
            hear()
        if isinstance(event, PrintConfirmedLate):
            for hear_late in self._hearing_late:
                hear_late(event.device_id, event.ticket)

    def reconfigured(self, device_ids: Iterable[str]) -> None:
        """These devices came, changed or went."""
        self._revisions.update(device_ids)
        self._wake()

    def _wake(self) -> None:
        happened, self._happened = self._happened, asyncio.Event()
        happened.set()

    def revision(self, device_id: str) -> int:
        """Goes up with every change of the device."""
        return self._revisions[device_id] + self._power_changes

    async def changes(self) -> AsyncIterator[None]:
        """Now and after each change of any device, until the daemon drains.

        A slow watcher is told the last of several changes. What it is told is on disk.
        """
        while not self._tail.draining:
            happened = self._happened
            await self._till.caught_up()
            yield
            await happened.wait()

    async def changed(self, within_s: float) -> bool:
        """Wait for the next change of any device, for `within_s`; False: the daemon drains."""
        if not self._tail.draining:
            await comes_within(self._happened.wait(), within_s)
        return not self._tail.draining

    def drain(self) -> None:
        """Let every watcher end."""
        self._wake()


_Change = (
    ConditionBegan
    | ConditionEnded
    | PowerChanged
    | PresenceChanged
    | Identified
    | DrawerOpened
    | DrawerClosed
    | PrintConfirmedLate
    | MemoryWritten
)


def _facts(event: _Change) -> list[ev.AnyEvent]:
    name = event.device_id
    match event:
        case ConditionBegan(condition=condition):
            return [
                ev.ConditionBegan(
                    device_id=name,
                    code=condition.code,
                    severity=condition.severity.value,
                    evidence=condition.evidence,
                )
            ]
        case ConditionEnded(condition=condition):
            return [ev.ConditionEnded(device_id=name, code=condition.code)]
        case DrawerOpened(kicked=kicked):
            return [ev.DrawerOpened(device_id=name, without_kick=not kicked)]
        case DrawerClosed():
            return [ev.DrawerClosed(device_id=name)]
        case (
            PowerChanged()
            | PresenceChanged()
            | Identified()
            | PrintConfirmedLate()
            | MemoryWritten()
        ):
            return []


def _log(event: _Change) -> None:
    name = event.device_id
    match event:
        case ConditionBegan(condition=condition):
            log.warning("device_fault_began", device=name, fault=condition.code)
        case ConditionEnded(condition=condition):
            log.info("device_fault_ended", device=name, fault=condition.code)
        case DrawerOpened(kicked=True):
            log.info("drawer_opened", device=name)
        case DrawerOpened():
            log.warning("drawer_opened_without_kick", device=name)
        case DrawerClosed():
            log.info("drawer_closed", device=name)
        case PowerChanged(power=power):
            log.info("device_power_changed", device=name, power=power.value)
        case PresenceChanged(presence=presence):
            log.info("device_presence_changed", device=name, presence=presence.value)
        case Identified(identity=identity):
            log.info("device_identified", device=name, identity=str(identity))
        case PrintConfirmedLate(ticket=ticket):
            log.info("print_confirmed_late", device=name, ticket=ticket)
        case MemoryWritten(count=count):
            log.info("printer_memory_written", device=name, writes=count)
