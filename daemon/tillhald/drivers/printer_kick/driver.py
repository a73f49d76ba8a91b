"""A drawer that a printer kicks open, and whose switch the printer reads on pin 3."""

from __future__ import annotations

import time
from typing import Final, Literal, assert_never

import msgspec

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
from tillhald.devices.errors import DeviceError, RetrySafety
from tillhald.devices.options import Shown

SWITCH_S_MAX: Final = 0.5
"""How long a drawer takes from the pulse until its switch tells; measured ones need 0.1 s."""
_ASK_S: Final = 0.1
_ASK_PAUSE_S: Final = 0.03
"""More than six real-time questions in a row are too many for a printer."""
ON_MS_MIN: Final = 10
ON_MS_MAX: Final = 510


class KickOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of one drawer; README.md describes them."""

    printer: Shown
    pin: Literal[2, 5] = 2
    on_ms: int = 100
    off_ms: int = 200
    open_level: Literal["high", "low", "none"] = "none"

    def __post_init__(self) -> None:
        """Refuse, with a ValueError, pulses that the printer cannot make or the drawer not bear."""
        if not ON_MS_MIN <= self.on_ms <= self.off_ms <= ON_MS_MAX:
            message = f"on_ms and off_ms are {ON_MS_MIN} to {ON_MS_MAX}, and off_ms is not shorter"
            raise ValueError(message)


class KickedDrawer:
    """See CashDrawer for the contract. Every pulse is sent once, whatever becomes of it."""

    def __init__(self, device_id: str, options: KickOptions, printer: PosPrinter) -> None:
        """`printer` is the one whose connector the drawer hangs on."""
        self._device_id = device_id
        self._options = options
        self._printer = printer

    def status(self) -> DrawerStatus:
        """See CashDrawer."""
        return DrawerStatus(open=self._open_reading(self._printer.status(0)))

    def _open_reading(self, printer: PrinterStatus) -> Reading[bool]:
        if self._options.open_level == "none":
            return Reading(None, How.UNSUPPORTED)
        pin = printer.drawer_pin_high
        if pin.value is None:
            return pin
        return Reading(pin.value == (self._options.open_level == "high"), pin.how, pin.age_s)

    def kick(self, now: bool, deadline_s: float) -> KickOutcome:  # noqa: FBT001 - by port.call
        """See CashDrawer. A printer that says it is offline is asked in real time instead."""
        options = self._options
        before = self._printer.status(min(deadline_s, SWITCH_S_MAX))
        was_shut = self._open_reading(before).known(value=False)
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
                return self._fired(was_shut=was_shut)
            case Unconfirmed(reason):
                opened = was_shut and self._saw_open()
                return Fired(verified=True) if opened else KickUnknown(reason)
            case _:
                assert_never(sent)

    def _fired(self, *, was_shut: bool) -> KickOutcome:
        """Ask the switch about a pulse that went out."""
        began_s = time.monotonic()
        if not was_shut:
            return Fired(verified=False)  # open before, or no switch that could tell
        if self._saw_open():
            return Fired(verified=True)
        if time.monotonic() - began_s >= SWITCH_S_MAX and self.status().open.known(value=False):
            return KickFailed(Trouble.DRAWER_STAYED_CLOSED, RetrySafety.UNKNOWN)
        return KickUnknown(Trouble.NO_ANSWER)

    def _saw_open(self) -> bool:
        end_s = time.monotonic() + SWITCH_S_MAX
        while time.monotonic() < end_s:
            try:
                status = self._printer.status(_ASK_S)
            except DeviceError:
                return False  # the daemon is closing
            if self._open_reading(status).known(value=True):
                return True
            time.sleep(_ASK_PAUSE_S)
        return False
