"""The options of one `upsd` and the UPSes on it."""

from __future__ import annotations

import ipaddress
import ssl
from typing import Final

import msgspec

from tillhald.devices.options import Shown
from tillhald.drivers.nut_ups.client import PORT, NutServerAddress
from tillhald.drivers.nut_ups.errors import NutUnsayable
from tillhald.drivers.nut_ups.wire import encode

UPSES_MAX: Final = 16
POLL_S_MIN: Final = 0.05
POLL_S_MAX: Final = 5.0
PORT_MAX: Final = 65_535


class NutOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """README.md describes them."""

    upses: tuple[Shown, ...]
    host: Shown = "127.0.0.1"
    port: int = PORT
    username: Shown = ""
    password: str = ""
    log_in: bool = False
    ca_file: Shown = ""
    tls_name: Shown = ""
    poll_s: float = 0.5

    def __post_init__(self) -> None:
        """Refuse, with a ValueError, what can never work."""
        wrong = _wrong(self)
        if wrong:
            raise ValueError(wrong)

    def address(self) -> NutServerAddress:
        """Reads `ca_file`; OSError, which ssl.SSLError is, if it holds no certificate."""
        context = ssl.create_default_context(cafile=self.ca_file) if self.ca_file else None
        if context is not None:
            context.minimum_version = ssl.TLSVersion.TLSv1_2
        return NutServerAddress(
            host=self.host,
            port=self.port,
            username=self.username,
            password=self.password,
            tls=context,
            tls_name=self.tls_name,
            log_in_to=self.upses[0] if self.log_in else "",
        )


def _wrong(options: NutOptions) -> str:
    try:
        ipaddress.ip_address(options.host)
    except ValueError:
        return f"host: {options.host!r} is no numeric address"
    if not 1 <= options.port <= PORT_MAX:
        return f"port: 1 to {PORT_MAX}"
    names = options.upses
    if not 1 <= len(names) <= UPSES_MAX or len(set(names)) < len(names) or not all(names):
        return f"upses: 1 to {UPSES_MAX} different names"
    if not POLL_S_MIN <= options.poll_s <= POLL_S_MAX:
        return f"poll_s: {POLL_S_MIN:g} to {POLL_S_MAX:g} seconds"
    if bool(options.username) != bool(options.password):
        return "username and password: both or neither"
    if options.log_in and not options.username:
        return "log_in: a username and password are needed"
    if options.tls_name and not options.ca_file:
        return "tls_name: without a ca_file there is no TLS"
    try:
        encode(*names, options.username, options.password)
    except NutUnsayable:
        # Its own text would do; a password must not come near one.
        return "upses, username, password: no control characters, and not that long"
    return ""
