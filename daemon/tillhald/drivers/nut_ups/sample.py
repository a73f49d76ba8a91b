"""From NUT's variables to what the power policy takes. Pure.

The names are those of NUT's "docs/nut-names.txt". Numbers that cannot be are not known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from tillhald.domain.power_sample import UpsSample, cleaned

VOLTS_MAX: Final = 1_000.0
TEXT_CHARS_MAX: Final = 200
WORDS_MAX: Final = 32
"""Of one status, the strange ones included."""


def sample_from(ups: str, status: str, variables: Mapping[str, str]) -> UpsSample:
    """`status` is `ups.status`, fresher than `variables`. Words are a set: units repeat them and
    order them as they like ("OB OFF OB"); unknown ones are kept.
    """
    words = [word[:TEXT_CHARS_MAX] for word in status.split()[:WORDS_MAX]]
    runtime_s = _number(variables.get("battery.runtime"))
    return cleaned(
        UpsSample(
            ups=ups,
            flags=frozenset(words),
            charge_percent=_number(variables.get("battery.charge")),
            runtime_s=None if runtime_s is None else int(runtime_s),
            load_percent=_number(variables.get("ups.load")),
            input_voltage=_volts(variables.get("input.voltage")),
            battery_voltage=_volts(variables.get("battery.voltage")),
            test_result=variables.get("ups.test.result", "")[:TEXT_CHARS_MAX],
        )
    )


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _volts(text: str | None) -> float | None:
    number = _number(text)
    return number if number is not None and 0 <= number <= VOLTS_MAX else None
