"""All devices of a till: connects them, serves their calls, and tells what changes.

One `on_event` on the event loop hears every edge, in order; who wants more asks for snapshots.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import entry_points
from typing import Final, TypeVar, TypeVarTuple

import msgspec

from tillhald.devices.categories import (
    CashDrawer,
    Category,
    DrawerOnPrinterDriver,
    DrawerStatus,
    Driver,
    FailedBeforeStart,
    KickFailed,
    KickOutcome,
    KickUnknown,
    PosPrinter,
    PowerState,
    PrinterCapabilities,
    PrinterDriver,
    PrinterStatus,
    PrintOutcome,
    Reading,
    Trouble,
    Unconfirmed,
)
from tillhald.devices.errors import DeviceError, DeviceUnknown, RetrySafety
from tillhald.devices.events import (
    ConditionBegan,
    ConditionEnded,
    DeviceEvent,
    DrawerClosed,
    DrawerOpened,
    PowerChanged,
    PrintConfirmedLate,
)
from tillhald.devices.health import (
    DRIVER_FAILED,
    Condition,
    Lifecycle,
    Presence,
    Severity,
    Signs,
    State,
    signs_of,
)
from tillhald.devices.options import Shown
from tillhald.devices.port import Port
from tillhald.domain.document import PrintDocument
from tillhald.domain.preflight import Problem

T = TypeVar("T")
Args = TypeVarTuple("Args")

ENTRY_POINT_GROUP: Final = "tillhal.drivers"
KICK_OPENS_MS_MAX: Final = 2_000
"""A drawer that opens so long after a kick was opened by it; later, by a key or a hand."""


class DeviceConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One device as the configuration has it; `options` are of the driver's own type."""

    driver: Shown
    options: msgspec.Struct


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
    status: PrinterStatus | DrawerStatus
    capabilities: PrinterCapabilities | None


# --- what hangs on a port ----------------------------------------------------------------------


class _Printer:
    def __init__(self, device_id: str, config: DeviceConfig, printer: PosPrinter) -> None:
        self.device_id = device_id
        self.config = config
        self.device = printer
        self.status = printer.status(0)  # replaced on the port's thread, read anywhere
        self.calls = 0
        self.seen = False
        self.power = PowerState.UNKNOWN
        self.signs: Signs = {}
        self.conditions: dict[str, Condition] = {}


class _Drawer:
    def __init__(self, device_id: str, config: DeviceConfig, drawer: CashDrawer) -> None:
        self.device_id = device_id
        self.config = config
        self.device = drawer
        self.status = drawer.status()
        self.calls = 0
        self.open: bool | None = None
        self.kicked_ms: int | None = None


class _Station:
    """One port with its printer and the drawers on that."""

    def __init__(self, port: Port, where: str, printer: _Printer) -> None:
        self.port = port
        self.where = where
        self.printer = printer
        self.drawers: dict[str, _Drawer] = {}
        self.said: tuple[object, ...] = ()


def load_drivers() -> dict[str, Driver]:
    """All installed drivers by name: the entry points of the group `tillhal.drivers`."""
    return {point.name: point.load() for point in entry_points(group=ENTRY_POINT_GROUP)}


def config_faults(configs: Mapping[str, DeviceConfig], drivers: Mapping[str, Driver]) -> list[str]:
    """Every mistake between devices, as a sentence with the device's table."""
    faults = []
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
                unit = _Printer(device_id, config, printer)
                self._stations[device_id] = _Station(port, where, unit)
        for device_id, config in configs.items():
            driver = drivers[config.driver]
            if isinstance(driver, DrawerOnPrinterDriver):
                station = self._stations[driver.printer_of(config.options)]
                drawer = driver.connect(device_id, config.options, station.printer.device)
                station.drawers[device_id] = _Drawer(device_id, config, drawer)

    async def start(self) -> None:
        """Start one thread for each port; connecting goes on there."""
        self._loop = asyncio.get_running_loop()
        for station in self._stations.values():
            station.port.start(
                turn=self._turn_of(station),
                end=station.printer.device.close,
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
        return self._station(device_id).printer.device.check(document)

    async def print(
        self, device_id: str, document: PrintDocument, *, deadline_s: float
    ) -> PrintOutcome:
        """Print once and say what became of it. Raises only DeviceUnknown."""
        station = self._station(device_id)
        printer = station.printer
        try:
            return await self._call(
                station, printer, printer.device.print, document, deadline_s=deadline_s
            )
        except DeviceError as error:
            if error.retry_safety is RetrySafety.UNKNOWN:
                return Unconfirmed(Trouble(error.reason), "")
            return FailedBeforeStart(Trouble(error.reason), error.retry_safety)
        except Exception as error:  # noqa: BLE001 - a driver's mistake must not end the till
            self._driver_failed(station, error)
            return Unconfirmed(Trouble.DRIVER_FAILED, "")

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
            self._driver_failed(station, error)
            return KickUnknown(Trouble.DRIVER_FAILED)
        drawer.kicked_ms = self._now_ms()
        return outcome

    async def _call(
        self,
        station: _Station,
        unit: _Printer | _Drawer,
        work: Callable[[*Args, float], T],
        *args: *Args,
        deadline_s: float,
    ) -> T:
        unit.calls += 1
        try:
            return await station.port.call(work, *args, deadline_s=deadline_s)
        finally:
            unit.calls -= 1

    def _station(self, device_id: str) -> _Station:
        station = self._stations.get(device_id)
        if station is None:
            message = f"{device_id} is not a configured printer"
            raise DeviceUnknown(message, device_id=device_id)
        return station

    def _drawer(self, device_id: str) -> tuple[_Station, _Drawer]:
        for station in self._stations.values():
            if device_id in station.drawers:
                return station, station.drawers[device_id]
        message = f"{device_id} is not a configured drawer"
        raise DeviceUnknown(message, device_id=device_id)

    # --- snapshots ---

    def snapshot(self) -> list[DeviceSnapshot]:
        """Every device as it is now, printers before their drawers."""
        return [shot for station in self._stations.values() for shot in self._shots(station)]

    def device(self, device_id: str) -> DeviceSnapshot:
        """One device as it is now. Raises DeviceUnknown."""
        for shot in self.snapshot():
            if shot.device_id == device_id:
                return shot
        message = f"{device_id} is not a configured device"
        raise DeviceUnknown(message, device_id=device_id)

    def _shots(self, station: _Station) -> Iterator[DeviceSnapshot]:
        printer = station.printer
        seen = Presence.ABSENT if printer.seen else Presence.NEVER_SEEN
        presence = Presence.PRESENT if printer.status.connected else seen
        conditions = tuple(printer.conditions.values())
        broken = station.port.stuck or any(c.severity is Severity.ERROR for c in conditions)
        yield DeviceSnapshot(
            device_id=printer.device_id,
            category=Category.POS_PRINTER,
            driver=printer.config.driver,
            port=station.where,
            lifecycle=self._lifecycle,
            state=_state(printer.calls, broken=broken),
            power=printer.power,
            presence=presence,
            conditions=conditions,
            status=printer.status,
            capabilities=printer.device.capabilities,
        )
        for drawer in station.drawers.values():
            yield DeviceSnapshot(
                device_id=drawer.device_id,
                category=Category.CASH_DRAWER,
                driver=drawer.config.driver,
                port=f"on {printer.device_id}",
                lifecycle=self._lifecycle,
                state=_state(drawer.calls, broken=station.port.stuck),
                power=printer.power,
                presence=presence,
                conditions=(),
                status=drawer.status,
                capabilities=None,
            )

    # --- on a port's thread ---

    def _turn_of(self, station: _Station) -> Callable[[float], None]:
        def turn(timeout_s: float) -> None:
            tickets = station.printer.device.poll(timeout_s)
            if tickets:
                self._post(lambda: self._confirmed_late(station, tickets))
            status = station.printer.status = station.printer.device.status(0)
            drawers = {}
            for name, drawer in station.drawers.items():
                drawers[name] = drawer.status = drawer.device.status()
            saying = _without_ages(status, *drawers.values())
            if saying != station.said:
                station.said = saying
                self._post(lambda: self._observed(station, status, drawers))

        return turn

    def _bug_of(self, station: _Station) -> Callable[[Exception], None]:
        def tell(error: Exception) -> None:
            station.said = ()  # so that the next turn that goes well ends the condition
            self._post(lambda: self._driver_failed(station, error))

        return tell

    def _post(self, tell: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody listens any more
            self._loop.call_soon_threadsafe(tell)

    # --- on the loop ---

    def _observed(
        self, station: _Station, status: PrinterStatus, drawers: dict[str, DrawerStatus]
    ) -> None:
        printer, at_ms = station.printer, self._now_ms()
        printer.seen |= status.connected
        power = status.power.value or PowerState.UNKNOWN
        if power is not printer.power:
            printer.power = power
            self._on_event(PowerChanged(device_id=printer.device_id, at_ms=at_ms, power=power))
        self._hold_against(printer, signs_of(status), at_ms)
        for name, drawer_status in drawers.items():
            self._drawer_observed(station.drawers[name], drawer_status, at_ms)

    def _hold_against(self, printer: _Printer, signs: Signs, at_ms: int) -> None:
        """Begin and end conditions so that they are those of `signs`."""
        for code in [code for code in printer.conditions if code not in signs]:
            ended = printer.conditions.pop(code)
            event = ConditionEnded(device_id=printer.device_id, at_ms=at_ms, condition=ended)
            self._on_event(event)
        for code, (severity, evidence) in signs.items():
            if code in printer.conditions:
                continue
            began = Condition(code=code, severity=severity, since_ms=at_ms, evidence=evidence)
            printer.conditions[code] = began
            self._on_event(
                ConditionBegan(device_id=printer.device_id, at_ms=at_ms, condition=began)
            )

    def _drawer_observed(self, drawer: _Drawer, status: DrawerStatus, at_ms: int) -> None:
        was_open, is_open = drawer.open, status.open.value
        if is_open is None or is_open == was_open:
            return
        drawer.open = is_open
        if not is_open:
            if was_open is not None:  # the first reading of all is no edge
                self._on_event(DrawerClosed(device_id=drawer.device_id, at_ms=at_ms))
            return
        kicked_ms, drawer.kicked_ms = drawer.kicked_ms, None
        kicked = drawer.calls > 0 or (
            kicked_ms is not None and at_ms - kicked_ms <= KICK_OPENS_MS_MAX
        )
        self._on_event(DrawerOpened(device_id=drawer.device_id, at_ms=at_ms, kicked=kicked))

    def _confirmed_late(self, station: _Station, tickets: list[str]) -> None:
        device_id, at_ms = station.printer.device_id, self._now_ms()
        for ticket in tickets:
            self._on_event(PrintConfirmedLate(device_id=device_id, at_ms=at_ms, ticket=ticket))

    def _driver_failed(self, station: _Station, error: Exception) -> None:
        evidence = f"{type(error).__name__}: {error}"
        signs = signs_of(station.printer.status) | {DRIVER_FAILED: (Severity.ERROR, evidence)}
        self._hold_against(station.printer, signs, self._now_ms())


def _state(calls: int, *, broken: bool) -> State:
    if broken:
        return State.ERROR
    return State.BUSY if calls else State.IDLE


def _without_ages(*statuses: PrinterStatus | DrawerStatus) -> tuple[object, ...]:
    values = [value for status in statuses for value in msgspec.structs.astuple(status)]
    return tuple((v.value, v.how) if isinstance(v, Reading) else v for v in values)
