"""Barcodes and two-dimensional symbols as the printer's head draws them: one pixel a module.

zxing-cpp makes the module patterns, Code 128 is made here (see code128.py). Scaling to dots is the
caller's, by GS w, GS h and the module sizes of GS ( k.
"""

from typing import Final, NamedTuple

import zxingcpp
from PIL import Image, ImageChops
from zxingcpp import BarcodeFormat

from hwsim import code128
from hwsim.code128 import SymbolDataError

LINEAR_NAMES: Final = {
    65: "UPC-A",
    66: "UPC-E",
    67: "EAN-13",
    68: "EAN-8",
    69: "CODE39",
    70: "ITF",
    71: "CODABAR",
    72: "CODE93",
    73: "CODE128",
    74: "GS1-128",
    75: "GS1 DataBar",
    76: "GS1 DataBar Truncated",
    77: "GS1 DataBar Limited",
    78: "GS1 DataBar Expanded",
    79: "CODE128 auto",
}
"""Kinds by the m of GS k form B; form A's m is 65 less."""

_FORMATS: Final = {
    65: BarcodeFormat.UPCA,
    66: BarcodeFormat.UPCE,
    67: BarcodeFormat.EAN13,
    68: BarcodeFormat.EAN8,
    69: BarcodeFormat.Code39,
    70: BarcodeFormat.ITF,
    71: BarcodeFormat.Codabar,
    72: BarcodeFormat.Code93,
    75: BarcodeFormat.DataBar,
    76: BarcodeFormat.DataBar,
    77: BarcodeFormat.DataBarLimited,
    78: BarcodeFormat.DataBarExpanded,
}
_CODE128, _GS1_128, _CODE128_AUTO = 73, 74, 79
_DIGITS: Final = {65: (11, 12), 66: (6, 7, 8, 11, 12), 67: (12, 13), 68: (7, 8)}

PDF417, QR, MAXICODE, STACKED, COMPOSITE, AZTEC, DATA_MATRIX = range(48, 55)
"""The symbols of GS ( k by its cn. Composites are not drawn."""

_MATRIX_FORMATS: Final = {
    PDF417: BarcodeFormat.PDF417,
    QR: BarcodeFormat.QRCode,
    MAXICODE: BarcodeFormat.MaxiCode,
    AZTEC: BarcodeFormat.Aztec,
    DATA_MATRIX: BarcodeFormat.DataMatrix,
}
_QR_MODELS: Final = {51: BarcodeFormat.MicroQRCode}
"""Model 1, which nobody prints any more, is drawn as model 2."""

_STACKED_KINDS: Final = {
    72: BarcodeFormat.DataBarStk,
    73: BarcodeFormat.DataBarStkOmni,
    76: BarcodeFormat.DataBarExpStk,
}

_EC_LEVELS: Final = frozenset("LMQH012345678")

PDF417_ROW_PIXELS: Final = 3
"""Height of a PDF417 row in the pattern that the encoder gives."""


class LinearSymbol(NamedTuple):
    """Dark and light modules from left to right, and the text printed beside the bars."""

    modules: list[bool]
    text: str


def linear(kind: int, data: bytes) -> LinearSymbol:
    """The barcode of GS k with m = `kind` (form B). SymbolDataError if the data do not suit it."""
    if kind == _CODE128:
        values, text = code128.parse(data)
        return LinearSymbol(code128.modules(values), text)
    if kind not in LINEAR_NAMES:
        raise SymbolDataError(f"GS k has no barcode {kind}")
    if kind in (_GS1_128, _CODE128_AUTO):
        gs1 = kind == _GS1_128
        plain = bytes(b for b in data if b not in b"() ") if gs1 else data
        return LinearSymbol(code128.modules(code128.automatic(plain, gs1=gs1)), _ascii(data))
    text = _ascii(data)
    if kind in _DIGITS:
        text = _retail_digits(kind, text)
    elif kind == 69:
        text = text.strip("*")
    picture = _encode(_with_brackets(text) if kind == 78 else text, _FORMATS[kind])
    middle = picture.height // 2
    row = [picture.getpixel((x, middle)) == 0 for x in range(picture.width)]
    return LinearSymbol(row, text)


class MatrixSymbol(NamedTuple):
    """A one-bit pattern, ink is 1, one pixel a module; its kind's name and its text."""

    pattern: Image.Image
    name: str
    text: str


def matrix(cn: int, data: bytes, *, ec_level: str = "", model: int = 0) -> MatrixSymbol:
    """The symbol of GS ( k. SymbolDataError if it cannot be made.

    `model` is that of a QR code (51: micro QR code) or of PDF417 (1, 49: truncated). The data of a
    stacked GS1 DataBar begin with its kind (72, 73, 76).
    """
    kind = _MATRIX_FORMATS.get(cn)
    if cn == QR:
        kind = _QR_MODELS.get(model, kind)
    elif cn == PDF417 and model % 48 == 1:
        kind = BarcodeFormat.CompactPDF417
    elif cn == STACKED:
        kind, data = _STACKED_KINDS.get(data[0] if data else 0), data[1:]
    if kind is None:
        raise SymbolDataError(f"GS ( k {cn} is not drawn")
    if cn == STACKED:
        text = _ascii(data)
        content: str | bytes = _with_brackets(text) if kind is BarcodeFormat.DataBarExpStk else text
    else:
        text = data.decode("utf-8", "replace")
        content = data if "\ufffd" in text else text
    # Of other words zxing-cpp 3.1 does not only know nothing: some end the process.
    levels = {"ec_level": ec_level} if ec_level in _EC_LEVELS else {}
    pattern = ImageChops.invert(_encode(content, kind, **levels)).convert("1")
    if cn == PDF417:
        rows = pattern.height // PDF417_ROW_PIXELS
        pattern = pattern.resize((pattern.width, rows), Image.Resampling.NEAREST)
    return MatrixSymbol(pattern, str(kind), text)


def _encode(content: str | bytes, kind: BarcodeFormat, **options: str) -> Image.Image:
    try:
        barcode = zxingcpp.create_barcode(content, kind, **options)
        pattern = zxingcpp.write_barcode_to_image(barcode, scale=1, add_quiet_zones=False)
    except ValueError as error:
        raise SymbolDataError(str(error)) from None
    return Image.fromarray(pattern)


def _with_brackets(text: str) -> str:
    """GS1 data for the encoder, which wants (01) around the first application identifier."""
    return text if text.startswith("(") else f"({text[:2]}){text[2:]}"


def _ascii(data: bytes) -> str:
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        raise SymbolDataError("the data are not ASCII") from None
    if not text:
        raise SymbolDataError("no data")
    return text


def _retail_digits(kind: int, text: str) -> str:
    """Complete a GTIN with its check digit; a wrong one is replaced, as the printer computes it."""
    if not text.isdigit() or len(text) not in _DIGITS[kind]:
        raise SymbolDataError("wrong number of digits")
    if kind == 66:
        return _upc_e(text)
    body = text[: _DIGITS[kind][0]]
    return body + check_digit(body)


def check_digit(body: str) -> str:
    """The GS1 check digit (mod 10) of the digits before it."""
    total = sum(int(digit) * (3 if at % 2 == 0 else 1) for at, digit in enumerate(reversed(body)))
    return str(-total % 10)


def _upc_e(text: str) -> str:
    """Eight digits of UPC-E (number system 0) from any of the forms that GS k takes."""
    if len(text) in (11, 12):
        text = _compress(text[:11])
    six = text if len(text) == 6 else text[1:7]
    last = six[5]
    if last in "012":
        body = f"0{six[:2]}{last}0000{six[2:5]}"
    elif last == "3":
        body = f"0{six[:3]}00000{six[3:5]}"
    elif last == "4":
        body = f"0{six[:4]}00000{six[4]}"
    else:
        body = f"0{six[:5]}0000{last}"
    return "0" + six + check_digit(body)


def _compress(body: str) -> str:
    """Six digits of UPC-E from the eleven of UPC-A (GS1 General Specifications, 5.2.2.4.2)."""
    maker, item = body[1:6], body[6:]
    if body[0] == "0" and maker[2:] in ("000", "100", "200") and item[:2] == "00":
        return maker[:2] + item[2:] + maker[2]
    if body[0] == "0" and maker[3:] == "00" and item[:3] == "000":
        return maker[:3] + item[3:] + "3"
    if body[0] == "0" and maker[4] == "0" and item[:4] == "0000":
        return maker[:4] + item[4] + "4"
    if body[0] == "0" and item[:4] == "0000" and item[4] in "56789":
        return maker + item[4]
    raise SymbolDataError("this number has no short form")
