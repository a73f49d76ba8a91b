"""Lines, frames and blocks, which must join with their neighbours: drawn to the edge of the cell.

A font made for screens leaves a gap there, and a rule would look like a row of dashes.
"""

import unicodedata
from typing import Final, NamedTuple

from PIL import Image

from hwsim.models import INK

STROKE: Final = 2
"""Dots of a line; a double line is two of these with one of these between them."""

_BOXES: Final = range(0x2500, 0x2580)
_SIDES: Final = {
    "LEFT": ("left",),
    "RIGHT": ("right",),
    "UP": ("up",),
    "DOWN": ("down",),
    "HORIZONTAL": ("left", "right"),
    "VERTICAL": ("up", "down"),
}
_AXES: Final = (("left", "right"), ("up", "down"))
_SHADES: Final = {"\u2591": (0,), "\u2592": (0, 3), "\u2593": (0, 1, 3)}


class _Stroke(NamedTuple):
    """From the cell's middle to one side: single (1) or double (2)."""

    side: str
    lines: int


def drawn(character: str, width: int, height: int) -> Image.Image | None:
    """The character's cell, if it is one of these."""
    if ord(character) in _BOXES:
        name = unicodedata.name(character)
        strokes = _strokes(name)
        if not strokes:
            return None
        frame = _frame(strokes, width, height)
        if "ARC" in name:
            x, y = width // 2 - STROKE // 2, height // 2 - STROKE // 2
            frame.putpixel((x + ("LEFT" in name), y + ("UP" in name)), 0)
        return frame
    if character in _SHADES:
        shade = Image.new("1", (width, height), 0)
        inked = _SHADES[character]
        for at in range(width * height):
            x, y = at % width, at // width
            if 2 * (y % 2) + (x + y // 2) % 2 in inked:
                shade.putpixel((x, y), INK)
        return shade
    box = _block(ord(character), width, height)
    if box is None:
        return None
    cell = Image.new("1", (width, height), 0)
    cell.paste(INK, box)
    return cell


def _block(code: int, width: int, height: int) -> tuple[int, int, int, int] | None:
    if 0x2581 <= code <= 0x2588:
        return (0, height - height * (code - 0x2580) // 8, width, height)
    if 0x2589 <= code <= 0x258F:
        return (0, 0, max(1, width * (0x2590 - code) // 8), height)
    return {
        0x2580: (0, 0, width, height // 2),
        0x2590: (width // 2, 0, width, height),
        0x2594: (0, 0, width, height // 8),
        0x2595: (width - max(1, width // 8), 0, width, height),
    }.get(code)


def _strokes(name: str) -> list[_Stroke]:
    """By the character's name: "BOX DRAWINGS DOWN SINGLE AND RIGHT DOUBLE"."""
    lines, strokes = 1, []
    words = name.removeprefix("BOX DRAWINGS ").replace(" AND ", " ").split()
    for at, word in enumerate(words):
        following = words[at + 1] if at + 1 < len(words) else ""
        if word == "DOUBLE" and at == 0:
            lines = 2
        elif word in _SIDES:
            own = {"SINGLE": 1, "DOUBLE": 2}.get(following, lines)
            strokes += [_Stroke(side, own) for side in _SIDES[word]]
        elif word not in ("LIGHT", "ARC", "SINGLE", "DOUBLE"):
            return []
    return strokes


def _frame(strokes: list[_Stroke], width: int, height: int) -> Image.Image:
    cell = Image.new("1", (width, height), 0)
    for stroke in strokes:
        _paint(cell, strokes, stroke, INK)
    for stroke in strokes:
        if stroke.lines == 2:
            _paint(cell, strokes, stroke, 0)
    for stroke in strokes:
        if stroke.lines == 1:
            _paint(cell, strokes, stroke, INK)
    return cell


def _paint(cell: Image.Image, strokes: list[_Stroke], stroke: _Stroke, ink: int) -> None:
    """Paint a stroke; with ink 0 the white between the two lines of a double one."""
    upright = stroke.side in ("up", "down")
    length = cell.height if upright else cell.width
    breadth = cell.width if upright else cell.height
    middle, centre = breadth // 2 - STROKE // 2, length // 2 - STROKE // 2
    crossing = [other for other in strokes if (other.side in ("up", "down")) != upright]
    crossed = max((other.lines for other in crossing), default=0)
    spread = STROKE if stroke.lines == 2 and ink else 0
    # How far beyond the middle it reaches: a double line goes round its corner on the outside,
    # its white stops at a single line, and a single line stops at the near one of two.
    reach = {(2, True, 2): STROKE, (2, False, 1): -STROKE, (1, True, 2): -STROKE}.get(
        (stroke.lines, bool(ink), crossed), 0
    )
    if stroke.lines == 1 and sum(other.side in _AXES[upright] for other in strokes) == 2:
        reach = 0  # it passes through
    if stroke.side in ("left", "up"):
        along = (0, centre + STROKE + reach)
    else:
        along = (centre - reach, length)
    across = (middle - spread, middle + STROKE + spread)
    box = (across[0], along[0], across[1], along[1]) if upright else (
        along[0], across[0], along[1], across[1])  # fmt: skip
    cell.paste(ink, box)
