"""A sleep that a device, a new call or the end of the daemon can each cut short.

A port's thread waits here and nowhere else. Slices of sleep would do too, but they either wake a
sleeping till ten times a second, or let a drawer wait half a second for its pulse.
"""

from __future__ import annotations

import contextlib
import os
import select
import time

from tillhald.devices.errors import DeviceClosing

READ = select.POLLIN
WRITE = select.POLLOUT
_DRAIN_BYTES = 4096


class Wake:
    """Owned by one port. `ring` and `stop` on any thread; the rest on the port's own."""

    def __init__(self) -> None:
        """Take two file descriptors; `close` frees them."""
        self._reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._stopping = False

    def ring(self) -> None:
        """Cut short a `wait` that may be roused, now or the next one."""
        with contextlib.suppress(BlockingIOError):  # full: it rings already
            os.write(self._writer, b"!")

    def stop(self) -> None:
        """Make this and every later `wait` raise DeviceClosing."""
        self._stopping = True
        self.ring()

    def hush(self) -> None:
        """Forget what rang so far."""
        with contextlib.suppress(BlockingIOError):
            while len(os.read(self._reader, _DRAIN_BYTES)) == _DRAIN_BYTES:
                pass

    def wait(self, descriptor: int | None, events: int, timeout_s: float, *, rousable: bool) -> int:
        """Wait for `events` (READ, WRITE) on `descriptor`; 0 when time passed or it rang.

        A descriptor in error answers too, so that its next read or write tells why. Where not
        `rousable`, ringing is forgotten: the port looks into its queue after every turn anyway.
        Raises DeviceClosing once `stop` was called.
        """
        poller = select.poll()
        poller.register(self._reader, READ)
        if descriptor is not None:
            poller.register(descriptor, events)
        end_s = time.monotonic() + timeout_s
        while True:
            self._refuse_if_stopping()  # a stop that rang before the last hush rings no more
            left_s = max(end_s - time.monotonic(), 0.0)
            ready = dict(poller.poll(left_s * 1000))
            self._refuse_if_stopping()
            if descriptor in ready:
                return ready[descriptor]
            if not ready or rousable:
                return 0
            self.hush()

    def _refuse_if_stopping(self) -> None:
        if self._stopping:
            message = "the daemon is letting go of its devices"
            raise DeviceClosing(message, device_id="")

    def close(self) -> None:
        """Free both ends. No other thread may use the wake any more."""
        os.close(self._reader)
        os.close(self._writer)
