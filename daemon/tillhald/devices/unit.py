"""One device as the registry holds it: what it said last, what is wrong with it, what changed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import ClassVar, Generic, TypeVar

import msgspec

from tillhald.devices.backup import Backup
from tillhald.devices.categories import (
    Category,
    DrawerCapabilities,
    DrawerStatus,
    IdentityStrength,
    PowerState,
    PrinterCapabilities,
    PrinterStatus,
    Reading,
    ScannerCapabilities,
    ScannerStatus,
)
from tillhald.devices.events import (
    ConditionBegan,
    ConditionEnded,
    DeviceEvent,
    Identified,
    PowerChanged,
    PresenceChanged,
)
from tillhald.devices.health import DRIVER_FAILED, REPLACED, Condition, Presence, Severity, Signs
from tillhald.devices.options import Shown
from tillhald.domain.devices import Identity

Status = PrinterStatus | DrawerStatus | ScannerStatus
Capabilities = PrinterCapabilities | DrawerCapabilities | ScannerCapabilities
S = TypeVar("S", bound=Status)


def without_ages(status: Status) -> Iterator[object]:
    """What a device says, so that saying the same again is the same."""
    for value in msgspec.structs.astuple(status):
        yield (value.value, value.how) if isinstance(value, Reading) else value


class DeviceConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One device as the configuration has it; `options` are of the driver's own type.

    `maintenance`: by the name of a statistic, the count at which somebody is to look after it.
    """

    driver: Shown
    options: msgspec.Struct
    maintenance: dict[Shown, int] = {}
    backup: Backup | None = None


class Unit(ABC, Generic[S]):
    """`read` runs on the port's thread, everything else on the event loop.

    `status` is replaced on the port's thread and read anywhere. `calls` counts what is asked of
    the device and not answered yet.
    """

    category: ClassVar[Category]

    def __init__(self, device_id: str, config: DeviceConfig, status: S) -> None:
        self.device_id = device_id
        self.config = config
        self.status = status
        self.calls = 0
        self.conditions: dict[str, Condition] = {}
        self._noticed: Signs = {}

    @property
    def capabilities(self) -> Capabilities | None:
        """What the model can do, if its category has more to say than its readings."""
        return None

    @abstractmethod
    def read(self) -> S:
        """Say what is known of the device, without asking it."""

    def shown(self) -> S:
        """What is to be said of the device: its status, with what only the till knows beside."""
        return self.status

    def look_again_s(self) -> float | None:
        """In how many seconds something is due though the device says nothing new, if ever."""
        return None

    @abstractmethod
    def signs(self, status: S) -> Signs:
        """Name all that is wrong with the device."""

    def observed(self, status: S, at_ms: int) -> Iterator[DeviceEvent]:
        """Take what `read` gave, and tell what changed by it."""
        yield from self._hold_against(self.signs(status), at_ms)

    def notice(
        self, code: str, sign: tuple[Severity, str] | None, at_ms: int
    ) -> Iterator[DeviceEvent]:
        """Hold something against the device that is known elsewhere in the till; None: no more."""
        if sign is None:
            self._noticed.pop(code, None)
        else:
            self._noticed[code] = sign
        yield from self._hold_against(self.signs(self.status), at_ms)

    def failed(self, error: Exception, at_ms: int) -> Iterator[DeviceEvent]:
        """Its driver made a mistake; that is held against it until the next turn that goes well."""
        evidence = f"{type(error).__name__}: {error}"
        signs = self.signs(self.status) | {DRIVER_FAILED: (Severity.ERROR, evidence)}
        yield from self._hold_against(signs, at_ms)

    def retired(self, at_ms: int) -> Iterator[DeviceEvent]:
        """It is not driven any more: what was wrong with it is over."""
        self._noticed = {}
        yield from self._hold_against({}, at_ms)

    def _hold_against(self, signs: Signs, at_ms: int) -> Iterator[DeviceEvent]:
        """Begin and end conditions so that they are those of `signs`, and what was noticed."""
        signs = {**self._noticed, **signs}
        for code in [code for code in self.conditions if code not in signs]:
            ended = self.conditions.pop(code)
            yield ConditionEnded(device_id=self.device_id, at_ms=at_ms, condition=ended)
        for code, (severity, evidence) in signs.items():
            if code not in self.conditions:
                began = Condition(code=code, severity=severity, since_ms=at_ms, evidence=evidence)
                self.conditions[code] = began
                yield ConditionBegan(device_id=self.device_id, at_ms=at_ms, condition=began)


class PortUnit(Unit[S]):
    """The device that a port leads to. What else hangs on the port has its power and presence."""

    def __init__(self, device_id: str, config: DeviceConfig, status: S, where: str) -> None:
        """`where` is how it is wired, for people."""
        super().__init__(device_id, config, status)
        self.where = where
        self.power = PowerState.UNKNOWN
        self.seen = False
        self.identity = Identity()
        self._there = False

    @property
    def identity_strength(self) -> IdentityStrength:
        """How surely it is known again: by what it says, else by where it is wired."""
        kind, _, place = self.where.partition(" ")
        if self.identity.serial or "/by-id/" in place:
            return IdentityStrength.SERIAL
        if kind in ("usb", "serial"):
            return IdentityStrength.PORT
        return IdentityStrength.NETWORK if kind in ("tcp", "rfc2217") else IdentityStrength.NONE

    @property
    def presence(self) -> Presence:
        """Whether it is there."""
        if self.is_connected(self.status):
            return Presence.REPLACED if REPLACED in self.conditions else Presence.PRESENT
        return Presence.ABSENT if self.seen else Presence.NEVER_SEEN

    @abstractmethod
    def poll(self, timeout_s: float, now_ms: Callable[[], int]) -> list[DeviceEvent]:
        """Give the driver its turn, on the port's thread; what the device told by itself."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the device, on the port's thread."""

    @abstractmethod
    def is_connected(self, status: S) -> bool:
        """Whether the device is there and answers."""

    def ask(self, deadline_s: float) -> S:  # noqa: ARG002 - most have nothing to ask
        """Ask the device how it is, on the port's thread; where it cannot be asked, see `read`."""
        return self.read()

    def identity_of(self, status: S) -> Identity:  # noqa: ARG002 - most say nothing
        """What it says it is."""
        return Identity()

    @abstractmethod
    def power_of(self, status: S) -> PowerState:
        """What is known of its power."""

    def retired(self, at_ms: int) -> Iterator[DeviceEvent]:
        """See Unit; and nobody knows of its power any more."""
        yield from super().retired(at_ms)
        if self.power is not PowerState.UNKNOWN:
            self.power = PowerState.UNKNOWN
            yield PowerChanged(device_id=self.device_id, at_ms=at_ms, power=self.power)

    def observed(self, status: S, at_ms: int) -> Iterator[DeviceEvent]:
        """See Unit."""
        there = self.is_connected(status)
        if there is not self._there:
            self._there = there
            again, self.seen = self.seen, True
            presence = Presence.PRESENT if there else Presence.ABSENT
            name = self.device_id
            yield PresenceChanged(device_id=name, at_ms=at_ms, presence=presence, again=again)
        power = self.power_of(status)
        if power is not self.power:
            self.power = power
            yield PowerChanged(device_id=self.device_id, at_ms=at_ms, power=power)
        identity = self.identity_of(status)
        if there and identity not in (self.identity, Identity()):
            self.identity = identity
            yield Identified(device_id=self.device_id, at_ms=at_ms, identity=identity)
        yield from super().observed(status, at_ms)
