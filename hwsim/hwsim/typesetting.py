"""From characters and pictures to lines on the paper, or on a page in page mode.

Source: ESC/POS Command Reference, "Print position", "Line spacing", "Page mode".
"""

from typing import Final

from PIL import Image
from wcwidth import wcwidth

from hwsim.charsets import Character, TextDecoder
from hwsim.fonts import CharacterGenerator, generator_of_this_host
from hwsim.line import PrintLine, dressed
from hwsim.models import Model
from hwsim.page import Area, Page
from hwsim.receipt import Strip
from hwsim.settings import Settings
from hwsim.user_characters import UserCharacters

FEED_INCHES_MAX: Final = 40
"""One command feeds at most 1016 mm."""

LINE_PIECES_MAX: Final = 1000
"""A host may set pieces over one another for ever; then the line is printed."""

KANJI_CELL: Final = (24, 24)


class Typesetter:
    """Sets lines under `settings` and prints them on `strip`; in page mode `page` is there."""

    def __init__(self, model: Model) -> None:
        """Fresh paper, default settings."""
        self.model = model
        self.characters: CharacterGenerator = generator_of_this_host()
        self.strip = Strip(model.dots_wide, model.head_to_cutter_dots)
        self.text_decoder = TextDecoder(model.kanji, kanji_on=model.kanji_on)
        self.user_characters = UserCharacters()
        self.reset()

    def reset(self) -> None:
        """Return to the settings after power-up; what is printed stays."""
        units = (self.model.dots_per_inch, self.model.vertical_units_per_inch)
        self.settings = Settings(area=(0, self.model.dots_wide), units=units)
        self.text_decoder.reset()
        self.user_characters.forget()
        self.page: Page | None = None
        self.line = PrintLine()

    # Lengths

    def horizontal(self, units: int) -> int:
        """Dots of so many horizontal motion units."""
        return units * self.model.dots_per_inch // self.settings.units[0]

    def vertical(self, units: int) -> int:
        """Dots of so many vertical motion units."""
        return units * self.model.dots_per_inch // self.settings.units[1]

    def along(self, units: int) -> int:
        """Dots along the line; on a page that is turned these are vertical units."""
        across = self.page is not None and self.page.lies_across
        return self.vertical(units) if across else self.horizontal(units)

    def down(self, units: int) -> int:
        """Dots from line to line."""
        across = self.page is not None and self.page.lies_across
        return self.horizontal(units) if across else self.vertical(units)

    @property
    def width(self) -> int:
        """Dots that a line may take."""
        return self.settings.area[1] if self.page is None else self.page.width

    # Text

    def set_text(self, data: bytes) -> None:
        """Set text bytes as the character codes of this moment."""
        for character in self.text_decoder.decode(data):
            self._set_character(character)

    def end_run(self) -> None:
        """A command follows: half a character that waits is set as what it is."""
        for character in self.text_decoder.end_run():
            self._set_character(character)

    def _set_character(self, character: Character) -> None:
        settings, kanji = self.settings, character.kanji
        wide = kanji or (self.text_decoder.utf8 and wcwidth(character.text) == 2)
        cell = KANJI_CELL if wide else settings.font
        glyph = self.user_characters.cell(character.code, settings.font, kanji=kanji)
        if glyph is None:
            strokes = 2 if settings.bold or settings.double_strike else 1
            glyph = self.characters.cell(character.text, *cell, strokes)
        turned = settings.rotated and self.page is None
        scale = settings.kanji_scale if kanji else settings.scale
        before, after = settings.kanji_spacing if kanji else (0, settings.spacing)
        underline = settings.kanji_underline if kanji else settings.underline
        ink = dressed(
            glyph,
            scale,
            spacing=after * scale[0],
            underline=0 if turned else underline,
            inverse=settings.inverse,
            turned=turned,
        )
        if self.line.x + before + ink.width > self.width:
            self.print_line()
        self.line.x += before
        self.add(ink, character.text)

    def add(self, ink: Image.Image, text: str) -> None:
        """Set a piece of ink at the end of the line."""
        if len(self.line.pieces) >= LINE_PIECES_MAX:
            self.end_line()
        self.line.add(ink, ink.width, text)

    # Lines

    def print_line(self) -> None:
        """LF: print what is set and feed one line, or more if it is higher."""
        if not self.line.pieces and self.page is None:
            self.strip.write("", self.settings.line_spacing)
        self.feed(max(self.settings.line_spacing, self.burn_line()))

    def end_line(self) -> None:
        """Print what is set, if anything, so that what follows begins a line."""
        if self.line.pieces:
            self.print_line()

    def burn_line(self) -> int:
        """Print the set line without feeding; give how many dots it takes downwards."""
        line, self.line = self.line, PrintLine()
        if not line.pieces:
            return 0
        cell = self.settings.font[0]
        if self.page is not None:
            return self.page.burn_line(line.ink(), line.text(0, cell), 0)
        offset = self._burn(line.ink())
        self.strip.write(line.text(offset, cell), line.height)
        return line.height

    def _burn(self, ink: Image.Image) -> int:
        """Print an image at the head, aligned within the print area; give its left edge."""
        left, width = self.settings.area
        ink = ink.crop((0, 0, min(ink.width, width), ink.height))
        offset = left + (0, (width - ink.width) // 2, width - ink.width)[self.settings.alignment]
        if self.settings.upside_down:
            ink = ink.transpose(Image.Transpose.ROTATE_180)
            self.strip.burn(ink, 2 * left + width - offset - ink.width)
        else:
            self.strip.burn(ink, offset)
        return offset

    def place(self, ink: Image.Image, text: str) -> None:
        """Print an image as a line of its own; in page mode it is a piece of the line."""
        if not (ink.width and ink.height):
            return
        if self.page is not None:
            self.add(ink, text)
            return
        self.end_line()
        self._burn(ink)
        self.strip.write(text, ink.height)
        self.feed(ink.height)

    # Movement

    def feed(self, dots: int) -> None:
        """Feed paper, or move the page's cursor."""
        if self.page is not None:
            self.page.move_to(self.page.y + dots, placed=False)
            return
        limit = FEED_INCHES_MAX * self.model.dots_per_inch
        self.strip.feed(max(-limit, min(dots, limit)))

    def feed_lines(self, lines: int) -> None:
        """ESC d: print what is set and feed so many lines."""
        if self.line.pieces:
            self.print_line()
            lines = max(0, lines - 1)
        for _ in range(lines):
            self.print_line()

    def feed_back(self, dots: int) -> None:
        """ESC K, ESC e: print what is set and feed backwards; not in page mode."""
        if self.page is None:
            self.end_line()
            self.feed(-dots)

    def move_along(self, x: int) -> None:
        r"""ESC $, ESC \\: a place outside the line is refused."""
        if 0 <= x <= self.width:
            self.line.x = x

    def move_down(self, y: int) -> None:
        r"""GS $, GS \\: page mode only. The line goes on as far from its beginning as before."""
        if self.page is not None:
            x = self.line.x
            self.burn_line()
            self.page.move_to(y, placed=True)
            self.line.x = x

    def tab(self) -> None:
        """HT: to the next tab stop; none, no movement."""
        stop = next((stop for stop in self.settings.tabs if stop > self.line.x), None)
        if stop is not None:
            self.move_along(stop)

    # Page mode

    def begin_page(self) -> None:
        """ESC L: only at the beginning of a line."""
        if self.page is None and not self.line.pieces:
            self.settings.change_mode()
            self.page = Page(self.model.dots_wide)
            self.page.turn(self.settings.page_direction)
            if self.settings.page_area is not None:
                self.page.set_area(self.settings.page_area)
            self.line = PrintLine()

    def end_page(self) -> None:
        """ESC S: back to standard mode; what is not printed is forgotten."""
        if self.page is not None:
            self.page = None
            self.settings.change_mode()
            self.settings.page_area = None
            self.line = PrintLine()

    def print_page(self) -> None:
        """ESC FF: print the page and keep it. In standard mode this does nothing."""
        if self.page is None:
            return
        x = self.line.x
        self.burn_line()
        self.line.x = x
        picture, lines = self.page.printed()
        if picture.height:
            self.strip.burn(picture, 0)
            for y, text in lines:
                self.strip.write_at(text, y)
            self.strip.feed(picture.height)

    def clear_page(self) -> None:
        """CAN."""
        if self.page is not None:
            self.page.clear()
            self.line = PrintLine()

    def set_page_area(self, area: Area) -> None:
        """ESC W; in standard mode for the next page."""
        self.settings.page_area = area
        if self.page is not None:
            self.burn_line()
            self.page.set_area(area)

    def turn_page(self, direction: int) -> None:
        """ESC T; in standard mode for the next page."""
        self.settings.page_direction = direction
        if self.page is not None:
            self.burn_line()
            self.page.turn(direction)
