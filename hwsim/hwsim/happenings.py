"""What happened in a simulated shop, in order, for whoever wants to know."""

import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Final

HAPPENINGS_KEPT_MAX: Final = 10_000
"""Older ones are forgotten; who asks for them is told so by the gap in the numbers."""


@dataclass(frozen=True, slots=True)
class Happening:
    """`number` counts from 1, `at_s` is the time since 1970. `facts` depend on the event.

    `receipt_printed`: number, cut, file. `drawer_opened`, `drawer_shut`: none. `code_scanned`:
    sent (hex). `handled`: do, and the values that were given. Of a UPS: see `UpsEvent`; note.
    """

    number: int
    at_s: float
    device: str
    event: str
    facts: dict[str, object]

    def as_json(self) -> dict[str, object]:
        """One flat object."""
        return {"event": self.event, "device": self.device, **self.facts}


class Happenings:
    """A log in memory. Safe to use from any thread."""

    def __init__(self) -> None:
        """Nothing has happened."""
        self._changed = threading.Condition()
        self._kept: deque[Happening] = deque(maxlen=HAPPENINGS_KEPT_MAX)
        self._last = 0
        self._closed = False

    @property
    def last(self) -> int:
        """The number of the newest, 0 for none."""
        return self._last

    def add(self, device: str, event: str, **facts: object) -> None:
        """It happened now."""
        with self._changed:
            self._last += 1
            self._kept.append(Happening(self._last, time.time(), device, event, facts))
            self._changed.notify_all()

    def after(self, number: int, timeout_s: float | None) -> list[Happening]:
        """Those behind `number`; waits for one. Nothing after `timeout_s`, or when it is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._last > number or self._closed, timeout_s)
            if self._last <= number:
                return []
            return [each for each in self._kept if each.number > number]

    def close(self) -> None:
        """Let nobody wait any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        """Whether the shop has ended."""
        return self._closed
