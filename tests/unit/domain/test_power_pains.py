"""What users of other UPS software suffered, one test each; the threads are named."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.support.supply import UPS, Supplied, on_mains
from tillhald.domain import events as ev
from tillhald.domain.outages import Advice as A
from tillhald.domain.outages import Battery, PowerBook, SelfTest, UpsNow, advice, is_due
from tillhald.domain.power import WORN_TOLD_AFTER_MS, Act, begin
from tillhald.domain.power_sample import UpsSample, known_runtime_s
from tillhald.domain.supply import SelfTestKind, SelfTestResult
from tillhald.domain.supply import Supply as S
from tillhald.domain.ups import NotUnderTest, PowerRules, UnderTest

DAY_MS = 86_400_000


def test_periodic_stale_data_on_mains_stops_no_sale() -> None:
    """networkupstools/nut#3576, #2121, #661, #3356."""
    power = on_mains()
    for _ in range(20):
        power.go(8, None).go(5, "OL")
    assert power.states == [S.ONLINE]


def test_values_that_stand_still_while_the_cable_is_out_are_not_believed() -> None:
    """nut#2742: the source gives the age of its proof of life; old ones count as none."""
    power = on_mains()
    for second in range(20):
        power.now_ms += 1_000
        power.hear(UpsSample(ups=UPS, flags=frozenset({"OL"}), age_s=float(second + 1)))
    assert power.supply is S.COMM_LOST


def test_usb_that_drops_out_when_the_mains_go_does_not_shut_down_at_once() -> None:
    """nut#2925: stale for 20 s on battery, then back."""
    power = on_mains().go(10, "OB", 95, 1700).go(20, None).go(10, "OB", 90, 1500).go(15, "OL", 90)
    assert power.states == [
        S.ONLINE,
        S.ON_BATTERY,
        S.COMM_LOST_ON_BATTERY,
        S.ON_BATTERY,
        S.RECOVERING,
        S.ONLINE,
    ]


def test_data_that_stay_away_on_battery_end_in_a_shutdown_by_our_own_watch() -> None:
    """nut#2925, the other end of it."""
    power = on_mains().go(10, "OB", 95, 1700).go(70, None)
    assert power.states[-1] is S.SHUTTING_DOWN
    assert power.way[-1][0] == 14 + 60


def test_a_calibration_whose_data_go_stale_never_shuts_down() -> None:
    """nut#2794."""
    power = on_mains().go(20, "OB CAL", 90, 1500).go(600, None).go(5, "OL", 90)
    assert power.states == [S.ONLINE, S.COMM_LOST, S.ONLINE]


def test_a_self_test_that_shows_off_for_some_seconds_is_no_shutdown() -> None:
    """nut#2104."""
    power = on_mains().go(6, "OL OFF", 99).go(5, "OL DISCHRG", 99).go(5, "OL", 99)
    assert power.states == [S.ONLINE]


def test_a_calibration_flag_that_is_never_cleared_does_not_hide_an_empty_battery() -> None:
    """nut#2168, on Debian 12's own version."""
    power = on_mains().go(60, "OL CAL", 100).go(60, "OB CAL", 50, 900)
    assert power.supply is S.ONLINE
    power.go(5, "OB CAL LB", 18, 170)
    assert power.supply is S.LOW_BATTERY
    power.go(45, "OB CAL LB", 15, 150)
    assert power.supply is S.SHUTTING_DOWN


def test_low_battery_in_the_moment_of_transfer_is_waited_out() -> None:
    """nut#3087."""
    power = on_mains().go(3, "OB LB", 97, 1600).go(30, "OB", 96, 1600).go(15, "OL", 96, 1600)
    assert S.LOW_BATTERY not in power.states


def test_low_battery_at_ninety_percent_is_believed_when_it_stays() -> None:
    """nut#1942: a worn battery, and no false alarm."""
    power = on_mains().go(6, "OB LB", 90, 1600)
    assert power.supply is S.LOW_BATTERY


def test_low_battery_that_was_false_is_taken_back_within_the_grace() -> None:
    """The other end of nut#3087: a flag that lasts eight seconds closes no shop."""
    power = on_mains().go(8, "OB LB", 97, 1600).go(30, "OB", 96, 1600)
    assert power.states == [S.ONLINE, S.ON_BATTERY, S.LOW_BATTERY, S.ON_BATTERY]
    assert power.acts[-2:] == [Act.TAKE_NEW_SALES, Act.OFFER_SUSPEND]


def test_daily_false_alarms_on_mains_are_advice() -> None:
    """nut#2347, #3623, #3205."""
    power = on_mains().go(10, "OL LB RB", 100).go(5, "OL")
    assert power.states == [S.ONLINE]
    ups = power.state.of(UPS)
    assert ups is not None
    assert ups.worn_since_ms is None
    power.go(2, "OL RB")
    ups = power.state.of(UPS)
    assert ups is not None
    assert ups.worn_since_ms is not None
    assert power.now_ms - ups.worn_since_ms < WORN_TOLD_AFTER_MS


def test_the_threshold_that_a_ups_claims_of_itself_is_not_ours() -> None:
    """nut#2652, #3346: charge.low = 100, or a shutdown at 95 %."""
    power = on_mains().go(30, "OB", 95, 1600)
    assert power.supply is S.ON_BATTERY


@pytest.mark.parametrize("runtime", [0, -1, 65_535, 86_400, 10**12, None])
def test_a_runtime_that_cannot_be_is_unknown(runtime: int | None) -> None:
    """nut#2190, #731, #3103, #2765."""
    assert known_runtime_s(runtime) is None
    power = on_mains().go(30, "OB", 95, runtime)
    assert power.supply is S.ON_BATTERY


def test_power_that_is_back_in_the_middle_of_a_shutdown_ends_it_as_begun() -> None:
    """nut#3229; hassio-addons/app-nut#512, #311: a host that is off for good."""
    power = on_mains().go(10, "OB", 95, 1700).go(3, "FSD OB", 95, 1700).go(600, "OL", 95)
    assert power.supply is S.SHUTTING_DOWN
    assert power.state.refuses_sales
    assert power.acts[-3:] == [Act.SETTLE, Act.POWER_OFF_HOST, Act.UPS_CUT_AND_RETURN]
    assert power.acts.count(Act.UPS_CUT_AND_RETURN) == 1


def test_a_forced_shutdown_of_long_ago_does_not_shut_down_every_start() -> None:
    """facts of upsd: FSD is latched for ever, over a restart of its driver, until its own."""
    power = Supplied().go(30, "FSD OL")
    assert power.states == [S.ONLINE]
    power.go(1, "FSD OB")
    assert power.supply is S.SHUTTING_DOWN
    power = Supplied().go(1, "FSD OB LB", 10, 60)
    assert power.supply is S.SHUTTING_DOWN
    power = Supplied().go(1, "OL").go(1, "FSD OL")
    assert power.supply is S.SHUTTING_DOWN


def test_a_start_on_a_flat_battery_waits_until_it_carries_another_outage() -> None:
    """nut#1992."""
    power = Supplied().go(30, "OL CHRG", 5, 60)
    assert power.state.refuses_sales
    power.go(10, "OL CHRG", 16, 200)
    assert power.states == [S.RECOVERING, S.ONLINE]
    assert not power.state.refuses_sales


def test_short_blips_are_the_norm_and_change_nothing() -> None:
    """nut#321."""
    power = on_mains()
    for _ in range(5):
        power.go(2, "OB", 99, 1700).go(5, "OL", 99)
    assert power.states == [S.ONLINE]
    assert len(power.of(ev.OutageBegan)) == 1


def test_words_that_stand_twice_or_contradict_each_other_are_taken_safely() -> None:
    """nut#2278, #2292: "OB OFF OB"."""
    power = on_mains().go(60, "OB OFF OB", 98, 7000).go(15, "OL", 98)
    assert power.states == [S.ONLINE, S.ON_BATTERY, S.RECOVERING, S.ONLINE]


def test_a_quick_test_that_passed_does_not_stand_for_the_deep_one() -> None:
    """nut#2570: self-tests pass, the plug is pulled, everything dies."""
    quick = SelfTest(
        test_id="t", ups=UPS, kind=SelfTestKind.QUICK, began_ms=DAY_MS, result=SelfTestResult.PASSED
    )
    book = PowerBook(tests=(quick,))
    assert not is_due(book, UPS, SelfTestKind.QUICK, 2 * DAY_MS)
    assert is_due(book, UPS, SelfTestKind.DEEP, 2 * DAY_MS)
    deep = replace(quick, kind=SelfTestKind.DEEP)
    assert not is_due(PowerBook(tests=(deep,)), UPS, SelfTestKind.QUICK, 2 * DAY_MS)


def test_a_new_battery_is_believed_over_a_test_of_the_old_one() -> None:
    """nut#2999: the flag stays after the change."""
    failed = SelfTest(
        test_id="t",
        ups=UPS,
        kind=SelfTestKind.DEEP,
        began_ms=DAY_MS,
        ended_ms=DAY_MS + 1,
        result=SelfTestResult.FAILED,
    )
    old = Battery(ups=UPS, fitted_on="2025-01-01", recorded_ms=1)
    new = Battery(ups=UPS, fitted_on="2025-06-01", recorded_ms=2 * DAY_MS)
    told = [UpsNow(name=UPS)]
    before = advice(PowerBook(tests=(failed,), batteries=(old,)), told, "2025-06-02", 3 * DAY_MS)
    after = advice(PowerBook(tests=(failed,), batteries=(old, new)), told, "2025-06-02", 3 * DAY_MS)
    assert A.REPLACE_BATTERY in before
    assert A.REPLACE_BATTERY not in after


def test_the_second_outage_has_a_watch_of_its_own() -> None:
    """m4r1k/Eneru#41, ffind-dev/pve-ups#25: the guard or the counter of the first one was left."""
    power = on_mains()
    for _ in range(3):
        power.go(590, "OB", 90, 1700).go(120, "OL", 90, 1700)
    assert S.LOW_BATTERY not in power.states
    power.go(601, "OB", 90, 1700)
    assert power.supply is S.LOW_BATTERY


def test_an_alarm_in_a_test_of_our_own_is_no_outage() -> None:
    """truenas/middleware#5622."""
    power = on_mains()
    power.hear(UnderTest(ups=UPS))
    power.go(20, "OB DISCHRG ALARM", 96, 1500)
    assert power.of(ev.OutageBegan) == []
    power.hear(NotUnderTest(ups=UPS))
    power.go(10, "OL")
    assert power.states == [S.ONLINE]
    power.go(4, "OB")
    assert power.supply is S.ON_BATTERY


def test_mains_that_fail_in_a_test_of_our_own_are_seen_at_the_floor_of_the_charge() -> None:
    """The price of a label: see nut#2168."""
    power = on_mains()
    power.hear(UnderTest(ups=UPS))
    power.go(600, "OB DISCHRG", 40, 900).go(5, "OB LB", 19, 170)
    assert power.supply is S.LOW_BATTERY


def test_low_charge_with_mains_back_is_a_recovery_and_no_shutdown() -> None:
    """hassio-addons/app-nut#20; nutdotnet/WinNUT-Client#55."""
    power = on_mains().go(10, "OB", 60, 500).go(20, "OB", 30, 280).go(600, "OL CHRG LB", 12, 100)
    assert power.states == [S.ONLINE, S.ON_BATTERY, S.LOW_BATTERY, S.RECOVERING]


def test_a_restart_of_the_till_on_battery_begins_its_watch_anew_and_forgets_no_outage() -> None:
    """Eneru's re-entry guard again, over a restart."""
    power = Supplied(PowerRules(feeds=(UPS,)))
    power.state = begin((UPS,), 0, outages_begun=1, is_out=True)
    power.go(10, "OB", 90, 1700)
    assert power.supply is S.ON_BATTERY
    assert power.of(ev.OutageBegan) == []
