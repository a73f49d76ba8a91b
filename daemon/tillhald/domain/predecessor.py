"""What came from the till before this one, as values: where it is from, what it comes to.

A sale of the predecessor is kept as a completed sale with an `ImportMark`. It is in no total of
this till, and its number is none of this till's. It counts from the fact on that ends its import:
until then its rows are there, and nobody sees them.
"""

from __future__ import annotations

import enum

import msgspec

IMPORTS_MAX = 50
"""In the state. One that brings nothing new is none."""
OLD_NUMBER_CHARS_MAX = 64
"""Of a receipt's number as the predecessor printed it."""


class ImportMark(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a sale keeps of the till that it was made on. `receipt` is its number there, as printed;
    `digest` tells two contents under one `old_id` apart; `uploaded`: the predecessor had sent it
    on."""

    import_id: str
    product: str
    old_id: str
    receipt: str = ""
    shift: str = ""
    digest: str = ""
    uploaded: bool = False


class PredecessorSource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where an import came from. `origin` names one till of one shop under one product, `digest` is
    the SHA-256 over its files; both hexadecimal. `adapter` is who read it."""

    adapter: str
    product: str
    product_version: str
    shop: str
    till: str
    origin: str
    digest: str


class ImportCounts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How much an import brought. `payable_minor` is what sales, returns and voids come to
    together; `not_uploaded` counts those of them that the predecessor had not sent on."""

    sales: int = 0
    returns: int = 0
    voids: int = 0
    suspended: int = 0
    shifts: int = 0
    days: int = 0
    not_uploaded: int = 0
    payable_minor: int = 0

    @property
    def receipts(self) -> int:
        """Sales, returns and voids."""
        return self.sales + self.returns + self.voids


class OldReportKind(enum.StrEnum):
    SHIFT = "shift"
    DAY = "day"


class OldTotals(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a shift or a day comes to: receipts, what was to pay, tax, and what was kept of each
    kind of tender (of cash: less change). None where nobody says."""

    receipts: int | None = None
    payable_minor: int | None = None
    tax_minor: int | None = None
    tenders: dict[str, int] | None = None


class OldReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A shift or a day of the predecessor. `summed` is what its imported sales come to, `reported`
    what the predecessor itself said. `closed_ms` 0: it was not closed there."""

    kind: OldReportKind
    old_id: str
    summed: OldTotals
    reported: OldTotals = OldTotals()
    business_day: str = ""
    operator: str = ""
    opened_ms: int = 0
    closed_ms: int = 0
    float_minor: int | None = None
    moved_minor: int | None = None
    counted_minor: int | None = None
    expected_minor: int | None = None
    uploaded: bool = False


class ImportDone(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An import that counts. `explanation`: why it was taken although the predecessor's own totals
    differ from its sales. `reports` tells whether another export has other shifts and days."""

    import_id: str
    source: PredecessorSource
    counts: ImportCounts
    request_id: str = ""
    done_ms: int = 0
    by: str = ""
    known: int = 0
    differences: int = 0
    explanation: str = ""
    reports: str = ""


class ImportBook(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the state knows of imports: those that count, oldest first, by id."""

    done: dict[str, ImportDone] = {}

    def by_request(self, request_id: str) -> ImportDone | None:
        """The import that this request asked for."""
        return next((d for d in self.done.values() if d.request_id == request_id), None)

    def knows(self, origin: str) -> bool:
        """Whether anything of this predecessor was imported: else none of its sales is here."""
        return any(d.source.origin == origin for d in self.done.values())

    def has_reports(self, origin: str, reports: str) -> bool:
        """Whether the shifts and days of this export are here already."""
        return any((d.source.origin, d.reports) == (origin, reports) for d in self.done.values())
