"""A drawer that a printer kicks open, and whose switch the printer reads on pin 3."""

from __future__ import annotations

import time
from typing import Final, Literal, assert_never

from tillhald.devices.categories import (
    Confirmed,
    DrawerStatus,
    FailedBeforeStart,
    FailedPartial,
    Fired,
    How,
    KickFailed,
    KickOutcome,
    KickUnknown,
    PosPrinter,
    PrinterStatus,
    Pulse,
    Reading,
    Trouble,
    Unconfirmed,
)
from tillhald.devices.drawer_switch import (
    STAYED_CLOSED,
    SWITCH_S_MAX,
    DrawerSwitch,
    outcome_of,
)
from tillhald.devices.errors import DeviceError
from tillhald.devices.options import DrawerOptions, Shown
from tillhald.domain.drawers import OpenLevel

_ASK_S: Final = 0.1
_ASK_PAUSE_S: Final = 0.03
"""More than six real-time questions in a row are too many for a printer."""
ON_MS_MIN: Final = 10
ON_MS_MAX: Final = 510
PULSES_MAX: Final = 5


class KickOptions(DrawerOptions, frozen=True, kw_only=True):
    """The options of one drawer; README.md describes them."""

    printer: Shown
    pin: Literal[2, 5] = 2
    on_ms: int = 100
    off_ms: int = 200
    pulses_max: int = 1

    def __post_init__(self) -> None:
        """Refuse, with a ValueError, pulses that the printer cannot make or the drawer not bear."""
        super().__post_init__()
        if not ON_MS_MIN <= self.on_ms <= self.off_ms <= ON_MS_MAX:
            message = f"on_ms and off_ms are {ON_MS_MIN} to {ON_MS_MAX}, and off_ms is not shorter"
            raise ValueError(message)
        if not 1 <= self.pulses_max <= PULSES_MAX:
            message = f"pulses_max is 1 to {PULSES_MAX}"
            raise ValueError(message)


class KickedDrawer:
    """See CashDrawer for the contract.

    A pulse is repeated only where the drawer's own switch says that the one before did nothing.
    """

    def __init__(self, device_id: str, options: KickOptions, printer: PosPrinter) -> None:
        """`printer` is the one whose connector the drawer hangs on."""
        self._device_id = device_id
        self._options = options
        self._printer = printer
        self._switch = DrawerSwitch(options)

    def learn(self, open_level: OpenLevel) -> bool:
        """See CashDrawer."""
        return self._switch.learn(open_level)

    def status(self) -> DrawerStatus:
        """See CashDrawer."""
        return self._status_of(self._printer.status(0))

    def _status_of(self, printer: PrinterStatus) -> DrawerStatus:
        return self._switch.status(printer.drawer_pin_high)

    def kick(self, now: bool, deadline_s: float) -> KickOutcome:  # noqa: FBT001 - by port.call
        """See CashDrawer. A printer that says it is offline is asked in real time instead."""
        end_s = time.monotonic() + deadline_s
        outcome = self._kick_once(now=now, deadline_s=deadline_s)
        for _ in range(1, self._options.pulses_max):
            left_s = end_s - time.monotonic()
            if outcome != STAYED_CLOSED or left_s < SWITCH_S_MAX:
                break
            outcome = self._kick_once(now=now, deadline_s=left_s)
        return outcome

    def _kick_once(self, *, now: bool, deadline_s: float) -> KickOutcome:
        options = self._options
        before = self._printer.status(min(deadline_s, SWITCH_S_MAX))
        was_shut = self._status_of(before).open.known(value=False)
        # An offline printer queues ESC p until its paper is changed: the drawer would open then.
        now = now or before.offline.known(value=True)
        pulse = Pulse(pin=options.pin, on_ms=options.on_ms, off_ms=options.off_ms, now=now)
        sent = self._printer.pulse_drawer(pulse, deadline_s)
        match sent:
            case FailedBeforeStart(reason, retry_safety):
                return KickFailed(reason, retry_safety)
            case FailedPartial(_, reason):
                return KickUnknown(reason)
            case Confirmed() | Unconfirmed(Trouble.PROCESSED_ONLY):
                return self._seen(was_shut=was_shut)
            case Unconfirmed(reason):
                opened = was_shut and self._seen(was_shut=True) == Fired(verified=True)
                return Fired(verified=True) if opened else KickUnknown(reason)
            case _:
                assert_never(sent)

    def _seen(self, *, was_shut: bool) -> KickOutcome:
        sent_s = time.monotonic()

        def look() -> Reading[bool]:
            seen = self._status_of(self._printer.status(_ASK_S)).open
            # What the printer said before the pulse says nothing of it.
            is_new = seen.age_s is not None and seen.age_s < time.monotonic() - sent_s
            return seen if is_new else Reading(None, How.UNKNOWN)

        try:
            return outcome_of(was_shut=was_shut, look=look, pause=_pause)
        except DeviceError:
            return KickUnknown(Trouble.NO_ANSWER)  # the daemon is closing


def _pause() -> None:
    time.sleep(_ASK_PAUSE_S)
