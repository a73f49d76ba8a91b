"""Thousands of receipts under faults and power cuts, of the printer, of the till, and of both; and
a judge that knows only the paper and what was said of it.

    python -m tests.crash.print_campaign --jobs 6000

A lane is one till, one printer and one journal. It goes through episodes: some sales, each perhaps
with a fault of the printer, one death of the till among them, and in the end somebody who mends
everything. The same seeds give the same plan to every policy. One lane alone, by its seed:

    python -m tests.crash.print_campaign --policy tillhal --lanes 1 --seed 20261128 --jobs 200

What threads and a busy machine make of a plan is not the same each time.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hwsim.mechanism import PaperState
from hwsim.models import MODELS
from hwsim.printer import VirtualPrinter
from tests.crash.print_judge import Report, Score, judge, table
from tests.crash.print_processes import NAIVE
from tests.crash.print_tills import Nursery, Printing
from tests.crash.print_trail import Trail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hwsim.receipt import Receipt

SEED = 20_261_122
LANES = 10
MODELS_USED = ("tm-t88", "generic-80")
EPISODE_SALES = 12
LINES = (1, 1, 4, 30, 80)
"""Of a sale; the longest receipts are more than a printer's buffer holds."""
FAULT_P, DEATH_P, TOGETHER_P = 0.4, 0.8, 0.35
NEXT_CUSTOMER_S_MAX = 2.0
"""The next customer comes when the last one's receipt is out, or after this time."""
LAST_PAPER_S_MAX = 20.0
STILL_LOOKS = 3
FINDINGS_SHOWN_MAX = 5
DEATHS = (
    "effects.before_print",
    "effects.print_started",
    "printer.mid_print",
    "effects.after_print",
    "journal.after_commit",
)


class Death(NamedTuple):
    """Where the till dies, counted in receipts, and whether the printer's power goes with it."""

    failpoint: str
    together: bool


class Fault(NamedTuple):
    """What happens to the printer: its name, after how many bytes or dots, for how long."""

    name: str
    after: int
    lasts_s: float


class Plan(NamedTuple):
    """One episode: for each sale its lines, and its fault or none."""

    sales: list[tuple[int, Fault | None]]
    death: Death | None


FAULTS = ("power", "paper", "cover", "cable", "mute", "stall", "jam", "paper_and_power")


def plans(seed: int, sales: int) -> Iterator[Plan]:
    """The episodes of a lane."""
    choose = random.Random(seed)
    while sales > 0:
        size = min(EPISODE_SALES, sales)
        episode: list[tuple[int, Fault | None]] = []
        for _ in range(size):
            lines = choose.choice(LINES)
            fault = None
            if choose.random() < FAULT_P:
                after = choose.randrange(700 + 60 * lines)
                fault = Fault(choose.choice(FAULTS), after, choose.uniform(0.05, 0.5))
            episode.append((lines, fault))
        death = None
        if choose.random() < DEATH_P:
            place = f"{choose.choice(DEATHS)}:{choose.randint(2, 1 + size)}"
            death = Death(place, choose.random() < TOGETHER_P)
        yield Plan(episode, death)
        sales -= size


# --- the printer, and who torments and mends it


class Victim:
    """A printer, all the paper that came out of it, and a person who mends it."""

    def __init__(self, model: str, *, realistic: bool) -> None:
        """Start. A realistic one prints at its speed: much is in its buffer when power goes."""
        self.pieces: list[tuple[str, bool]] = []
        self.printer = VirtualPrinter(
            model=MODELS[model], on_receipt=self._keep, realistic=realistic
        ).start()

    def _keep(self, receipt: Receipt, _: object) -> None:
        self.pieces.append((receipt.text, receipt.cut))

    def paper(self) -> list[tuple[str, bool]]:
        """Every piece, and whether it was cut off; the last one may still be in the printer."""
        return [*self.pieces, (self.printer.uncut_text, False)]

    def begin(self, fault: Fault) -> Callable[[], None]:
        """Let it happen with the next receipt; what ends it."""
        printer = self.printer
        match fault.name:
            case "power":
                printer.stall_after(fault.after)
                return self._power_cycle
            case "paper":
                printer.set_paper(PaperState.END, after_dots=fault.after)
                return lambda: printer.set_paper(PaperState.ADEQUATE)
            case "paper_and_power":
                printer.set_paper(PaperState.END, after_dots=fault.after)
                return self._paper_and_power
            case "cover":
                printer.stall_after(fault.after)
                return self._cover
            case "cable":
                printer.stall_after(fault.after)
                return self._cable
            case "mute":
                printer.mute()
                return printer.unmute
            case "stall":
                printer.stall_after(fault.after)
                return printer.release
            case "jam":
                printer.jam_cutter()
                return self._free
        raise AssertionError(fault)

    def _power_cycle(self) -> None:
        self.printer.power_off()
        self.printer.release()
        self.printer.power_on()

    def _paper_and_power(self) -> None:
        self.printer.power_off()
        self.printer.set_paper(PaperState.ADEQUATE)
        self.printer.power_on()

    def _cover(self) -> None:
        self.printer.open_cover()
        self.printer.release()
        self.printer.close_cover()

    def _cable(self) -> None:
        self.printer.unplug()
        self.printer.release()
        self.printer.plug_in()

    def _free(self) -> None:
        self.printer.free_cutter()
        self._power_cycle()

    def await_still(self, timeout_s: float) -> None:
        """Return when it has printed all that it holds, or after this time."""
        end_s = time.monotonic() + timeout_s
        pause = threading.Event()
        still = 0
        while still < STILL_LOOKS and time.monotonic() < end_s:
            pause.wait(0.02)
            is_idle = self.printer._mechanism.idle or self.printer._mechanism.offline
            still = still + 1 if is_idle else 0

    def mend(self) -> None:
        """All is well again."""
        self.printer.release()
        self.printer.unmute()
        self.printer.close_cover()
        self.printer.set_paper(PaperState.ADEQUATE)
        self.printer.free_cutter()


# --- a lane


def run_lane(
    nursery: Nursery, policy: str, model: str, seed: int, sales: int, folder: Path
) -> Report:
    """Go through all episodes of a lane, and gather what is left."""
    victim = Victim(model, realistic=bool(seed % 2))
    cpus = sorted(os.sched_getaffinity(0))
    printing = Printing(nursery, policy, folder, victim.printer, cpus[seed % len(cpus)])
    counted: Counter[str] = Counter()
    trail = Trail()
    try:
        for plan in plans(seed, sales):
            _episode(printing, victim, plan, counted, trail)
        printing.start()
        printing.settle()
        assert not printing.is_dead(), "it died by itself"
        victim.await_still(LAST_PAPER_S_MAX)
        said = printing.said()
        printing.tell(trail)
        trail.read_wire(victim.printer)
        printing.kill()
        return Report(model, said, victim.paper(), counted, seed, trail.of)
    except BaseException:
        print(f"{policy=} {model=} {seed=} {folder=}", file=sys.stderr)
        traceback.print_exc()  # at once: the other lanes may take half an hour
        raise
    finally:
        victim.printer.close()


def _episode(
    printing: Printing, victim: Victim, plan: Plan, counted: Counter[str], trail: Trail
) -> None:
    failpoint = plan.death.failpoint if plan.death else ""
    trail.note(f"starts the till, to die at {failpoint or 'no place'}")
    printing.start(failpoint)
    for lines, fault in plan.sales:
        end = None
        if fault is not None:
            counted[fault.name] += 1
            trail.note(str(fault))
            end = victim.begin(fault)
        trail.note(f"sells {lines} lines")
        printing.sell(lines)
        printing.await_over(fault.lasts_s if fault else 0.3)
        if printing.is_dead():
            counted["till"] += 1
            trail.note(f"finds the till dead: {plan.death}")
            if plan.death is not None and plan.death.together:
                counted["both"] += 1
                victim.printer.power_off()
            if end is not None:
                end()
            victim.printer.power_on()
            printing.kill()
            printing.start()
        elif end is not None:
            trail.note("ends the fault")
            end()
        victim.mend()
        victim.await_still(NEXT_CUSTOMER_S_MAX)
        trail.read_wire(victim.printer)
    trail.note("lets it settle")
    printing.settle()
    if printing.is_dead():
        counted["till"] += 1
        trail.note(f"finds the till dead: {plan.death}")
        printing.kill()
        printing.start()
        printing.settle()
    trail.note("kills the till")
    trail.read_wire(victim.printer)
    printing.kill()
    counted["till at rest"] += 1


def run(
    policy: str,
    jobs: int,
    *,
    seed: int = SEED,
    lanes: int = LANES,
    only: Sequence[str] = MODELS_USED,
) -> list[Score]:
    """Let a policy print so many receipts; the score for each kind of printer.

    Three lanes of four have a printer with process ids and counters, the fourth is a clone. The
    lanes whose model is not in `only` are left out: the others go as they would beside them. A
    single lane has the first model of `only`. Tills that do not die as planned are an AssertionError:
    a campaign without deaths proves nothing.
    """
    deaths = 0
    with tempfile.TemporaryDirectory(prefix="print", dir="/tmp") as name:
        nursery = Nursery(Path(name))
        try:
            with ThreadPoolExecutor(lanes) as pool:
                planned = []
                for lane in range(lanes):
                    model = "generic-80" if lane % 4 == 3 else "tm-t88"
                    if lanes == 1:
                        model = only[0]
                    if model not in only:
                        continue
                    folder = Path(name) / str(lane)
                    folder.mkdir()
                    sales = jobs // lanes + (lane < jobs % lanes)
                    deaths += sum(plan.death is not None for plan in plans(seed + lane, sales))
                    planned.append(
                        pool.submit(run_lane, nursery, policy, model, seed + lane, sales, folder)
                    )
                reports = [each.result() for each in planned]
        finally:
            nursery.close()
    died = sum(report.happened["till"] for report in reports)
    assert died >= deaths // 2, f"{deaths} tills were to die, and {died} did"
    return judge(policy, reports)


def main() -> None:
    """Run every policy, print the table; status 1 where tillhal did what must never be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=6_000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--lanes", type=int, default=LANES)
    parser.add_argument("--policy", action="append", help="repeatable; all if none is named")
    parser.add_argument("--model", action="append", choices=MODELS_USED, help="only its lanes")
    arguments = parser.parse_args()
    scores: list[Score] = []
    for policy in arguments.policy or ("tillhal", *NAIVE):
        begun_s = time.monotonic()
        scores += run(
            policy,
            arguments.jobs,
            seed=arguments.seed,
            lanes=arguments.lanes,
            only=arguments.model or MODELS_USED,
        )
        print(f"{policy}: {time.monotonic() - begun_s:.0f} s", file=sys.stderr, flush=True)
    print(f"seed {arguments.seed}\n")
    print("\n".join(table(scores)))
    faults = [fault for score in scores if score.policy == "tillhal" for fault in score.faults]
    for score in scores:
        for fault in score.faults[:FINDINGS_SHOWN_MAX]:
            print(f"{score.policy}, {score.model}: {fault}", file=sys.stderr)
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
