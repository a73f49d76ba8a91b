"""What sellers notice of other work that the till does: the same load without and with it."""

from __future__ import annotations

import threading
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from bench.comparison import say
from bench.load import Cell, Order
from bench.report import table
from bench.worker import run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CALLERS = 8
WARM_UP_S, SECONDS = 1.0, 8.0
P99_RATIO_MAX = 1.5


class Beside(NamedTuple):
    """The same load without and with work beside it, which took `took_s`."""

    without: Cell
    beside: Cell
    took_s: float


def beside(target: str, pid: int, doing: str, work: Callable[[], float]) -> Beside:
    """Sell to the till of that process, alone and then beside `work`, which gives its seconds."""
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
    thread = threading.Thread(target=lambda: took_s.append(work()))
    thread.start()
    try:
        busy = run(order)[0]
    finally:
        thread.join()
    pair = Beside(without, busy, took_s[0])
    say(f"p99 {without.p99_us:.0f} us, {doing} for {pair.took_s:.0f} s {busy.p99_us:.0f} us")
    return pair


def render_pairs(pairs: Sequence[Beside], doing: str) -> list[str]:
    """A table of all rounds, and the verdict on their median."""
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
            (f"{doing} for {pair.took_s:.0f} s", pair.beside),
        )
    ]
    ratio = median(pair.beside.p99_us / pair.without.p99_us for pair in pairs)
    verdict = "PASS" if ratio <= P99_RATIO_MAX else "FAIL"
    head = ["load", "sales/s", "p50 us", "p99 us", "others' cores"]
    return [
        *table(head, rows),
        "",
        f"{verdict}: p99 while {doing} is {ratio:.2f} times as long; {P99_RATIO_MAX} at most.",
        "",
    ]
