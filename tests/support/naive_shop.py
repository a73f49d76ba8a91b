"""A whole shop in plain Python: what is allowed, and what it comes to.

Whatever is asked for, it says first which reasons speak against it. Sums are not kept but added up
from the sales each time: that is what makes them worth comparing with.
"""

from __future__ import annotations

import datetime
from collections import Counter
from dataclasses import dataclass, field

from tests.support.naive_sale import (
    APPROVED,
    ASIDE,
    CANCELLED,
    COMPLETED,
    INTERRUPTED,
    LIVE_TENDER,
    PENDING,
    SALE,
    UNDER_WAY,
    UNKNOWN,
    NaiveSale,
    sums,
)

INTO_DRAWER = {"loan", "paid_in"}
OUT_OF_DRAWER = {"pickup", "paid_out", "safe_drop"}
LOCKED, ENDED, CLOSED = "LOCKED", "ENDED", "CLOSED"
SHIFTS_A_DAY_MAX = 60
SHOPS_OPERATOR, SHOPS_FLOAT = "the shop", 2_000
"""Of a shift that the first sale opens."""
TODAY = datetime.date.today().isoformat()


@dataclass
class NaiveShift:
    shift_id: str
    operator: str
    opening: int
    training: bool = False
    implicit: bool = False
    """The first sale opened it; nobody need close it."""
    state: str = "OPEN"
    version: int = 1
    sold: list[NaiveSale] = field(default_factory=list)
    moved: list[tuple[str, int]] = field(default_factory=list)
    moved_by_count: int = 0
    """How many of `moved` were there before the last count."""
    counted: int | None = None

    @property
    def expected(self) -> int:
        """What should be in the drawer."""
        through_sales = sum(sale.cash - sale.change for sale in self.sold)
        return self.opening + through_sales + in_and_out(self.moved)

    @property
    def left(self) -> int | None:
        """By the last count and what moved since."""
        if self.counted is None:
            return None
        return self.counted + in_and_out(self.moved[self.moved_by_count :])


def in_and_out(moved: list[tuple[str, int]]) -> int:
    return sum(amount if kind in INTO_DRAWER else -amount for kind, amount in moved)


@dataclass
class NaiveDay:
    number: int
    date: str
    sold: list[NaiveSale] = field(default_factory=list)
    moved: list[tuple[str, int]] = field(default_factory=list)
    differences: list[int] = field(default_factory=list)
    corrections: int = 0
    cancelled: int = 0
    trained: list[int] = field(default_factory=list)
    no_sales: int = 0
    shifts: list[NaiveShift] = field(default_factory=list)


@dataclass
class Taken:
    """Counts and amounts, as a Z has them."""

    by_kind: dict[str, tuple[int, int]]
    rounding: tuple[int, int]
    change: tuple[int, int]
    discounts: tuple[int, int]
    tenders: dict[str, tuple[int, int]]
    taxes: dict[str, tuple[int, int, int]]
    movements: dict[str, tuple[int, int]]
    late: tuple[int, int]
    differences: tuple[int, int]


def tally(amounts: list[int]) -> tuple[int, int]:
    return len(amounts), sum(amounts)


def by_name(pairs: list[tuple[str, int]]) -> dict[str, tuple[int, int]]:
    return {
        name: tally([amount for other, amount in pairs if other == name])
        for name in {name for name, _ in pairs}
    }


class NaiveShop:
    """`coin` is the smallest one; `suspended` what becomes of sales put aside at the day's end;
    `implicit`: whoever sells first opens day and shift."""

    def __init__(
        self, coin: int = 1, suspended: str = "carry_over", *, implicit: bool = False
    ) -> None:
        self.coin = coin
        self.suspended = suspended
        self.implicit = implicit
        self.sales: dict[str, NaiveSale] = {}
        self.receipts: list[NaiveSale] = []
        self.trainings: list[NaiveSale] = []
        self.day: NaiveDay | None = None
        self.shift: NaiveShift | None = None
        self.closed: dict[str, NaiveShift] = {}
        self.days: list[NaiveDay] = []
        self.left: int | None = None
        self.movements: set[str] = set()
        self.shifts_opened = 0
        self.days_opened = 0

    # --- looking

    def live(self, *states: str) -> list[NaiveSale]:
        """Sales that are not over, oldest first; with `states` those in one of them."""
        wanted = states or (*UNDER_WAY, *ASIDE)
        return [sale for sale in self.sales.values() if sale.state in wanted]

    def taken(self, day: NaiveDay) -> Taken:
        """What a day took, added up from its sales."""
        known = [(sale, sums(sale)) for sale in day.sold]
        tenders = [(t.type, t.amount) for sale in day.sold for t in sale.in_states(APPROVED)]
        nets: Counter[str] = Counter()
        for _, came in known:
            nets.update({name: net for name, (net, _) in came.taxes.items()})
        taxes = by_name([(n, tax) for _, came in known for n, (_, tax) in came.taxes.items()])
        return Taken(
            by_kind=by_name([(sale.kind, came.payable) for sale, came in known]),
            rounding=tally([sale.rounding for sale in day.sold if sale.rounding]),
            change=tally([sale.change for sale in day.sold if sale.change]),
            discounts=tally([came.discount for _, came in known if came.discount]),
            tenders=by_name(tenders),
            taxes={name: (*both, nets[name]) for name, both in taxes.items()},
            movements=by_name(day.moved),
            late=tally([came.payable for sale, came in known if sale.begun != day.date]),
            differences=tally([each for each in day.differences if each]),
        )

    # --- why not

    def cannot_sell(self) -> set[str]:
        if self.shift is not None:
            return {LOCKED: {"SHIFT_LOCKED"}, ENDED: {"SHIFT_NOT_OPEN"}}.get(
                self.shift.state, set()
            )
        if self.implicit:
            crowded = self.day is not None and len(self.day.shifts) >= SHIFTS_A_DAY_MAX
            return {"TOO_MANY_SHIFTS"} if crowded else set()
        return {"SHIFT_NOT_OPEN"} | (set() if self.day else {"DAY_NOT_OPEN"})

    def has_never_trained(self) -> bool:
        """Some days have passed, and nobody has."""
        return len(self.days) > 2 and not self.trainings

    @property
    def in_training(self) -> bool:
        return self.shift is not None and self.shift.training

    def cannot_mix(self, sale_id: str) -> set[str]:
        """Against doing something for a sale of training in the shop, or the other way round."""
        sale = self.sales.get(sale_id)
        mixed = sale is not None and sale.training is not self.in_training
        return {"SALE_STATE"} if mixed else set()

    def cannot_touch(self, sale_id: str, version: int, *states: str) -> set[str]:
        """Against a step on a sale that has to be in one of these states."""
        sale = self.sales.get(sale_id)
        if sale is None:
            return {"SALE_NOT_FOUND"}
        reasons = set()
        if sale.state not in states:
            reasons.add("SALE_STATE")
        if sale.state not in (COMPLETED, CANCELLED) and sale.version != version:
            reasons.add("VERSION_CONFLICT")
        return reasons

    def cannot_return(self, original_id: str) -> set[str]:
        """Against taking goods of this sale back."""
        original = self.sales.get(original_id)
        if original is None or original.state not in (COMPLETED, CANCELLED):
            return {"SALE_NOT_FOUND"}
        if original.state != COMPLETED or original.kind != SALE:
            return {"SALE_STATE"}
        return self.cannot_mix(original_id) | ({"ALREADY_VOIDED"} if original.is_voided else set())

    def cannot_change_shift(self, shift_id: str, version: int, *states: str) -> set[str]:
        if self.shift is None or self.shift.shift_id != shift_id:
            return {"SHIFT_STATE" if shift_id in self.closed else "SHIFT_NOT_FOUND"}
        reasons = set()
        if self.shift.version != version:
            reasons.add("VERSION_CONFLICT")
        if self.shift.state not in states:
            reasons.add("SHIFT_STATE")
        return reasons

    def cannot_close_day(self, number: int) -> set[str]:
        if self.day is None:
            return {"DAY_NOT_OPEN"}
        reasons = set()
        if self.day.number != number:
            reasons.add("VERSION_CONFLICT")
        if self.shift is not None and not self.shift.implicit:
            reasons.add("SHIFT_STATE")
        if self.live(*UNDER_WAY):
            reasons.add("OPEN_SALES_EXIST")
        for sale in self.live(*ASIDE):
            unresolved = [name for name, t in sale.tenders.items() if t.state in (PENDING, UNKNOWN)]
            if set(unresolved) - sale.excepted:
                reasons.add("TENDER_UNRESOLVED")
            elif not unresolved and (
                self.suspended == "block"
                or (self.suspended == "cancel" and sale.in_states(*LIVE_TENDER))
            ):
                reasons.add("OPEN_SALES_EXIST")
        return reasons

    # --- what happens

    def interrupt(self) -> None:
        """The daemon died and came back."""
        for sale in self.live(*UNDER_WAY):
            sale.state = INTERRUPTED
            sale.version += 1

    def ready(self) -> None:
        """Somebody sells: where nobody opened day and shift, that does."""
        if self.day is None:
            self.open_day(TODAY)
        if self.shift is None:
            self.open_shift(SHOPS_OPERATOR, SHOPS_FLOAT).implicit = True

    def begin(self, sale: NaiveSale) -> None:
        """A sale is opened."""
        self.ready()
        assert self.day is not None
        sale.training, sale.begun = self.in_training, self.day.date
        self.sales[sale.sale_id] = sale

    def complete(self, sale: NaiveSale, rounding: int, change: int) -> None:
        assert self.day is not None
        assert self.shift is not None
        sale.state, sale.rounding, sale.change = COMPLETED, rounding, change
        series = self.trainings if sale.training else self.receipts
        series.append(sale)
        sale.number = len(series)
        if sale.training:
            self.day.trained.append(sums(sale).payable)
            return
        self.day.sold.append(sale)
        self.shift.sold.append(sale)

    def cancel(self, sale: NaiveSale) -> None:
        sale.state = CANCELLED
        if self.day is not None and not sale.training:
            self.day.cancelled += 1

    def open_day(self, date: str) -> None:
        self.days_opened += 1
        self.day = NaiveDay(self.days_opened, date)

    def open_shift(self, operator: str, opening: int) -> NaiveShift:
        assert self.day is not None
        self.shifts_opened += 1
        self.shift = NaiveShift(f"shift-{self.shifts_opened}", operator, opening)
        self.day.shifts.append(self.shift)
        return self.shift

    def close_shift(self) -> NaiveShift:
        assert self.shift is not None
        assert self.day is not None
        closed, self.shift = self.shift, None
        closed.state = CLOSED
        closed.version += 1
        self.closed[closed.shift_id] = closed
        if closed.training:
            for sale in self.live():
                if sale.training:
                    self.cancel(sale)
            return closed
        self.left = closed.left
        if closed.left is not None:
            self.day.differences.append(closed.left - closed.expected)
        return closed

    def correct(self, shift: NaiveShift, counted: int) -> None:
        """The count of a closed shift was wrong: the day that is open has the difference."""
        assert self.day is not None
        assert shift.counted is not None
        changed = counted - shift.counted
        shift.counted = counted
        shift.version += 1
        self.day.corrections += 1
        self.day.differences.append(changed)
        if self.shift is None and [*self.closed.values()][-1] is shift and self.left is not None:
            self.left += changed

    def cancelled_at_close(self) -> list[NaiveSale]:
        aside = self.live(*ASIDE) if self.suspended == "cancel" else []
        return [sale for sale in aside if not sale.in_states(*LIVE_TENDER)]

    def carried_over(self) -> int:
        return len(self.live(*ASIDE)) - len(self.cancelled_at_close())

    def close_day(self) -> NaiveDay:
        assert self.day is not None
        for sale in self.cancelled_at_close():
            self.cancel(sale)
        if self.shift is not None:
            self.close_shift()
        closed, self.day = self.day, None
        self.days.append(closed)
        return closed
