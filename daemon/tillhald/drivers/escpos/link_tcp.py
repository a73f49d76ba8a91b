"""A TCP connection to a printer (raw port 9100).

Nothing is resolved by name: a name server that is down would hold the port for half a minute.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import time
from typing import Final

from tillhald.devices.link import CHUNK_BYTES

UNACKNOWLEDGED_S_MAX: Final = 10
"""Sent bytes that the peer's kernel does not acknowledge for so long mean: the link is gone."""
SEND_BUFFER_BYTES: Final = 8192
"""Small, so that "sent" stays near what the printer has: the kernel would take megabytes."""
_SOCKET_OPTIONS: Final = (
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_S_MAX * 1000),
)


class TcpWire:
    """See Wire."""

    two_way = True
    finds_printer = True

    def __init__(self, host: str, port: int) -> None:
        """`host` is a numeric address."""
        self._address = (host, port)
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket: socket.socket | None = None

    @property
    def place(self) -> str:
        """See Wire."""
        return f"{self._address[0]}:{self._address[1]}"

    @property
    def _link(self) -> socket.socket:
        assert self._socket is not None, "begin() was called, and close() was not"
        return self._socket

    def begin(self) -> bool:
        """See Wire."""
        self._socket = attempt = socket.socket(self._family, socket.SOCK_STREAM)
        attempt.setblocking(False)  # noqa: FBT003 - the library's signature
        for level, option, value in _SOCKET_OPTIONS:
            attempt.setsockopt(level, option, value)
        _raise_unless_well(attempt.connect_ex(self._address), errno.EINPROGRESS)
        return False

    def finish(self) -> None:
        """See Wire."""
        _raise_unless_well(self._link.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))

    def fileno(self) -> int:
        """See Wire."""
        return self._link.fileno()

    def read(self, count: int) -> bytes:
        """See Wire."""
        data = self._link.recv(count)
        if not data:
            raise ConnectionResetError(errno.ECONNRESET, "ended the connection")
        return data

    def write(self, data: bytes) -> int:
        """See Wire."""
        return self._link.send(data)

    def linger(self, end_s: float) -> None:
        """See Wire.

        Closing a socket that still holds unread status makes Linux send RST, at which a printer
        throws away what it has not read yet: 72,000 of 200,000 bytes once. So: say that no more
        comes, and read until the printer closes too.
        """
        with contextlib.suppress(OSError):  # gone already; also TimeoutError: long enough
            self._link.shutdown(socket.SHUT_WR)
            while (left_s := end_s - time.monotonic()) > 0:
                self._link.settimeout(left_s)
                if not self._link.recv(CHUNK_BYTES):
                    break

    def close(self) -> None:
        """See Wire."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None


def _raise_unless_well(code: int, *also_well: int) -> None:
    if code not in {0, *also_well}:
        raise OSError(code, os.strerror(code))
