"""One receipt with everything: people read it, scanners read it, and it looks like paper."""

from __future__ import annotations

import socket

import pytest
import zxingcpp

from hwsim.models import MODELS
from hwsim.printer import VirtualPrinter
from hwsim.receipt import MARGIN_DOTS, Receipt
from tests.support.showpiece import SYMBOLS, showpiece

T88 = MODELS["tm-t88"]


@pytest.fixture
def receipt(virtual_printer: VirtualPrinter) -> Receipt:
    with socket.create_connection(virtual_printer.address, timeout=5) as host:
        host.sendall(showpiece())
        return virtual_printer.wait_receipts(1, timeout_s=20)[0]


def test_every_symbol_of_the_receipt_scans(receipt: Receipt) -> None:
    read = {str(code.format): code.text for code in zxingcpp.read_barcodes(receipt.picture())}
    wanted = dict(SYMBOLS)
    # A reader cannot tell UPC-A from an EAN-13 that begins with 0.
    found = {code.text for code in zxingcpp.read_barcodes(receipt.picture())}
    assert "0" + wanted.pop("UPC-A") in found
    ean13 = wanted.pop("EAN-13")
    assert ean13 in found
    assert wanted.items() <= read.items()


def test_all_its_text_reads_from_top_to_bottom(receipt: Receipt) -> None:
    lines = [" ".join(line.split()) for line in receipt.text.splitlines()]
    wanted = [
        "晨光便利店",
        "MORNING LIGHT STORE",
        "123456789012345678901234567890123456789012",
        "二十四点汉字 龙井茶 ￥12.50 繁體 謝謝",
        "Bold 粗体 Underline thick 下划线",
        "Inverse 反白 normal",
        "HighWideBothThree",
        "Upside down 倒置",
        "Rotated旋转 not",
        "Coffee beans 250 g 14.98",
        "TOTAL 72.98",
        "谢谢惠顾 Thank you",
    ]
    places = [lines.index(line) for line in wanted]
    assert places == sorted(places)


def test_it_has_the_measures_of_its_paper(receipt: Receipt) -> None:
    assert receipt.image.width == T88.dots_wide
    assert receipt.picture().size == (
        T88.dots_wide + 2 * MARGIN_DOTS,
        receipt.image.height + 2 * MARGIN_DOTS,
    )
    black = 255 - receipt.image.convert("L").resize((1, 1)).getpixel((0, 0))
    assert 15 < black < 60, "paper is mostly white"
    # Nothing stands above what has passed the cutter when the receipt began.
    top = receipt.image.crop((0, 0, T88.dots_wide, T88.head_to_cutter_dots))
    assert top.getextrema() == (255, 255)
