"""Parts of a document to print, from top to bottom: text, columns, codes, pictures, cuts."""

from __future__ import annotations

from typing import Literal, TypeAlias

from tillhal.v1 import printer_pb2

Part: TypeAlias = printer_pb2.Part
Align: TypeAlias = Literal["LEFT", "CENTER", "RIGHT"]
BarcodeKind: TypeAlias = Literal["EAN13", "EAN8", "UPCA", "CODE39", "CODE128"]


def text(
    content: str,
    *,
    align: Align = "LEFT",
    bold: bool = False,
    underline: bool = False,
    inverse: bool = False,
    width: int = 1,
    height: int = 1,
) -> Part:
    """One paragraph, wrapped at the printer's columns; `width` and `height` are 1 to 8 times."""
    style = printer_pb2.Style(
        bold=bold, underline=underline, inverse=inverse, width=width, height=height
    )
    runs = [printer_pb2.Run(text=content, style=style)]
    return Part(text=printer_pb2.TextPart(runs=runs, align=f"ALIGN_{align}"))


def columns(left: str, right: str, *, bold: bool = False) -> Part:
    """Two texts on one line, one at each side of the paper."""
    return Part(
        columns=printer_pb2.ColumnsPart(left=left, right=right, style=printer_pb2.Style(bold=bold))
    )


def rule(char: str = "-") -> Part:
    """A line across the paper, made of `char`."""
    return Part(rule=printer_pb2.RulePart(char=char))


def barcode(
    kind: BarcodeKind,
    value: str,
    *,
    height_dots: int = 0,
    module_dots: int = 0,
    hide_text: bool = False,
) -> Part:
    """A barcode; 0 dots stand for the till's usual size."""
    return Part(
        barcode=printer_pb2.BarcodePart(
            kind=f"BARCODE_KIND_{kind}",
            value=value,
            height_dots=height_dots,
            module_dots=module_dots,
            hide_text=hide_text,
        )
    )


def qr(value: str, *, module_dots: int = 0, level: Literal["L", "M", "Q", "H"] = "M") -> Part:
    """A QR code; `module_dots` 1 to 16, 0 for the till's usual size."""
    return Part(qr=printer_pb2.QrPart(value=value, module_dots=module_dots, level=level))


def pdf417(value: str, *, module_dots: int = 0) -> Part:
    """A PDF417 code; `module_dots` 2 to 8, 0 for the till's usual size."""
    return Part(pdf417=printer_pb2.Pdf417Part(value=value, module_dots=module_dots))


def image(content: bytes, *, align: Align = "LEFT") -> Part:
    """A picture: the bytes of a PNG, BMP or JPEG file up to 1 MiB, printed in black and white."""
    return Part(image=printer_pb2.ImagePart(content=content, align=f"ALIGN_{align}"))


def logo(key_code: str = "", *, align: Align = "CENTER") -> Part:
    """The shop's logo; or, by its key code, a picture that somebody has stored in the printer."""
    return Part(logo=printer_pb2.LogoPart(key_code=key_code, align=f"ALIGN_{align}"))


def feed(lines: int = 1) -> Part:
    """Empty lines, 1 to 100."""
    return Part(feed=printer_pb2.FeedPart(lines=lines))


def cut(*, full: bool = False) -> Part:
    """A cut; unless `full`, one point stays."""
    return Part(cut=printer_pb2.CutPart(full=full))
