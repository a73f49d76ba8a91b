"""The till's power in the contract's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from tillhal.v1 import power_pb2 as pb
from tillhald.domain import events as ev
from tillhald.domain.outages import ADVICE, Advice, Battery, Drill, Outage, SelfTest
from tillhald.domain.supply import OutageCause, SelfTestKind, SelfTestResult, Supply
from tillhald.rpc.to_wire import timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tillhald.domain.outages import PowerBook, Totals
    from tillhald.domain.ups import Ups
    from tillhald.service.power import Point, Power
    from tillhald.service.settlement import Settled

# The contract's names are ours, in capitals.
SUPPLIES = cast(
    "dict[Supply, pb.Supply]", {each: pb.Supply.Value(f"SUPPLY_{each.name}") for each in Supply}
)
CAUSES = cast(
    "dict[OutageCause, pb.OutageCause]",
    {
        each: pb.OutageCause.Value(
            "OUTAGE_CAUSE_" + ("UNSPECIFIED" if each is OutageCause.UNKNOWN else each.name)
        )
        for each in OutageCause
    },
)
CAUSES_READ = {wire: cause for cause, wire in CAUSES.items()}
TEST_KINDS = cast(
    "dict[SelfTestKind, pb.SelfTestKind]",
    {each: pb.SelfTestKind.Value(f"SELF_TEST_KIND_{each.name}") for each in SelfTestKind},
)
TEST_KINDS_READ = {wire: kind for kind, wire in TEST_KINDS.items()}
_RESULTS = cast(
    "dict[SelfTestResult, pb.SelfTestResult]",
    {each: pb.SelfTestResult.Value(f"SELF_TEST_RESULT_{each.name}") for each in SelfTestResult},
)
_ADVICE = cast(
    "dict[Advice, pb.PowerAdvice]",
    {each: pb.PowerAdvice.Value(f"POWER_ADVICE_{each.name}") for each in Advice},
)
_SUSPEND_OFFERED = frozenset({Supply.ON_BATTERY, Supply.LOW_BATTERY, Supply.COMM_LOST_ON_BATTERY})


def status(power: Power, book: PowerBook) -> pb.PowerStatus:
    """As it is journalled, with the charge and the runtime of this moment.

    Of several UPSes another one may count meanwhile, in the same state: no fact tells of that.
    """
    is_as_told = power.state.supply is book.supply
    found = pb.PowerStatus(
        supply=SUPPLIES[book.supply],
        ups=power.state.ups if is_as_told else book.ups,
        reason=power.state.reason if is_as_told else book.why,
        refuses_sales=book.refuses_sales,
        suspend_offered=book.supply in _SUSPEND_OFFERED,
        outage_id=book.open_outage.outage_id if book.open_outage else "",
    )
    if book.since_ms:
        found.since_time.CopyFrom(timestamp(book.since_ms))
    now = power.state.of(power.state.ups)
    if now is not None and now.sample is not None:
        _charge(found, _whole(now.sample.charge_percent), now.sample.runtime_s)
    return found


def _charge(message: pb.PowerStatus, charge_percent: int | None, runtime_s: int | None) -> None:
    if charge_percent is not None:
        message.charge_percent = charge_percent
    if runtime_s is not None:
        message.runtime_s = runtime_s


def _whole(charge: float | None) -> int | None:
    return None if charge is None else int(charge)


def upses(power: Power, book: PowerBook) -> list[pb.Ups]:
    """Every UPS as it was last heard."""
    feeds = power.settings.rules.feeds
    found = []
    for ups in power.state.upses:
        fed = ups.name in feeds
        told = _ups(ups, power.heard_s_ago(ups), book.battery(ups.name), feeds_till=fed)
        source = power.source(ups.name)
        unchanged_s = source.unchanged_s(ups.name) if source else None
        if unchanged_s is not None:
            told.unchanged_s = unchanged_s
        found.append(told)
    return found


def _ups(ups: Ups, age_s: float, fitted: Battery | None, *, feeds_till: bool) -> pb.Ups:
    found = pb.Ups(
        name=ups.name,
        supply=SUPPLIES[ups.supply],
        reason=ups.reason,
        feeds_till=feeds_till,
        is_tested=ups.is_tested,
        age_s=age_s,
    )
    if fitted is not None:
        found.battery.CopyFrom(battery(fitted))
    sample = ups.sample
    if sample is None:
        return found
    found.flags.extend(sorted(sample.flags))
    found.test_result = sample.test_result
    for name in (
        "charge_percent",
        "runtime_s",
        "load_percent",
        "input_voltage",
        "battery_voltage",
    ):
        value = getattr(sample, name)
        if value is not None:
            setattr(found, name, value)
    return found


def outage(outage: Outage) -> pb.Outage:
    found = pb.Outage(
        outage_id=outage.outage_id,
        ups=outage.ups,
        seconds=outage.seconds,
        sales_kept=outage.sales_kept,
        flips=outage.flips,
        worst=SUPPLIES[outage.worst],
        guess=CAUSES[outage.guess],
        cause=CAUSES[outage.cause],
        note=outage.note,
        utility_ref=outage.utility_ref,
    )
    if outage.charge_min_percent is not None:
        found.charge_min_percent = outage.charge_min_percent
    if outage.began_ms:
        found.begin_time.CopyFrom(timestamp(outage.began_ms))
    if outage.ended_ms:
        found.end_time.CopyFrom(timestamp(outage.ended_ms))
    if outage.expected_back_ms:
        found.expected_back_time.CopyFrom(timestamp(outage.expected_back_ms))
    return found


def self_test(test: SelfTest) -> pb.SelfTest:
    found = pb.SelfTest(
        test_id=test.test_id,
        ups=test.ups,
        kind=TEST_KINDS[test.kind],
        result=_RESULTS[test.result],
        said=test.said,
    )
    if test.began_ms:
        found.begin_time.CopyFrom(timestamp(test.began_ms))
    if test.ended_ms:
        found.end_time.CopyFrom(timestamp(test.ended_ms))
    return found


def battery(battery: Battery) -> pb.Battery:
    return pb.Battery(
        ups=battery.ups,
        fitted_on=battery.fitted_on,
        serial=battery.serial,
        fitted_by=battery.fitted_by,
    )


def drill(drill: Drill) -> pb.Drill:
    return pb.Drill(
        end_time=timestamp(drill.ended_ms),
        took_ms=drill.took_ms,
        needed_s=drill.needed_s,
        lacks=[pb.DrillLack(code=lack.code, ups=lack.ups) for lack in drill.lacks],
    )


def advice_items(found: Iterable[Advice]) -> list[pb.PowerAdviceItem]:
    return [pb.PowerAdviceItem(code=_ADVICE[each], message=ADVICE[each]) for each in found]


def statistics(found: Totals) -> pb.OutageStatistics:
    return pb.OutageStatistics(
        last_30_days=found.last_30_days,
        last_365_days=found.last_365_days,
        seconds=found.seconds,
        longest_s=found.longest_s,
        sales_kept=found.sales_kept,
        shutdowns=found.shutdowns,
        by_cause=[
            pb.OutageCount(cause=CAUSES[cause], count=count)
            for cause, count in found.by_cause.items()
        ],
    )


def point(point: Point) -> pb.PowerPoint:
    found = pb.PowerPoint(time=timestamp(point.at_ms), supply=SUPPLIES[point.supply])
    if point.charge_percent is not None:
        found.charge_percent = point.charge_percent
    if point.runtime_s is not None:
        found.runtime_s = point.runtime_s
    if point.load_percent is not None:
        found.load_percent = point.load_percent
    return found


def settled(settled: Settled) -> pb.SettleResult:
    return pb.SettleResult(
        suspended_sale_ids=settled.suspended,
        open_sale_ids=settled.left_open,
        open_drawers=settled.drawers_open,
        jobs_left=settled.jobs_left,
        is_stored=settled.is_stored,
        took_ms=settled.took_ms,
    )


def changed(event: ev.PowerStateChanged, at_ms: int) -> pb.PowerStatus:
    """The state from the fact alone."""
    found = pb.PowerStatus(
        supply=SUPPLIES[event.supply],
        ups=event.ups,
        reason=event.why,
        since_time=timestamp(at_ms),
        refuses_sales=event.refuses_sales,
        suspend_offered=event.supply in _SUSPEND_OFFERED,
    )
    _charge(found, event.charge_percent, event.runtime_s)
    return found


def outage_changed(event: ev.AnyEvent, book: PowerBook, at_ms: int) -> pb.Outage | None:
    """An outage as the till holds it now, or what the fact alone says of it."""
    match event:
        case ev.OutageBegan(outage_id=outage_id):
            alone = Outage(outage_id=outage_id, ups=event.ups, began_ms=at_ms, guess=event.guess)
        case ev.OutageEnded(outage_id=outage_id):
            alone = Outage(
                outage_id=outage_id,
                ups="",
                began_ms=0,
                ended_ms=at_ms - event.on_mains_s * 1000,
                seconds=event.seconds,
                charge_min_percent=event.charge_min_percent,
                sales_kept=event.sales_kept,
                flips=event.flips,
            )
        case ev.OutageAnnotated(outage_id=outage_id):
            alone = Outage(
                outage_id=outage_id,
                ups="",
                began_ms=0,
                cause=event.cause,
                note=event.note,
                utility_ref=event.utility_ref,
                expected_back_ms=event.expected_back_ms,
            )
        case _:
            return None
    return outage(book.outage(outage_id) or alone)


def change(event: ev.AnyEvent, book: PowerBook, at_ms: int) -> pb.WatchPowerResponse | None:
    """What WatchPower says of a fact; None for one of something else."""
    match event:
        case ev.PowerStateChanged():
            return pb.WatchPowerResponse(power=changed(event, at_ms))
        case ev.OutageBegan() | ev.OutageEnded() | ev.OutageAnnotated():
            return pb.WatchPowerResponse(outage=outage_changed(event, book, at_ms))
        case ev.SelfTestBegan():
            begun = SelfTest(test_id=event.test_id, ups=event.ups, kind=event.kind, began_ms=at_ms)
            test = self_test(book.test(event.test_id) or begun)
            return pb.WatchPowerResponse(self_test=test)
        case ev.SelfTestEnded():
            held = book.test(event.test_id)
            alone = pb.SelfTest(
                test_id=event.test_id,
                ups=event.ups,
                result=_RESULTS[event.result],
                said=event.said,
                end_time=timestamp(at_ms),
            )
            return pb.WatchPowerResponse(self_test=self_test(held) if held else alone)
        case ev.BatteryReplaced():
            fitted = pb.Battery(
                ups=event.ups,
                fitted_on=event.fitted_on,
                serial=event.serial,
                fitted_by=event.fitted_by,
            )
            return pb.WatchPowerResponse(battery=fitted)
        case ev.DrillEnded():
            drilled = Drill(
                ended_ms=at_ms,
                took_ms=event.took_ms,
                needed_s=event.needed_s,
                lacks=event.lacks,
            )
            return pb.WatchPowerResponse(drill=drill(drilled))
        case _:
            return None
