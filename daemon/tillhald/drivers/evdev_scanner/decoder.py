"""From the kernel's input events to frames. Pure: the time comes in.

`struct input_event` is that of <linux/input.h>: two longs of time, type, code, value. Key codes are
those of <linux/input-event-codes.h>; what they mean is what a keyboard of the United States has
on its keys, which is what scanners play unless they are set to something else.
"""

from __future__ import annotations

import struct
from typing import Final

from tillhald.devices.categories import Frame
from tillhald.domain.scan import FRAME_BYTES_MAX, Corruption

EVENT: Final = struct.Struct("@llHHi")
EV_SYN, EV_KEY = 0, 1
SYN_DROPPED: Final = 3
RELEASED, PRESSED = 0, 1
KEY_TAB, KEY_ENTER, KEY_CAPSLOCK, KEY_KPENTER = 15, 28, 58, 96

_SHIFTS: Final = frozenset({42, 54})
_CTRLS: Final = frozenset({29, 97})
_ALTS: Final = frozenset({56, 100})
_HELD: Final = _SHIFTS | _CTRLS | _ALTS

_PLAIN: Final = {
    **dict(zip(range(2, 14), "1234567890-=", strict=True)),
    **dict(zip(range(16, 28), "qwertyuiop[]", strict=True)),
    **dict(zip(range(30, 42), "asdfghjkl;'`", strict=True)),
    **dict(zip(range(43, 54), "\\zxcvbnm,./", strict=True)),
    15: "\t",
    57: " ",
}
_SHIFTED: Final = {
    **dict(zip(range(2, 14), "!@#$%^&*()_+", strict=True)),
    **dict(zip(range(16, 28), "QWERTYUIOP{}", strict=True)),
    **dict(zip(range(30, 42), 'ASDFGHJKL:"~', strict=True)),
    **dict(zip(range(43, 54), "|ZXCVBNM<>?", strict=True)),
    15: "\t",
    57: " ",
}
_KEYPAD: Final = {
    **dict(zip(range(71, 84), "789-456+1230.", strict=True)),
    55: "*",
    98: "/",
    117: "=",
}
_ALT_DIGITS_MAX: Final = 4


class KeyDecoder:
    """See Decoder.

    When the kernel's buffer overflows it drops events and says SYN_DROPPED. What is left then is
    the end of a code, or the beginning of one and the end of another: everything up to the next
    suffix is corrupt, and only that it was is told.
    """

    def __init__(self, *, suffix_keys: frozenset[int], prefix: bytes, idle_s: float) -> None:
        """`suffix_keys` end a code; none: a pause of `idle_s` does."""
        self._suffix_keys = suffix_keys
        self._prefix = prefix
        self._idle_s = idle_s
        self._part = b""
        self._text = bytearray()
        self._down: set[int] = set()
        self._caps = False
        self._alt_digits = ""
        self._wrong: Corruption | None = None
        self._last_s = 0.0

    def feed(self, data: bytes, now_s: float) -> list[Frame]:
        """See Decoder. An event that came in two pieces is put together."""
        frames: list[Frame] = []
        data = self._part + data
        whole = len(data) - len(data) % EVENT.size
        self._part = data[whole:]
        for _, _, kind, code, value in EVENT.iter_unpack(data[:whole]):
            if kind == EV_SYN and code == SYN_DROPPED:
                # Which keys are down is not known any more either.
                self._begin(Corruption.INPUT_LOST)
                self._last_s = now_s
            elif kind == EV_KEY:
                self._last_s = now_s
                self._key(code, value, frames, now_s)
        return frames

    def idle(self, now_s: float) -> list[Frame]:
        """See Decoder."""
        until_s = self.waits_until_s()
        frames: list[Frame] = []
        if until_s is not None and now_s >= until_s:
            if self._suffix_keys and self._wrong is None:
                self._wrong = Corruption.LINE_ERROR
            self._end(frames, now_s)
        return frames

    def lost(self, now_s: float) -> list[Frame]:
        """See Decoder."""
        was_within = self._wrong is not None or bool(self._text)
        self._part = b""
        self._begin(None)
        self._down.clear()
        self._caps = False
        if not was_within:
            return []
        return [Frame(raw=b"", ended_s=now_s, corrupt=Corruption.LINE_ERROR)]

    def waits_until_s(self) -> float | None:
        """See Decoder."""
        return self._last_s + self._idle_s if self._text or self._wrong else None

    def _key(self, code: int, value: int, frames: list[Frame], now_s: float) -> None:
        if code in _HELD:
            self._hold(code, value)
        elif value == PRESSED:  # a key that repeats was held by a hand, not by a scanner
            if code in self._suffix_keys:
                self._end(frames, now_s)
            elif code == KEY_CAPSLOCK:
                self._caps = not self._caps
            elif self._down & _ALTS and _KEYPAD.get(code, "").isdecimal():
                self._alt_digits = (self._alt_digits + _KEYPAD[code])[-_ALT_DIGITS_MAX:]
            else:
                self._type(code)

    def _hold(self, code: int, value: int) -> None:
        if value == RELEASED:
            self._down.discard(code)
            if code in _ALTS and self._alt_digits:
                # As on Windows: ALT and 029 on the keypad is the character 29.
                number, self._alt_digits = int(self._alt_digits), ""
                self._add(bytes([number & 0xFF]))
        else:
            self._down.add(code)

    def _type(self, code: int) -> None:
        plain = _PLAIN.get(code, "")
        is_shifted = bool(self._down & _SHIFTS) != (self._caps and plain.isalpha())
        char = (_SHIFTED if is_shifted else _PLAIN).get(code) or _KEYPAD.get(code)
        if char is None:
            return  # a key without a character: function keys, volume
        if self._down & _CTRLS:
            # Ctrl and ] is GS, which separates the fields of GS1 codes.
            if not "@" <= char.upper() <= "_":
                return
            char = chr(ord(char.upper()) & 0x1F)
        self._add(char.encode("ascii"))

    def _add(self, char: bytes) -> None:
        if self._wrong is not None:
            return
        self._text += char
        if len(self._text) > len(self._prefix) + 3 + FRAME_BYTES_MAX:
            self._text.clear()
            self._wrong = Corruption.TOO_LONG

    def _end(self, frames: list[Frame], now_s: float) -> None:
        raw, wrong = bytes(self._text), self._wrong
        self._begin(None)
        if wrong is None and not raw:
            return
        if wrong is None and not raw.startswith(self._prefix):
            wrong = Corruption.LINE_ERROR
        code = b"" if wrong else raw.removeprefix(self._prefix)
        if wrong or code:
            frames.append(Frame(raw=code, ended_s=now_s, corrupt=wrong))

    def _begin(self, wrong: Corruption | None) -> None:
        self._text.clear()
        self._alt_digits = ""
        if wrong is not None:
            self._down.clear()
        self._wrong = wrong
