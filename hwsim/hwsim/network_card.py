"""The printer's network side: one TCP port, one host at a time.

Like the network card of a real printer it serves one connection at a time: a second one is accepted
and waits, unread and unanswered, until the first is closed. A host that has been silent for
`idle_timeout_s` is put out when another one waits, so a dead host never blocks the printer for
ever. Bytes of a command that a broken connection left unfinished stay in the printer, as they do in
a real one: the next connection's bytes complete it.
"""

import selectors
import socket
import struct
import time
from collections import deque
from typing import Final

from hwsim.card import Card
from hwsim.mechanism import Mechanism

WAITING_MAX: Final = 4
"""Connections that wait behind the one being served; more are reset."""

FILLERS: Final = 2
"""So many connections of our own fill a queue that is to hold no other."""

FINISH_S_MAX: Final = 2.0
"""After the host's FIN the printer keeps answering for what is still in its buffer so long."""

RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER: close with RST, as a device does that has lost its power."""


class Connection:
    """A host's connection; `finished_s` is when its FIN came, `outgoing` what it is to be sent."""

    def __init__(self, link: socket.socket, now_s: float, outgoing: bytearray) -> None:
        self.link = link
        self.heard_s = now_s
        self.finished_s: float | None = None
        self.outgoing = outgoing


class NetworkCard(Card):
    """See Card. Switched off, it resets its hosts.

    `refuse_second`: while it serves one host it refuses others, and does not let them wait.
    """

    def __init__(
        self,
        mechanism: Mechanism,
        where: tuple[str, int],
        *,
        window_bytes: int,
        idle_timeout_s: float,
    ) -> None:
        """Bind to `where`, port 0 for a free one, and listen. OSError if that cannot be."""
        self._window_bytes = window_bytes
        self._idle_timeout_s = idle_timeout_s
        self._connection: Connection | None = None
        self._waiting: deque[Connection] = deque()
        self._listening = False
        self._open = False
        self._fillers: list[socket.socket] = []
        self._refuses_second = False
        self.address = where
        self._listener = self._bind()
        self.address = self._listener.getsockname()
        super().__init__(mechanism)
        self.listen()

    def refuse_second(self, *, refuse: bool) -> None:
        """See the class. It holds when this returns."""
        self._refuses_second = refuse
        self._follow()

    def listen(self) -> None:
        """Accept connections."""
        self._listening = True
        self._follow()

    def refuse(self) -> None:
        """Refuse connections, but keep the port: bound and not listening, it answers with RST."""
        self._listening = False
        self._follow()

    def _follow(self) -> None:
        """Open or close the port, as it ought to be now."""
        if self.frozen:
            return
        wanted = self._listening and not (self._refuses_second and self._connection)
        if wanted and not self._open:
            self._listener.listen(WAITING_MAX)
            self._selector.register(self._listener, selectors.EVENT_READ)
        elif self._open and not wanted:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = self._bind()
        self._open = wanted

    def freeze(self) -> None:
        """See Card. Whoever connects waits for an answer that does not come: a kernel whose queue
        is full drops what else arrives.
        """
        if self.frozen:
            return
        if self._open:
            self._selector.unregister(self._listener)
            self._open = False
        super().freeze()
        self._listener.listen(0)
        for _ in range(FILLERS):
            filler = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            filler.settimeout(0)
            filler.connect_ex(self.address)
            self._fillers.append(filler)

    def thaw(self) -> None:
        """See Card."""
        if not self.frozen:
            return
        super().thaw()
        for filler in self._fillers:
            filler.close()
        self._fillers.clear()
        # Listening anew on a port of its own drops the queue, with our connections in it. A host
        # whose attempt was dropped tries again by itself.
        self._listener.close()
        self._listener = self._bind()
        self._follow()

    def reset_all(self) -> None:
        """See Card."""
        for connection in (*self._waiting, *([self._connection] if self._connection else [])):
            self._reset(connection)
        self._waiting.clear()

    def unplug(self) -> None:
        """See Card."""
        self.reset_all()
        self.refuse()

    def switched_off(self) -> None:
        """See Card."""
        self.unplug()

    def switched_on(self) -> None:
        """See Card. Its owner decides whether it listens."""

    def close(self) -> None:
        """See Card."""
        self.reset_all()
        for filler in self._fillers:
            filler.close()
        self._listener.close()
        super().close()

    def handle(self, keys: list[selectors.SelectorKey]) -> None:
        """Accept and read what `wait` has found."""
        for key in keys:
            if not self._known(key):
                continue
            if key.fileobj is self._wake_out:
                self._wake_out.recv(4096)
            elif key.fileobj is self._listener:
                self._accept()
            elif self._connection is not None and key.fileobj is self._connection.link:
                self._read(self._connection)

    def turn(self, now_s: float) -> float | None:
        """Send answers, pass from one host to the next; give the time this must be done again."""
        if self.frozen:
            if self._connection is not None:
                self._watch_for(self._connection.link, 0)
            return None
        if self.muted or self._connection is None:
            self._mechanism.output.clear()
        self._next_connection(now_s)
        self._follow()  # before it is answered: who is answered knows that others are refused
        if self._connection is not None:
            self._send(self._connection)
        if self._connection is not None:
            self._watch(self._connection)
        self._follow()
        return self._deadline_s()

    def _deadline_s(self) -> float | None:
        connection = self._connection
        if connection is None:
            return None
        if connection.finished_s is not None:
            return connection.finished_s + FINISH_S_MAX
        return connection.heard_s + self._idle_timeout_s if self._waiting else None

    def _next_connection(self, now_s: float) -> None:
        connection = self._connection
        if connection is not None:
            deadline_s = self._deadline_s()
            over = deadline_s is not None and now_s >= deadline_s
            if connection.finished_s is not None and not connection.outgoing:
                over |= self._mechanism.idle or self._mechanism.offline
            if not over:
                return
            self._let_go(connection)
        if self._waiting:
            self._connection = self._waiting.popleft()
            self._connection.heard_s = now_s

    @property
    def _room(self) -> int:
        """Bytes that may be read from a host now."""
        room = self._mechanism.room
        return room if self.stall_left is None else min(room, self.stall_left)

    def _watch(self, connection: Connection) -> None:
        events = selectors.EVENT_WRITE if connection.outgoing else 0
        if self._room and connection.finished_s is None:
            events |= selectors.EVENT_READ
        self._watch_for(connection.link, events)

    def _read(self, connection: Connection) -> None:
        size = self._room
        if size == 0:
            return
        now_s = time.monotonic()
        try:
            data = connection.link.recv(size)
        except BlockingIOError:
            return
        except OSError:
            self._let_go(connection)
            return
        if not data:
            connection.finished_s = now_s
            return
        connection.heard_s = now_s
        if self.stall_left is not None:
            self.stall_left = max(0, self.stall_left - len(data))
        self._take(connection, data, now_s)

    def _take(self, connection: Connection, data: bytes, now_s: float) -> None:  # noqa: ARG002
        """Pass on what a host has sent."""
        self._mechanism.receive(data, now_s)

    def _connected(self, link: socket.socket, now_s: float) -> Connection:
        return Connection(link, now_s, self._mechanism.output)

    def _send(self, connection: Connection) -> None:
        if not connection.outgoing:
            return
        try:
            sent = connection.link.send(connection.outgoing)
        except BlockingIOError:
            return
        except OSError:
            self._let_go(connection)
            return
        del connection.outgoing[:sent]

    def _bind(self) -> socket.socket:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.settimeout(0)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # A small window, so that a full printer is felt by the host and not hidden in the kernel.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._window_bytes)
        try:
            listener.bind(self.address)
        except OSError:
            listener.close()
            raise
        return listener

    def _accept(self) -> None:
        try:
            link, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        link.settimeout(0)
        connection = self._connected(link, time.monotonic())
        if len(self._waiting) >= WAITING_MAX:
            self._reset(connection)
        else:
            self._waiting.append(connection)

    def _let_go(self, connection: Connection) -> None:
        if self._selector.get_map().get(connection.link) is not None:
            self._selector.unregister(connection.link)
        connection.link.close()
        if connection is self._connection:
            self._connection = None

    def _reset(self, connection: Connection) -> None:
        connection.link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self._let_go(connection)
