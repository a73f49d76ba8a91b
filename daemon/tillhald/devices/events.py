"""What devices tell of their own accord: edges, each of them once."""

from __future__ import annotations

import msgspec

from tillhald.devices.categories import Frame, PowerState
from tillhald.devices.health import Condition, Presence
from tillhald.domain.devices import Identity


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    device_id: str
    at_ms: int


class ConditionBegan(_Event, frozen=True, kw_only=True):
    """Something is wrong with the device from now on."""

    condition: Condition


class ConditionEnded(_Event, frozen=True, kw_only=True):
    """`condition` is over; it says itself since when it had lasted."""

    condition: Condition


class PowerChanged(_Event, frozen=True, kw_only=True):
    """The device went on or off line, or out of reach."""

    power: PowerState


class PresenceChanged(_Event, frozen=True, kw_only=True):
    """It came, or went; `again`: it had been there before since the daemon started."""

    presence: Presence
    again: bool


class Identified(_Event, frozen=True, kw_only=True):
    """The device says what it is, for the first time or otherwise than before."""

    identity: Identity


class DrawerOpened(_Event, frozen=True, kw_only=True):
    """`kicked` is False when no kick of ours explains it."""

    kicked: bool


class DrawerClosed(_Event, frozen=True, kw_only=True):
    """The drawer's switch says: shut."""


class PrintConfirmedLate(_Event, frozen=True, kw_only=True):
    """A job whose outcome was Unconfirmed with this ticket is on paper."""

    ticket: str


class MemoryWritten(_Event, frozen=True, kw_only=True):
    """The driver has had the printer write into its lasting memory, so many times more."""

    count: int


class FrameRead(_Event, frozen=True, kw_only=True):
    """A scanner read something, or tried to."""

    frame: Frame


DeviceEvent = (
    ConditionBegan
    | ConditionEnded
    | PowerChanged
    | PresenceChanged
    | Identified
    | DrawerOpened
    | DrawerClosed
    | PrintConfirmedLate
    | MemoryWritten
    | FrameRead
)
