"""Symbols beyond the usual ones, and the figures beside the bars."""

from __future__ import annotations

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
EAN = b"\x1dkC\x0d6901028075763"


def symbol(cn: int, function: int, *params: int | bytes) -> bytes:
    data = b"".join(bytes([one]) if isinstance(one, int) else one for one in params)
    return b"\x1d(k" + (len(data) + 2).to_bytes(2, "little") + bytes([cn, function]) + data


def stored(cn: int, data: bytes) -> bytes:
    return symbol(cn, 80, 48, data)


def shown(cn: int) -> bytes:
    return symbol(cn, 81, 48)


def scanned(receipt: Receipt) -> list[tuple[str, str]]:
    return [(str(code.format), code.text) for code in zxingcpp.read_barcodes(receipt.picture())]


def ink_size(receipt: Receipt) -> tuple[int, int]:
    box = ImageOps.invert(receipt.image.convert("L")).getbbox()
    assert box is not None, "nothing is printed"
    return box[2] - box[0], box[3] - box[1]


@pytest.mark.parametrize(
    ("cn", "data", "read"),
    [
        (48, b"till 0042", ("PDF417", "till 0042")),
        (49, b"till 0042", ("QR Code", "till 0042")),
        (50, b"4126565", ("MaxiCode", "4126565")),
        (51, b"H0123456789012", ("DataBar Stacked", "(01)01234567890128")),
        (51, b"I0123456789012", ("DataBar Stacked", "(01)01234567890128")),
        (51, b"L(01)06901028075763", ("DataBar Expanded Stacked", "(01)06901028075763")),
        (53, b"till 0042", ("Aztec", "till 0042")),
        (54, b"till 0042", ("Data Matrix", "till 0042")),
    ],
)
def test_every_two_dimensional_symbol_scans(
    bench: NewBench, cn: int, data: bytes, read: tuple[str, str]
) -> None:
    receipt = bench().print_and_cut(symbol(cn, 67, 4) + stored(cn, data) + shown(cn))
    # zxing-cpp reads a MaxiCode only from a picture of nothing else: so without the cut's mark.
    found = zxingcpp.read_barcodes(receipt.image if cn == 50 else receipt.picture())
    assert read in [(str(code.format), code.text) for code in found]
    assert read[1].removeprefix("(01)")[:7] in receipt.text


@pytest.mark.parametrize(
    ("model", "kind"), [(49, "QR Code"), (50, "QR Code"), (51, "Micro QR Code")]
)
def test_qr_codes_of_each_model_scan(bench: NewBench, model: int, kind: str) -> None:
    data = symbol(49, 65, model, 0) + symbol(49, 67, 6) + stored(49, b"1234") + shown(49)
    assert scanned(bench().print_and_cut(data)) == [(kind, "1234")]


@pytest.mark.parametrize("level", [48, 49, 50, 51])
def test_the_error_correction_that_is_asked_for_takes_its_room(bench: NewBench, level: int) -> None:
    data = b"https://shop.example/receipt/00042"
    modules = {48: 29, 49: 29, 50: 33, 51: 33}[level]
    set_up = symbol(49, 67, 3) + symbol(49, 69, level)
    receipt = bench().print_and_cut(set_up + stored(49, data) + shown(49))
    assert ink_size(receipt) == (3 * modules, 3 * modules)


def test_rows_of_pdf417_are_as_high_as_they_are_set(bench: NewBench) -> None:
    sizes = []
    for rows in (2, 4, 8):
        set_up = symbol(48, 67, 2) + symbol(48, 68, rows)
        receipt = bench().print_and_cut(set_up + stored(48, b"till 0042") + shown(48))
        assert scanned(receipt) == [("PDF417", "till 0042")]
        sizes.append(ink_size(receipt))
    assert sizes[1] == (sizes[0][0], 2 * sizes[0][1])
    assert sizes[2] == (sizes[0][0], 4 * sizes[0][1])


def test_pdf417_is_truncated_and_made_safer_as_it_is_asked_for(bench: NewBench) -> None:
    sizes = {}
    for name, set_up in {
        "plain": b"",
        "truncated": symbol(48, 70, 1),
        "safe": symbol(48, 69, 48, 53),
        "by ratio": symbol(48, 69, 49, 1),
    }.items():
        data = symbol(48, 67, 2) + set_up + stored(48, b"till 0042") + shown(48)
        receipt = bench().print_and_cut(data)
        assert scanned(receipt) == [("PDF417", "till 0042")]
        sizes[name] = ink_size(receipt)
    assert sizes["truncated"][0] < sizes["plain"][0] == sizes["by ratio"][0]
    assert sizes["safe"][0] * sizes["safe"][1] > sizes["plain"][0] * sizes["plain"][1]


def test_the_printer_tells_how_large_a_symbol_would_be(bench: NewBench) -> None:
    printer = bench()
    size = symbol(49, 82, 48)
    assert (
        printer.send(symbol(49, 67, 4) + stored(49, b"1234") + size)
        == b"\x376" + b"84\x1f84\x1f1\x1f0\x00"
    )
    assert printer.send(symbol(54, 82, 48)) == b"", "nothing is stored"
    assert printer.print_and_cut(b"x\n").text == "x\n"


@pytest.mark.parametrize("kind", [(0, "PDF417"), (1, "Data Matrix"), (2, "QR Code")])
def test_symbols_of_compatible_printers_scan(bench: NewBench, kind: tuple[int, str]) -> None:
    number, name = kind
    data = b"\x1dZ" + bytes([number]) + b"\x1bZ\x03M\x04\x06\x00TILL42"
    assert scanned(bench().print_and_cut(data + b"after\n")) == [(name, "TILL42")]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_no_error_correction_that_a_host_may_ask_for_ends_the_simulator(
    bench: NewBench, number: int
) -> None:
    printer = bench()
    for level in range(256):
        symbols = b"\x1dZ" + bytes([number]) + b"\x1bZ\x03" + bytes([level]) + b"\x02\x06\x00TILL42"
        assert "TILL42" in printer.print_and_cut(symbols).text


@pytest.mark.parametrize("font", [0, 1])
@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_figures_stand_above_below_both_or_nowhere(bench: NewBench, place: int, font: int) -> None:
    set_up = b"\x1dw\x02\x1dh\x28\x1dH" + bytes([place]) + b"\x1df" + bytes([font])
    receipt = bench().print_and_cut(set_up + EAN)
    assert scanned(receipt) == [("EAN-13", "6901028075763")]
    step = (24, 17)[font] + 2
    top = HEAD + step * (place & 1)
    bars = receipt.image.crop((0, top, 190, top + 40)).convert("L")
    rows = {bars.crop((0, y, 190, y + 1)).tobytes() for y in range(40)}
    assert len(rows) == 1, "the bars are nothing but bars"
    height = ink_size(receipt)[1]
    assert 40 + step * (place & 1) + step * (place >> 1) - 8 <= height
    assert height <= 40 + step * (place & 1) + step * (place >> 1)


@pytest.mark.parametrize("alignment", [0, 1, 2])
@pytest.mark.parametrize("width", [2, 3, 4, 5])
def test_bars_scan_at_every_place_and_width(bench: NewBench, alignment: int, width: int) -> None:
    set_up = b"\x1ba" + bytes([alignment]) + b"\x1dw" + bytes([width])
    assert scanned(bench().print_and_cut(set_up + EAN)) == [("EAN-13", "6901028075763")]
    itf = bench().print_and_cut(set_up + b"\x1dkF\x06123456")
    assert scanned(itf) == [("ITF", "123456")]


def test_all_kinds_of_form_a_and_form_b_are_the_same_bars(bench: NewBench) -> None:
    data = [
        b"01234567890",
        b"04210000526",
        b"690102807576",
        b"9638507",
        b"ABC-12",
        b"123456",
        b"A1234B",
    ]
    for kind, digits in enumerate(data):
        form_a = bench().print_and_cut(b"\x1dk" + bytes([kind]) + digits + b"\x00")
        form_b = bench().print_and_cut(b"\x1dk" + bytes([kind + 65, len(digits)]) + digits)
        assert form_a.image.tobytes() == form_b.image.tobytes()
        assert Image.frombytes("1", form_a.image.size, form_a.image.tobytes()).getextrema() == (
            0,
            255,
        )


def test_composite_symbols_are_taken_and_not_drawn(bench: NewBench) -> None:
    receipt = bench().print_and_cut(stored(52, b"I0123456789012") + shown(52) + b"after\n")
    assert receipt.text == "after\n"
