"""The rules of an import: what it may bring, when it counts, which rows it writes."""

from __future__ import annotations

from typing import Final

import msgspec

from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain.book_rows import Entry, number_key
from tillhald.domain.predecessor import (
    IMPORTS_MAX,
    ImportBook,
    ImportMark,
    OldReport,
)
from tillhald.domain.sale import Sale
from tillhald.domain.sales_by_day import SALES, sale_key
from tillhald.domain.state import LIVE_SALES_MAX, TillState

RECEIPTS: Final = b"o"
"""In the table of days, what a key begins with that names a receipt of a predecessor."""
REPORTS: Final = b"p"
"""The same for its shifts and days."""
_ENDS_NUMBER: Final = b"\0"

_encode = msgspec.msgpack.Encoder().encode
_report = msgspec.msgpack.Decoder(OldReport)


def receipts_key(receipt: str) -> bytes:
    """What the keys begin with of all sales with this number at a predecessor."""
    return RECEIPTS + receipt.encode() + _ENDS_NUMBER


def reports_key(import_id: str, place: int | None = None) -> bytes:
    """Of the report at this place of an import, or what the keys of all its reports begin with."""
    prefix = REPORTS + import_id.encode() + _ENDS_NUMBER
    return prefix if place is None else prefix + number_key(place)


def decode_old_report(stored: bytes) -> OldReport:
    return _report.decode(stored)


def counts_here(mark: ImportMark | None, book: ImportBook) -> bool:
    """Whether a sale is to be seen: one of an import that did not come to its end is not there."""
    return mark is None or mark.import_id in book.done


def check_import(state: TillState, suspended: int) -> None:
    """Raises TooManyImports, TooManyOpenSales (its suspended sales find no room)."""
    if len(state.imports.done) >= IMPORTS_MAX:
        sentence = f"The till keeps {IMPORTS_MAX} imports."
        raise errors.TooManyImports(sentence, limit=IMPORTS_MAX)
    if len(state.sales) + suspended > LIVE_SALES_MAX:
        sentence = "There is no room for the suspended sales of the predecessor; finish some first."
        raise errors.TooManyOpenSales(sentence, limit=LIVE_SALES_MAX, suspended=suspended)


def with_import(state: TillState, event: ev.PredecessorImported, at_ms: int) -> TillState:
    """The state once the import counts: its suspended sales wait to be resumed."""
    done = msgspec.structs.replace(event.done, done_ms=at_ms)
    sales = dict(state.sales)
    for sale in event.suspended:
        sales[sale.sale_id] = msgspec.structs.replace(sale, seq=state.seq, updated_ms=at_ms)
    book = ImportBook(done={**state.imports.done, done.import_id: done})
    return msgspec.structs.replace(state, sales=sales, imports=book)


def import_entries(event: ev.PredecessorSalesPut | ev.PredecessorReportsPut) -> list[Entry]:
    """The rows of a part of an import."""
    if isinstance(event, ev.PredecessorReportsPut):
        return [
            Entry("days", reports_key(event.import_id, event.first + at), _encode(report))
            for at, report in enumerate(event.reports)
        ]
    rows: list[Entry] = []
    for sale in event.sales:
        # In no list of a day: it belongs to none of this till's.
        rows.append(Entry(SALES, sale_key(sale.sale_id), _encode(sale)))
        if sale.imported and sale.imported.receipt:
            name = sale.sale_id.encode()
            rows.append(Entry("days", receipts_key(sale.imported.receipt) + name, name))
    return rows


def is_same(sale: Sale, mark: ImportMark) -> bool:
    """Whether a sale that is here is what the predecessor has under the same id."""
    return sale.imported is not None and sale.imported.digest == mark.digest
