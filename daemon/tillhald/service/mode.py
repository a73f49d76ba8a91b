"""What the till as a whole is in, worked out from what its parts say."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from tillhald.domain.supply import Supply
from tillhald.service.verification import ChainCheck

if TYPE_CHECKING:
    from tillhald.domain.state import TillState

_LOST = (Supply.COMM_LOST, Supply.COMM_LOST_ON_BATTERY)


class Mode(enum.StrEnum):
    STORAGE_DEGRADED = "storage_degraded"
    PRINTER_DOWN = "printer_down"
    CLOCK_SUSPECT = "clock_suspect"
    RECOVERY_PENDING = "recovery_pending"
    SHUTTING_DOWN = "shutting_down"
    ON_BATTERY = "on_battery"
    BATTERY_LOW = "battery_low"
    UPS_LOST = "ups_lost"
    DAY_OVERDUE = "day_overdue"
    TRAINING = "training"


def modes(
    state: TillState,
    *,
    storage_trouble: bool,
    chain: ChainCheck,
    printer_down: bool,
    draining: bool,
    gated: bool,
    day_overdue: bool = False,
) -> list[Mode]:
    """All modes that hold, in the order of their weight; none is good. `gated`: what the last start
    found keeps new sales from being begun."""
    holds = {
        Mode.STORAGE_DEGRADED: storage_trouble or chain in (ChainCheck.FAULTY, ChainCheck.FAILED),
        Mode.PRINTER_DOWN: printer_down,
        Mode.CLOCK_SUSPECT: state.clock_suspect,
        Mode.RECOVERY_PENDING: gated or bool(state.interrupted),
        Mode.SHUTTING_DOWN: draining,
        Mode.ON_BATTERY: state.power.supply is Supply.ON_BATTERY,
        Mode.BATTERY_LOW: state.power.refuses_sales,
        Mode.UPS_LOST: state.power.supply in _LOST,
        Mode.DAY_OVERDUE: day_overdue,
        Mode.TRAINING: state.shift is not None and state.shift.training,
    }
    return [mode for mode, is_so in holds.items() if is_so]
