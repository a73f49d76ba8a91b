"""The printer's settings: what commands set and ESC @ takes back."""

from dataclasses import dataclass, field
from typing import Final

from hwsim.models import FONT_A
from hwsim.page import LEFT_TO_RIGHT, Area

LINE_SPACING_DOTS: Final = 30


@dataclass(slots=True)
class Settings:
    """Everything that ESC @ and a power cycle return to its default."""

    area: tuple[int, int]
    """Left margin and width of the print area in dots."""
    units: tuple[int, int]
    """Motion units per inch, horizontal and vertical."""
    font: tuple[int, int] = FONT_A
    bold: bool = False
    double_strike: bool = False
    underline: int = 0
    kanji_underline: int = 0
    scale: tuple[int, int] = (1, 1)
    kanji_scale: tuple[int, int] = (1, 1)
    inverse: bool = False
    upside_down: bool = False
    rotated: bool = False
    """ESC V: every character stands turned clockwise; not in page mode."""
    alignment: int = 0
    page_area: Area | None = None
    page_direction: int = LEFT_TO_RIGHT
    spacing: int = 0
    kanji_spacing: tuple[int, int] = (0, 0)
    line_spacing: int = LINE_SPACING_DOTS
    other_mode: tuple[int, tuple[int, int], int] = (0, (0, 0), LINE_SPACING_DOTS)
    """The three spacings above as they are in the mode, standard or page, that is not in force."""
    tabs: list[int] = field(default_factory=lambda: [8 * FONT_A[0] * n for n in range(1, 33)])
    bar_height: int = 162
    bar_width: int = 3
    hri: int = 0
    hri_font: tuple[int, int] = FONT_A
    selected: bool = True
    """ESC =: False while the host talks to another device on the same line."""
    symbol: dict[tuple[int, int], int] = field(default_factory=dict)
    """Values set by GS ( k, by cn and fn."""
    symbol_data: dict[int, bytes] = field(default_factory=dict)
    pdf417_level: str = ""
    """0 to 8, or empty: the printer chooses by the amount of data."""
    clone_symbol: int = 2
    """GS Z of compatible printers: what ESC Z prints; 0 PDF417, 1 DataMatrix, 2 QR code."""

    def change_mode(self) -> None:
        """Exchange the spacings of standard mode and page mode, which are kept apart."""
        now = (self.spacing, self.kanji_spacing, self.line_spacing)
        self.spacing, self.kanji_spacing, self.line_spacing = self.other_mode
        self.other_mode = now
