"""Sales that other tills got wrong, to the cent. Each names the thread where it hurt."""

import pytest

from tests.support.shop import Shop, assert_books_balance, card, cash, line
from tillhald.domain.amounts import ONE, RoundingMode
from tillhald.domain.rules import CashRounding, ShopRules, TenderRule


def rounding_shop(increment: int, mode: RoundingMode) -> Shop:
    return Shop(ShopRules(cash_rounding=CashRounding(increment_minor=increment, mode=mode)))


def test_paying_100_for_75_gives_25_back_and_leaves_75_in_the_drawer() -> None:
    # frappe/erpnext#25638: the change was counted as cash in the drawer.
    shop = Shop()
    sold = shop.checkout("s1", (line(price=7500),), cash(10000))
    assert (sold.change_minor, sold.rounding_minor) == (2500, 0)
    drawer = shop.shift.cash
    assert (drawer.tendered_minor, drawer.change_minor) == (10000, 2500)
    assert drawer.expected_minor == 7500
    assert_books_balance(shop)


@pytest.mark.parametrize(
    ("payable", "increment", "mode", "settled"),
    [
        # odoo/odoo#96721: 7.50 went down to 7.00 on the sale and up to 8.00 on the refund.
        (750, 100, RoundingMode.DOWN, 700),
        (750, 100, RoundingMode.UP, 800),
        # odoo/odoo PR #81642: the exact half.
        (1125, 50, RoundingMode.HALF_UP, 1150),
        (1125, 50, RoundingMode.HALF_DOWN, 1100),
        # odoo/odoo PR #85275.
        (198, 5, RoundingMode.HALF_UP, 200),
        (197, 5, RoundingMode.HALF_UP, 195),
        (200, 5, RoundingMode.HALF_UP, 200),
        (201, 5, RoundingMode.UP, 205),
        (204, 5, RoundingMode.DOWN, 200),
    ],
)
def test_a_cash_sale_rounds_once_and_its_return_gives_exactly_that_back(
    payable: int, increment: int, mode: RoundingMode, settled: int
) -> None:
    shop = rounding_shop(increment, mode)
    sold = shop.checkout("s1", (line(price=payable),), cash(settled))
    assert (sold.payable_minor, sold.tendered_minor, sold.change_minor) == (payable, settled, 0)
    assert sold.rounding_minor == settled - payable
    back = shop.give_back("r1", "s1", cash(-settled), l1=ONE)
    assert (back.payable_minor, back.tendered_minor) == (-payable, -settled)
    assert back.rounding_minor == payable - settled
    assert shop.shift.cash.expected_minor == 0
    assert shop.day.totals.rounding.minor == 0
    assert_books_balance(shop)


@pytest.mark.parametrize("wrong", [-699, -701, -750, -800])
def test_a_return_of_750_rounded_down_refuses_any_cash_but_700(wrong: int) -> None:
    shop = rounding_shop(100, RoundingMode.DOWN)
    shop.checkout("s1", (line(price=750),), cash(700))
    shop.open_return("r1", "s1", l1=ONE)
    shop.tender("r1", cash(wrong))
    assert shop.refuses(shop.completing("r1")).reason == "TENDER_SUM_MISMATCH"


def test_cash_back_from_a_card_is_rounded_as_the_cash_it_is() -> None:
    # odoo/odoo PR #218430: 15.59 - 2.70 = 12.91 + (-0.02).
    shop = Shop(
        ShopRules(
            cash_rounding=CashRounding(increment_minor=5),
            tenders={
                "cash": TenderRule(allows_change=True, opens_drawer=True),
                "credit_card": TenderRule(allows_change=True),
            },
            drawer="drawer",
        )
    )
    sold = shop.checkout("s1", (line(price=1291),), card(1559))
    assert (sold.change_minor, sold.rounding_minor) == (270, -2)
    assert shop.shift.cash.expected_minor == -270
    assert shop.state.kicks["kick/1"].drawer == "drawer", "change comes out of the drawer"
    assert_books_balance(shop)

    void = shop.void("v1", "s1")
    assert (void.payable_minor, void.rounding_minor, void.tendered_minor) == (-1291, 2, -1289)
    assert shop.shift.cash.expected_minor == 0
    assert_books_balance(shop)
