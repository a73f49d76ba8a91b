"""All devices of a till: connects them, serves their calls, and tells what changes.

One `on_event` on the event loop hears every edge, in order; who wants more asks for snapshots.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Callable, Iterable, Mapping
from contextvars import Context
from typing import TypeVar, TypeVarTuple

import msgspec

from tillhald.devices.backup import Backup
from tillhald.devices.categories import (
    Category,
    FailedBeforeStart,
    IdentityStrength,
    KickFailed,
    KickOutcome,
    KickUnknown,
    PowerState,
    PrintOutcome,
    Trouble,
    Unconfirmed,
)
from tillhald.devices.drawer_unit import DrawerUnit
from tillhald.devices.errors import DeviceError, DeviceUnknown, RetrySafety
from tillhald.devices.events import DeviceEvent
from tillhald.devices.health import Condition, Lifecycle, Presence, Severity, State, state_of
from tillhald.devices.permission import Permission
from tillhald.devices.printer_unit import PrinterUnit
from tillhald.devices.scanner_unit import ScannerUnit
from tillhald.devices.specs import Driver
from tillhald.devices.stations import AnyUnit, Change, Station, Stations, build
from tillhald.devices.unit import Capabilities, DeviceConfig, PortUnit, Status, without_ages
from tillhald.domain.devices import Identity
from tillhald.domain.document import PrintDocument
from tillhald.domain.drawers import DrawerMemory, OpenLevel
from tillhald.domain.preflight import Problem

T = TypeVar("T")
Args = TypeVarTuple("Args")


class DeviceSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """All axes of one device. A drawer has no capabilities; its power is its host's."""

    device_id: str
    category: Category
    driver: str
    port: str
    lifecycle: Lifecycle
    state: State
    power: PowerState
    presence: Presence
    conditions: tuple[Condition, ...]
    status: Status
    capabilities: Capabilities | None
    identity: Identity
    identity_strength: IdentityStrength
    maintenance: dict[str, int]

    @property
    def may_print(self) -> bool:
        """Whether it is worth trying, of a printer.

        Not before the driver has looked for the printer once: a job that begins while it still does
        would be called unconfirmed after a crash, though nothing had been sent.
        """
        if self.power is PowerState.UNKNOWN:
            return self.presence is Presence.PRESENT
        return self.power is PowerState.ONLINE


class DeviceRegistry:
    """`start`, then everything else, then `close`: all on one event loop."""

    def __init__(
        self,
        configs: Mapping[str, DeviceConfig],
        drivers: Mapping[str, Driver],
        *,
        now_ms: Callable[[], int],
        on_event: Callable[[DeviceEvent], None],
    ) -> None:
        """Build every device; no I/O but a driver's own files. Raises ValueError.

        `now_ms` is wall time for conditions and events; `on_event` is called on the loop.
        """
        self._due: dict[str, asyncio.TimerHandle] = {}
        self._now_ms = now_ms
        self._on_event = on_event
        self._lifecycle = Lifecycle.CONFIGURED
        self._configs = dict(configs)
        self._stations = build(configs, drivers)

    async def start(self) -> None:
        """Start one thread for each port; connecting goes on there."""
        self._loop = asyncio.get_running_loop()
        for station in self._stations.values():
            self._start(station)
        self._lifecycle = Lifecycle.RUNNING
        for station in self._stations.values():
            self._look_at_all(station)

    def _start(self, station: Station) -> None:
        station.port.start(
            turn=self._turn_of(station), end=station.host.close, on_bug=self._bug_of(station)
        )

    async def close(self) -> list[str]:
        """Let go of all devices at once, in about a second; the names of those that are stuck."""
        stuck = await self._close(self._stations)
        for timer in self._due.values():
            timer.cancel()
        self._lifecycle = Lifecycle.CLOSED
        return stuck

    async def _close(self, stations: Mapping[str, Station]) -> list[str]:
        ended = await asyncio.gather(*(station.port.close() for station in stations.values()))
        return [name for name, well in zip(stations, ended, strict=True) if not well]

    # --- another configuration ---

    def change_to(self, configs: Mapping[str, DeviceConfig]) -> Change:
        """What `reconfigure` would do."""
        before = self._configs
        return Change(
            added=tuple(name for name in configs if name not in before),
            changed=tuple(
                name for name, config in configs.items() if before.get(name, config) != config
            ),
            removed=tuple(name for name in before if name not in configs),
        )

    def touched_by(self, change: Change, new: Stations) -> set[str]:
        """The devices that are let go of, or driven anew: also what shares a port with those."""
        named = {*change.added, *change.changed, *change.removed}
        stations = [*self._stations.values(), *new.values()]
        touched = (set(each.units) for each in stations if named & set(each.units))
        return named.union(*touched)

    async def reconfigure(
        self,
        configs: Mapping[str, DeviceConfig],
        new: Stations,
        touched: set[str],
        drawers: Mapping[str, DrawerMemory],
    ) -> list[str]:
        """Drive the devices that `prepare` built; those that are not touched stay as they are.

        `drawers` is what is known of drawers beyond what they say. No deed may be under way on what
        is touched. The names of the ports that are stuck.
        """
        old = self._stations
        leaving = {name: station for name, station in old.items() if name in touched}
        stuck = await self._close(leaving)
        self._configs = dict(configs)
        self._stations = {}
        for name, station in new.items():
            kept = old.get(name)
            self._stations[name] = station if kept is None or name in leaving else kept
        self._remember(new, drawers, self._now_ms())
        for station in leaving.values():
            for unit in station.units.values():
                if (timer := self._due.pop(unit.device_id, None)) is not None:
                    timer.cancel()
        for name, station in new.items():
            if self._stations[name] is station:
                self._start(station)
                self._look_at_all(station)
            else:
                station.port.wake.close()
        at_ms = self._now_ms()
        for station in leaving.values():
            for unit in station.units.values():
                self._tell(unit.retired(at_ms))
        return stuck

    def notice(self, device_id: str, code: str, sign: tuple[Severity, str] | None) -> None:
        """Hold something against a device that is known elsewhere in the till; None: no more.

        Raises DeviceUnknown.
        """
        _, unit = self._unit(device_id)
        self._tell(unit.notice(code, sign, self._now_ms()))

    # --- deeds ---

    def check(self, device_id: str, document: PrintDocument) -> list[Problem]:
        """Say what this printer cannot print of `document`. Raises DeviceUnknown."""
        return self._printer(device_id)[1].device.check(document)

    async def print(
        self,
        device_id: str,
        document: PrintDocument,
        *,
        cuts_before: int | None = None,
        go: Permission | None = None,
        deadline_s: float,
    ) -> PrintOutcome:
        """Print once and say what became of it, see PosPrinter. Raises only DeviceUnknown."""
        station, printer = self._printer(device_id)
        work: Callable[[PrintDocument, float], PrintOutcome] = printer.device.print
        if go is not None:
            go.rings(station.port.ring)
            work = functools.partial(printer.device.print, cuts_before=cuts_before, go=go)
        elif cuts_before is not None:
            work = functools.partial(printer.device.print, cuts_before=cuts_before)
        try:
            return await self._call(station, printer, work, document, deadline_s=deadline_s)
        except DeviceError as error:
            if error.retry_safety is RetrySafety.UNKNOWN:
                return Unconfirmed(Trouble(error.reason), "")
            return FailedBeforeStart(Trouble(error.reason), error.retry_safety)
        except Exception as error:  # noqa: BLE001 - a driver's mistake must not end the till
            self._tell(station.host.failed(error, self._now_ms()))
            return Unconfirmed(Trouble.DRIVER_FAILED, "")

    async def count_cuts(self, device_id: str, *, deadline_s: float) -> int | None:
        """Ask for a printer's count of cuts, see PosPrinter. Raises only DeviceUnknown."""
        station, printer = self._printer(device_id)
        if not printer.capabilities.cut_counter:
            return None
        try:
            return await self._call(
                station, printer, printer.device.count_cuts, deadline_s=deadline_s
            )
        except DeviceError:
            return None
        except Exception as error:  # noqa: BLE001 - a driver's mistake must not end the till
            self._tell(station.host.failed(error, self._now_ms()))
            return None

    def backup_of(self, device_id: str) -> Backup | None:
        """Who prints for this printer while it cannot. Raises DeviceUnknown."""
        return self._printer(device_id)[1].config.backup

    async def kick(self, device_id: str, *, now: bool, deadline_s: float) -> KickOutcome:
        """Open a drawer, at most once. Raises only DeviceUnknown."""
        station, drawer = self._drawer(device_id)
        drawer.kick_begins(self._now_ms())
        outcome = await self._kicked(station, drawer, now=now, deadline_s=deadline_s)
        self._tell(drawer.kick_ended(outcome, self._now_ms()))
        return outcome

    async def _kicked(
        self, station: Station, drawer: DrawerUnit, *, now: bool, deadline_s: float
    ) -> KickOutcome:
        try:
            return await self._call(station, drawer, drawer.device.kick, now, deadline_s=deadline_s)
        except DeviceError as error:
            if error.retry_safety is RetrySafety.UNKNOWN:
                return KickUnknown(Trouble(error.reason))
            return KickFailed(Trouble(error.reason), error.retry_safety)
        except Exception as error:  # noqa: BLE001 - a driver's mistake must not end the till
            self._tell(station.host.failed(error, self._now_ms()))
            return KickUnknown(Trouble.DRIVER_FAILED)

    def remember(self, drawers: Mapping[str, DrawerMemory], *, alive_ms: int) -> None:
        """Before `start`: what earlier runs knew; `alive_ms` is when the last one recorded."""
        self._remember(self._stations, drawers, alive_ms)

    def remember_standing(self, standing: Mapping[str, tuple[str, ...]]) -> None:
        """Before `start`: by device, the conditions that stood when the till went down."""
        for name in self.names:
            if isinstance(unit := self._unit(name)[1], PrinterUnit):
                unit.remember(standing.get(name, ()))

    def _remember(
        self,
        stations: Mapping[str, Station],
        drawers: Mapping[str, DrawerMemory],
        alive_ms: int,
    ) -> None:
        for station in stations.values():
            for unit in station.drawers:
                if (memory := drawers.get(unit.device_id)) is not None:
                    unit.remember(memory, now_ms=self._now_ms(), alive_ms=alive_ms)

    def learn(self, device_id: str, open_level: OpenLevel) -> bool:
        """Have a drawer take what a calibration found; False if its configuration says otherwise.

        Raises DeviceUnknown.
        """
        station, unit = self._drawer(device_id)
        is_learnt = unit.learn(open_level)
        station.port.wake.ring()
        return is_learnt

    async def trigger(self, device_id: str, *, deadline_s: float) -> None:
        """Pull a scanner's trigger. Raises DeviceUnknown, and DeviceError where it failed."""
        station, unit = self._unit(device_id)
        if not isinstance(unit, ScannerUnit):
            message = f"{device_id} is no scanner"
            raise DeviceUnknown(message, device_id=device_id)
        await self._call(station, unit, unit.device.trigger, deadline_s=deadline_s)

    async def _call(
        self,
        station: Station,
        unit: AnyUnit,
        work: Callable[[*Args, float], T],
        *args: *Args,
        deadline_s: float,
    ) -> T:
        def work_and_look(*args_and_left: *tuple[*Args, float]) -> T:
            try:
                return work(*args_and_left)
            finally:
                # Whoever asked may look at the device next: not at how it was before the call.
                unit.status = unit.read()

        unit.calls += 1
        try:
            return await station.port.call(work_and_look, *args, deadline_s=deadline_s)
        finally:
            unit.calls -= 1

    def _printer(self, device_id: str) -> tuple[Station, PrinterUnit]:
        station, unit = self._unit(device_id)
        if isinstance(unit, PrinterUnit):
            return station, unit
        message = f"{device_id} is no printer"
        raise DeviceUnknown(message, device_id=device_id)

    def _drawer(self, device_id: str) -> tuple[Station, DrawerUnit]:
        station, unit = self._unit(device_id)
        if isinstance(unit, DrawerUnit):
            return station, unit
        message = f"{device_id} is no drawer"
        raise DeviceUnknown(message, device_id=device_id)

    def _unit(self, device_id: str) -> tuple[Station, AnyUnit]:
        for station in self._stations.values():
            if (unit := station.units.get(device_id)) is not None:
                return station, unit
        message = f"{device_id} is not a configured device"
        raise DeviceUnknown(message, device_id=device_id)

    async def ask(self, device_id: str, *, deadline_s: float) -> None:
        """Have the device say how it is now; `device` tells. Raises DeviceError, DeviceUnknown."""
        station, unit = self._unit(device_id)
        try:
            await self._call(station, unit, station.host.ask, deadline_s=deadline_s)
        except DeviceError:
            raise
        except Exception as error:  # noqa: BLE001 - a driver's mistake must not end the till
            self._tell(station.host.failed(error, self._now_ms()))
        else:  # whoever asked may look at its conditions next
            self._observed([(unit, unit.status)])

    # --- snapshots ---

    @property
    def names(self) -> list[str]:
        """Of all devices, in the order of `snapshot`."""
        return [name for station in self._stations.values() for name in station.units]

    def snapshot(self) -> list[DeviceSnapshot]:
        """Every device as it is now, what leads to a port before what hangs on it."""
        stations = self._stations.values()
        return [self._shot(each, unit) for each in stations for unit in each.units.values()]

    def device(self, device_id: str) -> DeviceSnapshot:
        """One device as it is now. Raises DeviceUnknown."""
        station, unit = self._unit(device_id)
        return self._shot(station, unit)

    def _shot(self, station: Station, unit: AnyUnit) -> DeviceSnapshot:
        host = station.host
        conditions = tuple(unit.conditions.values())
        broken = station.port.stuck or any(c.severity is Severity.ERROR for c in conditions)
        return DeviceSnapshot(
            device_id=unit.device_id,
            category=unit.category,
            driver=unit.config.driver,
            port=host.where if unit is host else f"on {host.device_id}",
            lifecycle=self._lifecycle,
            state=state_of(unit.calls, broken=broken),
            power=host.power,
            presence=host.presence,
            conditions=conditions,
            status=unit.shown(),
            capabilities=unit.capabilities,
            identity=unit.identity if isinstance(unit, PortUnit) else Identity(),
            identity_strength=host.identity_strength,
            maintenance=unit.config.maintenance,
        )

    # --- on a port's thread ---

    def _turn_of(self, station: Station) -> Callable[[float], None]:
        def turn(timeout_s: float) -> None:
            told = station.host.poll(timeout_s, self._now_ms)
            if told:
                self._post(lambda: self._tell(told))
            read: list[tuple[AnyUnit, Status]] = []
            for unit in tuple(station.units.values()):
                unit.status = unit.read()
                read.append((unit, unit.status))
            saying = [value for _, status in read for value in without_ages(status)]
            if saying != station.said:
                station.said = saying
                self._post(lambda: self._observed(read))

        return turn

    def _bug_of(self, station: Station) -> Callable[[Exception], None]:
        def tell(error: Exception) -> None:
            station.said = []  # so that the next turn that goes well ends the condition
            self._post(lambda: self._tell(station.host.failed(error, self._now_ms())))

        return tell

    def _post(self, tell: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody listens any more
            self._loop.call_soon_threadsafe(tell)

    # --- on the loop ---

    def _observed(self, read: list[tuple[AnyUnit, Status]]) -> None:
        at_ms = self._now_ms()
        for unit, status in read:
            self._tell(unit.observed(status, at_ms))
            self._look_again(unit)

    def _look_at_all(self, station: Station) -> None:
        for unit in station.units.values():
            self._look_again(unit)

    def _look_again(self, unit: AnyUnit) -> None:
        """Have the unit looked at when something is due by itself."""
        if (earlier := self._due.pop(unit.device_id, None)) is not None:
            earlier.cancel()
        if (in_s := unit.look_again_s()) is not None and self._lifecycle is Lifecycle.RUNNING:
            # In a context of its own: it is not done for whoever happened to ask just now.
            self._due[unit.device_id] = self._loop.call_later(
                in_s, lambda: self._observed([(unit, unit.status)]), context=Context()
            )

    def _tell(self, events: Iterable[DeviceEvent]) -> None:
        for event in events:
            self._on_event(event)
