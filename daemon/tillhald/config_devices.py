"""The tables [devices.NAME] of a configuration."""

from __future__ import annotations

from tillhald.devices.backup import take_backup
from tillhald.devices.categories import Category
from tillhald.devices.finding import find_drivers
from tillhald.devices.options import DrawerOptions
from tillhald.devices.specs import DrawerOnPrinterDriver, Driver
from tillhald.devices.stations import config_faults
from tillhald.devices.unit import DeviceConfig
from tillhald.domain.statistics import STATISTICS
from tillhald.tables import convert, meant

DEVICES_MAX = 64


def devices_of(
    tables: object, mistakes: list[str]
) -> tuple[dict[str, DeviceConfig], dict[str, str]]:
    """The devices, and why others are left out."""
    devices: dict[str, DeviceConfig] = {}
    left_out: dict[str, str] = {}
    if not isinstance(tables, dict):
        mistakes.append("devices: tables like [devices.front_printer] are needed")
        return devices, left_out
    if len(tables) > DEVICES_MAX:
        mistakes.append(f"devices: at most {DEVICES_MAX}")
    drivers, broken = find_drivers()
    known = sorted(drivers)
    for name, table in tables.items():
        where = f"devices.{name}"
        if not isinstance(table, dict) or not isinstance(table.get("driver"), str):
            mistakes.append(f"{where}: `driver` is needed, one of {', '.join(known)}")
            continue
        options = dict(table)
        driver = options.pop("driver")
        if driver in broken:
            left_out[name] = f"driver `{driver}` cannot be loaded: {broken[driver]}"
            continue
        if driver not in drivers:
            mistakes.append(f"{where}: unknown driver `{driver}`{meant(driver, known)}")
            continue
        backup = take_backup(where, options, mistakes)
        category = drivers[driver].category
        maintenance = _maintenance(where, options.pop("maintenance", {}), category, mistakes)
        converted = convert(where, options, drivers[driver].options_type, mistakes)
        if converted is not None:
            devices[name] = DeviceConfig(
                driver=driver, options=converted, maintenance=maintenance, backup=backup
            )
    _leave_out_what_hangs_on(left_out, devices, drivers)
    unread = tables.keys() - devices.keys() - left_out.keys()
    mistakes.extend(config_faults(devices, drivers, unread))
    return devices, left_out


def _leave_out_what_hangs_on(
    left_out: dict[str, str], devices: dict[str, DeviceConfig], drivers: dict[str, Driver]
) -> None:
    for name, device in list(devices.items()):
        driver = drivers[device.driver]
        if isinstance(driver, DrawerOnPrinterDriver):
            assert isinstance(device.options, DrawerOptions), "a drawer's options"
            host = driver.printer_of(device.options)
            if host in left_out:
                left_out[name] = f"it hangs on {host}, which is left out"
                del devices[name]


def _maintenance(
    where: str, table: object, category: Category, mistakes: list[str]
) -> dict[str, int]:
    """By the name of a statistic, the count at which a person is to see to the device."""
    if not isinstance(table, dict):
        mistakes.append(f"{where}.maintenance: a table is needed")
        return {}
    known = STATISTICS.get(category.value, ())
    for name, count in table.items():
        if name not in known:
            close = meant(name, list(known))
            mistakes.append(f"{where}.maintenance: unknown statistic `{name}`{close}")
        elif type(count) is not int or count < 1:
            mistakes.append(f"{where}.maintenance.{name}: a whole number above zero is needed")
    return table
