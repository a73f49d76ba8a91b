"""The paper itself: a strip that grows under the head and is cut a little further up.

The cutter sits above the head (about 14 mm on a TM-T88), so a cut without a feed slices off only
what has already passed it: the last lines stay behind and head the next receipt. That is how a
forgotten feed looks on real paper, and so it looks here.
"""

import os
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw

STRIP_ROWS_MAX: Final = 16_000
"""About two metres of uncut paper; then the strip is torn off as a receipt of its own."""

MARGIN_DOTS: Final = 40
"""Paper that the head does not reach; also the quiet zone of a barcode at its edge."""

PAPER_WHITE, CUT_GREY = 255, 150


@dataclass(frozen=True, slots=True)
class Receipt:
    """A piece of paper that has come out of the printer.

    `text` is what a person reads, line by line as laid out; pictures and symbols stand in it as
    "[image 384x120]" and "[QR] data". `image` is exactly what the head burned, mode "1", black on
    white, one pixel a dot. `raw` holds the bytes executed since the piece before. `cut` is False
    for a piece torn off by hand.
    """

    number: int
    text: str
    image: Image.Image
    raw: bytes
    cut: bool

    def picture(self) -> Image.Image:
        """The receipt as one sees it: white margins, and a dashed line where it was cut."""
        size = (self.image.width + 2 * MARGIN_DOTS, self.image.height + 2 * MARGIN_DOTS)
        paper = Image.new("L", size, PAPER_WHITE)
        paper.paste(self.image.convert("L"), (MARGIN_DOTS, MARGIN_DOTS))
        pen = ImageDraw.Draw(paper)
        dash, gap = (10, 6) if self.cut else (2, 4)
        y = paper.height - 4
        for x in range(0, paper.width, dash + gap):
            pen.line((x, y, x + dash - 1, y), fill=CUT_GREY, width=2)
        return paper

    def png(self) -> bytes:
        """`picture()` as a file."""
        data = BytesIO()
        self.picture().save(data, format="PNG")
        return data.getvalue()

    def save(self, folder: Path) -> Path:
        """Write `receipt-0001.txt`, then `receipt-0001.png`; give the PNG's path.

        Each appears whole or not at all: who sees the PNG can read both.
        """
        png = folder / file_name(self.number)
        half_png = folder / f".{png.name}.{os.getpid()}"
        half_txt = half_png.with_suffix(".txt")
        folder.mkdir(parents=True, exist_ok=True)  # a person may have thrown it away meanwhile
        half_txt.write_text(self.text, encoding="utf-8")
        half_txt.replace(png.with_suffix(".txt"))
        self.picture().save(half_png, format="PNG")
        half_png.replace(png)
        return png


def file_name(number: int) -> str:
    """What the picture of a receipt is called."""
    return f"receipt-{number:04d}.png"


def next_number(folder: Path) -> int:
    """The first number that no receipt in `folder` bears yet."""
    taken = [path.stem.removeprefix("receipt-") for path in folder.glob("receipt-*.png")]
    return 1 + max((int(number) for number in taken if number.isdecimal()), default=0)


class Strip:
    """Paper from its free edge (row 0) to the head (row `head`)."""

    def __init__(self, width: int, head_to_cutter: int) -> None:
        """Fresh paper whose edge lies at the cutter."""
        self.width = width
        self.rows_fed = 0
        """Rows that have passed the head since the printer was made."""
        self.blank = False
        """Whether the head leaves no trace: the paper lies the wrong way round, or is no thermal
        paper.
        """
        self._head_to_cutter = head_to_cutter
        self._head = head_to_cutter
        self._rows_burned = 0
        self._bands: list[tuple[int, int, Image.Image]] = []
        self._lines: list[tuple[int, str]] = []

    @property
    def is_long(self) -> bool:
        """Whether it has reached STRIP_ROWS_MAX, or was printed over and over again."""
        printed_over = self._rows_burned >= 4 * STRIP_ROWS_MAX or len(self._lines) >= STRIP_ROWS_MAX
        return printed_over or self._head >= STRIP_ROWS_MAX

    @property
    def text(self) -> str:
        """What stands on the uncut paper, line by line."""
        return _joined([text for _, text in self._lines])

    def burn(self, ink: Image.Image, x: int) -> None:
        """Print a one-bit image with its upper left corner at the head, without feeding."""
        if self.blank:
            return
        self._bands.append((self._head, x, ink))
        self._rows_burned += ink.height

    def write(self, text: str, height: int) -> None:
        """Record the text of what is `height` rows high at the head."""
        self.write_at(text, height // 2)

    def write_at(self, text: str, row: int) -> None:
        """Record a line of text that stands `row` rows behind the head."""
        self._lines.append((self._head + row, "" if self.blank else text))

    def feed(self, rows: int) -> None:
        """Move the paper; back (negative) at most to the edge."""
        rows = max(rows, self._head_to_cutter - self._head)
        self._head += rows
        self.rows_fed += abs(rows)

    def cut(self) -> tuple[str, Image.Image] | None:
        """Cut at the cutter: text and picture of what falls off, None if nothing does."""
        edge = self._head - self._head_to_cutter
        if edge <= 0:
            return None
        picture = self._picture(edge)
        text = _joined([text for y, text in self._lines if y < edge])
        self._bands = [(y - edge, x, ink) for y, x, ink in self._bands if y + ink.height > edge]
        self._lines = [(y - edge, text) for y, text in self._lines if y >= edge]
        self._rows_burned = sum(ink.height for _, _, ink in self._bands)
        self._head = self._head_to_cutter
        return text, picture

    def picture(self) -> Image.Image:
        """What has been burned, from the edge to the head; at least one row."""
        return self._picture(max(1, self._head))

    def _picture(self, rows: int) -> Image.Image:
        picture = Image.new("1", (self.width, rows), PAPER_WHITE)
        for y, x, ink in self._bands:
            picture.paste(0, (x, y), ink)
        return picture

    def feed_to_cutter(self) -> None:
        """Feed until the last printed row lies at the cutter."""
        self.feed(self._head_to_cutter)


def _joined(lines: list[str]) -> str:
    text = "\n".join(lines).rstrip("\n")
    return text + "\n" if text else ""
