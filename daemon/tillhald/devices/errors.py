"""What a device's failure means to those who asked: may they try again, and who must do what."""

from __future__ import annotations

import enum
from typing import ClassVar


class RetrySafety(enum.StrEnum):
    """SAFE: nothing happened. UNKNOWN: something may have. NEVER: it cannot succeed as asked."""

    SAFE = "safe"
    UNKNOWN = "unknown"
    NEVER = "never"


class DeviceError(Exception):
    """Hardware says no. `reason` is the stable word for programs, the message is for people.

    `bytes_sent` counts at most what reached the device; `operator_action` is a whole sentence
    for whoever stands at the till.
    """

    reason: ClassVar[str] = "DEVICE_FAILED"
    retry_safety: RetrySafety = RetrySafety.UNKNOWN
    operator_action: ClassVar[str] = "Look at the device and call a technician."

    def __init__(
        self,
        message: str,
        *,
        device_id: str,
        retry_safety: RetrySafety | None = None,
        bytes_sent: int = 0,
    ) -> None:
        """`retry_safety` replaces the class's own where the raiser knows better."""
        super().__init__(message)
        self.device_id = device_id
        self.bytes_sent = bytes_sent
        if retry_safety is not None:
            self.retry_safety = retry_safety


class DeviceOffline(DeviceError):
    """The device cannot be reached, or says that it cannot work now."""

    reason = "DEVICE_OFFLINE"
    retry_safety = RetrySafety.SAFE
    operator_action = "Check that the device is switched on, connected and ready."


class DeviceTimeout(DeviceError):
    """The device did not finish within the deadline; it may still do so."""

    reason = "DEVICE_TIMEOUT"
    operator_action = "Look at the device before trying again: it may have done the work."


class DeviceStuck(DeviceError):
    """An earlier call has passed its deadline and still holds the port."""

    reason = "DEVICE_STUCK"
    retry_safety = RetrySafety.SAFE
    operator_action = "Switch the device off and on, and check its cable."


class DeviceQueueFull(DeviceError):
    """More calls wait for this port than it may hold."""

    reason = "QUEUE_FULL"
    retry_safety = RetrySafety.SAFE
    operator_action = "Wait until the device has done what it was asked."


class DeviceClosing(DeviceError):
    """The daemon is letting go of the device."""

    reason = "SHUTTING_DOWN"
    retry_safety = RetrySafety.SAFE
    operator_action = "Wait until the till has started again."


class DeviceUnknown(DeviceError):
    """No device of that name and category is configured."""

    reason = "DEVICE_UNKNOWN"
    retry_safety = RetrySafety.NEVER
    operator_action = "Name a device that the till's configuration has."
