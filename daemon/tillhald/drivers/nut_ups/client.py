"""A client of NUT's `upsd`, by RFC 9271: one connection, typed answers, a deadline on everything.

It may be cancelled anywhere: half an answer is never left for the next question, since the
connection is dropped and made anew. Questions of several tasks are asked one after the other.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from tillhald.drivers.nut_ups.errors import (
    CommandFailed,
    FeatureMissing,
    NutGarbled,
    NutGone,
    NutRefused,
    NutUntrusted,
    UnknownCommand,
    ValueRefused,
    refusal,
)
from tillhald.drivers.nut_ups.lines import Lines
from tillhald.drivers.nut_ups.wire import decode, encode

PORT: Final = 3493
ROWS_MAX: Final = 2048
"""Of one list; the largest units have some 300 variables."""
TRACKING_POLL_S: Final = 0.05


class Outcome(enum.Enum):
    """DONE: the driver says so. UNKNOWN: it may have been done, and nobody says."""

    DONE = "done"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class NutServerAddress:
    """`host` is numeric: a name server that is down would hold us. `tls`: nothing is said, and no
    password sent, before the server has shown a certificate that it trusts, for `tls_name`.
    `log_in_to`: be counted, on each connection, as one who hangs on this UPS (LOGIN), so that a
    primary waits for us before it cuts; the protocol takes one for a connection.
    """

    host: str = "127.0.0.1"
    port: int = PORT
    username: str = ""
    password: str = field(default="", repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    tls_name: str = ""
    log_in_to: str = ""


class NutClient:
    """Connects by itself when it is asked something. One event loop.

    Every method raises, beside what it names: NutGone, NutGarbled, NutUntrusted, and NutRefused by
    its classes. `deadline_s` is for one question with its answer, connecting included.
    """

    def __init__(self, address: NutServerAddress, *, deadline_s: float = 3.0) -> None:
        """No I/O."""
        self._address = address
        self._deadline_s = deadline_s
        self._lock = asyncio.Lock()
        self._lines: Lines | None = None
        self._tracking: bool | None = None

    @property
    def connected(self) -> bool:
        """Whether the connection of the last question stands, as far as we know."""
        return self._lines is not None and self._lines.alive

    def close(self) -> None:
        """Drop the connection; the next question makes another."""
        lines, self._lines = self._lines, None
        self._tracking = None
        if lines is not None:
            lines.close()

    # --- what there is ---

    async def server_version(self) -> str:
        """The server's own sentence (VER)."""
        return " ".join(await self._ask("VER"))

    async def protocol_version(self) -> str:
        """The protocol's, e.g. "1.3" (PROTVER, or NETVER where that is not known)."""
        try:
            (version,) = _shaped(await self._ask("PROTVER"), 1)
        except UnknownCommand:
            (version,) = _shaped(await self._ask("NETVER"), 1)
        return version

    async def upses(self) -> dict[str, str]:
        """Descriptions by name."""
        return {row[0]: row[1] for row in await self._list("UPS", fields=2)}

    async def variables(self, ups: str) -> dict[str, str]:
        """All of a UPS. Raises DataStale, DriverGone, UnknownUps."""
        return {row[0]: row[1] for row in await self._list("VAR", ups, fields=2)}

    async def writable(self, ups: str) -> dict[str, str]:
        """Those that can be set, with their values."""
        return {row[0]: row[1] for row in await self._list("RW", ups, fields=2)}

    async def commands(self, ups: str) -> list[str]:
        """Instant commands that it has."""
        return [row[0] for row in await self._list("CMD", ups, fields=1)]

    async def clients(self, ups: str) -> list[str]:
        """Addresses of those who have logged in to it."""
        return [row[0] for row in await self._list("CLIENT", ups, fields=1)]

    async def variable(self, ups: str, name: str) -> str:
        """One value. Raises VariableUnknown, DataStale, DriverGone, UnknownUps."""
        return await self._get("VAR", ups, name)

    async def description(self, ups: str, name: str) -> str:
        """What a variable is, in words."""
        return await self._get("DESC", ups, name)

    async def command_description(self, ups: str, name: str) -> str:
        """What an instant command does, in words."""
        return await self._get("CMDDESC", ups, name)

    async def logins(self, ups: str) -> int:
        """How many have logged in to it."""
        words = _echoed(await self._ask("GET", "NUMLOGINS", ups), "NUMLOGINS", ups)
        if len(words) != 1 or not words[0].isdecimal():
            raise NutGarbled("a count of logins is no number")
        return int(words[0])

    # --- what is done ---

    async def set_variable(self, ups: str, name: str, value: str) -> Outcome:
        """Raises ReadOnly, SetFailed, ValueRefused, AccessDenied. Never tried twice."""
        return await self._deed("SET", "VAR", ups, name, value)

    async def command(self, ups: str, name: str, argument: str = "") -> Outcome:
        """Give an instant command. Raises CommandFailed, CommandUnknown, ValueRefused,
        AccessDenied. Never tried twice."""
        return await self._deed("INSTCMD", ups, name, *([argument] if argument else []))

    async def force_shutdown(self, ups: str) -> None:
        """Tell all who hang on this UPS that it will be cut (FSD). `upsd` never forgets it.

        Raises AccessDenied. As primary where this user is one, else by the right to FSD.
        """
        async with self._turn() as lines:
            # A user with `actions = FSD` needs neither, and gets ACCESS-DENIED for them.
            with contextlib.suppress(NutRefused):
                await _answer(lines, "LOGIN", ups)
            with contextlib.suppress(NutRefused):
                try:
                    await _answer(lines, "PRIMARY", ups)
                except UnknownCommand:  # before protocol 1.3
                    await _answer(lines, "MASTER", ups)
            _expect_ok(await _answer(lines, "FSD", ups))

    # --- one question at a time ---

    async def _ask(self, *words: str) -> list[str]:
        async with self._turn() as lines:
            return await _answer(lines, *words)

    async def _get(self, kind: str, ups: str, name: str) -> str:
        words = _echoed(await self._ask("GET", kind, ups, name), kind, ups, name)
        if len(words) != 1:
            raise NutGarbled("a value is not one word")
        return words[0]

    async def _list(self, *asked: str, fields: int) -> list[list[str]]:
        async with self._turn() as lines:
            if await _answer(lines, "LIST", *asked) != ["BEGIN", "LIST", *asked]:
                raise NutGarbled("a list begins as another one")
            rows: list[list[str]] = []
            while (words := decode(await lines.line())) != ["END", "LIST", *asked]:
                row = _echoed(words, *asked)
                if len(row) != fields or len(rows) == ROWS_MAX:
                    raise NutGarbled("a list has a row that is not its own, or too many")
                rows.append(row)
            return rows

    async def _deed(self, *words: str) -> Outcome:
        try:
            async with self._turn() as lines:
                tracked = await self._track(lines)
                words_back = _expect_ok(await _answer(lines, *words))
        except NutGone as error:
            if not error.sent:
                raise
            return Outcome.UNKNOWN  # it was heard, or it was not
        if not tracked or len(words_back) != 2 or words_back[0] != "TRACKING":
            return Outcome.UNKNOWN  # OK alone means that it stands in the driver's queue
        return await self._outcome(words_back[1])

    async def _track(self, lines: Lines) -> bool:
        """Ask this connection's server to tell outcomes (NUT 2.8.0 and later)."""
        if self._tracking is None:
            try:
                _expect_ok(await _answer(lines, "SET", "TRACKING", "ON"))
                self._tracking = True
            except (UnknownCommand, FeatureMissing, ValueRefused):
                self._tracking = False
        return self._tracking

    async def _outcome(self, number: str) -> Outcome:
        """Wait for what became of a deed, at most a deadline.

        On another connection the number still holds, unless `upsd` was started anew: then it
        knows none, or gives it to another deed. So only on this one.
        """
        on = self._lines
        try:
            async with asyncio.timeout(self._deadline_s):
                while on is not None and on is self._lines:
                    async with self._turn() as lines:
                        if lines is not on:
                            break
                        words = await _answer(lines, "GET", "TRACKING", number)
                    if words == ["SUCCESS"]:
                        return Outcome.DONE
                    if words != ["PENDING"]:
                        raise NutGarbled("an outcome is neither pending nor a success")
                    await asyncio.sleep(TRACKING_POLL_S)
        except (NutGone, TimeoutError):
            pass
        except NutRefused as error:
            # UNKNOWN: the driver does not know the command, or upsd has forgotten the number.
            if error.word == "UNKNOWN":
                raise CommandFailed(error.word) from error
            raise
        return Outcome.UNKNOWN

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[Lines]:
        """A connection for one exchange. Whatever breaks off, it is not used again."""
        asked = False
        try:
            async with asyncio.timeout(self._deadline_s):
                async with self._lock:
                    try:
                        lines = await self._open()
                        asked = True
                        yield lines
                    except NutRefused:
                        raise  # a whole answer: all is in step
                    except BaseException:
                        # Also CancelledError: half an answer may be under way.
                        self.close()
                        raise
        except TimeoutError as error:
            message = f"no answer within {self._deadline_s:g} s"
            raise NutGone(message, sent=asked) from error

    async def _open(self) -> Lines:
        if self._lines is not None and self._lines.alive:
            return self._lines
        self.close()
        address = self._address
        try:
            lines = await Lines.connect(address.host, address.port)
        except OSError as error:
            message = f"no connection: {error.strerror or type(error).__name__}"
            raise NutGone(message, sent=False) from error
        self._lines = lines
        try:
            await self._introduce(lines)
        except NutGone as error:
            raise NutGone(str(error), sent=False) from error
        except NutRefused:
            # Half introduced: the next question would be asked as somebody else.
            self.close()
            raise
        return lines

    async def _introduce(self, lines: Lines) -> None:
        address = self._address
        if address.tls is not None:
            try:
                await _answer(lines, "STARTTLS")
            except NutRefused as error:
                message = f"the server has no TLS: {error.word}"
                raise NutUntrusted(message) from error
            await lines.start_tls(address.tls, address.tls_name or address.host)
        if address.username:
            _expect_ok(await _answer(lines, "USERNAME", address.username))
            _expect_ok(await _answer(lines, "PASSWORD", address.password))
        if address.log_in_to:
            _expect_ok(await _answer(lines, "LOGIN", address.log_in_to))


async def _answer(lines: Lines, *words: str) -> list[str]:
    """Ask, and give the words of the answer. Raises NutRefused for ERR."""
    lines.send(encode(*words))
    answer = decode(await lines.line())
    if answer[0] == "ERR":
        raise refusal(answer[1] if len(answer) > 1 else "")
    return answer


def _echoed(words: list[str], *said: str) -> list[str]:
    """What stands behind an answer's echo of the question."""
    if words[: len(said)] != list(said):
        raise NutGarbled("an answer is to another question")
    return words[len(said) :]


def _expect_ok(words: list[str]) -> list[str]:
    return _echoed(words, "OK")


def _shaped(words: list[str], count: int) -> list[str]:
    if len(words) != count:
        raise NutGarbled("an answer has too many words")
    return words
