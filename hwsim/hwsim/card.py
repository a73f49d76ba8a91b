"""What a printer is connected by: moves bytes between its mechanism and a host.

Its owner takes turns, holds the lock, and lets it sleep in `wait`.
"""

import contextlib
import selectors
import socket
from abc import ABC, abstractmethod

from hwsim.mechanism import Mechanism


class Card(ABC):
    """`stall_left` counts the bytes still read before it stops reading (None: it never stops);
    `muted` throws answers away; `frozen` neither reads nor sends, and keeps what there is.
    """

    def __init__(self, mechanism: Mechanism) -> None:
        """Plugged in, switched on."""
        self.stall_left: int | None = None
        self.muted = False
        self.frozen = False
        self._mechanism = mechanism
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.settimeout(0)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wake_out, selectors.EVENT_READ)

    @abstractmethod
    def listen(self) -> None:
        """Let a host connect."""

    @abstractmethod
    def refuse(self) -> None:
        """Let no other host connect."""

    @abstractmethod
    def switched_off(self) -> None:
        """The printer has lost its power."""

    @abstractmethod
    def switched_on(self) -> None:
        """The printer has its power again."""

    @abstractmethod
    def unplug(self) -> None:
        """Take the link from the host, so that the host notices at once."""

    def freeze(self) -> None:
        """The link leads nowhere, and nobody is told."""
        self.frozen = True

    def thaw(self) -> None:
        """The link is there again, with all that was on its way."""
        self.frozen = False

    @abstractmethod
    def reset_all(self) -> None:
        """End every connection, with an error for the host."""

    @abstractmethod
    def turn(self, now_s: float) -> float | None:
        """Send answers; give the time when this must be done again, None for not at all."""

    @abstractmethod
    def handle(self, keys: list[selectors.SelectorKey]) -> None:
        """Take what `wait` has found."""

    def wake(self) -> None:
        """End a `wait` in another thread."""
        with contextlib.suppress(BlockingIOError):  # full of earlier wakes: it is awake already
            self._wake_in.send(b"\0")

    def wait(self, timeout_s: float | None) -> list[selectors.SelectorKey]:
        """Wait for something to do. The only method that may be called without the lock."""
        return [key for key, _ in self._selector.select(timeout_s)]

    def close(self) -> None:
        """Give everything back."""
        self._selector.close()
        self._wake_in.close()
        self._wake_out.close()

    def _known(self, key: selectors.SelectorKey) -> bool:
        """Whether what was found still stands: another thread may have closed it since."""
        return self._selector.get_map().get(key.fd) is key

    def _watch_for(self, thing: socket.socket | int, events: int) -> None:
        """Have `wait` find these events of `thing`, and no others."""
        registered = self._selector.get_map().get(thing)
        if registered is not None and registered.events != events:
            self._selector.unregister(thing)
            registered = None
        if registered is None and events:
            self._selector.register(thing, events)
