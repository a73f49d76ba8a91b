"""Where a printer is wired: the option `port`, and the link that it names."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Final, Literal

import msgspec

from tillhald.devices.link_serial import (
    BAUD_MAX,
    BAUD_MIN,
    Flow,
    SerialSettings,
    SerialWire,
)
from tillhald.devices.options import Shown
from tillhald.devices.wake import Wake
from tillhald.drivers.escpos.link import Link, StreamLink
from tillhald.drivers.escpos.link_file import FileWire
from tillhald.drivers.escpos.link_rfc2217 import Rfc2217Link
from tillhald.drivers.escpos.link_tcp import TcpWire
from tillhald.drivers.escpos.link_usb import UsbWire

KINDS: Final = ("tcp", "serial", "usb", "file", "rfc2217")
_LINE_FIELDS: Final = ("baud", "flow", "bits", "parity", "stop_bits")
_TAKES: Final[dict[str, tuple[str, ...]]] = {
    "tcp": (),
    "serial": (*_LINE_FIELDS, "one_way"),
    "usb": ("one_way",),
    "file": (),
    "rfc2217": _LINE_FIELDS,
}


class PortOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Exactly one of `tcp` and `rfc2217` (`address:port`, the address numeric), `serial`, `usb`
    and `file` (absolute paths). `baud` and `flow` are needed for a serial line: a wrong guess
    prints rubbish. `one_way`: nothing comes back by this cable or from this printer."""

    tcp: Shown | None = None
    serial: Shown | None = None
    usb: Shown | None = None
    file: Shown | None = None
    rfc2217: Shown | None = None
    baud: int | None = None
    flow: Flow | None = None
    bits: Literal[7, 8] | None = None
    parity: Literal["none", "even", "odd"] | None = None
    stop_bits: Literal[1, 2] | None = None
    one_way: bool | None = None

    def __post_init__(self) -> None:
        """Refuse, with a ValueError, what names no port or not one alone."""
        named = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(named) != 1:
            raise ValueError(f"exactly one of {', '.join(KINDS)} is needed")
        kind = self.kind
        for field in (*_LINE_FIELDS, "one_way"):
            if getattr(self, field) is not None and field not in _TAKES[kind]:
                raise ValueError(f"`{field}` means nothing for `{kind}`")
        if kind in {"tcp", "rfc2217"}:
            self.address()
        elif not Path(self.place).is_absolute():
            raise ValueError(f"{self.place!r} is no absolute path")
        if "baud" in _TAKES[kind]:
            self.line()

    @property
    def kind(self) -> str:
        """Which of KINDS it is."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def place(self) -> str:
        """The path, or the address and port in one spelling."""
        if self.kind not in {"tcp", "rfc2217"}:
            return str(getattr(self, self.kind))
        host, port = self.address()
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def address(self) -> tuple[str, int]:
        """Host and port, taken apart, of `tcp` and `rfc2217`."""
        text = str(getattr(self, self.kind))
        host, _, port = text.rpartition(":")
        try:
            address = ipaddress.ip_address(host.strip("[]"))
            number = int(port) if port.isascii() and port.isdecimal() else 0
        except ValueError:
            number = 0
        if not 1 <= number <= 65535:
            raise ValueError(f"{text!r} is not address:port with a numeric address")
        return str(address), number

    def line(self) -> SerialSettings:
        """How a serial line is set."""
        if self.baud is None or self.flow is None:
            raise ValueError(f"`{self.kind}` needs `baud` and `flow`, as the printer is set")
        if not BAUD_MIN <= self.baud <= BAUD_MAX:
            raise ValueError(f"`baud` is {BAUD_MIN} to {BAUD_MAX}")
        return SerialSettings(
            baud=self.baud,
            flow=self.flow,
            bits=self.bits or 8,
            parity=self.parity or "none",
            stop_bits=self.stop_bits or 1,
        )


def link_to(port: PortOptions, device_id: str, wake: Wake) -> Link:
    """Make the link, not connected yet."""
    two_way = not port.one_way
    match port.kind:
        case "tcp":
            return StreamLink(device_id, TcpWire(*port.address()), wake)
        case "serial":
            wire = SerialWire(port.place, port.line(), two_way=two_way)
            return StreamLink(device_id, wire, wake)
        case "usb":
            return StreamLink(device_id, UsbWire(port.place, two_way=two_way), wake)
        case "file":
            return StreamLink(device_id, FileWire(port.place), wake)
        case _:
            return Rfc2217Link(device_id, port.address(), port.line(), wake)
