"""Page mode: areas and directions, and paper only when the page is finished."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
import zxingcpp
from PIL import Image, ImageOps

from hwsim.models import MODELS

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Bench

    from hwsim.receipt import Receipt

    NewBench = Callable[..., Bench]

HEAD = MODELS["tm-t88"].head_to_cutter_dots
FF, CAN, END = b"\x0c", b"\x18", b"\x1bS"


def u16(*values: int) -> bytes:
    return b"".join(value.to_bytes(2, "little") for value in values)


def page(area: tuple[int, int, int, int] = (0, 0, 400, 200)) -> bytes:
    """ESC L, ESC W in dots: left, top, width, height (vertical units are half dots)."""
    left, top, width, height = area
    return b"\x1bL\x1bW" + u16(left, 2 * top, width, 2 * height)


def turned(direction: int) -> bytes:
    return b"\x1bT" + bytes([direction])


def at(x: int, y: int) -> bytes:
    """ESC $ and GS $ in dots, on a page that is not turned."""
    return b"\x1b$" + u16(x) + b"\x1d$" + u16(2 * y)


def qr(data: bytes) -> bytes:
    return b"\x1d(k\x03\x001C\x04\x1d(k" + u16(len(data) + 3) + b"1P0" + data + b"\x1d(k\x03\x001Q0"


def picture(receipt: Receipt) -> Image.Image:
    """What is printed behind the blank paper between cutter and head."""
    return receipt.image.crop((0, HEAD, receipt.image.width, receipt.image.height))


def ink_box(image: Image.Image) -> tuple[int, int, int, int]:
    box = ImageOps.invert(image.convert("L")).getbbox()
    assert box is not None, "nothing is printed"
    return box


def test_nothing_is_printed_before_the_form_feed(bench: NewBench) -> None:
    printer = bench()
    printer.send(page() + b"label\nsecond line\n")
    assert printer.mechanism.paper.strip.rows_fed == 0
    receipt = printer.print_and_cut(FF + b"standard\n")
    assert receipt.text == "label\nsecond line\nstandard\n"


def test_the_page_is_as_high_as_its_area(bench: NewBench) -> None:
    empty = bench().print_and_cut(b"\n").image.height
    receipt = bench().print_and_cut(page((0, 0, 400, 300)) + b"x" + FF + b"\n")
    assert receipt.image.height == empty + 300


@pytest.mark.parametrize(
    ("direction", "turn"),
    [
        (0, None),
        (1, Image.Transpose.ROTATE_90),
        (2, Image.Transpose.ROTATE_180),
        (3, Image.Transpose.ROTATE_270),
    ],
)
def test_each_direction_is_the_page_turned(
    bench: NewBench, direction: int, turn: Image.Transpose | None
) -> None:
    size = (400, 200) if direction in (0, 2) else (200, 400)
    straight = bench().print_and_cut(page((0, 0, 400, 200)) + b"Turned\n\x1d!\x11page" + FF)
    printed = bench().print_and_cut(
        page((0, 0, *size)) + turned(direction) + b"Turned\n\x1d!\x11page" + FF
    )
    upright = picture(straight).crop((0, 0, 400, 200))
    expected = upright if turn is None else upright.transpose(turn)
    assert picture(printed).crop((0, 0, *size)).tobytes() == expected.tobytes()
    assert sorted(printed.text.split()) == ["Turned", "page"]


def test_an_area_shifts_and_clips_what_is_set_in_it(bench: NewBench) -> None:
    receipt = bench().print_and_cut(page((120, 60, 60, 100)) + b"HHHHHHH" + FF)
    left, top, right, bottom = ink_box(picture(receipt))
    assert 120 <= left < right <= 180
    assert 60 <= top < bottom <= 60 + 30 + 24, "five characters fit, the others wrap"
    assert [line.strip() for line in receipt.text.splitlines()] == ["HHHHH", "HH"]


def test_data_are_set_at_absolute_and_relative_places(bench: NewBench) -> None:
    one = bench().print_and_cut(page() + at(100, 90) + b"H" + FF)
    left, top, right, bottom = ink_box(picture(one))
    assert 100 <= left < right <= 112
    assert 90 <= top < bottom <= 114
    moved = bench().print_and_cut(page() + at(100, 30) + b"\x1d\\" + u16(120) + b"H" + FF)
    assert picture(moved).tobytes() == picture(one).tobytes()


def test_high_data_stand_on_the_foot_of_their_line(bench: NewBench) -> None:
    receipt = bench().print_and_cut(page() + at(0, 150) + b"\x1d!\x03H" + FF)
    _, top, _, bottom = ink_box(picture(receipt))
    assert 174 - 4 * 24 <= top
    assert 174 - 20 <= bottom <= 174


def test_lines_of_high_characters_do_not_cover_one_another(bench: NewBench) -> None:
    receipt = bench().print_and_cut(page() + b"H\n\x1d!\x11H\nH" + FF)
    rows = picture(receipt).convert("L").resize((1, picture(receipt).height), Image.Resampling.BOX)
    inked = [rows.getpixel((0, y)) != 255 for y in range(rows.height)]
    assert sum(b > a for a, b in itertools.pairwise(inked)) == 3


def test_cancel_clears_the_area_and_only_that(bench: NewBench) -> None:
    receipt = bench().print_and_cut(
        page((0, 0, 200, 100))
        + b"kept"
        + b"\x1bW"
        + u16(200, 0, 200, 200)
        + b"cancelled\n"
        + CAN
        + b"written"
        + FF
    )
    assert receipt.text.split() == ["kept", "written"]


def test_standard_mode_forgets_the_page(bench: NewBench) -> None:
    assert bench().print_and_cut(page() + b"lost" + END + b"kept\n").text == "kept\n"


def test_a_page_can_be_printed_twice(bench: NewBench) -> None:
    receipt = bench().print_and_cut(page() + b"twice" + b"\x1b\x0c" + FF)
    assert receipt.text.split() == ["twice", "twice"]


def test_line_spacings_of_the_two_modes_are_kept_apart(bench: NewBench) -> None:
    one = bench().print_and_cut(page() + b"\x1b3\xff" + FF + b"a\nb\n")
    other = bench().print_and_cut(page() + FF + b"a\nb\n")
    assert one.image.tobytes() == other.image.tobytes()


def test_alignment_and_turned_characters_mean_nothing_on_a_page(bench: NewBench) -> None:
    plain = bench().print_and_cut(page() + b"plain" + FF)
    set_so = bench().print_and_cut(b"\x1ba\x01\x1bV\x01\x1b{\x01" + page() + b"plain" + FF)
    assert picture(set_so).tobytes() == picture(plain).tobytes()


@pytest.mark.parametrize("direction", range(4))
def test_symbols_on_a_page_scan_in_every_direction(bench: NewBench, direction: int) -> None:
    receipt = bench().print_and_cut(
        page((50, 0, 400, 400)) + turned(direction) + qr(b"https://shop.example/page") + FF
    )
    assert [code.text for code in zxingcpp.read_barcodes(receipt.picture())] == [
        "https://shop.example/page"
    ]


def test_a_barcode_and_an_image_stand_beside_text(bench: NewBench) -> None:
    raster = b"\x1dv0\x00\x02\x00\x10\x00" + b"\xff" * 32
    receipt = bench().print_and_cut(
        page((0, 0, 500, 200)) + at(40, 100) + b"a" + raster + b"\x1dw\x02\x1dkD\x079638507" + FF
    )
    assert [code.text for code in zxingcpp.read_barcodes(receipt.picture())] == ["96385074"]
    assert receipt.text.split("[")[0].strip() == "a"
    assert "[image 16x16]" in receipt.text


def test_lines_and_boxes_are_drawn(bench: NewBench) -> None:
    box = b"\x1d(Q\x0e\x001" + u16(10, 20, 110, 120) + b"1\x01\x00\x00\x00"
    image = picture(bench().print_and_cut(page() + box + FF))
    assert ink_box(image) == (10, 10, 111, 61)
    assert image.getpixel((60, 30)) != 0
    line = b"\x1d(Q\x0c\x000" + u16(0, 0, 100, 0) + b"1\x02\x00"
    assert ink_box(picture(bench().print_and_cut(page() + line + FF))) == (0, 0, 102, 2)


def test_a_page_within_a_line_is_refused(bench: NewBench) -> None:
    assert bench().print_and_cut(b"text" + b"\x1bL" + b" goes on\n").text == "text goes on\n"


def test_a_cut_meanwhile_leaves_the_page_alone(bench: NewBench) -> None:
    printer = bench()
    assert printer.print_and_cut(b"before\n" + page() + b"label").text == "before\n"
    assert printer.print_and_cut(FF).text == "label\n"
