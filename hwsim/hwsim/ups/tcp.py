"""A small TCP server on loopback: a thread for each client, faults of the way, and a sure end."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from typing import Final

CLIENTS_MAX: Final = 64
JOIN_S_MAX: Final = 5.0
BACKLOG: Final = 16
_LINGER_NONE: Final = struct.pack("ii", 1, 0)


class TcpService:
    """`serve` runs in a thread of its own for each client and ends when its socket fails."""

    def __init__(self, serve: Callable[[socket.socket, str], None], *, port: int = 0) -> None:
        """Listen on 127.0.0.1; 0 takes a free port. OSError."""
        self._serve = serve
        self._lock = threading.Lock()
        self._clients: dict[socket.socket, threading.Thread] = {}
        self._listener: socket.socket | None = None
        self._acceptor: threading.Thread | None = None
        self.port = port
        self.listen()

    def listen(self) -> None:
        """Accept clients, on the same port as before. OSError."""
        if self._listener is not None:
            return
        listener = socket.create_server(("127.0.0.1", self.port), backlog=BACKLOG)
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._acceptor = threading.Thread(
            target=self._accept, args=(listener,), name="hwsim-ups-accept", daemon=True
        )
        self._acceptor.start()

    def refuse(self) -> None:
        """Accept nobody; who is there stays."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        # Closing alone would leave accept() waiting: shut down wakes it.
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        if self._acceptor is not None:
            self._acceptor.join(JOIN_S_MAX)

    def reset_clients(self) -> None:
        """End all connections with RST."""
        with self._lock:
            clients = list(self._clients)
        for client in clients:
            with contextlib.suppress(OSError):
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End everything."""
        self.refuse()
        self.reset_clients()
        with self._lock:
            threads = list(self._clients.values())
        for thread in threads:
            thread.join(JOIN_S_MAX)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, (host, _) = listener.accept()
            except OSError:
                return
            with self._lock:
                if len(self._clients) >= CLIENTS_MAX:
                    client.close()
                    continue
                # A handle of our own: TLS takes the socket's from it.
                handle = client.dup()
                thread = threading.Thread(
                    target=self._run,
                    args=(client, handle, host),
                    name="hwsim-ups-client",
                    daemon=True,
                )
                self._clients[handle] = thread
            thread.start()

    def _run(self, client: socket.socket, handle: socket.socket, host: str) -> None:
        try:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with contextlib.suppress(OSError):
                self._serve(client, host)
        finally:
            with self._lock:
                del self._clients[handle]
            handle.close()
            client.close()
