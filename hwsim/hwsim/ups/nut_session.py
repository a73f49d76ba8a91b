"""One client's talk with a UPS server, by RFC 9271: a line in, lines out. Pure but for the UPSes.

The error words are those of section 4.4; where the RFC leaves open what comes first, this does as
NUT 2.8.0's `upsd` does.
"""

import hmac
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from hwsim.ups.nut_variables import COMMANDS, DESCRIPTIONS, WRITABLE, variables
from hwsim.ups.nut_words import BadLine, quoted, words_of
from hwsim.ups.virtual import VirtualUps

TRACKED_MAX: Final = 1_000
VERSION: Final = "Network UPS Tools upsd hwsim - https://www.networkupstools.org/"
PROTOCOL: Final = "1.3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """As a section of `upsd.users` grants: `actions`, `instcmds = ALL`, `upsmon primary`."""

    password: str = field(repr=False)
    may_set: bool = False
    may_fsd: bool = False
    may_command: bool = False
    upsmon: str = ""


@dataclass(slots=True)
class ServedUps:
    """`driver_gone`: the server has no driver for it. `written`: what hosts have set."""

    ups: VirtualUps
    description: str = "A simulated UPS"
    driver_gone: bool = False
    written: dict[str, str] = field(default_factory=dict)
    logins: list[str] = field(default_factory=list)
    fsd: bool = False


class NutDesk:
    """What all clients of a server share."""

    def __init__(self, served: dict[str, ServedUps], accounts: dict[str, Account]) -> None:
        """By the names that clients say."""
        self.served = served
        self.accounts = accounts
        self.lock = threading.RLock()
        self._outcomes: OrderedDict[str, str] = OrderedDict()

    def track(self, outcome: str) -> str:
        """Keep what became of a command; give its id."""
        number = str(uuid.uuid4())
        self._outcomes[number] = outcome
        if len(self._outcomes) > TRACKED_MAX:
            self._outcomes.popitem(last=False)
        return number

    def outcome(self, number: str) -> str:
        """The answer to GET TRACKING."""
        return self._outcomes.get(number, "ERR UNKNOWN")


class Refused(Exception):
    """ERR and the word."""


class NutSession:
    """`ended`: the connection is to be closed. `wants_tls`: the next bytes are a handshake."""

    def __init__(self, desk: NutDesk, peer: str, *, can_tls: bool) -> None:
        """A client has connected from `peer`."""
        self._desk = desk
        self._peer = peer
        self._can_tls = can_tls
        self._user = ""
        self._password = ""
        self._tracking = False
        self._logged_in: ServedUps | None = None
        self.ended = False
        self.wants_tls = False
        self.tls = False

    def close(self) -> None:
        """The client has gone."""
        with self._desk.lock:
            if self._logged_in is not None:
                self._logged_in.logins.remove(self._peer)
                self._logged_in = None

    def answer(self, line: str) -> list[str]:
        """The lines that a line is answered by."""
        try:
            words = words_of(line)
        except BadLine:
            return ["ERR INVALID-ARGUMENT"]
        if not words:
            return ["ERR UNKNOWN-COMMAND"]
        verb, *rest = words
        handler = _VERBS.get(verb.upper())
        if handler is None:
            return ["ERR UNKNOWN-COMMAND"]
        with self._desk.lock:
            try:
                return handler(self, rest)
            except Refused as refusal:
                return [f"ERR {refusal}"]

    # --- who asks ---

    def _username(self, words: Sequence[str]) -> list[str]:
        (name,) = _exactly(words, 1)
        if self._user:
            raise Refused("ALREADY-SET-USERNAME")
        self._user = name
        return ["OK"]

    def _take_password(self, words: Sequence[str]) -> list[str]:
        (password,) = _exactly(words, 1)
        if self._password:
            raise Refused("ALREADY-SET-PASSWORD")
        self._password = password
        return ["OK"]

    def _account(self) -> Account:
        if not self._user:
            raise Refused("USERNAME-REQUIRED")
        if not self._password:
            raise Refused("PASSWORD-REQUIRED")
        account = self._desk.accounts.get(self._user)
        if account is None or not hmac.compare_digest(
            account.password.encode(), self._password.encode()
        ):
            raise Refused("ACCESS-DENIED")
        return account

    def _login(self, words: Sequence[str]) -> list[str]:
        (name,) = _exactly(words, 1)
        if not self._account().upsmon:
            raise Refused("ACCESS-DENIED")
        if self._logged_in is not None:
            raise Refused("ALREADY-LOGGED-IN")
        served = self._served(name)
        served.logins.append(self._peer)
        self._logged_in = served
        return ["OK"]

    def _logout(self, _words: Sequence[str]) -> list[str]:
        self.close()
        self.ended = True
        return ["OK Goodbye"]

    def _primary(self, words: Sequence[str]) -> list[str]:
        (name,) = _exactly(words, 1)
        self._served(name)
        if self._account().upsmon != "primary":
            raise Refused("ACCESS-DENIED")
        return ["OK PRIMARY-GRANTED"]

    def _master(self, words: Sequence[str]) -> list[str]:
        self._primary(words)
        return ["OK MASTER-GRANTED"]

    def _fsd(self, words: Sequence[str]) -> list[str]:
        (name,) = _exactly(words, 1)
        served = self._served(name)
        account = self._account()
        if not account.may_fsd and account.upsmon != "primary":
            raise Refused("ACCESS-DENIED")
        served.fsd = True
        with served.ups.now() as ups:
            ups.note("forced_shutdown", self._user)
        return ["OK FSD-SET"]

    def _starttls(self, _words: Sequence[str]) -> list[str]:
        if self.tls:
            raise Refused("ALREADY-SSL-MODE")
        if not self._can_tls:
            raise Refused("FEATURE-NOT-CONFIGURED")
        self.wants_tls = True
        return ["OK STARTTLS"]

    # --- what is asked ---

    def _served(self, name: str) -> ServedUps:
        served = self._desk.served.get(name)
        if served is None:
            raise Refused("UNKNOWN-UPS")
        return served

    def _variables(self, name: str) -> dict[str, str]:
        served = self._served(name)
        if served.driver_gone:
            raise Refused("DRIVER-NOT-CONNECTED")
        with served.ups.now() as ups:
            if not ups.answers:
                raise Refused("DATA-STALE")
            found = variables(ups, served.written)
        if served.fsd and "FSD" not in found["ups.status"].split():
            found["ups.status"] = "FSD " + found["ups.status"]
        return found

    def _list(self, words: Sequence[str]) -> list[str]:
        if not words:
            raise Refused("INVALID-ARGUMENT")
        what, rest = words[0].upper(), words[1:]
        if what == "UPS":
            rows = [f"UPS {n} {quoted(s.description)}" for n, s in self._desk.served.items()]
            return ["BEGIN LIST UPS", *rows, "END LIST UPS"]
        if what in {"ENUM", "RANGE"}:
            name, variable = _exactly(rest, 2)
            if variable not in self._variables(name):
                raise Refused("VAR-NOT-SUPPORTED")
            return [f"BEGIN LIST {what} {name} {variable}", f"END LIST {what} {name} {variable}"]
        (name,) = _exactly(rest, 1)
        if what == "VAR":
            rows = [f"VAR {name} {k} {quoted(v)}" for k, v in self._variables(name).items()]
        elif what == "RW":
            found = self._variables(name)
            rows = [f"RW {name} {k} {quoted(found[k])}" for k in WRITABLE]
        elif what == "CMD":
            self._variables(name)
            rows = [f"CMD {name} {command}" for command in COMMANDS]
        elif what == "CLIENT":
            rows = [f"CLIENT {name} {peer}" for peer in self._served(name).logins]
        else:
            raise Refused("INVALID-ARGUMENT")
        return [f"BEGIN LIST {what} {name}", *rows, f"END LIST {what} {name}"]

    def _get(self, words: Sequence[str]) -> list[str]:
        if len(words) < 2:
            raise Refused("INVALID-ARGUMENT")
        what, name, *rest = words
        what = what.upper()
        if what == "TRACKING":
            return [self._desk.outcome(name)]
        if what == "NUMLOGINS":
            return [f"NUMLOGINS {name} {len(self._served(name).logins)}"]
        if what == "UPSDESC":
            return [f"UPSDESC {name} {quoted(self._served(name).description)}"]
        (asked,) = _exactly(rest, 1)
        if what == "VAR":
            found = self._variables(name)
            if asked == "server.version":
                return [f"VAR {name} server.version {quoted('hwsim')}"]
            if asked not in found:
                raise Refused("VAR-NOT-SUPPORTED")
            return [f"VAR {name} {asked} {quoted(found[asked])}"]
        if what == "TYPE":
            if asked not in self._variables(name):
                raise Refused("VAR-NOT-SUPPORTED")
            kind = f"RW STRING:{WRITABLE[asked]}" if asked in WRITABLE else "NUMBER"
            return [f"TYPE {name} {asked} {kind}"]
        if what == "DESC":
            self._served(name)
            text = DESCRIPTIONS.get(asked, "Description unavailable")
            return [f"DESC {name} {asked} {quoted(text)}"]
        if what == "CMDDESC":
            self._served(name)
            described = COMMANDS.get(asked)
            text = described[0] if described else "Description unavailable"
            return [f"CMDDESC {name} {asked} {quoted(text)}"]
        raise Refused("INVALID-ARGUMENT")

    # --- what is done ---

    def _set(self, words: Sequence[str]) -> list[str]:
        if words and words[0].upper() == "TRACKING" and len(words) == 2:
            if words[1].upper() not in {"ON", "OFF"}:
                raise Refused("INVALID-ARGUMENT")
            self._account()
            self._tracking = words[1].upper() == "ON"
            return ["OK"]
        what, name, variable, value = _exactly(words, 4)
        if what.upper() != "VAR":
            raise Refused("INVALID-ARGUMENT")
        if not self._account().may_set:
            raise Refused("ACCESS-DENIED")
        found = self._variables(name)
        if variable not in found:
            raise Refused("VAR-NOT-SUPPORTED")
        if variable not in WRITABLE:
            raise Refused("READONLY")
        if len(value) > WRITABLE[variable]:
            raise Refused("TOO-LONG")
        if variable != "ups.id" and not value.isdecimal():
            return self._queued("ERR INVALID-ARGUMENT")
        self._served(name).written[variable] = value
        return self._queued("SUCCESS")

    def _instcmd(self, words: Sequence[str]) -> list[str]:
        if len(words) not in {2, 3}:
            raise Refused("INVALID-ARGUMENT")
        name, command, argument = (*words, "")[:3]
        if not self._account().may_command:
            raise Refused("ACCESS-DENIED")
        self._variables(name)
        if command not in COMMANDS:
            raise Refused("CMD-NOT-SUPPORTED")
        served = self._served(name)
        with served.ups.now() as ups:
            ups.note("command", command)
            done = COMMANDS[command][1](ups, argument, served.written)
        return self._queued("SUCCESS" if done else "ERR FAILED")

    def _queued(self, outcome: str) -> list[str]:
        # OK means that it was queued; what became of it is told to those who track it.
        return [f"OK TRACKING {self._desk.track(outcome)}"] if self._tracking else ["OK"]

    def _help(self, _words: Sequence[str]) -> list[str]:
        return ["Commands: " + " ".join(_VERBS)]


def _exactly(words: Sequence[str], count: int) -> Sequence[str]:
    if len(words) != count:
        raise Refused("INVALID-ARGUMENT")
    return words


_VERBS: Final[dict[str, Callable[[NutSession, Sequence[str]], list[str]]]] = {
    "HELP": NutSession._help,  # noqa: SLF001 - the class's own table
    "VER": lambda _s, _w: [VERSION],
    "NETVER": lambda _s, _w: [PROTOCOL],
    "PROTVER": lambda _s, _w: [PROTOCOL],
    "GET": NutSession._get,  # noqa: SLF001
    "LIST": NutSession._list,  # noqa: SLF001
    "SET": NutSession._set,  # noqa: SLF001
    "INSTCMD": NutSession._instcmd,  # noqa: SLF001
    "USERNAME": NutSession._username,  # noqa: SLF001
    "PASSWORD": NutSession._take_password,  # noqa: SLF001
    "LOGIN": NutSession._login,  # noqa: SLF001
    "LOGOUT": NutSession._logout,  # noqa: SLF001
    "PRIMARY": NutSession._primary,  # noqa: SLF001
    "MASTER": NutSession._master,  # noqa: SLF001
    "FSD": NutSession._fsd,  # noqa: SLF001
    "STARTTLS": NutSession._starttls,  # noqa: SLF001
}
