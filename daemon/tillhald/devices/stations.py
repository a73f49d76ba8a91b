"""Devices built from a configuration: one station for each port, with what hangs on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from tillhald.devices.backup import backup_faults
from tillhald.devices.drawer_unit import DrawerUnit, WiredDrawerUnit
from tillhald.devices.options import DrawerOptions
from tillhald.devices.port import Port
from tillhald.devices.printer_unit import PrinterUnit
from tillhald.devices.scanner_unit import ScannerUnit
from tillhald.devices.specs import (
    DrawerDriver,
    DrawerOnPrinterDriver,
    Driver,
    PowerDriver,
    PrinterDriver,
    ScannerDriver,
)
from tillhald.devices.unit import DeviceConfig, PortUnit, Unit

AnyUnit = Unit[Any]
WithPort = (
    PrinterDriver[msgspec.Struct] | DrawerDriver[DrawerOptions] | ScannerDriver[msgspec.Struct]
)


class Change(NamedTuple):
    """What a new configuration does, by the names of devices."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]

    def __bool__(self) -> bool:
        """Whether it does anything."""
        return any(self)


class Station:
    """One port: the device that it leads to, and what hangs on that."""

    def __init__(self, port: Port, host: PortUnit[Any]) -> None:
        self.port = port
        self.host = host
        self.units: dict[str, AnyUnit] = {host.device_id: host}
        self.said: list[object] = []

    @property
    def drawers(self) -> list[DrawerUnit]:
        """Those of its units."""
        return [unit for unit in self.units.values() if isinstance(unit, DrawerUnit)]


Stations = dict[str, Station]
"""By the name of their ports, which is the name of the device that a port leads to."""


def config_faults(
    configs: Mapping[str, DeviceConfig],
    drivers: Mapping[str, Driver],
    unread: Iterable[str] = (),
) -> list[str]:
    """Every mistake between devices, as a sentence with the device's table. `unread` are devices
    whose own tables are mistaken: each may be the printer that another one names."""
    faults = []
    printers = dict.fromkeys(unread, True) | {
        name: isinstance(drivers.get(config.driver), PrinterDriver)
        for name, config in configs.items()
    }
    for device_id, config in configs.items():
        driver = drivers.get(config.driver)
        if driver is None:
            known = ", ".join(sorted(drivers))
            faults.append(f"devices.{device_id}: no driver {config.driver!r}; known are {known}")
        elif isinstance(driver, DrawerOnPrinterDriver):
            name = driver.printer_of(_drawer_options(config))
            if not printers.get(name):
                faults.append(f"devices.{device_id}: printer {name!r} is not a configured printer")
        if config.backup is not None:
            faults += backup_faults(device_id, config.backup, printers)
    return faults


def build(configs: Mapping[str, DeviceConfig], drivers: Mapping[str, Driver]) -> Stations:
    """Every device, driven by nobody yet; no I/O but a driver's own files. Raises ValueError."""
    faults = config_faults(configs, drivers)
    if faults:
        raise ValueError("; ".join(faults))
    stations: Stations = {}
    try:
        for device_id, config in configs.items():
            driver = drivers[config.driver]
            # A UPS has no port: what knows of it lives on the event loop (service.power).
            if not isinstance(driver, DrawerOnPrinterDriver | PowerDriver):
                port = Port(device_id)
                stations[device_id] = Station(port, _host_of(driver, config, port))
    except BaseException:
        forget(stations)
        raise
    for device_id, config in configs.items():
        driver = drivers[config.driver]
        if isinstance(driver, DrawerOnPrinterDriver):
            options = _drawer_options(config)
            station = stations[driver.printer_of(options)]
            assert isinstance(station.host, PrinterUnit), "config_faults has seen to it"
            drawer = driver.connect(device_id, options, station.host.device)
            station.units[device_id] = DrawerUnit(device_id, config, drawer)
    for station in stations.values():
        _share_switch(station.drawers)
    return stations


def forget(stations: Stations) -> None:
    """Throw away what was built, and never driven."""
    for station in stations.values():
        station.port.wake.close()


def _host_of(driver: WithPort, config: DeviceConfig, port: Port) -> PortUnit[Any]:
    """The device that has this port. A new kind of such devices has its line here.

    Raises ValueError, with the device's table, for what its driver cannot read or will not have.
    """
    try:
        match driver:
            case PrinterDriver():
                printer = driver.connect(port.name, config.options, port.wake)
                return PrinterUnit(port.name, config, printer, driver.port_of(config.options))
            case DrawerDriver():
                options = _drawer_options(config)
                drawer = driver.connect(port.name, options, port.wake)
                return WiredDrawerUnit(port.name, config, drawer, driver.port_of(options))
            case ScannerDriver():
                scanner = driver.connect(port.name, config.options, port.wake)
                return ScannerUnit(port.name, config, scanner, driver.port_of(config.options))
    except (OSError, ValueError) as error:
        port.wake.close()
        message = f"devices.{port.name}: {error}"
        raise ValueError(message) from error
    except BaseException:
        port.wake.close()
        raise


def _drawer_options(config: DeviceConfig) -> DrawerOptions:
    assert isinstance(config.options, DrawerOptions), "a drawer's options"
    return config.options


def _share_switch(drawers: list[DrawerUnit]) -> None:
    """A printer has one input for the switches of all its drawers; one without has no part."""
    sharing = [unit for unit in drawers if unit.has_switch]
    for unit in sharing:
        unit.beside = sharing
