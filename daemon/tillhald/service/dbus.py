"""As much of D-Bus as it takes to ask logind for something: calls with texts, answers, signals.

Own code, from the D-Bus Specification 0.38: "Message Protocol", "Authentication Protocol". A
library would be a dependency for five messages.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import os
import socket
import struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

MESSAGE_BYTES_MAX = 64 * 1024
"""What logind says to us is a hundredth of it."""
FDS_MAX = 4
CALL_S_MAX = 10.0
WAITING_MAX = 16
"""Signals that came while an answer was waited for."""

CALL, RETURN, ERROR, SIGNAL = 1, 2, 3, 4
_PATH, _INTERFACE, _MEMBER, _ERROR_NAME, _REPLY_SERIAL = 1, 2, 3, 4, 5
_DESTINATION, _SENDER, _SIGNATURE = 6, 7, 8
_TEXTS: Final = {_PATH: "o", _INTERFACE: "s", _MEMBER: "s", _ERROR_NAME: "s", _DESTINATION: "s"}
_TEXTS[_SENDER] = "s"


class BusError(Exception):
    """The bus, or who was called on it, said no, or nothing that is D-Bus."""


class Message(NamedTuple):
    """One message. `texts` are its header's, by the code of the field; `fds` came with it."""

    kind: int
    texts: dict[int, str]
    reply_serial: int
    body: bytes
    fds: tuple[int, ...] = ()

    @property
    def member(self) -> str:
        """What is called, or signalled."""
        return self.texts.get(_MEMBER, "")

    @property
    def sender(self) -> str:
        """Who sent it, by the bus's own word."""
        return self.texts.get(_SENDER, "")


def encoded(
    kind: int,
    serial: int,
    fields: dict[int, str],
    *,
    body: bytes = b"",
    signature: str = "",
    reply_serial: int = 0,
    fds: int = 0,
) -> bytes:
    """A message, little-endian."""
    head = bytearray()

    def field(code: int, kind: str, value: bytes) -> None:
        head.extend(b"\0" * (-len(head) % 8))
        head.extend(bytes((code, 1)) + kind.encode() + b"\0" + value)

    for code, text in fields.items():
        data = text.encode()
        field(code, _TEXTS[code], struct.pack("<I", len(data)) + data + b"\0")
    if signature:
        field(_SIGNATURE, "g", bytes((len(signature),)) + signature.encode() + b"\0")
    if reply_serial:
        field(_REPLY_SERIAL, "u", struct.pack("<I", reply_serial))
    if fds:
        field(9, "u", struct.pack("<I", fds))
    start = struct.pack("<cBBBIII", b"l", kind, 0, 1, len(body), serial, len(head))
    return start + bytes(head) + b"\0" * (-len(head) % 8) + body


def texts_body(texts: Sequence[str]) -> bytes:
    """A body that holds texts only."""
    body = bytearray()
    for text in texts:
        body.extend(b"\0" * (-len(body) % 4))
        data = text.encode()
        body.extend(struct.pack("<I", len(data)) + data + b"\0")
    return bytes(body)


def size_of(start: bytes) -> int:
    """The bytes of the message that begins with these 16. Raises BusError."""
    order = "<" if start[:1] == b"l" else ">"
    body, _, head = struct.unpack(f"{order}III", start[4:16])
    size: int = 16 + head + -head % 8 + body
    if start[:1] not in (b"l", b"B") or start[3] != 1 or size > MESSAGE_BYTES_MAX:
        message = "the bus says something that is no message of ours"
        raise BusError(message)
    return size


def decoded(data: bytes, fds: tuple[int, ...] = ()) -> Message:
    """The message. Raises BusError."""
    order = "<" if data[:1] == b"l" else ">"
    try:
        body_size, _, head_size = struct.unpack(f"{order}III", data[4:16])
        texts: dict[int, str] = {}
        reply_serial = 0
        at = 16
        while at < 16 + head_size:
            at += -at % 8
            code, kind = data[at], data[at + 2 : at + 3]
            at += 4
            if kind in (b"s", b"o"):
                at += -at % 4
                (length,) = struct.unpack_from(f"{order}I", data, at)
                texts[code] = data[at + 4 : at + 4 + length].decode()
                at += 4 + length + 1
            elif kind == b"g":
                at += 1 + data[at] + 1
            elif kind == b"u":
                at += -at % 4
                (number,) = struct.unpack_from(f"{order}I", data, at)
                reply_serial = number if code == _REPLY_SERIAL else reply_serial
                at += 4
            else:
                message = "a field of the header is of no kind that headers have"
                raise BusError(message)
        body = data[len(data) - body_size :] if body_size else b""
        return Message(data[1], texts, reply_serial, body, fds)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        message = "the bus says something that is no message"
        raise BusError(message) from error


class Bus:
    """A connection of ours to a bus, with the right to be sent file descriptors."""

    def __init__(self, path: str) -> None:
        """`path` is that of the bus's socket; use it in an `async with`."""
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        self._socket.settimeout(0)
        self._data = bytearray()
        self._fds: list[int] = []
        self._serial = 0
        self._waiting: list[Message] = []

    async def __aenter__(self) -> Self:
        """Connect. Raises OSError, BusError."""
        try:
            async with asyncio.timeout(CALL_S_MAX):
                await self._open()
                await self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "Hello")
        except BaseException:
            self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Let go of the connection, and of descriptors that nobody took."""
        self._socket.close()
        while self._fds:
            os.close(self._fds.pop())

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.sock_connect(self._socket, self._path)
        user = str(os.getuid()).encode().hex()
        for line, answer in (
            (f"\0AUTH EXTERNAL {user}", b"OK "),
            ("NEGOTIATE_UNIX_FD", b"AGREE_UNIX_FD"),
        ):
            await loop.sock_sendall(self._socket, f"{line}\r\n".encode())
            while b"\r\n" not in self._data:
                await self._receive()
            said, _, rest = bytes(self._data).partition(b"\r\n")
            self._data[:] = rest
            if not said.startswith(answer):
                message = "the bus does not let us in"
                raise BusError(message)
        await loop.sock_sendall(self._socket, b"BEGIN\r\n")

    async def call(
        self, destination: str, path: str, member: str, *texts: str, interface: str = ""
    ) -> Message:
        """Call a method with texts, and wait for its answer. Raises BusError, OSError."""
        self._serial += 1
        serial = self._serial
        fields = {
            _PATH: path,
            _INTERFACE: interface or destination,
            _MEMBER: member,
            _DESTINATION: destination,
        }
        data = encoded(CALL, serial, fields, body=texts_body(texts), signature="s" * len(texts))
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CALL_S_MAX):
            await loop.sock_sendall(self._socket, data)
            while True:
                message = await self._next()
                if message.kind in (RETURN, ERROR) and message.reply_serial == serial:
                    break
                self._keep(message)
        if message.kind == ERROR:
            raise BusError(message.texts.get(_ERROR_NAME, "the call failed"))
        return message

    async def signal(self, member: str) -> Message:
        """The next signal of this name, waited for as long as it takes."""
        while True:
            message = self._waiting.pop(0) if self._waiting else await self._next()
            if message.kind == SIGNAL and message.member == member:
                return message

    def _keep(self, message: Message) -> None:
        if message.kind == SIGNAL and len(self._waiting) < WAITING_MAX:
            self._waiting.append(message)

    async def _next(self) -> Message:
        while len(self._data) < 16 or len(self._data) < size_of(bytes(self._data[:16])):  # noqa: PLR2004 - a header
            await self._receive()
        size = size_of(bytes(self._data[:16]))
        data = bytes(self._data[:size])
        del self._data[:size]
        # logind sends a descriptor with the one answer that holds it, and we ask for one at a time.
        fds, self._fds = tuple(self._fds), []
        return decoded(data, fds)

    async def _receive(self) -> None:
        await _readable(self._socket)
        with contextlib.suppress(BlockingIOError):
            data, ancillary, _, _ = self._socket.recvmsg(
                4096, socket.CMSG_SPACE(FDS_MAX * array.array("i").itemsize)
            )
            for level, kind, content in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    fds = array.array("i")
                    fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
                    self._fds.extend(fds)
            if not data:
                message = "the bus has gone"
                raise BusError(message)
            self._data.extend(data)


async def _readable(source: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    readable: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not readable.done():
            readable.set_result(None)

    loop.add_reader(source.fileno(), wake)
    try:
        await readable
    finally:
        loop.remove_reader(source.fileno())
