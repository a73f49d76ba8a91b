"""A connection that gives whole lines, within limits, and can turn to TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from typing import Final, cast

from tillhald.drivers.nut_ups.errors import NutGarbled, NutGone, NutUntrusted
from tillhald.drivers.nut_ups.wire import LINE_BYTES_MAX

LINES_WAITING_MAX: Final = 4096
"""A list of variables has some hundred lines; more that nobody has asked for is garbage."""


class Lines(asyncio.Protocol):
    """Read by one task at a time. It ends for good at the first thing that is wrong."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._part = b""
        self._lines: deque[bytes] = deque()
        self._wrong: NutGone | NutGarbled | None = None
        self._waiter: asyncio.Future[None] | None = None
        self.tls = False

    @classmethod
    async def connect(cls, host: str, port: int) -> Lines:
        """Raises OSError. `host` is a numeric address."""
        loop = asyncio.get_running_loop()
        _, lines = await loop.create_connection(cls, host, port)
        return lines

    def send(self, line: bytes) -> None:
        """Hand one line to the kernel. Raises NutGone, NutGarbled, where it has ended.

        Something that waits unread was not asked for: an answer would be taken for another's.
        """
        if self._lines or self._part:
            self._end(NutGarbled("the server spoke without being asked"))
        if isinstance(self._wrong, NutGone):
            raise NutGone(str(self._wrong), sent=False)
        if self._wrong is not None:
            raise self._wrong
        assert self._transport is not None, "connection_made comes before all else"
        self._transport.write(line)

    async def line(self) -> bytes:
        """Wait for the next line, without its end. Raises NutGone, NutGarbled."""
        while not self._lines:
            if self._wrong is not None:
                raise self._wrong
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._lines.popleft()

    async def start_tls(self, context: ssl.SSLContext, server_hostname: str | None) -> None:
        """Raises NutUntrusted, NutGone."""
        if self._lines or self._part:
            # Whoever sits in between could have put words before the handshake.
            self._end(NutGarbled("the server spoke before the handshake"))
            raise NutUntrusted("the server spoke before the handshake")
        assert self._transport is not None, "connection_made comes before all else"
        loop = asyncio.get_running_loop()
        try:
            transport = await loop.start_tls(
                self._transport, self, context, server_hostname=server_hostname
            )
        except ssl.SSLError as error:
            reason = getattr(error, "verify_message", "") or error.reason or "no handshake"
            message = f"TLS: {reason}"
            raise NutUntrusted(message) from error
        except OSError as error:
            raise NutGone("the connection broke in the handshake", sent=False) from error
        if transport is None:  # the connection ended meanwhile
            raise NutGone("the connection broke in the handshake", sent=False)
        self._transport = transport
        self.tls = True

    def close(self) -> None:
        """Let go at once; what is under way is lost."""
        if self._transport is not None:
            self._transport.abort()
        self._end(NutGone("the connection was closed", sent=True))

    @property
    def alive(self) -> bool:
        """Whether nothing has gone wrong yet."""
        return self._wrong is None

    # --- asyncio.Protocol ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        # A cast, not an assertion: uvloop's transports are no subclasses of asyncio's.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self._wrong is not None:
            return
        *whole, self._part = (self._part + data).split(b"\n")
        self._lines.extend(whole)
        longest = max(map(len, (*whole, self._part)))
        if longest > LINE_BYTES_MAX or len(self._lines) > LINES_WAITING_MAX:
            self._lines.clear()
            self._end(NutGarbled("the server sends more than the protocol has"))
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        what = f"the connection broke: {exc}" if exc else "the server ended the connection"
        self._end(NutGone(what, sent=True))

    def _end(self, wrong: NutGone | NutGarbled) -> None:
        if self._wrong is None:
            self._wrong = wrong
            if self._transport is not None:
                self._transport.abort()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
