"""What a sale comes to: lines, discounts, taxes, and the limits of each."""

import pytest

from tests.support.shop import Shop, assert_books_balance, card, cash, line, off, returning
from tillhald.domain import commands as cmd
from tillhald.domain.amounts import AMOUNT_MINOR_MAX, ONE, Quantity
from tillhald.domain.books import Tally
from tillhald.domain.rules import CashRounding, ShopRules
from tillhald.domain.sale import DISCOUNTS_MAX, LINES_MAX, TENDERS_MAX, Discount, TaxTotal
from tillhald.domain.state import LIVE_SALES_MAX

HUNDRED = Quantity(100)
P19, P7 = Quantity(19), Quantity(7)


def added_tax() -> Shop:
    return Shop(ShopRules(tax_included=False))


# --- lines


def test_a_line_put_again_takes_its_own_place() -> None:
    shop = Shop()
    shop.open("s", line("a", 100), line("b", 200), line("c", 300))
    assert shop.put("s", line("b", 250)).payable_minor == 650
    assert [o.line_id for o in shop.sale("s").lines] == ["a", "b", "c"]


def test_lines_for_nothing_make_a_sale_for_nothing() -> None:
    shop = Shop(ShopRules(receipt_printer="p", drawer="d"))
    done = shop.checkout("s", (line(price=0), line("l2", 0, tax="A", percent=P19)))
    assert (done.payable_minor, done.tax_minor, done.change_minor) == (0, 0, 0)
    assert (done.receipt_number, done.state.value) == (1, "completed")
    assert shop.state.kicks == {}, "no money, no drawer"
    assert list(shop.state.jobs) == ["receipt/1"]
    assert_books_balance(shop)


def test_a_sale_may_take_a_thousand_lines_and_not_one_more() -> None:
    shop = Shop()
    lines = tuple(line(f"l{n}", 1) for n in range(LINES_MAX))
    assert shop.checkout("s1", lines, cash(LINES_MAX)).line_count == LINES_MAX
    more = (*lines, line("one more", 1))
    refusal = shop.refuses(cmd.Checkout(sale_id="s2", lines=more, tenders=(cash(1001),)))
    assert refusal.reason == "TOO_MANY_LINES"

    shop.open("s3", *lines)
    one_more = cmd.PutLine(sale_id="s3", expected_version=shop.version("s3"), line=line("one more"))
    assert shop.refuses(one_more).reason == "TOO_MANY_LINES"
    assert shop.put("s3", line("l7", 5)).payable_minor == LINES_MAX + 4, "replacing still goes"


def test_a_thousand_lines_may_come_back_at_once() -> None:
    shop = Shop()
    lines = tuple(line(f"l{n}", 1) for n in range(LINES_MAX))
    shop.checkout("s", lines, cash(LINES_MAX))
    back = shop.give_back("r", "s", **{o.line_id: ONE for o in lines})
    assert back.payable_minor == -LINES_MAX
    many = returning("r2", "s", **{f"l{n}": ONE for n in range(LINES_MAX + 1)})
    assert shop.refuses(many).reason == "TOO_MANY_LINES"


@pytest.mark.parametrize("tax_included", [True, False])
def test_a_total_beyond_the_largest_amount_is_refused_whole(tax_included: bool) -> None:
    shop = Shop(ShopRules(tax_included=tax_included))
    most = line("a", AMOUNT_MINOR_MAX)
    assert shop.checkout("s1", (most,), cash(AMOUNT_MINOR_MAX)).payable_minor == AMOUNT_MINOR_MAX
    two = cmd.Checkout(sale_id="s2", lines=(most, line("b", 1)), tenders=(cash(1),))
    assert shop.refuses(two).reason == "AMOUNT_OUT_OF_RANGE"
    shop.open("s3", most)
    put = cmd.PutLine(sale_id="s3", expected_version=2, line=line("b", 1))
    assert shop.refuses(put).reason == "AMOUNT_OUT_OF_RANGE"
    # With the tax on top it is too much, with the tax within it is not.
    taxed = line("a", AMOUNT_MINOR_MAX, tax="A", percent=ONE)
    command = cmd.PutLine(sale_id="s3", expected_version=2, line=taxed)
    if tax_included:
        assert shop.on(command).payable_minor == AMOUNT_MINOR_MAX
    else:
        assert shop.refuses(command).reason == "AMOUNT_OUT_OF_RANGE"
    assert_books_balance(shop)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (cmd.Checkout(sale_id="s", lines=()), "FIELD_INVALID"),
        (cmd.Checkout(sale_id="s", lines=(line(), line())), "FIELD_INVALID"),
        (
            cmd.Checkout(sale_id="s", lines=(line(),), tenders=(cash(350), cash(400))),
            "FIELD_INVALID",
        ),
        (
            cmd.Checkout(sale_id="s", lines=(line(),), discounts=(off(1), off(2))),
            "FIELD_INVALID",
        ),
        (
            cmd.Checkout(sale_id="s", lines=(line(),), discounts=(off(1, on="l2"),)),
            "LINE_NOT_FOUND",
        ),
        (cmd.Checkout(sale_id="s", lines=(line(),), tenders=(cash(0),)), "FIELD_INVALID"),
        (cmd.Checkout(sale_id="s", lines=(line(),), tenders=(cash(-750),)), "FIELD_INVALID"),
        (cmd.Checkout(sale_id="s", lines=(line(),)), "TENDER_SUM_MISMATCH"),
    ],
)
def test_a_checkout_that_cannot_be_right_is_refused_whole(
    command: cmd.Checkout, reason: str
) -> None:
    shop = Shop()
    assert shop.refuses(command).reason == reason
    assert shop.state.day is None, "a refused first sale opens no day"


# --- discounts


def test_line_and_sale_discounts_come_off_in_this_order_each_on_the_same_base() -> None:
    shop = Shop()
    discounts = (
        off(0, "ten", percent=Quantity(10)),  # on 9.00: 0.90, shared 0.30 and 0.60
        off(100, "one", on="a"),
    )
    done = shop.checkout("s", (line("a", 400), line("b", 600)), cash(810), discounts=discounts)
    assert (done.payable_minor, done.discount_minor) == (810, 190)
    totals = shop.sale("s").totals
    assert totals is not None
    assert totals.line_discounts == (130, 60)
    assert totals.discount_amounts == (90, 100)
    assert_books_balance(shop)


def test_the_same_discount_again_replaces_it_and_zero_takes_it_away() -> None:
    shop = Shop()
    shop.open("s", line("a", 1000), line("b", 1000))
    assert shop.discount("s", off(100)).payable_minor == 1900
    assert shop.discount("s", off(300)).payable_minor == 1700
    assert shop.discount("s", off(percent=Quantity(125, 1))).payable_minor == 1750
    assert shop.discount("s", off(on="a", percent=Quantity(50))).payable_minor == 1500
    assert shop.discount("s", off(0, on="b")).payable_minor == 2000
    assert shop.sale("s").discounts == ()
    shop.discount("s", off(100))
    assert shop.discount("s", off(percent=Quantity(0, 2))).payable_minor == 2000
    assert shop.sale("s").discounts == ()


def test_nothing_off_at_the_checkout_leaves_no_trace() -> None:
    shop = Shop()
    nothing = (off(0, "zero"), off(0, "none", percent=Quantity(0)))
    shop.checkout("s", (line(),), cash(750), discounts=nothing)
    assert shop.sale("s").discounts == ()
    assert shop.day.totals.discounts.count == 0


@pytest.mark.parametrize(
    "discounts",
    [
        (off(751),),
        (off(751, on="l1"),),
        (off(1, "d1", on="l1"), off(750, "d2", on="l1")),
        (off(1, "d1", on="l1"), off(750, "d2")),
        (off(0, "d1", percent=HUNDRED), off(1, "d2")),
        (off(AMOUNT_MINOR_MAX),),
    ],
)
def test_more_off_than_it_costs_is_refused_at_the_checkout_and_step_by_step(
    discounts: tuple[Discount, ...],
) -> None:
    shop = Shop()
    command = cmd.Checkout(sale_id="s", lines=(line(),), discounts=discounts)
    assert shop.refuses(command).reason == "DISCOUNT_TOO_LARGE"
    shop.open("s", line())
    for discount in discounts[:-1]:
        shop.discount("s", discount)
    refusal = shop.refuses(shop.discounting("s", discounts[-1]))
    assert refusal.reason == "DISCOUNT_TOO_LARGE"
    assert refusal.facts["discount_id"] == discounts[-1].discount_id


def test_all_off_is_not_too_much() -> None:
    shop = Shop(ShopRules(cash_rounding=CashRounding(increment_minor=5)))
    lines = (line("a", 333, tax="A", percent=P19), line("b", 334, tax="B", percent=P7))
    for number, discounts in enumerate(
        [
            (off(percent=HUNDRED),),
            (off(667),),
            (off(333, "d1", on="a"), off(0, "d2", percent=HUNDRED)),
            (off(0, "d1", on="a", percent=HUNDRED), off(0, "d2", on="b", percent=HUNDRED)),
        ]
    ):
        done = shop.checkout(f"s{number}", lines, discounts=discounts)
        assert (done.payable_minor, done.discount_minor, done.tax_minor) == (0, 667, 0)
    assert_books_balance(shop)


def test_a_discount_on_a_removed_line_goes_with_it() -> None:
    shop = Shop()
    shop.open("s", line("a", 500), line("b", 500))
    shop.discount("s", off(100, "on-a", on="a"))
    shop.discount("s", off(50, "on-all"))
    assert shop.on(shop.removing("s", "a")).payable_minor == 450
    assert [d.discount_id for d in shop.sale("s").discounts] == ["on-all"]
    assert shop.put("s", line("a", 500)).payable_minor == 950, "the line comes back without it"
    gone = shop.refuses(shop.discounting("s", off(1, "x", on="nothing")))
    assert gone.reason == "LINE_NOT_FOUND"


def test_a_line_may_not_leave_a_discount_that_is_more_than_the_rest() -> None:
    shop = Shop()
    shop.open("s", line("a", 500), line("b", 500))
    shop.discount("s", off(600))
    refusal = shop.refuses(shop.removing("s", "a"))
    assert (refusal.reason, refusal.facts["discount_id"]) == ("DISCOUNT_TOO_LARGE", "d1")
    cheaper = cmd.PutLine(sale_id="s", expected_version=shop.version("s"), line=line("a", 99))
    assert shop.refuses(cheaper).reason == "DISCOUNT_TOO_LARGE"
    assert shop.put("s", line("a", 100)).payable_minor == 0

    shop.discount("s", off(percent=HUNDRED))
    shop.on(shop.removing("s", "a"))
    assert shop.on(shop.removing("s", "b")).payable_minor == 0, "a part of nothing is nothing"


def test_a_line_put_again_under_its_own_discount_must_still_bear_it() -> None:
    shop = Shop()
    shop.open("s", line("a", 500), line("b", 9000))
    shop.discount("s", off(300, on="a"))
    less = cmd.PutLine(sale_id="s", expected_version=shop.version("s"), line=line("a", 299))
    assert shop.refuses(less).reason == "DISCOUNT_TOO_LARGE"
    assert shop.put("s", line("a", 300)).payable_minor == 9000


def test_a_hundred_discounts_and_not_one_more() -> None:
    shop = Shop()
    discounts = tuple(off(1, f"d{n}") for n in range(DISCOUNTS_MAX))
    done = shop.checkout("s1", (line(),), cash(650), discounts=discounts)
    assert done.discount_minor == DISCOUNTS_MAX
    more = (*discounts, off(1, "more"))
    command = cmd.Checkout(sale_id="s2", lines=(line(),), discounts=more)
    assert shop.refuses(command).reason == "TOO_MANY_LINES"
    shop.open("s3", line())
    for discount in discounts:
        shop.discount("s3", discount)
    assert shop.refuses(shop.discounting("s3", off(1, "more"))).reason == "TOO_MANY_LINES"
    assert shop.discount("s3", off(0, "d7")).discount_minor == DISCOUNTS_MAX - 1


def test_returns_take_no_discount_and_no_lines() -> None:
    shop = Shop()
    shop.checkout("s", (line(quantity=Quantity(2)),), cash(1500))
    shop.open_return("r", "s", l1=ONE)
    assert shop.refuses(shop.discounting("r", off(1))).reason == "SALE_STATE"
    put = cmd.PutLine(sale_id="r", expected_version=1, line=line("l9"))
    assert shop.refuses(put).reason == "SALE_STATE"


# --- taxes


def test_tax_is_rounded_once_a_rate_and_the_lines_shares_add_up_to_it() -> None:
    shop = Shop()
    lines = (
        line("a", 33, tax="A", percent=P19),
        line("b", 100, tax="B", percent=P7),
        line("c", 33, tax="A", percent=P19),
        line("d", 33, tax="A", percent=P19),
    )
    done = shop.checkout("s", lines, cash(199))
    totals = shop.sale("s").totals
    assert totals is not None
    # 0.99 x 19/119 is 0.158; rounded line by line it would come to 3 x 0.05.
    assert totals.taxes == (TaxTotal("A", P19, 83, 16), TaxTotal("B", P7, 93, 7))
    assert totals.line_taxes == (6, 7, 5, 5)
    assert done.tax_minor == 23
    assert_books_balance(shop)


def test_added_tax_is_paid_on_top_and_cents_are_shared_by_largest_remainder() -> None:
    shop = added_tax()
    lines = tuple(line(name, 33, tax="A", percent=Quantity(75, 1)) for name in "abc")
    done = shop.checkout("s", lines, cash(106))  # 0.99 + 7.5 % of 0.99 = 0.07425
    assert (done.payable_minor, done.tax_minor) == (106, 7)
    totals = shop.sale("s").totals
    assert totals is not None
    assert totals.line_taxes == (3, 2, 2)
    assert_books_balance(shop)


def test_discounts_lessen_the_tax() -> None:
    for shop, payable, tax in ((Shop(), 5950, 950), (added_tax(), 7081, 1131)):
        lines = (line("a", 11900, tax="A", percent=P19),)
        half = (off(percent=Quantity(50)),)
        done = shop.checkout("s", lines, cash(payable), discounts=half)
        assert (done.payable_minor, done.tax_minor) == (payable, tax)
        assert_books_balance(shop)


def test_a_line_discounted_to_nothing_bears_no_tax_and_does_not_break_its_rate() -> None:
    shop = Shop()
    lines = (line("a", 100, tax="A", percent=P19), line("b", 119, tax="A", percent=P19))
    everything = off(0, "d", on="a", percent=HUNDRED)
    shop.checkout("s", lines, cash(119), discounts=(everything,))
    totals = shop.sale("s").totals
    assert totals is not None
    assert totals.line_taxes == (0, 19)
    assert_books_balance(shop)


def test_the_same_code_at_two_rates_is_two_rates() -> None:
    shop = Shop()
    lines = (line("a", 1190, tax="A", percent=P19), line("b", 1070, tax="A", percent=P7))
    shop.checkout("s", lines, cash(2260))
    assert shop.day.totals.taxes == {"A 19": Tally(1, 190), "A 7": Tally(1, 70)}
    assert shop.day.totals.nets == {"A 19": Tally(1, 1000), "A 7": Tally(1, 1000)}


def test_the_sale_may_choose_its_tax_mode_against_the_shop_s() -> None:
    shop = Shop()
    lines = (line("a", 1000, tax="A", percent=Quantity(10)),)
    command = cmd.Checkout(sale_id="s1", lines=lines, tenders=(cash(1100),), tax_included=False)
    assert shop.on(command).payable_minor == 1100
    shop.on(cmd.OpenSale(sale_id="s2", tax_included=False))
    assert shop.put("s2", lines[0]).payable_minor == 1100
    assert_books_balance(shop)


# --- tenders and sales, how many


def test_twenty_tenders_and_not_one_more() -> None:
    shop = Shop()
    tenders = tuple(cash(1, f"t{n}") for n in range(TENDERS_MAX))
    assert shop.checkout("s1", (line(price=TENDERS_MAX),), *tenders).change_minor == 0
    more = (*tenders, cash(1, "more"))
    command = cmd.Checkout(sale_id="s2", lines=(line(price=21),), tenders=more)
    assert shop.refuses(command).reason == "TOO_MANY_TENDERS"
    shop.open("s3", line(price=21))
    for tender in tenders:
        shop.tender("s3", tender)
    assert shop.refuses(shop.tendering("s3", cash(1, "more"))).reason == "TOO_MANY_TENDERS"


def test_five_hundred_sales_may_wait_and_the_till_still_sells() -> None:
    shop = Shop()
    shop.checkout("sold", (line(),), cash(750))
    shop.checkout("sold too", (line(),), cash(750))
    for number in range(LIVE_SALES_MAX):
        shop.open(f"s{number}")
    refusal = shop.refuses(cmd.OpenSale(sale_id="one more"))
    assert (refusal.reason, refusal.facts["limit"]) == ("TOO_MANY_OPEN_SALES", "500")
    assert shop.refuses(returning("r", "sold", l1=ONE)).reason == "TOO_MANY_OPEN_SALES"
    # What is over at once needs no place among those that wait.
    assert shop.checkout("paid", (line(),), card(750)).receipt_number == 3
    assert shop.void("v", "sold too").receipt_number == 4
    assert len(shop.state.sales) == LIVE_SALES_MAX
    shop.on(shop.cancelling("s0"))
    shop.open_return("r", "sold", l1=ONE)
