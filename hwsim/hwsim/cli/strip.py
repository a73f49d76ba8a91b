"""A receipt in a terminal: black on a white strip, with a torn edge."""

from typing import Final

from wcwidth import wcswidth

MARGIN: Final = 2
COLUMNS_MIN: Final = 32

_PAPER, _GREY, _PLAIN = "\x1b[30;107m", "\x1b[90;107m", "\x1b[0m"


def as_strip(text: str, *, cut: bool) -> str:
    """The lines of a receipt as paper; `cut` gives it a straight lower edge."""
    lines = text.rstrip("\n").split("\n")
    columns = max(COLUMNS_MIN, *(_width(line) for line in lines))
    wide = columns + 2 * MARGIN
    empty = f"{_PAPER}{' ' * wide}{_PLAIN}"
    body = [
        f"{_PAPER}{' ' * MARGIN}{line}{' ' * (columns - _width(line) + MARGIN)}{_PLAIN}"
        for line in lines
    ]
    edge = ("- " * wide if cut else "╲╱" * wide)[:wide]
    return "\n".join([empty, *body, empty, f"{_GREY}{edge}{_PLAIN}"])


def _width(line: str) -> int:
    return max(0, wcswidth(line))
