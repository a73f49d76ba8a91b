"""Laws of the sums, for any numbers within their limits."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from tillhald.domain.amounts import (
    AMOUNT_MINOR_MAX,
    QUANTITY_UNSCALED_MAX,
    SCALE_MAX,
    Quantity,
    RoundingMode,
    divide,
    extend,
    percent_of,
    round_to_increment,
    share_out,
    tax_within,
)
from tillhald.domain.currency import decimal, shortest
from tillhald.domain.rules import CashRounding

LAWS = settings(max_examples=200, deadline=None, print_blob=True)

amounts = st.integers(-AMOUNT_MINOR_MAX, AMOUNT_MINOR_MAX)
modes = st.sampled_from(RoundingMode)
quantities = st.builds(Quantity, st.integers(0, QUANTITY_UNSCALED_MAX), st.integers(0, SCALE_MAX))
percents = st.builds(
    lambda scale, part: Quantity(part * 10**scale // 1000, scale),
    st.integers(0, SCALE_MAX),
    st.integers(0, 100_000),
)
increments = st.integers(1, 10**6)


def exact(quantity: Quantity) -> Fraction:
    return Fraction(quantity.unscaled, 10**quantity.scale)


@given(amounts, st.integers(1, 10**12), modes)
@LAWS
def test_division_is_symmetric_and_within_one(
    numerator: int, denominator: int, mode: RoundingMode
) -> None:
    whole = divide(numerator, denominator, mode)
    assert divide(-numerator, denominator, mode) == -whole
    true = Fraction(numerator, denominator)
    most = Fraction(1, 2) if mode in {RoundingMode.HALF_UP, RoundingMode.HALF_DOWN} else 1
    assert abs(whole - true) <= most
    if mode is RoundingMode.DOWN:
        assert abs(whole) <= abs(true)
    if mode is RoundingMode.UP:
        assert abs(whole) >= abs(true)
    if true.denominator == 1:
        assert whole == true


@given(st.integers(-(10**9), 10**9), increments, modes)
@LAWS
def test_a_half_goes_where_the_mode_says(whole: int, half: int, mode: RoundingMode) -> None:
    """(2·whole + 1) · half over 2 · half is exactly between two whole numbers."""
    got = divide((2 * whole + 1) * half, 2 * half, mode)
    away = mode in {RoundingMode.HALF_UP, RoundingMode.UP}
    near, far = (whole, whole + 1) if whole >= 0 else (whole + 1, whole)
    assert got == (far if away else near)


@given(amounts, increments, modes)
@LAWS
def test_cash_rounding_meets_a_coin_is_symmetric_and_final(
    amount: int, increment: int, mode: RoundingMode
) -> None:
    rule = CashRounding(increment_minor=increment, mode=mode)
    rounded = rule.round(amount)
    assert rounded == round_to_increment(amount, increment, mode)
    assert rounded % increment == 0
    assert abs(rounded - amount) < increment or rounded == amount
    assert rule.round(-amount) == -rounded
    assert rule.round(rounded) == rounded


@given(amounts, st.lists(st.integers(0, AMOUNT_MINOR_MAX), max_size=30))
@LAWS
def test_shares_add_up_and_stand_within_one_of_their_due(total: int, weights: list[int]) -> None:
    parts = share_out(total, weights)
    assert len(parts) == len(weights)
    if not weights:
        return
    assert sum(parts) == total
    assert [-part for part in parts] == share_out(-total, weights)
    whole = sum(weights)
    if whole:
        for part, weight in zip(parts, weights, strict=True):
            assert abs(part - Fraction(total * weight, whole)) < 1
            if abs(total) <= whole:
                assert abs(part) <= weight, "a share is more than what it is a share of"


@given(st.integers(0, AMOUNT_MINOR_MAX), quantities)
@LAWS
def test_a_price_times_a_quantity_is_the_nearest_whole_amount(
    price: int, quantity: Quantity
) -> None:
    extended = extend(price, quantity)
    assert abs(extended - price * exact(quantity)) <= Fraction(1, 2)
    assert extended >= 0
    assert extend(price, Quantity(-quantity.unscaled, quantity.scale)) == -extended


@given(st.integers(0, AMOUNT_MINOR_MAX), percents)
@LAWS
def test_a_part_is_at_most_the_whole_and_a_tax_within_less(amount: int, percent: Quantity) -> None:
    part, tax = percent_of(amount, percent), tax_within(amount, percent)
    assert 0 <= part <= amount
    assert 0 <= tax <= part
    rate = exact(percent) / 100
    assert abs(part - amount * rate) <= Fraction(1, 2)
    assert abs(tax - amount * rate / (1 + rate)) <= Fraction(1, 2)


@given(st.integers(-QUANTITY_UNSCALED_MAX, QUANTITY_UNSCALED_MAX), st.integers(0, SCALE_MAX))
@LAWS
def test_what_is_written_is_the_number(unscaled: int, scale: int) -> None:
    assert Fraction(decimal(unscaled, scale)) == Fraction(unscaled, 10**scale)
    text = shortest(Quantity(unscaled, scale))
    assert Fraction(text) == Fraction(unscaled, 10**scale)
    assert "." not in text or not text.endswith(("0", "."))
