"""The character generator: one-bit cells of the printer's size, from a font of the host.

With WenQuanYi Zen Hei Mono (Debian: fonts-wqy-zenhei) at 24 pixels a Hanzi fills exactly the 24-dot
cell and a Latin letter the 12-dot cell of a TM-T88. Without it Latin text still prints; a character
that the font at hand lacks is drawn as a box, as a printer does.
"""

import unicodedata
from functools import cache, lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from PIL import Image, ImageDraw, ImageFont

from hwsim import rule_glyphs
from hwsim.models import FONT_B, INK

GLYPHS_CACHED_MAX: Final = 4096
NOT_A_CHARACTER: Final = "\U0010fffe"
"""No font has it, so its picture is the font's sign for "missing"."""
NEVER_DRAWN: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Categories of Unicode that have no glyph: controls, halves of a pair, ends of a line."""


class FontFile(NamedTuple):
    """A monospaced font and its pixel size per dot of cell height, so that Latin fills the cell."""

    name: str
    path: Path
    face: int
    size_of_height: float


WENQUANYI: Final = "WenQuanYi Zen Hei Mono"
DEJAVU: Final = "DejaVu Sans Mono"
BUNDLED: Final = "Pillow's bundled font"
_BUNDLED_SIZE_OF_HEIGHT: Final = 18 / 24

FONT_FILES: Final = tuple(
    FontFile(name, Path("/usr/share/fonts") / path, index, size)
    for name, path, index, size in (
        (WENQUANYI, "truetype/wqy/wqy-zenhei.ttc", 1, 1.0),  # Debian, Ubuntu
        (WENQUANYI, "wqy-zenhei/wqy-zenhei.ttc", 1, 1.0),  # Fedora, Arch
        (DEJAVU, "truetype/dejavu/DejaVuSansMono.ttf", 0, 20 / 24),  # Debian, Ubuntu
        (DEJAVU, "dejavu-sans-mono-fonts/DejaVuSansMono.ttf", 0, 20 / 24),  # Fedora
        (DEJAVU, "TTF/DejaVuSansMono.ttf", 0, 20 / 24),  # Arch
    )
)

_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def installed_fonts() -> tuple[FontFile, ...]:
    """The known fonts of this host, best first."""
    return tuple(font for font in FONT_FILES if font.path.is_file())


class CharacterGenerator:
    """Draws characters into cells. `name` says with which font, `draws_hanzi` whether it can."""

    def __init__(self, fonts: tuple[FontFile, ...]) -> None:
        """Prefer these fonts in order; Pillow's bundled font is always the last."""
        self._files: tuple[FontFile | None, ...] = (*fonts, None)
        self.name = fonts[0].name if fonts else BUNDLED
        self._font = lru_cache(maxsize=32)(self._load)
        self._missing = lru_cache(maxsize=32)(self._ink_of_missing)
        self.cell = lru_cache(maxsize=GLYPHS_CACHED_MAX)(self._draw)
        """cell(character, width, height, strokes), 2 strokes for bold -> one-bit image of INK."""
        self.draws_hanzi = any(self._has("\u6c49", file, 24) for file in self._files)

    def _load(self, file: FontFile | None, height: int) -> _Font:
        if file is None:
            return ImageFont.load_default(height * _BUNDLED_SIZE_OF_HEIGHT)
        size = height * file.size_of_height
        return ImageFont.truetype(str(file.path), size, index=file.face)

    def _ink_of_missing(self, file: FontFile | None, height: int) -> bytes:
        return bytes(self._font(file, height).getmask(NOT_A_CHARACTER, "1"))

    def _has(self, character: str, file: FontFile | None, height: int) -> bool:
        if unicodedata.category(character) in NEVER_DRAWN:
            return False  # some of them end a paragraph, and the layout engine refuses them
        ink = bytes(self._font(file, height).getmask(character, "1"))
        return character.isspace() or ink != self._missing(file, height)

    def _choose(self, character: str, width: int, height: int) -> _Font | None:
        """The first font whose glyph fits the cell, else the first that has one at all."""
        having = [
            self._font(file, height) for file in self._files if self._has(character, file, height)
        ]
        fitting = (font for font in having if round(font.getlength(character)) <= width)
        return next(fitting, having[0] if having else None)

    def _draw(self, character: str, width: int, height: int, strokes: int) -> Image.Image:
        rule = rule_glyphs.drawn(character, width, height)
        if rule is not None:
            return rule
        cell = Image.new("1", (width, height), 0)
        nominal = 18 if height == FONT_B[1] else height  # 9-dot letters are those of 18 pixels
        font = self._choose(character, width, nominal)
        if font is None:
            ImageDraw.Draw(cell).rectangle((1, 2, width - 3, height - 4), outline=INK)
            return cell
        drawn_width = max(width, round(font.getlength(character)))
        glyph = Image.new("1", (drawn_width, height), 0)
        pen = ImageDraw.Draw(glyph)
        left = (drawn_width - round(font.getlength(character))) // 2
        baseline = _baseline(font, character, height)
        for shift in range(strokes):
            pen.text((left + shift, baseline), character, font=font, fill=INK, anchor="ls")
        return (
            glyph if drawn_width == width else glyph.resize((width, height), Image.Resampling.BOX)
        )


@cache
def generator_of_this_host() -> CharacterGenerator:
    """The one generator that all printers share: what one has drawn, the others need not."""
    return CharacterGenerator(installed_fonts())


def _baseline(font: _Font, character: str, height: int) -> int:
    """Where letters stand; a glyph that would leave the cell is moved just into it."""
    baseline = round(height * 19 / 24)
    if isinstance(font, ImageFont.FreeTypeFont):
        _, top, _, bottom = font.getbbox(character, mode="1", anchor="ls")
        baseline = min(max(baseline, -round(top)), max(height - round(bottom), -round(top)))
    return baseline
