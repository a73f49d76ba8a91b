"""Says beforehand what a printer's paper cannot hold, so that no sale fails at its receipt.

Computed from values in memory: pictures are decoded from bytes, never from files.
"""

from __future__ import annotations

import enum
import io
import unicodedata
from collections.abc import Callable, Iterator
from typing import assert_never

import msgspec
from PIL import Image as Picture

from tillhald.domain.document import (
    Barcode,
    BarcodeKind,
    Columns,
    Cut,
    Feed,
    Image,
    Logo,
    Part,
    Pdf417,
    PrintDocument,
    QrCode,
    Rule,
    Text,
)
from tillhald.domain.layout import Method, Paper, ink_of, is_plain, normalise

PARTS_MAX = 500
CHARS_MAX = 20_000
"""Characters of text in one document: about four metres of 42-column paper."""
STYLE_MULTIPLE_MAX = 8
FEED_LINES_MAX = 50
IMAGE_BYTES_MAX = 512 * 1024
IMAGE_SIDE_DOTS_MAX = 2048
IMAGE_ROWS_MAX = 2048
"""Rows on paper, after a wide picture was shrunk to the paper's width."""
IMAGE_FORMATS = ("PNG", "BMP", "JPEG", "GIF")
BARCODE_CHARS_MAX = 80
PDF417_BYTES_MAX = 500


class ProblemReason(enum.StrEnum):
    """Why a document cannot be printed here, in the words of the contract."""

    DOCUMENT_INVALID = "DOCUMENT_INVALID"
    TEXT_NOT_PRINTABLE = "TEXT_NOT_PRINTABLE"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """`part_index` counts from 0; -1 speaks of the whole document."""

    part_index: int
    reason: ProblemReason
    message: str


# --- symbols -----------------------------------------------------------------------------------

_DIGITS = {BarcodeKind.EAN13: 13, BarcodeKind.EAN8: 8, BarcodeKind.UPCA: 12}
_CODE39_CHARS = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ -.$/+%")

# Data codewords of QR versions 1 to 40 (ISO/IEC 18004, table 7), by error correction level.
_QR_CODEWORDS = {
    level: tuple(int(codewords) for codewords in row.split())
    for level, row in {
        "L": "19 34 55 80 108 136 156 194 232 274 324 370 428 461 523 589 647 721 795 861 932 "
        "1006 1094 1174 1276 1370 1468 1531 1631 1735 1843 1955 2071 2191 2306 2434 2566 "
        "2702 2812 2956",
        "M": "16 28 44 64 86 108 124 154 182 216 254 290 334 365 415 453 507 563 627 669 714 "
        "782 860 914 1000 1062 1128 1193 1267 1373 1455 1541 1631 1725 1812 1914 1992 "
        "2102 2216 2334",
        "Q": "13 22 34 48 62 76 88 110 132 154 180 206 244 261 295 325 367 397 445 485 512 568 "
        "614 664 718 754 808 871 911 985 1033 1115 1171 1231 1286 1354 1426 1502 1582 "
        "1666",
        "H": "9 16 26 36 46 60 66 86 100 122 140 158 180 197 223 253 283 313 341 385 406 442 "
        "464 514 538 596 628 661 701 745 793 845 901 961 986 1054 1096 1142 1222 1276",
    }.items()
}
_QR_SHORT_COUNT_VERSIONS = 9


def qr_modules(value: str, level: str) -> int | None:
    """Modules along one side, without the quiet zone; None when no version holds `value`.

    Counted in byte mode, which every printer has: one that packs digits prints a smaller code.
    """
    size = len(value.encode("utf-8"))
    for version, codewords in enumerate(_QR_CODEWORDS[level], start=1):
        if size <= codewords - (2 if version <= _QR_SHORT_COUNT_VERSIONS else 3):
            return 17 + 4 * version
    return None


def barcode_modules(barcode: Barcode) -> int:
    """Count the modules of the widest form a printer gives this barcode, quiet zones included."""
    chars = len(barcode.value)
    match barcode.kind:
        case BarcodeKind.EAN13 | BarcodeKind.UPCA:
            return 113
        case BarcodeKind.EAN8:
            return 81
        case BarcodeKind.CODE39:  # each character 6 narrow and 3 wide (x3) elements and a gap
            return 16 * (chars + 2) - 1 + 20
        case BarcodeKind.CODE128:  # code set B: start, check, stop of 13
            return 11 * (chars + 2) + 13 + 20
        case _:
            assert_never(barcode.kind)


def check_digit(digits: str) -> str:
    """Compute the GS1 modulo-10 check digit that belongs behind `digits`."""
    total = sum(
        int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(digits[::-1])
    )
    return str(-total % 10)


def open_image(content: bytes) -> Picture.Image:
    """Decode a picture of at most the named limits. Raises ValueError saying what is wrong."""
    if len(content) > IMAGE_BYTES_MAX:
        message = f"the picture has more than {IMAGE_BYTES_MAX} bytes"
        raise ValueError(message)
    try:
        picture = Picture.open(io.BytesIO(content), formats=IMAGE_FORMATS)
        if max(picture.size) > IMAGE_SIDE_DOTS_MAX:
            message = f"the picture is larger than {IMAGE_SIDE_DOTS_MAX} dots"
            raise ValueError(message)
        picture.load()
    except (OSError, SyntaxError, EOFError) as error:  # Pillow's ways to say: damaged
        message = f"the picture cannot be read; known formats are {', '.join(IMAGE_FORMATS)}"
        raise ValueError(message) from error
    return picture


# --- pre-flight --------------------------------------------------------------------------------


def check(
    document: PrintDocument, paper: Paper, can_draw: Callable[[str], bool] = lambda _: False
) -> list[Problem]:
    """All that `paper` cannot hold, before any money is taken; empty when it prints whole.

    `can_draw` says whether a character that the printer lacks can be drawn by the driver.
    """
    problems = []
    for index, part in enumerate(document.parts):
        faults = [*_style_faults(part), *_part_faults(part, paper)]
        problems += [_invalid(index, message) for message in faults]
        for text in _texts(part):
            problems += _text_problems(index, text, paper, can_draw)
    return problems


def too_much(document: PrintDocument) -> str:
    """Why a front end's document is too long; empty when it is not.

    A receipt is as long as its sale: it is not asked.
    """
    if not 1 <= len(document.parts) <= PARTS_MAX:
        return f"A document has 1 to {PARTS_MAX} parts."
    if sum(len(text) for part in document.parts for text in _texts(part)) > CHARS_MAX:
        return f"A document has at most {CHARS_MAX} characters of text."
    return ""


def _invalid(index: int, message: str) -> Problem:
    return Problem(part_index=index, reason=ProblemReason.DOCUMENT_INVALID, message=message)


def _texts(part: Part) -> list[str]:
    match part:
        case Text():
            return [run.text for run in part.runs]
        case Columns():
            return [part.left, part.right]
        case Rule():
            return [part.char]
        case _:
            return []


def _text_problems(
    index: int, text: str, paper: Paper, can_draw: Callable[[str], bool]
) -> Iterator[Problem]:
    if is_plain(text):
        return
    for char in dict.fromkeys(normalise(text, paper)):
        name = f"U+{ord(char):04X}"
        if unicodedata.category(char) in {"Cc", "Cs"}:
            yield _invalid(index, f"The text holds the control character {name}.")
        elif ink_of(char, paper).method is not Method.DRAWN:
            continue
        elif unicodedata.bidirectional(char) in {"R", "AL", "AN"} or not can_draw(char):
            yield Problem(
                part_index=index,
                reason=ProblemReason.TEXT_NOT_PRINTABLE,
                message=f"The printer has no character {name}, and no font here can draw it.",
            )


def _part_faults(part: Part, paper: Paper) -> Iterator[str]:
    match part:
        case Text() | Columns() | Cut():
            return
        case Rule():
            if len(part.char) != 1 or ink_of(part.char, paper).cells == 0:
                yield "A rule is made of one visible character."
        case Barcode():
            yield from _barcode_faults(part, paper)
        case QrCode():
            yield from _qr_faults(part, paper)
        case Pdf417():
            yield from _pdf417_faults(part, paper)
        case Logo():
            yield from _logo_faults(part, paper)
        case Image():
            yield from _image_faults(part, paper)
        case Feed():
            if not 1 <= part.lines <= FEED_LINES_MAX:
                yield f"A feed is 1 to {FEED_LINES_MAX} lines."
        case _:
            assert_never(part)


def _style_faults(part: Part) -> Iterator[str]:
    styles = [part.style] if isinstance(part, Columns) else []
    if isinstance(part, Text):
        styles = [run.style for run in part.runs]
    if any(not 1 <= size <= STYLE_MULTIPLE_MAX for s in styles for size in (s.width, s.height)):
        yield f"A style's width and height are 1 to {STYLE_MULTIPLE_MAX}."


def _barcode_faults(part: Barcode, paper: Paper) -> Iterator[str]:
    digits = _DIGITS.get(part.kind)
    if not 1 <= part.height_dots <= 255:  # noqa: PLR2004 - one byte of GS h
        yield "A barcode is 1 to 255 dots high."
    if not 2 <= part.module_dots <= 6:  # noqa: PLR2004 - the range of GS w
        yield "A barcode's narrowest bar is 2 to 6 dots wide."
    if digits is not None:
        if not (part.value.isascii() and part.value.isdigit()) or not (
            digits - 1 <= len(part.value) <= digits
        ):
            yield f"{part.kind} takes {digits} digits, or {digits - 1} without the check digit."
        elif len(part.value) == digits and part.value[-1] != check_digit(part.value[:-1]):
            yield f"The check digit of {part.value} should be {check_digit(part.value[:-1])}."
    elif not 1 <= len(part.value) <= BARCODE_CHARS_MAX:
        yield f"A barcode holds 1 to {BARCODE_CHARS_MAX} characters."
    elif part.kind is BarcodeKind.CODE39 and not _CODE39_CHARS.issuperset(part.value):
        yield "Code 39 has digits, capital letters, space and - . $ / + % only."
    elif not all(" " <= char <= "~" for char in part.value):
        yield "A barcode holds printable ASCII characters only."
    if barcode_modules(part) * part.module_dots > paper.dots:
        yield f"The barcode is wider than the paper's {paper.dots} dots."


def _symbol_text_fault(value: str) -> str | None:
    if not value:
        return "The symbol is empty."
    if not value.isprintable() and any(
        unicodedata.category(char) in {"Cc", "Cs"} and char not in "\r\n\t\x1d" for char in value
    ):
        return "The symbol holds a control character other than CR, LF, TAB or GS."
    return None


def _qr_faults(part: QrCode, paper: Paper) -> Iterator[str]:
    fault = _symbol_text_fault(part.value)
    if not paper.qr:
        yield "This printer has no QR codes."
    elif fault is not None:
        yield fault
    elif not 1 <= part.module_dots <= 16:  # noqa: PLR2004 - the range of GS ( k fn 167
        yield "A QR code's module is 1 to 16 dots wide."
    elif part.level not in _QR_CODEWORDS:
        yield "A QR code's error correction is L, M, Q or H."
    else:
        modules = qr_modules(part.value, part.level)
        if modules is None:
            yield f"The text is too long for a QR code with error correction {part.level}."
        elif (modules + 8) * part.module_dots > paper.dots:
            yield f"The QR code is wider than the paper's {paper.dots} dots."


def _pdf417_faults(part: Pdf417, paper: Paper) -> Iterator[str]:
    fault = _symbol_text_fault(part.value)
    if not paper.pdf417:
        yield "This printer has no PDF417 symbols."
    elif fault is not None:
        yield fault
    elif len(part.value.encode("utf-8")) > PDF417_BYTES_MAX:
        yield f"A PDF417 symbol holds at most {PDF417_BYTES_MAX} bytes."
    elif not 2 <= part.module_dots <= 8:  # noqa: PLR2004 - the range of GS ( k fn 067
        yield "A PDF417 symbol's module is 2 to 8 dots wide."


def _logo_faults(part: Logo, paper: Paper) -> Iterator[str]:
    if part.key_code:
        if len(part.key_code) != 2 or not all(" " <= char <= "~" for char in part.key_code):  # noqa: PLR2004 - kc1 and kc2
            yield "A key code is two printable ASCII characters."
        elif not paper.keeps_pictures:
            yield "This printer keeps no pictures."
    elif part.content:
        yield from _image_faults(Image(content=part.content), paper)


def _image_faults(part: Image, paper: Paper) -> Iterator[str]:
    try:
        width, height = open_image(part.content).size
    except ValueError as error:
        yield f"{str(error)[:1].upper()}{str(error)[1:]}."
        return
    if height * min(1.0, paper.dots / width) > IMAGE_ROWS_MAX:
        yield f"The picture is more than {IMAGE_ROWS_MAX} rows high on this paper."
