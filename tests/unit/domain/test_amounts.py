"""Sums, shares and rounding, number by number."""

import pytest

from tillhald.domain.amounts import (
    AMOUNT_MINOR_MAX,
    QUANTITY_UNSCALED_MAX,
    Quantity,
    RoundingMode,
    divide,
    extend,
    percent_of,
    round_to_increment,
    share_out,
    tax_within,
)
from tillhald.domain.currency import decimal, digits_of, is_currency, shortest, written

UP, DOWN = RoundingMode.UP, RoundingMode.DOWN
HALF_UP, HALF_DOWN = RoundingMode.HALF_UP, RoundingMode.HALF_DOWN


@pytest.mark.parametrize(
    ("numerator", "denominator", "half_up", "half_down", "up", "down"),
    [
        (0, 7, 0, 0, 0, 0),
        (6, 3, 2, 2, 2, 2),
        (5, 2, 3, 2, 3, 2),
        (7, 3, 2, 2, 3, 2),
        (8, 3, 3, 3, 3, 2),
        (1, 10**9, 0, 0, 1, 0),
    ],
)
def test_division_rounds_away_from_zero_and_alike_on_both_sides(
    numerator: int, denominator: int, half_up: int, half_down: int, up: int, down: int
) -> None:
    expected = {HALF_UP: half_up, HALF_DOWN: half_down, UP: up, DOWN: down}
    for mode, whole in expected.items():
        assert divide(numerator, denominator, mode) == whole
        assert divide(-numerator, denominator, mode) == -whole


@pytest.mark.parametrize(
    ("unit_price", "quantity", "extended"),
    [
        (750, Quantity(1), 750),
        (750, Quantity(3), 2250),
        (1999, Quantity(1250, 3), 2499),  # 2498.75
        (199, Quantity(5, 1), 100),  # 99.5: half away from zero
        (3, Quantity(1, 6), 0),
        (0, Quantity(QUANTITY_UNSCALED_MAX), 0),
        (AMOUNT_MINOR_MAX, Quantity(10**6, 6), AMOUNT_MINOR_MAX),
        (1, Quantity(QUANTITY_UNSCALED_MAX, 6), 10**6),
    ],
)
def test_a_price_times_a_quantity_is_rounded_once(
    unit_price: int, quantity: Quantity, extended: int
) -> None:
    assert extend(unit_price, quantity) == extended


@pytest.mark.parametrize(
    ("amount", "percent", "part"),
    [
        (1000, Quantity(10), 100),
        (1000, Quantity(0), 0),
        (999, Quantity(100), 999),
        (1000, Quantity(75, 1), 75),
        (1000, Quantity(1000000, 6), 10),
        (1, Quantity(50), 1),
        (-1, Quantity(50), -1),
        (AMOUNT_MINOR_MAX, Quantity(100 * 10**6, 6), AMOUNT_MINOR_MAX),
    ],
)
def test_a_percentage_counts_its_own_decimals(amount: int, percent: Quantity, part: int) -> None:
    assert percent_of(amount, percent) == part


@pytest.mark.parametrize(
    ("gross", "percent", "tax"),
    [
        (11900, Quantity(19), 1900),
        (107, Quantity(7), 7),
        (1055, Quantity(55, 1), 55),
        (100, Quantity(0), 0),
        (100, Quantity(100), 50),
        (0, Quantity(19), 0),
    ],
)
def test_the_tax_within_a_price(gross: int, percent: Quantity, tax: int) -> None:
    assert tax_within(gross, percent) == tax
    assert tax_within(-gross, percent) == -tax


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (0, [], []),
        (10, [1], [10]),
        (10, [1, 1, 1], [4, 3, 3]),
        (-10, [1, 1, 1], [-4, -3, -3]),
        (1, [0, 0, 5], [0, 0, 1]),
        (2, [1, 1, 1], [1, 1, 0]),
        (7, [0, 0], [7, 0]),
        (0, [0, 0], [0, 0]),
        (100, [1, 2, 3], [17, 33, 50]),
    ],
)
def test_shares_add_up_and_the_earlier_part_takes_the_odd_cent(
    total: int, weights: list[int], parts: list[int]
) -> None:
    assert share_out(total, weights) == parts


def test_a_discount_shared_out_never_takes_more_from_a_line_than_it_costs() -> None:
    for total in range(14):
        parts = share_out(total, [1, 0, 3, 9])
        assert all(0 <= part <= weight for part, weight in zip(parts, [1, 0, 3, 9], strict=True))


@pytest.mark.parametrize(
    ("amount", "mode", "rounded"),
    [(750, DOWN, 700), (750, UP, 800), (750, HALF_UP, 800), (750, HALF_DOWN, 700), (700, UP, 700)],
)
def test_the_smallest_coin(amount: int, mode: RoundingMode, rounded: int) -> None:
    assert round_to_increment(amount, 100, mode) == rounded
    assert round_to_increment(-amount, 100, mode) == -rounded


@pytest.mark.parametrize(
    ("code", "digits"), [("EUR", 2), ("CNY", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("HUF", 2)]
)
def test_currencies_keep_their_digits(code: str, digits: int) -> None:
    assert is_currency(code)
    assert digits_of(code) == digits


def test_a_code_that_iso_4217_does_not_know_has_no_digits() -> None:
    assert not is_currency("EURO")
    with pytest.raises(KeyError):
        digits_of("EURO")


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (750, "EUR", "7.50"),
        (-750, "EUR", "-7.50"),
        (-5, "EUR", "-0.05"),
        (0, "EUR", "0.00"),
        (100, "JPY", "100"),
        (-1, "KWD", "-0.001"),
    ],
)
def test_amounts_are_written_with_the_currency_s_digits(
    amount: int, currency: str, text: str
) -> None:
    assert written(amount, currency) == text


@pytest.mark.parametrize(
    ("quantity", "text"),
    [
        (Quantity(1250, 3), "1.25"),
        (Quantity(-1250, 3), "-1.25"),
        (Quantity(130, 1), "13"),
        (Quantity(100), "100"),
        (Quantity(0, 2), "0"),
        (Quantity(1, 6), "0.000001"),
    ],
)
def test_quantities_are_written_as_short_as_they_are_true(quantity: Quantity, text: str) -> None:
    assert shortest(quantity) == text


def test_a_decimal_keeps_its_zeros() -> None:
    assert decimal(1200, 3) == "1.200"
