"""What a UPS says of itself at one moment, as the rules of `domain.power` take it.

The words are those of NUT's `ups.status` (docs/new-drivers.txt, "Status data"): OL and OB say where
the power comes from, the others how the UPS is. Unknown words are kept and shown.
"""

from __future__ import annotations

import msgspec

RUNTIME_S_MAX = 65_534
"""65535 and more is what drivers say when they do not know; so is 0."""
PERCENT_MAX = 100.0
LOAD_PERCENT_MAX = 1_000.0
"""A UPS may be overloaded; nothing runs at ten times what it can carry."""


class UpsSample(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of one UPS. What is None is not known; nothing is guessed.

    `flags` are the words of `ups.status`: OL OB LB RB CHRG DISCHRG BYPASS CAL OFF OVER TRIM BOOST
    FSD ALARM, and whatever else it said. `age_s` is how long ago the UPS said so, in seconds.
    Voltages are in volts. `test_result` is the UPS's own sentence.
    """

    ups: str
    flags: frozenset[str]
    charge_percent: float | None = None
    runtime_s: int | None = None
    load_percent: float | None = None
    input_voltage: float | None = None
    battery_voltage: float | None = None
    test_result: str = ""
    age_s: float = 0.0


class NoData(msgspec.Struct, frozen=True, kw_only=True):
    """The UPS could not be read. `why` is for a technician, e.g. "DATA-STALE"."""

    ups: str
    why: str = ""


def known_runtime_s(value: float | None) -> int | None:
    """Whole seconds, or None for what drivers say when they do not know (0, 65535 and more)."""
    if value is None or not 0 < value <= RUNTIME_S_MAX:  # also false for a NaN
        return None
    return int(value) or None


def known_percent(value: float | None, most: float = PERCENT_MAX) -> float | None:
    """0 to `most`, or None."""
    return value if value is not None and 0 <= value <= most else None


def cleaned(sample: UpsSample) -> UpsSample:
    """The sample without numbers that cannot be."""
    return msgspec.structs.replace(
        sample,
        charge_percent=known_percent(sample.charge_percent),
        runtime_s=known_runtime_s(sample.runtime_s),
        load_percent=known_percent(sample.load_percent, LOAD_PERCENT_MAX),
        age_s=sample.age_s if sample.age_s > 0 else 0.0,
    )
