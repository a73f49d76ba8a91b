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
    pin 3 while it is open, `pulse_ms_min` the shortest pulse its solenoid heeds.

    What can be wrong with it may be set at any time. A drawer that is `stuck` (locked with the key,
    or jammed) ignores pulses; `ignored_kicks` is how many of the next ones have no effect;
    `opens_after_s` is how late it springs open; `switch_stuck_at` is what its switch shows whatever
    the drawer does. One without a switch, or with a cut wire, is stuck at HIGH.
    """

    def __init__(
        self,
        *,
        pin: int = 2,
        open_level: Level = Level.HIGH,
        stuck: bool = False,
        pulse_ms_min: int = 20,
        ignored_kicks: int = 0,
        opens_after_s: float = 0.0,
        switch_stuck_at: Level | None = None,
        on_opened: Callable[[], None] | None = None,
    ) -> None:
        """A shut drawer. `on_opened` is called in the thread that opened it."""
        self.stuck = stuck
        self.pin = pin
        self.pulse_ms_min = pulse_ms_min
        self.ignored_kicks = ignored_kicks
        self.opens_after_s = opens_after_s
        self._open_level = open_level
        self._switch_stuck_at = switch_stuck_at
        self._on_opened = on_opened
        self._on_change: list[Callable[[], None]] = []
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
        if self._switch_stuck_at is not None:
            return self._switch_stuck_at
        shut_level = Level(1 - self._open_level.value)
        return self._open_level if self._open else shut_level

    @property
    def switch_stuck_at(self) -> Level | None:
        """What the switch shows whatever the drawer does; None: it works."""
        return self._switch_stuck_at

    @switch_stuck_at.setter
    def switch_stuck_at(self, level: Level | None) -> None:
        self._switch_stuck_at = level
        self._tell()

    def plug_in(self, on_change: Callable[[], None]) -> None:
        """Connect to somebody who wants to know of every change, as a printer does of pin 3.

        Called in the thread that changed it.
        """
        self._on_change.append(on_change)

    def pulse(self, pin: int, on_ms: int) -> None:
        """Somebody drives `pin` for `on_ms`."""
        if pin != self.pin or on_ms < self.pulse_ms_min:
            return
        with self._lock:
            if self.ignored_kicks:
                self.ignored_kicks -= 1
                return
        if self.opens_after_s:
            late = threading.Timer(self.opens_after_s, self._spring_open)
            late.daemon = True
            late.start()
        else:
            self._spring_open()

    def open_by_key(self) -> None:
        """A person opens it without any pulse."""
        self._move(is_open=True)

    def close(self) -> None:
        """A person pushes it shut."""
        self._move(is_open=False)

    def _spring_open(self) -> None:
        if not self.stuck:
            self._move(is_open=True)

    def _move(self, *, is_open: bool) -> None:
        with self._lock:
            if self._open == is_open:
                return
            self._open = is_open
            self._open_count += is_open
        self._tell()
        if is_open and self._on_opened is not None:
            self._on_opened()

    def _tell(self) -> None:
        # Outside the lock: the listener takes the printer's, and the printer's thread takes ours.
        for on_change in self._on_change:
            on_change()
