"""One run: start every server, alternate over all subjects, round after round."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from bench.floors import (
    ESTIMATED_ROWS,
    RECORDS,
    Floor,
    Floors,
    open_floors,
    rows_of_a_sale,
)
from bench.load import Cell, Commits, Order, StoredRow
from bench.machine import Machine, describe
from bench.peers.tillhal import sell_one
from bench.servers import AbsentError, Running, Transport
from bench.subjects import SERVERS, SUBJECTS
from bench.worker import run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CALLERS = (1, 8, 64)
FLOOR_S_MAX = 1.0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How much to measure."""

    subjects: tuple[str, ...] = tuple(SUBJECTS)
    callers: tuple[int, ...] = CALLERS
    rounds: int = 3
    warm_up_s: float = 0.7
    seconds: float = 2.5


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """A cell and whose it is."""

    subject: str
    transport: Transport
    round: int
    cell: Cell


class MeasuredFloor(msgspec.Struct, frozen=True, kw_only=True):
    """A floor in one round."""

    round: int
    floor: Floor


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a run found; what the JSON file holds."""

    began: datetime
    took_s: float
    plan: Plan
    machine: Machine
    load_before: tuple[float, float, float]
    load_after: tuple[float, float, float]
    servers: dict[str, str]
    absent: dict[str, str]
    rows: tuple[StoredRow, ...]
    rows_from_journal: bool
    floors: tuple[MeasuredFloor, ...]
    cells: tuple[Measured, ...]


class _Visit(NamedTuple):
    """One load process to run: a subject by a transport."""

    subject: str
    transport: Transport
    running: Running


@contextlib.contextmanager
def run_folder(parent: Path) -> Iterator[Path]:
    """Make a folder for one run below `parent` and delete it at the end."""
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent, prefix="run-") as name:
        folder = Path(name).resolve()
        # PostgreSQL runs as another user than root and has to reach its own folder in here.
        folder.chmod(0o711)
        yield folder


def say(sentence: str) -> None:
    """Tell whoever waits at the terminal how far the run is; the report goes to stdout."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def _start_all(
    stack: contextlib.ExitStack, folder: Path, wanted: Sequence[str]
) -> tuple[dict[str, Running], dict[str, str]]:
    """Return the servers that run, and why the others do not."""
    started: dict[str, Running] = {}
    absent: dict[str, str] = {}
    for name, running in SERVERS.items():
        if name not in {SUBJECTS[subject].server for subject in wanted}:
            continue
        own = folder / name
        own.mkdir()
        try:
            started[name] = stack.enter_context(running(own))
        except AbsentError as reason:
            absent[name] = str(reason)
            say(f"{name} is absent: {reason}")
    return started, absent


def _sell_and_look(running: Running, folder: Path) -> tuple[StoredRow, ...]:
    """Return what tillhal stores for one sale, looked up in its journal."""
    target, journal = running.targets["unix"], folder / "journal"
    sell_one(target)  # also opens the day and the shift
    before_seq = sum(row.table == RECORDS for row in rows_of_a_sale(journal, 0))
    sell_one(target)
    return tuple(rows_of_a_sale(journal, before_seq))


def compare(plan: Plan, parent: Path) -> Run:
    """Measure. Raises LoadFailedError when a subject fails in the middle."""
    began, load_before = datetime.now(tz=UTC), os.getloadavg()
    with run_folder(parent) as folder, contextlib.ExitStack() as stack:
        machine = describe(folder)
        started, absent = _start_all(stack, folder, plan.subjects)
        rows = (
            _sell_and_look(started["tillhal"], folder / "tillhal")
            if "tillhal" in started
            else ESTIMATED_ROWS
        )
        floors_folder = folder / "floors"
        floors_folder.mkdir()
        floors = open_floors(floors_folder, rows)
        visits = [
            _Visit(name, transport, started[SUBJECTS[name].server])
            for name in plan.subjects
            if SUBJECTS[name].server in started
            for transport in SUBJECTS[name].transports
        ]
        measured_floors: list[MeasuredFloor] = []
        cells: list[Measured] = []
        for number in range(plan.rounds):
            say(f"round {number + 1} of {plan.rounds}")
            # Every other round goes backwards, so that nobody always comes after the same one.
            # The floors stay next to tillhal, which comes first and last.
            backwards = number % 2 == 1
            if not backwards:
                measured_floors += _measure_floors(floors, plan, number)
            for visit in reversed(visits) if backwards else visits:
                cells += _visit(visit, plan, number, Commits(folder=str(floors_folder), rows=rows))
            if backwards:
                measured_floors += _measure_floors(floors, plan, number)
    return Run(
        began=began,
        took_s=(datetime.now(tz=UTC) - began).total_seconds(),
        plan=plan,
        machine=machine,
        load_before=load_before,
        load_after=os.getloadavg(),
        servers={name: running.about for name, running in started.items()},
        absent=absent,
        rows=rows,
        rows_from_journal="tillhal" in started,
        floors=tuple(measured_floors),
        cells=tuple(cells),
    )


def _measure_floors(floors: Floors, plan: Plan, number: int) -> list[MeasuredFloor]:
    found = floors.measure(min(plan.seconds, FLOOR_S_MAX))
    return [MeasuredFloor(round=number, floor=floor) for floor in found]


def _visit(visit: _Visit, plan: Plan, number: int, commits: Commits) -> Iterator[Measured]:
    is_floor = SUBJECTS[visit.subject].commits
    order = Order(
        subject=visit.subject,
        target=visit.running.targets[visit.transport],
        server_pid=visit.running.pid,
        callers=(1,) if is_floor else plan.callers,
        warm_up_s=plan.warm_up_s,
        seconds=plan.seconds,
        commits=commits if is_floor else None,
    )
    for cell in run(order):
        say(
            f"  {visit.subject} {visit.transport} x{cell.callers}: {cell.rate:.0f}/s, "
            f"p50 {cell.p50_us / 1e3:.2f} ms, p99 {cell.p99_us / 1e3:.2f} ms"
        )
        yield Measured(subject=visit.subject, transport=visit.transport, round=number, cell=cell)
