"""What is refused: with which code, which reason, which field, and nothing written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import grpc
import pytest
from google.rpc import error_details_pb2
from tillhal.v1 import checkout_pb2 as pb
from tillhal.v1 import drawer_pb2, printer_pb2, types_pb2

from tests.support.answers import head_seq, refusal_of, refused
from tests.support.sales import (
    CARD,
    Steps,
    card_sale,
    cash_sale,
    dec,
    eur,
    line,
    name,
    new_id,
    tender,
)
from tests.support.till import Till, a_till

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from google.protobuf.message import Message

    from tests.support.till import Calls

INT64_MAX = 2**63 - 1
Change = Any
"""A function that spoils a request; each request has its own type."""


class Bad(NamedTuple):
    """A request that is spoiled by `spoil`, and how it is to be refused."""

    title: str
    spoil: Change
    reason: str
    field: str | None
    code: grpc.StatusCode = grpc.StatusCode.INVALID_ARGUMENT
    flaw: str = ""
    """What the daemon does otherwise, as far as is known."""


def titles(cases: list[Bad]) -> Any:  # noqa: ANN401 - pytest's own mark
    parameters = [
        pytest.param(
            case, marks=[pytest.mark.xfail(reason=case.flaw, strict=True)] if case.flaw else []
        )
        for case in cases
    ]
    return pytest.mark.parametrize("bad", parameters, ids=[case.title for case in cases])


def unset_line(request: pb.CheckoutRequest, **fields: object) -> None:
    for key, value in fields.items():
        setattr(request.lines[0], key, value)


def price(minor: int, quantity: types_pb2.Decimal | None = None) -> Change:
    def spoil(request: pb.CheckoutRequest) -> None:
        request.lines[0].unit_price.minor_units = minor
        if quantity is not None:
            request.lines[0].quantity.CopyFrom(quantity)

    return spoil


def quantity(unscaled: int, scale: int = 0) -> Change:
    return lambda request: request.lines[0].quantity.CopyFrom(dec(unscaled, scale))


def percent(unscaled: int, scale: int = 0) -> Change:
    return lambda request: request.lines[0].tax_percent.CopyFrom(dec(unscaled, scale))


def description(text: str) -> Change:
    return lambda request: unset_line(request, description=text)


def given(*tenders: pb.TenderInput) -> Change:
    def spoil(request: pb.CheckoutRequest) -> None:
        del request.tenders[:]
        request.tenders.extend(tenders)

    return spoil


def off(**fields: object) -> Change:
    return lambda request: request.discounts.append(
        pb.DiscountInput(**{"discount_id": "d1", **fields})
    )


def put(name_: str, value: object) -> Change:
    return lambda request: setattr(request, name_, value)


def many_lines(count: int) -> Change:
    def spoil(request: pb.CheckoutRequest) -> None:
        del request.lines[:]
        request.lines.extend(line(f"l{number}", 1) for number in range(count))
        request.tenders[0].amount.minor_units = count

    return spoil


FIELD = "FIELD_INVALID"
RANGE = "AMOUNT_OUT_OF_RANGE"
SUM = "TENDER_SUM_MISMATCH"

CHECKOUTS = [
    # --- numbers
    Bad("no quantity", lambda r: r.lines[0].ClearField("quantity"), FIELD, "lines[0].quantity"),
    Bad("quantity zero", quantity(0), FIELD, "lines[0].quantity"),
    Bad("quantity below zero", quantity(-1), FIELD, "lines[0].quantity"),
    Bad("quantity huge", quantity(INT64_MAX), RANGE, "lines[0].quantity"),
    Bad("quantity least", quantity(-INT64_MAX - 1), RANGE, "lines[0].quantity"),
    Bad("scale below zero", quantity(1, -1), "BAD_SCALE", "lines[0].quantity"),
    Bad("scale seven", quantity(1, 7), "BAD_SCALE", "lines[0].quantity"),
    Bad("scale huge", quantity(1, 2**31 - 1), "BAD_SCALE", "lines[0].quantity"),
    Bad("price below zero", price(-1), FIELD, "lines[0].unit_price"),
    Bad("price huge", price(INT64_MAX), RANGE, "lines[0].unit_price"),
    Bad("price least", price(-INT64_MAX - 1), RANGE, "lines[0].unit_price"),
    Bad("product overflows", price(10**15, dec(10**12)), RANGE, "lines[0].quantity"),
    Bad("product a bit too large", price(10**15, dec(2)), RANGE, "lines[0].quantity"),
    Bad("no price", lambda r: r.lines[0].ClearField("unit_price"), FIELD, "lines[0].unit_price"),
    Bad("tax below zero", percent(-1), FIELD, "lines[0].tax_percent"),
    Bad("tax above 100", percent(101), FIELD, "lines[0].tax_percent"),
    Bad("tax a bit above 100", percent(100_000_001, 6), FIELD, "lines[0].tax_percent"),
    Bad("tax scale", percent(1, 9), "BAD_SCALE", "lines[0].tax_percent"),
    # --- currencies
    Bad(
        "another currency",
        lambda r: setattr(r.lines[0].unit_price, "currency_code", "USD"),
        "CURRENCY_MISMATCH",
        "lines[0].unit_price",
    ),
    Bad(
        "currency in small letters",
        lambda r: setattr(r.lines[0].unit_price, "currency_code", "eur"),
        "CURRENCY_MISMATCH",
        "lines[0].unit_price",
    ),
    Bad(
        "tender in another currency",
        lambda r: setattr(r.tenders[0].amount, "currency_code", "CHF"),
        "CURRENCY_MISMATCH",
        "tenders[0].amount",
    ),
    Bad(
        "discount in another currency",
        off(amount=types_pb2.Money(currency_code="CNY", minor_units=1)),
        "CURRENCY_MISMATCH",
        "discounts[0].amount",
    ),
    # --- tenders
    Bad("a cent too little", given(tender(749)), SUM, "tenders"),
    Bad("a cent too little by card", given(tender(749, CARD)), SUM, "tenders"),
    Bad("nothing given", given(), SUM, "tenders"),
    Bad("a cent too much by card", given(tender(751, CARD)), "CHANGE_NOT_ALLOWED", "tenders"),
    Bad(
        "change from a card beside cash",
        given(tender(100), tender(651 + 100, CARD, "t2")),
        "CHANGE_NOT_ALLOWED",
        "tenders",
    ),
    Bad("tender zero", given(tender(0)), FIELD, "tenders[0].amount"),
    Bad(
        "tender below zero",
        given(tender(-750)),
        FIELD,
        "tenders[0].amount",
        flaw="it says tender.amount, which is no field of this request",
    ),
    Bad("tender huge", given(tender(INT64_MAX)), RANGE, "tenders[0].amount"),
    Bad(
        "tender of no type",
        given(tender(750, pb.TENDER_TYPE_UNSPECIFIED)),
        FIELD,
        "tenders[0].type",
    ),
    Bad("tender of an unknown type", given(tender(750, 77)), FIELD, "tenders[0].type"),
    Bad("the same tender twice", given(tender(375), tender(375)), FIELD, "tenders.tender_id"),
    Bad(
        "21 tenders",
        given(*(tender(10, tender_id=f"t{n}") for n in range(21))),
        "TOO_MANY_TENDERS",
        "tenders",
    ),
    # --- lines
    Bad("no lines", lambda r: r.ClearField("lines"), FIELD, "lines"),
    Bad("1,001 lines", many_lines(1001), "TOO_MANY_LINES", "lines"),
    Bad("10,000 lines", many_lines(10_000), "TOO_MANY_LINES", "lines"),
    Bad("the same line twice", lambda r: r.lines.append(line()), FIELD, "lines.line_id"),
    Bad(
        "unknown entry method",
        lambda r: unset_line(r, entry_method=9),
        FIELD,
        "lines[0].entry_method",
    ),
    Bad("unknown tax mode", put("tax_mode", 7), FIELD, "tax_mode"),
    Bad("unknown language", put("language", "tlh"), FIELD, "language"),
    # --- discounts
    Bad("discount of nothing", off(), FIELD, "discounts[0].value"),
    Bad("discount below zero", off(amount=eur(-1)), FIELD, "discounts[0].amount"),
    Bad(
        "discount above the price",
        off(amount=eur(751)),
        "DISCOUNT_TOO_LARGE",
        "discounts",
        flaw="it says discount, which is no field of this request",
    ),
    Bad("discount above 100 %", off(percent=dec(1001, 1)), FIELD, "discounts[0].percent"),
    Bad("discount below 0 %", off(percent=dec(-1)), FIELD, "discounts[0].percent"),
    Bad("discount scale", off(percent=dec(1, -1)), "BAD_SCALE", "discounts[0].percent"),
    Bad(
        "discount on an unknown line",
        off(line_id="l9", percent=dec(1)),
        "LINE_NOT_FOUND",
        None,
        grpc.StatusCode.NOT_FOUND,
    ),
    Bad(
        "the same discount twice",
        lambda r: r.discounts.extend(
            [pb.DiscountInput(discount_id="d", percent=dec(1)) for _ in range(2)]
        ),
        FIELD,
        "discounts.discount_id",
    ),
    # --- ids and texts
    Bad("no request_id", put("request_id", ""), FIELD, "request_id"),
    Bad("request_id no UUID", put("request_id", "42"), FIELD, "request_id"),
    Bad("request_id with a newline", put("request_id", new_id() + "\n"), FIELD, "request_id"),
    Bad("no sale_id", put("sale_id", ""), FIELD, "sale_id"),
    Bad("sale_id with a stroke", put("sale_id", "receipt/1"), FIELD, "sale_id"),
    Bad("sale_id too long", put("sale_id", "s" * 65), FIELD, "sale_id"),
    Bad("sale_id with a newline", put("sale_id", "sale\n"), FIELD, "sale_id"),
    Bad("sale_id not ASCII", put("sale_id", "säle"), FIELD, "sale_id"),
    Bad("no line_id", lambda r: unset_line(r, line_id=""), FIELD, "lines[0].line_id"),
    Bad("no description", description(""), FIELD, "lines[0].description"),
    Bad("description too long", description("x" * 201), FIELD, "lines[0].description"),
    Bad("4 MB of description", description("x" * (4 << 20)), FIELD, "lines[0].description"),
    Bad("newline in the description", description("a\nb"), FIELD, "lines[0].description"),
    Bad("ESC in the description", description("a\x1b@b"), FIELD, "lines[0].description"),
    Bad("NUL in the description", description("a\0b"), FIELD, "lines[0].description"),
    Bad("DEL in the description", description("a\x7fb"), FIELD, "lines[0].description"),
    Bad("C1 control in the description", description("a\x9bb"), FIELD, "lines[0].description"),
    Bad("line separator", description("a\u2028b"), FIELD, "lines[0].description"),
    Bad("unit too long", lambda r: unset_line(r, unit="kilograms"), FIELD, "lines[0].unit"),
    Bad("tab in the sku", lambda r: unset_line(r, sku="a\tb"), FIELD, "lines[0].sku"),
    Bad(
        "tax code too long", lambda r: unset_line(r, tax_code="A" * 17), FIELD, "lines[0].tax_code"
    ),
    Bad(
        "ESC in a tender's reference",
        lambda r: setattr(r.tenders[0], "external_ref", "\x1bp"),
        FIELD,
        "tenders[0].external_ref",
    ),
    Bad("8 MiB and more", description("x" * (8 << 20)), "REQUEST_TOO_LARGE", ""),
]


@pytest.fixture
def head(bare_till: Till) -> Iterator[Callable[[], int]]:
    """The journal's head; after the test it must stand where it stood before."""
    before = head_seq(bare_till.calls)
    yield lambda: head_seq(bare_till.calls)
    assert head_seq(bare_till.calls) == before, "something was written"


def is_refused(bad: Bad, call: Callable[[], object]) -> None:
    with refused(bad.code, bad.reason) as caught:
        call()
    fields = [] if bad.field is None else [bad.field]
    assert caught.refusal.fields == fields, caught.refusal


@titles(CHECKOUTS)
@pytest.mark.usefixtures("head")
def test_a_checkout_that_cannot_be_right_is_refused_whole(bare_till: Till, bad: Bad) -> None:
    request = cash_sale()
    bad.spoil(request)
    is_refused(bad, lambda: bare_till.calls.checkout.Checkout(request))


# --- the other calls


class BadCall(NamedTuple):
    """A call with a request that is to be refused."""

    title: str
    call: Callable[[Calls], object]
    reason: str
    field: str | None
    code: grpc.StatusCode = grpc.StatusCode.INVALID_ARGUMENT


NOT_FOUND = grpc.StatusCode.NOT_FOUND
STATE = grpc.StatusCode.FAILED_PRECONDITION
OPEN_SALE = "bad-input-open"
SOLD = "bad-input-sold"
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
        "lines",
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


@pytest.fixture(scope="module")
def bare_till() -> Iterator[Till]:
    """A till without devices, so that nothing is written but what the tests ask for."""
    with a_till() as till:
        till.start()
        till.calls.checkout.Checkout(card_sale(SOLD))
        steps = Steps(till.calls, OPEN_SALE)
        steps.open()
        steps.put(line())
        yield till
        assert till.is_running()


@pytest.mark.parametrize("bad", CALLS, ids=[case.title for case in CALLS])
@pytest.mark.usefixtures("head")
def test_a_call_that_cannot_be_granted_changes_nothing(bare_till: Till, bad: BadCall) -> None:
    with refused(bad.code, bad.reason) as caught:
        bad.call(bare_till.calls)
    fields = [] if bad.field is None else [bad.field]
    assert caught.refusal.fields == fields, caught.refusal


# --- bytes that no library would send


def raw(calls: Calls, method: str, data: bytes) -> bytes:
    """Send bytes as they are."""
    call = calls.channel.unary_unary(
        f"/tillhal.v1.{method}", request_serializer=bytes, response_deserializer=bytes
    )
    answer: bytes = call(data)
    return answer


def field(number: int, content: bytes) -> bytes:
    """A length-delimited field (content below 128 bytes)."""
    return bytes([number << 3 | 2, len(content)]) + content


RAW = {
    "a text that is not UTF-8": field(1, b"\xff\xfe"),
    "half a surrogate": field(1, b"\xed\xa0\x80"),
    "a description that is not UTF-8": field(3, field(2, b"\xc3\x28")),
    "a field longer than the message": b"\x0a\x7fabc",
    "an unfinished varint": b"\x30\xff\xff",
    "a wire type that does not exist": b"\x0f",
    "field number zero": b"\x02\x01a",
    "noise": bytes(range(128, 256)),
    "an end of a group": b"\x0c",
    "a hundred levels deep": b"\x0b" * 120 + b"\x0c" * 120,
}


@pytest.mark.parametrize("data", RAW.values(), ids=RAW.keys())
@pytest.mark.usefixtures("head")
def test_bytes_that_are_no_message_are_refused_as_such(bare_till: Till, data: bytes) -> None:
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_REQUEST"):
        raw(bare_till.calls, "CheckoutService/Checkout", data)


@pytest.mark.usefixtures("head")
def test_a_message_beyond_what_grpc_takes_ends_the_call_and_nothing_else(bare_till: Till) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        raw(bare_till.calls, "CheckoutService/Checkout", bytes(17 << 20))
    assert raised.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert bare_till.calls.checkout.ListSuspended(pb.ListSuspendedRequest()) is not None


def test_fields_from_a_later_contract_do_no_harm(bare_till: Till) -> None:
    request = card_sale()
    data = request.SerializeToString() + bytes([0xFA, 0x07, 3]) + b"new"
    first = pb.CheckoutResponse.FromString(raw(bare_till.calls, "CheckoutService/Checkout", data))
    again = pb.CheckoutResponse.FromString(raw(bare_till.calls, "CheckoutService/Checkout", data))
    assert again.replayed
    assert again.sale == first.sale


def test_a_method_that_does_not_exist_is_unimplemented(bare_till: Till) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        raw(bare_till.calls, "CheckoutService/Steal", b"")
    assert raised.value.code() == grpc.StatusCode.UNIMPLEMENTED


# --- the cashier's sentence


@pytest.mark.parametrize(
    ("accepted", "locale"),
    [
        ("zh-CN", "zh-CN"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("zh", "zh-CN"),
        ("de, zh;q=0.5", "zh-CN"),
        ("en-GB, zh", "en"),
        ("", "en"),
        ("*;;;,q=", "en"),
    ],
)
def test_the_cashier_is_told_in_her_language(bare_till: Till, accepted: str, locale: str) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        bare_till.calls.checkout.GetSale(
            pb.GetSaleRequest(sale_id="nobody"), metadata=(("accept-language", accepted),)
        )
    refusal = refusal_of(raised.value)
    sentences = {"zh-CN": "找不到该单据。", "en": "The sale was not found."}
    assert refusal.localized == error_details_pb2.LocalizedMessage(
        locale=locale, message=sentences[locale]
    )
