"""What becomes of each row from one schema to the next, and back. Pure.

Schema 2: see `domain.sales_by_day`. Nothing is lost either way: the list is made of the sales.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from tillhald.domain.book_rows import NUMBERS, ZS, decode_day, decode_report
from tillhald.domain.readmodels import decode_sale
from tillhald.domain.sale import SaleState
from tillhald.domain.sales_by_day import (
    SALES,
    given_up,
    is_sale,
    listed_entry,
    not_given_up,
    sale_key,
)
from tillhald.journal.engine import META_FORMAT
from tillhald.journal.format import Row
from tillhald.schema import SCHEMA, SCHEMA_FIRST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    Step = Callable[["StoredRow", "History"], Iterator["StoredRow"]]

_encode = msgspec.msgpack.Encoder().encode


class StoredRow(NamedTuple):
    """A row as it was written together with record `seq`."""

    seq: int
    key: bytes
    value: bytes


class History:
    """What a row alone does not tell: `base_seq`, the record that the journal's first one follows,
    and which business day was open at which record, by the rows of the table `days`."""

    def __init__(self, base_seq: int, days: Iterable[tuple[bytes, bytes]]) -> None:
        self.base_seq = base_seq
        begun: dict[int, tuple[int, str]] = {}
        over: dict[int, int] = {}
        for key, value in days:
            if key.startswith(NUMBERS):
                day = decode_day(value)
                begun[day.day_number] = day.first_seq, day.business_day
            elif key.startswith(ZS):
                report = decode_report(value)
                over[report.day_number] = report.last_seq
        self._days = sorted((first, over.get(n), name) for n, (first, name) in begun.items())

    def day_at(self, seq: int) -> str:
        """The day that was open when record `seq` was made; empty where none was."""
        place = bisect_right(self._days, seq, key=lambda day: day[0]) - 1
        if place < 0:
            return ""
        _, last, name = self._days[place]
        return name if last is None or seq <= last else ""


def _to_2(row: StoredRow, history: History) -> Iterator[StoredRow]:
    sale = decode_sale(row.value)
    value = row.value
    if sale.state is SaleState.CANCELLED:
        sale = given_up(sale, history.day_at(sale.seq))
        value = _encode(sale)
    yield StoredRow(row.seq, sale_key(sale.sale_id), value)
    listed = None if sale.is_made_elsewhere else listed_entry(sale)
    if listed is not None:
        # As the program writes it: with the record that finished the sale. Where that lies in a
        # segment that was put aside, with the record that brought the sale back.
        seq = sale.seq if sale.seq > history.base_seq else row.seq
        yield StoredRow(seq, listed.key, listed.value)


def _to_1(row: StoredRow, _: History) -> Iterator[StoredRow]:
    if not is_sale(row.key):
        return
    sale = decode_sale(row.value)
    value = row.value
    if sale.state is SaleState.CANCELLED:
        value = _encode(not_given_up(sale))
    yield StoredRow(row.seq, sale.sale_id.encode(), value)


_UP: dict[int, Step] = {1: _to_2}
"""By the schema that it leads away from."""
_DOWN: dict[int, Step] = {2: _to_1}
CHANGED: Final = frozenset({SALES})
"""The tables whose rows change at all; those of all others go along as they are."""


def steps(schema: int, to_schema: int) -> tuple[Step, ...]:
    """The way from one schema to another, to be walked in this order. ValueError for one that
    this program does not know."""
    for each in (schema, to_schema):
        if not SCHEMA_FIRST <= each <= SCHEMA:
            message = f"schema {each} is not known; known are {SCHEMA_FIRST} to {SCHEMA}"
            raise ValueError(message)
    if schema <= to_schema:
        return tuple(_UP[at] for at in range(schema, to_schema))
    return tuple(_DOWN[at] for at in range(schema, to_schema, -1))


def moved(row: StoredRow, way: Sequence[Step], history: History) -> list[StoredRow]:
    """What becomes of one row of a table that is in CHANGED. Raises msgspec.DecodeError."""
    rows = [row]
    for step in way:
        rows = [after for before in rows for after in step(before, history)]
    return rows


class Arrivals:
    """What becomes of rows of a journal of `schema` where this program stores them again."""

    def __init__(self, schema: int, history: History) -> None:
        self._way = steps(schema, SCHEMA)
        self._history = history

    def rows(self, table: str, key: bytes, value: bytes) -> list[Row]:
        """The rows to store in place of this one. Raises msgspec.DecodeError."""
        if not self._way or table not in CHANGED:
            return [Row(table, key, value)]
        row = StoredRow(self._history.base_seq, key, value)
        return [Row(table, each.key, each.value) for each in moved(row, self._way, self._history)]


def schema_of(meta: Mapping[bytes, bytes]) -> int:
    """The schema that a journal's own description names; this program's where it is gone."""
    return int(meta.get(META_FORMAT, b"%d" % SCHEMA))


def sale_key_in(schema: int, sale_id: str) -> bytes:
    """A sale's own key under this schema."""
    return sale_id.encode() if schema == SCHEMA_FIRST else sale_key(sale_id)


def sale_in(schema: int, key: bytes) -> bool:
    """Whether a key of the table `sales` is a sale's own under this schema."""
    return schema == SCHEMA_FIRST or is_sale(key)
