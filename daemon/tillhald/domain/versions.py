"""Which front ends fit this till: pure data and one rule.

A front end says what it is in the metadata of each call, `tillhal-client: python/0.1.0; api=1.0`:
its name, its version, and the version of the contract that it was made for. The first number of
that is the contract's major one: another one is refused. What only lags behind is served and told
so, because a shop must not stand still for a program on a shelf.
"""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from tillhald.domain.errors import TooOld

if TYPE_CHECKING:
    import datetime

API: Final = "1.0"
"""The contract `tillhal.v1`: the major number is the package's, the minor one counts additions."""
OURS: Final = frozenset({"python", "node"})
"""Clients that are released with the till, under its version; others have versions of their own."""
HEADER_CHARS_MAX: Final = 120
_NUMBERS = r"[0-9]{1,5}(?:\.[0-9]{1,5}){1,3}"
_HEADER = re.compile(
    rf"([a-z][a-z0-9_-]{{0,31}})/({_NUMBERS})(?:; ?api=([0-9]{{1,5}})\.([0-9]{{1,5}}))?"
)
_VERSION = re.compile(_NUMBERS)


class Advice(enum.StrEnum):
    """What a front end should do about its version. It is served in any case."""

    CURRENT = "current"
    UPGRADE_BY = "upgrade-by"
    UPGRADE_NOW = "upgrade-now"


class FrontEnd(NamedTuple):
    """What a caller says it is."""

    name: str
    version: str
    api_major: int
    api_minor: int


class VersionRules(NamedTuple):
    """`minimum`: our own clients below it are to be upgraded, until the end of `upgrade_by`; None:
    now. Empty: any version will do."""

    minimum: str = ""
    upgrade_by: datetime.date | None = None


class Verdict(NamedTuple):
    """`upgrade_by` is there with UPGRADE_BY, `minimum` with both that are not CURRENT."""

    advice: Advice
    minimum: str = ""
    upgrade_by: datetime.date | None = None


CURRENT: Final = Verdict(Advice.CURRENT)


def is_version(text: str) -> bool:
    """Whether this is a version that can be compared: two to four numbers and points."""
    return _VERSION.fullmatch(text) is not None


def front_end_of(header: str) -> FrontEnd | None:
    """What a header says; None for one that says nothing that is understood here.

    Without `api` the contract's first version is meant.
    """
    found = _HEADER.fullmatch(header) if len(header) <= HEADER_CHARS_MAX else None
    if found is None:
        return None
    return FrontEnd(found[1], found[2], int(found[3] or 1), int(found[4] or 0))


def judge(
    front_end: FrontEnd, rules: VersionRules, today: datetime.date, *, version: str
) -> Verdict:
    """What to tell a front end. `version` is this till's. Raises TooOld.

    A front end with a greater minor number than the till's is served: what it asks for and the till
    does not have is refused call by call, as UNIMPLEMENTED.
    """
    major = int(API.partition(".")[0])
    if front_end.api_major != major:
        is_older = front_end.api_major < major
        which = "front end" if is_older else "till"
        theirs = f"{front_end.api_major}.{front_end.api_minor}"
        sentence = f"This {which} is too old: it speaks version {{}}, and the other one {{}}."
        raise TooOld(
            sentence.format(*((theirs, API) if is_older else (API, theirs))),
            too_old="front_end" if is_older else "till",
            client=f"{front_end.name}/{front_end.version}",
            client_api=theirs,
            till_version=version,
            till_api=API,
        )
    is_ours = front_end.name in OURS
    if not rules.minimum or not is_ours or _key(front_end.version) >= _key(rules.minimum):
        return CURRENT
    if rules.upgrade_by is not None and today <= rules.upgrade_by:
        return Verdict(Advice.UPGRADE_BY, rules.minimum, rules.upgrade_by)
    return Verdict(Advice.UPGRADE_NOW, rules.minimum)


def _key(version: str) -> tuple[int, ...]:
    numbers = tuple(int(part) for part in version.split("."))
    return numbers + (0,) * (4 - len(numbers))
