"""What a scan is, once it has been read."""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from tillhald.domain.amounts import Quantity

FRAME_BYTES_MAX: Final = 7_089
"""The most that any symbol holds: digits in a QR code of version 40."""


class Symbology(enum.StrEnum):
    """How a code was printed. EAN_13 is also UPC-A and UPC-E, as ISO/IEC 15424 has it."""

    UNKNOWN = "unknown"
    EAN_13 = "ean13"
    EAN_8 = "ean8"
    CODE_128 = "code128"
    GS1_128 = "gs1_128"
    GS1_DATABAR = "gs1_databar"
    CODE_39 = "code39"
    CODE_93 = "code93"
    ITF = "itf"
    CODABAR = "codabar"
    QR = "qr"
    GS1_QR = "gs1_qr"
    DATA_MATRIX = "data_matrix"
    GS1_DATA_MATRIX = "gs1_data_matrix"
    GS1_DOT_CODE = "gs1_dot_code"
    PDF417 = "pdf417"
    AZTEC = "aztec"
    HAN_XIN = "han_xin"
    OTHER = "other"


class SymbologySource(enum.StrEnum):
    """How the symbology is known. KEYED: a person typed it, there was no symbol."""

    NONE = "none"
    AIM = "aim"
    CONFIGURED = "configured"
    KEYED = "keyed"


class ScanKind(enum.StrEnum):
    """What a code means. RCN: a number of the shop's own, often with a weight or a price in it."""

    TEXT = "text"
    GTIN = "gtin"
    RCN = "rcn"
    GS1 = "gs1"
    DIGITAL_LINK = "digital_link"
    PAYMENT = "payment"
    URL = "url"


class Corruption(enum.StrEnum):
    """Why a scan cannot be used.

    INPUT_LOST: the machine lost a part of it. TOO_LONG: it never ended. LINE_ERROR: it broke off.
    CONTENT_WRONG: its symbology promises other content, as when a part is missing.
    """

    INPUT_LOST = "input_lost"
    TOO_LONG = "too_long"
    LINE_ERROR = "line_error"
    CONTENT_WRONG = "content_wrong"


class Element(msgspec.Struct, frozen=True):
    """One GS1 element string: the application identifier and its value."""

    ai: str
    value: str


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """One scan, read. `raw` is without prefix, suffix and symbology identifier.

    `text` is `raw` by `charset` ("ascii", "utf-8", "gb18030"), empty where no charset fits.
    `gtin14` is the number to look the article up by, 14 digits; of an RCN whose layout is known it
    has zeros for weight and price. `weight` in kilograms; `price` in the currency of the code or
    the shop, `price_currency` an ISO 4217 number where the code has one. Dates are YYYY-MM-DD.
    `check_ok` is None where nothing could be checked. A corrupt scan says nothing else, but what
    kind of symbol it was.
    """

    raw: bytes = b""
    text: str = ""
    charset: str = ""
    symbology: Symbology = Symbology.UNKNOWN
    aim_id: str = ""
    source: SymbologySource = SymbologySource.NONE
    kind: ScanKind = ScanKind.TEXT
    gtin14: str = ""
    elements: tuple[Element, ...] = ()
    weight: Quantity | None = None
    price: Quantity | None = None
    price_currency: str = ""
    expiry_date: str = ""
    best_before_date: str = ""
    check_ok: bool | None = None
    corrupt: Corruption | None = None

    @property
    def is_secret(self) -> bool:
        """Whether whoever has it can take somebody's money."""
        return self.kind is ScanKind.PAYMENT

    def __repr__(self) -> str:
        """Without any content: what is printed for a programmer may end in a log."""
        wrong = f", corrupt={self.corrupt.value}" if self.corrupt else ""
        return f"Scan(kind={self.kind.value}, {len(self.raw)} bytes{wrong})"

    __str__ = __repr__
