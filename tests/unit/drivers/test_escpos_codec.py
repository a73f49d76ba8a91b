"""A document becomes the bytes that Epson's references ask for."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Picture

from tillhald.domain.document import (
    Align,
    Barcode,
    BarcodeKind,
    Cut,
    Feed,
    Image,
    Part,
    Pdf417,
    PrintDocument,
    QrCode,
    Run,
    Style,
    Text,
)
from tillhald.domain.layout import Paper, lay_out
from tillhald.drivers.escpos import codec
from tillhald.drivers.escpos.profiles import PROFILES
from tillhald.drivers.escpos.raster import STRIP_ROWS_MAX, Pen, encode_raster, fit_picture, tame

PROFILE = PROFILES["tm_t88"]
HEAD = b"\x1b@\x1da\x0f\x1c."


def paper(multibyte: str | None = "gb18030") -> Paper:
    return Paper(
        columns=42,
        dots=512,
        code_pages=tuple(page for page, _ in PROFILE.code_pages),
        multibyte=multibyte,
    )


@pytest.fixture(scope="module")
def pen() -> Pen:
    return Pen(None)


def encoded(pen: Pen, *parts: Part, multibyte: str | None = "gb18030") -> bytes:
    on = paper(multibyte)
    job = codec.encode(lay_out(PrintDocument(parts=parts), on), on, PROFILE, pen)
    head = HEAD + (b"\x1cC\x01" if multibyte == "shift_jis" else b"")
    assert job.startswith(head)
    return job.removeprefix(head)


def text(words: str) -> Text:
    return Text(runs=(Run(text=words),))


def test_each_character_goes_out_in_a_set_that_has_it(pen: Pen) -> None:
    assert encoded(pen, text("plain")) == b"plain\n"
    assert encoded(pen, text("é€я")) == b"\x1bt\x00\x82\x1bt\x13\xd5\x1bt\x11\xef\n"
    assert encoded(pen, text("可a乐é")) == (
        b"\x1c&" + "可".encode("gb18030") + b"a" + "乐".encode("gb18030") + b"\x1c.\x1bt\x00\x82\n"
    )


def test_a_yen_sign_is_never_four_bytes(pen: Pen) -> None:
    assert encoded(pen, text("¥")) == b"\x1bt\x00\x9d\n"


@pytest.mark.parametrize(
    ("multibyte", "word"), [("shift_jis", "合計"), ("big5", "總計"), ("euc_kr", "합계")]
)
def test_other_multibyte_sets_go_out_in_theirs(pen: Pen, multibyte: str, word: str) -> None:
    assert encoded(pen, text(word), multibyte=multibyte) == (
        b"\x1c&" + word.encode(multibyte) + b"\n"
    )


def test_styles_are_sent_when_they_change(pen: Pen) -> None:
    runs = (
        Run(text="a"),
        Run(text="b", style=Style(bold=True, width=2, height=3)),
        Run(text="c", style=Style(underline=True, inverse=True)),
    )
    assert encoded(pen, Text(runs=runs, align=Align.RIGHT), text("d")) == (
        b" " * 38
        + b"a\x1bE\x01\x1d!\x12b\x1bE\x00\x1b-\x01\x1c-\x01\x1dB\x01\x1d!\x00c\n"
        + b"\x1b-\x00\x1c-\x00\x1dB\x00d\n"
    )


def test_feeds_and_cuts(pen: Pen) -> None:
    assert (
        encoded(pen, Feed(lines=3), Cut(), Cut(partial=False)) == b"\x1bd\x03\x1dVB\x00\x1dVA\x00"
    )


def test_symbols_are_centred_and_well_formed(pen: Pen) -> None:
    barcode = encoded(pen, Barcode(kind=BarcodeKind.CODE128, value="a{b", text_below=False))
    assert barcode.startswith(b"\x1ba\x01")
    assert b"\x1dkI\x06{Ba{{b" in barcode
    assert b"\x1dH\x00" in barcode
    assert barcode.endswith(b"\x1ba\x00")
    ean = encoded(pen, Barcode(kind=BarcodeKind.EAN13, value="690102807576", height_dots=50))
    assert b"\x1dh\x32" in ean
    assert b"\x1dw\x02" in ean
    assert b"\x1dkC\x0c690102807576" in ean
    qr = encoded(pen, QrCode(value="重", module_dots=5, level="Q"))
    assert b"\x1d(k\x03\x001C\x05" in qr
    assert b"\x1d(k\x03\x001E2" in qr
    assert b"\x1d(k\x06\x001P0" + "重".encode() + b"\x1d(k\x03\x001Q0" in qr
    assert b"\x1d(k\x05\x000P0ab\x1d(k\x03\x000Q0" in encoded(pen, Pdf417(value="ab"))


def test_what_no_set_has_is_drawn_and_never_a_question_mark(pen: Pen) -> None:
    assert pen.has_font, "these tests need DejaVu Sans Mono or another font of FONT_FILES"
    assert pen.covers("☂")
    assert not pen.covers("\U0010fffd")
    job = encoded(pen, text("rain ☂ sun"))
    # One cell of 12 columns of 24 dots; the rest of the line stays text.
    assert job.startswith(b"rain \x1b*\x21\x0c\x00")
    assert any(job[10:46])
    assert job[46:] == b" sun\n"
    high = encoded(pen, Text(runs=(Run(text="rain ☂", style=Style(height=2)),)))
    assert high.startswith(b"\x1dv0\x00\x09\x00\x36\x00"), "no part of a line is so high"
    assert any(high[8:])


def test_a_picture_goes_out_in_strips_from_its_place(pen: Pen) -> None:
    content = io.BytesIO()
    Picture.new("1", (16, 300), 0).save(content, "PNG")
    image = Image(content=content.getvalue(), align=Align.LEFT)
    assert encoded(pen, image) == (
        b"\x1dv0\x00\x02\x00\x00\x01"
        + b"\xff" * 2 * STRIP_ROWS_MAX
        + b"\x1dv0\x00\x02\x00\x2c\x00"
        + b"\xff" * 2 * 44
    )
    centred = fit_picture(Image(content=content.getvalue()), paper())
    assert centred.size == (248 + 16, 300)


def test_a_transparent_picture_is_white_where_it_is_clear_and_shrinks_to_the_paper() -> None:
    content = io.BytesIO()
    Picture.new("RGBA", (1024, 100), (0, 0, 0, 0)).save(content, "PNG")
    fitted = fit_picture(Image(content=content.getvalue()), paper())
    assert fitted.size == (512, 50)
    assert fitted.convert("L").getextrema() == (255, 255)


@given(dots=st.lists(st.sampled_from([0x10, 0x04, 0x05, 0x14, 0x00, 0xFF]), max_size=200))
def test_no_picture_holds_a_real_time_command_and_no_dot_is_lost(dots: list[int]) -> None:
    before = bytes(dots)
    after = tame(before)
    assert not any(bytes([0x10, second]) in after for second in (0x04, 0x05, 0x14))
    assert len(after) == len(before)
    assert all(was & now == was for was, now in zip(before, after, strict=True))


@given(width=st.integers(1, 100), height=st.integers(1, 600))
def test_strips_hold_every_row(width: int, height: int) -> None:
    strips = list(encode_raster(Picture.new("1", (width, height), 1)))
    rows = [int.from_bytes(strip[6:8], "little") for strip in strips]
    assert sum(rows) == height
    assert max(rows) <= STRIP_ROWS_MAX
    assert [len(strip) - 8 for strip in strips] == [count * ((width + 7) // 8) for count in rows]


def test_pulses_keep_to_the_printers_units() -> None:
    assert codec.queued_pulse(2, 100, 200) == b"\x1bp\x00\x32\x64"
    assert codec.queued_pulse(5, 510, 510) == b"\x1bp\x01\xff\xff"
    assert codec.real_time_pulse(5, 50) == b"\x10\x14\x01\x01\x01"
    assert codec.real_time_pulse(2, 5000) == b"\x10\x14\x01\x00\x08"


def test_the_encoder_library_prints_nothing_and_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    program = (
        "import logging\n"
        "from tillhald.domain.document import Barcode, BarcodeKind\n"
        "from tillhald.drivers.escpos.symbols import encode_barcode\n"
        "assert encode_barcode(Barcode(kind=BarcodeKind.EAN8, value='96385074'))\n"
        "assert logging.getLogger().handlers == []\n"
    )
    environment = {"TMPDIR": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == b""
    assert done.stderr == b""
    assert list(tmp_path.iterdir()) == []
