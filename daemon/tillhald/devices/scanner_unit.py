"""A barcode scanner in the registry."""

from __future__ import annotations

from collections.abc import Callable

from tillhald.devices.categories import (
    BarcodeScanner,
    Category,
    PowerState,
    ScannerCapabilities,
    ScannerStatus,
)
from tillhald.devices.events import DeviceEvent, FrameRead
from tillhald.devices.health import Signs, signs_of_scanner
from tillhald.devices.unit import DeviceConfig, PortUnit


class ScannerUnit(PortUnit[ScannerStatus]):
    """See PortUnit."""

    category = Category.SCANNER

    def __init__(
        self, device_id: str, config: DeviceConfig, scanner: BarcodeScanner, where: str
    ) -> None:
        super().__init__(device_id, config, scanner.status(), where)
        self.device = scanner

    @property
    def capabilities(self) -> ScannerCapabilities:
        """See Unit."""
        return self.device.capabilities

    def read(self) -> ScannerStatus:
        """See Unit."""
        return self.device.status()

    def poll(self, timeout_s: float, now_ms: Callable[[], int]) -> list[DeviceEvent]:
        """See PortUnit."""
        return [
            FrameRead(device_id=self.device_id, at_ms=now_ms(), frame=frame)
            for frame in self.device.poll(timeout_s)
        ]

    def close(self) -> None:
        """See PortUnit."""
        self.device.close()

    def signs(self, status: ScannerStatus) -> Signs:
        """See Unit."""
        return signs_of_scanner(status)

    def is_connected(self, status: ScannerStatus) -> bool:
        """See PortUnit."""
        return status.connected

    def power_of(self, status: ScannerStatus) -> PowerState:
        """See PortUnit."""
        return status.power.value or PowerState.UNKNOWN
