"""A TCP connection to a printer (raw port 9100), with a deadline on everything.

Nothing is resolved by name: a name server that is down would hold the port for half a minute.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import time
from collections.abc import Callable
from typing import Final

from tillhald.devices.errors import DeviceError, DeviceOffline, DeviceTimeout
from tillhald.devices.wake import READ, WRITE, Wake

CONNECT_S_MAX: Final = 3.0
LINGER_S_MAX: Final = 0.5
UNACKNOWLEDGED_S_MAX: Final = 10
"""Sent bytes that the peer's kernel does not acknowledge for so long mean: the link is gone."""
SEND_BUFFER_BYTES: Final = 8192
"""Small, so that "sent" stays near what the printer has: the kernel would take megabytes."""
_CHUNK_BYTES: Final = 4096
_SOCKET_OPTIONS: Final = (
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_S_MAX * 1000),
)


class TcpLink:
    """One peer, connected at most once at a time. Only for the port's thread."""

    def __init__(self, device_id: str, host: str, port: int, wake: Wake) -> None:
        """`host` is a numeric address."""
        self._device_id = device_id
        self._address = (host, port)
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._wake = wake
        self._socket: socket.socket | None = None
        self._up = False
        self._attempt_end_s = 0.0

    @property
    def up(self) -> bool:
        """Whether the connection stands, as far as is known."""
        return self._up

    def connect(self, timeout_s: float, *, rousable: bool) -> bool:
        """Go on connecting for at most `timeout_s`. True: it is up. False: not yet.

        Raises DeviceOffline when the peer refuses or has not answered for CONNECT_S_MAX.
        """
        if self._up:
            return True
        attempt = self._socket or self._begin_attempt()
        left_s = max(min(timeout_s, self._attempt_end_s - time.monotonic()), 0.0)
        if self._wake.wait(attempt.fileno(), WRITE, left_s, rousable=rousable):
            self._finish_attempt(attempt)
        elif time.monotonic() >= self._attempt_end_s:
            raise self._lost(why="does not answer")
        return self._up

    def _begin_attempt(self) -> socket.socket:
        self._socket = attempt = socket.socket(self._family, socket.SOCK_STREAM)
        attempt.setblocking(False)  # noqa: FBT003 - the library's signature
        for level, option, value in _SOCKET_OPTIONS:
            attempt.setsockopt(level, option, value)
        self._attempt_end_s = time.monotonic() + CONNECT_S_MAX
        code = attempt.connect_ex(self._address)
        if code not in {0, errno.EINPROGRESS}:
            raise self._lost(why=errno.errorcode.get(code, str(code)))
        return attempt

    def _finish_attempt(self, attempt: socket.socket) -> None:
        code = attempt.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code != 0:
            raise self._lost(why=errno.errorcode.get(code, str(code)))
        self._up = True

    def receive(self, timeout_s: float, *, rousable: bool) -> bytes:
        """Read what is there; empty when time passed or the wake rang.

        Raises DeviceOffline when the connection has ended.
        """
        link = self._connected()
        if not self._wake.wait(link.fileno(), READ, timeout_s, rousable=rousable):
            return b""
        return self._read(link)

    def send(self, data: bytes, end_s: float, heard: Callable[[bytes], None]) -> None:
        """Hand all of `data` to the kernel by the monotonic time `end_s`.

        What the printer says meanwhile goes to `heard`: a printer whose status is not taken may
        stop reading. Errors carry how many bytes were handed over: DeviceOffline, DeviceTimeout,
        DeviceClosing.
        """
        link = self._connected()
        sent = 0
        try:
            while sent < len(data):
                left_s = max(end_s - time.monotonic(), 0.0)
                events = self._wake.wait(link.fileno(), READ | WRITE, left_s, rousable=False)
                if not events:
                    message = f"{self._device_id} stopped taking data"
                    raise DeviceTimeout(message, device_id=self._device_id)
                if events & READ:
                    heard(self._read(link))
                if events & ~READ:
                    sent += self._write(link, data[sent : sent + _CHUNK_BYTES])
        except DeviceError as error:
            error.bytes_sent = sent
            raise

    def _connected(self) -> socket.socket:
        if self._socket is None or not self._up:
            message = f"{self._device_id} is not connected"
            raise DeviceOffline(message, device_id=self._device_id)
        return self._socket

    def _read(self, link: socket.socket) -> bytes:
        try:
            data = link.recv(_CHUNK_BYTES)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise self._lost(why=str(error)) from error
        if not data:
            raise self._lost(why="ended the connection")
        return data

    def _write(self, link: socket.socket, data: bytes) -> int:
        try:
            return link.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise self._lost(why=str(error)) from error

    def _lost(self, *, why: str) -> DeviceOffline:
        self.drop()
        message = f"{self._device_id} at {self._address[0]}:{self._address[1]}: {why}"
        return DeviceOffline(message, device_id=self._device_id)

    def drop(self) -> None:
        """Let go at once; unsent data may be lost."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._up = None, False

    def close(self) -> None:
        """Let the printer have all that was sent, then let go, in at most LINGER_S_MAX.

        Closing a socket that still holds unread status makes Linux send RST, at which a printer
        throws away what it has not read yet: 72,000 of 200,000 bytes once. So: say that no more
        comes, and read until the printer closes too.
        """
        if self._socket is not None and self._up:
            end_s = time.monotonic() + LINGER_S_MAX
            with contextlib.suppress(OSError):  # gone already; also TimeoutError: long enough
                self._socket.shutdown(socket.SHUT_WR)
                while (left_s := end_s - time.monotonic()) > 0:
                    self._socket.settimeout(left_s)
                    if not self._socket.recv(_CHUNK_BYTES):
                        break
        self.drop()
