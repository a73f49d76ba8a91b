"""Shifts: what each state allows, what is in the drawer, and how it goes from hand to hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.day import DayShop
from tests.support.shop import cash, line
from tillhald.domain import commands as cmd
from tillhald.domain import events as ev
from tillhald.domain.books import (
    Denomination,
    MovementKind,
    ShiftState,
    TraceKind,
)
from tillhald.domain.jobs import JobKind, KickReason, ReportKind
from tillhald.domain.rules import CashRounding, ShopRules

EXPLICIT = ShopRules(implicit_shift=False)
PAPER = ShopRules(implicit_shift=False, receipt_printer="front", drawer="drawer")


def opened(rules: ShopRules = EXPLICIT, float_minor: int = 10_000) -> DayShop:
    shop = DayShop(rules)
    shop.open_day()
    shop.open_shift(float_minor, "ann")
    return shop


def ended() -> DayShop:
    shop = opened()
    shop.end()
    return shop


def counted() -> DayShop:
    shop = ended()
    shop.count(10_000)
    return shop


def locked() -> DayShop:
    shop = opened()
    shop.do(shop.lock())
    return shop


def closed() -> DayShop:
    shop = counted()
    shop.close_shift()
    return shop


STATES: dict[str, Callable[[], DayShop]] = {
    "open": opened,
    "locked": locked,
    "ended": ended,
    "counted": counted,
    "closed": closed,
}
STEPS: dict[str, Callable[[DayShop], cmd.ShiftCommand]] = {
    "open": lambda shop: cmd.OpenShift(float_minor=0),
    "lock": DayShop.lock,
    "unlock": DayShop.unlock,
    "move": lambda shop: shop.moving(MovementKind.LOAN, 500),
    "end": DayShop.ending,
    "count": lambda shop: shop.counting(9_000),
    "hand over": lambda shop: shop.handing_over("bo"),
    "close": DayShop.closing,
    "correct": lambda shop: shop.correcting("shift-1", 9_000),
}
ALLOWED = {
    ("open", "lock"),
    ("open", "move"),
    ("open", "end"),
    ("locked", "unlock"),
    ("locked", "end"),
    ("ended", "move"),
    ("ended", "count"),
    ("counted", "move"),
    ("counted", "count"),
    ("counted", "hand over"),
    ("counted", "close"),
    ("closed", "open"),
    ("closed", "correct"),
}
OTHERWISE = {
    ("locked", "move"): "SHIFT_LOCKED",
    ("ended", "hand over"): "NOT_COUNTED",
    ("ended", "close"): "NOT_COUNTED",
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("state", STATES)
def test_each_step_of_a_shift_is_taken_or_refused_by_where_it_stands(state: str, step: str) -> None:
    shop = STATES[state]()
    command = STEPS[step](shop)
    if (state, step) in ALLOWED:
        shop.do(command)
        assert shop.replayed() == shop.state
    else:
        refusal = shop.refuses(command)
        assert refusal.reason == OTHERWISE.get((state, step), "SHIFT_STATE")


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("locked", "SHIFT_LOCKED"),
        ("ended", "SHIFT_NOT_OPEN"),
        ("counted", "SHIFT_NOT_OPEN"),
        ("closed", "SHIFT_NOT_OPEN"),
    ],
)
def test_a_shift_that_is_not_open_sells_nothing(state: str, reason: str) -> None:
    shop = STATES[state]()
    whole = cmd.Checkout(sale_id="s", lines=(line(),), tenders=(cash(750),))
    assert shop.refuses(whole).reason == reason
    assert shop.refuses(cmd.OpenSale(sale_id="s")).reason == reason


def test_a_locked_shift_lets_a_sale_be_put_aside_and_given_up_but_not_go_on() -> None:
    shop = opened()
    shop.open("a", line())
    shop.open("b", line())
    shop.do(shop.lock())
    more = cmd.PutLine(sale_id="a", expected_version=shop.version("a"), line=line("l2"))
    assert shop.refuses(more).reason == "SHIFT_LOCKED"
    assert shop.refuses(shop.tendering("a", cash(750))).reason == "SHIFT_LOCKED"
    shop.do(shop.suspending("a"))
    shop.do(cmd.CancelSale(sale_id="b", expected_version=shop.version("b")))
    assert shop.refuses(shop.resuming("a")).reason == "SHIFT_LOCKED"
    shop.do(shop.unlock())
    shop.do(shop.resuming("a"))


def test_a_stale_version_of_a_shift_is_refused() -> None:
    shop = opened()
    stale = shop.ending()
    shop.do(shop.lock())
    refusal = shop.refuses(stale)
    assert (refusal.reason, refusal.facts["version"]) == ("VERSION_CONFLICT", "2")


def test_no_shift_is_ended_under_a_customer() -> None:
    shop = opened()
    shop.open("s", line())
    assert shop.refuses(shop.ending()).reason == "OPEN_SALES_EXIST"
    shop.do(shop.suspending("s"))
    shop.end()


# --- the drawer


def test_pay_100_for_75_puts_75_into_the_drawer() -> None:
    shop = opened(float_minor=0)
    done = shop.checkout("s", (line(price=7_500),), cash(10_000))
    assert done.change_minor == 2_500
    assert shop.shift.cash.expected_minor == 7_500


def test_a_return_takes_out_as_much_as_the_sale_brought_in_rounding_and_all() -> None:
    rules = ShopRules(implicit_shift=False, cash_rounding=CashRounding(increment_minor=5))
    shop = opened(rules, 0)
    sold = shop.checkout("s", (line(price=198),), cash(200))
    assert sold.rounding_minor == 2
    shop.do(cmd.VoidSale(sale_id="v", original_sale_id="s", reason="wrong"))
    assert shop.shift.cash.expected_minor == 0


def test_every_movement_is_in_the_equation_and_in_the_days_totals() -> None:
    shop = opened()
    for kind, amount in (
        (MovementKind.LOAN, 5_000),
        (MovementKind.PAID_IN, 300),
        (MovementKind.PAID_OUT, 700),
        (MovementKind.PICKUP, 4_000),
        (MovementKind.SAFE_DROP, 1_000),
    ):
        shop.move(kind, amount)
    assert shop.shift.cash.expected_minor == 10_000 + 5_000 + 300 - 700 - 4_000 - 1_000
    moved = {name: tally.minor for name, tally in shop.day.totals.movements.items()}
    assert moved == {
        "loan": 5_000,
        "paid_in": 300,
        "paid_out": 700,
        "pickup": 4_000,
        "safe_drop": 1_000,
    }


def test_a_pickup_never_leaves_the_drawer_negative() -> None:
    shop = opened(float_minor=500)
    refusal = shop.refuses(shop.moving(MovementKind.PICKUP, 501))
    assert refusal.reason == "DRAWER_CASH_SHORT"
    assert "500" not in f"{refusal.sentence} {refusal.facts}", "whoever counts must not know it"
    shop.move(MovementKind.PICKUP, 500)


def test_after_a_count_what_was_found_is_what_can_be_taken() -> None:
    shop = opened(float_minor=500)
    shop.end()
    shop.count(700)
    shop.move(MovementKind.PICKUP, 700)
    assert shop.shift.left_minor == 0
    assert shop.shift.over_short_minor == 200


def test_a_movement_says_what_it_is_for_where_cash_leaves_the_shop() -> None:
    shop = opened()
    command = cmd.RecordMovement(
        shift_id="shift-1",
        expected_version=1,
        movement_id="m",
        kind=MovementKind.PAID_OUT,
        amount_minor=1,
    )
    assert shop.refuses(command).reason == "FIELD_INVALID"


def test_a_movement_is_recorded_once_under_its_id() -> None:
    shop = opened()
    shop.do(shop.moving(MovementKind.LOAN, 500, "m"))
    again = shop.moving(MovementKind.LOAN, 500, "m")
    assert shop.refuses(again).reason == "MOVEMENT_EXISTS"


def test_a_movement_opens_the_drawer_with_its_reason_and_prints_a_slip() -> None:
    shop = opened(PAPER)
    shop.do(shop.moving(MovementKind.LOAN, 500, "m1"))
    shop.do(shop.moving(MovementKind.PAID_OUT, 500, "m2"))
    reasons = [kick.reason for kick in shop.state.kicks.values()]
    assert reasons == [KickReason.FLOAT, KickReason.PAID_IN_OUT]
    jobs = [(job.kind, job.report) for job in shop.state.jobs.values()]
    assert jobs == [(JobKind.REPORT, ReportKind.MOVEMENT)] * 2


# --- counting


def test_any_count_is_taken_and_what_is_over_or_short_is_a_record_of_its_own() -> None:
    for found, facts in ((9_000, 1), (10_000, 0), (11_000, 1)):
        shop = opened()
        shop.end()
        shop.count(found)
        assert shop.day.totals.differences.minor == 0
        shop.close_shift()
        differences = [e for e in shop.records[-1].events if isinstance(e, ev.OverShortFound)]
        assert len(differences) == facts
        assert shop.closed.over_short_minor == found - 10_000
        assert shop.day.totals.differences.minor == found - 10_000


def test_denominations_must_add_up() -> None:
    shop = ended()
    right = (Denomination(5_000, 1), Denomination(100, 47))
    assert shop.refuses(shop.counting(9_701, right)).reason == "FIELD_INVALID"
    shop.do(shop.counting(9_700, right))
    assert shop.shift.counts[-1].denominations == right


def test_a_recount_replaces_the_count_and_both_are_on_record() -> None:
    shop = ended()
    shop.count(9_000)
    shop.count(9_950)
    assert [each.number for each in shop.shift.counts] == [1, 2]
    shop.close_shift()
    assert shop.closed.over_short_minor == -50
    assert TraceKind.RECOUNT in {trace.kind for trace in shop.closed.traces}


def test_a_recount_counts_what_is_there_now_and_not_what_moved_before() -> None:
    shop = ended()
    shop.count(10_000)
    shop.move(MovementKind.PICKUP, 4_000)
    shop.count(6_000)
    assert (shop.shift.left_minor, shop.shift.over_short_minor) == (6_000, 0)


def test_a_wrong_count_is_corrected_by_a_record_and_the_shift_stays_closed() -> None:
    shop = ended()
    shop.count(900)
    shop.close_shift()
    assert shop.day.totals.differences.minor == -9_100
    shop.do(shop.correcting("shift-1", 10_000))
    shift = shop.closed
    assert (shift.state, shift.over_short_minor) == (ShiftState.CLOSED, 0)
    assert shift.counts[-1].counted_minor == 900, "what was said then stays on record"
    assert (shop.day.totals.differences.minor, shop.day.totals.corrections) == (0, 1)
    assert shop.state.drawer_left_minor == 10_000


def test_a_correction_after_the_day_is_closed_goes_to_the_next_one() -> None:
    shop = closed()
    shop.close_day()
    z = shop.z(1)
    assert shop.refuses(shop.correcting("shift-1", 9_000)).reason == "DAY_NOT_OPEN"
    shop.open_day()
    shop.do(shop.correcting("shift-1", 9_000))
    fact = shop.records[-1].events[-1]
    assert isinstance(fact, ev.CountCorrected)
    assert fact.original_business_day == z.business_day
    assert shop.day.totals.differences.minor == -1_000
    assert shop.z(1) == z, "a closed day never changes"
