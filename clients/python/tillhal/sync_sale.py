"""A sale under way, for programs with threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tillhal import requests
from tillhal.answers import SaleAnswer, SaleHandle, SaleRequest
from tillhal.values import cash

if TYPE_CHECKING:
    from tillhal import errors
    from tillhal.sync import Till
    from tillhal.v1 import checkout_pb2
    from tillhal.values import Amount, Discount, Line, Tender, TenderOutcome


class LiveSale(SaleHandle):
    """A sale under way, which knows its version.

    Every step raises `VersionConflict` when somebody else has changed the sale meanwhile
    (`refresh`, look, go on). Use it in one thread at a time.

    After `OutcomeUnknown`, `repeat(error)` sends the very same step again.
    """

    __slots__ = ("_till",)

    def __init__(self, till: Till, summary: checkout_pb2.SaleSummary, currency: str) -> None:
        """Go on with the sale of `summary`; the till's open_sale and live_sale make these."""
        super().__init__(summary, currency)
        self._till = till

    def send(self, request: SaleRequest, *, timeout_s: float | None = None) -> SaleAnswer:
        """Send a step that was built with `tillhal.requests` (and stored) before."""
        self.check_own(request)
        answer = self._till.send(request, timeout_s=timeout_s)
        self.took(answer.summary)
        return answer

    def repeat(self, error: errors.TillError, *, timeout_s: float | None = None) -> SaleAnswer:
        """Send the very same step again that failed with `error`."""
        return self.send(self.step_of(error), timeout_s=timeout_s)

    def refresh(self, *, timeout_s: float | None = None) -> checkout_pb2.Sale:
        """Ask how the sale stands, and go on from there."""
        sale = self._till.get_sale(self.sale_id, timeout_s=timeout_s)
        self.took(sale.summary)
        return sale

    def put_line(
        self, line: Line, *, request_id: str | None = None, timeout_s: float | None = None
    ) -> SaleAnswer:
        """Add a line, or replace the one with the same line_id. Durable when this returns."""
        return self.send(requests.put_line(self, line, request_id=request_id), timeout_s=timeout_s)

    def remove_line(
        self, line_id: str, *, request_id: str | None = None, timeout_s: float | None = None
    ) -> SaleAnswer:
        """Take a line out, and the discounts on it."""
        request = requests.remove_line(self, line_id, request_id=request_id)
        return self.send(request, timeout_s=timeout_s)

    def discount(
        self, discount: Discount, *, request_id: str | None = None, timeout_s: float | None = None
    ) -> SaleAnswer:
        """Give a discount (`amount_off`, `percent_off`); the same discount_id replaces it."""
        request = requests.apply_discount(self, discount, request_id=request_id)
        return self.send(request, timeout_s=timeout_s)

    def suspend(
        self, *, note: str = "", request_id: str | None = None, timeout_s: float | None = None
    ) -> SaleAnswer:
        """Put the sale aside, with a note of up to 100 characters; it survives restarts."""
        request = requests.suspend(self, note=note, request_id=request_id)
        return self.send(request, timeout_s=timeout_s)

    def resume(
        self, *, request_id: str | None = None, timeout_s: float | None = None
    ) -> SaleAnswer:
        """Take the sale up, after it was suspended or interrupted by a crash."""
        return self.send(requests.resume(self, request_id=request_id), timeout_s=timeout_s)

    def tender_cash(
        self, amount: Amount, *, request_id: str | None = None, timeout_s: float | None = None
    ) -> SaleAnswer:
        """Record cash handed over, or on a return, negative, handed back."""
        return self.add_tender(cash(amount), request_id=request_id, timeout_s=timeout_s)

    def add_tender(
        self,
        tender: Tender,
        *,
        pending: bool = False,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> SaleAnswer:
        """Record a tender; with `pending` before a card terminal starts, until `resolve_tender`."""
        request = requests.add_tender(self, tender, pending=pending, request_id=request_id)
        return self.send(request, timeout_s=timeout_s)

    def resolve_tender(
        self,
        tender_id: str,
        outcome: TenderOutcome,
        *,
        evidence: str = "",
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> SaleAnswer:
        """Say how a PENDING or UNKNOWN tender ended, and what that rests on."""
        request = requests.resolve_tender(
            self, tender_id, outcome, evidence=evidence, request_id=request_id
        )
        return self.send(request, timeout_s=timeout_s)

    def reverse_tender(
        self,
        tender_id: str,
        *,
        reason: str = "",
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> SaleAnswer:
        """Give an APPROVED tender back."""
        request = requests.reverse_tender(self, tender_id, reason=reason, request_id=request_id)
        return self.send(request, timeout_s=timeout_s)

    def complete(
        self, *, request_id: str | None = None, timeout_s: float | None = None
    ) -> SaleAnswer:
        """Complete the sale: receipt number, change and cash rounding are in the answer."""
        return self.send(requests.complete(self, request_id=request_id), timeout_s=timeout_s)

    def cancel(
        self, *, reason: str = "", request_id: str | None = None, timeout_s: float | None = None
    ) -> SaleAnswer:
        """Give the sale up; it needs to be without a live tender."""
        request = requests.cancel(self, reason=reason, request_id=request_id)
        return self.send(request, timeout_s=timeout_s)
