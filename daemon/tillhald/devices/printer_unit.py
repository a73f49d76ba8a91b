"""A receipt printer in the registry."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tillhald.devices.categories import (
    Category,
    How,
    PosPrinter,
    PowerState,
    PrinterCapabilities,
    PrinterStatus,
)
from tillhald.devices.events import (
    ConditionEnded,
    DeviceEvent,
    MemoryWritten,
    PrintConfirmedLate,
)
from tillhald.devices.health import Condition, Signs, sensors_of, signs_of
from tillhald.devices.unit import DeviceConfig, PortUnit
from tillhald.domain.devices import Identity


class PrinterUnit(PortUnit[PrinterStatus]):
    """See PortUnit."""

    category = Category.POS_PRINTER

    def __init__(
        self, device_id: str, config: DeviceConfig, printer: PosPrinter, where: str
    ) -> None:
        super().__init__(device_id, config, printer.status(0), where)
        self.device = printer
        self._memory_writes = 0
        self._standing: tuple[str, ...] = ()

    def remember(self, standing: tuple[str, ...]) -> None:
        """Before the start: the conditions that stood when the till went down."""
        self._standing = standing

    def observed(self, status: PrinterStatus, at_ms: int) -> Iterator[DeviceEvent]:
        """See Unit."""
        if count := status.memory_writes - self._memory_writes:
            self._memory_writes = status.memory_writes
            yield MemoryWritten(device_id=self.device_id, at_ms=at_ms, count=count)
        yield from self._settled(status, at_ms)
        yield from super().observed(status, at_ms)

    def _settled(self, status: PrinterStatus, at_ms: int) -> Iterator[DeviceEvent]:
        """Of what stood before the start, tell what the printer itself says is over."""
        for code, severity, reading in sensors_of(status):
            if code not in self._standing or reading.how is not How.MEASURED:
                continue
            self._standing = tuple(each for each in self._standing if each != code)
            if not reading.value:
                over = Condition(code=code, severity=severity, since_ms=at_ms, evidence="")
                yield ConditionEnded(device_id=self.device_id, at_ms=at_ms, condition=over)

    @property
    def capabilities(self) -> PrinterCapabilities:
        """See Unit."""
        return self.device.capabilities

    def read(self) -> PrinterStatus:
        """See Unit."""
        return self.device.status(0)

    def poll(self, timeout_s: float, now_ms: Callable[[], int]) -> list[DeviceEvent]:
        """See PortUnit."""
        return [
            PrintConfirmedLate(device_id=self.device_id, at_ms=now_ms(), ticket=ticket)
            for ticket in self.device.poll(timeout_s)
        ]

    def close(self) -> None:
        """See PortUnit."""
        self.device.close()

    def signs(self, status: PrinterStatus) -> Signs:
        """See Unit."""
        return signs_of(status)

    def is_connected(self, status: PrinterStatus) -> bool:
        """See PortUnit."""
        return status.connected

    def ask(self, deadline_s: float) -> PrinterStatus:
        """See PortUnit."""
        return self.device.status(deadline_s)

    def identity_of(self, status: PrinterStatus) -> Identity:
        """See PortUnit."""
        said = (status.maker, status.model, status.serial)
        maker, model, serial = (
            reading.value or "" if reading.how is How.MEASURED else "" for reading in said
        )
        return Identity(maker=maker, model=model, serial=serial)

    def power_of(self, status: PrinterStatus) -> PowerState:
        """See PortUnit."""
        return status.power.value or PowerState.UNKNOWN
