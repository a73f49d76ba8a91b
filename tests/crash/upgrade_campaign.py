"""The power goes before and after every place that upgrades, a restore and a clean pass.

`python -m tests.crash.upgrade_campaign` carries out whole journeys by real processes, on disks that
record, cuts the power at every place, goes on from what is left, and prints a table; `--publish`
puts it into docs/explanation/power-cuts-under-an-upgrade.md. Status 1 where anything is wrong. Goes on
where it was stopped: until they are published, `--folder` keeps the tables of journeys that went well.

A place is a failpoint (with the file, where several are written the same way), or the removal of
what an upgrade left over. The cut *before* it: nothing is on the disk but what was synced by then.
The cut *after* it: up to the next sync, or the next place, and of what was not synced chance
decides what is there.
"""

from __future__ import annotations

import argparse
import itertools
import random
import re
import shutil
import sys
import tempfile
import time
import traceback
import zlib
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hwsim.power.block import IMAGE, ToolFailedError, mounted, why_not_mount
from hwsim.power.stage import Stage
from hwsim.power.states import states_at
from hwsim.power.trace import Marked, Removed, Synced
from tests.crash.campaign import MEMORY, ROOT, WITHOUT
from tests.crash.data_journeys import Cleaned, Restored
from tests.crash.upgrade_journeys import (
    BACKUPS,
    HOME,
    ByHand,
    Journey,
    TakenBack,
    Whole,
    go_on,
    record,
)
from tests.crash.upgrade_judge import Broken, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hwsim.power.states import State
    from hwsim.power.trace import Op, Trace
    from tests.crash.upgrade_journeys import Way

SEED = 20_261_122
MIXES = 2
STATES_MAX = 40
"""Of those that a cut after one operation may leave, chance takes one of so many."""
LANES = 2
"""So many tills go on to their end at once."""
SIDES = BEFORE, AFTER = ("before", "after")
OUTCOMES = ("old", "on trial", "new")
PAGE = ROOT / "docs/explanation/power-cuts-under-an-upgrade.md"
BEGIN, END = "<!-- begin: make upgradecuts -->\n", "<!-- end -->\n"


class Cut(NamedTuple):
    """After `op` operations, at the `nth` time that the place is passed; the first one is 1."""

    label: str
    nth: int
    side: str
    op: int


class Outcome(NamedTuple):
    """`came` is one of OUTCOMES, or "BROKEN" and why. `fault` is what went wrong when the till went
    on to the end of its upgrade; None where it was not asked to."""

    cut: Cut
    came: str
    fault: str | None = None


def places(trace: Trace) -> Iterator[Cut]:
    """Every place of a journey, each with its two cuts, in the order of the trace."""
    passed: Counter[str] = Counter()
    for at, op in enumerate(trace.ops):
        label = _label(op)
        if label:
            passed[label] += 1
            yield Cut(label, passed[label], BEFORE, at)
            yield Cut(label, passed[label], AFTER, _after(trace.ops, at))


def _label(op: Op) -> str:
    match op:
        case Marked():
            return op.text
        case Removed() if op.name.startswith((b"gen-", b"9.0.0-")):
            return f"left over, removed: {op.name.decode()}"
        case _:
            return ""


def _after(ops: tuple[Op, ...], at: int) -> int:
    for number, op in enumerate(ops[at + 1 :], start=at + 1):
        if isinstance(op, Synced):
            return number + 1
        if _label(op):
            return max(number, at + 1)
    return len(ops)


def ways(folder: Path) -> list[Way]:
    """Every journey; a bundle is made in `folder`."""
    return [Whole(folder), TakenBack(), ByHand(), Restored(), Cleaned()]


def failpoint_of(label: str) -> str:
    """The failpoint that a label names; some word where it names none."""
    return label.partition(" ")[0]


class Campaign:
    """Judges cuts of one journey, in a folder of its own."""

    def __init__(self, journey: Journey, folder: Path, *, lanes: int = LANES) -> None:
        """Nothing is judged yet. `lanes` tills go on at once."""
        self._journey = journey
        self._lanes = lanes
        self._folder = folder
        folder.mkdir()

    def judged(
        self,
        cuts: Iterable[Cut],
        goes_on: Callable[[Outcome], bool] = lambda _: False,
        *,
        careless: bool = False,
    ) -> list[Outcome]:
        """What became of each; those that `goes_on` names go on by real processes.

        `careless`: as if nothing had ever been synced.
        """
        found: list[Outcome] = []
        running: dict[Future[str], Outcome] = {}
        with ThreadPoolExecutor(self._lanes) as lanes:
            for number, (outcome, left) in enumerate(self._left_by(cuts, careless=careless)):
                if outcome.came.startswith("BROKEN") or not goes_on(outcome):
                    found.append(outcome)
                    shutil.rmtree(left)
                    continue
                going = self._folder / f"on-{number}"
                running[lanes.submit(self._gone_on, left, going)] = outcome
                if len(running) > self._lanes:
                    _take(running, found)
            while running:
                _take(running, found)
        return found

    def _gone_on(self, left: Path, going: Path) -> str:
        try:
            go_on(self._journey.way, left, going)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            return f"{type(error).__name__}: {error} ({where.name}: {where.line})"
        finally:
            shutil.rmtree(left, ignore_errors=True)
            shutil.rmtree(going, ignore_errors=True)
        return ""

    def _left_by(self, cuts: Iterable[Cut], *, careless: bool) -> Iterator[tuple[Outcome, Path]]:
        """Each cut's outcome as the launcher sees it, and a copy of what it left."""
        trace = self._journey.trace
        by_op: dict[int, list[Cut]] = {}
        for cut in cuts:
            by_op.setdefault(cut.op, []).append(cut)
        if careless:
            kept = [op for op in trace.ops if not isinstance(op, Synced)]
            gone = list(itertools.accumulate(isinstance(op, Synced) for op in trace.ops))
            by_op = {op - gone[op - 1] if op else 0: some for op, some in by_op.items()}
            trace = trace.__class__(trace.start, tuple(kept))
        every = states_at(trace, by_op, SEED, mixes=MIXES, without=WITHOUT)
        memory = MEMORY if MEMORY.is_dir() else None
        with (
            tempfile.TemporaryDirectory(prefix="tillhal-", dir=memory) as name,
            Stage(Path(name) / "stage") as stage,
        ):
            for op, states in zip(sorted(by_op), every, strict=True):
                some = list(itertools.islice(states, STATES_MAX))
                for cut in by_op[op]:
                    left = self._folder / f"left-{op}-{cut.side}-{cut.nth}"
                    stage.show(_chosen(cut, some))
                    try:
                        self._copy(stage.folder, Path(name), left)
                        came = self._judged(left)
                    except (Broken, ToolFailedError) as broken:
                        left.mkdir(exist_ok=True)
                        came = f"BROKEN {broken}"
                    yield Outcome(cut, came), left

    def _copy(self, shown: Path, near: Path, to: Path) -> None:
        if not self._journey.way.is_on_ext4:
            _copy_till(shown, to)
            return
        image = near / "image"  # ext4 mends it when it is mounted; the stage keeps the state
        shutil.copyfile(shown / IMAGE, image)
        with mounted(image, near / "mnt") as folder:
            _copy_till(folder, to)

    def _judged(self, left: Path) -> str:
        home = self._folder / "judged"
        shutil.copytree(left / HOME, home, symlinks=True)
        try:
            return judge(home, self._journey.came, self._journey.wanted)
        finally:
            shutil.rmtree(home)


def _chosen(cut: Cut, some: list[State]) -> State:
    if cut.side == BEFORE:
        return some[0]
    return random.Random(f"{SEED} {cut}").choice(some)


def _copy_till(folder: Path, to: Path) -> None:
    shutil.copytree(folder / HOME, to / HOME, symlinks=True)
    if (folder / BACKUPS).is_dir():
        shutil.copytree(folder / BACKUPS, to / BACKUPS)
    else:
        (to / BACKUPS).mkdir()


def _take(running: dict[Future[str], Outcome], found: list[Outcome]) -> None:
    done, _ = wait(running, return_when=FIRST_COMPLETED)
    for each in done:
        found.append(running.pop(each)._replace(fault=each.result()))


# --- the whole of it


def faults_in(found: Iterable[Outcome]) -> list[str]:
    """What must never be."""
    return [
        f"{SEED=} {one.cut}: {one.came} {one.fault or ''}".rstrip()
        for one in found
        if one.came.startswith("BROKEN") or one.fault
    ]


def table(title: str, found: list[Outcome]) -> list[str]:
    """One line for each label, in the order of the journey."""
    head = "| place | passed | cuts | old | on trial | new | broken | went on | came to the end |"
    lines = [f"### {title[0].upper()}{title[1:]}", "", head, "|---" + "|--:" * 8 + "|"]
    by_label: dict[str, list[Outcome]] = {}
    for one in sorted(found, key=lambda one: one.cut.op):
        by_label.setdefault(one.cut.label, []).append(one)
    lines += [_row(f"`{label}`", some) for label, some in by_label.items()]
    return [*lines, _row("**all**", found), ""]


def _row(label: str, some: list[Outcome]) -> str:
    came = Counter(one.came for one in some)
    on = [one for one in some if one.fault is not None]
    counts = [
        len({(one.cut.label, one.cut.nth) for one in some}),
        len(some),
        *(came[outcome] for outcome in OUTCOMES),
        sum(came[outcome] for outcome in came if outcome not in OUTCOMES),
        len(on),
        sum(not one.fault for one in on),
    ]
    return "| " + " | ".join([label, *map(str, counts)]) + " |"


def is_its_side(cut: Cut) -> bool:
    """One of the two cuts of each place: half of the places have it before, half after."""
    return cut.side == SIDES[zlib.crc32(cut.label.encode()) % 2]


def once_each(elsewhere: set[str]) -> Callable[[Outcome], bool]:
    """Say who goes on: each place once, cut at its side, unless it does in another journey."""
    gone_on = set(elsewhere)

    def goes_on(outcome: Outcome) -> bool:
        cut = outcome.cut
        if cut.nth != 1 or cut.label in gone_on or not is_its_side(cut):
            return False
        gone_on.add(cut.label)
        return True

    return goes_on


def labels_in(text: str) -> set[str]:
    """The places that a table tells of."""
    return set(re.findall(r"^\| `([^`]+)`", text, re.MULTILINE))


def main() -> int:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--publish", action="store_true", help=f"write the table into {PAGE.name}")
    parser.add_argument("--lanes", type=int, default=LANES, help="tills that go on at once")
    parser.add_argument(
        "--every-cut", action="store_true", help="all go on, not one for each place; takes hours"
    )
    parser.add_argument("--journey", type=int, action="append", help="only this one, from 0 on")
    parser.add_argument("--folder", type=Path, default=ROOT / ".upgradecuts", help="what is kept")
    options = parser.parse_args()
    reason = why_not_mount()
    if reason:
        print(f"The power cannot be cut here: {reason}.")
        return 1
    options.folder.mkdir(exist_ok=True)
    faults: list[str] = []
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cuts", dir="/tmp") as name:
        folder = Path(name)
        every = dict(enumerate(ways(folder)))
        for number in options.journey or every:
            kept = _kept(options.folder, number)
            if kept.exists():
                continue
            told = [path.read_text("utf-8") for path in options.folder.glob("*.md")]
            journey = record(every[number], folder / str(number))
            campaign = Campaign(journey, folder / f"judged-{number}", lanes=options.lanes)
            goes_on = once_each(labels_in("\n".join(told)))
            if options.every_cut:
                goes_on = _always
            found = campaign.judged(places(journey.trace), goes_on)
            text = "\n".join(table(every[number].name, found))
            print(text, flush=True)
            faults += faults_in(found)
            if not faults:
                kept.write_text(text, encoding="utf-8")
    print("\n".join(faults))
    print(f"{SEED=}, {time.monotonic() - began_s:,.0f} s")
    tables = [_kept(options.folder, number) for number in every]
    if options.publish and all(path.exists() for path in tables):
        publish("\n".join(path.read_text("utf-8") for path in tables))
        shutil.rmtree(options.folder)  # the next run begins anew
    return 1 if faults else 0


def _kept(folder: Path, number: int) -> Path:
    return folder / f"{number}.md"


def _always(_: Outcome) -> bool:
    return True


def publish(text: str, page: Path = PAGE) -> None:
    """Put the table between the marks of the page."""
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
