"""The table `listen` of till.toml: where the till answers."""

from __future__ import annotations

import grp
import ipaddress
import re
from pathlib import Path

import msgspec

from tillhald.config_access import AccessTable
from tillhald.devices.options import Shown

SOCKET_PATH_BYTES_MAX = 100
"""Linux takes 107; gRPC puts some of its own before it."""


class Listen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`unix` is the socket's path, `unix_mode` its mode in octal, `unix_group` the group that it
    belongs to; empty for the daemon's own. `admin` is the socket of those who keep the till, always
    0600; empty for admin.sock beside the other one. `tcp` is a loopback address:port; leave it
    empty to listen on sockets only. `metrics` is a loopback address:port for Prometheus; empty for
    none."""

    unix: Shown = "/run/tillhal/api.sock"
    unix_mode: Shown = "0600"
    unix_group: Shown = ""
    admin: Shown = ""
    tcp: Shown = ""
    metrics: Shown = ""

    @property
    def admin_socket(self) -> str:
        """The path of the keepers' socket."""
        return self.admin or str(Path(self.unix).with_name("admin.sock"))


def listen_mistakes(listen: Listen, access: AccessTable) -> list[str]:
    """What is wrong in the table."""
    wrong = []
    if not access.is_required and listen.unix_mode not in ("0600", "600"):
        wrong.append(
            f'listen.unix_mode: "{listen.unix_mode}" lets others in; '
            'with access.mode = "socket" only "0600" will do'
        )
    for name, path in (("unix", listen.unix), ("admin", listen.admin or "/admin.sock")):
        if len(path.encode()) > SOCKET_PATH_BYTES_MAX:
            wrong.append(
                f"listen.{name}: a socket's path has at most {SOCKET_PATH_BYTES_MAX} bytes"
            )
        if not Path(path).is_absolute():
            wrong.append(f"listen.{name}: an absolute path is needed")
    if listen.admin_socket == listen.unix:
        wrong.append("listen.admin: this is the path of listen.unix already")
    if listen.unix_group and not _is_group(listen.unix_group):
        wrong.append(f'listen.unix_group: "{listen.unix_group}" is no group of this machine')
    if re.fullmatch(r"0?[0-7]{3}", listen.unix_mode) is None:
        wrong.append(f'listen.unix_mode: "{listen.unix_mode}" is no mode like "0600"')
    for name, address in (("tcp", listen.tcp), ("metrics", listen.metrics)):
        if address and not _is_loopback(address):
            hint = "; others on the network come by [tls]" if name == "tcp" else ""
            wrong.append(f'listen.{name}: "{address}" is no loopback address:port{hint}')
    return wrong


def _is_group(name: str) -> bool:
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True


def _is_loopback(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        is_loopback = ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False
    if (":" in bare) != host.startswith("["):
        return False  # an IPv6 address stands in brackets
    return is_loopback and port.isdecimal() and int(port) < 1 << 16
