"""From the bytes of one frame to what was scanned.

Without a symbology identifier a row of digits may be many things: a payment code is also a valid
SSCC now and then, and an EAN-8 an element string. So what the scanner says of the symbology comes
first, then the payment codes, then numbers of a fixed length, and GS1 element strings last.

What is asked of GS1 codes is asked of biip; its dates rest on today's date, so those are read here.
Whatever it raises, also by a mistake of its own, means that the code is none of those: an exception
that got further would lose the scan, and print it into a log.
"""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import msgspec
from biip import EncodeError, ParseConfig
from biip.checksums import gs1_standard_check_digit
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from biip.gs1_messages import GS1Message
from biip.gtin import Gtin
from biip.rcn import Rcn
from biip.upc import Upc

from tillhald.domain.amounts import SCALE_MAX, Quantity
from tillhald.domain.scan import (
    FRAME_BYTES_MAX,
    Corruption,
    Element,
    Scan,
    ScanKind,
    Symbology,
    SymbologySource,
)
from tillhald.domain.scan_rules import ScanRules

if TYPE_CHECKING:
    from biip.gs1_element_strings import GS1ElementStrings

ELEMENTS_MAX: Final = 50
"""Element strings of one code; a label has a handful."""
GS1_CHARS_MAX: Final = 3_116
"""The most digits of a GS1 DataMatrix, the largest of those that carry element strings."""
_CENTURY: Final = 100
_AHEAD: Final = 50
_KEPT: Final = 49

GROUP_SEPARATOR: Final = "\x1d"

_EAN: Final = frozenset({Symbology.EAN_13, Symbology.EAN_8})
_ELEMENT_STRINGS: Final = frozenset(
    {
        Symbology.GS1_128,
        Symbology.GS1_DATABAR,
        Symbology.GS1_QR,
        Symbology.GS1_DATA_MATRIX,
        Symbology.GS1_DOT_CODE,
    }
)

_AIM: Final = re.compile(rb"\][A-Za-z][0-9A-Za-z]")
# ISO/IEC 15424, table 1 and annex: the letter, and the modifiers that make a difference here.
_BY_AIM: Final = {
    "E4": Symbology.EAN_8,
    "C1": Symbology.GS1_128,
    "Q3": Symbology.GS1_QR,
    "d2": Symbology.GS1_DATA_MATRIX,
    "J1": Symbology.GS1_DOT_CODE,
}
_BY_AIM_LETTER: Final = {
    "A": Symbology.CODE_39,
    "C": Symbology.CODE_128,
    "E": Symbology.EAN_13,
    "F": Symbology.CODABAR,
    "G": Symbology.CODE_93,
    "I": Symbology.ITF,
    "L": Symbology.PDF417,
    "Q": Symbology.QR,
    "d": Symbology.DATA_MATRIX,
    "e": Symbology.GS1_DATABAR,
    "h": Symbology.HAN_XIN,
    "z": Symbology.AZTEC,
}


def read_scan(
    frame: bytes,
    rules: ScanRules,
    *,
    year: int,
    aim: bool = True,
    symbology: Symbology = Symbology.UNKNOWN,
    is_keyed: bool = False,
) -> Scan:
    """Read one frame, without prefix and suffix; never raises.

    `aim`: the frame may begin with a symbology identifier, like `]E0`. `symbology` is what the
    scanner is set to read where it does not say so. `year` is this year: codes have two digits.
    """
    if len(frame) > FRAME_BYTES_MAX:
        return Scan(corrupt=Corruption.TOO_LONG)
    aim_id = ""
    source = SymbologySource.KEYED if is_keyed else SymbologySource.NONE
    if symbology is not Symbology.UNKNOWN:
        source = SymbologySource.CONFIGURED
    if aim and _AIM.match(frame):
        aim_id, frame = frame[:3].decode("ascii"), frame[3:]
        symbology = _BY_AIM.get(aim_id[1:]) or _BY_AIM_LETTER.get(aim_id[1], Symbology.OTHER)
        source = SymbologySource.AIM
    text, charset = _decode(frame)
    scan = Scan(
        raw=frame, text=text, charset=charset, symbology=symbology, aim_id=aim_id, source=source
    )
    return _understood(scan, rules, year)


def _decode(raw: bytes) -> tuple[str, str]:
    for charset in ("ascii", "utf-8", "gb18030"):
        try:
            return raw.decode(charset), charset
        except UnicodeDecodeError:
            continue
    return "", ""


def _understood(scan: Scan, rules: ScanRules, year: int) -> Scan:
    text = scan.text
    if scan.symbology in _EAN:
        return _of_ean(scan, rules)
    if scan.symbology in _ELEMENT_STRINGS:
        return _link(scan, year) or _elements(scan, text, year) or _not_as_announced(scan)
    # From here on it may be anybody's money: nothing may look closer before this has.
    if rules.is_payment_code(text):
        return msgspec.structs.replace(scan, kind=ScanKind.PAYMENT)
    if text[:8].lower().startswith(("http://", "https://")):
        return _link(scan, year) or msgspec.structs.replace(scan, kind=ScanKind.URL)
    return _number(scan, rules) or _guessed_elements(scan, year) or scan


def _not_as_announced(scan: Scan) -> Scan:
    return Scan(
        symbology=scan.symbology,
        aim_id=scan.aim_id,
        source=scan.source,
        check_ok=False,
        corrupt=Corruption.CONTENT_WRONG,
    )


# --- numbers of a fixed length

_GTIN_LENGTHS: Final = (8, 12, 13, 14)
_UPC_E_LENGTHS: Final = (6, 7, 8)
_DIGITS: Final = re.compile(r"[0-9]+", re.ASCII)


def _of_ean(scan: Scan, rules: ScanRules) -> Scan:
    """An EAN or UPC symbol, which has a check digit and nothing besides digits."""
    digits = _without_add_on(scan)
    if not _DIGITS.fullmatch(digits):
        return _not_as_announced(scan)
    if scan.aim_id == "]E0" and len(digits) in _UPC_E_LENGTHS:
        # With this identifier it should come as 13 digits; scanners that do not expand it exist.
        try:
            digits = Upc.parse(digits).as_upc_a()
        except Exception:  # noqa: BLE001 - see above
            return _not_as_announced(scan)
    if len(digits) not in _GTIN_LENGTHS or not _check_is_right(digits):
        return _not_as_announced(scan)
    return _gtin(scan, digits, rules)


def _without_add_on(scan: Scan) -> str:
    """The number of a periodical without the issue (`]E3`: 13 digits, then 2 or 5 more)."""
    return scan.text[:13] if scan.aim_id == "]E3" else scan.text


def _number(scan: Scan, rules: ScanRules) -> Scan | None:
    digits = scan.text
    if not _DIGITS.fullmatch(digits):
        return None
    if (found := _of_the_shop(scan, digits, rules)) is not None:
        return found
    if scan.symbology not in (Symbology.UNKNOWN, Symbology.ITF):
        return None
    if len(digits) not in _GTIN_LENGTHS:
        return None
    if not _check_is_right(digits):
        return msgspec.structs.replace(scan, check_ok=False)
    return _gtin(scan, digits, rules)


def _gtin(scan: Scan, digits: str, rules: ScanRules) -> Scan:
    if (found := _of_the_shop(scan, digits, rules)) is not None:
        return found
    try:
        number = Gtin.parse(digits, config=ParseConfig(rcn_region=rules.rcn_region or None))
    except Exception:  # noqa: BLE001 - see above
        # The check digit is right, so it is a weight's or a price's own that is not.
        kind = ScanKind.RCN if digits.zfill(13)[:1] in "02" else ScanKind.GTIN
        return msgspec.structs.replace(scan, kind=kind, gtin14=digits.zfill(14), check_ok=False)
    if not isinstance(number, Rcn):
        gtin14 = number.as_gtin_14()
        return msgspec.structs.replace(scan, kind=ScanKind.GTIN, gtin14=gtin14, check_ok=True)
    try:
        gtin14 = number.without_variable_measure().as_gtin_14()
    except EncodeError:  # nobody knows where in the number the weight stands
        gtin14 = digits.zfill(14)
    return msgspec.structs.replace(
        scan,
        kind=ScanKind.RCN,
        gtin14=gtin14,
        weight=_quantity(number.weight),
        price=_quantity(number.price),
        check_ok=True,
    )


def _of_the_shop(scan: Scan, digits: str, rules: ScanRules) -> Scan | None:
    """A label of the shop's own scales, by its layout."""
    for layout in rules.layouts:
        if (label := layout.read(digits)) is not None and _check_is_right(digits):
            return msgspec.structs.replace(
                scan,
                kind=ScanKind.RCN,
                gtin14=_looked_up_by(label.blank),
                weight=label.weight,
                price=label.price(rules.currency_scale),
                check_ok=True,
            )
    return None


def _looked_up_by(blank: str) -> str:
    """The number with zeros for what varies, and a check digit that fits them."""
    payload = blank[:-1]
    number = payload + str(gs1_standard_check_digit(payload))
    return number.zfill(14) if len(number) <= 14 else ""  # noqa: PLR2004 - a GTIN's length


def _check_is_right(digits: str) -> bool:
    return int(digits[-1]) == gs1_standard_check_digit(digits[:-1])


# --- element strings and links


def _guessed_elements(scan: Scan, year: int) -> Scan | None:
    """Element strings from a scanner that does not say what it read: only what is beyond doubt."""
    if scan.symbology is not Symbology.UNKNOWN:
        return None
    text = scan.text.lstrip(GROUP_SEPARATOR)
    begins_with_gtin = re.match(r"0[12][0-9]{14}", text, re.ASCII) is not None and _check_is_right(
        text[2:16]
    )
    if not begins_with_gtin and GROUP_SEPARATOR not in scan.text:
        return None
    return _elements(scan, text, year)


def _elements(scan: Scan, text: str, year: int) -> Scan | None:
    text = text.strip(GROUP_SEPARATOR)
    if not text or len(text) > GS1_CHARS_MAX:
        return None
    try:
        found = GS1Message.parse(text, config=_PLAIN).element_strings
    except Exception:  # noqa: BLE001 - see above
        return None
    return _with_elements(scan, ScanKind.GS1, found, year)


_PLAIN: Final = ParseConfig(gs1_element_strings_verify_date=False)


def _link(scan: Scan, year: int) -> Scan | None:
    if not scan.text[:8].lower().startswith(("http://", "https://")):
        return None
    if len(scan.text) > GS1_CHARS_MAX:
        return None
    try:
        found = GS1DigitalLinkURI.parse(scan.text, config=_PLAIN).element_strings
    except Exception:  # noqa: BLE001 - see above
        return None
    return _with_elements(scan, ScanKind.DIGITAL_LINK, found, year)


def _with_elements(scan: Scan, kind: ScanKind, found: GS1ElementStrings, year: int) -> Scan | None:
    if not 0 < len(found) <= ELEMENTS_MAX:
        return None
    gtin14, check_ok = "", None
    weight = price = None
    currency = ""
    dates: dict[str, str] = {}
    for element in found:
        ai, value = element.ai.ai, element.value
        if ai in ("01", "02") and not gtin14:
            gtin14 = value
            check_ok = element.gtin is not None
        elif ai[:3] == "310" and weight is None:
            weight = _quantity(element.decimal)
        elif ai[:3] in ("392", "393") and price is None:
            price = _quantity(element.decimal)
            currency = value[:3] if ai[:3] == "393" else ""
        elif ai in ("15", "17"):
            dates[ai] = _date(value, year)
    return msgspec.structs.replace(
        scan,
        kind=kind,
        gtin14=gtin14,
        elements=tuple(Element(element.ai.ai, element.value) for element in found),
        weight=weight,
        price=price,
        price_currency=currency,
        expiry_date=dates.get("17", ""),
        best_before_date=dates.get("15", ""),
        check_ok=check_ok,
    )


def _quantity(value: Decimal | None) -> Quantity | None:
    if value is None:
        return None
    _, digits, exponent = value.as_tuple()
    scale = -exponent if isinstance(exponent, int) else 0
    if not 0 <= scale <= SCALE_MAX:
        return None
    return Quantity(int("".join(map(str, digits))), scale)


def _date(yymmdd: str, year: int) -> str:
    """GS1 General Specifications 7.12: the year nearest to this one; day 00 is the month's last."""
    yy, month, day = int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:6])
    ahead = (yy - year) % _CENTURY
    full = year + ahead - (_CENTURY if ahead > _AHEAD else 0)
    try:
        if day == 0:
            after = datetime.date(full + month // 12, month % 12 + 1, 1)
            return (after - datetime.timedelta(days=1)).isoformat()
        return datetime.date(full, month, day).isoformat()
    except ValueError:
        return ""
