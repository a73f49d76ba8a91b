"""Barcodes and two-dimensional codes as commands.

python-escpos encodes what it can, and nothing else of it is used: its transports lose data, hang
and misreport. Importing it takes half a second and has side effects, which `load` undoes. qrcode,
which it uses itself, draws. PDF417 it does not know: Epson's reference, `GS ( k` functions 065 to
081.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import shutil
from typing import Final, Protocol, cast

import qrcode
from PIL import Image as Picture

from tillhald.domain.document import Barcode, BarcodeKind, Pdf417, QrCode


class Encoder(Protocol):
    """What is used of escpos.printer.Dummy, which has no types of its own."""

    output: bytes

    def barcode(
        self, code: str, bc: str, height: int, width: int, *, pos: str, function_type: str
    ) -> None:
        """Append `GS k` and what sets it up, centred."""

    def qr(self, content: str, *, ec: int, size: int, native: bool) -> None:
        """Append the functions of `GS ( k` for a QR code."""


_NAMES: Final = {
    BarcodeKind.EAN13: "EAN13",
    BarcodeKind.EAN8: "EAN8",
    BarcodeKind.UPCA: "UPC-A",
    BarcodeKind.CODE39: "CODE39",
    BarcodeKind.CODE128: "CODE128",
}
_QR_LEVELS: Final = "LMQH"


@functools.cache
def load() -> type[Encoder]:
    """Import python-escpos once. Takes half a second: call it before a customer waits."""
    root = logging.getLogger()
    handlers = list(root.handlers)
    from escpos import (
        capabilities,
        escpos,
        printer,
    )

    # It calls logging.basicConfig(), and leaves a folder with its cache behind for each process.
    for handler in [handler for handler in root.handlers if handler not in handlers]:
        root.removeHandler(handler)
    with contextlib.suppress(OSError):
        shutil.rmtree(capabilities.pickle_dir)
    # It prints "Using hardware barcode renderer" to stdout, which is our log: shadow its print.
    vars(escpos)["print"] = lambda *_: None
    return cast("type[Encoder]", printer.Dummy)


def encode_barcode(barcode: Barcode) -> bytes:
    """Encode a barcode; leaves the alignment centred."""
    # Code set C would halve a long number, but sends digit pairs as bytes 0 to 99: "1604" would
    # become 10 04, which older printers obey as a real-time command wherever it stands.
    value = "{B" + barcode.value.replace("{", "{{") if barcode.kind is BarcodeKind.CODE128 else ""
    encoder = load()()
    encoder.barcode(
        value or barcode.value,
        _NAMES[barcode.kind],
        barcode.height_dots,
        barcode.module_dots,
        pos="BELOW" if barcode.text_below else "OFF",
        function_type="B",
    )
    return encoder.output


def encode_qr(code: QrCode) -> bytes:
    """Encode a QR code, model 2."""
    encoder = load()()
    level = _QR_LEVELS.index(code.level)
    encoder.qr(code.value, ec=level, size=code.module_dots, native=True)
    return encoder.output


def draw_qr(code: QrCode) -> Picture.Image:
    """Draw a QR code with its quiet zone, black on white, for printers that make none."""
    levels = {"L": 1, "M": 0, "Q": 3, "H": 2}  # the two bits of ISO/IEC 18004, table 12
    drawing = qrcode.QRCode(error_correction=levels[code.level], border=4)
    drawing.add_data(code.value.encode("utf-8"))
    drawing.make(fit=True)
    modules = drawing.get_matrix()
    picture = Picture.new("1", (len(modules), len(modules)), 1)
    picture.putdata([0 if dark else 1 for row in modules for dark in row])
    side = len(modules) * code.module_dots
    return picture.resize((side, side), Picture.Resampling.NEAREST)


def encode_pdf417(code: Pdf417) -> bytes:
    """Encode a PDF417 symbol; the printer chooses columns and rows."""
    functions = (
        (65, b"\x00"),  # columns
        (66, b"\x00"),  # rows
        (67, bytes([code.module_dots])),
        (68, b"\x03"),  # row height, in modules
        (69, b"\x30\x31"),  # error correction level 1, by level
        (70, b"\x00"),  # standard, not truncated
        (80, b"0" + code.value.encode("utf-8")),
        (81, b"0"),
    )
    return b"".join(_two_dimensional(b"0", function, data) for function, data in functions)


def _two_dimensional(symbol: bytes, function: int, data: bytes) -> bytes:
    body = symbol + bytes([function]) + data
    return b"\x1d(k" + len(body).to_bytes(2, "little") + body
