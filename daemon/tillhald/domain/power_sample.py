"""What a UPS, or a tablet's battery, says at one moment: the input of the power policy.

The words are those of NUT's `ups.status` (RFC 9271 section 5.1; "Network UPS Tools Developer
Guide", Status data). A value that a unit does not give, or that is garbage, is None.
"""

from __future__ import annotations

import enum

import msgspec

RUNTIME_S_MAX = 65_534
"""Units answer 0, 65535 and more when they do not know; see `runtime_s_from`."""
WORD_CHARS_MAX = 32
WORDS_KEPT_MAX = 16
"""Words of `ups.status` that nobody knows are kept to be shown, so many and so long."""


class UpsFlag(enum.StrEnum):
    """The words of `ups.status`. OB without OL is "on battery"; LB without OB is advice."""

    OL = "OL"
    OB = "OB"
    LB = "LB"
    HB = "HB"
    RB = "RB"
    CHRG = "CHRG"
    DISCHRG = "DISCHRG"
    BYPASS = "BYPASS"
    CAL = "CAL"
    OFF = "OFF"
    OVER = "OVER"
    TRIM = "TRIM"
    BOOST = "BOOST"
    FSD = "FSD"
    ALARM = "ALARM"


class UpsSample(msgspec.Struct, frozen=True, kw_only=True):
    """One reading. `age_s` is the time since the unit last bore the flags out.

    `words` are words of the status that are not in UpsFlag, shown and otherwise ignored.
    `charge_low_percent` and `runtime_low_s` are the unit's own limits for LB.
    """

    ups: str
    flags: frozenset[UpsFlag]
    words: tuple[str, ...] = ()
    age_s: float = 0.0
    charge_percent: float | None = None
    charge_low_percent: float | None = None
    runtime_s: int | None = None
    runtime_low_s: int | None = None
    load_percent: float | None = None
    input_v: float | None = None
    output_v: float | None = None
    battery_v: float | None = None
    test_result: str = ""
    alarm: str = ""


class Silence(enum.StrEnum):
    """Why nothing is known of a UPS now.

    UNREACHABLE: no connection to upsd. STALE: the driver lost the UPS. DRIVER_GONE: upsd has no
    driver. WAIT: the driver has only begun. UNKNOWN_UPS: upsd has no UPS of that name.
    REFUSED: upsd does not let us ask. GARBLED: what it answers is not the protocol.
    """

    UNREACHABLE = "unreachable"
    STALE = "stale"
    DRIVER_GONE = "driver_gone"
    WAIT = "wait"
    UNKNOWN_UPS = "unknown_ups"
    REFUSED = "refused"
    GARBLED = "garbled"


class NoData(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing is known of `ups` now. `age_s`: since the last sample, None if there was none."""

    ups: str
    why: Silence
    age_s: float | None = None


PowerReading = UpsSample | NoData


def flags_from(status: str) -> tuple[frozenset[UpsFlag], tuple[str, ...]]:
    """Take `ups.status` apart: the flags, and the words that are none.

    A set, since units repeat words and order them as they like ("OB OFF OB").
    """
    flags: set[UpsFlag] = set()
    words: list[str] = []
    for word in status.split():
        if word in UpsFlag.__members__:
            flags.add(UpsFlag(word))
        elif word[:WORD_CHARS_MAX] not in words and len(words) < WORDS_KEPT_MAX:
            words.append(word[:WORD_CHARS_MAX])
    return frozenset(flags), tuple(words)


def number_from(text: str | None, *, low: float, high: float) -> float | None:
    """A number within `low` to `high`; None for anything else, also NaN."""
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if low <= value <= high else None


def runtime_s_from(text: str | None) -> int | None:
    """Seconds left on battery; None where the unit gives 0, 65535 and more, or no number."""
    seconds = number_from(text, low=1, high=RUNTIME_S_MAX)
    return None if seconds is None else int(seconds)
