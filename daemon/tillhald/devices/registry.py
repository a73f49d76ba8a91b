"""All devices of a till: connects them, serves their calls, and tells what changes.

One `on_event` on the event loop hears every edge, in order; who wants more asks for snapshots.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any, Final, TypeVar, TypeVarTuple

import msgspec

from tillhald.devices.backup import Backup, backup_faults
from tillhald.devices.categories import (
    Category,
    DrawerOnPrinterDriver,
    Driver,
    FailedBeforeStart,
    KickFailed,
    KickOutcome,
    KickUnknown,
    PowerState,
    PrinterCapabilities,
    PrinterDriver,
    PrintOutcome,
    Reading,
    Trouble,
    Unconfirmed,
)
from tillhald.devices.drawer_unit import DrawerUnit
from tillhald.devices.errors import DeviceError, DeviceUnknown, RetrySafety
from tillhald.devices.events import DeviceEvent
from tillhald.devices.health import Condition, Lifecycle, Presence, Severity, State
from tillhald.devices.port import Port
from tillhald.devices.printer_unit import PrinterUnit
from tillhald.devices.unit import DeviceConfig, PortUnit, Status, Unit
from tillhald.domain.document import PrintDocument
from tillhald.domain.preflight import Problem

T = TypeVar("T")
Args = TypeVarTuple("Args")
AnyUnit = Unit[Any]

ENTRY_POINT_GROUP: Final = "tillhal.drivers"


class DeviceSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """All axes of one device. `capabilities` only of a printer; a drawer's power is its host's."""

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
    capabilities: PrinterCapabilities | None


class _Station:
    """One port: the device that it leads to, and what hangs on that."""

    def __init__(self, port: Port, host: PortUnit[Any]) -> None:
        self.port = port
        self.host = host
        self.units: dict[str, AnyUnit] = {host.device_id: host}
        self.said: list[object] = []


def load_drivers() -> dict[str, Driver]:
    """All installed drivers by name: the entry points of the group `tillhal.drivers`."""
    return {point.name: point.load() for point in entry_points(group=ENTRY_POINT_GROUP)}


def config_faults(configs: Mapping[str, DeviceConfig], drivers: Mapping[str, Driver]) -> list[str]:
    """Every mistake between devices, as a sentence with the device's table."""
    faults = []
    printers = {
        name: isinstance(drivers.get(config.driver), PrinterDriver)
        for name, config in configs.items()
    }
    for device_id, config in configs.items():
        driver = drivers.get(config.driver)
        if driver is None:
            known = ", ".join(sorted(drivers))
            faults.append(f"devices.{device_id}: no driver {config.driver!r}; known are {known}")
        elif isinstance(driver, DrawerOnPrinterDriver):
            host = configs.get(driver.printer_of(config.options))
            host_driver = drivers.get(host.driver) if host is not None else None
            if not isinstance(host_driver, PrinterDriver):
                name = driver.printer_of(config.options)
                faults.append(f"devices.{device_id}: printer {name!r} is not a configured printer")
        if config.backup is not None:
            faults += backup_faults(device_id, config.backup, printers)
    return faults


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
        """Build every device; no I/O but a driver's own files. Raises ValueError, OSError.

        `now_ms` is wall time for conditions and events; `on_event` is called on the loop.
        """
        faults = config_faults(configs, drivers)
        if faults:
            raise ValueError("; ".join(faults))
        self._now_ms = now_ms
        self._on_event = on_event
        self._lifecycle = Lifecycle.CONFIGURED
        self._stations: dict[str, _Station] = {}
        for device_id, config in configs.items():
            driver = drivers[config.driver]
            if isinstance(driver, PrinterDriver):
                port = Port(device_id)
                printer = driver.connect(device_id, config.options, port.wake)
                where = driver.port_of(config.options)
                unit = PrinterUnit(device_id, config, printer, where)
                self._stations[device_id] = _Station(port, unit)
        for device_id, config in configs.items():
            driver = drivers[config.driver]
            if isinstance(driver, DrawerOnPrinterDriver):
                station, host = self._printer(driver.printer_of(config.options))
                drawer = driver.connect(device_id, config.options, host.device)
                station.units[device_id] = DrawerUnit(device_id, config, drawer)

    async def start(self) -> None:
        """Start one thread for each port; connecting goes on there."""
        self._loop = asyncio.get_running_loop()
        for station in self._stations.values():
            station.port.start(
                turn=self._turn_of(station),
                end=station.host.close,
                on_bug=self._bug_of(station),
            )
        self._lifecycle = Lifecycle.RUNNING

    async def close(self) -> list[str]:
        """Let go of all devices at once, in about a second; the names of those that are stuck."""
        stations = list(self._stations.items())
        ended = await asyncio.gather(*(station.port.close() for _, station in stations))
        self._lifecycle = Lifecycle.CLOSED
        return [name for (name, _), well in zip(stations, ended, strict=True) if not well]

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
        deadline_s: float,
    ) -> PrintOutcome:
        """Print once and say what became of it. Raises only DeviceUnknown."""
        station, printer = self._printer(device_id)
        work: Callable[[PrintDocument, float], PrintOutcome] = printer.device.print
        if cuts_before is not None:
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
        drawer.kicked_ms = self._now_ms()
        try:
            outcome = await self._call(
                station, drawer, drawer.device.kick, now, deadline_s=deadline_s
            )
        except DeviceError as error:
            if error.retry_safety is RetrySafety.UNKNOWN:
                return KickUnknown(Trouble(error.reason))
            return KickFailed(Trouble(error.reason), error.retry_safety)
        except Exception as error:  # noqa: BLE001 - a driver's mistake must not end the till
            self._tell(station.host.failed(error, self._now_ms()))
            return KickUnknown(Trouble.DRIVER_FAILED)
        drawer.kicked_ms = self._now_ms()
        return outcome

    async def _call(
        self,
        station: _Station,
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

    def _printer(self, device_id: str) -> tuple[_Station, PrinterUnit]:
        station, unit = self._unit(device_id)
        if isinstance(unit, PrinterUnit):
            return station, unit
        message = f"{device_id} is no printer"
        raise DeviceUnknown(message, device_id=device_id)

    def _drawer(self, device_id: str) -> tuple[_Station, DrawerUnit]:
        station, unit = self._unit(device_id)
        if isinstance(unit, DrawerUnit):
            return station, unit
        message = f"{device_id} is no drawer"
        raise DeviceUnknown(message, device_id=device_id)

    def _unit(self, device_id: str) -> tuple[_Station, AnyUnit]:
        for station in self._stations.values():
            if (unit := station.units.get(device_id)) is not None:
                return station, unit
        message = f"{device_id} is not a configured device"
        raise DeviceUnknown(message, device_id=device_id)

    # --- snapshots ---

    def snapshot(self) -> list[DeviceSnapshot]:
        """Every device as it is now, what leads to a port before what hangs on it."""
        return [shot for station in self._stations.values() for shot in self._shots(station)]

    def device(self, device_id: str) -> DeviceSnapshot:
        """One device as it is now. Raises DeviceUnknown."""
        station, unit = self._unit(device_id)
        return self._shot(station, unit)

    def _shots(self, station: _Station) -> Iterator[DeviceSnapshot]:
        return (self._shot(station, unit) for unit in station.units.values())

    def _shot(self, station: _Station, unit: AnyUnit) -> DeviceSnapshot:
        host = station.host
        conditions = tuple(unit.conditions.values())
        broken = station.port.stuck or any(c.severity is Severity.ERROR for c in conditions)
        return DeviceSnapshot(
            device_id=unit.device_id,
            category=unit.category,
            driver=unit.config.driver,
            port=host.where if unit is host else f"on {host.device_id}",
            lifecycle=self._lifecycle,
            state=_state(unit.calls, broken=broken),
            power=host.power,
            presence=host.presence,
            conditions=conditions,
            status=unit.status,
            capabilities=unit.capabilities,
        )

    # --- on a port's thread ---

    def _turn_of(self, station: _Station) -> Callable[[float], None]:
        def turn(timeout_s: float) -> None:
            told = station.host.poll(timeout_s, self._now_ms)
            if told:
                self._post(lambda: self._tell(told))
            read: list[tuple[AnyUnit, Status]] = []
            for unit in tuple(station.units.values()):
                unit.status = unit.read()
                read.append((unit, unit.status))
            saying = [value for _, status in read for value in _without_ages(status)]
            if saying != station.said:
                station.said = saying
                self._post(lambda: self._observed(read))

        return turn

    def _bug_of(self, station: _Station) -> Callable[[Exception], None]:
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

    def _tell(self, events: Iterable[DeviceEvent]) -> None:
        for event in events:
            self._on_event(event)


def _state(calls: int, *, broken: bool) -> State:
    if broken:
        return State.ERROR
    return State.BUSY if calls else State.IDLE


def _without_ages(status: Status) -> Iterator[object]:
    for value in msgspec.structs.astuple(status):
        yield (value.value, value.how) if isinstance(value, Reading) else value
