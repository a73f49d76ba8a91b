"""Finished sales by the business day that they belong to: the rows, and how they are read.

In the table `sales`: a sale under "s" and its id; that id under "d", the day, a letter for the
outcome, the number of the record that finished it, and the id. A completed sale belongs to the day
that was open then; so does a cancelled one, and where no day was open, to the day it was begun on.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from tillhald.domain.book_rows import Entry, number_key
from tillhald.domain.sale import Sale, SaleState

SALES: Final = "sales"
_SALE: Final = b"s"
_LISTED: Final = b"d"
_LETTERS: Final = {SaleState.COMPLETED: b"c", SaleState.CANCELLED: b"x"}
OUTCOMES: Final = tuple(_LETTERS)
"""How a sale may end."""
SEQ_BYTES: Final = 8
"""What the number in a key of the list takes."""


def sale_key(sale_id: str) -> bytes:
    return _SALE + sale_id.encode()


def is_sale(key: bytes) -> bool:
    """Whether a key of the table is a sale's own, and not of the list."""
    return key.startswith(_SALE)


def listed_prefix(business_day: str, outcome: SaleState) -> bytes:
    """What the keys of all sales of that day and outcome begin with; sorted by number behind it."""
    return _LISTED + business_day.encode() + _LETTERS[outcome]


def listed_entry(sale: Sale) -> Entry | None:
    """The row that lists a sale which has just been finished; None for one of no day."""
    if not sale.business_day:
        return None
    prefix = listed_prefix(sale.business_day, sale.state)
    name = sale.sale_id.encode()
    return Entry(SALES, prefix + number_key(sale.seq) + name, name)


def given_up(sale: Sale, open_day: str) -> Sale:
    """A cancelled sale, on the day that it belongs to; `open_day` is empty where none was open."""
    if not open_day or open_day == sale.business_day:
        return sale
    begun = sale.original_business_day or sale.business_day
    return replace(sale, business_day=open_day, original_business_day=begun)


def not_given_up(sale: Sale) -> Sale:
    """A cancelled sale as schema 1 keeps it: on the day that it was begun on."""
    if not sale.original_business_day:
        return sale
    return replace(sale, business_day=sale.original_business_day, original_business_day="")
