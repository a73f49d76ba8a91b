"""`python -m bench boot`: how long a till with a history takes to its first answer, and its memory.

The history is sold into the journal by the daemon's own path, in this process, before the first
start. Then tillhald is started again and again: after an orderly stop, and after a kill that
follows one more sale. The files are in the kernel's page cache, as after a restart of the daemon;
after a restart of the machine they are not.
"""

from __future__ import annotations

import os
import signal
import time
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import grpc
import psutil
import uvloop

from bench.comparison import run_folder, say
from bench.inprocess import fill
from bench.peers import tillhal
from bench.report import table
from tillhal.v1 import system_pb2, system_pb2_grpc

if TYPE_CHECKING:
    from pathlib import Path

HISTORIES = (0, 10_000, 1_000_000)
STARTS = 5
STATUS_S_MAX = 5.0


class Start(NamedTuple):
    """One start."""

    first_answer_ms: float
    """From starting the process to the first SERVING that it answers."""
    own_ms: int
    """What the daemon itself says (RecoveryReport.boot_ms)."""
    tail_records: int
    rss_mib: float
    private_mib: float
    """Resident and not shared: without the pages of the journal's file."""


class History(NamedTuple):
    """A till that has sold so much."""

    sales: int
    journal_mib: float
    filled_s: float
    orderly: list[Start]
    killed: list[Start]


def _start(folder: Path, *, sell_and_kill: bool) -> Start:
    begun_s = time.perf_counter()
    with tillhal.running(folder) as running:
        took_s = time.perf_counter() - begun_s
        target = running.targets["unix"]
        with grpc.insecure_channel(target) as channel:
            recovery = (
                system_pb2_grpc.SystemServiceStub(channel)
                .GetStatus(system_pb2.GetStatusRequest(), timeout=STATUS_S_MAX)
                .recovery
            )
        memory = psutil.Process(running.pid).memory_full_info()
        if sell_and_kill:
            tillhal.sell_one(target)
            os.kill(running.pid, signal.SIGKILL)
    return Start(
        took_s * 1e3,
        recovery.boot_ms,
        recovery.tail_records,
        memory.rss / 2**20,
        memory.uss / 2**20,
    )


def _history(folder: Path, sales: int) -> History:
    folder.mkdir()
    begun_s = time.perf_counter()
    uvloop.run(fill(folder, sales))
    filled_s = time.perf_counter() - begun_s
    say(f"{sales} sales filled in {filled_s:.0f} s")
    orderly = [_start(folder, sell_and_kill=False) for _ in range(STARTS)]
    _start(folder, sell_and_kill=True)
    killed = [_start(folder, sell_and_kill=True) for _ in range(STARTS)]
    size = (folder / "journal" / "data.mdb").stat().st_size / 2**20
    return History(sales, size, filled_s, orderly, killed)


def boot(parent: Path, histories: tuple[int, ...]) -> list[History]:
    """Measure in a folder below `parent`. Raises AbsentError."""
    with run_folder(parent) as folder:
        return [_history(folder / str(sales), sales) for sales in histories]


def render(histories: list[History]) -> str:
    """Return the report in Markdown: medians of STARTS starts."""
    rows = [
        [
            f"{history.sales} sales, {name}",
            f"{history.journal_mib:.0f}",
            *(f"{median(start[at] for start in starts):.0f}" for at in range(len(Start._fields))),
        ]
        for history in histories
        for name, starts in (("stopped in order", history.orderly), ("killed", history.killed))
    ]
    head = ["till", "journal MiB", "first answer ms", "its own count ms", "records replayed"]
    lines = [f"# Starting a till with a history (medians of {STARTS} starts)", ""]
    return "\n".join([*lines, *table([*head, "RSS MiB", "private MiB"], rows), ""])
