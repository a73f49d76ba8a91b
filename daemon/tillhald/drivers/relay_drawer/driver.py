"""A drawer that a relay on a serial line opens. The pulse is ours: on, a while, off.

Source: the command table of LC Technology's LCUS-1 to LCUS-8 boards: A0h, channel, 01h on or 00h
off, and the low byte of the sum of the three.
"""

from __future__ import annotations

import errno
import time
from pathlib import Path
from typing import Final, Literal

from tillhald.devices.categories import (
    How,
    KickFailed,
    KickOutcome,
    KickUnknown,
    PowerState,
    Reading,
    Trouble,
    WiredDrawerStatus,
)
from tillhald.devices.drawer_switch import DrawerSwitch, outcome_of
from tillhald.devices.errors import (
    DeviceClosing,
    DeviceError,
    DeviceOffline,
    DeviceTimeout,
    RetrySafety,
)
from tillhald.devices.link import StreamLink
from tillhald.devices.link_serial import (
    BAUD_MAX,
    BAUD_MIN,
    SerialSettings,
    SerialWire,
    modem_line,
    waiting_bytes,
)
from tillhald.devices.options import DrawerOptions, Shown
from tillhald.devices.wake import Wake
from tillhald.domain.drawers import OpenLevel

LOOK_S: Final = 0.05
"""How often the switch's line is read: the kernel tells nobody who also waits for something else.
"""
RETRY_S: Final = 1.0
ON_MS_MIN, ON_MS_MAX = 10, 1000
CHANNELS_MAX: Final = 8
TRIGGER_BYTES_MAX: Final = 64
SENT_S_MAX: Final = 0.2
_PAUSE_S: Final = 0.02


class RelayOptions(DrawerOptions, frozen=True, kw_only=True):
    """The options of one drawer; README.md describes them."""

    serial: Shown
    baud: int = 9600
    trigger: Literal["lcus", "bytes"] = "lcus"
    channel: int = 1
    on_ms: int = 100
    bytes_hex: Shown = "07"
    switch: Literal["none", "cts", "dsr"] = "none"

    def __post_init__(self) -> None:
        """Refuse, with a ValueError, what no board does and no solenoid bears."""
        super().__post_init__()
        if not Path(self.serial).is_absolute():
            raise ValueError(f"{self.serial!r} is no absolute path")
        if not BAUD_MIN <= self.baud <= BAUD_MAX:
            raise ValueError(f"`baud` is {BAUD_MIN} to {BAUD_MAX}")
        if not 1 <= self.channel <= CHANNELS_MAX:
            raise ValueError(f"`channel` is 1 to {CHANNELS_MAX}")
        if not ON_MS_MIN <= self.on_ms <= ON_MS_MAX:
            raise ValueError(f"`on_ms` is {ON_MS_MIN} to {ON_MS_MAX}")
        try:
            count = len(bytes.fromhex(self.bytes_hex))
        except ValueError:
            count = 0
        if not 1 <= count <= TRIGGER_BYTES_MAX:
            raise ValueError(f"`bytes_hex` is 1 to {TRIGGER_BYTES_MAX} bytes in hexadecimal")


def encode_relay(channel: int, *, is_on: bool) -> bytes:
    """One command of an LCUS board."""
    frame = bytes([0xA0, channel, is_on])
    return frame + bytes([sum(frame) & 0xFF])


class RelayDrawer:
    """See WiredDrawer. A pulse is begun at most once, and never left without its end.

    A till that dies within a pulse leaves the relay closed, and current burns a solenoid: so the
    first thing that goes over every new connection is "off".
    """

    def __init__(self, device_id: str, options: RelayOptions, wake: Wake) -> None:
        """No I/O."""
        self._options = options
        self._wake = wake
        settings = SerialSettings(baud=options.baud, flow="none")
        self._wire = SerialWire(options.serial, settings)
        self._link = StreamLink(device_id, self._wire, wake)
        self._switch = DrawerSwitch(options)
        is_relay = options.trigger == "lcus"
        self._on = (
            encode_relay(options.channel, is_on=True)
            if is_relay
            else bytes.fromhex(options.bytes_hex)
        )
        self._off = encode_relay(options.channel, is_on=False) if is_relay else b""
        self._power = PowerState.UNKNOWN
        self._next_attempt_s = 0.0
        self._has_line = options.switch != "none"
        self._seen: tuple[bool, float] | None = None

    def learn(self, open_level: OpenLevel) -> bool:
        """See CashDrawer."""
        return self._switch.learn(open_level)

    def status(self) -> WiredDrawerStatus:
        """See WiredDrawer."""
        known = self._switch.status(self._level())
        return WiredDrawerStatus(open=known.open, switch_high=known.switch_high, power=self._power)

    def kick(self, now: bool, deadline_s: float) -> KickOutcome:  # noqa: ARG002, FBT001 - nothing is queued that it could overtake
        """See CashDrawer."""
        end_s = time.monotonic() + deadline_s
        try:
            self._connect(end_s)
        except DeviceError as error:
            return KickFailed(_trouble_of(error), RetrySafety.SAFE)
        self._look()
        was_shut = self.status().open.known(value=False)
        try:
            self._link.send(self._on, end_s, lambda _: None)
        except DeviceError as error:
            if error.bytes_sent == 0:
                return KickFailed(_trouble_of(error), RetrySafety.SAFE)
            return KickUnknown(_trouble_of(error))
        if (trouble := self._end_pulse()) is not None:
            return KickUnknown(trouble)
        try:
            return outcome_of(was_shut=was_shut, look=self._look_open, pause=self._pause)
        except DeviceError as error:
            return KickUnknown(_trouble_of(error))

    def poll(self, timeout_s: float) -> None:
        """See WiredDrawer."""
        try:
            if not self._link.up:
                self._mend(timeout_s)
                return
            wait_s = min(timeout_s, LOOK_S) if self._has_line else timeout_s
            self._link.receive(wait_s, rousable=True)  # what a board says by itself means nothing
            self._look()
        except DeviceClosing:
            raise
        except DeviceError:
            self._lost()

    def close(self) -> None:
        """See WiredDrawer."""
        if self._link.up:
            self._release()
        self._link.close()

    # --- the pulse

    def _end_pulse(self) -> Trouble | None:
        """Let the current flow for as long as it should, and not for longer, whatever happens."""
        closing = False
        if self._off:
            try:
                self._wake.wait(None, 0, self._options.on_ms / 1000, rousable=False)
            except DeviceClosing:
                closing = True
            if not self._release():
                self._lost()
                return Trouble.LINK_LOST
        if closing:
            return Trouble.SHUTTING_DOWN
        return None if self._is_sent() else Trouble.DEVICE_TIMEOUT

    def _release(self) -> bool:
        """Write "off", also while the daemon goes down, when a link would refuse to wait."""
        try:
            return self._wire.write(self._off) == len(self._off)
        except OSError:
            return False

    def _is_sent(self) -> bool:
        end_s = time.monotonic() + SENT_S_MAX
        try:
            while waiting_bytes(self._wire.fileno()):
                if time.monotonic() >= end_s:
                    return False
                time.sleep(_PAUSE_S)
        except OSError:
            return False
        return True

    # --- the link

    def _mend(self, timeout_s: float) -> None:
        wait_s = self._next_attempt_s - time.monotonic()
        if wait_s > 0:
            self._wake.wait(None, 0, min(wait_s, timeout_s), rousable=True)
        else:
            self._connect(time.monotonic() + timeout_s)

    def _connect(self, end_s: float) -> None:
        if self._link.up:
            return
        try:
            self._link.connect(max(end_s - time.monotonic(), 0.0), rousable=False)
        except DeviceOffline:
            self._lost()
            raise
        self._power = PowerState.ONLINE
        if not self._release():
            raise self._link.lost(why="takes nothing")

    def _lost(self) -> None:
        self._link.drop()
        self._power = PowerState.OFF
        self._next_attempt_s = time.monotonic() + RETRY_S

    # --- the switch

    def _look(self) -> None:
        if self._options.switch == "none" or not self._has_line:
            return
        try:
            level = modem_line(self._wire.fileno(), self._options.switch)
        except OSError as error:
            # A line without modem lines has none later either; one that is gone comes back.
            self._has_line = error.errno not in {errno.ENOTTY, errno.EINVAL}
        else:
            self._seen = (level, time.monotonic())

    def _look_open(self) -> Reading[bool]:
        self._look()
        return self.status().open

    def _pause(self) -> None:
        self._wake.wait(None, 0, _PAUSE_S, rousable=False)

    def _level(self) -> Reading[bool]:
        if not self._has_line:
            return Reading(None, How.UNSUPPORTED)
        if self._seen is None:
            return Reading(None, How.UNKNOWN)
        value, at_s = self._seen
        how = How.MEASURED if self._link.up else How.STALE
        return Reading(value, how, time.monotonic() - at_s)


def _trouble_of(error: DeviceError) -> Trouble:
    match error:
        case DeviceClosing():
            return Trouble.SHUTTING_DOWN
        case DeviceTimeout():
            return Trouble.DEVICE_TIMEOUT
        case _ if error.bytes_sent > 0:
            return Trouble.LINK_LOST
        case _:
            return Trouble.DEVICE_OFFLINE
