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
from tillhald.domain.power_sample import NoData, UpsSample, cleaned
from tillhald.domain.supply import REFUSES_SALES, SEVERITY, OutageCause, Supply

RUNTIME_CLEAR_S = 60
"""Above the threshold by so much, a runtime is not low any more."""
OVERLOAD_TOLD_AFTER_MS = 30_000
WORN_TOLD_AFTER_MS = 24 * 3_600_000
"""Replace-battery flags come and go daily on some models; one that stays a day is believed."""
ASKED = "ASKED"
"""The reason of a shutdown that somebody else does, who had the till settle first."""
VOLTAGE_ODD = frozenset({"TRIM", "BOOST"})


class Master(enum.StrEnum):
    """Who shuts the host down; there is one. UPSMON's SHUTDOWNCMD calls `tillctl power settle`."""

    TILL = "till"
    UPSMON = "upsmon"


class PowerRules(msgspec.Struct, frozen=True, kw_only=True):
    """The thresholds. Ours win over those that a UPS claims of itself.

    `feeds` are the UPSes that the till hangs on, by name; others are only shown. `shutdown_need_s`
    is what settling and halting the host take; `reserve_s` is kept beside it.
    """

    feeds: tuple[str, ...]
    on_battery_confirm_s: int = 3
    mains_confirm_s: int = 10
    low_confirm_s: int = 5
    low_clear_percent: int = 10
    charge_low_percent: int = 20
    return_charge_percent: int = 15
    shutdown_need_s: int = 120
    reserve_s: int = 180
    on_battery_s_max: int = 600
    finish_sale_s: int = 45
    comm_lost_s: int = 15
    comm_lost_on_battery_s_max: int = 60
    off_confirm_s: int = 30
    outage_join_s: int = 60
    master: Master = Master.TILL

    @property
    def runtime_low_s(self) -> int:
        """With less than this, nothing new is begun."""
        return self.shutdown_need_s + self.reserve_s


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


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """Time has passed, and nothing was heard."""


class SettleAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever shuts this host down (upsmon, a person) asks the till to settle first."""


class UnderTest(msgspec.Struct, frozen=True, kw_only=True):
    """The till itself has begun a self-test: what that UPS says of batteries is expected."""

    ups: str


class NotUnderTest(msgspec.Struct, frozen=True, kw_only=True):
    """That test is over, or was given up."""

    ups: str


Heard = UpsSample | NoData | Tick | SettleAsked | UnderTest | NotUnderTest


class Ups(msgspec.Struct, frozen=True, kw_only=True):
    """One UPS as it is judged. Times are monotonic milliseconds; None: it is not so now.

    `is_on_battery` is what was last known, also while nothing is heard. `runtime_s` is the last
    one that could be true.
    """

    name: str
    heard_ms: int
    since_ms: int
    supply: Supply = Supply.INIT
    reason: str = ""
    sample: UpsSample | None = None
    why_silent: str = ""
    is_on_battery: bool = False
    is_tested: bool = False
    battery_since_ms: int | None = None
    mains_since_ms: int | None = None
    low_flag_since_ms: int | None = None
    off_since_ms: int | None = None
    worn_since_ms: int | None = None
    overload_since_ms: int | None = None
    runtime_s: int | None = None

    @property
    def charge_percent(self) -> float | None:
        """The last charge that was told."""
        return self.sample.charge_percent if self.sample else None


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
    upses = tuple(_heard(ups, rules, heard, now_ms) for ups in state.upses)
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


# --- one UPS


def _heard(ups: Ups, rules: PowerRules, heard: Heard, now_ms: int) -> Ups:
    match heard:
        case UpsSample(ups=ups.name):
            sample = cleaned(heard)
            said_ms = now_ms - round(sample.age_s * 1000)
            if said_ms <= now_ms - rules.comm_lost_s * 1000:
                return _silent(replace(ups, why_silent="STALE"), rules, now_ms)
            return _told(ups, rules, sample, said_ms, now_ms)
        case NoData(ups=ups.name, why=why):
            return _silent(replace(ups, why_silent=why), rules, now_ms)
        case UnderTest(ups=ups.name):
            return replace(ups, is_tested=True)
        case NotUnderTest(ups=ups.name):
            return replace(ups, is_tested=False)
        case _:
            return _silent(ups, rules, now_ms)


def _told(ups: Ups, rules: PowerRules, sample: UpsSample, said_ms: int, now_ms: int) -> Ups:
    flags = sample.flags
    ups = replace(
        ups,
        sample=sample,
        runtime_s=sample.runtime_s or ups.runtime_s,
        worn_since_ms=_since(ups.worn_since_ms, now_ms, is_so="RB" in flags),
        overload_since_ms=_since(ups.overload_since_ms, now_ms, is_so="OVER" in flags),
    )
    if "FSD" in flags:
        heard = replace(ups, heard_ms=said_ms, why_silent="")
        return _now(heard, Supply.SHUTTING_DOWN, "FSD", now_ms)
    if not flags & {"OL", "OB", "OFF", "BYPASS"}:
        # "WAIT", or nothing: it says nothing of where the power comes from.
        return _silent(replace(ups, why_silent="NO_STATUS"), rules, now_ms)
    ups = replace(ups, heard_ms=said_ms, why_silent="")
    if "OFF" in flags and "OB" not in flags:
        ups = replace(ups, off_since_ms=_since(ups.off_since_ms, now_ms, is_so=True))
        if _lasts(ups.off_since_ms, rules.off_confirm_s, now_ms):
            return _now(_on_mains(ups), Supply.UNPROTECTED, "OFF", now_ms)
        return _silent(ups, rules, now_ms)
    ups = replace(ups, off_since_ms=None)
    if "OB" in flags and not _is_shielded(ups, rules, sample):
        return _on_battery(ups, rules, sample, now_ms)
    return _fed(ups, rules, sample, now_ms)


def _is_shielded(ups: Ups, rules: PowerRules, sample: UpsSample) -> bool:
    """Whether OB is only a test. An outage under way does not become one; a charge at its floor
    is believed whatever the flags say: on some versions CAL is never cleared."""
    if ups.is_on_battery or not (ups.is_tested or "CAL" in sample.flags):
        return False
    if sample.charge_percent is None:
        return "LB" not in sample.flags
    return not _has_witness(rules, sample)


def _has_witness(rules: PowerRules, sample: UpsSample) -> bool:
    """A number that says by itself that the battery is nearly empty."""
    charge, runtime_s = sample.charge_percent, sample.runtime_s
    return (charge is not None and charge <= rules.charge_low_percent) or (
        runtime_s is not None and runtime_s <= rules.reserve_s
    )


def _on_battery(ups: Ups, rules: PowerRules, sample: UpsSample, now_ms: int) -> Ups:
    ups = replace(
        ups,
        is_on_battery=True,
        mains_since_ms=None,
        battery_since_ms=_since(ups.battery_since_ms, now_ms, is_so=True),
        low_flag_since_ms=_since(ups.low_flag_since_ms, now_ms, is_so="LB" in sample.flags),
    )
    if ups.supply is Supply.SHUTTING_DOWN:
        return ups
    is_told = "LB" in sample.flags or _lasts(
        ups.battery_since_ms, rules.on_battery_confirm_s, now_ms
    )
    if not is_told:
        return ups
    low = _why_low(ups, rules, sample, now_ms)
    is_low = ups.supply is Supply.LOW_BATTERY
    if is_low and not low and not _is_clear_of_low(rules, sample):
        low = ups.reason
    if not low:
        return _now(ups, Supply.ON_BATTERY, "OB", now_ms)
    if not is_low:
        ups = _now(ups, Supply.LOW_BATTERY, low, now_ms)
    return _budget(ups, rules, now_ms)


def _why_low(ups: Ups, rules: PowerRules, sample: UpsSample, now_ms: int) -> str:
    """What says that the battery is low; empty when nothing does."""
    if "LB" in sample.flags and _has_witness(rules, sample):
        return "LB_AND_WITNESS"
    if _lasts(ups.low_flag_since_ms, rules.low_confirm_s, now_ms):
        return "LB"
    if sample.runtime_s is not None and sample.runtime_s <= rules.runtime_low_s:
        return "RUNTIME"
    if sample.charge_percent is not None and sample.charge_percent <= rules.charge_low_percent:
        return "CHARGE"
    if _lasts(ups.battery_since_ms, rules.on_battery_s_max, now_ms):
        return "STOP_WATCH"
    return ""


def _is_clear_of_low(rules: PowerRules, sample: UpsSample) -> bool:
    """Low is forgotten on battery only where numbers, clear of their thresholds, speak for it."""
    charge, runtime_s = sample.charge_percent, sample.runtime_s
    return (
        "LB" not in sample.flags
        and charge is not None
        and charge > rules.charge_low_percent + rules.low_clear_percent
        and (runtime_s is None or runtime_s > rules.runtime_low_s + RUNTIME_CLEAR_S)
    )


def _budget(ups: Ups, rules: PowerRules, now_ms: int) -> Ups:
    """The sale in hand has its grace, unless there is no time left even for that."""
    if rules.master is Master.UPSMON:
        return ups
    sample = ups.sample
    is_last = (
        sample is not None
        and "LB" in sample.flags
        and sample.runtime_s is not None
        and sample.runtime_s <= rules.shutdown_need_s
    )
    if is_last or _lasts(ups.since_ms, rules.finish_sale_s, now_ms):
        return _now(ups, Supply.SHUTTING_DOWN, "NO_TIME" if is_last else "GRACE_OVER", now_ms)
    return ups


def _on_mains(ups: Ups) -> Ups:
    return replace(ups, is_on_battery=False, battery_since_ms=None, low_flag_since_ms=None)


def _fed(ups: Ups, rules: PowerRules, sample: UpsSample, now_ms: int) -> Ups:
    """Mains, or a bypass: LB without OB is advice, and so is everything else."""
    ups = replace(_on_mains(ups), mains_since_ms=_since(ups.mains_since_ms, now_ms, is_so=True))
    if "BYPASS" in sample.flags and not sample.flags & VOLTAGE_ODD:
        return _now(ups, Supply.UNPROTECTED, "BYPASS", now_ms)
    charge = sample.charge_percent
    is_flat = charge is not None and charge < rules.return_charge_percent
    match ups.supply:
        case Supply.ONLINE:
            return ups
        case Supply.ON_BATTERY | Supply.LOW_BATTERY | Supply.COMM_LOST_ON_BATTERY:
            return _now(ups, Supply.RECOVERING, "OL", now_ms)
        case Supply.RECOVERING:
            is_held = _lasts(ups.mains_since_ms, rules.mains_confirm_s, now_ms)
            return ups if is_flat or not is_held else _now(ups, Supply.ONLINE, "OL", now_ms)
        case _ if is_flat and not ups.is_tested and "CAL" not in sample.flags:
            return _now(ups, Supply.RECOVERING, "FLAT_BATTERY", now_ms)
        case _:
            # Also from SHUTTING_DOWN: this UPS is well again, the till's own latch stays.
            return _now(ups, Supply.ONLINE, "OL", now_ms)


def _silent(ups: Ups, rules: PowerRules, now_ms: int) -> Ups:
    """Nothing was heard: what was last known counts, and time goes on."""
    if ups.supply is Supply.LOW_BATTERY:
        ups = _budget(ups, rules, now_ms)
    if ups.supply is Supply.SHUTTING_DOWN or not _lasts(ups.heard_ms, rules.comm_lost_s, now_ms):
        return ups
    why = ups.why_silent or "SILENT"
    if not ups.is_on_battery:
        return _now(ups, Supply.COMM_LOST, why, now_ms)
    if ups.supply is not Supply.LOW_BATTERY:
        ups = _now(ups, Supply.COMM_LOST_ON_BATTERY, why, now_ms)
    if rules.master is Master.TILL and _lasts(ups.heard_ms, silence_s_max(ups, rules), now_ms):
        return _now(ups, Supply.SHUTTING_DOWN, "SILENT_ON_BATTERY", now_ms)
    return ups


def silence_s_max(ups: Ups, rules: PowerRules) -> int:
    """How long a UPS that was on battery may be silent: a stop-watch from its last runtime."""
    longest = rules.comm_lost_on_battery_s_max
    if ups.runtime_s is not None:
        longest = min(longest, ups.runtime_s - rules.shutdown_need_s)
    return max(longest, rules.comm_lost_s)


def _now(ups: Ups, supply: Supply, reason: str, now_ms: int) -> Ups:
    if supply is ups.supply:
        return ups
    return replace(ups, supply=supply, reason=reason, since_ms=now_ms)


def _since(since_ms: int | None, now_ms: int, *, is_so: bool) -> int | None:
    if not is_so:
        return None
    return now_ms if since_ms is None else since_ms


def _lasts(since_ms: int | None, for_s: int, now_ms: int) -> bool:
    return since_ms is not None and now_ms - since_ms >= for_s * 1000


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
    if not state.is_out or back_ms is None or not _lasts(back_ms, rules.outage_join_s, now_ms):
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
