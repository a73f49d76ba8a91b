"""A serial line behind a terminal server, over TCP.

Ours and not pyserial's, which reads in a thread of its own, writes without a deadline and sleeps
while it connects.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from tillhald.devices.errors import DeviceError, DeviceTimeout
from tillhald.devices.link_serial import SerialSettings
from tillhald.devices.wake import Wake
from tillhald.drivers.escpos.link import CONNECT_S_MAX, StreamLink
from tillhald.drivers.escpos.link_tcp import TcpWire
from tillhald.drivers.escpos.rfc2217 import PortRefused, Rfc2217Client, escape

SUSPENDED_TURN_S: Final = 0.05
_CHUNK_BYTES: Final = 1024


class Rfc2217Link:
    """See Link."""

    two_way = True
    finds_printer = False

    def __init__(
        self, device_id: str, address: tuple[str, int], settings: SerialSettings, wake: Wake
    ) -> None:
        """`address` is the server's, numeric."""
        self._device_id = device_id
        self._settings = settings
        self._tcp = StreamLink(device_id, TcpWire(*address), wake)
        self._client = Rfc2217Client(settings)
        self._attempt_end_s: float | None = None
        self._up = False
        self._heard = b""
        self._owed = b""

    @property
    def up(self) -> bool:
        """See Link."""
        return self._up and self._tcp.up

    def connect(self, timeout_s: float, *, rousable: bool) -> bool:
        """See Link."""
        if self.up:
            return True
        end_s = time.monotonic() + timeout_s
        if not self._tcp.up:
            self._forget()
            if not self._tcp.connect(timeout_s, rousable=rousable):
                return False
        if self._attempt_end_s is None:
            self._attempt_end_s = time.monotonic() + CONNECT_S_MAX
            self._tell(self._client.opening(), self._attempt_end_s)
        self._negotiate(end_s, rousable=rousable)
        return self._up

    def _forget(self) -> None:
        self._client = Rfc2217Client(self._settings)
        self._attempt_end_s = None
        self._up = False
        self._heard = self._owed = b""

    def _negotiate(self, end_s: float, *, rousable: bool) -> None:
        assert self._attempt_end_s is not None, "the attempt has begun"
        while not self._client.ready:
            # First what is owed: a server that has announced itself may wait for the answer.
            self._tell_owed(self._attempt_end_s)
            now_s = time.monotonic()
            if now_s >= self._attempt_end_s:
                raise self._tcp.lost(why="does not answer as a serial line by RFC 2217")
            left_s = min(end_s, self._attempt_end_s) - now_s
            if left_s <= 0:
                return
            data = self._tcp.receive(left_s, rousable=rousable)
            self._heard += self._understand(data)
            if not data and rousable:
                return
        self._tell_owed(self._attempt_end_s)
        self._up = True

    def _understand(self, data: bytes) -> bytes:
        try:
            payload, replies = self._client.feed(data)
        except PortRefused as refusal:
            raise self._tcp.lost(why=str(refusal)) from refusal
        self._owed += replies
        return payload

    def _tell_owed(self, end_s: float) -> None:
        # What is heard while it is told may call for more.
        while self._owed:
            owed, self._owed = self._owed, b""
            self._tell(owed, end_s)

    def _tell(self, command: bytes, end_s: float) -> None:
        """Send a command of the protocol; what the printer says meanwhile is kept."""

        def heard(data: bytes) -> None:
            self._heard += self._understand(data)

        try:
            self._tcp.send(command, end_s, heard)
        except DeviceTimeout as error:
            raise self._tcp.lost(why="takes no commands") from error

    def receive(self, timeout_s: float, *, rousable: bool) -> bytes:
        """See Link."""
        kept, self._heard = self._heard, b""
        if kept:
            return kept
        payload = self._understand(self._tcp.receive(timeout_s, rousable=rousable))
        self._tell_owed(time.monotonic() + CONNECT_S_MAX)
        return payload

    def send(self, data: bytes, end_s: float, heard: Callable[[bytes], None]) -> None:
        """See Link."""
        sent = 0
        try:
            while sent < len(data):
                self._await_leave(end_s, heard)
                chunk = data[sent : sent + _CHUNK_BYTES]
                self._tcp.send(escape(chunk), end_s, lambda said: heard(self._understand(said)))
                sent += len(chunk)
                self._tell_owed(end_s)
        except DeviceError as error:
            # What was doubled counts twice: never more than the data has.
            error.bytes_sent = min(sent + error.bytes_sent, len(data))
            raise

    def _await_leave(self, end_s: float, heard: Callable[[bytes], None]) -> None:
        """Wait while the server asks to send nothing. Raises DeviceTimeout."""
        while self._client.suspended:
            left_s = end_s - time.monotonic()
            if left_s <= 0:
                message = f"{self._device_id} stopped taking data"
                raise DeviceTimeout(message, device_id=self._device_id)
            heard(self.receive(min(left_s, SUSPENDED_TURN_S), rousable=False))

    def drop(self) -> None:
        """See Link."""
        self._tcp.drop()
        self._forget()

    def close(self) -> None:
        """See Link."""
        self._tcp.close()
        self._forget()
