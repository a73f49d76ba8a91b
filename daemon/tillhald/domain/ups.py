"""One UPS, judged by what it says and by a clock of our own.

Users of other software were shut down by stale data, by calibrations and by counters of the outage
before: see the tests, which are named for them.
"""

from __future__ import annotations

import enum

import msgspec
from msgspec.structs import replace

from tillhald.domain.power_sample import NoData, UpsSample, cleaned
from tillhald.domain.supply import Supply

RUNTIME_CLEAR_S = 60
"""Above the threshold by so much, a runtime is not low any more."""
VOLTAGE_ODD = frozenset({"TRIM", "BOOST"})


class Master(enum.StrEnum):
    """Who shuts the host down; there is one. UPSMON's SHUTDOWNCMD calls `tillctl power settle`."""

    TILL = "till"
    UPSMON = "upsmon"


class PowerThresholds(msgspec.Struct, frozen=True, kw_only=True):
    """Ours win over those that a UPS claims of itself. `shutdown_need_s` is what settling and
    halting the host take; `reserve_s` is kept beside it.
    """

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


class PowerRules(PowerThresholds, frozen=True, kw_only=True):
    """`feeds` are the UPSes that the till hangs on, by name; others are only shown."""

    feeds: tuple[str, ...]


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
    was_without_fsd: bool = False
    """Since the till's start. A server never takes FSD back by itself: one that was there before,
    on mains, is of a shutdown that is over, and would shut the till down at every start."""
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


def hear(ups: Ups, rules: PowerRules, heard: Heard, now_ms: int) -> Ups:
    """The UPS after something was heard, of it or of another. `now_ms` is monotonic."""
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
    is_new = ups.was_without_fsd or "OB" in flags
    ups = replace(ups, was_without_fsd=ups.was_without_fsd or "FSD" not in flags)
    if "FSD" in flags and is_new:
        heard = replace(ups, heard_ms=said_ms, why_silent="")
        return _now(heard, Supply.SHUTTING_DOWN, "FSD", now_ms)
    if not flags & {"OL", "OB", "OFF", "BYPASS"}:
        # "WAIT", or nothing: it says nothing of where the power comes from.
        return _silent(replace(ups, why_silent="NO_STATUS"), rules, now_ms)
    ups = replace(ups, heard_ms=said_ms, why_silent="")
    if "OFF" in flags and "OB" not in flags:
        ups = replace(ups, off_since_ms=_since(ups.off_since_ms, now_ms, is_so=True))
        if lasts(ups.off_since_ms, rules.off_confirm_s, now_ms):
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
    is_told = "LB" in sample.flags or lasts(
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
    if lasts(ups.low_flag_since_ms, rules.low_confirm_s, now_ms):
        return "LB"
    if sample.runtime_s is not None and sample.runtime_s <= rules.runtime_low_s:
        return "RUNTIME"
    if sample.charge_percent is not None and sample.charge_percent <= rules.charge_low_percent:
        return "CHARGE"
    if lasts(ups.battery_since_ms, rules.on_battery_s_max, now_ms):
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
    if is_last or lasts(ups.since_ms, rules.finish_sale_s, now_ms):
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
            is_held = lasts(ups.mains_since_ms, rules.mains_confirm_s, now_ms)
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
    if ups.supply is Supply.SHUTTING_DOWN or not lasts(ups.heard_ms, rules.comm_lost_s, now_ms):
        return ups
    why = ups.why_silent or "SILENT"
    if not ups.is_on_battery:
        return _now(ups, Supply.COMM_LOST, why, now_ms)
    if ups.supply is not Supply.LOW_BATTERY:
        ups = _now(ups, Supply.COMM_LOST_ON_BATTERY, why, now_ms)
    if rules.master is Master.TILL and lasts(ups.heard_ms, silence_s_max(ups, rules), now_ms):
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


def lasts(since_ms: int | None, for_s: int, now_ms: int) -> bool:
    """Whether something is so, and has been for so many seconds."""
    return since_ms is not None and now_ms - since_ms >= for_s * 1000
