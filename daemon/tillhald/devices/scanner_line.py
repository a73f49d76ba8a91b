"""What every scanner's driver needs: keep a line open, and make frames of what comes by it.

A driver gives the two parts that are its own: the line, and the decoder of what the line carries.
"""

from __future__ import annotations

import os
import time
from typing import Final, Protocol

from tillhald.devices.categories import (
    Frame,
    How,
    PowerState,
    Reading,
    ScannerCapabilities,
    ScannerStatus,
)
from tillhald.devices.errors import DeviceOffline, DeviceTimeout, RetrySafety
from tillhald.devices.wake import READ, WRITE, Wake

CHUNK_BYTES: Final = 4096
RETRY_S: Final = 0.5
"""How often a scanner that is not there is looked for: a look is one failing `open`."""
TRIGGER_PAUSE_S: Final = 0.01


class Line(Protocol):
    """Where bytes come from. Nothing here waits; an OSError says what is wrong."""

    @property
    def place(self) -> str:
        """The path by which it is found again."""

    def begin(self) -> object:
        """Open it."""

    def fileno(self) -> int:
        """The descriptor to wait for."""

    def read(self, count: int) -> bytes:
        """Take up to `count` bytes; empty when there are none."""

    def write(self, data: bytes) -> int:
        """Hand over as much as goes now."""

    def close(self) -> None:
        """Let go at once. May be called when it is not open."""


class Decoder(Protocol):
    """Makes frames of bytes. `now_s` is monotonic."""

    def feed(self, data: bytes, now_s: float) -> list[Frame]:
        """Take what came, and give the frames that ended by it."""

    def idle(self, now_s: float) -> list[Frame]:
        """Give the frame that ended because nothing came any more."""

    def lost(self, now_s: float) -> list[Frame]:
        """The line broke: what is in hand is no code. Begin anew."""

    def waits_until_s(self) -> float | None:
        """When `idle` will have something to say; None while nothing is in hand."""


class LineScanner:
    """See BarcodeScanner."""

    def __init__(
        self,
        device_id: str,
        line: Line,
        decoder: Decoder,
        wake: Wake,
        capabilities: ScannerCapabilities,
        *,
        trigger: bytes = b"",
    ) -> None:
        """`trigger` is what makes the scanner read, where it takes such a command."""
        self._device_id = device_id
        self._line = line
        self._decoder = decoder
        self._wake = wake
        self._capabilities = capabilities
        self._trigger = trigger
        self._is_open = False
        self._looked = False
        self._trouble = ""
        self._next_look_s = 0.0

    @property
    def capabilities(self) -> ScannerCapabilities:
        """See BarcodeScanner."""
        return self._capabilities

    def status(self) -> ScannerStatus:
        """See BarcodeScanner.

        A line that is open says that its adapter is there; that a scanner hangs on it follows
        from nothing but its scans.
        """
        power: Reading[PowerState] = Reading(None, How.UNKNOWN)
        if self._is_open:
            power = Reading(PowerState.ONLINE, How.INFERRED)
        elif self._looked:
            power = Reading(PowerState.OFF, How.MEASURED)
        return ScannerStatus(connected=self._is_open, power=power, trouble=self._trouble)

    def poll(self, timeout_s: float) -> list[Frame]:
        """See BarcodeScanner."""
        end_s = time.monotonic() + timeout_s
        if not self._is_open:
            self._look(end_s)
            return []
        until_s = self._decoder.waits_until_s()
        wait_s = max(min(end_s, until_s or end_s) - time.monotonic(), 0.0)
        try:
            if not self._wake.wait(self._line.fileno(), READ, wait_s, rousable=True):
                return self._decoder.idle(time.monotonic())
            data = self._line.read(CHUNK_BYTES)
        except OSError as error:
            return self._drop(error.strerror or str(error))
        if not data:  # ready to be read, and nothing to read: it has hung up
            return self._drop("the line hung up")
        return self._decoder.feed(data, time.monotonic())

    def trigger(self, deadline_s: float) -> None:
        """See BarcodeScanner."""
        assert self._trigger, "asked only where the capability says so"
        end_s = time.monotonic() + deadline_s
        left = self._trigger
        try:
            while left:
                if not self._is_open:
                    raise self._offline(len(self._trigger) - len(left))
                wait_s = end_s - time.monotonic()
                if wait_s <= 0 or not self._wake.wait(
                    self._line.fileno(), WRITE, wait_s, rousable=False
                ):
                    message = f"{self._device_id} takes no bytes"
                    raise DeviceTimeout(message, device_id=self._device_id)
                sent = self._line.write(left)
                left = left[sent:]
                if not sent:
                    self._wake.wait(None, 0, TRIGGER_PAUSE_S, rousable=False)
        except OSError as error:
            self._drop(error.strerror or str(error))
            raise self._offline(len(self._trigger) - len(left)) from error

    def close(self) -> None:
        """See BarcodeScanner."""
        self._is_open = False
        self._line.close()

    def _look(self, end_s: float) -> None:
        now_s = time.monotonic()
        if now_s < self._next_look_s:
            wait_s = max(min(end_s, self._next_look_s) - now_s, 0.0)
            self._wake.wait(None, 0, wait_s, rousable=True)
            return
        self._looked = True
        try:
            self._line.begin()
        except OSError as error:
            self._line.close()
            self._trouble = error.strerror or str(error)
            self._next_look_s = now_s + RETRY_S
            return
        self._is_open = True
        self._trouble = ""

    def _drop(self, why: str) -> list[Frame]:
        self._is_open = False
        self._trouble = why
        self._next_look_s = time.monotonic() + RETRY_S
        self._line.close()
        return self._decoder.lost(time.monotonic())

    def _offline(self, bytes_sent: int) -> DeviceOffline:
        message = f"{self._device_id} is not there: {self._trouble or os.strerror(19)}"
        safety = RetrySafety.UNKNOWN if bytes_sent else RetrySafety.SAFE
        return DeviceOffline(
            message, device_id=self._device_id, retry_safety=safety, bytes_sent=bytes_sent
        )
