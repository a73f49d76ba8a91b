"""What the till does about its power: a pure reducer over what its UPSes say.

`step(state, rules, heard, now_ms)` gives the next state, facts for the journal, and acts for the
shell, which does them only after the facts are durable. `now_ms` is a monotonic clock, and the only
one: a UPS's own counters lie (see the tests, which are named for the users who suffered).

Each UPS is judged by itself; the till is as weak as the weakest of those that feed it.
"""

from __future__ import annotations

import enum

import msgspec
from msgspec.structs import replace

from tillhald.domain import events as ev
from tillhald.domain.supply import REFUSES_SALES, SEVERITY, OutageCause, Supply
from tillhald.domain.ups import (
    VOLTAGE_ODD,
    Heard,
    Master,
    PowerRules,
    SettleAsked,
    Ups,
    hear,
    lasts,
)

OVERLOAD_TOLD_AFTER_MS = 30_000
WORN_TOLD_AFTER_MS = 24 * 3_600_000
"""Replace-battery flags come and go daily on some models; one that stays a day is believed."""
ASKED = "ASKED"
"""The reason of a shutdown that somebody else does, who had the till settle first."""


class Act(enum.Enum):
    """What the shell is to do, in this order, after the facts of the same step are durable."""

    OFFER_SUSPEND = "offer_suspend"
    REFUSE_NEW_SALES = "refuse_new_sales"
    TAKE_NEW_SALES = "take_new_sales"
    SNAPSHOT = "snapshot"
    CALL_TECHNICIAN = "call_technician"
    SETTLE = "settle"
    POWER_OFF_HOST = "power_off_host"
    UPS_CUT_AND_RETURN = "ups_cut_and_return"


class PowerState(msgspec.Struct, frozen=True, kw_only=True):
    """All that the rules remember. `supply`, `ups` and `reason` are the weakest feed's."""

    upses: tuple[Ups, ...]
    supply: Supply = Supply.INIT
    ups: str = ""
    reason: str = ""
    since_ms: int = 0
    refuses_sales: bool = False
    is_latched: bool = False
    outages_begun: int = 0
    is_out: bool = False
    """An outage is open: mains may be back, and not for long enough yet."""
    out_since_ms: int = 0
    back_since_ms: int | None = None
    flips: int = 0
    charge_min_percent: float | None = None

    def of(self, name: str) -> Ups | None:
        """The UPS of this name."""
        return next((ups for ups in self.upses if ups.name == name), None)

    @property
    def outage_id(self) -> str:
        """The open outage's id, or the last one's."""
        return outage_id(self.outages_begun)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one thing heard."""

    state: PowerState
    facts: tuple[ev.AnyEvent, ...] = ()
    acts: tuple[Act, ...] = ()


def outage_id(number: int) -> str:
    """The till's own name for its outage of this number, from 1."""
    return f"outage/{number}"


def begin(
    names: tuple[str, ...], now_ms: int, *, outages_begun: int = 0, is_out: bool = False
) -> PowerState:
    """The state before anything was heard; `is_out` if an outage was open when the till stopped."""
    upses = tuple(Ups(name=name, heard_ms=now_ms, since_ms=now_ms) for name in names)
    return PowerState(
        upses=upses,
        since_ms=now_ms,
        outages_begun=outages_begun,
        is_out=is_out,
        out_since_ms=now_ms,
        supply=Supply.INIT if names else Supply.UNPROTECTED,
    )


def step(state: PowerState, rules: PowerRules, heard: Heard, now_ms: int) -> Step:
    """The state after `heard`, with what is to be recorded and done. Never raises."""
    upses = tuple(hear(ups, rules, heard, now_ms) for ups in state.upses)
    after = replace(state, upses=upses)
    after, outage_facts = _outage(state, after, rules, now_ms)
    after = _weakest(after, rules, now_ms, is_asked=isinstance(heard, SettleAsked))
    facts = list(outage_facts)
    if (after.supply, after.refuses_sales) != (state.supply, state.refuses_sales):
        facts.append(_changed(state, after))
    ended = _ended(after, rules, now_ms)
    if ended is not None:
        facts.append(ended)
        after = replace(after, is_out=False)
    return Step(state=after, facts=tuple(facts), acts=_acts(state, after, rules))


# --- the till


def _feeding(state: PowerState, rules: PowerRules) -> list[Ups]:
    return [ups for ups in state.upses if ups.name in rules.feeds]


def _weakest(state: PowerState, rules: PowerRules, now_ms: int, *, is_asked: bool) -> PowerState:
    """The till's own supply; SHUTTING_DOWN is never left."""
    feeding = _feeding(state, rules)
    if state.is_latched:
        return state
    if is_asked:
        supply, name, reason = Supply.SHUTTING_DOWN, state.ups, ASKED
    elif feeding:
        weakest = max(feeding, key=lambda ups: SEVERITY[ups.supply])
        supply, name, reason = weakest.supply, weakest.name, weakest.reason
    else:
        supply, name, reason = Supply.UNPROTECTED, "", "NO_UPS"
    refuses = supply in REFUSES_SALES or (
        supply is Supply.RECOVERING and any(_is_too_flat(ups, rules) for ups in feeding)
    )
    return replace(
        state,
        supply=supply,
        ups=name,
        reason=reason,
        since_ms=state.since_ms if supply is state.supply else now_ms,
        refuses_sales=refuses,
        is_latched=supply is Supply.SHUTTING_DOWN,
    )


def _is_too_flat(ups: Ups, rules: PowerRules) -> bool:
    charge = ups.charge_percent
    is_recovering = ups.supply is Supply.RECOVERING
    return is_recovering and charge is not None and charge < rules.return_charge_percent


def _changed(before: PowerState, after: PowerState) -> ev.PowerStateChanged:
    ups = after.of(after.ups)
    return ev.PowerStateChanged(
        supply=after.supply,
        before=before.supply,
        ups=after.ups,
        why=after.reason,
        charge_percent=whole_percent(ups.charge_percent if ups else None),
        runtime_s=ups.sample.runtime_s if ups and ups.sample else None,
        refuses_sales=after.refuses_sales,
    )


def _acts(before: PowerState, after: PowerState, rules: PowerRules) -> tuple[Act, ...]:
    acts: list[Act] = []
    if after.refuses_sales != before.refuses_sales:
        acts.append(Act.REFUSE_NEW_SALES if after.refuses_sales else Act.TAKE_NEW_SALES)
    if after.supply is not before.supply:
        match after.supply:
            case Supply.ON_BATTERY:
                acts.append(Act.OFFER_SUSPEND)
            case Supply.LOW_BATTERY:
                acts.append(Act.SNAPSHOT)
            case Supply.COMM_LOST | Supply.COMM_LOST_ON_BATTERY | Supply.UNPROTECTED:
                acts.append(Act.CALL_TECHNICIAN)
            case Supply.SHUTTING_DOWN if rules.master is Master.UPSMON or after.reason == ASKED:
                acts.append(Act.SETTLE)
            case Supply.SHUTTING_DOWN:
                # Power that comes back now cannot stop this: a host that is down on mains would
                # stay down. The UPS cuts and returns, and the host boots.
                acts += [Act.SETTLE, Act.POWER_OFF_HOST, Act.UPS_CUT_AND_RETURN]
            case _:
                pass  # being well needs no deed
    return tuple(acts)


# --- outages


def _outage(
    before: PowerState, after: PowerState, rules: PowerRules, now_ms: int
) -> tuple[PowerState, list[ev.AnyEvent]]:
    """Open an episode at the first word of a battery; a supply that flaps is in one episode."""
    on_battery = [ups for ups in _feeding(after, rules) if ups.is_on_battery]
    if not on_battery:
        # An outage that was open at a start may be over only once somebody says so.
        is_known = all(ups.mains_since_ms is not None for ups in _feeding(after, rules))
        if after.is_out and after.back_since_ms is None and is_known:
            after = replace(after, back_since_ms=now_ms)
        return after, []
    charges = [ups.charge_percent for ups in on_battery if ups.charge_percent is not None]
    if after.is_out:
        if after.charge_min_percent is not None:
            charges.append(after.charge_min_percent)
        return replace(
            after,
            back_since_ms=None,
            flips=after.flips + (after.back_since_ms is not None),
            charge_min_percent=min(charges, default=None),
        ), []
    ups = on_battery[0]
    number = after.outages_begun + 1
    began = ev.OutageBegan(
        outage_id=outage_id(number),
        ups=ups.name,
        charge_percent=whole_percent(ups.charge_percent),
        runtime_s=ups.runtime_s,
        guess=_guess(before.of(ups.name)),
    )
    return replace(
        after,
        outages_begun=number,
        is_out=True,
        out_since_ms=now_ms,
        back_since_ms=None,
        flips=0,
        charge_min_percent=min(charges, default=None),
    ), [began]


def _guess(ups: Ups | None) -> OutageCause:
    """From what it said on mains, just before. A person knows better."""
    flags = ups.sample.flags if ups and ups.sample else frozenset()
    if flags & VOLTAGE_ODD:
        return OutageCause.VOLTAGE
    if flags & {"OVER", "RB"}:
        return OutageCause.AGEING
    return OutageCause.UNKNOWN


def _ended(state: PowerState, rules: PowerRules, now_ms: int) -> ev.OutageEnded | None:
    back_ms = state.back_since_ms
    if not state.is_out or back_ms is None or not lasts(back_ms, rules.outage_join_s, now_ms):
        return None
    return ev.OutageEnded(
        outage_id=state.outage_id,
        seconds=(back_ms - state.out_since_ms) // 1000,
        on_mains_s=(now_ms - back_ms) // 1000,
        charge_min_percent=whole_percent(state.charge_min_percent),
        flips=state.flips,
    )


def whole_percent(charge: float | None) -> int | None:
    """For the journal: nobody needs the tenths, and it has no floats."""
    return None if charge is None else int(charge)
