"""One receipt with everything that a TM-T88 puts on paper, as the bytes that print it.

python -m tests.support.showpiece showpiece.png
"""

from __future__ import annotations

import sys
from pathlib import Path

INIT, CUT = b"\x1b@", b"\x1dVB\x00"
LEFT, CENTRE, RIGHT = b"\x1ba\x00", b"\x1ba\x01", b"\x1ba\x02"
HRI_BELOW = b"\x1dH\x02\x1df\x01\x1dh\x40\x1dw\x02"

SYMBOLS = {
    "UPC-A": "036000291452",
    "EAN-13": "6901028075763",
    "EAN-8": "96385074",
    "Code 39": "TILL-0042",
    "ITF": "10614141000415",
    "Codabar": "A40156B",
    "Code 93": "TILL 42",
    "Code 128": "Till 0042",
    "PDF417": "receipt 000042",
    "QR Code": "https://example.org/r/000042",
    "Data Matrix": "till 0042",
    "Aztec": "till 0042",
}
"""What zxing-cpp must read back, by its own names."""


def gb(text: str) -> bytes:
    return text.encode("gb18030")


def picture() -> bytes:
    """GS v 0: a disc of 160 dots with a ring and a shaded half."""
    size, rows = 160, b""
    for y in range(size):
        bits = 0
        for x in range(size):
            r2 = (x - 79.5) ** 2 + (y - 79.5) ** 2
            ring = 62**2 <= r2 <= 78**2
            shade = r2 < 58**2 and x < 80 and (x + y) % 2 == 0
            half = r2 < 58**2 and x >= 80
            bits = bits << 1 | (ring or shade or half)
        rows += bits.to_bytes(size // 8, "big")
    return b"\x1dv0\x00" + bytes([size // 8, 0, size, 0]) + rows


def barcode(m: int, data: bytes) -> bytes:
    return HRI_BELOW + b"\x1dk" + bytes([m, len(data)]) + data + b"\n"


def block(cn: int, fn: int, *params: int) -> bytes:
    length = 2 + len(params)
    return b"\x1d(k" + bytes([length % 256, length // 256, cn, fn, *params])


def symbol(cn: int, size: int, data: bytes) -> bytes:
    length = 3 + len(data)
    stored = b"\x1d(k" + bytes([length % 256, length // 256, cn, 80, 48]) + data
    return block(cn, 67, size) + stored + block(cn, 81, 48) + b"\n"


def showpiece() -> bytes:
    """The whole receipt."""
    parts = [
        INIT,
        CENTRE + picture(),
        b"\x1d!\x11" + gb("晨光便利店") + b"\n\x1d!\x00",
        b"\x1bE\x01MORNING LIGHT STORE\x1bE\x00\n",
        LEFT,
        b"123456789012345678901234567890123456789012\n",
        b"Font A 12x24  ABCDEFGabcdefg 0123456789\n",
        b"\x1bM\x01Font B 9x17 ABCDEFGHIabcdefghi 0123456789 !?&%\x1bM\x00\n",
        gb("二十四点汉字 龙井茶 ￥12.50 繁體 謝謝") + b"\n",
        b"\x1bE\x01Bold "
        + gb("粗体")
        + b"\x1bE\x00  \x1b-\x01Underline\x1b-\x00 \x1b-\x02thick\x1b-\x00",
        b" \x1c-\x01" + gb("下划线") + b"\x1c-\x00\n",
        b"\x1dB\x01 Inverse " + gb("反白") + b" \x1dB\x00 normal\n",
        b"\x1d!\x01High\x1d!\x10Wide\x1d!\x11Both\x1d!\x22Three\x1d!\x00\n",
        b"\x1b{\x01Upside down " + gb("倒置") + b"\n\x1b{\x00",
        b"\x1bV\x01Rotated" + gb("旋转") + b"\x1bV\x00 not\n",
        gb("─" * 21) + b"\n",
        b"Coffee beans 250 g\x1b$\xa4\x01  14.98\n",
        gb("西湖龙井茶 特级") + b"\x1b$\xa4\x01  58.00\n",
        RIGHT + b"\x1bE\x01\x1d!\x01TOTAL   72.98\x1d!\x00\x1bE\x00\n" + LEFT,
        CENTRE,
        barcode(65, b"036000291452"),
        barcode(67, b"6901028075763"),
        barcode(68, b"96385074"),
        barcode(69, b"TILL-0042"),
        barcode(70, b"10614141000415"),
        barcode(71, b"A40156B"),
        barcode(72, b"TILL 42"),
        barcode(73, b"{BTill 0042"),
        symbol(48, 3, b"receipt 000042"),
        b"\n",
        symbol(49, 5, b"https://example.org/r/000042"),
        b"\n",
        symbol(54, 6, b"till 0042"),
        b"\n",
        symbol(53, 6, b"till 0042"),
        b"\n" + gb("谢谢惠顾 Thank you") + b"\n",
        CUT,
    ]
    return b"".join(parts)


def main() -> int:
    import socket

    from hwsim.printer import VirtualPrinter

    with VirtualPrinter() as printer, socket.create_connection(printer.address) as host:
        host.sendall(showpiece())
        printer.wait_receipts(1, timeout_s=20)[0].picture().save(Path(sys.argv[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
