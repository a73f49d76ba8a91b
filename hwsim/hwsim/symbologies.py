"""What a scanner says before a code: the AIM symbology identifier.

Source: ISO/IEC 15424 (Data carrier identifiers): "]", a letter for the symbology, and a modifier,
here the one that a scanner in its factory settings sends (check characters not verified). GS1's
own are in the GS1 General Specifications, "Symbology identifiers". UPC-A and UPC-E are sent as the
13 digits of EAN-13, as the standard asks for under ]E0.
"""

from typing import Final

AIM_IDS: Final = {
    "ean13": "]E0",
    "upca": "]E0",
    "upce": "]E0",
    "ean2_addon": "]E1",
    "ean5_addon": "]E2",
    "ean13_addon": "]E3",
    "ean8": "]E4",
    "code39": "]A0",
    "code93": "]G0",
    "code128": "]C0",
    "gs1_128": "]C1",
    "codabar": "]F0",
    "itf": "]I0",
    "itf14": "]I1",
    "databar": "]e0",
    "databar_expanded": "]e0",
    "gs1_composite": "]e0",
    "code11": "]H0",
    "msi": "]M0",
    "pdf417": "]L2",
    "maxicode": "]U0",
    "datamatrix": "]d1",
    "gs1_datamatrix": "]d2",
    "qr": "]Q1",
    "gs1_qr": "]Q3",
    "aztec": "]z0",
    "gs1_aztec": "]z1",
    "han_xin": "]h0",
    "dotcode": "]J0",
    "gs1_dotcode": "]J1",
}


def aim_id(symbology: str) -> str:
    """Three characters. ValueError, with all that are known, for an unknown symbology."""
    try:
        return AIM_IDS[symbology]
    except KeyError:
        known = ", ".join(sorted(AIM_IDS))
        raise ValueError(f"unknown symbology {symbology!r}; known are {known}") from None


def as_sent(payload: bytes, symbology: str) -> bytes:
    """The payload as a scanner with symbology identifiers sends it; only UPC is changed."""
    if symbology == "upca" and len(payload) == 12:
        return b"0" + payload
    if symbology == "upce" and len(payload) == 8 and payload.isdigit():
        return b"0" + expanded(payload)
    return payload


def expanded(upce: bytes) -> bytes:
    """The 12 digits of UPC-A that 8 digits of UPC-E stand for (GS1 General Specifications)."""
    system, digits, last, check = upce[:1], upce[1:6], upce[6:7], upce[7:]
    if last in b"012":
        body = digits[:2] + last + b"0000" + digits[2:]
    elif last == b"3":
        body = digits[:3] + b"00000" + digits[3:]
    elif last == b"4":
        body = digits[:4] + b"00000" + digits[4:]
    else:
        body = digits + b"0000" + last
    return system + body + check


def with_wrong_check(payload: bytes) -> bytes:
    """The payload with another last digit; ValueError if it does not end in one."""
    if not payload[-1:].isdigit():
        raise ValueError("only a code that ends in a digit can have a wrong check digit")
    return payload[:-1] + b"%d" % ((int(payload[-1:]) + 1) % 10)
