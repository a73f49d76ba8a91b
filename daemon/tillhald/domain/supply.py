"""Where the till's power stands, in words, and what they mean for selling."""

from __future__ import annotations

import enum
from typing import Final

import msgspec


class Supply(enum.StrEnum):
    """The till's power. What it does in each is in docs/reference/power.md."""

    INIT = "init"
    ONLINE = "online"
    ON_BATTERY = "on_battery"
    LOW_BATTERY = "low_battery"
    SHUTTING_DOWN = "shutting_down"
    RECOVERING = "recovering"
    COMM_LOST = "comm_lost"
    COMM_LOST_ON_BATTERY = "comm_lost_on_battery"
    UNPROTECTED = "unprotected"


SEVERITY: Final = {
    supply: weight
    for weight, supply in enumerate(
        (
            Supply.ONLINE,
            Supply.INIT,
            Supply.UNPROTECTED,
            Supply.COMM_LOST,
            Supply.RECOVERING,
            Supply.ON_BATTERY,
            Supply.COMM_LOST_ON_BATTERY,
            Supply.LOW_BATTERY,
            Supply.SHUTTING_DOWN,
        )
    )
}
"""Of several UPSes the weakest counts."""

REFUSES_SALES: Final = frozenset(
    {Supply.LOW_BATTERY, Supply.COMM_LOST_ON_BATTERY, Supply.SHUTTING_DOWN}
)


class OutageCause(enum.StrEnum):
    """Why the mains went: guessed by the till, then chosen by a person."""

    UNKNOWN = "unknown"
    GRID = "grid"
    VOLTAGE = "voltage"
    AGEING = "ageing"
    WEATHER = "weather"
    UPKEEP = "upkeep"
    CUT_CABLE = "cut_cable"


class Lack(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that a drill missed: a code that stays; `ups` is empty where it is about the host
    or the till."""

    code: str
    ups: str = ""


class SelfTestKind(enum.StrEnum):
    """A quick test shows that the UPS switches over; only a deep one that its battery lasts."""

    QUICK = "quick"
    DEEP = "deep"


class SelfTestResult(enum.StrEnum):
    """How a self-test ended; UNKNOWN where the UPS does not say, or the till was restarted."""

    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    REFUSED = "refused"
    UNKNOWN = "unknown"
