r"""Page mode: data are set anywhere in an area of a page, in four directions, and printed at once.

The cursor stands where the next line begins: its foot lies one character (24 dots) below. Behind
GS $ and GS \ data that are higher reach upwards, over what stands there, as on the real page. Lines
that simply follow one another are moved down instead, and so is what would leave the area at its
beginning, so that no symbol is lost.

Source: ESC/POS Command Reference, ESC L, ESC W, ESC T, GS $, GS \\, FF, CAN, GS ( Q.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw

from hwsim.models import FONT_A, INK

PAGE_ROWS_MAX: Final = 1662
"""Twice the usual area's height; ESC W cannot reach beyond."""

PAGE_ROWS_DEFAULT: Final = 831
LINES_KEPT_MAX: Final = 2000

LEFT_TO_RIGHT, BOTTOM_TO_TOP, RIGHT_TO_LEFT, TOP_TO_BOTTOM = range(4)
_TURNS: Final = {
    BOTTOM_TO_TOP: Image.Transpose.ROTATE_90,
    RIGHT_TO_LEFT: Image.Transpose.ROTATE_180,
    TOP_TO_BOTTOM: Image.Transpose.ROTATE_270,
}


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of the page, in dots."""

    left: int
    top: int
    width: int
    height: int


class Page:
    """A page that is being filled. `x` and `y` of its methods are seen in the print direction."""

    def __init__(self, dots_wide: int) -> None:
        """An empty page, its area the usual one."""
        self.direction = LEFT_TO_RIGHT
        self.y = 0
        self._is_placed = False
        self._picture = Image.new("1", (dots_wide, PAGE_ROWS_MAX), 0)
        self._area = Area(0, 0, dots_wide, PAGE_ROWS_DEFAULT)
        self._rows_used = 0
        self._lines: deque[tuple[int, int, str]] = deque(maxlen=LINES_KEPT_MAX)

    @property
    def lies_across(self) -> bool:
        """Whether lines run along the paper feed."""
        return self.direction in (BOTTOM_TO_TOP, TOP_TO_BOTTOM)

    @property
    def width(self) -> int:
        """Dots from the beginning of a line to its end."""
        return self._area.height if self.lies_across else self._area.width

    @property
    def height(self) -> int:
        """Dots from the first line to the last."""
        return self._area.width if self.lies_across else self._area.height

    def set_area(self, area: Area) -> None:
        """ESC W; the cursor goes to its beginning. What leaves the page is cut off."""
        dots_wide, rows = self._picture.size
        if area.left >= dots_wide or area.top >= rows or not (area.width and area.height):
            return
        width = min(area.width, dots_wide - area.left)
        self._area = Area(area.left, area.top, width, min(area.height, rows - area.top))
        self._begin()

    def turn(self, direction: int) -> None:
        """ESC T; the cursor goes to the beginning."""
        self.direction = direction
        self._begin()

    def move_to(self, y: int, *, placed: bool) -> None:
        r"""GS $, GS \ (`placed`) and line feeds; a place outside the area is refused."""
        if 0 <= y <= self.height:
            self.y = y
            self._is_placed = placed

    def burn_line(self, ink: Image.Image, text: str, x: int) -> int:
        """Set a line on the cursor's foot; give how far below the cursor it ends, in dots."""
        top = self.y
        if self._is_placed:
            top = max(0, self.y + FONT_A[1] - ink.height)
        self._paste(ink, x, top)
        self._write(text, x, top, ink.size)
        return top + ink.height - self.y

    def draw(self, corners: tuple[int, int, int, int], dots: int, *, box: bool) -> None:
        """GS ( Q: a line, or the frame of a box, between two corners of the area."""
        x1, y1, x2, y2 = corners
        last_x, last_y = max(0, self.width - dots), max(0, self.height - dots)
        left, right = sorted((min(x1, last_x), min(x2, last_x)))
        top, bottom = sorted((min(y1, last_y), min(y2, last_y)))
        size = (right - left + dots, bottom - top + dots)
        ink = Image.new("1", size, 0)
        pen = ImageDraw.Draw(ink)
        if box:
            pen.rectangle((0, 0, size[0] - 1, size[1] - 1), outline=INK, width=dots)
        elif left == right or top == bottom:
            ink.paste(INK, (0, 0, *size))
        else:
            falls = (x1 <= x2) == (y1 <= y2)
            ends = (0, 0, size[0] - dots, size[1] - dots)
            pen.line(ends if falls else (ends[2], 0, 0, ends[3]), fill=INK, width=dots)
        self._paste(ink, left, top)

    def clear(self) -> None:
        """CAN: forget what stands in the area; the cursor goes to its beginning."""
        area = self._area
        box = (area.left, area.top, area.left + area.width, area.top + area.height)
        self._picture.paste(0, box)
        kept = [line for line in self._lines if not _lies_in(line, box)]
        self._lines = deque(kept, maxlen=LINES_KEPT_MAX)
        self._begin()

    def printed(self) -> tuple[Image.Image, list[tuple[int, str]]]:
        """The page as it burns, and its text: the row of each line, from the top."""
        picture = self._picture.crop((0, 0, self._picture.width, self._rows_used))
        rows: dict[int, str] = {}
        for y, x, text in sorted(self._lines):
            line = rows.get(y, "")
            rows[y] = line + " " * max(len(line) > 0, x // FONT_A[0] - len(line)) + text
        return picture, sorted(rows.items())

    def _begin(self) -> None:
        self.y = 0
        self._is_placed = False

    def _write(self, text: str, x: int, y: int, size: tuple[int, int]) -> None:
        if text:
            left, top = self._placed(x, y, size)
            self._lines.append((top, left, text))

    def _paste(self, ink: Image.Image, x: int, y: int) -> None:
        ink = ink.crop((0, 0, min(ink.width, self.width - x), min(ink.height, self.height - y)))
        if not (ink.width and ink.height):
            return
        turned = ink.transpose(_TURNS[self.direction]) if self.direction else ink
        self._picture.paste(INK, self._placed(x, y, ink.size), turned)
        self._rows_used = max(self._rows_used, self._area.top + self._area.height)

    def _placed(self, x: int, y: int, size: tuple[int, int]) -> tuple[int, int]:
        """The page's corner, left above, of what lies at x, y in the print direction."""
        area, (width, height) = self._area, size
        right, foot = area.left + area.width, area.top + area.height
        return {
            LEFT_TO_RIGHT: (area.left + x, area.top + y),
            BOTTOM_TO_TOP: (area.left + y, foot - x - width),
            RIGHT_TO_LEFT: (right - x - width, foot - y - height),
            TOP_TO_BOTTOM: (right - y - height, area.top + x),
        }[self.direction]


def _lies_in(line: tuple[int, int, str], box: tuple[int, int, int, int]) -> bool:
    y, x, _ = line
    return box[0] <= x < box[2] and box[1] <= y < box[3]
