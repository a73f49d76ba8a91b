"""From hand to hand: opening, handing over, explaining a difference, and training."""

from __future__ import annotations

from tests.support.day import DayShop
from tests.support.shop import card, cash, line, pending_card
from tillhald.domain import commands as cmd
from tillhald.domain import events as ev
from tillhald.domain.books import SHIFTS_A_DAY_MAX, MovementKind, TraceKind
from tillhald.domain.jobs import KickReason
from tillhald.domain.reports import explain
from tillhald.domain.rules import ShopRules
from tillhald.domain.sale import SaleState, TenderState
from tillhald.domain.state import decode_state, encode_state

EXPLICIT = ShopRules(implicit_shift=False)
PAPER = ShopRules(implicit_shift=False, receipt_printer="front", drawer="drawer")


def opened() -> DayShop:
    shop = DayShop(EXPLICIT)
    shop.open_day()
    shop.open_shift(10_000, "ann")
    return shop


def ended() -> DayShop:
    shop = opened()
    shop.end()
    return shop


# --- opening and handing over


def test_an_opening_difference_is_a_record_of_its_own() -> None:
    shop = ended()
    shop.count(9_900)
    shop.close_shift()
    shop.open_shift(9_850, "bo")
    found = [e for e in shop.records[-1].events if isinstance(e, ev.OpeningDifferenceFound)]
    assert [(e.expected_minor, e.counted_minor) for e in found] == [(9_900, 9_850)]
    assert shop.shift.cash.float_minor == 9_850, "what was counted is what there is"


def test_a_handover_is_one_record_with_both_operators() -> None:
    shop = opened()
    shop.checkout("s", (line(price=750),), cash(750))
    shop.open("aside", line())
    shop.do(shop.suspending("aside"))
    shop.end()
    shop.count(10_700)
    shop.move(MovementKind.PICKUP, 700)
    before = len(shop.records)
    shop.hand_over("bo")
    assert len(shop.records) == before + 1
    names = [type(event).__name__ for event in shop.records[-1].events]
    assert names == ["ShiftClosed", "OverShortFound", "ShiftOpened", "ShiftHandedOver"]
    assert (shop.closed.operator, shop.closed.handed_to) == ("ann", "bo")
    assert shop.closed.over_short_minor == -50
    assert (shop.shift.operator, shop.shift.handed_from) == ("bo", "shift-1")
    assert shop.shift.cash.float_minor == 10_000
    assert shop.sale("aside").shift_id == "shift-2"
    done = shop.do(shop.resuming("aside"))
    assert done is not None


def test_the_cash_of_a_sale_that_is_taken_over_is_the_new_shifts() -> None:
    shop = opened()
    shop.open("aside", line())
    shop.do(shop.suspending("aside"))
    shop.end()
    shop.count(10_000)
    shop.hand_over("bo")
    shop.do(shop.resuming("aside"))
    shop.tender("aside", cash(750))
    shop.do(cmd.CompleteSale(sale_id="aside", expected_version=shop.version("aside")))
    assert shop.closed.cash.expected_minor == 10_000
    assert shop.shift.cash.expected_minor == 10_750
    assert shop.sale("aside").shift_id == "shift-2"


def test_the_totals_of_shifts_add_up_to_those_of_the_day() -> None:
    shop = opened()
    shop.checkout("a", (line(price=100),), cash(100))
    shop.end()
    shop.count(10_100)
    shop.hand_over("bo")
    shop.checkout("b", (line(price=200),), card(200))
    shop.checkout("c", (line(price=300),), cash(300))
    shop.end()
    shop.count(10_400)
    shop.close_shift()
    first, second = (shift.totals for shift in shop.state.closed_shifts)
    assert (first.sales.minor, second.sales.minor) == (100, 500)
    assert second.tenders.keys() == {"credit_card", "cash"}
    shop.close_day()
    z = shop.z(1)
    assert sum(shift.totals.sales.minor for shift in z.shifts) == z.totals.sales.minor == 600


def test_a_day_has_so_many_shifts_and_not_one_more() -> None:
    shop = opened()
    for _ in range(SHIFTS_A_DAY_MAX - 1):
        shop.end()
        shop.count(10_000)
        shop.hand_over("bo")
    shop.end()
    shop.count(10_000)
    assert shop.refuses(shop.handing_over("ann")).reason == "TOO_MANY_SHIFTS"
    shop.close_shift()
    assert shop.refuses(cmd.OpenShift(float_minor=0)).reason == "TOO_MANY_SHIFTS"
    shop.close_day()
    assert len(shop.z(1).shifts) == SHIFTS_A_DAY_MAX
    shop.open_day()
    shop.open_shift(10_000, "ann")


# --- explaining


def test_what_is_exactly_the_difference_stands_first_among_what_may_explain_it() -> None:
    shop = opened()
    no_sale = cmd.OpenDrawer(kick_id="k", drawer="d", reason=KickReason.NO_SALE)
    shop.do(no_sale)
    shop.open("s", line(price=750))
    shop.tender("s", cash(750))
    shop.do(shop.reversing("s", "cash1"))
    shop.do(cmd.CancelSale(sale_id="s", expected_version=shop.version("s")))
    shop.end()
    shop.count(10_750)
    shop.close_shift()
    found = explain(shop.closed)
    assert found[0].fits
    assert found[0].trace.kind in (TraceKind.TENDER_REVERSED, TraceKind.SALE_CANCELLED)
    assert TraceKind.NO_SALE in {each.trace.kind for each in found if not each.fits}


def test_an_unknown_tender_an_interrupted_sale_and_a_void_leave_their_traces() -> None:
    shop = opened()
    shop.open("u", line(price=750))
    shop.tender("u", pending_card(750))
    shop.resolve("u", TenderState.UNKNOWN)
    shop.checkout("s", (line(),), cash(750))
    shop.do(cmd.VoidSale(sale_id="v", original_sale_id="s", reason="wrong"))
    shop.restart()
    kinds = {trace.kind for trace in shop.shift.traces}
    assert kinds == {TraceKind.TENDER_UNKNOWN, TraceKind.SALE_VOIDED, TraceKind.SALE_INTERRUPTED}


# --- training


def in_training() -> DayShop:
    shop = DayShop(PAPER)
    shop.open_day()
    shop.do(cmd.OpenShift(float_minor=0, operator="eve", training=True))
    return shop


def test_a_training_sale_has_a_number_of_its_own_and_counts_nowhere() -> None:
    shop = in_training()
    done = shop.checkout("t", (line(),), cash(1_000))
    assert (done.receipt_number, done.training) == (1, True)
    assert shop.state.kicks == {}, "the drawer stays shut"
    assert list(shop.state.jobs) == ["receipt/training/1"]
    assert shop.day.totals.sales.count == 0
    assert shop.day.totals.training.minor == 750
    assert shop.state.perpetual.sales.count == shop.state.receipts_given == 0
    assert shop.shift.cash.expected_minor == 0
    shop.end()
    shop.close_shift()
    shop.open_shift(0, "ann")
    real = shop.checkout("r", (line(),), cash(750))
    assert (real.receipt_number, real.training) == (1, False)


def test_training_and_the_shop_do_not_mix() -> None:
    shop = opened()
    shop.checkout("real", (line(),), cash(750))
    shop.open("aside", line())
    shop.do(shop.suspending("aside"))
    shop.end()
    shop.count(10_750)
    shop.close_shift()
    shop.do(cmd.OpenShift(float_minor=0, operator="eve", training=True))
    assert shop.refuses(shop.resuming("aside")).reason == "SALE_STATE"
    void = cmd.VoidSale(sale_id="v", original_sale_id="real", reason="wrong")
    assert shop.refuses(void).reason == "SALE_STATE"
    assert shop.refuses(shop.moving(MovementKind.LOAN, 1)).reason == "SHIFT_STATE"
    shop.open("t", line())
    shop.end()
    assert shop.refuses(shop.counting(0)).reason == "SHIFT_STATE"
    shop.close_shift()
    assert shop.sale("t").state is SaleState.CANCELLED, "of training nothing stays"
    assert shop.day.totals.cancelled == 0
    assert shop.sale("aside").state is SaleState.SUSPENDED
    shop.open_shift(10_700, "ann")
    assert shop.shift.opening_expected_minor == 10_750, "training left the drawer as it was"
    assert shop.replayed() == shop.state == decode_state(encode_state(shop.state))


def test_a_training_shift_begins_without_cash() -> None:
    shop = DayShop(EXPLICIT)
    shop.open_day()
    refusal = shop.refuses(cmd.OpenShift(float_minor=1, training=True))
    assert refusal.reason == "FIELD_INVALID"
