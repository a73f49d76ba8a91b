"""A cash drawer behind a relay board or a trigger cable on a serial line.

    with VirtualRelayDrawer(tmp_path / "relay") as relay:
        ...                                   # the till writes A0 01 01 A2, waits, A0 01 00 A1
        assert relay.drawer.is_open

Two kinds:

- "lcus": the LC Technology relay boards (LCUS-1 to LCUS-8, CH340, 9600 baud 8N1): A0h, channel,
  01h on or 00h off, and the sum of the three. FFh asks; the board answers "CH1: ON" or "CH1: OFF"
  for every channel. A command is not answered, and one with a wrong sum is not heeded.
- "trigger": a cable or a box that pulses the drawer for a fixed time at any byte it gets, or, with
  `trigger_on`, only at that byte (BEL, often).

Neither sees whether the drawer is open. Boards that pass its switch on do so by a modem line (CTS
or DSR), which no pseudo-terminal has: that part can only be tried on a real port.
"""

import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

from hwsim.device_line import DeviceLine
from hwsim.drawer import VirtualDrawer

PULSES_MAX: Final = 1000
RECEIVED_BYTES_MAX: Final = 4096
TRIGGER_PULSE_MS: Final = 200
"""How long a trigger cable drives the solenoid."""

_START, _ASK = 0xA0, 0xFF
_FRAME_BYTES = 4


@dataclass(frozen=True, slots=True)
class RelayPulse:
    """The solenoid was driven: since when (monotonic clock), how long; None: it still is."""

    at_s: float
    on_ms: float | None


class VirtualRelayDrawer:
    """A drawer and its relay, in a thread of their own. Safe to use from any thread."""

    def __init__(
        self,
        at: Path,
        *,
        drawer: VirtualDrawer | None = None,
        kind: Literal["lcus", "trigger"] = "lcus",
        channel: int = 1,
        channels: int = 1,
        trigger_on: bytes | None = None,
    ) -> None:
        """Not plugged in yet. The host opens `at`, a symbolic link that is made and removed.

        The drawer (a new one if none is given, wired to pin 2) hangs on `channel` of `channels`.
        """
        self.at = at
        self.drawer = VirtualDrawer() if drawer is None else drawer
        self._kind = kind
        self._channel = channel
        self._on = [False] * channels
        self._trigger_on = trigger_on
        self._changed = threading.Condition(threading.RLock())
        self._line = DeviceLine(at, self._hear, self._due)
        self._received = b""
        self._unread = b""
        self._pulses: deque[RelayPulse] = deque(maxlen=PULSES_MAX)
        self._pulse_count = 0
        self._since_s: float | None = None
        self._sprung = False

    # Life

    def start(self) -> Self:
        """Plug it in, once in its life. OSError if the path is taken."""
        self._line.start()
        return self

    def close(self) -> None:
        """Unplug it for good."""
        self._line.close()

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    # What can be seen

    @property
    def plugged(self) -> bool:
        """Whether the host has a path to open."""
        return self._line.plugged

    @property
    def coil_is_on(self) -> bool:
        """Whether current flows through the solenoid now; for long, that burns it."""
        with self._changed:
            return self._since_s is not None

    @property
    def pulses(self) -> list[RelayPulse]:
        """The last pulses, oldest first; the one that lasts is among them."""
        with self._changed:
            lasting = [] if self._since_s is None else [RelayPulse(self._since_s, None)]
            return [*self._pulses, *lasting]

    @property
    def received(self) -> bytes:
        """The last RECEIVED_BYTES_MAX bytes that the host has written."""
        with self._changed:
            return self._received

    def wait_pulses(self, count: int, timeout_s: float) -> list[RelayPulse]:
        """Wait until the solenoid was driven, and let go, `count` times; TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._pulse_count >= count, timeout_s):
                raise TimeoutError(
                    f"waited {timeout_s} s for {count} pulses: {self._pulse_count} came, "
                    f"heard {self._received.hex(' ')}"
                )
            return list(self._pulses)

    # What happens to it

    def unplug(self) -> None:
        """Pull the cable: the board loses its power, the relay falls off."""
        self._line.unplug()
        with self._changed:
            self._unread = b""
            self._on = [False] * len(self._on)
        self._switch(is_on=False, now_s=time.monotonic())

    def plug(self) -> None:
        """Plug it in again, at the same path."""
        self._line.plug()

    # The line's thread

    def _hear(self, data: bytes, now_s: float) -> None:
        with self._changed:
            self._received = (self._received + data)[-RECEIVED_BYTES_MAX:]
            self._unread += data
            self._changed.notify_all()
        if self._kind == "trigger":
            self._unread = b""
            if self._trigger_on is None or self._trigger_on in data:
                self._switch(is_on=True, now_s=now_s)
            return
        while (frame := self._next_frame()) is not None:
            self._obey(frame, now_s)

    def _next_frame(self) -> bytes | None:
        """A command, or a question; what is neither is skipped."""
        with self._changed:
            while self._unread:
                if self._unread[0] == _ASK:
                    frame, self._unread = self._unread[:1], self._unread[1:]
                    return frame
                if self._unread[0] == _START:
                    if len(self._unread) < _FRAME_BYTES:
                        return None
                    frame = self._unread[:_FRAME_BYTES]
                    if sum(frame[:3]) & 0xFF == frame[3]:
                        self._unread = self._unread[_FRAME_BYTES:]
                        return frame
                self._unread = self._unread[1:]
        return None

    def _obey(self, frame: bytes, now_s: float) -> None:
        if frame[0] == _ASK:
            states = [f"CH{n}: {'ON' if on else 'OFF'}\r\n" for n, on in enumerate(self._on, 1)]
            self._line.send("".join(states).encode())
            return
        channel, wanted = frame[1], frame[2]
        if 1 <= channel <= len(self._on) and wanted in (0, 1):
            with self._changed:
                self._on[channel - 1] = bool(wanted)
            if channel == self._channel:
                self._switch(is_on=bool(wanted), now_s=now_s)

    def _switch(self, *, is_on: bool, now_s: float) -> None:
        with self._changed:
            since_s = self._since_s
            if is_on == (since_s is not None):
                return
            if since_s is None:
                self._since_s, self._sprung = now_s, False
                return
            on_ms = (now_s - since_s) * 1000
            sprung, self._sprung = self._sprung, True
            self._since_s = None
            self._pulses.append(RelayPulse(since_s, on_ms))
            self._pulse_count += 1
        if not sprung:
            self.drawer.pulse(self.drawer.pin, int(on_ms))
        with self._changed:
            self._changed.notify_all()  # only now: who waits for the pulse finds the drawer open

    def _due(self, now_s: float) -> float | None:
        """The bolt moves while the current flows, not when it ends; a cable ends it by itself."""
        with self._changed:
            if self._since_s is None:
                return None
            moves_s = self._since_s + self.drawer.pulse_ms_min / 1000
            ends_s = self._since_s + TRIGGER_PULSE_MS / 1000
            springs = not self._sprung and now_s >= moves_s
            self._sprung |= springs
            waits = not self._sprung
        if springs:
            self.drawer.pulse(self.drawer.pin, self.drawer.pulse_ms_min)
        if self._kind == "trigger":
            if now_s >= ends_s:
                self._switch(is_on=False, now_s=now_s)
                return None
            return moves_s if waits else ends_s
        return moves_s if waits else None
