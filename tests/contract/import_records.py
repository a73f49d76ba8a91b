"""What `records` has of imports from a predecessor."""

from __future__ import annotations

from tillhald.domain import events as ev
from tillhald.domain.amounts import Quantity
from tillhald.domain.predecessor import (
    ImportCounts,
    ImportDone,
    ImportMark,
    OldReport,
    OldReportKind,
    OldTotals,
    PredecessorSource,
)
from tillhald.domain.sale import Line, Sale, SaleKind, SaleState, Tender, TenderType, Totals

SOURCE = PredecessorSource(
    adapter="neutral",
    product="Elder POS",
    product_version="4.2",
    shop="Harbour",
    till="2",
    origin="0123456789abcdef",
    digest="ab" * 32,
)
MARK = ImportMark(
    import_id="i1",
    product="Elder POS",
    old_id="1",
    receipt="R-1",
    shift="S1",
    digest="cd" * 12,
    uploaded=True,
)
SALE = Sale(
    sale_id="old-1",
    state=SaleState.COMPLETED,
    version=1,
    opened_ms=1_740_820_272_000,
    updated_ms=1_740_820_272_000,
    seq=0,
    shift_id="",
    business_day="2025-03-01",
    operator="Ada",
    language="en",
    kind=SaleKind.SALE,
    lines=(
        Line(
            line_id="1",
            description="Anchor",
            unit_price_minor=1190,
            extended_minor=1190,
            tax_percent=Quantity(19),
        ),
    ),
    tenders=(Tender(tender_id="t1", type=TenderType.CASH, amount_minor=1190),),
    totals=Totals(
        payable_minor=1190,
        discount_minor=0,
        tax_minor=190,
        taxes=(),
        line_discounts=(0,),
        line_taxes=(190,),
        discount_amounts=(),
    ),
    imported=MARK,
)
TOTALS = OldTotals(receipts=1, payable_minor=1190, tax_minor=190, tenders={"cash": 1190})
REPORT = OldReport(
    kind=OldReportKind.SHIFT,
    old_id="S1",
    summed=TOTALS,
    reported=TOTALS,
    business_day="2025-03-01",
    operator="Ada",
    opened_ms=1_740_812_400_000,
    closed_ms=1_740_855_600_000,
    float_minor=10_000,
    moved_minor=-5_000,
    counted_minor=6_190,
    expected_minor=6_190,
    uploaded=True,
)
DONE = ImportDone(
    import_id="i1",
    source=SOURCE,
    counts=ImportCounts(
        sales=1,
        returns=1,
        voids=1,
        suspended=1,
        shifts=1,
        days=1,
        not_uploaded=2,
        payable_minor=1190,
    ),
    request_id="r-1",
    done_ms=1_750_000_000_000,
    by="ada",
    known=3,
    differences=1,
    explanation="Their rounding.",
    reports="0123456789abcdef",
)
BARE_DONE = ImportDone(import_id="i1", source=SOURCE, counts=ImportCounts())
WHOLE: tuple[ev.AnyEvent, ...] = (
    ev.PredecessorImportBegan(import_id="i1", source=SOURCE, request_id="r-1"),
    ev.PredecessorSalesPut(import_id="i1", sales=(SALE,)),
    ev.PredecessorReportsPut(import_id="i1", first=0, reports=(REPORT,)),
    ev.PredecessorImported(done=DONE, suspended=(SALE,)),
)
BARE: tuple[ev.AnyEvent, ...] = (
    ev.PredecessorImportBegan(import_id="i1", source=SOURCE),
    ev.PredecessorImported(done=BARE_DONE),
)
