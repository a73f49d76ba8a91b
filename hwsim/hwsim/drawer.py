"""A cash drawer on the printer's drawer connector: two solenoids, one switch on pin 3."""

import threading
from collections.abc import Callable
from enum import Enum


class Level(Enum):
    """The voltage on pin 3; which one means "open" depends on the drawer."""

    LOW = 0
    HIGH = 1


class VirtualDrawer:
    """A drawer that a pulse springs open and a person pushes shut. Safe to use from any thread.

    `pin` is the drive pin its solenoid is wired to (2 or 5), `open_level` what its switch puts on
    pin 3 while it is open, `pulse_ms_min` the shortest pulse its solenoid heeds. A drawer that is
    `stuck` (locked with the key, or jammed) ignores pulses.
    """

    def __init__(
        self,
        *,
        pin: int = 2,
        open_level: Level = Level.HIGH,
        stuck: bool = False,
        pulse_ms_min: int = 20,
        on_opened: Callable[[], None] | None = None,
    ) -> None:
        """A shut drawer. `on_opened` is called in the thread that opened it."""
        self.stuck = stuck
        self._pin = pin
        self._open_level = open_level
        self._pulse_ms_min = pulse_ms_min
        self._on_opened = on_opened
        self._on_change: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self._open = False
        self._open_count = 0

    @property
    def is_open(self) -> bool:
        """Whether it stands open now."""
        return self._open

    @property
    def open_count(self) -> int:
        """How often it went from shut to open."""
        return self._open_count

    @property
    def pin3(self) -> Level:
        """What the printer reads."""
        shut_level = Level(1 - self._open_level.value)
        return self._open_level if self._open else shut_level

    def plug_in(self, on_change: Callable[[], None]) -> None:
        """Connect to a printer, which wants to know of every change on pin 3."""
        self._on_change = on_change

    def pulse(self, pin: int, on_ms: int) -> None:
        """The printer drives `pin` for `on_ms`."""
        if pin == self._pin and on_ms >= self._pulse_ms_min and not self.stuck:
            self._move(is_open=True)

    def open_by_key(self) -> None:
        """A person opens it without any pulse."""
        self._move(is_open=True)

    def close(self) -> None:
        """A person pushes it shut."""
        self._move(is_open=False)

    def _move(self, *, is_open: bool) -> None:
        with self._lock:
            if self._open == is_open:
                return
            self._open = is_open
            self._open_count += is_open
        # Outside the lock: the listener takes the printer's, and the printer's thread takes ours.
        self._on_change()
        if is_open and self._on_opened is not None:
            self._on_opened()
