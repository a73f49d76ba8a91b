"""Whole sales that are refused: with which reason and field, and nothing written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import grpc
import pytest

from tests.support.answers import refused
from tests.support.sales import (
    CARD,
    cash_sale,
    dec,
    eur,
    line,
    new_id,
    tender,
)
from tests.support.till import Till
from tillhal.v1 import checkout_pb2 as pb
from tillhal.v1 import types_pb2

if TYPE_CHECKING:
    from collections.abc import Callable


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


def titles(cases: list[Bad]) -> Any:
    return pytest.mark.parametrize("bad", cases, ids=[case.title for case in cases])


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
    Bad("product overflows", price(10**12, dec(10**12)), RANGE, "lines[0].quantity"),
    Bad("product a bit too large", price(10**12, dec(2)), RANGE, "lines[0].quantity"),
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
    ),
    Bad("tender huge", given(tender(INT64_MAX)), RANGE, "tenders[0].amount"),
    Bad(
        "tender of no type",
        given(tender(750, pb.TENDER_TYPE_UNSPECIFIED)),
        FIELD,
        "tenders[0].type",
    ),
    Bad("tender of an unknown type", given(tender(750, 77)), FIELD, "tenders[0].type"),
    Bad("the same tender twice", given(tender(375), tender(375)), FIELD, "tenders[1].tender_id"),
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
    Bad("the same line twice", lambda r: r.lines.append(line()), FIELD, "lines[1].line_id"),
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
        "discounts[0]",
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
        "discounts[1].discount_id",
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
    Bad("1 MB of description", description("x" * (1 << 20)), FIELD, "lines[0].description"),
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
    Bad("2 MiB and more", description("x" * (2 << 20)), "REQUEST_TOO_LARGE", ""),
]


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
