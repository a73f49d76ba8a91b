"""What the run has to show, and whether it did."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from bench.floors import LMDB_COMMIT
from bench.subjects import SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.comparison import Run
    from bench.load import Cell
    from bench.servers import Transport

FLOOR_FACTOR_MAX = 1.8
"""A sale at one caller may take so many times what an empty call and its raw commit take."""
RATE_CALLERS = (8, 64)
P99_CALLERS = 8
TILLHAL = "tillhal"


class Middle(NamedTuple):
    """The median of the rounds, with the least and the greatest."""

    value: float
    least: float
    greatest: float


class Key(NamedTuple):
    """Which cells belong together over the rounds."""

    subject: str
    transport: Transport
    callers: int


class Verdict(NamedTuple):
    """One line of the acceptance."""

    passed: bool
    sentence: str


def middle(values: Sequence[float]) -> Middle:
    """Return the median of at least one value, and its spread."""
    return Middle(median(values), min(values), max(values))


def cells_by_key(run: Run) -> dict[Key, list[Cell]]:
    """Return the rounds of every cell, in the order of measuring."""
    found: dict[Key, list[Cell]] = {}
    for measured in run.cells:
        key = Key(measured.subject, measured.transport, measured.cell.callers)
        found.setdefault(key, []).append(measured.cell)
    return found


def _median_of(cells: Sequence[Cell], what: Callable[[Cell], float]) -> float:
    return median(what(cell) for cell in cells)


def judge(run: Run) -> list[Verdict]:
    """Return the verdicts that this run allows: none on what was not measured."""
    cells = cells_by_key(run)
    transports: tuple[Transport, ...] = ("unix", "tcp")
    verdicts = []
    for transport in transports:
        verdicts += _against_floors(run, cells, transport)
    for name, subject in SUBJECTS.items():
        if name == TILLHAL or not subject.sells:
            continue
        for transport in subject.transports:
            verdicts += _against_peer(cells, name, transport)
    return verdicts


def _against_floors(run: Run, cells: dict[Key, list[Cell]], transport: Transport) -> list[Verdict]:
    """Compare within each round, so that a disk that is slow for a while is slow for both."""
    ours, echo = cells.get(Key(TILLHAL, transport, 1)), cells.get(Key("echo", transport, 1))
    if not ours or not echo or not run.rows_from_journal:
        return []
    commits = [each.floor for each in run.floors if each.floor.name == LMDB_COMMIT]
    factors = [
        our.p50_us / (empty.p50_us + commit.p50_us)
        for our, empty, commit in zip(ours, echo, commits, strict=True)
    ]
    verdicts = [_floor_verdict(transport, "(empty call + raw LMDB commit), each alone", factors)]
    if both := cells.get(Key("echo-commit", transport, 1)):
        factors = [our.p50_us / each.p50_us for our, each in zip(ours, both, strict=True)]
        floor = "an empty call and then a raw LMDB commit"
        verdicts.append(_floor_verdict(transport, floor, factors))
    return verdicts


def _floor_verdict(transport: Transport, floor: str, factors: Sequence[float]) -> Verdict:
    factor = median(factors)
    sentence = (
        f"{transport}: p50 at one caller is {factor:.2f} x {floor}, "
        f"{min(factors):.2f} to {max(factors):.2f} in the rounds; at most {FLOOR_FACTOR_MAX}"
    )
    return Verdict(factor <= FLOOR_FACTOR_MAX, sentence)


def _against_peer(cells: dict[Key, list[Cell]], name: str, transport: Transport) -> list[Verdict]:
    title = SUBJECTS[name].title
    verdicts = []
    for callers in RATE_CALLERS:
        pair = cells.get(Key(TILLHAL, transport, callers)), cells.get(Key(name, transport, callers))
        if not pair[0] or not pair[1]:
            continue
        ours, theirs = (_median_of(each, lambda cell: cell.rate) for each in pair if each)
        sentence = (
            f"{transport}, {callers} callers: {ours:.0f} sales/s against {theirs:.0f} of {title}: "
            f"{_by_how_much(ours / theirs)}"
        )
        verdicts.append(Verdict(ours > theirs, sentence))
    pair = (
        cells.get(Key(TILLHAL, transport, P99_CALLERS)),
        cells.get(Key(name, transport, P99_CALLERS)),
    )
    if pair[0] and pair[1]:
        ours, theirs = (_median_of(each, lambda cell: cell.p99_us) for each in pair if each)
        sentence = (
            f"{transport}, {P99_CALLERS} callers: p99 {ours / 1e3:.2f} ms against "
            f"{theirs / 1e3:.2f} ms of {title}: {_by_how_much(theirs / ours)}"
        )
        verdicts.append(Verdict(ours < theirs, sentence))
    return verdicts


def _by_how_much(better: float) -> str:
    """Say a ratio that is above 1 where tillhal is better."""
    return f"ahead {better:.2f} x" if better > 1 else f"behind {1 / better:.2f} x"
