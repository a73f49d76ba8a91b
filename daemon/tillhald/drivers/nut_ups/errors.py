"""What goes wrong between us and `upsd`. No text holds a password, nor what garbage contained."""

from __future__ import annotations

from typing import ClassVar, Final


class NutError(Exception):
    """Every error of this driver."""

    why: ClassVar[str] = "NUT-FAILED"


class NutGone(NutError):
    """No connection, or it broke, or the answer did not come in time.

    `sent`: the question went out, so that a command may have been heard.
    """

    why = "UNREACHABLE"

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class NutGarbled(NutError):
    """What came is not RFC 9271, or more than we take. The connection has been dropped."""

    why = "GARBLED"


class NutUntrusted(NutError):
    """The server does not speak TLS, or its certificate is not one that we were told to trust."""

    why = "TLS-UNTRUSTED"


class NutUnsayable(NutError):
    """What was to be sent has no form in the protocol: a line's end, or too long. Nothing went."""

    why = "UNSAYABLE"


class NutRefused(NutError):
    """The server answered ERR. `word` is the protocol's own (RFC 9271 section 4.4)."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


class AccessDenied(NutRefused):
    """The user may not do it, or name and password do not match."""


class AlreadyAttached(NutRefused):
    """Logged in to a UPS already, on this connection."""


class AlreadySsl(NutRefused):
    """TLS was begun already."""


class CommandFailed(NutRefused):
    """The driver did not carry it out, or the UPS refused it."""


class CommandUnknown(NutRefused):
    """The UPS has no such instant command."""


class DataStale(NutRefused):
    """The driver has lost the UPS: what is known is old."""


class DriverGone(NutRefused):
    """upsd has no driver for this UPS now."""


class FeatureMissing(NutRefused):
    """upsd was built without it, or not told how."""


class NotLoggedIn(NutRefused):
    """A user's name or password is needed first."""


class ReadOnly(NutRefused):
    """The variable cannot be set."""


class UserSetTwice(NutRefused):
    """Name or password was given on this connection already."""


class SetFailed(NutRefused):
    """The driver did not take the value."""


class UnknownCommand(NutRefused):
    """upsd does not know the request."""


class UnknownUps(NutRefused):
    """upsd serves no UPS of that name."""


class ValueRefused(NutRefused):
    """The value or argument is none that can be taken."""


class VariableUnknown(NutRefused):
    """The UPS has no such variable."""


class OtherRefusal(NutRefused):
    """A word that neither the RFC nor NUT 2.8 has."""


REFUSALS: Final[dict[str, type[NutRefused]]] = {
    "ACCESS-DENIED": AccessDenied,
    "ALREADY-ATTACHED": AlreadyAttached,
    "ALREADY-LOGGED-IN": AlreadyAttached,
    "ALREADY-SET-PASSWORD": UserSetTwice,
    "ALREADY-SET-USERNAME": UserSetTwice,
    "ALREADY-SSL-MODE": AlreadySsl,
    "CMD-NOT-SUPPORTED": CommandUnknown,
    "DATA-STALE": DataStale,
    "DRIVER-NOT-CONNECTED": DriverGone,
    "FAILED": CommandFailed,
    "FEATURE-NOT-CONFIGURED": FeatureMissing,
    "FEATURE-NOT-SUPPORTED": FeatureMissing,
    "INSTCMD-FAILED": CommandFailed,
    "INVALID-ARGUMENT": ValueRefused,
    "INVALID-PASSWORD": AccessDenied,
    "INVALID-USERNAME": AccessDenied,
    "INVALID-VALUE": ValueRefused,
    "PASSWORD-REQUIRED": NotLoggedIn,
    "READONLY": ReadOnly,
    "SET-FAILED": SetFailed,
    "TLS-NOT-ENABLED": FeatureMissing,
    "TOO-LONG": ValueRefused,
    "UNKNOWN-COMMAND": UnknownCommand,
    "UNKNOWN-UPS": UnknownUps,
    "USERNAME-REQUIRED": NotLoggedIn,
    "VAR-NOT-SUPPORTED": VariableUnknown,
}
"""RFC 9271 section 4.4 and NUT 2.8.0's `server/neterr.h`."""

WORD_CHARS_MAX: Final = 40


def refusal(word: str) -> NutRefused:
    """The error for the word behind ERR; of an unknown one no more than a word's length."""
    return REFUSALS.get(word, OtherRefusal)(word[:WORD_CHARS_MAX])
