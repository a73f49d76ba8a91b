"""A small device's serial line: a pseudo-terminal, held by a thread that listens to the host.

The host opens a symbolic link, which leads to the terminal whatever that is called after it was
plugged in again, as a link in /dev/serial/by-id does. It is raw before anybody opens it, so that
nothing comes back as an echo. It has no modem lines (CTS, DSR, DTR): no pseudo-terminal has.

Bytes for which nobody has opened the line wait in it, as far as it has room (some kilobytes); a
real serial port loses them. A program that clears its input as it opens, as pyserial does, never
sees the difference.
"""

import contextlib
import os
import selectors
import socket
import threading
import time
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Final

READ_BYTES_MAX: Final = 4096
JOIN_S_MAX: Final = 5.0


class DeviceLine:
    """Plugged in with `plug`, for the first time after `start`. Safe to use from any thread.

    `hear` is called with what the host has written, `due` with the time (monotonic, s) whenever
    that is asked for: it gives the next time, None for never. Both run in the line's thread,
    without its lock, and may use every method but `close`.
    """

    def __init__(
        self,
        at: Path,
        hear: Callable[[bytes, float], None],
        due: Callable[[float], float | None] = lambda _: None,
    ) -> None:
        """Nothing is made yet."""
        self.at = at
        self._hear = hear
        self._due = due
        self._lock = threading.RLock()
        self._ends: tuple[int, int] | None = None
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.settimeout(0)
        self._wake_out.settimeout(0)
        # It holds no reference to what it watches, as select() would: unplugged is hung up at once.
        self._selector = selectors.EpollSelector()
        self._selector.register(self._wake_out, selectors.EVENT_READ)
        self._closing = False
        self._thread = threading.Thread(target=self._serve, name="hwsim-line", daemon=True)

    @property
    def plugged(self) -> bool:
        """Whether the path is there."""
        return self._ends is not None

    def start(self) -> None:
        """Plug in and listen. OSError if the link cannot be made: nothing runs then."""
        try:
            self.plug()
        except OSError:
            self._give_back()
            raise
        self._thread.start()

    def plug(self) -> None:
        """Make the terminal and the link. OSError if the path is taken."""
        with self._lock:
            if self._ends is not None:
                return
            ours, theirs = os.openpty()
            tty.setraw(theirs)
            os.set_blocking(ours, False)
            try:
                self.at.symlink_to(os.ttyname(theirs))
            except OSError:
                os.close(theirs)
                os.close(ours)
                raise
            self._ends = (ours, theirs)
            self._selector.register(ours, selectors.EVENT_READ)

    def unplug(self) -> None:
        """Remove the link and hang up: what stood in the line is lost, a host's read ends."""
        with self._lock:
            if self._ends is None:
                return
            ours, theirs = self._ends
            self._ends = None
            self.at.unlink(missing_ok=True)
            self._selector.unregister(ours)
            os.close(theirs)
            os.close(ours)

    def send(self, data: bytes) -> int:
        """Send to the host; give how many bytes the line took: 0 unplugged, less than all full."""
        with self._lock:
            if self._ends is None:
                return 0
            try:
                return os.write(self._ends[0], data)
            except BlockingIOError:
                return 0

    def wake(self) -> None:
        """Have `due` called soon."""
        with contextlib.suppress(OSError):  # full of earlier wakes, or closed
            self._wake_in.send(b"\0")

    def close(self) -> None:
        """Unplug and end the thread."""
        self.unplug()
        with self._lock:
            self._closing = True
        self.wake()
        if self._thread.ident is not None:
            self._thread.join(JOIN_S_MAX)
        self._give_back()

    def _give_back(self) -> None:
        self._selector.close()
        self._wake_in.close()
        self._wake_out.close()

    def _serve(self) -> None:
        at_s = self._due(time.monotonic())
        while True:
            with self._lock:
                if self._closing:
                    return
            self._selector.select(None if at_s is None else max(0.0, at_s - time.monotonic()))
            with contextlib.suppress(OSError):
                self._wake_out.recv(READ_BYTES_MAX)
            data = self._read()
            if data:
                self._hear(data, time.monotonic())
            at_s = self._due(time.monotonic())

    def _read(self) -> bytes:
        with self._lock:
            if self._ends is None:
                return b""
            try:
                return os.read(self._ends[0], READ_BYTES_MAX)
            except OSError:  # BlockingIOError: nothing there
                return b""
