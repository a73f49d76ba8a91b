"""A USB printer through Linux's own driver for the printer class, `usblp`: /dev/usb/lp0.

Source: drivers/usb/class/usblp.c. One program has the device at a time; a second open is EBUSY.
"""

from __future__ import annotations

import errno
import os
import select
import time
from typing import Final

_LINGER_PAUSE_S: Final = 0.01


class UsbWire:
    """See Wire."""

    finds_printer = True

    def __init__(self, path: str, *, two_way: bool = True) -> None:
        """`two_way`: the printer has an endpoint for answers."""
        self.place = path
        self.two_way = two_way
        self._descriptor = -1

    def begin(self) -> bool:
        """See Wire."""
        way = os.O_RDWR if self.two_way else os.O_WRONLY
        try:
            self._descriptor = os.open(self.place, way | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError as error:
            if error.errno == errno.EBUSY:
                raise OSError(errno.EBUSY, "another program has this printer") from error
            raise
        return True

    def finish(self) -> None:
        """See Wire. The device is open at once."""

    def fileno(self) -> int:
        """See Wire."""
        return self._descriptor

    def read(self, count: int) -> bytes:
        """See Wire. Some printers answer with empty packets all the time: that is no end."""
        return os.read(self._descriptor, count)

    def write(self, data: bytes) -> int:
        """See Wire."""
        return os.write(self._descriptor, data)

    def linger(self, end_s: float) -> None:
        """See Wire. Closing cancels the transfer under way: wait until the device is writable."""
        poller = select.poll()
        poller.register(self._descriptor, select.POLLOUT)
        while not poller.poll(0) and time.monotonic() < end_s:
            time.sleep(_LINGER_PAUSE_S)

    def close(self) -> None:
        """See Wire."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1
