"""The printer's serial side: one end of a pseudo-terminal, whose other end a host opens.

As far as a pseudo-terminal can be a line: it has a speed that nothing depends on, it stops the host
when its buffer is full, as RTS/CTS would, or by XON/XOFF, and it hangs up when it is unplugged. It
has no modem lines. It stands as well for a USB printer's device file.
"""

import contextlib
import os
import selectors
import time
import tty
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hwsim.card import Card
from hwsim.mechanism import Mechanism

XOFF_ROOM_BYTES: Final = 128
"""With less room than that the host is asked to stop."""
XON_ROOM_BYTES: Final = 512
"""With so much it may go on."""
READ_BYTES_MAX: Final = 4096

_XON, _XOFF = b"\x11", b"\x13"


@dataclass(frozen=True, slots=True)
class SerialAt:
    """`device` is the path that a host opens: a symbolic link that is made and removed, and leads
    to the terminal whatever that is called after it was plugged in again. `vanishes`: it is gone
    while the printer is switched off, as a USB printer's is.
    """

    device: Path
    xon_xoff: bool = False
    vanishes: bool = False


class SerialLine(Card):
    """See Card."""

    def __init__(self, mechanism: Mechanism, at: SerialAt) -> None:
        """Plugged in. OSError if the link cannot be made."""
        super().__init__(mechanism)
        self._device = at.device
        self._xon_xoff = at.xon_xoff
        self._vanishes = at.vanishes
        self._stopped = False
        self._powered = True
        self._ends: tuple[int, int] | None = None
        try:
            self.listen()
        except OSError:
            super().close()
            raise

    def listen(self) -> None:
        """Plug it in."""
        if self._ends is not None:
            return
        ours, theirs = self._ends = os.openpty()
        # Raw before anybody opens it: a cooked line would echo our answers as input.
        tty.setraw(theirs)
        os.set_blocking(ours, False)
        self._stopped = False
        try:
            self._device.symlink_to(os.ttyname(theirs))
        except OSError:
            self._let_go(ours, theirs)
            raise

    def move(self, device: Path) -> None:
        """It will be plugged in at another path: a device that has got another number."""
        self._device = device

    def reset_all(self) -> None:
        """See Card. A line knows no connections."""

    def refuse(self) -> None:
        """See Card. What is plugged in cannot refuse."""

    def switched_off(self) -> None:
        """See Card. A line stays; what is sent to it is lost."""
        self._powered = False
        if self._vanishes:
            self.unplug()

    def switched_on(self) -> None:
        """See Card. What stands in the line came too early."""
        self._powered = True
        if self._ends is not None:
            with contextlib.suppress(BlockingIOError):
                while os.read(self._ends[0], READ_BYTES_MAX):
                    pass

    def unplug(self) -> None:
        """See Card."""
        if self._ends is not None:
            self._device.unlink(missing_ok=True)
            self._let_go(*self._ends)

    def _let_go(self, ours: int, theirs: int) -> None:
        if self._selector.get_map().get(ours) is not None:
            self._selector.unregister(ours)
        os.close(theirs)
        os.close(ours)
        self._ends = None

    def close(self) -> None:
        """See Card."""
        self.unplug()
        super().close()

    def handle(self, keys: list[selectors.SelectorKey]) -> None:
        """See Card."""
        for key in keys:
            if not self._known(key):
                continue
            if key.fileobj is self._wake_out:
                self._wake_out.recv(4096)
            elif self._ends is not None:
                self._read(self._ends[0])

    def turn(self, now_s: float) -> float | None:  # noqa: ARG002 - nothing on a line has its time
        """See Card."""
        if self.muted or not self._powered or self._ends is None:
            self._mechanism.output.clear()
        if self._ends is not None:
            ours = self._ends[0]
            if self.frozen:
                self._watch_for(ours, 0)
                return None
            if self._xon_xoff and self._powered:
                self._throttle(ours)
            self._send(ours)
            self._watch(ours)
        return None

    def _throttle(self, ours: int) -> None:
        """Flow control goes before all answers, also when it is muted."""
        room = self._mechanism.room
        wanted = room < (XON_ROOM_BYTES if self._stopped else XOFF_ROOM_BYTES)
        if wanted != self._stopped:
            with contextlib.suppress(BlockingIOError):  # nobody reads; tried again next time
                os.write(ours, _XOFF if wanted else _XON)
                self._stopped = wanted

    def _watch(self, ours: int) -> None:
        events = selectors.EVENT_WRITE if self._mechanism.output else 0
        if not self._powered or (self._mechanism.room and self.stall_left != 0):
            events |= selectors.EVENT_READ
        self._watch_for(ours, events)

    def _read(self, ours: int) -> None:
        if not self._powered:
            with contextlib.suppress(BlockingIOError):
                os.read(ours, READ_BYTES_MAX)
            return
        size = min(self._mechanism.room, READ_BYTES_MAX)
        if self.stall_left is not None:
            size = min(size, self.stall_left)
        if size == 0:
            return
        try:
            data = os.read(ours, size)
        except BlockingIOError:
            return
        if self.stall_left is not None:
            self.stall_left -= len(data)
        self._mechanism.receive(data, time.monotonic())

    def _send(self, ours: int) -> None:
        output = self._mechanism.output
        if not output:
            return
        with contextlib.suppress(BlockingIOError):  # nobody reads
            del output[: os.write(ours, output)]
