"""A cash drawer in the registry: when it was opened, by whom, and how long it stands open."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

from msgspec.structs import replace

from tillhald.devices.categories import (
    CashDrawer,
    Category,
    DrawerCapabilities,
    DrawerStatus,
    Fired,
    How,
    KickFailed,
    KickOutcome,
    PowerState,
    Reading,
    WiredDrawer,
    WiredDrawerStatus,
)
from tillhald.devices.drawer_switch import STAYED_CLOSED
from tillhald.devices.events import DeviceEvent, DrawerClosed, DrawerOpened
from tillhald.devices.health import Severity, Signs
from tillhald.devices.options import DrawerOptions
from tillhald.devices.unit import DeviceConfig, PortUnit, Unit
from tillhald.domain.drawers import DrawerMemory, OpenLevel

KICK_OPENS_MS_MAX: Final = 2_000
"""A drawer that opens so long after a kick was opened by it; later, by a key or a hand."""
WRONG_WAYS_MIN: Final = 2
"""So many kicks in a row that turned "open" into "shut": the level is the wrong way round. One
may have met the hand that pushed the drawer shut."""
WRONG_WAY_MS_MAX: Final = 500


class DrawerUnit(Unit[DrawerStatus]):
    """See Unit. `beside` are the drawers of the same switch, itself among them: it cannot tell
    which of them is open, so what opened is told of the one that was kicked, or of the first.
    """

    category = Category.CASH_DRAWER

    def __init__(self, device_id: str, config: DeviceConfig, drawer: CashDrawer) -> None:
        super().__init__(device_id, config, drawer.status())
        self._begin(drawer)

    def _begin(self, drawer: CashDrawer) -> None:
        assert isinstance(self.config.options, DrawerOptions), "a drawer's options are a drawer's"
        self.device = drawer
        self.beside: list[DrawerUnit] = [self]
        self._options = self.config.options
        self._open: bool | None = None
        self._kicked_ms: int | None = None
        self._kicked_before_start = False
        self._learnt: OpenLevel | None = None
        self._alarm_s: float | None = None
        self._stayed_closed = False
        self._wrong_ways = 0

    def remember(self, memory: DrawerMemory, *, now_ms: int, alive_ms: int) -> None:
        """Take up what was known before this start; `alive_ms` is when the till last recorded."""
        if memory.open_level is not None:
            self.learn(memory.open_level)
        self._open = memory.is_open
        if memory.is_open:
            self._set_alarm(max(now_ms - memory.opened_ms, 0) / 1000)
        waited_ms = alive_ms - memory.kicked_ms
        self._kicked_before_start = bool(memory.kicked_ms) and waited_ms <= KICK_OPENS_MS_MAX

    def learn(self, open_level: OpenLevel) -> bool:
        """Take what a calibration found; False if the configuration names the level.

        Begins anew with what is seen from now on: what was seen so far may have been the opposite.
        """
        is_learnt = self.device.learn(open_level)
        if is_learnt and open_level is not self._learnt:
            self._learnt = open_level
            self._open = self._alarm_s = None
            self._stayed_closed, self._wrong_ways = False, 0
        return is_learnt

    # --- what it is

    @property
    def capabilities(self) -> DrawerCapabilities:
        """See Unit."""
        configured = self._options.open_level
        level = self._learnt if configured == "auto" else OpenLevel(configured)
        can_tell = level in {OpenLevel.HIGH, OpenLevel.LOW}
        return DrawerCapabilities(
            status=can_tell and self.status.switch_high.how is not How.UNSUPPORTED,
            status_multi_drawer_detect=len(self.beside) == 1,
            polarity_known=can_tell or level is OpenLevel.NONE,
        )

    @property
    def has_switch(self) -> bool:
        """Whether the configuration leaves room for one."""
        return self._options.open_level != "none"

    def read(self) -> DrawerStatus:
        """See Unit."""
        return self.device.status()

    def shown(self) -> DrawerStatus:
        """See Unit. Of several drawers on one switch, "open" is only inferred of this one."""
        status = self.status
        if len(self.beside) == 1 or status.open.value is not True:
            return status
        seen = status.open
        if self._open:
            how = How.INFERRED if seen.how is How.MEASURED else seen.how
            return replace(status, open=Reading(value=True, how=how, age_s=seen.age_s))
        return replace(status, open=Reading(None, How.UNKNOWN))

    # --- what happens

    def kick_begins(self, at_ms: int) -> None:
        """A pulse is about to be asked for."""
        self._kicked_ms = at_ms

    def kick_ended(self, outcome: KickOutcome, at_ms: int) -> Iterator[DeviceEvent]:
        """The pulse came to this."""
        nothing_went_out = isinstance(outcome, KickFailed) and outcome != STAYED_CLOSED
        if self._kicked_ms is not None:  # else an opening has answered it already
            self._kicked_ms = None if nothing_went_out else at_ms
        if isinstance(outcome, Fired) or outcome == STAYED_CLOSED:
            self._stayed_closed = outcome == STAYED_CLOSED
        yield from self._hold_against(self.signs(self.status), at_ms)

    def observed(self, status: DrawerStatus, at_ms: int) -> Iterator[DeviceEvent]:
        """See Unit."""
        was_open, is_open = self._open, status.open.value
        if is_open is not None and is_open != was_open:
            if is_open:
                yield from self._opened(at_ms)
            else:
                yield from self._closed(at_ms)
        if is_open is not None:
            self._kicked_before_start = False
        yield from super().observed(status, at_ms)

    def _opened(self, at_ms: int) -> Iterator[DeviceEvent]:
        others = [unit for unit in self.beside if unit is not self]
        kicked = self._was_kicked(at_ms)
        if any(unit._open for unit in others) or (  # noqa: SLF001 - of its own kind
            not kicked and any(unit._was_kicked(at_ms) for unit in others)  # noqa: SLF001
        ):
            return
        if self._kick_moved_it(at_ms):
            self._wrong_ways = 0
        self._open = True
        self._kicked_ms = None
        self._stayed_closed = False
        self._set_alarm(0.0)
        yield DrawerOpened(device_id=self.device_id, at_ms=at_ms, kicked=kicked)

    def _closed(self, at_ms: int) -> Iterator[DeviceEvent]:
        was_open, self._open = self._open, False
        self._alarm_s = None
        if was_open is None:  # the first sight of all is no edge
            return
        self._wrong_ways += self._kick_moved_it(at_ms)
        yield DrawerClosed(device_id=self.device_id, at_ms=at_ms)

    def _was_kicked(self, at_ms: int) -> bool:
        return (
            self.calls > 0
            or self._kicked_before_start
            or (self._kicked_ms is not None and at_ms - self._kicked_ms <= KICK_OPENS_MS_MAX)
        )

    def _kick_moved_it(self, at_ms: int) -> bool:
        """Whether no hand is as quick as that behind a kick."""
        kicked_ms = self._kicked_ms
        return self.calls > 0 or (kicked_ms is not None and at_ms - kicked_ms <= WRONG_WAY_MS_MAX)

    # --- how long it stands open

    def _set_alarm(self, open_s: float) -> None:
        left_open_s = self._options.left_open_s
        if left_open_s:
            self._alarm_s = time.monotonic() + max(left_open_s - open_s, 0.0)

    def look_again_s(self) -> float | None:
        """See Unit."""
        if self._alarm_s is None or "drawer_left_open" in self.conditions:
            return None
        return max(self._alarm_s - time.monotonic(), 0.0)

    def signs(self, status: DrawerStatus) -> Signs:
        """See Unit.

        A drawer that stood open when its switch fell silent is held for open until somebody sees
        it shut: no alarm ends, or stays away, by pulling a plug.
        """
        signs: Signs = {}
        if self._alarm_s is not None and time.monotonic() >= self._alarm_s:
            signs["drawer_left_open"] = (Severity.WARNING, self.shown().open.how)
        if self._stayed_closed:
            signs["drawer_stayed_closed"] = (Severity.WARNING, status.open.how)
        if self._wrong_ways >= WRONG_WAYS_MIN:
            signs["drawer_switch_inverted"] = (Severity.WARNING, How.INFERRED)
        return signs


class WiredDrawerUnit(DrawerUnit, PortUnit[DrawerStatus]):
    """A drawer with a port of its own."""

    device: WiredDrawer

    def __init__(
        self, device_id: str, config: DeviceConfig, drawer: WiredDrawer, where: str
    ) -> None:
        PortUnit.__init__(self, device_id, config, drawer.status(), where)
        self._begin(drawer)

    def poll(self, timeout_s: float, now_ms: Callable[[], int]) -> list[DeviceEvent]:  # noqa: ARG002 - nothing of its own to date
        """See PortUnit."""
        self.device.poll(timeout_s)
        return []

    def close(self) -> None:
        """See PortUnit."""
        self.device.close()

    def signs(self, status: DrawerStatus) -> Signs:
        """See Unit."""
        signs = super().signs(status)
        if self.power_of(status) is PowerState.OFF:
            signs["unreachable"] = (Severity.ERROR, How.MEASURED)
        return signs

    def is_connected(self, status: DrawerStatus) -> bool:
        """See PortUnit."""
        return self.power_of(status) is PowerState.ONLINE

    def power_of(self, status: DrawerStatus) -> PowerState:
        """See PortUnit."""
        assert isinstance(status, WiredDrawerStatus), "it is what its device says"
        return status.power
