"""The shop's books as values: drawer cash, totals, shifts, days and what is reported of them.

Amounts are minor units. What stands here is stored: in checkpoints, in rows and, inside the facts
of `domain.events`, in the journal; a new field has a default, and none is renamed.
"""

from __future__ import annotations

import enum

import msgspec

from tillhald.domain.sale import TenderType

SHIFTS_A_DAY_MAX = 60
"""Shifts of one business day; all of them stand in its Z."""
COUNTS_KEPT_MAX = 20
"""Of one shift, the latest ones; the journal has all."""
DENOMINATIONS_MAX = 40
TRACES_MAX = 50
"""What is kept of one shift that may account for a difference; of more only how many there were."""


class Book(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A value that is stored."""


class Tally(msgspec.Struct, frozen=True, array_like=True):
    """How often, and how much together."""

    count: int = 0
    minor: int = 0

    def plus(self, minor: int) -> Tally:
        return Tally(self.count + 1, self.minor + minor)

    def since(self, earlier: Tally) -> Tally:
        """What came after `earlier`."""
        return Tally(self.count - earlier.count, self.minor - earlier.minor)


# --- cash


class DrawerCash(Book, frozen=True, kw_only=True):
    """All cash that went through the drawer in a shift, in minor units, each above zero."""

    float_minor: int = 0
    tendered_minor: int = 0
    change_minor: int = 0
    refunds_minor: int = 0
    paid_in_minor: int = 0
    loans_minor: int = 0
    paid_out_minor: int = 0
    pickups_minor: int = 0
    drops_minor: int = 0

    @property
    def expected_minor(self) -> int:
        """What a count should find; the one equation for X, close and Z."""
        came = self.tendered_minor + self.paid_in_minor + self.loans_minor
        went = self.change_minor + self.refunds_minor + self.paid_out_minor
        return self.float_minor + came - went - self.pickups_minor - self.drops_minor


class MovementKind(enum.StrEnum):
    """Cash that moves and is no sale: from or to the safe, or the world outside."""

    LOAN = "loan"
    PICKUP = "pickup"
    PAID_IN = "paid_in"
    PAID_OUT = "paid_out"
    SAFE_DROP = "safe_drop"

    @property
    def is_in(self) -> bool:
        """Whether it makes the drawer fuller."""
        return self in (MovementKind.LOAN, MovementKind.PAID_IN)


class Movement(Book, frozen=True, kw_only=True):
    """Cash that was put into the drawer or taken out of it; the amount is above zero."""

    movement_id: str
    shift_id: str
    kind: MovementKind
    amount_minor: int
    at_ms: int
    seq: int
    operator: str = ""
    reason: str = ""


class Denomination(msgspec.Struct, frozen=True, array_like=True):
    """How many coins or notes of one value."""

    value_minor: int
    count: int


class Count(Book, frozen=True, kw_only=True):
    """What somebody found in the drawer. `number` 1 is the first count, more are recounts."""

    counted_minor: int
    number: int
    at_ms: int
    counted_by: str = ""
    denominations: tuple[Denomination, ...] = ()


class TraceKind(enum.StrEnum):
    """What may account for a difference between the drawer and the books."""

    OPENING_DIFFERENCE = "opening_difference"
    NO_SALE = "no_sale"
    DRAWER_WITHOUT_KICK = "drawer_without_kick"
    KICK_UNKNOWN = "kick_unknown"
    TENDER_UNKNOWN = "tender_unknown"
    TENDER_REVERSED = "tender_reversed"
    TENDER_WRITTEN_OFF = "tender_written_off"
    TENDER_EXCEPTED = "tender_excepted"
    SALE_INTERRUPTED = "sale_interrupted"
    SALE_CANCELLED = "sale_cancelled"
    SALE_VOIDED = "sale_voided"
    RECOUNT = "recount"
    COUNT_CORRECTED = "count_corrected"
    CLOCK_WENT_BACK = "clock_went_back"
    BACK_ENTRY = "back_entry"


class Trace(Book, frozen=True, kw_only=True):
    """One such thing: when, in which record, about what, and how much money was in it."""

    kind: TraceKind
    at_ms: int
    seq: int
    ref: str = ""
    amount_minor: int = 0


# --- totals


class DayTotals(Book, frozen=True, kw_only=True):
    """The running totals of a business day. Amounts of returns and voids are negative.

    `taxes` is keyed by tax code and percent ("A 19", "B 7.5"): count, tax; `nets` the same, net;
    `movements` by kind. `differences` are counted minus expected. `late` are sales that were begun
    on an earlier business day, `back_entries` those that were entered from paper slips. Of training
    sales nothing but `training` is counted.
    """

    sales: Tally = Tally()
    returns: Tally = Tally()
    voids: Tally = Tally()
    cancelled: int = 0
    discounts: Tally = Tally()
    rounding: Tally = Tally()
    change: Tally = Tally()
    no_sales: int = 0
    copies: int = 0
    back_entries: Tally = Tally()
    taxes: dict[str, Tally] = {}
    nets: dict[str, Tally] = {}
    tenders: dict[str, Tally] = {}
    movements: dict[str, Tally] = {}
    differences: Tally = Tally()
    corrections: int = 0
    late: Tally = Tally()
    training: Tally = Tally()
    clock_faults: int = 0


class Perpetual(Book, frozen=True, kw_only=True):
    """Totals that only grow, over all days."""

    sales: Tally = Tally()
    returns: Tally = Tally()
    voids: Tally = Tally()


# --- shifts and days


class ShiftState(enum.StrEnum):
    OPEN = "open"
    LOCKED = "locked"
    ENDED = "ended"
    CLOSED = "closed"


class Shift(Book, frozen=True, kw_only=True):
    """One operator's accountability for the drawer.

    `opening_expected_minor` is what the shift before had left, None where nobody knows. `counts`
    are the latest; `moved_since_minor` is what came in (or, negative, went) since the last of them.
    `corrected_minor` stands for the last count where that was wrong. `base` are the day's totals
    when the shift opened, so that a sale is counted once only; `totals` its own, once it is closed.
    """

    shift_id: str
    shift_number: int
    operator: str
    opened_ms: int
    implicit: bool = False
    cash: DrawerCash = DrawerCash()
    state: ShiftState = ShiftState.OPEN
    version: int = 1
    training: bool = False
    business_day: str = ""
    day_number: int = 0
    opened_by: str = ""
    handed_from: str = ""
    handed_to: str = ""
    opening_expected_minor: int | None = None
    counts: tuple[Count, ...] = ()
    moved_since_minor: int = 0
    corrected_minor: int | None = None
    ended_ms: int = 0
    closed_ms: int = 0
    closed_seq: int = 0
    base: DayTotals = DayTotals()
    totals: DayTotals = DayTotals()
    traces: tuple[Trace, ...] = ()
    traces_more: int = 0
    last_movement: Movement | None = None

    @property
    def counted_minor(self) -> int | None:
        """What was found in the drawer, as it is known by now."""
        if self.corrected_minor is not None:
            return self.corrected_minor
        return self.counts[-1].counted_minor if self.counts else None

    @property
    def left_minor(self) -> int | None:
        """What is in the drawer by the last count and what moved since; None before a count."""
        counted = self.counted_minor
        return None if counted is None else counted + self.moved_since_minor

    @property
    def over_short_minor(self) -> int | None:
        """Above zero: more was found than is expected; None before a count."""
        left = self.left_minor
        return None if left is None else left - self.cash.expected_minor


class ShiftReport(Book, frozen=True, kw_only=True):
    """A shift on paper: what it took and what was found. None where nobody counted."""

    shift_id: str
    shift_number: int
    operator: str
    opened_ms: int
    state: ShiftState
    implicit: bool = False
    training: bool = False
    ended_ms: int = 0
    closed_ms: int = 0
    cash: DrawerCash = DrawerCash()
    opening_expected_minor: int | None = None
    counted_minor: int | None = None
    left_minor: int | None = None
    over_short_minor: int | None = None
    corrected: bool = False
    handed_to: str = ""
    totals: DayTotals = DayTotals()


class Day(Book, frozen=True, kw_only=True):
    business_day: str
    day_number: int
    opened_ms: int
    first_seq: int
    first_receipt: int
    totals: DayTotals = DayTotals()


class ExceptedTender(Book, frozen=True, kw_only=True):
    """A tender whose outcome nobody knows and that was put on the list of exceptions."""

    sale_id: str
    tender_id: str
    type: TenderType
    amount_minor: int
    business_day: str = ""


class OutageNote(Book, frozen=True, kw_only=True):
    """An outage within a day; 0 seconds while it lasts."""

    outage_id: str
    began_ms: int
    seconds: int = 0


class DayReport(Book, frozen=True, kw_only=True):
    """A Z, or with `z_number` 0 an X: the day as it stood after record `last_seq`.

    `carried` sales were put aside and go to the next day; `version` is the till's program.
    """

    business_day: str
    day_number: int
    opened_ms: int
    at_ms: int
    first_seq: int
    last_seq: int
    totals: DayTotals
    perpetual: Perpetual
    z_number: int = 0
    first_receipt: int = 0
    last_receipt: int = 0
    shifts: tuple[ShiftReport, ...] = ()
    carried: int = 0
    exceptions: tuple[ExceptedTender, ...] = ()
    outages: tuple[OutageNote, ...] = ()
    version: str = ""
