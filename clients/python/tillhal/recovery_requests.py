"""Builds the requests about an outage: the report's items and paper slips. Sends nothing.

As in `tillhal.requests`: ids are made unless given; what was built and stored may be sent again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from tillhal.v1 import recovery_pb2
from tillhal.values import Amount, new_id, to_money

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable

    from tillhal.values import Discount, Line, TaxModeKind, Tender

ItemAction: TypeAlias = Literal[
    "RESUME", "SUSPEND", "CANCEL", "REPRINT", "IS_PRINTED", "GIVE_UP", "OPENED", "NOT_OPENED"
]
SlipMarkState: TypeAlias = Literal["SPOILT", "MISSING"]


def resolve_item(
    item_id: str,
    action: ItemAction,
    *,
    resolved_by: str = "",
    reason: str = "",
    request_id: str | None = None,
) -> recovery_pb2.ResolveItemRequest:
    """Says what becomes of an item of the report."""
    return recovery_pb2.ResolveItemRequest(
        request_id=request_id or new_id(),
        item_id=item_id,
        action=f"RECOVERY_ACTION_{action}",
        resolved_by=resolved_by,
        reason=reason,
    )


def open_slips(
    outage_id: str,
    first_no: int,
    last_no: int,
    *,
    opened_by: str = "",
    began: datetime.datetime | None = None,
    ended: datetime.datetime | None = None,
    request_id: str | None = None,
) -> recovery_pb2.OpenBackEntryRequest:
    """Opens the book of an outage's slips; `began` and `ended` of an outage not on record."""
    request = recovery_pb2.OpenBackEntryRequest(
        request_id=request_id or new_id(),
        outage_id=outage_id,
        first_no=first_no,
        last_no=last_no,
        opened_by=opened_by,
    )
    if began is not None:
        request.begin_time.FromDatetime(began)
    if ended is not None:
        request.end_time.FromDatetime(ended)
    return request


@dataclass(frozen=True, kw_only=True)
class Slip:
    """What stands on a slip. `paper_time` is its time, None where none was written."""

    slip_no: int
    lines: Iterable[Line]
    tenders: Iterable[Tender] = ()
    discounts: Iterable[Discount] = ()
    paper_time: datetime.datetime | None = None
    written_by: str = ""
    entered_by: str = ""
    approved_by: str = ""


def put_slip(
    currency: str,
    outage_id: str,
    slip: Slip,
    *,
    tax_mode: TaxModeKind | None = None,
    language: str = "",
    prints_receipt: bool = False,
    sale_id: str | None = None,
    request_id: str | None = None,
) -> recovery_pb2.PutSlipRequest:
    """Enters a slip, in the till's `currency` (ISO 4217)."""
    request = recovery_pb2.PutSlipRequest(
        request_id=request_id or new_id(),
        outage_id=outage_id,
        slip_no=slip.slip_no,
        written_by=slip.written_by,
        entered_by=slip.entered_by,
        approved_by=slip.approved_by,
        sale_id=sale_id or new_id(),
        lines=[line.to_wire(currency) for line in slip.lines],
        discounts=[discount.to_wire(currency) for discount in slip.discounts],
        tenders=[tender.to_wire(currency) for tender in slip.tenders],
        tax_mode=f"TAX_MODE_{tax_mode or 'UNSPECIFIED'}",
        language=language,
        prints_receipt=prints_receipt,
    )
    if slip.paper_time is not None:
        request.paper_time.FromDatetime(slip.paper_time)
    return request


def mark_slips(
    outage_id: str,
    slip_no: int,
    state: SlipMarkState,
    *,
    last_no: int = 0,
    explanation: str = "",
    marked_by: str = "",
    request_id: str | None = None,
) -> recovery_pb2.MarkSlipRequest:
    """Accounts for a number, or for those up to `last_no`, without a sale."""
    return recovery_pb2.MarkSlipRequest(
        request_id=request_id or new_id(),
        outage_id=outage_id,
        slip_no=slip_no,
        last_no=last_no,
        state=f"SLIP_STATE_{state}",
        explanation=explanation,
        marked_by=marked_by,
    )


def close_slips(
    currency: str,
    outage_id: str,
    counted_cash: Amount,
    *,
    difference_reason: str = "",
    closed_by: str = "",
    request_id: str | None = None,
) -> recovery_pb2.CloseBackEntryRequest:
    """Closes a book, with the cash that lay with the slips."""
    return recovery_pb2.CloseBackEntryRequest(
        request_id=request_id or new_id(),
        outage_id=outage_id,
        counted_cash=to_money(counted_cash, currency),
        difference_reason=difference_reason,
        closed_by=closed_by,
    )


def print_slips(
    count: int,
    *,
    outage_id: str = "",
    printer: str = "",
    printed_by: str = "",
    request_id: str | None = None,
) -> recovery_pb2.PrintSlipBookRequest:
    """Asks for blank slips with the next numbers."""
    return recovery_pb2.PrintSlipBookRequest(
        request_id=request_id or new_id(),
        count=count,
        outage_id=outage_id,
        printer=printer,
        printed_by=printed_by,
    )


def print_suspended_sales(
    *, printer: str = "", job_id: str | None = None, request_id: str | None = None
) -> recovery_pb2.PrintSuspendedSalesRequest:
    """Asks for the list of sales that are not finished."""
    return recovery_pb2.PrintSuspendedSalesRequest(
        request_id=request_id or new_id(), job_id=job_id or new_id(), printer=printer
    )
