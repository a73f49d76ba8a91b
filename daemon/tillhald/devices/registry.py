"""All devices of a till: connects them, serves their calls, and tells what changes.

One `on_event` on the event loop hears every edge, in order; who wants more asks for snapshots.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar, TypeVarTuple

import msgspec

from tillhald.devices.categories import (
    Category,
    DrawerOnPrinterDriver,
    Driver,
    FailedBeforeStart,
    IdentityStrength,
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
from tillhald.domain.devices import Identity
from tillhald.domain.document import PrintDocument
from tillhald.domain.preflight import Problem

T = TypeVar("T")
Args = TypeVarTuple("Args")
AnyUnit = Unit[Any]


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
    identity: Identity
    identity_strength: IdentityStrength
    maintenance: dict[str, int]


class Change(NamedTuple):
    """What a new configuration does, by the names of devices."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]

    def __bool__(self) -> bool:
        """Whether it does anything."""
        return any(self)


class _Station:
    """One port: the device that it leads to, and what hangs on that."""

    def __init__(self, port: Port, host: PortUnit[Any]) -> None:
        self.port = port
        self.host = host
        self.units: dict[str, AnyUnit] = {host.device_id: host}
        self.said: list[object] = []


Prepared = dict[str, _Station]
"""Devices that are built and not driven yet, by the name of their ports."""


def _host_of(
    driver: PrinterDriver[msgspec.Struct], config: DeviceConfig, port: Port
) -> PortUnit[Any]:
    """The device that has this port. A new kind of such devices has its line here.

    Raises ValueError, with the device's table, for what its driver cannot read or will not have.
    """
    try:
        printer = driver.connect(port.name, config.options, port.wake)
        return PrinterUnit(port.name, config, printer, driver.port_of(config.options))
    except (OSError, ValueError) as error:
        port.wake.close()
        message = f"devices.{port.name}: {error}"
        raise ValueError(message) from error
    except BaseException:
        port.wake.close()
        raise


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
        """Build every device; no I/O but a driver's own files. Raises ValueError.

        `now_ms` is wall time for conditions and events; `on_event` is called on the loop.
        """
        self._now_ms = now_ms
        self._on_event = on_event
        self._lifecycle = Lifecycle.CONFIGURED
        self._configs = dict(configs)
        self._stations = self._build(configs, drivers)

    def _build(
        self, configs: Mapping[str, DeviceConfig], drivers: Mapping[str, Driver]
    ) -> dict[str, _Station]:
        faults = config_faults(configs, drivers)
        if faults:
            raise ValueError("; ".join(faults))
        stations: dict[str, _Station] = {}
        try:
            for device_id, config in configs.items():
                driver = drivers[config.driver]
                if not isinstance(driver, DrawerOnPrinterDriver):
                    port = Port(device_id)
                    stations[device_id] = _Station(port, _host_of(driver, config, port))
        except BaseException:
            self.forget(stations)
            raise
        for device_id, config in configs.items():
            driver = drivers[config.driver]
            if isinstance(driver, DrawerOnPrinterDriver):
                station = stations[driver.printer_of(config.options)]
                host = station.host
                assert isinstance(host, PrinterUnit), "config_faults has seen to it"
                drawer = driver.connect(device_id, config.options, host.device)
                station.units[device_id] = DrawerUnit(device_id, config, drawer)
        return stations

    async def start(self) -> None:
        """Start one thread for each port; connecting goes on there."""
        self._loop = asyncio.get_running_loop()
        for station in self._stations.values():
            self._start(station)
        self._lifecycle = Lifecycle.RUNNING

    def _start(self, station: _Station) -> None:
        station.port.start(
            turn=self._turn_of(station), end=station.host.close, on_bug=self._bug_of(station)
        )

    async def close(self) -> list[str]:
        """Let go of all devices at once, in about a second; the names of those that are stuck."""
        stuck = await self._close(self._stations)
        self._lifecycle = Lifecycle.CLOSED
        return stuck

    async def _close(self, stations: Mapping[str, _Station]) -> list[str]:
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

    def touched_by(self, change: Change, new: Prepared) -> set[str]:
        """The devices that are let go of, or driven anew: also what shares a port with those."""
        named = {*change.added, *change.changed, *change.removed}
        stations = [*self._stations.values(), *new.values()]
        touched = (set(each.units) for each in stations if named & set(each.units))
        return named.union(*touched)

    def prepare(
        self, configs: Mapping[str, DeviceConfig], drivers: Mapping[str, Driver]
    ) -> Prepared:
        """Build every device anew, and touch none. Raises ValueError."""
        return self._build(configs, drivers)

    def forget(self, new: Prepared) -> None:
        """Throw away what `prepare` built."""
        for station in new.values():
            station.port.wake.close()

    async def reconfigure(
        self, configs: Mapping[str, DeviceConfig], new: Prepared, touched: set[str]
    ) -> list[str]:
        """Drive the devices that `prepare` built; those that are not touched stay as they are.

        No deed may be under way on what is touched. The names of the ports that are stuck.
        """
        old = self._stations
        leaving = {name: station for name, station in old.items() if name in touched}
        stuck = await self._close(leaving)
        self._configs = dict(configs)
        self._stations = {}
        for name, station in new.items():
            kept = old.get(name)
            self._stations[name] = station if kept is None or name in leaving else kept
        for name, station in new.items():
            if self._stations[name] is station:
                self._start(station)
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
        self, device_id: str, document: PrintDocument, *, deadline_s: float
    ) -> PrintOutcome:
        """Print once and say what became of it. Raises only DeviceUnknown."""
        station, printer = self._printer(device_id)
        try:
            return await self._call(
                station, printer, printer.device.print, document, deadline_s=deadline_s
            )
        except DeviceError as error:
            if error.retry_safety is RetrySafety.UNKNOWN:
                return Unconfirmed(Trouble(error.reason), "")
            return FailedBeforeStart(Trouble(error.reason), error.retry_safety)
        except Exception as error:  # noqa: BLE001 - a driver's mistake must not end the till
            self._tell(station.host.failed(error, self._now_ms()))
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
        unit.calls += 1
        try:
            return await station.port.call(work, *args, deadline_s=deadline_s)
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

    async def ask(self, device_id: str, *, deadline_s: float) -> None:
        """Have the device say how it is now; `device` tells. Raises DeviceError, DeviceUnknown."""
        station, unit = self._unit(device_id)
        try:
            await self._call(station, unit, station.host.ask, deadline_s=deadline_s)
        except DeviceError:
            raise
        except Exception as error:  # noqa: BLE001 - a driver's mistake must not end the till
            self._tell(station.host.failed(error, self._now_ms()))

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
            identity=unit.identity if isinstance(unit, PortUnit) else Identity(),
            identity_strength=host.identity_strength,
            maintenance=unit.config.maintenance,
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
