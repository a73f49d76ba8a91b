"""What a driver's package gives to the till. See docs/howto/add-a-driver.md."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

import msgspec

from tillhald.devices.categories import (
    BarcodeScanner,
    CashDrawer,
    Category,
    PosPrinter,
    WiredDrawer,
)
from tillhald.devices.options import DrawerOptions
from tillhald.devices.power_supply import PowerSource
from tillhald.devices.wake import Wake

Options = TypeVar("Options", bound=msgspec.Struct)
OfDrawer = TypeVar("OfDrawer", bound=DrawerOptions)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PrinterDriver(Generic[Options]):
    """How to make a printer with a port of its own. `connect` does no I/O, `port_of` names it."""

    options_type: type[Options]
    connect: Callable[[str, Options, Wake], PosPrinter]
    port_of: Callable[[Options], str]
    category: ClassVar[Category] = Category.POS_PRINTER


@dataclasses.dataclass(frozen=True, kw_only=True)
class DrawerOnPrinterDriver(Generic[OfDrawer]):
    """How to make a drawer that hangs on a printer and shares its port."""

    options_type: type[OfDrawer]
    printer_of: Callable[[OfDrawer], str]
    connect: Callable[[str, OfDrawer, PosPrinter], CashDrawer]
    category: ClassVar[Category] = Category.CASH_DRAWER


@dataclasses.dataclass(frozen=True, kw_only=True)
class DrawerDriver(Generic[OfDrawer]):
    """How to make a drawer with a port of its own. `connect` does no I/O, `port_of` names it."""

    options_type: type[OfDrawer]
    connect: Callable[[str, OfDrawer, Wake], WiredDrawer]
    port_of: Callable[[OfDrawer], str]
    category: ClassVar[Category] = Category.CASH_DRAWER


@dataclasses.dataclass(frozen=True, kw_only=True)
class ScannerDriver(Generic[Options]):
    """How to make a scanner with a port of its own. `connect` does no I/O, `port_of` names it."""

    options_type: type[Options]
    connect: Callable[[str, Options, Wake], BarcodeScanner]
    port_of: Callable[[Options], str]
    category: ClassVar[Category] = Category.SCANNER


@dataclasses.dataclass(frozen=True, kw_only=True)
class PowerDriver(Generic[Options]):
    """How to make a source of what UPSes say. `connect` does no I/O but a driver's own files."""

    options_type: type[Options]
    connect: Callable[[str, Options], PowerSource]
    category: ClassVar[Category] = Category.POWER_SUPPLY


Driver = (
    PrinterDriver[msgspec.Struct]
    | DrawerOnPrinterDriver[DrawerOptions]
    | DrawerDriver[DrawerOptions]
    | ScannerDriver[msgspec.Struct]
    | PowerDriver[msgspec.Struct]
)
"""What an entry point of the group `tillhal.drivers` holds."""
