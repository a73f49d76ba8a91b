"""What can be put on paper: a document of parts, before any printer's columns are known.

`PrintDocument` is what a front end sends and what `domain.receipt` builds from a sale. It says
*what* stands where; `domain.layout` fits it to a printer's columns; a driver turns it into bytes.
Widths count cells: a Latin letter takes one, a Hanzi two.
"""

from __future__ import annotations

import enum

import msgspec


class Align(enum.StrEnum):
    LEFT = "left"
    CENTER = "center"
    RIGHT = "right"


class Style(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a run of text looks. `width` and `height` are multiples of the font, 1 to 8."""

    bold: bool = False
    underline: bool = False
    inverse: bool = False
    width: int = 1
    height: int = 1


PLAIN = Style()


class Run(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    text: str
    style: Style = PLAIN


class Text(msgspec.Struct, frozen=True, kw_only=True, tag="text", omit_defaults=True):
    """One paragraph, wrapped at the printer's columns; words stay whole where they fit."""

    runs: tuple[Run, ...]
    align: Align = Align.LEFT


class Columns(msgspec.Struct, frozen=True, kw_only=True, tag="columns", omit_defaults=True):
    """`left` and `right` on one line; when both do not fit, `left` wraps above `right`."""

    left: str
    right: str
    style: Style = PLAIN


class Rule(msgspec.Struct, frozen=True, kw_only=True, tag="rule", omit_defaults=True):
    """A line across the paper, made of one character of one cell."""

    char: str = "-"


class BarcodeKind(enum.StrEnum):
    EAN13 = "ean13"
    EAN8 = "ean8"
    UPCA = "upca"
    CODE39 = "code39"
    CODE128 = "code128"


class Barcode(msgspec.Struct, frozen=True, kw_only=True, tag="barcode", omit_defaults=True):
    """`height_dots` 1..255; `module_dots` 2..6, the width of the narrowest bar."""

    kind: BarcodeKind
    value: str
    height_dots: int = 80
    module_dots: int = 2
    text_below: bool = True


class QrCode(msgspec.Struct, frozen=True, kw_only=True, tag="qr", omit_defaults=True):
    """`module_dots` 1..16; `level` is the error correction: L, M, Q or H."""

    value: str
    module_dots: int = 4
    level: str = "M"


class Pdf417(msgspec.Struct, frozen=True, kw_only=True, tag="pdf417", omit_defaults=True):
    value: str
    module_dots: int = 2


class Image(msgspec.Struct, frozen=True, kw_only=True, tag="image", omit_defaults=True):
    """A picture in any format that Pillow reads (PNG, BMP, JPEG); printed in black and white."""

    content: bytes
    align: Align = Align.CENTER


class Logo(msgspec.Struct, frozen=True, kw_only=True, tag="logo", omit_defaults=True):
    """A picture that the printer may keep in its own memory, so that it need not be sent each time.

    With a `key_code`, two characters: what somebody has stored there. Without: the shop's logo,
    whose `content` the till puts in before it prints; the same formats as of an image.
    """

    key_code: str = ""
    align: Align = Align.CENTER
    content: bytes = b""


class Feed(msgspec.Struct, frozen=True, kw_only=True, tag="feed", omit_defaults=True):
    lines: int = 1


class Cut(msgspec.Struct, frozen=True, kw_only=True, tag="cut", omit_defaults=True):
    """Feed to the cutter and cut; `partial` leaves one point uncut."""

    partial: bool = True


Part = Text | Columns | Rule | Barcode | QrCode | Pdf417 | Image | Logo | Feed | Cut


class PrintDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    parts: tuple[Part, ...]
