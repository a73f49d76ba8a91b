"""Characters that the host draws itself: ESC & (one byte, for each font) and FS 2 (two bytes).

Source: ESC/POS Command Reference, ESC &, ESC %, ESC ?, FS 2, FS ?.
"""

from typing import Final

from PIL import Image

from hwsim import graphics

FIRST_CODE: Final = 0x20
LAST_CODE: Final = 0x7E
CELL_ROWS: Final = 3
"""Bytes of a column: 24 dots, also for font B, whose lowest are not printed."""

KANJI_DOTS: Final = 24
KANJI_KEPT_MAX: Final = 256
"""More than a TM-T88 keeps; beyond it nothing is defined."""


class UserCharacters:
    """What has been defined since the last ESC @. `in_use` is ESC %."""

    def __init__(self) -> None:
        """Nothing is defined, and nothing of it used."""
        self.forget()

    def forget(self) -> None:
        """ESC @ and the power's end."""
        self.in_use = False
        self._narrow: dict[tuple[tuple[int, int], int], Image.Image] = {}
        self._kanji: dict[bytes, Image.Image] = {}

    def define(self, params: bytes, font: tuple[int, int]) -> None:
        """ESC & y c1 c2 (x d1 .. d(y * x)) for each code; what leaves the cell is lost."""
        rows, first, last = params[:3]
        at = 3
        for code in range(first, last + 1):
            width = params[at]
            data = params[at + 1 : at + 1 + rows * width]
            at += 1 + rows * width
            if rows == CELL_ROWS and FIRST_CODE <= code <= LAST_CODE:
                cell = Image.new("1", font, 0)
                cell.paste(graphics.columns(width, 8 * rows, data), (0, 0))
                self._narrow[font, code] = cell

    def cancel(self, code: int, font: tuple[int, int]) -> None:
        """ESC ? n."""
        self._narrow.pop((font, code), None)

    def define_kanji(self, params: bytes) -> None:
        """FS 2 c1 c2 d1 .. d72."""
        if len(self._kanji) < KANJI_KEPT_MAX or params[:2] in self._kanji:
            self._kanji[params[:2]] = graphics.columns(KANJI_DOTS, KANJI_DOTS, params[2:])

    def cancel_kanji(self, code: bytes) -> None:
        """FS ? c1 c2."""
        self._kanji.pop(code, None)

    def cell(self, code: bytes, font: tuple[int, int], *, kanji: bool) -> Image.Image | None:
        """The host's drawing for this code, if there is one to be used."""
        if kanji:
            return self._kanji.get(code)
        return self._narrow.get((font, code[0])) if self.in_use and len(code) == 1 else None
