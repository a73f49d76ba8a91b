"""A lead-acid battery as far as a till notices it: charge, voltage, time left, age. Pure.

The numbers are of a small line-interactive unit (850 VA, two 12 V 9 Ah blocks in series).
"""

from dataclasses import dataclass
from typing import Final

STEP_S: Final = 1.0
STEPS_MAX: Final = 20_000
"""A longer time is integrated in longer steps."""

_OPEN_CELL_V: Final = (
    (0.0, 1.75),
    (0.05, 1.86),
    (0.2, 1.95),
    (0.5, 2.03),
    (0.9, 2.11),
    (1.0, 2.14),
)
"""Open-circuit voltage of one cell by charge: flat in the middle, with a knee at the end."""
FLOAT_CELL_V: Final = 2.275
BULK_CELL_V: Final = 2.2


@dataclass(frozen=True, slots=True, kw_only=True)
class BatterySpec:
    """`peukert`: how much sooner a heavy load empties it than its energy says; 1 is an ideal one.

    `recharge_s`: from empty to 90 %. `resistance_ohm` is the whole string's when new.
    """

    cells: int = 12
    capacity_wh: float = 120.0
    nominal_w: float = 100.0
    peukert: float = 1.15
    resistance_ohm: float = 0.06
    efficiency: float = 0.85
    recharge_s: float = 4 * 3600.0


@dataclass(slots=True)
class Battery:
    """`charge` and `health` are from 0 to 1. Health is what is left of the capacity with age."""

    spec: BatterySpec
    charge: float = 1.0
    health: float = 1.0

    def drain_per_s(self, load_w: float) -> float:
        """How much of the charge a load takes in a second."""
        spec = self.spec
        if load_w <= 0:
            return 0.0
        drawn_w = load_w / spec.efficiency
        heavier: float = max(1.0, drawn_w / spec.nominal_w) ** (spec.peukert - 1)
        return drawn_w * heavier / (spec.capacity_wh * 3600 * max(self.health, 0.01))

    def discharge(self, load_w: float, seconds: float) -> None:
        """Feed a load so long, or until it is empty."""
        self.charge = max(0.0, self.charge - self.drain_per_s(load_w) * seconds)

    def recharge(self, seconds: float) -> None:
        """Charge so long: at full current up to 90 %, then ever slower."""
        step = max(STEP_S, seconds / STEPS_MAX)
        while seconds > 0 and self.charge < 1:
            part = min(step, seconds)
            rate = 0.9 / self.spec.recharge_s
            if self.charge > 0.9:
                rate *= max(0.05, (1 - self.charge) / 0.1)
            self.charge = min(1.0, self.charge + rate * part)
            seconds -= part

    def runtime_s(self, load_w: float) -> float:
        """How long it would feed this load."""
        rate = self.drain_per_s(max(load_w, 1.0))
        return self.charge / rate

    def voltage(self, *, load_w: float, charging: bool) -> float:
        """At its terminals, under this load or on its charger."""
        spec = self.spec
        if charging:
            cell_v = FLOAT_CELL_V if self.charge > 0.9 else BULK_CELL_V
            return cell_v * spec.cells
        open_v = _interpolated(self.charge) * spec.cells
        amperes = load_w / spec.efficiency / open_v
        # What is left of an old battery has more resistance: it sags first, and is empty then.
        return open_v - amperes * spec.resistance_ohm / max(self.health, 0.05)


def _interpolated(charge: float) -> float:
    below = _OPEN_CELL_V[0]
    for above in _OPEN_CELL_V[1:]:
        if charge <= above[0]:
            share = (charge - below[0]) / (above[0] - below[0])
            return below[1] + share * (above[1] - below[1])
        below = above
    return below[1]
