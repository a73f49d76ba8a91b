"""Streams that real libraries made (see tests/fixtures/streams/README.md) print as their makers meant."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
import zxingcpp

from hwsim.charsets import UNDECODABLE
from hwsim.framing import Framer
from hwsim.models import MODELS

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Bench

    from hwsim.receipt import Receipt

    NewBench = Callable[..., Bench]

FOLDER: Final = Path(__file__).parents[2] / "fixtures" / "streams"
STREAMS: Final = {path.stem: path.read_bytes() for path in sorted(FOLDER.glob("*.bin"))}
LIBRARIES: Final = {
    "receiptline",
    "receipt-printer-encoder",
    "node-thermal-printer",
    "node-escpos",
    "python-escpos",
    "escpos-php",
}

# A stream is written for printers of one country; on others its text is not what was meant.
COUNTRIES: Final = (
    ("big5", "tm-t88-taiwan"),
    ("ksc5601", "tm-t88-korea"),
    ("shiftjis|cp932", "tm-t88-japan"),
    ("gb18030|cp936|chin|node-escpos.*text", "tm-t88"),
    ("", "tm-t88-europe"),
)

SHOP = "https://shop.example"
SCANNED: Final = {
    "receiptline-codes": "0012345678905 6901028075763 96385074 ABC-12 123456 A1234B CODE93 "
    f"No_123456! {SHOP}/1",
    "receiptline-dialect-generic": f"0012345678905 6901028075763 No_123456! {SHOP}/1",
    "receiptline-dialect-citizen": f"0012345678905 6901028075763 No_123456! {SHOP}/1",
    "receiptline-dialect-fit": f"0012345678905 6901028075763 No_123456! {SHOP}/1",
    "receiptline-dialect-escpos": f"0012345678905 6901028075763 No_123456! {SHOP}/1",
    "receiptline-en-guest": "0003",
    "receipt-printer-encoder-barcode-upca": "0012345678905",
    "receipt-printer-encoder-barcode-ean13": "6901028075763",
    "receipt-printer-encoder-barcode-ean8": "96385074",
    "receipt-printer-encoder-barcode-code39": "ABC12",
    "receipt-printer-encoder-barcode-itf": "123456",
    "receipt-printer-encoder-barcode-codabar": "A1234B",
    "receipt-printer-encoder-barcode-code93": "CODE93",
    "receipt-printer-encoder-barcode-code128": "No_123456",
    "receipt-printer-encoder-barcode-gs1-128": "(01)06901028075763",
    "receipt-printer-encoder-barcode-gs1-databar-omni": "(01)01234567890128",
    "receipt-printer-encoder-barcode-gs1-databar-truncated": "(01)01234567890128",
    "receipt-printer-encoder-barcode-gs1-databar-limited": "(01)01234567890128",
    "receipt-printer-encoder-qrcode-and-pdf417": f"{SHOP}/?/1 till_0042",
    "node-thermal-printer-symbols": f"4126570807194 4126565129008670807191 {SHOP}/1",
    "node-thermal-printer-tanca": f"{SHOP}/1",
    "node-escpos-barcode-upca": "0012345678905",
    "node-escpos-barcode-ean13": "6901028075763",
    "node-escpos-barcode-ean8": "96385074",
    "node-escpos-barcode-code39": "ABC12",
    "node-escpos-barcode-itf": "123456",
    "node-escpos-barcode-nw7": "A1234B",
    "node-escpos-barcode-code93": "CODE93_0123456789",
    "node-escpos-barcode-code128": "No_12345678901234",
    "node-escpos-qrcode": f"{SHOP}/1",
    "node-escpos-qrimage": f"{SHOP}/2",
    "python-escpos-barcodes-a": "0012345678905 6901028075763 96385074 ABC12 123456 A1234B",
    "python-escpos-barcodes-b": "0012345678905 6901028075763 96385074 ABC12 123456 A1234B CODE93 "
    "No_123 {B0106901028075763 (01)01234567890128 (01)06901028075763",
    "python-escpos-qr": f"{SHOP}/1 {SHOP}/2",
    "escpos-php-unit-tests-barcodes": "0012345678905 0123456789012 01234565 1234 ABC_012 $%+-./ "
    "TEXT A012345A A012$+-./:A 012abcd 012ABCD 012ABCDabcd 213243",
    "escpos-php-unit-tests-qr-codes": "1234",
}
"""What a scanner reads from the paper, at least; _ stands for a space."""

READ: Final = {
    "receiptline-en-receipt": "│ RECEIPT │ BEER 2 13.00 TOTAL 185.80",
    "receiptline-en-column-border1": "───────── ITEM QTY AMOUNT Boiled",
    "receiptline-ja-receipt-shiftjis": "領 収 証 ビール 合計 ¥18,580",
    "receiptline-en-column-border2": "╭─ ┬─ ─╮ ├─ ┼─ ╰─ ┴─ │Tanashi salte│",
    "receiptline-gb18030": "晨光便利店 鸡蛋 ￥12.35 合计",
    "receiptline-big5": "謝謝光臨 雞蛋",
    "receiptline-ksc5601": "감사합니다 우유",
    "receiptline-cp932": "領収書 ￥1,000",
    "receiptline-tis620": "ขอบคุณ",
    "receiptline-multilingual": "Größe Спасибо €",
    "receiptline-cp852": "Dziękuję",
    "receiptline-cp866": "Спасибо",
    "receiptline-cp1252": "Señor €",
    "receipt-printer-encoder-text": "SHOP underlined inverse italic w3h4",
    "receipt-printer-encoder-table-and-box": "Milk 12.35 ╔═ ║ ╚═ brown fox",
    "receipt-printer-encoder-codepages": "Größe Ñandú Crème € Dziękuję Спасибо Γεια σου",
    "node-thermal-printer-example": "Hello World! ČčŠšŽžĐđĆćßöÖÄäüÜé Type font B Wow quad Four",
    "node-thermal-printer-china": "晨光便利店",
    "node-thermal-printer-page-mode": "Hello Label!",
    "node-escpos-text": "lazy 敏捷的棕色狐狸跳过懒狗 font b spaced 2 by 2 reverse red Three Left",
    "python-escpos-styles": "The quick brown fox tab and is wrapped.",
    "python-escpos-code-pages": "Größe Señor Ελλάδα Спасибо ｱﾘｶﾞﾄｳ",
    "escpos-php-unit-tests-chinese": "示例文本打印机!",
    "escpos-php-unit-tests-text": "lazy bold double centre reverse 4 wide both narrow",
}
"""What a person reads on the paper, among other things."""


def plain(name: str) -> str:
    """A stream's name without its library's version."""
    return re.sub(r"-\d+\.\d+(\.\d+)?-", "-", name)


def printed(new_bench: NewBench, name: str) -> list[Receipt]:
    """The stream on paper, by a printer of the country it was made for."""
    model = next(model for words, model in COUNTRIES if re.search(words, name))
    printer = new_bench(MODELS[model])
    data = STREAMS[name]
    printer.mechanism.receive(data, 0.0)
    printer.mechanism.run(0.0)
    printer.mechanism.paper.tear_off()
    return printer.receipts


def test_every_library_is_here_and_every_expectation_has_its_stream() -> None:
    assert {lib for lib in LIBRARIES for name in STREAMS if name.startswith(lib)} == LIBRARIES
    assert {plain(name) for name in STREAMS} >= {*SCANNED, *READ}
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [name for name in LIBRARIES if name not in readme] == []


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_is_framed_to_its_last_byte_with_nothing_unknown(name: str) -> None:
    framer = Framer()
    tokens = framer.feed(STREAMS[name])
    assert [token.data.hex(" ") for token in tokens if not token.known] == []
    assert framer.pending_bytes == 0
    in_pieces = Framer()
    pieces = [STREAMS[name][at : at + 7] for at in range(0, len(STREAMS[name]), 7)]
    assert [token for piece in pieces for token in in_pieces.feed(piece)] == tokens


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_prints_what_its_maker_meant(bench: NewBench, name: str) -> None:
    receipts = printed(bench, name)
    assert receipts
    assert any(receipt.cut for receipt in receipts)
    text = "\n".join(receipt.text for receipt in receipts)
    assert UNDECODABLE not in text
    assert [word for word in READ.get(plain(name), "").split() if word not in text] == []
    codes = {
        code.text for receipt in receipts for code in zxingcpp.read_barcodes(receipt.picture())
    }
    wanted = {code.replace("_", " ") for code in SCANNED.get(plain(name), "").split()}
    assert wanted <= codes


def test_a_stream_with_symbols_that_nobody_reads_would_be_noticed() -> None:
    holding = {
        plain(name)
        for name, data in STREAMS.items()
        for token in Framer().feed(data)
        if token.name == "GS k" or (token.name == "GS ( k" and token.params[1:2] == b"Q")
    }
    assert holding <= {*SCANNED}
