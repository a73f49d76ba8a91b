"""`python -m bench staging`: what sellers notice while the till builds another version.

Eight callers sell, round by round without anything beside and while a bundle of this very program
is staged through the RPC. What was built is removed after each round, so that it is built anew.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import psutil

from bench.comparison import run_folder, say
from bench.load import Cell, Order
from bench.peers.tillhal import write_config
from bench.report import table
from bench.servers import free_port
from bench.upgrade import OLD, add_slot, launched
from bench.worker import run
from tillhal import Till
from tillhald.boot import generation, slot
from tillhald.boot.files import partial_folder
from tillhald.boot.record import BootRecord, Pair, write
from tillhald.bundle.trust import TrustFolder
from tillhald.schema import MIN_READER, SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 3
CALLERS = 8
WARM_UP_S, SECONDS = 1.0, 8.0
P99_RATIO_MAX = 1.5
READY_S = 30.0
TOOL = Path(__file__).parents[1] / "tools" / "bundle.py"


class Beside(NamedTuple):
    """The same load without and with a version being staged, which took `took_s`."""

    without: Cell
    beside: Cell
    took_s: float


def staging(parent: Path, rounds: int) -> list[Beside]:
    """Measure in a folder below `parent`."""
    with run_folder(parent) as folder:
        bundle, root = _bundle(folder)
        home = folder / "home"
        for name in ("boot", "slots", "data", "work", "identity"):
            (home / name).mkdir(parents=True)
        add_slot(home, OLD, SCHEMA)
        building = partial_folder(generation.data_folder(home) / generation.FIRST)
        generation.finish(building, generation.Meta(schema=SCHEMA, min_reader=MIN_READER))
        write(home, BootRecord(seq=1, committed=Pair(slot=OLD, generation=generation.FIRST)))
        TrustFolder(home / "identity" / "trust").install(root)
        config = write_config(folder, free_port())
        target = f"unix:{folder / 'api.sock'}"
        with launched(home, config) as launcher, Till.connect(target) as till:
            till.status(timeout_s=READY_S)
            (daemon,) = psutil.Process(launcher).children()
            return [_pair(till, target, daemon.pid, bundle, home) for _ in range(rounds)]


def _bundle(folder: Path) -> tuple[Path, bytes]:
    """A bundle of this program, and the root of those who signed it."""
    out = folder / "stick"
    subprocess.run([sys.executable, TOOL, "--out", out], check=True, stdout=sys.stderr)
    (bundle,) = out.glob("*.tlb")
    (root,) = out.rglob("1.root.json")
    return bundle, root.read_bytes()


def _pair(till: Till, target: str, pid: int, bundle: Path, home: Path) -> Beside:
    order = Order(
        subject="tillhal",
        target=target,
        server_pid=pid,
        callers=(CALLERS,),
        warm_up_s=WARM_UP_S,
        seconds=SECONDS,
    )
    without = run(order)[0]
    took_s: list[float] = []
    thread = threading.Thread(target=_stage, args=(till, bundle, took_s.append))
    thread.start()
    try:
        beside = run(order)[0]
    finally:
        thread.join()
    for path in slot.slots_folder(home).iterdir():
        if path.name != OLD:
            shutil.rmtree(path)
    say(f"p99 {without.p99_us:.0f} us, while staging for {took_s[0]:.0f} s {beside.p99_us:.0f} us")
    return Beside(without, beside, took_s[0])


def _stage(till: Till, bundle: Path, tell: Callable[[float], None]) -> None:
    for step in till.upgrades.stage(str(bundle)):
        if step.HasField("result"):
            tell(step.result.took_ms / 1000)


def render(pairs: list[Beside]) -> str:
    """The report as Markdown."""
    rows = [
        [
            f"round {number}, {name}",
            f"{cell.rate:.0f}",
            f"{cell.p50_us:.0f}",
            f"{cell.p99_us:.0f}",
            f"{cell.foreign_cores:.2f}",
        ]
        for number, pair in enumerate(pairs, start=1)
        for name, cell in (
            ("without", pair.without),
            (f"staging for {pair.took_s:.0f} s", pair.beside),
        )
    ]
    ratio = median(pair.beside.p99_us / pair.without.p99_us for pair in pairs)
    verdict = "PASS" if ratio <= P99_RATIO_MAX else "FAIL"
    head = ["load", "sales/s", "p50 us", "p99 us", "others' cores"]
    return "\n".join(
        [
            f"# {CALLERS} callers that sell, without and while a version is staged",
            "",
            *table(head, rows),
            "",
            f"{verdict}: p99 while staging is {ratio:.2f} times as long; {P99_RATIO_MAX} at most.",
            "",
        ]
    )
