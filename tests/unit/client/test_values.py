"""Money and quantities arrive exactly as they were written, or not at all."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, localcontext
from typing import get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tillhal import (
    amount_off,
    bring_back,
    cash,
    credit_card,
    documents,
    line,
    minor,
    percent_off,
    requests,
    to_decimal,
    values,
)
from tillhal.v1 import checkout_pb2, drawer_pb2, printer_pb2, types_pb2

CURRENCIES = st.sampled_from(["EUR", "USD", "CNY", "JPY", "KRW", "KWD", "BHD", "CLF"])
INT64 = st.integers(-(2**63) + 1, 2**63 - 1)


@given(units=INT64, currency=CURRENCIES)
def test_an_amount_that_goes_out_and_comes_back_is_the_same(units: int, currency: str) -> None:
    money = types_pb2.Money(currency_code=currency, minor_units=units)
    amount = to_decimal(money)
    assert values.to_money(amount, currency) == money
    assert values.to_money(str(amount) if "E" not in str(amount) else amount, currency) == money
    assert values.to_money(minor(units), currency) == money
    assert amount * 10 ** values.currency_digits(currency) == units


@given(amount=st.decimals(allow_nan=False, allow_infinity=False), currency=CURRENCIES)
def test_an_amount_is_exact_or_refused(amount: Decimal, currency: str) -> None:
    try:
        units = values.to_minor(amount, currency)
    except ValueError:
        with localcontext() as context:
            context.prec = 500
            assume(abs(amount.adjusted()) < 100)
            scaled = amount.scaleb(values.currency_digits(currency))
            assert scaled != scaled.to_integral_value() or abs(scaled) > values.MINOR_UNITS_MAX
    else:
        assert to_decimal(types_pb2.Money(currency_code=currency, minor_units=units)) == amount


@given(unscaled=INT64, scale=st.integers(0, 6))
def test_a_quantity_that_goes_out_and_comes_back_is_the_same(unscaled: int, scale: int) -> None:
    number = types_pb2.Decimal(unscaled=unscaled, scale=scale)
    assert values.to_number(to_decimal(number)) == number


@given(units=INT64)
def test_the_precision_of_the_callers_context_changes_nothing(units: int) -> None:
    money = types_pb2.Money(currency_code="EUR", minor_units=units)
    with localcontext() as context:
        context.prec = 3
        narrow = values.to_minor(to_decimal(money), "EUR")
    assert narrow == units


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [
        ("7.50", "EUR", 750),
        ("7.5", "EUR", 750),
        ("7", "EUR", 700),
        ("7.500", "EUR", 750),
        ("-0.01", "EUR", -1),
        (Decimal("1E+2"), "EUR", 10_000),
        (Decimal("-0"), "EUR", 0),
        ("100", "JPY", 100),
        ("100.0", "JPY", 100),
        ("1.234", "KWD", 1234),
        ("1.2345", "CLF", 12345),
        ("1.23", "XYZ", 123),
        (minor(750), "JPY", 750),
    ],
)
def test_amounts_are_read_by_the_digits_of_their_currency(
    amount: values.Amount, currency: str, units: int
) -> None:
    assert values.to_minor(amount, currency) == units


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("7.505", "EUR"),
        ("7.5", "JPY"),
        ("7,50", "EUR"),
        ("", "EUR"),
        (".5", "EUR"),
        ("5.", "EUR"),
        (" 5", "EUR"),
        ("1_000", "EUR"),
        ("1e3", "EUR"),
        ("NaN", "EUR"),
        ("٣", "EUR"),
        ("5\n", "EUR"),
        (Decimal("NaN"), "EUR"),
        (Decimal("Infinity"), "EUR"),
        (Decimal("1e999999"), "EUR"),
        (Decimal("1e-999999"), "EUR"),
        ("92233720368547758.08", "EUR"),
        (minor(2**63), "EUR"),
    ],
)
def test_an_amount_that_is_not_exact_or_no_number_is_refused(
    amount: values.Amount, currency: str
) -> None:
    with pytest.raises(ValueError, match=r"."):
        values.to_minor(amount, currency)


@pytest.mark.parametrize("amount", [7.5, 7, True, b"7.50"])
def test_floats_and_bare_ints_are_refused_where_they_are_written(amount: object) -> None:
    for make in (cash, credit_card, amount_off):
        with pytest.raises(TypeError, match="an amount is"):
            make(amount)  # type: ignore[arg-type]  # that is the point
    with pytest.raises(TypeError, match="an amount is"):
        line("Coffee", amount)  # type: ignore[arg-type]  # that is the point


@pytest.mark.parametrize("number", [1.25, True, None])
def test_floats_are_refused_as_quantities_and_percentages(number: object) -> None:
    with pytest.raises(TypeError, match="a number is"):
        line("Coffee", "3.20", qty=number)  # type: ignore[arg-type]  # that is the point
    with pytest.raises(TypeError, match="a number is"):
        line("Coffee", "3.20", tax_percent=number)  # type: ignore[arg-type]  # that is the point
    with pytest.raises(TypeError, match="a number is"):
        bring_back("l1", qty=number)  # type: ignore[arg-type]  # that is the point
    if number is not None:
        with pytest.raises(TypeError, match="a number is"):
            percent_off(number)  # type: ignore[arg-type]  # that is the point


@pytest.mark.parametrize("units", [7.5, True, "750"])
def test_minor_units_are_ints(units: object) -> None:
    with pytest.raises(TypeError, match="minor units"):
        minor(units)  # type: ignore[arg-type]  # that is the point


@pytest.mark.parametrize(
    ("number", "unscaled", "scale"),
    [
        (2, 2, 0),
        ("1.250", 1250, 3),
        (Decimal("1E+2"), 100, 0),
        ("0.0000001000", None, None),
        ("1.1234560", 1123456, 6),
        (-3, -3, 0),
        (2**63, None, None),
    ],
)
def test_quantities_keep_the_decimals_they_were_written_with(
    number: values.Number, unscaled: int | None, scale: int | None
) -> None:
    if unscaled is None or scale is None:
        with pytest.raises(ValueError, match=r"decimals|64 bits"):
            values.to_number(number)
    else:
        assert values.to_number(number) == types_pb2.Decimal(unscaled=unscaled, scale=scale)


def test_a_line_put_again_replaces_itself_and_a_new_one_does_not() -> None:
    coffee = line("Coffee", "3.20")
    assert replace(coffee, qty=3).line_id == coffee.line_id
    assert line("Coffee", "3.20").line_id != coffee.line_id


def test_a_whole_sale_becomes_the_message_that_was_meant() -> None:
    request = requests.checkout(
        "EUR",
        [line("Coffee", "3.20", qty=2, tax="A", tax_percent=19, sku="4711", line_id="l1")],
        tenders=[cash("10.00", tender_id="t1")],
        discounts=[
            percent_off("12.5", line_id="l1", discount_id="d1"),
            amount_off(minor(5), reason="regular", discount_id="d2"),
        ],
        tax_mode="INCLUDED",
        sale_id="s1",
        request_id="r1",
    )
    price = types_pb2.Money(currency_code="EUR", minor_units=320)
    assert request == checkout_pb2.CheckoutRequest(
        request_id="r1",
        sale_id="s1",
        lines=[
            checkout_pb2.LineInput(
                line_id="l1",
                description="Coffee",
                sku="4711",
                quantity=types_pb2.Decimal(unscaled=2),
                unit_price=price,
                tax_code="A",
                tax_percent=types_pb2.Decimal(unscaled=19),
                entry_method=checkout_pb2.ENTRY_METHOD_KEYED,
            )
        ],
        discounts=[
            checkout_pb2.DiscountInput(
                discount_id="d1",
                line_id="l1",
                percent=types_pb2.Decimal(unscaled=125, scale=1),
            ),
            checkout_pb2.DiscountInput(
                discount_id="d2",
                amount=types_pb2.Money(currency_code="EUR", minor_units=5),
                reason="regular",
            ),
        ],
        tenders=[
            checkout_pb2.TenderInput(
                tender_id="t1",
                type=checkout_pb2.TENDER_TYPE_CASH,
                amount=types_pb2.Money(currency_code="EUR", minor_units=1000),
            )
        ],
        tax_mode=checkout_pb2.TAX_MODE_INCLUDED,
    )


def test_a_discount_is_an_amount_or_a_percentage() -> None:
    for both in ({}, {"amount": "1.00", "percent": 5}):
        with pytest.raises(ValueError, match="either an amount or a percentage"):
            values.Discount(**both)  # type: ignore[arg-type]  # that is the point


def test_a_discount_of_zero_is_sent_as_such() -> None:
    assert amount_off("0").to_wire("EUR").WhichOneof("value") == "amount"
    assert percent_off(0).to_wire("EUR").WhichOneof("value") == "percent"


def test_ids_are_made_and_differ() -> None:
    one, other = requests.open_sale(), requests.open_sale()
    assert len({one.request_id, one.sale_id, other.request_id, other.sale_id}) == 4


def test_a_sale_is_asked_for_by_one_of_its_two_names() -> None:
    assert requests.get_sale("s1", None).WhichOneof("by") == "sale_id"
    assert requests.get_sale(None, 17).WhichOneof("by") == "receipt_number"
    for both in ((None, None), ("s1", 17)):
        with pytest.raises(ValueError, match="sale_id or by its receipt_number"):
            requests.get_sale(*both)


@pytest.mark.parametrize(
    ("words", "enum", "prefix", "left_out"),
    [
        (values.TenderKind, checkout_pb2.TenderType, "TENDER_TYPE_", set()),
        (values.TenderOutcome, checkout_pb2.TenderState, "TENDER_STATE_", {"PENDING", "REVERSED"}),
        (values.EntryKind, checkout_pb2.EntryMethod, "ENTRY_METHOD_", set()),
        (values.TaxModeKind, checkout_pb2.TaxMode, "TAX_MODE_", set()),
        (requests.DrawerReason, drawer_pb2.DrawerReason, "DRAWER_REASON_", {"SALE", "REFUND"}),
        (documents.BarcodeKind, printer_pb2.BarcodeKind, "BARCODE_KIND_", set()),
        (documents.Align, printer_pb2.Align, "ALIGN_", set()),
    ],
)
def test_our_words_are_those_of_the_contract(
    words: object, enum: type[checkout_pb2.TaxMode], prefix: str, left_out: set[str]
) -> None:
    names = {name.removeprefix(prefix) for name in enum.keys()}  # not a dict
    assert set(get_args(words)) == names - left_out - {"UNSPECIFIED"}


def test_every_part_of_a_document_can_be_made() -> None:
    made = [
        documents.text("a"),
        documents.columns("a", "b"),
        documents.rule(),
        documents.barcode("EAN13", "400638133393"),
        documents.qr("a"),
        documents.pdf417("a"),
        documents.image(b"png"),
        documents.feed(),
        documents.cut(),
        documents.logo(),
    ]
    parts = printer_pb2.Part.DESCRIPTOR.oneofs_by_name["part"].fields
    assert [part.WhichOneof("part") for part in made] == [field.name for field in parts]
