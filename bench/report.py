"""The report: Markdown for people, from the same Run that goes into the JSON file."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from bench.subjects import SUBJECTS
from bench.verdicts import TILLHAL, Key, cells_by_key, judge, middle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.comparison import Run
    from bench.load import Cell
    from bench.verdicts import Middle


QUIET_CORES_MAX = 0.15
"""Above this the numbers tell more about the machine's other work than about the subjects."""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a Markdown table: the first column to the left, the others to the right."""
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    rule = [
        ("-" * width if at == 0 else "-" * (width - 1) + ":") for at, width in enumerate(widths)
    ]
    return [line(head), line(rule), *(line(row) for row in rows)]


def render(run: Run) -> str:
    """Return the whole report."""
    lines = ["# A durable sale: tillhal, its floors and its peers", "", *_conditions(run), ""]
    lines += ["## Floors, one after the other", "", *_floors(run), ""]
    for callers in run.plan.callers:
        lines += [f"## {callers} caller{'s' * (callers > 1)}", "", *_cells(run, callers), ""]
    lines += ["## Acceptance", ""]
    if (foreign := _foreign_cores(run)) > QUIET_CORES_MAX:
        lines += [
            f"The machine was not quiet (others used {foreign:.2f} cores): measure again.",
            "",
        ]
    verdicts = judge(run)
    lines += [
        f"- {'PASS' if verdict.passed else 'FAIL'} {verdict.sentence}" for verdict in verdicts
    ] or ["- nothing could be judged: tillhal or what it is compared with was not measured"]
    return "\n".join([*lines, ""])


def _conditions(run: Run) -> list[str]:
    machine, plan = run.machine, run.plan
    packages = ", ".join(f"{name} {version}" for name, version in machine.packages.items())
    stored = sum(row.key_bytes + row.value_bytes for row in run.rows)
    source = "found in tillhal's journal" if run.rows_from_journal else "estimated: no tillhal"
    lines = [
        (
            f"- {run.began:%Y-%m-%d %H:%M} UTC, {run.took_s:.0f} s: {plan.rounds} rounds, "
            f"alternated; {plan.seconds} s a cell after {plan.warm_up_s} s of warming up; "
            "medians of the rounds, in brackets the least and the greatest"
        ),
        (
            f"- {machine.cores} cores ({machine.cpu}), {machine.memory_mib} MiB, Linux "
            f"{machine.kernel}, Python {machine.python}, {packages}"
        ),
        f"- disk {machine.disk}; {machine.file_system}",
        (
            f"- load average before {_load(run.load_before)}, after {_load(run.load_after)}; "
            f"others used {_foreign_cores(run):.2f} cores while measuring (median of the cells)"
        ),
        f"- a sale is {len(run.rows)} rows, {stored} bytes ({source})",
        "- the empty call is AccessService/GetCaller, answered by tillhal's process",
        "- nobody prints a receipt: tillhal has no devices here, and the peers know none",
    ]
    lines += [f"- {name}: {about}" for name, about in run.servers.items()]
    lines += [f"- {name} is absent: {reason}" for name, reason in run.absent.items()]
    return lines


def _foreign_cores(run: Run) -> float:
    return median([measured.cell.foreign_cores for measured in run.cells] or [0.0])


def _load(averages: Sequence[float]) -> str:
    return " ".join(f"{average:.2f}" for average in averages)


def _floors(run: Run) -> list[str]:
    rows = []
    for name in dict.fromkeys(each.floor.name for each in run.floors):
        floors = [each.floor for each in run.floors if each.floor.name == name]
        rows.append(
            [
                name,
                _spread(middle([floor.p50_us / 1e3 for floor in floors]), 3),
                _spread(middle([floor.p99_us / 1e3 for floor in floors]), 3),
                _spread(middle([floor.rate for floor in floors]), 0),
            ]
        )
    return table(["floor", "p50 ms", "p99 ms", "a second"], rows)


def _spread(found: Middle, digits: int) -> str:
    return f"{found.value:.{digits}f} ({found.least:.{digits}f}..{found.greatest:.{digits}f})"


def _cells(run: Run, callers: int) -> list[str]:
    found = cells_by_key(run)
    rows = []
    for key, cells in found.items():
        if key.callers == callers:
            ours = found.get(Key(TILLHAL, key.transport, callers))
            rows.append([f"{SUBJECTS[key.subject].title}, {key.transport}", *_columns(cells, ours)])
    order = {subject.title: at for at, subject in enumerate(SUBJECTS.values())}
    rows.sort(key=lambda row: order[row[0].rpartition(", ")[0]])
    head = ["", "p50 ms", "p99 ms", "a second", "rate to tillhal's", "server CPU us"]
    return table([*head, "client cores", "conflicts"], rows)


def _columns(cells: Sequence[Cell], ours: Sequence[Cell] | None) -> list[str]:
    rate = middle([cell.rate for cell in cells])
    ratio = f"{rate.value / median(cell.rate for cell in ours):.2f}" if ours else "-"
    return [
        _spread(middle([cell.p50_us / 1e3 for cell in cells]), 2),
        _spread(middle([cell.p99_us / 1e3 for cell in cells]), 2),
        _spread(rate, 0),
        ratio,
        f"{median(cell.server_cpu_us for cell in cells):.0f}",
        f"{median(cell.client_cores for cell in cells):.2f}",
        f"{median(cell.retries for cell in cells):.1f}",
    ]
