"""Finds the drivers that are installed: entry points of the group `tillhal.drivers`.

Packages of other people are among them. One that cannot be loaded is named, and the till starts
without it: a printer of slips for the kitchen must not keep the shop shut.
"""

from __future__ import annotations

import dataclasses
from importlib.metadata import entry_points
from typing import Final, NamedTuple, cast

from tillhald.devices.categories import Category
from tillhald.devices.specs import Driver

ENTRY_POINT_GROUP: Final = "tillhal.drivers"


class Found(NamedTuple):
    """Drivers by name; `broken` says of the others, by name, what is wrong with them."""

    drivers: dict[str, Driver]
    broken: dict[str, str]


def find_drivers() -> Found:
    """Import what is installed. Never raises for what is wrong with a package."""
    found = Found({}, {})
    for point in entry_points(group=ENTRY_POINT_GROUP):
        try:
            driver = point.load()
        except Exception as error:  # noqa: BLE001 - whatever somebody else's package does
            found.broken[point.name] = f"{type(error).__name__}: {error}"
            continue
        if _is_driver(driver):
            found.drivers[point.name] = cast("Driver", driver)
        else:
            found.broken[point.name] = f"{point.value} is no driver of a known category"
    return found


def _is_driver(found: object) -> bool:
    category = getattr(found, "category", None)
    is_whole = dataclasses.is_dataclass(found) and hasattr(found, "options_type")
    return is_whole and isinstance(category, Category)


def load_drivers() -> dict[str, Driver]:
    """All drivers that can be loaded, by name."""
    return find_drivers().drivers
