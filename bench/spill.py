"""`python -m bench spill`: sales a second while answers rest on the spill, and before, in one run.

The daemon is told that its files may not grow (RLIMIT_FSIZE), as on a full disk: the journal's map
fills up, and what is sold then goes to the spill. When the limit is lifted, the journal takes what
the spill holds, and the next round begins. It needs neither root nor a disk of its own.
"""

from __future__ import annotations

import resource
import time
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import grpc

from bench.comparison import run_folder, say
from bench.load import CALL_S_MAX, Cell, Order
from bench.peers import tillhal
from bench.report import table
from bench.worker import run
from tillhal.v1 import system_pb2, system_pb2_grpc, types_pb2

if TYPE_CHECKING:
    from pathlib import Path

    from bench.servers import Running

CALLERS = 8
FILLERS = 64
FILL_S = 0.5
SOUND_S_MAX = 60.0
POLL_S = 0.1
RATIO_MIN = 0.5
MIB = 128
"""Map and spill. The limit on files is the map's size, so the spill must not be larger."""

PRIMARY = types_pb2.DURABILITY_DURABLE_PRIMARY
SPILL = types_pb2.DURABILITY_DURABLE_SPILL


class Round(NamedTuple):
    """The same load twice: answers rest on the journal, then on the spill."""

    primary: Cell
    spill: Cell

    @property
    def ratio(self) -> float:
        """Sales a second on the spill, for one on the journal."""
        return self.spill.rate / self.primary.rate


class WrongDurabilityError(Exception):
    """Answers did not rest on what was to be measured."""


def spill(parent: Path, *, rounds: int, warm_up_s: float, seconds: float) -> list[Round]:
    """Measure in a folder below `parent`. Raises AbsentError, LoadFailedError."""
    journal = f"map_mib = {MIB}\nspill_mib = {MIB}\n"
    with run_folder(parent) as folder, tillhal.running(folder, journal) as till:
        file = folder / "journal" / "data.mdb"
        done = []
        for number in range(rounds):
            _await_sound(till)
            primary = _sell(till, CALLERS, warm_up_s, seconds, expected=PRIMARY)
            _limit(till, file.stat().st_size)
            while _durability(till) != SPILL:
                _sell(till, FILLERS, 0.0, FILL_S)
            spilled = _sell(till, CALLERS, warm_up_s, seconds, expected=SPILL)
            _limit(till, resource.RLIM_INFINITY)
            done.append(Round(primary, spilled))
            say(f"round {number + 1}: {primary.rate:.0f}/s, on the spill {spilled.rate:.0f}/s")
        return done


def _sell(
    till: Running, callers: int, warm_up_s: float, seconds: float, *, expected: int | None = None
) -> Cell:
    order = Order(
        subject="tillhal",
        target=till.targets["unix"],
        server_pid=till.pid,
        callers=(callers,),
        warm_up_s=warm_up_s,
        seconds=seconds,
    )
    cell = run(order)[0]
    found = _durability(till)
    if expected is not None and found != expected:
        wanted, got = (types_pb2.Durability.Name(value) for value in (expected, found))
        sentence = f"Answers were to be {wanted}; in the end they were {got}."
        raise WrongDurabilityError(sentence)
    return cell


def _durability(till: Running) -> int:
    with grpc.insecure_channel(till.targets["unix"]) as channel:
        system = system_pb2_grpc.SystemServiceStub(channel)
        status = system.GetStatus(system_pb2.GetStatusRequest(), timeout=CALL_S_MAX)
    return int(status.durability)


def _limit(till: Running, file_bytes: int) -> None:
    _, hard = resource.prlimit(till.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(till.pid, resource.RLIMIT_FSIZE, (file_bytes, hard))


def _await_sound(till: Running) -> None:
    end_s = time.monotonic() + SOUND_S_MAX
    while _durability(till) != PRIMARY:
        if time.monotonic() > end_s:
            sentence = f"The journal did not take what the spill holds within {SOUND_S_MAX} s."
            raise WrongDurabilityError(sentence)
        time.sleep(POLL_S)


def render(rounds: list[Round]) -> str:
    """Return the report in Markdown."""
    rows = [
        [
            f"round {number}, {name}",
            f"{cell.rate:.0f}",
            f"{cell.p50_us:.0f}",
            f"{cell.p99_us:.0f}",
            f"{cell.server_cpu_us:.0f}",
            f"{cell.foreign_cores:.2f}",
        ]
        for number, measured in enumerate(rounds, start=1)
        for name, cell in (("journal", measured.primary), ("spill", measured.spill))
    ]
    ratio = median(measured.ratio for measured in rounds)
    verdict = "PASS" if ratio >= RATIO_MIN else "FAIL"
    head = ["answers rest on the", "sales/s", "p50 us", "p99 us", "server CPU us", "others' cores"]
    lines = [f"# Selling on the spill, {CALLERS} callers", "", *table(head, rows), ""]
    said = f"{verdict}: {ratio:.2f} sales on the spill for one on the journal (median of the rounds"
    return "\n".join([*lines, f"{said}; at least {RATIO_MIN}).", ""])
