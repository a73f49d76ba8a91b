"""Pictures in every format and every mode, and the memories that keep them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageOps

from hwsim.models import MODELS
from hwsim.picture_memory import DOWNLOAD_BYTES, NV_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Bench

    from hwsim.receipt import Receipt

    NewBench = Callable[..., Bench]

WIDTH, HEIGHT = 24, 8
RASTER = bytes(range(1, 25))
PICTURE = Image.frombytes("1", (WIDTH, HEIGHT), RASTER)
COLUMNS = PICTURE.transpose(Image.Transpose.TRANSPOSE).tobytes()
SIZE = b"\x18\x00\x08\x00"


def u16(value: int) -> bytes:
    return value.to_bytes(2, "little")


def graphics(params: bytes) -> bytes:
    return b"\x1d(L" + u16(len(params)) + params


def dots(receipt: Receipt) -> Image.Image:
    box = ImageOps.invert(receipt.image.convert("L")).getbbox()
    assert box is not None, "nothing is printed"
    return receipt.image.crop(box)


def grown(horizontal: int, vertical: int) -> bytes:
    """The picture as it should be printed, without the white around its ink."""
    ink = PICTURE.resize((WIDTH * horizontal, HEIGHT * vertical), Image.Resampling.NEAREST)
    return ImageOps.invert(ink.convert("L").crop(ink.getbbox())).convert("1").tobytes()


def bmp() -> bytes:
    file = io.BytesIO()
    ImageOps.invert(PICTURE.convert("L")).save(file, "BMP")
    return file.getvalue()


@pytest.mark.parametrize("mode", [0, 1, 2, 3, 48, 49, 50, 51])
def test_raster_images_print_in_all_four_sizes(bench: NewBench, mode: int) -> None:
    data = b"\x1dv0" + bytes([mode]) + b"\x03\x00\x08\x00" + RASTER
    expected = grown(2 if mode & 1 else 1, 2 if mode & 2 else 1)
    assert dots(bench().print_and_cut(data)).tobytes() == expected


@pytest.mark.parametrize(
    ("mode", "rows", "horizontal", "vertical"), [(0, 1, 2, 3), (1, 1, 1, 3), (32, 3, 2, 1), (33, 3, 1, 1)]
)  # fmt: skip
def test_column_images_print_in_all_four_densities(
    bench: NewBench, mode: int, rows: int, horizontal: int, vertical: int
) -> None:
    high = Image.new("1", (WIDTH, 8 * rows), 0)
    high.paste(PICTURE, (0, 0))
    columns = high.transpose(Image.Transpose.TRANSPOSE).tobytes()
    data = b"\x1b*" + bytes([mode]) + u16(WIDTH) + columns + b"\n"
    assert dots(bench().print_and_cut(data)).tobytes() == grown(horizontal, vertical)


@pytest.mark.parametrize(("bx", "by"), [(1, 1), (2, 1), (1, 2), (2, 2)])
@pytest.mark.parametrize(("function", "data"), [(112, RASTER), (113, COLUMNS)])
def test_the_print_buffer_takes_rasters_and_columns_and_is_printed_once(
    bench: NewBench, function: int, data: bytes, bx: int, by: int
) -> None:
    store = graphics(b"0" + bytes([function]) + b"0" + bytes([bx, by]) + b"1" + SIZE + data)
    receipt = bench().print_and_cut(store + graphics(b"02") * 2)
    assert dots(receipt).tobytes() == grown(bx, by)


@pytest.mark.parametrize(
    ("define", "show"),
    [
        (graphics(b"0C0ab\x01" + SIZE + b"1" + RASTER), graphics(b"0Eab\x02\x01")),
        (graphics(b"0D0ab\x01" + SIZE + b"1" + COLUMNS), graphics(b"0Eab\x02\x01")),
        (graphics(b"0S0ab\x01" + SIZE + b"1" + RASTER), graphics(b"0Uab\x02\x01")),
        (graphics(b"0T0ab\x01" + SIZE + b"1" + COLUMNS), graphics(b"0Uab\x02\x01")),
        (b"\x1dD0C0ab01" + bmp(), graphics(b"0Eab\x02\x01")),
        (b"\x1dD0S0ab01" + bmp(), graphics(b"0Uab\x02\x01")),
        (b"\x1d*\x03\x01" + COLUMNS, b"\x1d/\x01"),
        (b"\x1cq\x01\x03\x00\x01\x00" + COLUMNS, b"\x1cp\x01\x01"),
        (b"", b"\x1dQ0\x01\x18\x00\x01\x00" + COLUMNS),
    ],
)
def test_a_kept_picture_prints_at_double_width(bench: NewBench, define: bytes, show: bytes) -> None:
    assert dots(bench().print_and_cut(define + show)).tobytes() == grown(2, 1)


def test_downloaded_pictures_go_with_the_power_and_nv_pictures_stay(bench: NewBench) -> None:
    printer = bench()
    printer.send(graphics(b"0C0nv\x01" + SIZE + b"1" + RASTER))
    printer.send(graphics(b"0S0dl\x01" + SIZE + b"1" + RASTER) + b"\x1d*\x03\x01" + COLUMNS)
    printer.mechanism.power_cycle()
    receipt = printer.print_and_cut(
        graphics(b"0Edl\x01\x01") + graphics(b"0Udl\x01\x01") + b"\x1d/\x00" + b"only nv\n"
    )
    assert receipt.text == "only nv\n"
    assert "[image" in printer.print_and_cut(graphics(b"0Env\x01\x01")).text


def test_the_memories_tell_what_they_hold_and_what_is_left(bench: NewBench) -> None:
    printer = bench()
    assert printer.send(graphics(b"00")) == b"\x370%d\x00" % NV_BYTES
    assert printer.send(graphics(b"03")) == b"\x373%d\x00" % NV_BYTES
    assert printer.send(graphics(b"04")) == b"\x374%d\x00" % DOWNLOAD_BYTES
    printer.send(graphics(b"0C0ab\x01" + SIZE + b"1" + RASTER))
    printer.send(graphics(b"0C0cd\x01" + SIZE + b"1" + RASTER))
    assert printer.send(graphics(b"0@KC")) == b"\x37\x72\x40abcd\x00"
    assert printer.send(graphics(b"0PKC")) == b"\x37\x73\x40\x00"
    assert printer.send(graphics(b"03")) == b"\x373%d\x00" % (NV_BYTES - 2 * (24 + 8))
    printer.send(graphics(b"0Bab"))
    assert printer.send(graphics(b"0@KC")) == b"\x37\x72\x40cd\x00"
    printer.send(graphics(b"0ACLR"))
    assert printer.send(graphics(b"0@KC")) == b"\x37\x72\x40\x00"


def test_a_picture_that_does_not_fit_is_not_kept(bench: NewBench) -> None:
    printer = bench()
    big = b"0C0%c%c\x01" + u16(2000) + u16(1000) + b"1" + bytes(250 * 1000)
    for key in (b"aa", b"bb"):
        params = big % (key[0], key[1])
        printer.send(b"\x1d8L" + len(params).to_bytes(4, "little") + params)
    assert printer.send(graphics(b"0@KC")) == b"\x37\x72\x40aa\x00"


def test_defining_bit_images_anew_forgets_those_before(bench: NewBench) -> None:
    printer = bench()
    image = b"\x03\x00\x01\x00" + COLUMNS
    printer.send(b"\x1cq\x02" + image + image)
    printer.send(b"\x1cq\x01" + image)
    assert printer.print_and_cut(b"\x1cp\x02\x00x\n").text == "x\n"


@pytest.mark.parametrize(
    "broken", [b"BM" + b"\x1a\x00\x00\x00" + bytes(20), b"XX" + b"\x1a\x00\x00\x00" + bytes(20)]
)
def test_a_broken_bitmap_is_not_kept(bench: NewBench, broken: bytes) -> None:
    printer = bench()
    printer.send(b"\x1dD0C0ab01" + broken)
    assert printer.print_and_cut(graphics(b"0Eab\x01\x01") + b"x\n").text == "x\n"


def test_a_picture_wider_than_the_paper_is_cut_at_its_edge(bench: NewBench) -> None:
    receipt = bench().print_and_cut(b"\x1dv0\x00\x64\x00\x02\x00" + b"\xff" * 200)
    assert dots(receipt).size == (MODELS["tm-t88"].dots_wide, 2)
