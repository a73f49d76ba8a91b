"""A barcode drawn with characters, read back as from a screen."""

from __future__ import annotations

import pytest
from PIL import Image

from tillhald.ctl.barcode import line

HALVES = {" ": "00", "▌": "10", "▐": "01", "█": "11"}
CODES = [
    "2900000000001",
    "2912345678906",
    "4006381333931",
    "5901234123457",
    "6901234567892",
    "7501031311309",
    "8711253001202",
    "9780201379624",
    "0012345678905",
    "1234567890128",
    "3045320094084",
]


@pytest.mark.parametrize("code", CODES)
def test_a_scanner_reads_what_the_terminal_shows(code: str) -> None:
    zxingcpp = pytest.importorskip("zxingcpp")
    modules = "".join(HALVES[char] for char in line(code))
    screen = Image.new("L", (len(modules), 1), 255)
    for at, module in enumerate(modules):
        screen.putpixel((at, 0), 0 if module == "1" else 255)
    (read,) = zxingcpp.read_barcodes(
        screen.resize((len(modules) * 4, 120), Image.Resampling.NEAREST)
    )
    assert (read.text, read.format) == (code, zxingcpp.BarcodeFormat.EAN13)


def test_it_fits_into_a_narrow_terminal() -> None:
    assert len(line(CODES[0])) <= 60


def test_every_first_digit_is_tried() -> None:
    assert {code[0] for code in CODES} == set("0123456789")
