"""The till's record of its power: outages as episodes, self-tests, batteries; what they add up to.

The state holds the latest of each; the journal has them all.
"""

from __future__ import annotations

import datetime
import enum
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from tillhald.domain import events as ev
from tillhald.domain.sale import UNDER_WAY
from tillhald.domain.supply import SEVERITY, Lack, OutageCause, SelfTestKind, SelfTestResult, Supply

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tillhald.domain.sale import Sale

OUTAGES_KEPT_MAX = 100
"""In the state, newest last; earlier ones are read in the journal."""
SELF_TESTS_KEPT_MAX = 50
BATTERIES_KEPT_MAX = 20
DRILLS_KEPT_MAX = 20

DAY_MS = 86_400_000
MONTH_MS = 30 * DAY_MS
YEAR_MS = 365 * DAY_MS
BEARABLE_A_MONTH_MAX = 3
"""More outages than this within 30 days call for better backup power."""
BATTERY_DAYS_MAX = 3 * 365
"""Lead-acid batteries of small UPSes last three to five years."""
QUICK_TEST_DAYS = 30
DEEP_TEST_DAYS = 365
OVERDUE_DAYS = 7
LOAD_PERCENT_WANTED_MAX = 80
POWER_NOTE = "power"
"""The note of a sale that was put aside because the power went."""


class Outage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One episode. `ended_ms` is when the mains came back to stay, 0 while it is open; `worst` is
    the furthest that it came; `sales_kept` counts sales completed in it."""

    outage_id: str
    ups: str
    began_ms: int
    ended_ms: int = 0
    seconds: int = 0
    charge_percent: int | None = None
    charge_min_percent: int | None = None
    runtime_s: int | None = None
    sales_kept: int = 0
    flips: int = 0
    receipts_before: int = 0
    worst: Supply = Supply.ONLINE
    guess: OutageCause = OutageCause.UNKNOWN
    cause: OutageCause = OutageCause.UNKNOWN
    note: str = ""
    utility_ref: str = ""
    expected_back_ms: int = 0
    seq: int = 0

    @property
    def is_open(self) -> bool:
        return self.ended_ms == 0


class SelfTest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One self-test that the till asked for. `said` is the UPS's own word on it."""

    test_id: str
    ups: str
    kind: SelfTestKind
    began_ms: int
    ended_ms: int = 0
    result: SelfTestResult = SelfTestResult.RUNNING
    said: str = ""
    seq: int = 0


class Battery(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A battery that was fitted. `fitted_on` is a date, YYYY-MM-DD."""

    ups: str
    fitted_on: str
    serial: str = ""
    fitted_by: str = ""
    recorded_ms: int = 0
    seq: int = 0


class Drill(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A shutdown that was rehearsed up to the cut."""

    ended_ms: int
    took_ms: int
    needed_s: int
    lacks: tuple[Lack, ...] = ()
    seq: int = 0


class PowerBook(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the state knows of power. Without a UPS it stays as it is here."""

    supply: Supply = Supply.UNPROTECTED
    ups: str = ""
    why: str = ""
    since_ms: int = 0
    charge_percent: int | None = None
    runtime_s: int | None = None
    refuses_sales: bool = False
    outages_begun: int = 0
    outages: tuple[Outage, ...] = ()
    tests: tuple[SelfTest, ...] = ()
    batteries: tuple[Battery, ...] = ()
    drills: tuple[Drill, ...] = ()

    @property
    def open_outage(self) -> Outage | None:
        """The outage that is not over."""
        last = self.outages[-1] if self.outages else None
        return last if last is not None and last.is_open else None

    @property
    def running_test(self) -> SelfTest | None:
        """The self-test that has begun and not ended; there is at most one."""
        running = (test for test in self.tests if test.result is SelfTestResult.RUNNING)
        return next(running, None)

    def outage(self, outage_id: str) -> Outage | None:
        return next((o for o in self.outages if o.outage_id == outage_id), None)

    def test(self, test_id: str) -> SelfTest | None:
        return next((t for t in self.tests if t.test_id == test_id), None)

    def battery(self, ups: str) -> Battery | None:
        """The one that is in the UPS now, as far as anybody recorded it."""
        return next((b for b in reversed(self.batteries) if b.ups == ups), None)


PowerFact = (
    ev.PowerStateChanged
    | ev.OutageBegan
    | ev.OutageEnded
    | ev.OutageAnnotated
    | ev.SelfTestBegan
    | ev.SelfTestEnded
    | ev.BatteryReplaced
    | ev.DrillEnded
)


def book_after(book: PowerBook, event: PowerFact, at_ms: int, seq: int, receipts: int) -> PowerBook:
    """The book after a fact. `receipts` is how many receipts the till has given so far."""
    match event:
        case ev.PowerStateChanged():
            return replace(
                book,
                supply=event.supply,
                ups=event.ups,
                why=event.why,
                since_ms=book.since_ms if event.supply is book.supply else at_ms,
                charge_percent=event.charge_percent,
                runtime_s=event.runtime_s,
                refuses_sales=event.refuses_sales,
                outages=_worse(book.outages, event, seq),
            )
        case ev.OutageBegan():
            outage = Outage(
                outage_id=event.outage_id,
                ups=event.ups,
                began_ms=at_ms,
                charge_percent=event.charge_percent,
                charge_min_percent=event.charge_percent,
                runtime_s=event.runtime_s,
                guess=event.guess,
                receipts_before=receipts,
                seq=seq,
            )
            kept = (*book.outages, outage)[-OUTAGES_KEPT_MAX:]
            return replace(book, outages=kept, outages_begun=book.outages_begun + 1)
        case ev.SelfTestBegan():
            test = SelfTest(
                test_id=event.test_id, ups=event.ups, kind=event.kind, began_ms=at_ms, seq=seq
            )
            return replace(book, tests=(*book.tests, test)[-SELF_TESTS_KEPT_MAX:])
        case ev.SelfTestEnded():
            tests = tuple(
                replace(t, ended_ms=at_ms, result=event.result, said=event.said, seq=seq)
                if t.test_id == event.test_id
                else t
                for t in book.tests
            )
            return replace(book, tests=tests)
        case ev.BatteryReplaced():
            battery = Battery(
                ups=event.ups,
                fitted_on=event.fitted_on,
                serial=event.serial,
                fitted_by=event.fitted_by,
                recorded_ms=at_ms,
                seq=seq,
            )
            return replace(book, batteries=(*book.batteries, battery)[-BATTERIES_KEPT_MAX:])
        case ev.DrillEnded():
            drill = Drill(
                ended_ms=at_ms,
                took_ms=event.took_ms,
                needed_s=event.needed_s,
                lacks=event.lacks,
                seq=seq,
            )
            return replace(book, drills=(*book.drills, drill)[-DRILLS_KEPT_MAX:])
        case ev.OutageEnded() | ev.OutageAnnotated():
            outages = tuple(
                _outage_after(o, event, at_ms, seq) if o.outage_id == event.outage_id else o
                for o in book.outages
            )
            return replace(book, outages=outages)


def _worse(
    outages: tuple[Outage, ...], event: ev.PowerStateChanged, seq: int
) -> tuple[Outage, ...]:
    """How far the open outage has come. The rules forget its lowest charge when the till goes down
    in it, and hear of none after the start: on mains the battery charges."""
    if not outages or not outages[-1].is_open:
        return outages
    last = outages[-1]
    is_on_battery = SEVERITY[event.supply] >= SEVERITY[Supply.ON_BATTERY]
    told = (last.charge_min_percent, event.charge_percent if is_on_battery else None)
    after = replace(
        last,
        worst=max(last.worst, event.supply, key=SEVERITY.__getitem__),
        charge_min_percent=min((c for c in told if c is not None), default=None),
    )
    return outages if after == last else (*outages[:-1], replace(after, seq=seq))


def _outage_after(
    outage: Outage, event: ev.OutageEnded | ev.OutageAnnotated, at_ms: int, seq: int
) -> Outage:
    if isinstance(event, ev.OutageAnnotated):
        return replace(
            outage,
            cause=event.cause,
            note=event.note,
            utility_ref=event.utility_ref,
            expected_back_ms=event.expected_back_ms,
            seq=seq,
        )
    return replace(
        outage,
        ended_ms=max(at_ms - event.on_mains_s * 1000, outage.began_ms + 1),
        seconds=event.seconds,
        charge_min_percent=event.charge_min_percent,
        sales_kept=event.sales_kept,
        flips=event.flips,
        seq=seq,
    )


# --- facts that only the whole state can complete


def ended_whole(
    ended: ev.OutageEnded, book: PowerBook, receipts: int, at_ms: int, *, is_of_this_run: bool
) -> ev.OutageEnded:
    """The fact with what was sold meanwhile. An outage that began before this run, whose own
    stop-watch the rules have not, lasted by the wall clock."""
    outage = book.outage(ended.outage_id)
    if outage is None:
        return ended
    seconds = ended.seconds
    if not is_of_this_run:
        seconds = max(0, (at_ms - outage.began_ms) // 1000 - ended.on_mains_s)
    charges = (ended.charge_min_percent, outage.charge_min_percent)
    return replace(
        ended,
        seconds=seconds,
        sales_kept=max(0, receipts - outage.receipts_before),
        charge_min_percent=min((c for c in charges if c is not None), default=None),
    )


def startup_power_facts(
    book: PowerBook, receipts: int, at_ms: int, *, has_ups: bool
) -> list[ev.AnyEvent]:
    """What a start says of power: nothing is known yet, and a test under way is lost sight of."""
    facts: list[ev.AnyEvent] = []
    running = book.running_test
    if running is not None:
        facts.append(
            ev.SelfTestEnded(
                test_id=running.test_id,
                ups=running.ups,
                result=SelfTestResult.UNKNOWN,
                said="TILL_RESTARTED",
            )
        )
    outage = book.open_outage
    if outage is not None and not has_ups:
        ended = ev.OutageEnded(outage_id=outage.outage_id, seconds=0, on_mains_s=0)
        facts.append(ended_whole(ended, book, receipts, at_ms, is_of_this_run=False))
    now = Supply.INIT if has_ups else Supply.UNPROTECTED
    if book.supply is not now or book.refuses_sales:
        facts.append(ev.PowerStateChanged(supply=now, before=book.supply, why="STARTED"))
    return facts


def suspension_facts(sales: Iterable[Sale]) -> list[ev.AnyEvent]:
    """Puts aside each sale that can be: one with a tender must be finished or given back."""
    return [
        ev.SaleSuspended(sale_id=sale.sale_id, note=POWER_NOTE)
        for sale in sales
        if sale.state in UNDER_WAY and not sale.has_live_tender
    ]


# --- what they add up to


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Over the outages that the state holds. `longest_s` and `seconds` are of ended ones."""

    last_30_days: int
    last_365_days: int
    seconds: int
    longest_s: int
    sales_kept: int
    shutdowns: int
    by_cause: dict[OutageCause, int]


def totals(book: PowerBook, at_ms: int) -> Totals:
    """Statistics of the year before `at_ms`, wall clock."""
    year = [o for o in book.outages if o.began_ms > at_ms - YEAR_MS]
    causes = [o.cause for o in year]
    return Totals(
        last_30_days=sum(o.began_ms > at_ms - MONTH_MS for o in year),
        last_365_days=len(year),
        seconds=sum(o.seconds for o in year),
        longest_s=max((o.seconds for o in year), default=0),
        sales_kept=sum(o.sales_kept for o in year),
        shutdowns=sum(o.worst is Supply.SHUTTING_DOWN for o in year),
        by_cause={cause: causes.count(cause) for cause in OutageCause if cause in causes},
    )


class Advice(enum.StrEnum):
    """What a person should do, from what was recorded."""

    MORE_BACKUP_POWER = "more_backup_power"
    LOOK_AT_THE_WIRING = "look_at_the_wiring"
    ANNOTATE_OUTAGES = "annotate_outages"
    REPLACE_BATTERY = "replace_battery"
    RECORD_BATTERY = "record_battery"
    TEST_UPS = "test_ups"
    UNPLUG_LOAD = "unplug_load"


ADVICE: dict[Advice, str] = {
    Advice.MORE_BACKUP_POWER: "Outages are frequent, or the till had to shut down: get a UPS that "
    "lasts longer, or a second feed.",
    Advice.LOOK_AT_THE_WIRING: "Outages come from within the shop: have cables, sockets and "
    "adapters looked at.",
    Advice.ANNOTATE_OUTAGES: "Outages have no cause yet: find out, and choose one.",
    Advice.REPLACE_BATTERY: "The battery of the UPS is worn: replace it, and record that.",
    Advice.RECORD_BATTERY: "Nobody recorded when the battery of the UPS was fitted.",
    Advice.TEST_UPS: "A self-test of the UPS is overdue.",
    Advice.UNPLUG_LOAD: "The UPS carries more than it should: unplug what is not the till's.",
}


class UpsNow(msgspec.Struct, frozen=True, kw_only=True):
    """What the advice needs of a UPS as it is."""

    name: str
    is_worn: bool = False
    is_overloaded: bool = False
    load_percent: float | None = None


def advice(book: PowerBook, upses: Iterable[UpsNow], today: str, at_ms: int) -> list[Advice]:
    """What to do, the most urgent first. `today` is YYYY-MM-DD."""
    upses = list(upses)
    counted = totals(book, at_ms)
    month = [o for o in book.outages if o.began_ms > at_ms - MONTH_MS and not o.is_open]
    within = {OutageCause.UPKEEP, OutageCause.AGEING, OutageCause.CUT_CABLE}
    found = {
        Advice.UNPLUG_LOAD: any(_is_overloaded(u) for u in upses),
        Advice.REPLACE_BATTERY: any(_is_worn(book, u, today) for u in upses),
        Advice.MORE_BACKUP_POWER: counted.last_30_days > BEARABLE_A_MONTH_MAX
        or counted.shutdowns > 1,
        Advice.LOOK_AT_THE_WIRING: sum(o.cause in within for o in month) > 1,
        Advice.TEST_UPS: any(
            is_due(book, u.name, kind, at_ms, grace_days=OVERDUE_DAYS)
            for u in upses
            for kind in SelfTestKind
        ),
        Advice.ANNOTATE_OUTAGES: any(o.cause is OutageCause.UNKNOWN for o in month),
        Advice.RECORD_BATTERY: any(book.battery(u.name) is None for u in upses),
    }
    return [each for each, is_so in found.items() if is_so]


def _is_overloaded(ups: UpsNow) -> bool:
    load = ups.load_percent
    return ups.is_overloaded or (load is not None and load > LOAD_PERCENT_WANTED_MAX)


def _is_worn(book: PowerBook, ups: UpsNow, today: str) -> bool:
    battery = book.battery(ups.name)
    is_old = battery is not None and days_between(battery.fitted_on, today) > BATTERY_DAYS_MAX
    newest = next(
        (t for t in reversed(book.tests) if t.ups == ups.name and t.result in _TOLD), None
    )
    has_failed = newest is not None and newest.result is SelfTestResult.FAILED
    if has_failed and battery is not None and newest is not None:
        has_failed = newest.ended_ms > battery.recorded_ms
    return ups.is_worn or is_old or has_failed


_TOLD = frozenset({SelfTestResult.PASSED, SelfTestResult.FAILED})


def is_due(
    book: PowerBook, ups: str, kind: SelfTestKind, at_ms: int, *, grace_days: int = 0
) -> bool:
    """Whether the monthly quick or the yearly deep test is due. A deep one counts as both; one
    that the UPS refused, or did not tell the end of, is tried again the next day."""
    days = QUICK_TEST_DAYS if kind is SelfTestKind.QUICK else DEEP_TEST_DAYS
    for test in reversed(book.tests):
        if test.ups != ups or (test.kind is not kind and test.kind is not SelfTestKind.DEEP):
            continue
        if test.result is SelfTestResult.RUNNING:
            return False
        wait_days = days if test.result in _TOLD else 1
        return at_ms - test.began_ms >= (wait_days + grace_days) * DAY_MS
    return True


def days_between(first: str, second: str) -> int:
    """Whole days from one YYYY-MM-DD to another."""
    return (datetime.date.fromisoformat(second) - datetime.date.fromisoformat(first)).days
