"""A cash drawer in the registry: when it was opened, and whether by the till."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tillhald.devices.categories import CashDrawer, Category, DrawerStatus
from tillhald.devices.events import DeviceEvent, DrawerClosed, DrawerOpened
from tillhald.devices.health import Signs
from tillhald.devices.unit import DeviceConfig, Unit

KICK_OPENS_MS_MAX: Final = 2_000
"""A drawer that opens so long after a kick was opened by it; later, by a key or a hand."""


class DrawerUnit(Unit[DrawerStatus]):
    """See Unit. `kicked_ms` is when the last kick began or ended that no opening answers yet."""

    category = Category.CASH_DRAWER

    def __init__(self, device_id: str, config: DeviceConfig, drawer: CashDrawer) -> None:
        super().__init__(device_id, config, drawer.status())
        self.device = drawer
        self.kicked_ms: int | None = None
        self._open: bool | None = None

    def read(self) -> DrawerStatus:
        """See Unit."""
        return self.device.status()

    def signs(self, status: DrawerStatus) -> Signs:  # noqa: ARG002 - a switch has no more to say
        """See Unit."""
        return {}

    def observed(self, status: DrawerStatus, at_ms: int) -> Iterator[DeviceEvent]:
        """See Unit."""
        yield from super().observed(status, at_ms)
        was_open, is_open = self._open, status.open.value
        if is_open is None or is_open == was_open:
            return
        self._open = is_open
        if not is_open:
            if was_open is not None:  # the first reading of all is no edge
                yield DrawerClosed(device_id=self.device_id, at_ms=at_ms)
            return
        kicked_ms, self.kicked_ms = self.kicked_ms, None
        kicked = self.calls > 0 or (
            kicked_ms is not None and at_ms - kicked_ms <= KICK_OPENS_MS_MAX
        )
        yield DrawerOpened(device_id=self.device_id, at_ms=at_ms, kicked=kicked)
