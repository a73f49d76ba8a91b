"""Steps, listings and deeds that are refused: with which reason, and nothing written."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import grpc
import pytest

from tests.support.answers import refused
from tests.support.sales import (
    CARD,
    OPEN_SALE,
    SOLD,
    dec,
    eur,
    line,
    name,
    new_id,
    tender,
)
from tests.support.till import Till
from tillhal.v1 import checkout_pb2 as pb
from tillhal.v1 import drawer_pb2, printer_pb2, types_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

    from tests.support.till import Calls

FIELD = "FIELD_INVALID"
SUM = "TENDER_SUM_MISMATCH"


class BadCall(NamedTuple):
    """A call with a request that is to be refused."""

    title: str
    call: Callable[[Calls], object]
    reason: str
    field: str | None
    code: grpc.StatusCode = grpc.StatusCode.INVALID_ARGUMENT


NOT_FOUND = grpc.StatusCode.NOT_FOUND
STATE = grpc.StatusCode.FAILED_PRECONDITION
VERSION = 2
"""Of the open sale that these calls are made on: opened, with one line of 7.50."""


def on_sale(kind: type[Message], method: str, **fields: object) -> Callable[[Calls], object]:
    head = {"request_id": new_id(), "sale_id": OPEN_SALE, "expected_version": VERSION}
    request = kind(**{**head, **fields})
    return lambda calls: getattr(calls.checkout, method)(request)


def put_line(**fields: object) -> Callable[[Calls], object]:
    return on_sale(pb.PutLineRequest, "PutLine", **{"line": line("l9"), **fields})


def add_tender(**fields: object) -> Callable[[Calls], object]:
    return on_sale(pb.AddTenderRequest, "AddTender", **{"tender": tender(750, CARD), **fields})


def resolve(**fields: object) -> Callable[[Calls], object]:
    return on_sale(pb.ResolveTenderRequest, "ResolveTender", **{"tender_id": "t1", **fields})


def void(**fields: object) -> Callable[[Calls], object]:
    head = {"sale_id": name(), "original_sale_id": SOLD, "reason": "wrong", "request_id": new_id()}
    request = pb.VoidSaleRequest(**{**head, **fields})
    return lambda calls: calls.checkout.VoidSale(request)


def give_back(*lines: pb.ReturnedLine, **fields: object) -> Callable[[Calls], object]:
    head = {"sale_id": name(), "original_sale_id": SOLD, "reason": "wrong", "request_id": new_id()}
    request = pb.OpenReturnRequest(**{**head, "lines": lines, **fields})
    return lambda calls: calls.checkout.OpenReturn(request)


def back(number: types_pb2.Decimal, original: str = "l1", line_id: str = "r1") -> pb.ReturnedLine:
    return pb.ReturnedLine(line_id=line_id, original_line_id=original, quantity=number)


def open_drawer(**fields: object) -> Callable[[Calls], object]:
    head = {"request_id": new_id(), "kick_id": name(), "reason": drawer_pb2.DRAWER_REASON_TEST}
    request = drawer_pb2.OpenDrawerRequest(**{**head, **fields})
    return lambda calls: calls.drawer.OpenDrawer(request)


def listing(size: int = 0, token: str = "") -> Callable[[Calls], object]:
    request = pb.ListSalesRequest(page_size=size, page_token=token)
    return lambda calls: calls.checkout.ListSales(request)


CALLS = [
    BadCall("no version", put_line(expected_version=0), FIELD, "expected_version"),
    BadCall(
        "an old version",
        put_line(expected_version=1),
        "VERSION_CONFLICT",
        None,
        grpc.StatusCode.ABORTED,
    ),
    BadCall(
        "a version to come",
        put_line(expected_version=2**64 - 1),
        "VERSION_CONFLICT",
        None,
        grpc.StatusCode.ABORTED,
    ),
    BadCall("an unknown sale", put_line(sale_id="nobody"), "SALE_NOT_FOUND", None, NOT_FOUND),
    BadCall("a finished sale", put_line(sale_id=SOLD), "SALE_STATE", None, STATE),
    BadCall("no line", put_line(line=pb.LineInput()), FIELD, "line.unit_price"),
    BadCall(
        "remove an unknown line",
        on_sale(pb.RemoveLineRequest, "RemoveLine", line_id="l9"),
        "LINE_NOT_FOUND",
        None,
        NOT_FOUND,
    ),
    BadCall(
        "discount without a value",
        on_sale(
            pb.ApplyDiscountRequest, "ApplyDiscount", discount=pb.DiscountInput(discount_id="d")
        ),
        FIELD,
        "discount.value",
    ),
    BadCall(
        "discount above all there is",
        on_sale(
            pb.ApplyDiscountRequest,
            "ApplyDiscount",
            discount=pb.DiscountInput(discount_id="d", amount=eur(751)),
        ),
        "DISCOUNT_TOO_LARGE",
        "discount",
    ),
    BadCall("cash that is pending", add_tender(tender=tender(750), pending=True), FIELD, "pending"),
    BadCall(
        "a cent too much by card",
        add_tender(tender=tender(751, CARD)),
        "CHANGE_NOT_ALLOWED",
        "tender.amount",
    ),
    BadCall("tender below zero", add_tender(tender=tender(-1, CARD)), FIELD, "tender.amount"),
    BadCall("no tender", on_sale(pb.AddTenderRequest, "AddTender"), FIELD, "tender.type"),
    BadCall("outcome not named", resolve(), FIELD, "outcome"),
    BadCall("unknown outcome", resolve(outcome=99), FIELD, "outcome"),
    BadCall(
        "resolve where nothing was given",
        resolve(outcome=pb.TENDER_STATE_APPROVED),
        "SALE_STATE",
        None,
        STATE,
    ),
    BadCall(
        "complete with nothing given",
        on_sale(pb.CompleteSaleRequest, "CompleteSale"),
        SUM,
        "tenders",
    ),
    BadCall(
        "resume what is open",
        on_sale(pb.ResumeSaleRequest, "ResumeSale"),
        "SALE_STATE",
        None,
        STATE,
    ),
    BadCall(
        "a note too long",
        on_sale(pb.SuspendSaleRequest, "SuspendSale", note="x" * 101),
        FIELD,
        "note",
    ),
    BadCall("void without a reason", void(reason=""), FIELD, "reason"),
    BadCall("void of nothing", void(original_sale_id="x"), "SALE_NOT_FOUND", None, NOT_FOUND),
    BadCall(
        "void under a taken name",
        void(sale_id=SOLD),
        "SALE_EXISTS",
        None,
        grpc.StatusCode.ALREADY_EXISTS,
    ),
    BadCall("return of no lines", give_back(), FIELD, "lines"),
    BadCall("return of none", give_back(back(dec(0))), FIELD, "lines[0].quantity"),
    BadCall("return of more", give_back(back(dec(2))), "RETURN_EXCEEDS_SOLD", None, STATE),
    BadCall(
        "return of an unknown line",
        give_back(back(dec(1), "l9")),
        "LINE_NOT_FOUND",
        None,
        NOT_FOUND,
    ),
    BadCall(
        "the same line returned twice in one return",
        give_back(back(dec(1)), back(dec(1), line_id="r2")),
        FIELD,
        "lines[1].original_line_id",
    ),
    BadCall(
        "return in a finer scale", give_back(back(dec(1, 2))), "BAD_SCALE", "lines[0].quantity"
    ),
    BadCall("page too large", listing(501), FIELD, "page_size"),
    BadCall("page token no hex", listing(token="next please"), FIELD, "page_token"),
    BadCall("page token too short", listing(token="00"), FIELD, "page_token"),
    BadCall("page token not ASCII", listing(token="é" * 16), FIELD, "page_token"),
    BadCall(
        "job page token",
        lambda calls: calls.printer.ListJobs(printer_pb2.ListJobsRequest(page_token="zz")),
        FIELD,
        "page_token",
    ),
    BadCall("a sale by nothing", lambda c: c.checkout.GetSale(pb.GetSaleRequest()), FIELD, "by"),
    BadCall(
        "a job by a long name",
        lambda calls: calls.printer.GetJob(printer_pb2.GetJobRequest(job_id="j" * 101)),
        FIELD,
        "job_id",
    ),
    BadCall(
        "an unknown job",
        lambda calls: calls.printer.GetJob(printer_pb2.GetJobRequest(job_id="j")),
        "JOB_NOT_FOUND",
        None,
        NOT_FOUND,
    ),
    BadCall("drawer for no reason", open_drawer(reason=0), FIELD, "reason"),
    BadCall(
        "drawer for a sale", open_drawer(reason=drawer_pb2.DRAWER_REASON_SALE), FIELD, "reason"
    ),
    BadCall("drawer for an unknown reason", open_drawer(reason=55), FIELD, "reason"),
    BadCall("a drawer that is not there", open_drawer(), "DEVICE_NOT_FOUND", None, NOT_FOUND),
    BadCall(
        "a copy with no printer",
        lambda calls: calls.checkout.ReprintReceipt(
            pb.ReprintReceiptRequest(request_id=new_id(), sale_id=SOLD, job_id=name())
        ),
        "NO_PRINTER",
        None,
        STATE,
    ),
]


@pytest.mark.parametrize("bad", CALLS, ids=[case.title for case in CALLS])
@pytest.mark.usefixtures("head")
def test_a_call_that_cannot_be_granted_changes_nothing(bare_till: Till, bad: BadCall) -> None:
    with refused(bad.code, bad.reason) as caught:
        bad.call(bare_till.calls)
    fields = [] if bad.field is None else [bad.field]
    assert caught.refusal.fields == fields, caught.refusal
