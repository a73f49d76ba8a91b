"""How a UPS's self-test went, from what it says meanwhile."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from tillhald.domain.power_sample import UpsSample
from tillhald.domain.supply import SelfTestKind, SelfTestResult

QUICK_S_MAX = 180
"""Quick tests take ten to thirty seconds."""
DEEP_S_MAX = 4 * 3_600
BEGINS_WITHIN_S = 60
"""A UPS that has not begun by then will not."""

_PASSED = ("pass", "ok", "good")
_FAILED = ("fail", "bad", "warning", "error", "abort")
_UNDER_WAY = ("progress", "running", "pending")


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """A test as far as it has been seen. `before` is what the UPS said of tests before it."""

    kind: SelfTestKind
    began_ms: int
    before: str
    has_begun: bool = False
    said: str = ""
    result: SelfTestResult = SelfTestResult.RUNNING


def watch(test: Watched, sample: UpsSample | None, now_ms: int) -> Watched:
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
    is_testing = bool(sample.flags & {"CAL", "OB", "DISCHRG"}) or _says(word, _UNDER_WAY)
    if is_testing:
        return replace(test, has_begun=True)
    if told and (told != test.before or test.has_begun):
        if _says(word, _FAILED):
            return replace(test, result=SelfTestResult.FAILED, said=told)
        if _says(word, _PASSED):
            return replace(test, result=SelfTestResult.PASSED, said=told)
    if not test.has_begun:
        return test
    # Some protocols (Megatec Q1) tell no result. A battery that is worn says so in its flags.
    if sample.flags & {"RB", "LB"}:
        return replace(test, result=SelfTestResult.FAILED, said="REPLACE_OR_LOW_BATTERY")
    return replace(test, result=SelfTestResult.PASSED, said="CARRIED_THE_LOAD")


def _says(text: str, words: tuple[str, ...]) -> bool:
    return any(word in text for word in words)
