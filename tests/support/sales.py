"""Requests as front ends send them, small enough to read in a test."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, TypedDict

from tillhal.v1 import checkout_pb2 as pb
from tillhal.v1 import types_pb2

if TYPE_CHECKING:
    from tests.support.till import Calls

CASH = pb.TENDER_TYPE_CASH
CARD = pb.TENDER_TYPE_CREDIT_CARD
OPEN_SALE, SOLD = "an-open-sale", "a-completed-sale"
"""In the till that bad requests are sent to: both of one line, l1, of 7.50."""


class Head(TypedDict):
    """What every request on a sale begins with."""

    request_id: str
    sale_id: str
    expected_version: int


def new_id() -> str:
    """A request_id."""
    return str(uuid.uuid4())


def name(prefix: str = "sale") -> str:
    """A fresh id for a sale, a job or a kick."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def eur(minor: int) -> types_pb2.Money:
    """An amount in euro cents."""
    return types_pb2.Money(currency_code="EUR", minor_units=minor)


def dec(unscaled: int, scale: int = 0) -> types_pb2.Decimal:
    """An exact number."""
    return types_pb2.Decimal(unscaled=unscaled, scale=scale)


def line(
    line_id: str = "l1",
    minor: int = 750,
    quantity: types_pb2.Decimal | None = None,
    *,
    description: str = "Coffee beans",
    percent: int = 20,
) -> pb.LineInput:
    """One article, with its tax under the code "A"."""
    return pb.LineInput(
        line_id=line_id,
        description=description,
        quantity=quantity or dec(1),
        unit_price=eur(minor),
        tax_code="A",
        tax_percent=dec(percent),
    )


def tender(minor: int, kind: pb.TenderType = CASH, tender_id: str = "t1") -> pb.TenderInput:
    """Money given."""
    return pb.TenderInput(tender_id=tender_id, type=kind, amount=eur(minor))


def cash_sale(
    sale_id: str = "", minor: int = 750, given: int | None = None, request_id: str = ""
) -> pb.CheckoutRequest:
    """A whole sale of one article for cash."""
    return pb.CheckoutRequest(
        request_id=request_id or new_id(),
        sale_id=sale_id or name(),
        lines=[line(minor=minor)],
        tenders=[tender(minor if given is None else given)],
    )


def card_sale(sale_id: str = "", minor: int = 750) -> pb.CheckoutRequest:
    """A whole sale of one article by card: it opens no drawer."""
    return pb.CheckoutRequest(
        request_id=new_id(),
        sale_id=sale_id or name(),
        lines=[line(minor=minor)],
        tenders=[tender(minor, CARD)],
    )


class Steps:
    """A sale taken step by step; it keeps the version that it saw last."""

    def __init__(self, calls: Calls, sale_id: str = "") -> None:
        """Nothing is sent yet."""
        self.calls = calls
        self.sale_id = sale_id or name()
        self.version = 0

    def open(self) -> pb.SaleSummary:
        """Open the sale."""
        request = pb.OpenSaleRequest(request_id=new_id(), sale_id=self.sale_id)
        return self._seen(self.calls.checkout.OpenSale(request).sale)

    def put(self, item: pb.LineInput) -> pb.SaleSummary:
        """Put a line."""
        request = pb.PutLineRequest(**self._head(), line=item)
        return self._seen(self.calls.checkout.PutLine(request).sale)

    def remove(self, line_id: str) -> pb.SaleSummary:
        """Take a line out."""
        request = pb.RemoveLineRequest(**self._head(), line_id=line_id)
        return self._seen(self.calls.checkout.RemoveLine(request).sale)

    def discount(self, discount: pb.DiscountInput) -> pb.SaleSummary:
        """Give a discount."""
        request = pb.ApplyDiscountRequest(**self._head(), discount=discount)
        return self._seen(self.calls.checkout.ApplyDiscount(request).sale)

    def suspend(self, note: str = "") -> pb.SaleSummary:
        """Put the sale aside."""
        request = pb.SuspendSaleRequest(**self._head(), note=note)
        return self._seen(self.calls.checkout.SuspendSale(request).sale)

    def resume(self) -> pb.SaleSummary:
        """Take the sale up."""
        request = pb.ResumeSaleRequest(**self._head())
        return self._seen(self.calls.checkout.ResumeSale(request).sale)

    def give(self, given: pb.TenderInput, *, pending: bool = False) -> pb.SaleSummary:
        """Add a tender."""
        request = pb.AddTenderRequest(**self._head(), tender=given, pending=pending)
        return self._seen(self.calls.checkout.AddTender(request).sale)

    def resolve(self, tender_id: str, outcome: pb.TenderState) -> pb.SaleSummary:
        """Say how a tender ended."""
        request = pb.ResolveTenderRequest(**self._head(), tender_id=tender_id, outcome=outcome)
        return self._seen(self.calls.checkout.ResolveTender(request).sale)

    def reverse(self, tender_id: str) -> pb.SaleSummary:
        """Give a tender back."""
        request = pb.ReverseTenderRequest(**self._head(), tender_id=tender_id)
        return self._seen(self.calls.checkout.ReverseTender(request).sale)

    def complete(self) -> pb.SaleSummary:
        """Complete the sale."""
        request = pb.CompleteSaleRequest(**self._head())
        return self._seen(self.calls.checkout.CompleteSale(request).sale)

    def cancel(self, reason: str = "") -> pb.SaleSummary:
        """Give the sale up."""
        request = pb.CancelSaleRequest(**self._head(), reason=reason)
        return self._seen(self.calls.checkout.CancelSale(request).sale)

    def give_back(self, original: str, reason: str = "does not fit", **quantities: int) -> None:
        """Open as the return of these quantities (whole pieces) by the original's line_id."""
        lines = [
            pb.ReturnedLine(line_id=f"r-{key}", original_line_id=key, quantity=dec(quantity))
            for key, quantity in quantities.items()
        ]
        request = pb.OpenReturnRequest(
            request_id=new_id(),
            sale_id=self.sale_id,
            original_sale_id=original,
            lines=lines,
            reason=reason,
        )
        self._seen(self.calls.checkout.OpenReturn(request).sale)

    def _head(self) -> Head:
        return {
            "request_id": new_id(),
            "sale_id": self.sale_id,
            "expected_version": self.version,
        }

    def _seen(self, summary: pb.SaleSummary) -> pb.SaleSummary:
        assert summary.sale_id == self.sale_id
        assert summary.version == self.version + 1, "a version goes up by one with every change"
        self.version = summary.version
        return summary
