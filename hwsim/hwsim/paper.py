"""The printing mechanism: from commands to ink and readable text on a strip of paper.

Source of every command: ESC/POS Command Reference for TM Printers (Epson). Not drawn: page mode
(its text is set line by line), 90-degree rotation, user-defined characters, stacked DataBar and
composite symbols; their commands are consumed by length like any other.
"""

from collections.abc import Callable
from typing import Final

from PIL import Image
from wcwidth import wcwidth

from hwsim import graphics
from hwsim.charsets import TextDecoder
from hwsim.code128 import SymbolDataError
from hwsim.fonts import CharacterGenerator, installed_fonts
from hwsim.framing import Token
from hwsim.line import PrintLine, dressed
from hwsim.models import FONT_A, FONT_B, Model
from hwsim.receipt import Receipt, Strip
from hwsim.settings import LINE_SPACING_DOTS, Settings
from hwsim.symbol_blocks import Block, barcode, matrix_symbol

FEED_INCHES_MAX: Final = 40
"""One command feeds at most 1016 mm."""

RAW_BYTES_MAX: Final = 1 << 20
"""Executed bytes kept for one receipt; what goes beyond is dropped."""

KANJI_CELL: Final = (24, 24)


def _u16(data: bytes, at: int = 0) -> int:
    return data[at] + 256 * data[at + 1]


class Paper:
    """Executes printing commands. Finished receipts go to `on_receipt`."""

    def __init__(
        self, model: Model, on_receipt: Callable[[Receipt], None], *, first_number: int = 1
    ) -> None:
        """Load fresh paper into a printer of this model."""
        self.model = model
        self.characters = CharacterGenerator(installed_fonts())
        self.font_name = self.characters.name
        self.strip = Strip(model.dots_wide, model.head_to_cutter_dots)
        self._on_receipt = on_receipt
        self._number = first_number
        self._raw = bytearray()
        self._nv: dict[bytes, Image.Image] = {}
        self.text_decoder = TextDecoder(model.kanji, kanji_on=model.kanji_on)
        self._commands = self._table()
        self.reset()

    def reset(self) -> None:
        """Return to the settings after power-up; what is printed and NV graphics stay."""
        vertical = self.model.vertical_units_per_inch
        self.settings = Settings(
            area=(0, self.model.dots_wide), units=(self.model.dots_per_inch, vertical)
        )
        self.text_decoder.reset()
        self._line = PrintLine()
        self._buffered: Image.Image | None = None

    def record(self, data: bytes) -> None:
        """Remember the bytes of a command that is about to be executed, for the receipt's `raw`."""
        if len(self._raw) < RAW_BYTES_MAX:
            self._raw += data

    def drop_line(self) -> None:
        """Forget the line that is being set, unprinted."""
        self._line = PrintLine()

    def execute(self, token: Token) -> bool:
        """Do one command. False if printing knows nothing of it."""
        if not self.settings.selected and token.name != "ESC =":
            return True
        if token.name == "text":
            self._set_text(token.params)
            return True
        for character, _ in self.text_decoder.end_run():
            self._set_character(character, kanji=False)
        command = self._commands.get(token.name)
        if command is None:
            return False
        command(token.params)
        if self.strip.is_long:
            self.tear_off()
        return True

    def cut(self, *, feed_units: int | None) -> None:
        """Cut here, or with `feed_units` first feed to the cutter and so much further."""
        self._end_line()
        if feed_units is not None:
            self.strip.feed_to_cutter()
            self.strip.feed(self._vertical(feed_units))
        self._finish(cut=True)

    def tear_off(self) -> None:
        """A person feeds the paper out and tears it off."""
        self.strip.feed_to_cutter()
        self._finish(cut=False)

    def _finish(self, *, cut: bool) -> None:
        piece = self.strip.cut()
        if piece is None:
            return
        text, picture = piece
        receipt = Receipt(self._number, text, picture, bytes(self._raw), cut)
        self._number += 1
        self._raw.clear()
        self._on_receipt(receipt)

    # Lengths

    def _horizontal(self, units: int) -> int:
        return units * self.model.dots_per_inch // self.settings.units[0]

    def _vertical(self, units: int) -> int:
        return units * self.model.dots_per_inch // self.settings.units[1]

    def _feed(self, dots: int) -> None:
        limit = FEED_INCHES_MAX * self.model.dots_per_inch
        self.strip.feed(max(-limit, min(dots, limit)))

    # Lines

    def _set_text(self, data: bytes) -> None:
        for character, kanji in self.text_decoder.decode(data):
            self._set_character(character, kanji=kanji)

    def _set_character(self, character: str, *, kanji: bool) -> None:
        settings = self.settings
        wide = kanji or wcwidth(character) == 2
        cell = KANJI_CELL if wide else settings.font
        scale = settings.kanji_scale if kanji else settings.scale
        strokes = 2 if settings.bold or settings.double_strike else 1
        glyph = self.characters.cell(character, *cell, strokes)
        before, after = settings.kanji_spacing if kanji else (0, settings.spacing)
        ink = dressed(
            glyph,
            scale,
            spacing=after * scale[0],
            underline=settings.kanji_underline if kanji else settings.underline,
            inverse=settings.inverse,
        )
        if self._line.x + before + ink.width > settings.area[1]:
            self._print_line()
        self._line.x += before
        self._line.add(ink, ink.width, character)

    def _print_line(self) -> None:
        """LF: print what is set and feed one line, or more if it is higher."""
        if not self._line.pieces:
            self.strip.write("", self.settings.line_spacing)
        self._feed(max(self.settings.line_spacing, self._burn_line()))

    def _end_line(self) -> None:
        """Print what is set, if anything, so that what follows begins a line."""
        if self._line.pieces:
            self._print_line()

    def _burn_line(self) -> int:
        """Print the set line without feeding; give its height in dots."""
        line, self._line = self._line, PrintLine()
        if not line.pieces:
            return 0
        offset = self._place(line.ink())
        self.strip.write(line.text(offset, self.settings.font[0]), line.height)
        return line.height

    def _place(self, ink: Image.Image) -> int:
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

    def _place_block(self, ink: Image.Image, text: str) -> None:
        """Print an image that is a line of its own and feed past it."""
        self._end_line()
        if ink.width and ink.height:
            self._place(ink)
            self.strip.write(text, ink.height)
            self._feed(ink.height)

    # Commands; each takes the bytes behind its code

    def _table(self) -> dict[str, Callable[[bytes], None]]:
        return {
            "HT": self._tab,
            "LF": lambda _: self._print_line(),
            "FF": lambda _: self._end_line(),
            "CR": lambda _: None,
            "CAN": lambda _: None,
            "00h": lambda _: None,
            "ESC @": lambda _: self.reset(),
            "ESC !": self._print_mode,
            "ESC SP": lambda p: self._set(spacing=self._horizontal(p[0])),
            "ESC $": self._absolute_position,
            "ESC \\": self._relative_position,
            "ESC -": lambda p: self._set(underline=p[0] % 48 if p[0] % 48 <= 2 else 0),
            "ESC 2": lambda _: self._set(line_spacing=LINE_SPACING_DOTS),
            "ESC 3": lambda p: self._set(line_spacing=self._vertical(p[0])),
            "ESC =": lambda p: self._set(selected=bool(p[0] & 1)),
            "ESC D": self._tab_stops,
            "ESC E": lambda p: self._set(bold=bool(p[0] & 1)),
            "ESC G": lambda p: self._set(double_strike=bool(p[0] & 1)),
            "ESC J": lambda p: self._feed(max(self._burn_line(), self._vertical(p[0]))),
            "ESC K": lambda p: self._reverse_feed(self._vertical(p[0])),
            "ESC M": lambda p: self._set(font=FONT_B if p[0] % 48 == 1 else FONT_A),
            "ESC R": lambda p: self.text_decoder.select_variant(p[0]),
            "ESC a": lambda p: self._set(alignment=p[0] % 48 if p[0] % 48 <= 2 else 0),
            "ESC d": self._feed_lines,
            "ESC e": lambda p: self._reverse_feed(p[0] * self.settings.line_spacing),
            "ESC t": lambda p: self.text_decoder.select_page(p[0]),
            "ESC {": lambda p: self._set(upside_down=bool(p[0] & 1)),
            "ESC *": self._column_image,
            "FS !": self._kanji_print_mode,
            "FS &": lambda _: self._kanji_mode(on=True),
            "FS .": lambda _: self._kanji_mode(on=False),
            "FS -": lambda p: self._set(kanji_underline=p[0] % 48 if p[0] % 48 <= 2 else 0),
            "FS C": lambda p: self.text_decoder.select_kanji_code(p[0]),
            "FS S": lambda p: self._set(kanji_spacing=(p[0], p[1])),
            "FS W": lambda p: self._set(kanji_scale=(2, 2) if p[0] & 1 else (1, 1)),
            "FS ( C": self._select_encoding,
            "FS p": self._print_nv_bit_image,
            "FS q": self._define_nv_bit_images,
            "GS !": self._character_size,
            "GS *": self._define_download_image,
            "GS /": lambda p: self._print_stored(b"GS *", p[0]),
            "GS B": lambda p: self._set(inverse=bool(p[0] & 1)),
            "GS H": lambda p: self._set(hri=p[0] % 48 & 3),
            "GS L": lambda p: self._set_area(left=self._horizontal(_u16(p))),
            "GS P": self._motion_units,
            "GS T": lambda p: self._begin_line(print_it=p[0] % 48 == 1),
            "GS W": lambda p: self._set_area(width=self._horizontal(_u16(p))),
            "GS f": lambda p: self._set(hri_font=FONT_B if p[0] % 48 == 1 else FONT_A),
            "GS h": lambda p: self._set(bar_height=p[0] or 1),
            "GS k": self._barcode,
            "GS v": self._raster_image,
            "GS w": self._bar_width,
            "GS ( L": self._graphics,
            "GS 8 L": self._graphics,
            "GS ( k": self._symbol,
        }

    def _set(self, **values: object) -> None:
        for name, value in values.items():
            setattr(self.settings, name, value)

    def _print_mode(self, params: bytes) -> None:
        mode = params[0]
        self._set(
            font=FONT_B if mode & 1 else FONT_A,
            bold=bool(mode & 8),
            scale=(2 if mode & 32 else 1, 2 if mode & 16 else 1),
            underline=1 if mode & 128 else 0,
        )

    def _kanji_print_mode(self, params: bytes) -> None:
        mode = params[0]
        self._set(
            kanji_scale=(2 if mode & 4 else 1, 2 if mode & 8 else 1),
            kanji_underline=1 if mode & 128 else 0,
        )

    def _kanji_mode(self, *, on: bool) -> None:
        self.text_decoder.kanji_on = on

    def _select_encoding(self, params: bytes) -> None:
        """FS ( C function 48: 1 is code pages, 2 is UTF-8."""
        if len(params) == 2 and params[0] == 48:
            self.text_decoder.utf8 = params[1] % 48 == 2

    def _character_size(self, params: bytes) -> None:
        scale = ((params[0] >> 4 & 7) + 1, (params[0] & 7) + 1)
        self._set(scale=scale, kanji_scale=scale)

    def _set_area(self, *, left: int | None = None, width: int | None = None) -> None:
        """GS L, GS W: only at the beginning of a line; never beyond the paper."""
        if self._line.pieces:
            return
        old_left, old_width = self.settings.area
        cell = self.settings.font[0]
        left = min(old_left if left is None else left, self.model.dots_wide - cell)
        width = max(cell, old_width if width is None else width)
        self.settings.area = (left, min(width, self.model.dots_wide - left))

    def _motion_units(self, params: bytes) -> None:
        default = (self.model.dots_per_inch, self.model.vertical_units_per_inch)
        self.settings.units = (params[0] or default[0], params[1] or default[1])

    def _bar_width(self, params: bytes) -> None:
        width = params[0] - 66 if params[0] >= 68 else params[0]
        if 1 <= width <= 10:
            self.settings.bar_width = width

    def _absolute_position(self, params: bytes) -> None:
        x = self._horizontal(_u16(params))
        if x <= self.settings.area[1]:
            self._line.x = x

    def _relative_position(self, params: bytes) -> None:
        units = int.from_bytes(params[:2], "little", signed=True)
        x = self._line.x + self._horizontal(units)
        if 0 <= x <= self.settings.area[1]:
            self._line.x = x

    def _tab_stops(self, params: bytes) -> None:
        cell = (self.settings.font[0] + self.settings.spacing) * self.settings.scale[0]
        self.settings.tabs = [stop * cell for stop in params.rstrip(b"\0")]

    def _tab(self, _params: bytes) -> None:
        stop = next((stop for stop in self.settings.tabs if stop > self._line.x), None)
        if stop is not None and stop <= self.settings.area[1]:
            self._line.x = stop

    def _begin_line(self, *, print_it: bool) -> None:
        if print_it:
            self._end_line()
        self._line = PrintLine()

    def _feed_lines(self, params: bytes) -> None:
        lines = params[0]
        if self._line.pieces:
            self._print_line()
            lines = max(0, lines - 1)
        for _ in range(lines):
            self.strip.write("", self.settings.line_spacing)
            self._feed(self.settings.line_spacing)

    def _reverse_feed(self, dots: int) -> None:
        self._end_line()
        self._feed(-dots)

    # Images

    def _column_image(self, params: bytes) -> None:
        mode, width = params[0], _u16(params, 1)
        height = 24 if mode in (32, 33) else 8
        image = graphics.columns(width, height, params[3:])
        image = image.crop((0, 0, min(image.width, self.settings.area[1]), image.height))
        horizontal = 1 if mode in (1, 33) else 2
        ink = graphics.magnified(image, horizontal, 1 if height == 24 else 3)
        if ink.width and ink.height:
            self._line.add(ink, ink.width, "" if self._line.pieces else "[image]")

    def _raster_image(self, params: bytes) -> None:
        mode, width, height = params[1], 8 * _u16(params, 2), _u16(params, 4)
        self._print_image(graphics.raster(width, height, params[6:]), mode)

    def _print_image(self, image: Image.Image, mode: int) -> None:
        """Print with mode bits 1 (double width) and 2 (double height)."""
        text = f"[image {image.width}x{image.height}]"
        image = image.crop((0, 0, min(image.width, self.settings.area[1]), image.height))
        ink = graphics.magnified(image, 2 if mode & 1 else 1, 2 if mode & 2 else 1)
        self._place_block(ink, text)

    def _store(self, key: bytes, image: Image.Image) -> None:
        if key in self._nv or len(self._nv) < graphics.STORED_IMAGES_MAX:
            self._nv[key] = image

    def _print_stored(self, key: bytes, mode: int) -> None:
        if key in self._nv:
            self._print_image(self._nv[key], mode)

    def _define_nv_bit_images(self, params: bytes) -> None:
        for number, image in enumerate(graphics.nv_bit_images(params), start=1):
            self._store(b"FS q%d" % number, image)

    def _print_nv_bit_image(self, params: bytes) -> None:
        self._print_stored(b"FS q%d" % params[0], params[1])

    def _define_download_image(self, params: bytes) -> None:
        self._store(b"GS *", graphics.columns(8 * params[0], 8 * params[1], params[2:]))

    def _graphics(self, params: bytes) -> None:
        if len(params) < 2 or params[0] != 48:
            return
        function = params[1]
        if function in (2, 50):
            if self._buffered is not None:
                self._print_image(self._buffered, 0)
            self._buffered = None
        elif function in (69, 85) and len(params) >= 6:
            key = bytes([function - 2]) + params[2:4]
            self._print_stored(key, (params[4] > 1) + 2 * (params[5] > 1))
        elif function in (67, 68, 83, 84, 112, 113):
            decoded = graphics.stored_graphics(params)
            if decoded is not None and decoded.key:
                self._store(bytes([function & 0xFE | 1]) + decoded.key, decoded.image)
            elif decoded is not None:
                self._buffered = decoded.image

    # Symbols

    def _barcode(self, params: bytes) -> None:
        """GS k. Data that do not suit the barcode are printed as text, as Epson's printers do."""
        kind = params[0]
        data = params[2:] if kind >= 65 else params[1:].rstrip(b"\0")
        try:
            block = barcode(kind if kind >= 65 else kind + 65, data, self.settings, self.characters)
        except SymbolDataError:
            self._set_text(bytes(byte for byte in data if byte >= 0x20))
        else:
            self._place_symbol(block)

    def _symbol(self, params: bytes) -> None:
        """GS ( k: settings are kept by cn and fn; 80 stores the data, 81 prints."""
        if len(params) < 3:
            return
        cn, function = params[0], params[1]
        if function == 80:
            self.settings.symbol_data[cn] = params[3:]
        elif function != 81:
            self.settings.symbol[cn, function] = params[2]
        elif cn in self.settings.symbol_data:
            try:
                self._place_symbol(matrix_symbol(cn, self.settings))
            except SymbolDataError:
                return  # a printer prints nothing either

    def _place_symbol(self, block: Block) -> None:
        if block.ink.width <= self.settings.area[1]:  # too wide: nothing at all is printed
            self._place_block(block.ink, block.text)
