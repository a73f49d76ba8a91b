"""The printing mechanism: from commands to ink and readable text on a strip of paper.

Source of every command: ESC/POS Command Reference for TM Printers (Epson). Understood and without
an effect on paper: two colours (ESC r, GS ( N), density and speed (GS ( K), smoothing (GS b),
printing direction (ESC U), logos at top and bottom (FS ( E). Composite symbols are not drawn.
"""

from collections.abc import Callable
from typing import Final

from PIL import Image

from hwsim import graphics
from hwsim.code128 import SymbolDataError
from hwsim.framing import Token
from hwsim.models import FONT_A, FONT_B, Model
from hwsim.page import Area
from hwsim.picture_memory import PictureMemory
from hwsim.print_counter import PrintCounter
from hwsim.receipt import Receipt, Strip
from hwsim.settings import LINE_SPACING_DOTS
from hwsim.symbol_blocks import (
    CLONE_SYMBOLS,
    PDF417_LEVEL,
    SYMBOLS,
    Block,
    barcode,
    matrix_symbol,
    symbol_size,
)
from hwsim.typesetting import Typesetter

RAW_BYTES_MAX: Final = 1 << 20
"""Executed bytes kept for one receipt; what goes beyond is dropped."""

LINE_DOTS: Final = {1: 1, 2: 2, 3: 4}
"""How thick the lines of GS ( Q are."""


def _u16(data: bytes, at: int = 0) -> int:
    return data[at] + 256 * data[at + 1]


def _signed(data: bytes) -> int:
    return int.from_bytes(data[:2], "little", signed=True)


class Paper:
    """Executes printing commands. Finished receipts go to `on_receipt`, answers to `answer`."""

    def __init__(
        self,
        model: Model,
        on_receipt: Callable[[Receipt], None],
        *,
        first_number: int = 1,
        answer: Callable[[bytes], None] = lambda _: None,
    ) -> None:
        """Load fresh paper into a printer of this model."""
        self.model = model
        self.setter = Typesetter(model)
        self._pictures = PictureMemory(answer, self._show)
        self._counter = PrintCounter()
        self._answer = answer
        self._on_receipt = on_receipt
        self._number = first_number
        self._raw = bytearray()
        self._commands = {
            **self._line_commands(),
            **self._style_commands(),
            **self._character_commands(),
            **self._page_commands(),
            **self._picture_commands(),
        }

    @property
    def strip(self) -> Strip:
        """The paper that has not been cut off yet."""
        return self.setter.strip

    @property
    def selected(self) -> bool:
        """ESC =: False while the host talks to another device on the same line."""
        return self.setter.settings.selected

    @property
    def font_name(self) -> str:
        """The font that text is drawn with."""
        return self.setter.characters.name

    def reset(self) -> None:
        """Return to the settings after power-up; what is printed and NV graphics stay."""
        self.setter.reset()
        self._pictures.forget()
        self._counter = PrintCounter()

    def record(self, data: bytes) -> None:
        """Remember the bytes of a command that is about to be executed, for the receipt's `raw`."""
        if len(self._raw) < RAW_BYTES_MAX:
            self._raw += data

    def drop_line(self) -> None:
        """Forget the line, or the page, that is being set, unprinted."""
        self.setter.end_page()
        self.setter.line.pieces.clear()

    def execute(self, token: Token) -> bool:
        """Do one command. False if printing knows nothing of it."""
        if token.name == "text":
            self.setter.set_text(token.params)
            return True
        self.setter.end_run()
        command = self._commands.get(token.name)
        if command is None:
            return False
        command(token.params)
        if self.setter.strip.is_long:
            self.tear_off()
        return True

    def cut(self, *, feed_units: int | None) -> None:
        """Cut here, or with `feed_units` first feed to the cutter and so much further."""
        if self.setter.page is None:
            self.setter.end_line()  # a page waits for its form feed, whatever is cut meanwhile
        if feed_units is not None:
            self.setter.strip.feed_to_cutter()
            self.setter.strip.feed(self.setter.vertical(feed_units))
        self._finish(cut=True)

    def print_test(self, lines: list[str]) -> None:
        """GS ( A: a sheet of the printer's own, cut off; settings are as after power-up."""
        self.setter.end_page()
        self.setter.end_line()
        self.reset()
        for line in lines:
            self.setter.set_text(line.encode("ascii"))
            self.setter.print_line()
        self.cut(feed_units=0)

    def tear_off(self) -> None:
        """A person feeds the paper out and tears it off."""
        self.setter.strip.feed_to_cutter()
        self._finish(cut=False)

    def _finish(self, *, cut: bool) -> None:
        piece = self.setter.strip.cut()
        if piece is None:
            return
        text, picture = piece
        receipt = Receipt(self._number, text, picture, bytes(self._raw), cut)
        self._number += 1
        self._raw.clear()
        self._on_receipt(receipt)

    # Commands; each takes the bytes behind its code

    def _line_commands(self) -> dict[str, Callable[[bytes], None]]:
        setter = self.setter
        return {
            "HT": lambda _: setter.tab(),
            "LF": lambda _: setter.print_line(),
            "ESC $": lambda p: setter.move_along(setter.along(_u16(p))),
            "ESC \\": lambda p: setter.move_along(setter.line.x + setter.along(_signed(p))),
            "ESC 2": lambda _: self._set(line_spacing=LINE_SPACING_DOTS),
            "ESC 3": lambda p: self._set(line_spacing=setter.down(p[0])),
            "ESC D": self._tab_stops,
            "ESC J": lambda p: setter.feed(max(setter.burn_line(), setter.down(p[0]))),
            "ESC K": lambda p: setter.feed_back(setter.down(p[0])),
            "ESC a": lambda p: self._set(alignment=p[0] % 48 if p[0] % 48 <= 2 else 0),
            "ESC d": lambda p: setter.feed_lines(p[0]),
            "ESC e": lambda p: setter.feed_back(p[0] * setter.settings.line_spacing),
            "GS L": lambda p: self._set_area(left=setter.horizontal(_u16(p))),
            "GS P": self._motion_units,
            "GS T": lambda p: self._begin_line(print_it=p[0] % 48 == 1),
            "GS W": lambda p: self._set_area(width=setter.horizontal(_u16(p))),
        }

    def _style_commands(self) -> dict[str, Callable[[bytes], None]]:
        return {
            "ESC @": lambda _: self.reset(),
            "ESC !": self._print_mode,
            "ESC SP": lambda p: self._set(spacing=self.setter.along(p[0])),
            "ESC -": lambda p: self._set(underline=p[0] % 48 if p[0] % 48 <= 2 else 0),
            "ESC =": lambda p: self._set(selected=bool(p[0] & 1)),
            "ESC E": lambda p: self._set(bold=bool(p[0] & 1)),
            "ESC G": lambda p: self._set(double_strike=bool(p[0] & 1)),
            "ESC M": self._font,
            "ESC V": lambda p: self._set(rotated=p[0] % 48 in (1, 2) and p[0] < 51),
            "ESC {": lambda p: self._set(upside_down=bool(p[0] & 1)),
            "FS !": self._kanji_print_mode,
            "FS -": lambda p: self._set(kanji_underline=p[0] % 48 if p[0] % 48 <= 2 else 0),
            "FS S": lambda p: self._set(kanji_spacing=(p[0], p[1])),
            "FS W": lambda p: self._set(kanji_scale=(2, 2) if p[0] & 1 else (1, 1)),
            "GS !": self._character_size,
            "GS B": lambda p: self._set(inverse=bool(p[0] & 1)),
            "GS H": lambda p: self._set(hri=p[0] % 48 & 3),
            "GS f": lambda p: self._set(hri_font=FONT_B if p[0] in (1, 49) else FONT_A),
            "GS h": lambda p: self._set(bar_height=p[0] or 1),
            "GS w": self._bar_width,
            "GS Z": lambda p: self._set(clone_symbol=p[0]),
        }

    def _character_commands(self) -> dict[str, Callable[[bytes], None]]:
        setter, decoder = self.setter, self.setter.text_decoder
        return {
            "ESC %": lambda p: setattr(setter.user_characters, "in_use", bool(p[0] & 1)),
            "ESC &": lambda p: setter.user_characters.define(p, setter.settings.font),
            "ESC ?": lambda p: setter.user_characters.cancel(p[0], setter.settings.font),
            "ESC R": lambda p: decoder.select_variant(p[0]),
            "ESC t": lambda p: decoder.select_page(p[0]),
            "FS &": lambda _: setattr(decoder, "kanji_on", True),
            "FS .": lambda _: setattr(decoder, "kanji_on", False),
            "FS 2": setter.user_characters.define_kanji,
            "FS ?": setter.user_characters.cancel_kanji,
            "FS C": lambda p: decoder.select_kanji_code(p[0]),
            "FS ( C": self._select_encoding,
            "GS C": self._configure_counter,
            "GS c": lambda _: setter.set_text(self._counter.printed().encode("ascii")),
        }

    def _page_commands(self) -> dict[str, Callable[[bytes], None]]:
        setter = self.setter
        return {
            "FF": self._form_feed,
            "CAN": lambda _: setter.clear_page(),
            "ESC FF": lambda _: setter.print_page(),
            "ESC L": lambda _: setter.begin_page(),
            "ESC S": lambda _: setter.end_page(),
            "ESC T": lambda p: setter.turn_page(p[0] % 48 & 3),
            "ESC W": self._page_area,
            "GS $": lambda p: setter.move_down(setter.down(_u16(p))),
            "GS \\": lambda p: setter.move_down(self._page_y + setter.down(_signed(p))),
            "GS ( Q": self._draw_line,
        }

    def _picture_commands(self) -> dict[str, Callable[[bytes], None]]:
        pictures = self._pictures
        return {
            "ESC *": self._column_image,
            "ESC Z": self._clone_symbol,
            "FS p": pictures.print_bit_image,
            "FS q": pictures.define_bit_images,
            "GS *": pictures.define_download_image,
            "GS /": pictures.print_download_image,
            "GS D": pictures.define_bitmap,
            "GS Q": self._variable_image,
            "GS k": self._barcode,
            "GS v": self._raster_image,
            "GS ( L": pictures.execute,
            "GS 8 L": pictures.execute,
            "GS ( k": self._symbol,
        }

    def _set(self, **values: object) -> None:
        for name, value in values.items():
            setattr(self.setter.settings, name, value)

    # Style

    def _font(self, params: bytes) -> None:
        font = {0: FONT_A, 1: FONT_B, 48: FONT_A, 49: FONT_B}.get(params[0])
        if font is not None:
            self._set(font=font)

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

    def _select_encoding(self, params: bytes) -> None:
        """FS ( C function 48: 1 is code pages, 2 is UTF-8."""
        if len(params) == 2 and params[0] == 48:
            self.setter.text_decoder.utf8 = params[1] % 48 == 2

    def _configure_counter(self, params: bytes) -> None:
        self._counter.configure(params)  # not in the table itself: ESC @ brings a new one

    def _character_size(self, params: bytes) -> None:
        scale = ((params[0] >> 4 & 7) + 1, (params[0] & 7) + 1)
        self._set(scale=scale, kanji_scale=scale)

    def _bar_width(self, params: bytes) -> None:
        width = params[0] - 66 if params[0] >= 68 else params[0]
        if 1 <= width <= 10:
            self._set(bar_width=width)

    # Places

    def _set_area(self, *, left: int | None = None, width: int | None = None) -> None:
        """GS L, GS W: only at the beginning of a line; never beyond the paper."""
        if self.setter.line.pieces:
            return
        settings, dots_wide = self.setter.settings, self.model.dots_wide
        old_left, old_width = settings.area
        cell = settings.font[0]
        left = min(old_left if left is None else left, dots_wide - cell)
        width = max(cell, old_width if width is None else width)
        settings.area = (left, min(width, dots_wide - left))

    def _motion_units(self, params: bytes) -> None:
        default = (self.model.dots_per_inch, self.model.vertical_units_per_inch)
        self._set(units=(params[0] or default[0], params[1] or default[1]))

    def _tab_stops(self, params: bytes) -> None:
        settings = self.setter.settings
        cell = (settings.font[0] + settings.spacing) * settings.scale[0]
        settings.tabs = [stop * cell for stop in params.rstrip(b"\0")]

    def _begin_line(self, *, print_it: bool) -> None:
        if print_it:
            self.setter.end_line()
        self.setter.line.pieces.clear()
        self.setter.line.x = 0

    # Page mode

    @property
    def _page_y(self) -> int:
        return 0 if self.setter.page is None else self.setter.page.y

    def _form_feed(self, _params: bytes) -> None:
        """FF: print the page and return to standard mode, where it prints what is set."""
        if self.setter.page is None:
            self.setter.end_line()
        else:
            self.setter.print_page()
            self.setter.end_page()

    def _page_area(self, params: bytes) -> None:
        across, down = self.setter.horizontal, self.setter.vertical
        left, top, width, height = (_u16(params, at) for at in (0, 2, 4, 6))
        self.setter.set_page_area(Area(across(left), down(top), across(width), down(height)))

    def _draw_line(self, params: bytes) -> None:
        """GS ( Q functions 48 (line) and 49 (box), in page mode: corners, colour, thickness."""
        setter = self.setter
        if setter.page is None or len(params) < 12 or params[0] not in (48, 49):
            return
        x1, y1, x2, y2 = (_u16(params, at) for at in (1, 3, 5, 7))
        corners = (setter.along(x1), setter.down(y1), setter.along(x2), setter.down(y2))
        dots = LINE_DOTS.get(params[10], 1)
        setter.page.draw(corners, dots, box=params[0] == 49)

    # Images

    def _column_image(self, params: bytes) -> None:
        mode, width = params[0], _u16(params, 1)
        height = 24 if mode in (32, 33) else 8
        image = graphics.columns(width, height, params[3:])
        image = image.crop((0, 0, min(image.width, self.setter.width), image.height))
        horizontal = 1 if mode in (1, 33) else 2
        ink = graphics.magnified(image, horizontal, 1 if height == 24 else 3)
        if ink.width and ink.height:
            self.setter.add(ink, "" if self.setter.line.pieces else "[image]")

    def _raster_image(self, params: bytes) -> None:
        mode, width, height = params[1], 8 * _u16(params, 2), _u16(params, 4)
        image = graphics.raster(width, height, params[6:])
        self._show(image, 2 if mode & 1 else 1, 2 if mode & 2 else 1)

    def _variable_image(self, params: bytes) -> None:
        """GS Q 0: like GS v 0, by columns."""
        mode, width, height = params[1], _u16(params, 2), 8 * _u16(params, 4)
        image = graphics.columns(width, height, params[6:])
        self._show(image, 2 if mode & 1 else 1, 2 if mode & 2 else 1)

    def _show(self, image: Image.Image, wider: int, higher: int) -> None:
        text = f"[image {image.width}x{image.height}]"
        image = image.crop((0, 0, min(image.width, self.setter.width), image.height))
        self.setter.place(graphics.magnified(image, wider, higher), text)

    # Symbols

    def _barcode(self, params: bytes) -> None:
        """GS k. Data that do not suit the barcode are printed as text, as Epson's printers do."""
        kind = params[0]
        data = params[2:] if kind >= 65 else params[1:].rstrip(b"\0")
        try:
            characters = self.setter.characters
            form_b = kind if kind >= 65 else kind + 65
            block = barcode(form_b, data, self.setter.settings, characters)
        except SymbolDataError:
            self.setter.set_text(bytes(byte for byte in data if byte >= 0x20))
        else:
            self._place_symbol(block)

    def _symbol(self, params: bytes) -> None:
        """GS ( k: settings are kept by cn and fn; 80 stores, 81 prints, 82 tells the size."""
        if len(params) < 3 or params[0] not in SYMBOLS:
            return
        settings = self.setter.settings
        cn, function = params[0], params[1]
        if function == 80:
            settings.symbol_data[cn] = params[3:]
        elif function not in (81, 82):
            settings.symbol[cn, function] = params[2]
            if (cn, function, params[2]) == PDF417_LEVEL and len(params) >= 4:
                settings.pdf417_level = str(params[3] % 48 % 9)
        elif cn in settings.symbol_data:
            try:
                block = matrix_symbol(cn, settings)
            except SymbolDataError:
                return  # a printer prints nothing either
            if function == 81:
                self._place_symbol(block)
            else:
                self._answer(symbol_size(cn, block))

    def _clone_symbol(self, params: bytes) -> None:
        """ESC Z version level size nL nH data, of printers that are compatible in the rest."""
        settings = self.setter.settings
        cn = CLONE_SYMBOLS.get(settings.clone_symbol % 48)
        if cn is None:
            return
        settings.symbol_data[cn] = params[5:]
        try:
            self._place_symbol(matrix_symbol(cn, settings, level=chr(params[1]), size=params[2]))
        except SymbolDataError:
            return

    def _place_symbol(self, block: Block) -> None:
        if block.ink.width <= self.setter.width:  # too wide: nothing at all is printed
            self.setter.place(block.ink, block.text)
