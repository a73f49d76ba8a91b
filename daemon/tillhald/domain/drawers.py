"""What the till remembers of a drawer, beyond its own restarts."""

from __future__ import annotations

import enum

import msgspec


class OpenLevel(enum.StrEnum):
    """The level of a drawer's switch that means "open", as a calibration found it.

    NONE: nothing changed when the drawer was opened: no switch, or none that is wired. UNRELIABLE:
    it changed, and not as a switch does.
    """

    HIGH = "high"
    LOW = "low"
    NONE = "none"
    UNRELIABLE = "unreliable"


class DrawerMemory(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`open_level` is None before the first calibration, `is_open` before the first sight.

    `opened_ms` is when it was seen to open, 0 while it is shut. `kicked_ms` is when a kick of ours
    began that no opening answers yet, else 0. `calibrated_by` is the request_id of the last
    calibration.
    """

    open_level: OpenLevel | None = None
    is_open: bool | None = None
    opened_ms: int = 0
    kicked_ms: int = 0
    calibrated_by: str = ""


NOTHING_KNOWN = DrawerMemory()
