"""What a sale comes to, worked out a second time: from the contract's words, with fractions.

Nothing here knows the daemon's rules. It is slow and plain, so that it can be believed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import floor

CASH, CARD, VOUCHER = "cash", "credit_card", "voucher"
PENDING, APPROVED, DECLINED, UNKNOWN = "PENDING", "APPROVED", "DECLINED", "UNKNOWN"
REVERSED, WRITTEN_OFF = "REVERSED", "WRITTEN_OFF"
LIVE_TENDER = {PENDING, APPROVED, UNKNOWN}
OPEN, TENDERING, SUSPENDED = "OPEN", "TENDERING", "SUSPENDED"
INTERRUPTED, COMPLETED, CANCELLED = "INTERRUPTED", "COMPLETED", "CANCELLED"
UNDER_WAY = {OPEN, TENDERING}
ASIDE = {SUSPENDED, INTERRUPTED}
SALE, RETURN, VOID = "SALE", "RETURN", "VOID"


class DiscountTooLarge(Exception):
    """More would be taken off than is there."""


def whole(amount: Fraction | int) -> int:
    """To the nearest whole number, a half away from zero."""
    nearest = floor(abs(Fraction(amount)) + Fraction(1, 2))
    return nearest if amount >= 0 else -nearest


def shares(total: int, weights: list[int]) -> list[int]:
    """`total` in whole parts by weight: what is left over goes to the largest remainders."""
    if not weights or not total:
        return [0] * len(weights)
    if not sum(weights):
        return [total] + [0] * (len(weights) - 1)
    exact = [Fraction(abs(total) * weight, sum(weights)) for weight in weights]
    parts = [floor(part) for part in exact]
    by_rest = sorted(range(len(exact)), key=lambda at: (parts[at] - exact[at], at))
    for at in by_rest[: abs(total) - sum(parts)]:
        parts[at] += 1
    return parts if total > 0 else [-part for part in parts]


@dataclass
class NaiveLine:
    """`fixed` is what a line of a return or void gives back: amount and tax."""

    price: int
    unscaled: int
    scale: int
    code: str
    percent: int
    fixed: tuple[int, int] | None = None
    original: str = ""

    @property
    def extended(self) -> int:
        if self.fixed is not None:
            return self.fixed[0]
        return whole(Fraction(self.price * self.unscaled, 10**self.scale))


@dataclass
class NaiveDiscount:
    """Of `amount`, or of `percent`; on a line, or on the sale."""

    line_id: str
    amount: int
    percent: int | None

    def of(self, base: int) -> int:
        return self.amount if self.percent is None else whole(Fraction(base * self.percent, 100))


@dataclass
class NaiveTender:
    type: str
    amount: int
    state: str


@dataclass
class Sums:
    """`taxes` are net and tax by "code percent"."""

    payable: int
    tax: int
    discount: int
    line_paid: dict[str, int]
    line_tax: dict[str, int]
    taxes: dict[str, tuple[int, int]]


@dataclass
class NaiveSale:
    sale_id: str
    kind: str = SALE
    included: bool = True
    state: str = OPEN
    version: int = 1
    lines: dict[str, NaiveLine] = field(default_factory=dict)
    discounts: dict[str, NaiveDiscount] = field(default_factory=dict)
    tenders: dict[str, NaiveTender] = field(default_factory=dict)
    original: str = ""
    training: bool = False
    begun: str = ""
    """The business day that was open then."""
    number: int = 0
    rounding: int = 0
    change: int = 0
    returned: dict[str, int] = field(default_factory=dict)
    is_voided: bool = False
    excepted: set[str] = field(default_factory=set)

    def in_states(self, *states: str) -> list[NaiveTender]:
        return [tender for tender in self.tenders.values() if tender.state in states]

    @property
    def approved(self) -> int:
        return sum(tender.amount for tender in self.in_states(APPROVED))

    @property
    def cash(self) -> int:
        """What customers put on the counter in notes and coins; below zero: what they got."""
        return sum(t.amount for t in self.in_states(APPROVED) if t.type == CASH)

    def tender_changed(self, name: str, state: str) -> None:
        self.tenders[name].state = state
        if self.state != INTERRUPTED:
            self.state = TENDERING if self.in_states(*LIVE_TENDER) else OPEN


def sums(sale: NaiveSale) -> Sums:
    """What it comes to. Raises DiscountTooLarge."""
    paid = {name: line.extended for name, line in sale.lines.items()}
    for name in sale.lines:
        on_it = [
            d.of(sale.lines[name].extended) for d in sale.discounts.values() if d.line_id == name
        ]
        paid[name] -= sum(on_it)
        if on_it and paid[name] < 0:
            raise DiscountTooLarge
    base = sum(paid.values())
    off = sum(discount.of(base) for discount in sale.discounts.values() if not discount.line_id)
    if off > max(base, 0):
        raise DiscountTooLarge
    for name, share in zip(paid, shares(off, [*paid.values()]), strict=True):
        paid[name] -= share
    taxes: dict[str, tuple[int, int]] = {}
    line_tax: dict[str, int] = {}
    for rate in sorted({(line.code, line.percent) for line in sale.lines.values()}):
        names = [n for n, line in sale.lines.items() if (line.code, line.percent) == rate]
        amount, percent = sum(paid[name] for name in names), rate[1]
        if sale.kind == SALE:
            tax = whole(Fraction(amount * percent, 100 + percent * sale.included))
            parts = shares(tax, [paid[name] for name in names])
        else:
            parts = [(sale.lines[name].fixed or (0, 0))[1] for name in names]
            tax = sum(parts)
        line_tax |= dict(zip(names, parts, strict=True))
        taxes[f"{rate[0]} {percent}"] = (amount - tax * sale.included, tax)
    all_tax = sum(line_tax.values())
    return Sums(
        payable=sum(paid.values()) + (0 if sale.included else all_tax),
        tax=all_tax,
        discount=sum(line.extended for line in sale.lines.values()) - sum(paid.values()),
        line_paid=paid,
        line_tax=line_tax,
        taxes=taxes,
    )


def settled(sale: NaiveSale, coin: int) -> tuple[int, int] | str:
    """The cash rounding and the change, or why it cannot be completed.

    What is settled in cash is rounded to the smallest coin, once, and never what a card settles.
    """
    payable = sums(sale).payable
    by_cash = [t.amount for t in sale.in_states(APPROVED) if t.type == CASH]
    others = sale.approved - sum(by_cash)
    if others > payable >= 0:
        return "CHANGE_NOT_ALLOWED"
    rounding = 0
    if by_cash or not sale.approved:
        rest = payable - others
        rounding = whole(Fraction(rest, coin)) * coin - rest
    change = sale.approved - payable - rounding
    if change < 0 or (change and payable < 0):
        return "TENDER_SUM_MISMATCH"
    return (rounding, change) if change <= max(sum(by_cash), 0) else "CHANGE_NOT_ALLOWED"


def piece(original: NaiveSale, name: str, unscaled: int) -> tuple[int, int]:
    """Amount and tax that come back with so much of a line, beyond what has come back before.

    All pieces together are exactly what was paid.
    """
    known, sold = sums(original), original.lines[name].unscaled
    before = original.returned.get(name, 0)

    def cut(amount: int) -> int:
        upto = whole(Fraction(amount * (before + unscaled), sold))
        return upto - whole(Fraction(amount * before, sold))

    return -cut(known.line_paid[name]), -cut(known.line_tax[name])
