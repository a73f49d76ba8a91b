"""A keyboard of the United States, as the kernel's input events tell of it.

Made from <linux/input-event-codes.h>, by names, so that it does not repeat the driver's table.
"""

from __future__ import annotations

import struct
from typing import Final

_ROWS = {
    "1 2 3 4 5 6 7 8 9 0 - =": 2,
    "q w e r t y u i o p [ ]": 16,
    "a s d f g h j k l ; ' `": 30,
    "\\ z x c v b n m , . /": 43,
}
CODES: Final = {
    char: first + at for row, first in _ROWS.items() for at, char in enumerate(row.split())
} | {" ": 57, "\t": 15, "\n": 28}
_SHIFTED = dict(zip('!@#$%^&*()_+{}:"~|<>?', "1234567890-=[];'`\\,./", strict=True))
LEFT_SHIFT, LEFT_CTRL = 42, 29


def event(kind: int, code: int, value: int) -> bytes:
    """One `struct input_event` of this machine, at no particular time."""
    return struct.pack("@llHHi", 1, 2, kind, code, value)


def syn(code: int = 0) -> bytes:
    """SYN_REPORT, or another one."""
    return event(0, code, 0)


def key(code: int, value: int) -> bytes:
    """1: it went down. 0: it came up. 2: it repeats."""
    return event(4, 4, 458_752 + code) + event(1, code, value) + syn()


def typed(text: str) -> bytes:
    """Each character as a scanner types it: control characters with Ctrl."""
    return b"".join(map(_char, text))


def _char(char: str) -> bytes:
    if char < " " and char not in CODES:
        return _with(LEFT_CTRL, CODES[chr(ord(char) + 64).lower()])
    if char in CODES:
        return key(CODES[char], 1) + key(CODES[char], 0)
    return _with(LEFT_SHIFT, CODES[_SHIFTED.get(char) or char.lower()])


def _with(held: int, code: int) -> bytes:
    return key(held, 1) + key(code, 1) + key(code, 0) + key(held, 0)
