"""The one sale that everybody sells: five lines, prices with tax, cash with change."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, NamedTuple

from tillhal.v1 import checkout_pb2, types_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

CURRENCY = "EUR"


class Ids(NamedTuple):
    """What is different from sale to sale."""

    request_id: str
    """A UUID in its usual 36 characters."""
    sale_id: str


class SaleLine(NamedTuple):
    """One line; `quantity` is in units of 10^-`scale`, money in cents."""

    line_id: str
    description: str
    sku: str
    quantity: int
    scale: int
    unit: str
    unit_price_minor: int
    tax_code: str
    tax_percent: int

    @property
    def extended_minor(self) -> int:
        """Price times quantity, half up."""
        whole = int(10**self.scale)
        return (2 * self.unit_price_minor * self.quantity + whole) // (2 * whole)


LINES = (
    SaleLine("1", "Whole milk 1 l", "4000000000013", 2, 0, "", 119, "B", 7),
    SaleLine("2", "Rye bread 750 g", "4000000000020", 1, 0, "", 349, "B", 7),
    SaleLine("3", "Bananas", "4000000000037", 1250, 3, "kg", 199, "B", 7),
    SaleLine("4", "Batteries AA, pack of 8", "4000000000044", 1, 0, "", 799, "A", 19),
    SaleLine("5", "Dark chocolate 100 g", "4000000000051", 3, 0, "", 189, "B", 7),
)
PAYABLE_MINOR = sum(line.extended_minor for line in LINES)
TENDER_ID = "cash"
TENDERED_MINOR = 5000
CHANGE_MINOR = TENDERED_MINOR - PAYABLE_MINOR


def all_ids() -> Iterator[Ids]:
    """Yield ids that no other iterator, in this process or another, yields too."""
    front = secrets.token_hex(8)
    request_front = f"{front[:8]}-{front[8:12]}-4{front[12:15]}-8{secrets.token_hex(2)[:3]}-"
    number = 0
    while True:
        number += 1
        yield Ids(f"{request_front}{number:012x}", f"sale-{front}-{number}")


def money(minor: int) -> types_pb2.Money:
    """Return an amount of the one currency."""
    return types_pb2.Money(currency_code=CURRENCY, minor_units=minor)


def _line(line: SaleLine) -> checkout_pb2.LineInput:
    return checkout_pb2.LineInput(
        line_id=line.line_id,
        description=line.description,
        sku=line.sku,
        quantity=types_pb2.Decimal(unscaled=line.quantity, scale=line.scale),
        unit=line.unit,
        unit_price=money(line.unit_price_minor),
        tax_code=line.tax_code,
        tax_percent=types_pb2.Decimal(unscaled=line.tax_percent, scale=0),
        entry_method=checkout_pb2.ENTRY_METHOD_SCANNED,
    )


def checkout_request() -> checkout_pb2.CheckoutRequest:
    """Return the sale as tillhal is asked for it, with both ids still empty."""
    return checkout_pb2.CheckoutRequest(
        lines=[_line(line) for line in LINES],
        tenders=[
            checkout_pb2.TenderInput(
                tender_id=TENDER_ID,
                type=checkout_pb2.TENDER_TYPE_CASH,
                amount=money(TENDERED_MINOR),
            )
        ],
        tax_mode=checkout_pb2.TAX_MODE_INCLUDED,
        language="en",
    )
