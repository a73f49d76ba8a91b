"""Slips as commands and as requests, for tests of back-entry."""

from __future__ import annotations

from tests.support.sales import eur, line, name, new_id, tender
from tests.support.shop import cash
from tests.support.shop import line as shop_line
from tillhal.v1 import recovery_pb2 as pb
from tillhald.domain import commands as cmd
from tillhald.domain.sale import Line, Tender
from tillhald.domain.slips import SlipState

OUTAGE = "cut-1"
BEGAN_MS = 1_749_990_000_000
ENDED_MS = 1_749_996_000_000


def opening(first_no: int = 1, last_no: int = 5, outage_id: str = OUTAGE) -> cmd.OpenBackEntry:
    """A book for an outage that no UPS told of."""
    return cmd.OpenBackEntry(
        outage_id=outage_id,
        first_no=first_no,
        last_no=last_no,
        opened_by="ann",
        began_ms=BEGAN_MS,
        ended_ms=ENDED_MS,
    )


def slip(
    number: int,
    *lines: Line,
    tenders: tuple[Tender, ...] = (),
    outage_id: str = OUTAGE,
    sale_id: str = "",
    paper_ms: int = 0,
    prints_receipt: bool = False,
) -> cmd.PutSlip:
    """A slip of one line of 7.50, paid with 10.00 in cash, unless told otherwise."""
    return cmd.PutSlip(
        outage_id=outage_id,
        slip_no=number,
        sale=cmd.Checkout(
            sale_id=sale_id or f"slip-{outage_id}-{number}",
            lines=lines or (shop_line(),),
            tenders=tenders or (cash(1000),),
        ),
        paper_ms=paper_ms,
        written_by="bo",
        prints_receipt=prints_receipt,
    )


def marking(
    number: int,
    state: SlipState = SlipState.SPOILT,
    *,
    last_no: int = 0,
    why: str = "torn",
    outage_id: str = OUTAGE,
) -> cmd.MarkSlip:
    return cmd.MarkSlip(
        outage_id=outage_id, slip_no=number, last_no=last_no, state=state, explanation=why
    )


def closing(counted: int, *, why: str = "", outage_id: str = OUTAGE) -> cmd.CloseBackEntry:
    return cmd.CloseBackEntry(outage_id=outage_id, counted_minor=counted, difference_reason=why)


# --- as requests


def open_request(
    first_no: int = 1, last_no: int = 3, outage_id: str = OUTAGE
) -> pb.OpenBackEntryRequest:
    request = pb.OpenBackEntryRequest(
        request_id=new_id(),
        outage_id=outage_id,
        first_no=first_no,
        last_no=last_no,
        opened_by="ann",
    )
    if not outage_id.startswith("outage/"):
        request.begin_time.FromMilliseconds(BEGAN_MS)
        request.end_time.FromMilliseconds(ENDED_MS)
    return request


def slip_request(
    number: int,
    minor: int = 750,
    *,
    given: int = 0,
    outage_id: str = OUTAGE,
    prints_receipt: bool = False,
) -> pb.PutSlipRequest:
    return pb.PutSlipRequest(
        request_id=new_id(),
        outage_id=outage_id,
        slip_no=number,
        written_by="bo",
        entered_by="ann",
        sale_id=name("slip"),
        lines=[line(minor=minor)],
        tenders=[tender(given or minor)],
        prints_receipt=prints_receipt,
    )


def mark_request(
    number: int, state: pb.SlipState, *, last_no: int = 0, outage_id: str = OUTAGE
) -> pb.MarkSlipRequest:
    return pb.MarkSlipRequest(
        request_id=new_id(),
        outage_id=outage_id,
        slip_no=number,
        last_no=last_no,
        state=state,
        explanation="blew away",
    )


def close_request(
    counted: int, *, why: str = "", outage_id: str = OUTAGE
) -> pb.CloseBackEntryRequest:
    return pb.CloseBackEntryRequest(
        request_id=new_id(),
        outage_id=outage_id,
        counted_cash=eur(counted),
        difference_reason=why,
        closed_by="ann",
    )
