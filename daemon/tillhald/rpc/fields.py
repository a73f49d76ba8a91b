"""Checks of single fields of a request: each gives the value, or refuses with the field's path.

A field of an item in a list is named relative to it; `in_item` puts the item's path before it.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import TYPE_CHECKING

from tillhald.domain import errors
from tillhald.domain.amounts import AMOUNT_MINOR_MAX, QUANTITY_UNSCALED_MAX, SCALE_MAX, Quantity

if TYPE_CHECKING:
    from tillhal.v1 import types_pb2

ID_CHARS_MAX = 64
TEXT_CHARS_MAX = 200
NOTE_CHARS_MAX = 100
NUMBERS_CACHED_MAX = 1_024

_ID = re.compile(rf"[A-Za-z0-9._:-]{{1,{ID_CHARS_MAX}}}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_BREAKING = frozenset({"Cc", "Zl", "Zp", "Cs"})
"""Controls and line separators: on a receipt they would move the paper, not print."""


def in_item(refusal: errors.Invalid, item: str) -> errors.Invalid:
    """The refusal of an item's field, with the item's path: `unit_price` of `lines[3]`."""
    refusal.field = f"{item}.{refusal.field}"
    return refusal


def request_id(value: str) -> str:
    """A UUID (RFC 9562) in its usual form; lower case, so that a retry in capitals is known."""
    if _UUID.fullmatch(value) is None:
        raise errors.FieldInvalid("request_id", "A UUID is needed.")
    return value.lower()


def identifier(value: str, field: str) -> str:
    if _ID.fullmatch(value) is None:
        sentence = f"An id has 1 to {ID_CHARS_MAX} characters of A-Z a-z 0-9 . _ : -"
        raise errors.FieldInvalid(field, sentence)
    return value


def text(value: str, field: str, *, most: int = NOTE_CHARS_MAX, least: int = 0) -> str:
    """Text for people: within its length and without control characters."""
    if not value and not least:
        return value
    if not least <= len(value) <= most:
        sentence = f"The text has {len(value)} characters; {least} to {most} are allowed."
        raise errors.FieldInvalid(field, sentence)
    if not value.isprintable():  # which also says no to spaces that are harmless
        for at, char in enumerate(value):
            if unicodedata.category(char) in _BREAKING:
                sentence = f"Character {at} (U+{ord(char):04X}) is a control character."
                raise errors.FieldInvalid(field, sentence)
    return value


def money(value: types_pb2.Money, field: str, currency: str) -> int:
    """Minor units, either sign, in the till's currency."""
    if value.currency_code != currency:
        if not value.currency_code:
            raise errors.FieldInvalid(field, "An amount with its currency is needed.")
        sentence = f"The till takes {currency}."
        raise errors.CurrencyMismatch(field, sentence, currency=currency)
    minor = value.minor_units
    if not -AMOUNT_MINOR_MAX <= minor <= AMOUNT_MINOR_MAX:
        sentence = f"An amount is at most {AMOUNT_MINOR_MAX} minor units."
        raise errors.AmountOutOfRange(field, sentence, limit_minor=AMOUNT_MINOR_MAX)
    return minor


def _number(unscaled: int, scale: int, field: str) -> Quantity:
    if not 0 <= scale <= SCALE_MAX:
        raise errors.BadScale(field, f"A scale is 0 to {SCALE_MAX}.", limit=SCALE_MAX)
    if not -QUANTITY_UNSCALED_MAX <= unscaled <= QUANTITY_UNSCALED_MAX:
        sentence = f"A number has at most {QUANTITY_UNSCALED_MAX} in its digits."
        raise errors.AmountOutOfRange(field, sentence, limit=QUANTITY_UNSCALED_MAX)
    return Quantity(unscaled, scale)


# The same few numbers come again and again: 1 piece, 19 %. A refusal is not cached.
@functools.lru_cache(maxsize=NUMBERS_CACHED_MAX)
def _quantity(unscaled: int, scale: int, field: str) -> Quantity:
    number = _number(unscaled, scale, field)
    if number.unscaled <= 0:
        raise errors.FieldInvalid(field, "A quantity is above zero.")
    return number


@functools.lru_cache(maxsize=NUMBERS_CACHED_MAX)
def _rate(unscaled: int, scale: int, field: str) -> Quantity:
    number = _number(unscaled, scale, field)
    if not 0 <= number.unscaled <= 100 * 10**number.scale:
        raise errors.FieldInvalid(field, "A percentage is 0 to 100.")
    while scale and unscaled % 10 == 0:  # 19.0 and 19 are one rate, on receipts and in totals
        unscaled, scale = unscaled // 10, scale - 1
    return Quantity(unscaled, scale)


def quantity(value: types_pb2.Decimal, field: str) -> Quantity:
    """Above zero."""
    return _quantity(value.unscaled, value.scale, field)


def percent(value: types_pb2.Decimal, field: str) -> Quantity:
    """0 to 100."""
    return _rate(value.unscaled, value.scale, field)


def version(value: int) -> int:
    if value < 1:
        raise errors.FieldInvalid("expected_version", "The version that you last saw is needed.")
    return value


def page_size(value: int, default: int, most: int) -> int:
    if value > most:
        raise errors.FieldInvalid("page_size", f"At most {most}.", limit=most)
    return value or default
