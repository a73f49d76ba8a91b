"""The sales of a business day: those that are over from the journal, the others from the state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tillhald.domain.book_rows import number_key
from tillhald.domain.sales_by_day import OUTCOMES, SALES, listed_prefix

if TYPE_CHECKING:
    from collections.abc import Collection

    from tillhald.domain.sale import Sale, SaleState
    from tillhald.journal.store import Store
    from tillhald.service.till import Till


class SalesList:
    """What is asked of it must be on disk: ask only after `Till.caught_up`."""

    def __init__(self, till: Till, store: Store) -> None:
        self._till = till
        self._store = store

    def of_day(
        self, business_day: str, states: Collection[SaleState], start: bytes, size: int
    ) -> tuple[list[Sale], bytes]:
        """Up to `size` sales of that day in one of these states, last changed first, and where the
        next page starts; empty at the end. `start` is empty for the first page.
        """
        places = {
            _place(sale): sale
            for sale in self._till.state.sales.values()
            if sale.business_day == business_day and sale.state in states
        }
        found: list[tuple[bytes, str]] = [
            (place, "") for place in places if not start or place <= start
        ]
        for outcome in OUTCOMES:
            if outcome in states:
                prefix = listed_prefix(business_day, outcome)
                rows = self._store.scan(
                    SALES,
                    prefix=prefix,
                    start=prefix + start if start else b"",
                    limit=size + 1,
                    reverse=True,
                )
                found += ((key[len(prefix) :], name.decode()) for key, name in rows)
        found.sort(reverse=True)
        page = [
            self._till.finished_sale(name) if name else places[place]
            for place, name in found[:size]
        ]
        next_start = found[size][0] if len(found) > size else b""
        return [sale for sale in page if sale is not None], next_start


def _place(sale: Sale) -> bytes:
    """Where a live sale stands among the others: as if it were listed."""
    return number_key(sale.seq) + sale.sale_id.encode()
