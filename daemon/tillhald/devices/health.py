"""What a device's readings amount to: conditions that begin and end, power, presence."""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from tillhald.devices.categories import How, PowerState, PrinterStatus, Reading, ScannerStatus


class Severity(enum.StrEnum):
    """ERROR: the device cannot work. WARNING: it will soon not, or works badly."""

    WARNING = "warning"
    ERROR = "error"


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """Something wrong with a device, as long as it lasts. `evidence` says how it is known."""

    code: str
    severity: Severity
    since_ms: int
    evidence: str


class State(enum.StrEnum):
    """ERROR: it cannot work. BUSY: it works or has work waiting."""

    IDLE = "idle"
    BUSY = "busy"
    ERROR = "error"


class Presence(enum.StrEnum):
    """Whether something is there at the device's address. REPLACED: another one than is known."""

    NEVER_SEEN = "never_seen"
    PRESENT = "present"
    ABSENT = "absent"
    REPLACED = "replaced"


class Lifecycle(enum.StrEnum):
    """Whether the daemon drives the device."""

    CONFIGURED = "configured"
    RUNNING = "running"
    CLOSED = "closed"


DRIVER_FAILED: Final = "driver_failed"
REPLACED: Final = "replaced"
MAINTENANCE_DUE: Final = "maintenance_due"

Signs = dict[str, tuple[Severity, str]]
"""By condition code: how bad, and how it is known."""


def sensors_of(status: PrinterStatus) -> tuple[tuple[str, Severity, Reading[bool]], ...]:
    """What a printer's sensors can hold against it: the condition, how bad it is, the reading."""
    return (
        ("cover_open", Severity.ERROR, status.cover_open),
        ("paper_out", Severity.ERROR, status.paper_out),
        ("cutter_error", Severity.ERROR, status.cutter_error),
        ("unrecoverable_error", Severity.ERROR, status.unrecoverable_error),
        ("overheated", Severity.WARNING, status.overheated),
        ("paper_near_end", Severity.WARNING, status.paper_near_end),
    )


def signs_of(status: PrinterStatus) -> Signs:
    """Name all that is wrong with a printer.

    What was wrong when a printer fell silent is held for wrong until it says otherwise: paper
    does not come back by pulling the plug.
    """
    signs: Signs = {
        code: (severity, reading.how)
        for code, severity, reading in sensors_of(status)
        if reading.value
    }
    if status.power.value is PowerState.OFF:
        signs["unreachable"] = (Severity.ERROR, status.power.how)
    if status.silent:
        signs["silent"] = (Severity.WARNING, How.MEASURED)
    if status.offline.known(value=True) and not any(
        bad is Severity.ERROR for bad, _ in signs.values()
    ):
        signs["not_ready"] = (Severity.ERROR, status.offline.how)
    return signs


def signs_of_scanner(status: ScannerStatus) -> Signs:
    """Name all that is wrong with a scanner."""
    signs: Signs = {}
    if status.power.value is PowerState.OFF:
        signs["unreachable"] = (Severity.ERROR, status.trouble or status.power.how)
    return signs


def state_of(calls: int, *, broken: bool) -> State:
    """UnifiedPOS's state of a device that so many calls are under way to."""
    if broken:
        return State.ERROR
    return State.BUSY if calls else State.IDLE
