"""Ink that the printer's own characters do not have: drawn text and pictures, as `GS v 0`.

Nothing here holds a live real-time command: printers of the TM-T88III's age obey `DLE EOT`,
`DLE ENQ` and `DLE DC4` wherever they stand, so that a logo could open the drawer.
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from PIL import Image as Picture
from PIL import ImageDraw, ImageFont, ImageOps

from tillhald.domain.document import Align, Image, Logo, Style
from tillhald.domain.layout import Cluster, Line, Paper, line_clusters
from tillhald.domain.preflight import open_image

CELL_DOTS: Final = 12
LINE_DOTS: Final = 24
_LEADING_DOTS: Final = 6
_BASELINE_DOTS: Final = 20
STRIP_ROWS_MAX: Final = 256
"""Taller rasters in one command have printed as garbage (facts of many clones)."""
GLYPHS_CACHED_MAX: Final = 1024

FONT_FILES: Final = (
    ("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", 1),
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 7),
    ("/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf", 0),
    ("/usr/share/fonts/opentype/unifont/unifont.otf", 0),
)
"""Where Debian puts monospaced fonts, best first. File, and face within it."""

_NO_CHARACTER: Final = "\U0010fffe"


class Pen:
    """Draws text with the fonts of this machine. Safe on any thread."""

    def __init__(self, own_font: str | None) -> None:
        """`own_font` is a file that goes before FONT_FILES. Raises OSError if it is no font."""
        self._fonts = [_fitted(own_font, 0)] if own_font else []
        self._fonts += [_fitted(path, face) for path, face in FONT_FILES if Path(path).exists()]
        self._lock = threading.Lock()

    @property
    def has_font(self) -> bool:
        """Whether anything can be drawn at all."""
        return bool(self._fonts)

    def covers(self, char: str) -> bool:
        """Say whether a font of this machine has the character."""
        with self._lock:
            return any(_has(font, char) for font in self._fonts)

    def draw(self, line: Line, paper: Paper) -> Picture.Image:
        """Draw a laid-out line, black on white, as wide as its ink."""
        return self._draw(line_clusters(line.runs, paper), line.indent, _LEADING_DOTS)

    def draw_in_line(self, clusters: list[Cluster]) -> Picture.Image:
        """Draw a stretch of a line in its cells, LINE_DOTS high: of styles of height 1 only."""
        return self._draw(clusters, 0, 0)

    def _draw(self, clusters: list[Cluster], indent: int, leading_dots: int) -> Picture.Image:
        cells = indent + sum(cluster.cells for cluster in clusters)
        rows = LINE_DOTS * max((cluster.style.height for cluster in clusters), default=1)
        canvas = Picture.new("1", (cells * CELL_DOTS, rows + leading_dots), 1)
        x = indent * CELL_DOTS
        for cluster in clusters:
            width = cluster.cells * CELL_DOTS
            glyph = self._glyph(cluster.text, cluster.style, width // cluster.style.width)
            canvas.paste(glyph, (x, rows - glyph.height))
            x += width
        return canvas

    def _glyph(self, text: str, style: Style, width: int) -> Picture.Image:
        cell = self._ink(text, width, bold=style.bold)
        if style.underline:
            ImageDraw.Draw(cell).line((0, LINE_DOTS - 1, width, LINE_DOTS - 1), fill=0)
        if style.inverse:
            cell = ImageOps.invert(cell.convert("L")).convert("1")
        size = (width * style.width, LINE_DOTS * style.height)
        return cell.resize(size, Picture.Resampling.NEAREST)

    def _ink(self, text: str, width: int, *, bold: bool) -> Picture.Image:
        """One cluster in the middle of its cells, squeezed where a font has it wider."""
        with self._lock:
            having = [font for font in self._fonts if _has(font, text[0])]
            if not having:
                return Picture.new("1", (width, LINE_DOTS), 1)
            font = min(having, key=lambda font: font.getlength(text) > width)
            length = max(round(font.getlength(text)), width)
            cell = Picture.new("1", (length, LINE_DOTS), 1)
            pen = ImageDraw.Draw(cell)
            pen.fontmode = "1"
            x = (length - round(font.getlength(text))) // 2
            for shift in range(2 if bold else 1):
                pen.text((x + shift, _BASELINE_DOTS), text, 0, font, anchor="ls")
        return cell.resize((width, LINE_DOTS), Picture.Resampling.NEAREST)


def _fitted(path: str, face: int) -> ImageFont.FreeTypeFont:
    """Open the font in the largest size whose Latin letters fit into one cell."""
    for size in range(LINE_DOTS, 8, -1):
        font = ImageFont.truetype(path, size, index=face, layout_engine=ImageFont.Layout.BASIC)
        if font.getlength("M") <= CELL_DOTS:
            return font
    message = f"the font {path} has no letters that fit into {CELL_DOTS} dots"
    raise OSError(message)


@functools.lru_cache(maxsize=GLYPHS_CACHED_MAX)
def _has(font: ImageFont.FreeTypeFont, char: str) -> bool:
    # Pillow does not tell which characters a font has, but a missing one is drawn as the box
    # that stands for every missing one.
    missing = font.getmask(_NO_CHARACTER, mode="1")
    drawn = font.getmask(char, mode="1")
    return (drawn.size, bytes(drawn)) != (missing.size, bytes(missing))


def fit_picture(image: Image, paper: Paper) -> Picture.Image:
    """Decode a picture, shrink it to the paper, place it, and make it black and white."""
    return placed(_shrunk(image.content, paper).convert("1"), image.align, paper)


def placed(picture: Picture.Image, align: Align, paper: Paper) -> Picture.Image:
    """A black and white picture with as much white before it as its place on the paper asks."""
    spare = paper.dots - picture.width
    indent = {Align.LEFT: 0, Align.CENTER: spare // 2, Align.RIGHT: spare}[align]
    whole = Picture.new("1", (indent + picture.width, picture.height), 1)
    whole.paste(picture, (indent, 0))
    return whole


def fit_logo(logo: Logo, paper: Paper) -> Picture.Image:
    """The same of a logo that the printer will place."""
    return _shrunk(logo.content, paper).convert("1")


def _shrunk(content: bytes, paper: Paper) -> Picture.Image:
    picture = ImageOps.exif_transpose(open_image(content)).convert("RGBA")
    flat = Picture.new("RGBA", picture.size, "white")
    flat.alpha_composite(picture)
    grey = flat.convert("L")
    if grey.width > paper.dots:
        rows = max(round(grey.height * paper.dots / grey.width), 1)
        grey = grey.resize((paper.dots, rows), Picture.Resampling.LANCZOS)
    return grey


def encode_raster(picture: Picture.Image) -> Iterator[bytes]:
    """Encode a black and white picture as strips of `GS v 0`, printed from the left edge."""
    row_bytes = (picture.width + 7) // 8
    for top in range(0, picture.height, STRIP_ROWS_MAX):
        rows = min(STRIP_ROWS_MAX, picture.height - top)
        dots = ink_rows(picture.crop((0, top, picture.width, top + rows)))
        head = b"\x1dv0\x00" + row_bytes.to_bytes(2, "little") + rows.to_bytes(2, "little")
        yield head + tame(dots)


def ink_rows(picture: Picture.Image) -> bytes:
    """The dots of a black and white picture, row by row, each padded to whole bytes; 1 is ink."""
    strip = Picture.new("1", ((picture.width + 7) // 8 * 8, picture.height), 0)
    strip.paste(ImageOps.invert(picture.convert("L")).convert("1"), (0, 0))
    return strip.tobytes()


def encode_in_line(picture: Picture.Image) -> bytes:
    """Encode black and white dots, LINE_DOTS high, as `ESC *` with m = 33: 24 dots in 3 bytes.

    It stands in a line between characters, on their foot. Print modes do not change it.
    """
    assert picture.height == LINE_DOTS, "ESC * has no other height"
    ink = ImageOps.invert(picture.convert("L")).convert("1")
    columns = ink.transpose(Picture.Transpose.TRANSPOSE)
    return b"\x1b*\x21" + picture.width.to_bytes(2, "little") + tame(columns.tobytes())


_LIVE_COMMAND: Final = re.compile(b"\x10[\x04\x05\x14]")


def tame(dots: bytes) -> bytes:
    """Blacken one dot in whatever looks like a real-time command; nobody sees it."""
    return _LIVE_COMMAND.sub(lambda found: bytes([0x10, found[0][1] | 0x02]), dots)
