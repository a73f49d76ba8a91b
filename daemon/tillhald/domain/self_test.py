"""When a UPS's self-test is to begin by itself, and how it went, from what it says meanwhile."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from tillhald.domain.decide_power import why_no_test
from tillhald.domain.outages import is_due
from tillhald.domain.power_sample import UpsSample
from tillhald.domain.state import TillState
from tillhald.domain.supply import SelfTestKind, SelfTestResult, Supply
from tillhald.domain.ups import RUNTIME_CLEAR_S, PowerRules, Ups

QUICK_S_MAX = 180
"""Quick tests take ten to thirty seconds."""
DEEP_S_MAX = 4 * 3_600
BEGINS_WITHIN_S = 60
"""A UPS that has not begun by then will not."""

FULL_PERCENT = 95
"""Below it the battery still charges, and its test would say little."""
ON_MAINS_MS = 3_600_000
"""Of a supply that flickers, a battery is not tested."""

STOPS_WITHIN_S = 15
"""A UPS that was told to end its test is on mains again by then, or it is an outage."""

_PASSED = ("pass", "ok", "good")
_FAILED = ("fail", "bad", "warning", "error", "abort")
_UNDER_WAY = ("progress", "running", "pending")


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """A test as far as it has been seen. `before` is what the UPS said of tests before it. A deep
    one carries the load for `carries_s` before the battery comes near its floor; one that began
    with a battery that was not charged says nothing if it does not."""

    kind: SelfTestKind
    began_ms: int
    before: str
    carries_s: int = 0
    was_charged: bool = True
    has_begun: bool = False
    said: str = ""
    result: SelfTestResult = SelfTestResult.RUNNING


def begin_watch(
    kind: SelfTestKind, sample: UpsSample | None, rules: PowerRules, now_ms: int
) -> Watched:
    """A test that begins now; `sample` is what the UPS says before it."""
    charge = sample.charge_percent if sample else None
    return Watched(
        kind=kind,
        began_ms=now_ms,
        before=sample.test_result if sample else "",
        carries_s=rules.shutdown_need_s + rules.finish_sale_s,
        was_charged=charge is None or charge >= FULL_PERCENT,
    )


def is_testing(sample: UpsSample) -> bool:
    """Whether the UPS says that a test is under way, or feeds from its battery."""
    word = sample.test_result.lower()
    return bool(sample.flags & {"CAL", "OB", "DISCHRG"}) or _says(word, _UNDER_WAY)


def is_near_floor(sample: UpsSample, rules: PowerRules) -> bool:
    """Whether a deep test has shown what it can. Some units say OB in it and stop below 10 %: from
    our own floor on that would be an outage to the rules (`domain.ups`), so it ends above it."""
    charge, runtime_s = sample.charge_percent, sample.runtime_s
    return (
        charge is not None and charge <= rules.charge_low_percent + rules.low_clear_percent
    ) or (runtime_s is not None and runtime_s <= rules.reserve_s + RUNTIME_CLEAR_S)


def watch(
    test: Watched, sample: UpsSample | None, now_ms: int, *, near_floor: bool = False
) -> Watched:
    """The test after one more look; `now_ms` is monotonic. None: the UPS said nothing."""
    limit_s = QUICK_S_MAX if test.kind is SelfTestKind.QUICK else DEEP_S_MAX
    passed_s = (now_ms - test.began_ms) // 1000
    if passed_s >= limit_s or (not test.has_begun and passed_s >= BEGINS_WITHIN_S):
        said = "NO_END_SEEN" if test.has_begun else "NO_BEGINNING_SEEN"
        return replace(test, result=SelfTestResult.UNKNOWN, said=said)
    if sample is None:
        return test
    told = sample.test_result
    word = told.lower()
    if is_testing(sample):
        test = replace(test, has_begun=True)
        is_done = near_floor and test.kind is SelfTestKind.DEEP
        return _came_low(test, passed_s) if is_done else test
    if told and (told != test.before or test.has_begun):
        if _says(word, _FAILED):
            return replace(test, result=SelfTestResult.FAILED, said=told)
        if _says(word, _PASSED):
            return replace(test, result=SelfTestResult.PASSED, said=told)
    if not test.has_begun:
        return test
    # Some protocols (Megatec Q1) tell no result. A battery that is worn says so in its flags.
    if "LB" in sample.flags and "RB" not in sample.flags and test.kind is SelfTestKind.DEEP:
        return _came_low(test, passed_s)  # the UPS itself ends it there
    if sample.flags & {"RB", "LB"}:
        return replace(test, result=SelfTestResult.FAILED, said="REPLACE_OR_LOW_BATTERY")
    return replace(test, result=SelfTestResult.PASSED, said="CARRIED_THE_LOAD")


def _came_low(test: Watched, passed_s: int) -> Watched:
    """A deep test empties the battery: what counts is how long that took."""
    if passed_s >= test.carries_s:
        return replace(test, result=SelfTestResult.PASSED, said="CARRIED_THE_LOAD")
    if not test.was_charged:
        return replace(test, result=SelfTestResult.UNKNOWN, said="WAS_NOT_CHARGED")
    return replace(test, result=SelfTestResult.FAILED, said="LOW_TOO_SOON")


def _says(text: str, words: tuple[str, ...]) -> bool:
    return any(word in text for word in words)


# --- by itself


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """Closing hours, local time, HH:MM; they may go over midnight. Empty: there are none."""

    first: str = ""
    last: str = ""

    def hold(self, time: str) -> bool:
        """Whether HH:MM `time` is within them."""
        if not self.first or not self.last:
            return False
        if self.first <= self.last:
            return self.first <= time < self.last
        return time >= self.first or time < self.last


def due_now(
    state: TillState, upses: tuple[Ups, ...], hours: Hours, time: str, at_ms: int
) -> tuple[str, SelfTestKind] | None:
    """The UPS and the test that should begin now, the deep one first; None if none should.

    `time` is the local time HH:MM of `at_ms`, the wall clock.
    """
    book = state.power
    is_steady = at_ms - book.since_ms >= ON_MAINS_MS
    if not hours.hold(time) or not is_steady or why_no_test(state):
        return None
    for ups in upses:
        charge = ups.charge_percent
        if ups.supply is not Supply.ONLINE or (charge is not None and charge < FULL_PERCENT):
            continue
        for kind in (SelfTestKind.DEEP, SelfTestKind.QUICK):
            if is_due(book, ups.name, kind, at_ms):
                return ups.name, kind
    return None
