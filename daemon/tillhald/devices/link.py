"""A device's link, whatever its bytes travel through: a deadline on everything.

A `Wire` is one kind of connection and knows no patience; `StreamLink` waits for it, on the port's
wake, and says in one way what went wrong.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Protocol

from tillhald.devices.errors import DeviceError, DeviceOffline, DeviceTimeout
from tillhald.devices.wake import READ, WRITE, Wake

CONNECT_S_MAX: Final = 3.0
LINGER_S_MAX: Final = 0.5
CHUNK_BYTES: Final = 4096
_PAUSE_S: Final = 0.01
"""How long a wire that calls itself ready, and then takes or gives nothing, is left alone."""


class Link(Protocol):
    """One printer's link, connected at most once at a time. Only for the port's thread."""

    @property
    def up(self) -> bool:
        """Whether the connection stands, as far as is known."""

    @property
    def two_way(self) -> bool:
        """Whether the printer's answers can come back."""

    @property
    def finds_printer(self) -> bool:
        """Whether being up says that a printer is there: a serial port opens without one, too."""

    def connect(self, timeout_s: float, *, rousable: bool) -> bool:
        """Go on connecting for at most `timeout_s`. True: it is up. False: not yet.

        Raises DeviceOffline when it cannot be had, or was not within CONNECT_S_MAX.
        """

    def receive(self, timeout_s: float, *, rousable: bool) -> bytes:
        """Read what is there; empty when time passed or the wake rang.

        Raises DeviceOffline when the connection has ended.
        """

    def send(self, data: bytes, end_s: float, heard: Callable[[bytes], None]) -> None:
        """Hand all of `data` to the kernel by the monotonic time `end_s`.

        What the printer says meanwhile goes to `heard`: a printer whose status is not taken may
        stop reading. Errors carry how many bytes were handed over: DeviceOffline, DeviceTimeout,
        DeviceClosing.
        """

    def drop(self) -> None:
        """Let go at once; unsent data may be lost."""

    def close(self) -> None:
        """Let the printer have all that was sent, then let go, in at most LINGER_S_MAX."""


class Wire(Protocol):
    """One kind of connection. Nothing here waits, but `linger`; an OSError says what is wrong."""

    @property
    def place(self) -> str:
        """Where it leads, for people."""

    @property
    def two_way(self) -> bool:
        """See Link."""

    @property
    def finds_printer(self) -> bool:
        """See Link."""

    def begin(self) -> bool:
        """Open it. False: it is open once its descriptor can be written to and `finish` agrees."""

    def finish(self) -> None:
        """See that what was begun is open."""

    def fileno(self) -> int:
        """The descriptor to wait for, from `begin` to `close`."""

    def read(self, count: int) -> bytes:
        """Take up to `count` bytes; empty when there are none now."""

    def write(self, data: bytes) -> int:
        """Hand over as much of `data` as goes now; 0 when nothing does."""

    def linger(self, end_s: float) -> None:
        """Let the printer have what was sent, until the monotonic time `end_s` at the latest."""

    def close(self) -> None:
        """Let go at once, also of what was only begun."""


class StreamLink:
    """See Link."""

    def __init__(self, device_id: str, wire: Wire, wake: Wake) -> None:
        """`wire` is this link's alone."""
        self._device_id = device_id
        self._wire = wire
        self._wake = wake
        self._begun = False
        self._up = False
        self._attempt_end_s = 0.0

    @property
    def up(self) -> bool:
        """See Link."""
        return self._up

    @property
    def two_way(self) -> bool:
        """See Link."""
        return self._wire.two_way

    @property
    def finds_printer(self) -> bool:
        """See Link."""
        return self._wire.finds_printer

    def connect(self, timeout_s: float, *, rousable: bool) -> bool:
        """See Link."""
        if self._up:
            return True
        try:
            if not self._begun:
                self._attempt_end_s = time.monotonic() + CONNECT_S_MAX
                self._begun = True
                self._up = self._wire.begin()
            if not self._up:
                self._go_on(timeout_s, rousable=rousable)
        except OSError as error:
            raise self.lost(why=_why(error)) from error
        return self._up

    def _go_on(self, timeout_s: float, *, rousable: bool) -> None:
        left_s = max(min(timeout_s, self._attempt_end_s - time.monotonic()), 0.0)
        if self._wake.wait(self._wire.fileno(), WRITE, left_s, rousable=rousable):
            self._wire.finish()
            self._up = True
        elif time.monotonic() >= self._attempt_end_s:
            raise self.lost(why="does not answer")

    def receive(self, timeout_s: float, *, rousable: bool) -> bytes:
        """See Link."""
        self._insist()
        # Of a wire without a way back only its end is to be heard.
        wanted = READ if self.two_way else 0
        events = self._wake.wait(self._wire.fileno(), wanted, timeout_s, rousable=rousable)
        data = self._read() if events & READ else b""
        if not data and events & ~READ:
            raise self.lost(why="is gone")
        if not data and events:
            self._wake.wait(None, 0, min(timeout_s, _PAUSE_S), rousable=rousable)
        return data

    def send(self, data: bytes, end_s: float, heard: Callable[[bytes], None]) -> None:
        """See Link."""
        self._insist()
        sent = 0
        wanted = READ | WRITE if self.two_way else WRITE
        try:
            while sent < len(data):
                left_s = max(end_s - time.monotonic(), 0.0)
                events = self._wake.wait(self._wire.fileno(), wanted, left_s, rousable=False)
                if events & READ:
                    heard(self._read())
                taken = self._write(data[sent : sent + CHUNK_BYTES]) if events & ~READ else 0
                sent += taken
                if not taken and time.monotonic() >= end_s:
                    message = f"{self._device_id} stopped taking data"
                    raise DeviceTimeout(message, device_id=self._device_id)
                if not taken and events & ~READ:
                    self._wake.wait(None, 0, _PAUSE_S, rousable=False)
        except DeviceError as error:
            error.bytes_sent = sent
            raise

    def _insist(self) -> None:
        if not self._up:
            message = f"{self._device_id} is not connected"
            raise DeviceOffline(message, device_id=self._device_id)

    def _read(self) -> bytes:
        try:
            return self._wire.read(CHUNK_BYTES)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise self.lost(why=_why(error)) from error

    def _write(self, data: bytes) -> int:
        try:
            return self._wire.write(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise self.lost(why=_why(error)) from error

    def lost(self, *, why: str) -> DeviceOffline:
        """Let go, and give the error that says why."""
        self.drop()
        message = f"{self._device_id} at {self._wire.place}: {why}"
        return DeviceOffline(message, device_id=self._device_id)

    def drop(self) -> None:
        """See Link."""
        if self._begun:
            self._wire.close()
        self._begun = self._up = False

    def close(self) -> None:
        """See Link."""
        if self._up:
            self._wire.linger(time.monotonic() + LINGER_S_MAX)
        self.drop()


def _why(error: OSError) -> str:
    return error.strerror or str(error)
