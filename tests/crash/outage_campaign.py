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
from dataclasses import dataclass
from typing import TYPE_CHECKING

from structlog.testing import capture_logs

from hwsim.ups.battery import BatterySpec
from hwsim.ups.mechanism import UpsSpec
from hwsim.ups.virtual import VirtualUps
from tests.crash.outage_cashiers import Books, Cashiers, Told
from tests.crash.outage_host import Down, Host, Life, Parts
from tests.crash.outage_story import Story
from tests.crash.outage_world import Disk, SimulatedLoop
from tillhald.domain import events as ev

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CASHIERS = 3
BOOT_S_MAX = 120.0
AFTER_S_MAX = 3 * 3600.0
"""In which a shop must be itself again after the last outage; a battery charges meanwhile."""
PERSON_S = 900.0
"""After so long in the dark, on good mains, somebody comes and presses buttons."""
LOOK_S = 0.5
SPEC = UpsSpec(battery=BatterySpec(capacity_wh=30, recharge_s=1800))
"""A small one: ten minutes, and charged again in half an hour."""


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
    async with asyncio.timeout(BOOT_S_MAX):
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
    ("sold afterwards", "customers served on paper slips then, each entered once afterwards"),
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
