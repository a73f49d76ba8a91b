"""The simulated battery and UPS, in simulated time."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwsim.ups.battery import Battery, BatterySpec
from hwsim.ups.mechanism import TEST_S_MAX, Ups, UpsFaults, UpsSpec

HOUR_S = 3600.0


def whats(ups: Ups) -> list[str]:
    return [event.what for event in ups.log]


def test_it_lasts_as_long_as_it_says() -> None:
    battery = Battery(BatterySpec())
    said_s = battery.runtime_s(200)
    battery.discharge(200, said_s * 0.99)
    assert 0 < battery.charge < 0.02
    battery.discharge(200, said_s * 0.02)
    assert battery.charge == 0


def test_twice_the_load_takes_more_than_twice_the_charge() -> None:
    battery = Battery(BatterySpec())
    assert battery.runtime_s(400) < battery.runtime_s(200) / 2


def test_half_the_health_is_half_the_time_and_sags_more() -> None:
    new, old = Battery(BatterySpec()), Battery(BatterySpec(), health=0.5)
    assert old.runtime_s(100) == pytest.approx(new.runtime_s(100) / 2)
    assert old.voltage(load_w=300, charging=False) < new.voltage(load_w=300, charging=False)


def test_ninety_percent_are_back_in_the_time_that_is_told_and_the_rest_comes_slowly() -> None:
    battery = Battery(BatterySpec(), charge=0.0)
    battery.recharge(battery.spec.recharge_s)
    assert battery.charge == pytest.approx(0.9, abs=0.01)
    battery.recharge(battery.spec.recharge_s / 9)
    assert 0.9 < battery.charge < 0.99


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 500))
def test_the_voltage_never_rises_as_it_empties(one: float, other: float, load_w: float) -> None:
    low, high = sorted((one, other))
    volts = [
        Battery(BatterySpec(), charge=charge).voltage(load_w=load_w, charging=False)
        for charge in (low, high)
    ]
    assert volts[0] <= volts[1] + 0.01


def test_an_outage_drains_it_until_it_is_low_and_then_empty_and_the_mains_bring_it_back() -> None:
    ups = Ups()
    ups.set_mains(0)
    ups.advance(1)
    assert ups.words() == ["OB", "DISCHRG"]
    left_s = ups.battery.runtime_s(ups.load_w)
    ups.advance(left_s - 60)
    assert "LB" in ups.words()
    ups.advance(left_s + 60)
    assert not ups.output
    assert not ups.answers, "its electronics have no power either"
    assert "battery_empty" in whats(ups)
    ups.set_mains(230)
    assert ups.answers
    ups.advance(left_s + 60 + ups.spec.on_delay_s)
    assert ups.output
    assert "LB" in ups.words(), "it is restored with little charge"
    assert "CHRG" in ups.words()
    ups.advance(left_s + 12 * HOUR_S)
    assert ups.words() == ["OL"]


@pytest.mark.parametrize("back_at_s", [None, 5.0, 25.0, 100.0])
def test_after_cut_and_return_the_till_has_power_again_whenever_the_mains_come(
    back_at_s: float | None,
) -> None:
    """Also when they come before the cut: then it is cut all the same, and returns."""
    ups = Ups()
    ups.set_mains(0)
    ups.shut_down(after_s=20, return_after_s=30)
    if back_at_s is not None:
        ups.advance(back_at_s)
        ups.set_mains(230)
        ups.advance(back_at_s + 61)
        assert ups.output
        assert whats(ups).count("output_off") == 1
    else:
        ups.advance(2 * HOUR_S)
        assert not ups.output


@pytest.mark.parametrize(
    ("fault", "mains_back", "fed"),
    [
        ("never_returns", True, False),
        ("returns_dark", False, True),
        ("ignores_shutdown_on_mains", True, True),
    ],
)
def test_units_that_shut_down_wrongly_can_be_had(fault: str, mains_back: bool, fed: bool) -> None:
    ups = Ups()
    setattr(ups.faults, fault, True)
    ups.set_mains(0)
    ups.shut_down(after_s=20, return_after_s=30)
    ups.advance(10)
    if mains_back:
        ups.set_mains(230)
    ups.advance(100)
    assert ups.output is fed
    if fault == "ignores_shutdown_on_mains":
        assert "output_off" not in whats(ups)


def test_a_self_test_feeds_from_the_battery_and_tells_a_worn_one() -> None:
    ups = Ups()
    assert ups.start_test()
    assert not ups.start_test(), "one at a time"
    ups.advance(5)
    assert ups.words() == ["CAL", "OL", "DISCHRG"]
    ups.advance(11)
    assert ups.test_result == "Done and passed"
    worn = Ups()
    worn.battery.health = 0.06
    worn.load_w = 400
    worn.start_test()
    worn.advance(11)
    assert worn.test_result == "Done and error"
    assert "RB" in worn.words()


def test_a_deep_test_ends_at_a_low_battery_and_before_it_is_empty() -> None:
    ups = Ups()
    assert ups.start_test(TEST_S_MAX, until_low=True)
    ups.advance(TEST_S_MAX - 1)
    assert not ups.testing
    assert ups.test_result == "Done and passed"
    charges = [event for event in ups.log if event.what == "test_passed"]
    assert len(charges) == 1
    assert 1_800 < charges[0].at_s < TEST_S_MAX - 1, "it takes as long as the battery has"
    assert ups.output, "on mains all the time"


def test_there_is_no_test_on_battery() -> None:
    ups = Ups()
    ups.set_mains(0)
    assert not ups.start_test()


@pytest.mark.parametrize(
    ("volts", "word"), [(190.0, "BOOST"), (260.0, "TRIM"), (230.0, None), (150.0, None)]
)
def test_odd_mains_are_corrected_or_left(volts: float, word: str | None) -> None:
    ups = Ups()
    ups.set_mains(volts)
    found = {"BOOST", "TRIM"} & set(ups.words())
    assert found == ({word} if word else set())
    assert ("OB" in ups.words()) == (volts == 150)
    assert 200 < ups.output_v < 250


def test_a_slow_transfer_drops_the_load_and_a_quick_one_does_not() -> None:
    for milliseconds, dropped in ((6.0, False), (40.0, True)):
        ups = Ups(UpsSpec(transfer_ms=milliseconds))
        ups.set_mains(0)
        assert ("load_dropped" in whats(ups)) is dropped


def test_too_much_load_is_told_and_an_outage_ends_it() -> None:
    ups = Ups()
    ups.load_w = 1.3 * ups.spec.rated_w
    assert "OVER" in ups.words()
    ups.set_mains(0)
    assert not ups.output


@pytest.mark.parametrize("seed", range(20))
def test_nothing_that_grid_and_hosts_do_breaks_it(seed: int) -> None:
    print("seed", seed)
    chance = random.Random(seed)
    ups, now_s = Ups(seed=seed), 0.0
    for _ in range(300):
        now_s += chance.choice([0.1, 3, 60, 900])
        ups.advance(now_s)
        chance.choice(
            [
                lambda: ups.set_mains(chance.choice([0, 180, 230, 260, 300])),
                lambda: ups.start_test(chance.choice([10, 600])),
                ups.stop_test,
                lambda: ups.shut_down(after_s=20, return_after_s=chance.choice([None, 0, 60])),
                ups.stop_shutdown,
                ups.switch_on,
                ups.switch_off,
                lambda: setattr(ups, "load_w", chance.uniform(0, 700)),
                lambda: setattr(ups, "faults", UpsFaults(low_at_once=chance.random() < 0.5)),
                lambda: ups.drop_link(2),
            ]
        )()
        words = ups.words()
        assert ("OL" in words) != ("OB" in words)
        assert 0 <= ups.battery.charge <= 1
        assert ups.output or ups.load_percent == 0
        if ups.output:
            assert ups.mains_usable or ups.battery.charge > 0 or "OB" in words
    assert len(ups.log) <= ups.log.maxlen
