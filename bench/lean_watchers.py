"""Front ends that watch, without gRPC: `python -m bench.lean_watchers SOCKET COUNT` in a process.

Fifty clients of grpc-python in one process need more of the processor than the till that they
measure. Here one loop reads what has come at each socket and notes the time, and what it means is
read when nothing more is waiting. It is real HTTP/2 (RFC 9113) with a connection for each watcher,
as far as one call of a server that streams needs it: no priorities, no compressed headers, and
windows that are never used up.

Input and output are those of `bench.watchers`.
"""

from __future__ import annotations

import select
import socket
import struct
import sys
import time

from bench.watchers import Came, tell
from tillhal.v1 import system_pb2

PATH = "/tillhal.v1.SystemService/WatchEvents"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS, PADDED = 0x1, 0x1, 0x4, 0x8
INITIAL_WINDOW_SIZE, WINDOW_MAX, WINDOW_USUAL = 4, (1 << 31) - 1, (1 << 16) - 1
HEADER_BYTES, PREFIX_BYTES = 9, 5
"""Of an HTTP/2 frame, and of a message of gRPC."""
CHUNK_BYTES_MAX = 1 << 16
STREAM = 1


class EndedError(Exception):
    """The till has ended a watch; the text says how."""


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def _call(path: str, request: bytes) -> bytes:
    """All that a client sends to begin a call with one request."""
    headers = {
        ":method": "POST",
        ":scheme": "http",
        ":path": path,
        ":authority": "localhost",
        "te": "trailers",
        "content-type": "application/grpc",
    }
    # RFC 7541, 6.2.2: a literal field without indexing, both texts as they are.
    block = b"".join(
        b"\0" + b"".join(bytes([len(text)]) + text.encode() for text in pair)
        for pair in headers.items()
    )
    message = struct.pack(">BI", 0, len(request)) + request
    return b"".join(
        (
            PREFACE,
            _frame(SETTINGS, 0, 0, struct.pack(">HI", INITIAL_WINDOW_SIZE, WINDOW_MAX)),
            _frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", WINDOW_MAX - WINDOW_USUAL)),
            _frame(HEADERS, END_HEADERS, STREAM, block),
            _frame(DATA, END_STREAM, STREAM, message),
        )
    )


class Watcher:
    """One connection with one watch on it."""

    def __init__(self, path: str) -> None:
        """Connect to the unix socket at `path`, and ask for what happens from now on."""
        self.chunks: list[tuple[int, bytes]] = []
        self.came: list[Came] = []
        self.messages = 0
        self.is_caught_up = False
        self._frames = b""
        self._messages = b""
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        request = system_pb2.WatchEventsRequest(from_now=True)
        self.socket.sendall(_call(PATH, request.SerializeToString()))
        self.socket.setblocking(False)

    def read(self) -> None:
        """Note what has come, and when. Raises EndedError."""
        chunk = self.socket.recv(CHUNK_BYTES_MAX)
        self.chunks.append((time.monotonic_ns(), chunk))
        if not chunk:
            raise EndedError("the till closed a connection")

    def understand(self) -> None:
        """Read what was noted, and answer what HTTP/2 asks for. Raises EndedError."""
        chunks, self.chunks = self.chunks, []
        for at_ns, chunk in chunks:
            self._frames += chunk
            while len(self._frames) >= HEADER_BYTES:
                size = int.from_bytes(self._frames[:3])
                if len(self._frames) < HEADER_BYTES + size:
                    break
                kind, flags = self._frames[3], self._frames[4]
                payload = self._frames[HEADER_BYTES : HEADER_BYTES + size]
                self._frames = self._frames[HEADER_BYTES + size :]
                self._take(kind, flags, payload, at_ns)

    def _take(self, kind: int, flags: int, payload: bytes, at_ns: int) -> None:
        if kind == DATA:
            assert not flags & PADDED, "gRPC pads nothing"
            self._messages += payload
            self._take_messages(at_ns)
        elif kind in (SETTINGS, PING) and not flags & ACK:
            self.socket.sendall(_frame(kind, ACK, 0, payload if kind == PING else b""))
        elif kind in (RST_STREAM, GOAWAY) or (kind == HEADERS and flags & END_STREAM):
            sentence = f"the till ended a watch: frame {kind}, {payload!r}"
            raise EndedError(sentence)

    def _take_messages(self, at_ns: int) -> None:
        while len(self._messages) >= PREFIX_BYTES:
            is_packed, size = struct.unpack_from(">BI", self._messages)
            assert not is_packed, "nobody asked for compression"
            if len(self._messages) < PREFIX_BYTES + size:
                return
            event = system_pb2.WatchEventsResponse.FromString(
                self._messages[PREFIX_BYTES : PREFIX_BYTES + size]
            )
            self._messages = self._messages[PREFIX_BYTES + size :]
            self.messages += 1
            if event.HasField("device"):
                self.came.append((event.device.condition.code, event.cursor, at_ns))
            elif event.HasField("caught_up"):
                self.is_caught_up = True


def watch(path: str, count: int) -> tuple[list[Watcher], float]:
    """Watch until the end of the input; say "ready" once all are up to date. Also the processor
    time from there on, in seconds."""
    watchers = [Watcher(path) for _ in range(count)]
    by_number = {watcher.socket.fileno(): watcher for watcher in watchers}
    begun_s: float | None = None
    with select.epoll() as epoll:
        epoll.register(sys.stdin.fileno(), select.EPOLLIN)
        for number in by_number:
            epoll.register(number, select.EPOLLIN)
        noted: set[Watcher] = set()
        is_over = False
        while True:
            came = epoll.poll(0 if noted or is_over else -1)
            for number, _ in came:
                if number in by_number:
                    by_number[number].read()
                    noted.add(by_number[number])
                else:
                    is_over = True
                    epoll.unregister(number)
            if came:
                continue
            while noted:
                noted.pop().understand()
            if begun_s is None and all(watcher.is_caught_up for watcher in watchers):
                begun_s = time.process_time()
                sys.stdout.write("ready\n")
                sys.stdout.flush()
            if is_over:
                assert begun_s is not None, "nobody ends it before all are up to date"
                return watchers, time.process_time() - begun_s


def main() -> None:
    """Watch, and tell what came."""
    watchers, cpu_s = watch(sys.argv[1].removeprefix("unix:"), int(sys.argv[2]))
    for watcher in watchers:
        watcher.socket.close()
    tell([watcher.came for watcher in watchers], sum(each.messages for each in watchers), cpu_s)


if __name__ == "__main__":
    main()
