"""The version gate: front ends of another contract are refused, those that lag behind are told so.

It is asked at every call, so what it found of a header is kept for the day.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

from tillhal.v1 import system_pb2 as pb
from tillhald.domain.errors import TooOld
from tillhald.domain.versions import (
    CURRENT,
    HEADER_CHARS_MAX,
    Advice,
    Verdict,
    VersionRules,
    front_end_of,
    judge,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tillhald.rpc.door import Context

log = structlog.get_logger(__name__)

CLIENT_KEY: Final = "tillhal-client"
ADVICE_KEY: Final = "tillhal-upgrade"
KNOWN_MAX: Final = 200
"""Headers of which the verdict is kept, and front ends that are listed as lagging behind."""
MS_A_DAY: Final = 86_400_000
ALWAYS_ANSWERED: Final = frozenset(
    {
        "SystemService/GetStatus",
        "JournalService/GetStatus",
        "JournalService/WatchJournal",
    }
)
"""What says which versions there are, and what takes the journal away: refuse the till, never the
money. These are answered whatever the caller was made for."""

_ADVICE: Final = {
    Advice.CURRENT: pb.ADVICE_CURRENT,
    Advice.UPGRADE_BY: pb.ADVICE_UPGRADE_BY,
    Advice.UPGRADE_NOW: pb.ADVICE_UPGRADE_NOW,
}


class _Kept(NamedTuple):
    verdict: Verdict
    too_old: TooOld | None
    trailing: tuple[tuple[str, str], ...]


class VersionGate:
    """One for all entrances."""

    def __init__(self, rules: VersionRules, version: str, now_ms: Callable[[], int]) -> None:
        self._rules = rules
        self._version = version
        self._now_ms = now_ms
        self._day = -1
        self._kept: dict[str, _Kept] = {}
        self._told: dict[tuple[str, str], Verdict | None] = {}

    def check(self, method: str, context: Context, front_end: str) -> None:
        """Let the call through, with advice for the caller if there is any. Raises TooOld.

        A caller that says nothing of its version is let through.
        """
        header = header_of(context)
        if not header:
            return
        kept = self._judged(header)
        if kept.verdict is CURRENT and kept.too_old is None:
            return
        self._note(front_end, header, kept)
        if kept.trailing:
            context.set_trailing_metadata(kept.trailing)
        if kept.too_old is not None and method not in ALWAYS_ANSWERED:
            why = kept.too_old
            raise TooOld(why.sentence, **why.facts)

    def advice_for(self, context: Context) -> pb.UpgradeAdvice | None:
        """What this caller should do about its version; None for one that says nothing of it."""
        header = header_of(context)
        if not header or front_end_of(header) is None:
            return None
        kept = self._judged(header)
        return _to_wire("", header, None if kept.too_old else kept.verdict)

    def lagging(self) -> list[pb.UpgradeAdvice]:
        """The front ends that were told to upgrade, or refused, since the daemon's start."""
        return [_to_wire(*key, verdict) for key, verdict in sorted(self._told.items())]

    def _judged(self, header: str) -> _Kept:
        day = self._now_ms() // MS_A_DAY
        if day != self._day or len(self._kept) >= KNOWN_MAX:
            self._kept.clear()
            self._day = day
        kept = self._kept.get(header)
        if kept is None:
            kept = self._kept[header] = self._find(header, day)
        return kept

    def _find(self, header: str, day: int) -> _Kept:
        said = front_end_of(header)
        if said is None:
            return _Kept(CURRENT, None, ())
        today = datetime.date(1970, 1, 1) + datetime.timedelta(days=day)
        try:
            verdict = judge(said, self._rules, today, version=self._version)
        except TooOld as why:
            return _Kept(CURRENT, why, ())
        return _Kept(verdict, None, _trailing(verdict))

    def _note(self, front_end: str, header: str, kept: _Kept) -> None:
        """Say it once for each front end, and not at each call."""
        key, found = (front_end, header), None if kept.too_old else kept.verdict
        if key in self._told and self._told[key] == found:
            return
        if key not in self._told and len(self._told) >= KNOWN_MAX:
            return
        self._told[key] = found
        log.warning(
            "front_end_outdated",
            front_end=front_end,
            client=header,
            advice="too-old" if found is None else found.advice.value,
        )


def header_of(context: Context) -> str:
    """What the caller says it is; empty for nothing, and for what is too long to be true."""
    for key, value in context.invocation_metadata() or ():
        if key == CLIENT_KEY:
            text = value if isinstance(value, str) else value.decode("ascii", "replace")
            return text if len(text) <= HEADER_CHARS_MAX else ""
    return ""


def _trailing(verdict: Verdict) -> tuple[tuple[str, str], ...]:
    if verdict.advice is Advice.CURRENT:
        return ()
    by = f"; by={verdict.upgrade_by.isoformat()}" if verdict.upgrade_by else ""
    return ((ADVICE_KEY, f"{verdict.advice.value}; minimum={verdict.minimum}{by}"),)


def _to_wire(front_end: str, header: str, verdict: Verdict | None) -> pb.UpgradeAdvice:
    told = pb.UpgradeAdvice(front_end=front_end, client=header, advice=pb.ADVICE_TOO_OLD)
    if verdict is not None:
        told.advice = _ADVICE[verdict.advice]
        told.minimum_version = verdict.minimum
        told.upgrade_by = verdict.upgrade_by.isoformat() if verdict.upgrade_by else ""
    return told
