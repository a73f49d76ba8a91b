"""A peer that speaks HTTP/2 by hand, for what no library of gRPC would do: calls that are begun and
never finished, and messages that are sent to somebody who has not asked for them.

RFC 9113 for the frames, RFC 7541 for the headers, and gRPC's own "PROTOCOL-HTTP2" for what is in them.
"""

from __future__ import annotations

import socket
import struct
import time
from typing import Final

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE = 0, 1, 3, 4, 6, 8
END_STREAM, ACK, END_HEADERS = 1, 1, 4
INITIAL_WINDOW, MAX_FRAME_SIZE = 4, 5
WINDOW: Final = 65_535
FRAME_BYTES: Final = 16_384
WAIT_S_MAX: Final = 20.0


def frame(kind: int, flags: int, stream: int, body: bytes = b"") -> bytes:
    return (
        struct.pack(">I", len(body))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + body
    )


def _literal(name: bytes, value: bytes) -> bytes:
    assert len(name) < 127 and len(value) < 127, "longer ones would need another form"
    return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value


def call_headers(method: str, metadata: tuple[tuple[str, str], ...] = ()) -> bytes:
    """HEADERS of a call to "package.Service/Method"."""
    fields = [(":method", "POST"), (":scheme", "http"), (":path", f"/{method}")]
    fields += [(":authority", "localhost"), ("content-type", "application/grpc")]
    fields += [("te", "trailers"), *metadata]
    return b"".join(_literal(name.encode(), value.encode()) for name, value in fields)


class RawPeer:
    """One connection. What the till allows to be sent is sent, and not a byte more."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), WAIT_S_MAX)
        self._socket.settimeout(WAIT_S_MAX)
        self._heard = b""
        self.is_let_in = False
        """Whether the till has answered at all."""
        self._next = 1
        self._connection = WINDOW
        self._initial = WINDOW
        self._windows: dict[int, int] = {}
        self._left: dict[int, int] = {}
        self.sent: dict[int, int] = {}
        """Bytes of messages that went out, by stream; those that are over stay."""
        self._socket.sendall(PREFACE + frame(SETTINGS, 0, 0))
        self._take()

    def close(self) -> None:
        self._socket.close()

    def begin(self, method: str, metadata: tuple[tuple[str, str], ...] = ()) -> int:
        """A call of which nothing but the headers is sent; its stream."""
        stream, self._next = self._next, self._next + 2
        self._socket.sendall(frame(HEADERS, END_HEADERS, stream, call_headers(method, metadata)))
        self._windows[stream], self.sent[stream] = self._initial, 0
        return stream

    def send(self, streams: list[int], size: int, within_s: float) -> None:
        """A message of `size` bytes on each stream, as far as the till takes it in that time."""
        self._left = dict.fromkeys(streams, 5 + size)
        until_s = time.monotonic() + within_s
        prefix = b"\0" + struct.pack(">I", size)
        while any(self._left.values()) and (rest_s := until_s - time.monotonic()) > 0:
            for stream in list(self._left):
                while (more := min(self._left[stream], self._windows[stream], FRAME_BYTES)) > 0:
                    more = min(more, self._connection)
                    if more <= 0:
                        break
                    start = prefix if self.sent[stream] == 0 else b""
                    body = (start + b"x" * more)[:more]
                    self._socket.sendall(frame(DATA, 0, stream, body))
                    self._left[stream] -= more
                    self._windows[stream] -= more
                    self._connection -= more
                    self.sent[stream] += more
            self._socket.settimeout(min(rest_s, WAIT_S_MAX))
            try:
                self._take()
            except TimeoutError:
                return

    def _take(self) -> None:
        """What the till says next."""
        try:
            more = self._socket.recv(1 << 16)
        except ConnectionResetError:
            more = b""
        if not more:
            return
        self.is_let_in = True
        self._heard += more
        at = 0
        while len(self._heard) - at >= 9:
            size = int.from_bytes(self._heard[at : at + 3], "big")
            if len(self._heard) - at < 9 + size:
                break
            kind, flags = self._heard[at + 3], self._heard[at + 4]
            stream = int.from_bytes(self._heard[at + 5 : at + 9], "big")
            self._heed(kind, flags, stream, self._heard[at + 9 : at + 9 + size])
            at += 9 + size
        self._heard = self._heard[at:]

    def _heed(self, kind: int, flags: int, stream: int, body: bytes) -> None:
        if kind == WINDOW_UPDATE and stream:
            self._windows[stream] = self._windows.get(stream, 0) + int.from_bytes(body, "big")
        elif kind == WINDOW_UPDATE:
            self._connection += int.from_bytes(body, "big")
        elif kind == SETTINGS and not flags & ACK:
            for name, value in struct.iter_unpack(">HI", body):
                if name == INITIAL_WINDOW:
                    changed, self._initial = value - self._initial, value
                    self._windows = {key: at + changed for key, at in self._windows.items()}
            self._socket.sendall(frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            self._socket.sendall(frame(PING, ACK, 0, body))
        elif kind == RST_STREAM or (kind == HEADERS and flags & END_STREAM):
            self._left.pop(stream, None)
