"""What cannot be printed is said before any money is taken."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Picture
from qrcode import QRCode, constants  # type: ignore[import-untyped]  # ships no types

from tillhald.domain.document import (
    Barcode,
    BarcodeKind,
    Columns,
    Feed,
    Image,
    Part,
    Pdf417,
    PrintDocument,
    QrCode,
    Rule,
    Run,
    Style,
    Text,
)
from tillhald.domain.layout import Paper
from tillhald.domain.preflight import (
    CHARS_MAX,
    IMAGE_BYTES_MAX,
    IMAGE_SIDE_DOTS_MAX,
    PARTS_MAX,
    ProblemReason,
    check,
    check_digit,
    qr_modules,
    too_much,
)

PAPER = Paper(columns=32, dots=384, code_pages=("cp437",), multibyte="gb18030")
BARE = Paper(columns=32, dots=384, code_pages=("cp437",), qr=False, pdf417=False)


def picture(width: int, height: int, kind: str = "PNG") -> bytes:
    content = io.BytesIO()
    Picture.new("1", (width, height)).save(content, kind)
    return content.getvalue()


def reasons(*parts: Part, paper: Paper = PAPER) -> list[ProblemReason]:
    return [problem.reason for problem in check(PrintDocument(parts=parts), paper)]


def text(words: str) -> Text:
    return Text(runs=(Run(text=words),))


GOOD: list[Part] = [
    text("谢谢惠顾 Café ¥3.50"),
    Columns(left="可口可乐", right="3.50"),
    Rule(char="—"),
    Barcode(kind=BarcodeKind.EAN13, value="6901028075763"),
    Barcode(kind=BarcodeKind.EAN13, value="690102807576"),
    Barcode(kind=BarcodeKind.EAN8, value="96385074"),
    Barcode(kind=BarcodeKind.UPCA, value="036000291452"),
    Barcode(kind=BarcodeKind.CODE39, value="AB-12 $"),
    Barcode(kind=BarcodeKind.CODE128, value="R-00{01}"),
    QrCode(value="https://example.com/重印?x=1"),
    Pdf417(value="WIFI\nx"),
    Image(content=picture(3 * 384, 600)),
    Image(content=picture(10, 10, "JPEG")),
    Feed(lines=3),
]

BAD: list[Part] = [
    text("two\nlines"),
    text("an escape \x1b@"),
    Columns(left="\x10\x14\x01", right=""),
    Text(runs=(Run(text="x", style=Style(width=9)),)),
    Columns(left="x", right="y", style=Style(height=0)),
    Rule(char="--"),
    Rule(char=""),
    Barcode(kind=BarcodeKind.EAN13, value="6901028075764"),
    Barcode(kind=BarcodeKind.EAN13, value="69010280757"),
    Barcode(kind=BarcodeKind.EAN8, value="9638507x"),
    Barcode(kind=BarcodeKind.EAN13, value="٦٩٠١٠٢٨٠٧٥٧٦٣"),  # digits, but not ASCII
    Barcode(kind=BarcodeKind.CODE39, value="ab"),
    Barcode(kind=BarcodeKind.CODE128, value="重"),
    Barcode(kind=BarcodeKind.CODE128, value=""),
    Barcode(kind=BarcodeKind.CODE128, value="R-00000000000001", module_dots=3),
    Barcode(kind=BarcodeKind.EAN13, value="6901028075763", module_dots=1),
    Barcode(kind=BarcodeKind.EAN13, value="6901028075763", height_dots=256),
    QrCode(value=""),
    QrCode(value="x", level="X"),
    QrCode(value="x", module_dots=17),
    QrCode(value="x" * 300, module_dots=8),
    QrCode(value="x" * 3000, module_dots=1),
    QrCode(value="\x10\x04\x01"),
    Pdf417(value="x" * 501),
    Pdf417(value="x", module_dots=1),
    Image(content=b"GIF89a"),
    Image(content=picture(40, 40)[:45]),
    Image(content=b"%!PS-Adobe-3.0 EPSF-3.0\n"),
    Image(content=bytes(IMAGE_BYTES_MAX + 1)),
    Image(content=picture(IMAGE_SIDE_DOTS_MAX + 1, 8)),
    Feed(lines=0),
]


@pytest.mark.parametrize("part", GOOD)
def test_what_the_printer_can_print_has_no_problem(part: Part) -> None:
    assert reasons(part) == []


@pytest.mark.parametrize("part", BAD, ids=range(len(BAD)))
def test_what_can_be_right_on_no_paper_is_refused_with_its_place(part: Part) -> None:
    problems = check(PrintDocument(parts=(Feed(), part)), PAPER)
    assert problems
    assert {problem.part_index for problem in problems} == {1}
    assert {problem.reason for problem in problems} == {ProblemReason.DOCUMENT_INVALID}


def test_what_this_model_lacks_is_refused() -> None:
    assert reasons(QrCode(value="x"), Pdf417(value="x"), paper=BARE) == [
        ProblemReason.DOCUMENT_INVALID,
        ProblemReason.DOCUMENT_INVALID,
    ]


def test_characters_that_nothing_can_print_are_named_once_each() -> None:
    problems = check(PrintDocument(parts=(text("可可乐"),)), BARE)
    assert [problem.reason for problem in problems] == [ProblemReason.TEXT_NOT_PRINTABLE] * 2
    assert "U+53EF" in problems[0].message
    drawn = check(PrintDocument(parts=(text("可可乐"),)), BARE, can_draw=lambda _: True)
    assert drawn == []


def test_text_from_right_to_left_is_refused_for_nothing_here_can_order_it() -> None:
    problems = check(PrintDocument(parts=(text("שלום"),)), PAPER, can_draw=lambda _: True)
    assert {problem.reason for problem in problems} == {ProblemReason.TEXT_NOT_PRINTABLE}


def test_a_document_has_limits() -> None:
    assert too_much(PrintDocument(parts=(Feed(),) * PARTS_MAX)) == ""
    assert "parts" in too_much(PrintDocument(parts=(Feed(),) * (PARTS_MAX + 1)))
    assert too_much(PrintDocument(parts=(text("x" * CHARS_MAX),))) == ""
    assert "characters" in too_much(PrintDocument(parts=(text("x" * CHARS_MAX), text("x"))))
    assert reasons(*[Feed()] * (PARTS_MAX + 1)) == [], "a receipt is as long as its sale"


@given(digits=st.text("0123456789", min_size=12, max_size=12), place=st.integers(0, 11))
def test_a_check_digit_catches_every_single_wrong_digit(digits: str, place: int) -> None:
    wrong = digits[:place] + str((int(digits[place]) + 1) % 10) + digits[place + 1 :]
    assert check_digit(wrong) != check_digit(digits)


@pytest.mark.parametrize("level", "LMQH")
def test_the_size_of_a_qr_code_is_that_of_another_encoder(level: str) -> None:
    correction = getattr(constants, f"ERROR_CORRECT_{level}")
    for size in (1, 14, 100, 271, 400, 900, 1273):
        other = QRCode(error_correction=correction)
        other.add_data(b"\x80" * size, optimize=0)
        other.best_fit()
        assert qr_modules("x" * size, level) == 17 + 4 * other.version
    assert qr_modules("x" * 2954, level) is None
