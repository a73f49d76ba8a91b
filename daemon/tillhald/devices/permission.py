"""Leave to send, given on the event loop and awaited on a port's thread."""

from __future__ import annotations

from collections.abc import Callable


class Permission:
    """Given once, and never taken back. `given` on any thread, the rest on the event loop."""

    def __init__(self) -> None:
        """Not given yet."""
        self._given = False
        self._ring: Callable[[], None] = lambda: None

    def rings(self, ring: Callable[[], None]) -> None:
        """Have `ring` cut short what the port's thread waits for, once it is given."""
        self._ring = ring

    @property
    def given(self) -> bool:
        """Whether it was given."""
        return self._given

    def give(self) -> None:
        """Let it go."""
        self._given = True  # before it rings: whoever is roused looks
        self._ring()
