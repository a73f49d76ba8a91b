"""A drawer's switch: what its level means, and how to see it open behind a pulse.

The same level means "open" with one drawer and "shut" with another, so it is configured, or
learnt with the drawer that is there (see DrawerOptions).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from tillhald.devices.categories import (
    DrawerStatus,
    Fired,
    How,
    KickFailed,
    KickOutcome,
    KickUnknown,
    Reading,
    Trouble,
)
from tillhald.devices.errors import RetrySafety
from tillhald.devices.options import DrawerOptions
from tillhald.domain.drawers import OpenLevel

SWITCH_S_MAX: Final = 0.5
"""How long a drawer takes from the pulse until its switch tells; measured ones need 0.1 s."""
STAYED_CLOSED: Final = KickFailed(Trouble.DRAWER_STAYED_CLOSED, RetrySafety.UNKNOWN)
_UNSUPPORTED: Final[Reading[bool]] = Reading(None, How.UNSUPPORTED)


class DrawerSwitch:
    """Made from the configuration, taught by calibrations. Safe on any thread."""

    def __init__(self, options: DrawerOptions) -> None:
        """With `auto` nothing is known before `learn`."""
        self._is_learnt = options.open_level == "auto"
        self._level = None if self._is_learnt else OpenLevel(options.open_level)

    def learn(self, open_level: OpenLevel) -> bool:
        """See CashDrawer."""
        if self._is_learnt:
            self._level = open_level
        return self._is_learnt

    def status(self, high: Reading[bool]) -> DrawerStatus:
        """Say what the bare level `high` means. A configured `none` looks at no level at all."""
        if self._level is OpenLevel.NONE and not self._is_learnt:
            return DrawerStatus(open=_UNSUPPORTED, switch_high=_UNSUPPORTED)
        return DrawerStatus(open=self._meaning(high), switch_high=high)

    def _meaning(self, high: Reading[bool]) -> Reading[bool]:
        match self._level:
            case _ if high.how is How.UNSUPPORTED:
                return high
            case OpenLevel.NONE:
                return _UNSUPPORTED
            case None | OpenLevel.UNRELIABLE:
                return Reading(None, How.UNKNOWN)
            case OpenLevel.HIGH | OpenLevel.LOW:
                if high.value is None:
                    return high
                is_open = high.value == (self._level is OpenLevel.HIGH)
                return Reading(is_open, high.how, high.age_s)


def outcome_of(
    *, was_shut: bool, look: Callable[[], Reading[bool]], pause: Callable[[], None]
) -> KickOutcome:
    """Ask the switch about a pulse that has just gone out.

    `look` reads it, `pause` waits for a moment between two looks and may raise DeviceError. Only a
    drawer that was seen shut before can be seen to open.
    """
    if not was_shut:
        return Fired(verified=False)
    end_s = time.monotonic() + SWITCH_S_MAX
    while True:
        seen = look()
        if seen.known(value=True):
            return Fired(verified=True)
        if time.monotonic() >= end_s:
            break
        pause()
    if seen.known(value=False):
        return STAYED_CLOSED
    return KickUnknown(Trouble.NO_ANSWER)
