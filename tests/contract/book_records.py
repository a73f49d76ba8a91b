"""Examples of the facts about shifts and days, for `tests.contract.records`."""

from __future__ import annotations

from tillhald.domain import events as ev
from tillhald.domain.books import (
    DayReport,
    DayTotals,
    Denomination,
    DrawerCash,
    ExceptedTender,
    MovementKind,
    OutageNote,
    Perpetual,
    ShiftReport,
    ShiftState,
    Tally,
)
from tillhald.domain.sale import TenderType

DAY_TOTALS = DayTotals(
    sales=Tally(3, 12_345),
    returns=Tally(1, -750),
    voids=Tally(1, -100),
    cancelled=1,
    discounts=Tally(2, 31),
    rounding=Tally(1, -2),
    change=Tally(2, 270),
    no_sales=4,
    copies=5,
    taxes={"B 7.5": Tally(3, 174)},
    nets={"B 7.5": Tally(3, 2_325)},
    tenders={"cash": Tally(2, 10_000), "credit_card": Tally(1, 2_615)},
    movements={"paid_out": Tally(1, 1_500)},
    differences=Tally(1, -100),
    corrections=1,
    late=Tally(1, 500),
    training=Tally(2, 999),
    clock_faults=1,
)
SHIFT_REPORT = ShiftReport(
    shift_id="shift-7",
    shift_number=7,
    operator="ann",
    opened_ms=1,
    state=ShiftState.CLOSED,
    implicit=True,
    training=True,
    ended_ms=2,
    closed_ms=3,
    cash=DrawerCash(
        float_minor=10_000,
        tendered_minor=10_000,
        change_minor=270,
        refunds_minor=850,
        paid_in_minor=1,
        loans_minor=2,
        paid_out_minor=1_500,
        pickups_minor=3,
        drops_minor=4,
    ),
    opening_expected_minor=10_050,
    counted_minor=9_900,
    left_minor=9_900,
    over_short_minor=-100,
    corrected=True,
    handed_to="bo",
    totals=DAY_TOTALS,
)
DAY_REPORT = DayReport(
    z_number=12,
    business_day="2025-06-15",
    day_number=12,
    opened_ms=1,
    at_ms=4,
    first_seq=100,
    last_seq=455,
    first_receipt=40,
    last_receipt=42,
    totals=DAY_TOTALS,
    perpetual=Perpetual(sales=Tally(42, 2**53 + 1), returns=Tally(1, -750), voids=Tally(1, -100)),
    shifts=(SHIFT_REPORT,),
    carried=2,
    exceptions=(
        ExceptedTender(
            sale_id="sale-1",
            tender_id="tender-1",
            type=TenderType.CREDIT_CARD,
            amount_minor=500,
            business_day="2025-06-14",
        ),
    ),
    outages=(OutageNote(outage_id="outage/3", began_ms=2, seconds=754),),
    version="0.1.0",
)
BARE_DAY_REPORT = DayReport(
    business_day="2025-06-15",
    day_number=1,
    opened_ms=0,
    at_ms=0,
    first_seq=1,
    last_seq=1,
    totals=DayTotals(),
    perpetual=Perpetual(),
)

BOOKS_WHOLE: tuple[ev.AnyEvent, ...] = (
    ev.OpeningDifferenceFound(shift_id="shift-7", expected_minor=10_050, counted_minor=10_000),
    ev.ShiftLocked(shift_id="shift-7"),
    ev.ShiftUnlocked(shift_id="shift-7"),
    ev.CashMoved(
        shift_id="shift-7",
        movement_id="movement-1",
        kind=MovementKind.PAID_OUT,
        amount_minor=1_500,
        operator="ann",
        reason="window cleaner",
    ),
    ev.ShiftEnded(shift_id="shift-7"),
    ev.CashCounted(
        shift_id="shift-7",
        counted_minor=9_900,
        denominations=(Denomination(5_000, 1), Denomination(100, 49)),
        counted_by="bo",
    ),
    ev.ShiftClosed(shift_id="shift-7", report=SHIFT_REPORT),
    ev.OverShortFound(shift_id="shift-7", expected_minor=10_000, counted_minor=9_900),
    ev.ShiftHandedOver(
        from_shift_id="shift-7",
        to_shift_id="shift-8",
        from_operator="ann",
        to_operator="bo",
        left_minor=9_900,
        suspended_sales=2,
    ),
    ev.CountCorrected(
        shift_id="shift-7",
        before_minor=9_900,
        counted_minor=10_000,
        reason="a bag was behind the tray",
        original_business_day="2025-06-14",
    ),
    ev.TenderExcepted(
        sale_id="sale-1",
        tender_id="tender-1",
        reason="the terminal is dead",
        business_day="2025-06-14",
    ),
    ev.DayClosed(report=DAY_REPORT),
    ev.ReportTaken(report=DAY_REPORT),
)
BOOKS_BARE: tuple[ev.AnyEvent, ...] = (
    ev.CashMoved(shift_id="s", movement_id="m", kind=MovementKind.LOAN, amount_minor=1),
    ev.CashCounted(shift_id="s", counted_minor=0),
    ev.ShiftClosed(
        shift_id="s",
        report=ShiftReport(
            shift_id="s", shift_number=1, operator="o", opened_ms=0, state=ShiftState.CLOSED
        ),
    ),
    ev.ShiftHandedOver(from_shift_id="s", to_shift_id="t", from_operator="o", to_operator="p"),
    ev.CountCorrected(shift_id="s", before_minor=0, counted_minor=0, reason="r"),
    ev.TenderExcepted(sale_id="s", tender_id="t", reason="r"),
    ev.DayClosed(report=BARE_DAY_REPORT),
)
