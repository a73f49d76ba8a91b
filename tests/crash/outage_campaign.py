"""Outages by the hundred, in simulated time: a story by its seed, cashiers, and a judge.

`python -m tests.crash.outage_campaign --seeds 100 --first 0` prints a line for each seed that is
not as promised, and the table of docs/explanation/outages.md.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from structlog.testing import capture_logs

from hwsim.ups.battery import BatterySpec
from hwsim.ups.mechanism import UpsSpec
from hwsim.ups.virtual import VirtualUps
from tests.crash.outage_world import Disk, Down, Host, Life, LivingTill, Parts, SimulatedLoop
from tillhald.domain import commands as cmd
from tillhald.domain import events as ev
from tillhald.domain.answers import SaleSummary
from tillhald.domain.errors import BatteryLow, Refused, SaleStateWrong, VersionConflict
from tillhald.domain.sale import Line, SaleState, Tender, TenderType
from tillhald.journal.errors import StorageError
from tillhald.service.till import Outcome, Request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

CASHIERS = 3
ATTEMPTS_MAX = 5_000
AFTER_S_MAX = 3 * 3600.0
"""In which a shop must be itself again after the last outage; a battery charges meanwhile."""
PERSON_S = 900.0
"""After so long in the dark, on good mains, somebody comes and presses buttons."""
WAIT_S_MAX = 600.0
LOOK_S = 0.5
SPEC = UpsSpec(battery=BatterySpec(capacity_wh=30, recharge_s=1800))
"""A small one: ten minutes, and charged again in half an hour."""


class Told(NamedTuple):
    """What a front end was told of a completed sale."""

    receipt_number: int
    payable_minor: int
    change_minor: int


class Deal:
    """One sale with its requests; what was sent once is sent again in the same words."""

    def __init__(self, name: str, dice: random.Random) -> None:
        self.sale_id = name
        minor = dice.randrange(1, 20_000)
        self.by_cash = dice.random() < 0.7
        given = minor + (dice.randrange(500) if self.by_cash else 0)
        kind = TenderType.CASH if self.by_cash else TenderType.CREDIT_CARD
        tender = Tender(tender_id="t", type=kind, amount_minor=given)
        line = Line(line_id="l", description="Tea", unit_price_minor=minor, extended_minor=minor)
        whole = cmd.Checkout(sale_id=name, lines=(line,), tenders=(tender,))
        of_sale = {"sale_id": name, "expected_version": 0}
        aside = (cmd.SuspendSale(**of_sale), cmd.ResumeSale(**of_sale))
        self.steps: list[cmd.Command] = (
            [whole]
            if dice.random() < 0.5
            else [
                cmd.OpenSale(sale_id=name),
                cmd.PutLine(**of_sale, line=line),
                *(aside if dice.random() < 0.3 else ()),
                cmd.AddTender(**of_sale, tender=tender),
                cmd.CompleteSale(**of_sale),
            ]
        )


@dataclass
class Books:
    """What all front ends know."""

    told: dict[str, Told] = field(default_factory=dict)
    cash_minor: int = 0
    replayed: int = 0
    refused_low: int = 0
    without_answer: int = 0
    made_up_for: int = 0
    mistakes: list[str] = field(default_factory=list)


class Cashiers:
    """They sell all the time, at a person's pace, on a till that comes and goes."""

    def __init__(self, host: Host, dice: random.Random) -> None:
        self._host = host
        self._dice = dice
        self._sales = 0
        self._turned_away: list[Deal] = []
        self.books = Books()
        self.closing = False

    async def work(self) -> None:
        """Sell until closing, and finish what was begun."""
        while not self.closing:
            self._sales += 1
            await self._serve(Deal(f"sale-{self._sales}", self._dice), turn_away=True)
            await asyncio.sleep(self._dice.uniform(1, 15))

    async def make_up(self) -> None:
        """After the outage: the customers who were turned away at a low battery were served by
        hand, on slips. Here the slips are sold as any other sale; this is the place from which a
        till that takes back-entries is to be told of them as what they are.
        """
        while self._turned_away:
            await self._serve(self._turned_away.pop(0), turn_away=False)
            self.books.made_up_for += 1

    async def _serve(self, deal: Deal, *, turn_away: bool) -> None:
        version, answer = 0, None
        for number, step in enumerate(deal.steps):
            answer = await self._ask(deal, number, step, version, turn_away=turn_away)
            if answer is None:
                self._turned_away.append(deal)
                return
            version = answer.version
            if number + 1 < len(deal.steps):
                await asyncio.sleep(self._dice.uniform(0.5, 8))
        assert answer is not None
        books, told = self.books, _told(answer)
        books.told[deal.sale_id] = told
        books.cash_minor += told.payable_minor if deal.by_cash else 0
        if self._dice.random() < 0.2:
            # A front end that lost its memory asks again.
            again = await self._ask(deal, len(deal.steps) - 1, deal.steps[-1], version)
            if again is None or _told(again) != told:
                books.mistakes.append(f"{deal.sale_id} was told {told}, then {again}")

    async def _ask(
        self, deal: Deal, number: int, step: cmd.Command, version: int, *, turn_away: bool = False
    ) -> SaleSummary | None:
        """The answer to a step, however long that takes; None: it was turned away."""
        for _ in range(ATTEMPTS_MAX):
            till = await self._host.up()
            try:
                return await self._try(till, deal, number, step, version)
            except StorageError:
                self.books.without_answer += 1
            except BatteryLow:
                self.books.refused_low += 1
                if number == 0 and turn_away:
                    return None
            except (VersionConflict, SaleStateWrong):
                version = await self._take_up(till, deal)
            except Refused as refused:
                self.books.mistakes.append(f"{deal.sale_id}, {step}: {refused.reason} {refused}")
                return None
            await asyncio.sleep(self._dice.uniform(0.5, 5))
        self.books.mistakes.append(f"{deal.sale_id} was never served")
        return None

    async def _try(
        self, till: LivingTill, deal: Deal, number: int, step: cmd.Command, version: int
    ) -> SaleSummary:
        if isinstance(step, cmd.OnSale):
            step = _with_version(step, version)
        name = f"{deal.sale_id}/{number}"
        # What is asked, and not of which version, tells a retry.
        request = Request(type(step).__name__, name, name.encode())
        outcome, _ = await till.till.handle(step, request, _itself)  # type: ignore[arg-type]
        self.books.replayed += outcome.replayed
        assert isinstance(outcome.answer, SaleSummary)
        return outcome.answer

    async def _take_up(self, till: LivingTill, deal: Deal) -> int:
        """The sale was put aside, or interrupted, meanwhile: its version now."""
        sale = till.till.state.sales.get(deal.sale_id)
        if sale is None:
            self.books.mistakes.append(f"{deal.sale_id} was begun and is forgotten")
            return 0
        if sale.state not in (SaleState.SUSPENDED, SaleState.INTERRUPTED):
            return sale.version
        resume = cmd.ResumeSale(sale_id=sale.sale_id, expected_version=sale.version)
        name = f"{deal.sale_id}/up/{sale.version}"
        try:
            request = Request("ResumeSale", name, name.encode())
            outcome, _ = await till.till.handle(resume, request, _itself)
        except (StorageError, BatteryLow):
            return sale.version
        assert isinstance(outcome.answer, SaleSummary)
        return outcome.answer.version


def _itself(outcome: Outcome) -> Outcome:
    return outcome


def _with_version(step: cmd.OnSale, version: int) -> cmd.Command:
    fields = {name: getattr(step, name) for name in step.__struct_fields__}
    return type(step)(**{**fields, "expected_version": version})


def _told(sale: SaleSummary) -> Told:
    return Told(sale.receipt_number, sale.payable_minor, sale.change_minor)


# --- the story


class Story:
    """What happens to the grid, the UPS and the cable to it, by a seed."""

    def __init__(self, host: Host, ups: VirtualUps, dice: random.Random) -> None:
        self._host = host
        self._ups = ups
        self._dice = dice
        self.told: list[str] = []
        self.is_ups_at_fault = False
        self.is_fair = True
        """The UPS tells the truth, and nothing else goes wrong."""

    async def run(self) -> None:
        """One to three outages, with mishaps; afterwards the mains are there."""
        dice = self._dice
        self._ups.set("load_percent", dice.uniform(10, 60))
        self._ups.set("charge_percent", dice.uniform(50, 100))
        has_mishaps = dice.random() < 0.75
        if has_mishaps and dice.random() < 0.3:
            self._set("health_percent", round(dice.uniform(10, 80)))
        for fault, value in (
            ("low_at_once", True),
            ("garbage_runtime", "65535"),
            ("garbage_runtime", "0"),
            ("drop_at_transfer_s", 8.0),
            ("stuck_test", True),
            ("ignores_shutdown_on_mains", True),
            ("never_returns", True),
        ):
            if has_mishaps and dice.random() < 0.08:
                self._set(fault, value)
        self.is_ups_at_fault = {*self._ups.faults()} & {
            "ignores_shutdown_on_mains",
            "never_returns",
        } != set()
        for _ in range(dice.randrange(1, 4)):
            await asyncio.sleep(dice.uniform(20, 200))
            mishaps = [self._tell_and(mishap) for mishap in self._mishaps() if has_mishaps]
            self.is_fair &= not mishaps
            async with asyncio.TaskGroup() as tasks:
                for each in [*mishaps, self._tell_and(dice.choice(self._outages()))]:
                    tasks.create_task(each)
            self._ups.mains_on()
            self._ups.set("mute", False)
            self._host.plug(True)

    def _set(self, name: str, value: float | str | bool) -> None:
        self.told.append(f"{name}={value}")
        self.is_fair = False
        self._ups.set(name, value)

    async def _tell_and(self, what: Callable[[], Awaitable[None]]) -> None:
        self.told.append(what.__name__.strip("_"))
        await what()

    # --- outages

    def _outages(self) -> list[Callable[[], Awaitable[None]]]:
        return [
            self._blip,
            self._flapping,
            self._short_outage,
            self._long_outage,
            self._mains_back_at_the_worst_moment,
            self._mains_back_at_the_worst_moment,
        ]

    async def _blip(self) -> None:
        await self._off_for(self._dice.uniform(0.05, 4))

    async def _short_outage(self) -> None:
        await self._off_for(self._dice.uniform(5, 120))

    async def _long_outage(self) -> None:
        await self._off_for(self._dice.uniform(300, 1500))

    async def _flapping(self) -> None:
        times, every_s = self._dice.randrange(3, 30), self._dice.uniform(0.3, 30)
        self._ups.flap(times, every_s)
        await asyncio.sleep(times * every_s)

    async def _mains_back_at_the_worst_moment(self) -> None:
        self._ups.mains_off()
        if self._dice.random() < 0.5:
            self._ups.set("charge_percent", self._dice.uniform(10, 40))
        await self._until(self._is_going_down)
        await asyncio.sleep(self._dice.uniform(0, 60))
        self._ups.mains_on()

    async def _off_for(self, seconds: float) -> None:
        self._ups.mains_off()
        await asyncio.sleep(seconds)
        self._ups.mains_on()

    # --- mishaps

    def _mishaps(self) -> list[Callable[[], Awaitable[None]]]:
        every = [
            (0.25, self._plug_pulled_somewhen),
            (0.25, self._plug_pulled_while_settling),
            (0.15, self._plug_pulled_while_booting),
            (0.4, self._plug_pulled_in_a_sync),
            (0.2, self._battery_dies),
            (0.25, self._battery_sags),
            (0.25, self._comm_lost),
        ]
        return [mishap for share, mishap in every if self._dice.random() < share]

    async def _plug_pulled_somewhen(self) -> None:
        await asyncio.sleep(self._dice.uniform(0, 300))
        await self._pull()

    async def _plug_pulled_while_settling(self) -> None:
        if await self._until(self._is_settling):
            if self._dice.random() < 0.5:
                await asyncio.sleep(self._dice.uniform(0, 3))
                await self._pull()
            else:
                await self._pull_in_a_sync(self._dice.randrange(1, 4))

    async def _plug_pulled_in_a_sync(self) -> None:
        await self._pull_in_a_sync(self._dice.randrange(1, 60))

    async def _pull_in_a_sync(self, nth: int) -> None:
        is_cut = asyncio.Event()

        def cut() -> None:
            self._host.plug(False)
            is_cut.set()

        self._host.disk.call_in_a_sync(nth, cut)
        try:
            await asyncio.wait_for(is_cut.wait(), WAIT_S_MAX)
        except TimeoutError:
            self._host.disk.call_in_a_sync(0, lambda: None)
            return
        await self._pull()

    async def _plug_pulled_while_booting(self) -> None:
        if await self._until(lambda: self._host.is_on and self._host.till is None):
            if self._dice.random() < 0.5:
                await asyncio.sleep(self._dice.uniform(20, 26))
                await self._pull()
            else:
                await self._pull_in_a_sync(1)

    async def _battery_dies(self) -> None:
        await asyncio.sleep(self._dice.uniform(0, 200))
        self._ups.set("charge_percent", 0)

    async def _battery_sags(self) -> None:
        await asyncio.sleep(self._dice.uniform(0, 60))
        self._ups.set("charge_percent", self._dice.uniform(1, 25))

    async def _comm_lost(self) -> None:
        await asyncio.sleep(self._dice.uniform(0, 60))
        self._ups.set("mute", True)
        await asyncio.sleep(self._dice.uniform(5, 300))
        self._ups.set("mute", False)

    async def _pull(self) -> None:
        self._host.plug(False)
        await asyncio.sleep(self._dice.uniform(1, 30))
        self._host.plug(True)

    def _is_settling(self) -> bool:
        return self._host.till is not None and self._host.till.is_settling

    def _is_going_down(self) -> bool:
        return self._is_settling() or self._host.till is None

    async def _until(self, is_so: Callable[[], bool]) -> bool:
        loop = asyncio.get_running_loop()
        end_s = loop.time() + WAIT_S_MAX
        while not is_so():
            if loop.time() > end_s:
                return False
            await asyncio.sleep(LOOK_S)
        return True


# --- one seed


@dataclass
class Verdict:
    """What happened, and what must never happen; `mistakes` is empty when all is as promised."""

    seed: int
    story: str
    mistakes: list[str]
    counts: Counter[str]


def play(seed: int, parts: Parts | None = None) -> Verdict:
    """The whole story of a seed."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner, capture_logs() as logs:
        verdict = runner.run(_play(seed, parts or Parts()))
    errors = [log for log in logs if log["log_level"] == "error"]
    allowed = {"power_fact_not_recorded", "settlement_failed"}  # of a till that is being cut
    verdict.mistakes += [str(log) for log in errors if log["event"] not in allowed]
    return verdict


async def _play(seed: int, parts: Parts) -> Verdict:
    dice = random.Random(seed)
    loop = asyncio.get_running_loop()
    ups = VirtualUps(SPEC, seed=seed, clock=loop.time)
    host = Host(ups, Disk(random.Random(dice.random())), parts)
    cashiers = Cashiers(host, random.Random(dice.random()))
    story = Story(host, ups, random.Random(dice.random()))
    computer = loop.create_task(host.run())
    working = [loop.create_task(cashiers.work()) for _ in range(CASHIERS)]
    await host.up()
    await story.run()
    person = Person(host, ups)
    watching = loop.create_task(person.watch())
    cashiers.closing = True
    mistakes = []
    try:
        async with asyncio.timeout(AFTER_S_MAX):
            await asyncio.gather(*working)
            await cashiers.make_up()
            await _outage_over(host)
    except TimeoutError:
        mistakes.append("the shop did not come back")
    for task in (*working, computer, watching):
        task.cancel()
    if host.till is not None:
        host.till.cut()
        await asyncio.gather(host.till.task, return_exceptions=True)
    mistakes += host.mistakes + cashiers.books.mistakes
    judge = Judge(host, cashiers.books)
    mistakes += judge.mistakes()
    if person.visits and not story.is_ups_at_fault and not host.untold:
        mistakes.append("a person had to switch the till on")
    if story.is_fair:
        cuts = [f"{life.during} at {life.ended_s:.0f} s" for life in host.lives if life.during]
        mistakes += [f"the power went while it was {cut}, and the UPS had told" for cut in cuts]
    counts = judge.counts()
    counts["visits"] = person.visits
    counts["simulated_s"] = int(loop.time())
    return Verdict(seed, ", ".join(story.told), mistakes, counts)


class Person:
    """Comes when the till has been dark for long, on good mains, and presses buttons."""

    def __init__(self, host: Host, ups: VirtualUps) -> None:
        self._host = host
        self._ups = ups
        self.visits = 0

    async def watch(self) -> None:
        """From the end of the story on."""
        dark_s = 0.0
        while True:
            await asyncio.sleep(LOOK_S)
            is_up = self._host.till is not None and self._host.till.is_up
            dark_s = 0.0 if is_up else dark_s + LOOK_S
            if dark_s > PERSON_S:
                dark_s = 0.0
                self.visits += 1
                self._ups.heal()
                self._host.press_button()


async def _outage_over(host: Host) -> None:
    while True:
        till = await host.up()
        if till.till.state.power.open_outage is None:
            await till.till.caught_up()
            return
        await asyncio.sleep(5)


class Judge:
    """Reads the disk, and the front ends' books; of the daemon it knows its facts only."""

    def __init__(self, host: Host, books: Books) -> None:
        self._host = host
        self._books = books
        self._records = [ev.decode_record(unit.body) for unit in host.disk.units]
        self._events = [event for record in self._records for event in record.events]

    def mistakes(self) -> list[str]:
        """All that must never be."""
        found = self._of_sales()
        state = self._host.disk.state()
        cash = state.shift.cash.expected_minor if state.shift else 0
        if cash != self._books.cash_minor:
            found.append(f"cash: the till expects {cash}, front ends have {self._books.cash_minor}")
        began = [fact.outage_id for fact in self._events if isinstance(fact, ev.OutageBegan)]
        ended = [fact.outage_id for fact in self._events if isinstance(fact, ev.OutageEnded)]
        if began != ended:
            found.append(f"outages began {began}, ended {ended}")
        for before, after in zip(self._host.lives, self._host.lives[1:], strict=False):
            found += self._of_an_end(before, after)
        return found

    def _of_sales(self) -> list[str]:
        found = []
        stored: dict[str, Told] = {}
        for event in self._events:
            if not isinstance(event, ev.SaleCompleted):
                continue
            if event.sale_id in stored:
                found.append(f"{event.sale_id} counts twice")
            payable = event.totals.payable_minor
            stored[event.sale_id] = Told(event.receipt_number, payable, event.change_minor)
        for sale_id, told in self._books.told.items():
            if sale_id not in stored:
                found.append(f"LOST: {sale_id} was acknowledged as {told}")
            elif stored[sale_id] != told:
                found.append(f"{sale_id} was told {told}, stored {stored[sale_id]}")
        found += [f"{name} counts, and nobody knows" for name in stored.keys() - self._books.told]
        numbers = [told.receipt_number for told in stored.values()]
        if numbers != [*range(1, len(numbers) + 1)]:
            found.append(f"receipt numbers: {numbers}")
        return found

    def _of_an_end(self, before: Life, after: Life) -> list[str]:
        """What the next start found, where the till had gone down in order."""
        found = []
        if before.down is Down.IN_ORDER and not after.found_clean:
            found.append(f"at {after.began_s:.0f} s: went down in order, and was not found so")
        if before.down is Down.IN_ORDER and after.found_in_hand:
            found.append(f"went down in order, and left in hand: {after.found_in_hand}")
        return found

    def counts(self) -> Counter[str]:
        """For the table."""
        books, lives = self._books, self._host.lives
        found = Counter[str](
            {
                "outages": sum(isinstance(event, ev.OutageBegan) for event in self._events),
                "sales acknowledged": len(books.told),
                "calls without an answer": books.without_answer,
                "answers given again": books.replayed,
                "refused at a low battery": books.refused_low,
                "sold afterwards": books.made_up_for,
                "put aside": sum(
                    isinstance(event, ev.SaleSuspended) and event.note == "power"
                    for event in self._events
                ),
                "interrupted": sum(isinstance(event, ev.SaleInterrupted) for event in self._events),
                "went down in order": sum(life.down is Down.IN_ORDER for life in lives),
                "syncs under way at a cut": sum(life.was_syncing for life in lives),
            }
        )
        found.update(f"cut: {life.during}" for life in lives if life.down is Down.CUT)
        return found


ROWS = (
    ("outages", "outages, of one flip of the mains or thirty"),
    ("went down in order", "times the till settled and went down before the power did"),
    ("cut: init", "times its power was cut before it had heard of its UPS"),
    ("cut: online", "… on mains"),
    ("cut: on_battery", "… on battery"),
    ("cut: low_battery", "… on a low battery"),
    ("cut: comm_lost", "… while nothing was heard of the UPS, on mains"),
    ("cut: comm_lost_on_battery", "… while nothing was heard of it, on battery"),
    ("cut: recovering", "… shortly after the mains were back"),
    ("cut: settling", "… while it settled"),
    ("cut: stopping", "… while it closed its journal"),
    ("cut: booting", "… while it started"),
    ("syncs under way at a cut", "of these in the middle of a sync"),
    ("sales acknowledged", "sales acknowledged"),
    ("put aside", "sales put aside before the power went"),
    ("interrupted", "sales found interrupted by a cut"),
    ("calls without an answer", "calls that got no answer"),
    ("answers given again", "requests that were sent again and got their first answer"),
    ("refused at a low battery", "requests refused at a low battery"),
    ("sold afterwards", "customers turned away then and sold to afterwards"),
    (
        "visits",
        "times a person had to press a button, for a UPS that was broken or not to be heard",
    ),
)


def table_of(verdicts: Iterable[Verdict]) -> str:
    """As docs/explanation/outages.md has it."""
    all_of_them = list(verdicts)
    counts = sum((verdict.counts for verdict in all_of_them), Counter[str]())
    hours = counts.pop("simulated_s", 0) / 3600
    lines = [f"| over {len(all_of_them)} seeds, {hours:,.0f} simulated hours | |", "|---|--:|"]
    lines += [f"| {text} | {counts.pop(name, 0):,} |" for name, text in ROWS]
    lines += [f"| {name} | {count:,} |" for name, count in sorted(counts.items()) if count]
    bad = sum(bool(verdict.mistakes) for verdict in all_of_them)
    lines.append(f"| seeds with an acknowledged sale lost, doubled, or a cent amiss | {bad} |")
    return "\n".join(lines)


def campaign(first: int, seeds: int, parts: Parts | None = None) -> Iterator[Verdict]:
    """So many stories, one after another."""
    for seed in range(first, first + seeds):
        yield play(seed, parts)


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    verdicts = []
    for verdict in campaign(options.first, options.seeds):
        verdicts.append(verdict)
        for mistake in verdict.mistakes:
            print(f"seed {verdict.seed} ({verdict.story}): {mistake}", flush=True)
    print(table_of(verdicts))
    return int(any(verdict.mistakes for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main())
