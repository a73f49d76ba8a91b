"""Amounts, quantities, lines, discounts and tenders as a front end writes them.

Money never passes through a float. An amount is a `str` ("7.50"), a `decimal.Decimal`, or
`minor(750)`; a bare `int` is refused, because 5 may be read as 5.00 or as 0.05.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal, NamedTuple, TypeAlias

from tillhal.v1 import checkout_pb2, types_pb2

MINOR_UNITS_MAX: Final = 2**63 - 1
SCALE_MAX: Final = 6
"""Digits behind the point of a quantity or a percentage (types.proto, Decimal)."""
DIGITS_MAX: Final = 40
"""Longest number that is read at all; an int64 needs 19 digits."""

# ISO 4217 (list one, "minor unit"), by the digits behind the point; all others have two.
CURRENCY_DIGITS: Final[dict[str, int]] = {
    currency: digits
    for digits, currencies in (
        (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
        (3, "BHD IQD JOD KWD LYD OMR TND"),
        (4, "CLF UYW"),
    )
    for currency in currencies.split()
}
CURRENCY_DIGITS_DEFAULT: Final = 2

# ASCII digits only: Decimal() would also take "1_000", "1e3", "NaN" and digits of other scripts.
_PLAIN_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?", re.ASCII)


class Minor(NamedTuple):
    """An amount in the smallest unit of the till's currency; make it with `minor`."""

    units: int


Amount: TypeAlias = str | Decimal | Minor
"""An amount of money in the till's currency: "7.50", Decimal("7.50") or minor(750)."""
Number: TypeAlias = int | str | Decimal
"""A quantity or percentage: 2, "1.250", Decimal("19")."""

TenderKind: TypeAlias = Literal[
    "CASH",
    "CREDIT_CARD",
    "DEBIT_CARD",
    "STORED_VALUE",
    "WALLET_QR",
    "CHEQUE",
    "VOUCHER",
    "ACCOUNT",
    "OTHER",
]
TenderOutcome: TypeAlias = Literal["APPROVED", "DECLINED", "UNKNOWN", "WRITTEN_OFF"]
EntryKind: TypeAlias = Literal["SCANNED", "KEYED", "WEIGHED", "PRICE_EMBEDDED"]
TaxModeKind: TypeAlias = Literal["INCLUDED", "ADDED"]


def new_id() -> str:
    """A fresh id (UUID version 4) for a request, sale, line, tender, job or kick."""
    return str(uuid.uuid4())


def minor(units: int) -> Minor:
    """An amount of `units` of the smallest unit: 750 stands for 7.50 EUR, or for 750 JPY."""
    if isinstance(units, bool) or not isinstance(units, int):
        message = f"minor() takes an int of minor units, not {type(units).__name__}"
        raise TypeError(message)
    return Minor(units)


def currency_digits(currency: str) -> int:
    """How many digits `currency` (ISO 4217, "EUR") has behind the point."""
    return CURRENCY_DIGITS.get(currency, CURRENCY_DIGITS_DEFAULT)


def to_minor(amount: Amount, currency: str) -> int:
    """`amount` in minor units of `currency`, exactly.

    Raises TypeError for a float or a bare int, ValueError for what is no plain number, has more
    decimals than the currency, or does not fit in 64 bits.
    """
    check_amount(amount)
    if isinstance(amount, Minor):
        units = amount.units
    else:
        digits = currency_digits(currency)
        scaled = _scaled(_exact(amount), digits)
        if scaled is None:
            message = f"{amount} has more decimals than {currency} has ({digits})"
            raise ValueError(message)
        units = scaled
    if abs(units) > MINOR_UNITS_MAX:
        message = f"{amount} {currency} does not fit in 64 bits of minor units"
        raise ValueError(message)
    return units


def to_money(amount: Amount, currency: str) -> types_pb2.Money:
    """`amount` as the contract's Money; raises as `to_minor` does."""
    return types_pb2.Money(currency_code=currency, minor_units=to_minor(amount, currency))


def to_decimal(value: types_pb2.Money | types_pb2.Decimal) -> Decimal:
    """The contract's Money or Decimal as a `decimal.Decimal`, exactly: {"EUR", 750} is 7.50."""
    if isinstance(value, types_pb2.Money):
        unscaled, scale = value.minor_units, currency_digits(value.currency_code)
    else:
        unscaled, scale = value.unscaled, value.scale
    # Built from its digits: arithmetic would round to the precision of the caller's context.
    digits = tuple(int(digit) for digit in str(abs(unscaled)))
    return Decimal((int(unscaled < 0), digits, -scale))


def to_number(number: Number) -> types_pb2.Decimal:
    """`number` as the contract's Decimal, with the decimals it was written with, at most 6.

    Raises TypeError for a float, ValueError for what is no plain number or not exact in 6 decimals.
    """
    check_number(number)
    exact = _exact(number if isinstance(number, str | Decimal) else str(number))
    exponent = exact.as_tuple().exponent
    scale = min(max(-exponent, 0), SCALE_MAX) if isinstance(exponent, int) else SCALE_MAX
    unscaled = _scaled(exact, scale)
    if unscaled is None:
        message = f"{number} has more than {SCALE_MAX} decimals"
        raise ValueError(message)
    if abs(unscaled) > MINOR_UNITS_MAX:
        message = f"{number} does not fit in 64 bits"
        raise ValueError(message)
    return types_pb2.Decimal(unscaled=unscaled, scale=scale)


def check_amount(amount: object) -> None:
    """Raise TypeError unless `amount` is an `Amount`, at the place where it was written."""
    if not isinstance(amount, str | Decimal | Minor):
        message = (
            f'an amount is "7.50", Decimal("7.50") or minor(750), not '
            f"{type(amount).__name__} {amount!r}"
        )
        raise TypeError(message)


def check_number(number: object) -> None:
    """Raise TypeError unless `number` is a `Number`, at the place where it was written."""
    if isinstance(number, bool) or not isinstance(number, int | str | Decimal):
        message = f'a number is 2, "1.250" or Decimal("1.250"), not {type(number).__name__}'
        raise TypeError(message)


def _exact(text: str | Decimal) -> Decimal:
    if isinstance(text, str):
        if not _PLAIN_NUMBER.fullmatch(text):
            message = f'{text[:DIGITS_MAX]!r} is not a number such as "7.50"'
            raise ValueError(message)
        return Decimal(text)
    if not text.is_finite():
        message = f"{text} is not a number"
        raise ValueError(message)
    if text and abs(text.adjusted()) > DIGITS_MAX:
        # Decimal("1e999999999") is short to write and would fill the memory as an integer.
        message = f"{text} is too large or too small"
        raise ValueError(message)
    return text


def _scaled(number: Decimal, scale: int) -> int | None:
    """`number` x 10^`scale` as an integer, or None where that is not whole."""
    if not number:
        return 0
    sign, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):  # never for the finite numbers that _exact lets through
        return None
    unscaled = int("".join(map(str, digits))) * (-1 if sign else 1)
    power: int = 10 ** abs(exponent + scale)
    if exponent + scale >= 0:
        return unscaled * power
    whole, rest = divmod(unscaled, power)
    return None if rest else whole


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a sale; make it with `line`. The same `line_id` put again replaces the line."""

    description: str
    unit_price: Amount
    qty: Number = 1
    unit: str = ""
    sku: str = ""
    tax: str = ""
    tax_percent: Number = 0
    entry: EntryKind = "KEYED"
    line_id: str = field(default_factory=new_id)

    def __post_init__(self) -> None:
        """Refuse floats here, where they were written."""
        check_amount(self.unit_price)
        check_number(self.qty)
        check_number(self.tax_percent)

    def to_wire(self, currency: str) -> checkout_pb2.LineInput:
        """The contract's LineInput; raises as `to_minor` and `to_number` do."""
        return checkout_pb2.LineInput(
            line_id=self.line_id,
            description=self.description,
            sku=self.sku,
            quantity=to_number(self.qty),
            unit=self.unit,
            unit_price=to_money(self.unit_price, currency),
            tax_code=self.tax,
            tax_percent=to_number(self.tax_percent),
            entry_method=f"ENTRY_METHOD_{self.entry}",
        )


@dataclass(frozen=True, slots=True)
class Discount:
    """A discount; make it with `amount_off` or `percent_off`."""

    amount: Amount | None = None
    percent: Number | None = None
    line_id: str = ""
    reason: str = ""
    discount_id: str = field(default_factory=new_id)

    def __post_init__(self) -> None:
        """Refuse floats, and a discount that is both or neither."""
        if (self.amount is None) == (self.percent is None):
            message = "a discount is either an amount or a percentage"
            raise ValueError(message)
        if self.amount is not None:
            check_amount(self.amount)
        if self.percent is not None:
            check_number(self.percent)

    def to_wire(self, currency: str) -> checkout_pb2.DiscountInput:
        """The contract's DiscountInput; raises as `to_minor` and `to_number` do."""
        return checkout_pb2.DiscountInput(
            discount_id=self.discount_id,
            line_id=self.line_id,
            amount=None if self.amount is None else to_money(self.amount, currency),
            percent=None if self.percent is None else to_number(self.percent),
            reason=self.reason,
        )


@dataclass(frozen=True, slots=True)
class Tender:
    """A tender; make it with `cash`, `credit_card`, … or `tender`."""

    kind: TenderKind
    amount: Amount
    external_ref: str = ""
    tender_id: str = field(default_factory=new_id)

    def __post_init__(self) -> None:
        """Refuse floats here, where they were written."""
        check_amount(self.amount)

    def to_wire(self, currency: str) -> checkout_pb2.TenderInput:
        """The contract's TenderInput; raises as `to_minor` does."""
        return checkout_pb2.TenderInput(
            tender_id=self.tender_id,
            type=f"TENDER_TYPE_{self.kind}",
            amount=to_money(self.amount, currency),
            external_ref=self.external_ref,
        )


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """A line that comes back; make it with `bring_back`."""

    original_line_id: str
    qty: Number = 1
    line_id: str = field(default_factory=new_id)

    def __post_init__(self) -> None:
        """Refuse floats here, where they were written."""
        check_number(self.qty)

    def to_wire(self) -> checkout_pb2.ReturnedLine:
        """The contract's ReturnedLine; raises as `to_number` does."""
        return checkout_pb2.ReturnedLine(
            line_id=self.line_id,
            original_line_id=self.original_line_id,
            quantity=to_number(self.qty),
        )


def line(
    description: str,
    unit_price: Amount,
    *,
    qty: Number = 1,
    unit: str = "",
    sku: str = "",
    tax: str = "",
    tax_percent: Number = 0,
    entry: EntryKind = "KEYED",
    line_id: str | None = None,
) -> Line:
    """A line: what the receipt says, the price of one, and how many or (with `unit`) how much.

    `tax` is the shop's name of the rate, up to 16 characters; `tax_percent` the rate, 0 to 100.
    `line_id` is made unless given. Raises TypeError for floats.
    """
    return Line(
        description=description,
        unit_price=unit_price,
        qty=qty,
        unit=unit,
        sku=sku,
        tax=tax,
        tax_percent=tax_percent,
        entry=entry,
        line_id=line_id or new_id(),
    )


def amount_off(
    amount: Amount, *, line_id: str = "", reason: str = "", discount_id: str | None = None
) -> Discount:
    """A fixed discount on one line, or without `line_id` on the whole sale."""
    return Discount(
        amount=amount, line_id=line_id, reason=reason, discount_id=discount_id or new_id()
    )


def percent_off(
    percent: Number, *, line_id: str = "", reason: str = "", discount_id: str | None = None
) -> Discount:
    """A discount of `percent` (0 to 100) on one line, or without `line_id` on the whole sale."""
    return Discount(
        percent=percent, line_id=line_id, reason=reason, discount_id=discount_id or new_id()
    )


def tender(
    kind: TenderKind, amount: Amount, *, external_ref: str = "", tender_id: str | None = None
) -> Tender:
    """A tender of any kind; `external_ref` is the terminal's reference, never a card number."""
    return Tender(
        kind=kind, amount=amount, external_ref=external_ref, tender_id=tender_id or new_id()
    )


def cash(amount: Amount, *, tender_id: str | None = None) -> Tender:
    """Notes and coins handed over; more than is due gives change. Negative: handed back."""
    return tender("CASH", amount, tender_id=tender_id)


def credit_card(amount: Amount, *, external_ref: str = "", tender_id: str | None = None) -> Tender:
    """A credit card; `external_ref` is the terminal's reference, never a card number."""
    return tender("CREDIT_CARD", amount, external_ref=external_ref, tender_id=tender_id)


def debit_card(amount: Amount, *, external_ref: str = "", tender_id: str | None = None) -> Tender:
    """A debit card; `external_ref` is the terminal's reference, never a card number."""
    return tender("DEBIT_CARD", amount, external_ref=external_ref, tender_id=tender_id)


def bring_back(original_line_id: str, *, qty: Number = 1, line_id: str | None = None) -> ReturnLine:
    """A line of an earlier sale that comes back: which, and how much of it."""
    return ReturnLine(original_line_id=original_line_id, qty=qty, line_id=line_id or new_id())
