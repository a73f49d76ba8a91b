"""A sale as a value: what is in it, what it comes to, how it can be settled."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Mapping

import msgspec

from tillhald.domain import errors
from tillhald.domain.amounts import (
    AMOUNT_MINOR_MAX,
    ONE,
    ZERO,
    Quantity,
    divide,
    percent_of,
    share_out,
    tax_within,
)
from tillhald.domain.predecessor import ImportMark
from tillhald.domain.rules import ShopRules
from tillhald.domain.slips import SlipMark

LINES_MAX = 1_000
DISCOUNTS_MAX = 100
TENDERS_MAX = 20


class SaleState(enum.StrEnum):
    OPEN = "open"
    SUSPENDED = "suspended"
    TENDERING = "tendering"
    INTERRUPTED = "interrupted"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


UNDER_WAY = frozenset({SaleState.OPEN, SaleState.TENDERING})


class SaleKind(enum.StrEnum):
    SALE = "sale"
    RETURN = "return"
    VOID = "void"


class TenderType(enum.StrEnum):
    CASH = "cash"
    CREDIT_CARD = "credit_card"
    DEBIT_CARD = "debit_card"
    STORED_VALUE = "stored_value"
    WALLET_QR = "wallet_qr"
    CHEQUE = "cheque"
    VOUCHER = "voucher"
    ACCOUNT = "account"
    OTHER = "other"


class TenderState(enum.StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    DECLINED = "declined"
    UNKNOWN = "unknown"
    REVERSED = "reversed"
    WRITTEN_OFF = "written_off"


LIVE_TENDER = frozenset({TenderState.PENDING, TenderState.APPROVED, TenderState.UNKNOWN})
UNRESOLVED_TENDER = frozenset({TenderState.PENDING, TenderState.UNKNOWN})


class EntryMethod(enum.StrEnum):
    SCANNED = "scanned"
    KEYED = "keyed"
    WEIGHED = "weighed"
    PRICE_EMBEDDED = "price_embedded"


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`extended_minor` is round(unit price × quantity), fixed when the line was put.

    On a return or void the quantity is negative, `extended_minor` is what comes back after the
    original's discounts, and `tax_minor` is fixed to the original's share.
    """

    line_id: str
    description: str
    unit_price_minor: int
    extended_minor: int
    quantity: Quantity = ONE
    sku: str = ""
    unit: str = ""
    tax_code: str = ""
    tax_percent: Quantity = ZERO
    entry_method: EntryMethod = EntryMethod.KEYED
    original_line_id: str = ""
    tax_minor: int | None = None


class Discount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Either an amount or a percentage, on one line or (no line_id) on the whole sale."""

    discount_id: str
    line_id: str = ""
    amount_minor: int = 0
    percent: Quantity | None = None
    reason: str = ""

    @property
    def is_nothing(self) -> bool:
        return self.percent.unscaled == 0 if self.percent else self.amount_minor == 0


class Tender(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`excepted`: nobody knows its outcome, and it is on the list of exceptions."""

    tender_id: str
    type: TenderType
    amount_minor: int
    external_ref: str = ""
    state: TenderState = TenderState.APPROVED
    excepted: bool = False

    @property
    def is_unresolved(self) -> bool:
        return self.state in UNRESOLVED_TENDER


class TaxTotal(msgspec.Struct, frozen=True, array_like=True):
    """What one rate comes to: the amount without tax, and the tax."""

    tax_code: str
    tax_percent: Quantity
    net_minor: int
    tax_minor: int


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """What a sale comes to. `line_discounts` and `line_taxes` stand in the order of the lines."""

    payable_minor: int
    discount_minor: int
    tax_minor: int
    taxes: tuple[TaxTotal, ...]
    line_discounts: tuple[int, ...]
    line_taxes: tuple[int, ...]
    discount_amounts: tuple[int, ...]


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """How tenders meet the total: Σ approved − change = payable + rounding."""

    tendered_minor: int
    rounding_minor: int
    change_minor: int


class Sale(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    sale_id: str
    state: SaleState
    version: int
    opened_ms: int
    updated_ms: int
    seq: int
    shift_id: str
    business_day: str
    operator: str
    language: str
    tax_included: bool = True
    kind: SaleKind = SaleKind.SALE
    lines: tuple[Line, ...] = ()
    discounts: tuple[Discount, ...] = ()
    tenders: tuple[Tender, ...] = ()
    original_sale_id: str = ""
    original_receipt_number: int = 0
    reason: str = ""
    note: str = ""
    slip: SlipMark | None = None
    # Known from completion on:
    totals: Totals | None = None
    receipt_number: int = 0
    rounding_minor: int = 0
    change_minor: int = 0
    receipt_job_id: str = ""
    # What later sales and prints did to a completed one:
    returned: dict[str, int] = {}
    """Unscaled quantity that came back, by line_id, in the scale of that line's quantity."""
    voided_by: str = ""
    copies: int = 0
    training: bool = False
    """It counts nowhere, and its receipt number is of the series of training sales."""
    original_business_day: str = ""
    """The day that it was begun on, where it was completed or cancelled on a later one."""
    imported: ImportMark | None = None
    """It was made on the till before this one, and counts in no total here."""
    original_receipt: str = ""
    """Of a return of an imported sale: its number at the predecessor."""

    @property
    def is_made_elsewhere(self) -> bool:
        """Whether it was completed on the till before this one."""
        return self.imported is not None and self.receipt_number == 0

    def line(self, line_id: str) -> Line | None:
        return next((line for line in self.lines if line.line_id == line_id), None)

    def tender(self, tender_id: str) -> Tender | None:
        return next((tender for tender in self.tenders if tender.tender_id == tender_id), None)

    @property
    def approved_minor(self) -> int:
        return sum(t.amount_minor for t in self.tenders if t.state is TenderState.APPROVED)

    @property
    def has_live_tender(self) -> bool:
        return any(tender.state in LIVE_TENDER for tender in self.tenders)


def totals_of(sale: Sale) -> Totals:
    """What the sale comes to now; of a completed sale, what it came to.

    Raises DiscountTooLarge where a discount is more than what it is on.
    """
    if sale.totals is not None:
        return sale.totals
    line_discounts, amounts = _discounts(sale)
    nets = [
        line.extended_minor - less for line, less in zip(sale.lines, line_discounts, strict=True)
    ]
    line_taxes, taxes = _taxes(sale, nets)
    tax = sum(line_taxes)
    payable = sum(nets) + (0 if sale.tax_included else tax)
    if abs(payable) > AMOUNT_MINOR_MAX:
        sentence = "The sale's total is out of range."
        raise errors.AmountOutOfRange("lines", sentence, limit_minor=AMOUNT_MINOR_MAX)
    return Totals(
        payable_minor=payable,
        discount_minor=sum(line_discounts),
        tax_minor=tax,
        taxes=tuple(taxes),
        line_discounts=tuple(line_discounts),
        line_taxes=tuple(line_taxes),
        discount_amounts=tuple(amounts),
    )


def _discounts(sale: Sale) -> tuple[list[int], list[int]]:
    """What is taken off each line, and what each discount comes to."""
    off = [0] * len(sale.lines)
    if not sale.discounts:
        return off, []
    place = {line.line_id: index for index, line in enumerate(sale.lines)}
    amounts = [0] * len(sale.discounts)
    for number, discount in enumerate(sale.discounts):
        if discount.line_id:
            at = place[discount.line_id]
            amounts[number] = _discount_amount(discount, sale.lines[at].extended_minor)
            off[at] += amounts[number]
            _check_discount(off[at], sale.lines[at].extended_minor, discount)
    # Discounts on the sale come after those on lines, each on the same base.
    left = [line.extended_minor - less for line, less in zip(sale.lines, off, strict=True)]
    base, together = sum(left), 0
    for number, discount in enumerate(sale.discounts):
        if not discount.line_id:
            amounts[number] = _discount_amount(discount, base)
            together += amounts[number]
            _check_discount(together, base, discount)
    shares = share_out(together, left)
    return [less + share for less, share in zip(off, shares, strict=True)], amounts


def _discount_amount(discount: Discount, base_minor: int) -> int:
    if discount.percent is not None:
        return percent_of(base_minor, discount.percent)
    return discount.amount_minor


def _check_discount(together_minor: int, base_minor: int, discount: Discount) -> None:
    if together_minor > base_minor:
        sentence = "The discount is more than the price it is on."
        raise errors.DiscountTooLarge(
            "discount", sentence, discount_id=discount.discount_id, most_minor=base_minor
        )


def _taxes(sale: Sale, nets: list[int]) -> tuple[list[int], list[TaxTotal]]:
    """Tax by line and by rate. Rounded once a rate; the lines' shares add up to it."""
    groups: dict[tuple[str, Quantity], list[int]] = defaultdict(list)
    for index, line in enumerate(sale.lines):
        groups[line.tax_code, line.tax_percent].append(index)
    line_taxes = [0] * len(nets)
    taxes: list[TaxTotal] = []
    for (code, percent), places in groups.items():
        amounts = [nets[at] for at in places]
        amount = sum(amounts)
        if sale.kind is SaleKind.SALE:
            tax = tax_within(amount, percent) if sale.tax_included else percent_of(amount, percent)
            shares = share_out(tax, amounts)
        else:
            shares = [sale.lines[at].tax_minor or 0 for at in places]
            tax = sum(shares)
        for at, share in zip(places, shares, strict=True):
            line_taxes[at] = share
        taxes.append(TaxTotal(code, percent, amount - tax if sale.tax_included else amount, tax))
    return line_taxes, taxes


def settle(sale: Sale, totals: Totals, rules: ShopRules) -> Settlement:
    """How the approved tenders settle the sale.

    Cash rounding falls on the part that is settled in cash, once. Raises TenderSumMismatch when
    they do not meet the total, ChangeNotAllowed when the surplus may not go back in cash.
    """
    payable = totals.payable_minor
    cash = other = exact = allowing = 0
    has_cash = False
    for tender in sale.tenders:
        if tender.state is not TenderState.APPROVED:
            continue
        allows_change = rules.tender(tender.type).allows_change
        if tender.type is TenderType.CASH:
            has_cash = True
            cash += tender.amount_minor
        else:
            other += tender.amount_minor
            exact += 0 if allows_change else tender.amount_minor
        allowing += tender.amount_minor if allows_change else 0
    tendered = cash + other
    if exact > payable >= 0:
        # Before any rounding: it would take a card's surplus below the smallest coin for itself.
        sentence = "More was tendered than is due, and it may not be given back in cash."
        raise errors.ChangeNotAllowed(
            "tenders", sentence, change_minor=exact - payable, allowed_minor=0
        )
    due_cash = payable - other
    rounding = 0
    surplus_paid_out = due_cash < 0 <= payable
    if due_cash and (has_cash or surplus_paid_out or not tendered):
        rounding = rules.cash_rounding.round(due_cash) - due_cash
    change = tendered - payable - rounding
    if change < 0 or (change > 0 and payable < 0):
        sentence = "The tenders do not add up to the total."
        raise errors.TenderSumMismatch(
            "tenders", sentence, due_minor=payable + rounding, tendered_minor=tendered
        )
    if change > max(allowing, 0):
        sentence = "More was tendered than is due, and it may not be given back in cash."
        raise errors.ChangeNotAllowed(
            "tenders", sentence, change_minor=change, allowed_minor=max(allowing, 0)
        )
    return Settlement(tendered_minor=tendered, rounding_minor=rounding, change_minor=change)


def returned_line(original: Sale, line: Line, *, line_id: str, unscaled: int) -> Line:
    """The line of a return that gives back `unscaled` more of `line`.

    Shares are cut from the running total, so that pieces add up to exactly what was paid.
    """
    at = original.lines.index(line)
    assert original.totals is not None, "only a completed sale has lines to return"
    paid = line.extended_minor - original.totals.line_discounts[at]
    tax = original.totals.line_taxes[at]
    before = original.returned.get(line.line_id, 0)
    sold = line.quantity.unscaled

    def piece(amount: int) -> int:
        return divide(amount * (before + unscaled), sold) - divide(amount * before, sold)

    return msgspec.structs.replace(
        line,
        line_id=line_id,
        quantity=Quantity(-unscaled, line.quantity.scale),
        extended_minor=-piece(paid),
        tax_minor=-piece(tax),
        original_line_id=line.line_id,
    )


def live_sale(
    live: Mapping[str, Sale], finished: Mapping[str, Sale], sale_id: str, expected_version: int
) -> Sale:
    """The sale that a command is about, as whoever sent it saw it last. Raises SaleNotFound,
    SaleStateWrong, VersionConflict."""
    sale = live.get(sale_id)
    if sale is None:
        done = finished.get(sale_id)
        if done is None:
            raise errors.SaleNotFound("There is no such sale.", sale_id=sale_id)
        sentence = f"The sale is {done.state.value} and does not change any more."
        raise errors.SaleStateWrong(sentence, state=done.state.value, version=done.version)
    if sale.version != expected_version:
        raise errors.VersionConflict(
            "The sale has changed since you last saw it.",
            expected_version=expected_version,
            version=sale.version,
            state=sale.state.value,
        )
    return sale


def check_unique(ids: list[str], field: str, name: str) -> None:
    """Raises FieldInvalid, with the place of the second, where an id stands twice in a list."""
    if len(set(ids)) != len(ids):
        second = next(at for at, key in enumerate(ids) if key in ids[:at])
        raise errors.FieldInvalid(f"{field}[{second}].{name}", f"{ids[second]} stands twice.")
