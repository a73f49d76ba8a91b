"""Cut the power a million times, at every place of many traces, and print what became of it.

Goes on where it was stopped: `--folder` keeps one line for each trace that was judged. A state
that fails is kept with its trace; `--replay TRACE OP SEED` judges all states after that operation
again, with everything that the daemon does, and `--name` one of them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # for tests.crash, which has the workloads and the judge

from hwsim.power.disk import why_not  # noqa: E402
from tests.crash.campaign import (  # noqa: E402
    Expedition,
    campaign,
    expedition_from,
    how_to_replay,
    load,
    replay,
    table_of,
)
from tests.crash.judge import OK  # noqa: E402
from tests.crash.workloads import PROVEN  # noqa: E402

STATES = 1_000_000
MIXES = 40


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--states", type=int, default=STATES, help="how many states in all")
    parser.add_argument("--seed", type=int, default=1, help="of the first trace of each workload")
    parser.add_argument("--mixes", type=int, default=MIXES, help="torn states at each operation")
    parser.add_argument("--side-by-side", type=int, default=2, help="how many traces at once")
    parser.add_argument("--workload", choices=PROVEN, action="append", help="only this one")
    parser.add_argument("--folder", type=Path, default=ROOT / ".powercut", help="what is kept")
    parser.add_argument("--replay", nargs=3, metavar=("TRACE", "OP", "SEED"))
    parser.add_argument("--name", default="", help="of the state to replay")
    return parser.parse_args()


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    options = arguments()
    if options.replay:
        return replayed(options)
    reason = why_not()
    if reason:
        say(f"The power cannot be cut here: {reason}.")
        return 1
    options.folder.mkdir(exist_ok=True)
    done = options.folder / "expeditions.jsonl"
    found = before(done)
    known = {(one.workload, one.seed) for one in found}
    if found:
        say(f"{len(found)} traces were judged before, see {done}.")
    plan = (
        which
        for seed in itertools.count(options.seed)
        for which in ((name, seed) for name in options.workload or PROVEN)
        if which not in known
    )
    began_s = time.monotonic()
    with done.open("a", encoding="utf-8") as lines:
        for one in campaign(
            plan,
            states_wanted=options.states - sum(one.states for one in found),
            expeditions_min=0,
            mixes=options.mixes,
            folder=options.folder,
            side_by_side=options.side_by_side,
        ):
            lines.write(json.dumps(one) + "\n")
            lines.flush()
            found.append(one)
            count = sum(each.states for each in found)
            say(f"{count:>10,} states, {one.workload} {one.seed}")
            for line in how_to_replay(one):
                say(line)
    say(f"\n{table_of(found)}\n\n{time.monotonic() - began_s:,.0f} s this time")
    return 1 if any(one.failing for one in found) else 0


def before(path: Path) -> list[Expedition]:
    """What earlier runs found."""
    if not path.exists():
        return []
    return [expedition_from(json.loads(line)) for line in path.read_text("utf-8").splitlines()]


def replayed(options: argparse.Namespace) -> int:
    """Judge states of a trace that was kept. Its file is named for workload and seed."""
    path, op, seed = Path(options.replay[0]), int(options.replay[1]), int(options.replay[2])
    workload = path.stem.rpartition("-")[0].replace("-", " ")
    verdicts = replay(load(path), workload, seed, op, mixes=options.mixes, name=options.name)
    if not verdicts:
        say(f"There is no state {options.name!r} after {op} operations.")
        return 2
    for name, verdict in verdicts:
        if verdict.kind != OK or options.name:
            say(f"{name}: {verdict.kind} {verdict.sentence}".strip())
    bad = sum(verdict.kind != OK for _, verdict in verdicts)
    say(f"{len(verdicts)} states after {op} operations, {bad} of them bad")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
