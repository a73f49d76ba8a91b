"""What comes out of the printer can be read: by people as text, by scanners as symbols."""

from __future__ import annotations

import dataclasses
import io
from typing import TYPE_CHECKING

import barcode
import pytest
import qrcode
import zxingcpp
from escpos.printer import Dummy
from PIL import Image, ImageOps

from hwsim import symbols
from hwsim.charsets import UNDECODABLE
from hwsim.fonts import CharacterGenerator, installed_fonts
from hwsim.framing import Framer
from hwsim.models import MODELS
from hwsim.paper import Paper
from hwsim.receipt import Receipt, next_number

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Bench

    NewBench = Callable[..., Bench]

TM_T88 = MODELS["tm-t88"]
DRAWS_HANZI = CharacterGenerator(installed_fonts()).draws_hanzi


def lines(receipt: Receipt) -> list[str]:
    return receipt.text.splitlines()


def ink_box(image: Image.Image) -> tuple[int, int, int, int]:
    box = ImageOps.invert(image.convert("L")).getbbox()
    assert box is not None, "nothing is printed"
    return box


def scanned(receipt: Receipt) -> list[tuple[str, str]]:
    return [(str(code.format), code.text) for code in zxingcpp.read_barcodes(receipt.picture())]


@pytest.mark.parametrize(
    ("model", "columns"), [("tm-t88", 42), ("generic-80", 48), ("generic-58", 32)]
)
def test_a_line_is_as_many_characters_wide_as_the_model_prints(
    bench: NewBench, model: str, columns: int
) -> None:
    assert MODELS[model].columns == columns
    receipt = bench(MODELS[model]).print_and_cut(b"x" * (columns + 3) + b"\n")
    assert lines(receipt) == ["x" * columns, "xxx"]
    assert receipt.image.width == MODELS[model].dots_wide


def test_hanzi_fill_two_columns_each(bench: NewBench) -> None:
    receipt = bench().print_and_cut(("晨" * 22).encode("gb18030") + b"\n")
    assert lines(receipt) == ["晨" * 21, "晨"]


def test_a_chinese_receipt_reads_as_it_was_written(bench: NewBench) -> None:
    text = "晨光便利店\n鸡蛋 ￥12.35\n謝謝㐂\n"
    assert bench().print_and_cut(text.encode("gb18030")).text == text


@pytest.mark.skipif(not DRAWS_HANZI, reason="no font with Hanzi: install fonts-wqy-zenhei")
def test_hanzi_are_drawn_as_themselves(bench: NewBench) -> None:
    pictures = [bench().print_and_cut(c.encode("gb18030")).image.tobytes() for c in "晨光龘"]
    assert len(set(pictures)) == 3
    left, top, right, bottom = ink_box(bench().print_and_cut("晨".encode("gb18030")).image)
    assert 18 <= right - left <= 24
    assert 18 <= bottom - top <= 24


def test_a_character_without_a_glyph_is_a_box_and_still_text(bench: NewBench) -> None:
    plain = bench()
    plain.mechanism.paper.setter.characters = CharacterGenerator(())
    receipt = plain.print_and_cut("晨光".encode("gb18030"))
    assert receipt.text == "晨光\n"
    boxes = [receipt.image.crop((x, 0, x + 24, receipt.image.height)).tobytes() for x in (0, 24)]
    assert boxes[0] == boxes[1]
    assert ink_box(receipt.image)[2] <= 48


@pytest.mark.parametrize(
    ("kanji", "text"),
    [("big5", "謝謝光臨"), ("shift_jis", "領収書アリガトウ"), ("euc_kr", "감사합니다")],
)
def test_other_two_byte_codes_are_configured_by_the_model(
    bench: NewBench, kanji: str, text: str
) -> None:
    model = dataclasses.replace(TM_T88, kanji=kanji)
    assert bench(model).print_and_cut(text.encode(kanji)).text == text + "\n"


@pytest.mark.parametrize(
    ("page", "codec", "text"),
    [
        (0, "cp437", "Café £"),
        (2, "cp850", "Größe ©"),
        (16, "cp1252", "5 € Ñandú"),
        (17, "cp866", "Спасибо"),
        (19, "cp858", "5 €"),
    ],
)
def test_code_pages_are_selected_by_number(
    bench: NewBench, page: int, codec: str, text: str
) -> None:
    data = b"\x1c.\x1bt" + bytes([page]) + text.encode(codec)
    assert bench().print_and_cut(data).text == text + "\n"


def test_katakana_page_national_variants_and_utf8(bench: NewBench) -> None:
    katakana = b"\x1c.\x1bt\x01" + "ｱﾘｶﾞﾄｳ".encode("shift_jis")
    assert bench().print_and_cut(katakana).text == "ｱﾘｶﾞﾄｳ\n"
    assert bench().print_and_cut(b"\x1bR\x0f$5 \x1bR\x03#5").text == "¥5 £5\n"
    utf8 = b"\x1c(C\x02\x0002" + "鸡蛋 €5".encode()
    assert bench().print_and_cut(utf8).text == "鸡蛋 €5\n"


def test_a_half_character_does_not_eat_the_next_command(bench: NewBench) -> None:
    receipt = bench().print_and_cut(b"ab\xb3\nnext\n")
    assert lines(receipt) == [f"ab{UNDECODABLE}", "next"]


def test_a_two_byte_character_may_straddle_two_runs_of_text(bench: NewBench) -> None:
    text = "a" + "晨" * 200
    receipt = bench().print_and_cut(text.encode("gb18030"))
    assert "".join(lines(receipt)) == text


def test_alignment_tabs_and_positions_show_in_text_and_ink(bench: NewBench) -> None:
    receipt = bench().print_and_cut(
        b"\x1ba\x01mid\n\x1ba\x02right\n\x1ba\x00a\tb\n\x1bD\x14\x00c\td\ne\x1b$\xf0\x00f\n"
    )
    assert lines(receipt) == [
        " " * 19 + "mid",
        " " * 37 + "right",
        "a" + " " * 7 + "b",
        "c" + " " * 19 + "d",
        "e" + " " * 19 + "f",
    ]


def test_left_margin_and_area_width_narrow_the_line(bench: NewBench) -> None:
    receipt = bench().print_and_cut(b"\x1dL\x78\x00\x1dW\xf0\x00" + b"x" * 21 + b"\n")
    assert lines(receipt) == [" " * 10 + "x" * 20, " " * 10 + "x"]
    left, _, right, _ = ink_box(receipt.image)
    assert left >= 120
    assert right <= 360


@pytest.mark.parametrize("command", [b"\x1d!\x11", b"\x1b!\x30"])
def test_double_size_is_twice_as_wide_and_high(bench: NewBench, command: bytes) -> None:
    normal = ink_box(bench().print_and_cut(b"HHH").image)
    double = ink_box(bench().print_and_cut(command + b"HHH").image)
    assert [2 * (normal[n + 2] - normal[n]) for n in (0, 1)] == [
        double[n + 2] - double[n] for n in (0, 1)
    ]
    assert lines(bench().print_and_cut(command + b"x" * 22)) == ["x" * 21, "x"]


def test_bold_underline_and_inverse_add_ink(bench: NewBench) -> None:
    def ink(data: bytes) -> int:
        return bench().print_and_cut(data).image.convert("L").histogram()[0]

    plain = ink(b"Total")
    assert ink(b"\x1bE\x01Total") > plain
    assert ink(b"\x1b-\x02Total") == pytest.approx(plain + 2 * 5 * 12, abs=24)
    assert ink(b"\x1dB\x01Total") == 5 * 12 * 24 - plain


def test_upside_down_is_the_line_turned_by_half(bench: NewBench) -> None:
    upright = bench().print_and_cut(b"Total\n").image
    turned = bench().print_and_cut(b"\x1b{\x01Total\n").image
    head = TM_T88.head_to_cutter_dots
    band = (0, head, TM_T88.dots_wide, head + 24)
    half_turn = upright.crop(band).transpose(Image.Transpose.ROTATE_180)
    assert turned.crop(band).tobytes() == half_turn.tobytes()
    assert turned.tobytes() != upright.tobytes()


def test_a_cut_without_a_feed_leaves_the_last_lines_in_the_printer(bench: NewBench) -> None:
    printer = bench()
    printer.send(b"".join(b"line %d\n" % n for n in range(10)) + b"\x1dV\x00")
    assert lines(printer.receipts[0]) == [f"line {n}" for n in range(7)]
    second = printer.print_and_cut(b"next\n")
    assert lines(second) == ["line 7", "line 8", "line 9", "next"]


def test_feeding_first_brings_everything_before_the_knife(bench: NewBench) -> None:
    printer = bench()
    printer.send(b"a\nb\x1bd\x06\x1dV\x01")
    assert lines(printer.receipts[0])[:2] == ["a", "b"]


def test_torn_off_paper_is_a_receipt_that_was_not_cut(bench: NewBench) -> None:
    printer = bench()
    printer.send(b"slip\n")
    printer.mechanism.paper.tear_off()
    assert [(piece.text, piece.cut) for piece in printer.receipts] == [("slip\n", False)]


def test_endless_paper_is_torn_off(bench: NewBench) -> None:
    printer = bench()
    printer.send(b"\x1bd\xff" * 10)
    assert printer.receipts
    assert not printer.receipts[0].cut


RASTER = bytes(range(1, 25))


def dots(receipt: Receipt) -> bytes:
    left, top, right, bottom = ink_box(receipt.image)
    return receipt.image.crop((left, top, right, bottom)).tobytes()


def test_every_image_format_burns_the_same_dots(bench: NewBench) -> None:
    picture = Image.frombytes("1", (24, 8), RASTER)
    columns = picture.transpose(Image.Transpose.TRANSPOSE).tobytes()
    column_picture = Image.new("1", (24, 24))
    column_picture.paste(picture, (0, 0))
    tall_columns = column_picture.transpose(Image.Transpose.TRANSPOSE).tobytes()
    graphics = b"\x01\x01\x31\x18\x00\x08\x00" + RASTER
    key = b"\x30\x43\x30ab\x01\x18\x00\x08\x00\x31" + RASTER
    streams = [
        b"\x1dv0\x00\x03\x00\x08\x00" + RASTER,
        b"\x1d(L\x22\x000p0" + graphics + b"\x1d(L\x02\x0002",
        b"\x1d8L\x22\x00\x00\x000p0" + graphics + b"\x1d(L\x02\x0002",
        b"\x1b*\x21\x18\x00" + tall_columns + b"\n",
        b"\x1d*\x03\x01" + columns + b"\x1d/\x00",
        b"\x1cq\x01\x03\x00\x01\x00" + columns + b"\x1cp\x01\x00",
        b"\x1d(L\x23\x00" + key + b"\x1d(L\x06\x000Eab\x01\x01",
    ]
    pictures = [dots(bench().print_and_cut(stream)) for stream in streams]
    assert pictures == [pictures[0]] * len(streams)
    assert len(set(pictures[0])) > 10


def test_a_logo_in_nv_memory_outlives_the_power(bench: NewBench) -> None:
    printer = bench()
    printer.send(b"\x1cq\x01\x01\x00\x01\x00" + b"\xff" * 8)
    printer.mechanism.power_cycle()
    assert "[image 8x8]" in printer.print_and_cut(b"\x1cp\x01\x00").text


def qr(data: bytes, size: int) -> bytes:
    store = b"\x1d(k" + (len(data) + 3).to_bytes(2, "little") + b"1P0" + data
    return b"\x1d(k\x03\x001C" + bytes([size]) + b"\x1d(k\x03\x001E1" + store + b"\x1d(k\x03\x001Q0"


def test_a_qr_code_scans_from_the_receipt(bench: NewBench, tmp_path: Path) -> None:
    receipt = bench().print_and_cut(b"\x1ba\x01" + qr("https://shop.example/票/1".encode(), 5))
    png = receipt.save(tmp_path)
    with Image.open(png) as saved:
        assert [code.text for code in zxingcpp.read_barcodes(saved)] == [
            "https://shop.example/票/1"
        ]
    assert receipt.text.strip() == "[QR Code] https://shop.example/票/1"


def test_a_qr_code_has_the_size_that_another_encoder_gives(bench: NewBench) -> None:
    reference = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=0)
    reference.add_data(b"https://shop.example/1")
    reference.make()
    left, top, right, bottom = ink_box(
        bench().print_and_cut(qr(b"https://shop.example/1", 4)).image
    )
    assert right - left == bottom - top == 4 * reference.modules_count


@pytest.mark.parametrize("command", [b"\x1dk\x02690102807576\x00", b"\x1dk\x43\x0d6901028075763"])
def test_an_ean_13_scans_and_is_exactly_as_wide_as_its_modules(
    bench: NewBench, command: bytes
) -> None:
    receipt = bench().print_and_cut(b"\x1dw\x02\x1dh\x50\x1dH\x02" + command)
    assert scanned(receipt) == [("EAN-13", "6901028075763")]
    left, _, right, _ = ink_box(receipt.image)
    assert right - left == 95 * 2
    assert receipt.text == "[EAN-13] 6901028075763\n"


@pytest.mark.parametrize(
    ("kind", "data", "read"),
    [
        (65, b"01234567890", ("EAN-13", "0012345678905")),
        (66, b"04210000526", ("UPC-E", "0042100005264")),
        (68, b"9638507", ("EAN-8", "96385074")),
        (69, b"*ABC-12*", ("Code 39", "ABC-12")),
        (70, b"123456", ("ITF", "123456")),
        (71, b"A1234B", ("Codabar", "A1234B")),
        (72, b"CODE93", ("Code 93", "CODE93")),
        (73, b"{BNo {C\x0c\x22\x38{B!", ("Code 128", "No 123456!")),
        (73, b"{A{S{{AB", ("Code 128", "{AB")),
        (74, b"(01)06901028075763", ("Code 128", "(01)06901028075763")),
        (75, b"0123456789012", ("DataBar Omni", "(01)01234567890128")),
        (79, b"abc123456x", ("Code 128", "abc123456x")),
    ],
)
def test_every_barcode_scans(
    bench: NewBench, kind: int, data: bytes, read: tuple[str, str]
) -> None:
    receipt = bench().print_and_cut(b"\x1dw\x02\x1dk" + bytes([kind, len(data)]) + data)
    assert scanned(receipt) == [read]


def test_barcode_modules_agree_with_another_encoder() -> None:
    ean = barcode.get("ean13", "6901028075763").build()[0]
    assert symbols.linear(67, b"690102807576").modules == [bar == "1" for bar in ean.strip("0")]
    code128 = barcode.get("code128", "Ticket42").build()[0]
    assert symbols.linear(73, b"{BTicket42").modules == [bar == "1" for bar in code128.strip("0")]


def test_pdf417_scans(bench: NewBench) -> None:
    receipt = bench().print_and_cut(
        b"\x1d(k\x03\x000C\x02\x1d(k\x0c\x000P0till 0042\x1d(k\x03\x000Q0"
    )
    assert scanned(receipt) == [("PDF417", "till 0042")]


def test_data_that_are_no_barcode_come_out_as_text(bench: NewBench) -> None:
    assert bench().print_and_cut(b"\x1dk\x43\x05ABCDE").text == "ABCDE\n"


def test_a_symbol_wider_than_the_paper_is_not_printed(bench: NewBench) -> None:
    assert bench(MODELS["generic-58"]).print_and_cut(qr(b"x" * 400, 16)).text == ""


def test_files_appear_whole_and_are_numbered_on(bench: NewBench, tmp_path: Path) -> None:
    first = bench().print_and_cut(b"one")
    first.save(tmp_path)
    assert next_number(tmp_path) == 2
    second = bench(first_number=2).print_and_cut("二".encode("gb18030"))
    assert second.save(tmp_path).name == "receipt-0002.png"
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"receipt-000{n}.{kind}" for n in (1, 2) for kind in ("png", "txt")]
    assert (tmp_path / "receipt-0002.txt").read_text(encoding="utf-8") == "二\n"


def test_paper_names_its_font() -> None:
    assert Paper(TM_T88, lambda _: None).font_name == CharacterGenerator(installed_fonts()).name


def real_stream() -> bytes:
    """A receipt by a library of the wild."""
    dummy = Dummy(profile="TM-T88V")
    dummy.hw("INIT")
    dummy.set(align="center", bold=True, double_width=True, double_height=True)
    dummy.textln("SHOP")
    dummy.set_with_default()
    dummy.textln("Milk 1 l          4.00")
    dummy.image(io.BytesIO(_png()), impl="bitImageRaster")
    dummy.image(io.BytesIO(_png()), impl="graphics")
    dummy.image(io.BytesIO(_png()), impl="bitImageColumn")
    dummy.barcode("4006381333931", "EAN13", function_type="B")
    dummy.qr("https://shop.example/2", native=True, size=4)
    dummy.cashdraw(2)
    dummy.cut()
    return bytes(dummy.output)


def _png() -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((64, 48)).save(file, "PNG")
    return file.getvalue()


def test_a_stream_of_python_escpos_holds_nothing_unknown(bench: NewBench) -> None:
    tokens = Framer().feed(real_stream())
    assert [token.name for token in tokens if not token.known] == []
    printer = bench()
    printer.send(real_stream())
    text = printer.receipts[0].text
    assert "SHOP" in text
    assert "Milk 1 l          4.00" in text
    assert text.count("[image") >= 3
    assert ("QR Code", "https://shop.example/2") in scanned(printer.receipts[0])
    assert ("EAN-13", "4006381333931") in scanned(printer.receipts[0])
    assert printer.drawer.is_open
