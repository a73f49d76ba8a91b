"""Whatever UPSes say, in any order and at any pace: what must never happen does not."""

from __future__ import annotations

from typing import NamedTuple

import hypothesis.strategies as st
from hypothesis import given, settings

from tests.support.supply import UPS
from tillhald.domain import events as ev
from tillhald.domain.evolve import apply
from tillhald.domain.power import Act, Step, begin, step
from tillhald.domain.power_sample import NoData, UpsSample
from tillhald.domain.state import TillState, decode_state, encode_state
from tillhald.domain.supply import Supply
from tillhald.domain.ups import (
    Heard,
    Master,
    NotUnderTest,
    PowerRules,
    SettleAsked,
    Tick,
    UnderTest,
)

OTHER = "other_ups"
WORDS = ("OL OB LB RB CHRG DISCHRG BYPASS CAL OFF OVER TRIM BOOST FSD ALARM WAIT X").split()

names = st.sampled_from([UPS, OTHER, "nobody"])
numbers = st.none() | st.floats(-10, 200) | st.sampled_from([0.0, 100.0, float("nan")])
runtimes = st.none() | st.integers(-5, 700) | st.sampled_from([0, 65_535, 10**9])


def samples(words: tuple[str, ...] | list[str] = WORDS) -> st.SearchStrategy[UpsSample]:
    return st.builds(
        UpsSample,
        ups=names,
        flags=st.frozensets(st.sampled_from(list(words)), max_size=5),
        charge_percent=numbers,
        runtime_s=runtimes,
        load_percent=numbers,
        age_s=st.sampled_from([0.0, 0.0, 1.0, 20.0, -3.0]),
    )


heard = st.one_of(
    samples(),
    samples(["OL", "OB", "LB"]),
    st.builds(NoData, ups=names),
    st.just(Tick()),
    st.builds(UnderTest, ups=names),
    st.builds(NotUnderTest, ups=names),
)
pauses = st.sampled_from([0, 1, 200, 1_000, 1_000, 2_000, 5_000, 15_000, 46_000, 700_000])


class Turn(NamedTuple):
    heard: Heard
    pause_ms: int


turns = st.lists(st.builds(Turn, heard, pauses), max_size=60)
rules_of = st.builds(
    PowerRules,
    feeds=st.sampled_from([(), (UPS,), (UPS, OTHER)]),
    master=st.sampled_from(Master),
    finish_sale_s=st.sampled_from([0, 45]),
    comm_lost_s=st.sampled_from([1, 15]),
    return_charge_percent=st.sampled_from([0, 15]),
)


def run(rules: PowerRules, said: list[Turn], *, outages_begun: int = 0) -> list[Step]:
    now_ms = 1_000_000
    state = begin((UPS, OTHER), now_ms, outages_begun=outages_begun)
    steps = []
    for turn in said:
        now_ms += turn.pause_ms
        came = step(state, rules, turn.heard, now_ms)
        steps.append(came)
        state = came.state
    return steps


@given(rules_of, turns)
@settings(max_examples=400, deadline=None)
def test_no_sequence_raises_and_shutting_down_is_never_left(
    rules: PowerRules, said: list[Turn]
) -> None:
    latched = False
    for came in run(rules, said):
        assert came.state.is_latched >= latched
        latched = came.state.is_latched
        assert latched == (came.state.supply is Supply.SHUTTING_DOWN)


@given(rules_of, turns)
@settings(max_examples=300, deadline=None)
def test_a_shutdown_always_ends_with_one_cut_and_return(
    rules: PowerRules, said: list[Turn]
) -> None:
    steps = run(rules, said)
    acts = [act for came in steps for act in came.acts]
    is_ours = rules.master is Master.TILL
    if steps and steps[-1].state.is_latched:
        assert acts.count(Act.SETTLE) == 1
        assert acts.count(Act.UPS_CUT_AND_RETURN) == acts.count(Act.POWER_OFF_HOST) == is_ours
        if is_ours:
            assert acts.index(Act.SETTLE) < acts.index(Act.POWER_OFF_HOST)
            assert acts[-1] is Act.UPS_CUT_AND_RETURN
    else:
        assert not {Act.SETTLE, Act.POWER_OFF_HOST, Act.UPS_CUT_AND_RETURN} & set(acts)


@given(rules_of, turns)
@settings(max_examples=300, deadline=None)
def test_nothing_is_sold_on_a_low_battery(rules: PowerRules, said: list[Turn]) -> None:
    refusing = {Supply.LOW_BATTERY, Supply.COMM_LOST_ON_BATTERY, Supply.SHUTTING_DOWN}
    refuses = False
    for came in run(rules, said):
        for fact in came.facts:
            if isinstance(fact, ev.PowerStateChanged):
                refuses = fact.refuses_sales
        # What the journal says last is what the till does.
        assert refuses == came.state.refuses_sales
        if came.state.supply in refusing:
            assert refuses


on_mains = st.lists(
    st.builds(
        Turn,
        st.one_of(
            st.builds(
                UpsSample,
                ups=st.just(UPS),
                flags=st.frozensets(
                    st.sampled_from(["LB", "RB", "CAL", "OVER", "CHRG", "ALARM", "TRIM"])
                ).map(lambda words: words | {"OL"}),
                charge_percent=numbers,
                runtime_s=runtimes,
            ),
            st.builds(NoData, ups=st.just(UPS)),
            st.just(Tick()),
        ),
        pauses,
    ),
    max_size=60,
)


@given(on_mains)
@settings(max_examples=300, deadline=None)
def test_a_ups_that_is_lost_on_mains_never_shuts_the_till_down(said: list[Turn]) -> None:
    steps = run(PowerRules(feeds=(UPS,)), said)
    assert all(came.state.supply is not Supply.SHUTTING_DOWN for came in steps)
    assert not any(isinstance(fact, ev.OutageBegan) for came in steps for fact in came.facts)


@given(
    st.lists(st.tuples(st.integers(1, 20), st.integers(1, 55)), min_size=50, max_size=50),
    st.sampled_from(["OB", "OB DISCHRG", "OB LB"]),
)
@settings(max_examples=50, deadline=None)
def test_a_supply_that_flaps_fifty_times_is_in_one_outage(
    flips: list[tuple[int, int]], status: str
) -> None:
    said = [
        Turn(UpsSample(ups=UPS, flags=frozenset(words.split()), charge_percent=90.0), 1_000)
        for off_s, on_s in flips
        for words, seconds in ((status, off_s), ("OL", on_s))
        for _ in range(seconds)
    ]
    steps = run(PowerRules(feeds=(UPS,)), said)
    facts = [fact for came in steps for fact in came.facts]
    assert sum(isinstance(fact, ev.OutageBegan) for fact in facts) == 1
    assert sum(isinstance(fact, ev.OutageEnded) for fact in facts) == 0


@given(rules_of, turns, st.booleans())
@settings(max_examples=150, deadline=None)
def test_the_journal_tells_the_same_story(
    rules: PowerRules, said: list[Turn], is_asked: bool
) -> None:
    """Replayed, the facts give the state that the rules had, and an outage is open in both."""
    if is_asked:
        said = [*said, Turn(SettleAsked(), 10)]
    state, seq = TillState(), 0
    for came in run(rules, said):
        if came.facts:
            seq += 1
            state = apply(state, ev.Record(wall_ms=1_000 + seq, events=came.facts), seq)
        assert state.power.refuses_sales == came.state.refuses_sales
        assert (state.power.open_outage is not None) == came.state.is_out
        assert state.power.outages_begun == came.state.outages_begun
        if seq:
            heard_of = [f for f in came.facts if isinstance(f, ev.PowerStateChanged)]
            assert not heard_of or state.power.supply is came.state.supply
    assert decode_state(encode_state(state)) == state
