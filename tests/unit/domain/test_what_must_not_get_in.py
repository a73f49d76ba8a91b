"""The rules trust the form of what they are given; here is the door that sees to it."""

import pytest

from tillhal.v1 import checkout_pb2 as pb
from tillhal.v1.types_pb2 import Decimal, Money
from tillhald.domain import errors
from tillhald.domain.amounts import AMOUNT_MINOR_MAX, QUANTITY_UNSCALED_MAX, Quantity
from tillhald.rpc import from_wire


def wire_line(
    price: int = 750, quantity: tuple[int, int] = (1, 0), percent: tuple[int, int] = (0, 0)
) -> pb.LineInput:
    return pb.LineInput(
        line_id="l1",
        description="Article",
        quantity=Decimal(unscaled=quantity[0], scale=quantity[1]),
        unit_price=Money(currency_code="EUR", minor_units=price),
        tax_percent=Decimal(unscaled=percent[0], scale=percent[1]),
    )


def putting(line: pb.LineInput) -> pb.PutLineRequest:
    return pb.PutLineRequest(sale_id="s", expected_version=1, line=line)


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        (wire_line(price=-1), "FIELD_INVALID"),
        (wire_line(price=AMOUNT_MINOR_MAX + 1), "AMOUNT_OUT_OF_RANGE"),
        (wire_line(quantity=(0, 0)), "FIELD_INVALID"),
        (wire_line(quantity=(-1, 0)), "FIELD_INVALID"),
        (wire_line(quantity=(1, 7)), "BAD_SCALE"),
        (wire_line(quantity=(1, -1)), "BAD_SCALE"),
        (wire_line(quantity=(QUANTITY_UNSCALED_MAX + 1, 6)), "AMOUNT_OUT_OF_RANGE"),
        (wire_line(price=AMOUNT_MINOR_MAX, quantity=(2, 0)), "AMOUNT_OUT_OF_RANGE"),
        (wire_line(price=AMOUNT_MINOR_MAX, quantity=(1000001, 6)), "AMOUNT_OUT_OF_RANGE"),
        (wire_line(percent=(-1, 0)), "FIELD_INVALID"),
        (wire_line(percent=(101, 0)), "FIELD_INVALID"),
        (wire_line(percent=(1000001, 4)), "FIELD_INVALID"),
    ],
)
def test_no_line_gets_in_that_the_sums_could_not_bear(wire: pb.LineInput, reason: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        from_wire.put_line(putting(wire), "EUR")
    assert refused.value.reason == reason
    assert refused.value.field.startswith("line.")


def test_the_largest_line_does() -> None:
    wire = wire_line(AMOUNT_MINOR_MAX, (1, 0), (100, 0))
    line = from_wire.put_line(putting(wire), "EUR").line
    assert (line.extended_minor, line.tax_percent) == (AMOUNT_MINOR_MAX, Quantity(100))


@pytest.mark.parametrize(
    "value",
    [
        {"amount": Money(currency_code="EUR", minor_units=-1)},
        {"percent": Decimal(unscaled=-1)},
        {"percent": Decimal(unscaled=1001, scale=1)},
        {},
    ],
    ids=str,
)
def test_no_discount_gets_in_that_would_make_a_price_higher(
    value: dict[str, Money | Decimal],
) -> None:
    wire = pb.DiscountInput(discount_id="d")
    for name, content in value.items():
        getattr(wire, name).CopyFrom(content)
    request = pb.ApplyDiscountRequest(sale_id="s", expected_version=1, discount=wire)
    with pytest.raises(errors.FieldInvalid) as refused:
        from_wire.apply_discount(request, "EUR")
    assert refused.value.field.startswith("discount.")


@pytest.mark.parametrize(
    ("kind", "amount", "pending", "field"),
    [
        (pb.TENDER_TYPE_CASH, 1, True, "pending"),
        (pb.TENDER_TYPE_CASH, 0, False, "tender.amount"),
        (pb.TENDER_TYPE_UNSPECIFIED, 1, False, "tender.type"),
    ],
)
def test_cash_is_never_pending_and_no_tender_is_nothing(
    kind: pb.TenderType, amount: int, pending: bool, field: str
) -> None:
    money = Money(currency_code="EUR", minor_units=amount)
    tender = pb.TenderInput(tender_id="t", type=kind, amount=money)
    request = pb.AddTenderRequest(sale_id="s", expected_version=1, tender=tender, pending=pending)
    with pytest.raises(errors.FieldInvalid) as refused:
        from_wire.add_tender(request, "EUR")
    assert refused.value.field == field
