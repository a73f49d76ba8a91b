"""Giving back: never more than was sold, and in any pieces exactly what was paid."""

import pytest

from tests.support.shop import (
    Shop,
    assert_books_balance,
    card,
    cash,
    line,
    off,
    pending_card,
    returning,
    voiding,
)
from tillhald.domain import commands as cmd
from tillhald.domain.amounts import ONE, Quantity, RoundingMode
from tillhald.domain.jobs import KickReason
from tillhald.domain.rules import CashRounding, ShopRules
from tillhald.domain.sale import SaleKind, SaleState, TenderState, TenderType

TWO, THREE = Quantity(2), Quantity(3)


def sold_with_everything(*, tax_included: bool) -> Shop:
    """7 of a and 1.250 kg of b, two rates, a discount on a line and one on the sale."""
    shop = Shop(ShopRules(tax_included=tax_included))
    lines = (
        line("a", 333, Quantity(7), tax="A", percent=Quantity(19)),
        line("b", 1999, Quantity(1250, 3), tax="B", percent=Quantity(75, 1)),
        line("c", 1, tax="A", percent=Quantity(19)),
    )
    discounts = (off(101, "d1", on="a"), off(0, "d2", percent=Quantity(333, 2)))
    command = cmd.Checkout(sale_id="s", lines=lines, discounts=discounts, tenders=(cash(10_000),))
    shop.on(command)
    return shop


@pytest.mark.parametrize("tax_included", [True, False])
@pytest.mark.parametrize("pieces", [(7,), (1,) * 7, (3, 4), (6, 1), (2, 2, 3)])
def test_pieces_add_up_to_exactly_what_was_paid(
    tax_included: bool, pieces: tuple[int, ...]
) -> None:
    shop = sold_with_everything(tax_included=tax_included)
    sold = shop.sale("s").totals
    assert sold is not None
    given = tax = 0
    for number, piece in enumerate(pieces):
        back = shop.give_back(f"r{number}", "s", a=Quantity(piece))
        given, tax = given + back.payable_minor, tax + back.tax_minor
        assert_books_balance(shop)
    rest = shop.give_back("rest", "s", b=Quantity(1250, 3), c=ONE)
    assert given + rest.payable_minor == -sold.payable_minor
    assert tax + rest.tax_minor == -sold.tax_minor
    day = shop.day.totals
    assert day.returns.minor == -day.sales.minor
    assert {key: tally.minor for key, tally in day.taxes.items()} == {"A 19": 0, "B 7.5": 0}
    assert {key: tally.minor for key, tally in day.nets.items()} == {"A 19": 0, "B 7.5": 0}
    assert shop.sale("s").returned == {"a": 7, "b": 1250, "c": 1}
    assert_books_balance(shop)


def test_weighed_goods_come_back_in_any_coarser_scale_and_in_none_finer() -> None:
    shop = sold_with_everything(tax_included=True)
    shop.give_back("r1", "s", b=Quantity(1))
    assert shop.sale("s").returned == {"b": 1000}
    shop.give_back("r2", "s", b=Quantity(2, 1))
    assert shop.sale("s").returned == {"b": 1200}
    refusal = shop.refuses(returning("r3", "s", b=Quantity(10000, 4)))
    assert (refusal.reason, refusal.facts["scale"]) == ("BAD_SCALE", "3")
    refusal = shop.refuses(returning("r3", "s", b=Quantity(51, 3)))
    assert refusal.reason == "RETURN_EXCEEDS_SOLD"
    assert (refusal.facts["left_unscaled"], refusal.facts["scale"]) == ("50", "3")
    shop.give_back("r3", "s", b=Quantity(5, 2))
    assert shop.refuses(returning("r4", "s", b=Quantity(1, 3))).reason == "RETURN_EXCEEDS_SOLD"
    assert_books_balance(shop)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (returning("r", "nothing", a=ONE), "SALE_NOT_FOUND"),
        (returning("r", "s", z=ONE), "LINE_NOT_FOUND"),
        (returning("r", "s"), "FIELD_INVALID"),
        (returning("s", "s", a=ONE), "SALE_EXISTS"),
        (returning("r", "s", a=Quantity(8)), "RETURN_EXCEEDS_SOLD"),
        (returning("r", "live", a=ONE), "SALE_NOT_FOUND"),
        (returning("r", "given up", l1=ONE), "SALE_STATE"),
        (voiding("v", "nothing"), "SALE_NOT_FOUND"),
        (voiding("v", "live"), "SALE_NOT_FOUND"),
        (voiding("s", "s"), "SALE_EXISTS"),
        (voiding("live", "s"), "SALE_EXISTS"),
        (voiding("v", "given up"), "SALE_STATE"),
    ],
)
def test_what_cannot_come_back_is_refused(command: cmd.AnyCommand, reason: str) -> None:
    shop = sold_with_everything(tax_included=True)
    shop.open("live", line("a"))
    shop.open("given up", line())
    shop.on(shop.cancelling("given up"))
    assert shop.refuses(command).reason == reason


@pytest.mark.parametrize("ids", [(("r1", "a"), ("r2", "a")), (("r1", "a"), ("r1", "b"))])
def test_a_line_comes_back_once_in_a_return(ids: tuple[tuple[str, str], ...]) -> None:
    shop = sold_with_everything(tax_included=True)
    lines = tuple(
        cmd.ReturnedLine(line_id=new, original_line_id=old, quantity=ONE) for new, old in ids
    )
    command = cmd.OpenReturn(sale_id="r", original_sale_id="s", lines=lines, reason="x")
    assert shop.refuses(command).reason == "FIELD_INVALID"


def test_of_two_returns_opened_at_once_only_what_was_sold_comes_back() -> None:
    # itpp-labs/pos-addons#864: the same order returned many times.
    shop = Shop()
    shop.checkout("s", (line(quantity=THREE),), cash(2250))
    shop.open_return("r1", "s", l1=TWO)
    shop.open_return("r2", "s", l1=TWO)
    for name in ("r1", "r2"):
        shop.tender(name, cash(-1500))
    shop.complete("r1")
    refusal = shop.refuses(shop.completing("r2"))
    assert (refusal.reason, refusal.facts["left_unscaled"]) == ("RETURN_EXCEEDS_SOLD", "1")
    assert_books_balance(shop)
    # The money goes back into the drawer, and the return is given up.
    shop.on(shop.reversing("r2", "cash1"))
    shop.on(shop.cancelling("r2"))
    assert shop.sale("s").returned == {"l1": 2}
    shop.give_back("r3", "s", l1=ONE)
    assert_books_balance(shop)


def test_of_two_returns_opened_at_once_both_go_where_their_cents_still_fit() -> None:
    shop = Shop()
    shop.checkout("s", (line(quantity=TWO),), cash(1500))
    for name in ("r1", "r2"):
        shop.open_return(name, "s", l1=ONE)
        shop.tender(name, cash(-750))
    shop.complete("r1")
    shop.complete("r2")
    assert shop.shift.cash.expected_minor == 0
    assert_books_balance(shop)


def test_a_return_whose_cents_were_cut_before_another_came_is_opened_again() -> None:
    shop = Shop()
    shop.checkout("s", (line(price=1, quantity=Quantity(15, 1)),), cash(2))  # 1.5 for 0.02
    shop.open_return("r1", "s", l1=Quantity(5, 1))
    shop.open_return("r2", "s", l1=Quantity(5, 1))
    assert shop.sale("r1").lines[0].extended_minor == shop.sale("r2").lines[0].extended_minor
    for name in ("r1", "r2"):
        shop.tender(name, cash(-1))
    shop.complete("r1")
    shop.on(shop.reversing("r2", "cash1"))
    shop.on(shop.cancelling("r2"))
    # 0.02 x 5/15 = 0.0067 -> 0.01; the next 5/15 leads to 0.0133 -> 0.01: nothing more.
    again = shop.open_return("r3", "s", l1=Quantity(5, 1))
    assert again.payable_minor == 0
    shop.complete("r3")
    last = shop.give_back("r4", "s", cash(-1), l1=Quantity(5, 1))
    assert last.payable_minor == -1
    assert_books_balance(shop)


def test_a_return_with_stale_cents_is_refused_at_completion() -> None:
    shop = Shop()
    shop.checkout("s", (line(price=1, quantity=Quantity(15, 1)),), cash(2))
    for name in ("r1", "r2"):
        shop.open_return(name, "s", l1=Quantity(5, 1))
        shop.tender(name, cash(-1))
    shop.complete("r1")
    assert shop.refuses(shop.completing("r2")).reason == "RETURN_EXCEEDS_SOLD"


def test_a_return_opened_before_a_void_does_not_complete_after_it() -> None:
    shop = Shop()
    shop.checkout("s", (line(),), cash(750))
    shop.open_return("r", "s", l1=ONE)
    shop.tender("r", cash(-750))
    shop.void("v", "s")
    refusal = shop.refuses(shop.completing("r"))
    assert (refusal.reason, refusal.facts["voided_by_sale_id"]) == ("ALREADY_VOIDED", "v")
    assert_books_balance(shop)


def test_nothing_comes_back_from_a_return_or_a_void() -> None:
    shop = Shop()
    shop.checkout("s1", (line(),), cash(750))
    shop.checkout("s2", (line(),), cash(750))
    shop.give_back("r", "s1", l1=ONE)
    shop.void("v", "s2")
    for original, item in (("r", "r-l1"), ("v", "l1")):
        refusal = shop.refuses(returning("x", original, **{item: ONE}))
        assert (refusal.reason, refusal.facts["state"]) == ("SALE_STATE", "completed")
        assert shop.refuses(voiding("x", original)).reason == "SALE_STATE"


def test_a_sale_is_voided_once_and_not_after_a_part_came_back() -> None:
    shop = Shop()
    shop.checkout("s1", (line(quantity=TWO),), cash(1500))
    shop.void("v1", "s1")
    refusal = shop.refuses(voiding("v2", "s1"))
    assert (refusal.reason, refusal.facts["voided_by_sale_id"]) == ("ALREADY_VOIDED", "v1")
    assert shop.refuses(returning("r1", "s1", l1=ONE)).reason == "ALREADY_VOIDED"

    shop.checkout("s2", (line(quantity=TWO),), cash(1500))
    shop.give_back("r2", "s2", l1=ONE)
    assert shop.refuses(voiding("v2", "s2")).reason == "RETURN_EXCEEDS_SOLD"
    assert_books_balance(shop)


def test_a_cancelled_return_leaves_the_sale_as_it_was() -> None:
    shop = Shop()
    shop.checkout("s", (line(),), cash(750))
    shop.open_return("r", "s", l1=ONE)
    shop.on(shop.cancelling("r"))
    assert shop.sale("s").returned == {}
    assert shop.void("v", "s").receipt_number == 2
    assert_books_balance(shop)


def test_a_void_mirrors_lines_tenders_change_and_rounding() -> None:
    rules = ShopRules(
        cash_rounding=CashRounding(increment_minor=5, mode=RoundingMode.HALF_UP),
        implicit_float_minor=5_000,
        drawer="front",
        receipt_printer="p",
    )
    shop = Shop(rules)
    lines = (
        line("a", 333, Quantity(7), tax="A", percent=Quantity(19)),
        line("b", 197, tax="B", percent=Quantity(7)),
    )
    discounts = (off(0, "d", percent=Quantity(10)),)
    sold = shop.checkout("s", lines, card(1000), cash(2000), discounts=discounts)
    assert (sold.payable_minor, sold.rounding_minor, sold.change_minor) == (2275, 0, 725)
    void = shop.void("v", "s")
    assert (void.kind, void.state) == (SaleKind.VOID, SaleState.COMPLETED)
    assert void.payable_minor == -sold.payable_minor
    assert void.tax_minor == -sold.tax_minor
    assert void.rounding_minor == -sold.rounding_minor
    assert void.change_minor == 0
    mirrored = {t.type: t.amount_minor for t in shop.sale("v").tenders}
    assert mirrored == {TenderType.CREDIT_CARD: -1000, TenderType.CASH: -1275}
    assert [o.quantity for o in shop.sale("v").lines] == [Quantity(-7), Quantity(-1)]
    assert shop.sale("v").original_receipt_number == 1
    assert shop.sale("s").voided_by == "v"
    assert shop.shift.cash.expected_minor == 5_000
    assert shop.state.kicks["kick/2"].reason is KickReason.REFUND
    day = shop.day.totals
    assert {k: t.minor for k, t in day.tenders.items()} == {"credit_card": 0, "cash": 725}
    assert {k: t.minor for k, t in day.taxes.items()} == {"A 19": 0, "B 7": 0}
    assert_books_balance(shop)


def test_a_void_keeps_the_rounding_of_its_day_though_the_shop_has_new_rules() -> None:
    shop = Shop(ShopRules(cash_rounding=CashRounding(increment_minor=5)))
    shop.checkout("s", (line(price=198),), cash(200))
    shop.rules = ShopRules(cash_rounding=CashRounding(increment_minor=100))
    void = shop.void("v", "s")
    assert (void.tendered_minor, void.rounding_minor) == (-200, -2)
    assert_books_balance(shop)


def test_a_void_leaves_out_what_did_not_count_and_needs_no_cash_for_a_card() -> None:
    shop = Shop(ShopRules(drawer="front"))
    shop.open("s", line())
    shop.tender("s", pending_card(750, "c1"))
    shop.resolve("s", TenderState.DECLINED, "c1")
    shop.tender("s", card(750, "c2"))
    shop.complete("s")
    shop.void("v", "s")
    assert [(t.tender_id, t.amount_minor) for t in shop.sale("v").tenders] == [("c2", -750)]
    assert shop.state.kicks == {}
    assert_books_balance(shop)


def test_a_void_finds_an_id_for_its_cash_though_a_card_took_the_name() -> None:
    shop = Shop()
    shop.checkout("s", (line(),), card(500, "cash"), cash(300, "c"))
    shop.void("v", "s")
    tenders = {t.tender_id: t.amount_minor for t in shop.sale("v").tenders}
    assert tenders == {"cash": -500, "cash/void": -250}
    assert_books_balance(shop)


def test_a_sale_for_nothing_is_voided_and_returned_without_money() -> None:
    shop = Shop(ShopRules(drawer="front"))
    for name in ("s1", "s2"):
        shop.checkout(name, (line(),), discounts=(off(0, "d", percent=Quantity(100)),))
    void = shop.void("v", "s1")
    back = shop.give_back("r", "s2", l1=ONE)
    assert (void.payable_minor, back.payable_minor) == (0, 0)
    assert shop.sale("v").tenders == shop.sale("r").tenders == ()
    assert shop.state.kicks == {}
    assert_books_balance(shop)
