"""An EAN-13 drawn with characters, to be scanned from a screen.

Source: GS1 General Specifications, section 5.2: sets A, B and C, guard bars, quiet zones.
"""

from __future__ import annotations

from typing import Final

_A: Final = (
    "0001101 0011001 0010011 0111101 0100011 0110001 0101111 0111011 0110111 0001011".split()
)
_C: Final = ["".join("10"[int(bit)] for bit in code) for code in _A]
_B: Final = [code[::-1] for code in _C]
_SETS: Final = "AAAAAA AABABB AABBAB AABBBA ABAABB ABBAAB ABBBAA ABABAB ABABBA ABBABA".split()
"""Which sets the left digits are of says what the first digit is."""
QUIET: Final = 11
"""Modules of white beside it; to the right 7 are asked for."""
_HALVES: Final = {"00": " ", "10": "▌", "01": "▐", "11": "█"}


def ean13(digits: str) -> str:
    """Its modules from left to right, "1" for a bar, with the white beside it."""
    left = zip(_SETS[int(digits[0])], digits[1:7], strict=True)
    bars = "".join((_A if which == "A" else _B)[int(digit)] for which, digit in left)
    right = "".join(_C[int(digit)] for digit in digits[7:13])
    quiet = "0" * QUIET
    return f"{quiet}101{bars}01010{right}101{quiet}0"


def line(digits: str) -> str:
    """A line of it, to be written a few times over, black on white; two modules a character."""
    modules = ean13(digits)
    return "".join(_HALVES[modules[at : at + 2]] for at in range(0, len(modules), 2))
