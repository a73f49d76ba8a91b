"""How a battery went, drawn in characters."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

BARS = " ▁▂▃▄▅▆▇█"
EIGHTHS = 8
ROWS = 5
COLUMNS_MAX = 60
PERCENT = 100


class Look(NamedTuple):
    """One point: seconds, the charge in percent where it is known, and whether mains were gone."""

    at_s: float
    charge_percent: float | None
    is_on_battery: bool


def plot(looks: Sequence[Look], columns: int = COLUMNS_MAX) -> list[str]:
    """Lines of equal length, the newest look at the right; below, `b` where it was on battery.

    Nothing where no charge is known.
    """
    if not any(look.charge_percent is not None for look in looks):
        return []
    first_s, last_s = looks[0].at_s, looks[-1].at_s
    wide_s = max(last_s - first_s, 1.0)
    cells: list[list[Look]] = [[] for _ in range(columns)]
    for look in looks:
        cells[min(columns - 1, int((look.at_s - first_s) / wide_s * columns))].append(look)
    charges: list[float | None] = []
    marks = []
    known: float | None = None
    is_on_battery = False
    for cell in cells:
        told = [look.charge_percent for look in cell if look.charge_percent is not None]
        # Points are kept when something changes: until the next one it stayed as it was.
        known = min(told) if told else known
        is_on_battery = any(look.is_on_battery for look in cell) if cell else is_on_battery
        charges.append(known)
        marks.append("b" if is_on_battery else " ")
    lines = []
    for row in range(ROWS - 1, -1, -1):
        label = f"{round((row + 1) * PERCENT / ROWS):>4} "
        lines.append(label + "".join(_cell(charge, row) for charge in charges))
    return [*lines, " " * 5 + "".join(marks)]


def _cell(charge: float | None, row: int) -> str:
    if charge is None:
        return " "
    filled = charge / PERCENT * ROWS * EIGHTHS - row * EIGHTHS
    return BARS[max(0, min(EIGHTHS, round(filled)))]
