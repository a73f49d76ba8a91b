"""A simulated printer and the driver's way to it, over every kind of link."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hwsim.printer import VirtualPrinter
from hwsim.serial_line import SerialAt
from tillhald.devices.wake import Wake
from tillhald.drivers.escpos.driver import EscposOptions, EscposPrinter
from tillhald.drivers.escpos.ports import PortOptions

LINKS = ("tcp", "serial", "usb", "rfc2217")
"""A USB printer's device file is played by a terminal that vanishes with the printer's power."""


class Wiring:
    """One kind of link; everything that is opened here is closed by `close`."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.device = folder / "printer"
        self._drivers: list[tuple[EscposPrinter, Wake]] = []

    @property
    def shows_power(self) -> bool:
        """Whether the till sees by its link alone that the printer is switched off."""
        return self.kind in {"tcp", "usb"}

    def simulator(self, **options: Any) -> VirtualPrinter:
        """A simulator to be used in a `with`, one at a time."""
        if self.kind in {"serial", "usb"}:
            at = SerialAt(self.device, vanishes=self.kind == "usb")
            return VirtualPrinter(link=at, **options)
        return VirtualPrinter(link="rfc2217" if self.kind == "rfc2217" else "tcp", **options)

    def port(self, paper: VirtualPrinter) -> PortOptions:
        """What a till is told of the simulator's place."""
        host, port = paper.address
        match self.kind:
            case "tcp":
                return PortOptions(tcp=f"{host}:{port}")
            case "usb":
                return PortOptions(usb=str(self.device))
            case "serial":
                return PortOptions(serial=str(self.device), baud=115200, flow="rts_cts")
            case _:
                return PortOptions(rfc2217=f"{host}:{port}", baud=115200, flow="rts_cts")

    def connect(self, paper: VirtualPrinter, profile: str = "tm_t88") -> EscposPrinter:
        return self.driver(self.port(paper), profile)

    def driver(self, port: PortOptions, profile: str = "tm_t88") -> EscposPrinter:
        wake = Wake()
        printer = EscposPrinter("front_printer", EscposOptions(port=port, profile=profile), wake)
        self._drivers.append((printer, wake))
        return printer

    def wake_of(self, printer: EscposPrinter) -> Wake:
        """What this driver sleeps by."""
        return next(wake for known, wake in self._drivers if known is printer)

    @contextlib.contextmanager
    def another_host(self, paper: VirtualPrinter) -> Iterator[Callable[[bytes], object]]:
        """Another program that sends bytes to the printer, and is gone in the end."""
        if self.kind in {"serial", "usb"}:
            line = os.open(self.device, os.O_WRONLY | os.O_NOCTTY)
            try:
                yield lambda data: os.write(line, data)
            finally:
                os.close(line)
            return
        doubled = b"\xff\xff" if self.kind == "rfc2217" else b"\xff"
        with socket.create_connection(paper.address) as link:
            yield lambda data: link.sendall(data.replace(b"\xff", doubled))

    def close(self) -> None:
        for printer, wake in self._drivers:
            printer.close()
            wake.close()
