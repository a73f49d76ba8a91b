"""What a check of a scanner does beyond asking how it is. See service.health."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tillhald.devices.categories import How, PowerState, ScannerCapabilities, ScannerStatus
from tillhald.devices.errors import DeviceError
from tillhald.domain import errors

if TYPE_CHECKING:
    from tillhald.devices.registry import DeviceSnapshot
    from tillhald.service.scans import Scans


class Said(NamedTuple):
    """How a step went: None, where it could not be tried."""

    well: bool | None
    evidence: str


def line_of(shot: DeviceSnapshot) -> Said:
    """Whether its line is open, and how much that says of the scanner itself."""
    status = shot.status
    assert isinstance(status, ScannerStatus), "a scanner has a scanner's status"
    if not status.connected:
        return Said(well=False, evidence=status.trouble or "nobody has looked for it yet")
    is_on = status.power.value is PowerState.ONLINE
    is_inferred = status.power.how is How.INFERRED
    how = (
        "its line is open; that it hangs on it shows when it reads" if is_inferred else "it says so"
    )
    return Said(well=is_on, evidence=how)


async def trigger(scans: Scans, shot: DeviceSnapshot) -> Said:
    """Pull its trigger by command."""
    capabilities = shot.capabilities
    assert isinstance(capabilities, ScannerCapabilities), "a scanner has a scanner's"
    if not capabilities.soft_trigger:
        return Said(well=None, evidence="no trigger command is configured")
    try:
        await scans.trigger(shot.device_id)
    except (DeviceError, errors.Refused) as error:
        return Said(well=False, evidence=error.reason)
    return Said(well=True, evidence="it took the command")
