"""What a shop tells about its codes: payment codes, and labels of its own scales."""

from __future__ import annotations

import functools
import re
from typing import Annotated, Final

import msgspec

from tillhald.domain.amounts import Quantity

LAYOUTS_MAX: Final = 50
LAYOUT_CHARS_MAX: Final = 24
_LAYOUT: Final = re.compile(r"[0-9x]{1,12}[0-9xIWPV]*C", re.ASCII)
_RUNS: Final = re.compile(r"I+|W+|P+")


class PaymentCode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The digits that a customer's purse shows: how many, and the first two of them, inclusive."""

    digits_min: Annotated[int, msgspec.Meta(ge=8, le=64)]
    digits_max: Annotated[int, msgspec.Meta(ge=8, le=64)]
    prefix_min: Annotated[int, msgspec.Meta(ge=0, le=99)]
    prefix_max: Annotated[int, msgspec.Meta(ge=0, le=99)]

    def __post_init__(self) -> None:
        """Refuse, with a ValueError, what no code can be."""
        if self.digits_min > self.digits_max or self.prefix_min > self.prefix_max:
            message = "a minimum is above its maximum"
            raise ValueError(message)

    def fits(self, digits: str) -> bool:
        """Whether a row of digits is such a code."""
        return (
            self.digits_min <= len(digits) <= self.digits_max
            and self.prefix_min <= int(digits[:2]) <= self.prefix_max
        )


PAYMENT_CODES: Final = (
    # WeChat Pay: 18 digits, 10 to 15; Alipay: 16 to 24 digits, 25 to 30 (their documentation for
    # merchants); UnionPay: 19 digits, 62.
    PaymentCode(digits_min=18, digits_max=18, prefix_min=10, prefix_max=15),
    PaymentCode(digits_min=16, digits_max=24, prefix_min=25, prefix_max=30),
    PaymentCode(digits_min=19, digits_max=19, prefix_min=62, prefix_max=62),
)


class Label(msgspec.Struct, frozen=True):
    """What stands on a label of a scale. `blank` is the number with zeros for what varies."""

    blank: str
    weight: Quantity | None
    price_minor: int | None

    def price(self, scale: int) -> Quantity | None:
        """The price, in a currency with `scale` decimals."""
        return None if self.price_minor is None else Quantity(self.price_minor, scale)


class Layout(msgspec.Struct, frozen=True):
    """How the shop's scales write a number, e.g. "21IIIIIWWWWWC".

    Digits stand for themselves, x for any digit, I for the article, W for grams, P for a price in
    minor units, V for a check digit of its own that is not looked at, C for the check digit at the
    end (GS1, modulo 10).
    """

    pattern: str

    def read(self, digits: str) -> Label | None:
        """The parts of a number that is written so, or None. The check digit is not looked at."""
        if _matcher(self.pattern).fullmatch(digits) is None:
            return None
        parts = {run.group()[0]: digits[run.start() : run.end()] for run in _runs(self.pattern)}
        blank = "".join(
            "0" if mark in "WPV" else digit
            for mark, digit in zip(self.pattern, digits, strict=True)
        )
        weight = Quantity(int(parts["W"]), 3) if "W" in parts else None
        return Label(blank, weight, int(parts["P"]) if "P" in parts else None)


@functools.lru_cache(maxsize=LAYOUTS_MAX)
def _matcher(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(c if c.isdecimal() else "[0-9]" for c in pattern), re.ASCII)


@functools.lru_cache(maxsize=LAYOUTS_MAX)
def _runs(pattern: str) -> tuple[re.Match[str], ...]:
    return tuple(_RUNS.finditer(pattern))


class ScanRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a shop's codes look like. `rcn_region` is a country that biip knows, or empty."""

    rcn_region: str = ""
    layouts: tuple[Layout, ...] = ()
    payment_codes: tuple[PaymentCode, ...] = PAYMENT_CODES
    currency_scale: int = 2

    def is_payment_code(self, text: str) -> bool:
        """Whether this may be a customer's purse."""
        digits = text.strip(" \t\r\n\x1d")
        if not (digits.isascii() and digits.isdecimal()):
            return False
        return any(code.fits(digits) for code in self.payment_codes)


def layout_faults(pattern: str, payment_codes: tuple[PaymentCode, ...]) -> str:
    """What is wrong with a layout, as a sentence; empty if nothing is."""
    if len(pattern) > LAYOUT_CHARS_MAX or _LAYOUT.fullmatch(pattern) is None:
        return 'a layout is like "21IIIIIWWWWWC": digits or x, then I, W, P, V or x, then C'
    marks = [run[0] for run in _RUNS.findall(pattern)]
    if len(set(marks)) != len(marks) or not {"W", "P"} & set(marks):
        return "a layout has a weight (W) or a price (P), and each letter in one place"
    ends = [[c] if c.isdecimal() else list("0123456789") for c in pattern[:2]]
    samples = (first + second + "0" * (len(pattern) - 2) for first in ends[0] for second in ends[1])
    if any(code.fits(sample) for sample in samples for code in payment_codes):
        return "such a number may be a customer's payment code, which must not be taken for a label"
    return ""
