"""Each row of the table of power states: when it is entered, and what the till does in it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.support.supply import UPS, Supplied, on_mains, said
from tillhald.domain import events as ev
from tillhald.domain.power import Act, begin, step
from tillhald.domain.power_sample import UpsSample
from tillhald.domain.supply import OutageCause, Supply
from tillhald.domain.ups import Master, PowerRules, SettleAsked, Tick, Ups, silence_s_max

RULES = PowerRules(feeds=(UPS,))
GONE_DARK = (Act.SETTLE, Act.POWER_OFF_HOST, Act.UPS_CUT_AND_RETURN)

S = Supply
TABLE = [
    ("OL", [(1, "OL", 100, 1800)], [S.ONLINE]),
    ("OB for less than 3 s", [(5, "OL", 100, 1800), (3, "OB", 99, 1700)], [S.ONLINE]),
    ("OB for 3 s", [(5, "OL", 100, 1800), (4, "OB", 99, 1700)], [S.ONLINE, S.ON_BATTERY]),
    (
        "LB for 5 s, nothing else low",
        [(5, "OL", 100, 1800), (10, "OB", 90, 1700), (6, "OB LB", 90, 1700)],
        [S.ONLINE, S.ON_BATTERY, S.LOW_BATTERY],
    ),
    (
        "LB for less",
        [(5, "OL", 100, 1800), (10, "OB", 90, 1700), (5, "OB LB", 90, 1700)],
        [S.ONLINE, S.ON_BATTERY],
    ),
    (
        "LB with a witness",
        [(5, "OL", 100, 1800), (10, "OB", 90, 1700), (1, "OB LB", 20, 1700)],
        [S.ONLINE, S.ON_BATTERY, S.LOW_BATTERY],
    ),
    (
        "runtime at need and reserve",
        [(5, "OL", 100, 1800), (10, "OB", 90, 301), (1, "OB", 90, 300)],
        [S.ONLINE, S.ON_BATTERY, S.LOW_BATTERY],
    ),
    (
        "charge at its floor",
        [(5, "OL", 100, None), (10, "OB", 21, None), (1, "OB", 20, None)],
        [S.ONLINE, S.ON_BATTERY, S.LOW_BATTERY],
    ),
    (
        "stop-watch",
        [(5, "OL", 100, 1800), (601, "OB", 100, 1800)],
        [S.ONLINE, S.ON_BATTERY, S.LOW_BATTERY],
    ),
    ("FSD", [(5, "OL", 100, 1800), (1, "FSD OL", 100, 1800)], [S.ONLINE, S.SHUTTING_DOWN]),
    (
        "the grace of the sale in hand is over",
        [(5, "OL", 100, 1800), (10, "OB", 90, 300), (41, "OB", 90, 290)],
        [S.ONLINE, S.LOW_BATTERY, S.SHUTTING_DOWN],
    ),
    (
        "no time left for a grace",
        [(5, "OL", 100, 1800), (4, "OB LB", 10, 120)],
        [S.ONLINE, S.SHUTTING_DOWN],
    ),
    (
        "OL after OB",
        [(5, "OL", 100, 1800), (10, "OB", 90, 1700), (10, "OL", 90, 1700)],
        [S.ONLINE, S.ON_BATTERY, S.RECOVERING],
    ),
    (
        "OL held after OB",
        [(5, "OL", 100, 1800), (10, "OB", 90, 1700), (11, "OL", 90, 1700)],
        [S.ONLINE, S.ON_BATTERY, S.RECOVERING, S.ONLINE],
    ),
    ("a start on a flat battery", [(60, "OL CHRG", 14, 100)], [S.RECOVERING]),
    (
        "no data for 15 s on mains",
        [(5, "OL", 100, 1800), (15, None, 0, 0)],
        [S.ONLINE, S.COMM_LOST],
    ),
    ("no data for less", [(5, "OL", 100, 1800), (14, None, 0, 0)], [S.ONLINE]),
    (
        "no data for 15 s on battery",
        [(5, "OL", 100, 1800), (10, "OB", 90, 1700), (16, None, 0, 0)],
        [S.ONLINE, S.ON_BATTERY, S.COMM_LOST_ON_BATTERY],
    ),
    ("never any data", [(16, None, 0, 0)], [S.COMM_LOST]),
    ("OFF for 30 s", [(5, "OL", 100, 1800), (31, "OFF", 100, 1800)], [S.ONLINE, S.UNPROTECTED]),
    ("OFF for less", [(5, "OL", 100, 1800), (30, "OFF", 100, 1800)], [S.ONLINE]),
    ("BYPASS", [(5, "OL", 100, 1800), (1, "OL BYPASS", 100, 1800)], [S.ONLINE, S.UNPROTECTED]),
    (
        "a bypass bit that stands for AVR",
        [(5, "OL", 100, 1800), (5, "OL BYPASS BOOST", 100, 1800)],
        [S.ONLINE],
    ),
    ("LB without OB", [(5, "OL", 100, 1800), (60, "OL LB", 100, 1800)], [S.ONLINE]),
    *(
        (f"{flag} alone", [(5, "OL", 100, 1800), (60, f"OL {flag}", 100, 1800)], [S.ONLINE])
        for flag in ("CAL", "RB", "OVER", "TRIM", "BOOST", "ALARM", "CHRG", "DISCHRG", "NEWWORD")
    ),
]


@pytest.mark.parametrize(("what", "phases", "states"), TABLE, ids=[row[0] for row in TABLE])
def test_a_state_is_entered_when_the_table_says(
    what: str, phases: list[tuple[int, str | None, float | None, int | None]], states: list[Supply]
) -> None:
    power = Supplied()
    for phase in phases:
        power.go(*phase)
    assert power.states == states


REFUSES = [
    (S.INIT, False),
    (S.ONLINE, False),
    (S.ON_BATTERY, False),
    (S.LOW_BATTERY, True),
    (S.SHUTTING_DOWN, True),
    (S.COMM_LOST, False),
    (S.COMM_LOST_ON_BATTERY, True),
    (S.UNPROTECTED, False),
]


@pytest.mark.parametrize(("supply", "refuses"), REFUSES)
def test_the_till_sells_in_the_states_in_which_it_should(supply: Supply, refuses: bool) -> None:
    seen: dict[Supply, bool] = {S.INIT: begin((UPS,), 0).refuses_sales}
    for _, phases, _ in TABLE:
        power = Supplied()
        for seconds, status, charge, runtime in phases:
            for _ in range(seconds):
                power.go(1, status, charge, runtime)
                if power.supply is not S.RECOVERING:
                    assert seen.setdefault(power.supply, power.state.refuses_sales) is (
                        power.state.refuses_sales
                    )
    assert seen[supply] is refuses


@pytest.mark.parametrize(("charge", "refuses"), [(14.9, True), (15, False), (None, False)])
def test_a_till_that_recovers_sells_from_fifteen_percent(
    charge: float | None, refuses: bool
) -> None:
    power = on_mains().go(10, "OB", 50, 1000).go(5, "OL CHRG", charge, None)
    assert power.supply is S.RECOVERING
    assert power.state.refuses_sales is refuses


def test_the_first_word_of_a_battery_opens_the_outage_and_does_nothing_else() -> None:
    power = on_mains()
    power.facts.clear()
    power.acts.clear()
    power.go(1, "OB", 99, 1700)
    (began,) = power.facts
    assert began == ev.OutageBegan(
        outage_id="outage/1", ups=UPS, charge_percent=99, runtime_s=1700, guess=OutageCause.UNKNOWN
    )
    assert power.acts == []
    assert power.supply is S.ONLINE


def test_on_battery_offers_to_put_sales_aside_and_low_refuses_new_ones() -> None:
    power = on_mains().go(10, "OB", 90, 1700).go(1, "OB LB", 20, 170)
    assert power.acts == [Act.OFFER_SUSPEND, Act.REFUSE_NEW_SALES, Act.SNAPSHOT]


def test_shutting_down_ends_with_the_ups_told_to_return() -> None:
    power = on_mains()
    power.acts.clear()
    power.go(1, "FSD OB LB", 10, 60)
    assert tuple(power.acts) == (Act.REFUSE_NEW_SALES, *GONE_DARK)


def test_where_upsmon_is_master_the_till_settles_at_its_word_only() -> None:
    power = on_mains(replace(RULES, master=Master.UPSMON))
    power.go(600, "OB LB", 2, 30).go(120, None)
    assert power.supply is S.LOW_BATTERY
    assert Act.SETTLE not in power.acts
    power.go(1, "FSD OB LB", 2, 30)
    assert power.supply is S.SHUTTING_DOWN
    assert power.acts[-1] is Act.SETTLE
    assert not {Act.POWER_OFF_HOST, Act.UPS_CUT_AND_RETURN} & set(power.acts)


def test_who_asks_for_a_settlement_shuts_the_host_down_himself() -> None:
    power = on_mains()
    power.hear(SettleAsked())
    assert power.supply is S.SHUTTING_DOWN
    assert power.state.reason == "ASKED"
    assert Act.SETTLE in power.acts
    assert Act.POWER_OFF_HOST not in power.acts


def test_a_ups_that_says_nothing_at_all_is_missed_by_the_clock_alone() -> None:
    power = on_mains()
    power.now_ms += 15_000
    power.hear(Tick())
    assert power.supply is S.COMM_LOST
    assert power.state.reason == "SILENT"


def test_an_old_sample_is_none() -> None:
    power = on_mains()
    for _ in range(16):
        power.now_ms += 1_000
        old = UpsSample(ups=UPS, flags=frozenset({"OL"}), age_s=power.now_ms / 1000 - 4)
        power.hear(old)
    assert power.supply is S.COMM_LOST


@pytest.mark.parametrize(
    ("runtime", "seconds"), [(None, 60), (1800, 60), (170, 50), (121, 15), (60, 15)]
)
def test_a_silent_battery_is_counted_down_from_its_last_runtime(
    runtime: int | None, seconds: int
) -> None:
    ups = Ups(name=UPS, heard_ms=0, since_ms=0, runtime_s=runtime)
    assert silence_s_max(ups, RULES) == seconds


# --- several UPSes


def test_the_weakest_ups_that_feeds_the_till_counts_and_is_named() -> None:
    power = Supplied(PowerRules(feeds=("a", "b")), names=("a", "b"))
    for _ in range(10):
        power.hear(said("OL", ups="a"))
        power.go(1, "OB", 80, 900, ups="b")
    assert (power.supply, power.state.ups) == (S.ON_BATTERY, "b")


def test_a_ups_that_does_not_feed_the_till_is_only_shown() -> None:
    power = Supplied(PowerRules(feeds=("a",)), names=("a", "router"))
    for _ in range(10):
        power.hear(said("OL", ups="a"))
        power.go(1, "OB LB", 2, 10, ups="router")
    assert power.supply is S.ONLINE
    assert power.of(ev.OutageBegan) == []
    shown = power.state.of("router")
    assert shown is not None
    assert shown.supply is S.SHUTTING_DOWN


def test_one_silent_ups_of_two_does_not_hide_the_other() -> None:
    power = Supplied(PowerRules(feeds=("a", "b")), names=("a", "b"))
    power.go(20, "OL", ups="a")
    assert (power.supply, power.state.ups) == (S.COMM_LOST, "b")


def test_without_a_ups_the_till_is_unprotected_and_says_nothing() -> None:
    rules = PowerRules(feeds=())
    came = step(begin((), 0), rules, Tick(), 1_000)
    assert came.state.supply is S.UNPROTECTED
    assert came.facts == ()
    assert came.acts == ()


# --- episodes


def test_an_outage_ends_when_the_mains_have_held_and_lasted_until_they_came() -> None:
    power = on_mains().go(90, "OB", 70, 1500).go(61, "OL", 70, 1500)
    (ended,) = power.of(ev.OutageEnded)
    assert ended == ev.OutageEnded(
        outage_id="outage/1", seconds=90, on_mains_s=60, charge_min_percent=70, flips=0
    )


def test_a_blip_that_nobody_saw_is_an_outage_in_the_journal() -> None:
    power = on_mains().go(1, "OB", 99, 1700).go(61, "OL")
    assert power.states == [S.ONLINE]
    (ended,) = power.of(ev.OutageEnded)
    assert isinstance(ended, ev.OutageEnded)
    assert ended.seconds == 1


def test_outages_further_apart_are_several() -> None:
    power = on_mains()
    for _ in range(3):
        power.go(10, "OB", 95, 1700).go(61, "OL", 95, 1700)
    assert [fact.outage_id for fact in power.of(ev.OutageBegan)] == [  # type: ignore[union-attr]
        "outage/1",
        "outage/2",
        "outage/3",
    ]


def test_an_outage_that_was_open_at_a_start_ends_when_the_mains_are_seen() -> None:
    power = on_mains()
    power.state = begin((UPS,), power.now_ms, outages_begun=4, is_out=True)
    power.go(30, None)
    assert power.of(ev.OutageEnded) == []
    power.go(61, "OL")
    assert power.of(ev.OutageBegan) == []
    (ended,) = power.of(ev.OutageEnded)
    assert isinstance(ended, ev.OutageEnded)
    assert ended.outage_id == "outage/4"


def test_a_shutdown_in_an_outage_leaves_it_open_for_the_next_start() -> None:
    power = on_mains().go(100, "OB LB", 10, 100).go(30, "OL", 10, 100)
    assert power.state.is_out
    assert power.of(ev.OutageEnded) == []


@pytest.mark.parametrize(
    ("status", "guess"),
    [
        ("OL", OutageCause.UNKNOWN),
        ("OL TRIM", OutageCause.VOLTAGE),
        ("OL BOOST", OutageCause.VOLTAGE),
        ("OL OVER", OutageCause.AGEING),
        ("OL RB", OutageCause.AGEING),
    ],
)
def test_the_cause_is_guessed_from_the_last_word_on_mains(status: str, guess: OutageCause) -> None:
    power = Supplied().go(5, status).go(1, "OB")
    (began,) = power.of(ev.OutageBegan)
    assert isinstance(began, ev.OutageBegan)
    assert began.guess is guess
