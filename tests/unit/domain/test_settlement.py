"""How tenders meet the total: change, cash rounding, cards, and what is refused."""

import pytest

from tests.support.shop import Shop, assert_books_balance, card, cash, line, pending_card
from tillhald.domain import commands as cmd
from tillhald.domain.amounts import ONE, RoundingMode
from tillhald.domain.jobs import KickReason
from tillhald.domain.rules import CashRounding, ShopRules, TenderRule
from tillhald.domain.sale import SaleState, Tender, TenderState, TenderType

NICKEL = ShopRules(cash_rounding=CashRounding(increment_minor=5))


def of(kind: TenderType, amount: int) -> Tender:
    return Tender(tender_id=kind.value, type=kind, amount_minor=amount)


@pytest.mark.parametrize(
    ("payable", "tenders", "rounding", "change"),
    [
        (1291, (cash(1290),), -1, 0),
        (1291, (cash(1300),), -1, 10),
        (1293, (cash(1295),), 2, 0),
        (1291, (cash(1291),), -1, 1),
        (1291, (card(1291),), 0, 0),
        (1291, (card(1000), cash(290)), -1, 0),
        (1291, (card(1000), cash(300)), -1, 10),
        (1293, (cash(1000, "c1"), cash(500, "c2")), 2, 205),
        (1291, (card(1290), cash(5)), -1, 5),
        (2, (), -2, 0),
        (0, (), 0, 0),
        (0, (cash(500),), 0, 500),
        (1290, (cash(1290),), 0, 0),
    ],
)
def test_only_the_part_settled_in_cash_is_rounded(
    payable: int, tenders: tuple[Tender, ...], rounding: int, change: int
) -> None:
    shop = Shop(NICKEL)
    done = shop.checkout("s1", (line(price=payable),), *tenders)
    assert (done.rounding_minor, done.change_minor, done.due_minor) == (rounding, change, 0)

    shop.open("s2", line(price=payable))
    for tender in tenders:
        shop.tender("s2", tender)
    step_by_step = shop.complete("s2")
    assert (step_by_step.rounding_minor, step_by_step.change_minor) == (rounding, change)
    assert_books_balance(shop)


@pytest.mark.parametrize(
    ("payable", "tenders", "reason"),
    [
        (1291, (cash(1289),), "TENDER_SUM_MISMATCH"),
        (1291, (card(1290),), "TENDER_SUM_MISMATCH"),
        (1291, (card(1292),), "CHANGE_NOT_ALLOWED"),
        (1291, (card(2000),), "CHANGE_NOT_ALLOWED"),
        (1291, (), "TENDER_SUM_MISMATCH"),
        (3, (), "TENDER_SUM_MISMATCH"),
        (1291, (card(1500), cash(2000)), "CHANGE_NOT_ALLOWED"),
        (1291, (card(1292), cash(1)), "CHANGE_NOT_ALLOWED"),
        (1291, (of(TenderType.VOUCHER, 1500),), "CHANGE_NOT_ALLOWED"),
        (0, (card(5),), "CHANGE_NOT_ALLOWED"),
        (1291, (card(646, "c1"), card(646, "c2")), "CHANGE_NOT_ALLOWED"),
    ],
)
def test_tenders_that_do_not_meet_the_total_are_refused(
    payable: int, tenders: tuple[Tender, ...], reason: str
) -> None:
    shop = Shop(NICKEL)
    command = cmd.Checkout(sale_id="s", lines=(line(price=payable),), tenders=tenders)
    assert shop.refuses(command).reason == reason


def test_the_refusal_says_what_is_due() -> None:
    shop = Shop(NICKEL)
    command = cmd.Checkout(sale_id="s", lines=(line(price=1291),), tenders=(cash(1000),))
    assert shop.refuses(command).facts == {"due_minor": "1290", "tendered_minor": "1000"}


def test_no_rounding_where_the_smallest_unit_is_a_coin() -> None:
    for mode in RoundingMode:
        shop = Shop(ShopRules(cash_rounding=CashRounding(mode=mode)))
        assert shop.checkout("s", (line(price=1291),), cash(1291)).rounding_minor == 0


def test_a_card_is_refused_beyond_what_is_due_when_it_is_added() -> None:
    shop = Shop()
    shop.open("s", line(price=1000))
    shop.tender("s", pending_card(600))
    # The pending card counts: two cards under way must not both be charged for all of it.
    refusal = shop.refuses(shop.tendering("s", card(401, "card2")))
    assert (refusal.reason, refusal.facts["due_minor"]) == ("CHANGE_NOT_ALLOWED", "400")
    shop.resolve("s", TenderState.UNKNOWN)
    assert shop.refuses(shop.tendering("s", card(401, "card2"))).reason == "CHANGE_NOT_ALLOWED"
    shop.resolve("s", TenderState.DECLINED)
    assert shop.tender("s", card(1000, "card2")).due_minor == 0
    assert shop.refuses(shop.tendering("s", card(1, "card3"))).reason == "CHANGE_NOT_ALLOWED"
    shop.tender("s", cash(500))
    assert shop.complete("s").change_minor == 500


def test_a_tender_type_may_allow_change_by_the_shop_s_rule() -> None:
    rules = ShopRules(tenders={"voucher": TenderRule(allows_change=True)})
    shop = Shop(rules)
    done = shop.checkout("s1", (line(price=700),), of(TenderType.VOUCHER, 1000))
    assert done.change_minor == 300
    assert shop.shift.cash.expected_minor == -300
    # This shop's cash has no rule of its own, so it gives no change.
    command = cmd.Checkout(sale_id="s2", lines=(line(price=700),), tenders=(cash(1000),))
    assert shop.refuses(command).reason == "CHANGE_NOT_ALLOWED"
    assert_books_balance(shop)


def test_a_tender_id_names_one_tender_even_after_it_came_to_nothing() -> None:
    shop = Shop()
    shop.open("s", line())
    shop.tender("s", pending_card(750))
    assert shop.refuses(shop.tendering("s", cash(750, "card1"))).reason == "TENDER_EXISTS"
    shop.resolve("s", TenderState.DECLINED)
    assert shop.refuses(shop.tendering("s", cash(750, "card1"))).reason == "TENDER_EXISTS"


@pytest.mark.parametrize("amount", [0, -1, -750])
def test_a_sale_takes_only_tenders_above_zero(amount: int) -> None:
    shop = Shop()
    shop.open("s", line())
    assert shop.refuses(shop.tendering("s", cash(amount))).reason == "FIELD_INVALID"


@pytest.mark.parametrize("amount", [0, 1, 750])
def test_a_return_takes_only_tenders_below_zero(amount: int) -> None:
    shop = Shop()
    shop.checkout("s", (line(),), cash(750))
    shop.open_return("r", "s", l1=ONE)
    assert shop.refuses(shop.tendering("r", cash(amount))).reason == "FIELD_INVALID"


@pytest.mark.parametrize(
    ("tenders", "reason"),
    [
        ((), "TENDER_SUM_MISMATCH"),
        ((card(-749),), "TENDER_SUM_MISMATCH"),
        ((cash(-749),), "TENDER_SUM_MISMATCH"),
        ((cash(-751),), "TENDER_SUM_MISMATCH"),
        ((cash(-1000),), "TENDER_SUM_MISMATCH"),
        ((card(-700), cash(-51)), "TENDER_SUM_MISMATCH"),
    ],
)
def test_a_return_gives_back_what_is_due_and_nothing_else(
    tenders: tuple[Tender, ...], reason: str
) -> None:
    shop = Shop()
    shop.checkout("s", (line(),), cash(750))
    shop.open_return("r", "s", l1=ONE)
    for tender in tenders:
        shop.tender("r", tender)
    assert shop.refuses(shop.completing("r")).reason == reason


def test_a_return_by_card_beyond_what_is_due_is_refused_at_once() -> None:
    shop = Shop()
    shop.checkout("s", (line(),), cash(750))
    shop.open_return("r", "s", l1=ONE)
    assert shop.refuses(shop.tendering("r", card(-751))).reason == "CHANGE_NOT_ALLOWED"
    shop.tender("r", pending_card(-700))
    assert shop.refuses(shop.tendering("r", card(-51, "card2"))).reason == "CHANGE_NOT_ALLOWED"
    shop.tender("r", card(-50, "card2"))
    assert shop.refuses(shop.completing("r")).reason == "TENDER_UNRESOLVED"
    shop.resolve("r", TenderState.APPROVED)
    shop.complete("r")
    assert_books_balance(shop)


def test_what_does_not_count_is_in_no_total() -> None:
    shop = Shop()
    shop.open("s", line(price=1000))
    shop.tender("s", pending_card(1000, "c1"))
    shop.resolve("s", TenderState.DECLINED, "c1")
    shop.tender("s", cash(1000, "k1"))
    shop.on(shop.reversing("s", "k1"))
    shop.tender("s", pending_card(1000, "c2"))
    shop.resolve("s", TenderState.UNKNOWN, "c2")
    shop.resolve("s", TenderState.WRITTEN_OFF, "c2")
    shop.tender("s", cash(1000, "k2"))
    done = shop.complete("s")
    assert (done.tendered_minor, done.change_minor) == (1000, 0)
    assert shop.shift.cash.expected_minor == 1000
    assert {k: t.minor for k, t in shop.day.totals.tenders.items()} == {"cash": 1000}
    assert_books_balance(shop)


@pytest.mark.parametrize(
    ("tenders", "opens"),
    [
        ((cash(750),), True),
        ((card(750),), False),
        ((of(TenderType.CHEQUE, 750),), True),
        ((of(TenderType.WALLET_QR, 750),), False),
        ((card(700), cash(50)), True),
    ],
)
@pytest.mark.parametrize("drawer", ["", "front"])
@pytest.mark.parametrize("printer", ["", "receipts"])
def test_the_drawer_opens_for_what_goes_into_it(
    tenders: tuple[Tender, ...], opens: bool, drawer: str, printer: str
) -> None:
    shop = Shop(ShopRules(drawer=drawer, receipt_printer=printer))
    done = shop.checkout("s", (line(),), *tenders)
    assert done.receipt_job_id == ("receipt/1" if printer else "")
    assert [job.printer for job in shop.state.jobs.values()] == ([printer] if printer else [])
    kicks = list(shop.state.kicks.values())
    assert [kick.drawer for kick in kicks] == ([drawer] if opens and drawer else [])
    for kick in kicks:
        assert (kick.reason, kick.sale_id) == (KickReason.SALE, "s")
        assert kick.after_job_id == done.receipt_job_id


def test_a_declined_cash_like_tender_opens_no_drawer() -> None:
    shop = Shop(ShopRules(drawer="front"))
    shop.open("s", line())
    shop.tender("s", cash(750))
    shop.on(shop.reversing("s", "cash1"))
    shop.tender("s", card(750))
    assert shop.complete("s").state is SaleState.COMPLETED
    assert shop.state.kicks == {}
