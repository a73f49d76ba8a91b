"""Outages, self-tests and batteries on record, what they add up to, and what to do about it."""

from __future__ import annotations

import pytest

from tillhald.domain import commands as cmd
from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain.decide import decide
from tillhald.domain.evolve import apply
from tillhald.domain.outages import (
    BATTERIES_KEPT_MAX,
    BEARABLE_A_MONTH_MAX,
    DAY_MS,
    DEEP_TEST_DAYS,
    OUTAGES_KEPT_MAX,
    QUICK_TEST_DAYS,
    SELF_TESTS_KEPT_MAX,
    Advice,
    Outage,
    PowerBook,
    SelfTest,
    UpsNow,
    advice,
    ended_whole,
    is_due,
    totals,
)
from tillhald.domain.power_sample import UpsSample
from tillhald.domain.rules import ShopRules
from tillhald.domain.sale import UNDER_WAY, SaleState
from tillhald.domain.self_test import (
    BEGINS_WITHIN_S,
    QUICK_S_MAX,
    Hours,
    Watched,
    begin_watch,
    due_now,
    is_near_floor,
    watch,
)
from tillhald.domain.startup import startup_facts
from tillhald.domain.state import TillState, decode_state, encode_state
from tillhald.domain.supply import OutageCause, SelfTestKind, SelfTestResult, Supply
from tillhald.domain.ups import PowerRules, Ups

UPS = "till_ups"
NOW_MS = 1_767_225_600_000
TODAY = "2026-01-01"


def after(*facts: ev.AnyEvent, state: TillState | None = None, at_ms: int = NOW_MS) -> TillState:
    state = state or TillState()
    return apply(state, ev.Record(wall_ms=at_ms, events=facts), state.seq + 1)


def began(number: int) -> ev.OutageBegan:
    return ev.OutageBegan(outage_id=f"outage/{number}", ups=UPS, charge_percent=100)


def ended(number: int, seconds: int = 60) -> ev.OutageEnded:
    return ev.OutageEnded(outage_id=f"outage/{number}", seconds=seconds, on_mains_s=60)


def outage(days_ago: float, **fields: object) -> Outage:
    began_ms = NOW_MS - int(days_ago * DAY_MS)
    known = {"outage_id": f"outage/{began_ms}", "ups": UPS, "began_ms": began_ms}
    return Outage(**{"ended_ms": began_ms + 1, "seconds": 60, **known, **fields})  # type: ignore[arg-type]


def advised(book: PowerBook, **now: object) -> list[Advice]:
    return advice(book, [UpsNow(name=UPS, **now)], TODAY, NOW_MS)  # type: ignore[arg-type]


def test_an_outage_ended_when_the_mains_came_and_not_when_they_were_believed() -> None:
    state = after(began(1))
    state = after(ended(1, 90), state=state, at_ms=NOW_MS + 150_000)
    (held,) = state.power.outages
    assert held.ended_ms == NOW_MS + 90_000
    assert not held.is_open
    assert state.power.open_outage is None


def test_an_outage_remembers_the_furthest_that_it_came() -> None:
    state = after(began(1))
    for supply in (Supply.ON_BATTERY, Supply.LOW_BATTERY, Supply.RECOVERING):
        changed = ev.PowerStateChanged(supply=supply, before=Supply.ONLINE)
        state = after(changed, state=state)
    assert state.power.outages[-1].worst is Supply.LOW_BATTERY
    state = after(ended(1), state=state)
    down = ev.PowerStateChanged(supply=Supply.SHUTTING_DOWN, before=Supply.ONLINE)
    assert after(down, state=state).power.outages[-1].worst is Supply.LOW_BATTERY


def test_an_outage_that_took_the_till_down_keeps_the_charge_that_it_came_to() -> None:
    state = after(began(1))
    for supply, charge in ((Supply.LOW_BATTERY, 19), (Supply.SHUTTING_DOWN, 17)):
        changed = ev.PowerStateChanged(supply=supply, before=Supply.ONLINE, charge_percent=charge)
        state = after(changed, state=state)
    # After its start the till hears of mains alone, and of a battery that charges.
    facts = startup_facts(state, version="1", clean_shutdown=True, at_ms=NOW_MS, has_ups=True)
    online = ev.PowerStateChanged(supply=Supply.ONLINE, before=Supply.INIT, charge_percent=24)
    state = after(*facts, online, state=state)
    assert state.power.outages[-1].charge_min_percent == 17
    over = ev.OutageEnded(outage_id="outage/1", seconds=0, on_mains_s=60)
    whole = ended_whole(over, state.power, 0, NOW_MS + 90_000, is_of_this_run=False)
    assert whole.charge_min_percent == 17


def test_what_the_state_holds_is_bounded_and_survives_a_checkpoint() -> None:
    state = TillState()
    for number in range(1, OUTAGES_KEPT_MAX + 20):
        began_test = ev.SelfTestBegan(test_id=f"t{number}", ups=UPS, kind=SelfTestKind.QUICK)
        fitted = ev.BatteryReplaced(ups=UPS, fitted_on=TODAY)
        state = after(began(number), ended(number), began_test, fitted, state=state)
    book = state.power
    assert len(book.outages) == OUTAGES_KEPT_MAX
    assert book.outages[-1].outage_id == f"outage/{OUTAGES_KEPT_MAX + 19}"
    assert len(book.tests) == SELF_TESTS_KEPT_MAX
    assert len(book.batteries) == BATTERIES_KEPT_MAX
    assert decode_state(encode_state(state)) == state


def test_a_start_gives_up_a_test_that_nobody_saw_the_end_of() -> None:
    state = after(ev.SelfTestBegan(test_id="t", ups=UPS, kind=SelfTestKind.DEEP))
    facts = startup_facts(state, version="1", clean_shutdown=False, at_ms=NOW_MS, has_ups=True)
    assert (
        ev.SelfTestEnded(test_id="t", ups=UPS, result=SelfTestResult.UNKNOWN, said="TILL_RESTARTED")
        in facts
    )
    assert after(*facts, state=state).power.running_test is None


def test_a_start_forgets_that_sales_were_refused() -> None:
    low = ev.PowerStateChanged(
        supply=Supply.SHUTTING_DOWN, before=Supply.LOW_BATTERY, refuses_sales=True
    )
    state = after(began(1), low)
    for has_ups, supply in ((True, Supply.INIT), (False, Supply.UNPROTECTED)):
        facts = startup_facts(
            state, version="1", clean_shutdown=True, at_ms=NOW_MS + 600_000, has_ups=has_ups
        )
        power = after(*facts, state=state, at_ms=NOW_MS + 600_000).power
        assert (power.supply, power.refuses_sales) == (supply, False)
        # Without a UPS nobody will ever say that the mains are back: they are, the till runs.
        assert (power.open_outage is None) is not has_ups
    assert power.outages[-1].seconds == 600


def test_a_start_without_a_ups_says_nothing_of_power() -> None:
    facts = startup_facts(TillState(), version="1", clean_shutdown=True, at_ms=NOW_MS)
    assert [type(fact) for fact in facts] == [ev.TillStarted]


# --- statistics and advice


def test_the_year_is_counted_and_older_outages_are_not() -> None:
    book = PowerBook(
        outages=(
            outage(400, seconds=10_000),
            outage(300, seconds=100, cause=OutageCause.WEATHER),
            outage(20, seconds=300, sales_kept=7, cause=OutageCause.GRID),
            outage(1, seconds=50, sales_kept=2, worst=Supply.SHUTTING_DOWN, cause=OutageCause.GRID),
        )
    )
    counted = totals(book, NOW_MS)
    assert (counted.last_30_days, counted.last_365_days) == (2, 3)
    assert (counted.seconds, counted.longest_s, counted.sales_kept) == (450, 300, 9)
    assert counted.shutdowns == 1
    assert counted.by_cause == {OutageCause.GRID: 2, OutageCause.WEATHER: 1}


@pytest.mark.parametrize(
    ("count", "says"), [(BEARABLE_A_MONTH_MAX, False), (BEARABLE_A_MONTH_MAX + 1, True)]
)
def test_frequent_outages_call_for_better_backup_power(count: int, says: bool) -> None:
    book = PowerBook(outages=tuple(outage(day) for day in range(count)))
    assert (Advice.MORE_BACKUP_POWER in advised(book)) is says


def test_more_than_one_shutdown_in_a_year_calls_for_better_backup_power() -> None:
    down = tuple(outage(day, worst=Supply.SHUTTING_DOWN) for day in (100, 200))
    assert Advice.MORE_BACKUP_POWER in advised(PowerBook(outages=down))
    assert Advice.MORE_BACKUP_POWER not in advised(PowerBook(outages=down[:1]))


def test_causes_within_the_shop_call_for_a_look_at_the_wiring() -> None:
    within = tuple(outage(day, cause=OutageCause.UPKEEP) for day in (1, 2))
    assert Advice.LOOK_AT_THE_WIRING in advised(PowerBook(outages=within))
    assert Advice.ANNOTATE_OUTAGES not in advised(PowerBook(outages=within))
    assert Advice.ANNOTATE_OUTAGES in advised(PowerBook(outages=(outage(1),)))


@pytest.mark.parametrize(
    ("fitted_on", "says"), [("2022-12-01", True), ("2023-06-01", False), ("2025-12-31", False)]
)
def test_an_old_battery_is_to_be_replaced(fitted_on: str, says: bool) -> None:
    state = after(ev.BatteryReplaced(ups=UPS, fitted_on=fitted_on))
    assert (Advice.REPLACE_BATTERY in advised(state.power)) is says
    assert Advice.RECORD_BATTERY not in advised(state.power)
    assert Advice.RECORD_BATTERY in advised(PowerBook())


def test_a_flag_that_stays_and_a_load_that_is_too_high_are_said() -> None:
    assert Advice.REPLACE_BATTERY in advised(PowerBook(), is_worn=True)
    assert Advice.UNPLUG_LOAD in advised(PowerBook(), is_overloaded=True)
    assert Advice.UNPLUG_LOAD in advised(PowerBook(), load_percent=81.0)
    assert Advice.UNPLUG_LOAD not in advised(PowerBook(), load_percent=80.0)


@pytest.mark.parametrize(
    ("kind", "days"), [(SelfTestKind.QUICK, QUICK_TEST_DAYS), (SelfTestKind.DEEP, DEEP_TEST_DAYS)]
)
@pytest.mark.parametrize(
    ("result", "early"),
    [
        (SelfTestResult.PASSED, False),
        (SelfTestResult.FAILED, False),
        (SelfTestResult.REFUSED, True),
        (SelfTestResult.UNKNOWN, True),
    ],
)
def test_a_test_is_due_after_its_days_or_the_next_one_if_it_said_nothing(
    kind: SelfTestKind, days: int, result: SelfTestResult, early: bool
) -> None:
    held = SelfTest(test_id="t", ups=UPS, kind=kind, began_ms=NOW_MS, result=result)
    book = PowerBook(tests=(held,))
    assert not is_due(book, UPS, kind, NOW_MS + DAY_MS - 1)
    assert is_due(book, UPS, kind, NOW_MS + DAY_MS) is early
    assert is_due(book, UPS, kind, NOW_MS + days * DAY_MS)
    assert is_due(book, "another", kind, NOW_MS)


# --- what is refused


def low(supply: Supply = Supply.LOW_BATTERY) -> TillState:
    changed = ev.PowerStateChanged(supply=supply, before=Supply.ON_BATTERY, refuses_sales=True)
    return after(changed)


def asked(state: TillState, command: cmd.AnyCommand) -> list[ev.AnyEvent]:
    now = cmd.Now(at_ms=NOW_MS, today=TODAY)
    return decide(state, ShopRules(), command, now)


def test_a_low_battery_begins_nothing_and_finishes_what_is_open() -> None:
    state = after(*asked(TillState(), cmd.OpenSale(sale_id="s")))
    state = after(
        ev.PowerStateChanged(
            supply=Supply.LOW_BATTERY, before=Supply.ON_BATTERY, refuses_sales=True
        ),
        state=state,
    )
    with pytest.raises(errors.BatteryLow) as refusal:
        asked(state, cmd.OpenSale(sale_id="other"))
    assert refusal.value.facts == {"power": "low_battery", "ups": ""}
    asked(state, cmd.SuspendSale(sale_id="s", expected_version=1))
    asked(state, cmd.CancelSale(sale_id="s", expected_version=1))
    state = after(*asked(state, cmd.SuspendSale(sale_id="s", expected_version=1)), state=state)
    with pytest.raises(errors.BatteryLow):
        asked(state, cmd.ResumeSale(sale_id="s", expected_version=2))


def test_a_till_that_settles_takes_only_what_finishes_a_sale() -> None:
    with pytest.raises(errors.BatteryLow):
        asked(low(Supply.SHUTTING_DOWN), cmd.ReprintReceipt(sale_id="s", job_id="j"))
    with pytest.raises(errors.SaleNotFound):
        asked(low(Supply.SHUTTING_DOWN), cmd.CompleteSale(sale_id="s", expected_version=1))
    with pytest.raises(errors.SaleNotFound):
        asked(low(), cmd.ReprintReceipt(sale_id="s", job_id="j"))


def test_sales_that_are_under_way_are_open_or_tendering() -> None:
    assert {SaleState.OPEN, SaleState.TENDERING} == UNDER_WAY


# --- how a self-test went


def looked(kind: SelfTestKind, *looks: tuple[int, str, str], before: str = "") -> Watched:
    """Each look: seconds since the beginning, status, the UPS's word on its tests."""
    test = Watched(kind=kind, began_ms=0, before=before)
    for second, status, told in looks:
        sample = UpsSample(ups=UPS, flags=frozenset(status.split()), test_result=told)
        if test.result is SelfTestResult.RUNNING:
            test = watch(test, sample if status else None, second * 1000)
    return test


@pytest.mark.parametrize(
    ("looks", "result", "said"),
    [
        ([(1, "OL", "In progress"), (9, "OL", "Done and passed")], "passed", "Done and passed"),
        ([(1, "OL CAL", ""), (9, "OL", "Battery test failed")], "failed", "Battery test failed"),
        ([(1, "OL CAL", ""), (9, "OL", "")], "passed", "CARRIED_THE_LOAD"),
        ([(1, "OL CAL", ""), (9, "OL RB", "")], "failed", "REPLACE_OR_LOW_BATTERY"),
        ([(1, "OB DISCHRG", ""), (9, "OL LB", "")], "failed", "REPLACE_OR_LOW_BATTERY"),
        ([(1, "OL", "old"), (BEGINS_WITHIN_S, "OL", "old")], "unknown", "NO_BEGINNING_SEEN"),
        ([(1, "OL CAL", ""), (QUICK_S_MAX, "OL CAL", "")], "unknown", "NO_END_SEEN"),
        ([(1, "", ""), (BEGINS_WITHIN_S, "", "")], "unknown", "NO_BEGINNING_SEEN"),
        ([(1, "OL", "old"), (2, "OL", "Test passed")], "passed", "Test passed"),
        ([(1, "OL", "old"), (2, "OL", "old")], "running", ""),
    ],
)
def test_a_self_test_is_judged_by_what_the_ups_says_meanwhile(
    looks: list[tuple[int, str, str]], result: str, said: str
) -> None:
    test = looked(SelfTestKind.QUICK, *looks, before="old")
    assert (test.result.value, test.said) == (result, said)


def test_the_word_on_the_test_before_is_not_taken_for_this_one() -> None:
    looks = [(1, "OL", "Done and passed"), (2, "OL", "Done and passed")]
    test = looked(SelfTestKind.QUICK, *looks, before="Done and passed")
    assert test.result is SelfTestResult.RUNNING


def test_a_deep_test_has_hours() -> None:
    test = looked(SelfTestKind.DEEP, (1, "OB", ""), (3_600, "OB", ""), (7_000, "OL", ""))
    assert test.result is SelfTestResult.PASSED


RULES = PowerRules(feeds=(UPS,))
CARRIES_S = RULES.shutdown_need_s + RULES.finish_sale_s


def deep(charge: float | None, *looks: tuple[int, str, float | None, int | None]) -> Watched:
    """A deep test that begins with that charge, and is seen to. Each look: second, status, charge,
    runtime."""
    begun = (1, "OB DISCHRG" if "OB" in looks[0][1] else "OL CAL", charge, None)
    before = UpsSample(ups=UPS, flags=frozenset({"OL"}), charge_percent=charge)
    test = begin_watch(SelfTestKind.DEEP, before, RULES, 0)
    for second, status, percent, runtime_s in (begun, *looks):
        flags = frozenset(status.split())
        sample = UpsSample(ups=UPS, flags=flags, charge_percent=percent, runtime_s=runtime_s)
        if test.result is SelfTestResult.RUNNING:
            near = is_near_floor(sample, RULES)
            test = watch(test, sample, second * 1000, near_floor=near)
    return test


@pytest.mark.parametrize(
    ("charge", "looks", "result", "said"),
    [
        # Units that say OB in a test: it ends before the rules take it for an outage.
        (100, [(CARRIES_S, "OB DISCHRG", 30, 600)], "passed", "CARRIED_THE_LOAD"),
        (100, [(CARRIES_S, "OB DISCHRG", 60, 240)], "passed", "CARRIED_THE_LOAD"),
        (100, [(CARRIES_S - 1, "OB DISCHRG", 30, 600)], "failed", "LOW_TOO_SOON"),
        (100, [(CARRIES_S, "OB DISCHRG", 31, 241)], "running", ""),
        (None, [(CARRIES_S, "OB DISCHRG", None, 240)], "passed", "CARRIED_THE_LOAD"),
        # Units that end it by themselves at a low battery, and tell no result.
        (100, [(CARRIES_S, "OL LB", None, None)], "passed", None),
        (100, [(60, "OL LB", None, None)], "failed", "LOW_TOO_SOON"),
        (100, [(CARRIES_S, "OL LB RB", 20, 90)], "failed", None),
        # One that was asked for by hand, with a battery that was not charged.
        (60, [(60, "OB DISCHRG", 30, 600)], "unknown", "WAS_NOT_CHARGED"),
        (60, [(CARRIES_S, "OB DISCHRG", 30, 600)], "passed", "CARRIED_THE_LOAD"),
    ],
)
def test_a_deep_test_is_judged_by_how_long_the_battery_carried_the_load(
    charge: float | None,
    looks: list[tuple[int, str, float | None, int | None]],
    result: str,
    said: str | None,
) -> None:
    test = deep(charge, *looks)
    assert test.result.value == result
    assert said is None or test.said == said


def test_a_quick_test_does_not_end_early_for_a_battery_near_its_floor() -> None:
    sample = UpsSample(ups=UPS, flags=frozenset({"OB"}), charge_percent=25)
    test = watch(Watched(kind=SelfTestKind.QUICK, began_ms=0, before=""), sample, 1000)
    assert watch(test, sample, 2000, near_floor=True).result is SelfTestResult.RUNNING


# --- tests that begin by themselves

NIGHT = Hours(first="22:00", last="06:00")
HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("time", "first", "last", "holds"),
    [
        ("03:00", "02:00", "05:00", True),
        ("05:00", "02:00", "05:00", False),
        ("23:30", "22:00", "06:00", True),
        ("05:59", "22:00", "06:00", True),
        ("12:00", "22:00", "06:00", False),
        ("12:00", "", "", False),
    ],
)
def test_closing_hours_may_go_over_midnight(time: str, first: str, last: str, holds: bool) -> None:
    assert Hours(first=first, last=last).hold(time) is holds


def steady(*facts: ev.AnyEvent) -> TillState:
    online = ev.PowerStateChanged(supply=Supply.ONLINE, before=Supply.INIT, ups=UPS)
    return after(online, *facts)


def a_ups(charge: float | None = 100, supply: Supply = Supply.ONLINE) -> Ups:
    sample = UpsSample(ups=UPS, flags=frozenset({"OL"}), charge_percent=charge)
    return Ups(name=UPS, heard_ms=0, since_ms=0, supply=supply, sample=sample)


def test_the_deep_test_comes_first_and_counts_for_the_quick_one() -> None:
    at_ms = NOW_MS + HOUR_MS
    state = steady()
    assert due_now(state, (a_ups(),), NIGHT, "23:00", at_ms) == (UPS, SelfTestKind.DEEP)
    began_test = ev.SelfTestBegan(test_id="t", ups=UPS, kind=SelfTestKind.DEEP)
    passed = ev.SelfTestEnded(test_id="t", ups=UPS, result=SelfTestResult.PASSED)
    state = after(began_test, passed, state=state)
    assert due_now(state, (a_ups(),), NIGHT, "23:00", at_ms + DAY_MS) is None
    month_ms = at_ms + QUICK_TEST_DAYS * DAY_MS
    assert due_now(state, (a_ups(),), NIGHT, "23:00", month_ms) == (UPS, SelfTestKind.QUICK)


def test_no_test_begins_by_itself_where_it_might_take_a_sale_with_it() -> None:
    at_ms, state = NOW_MS + HOUR_MS, steady()
    opened = after(*asked(state, cmd.OpenSale(sale_id="s")), state=state)
    assert due_now(opened, (a_ups(),), NIGHT, "23:00", at_ms) is None
    assert due_now(state, (a_ups(),), NIGHT, "12:00", at_ms) is None
    assert due_now(state, (a_ups(),), Hours(), "23:00", at_ms) is None
    assert due_now(state, (a_ups(),), NIGHT, "23:00", at_ms - 1) is None
    assert due_now(state, (a_ups(charge=94),), NIGHT, "23:00", at_ms) is None
    assert due_now(state, (a_ups(supply=Supply.COMM_LOST),), NIGHT, "23:00", at_ms) is None
    assert due_now(state, (a_ups(charge=None),), NIGHT, "23:00", at_ms) is not None
    running = after(
        ev.SelfTestBegan(test_id="t", ups="other", kind=SelfTestKind.QUICK), state=state
    )
    assert due_now(running, (a_ups(),), NIGHT, "23:00", at_ms) is None
