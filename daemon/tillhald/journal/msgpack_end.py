"""Where a MessagePack value ends, found without decoding it (msgpack specification, 2017)."""

from __future__ import annotations

_POSITIVE_LAST, _MAP_LAST, _ARRAY_LAST, _STR_LAST, _NEGATIVE_FIRST = 0x7F, 0x8F, 0x9F, 0xBF, 0xE0
"""Of the kinds whose first byte holds a number or a length, too."""
_FIXED = {
    0xC0: 0, 0xC2: 0, 0xC3: 0,  # nil, false, true
    0xCA: 4, 0xCB: 8,  # float
    0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8,  # uint
    0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8,  # int
    0xD4: 2, 0xD5: 3, 0xD6: 5, 0xD7: 9, 0xD8: 17,  # fixext, with its type
}  # fmt: skip
"""Bytes behind the first one."""
_COUNTED = {
    0xC4: (1, 0), 0xC5: (2, 0), 0xC6: (4, 0),  # bin
    0xC7: (1, 1), 0xC8: (2, 1), 0xC9: (4, 1),  # ext, with its type
    0xD9: (1, 0), 0xDA: (2, 0), 0xDB: (4, 0),  # str
}  # fmt: skip
"""Bytes of the length behind the first one, and what comes besides what it counts."""
_NESTED = {0xDC: (2, 1), 0xDD: (4, 1), 0xDE: (2, 2), 0xDF: (4, 2)}  # array, map
"""Bytes of the count, and values for each."""


def value_end(data: bytes | memoryview, at: int) -> int | None:
    """Return the offset behind the value that begins at `at`; None if `data` ends within it."""
    left = 1
    while left:
        if at >= len(data):
            return None
        left -= 1
        first = data[at]
        at += 1
        if first <= _POSITIVE_LAST or first >= _NEGATIVE_FIRST:
            continue
        if first <= _MAP_LAST:
            left += 2 * (first & 0x0F)
        elif first <= _ARRAY_LAST:
            left += first & 0x0F
        elif first <= _STR_LAST:
            at += first & 0x1F
        elif first in _FIXED:
            at += _FIXED[first]
        elif first in _COUNTED:
            width, more = _COUNTED[first]
            at += width + more + int.from_bytes(data[at : at + width], "big")
        elif first in _NESTED:
            width, each = _NESTED[first]
            left += each * int.from_bytes(data[at : at + width], "big")
            at += width
        else:
            return None  # 0xC1, which is never used
    return at if at <= len(data) else None
