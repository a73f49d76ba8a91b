"""Exact amounts: whole minor units, exact decimals, one way to round, one way to share out.

Nothing here is a float. `round(−x) = −round(x)` everywhere, so that a return gives back exactly
what the sale took.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

import msgspec

AMOUNT_MINOR_MAX = 10**12
"""Largest amount, either sign. Millions of sales of it still fit an int64 of perpetual totals."""

QUANTITY_UNSCALED_MAX = 10**12
SCALE_MAX = 6


class Quantity(msgspec.Struct, frozen=True, array_like=True):
    """unscaled × 10^-scale; also used for percentages."""

    unscaled: int
    scale: int = 0


ZERO = Quantity(0)
ONE = Quantity(1)


class RoundingMode(enum.StrEnum):
    HALF_UP = "half_up"
    HALF_DOWN = "half_down"
    UP = "up"
    DOWN = "down"


def divide(numerator: int, denominator: int, mode: RoundingMode = RoundingMode.HALF_UP) -> int:
    """numerator ÷ denominator (above zero) as a whole number; "up" means away from zero."""
    whole, rest = divmod(abs(numerator), denominator)
    if rest:
        match mode:
            case RoundingMode.HALF_UP:
                whole += 2 * rest >= denominator
            case RoundingMode.HALF_DOWN:
                whole += 2 * rest > denominator
            case RoundingMode.UP:
                whole += 1
            case RoundingMode.DOWN:
                pass
    return whole if numerator >= 0 else -whole


def extend(unit_price_minor: int, quantity: Quantity) -> int:
    """The price of `quantity`, rounded once, half away from zero."""
    if quantity.scale == 0:
        return unit_price_minor * quantity.unscaled
    return divide(unit_price_minor * quantity.unscaled, 10**quantity.scale)


def percent_of(amount_minor: int, percent: Quantity) -> int:
    return divide(amount_minor * percent.unscaled, 100 * 10**percent.scale)


def tax_within(gross_minor: int, percent: Quantity) -> int:
    """The tax that a price holds already."""
    hundred = 100 * 10**percent.scale
    return divide(gross_minor * percent.unscaled, hundred + percent.unscaled)


def share_out(total: int, weights: Sequence[int]) -> list[int]:
    """Whole parts of `total` in proportion to `weights` (none negative), by largest remainder.

    The parts add up to `total` exactly; equal remainders go to the earlier part. With weights
    that are all zero the first part takes everything.
    """
    if not weights:
        return []
    if len(weights) == 1:
        return [total]
    if total == 0:
        return [0] * len(weights)
    whole = sum(weights)
    if whole == 0:
        return [total, *([0] * (len(weights) - 1))]
    size = abs(total)
    parts = [size * weight // whole for weight in weights]
    left = size - sum(parts)
    if left:
        rests = [size * weight % whole for weight in weights]
        # A reversed sort keeps the order of equals: the earlier part comes first.
        for index in sorted(range(len(parts)), key=rests.__getitem__, reverse=True)[:left]:
            parts[index] += 1
    return parts if total > 0 else [-part for part in parts]


def round_to_increment(amount_minor: int, increment_minor: int, mode: RoundingMode) -> int:
    """The nearest multiple of the smallest coin, by the shop's mode."""
    return divide(amount_minor, increment_minor, mode) * increment_minor
