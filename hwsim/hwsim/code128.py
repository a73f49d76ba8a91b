"""Code 128 as the host composed it: code sets, shifts and FNC1 stay where it put them.

A general encoder chooses code sets by itself and knows no FNC1, so the symbol would be neither as
wide as the printer's nor a GS1-128. Source: ISO/IEC 15417; for the `{A` `{B` `{C` notation GS k.
"""

from typing import Final

# Bar and space widths of the values 0 to 105, then the stop pattern.
_WIDTHS: Final = (
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 "
    "122132 122231 113222 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 "
    "321221 312212 322112 322211 212123 212321 232121 111323 131123 131321 112313 132113 132311 "
    "211313 231113 231311 112133 112331 132131 113123 113321 133121 313121 211331 231131 213113 "
    "213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 111422 "
    "121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 "
    "241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 "
    "412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131 211412 "
    "211214 211232 2331112"
).split()
_START: Final = {"A": 103, "B": 104, "C": 105}
_SWITCH: Final = {("B", "A"): 101, ("C", "A"): 101, ("A", "B"): 100, ("C", "B"): 100}
_SWITCH_TO_C: Final = 99
_SHIFT: Final = 98
_STOP: Final = 106
_FNC: Final = {
    "1": {"A": 102, "B": 102, "C": 102},
    "2": {"A": 97, "B": 97},
    "3": {"A": 96, "B": 96},
}
_FNC4: Final = {"A": 101, "B": 100}


class SymbolDataError(ValueError):
    """The data cannot be a symbol of the chosen kind; a printer prints them as text instead."""


def modules(values: list[int]) -> list[bool]:
    """The dark and light modules of the start and data `values`, with check digit and stop."""
    check = (values[0] + sum(at * value for at, value in enumerate(values))) % 103
    dark: list[bool] = []
    for value in (*values, check, _STOP):
        for at, width in enumerate(_WIDTHS[value]):
            dark.extend([at % 2 == 0] * int(width))
    return dark


def parse(data: bytes) -> tuple[list[int], str]:
    """Values and human-readable text of the data of `GS k 73`, which begin with a code set."""
    if len(data) < 2 or data[:1] != b"{" or chr(data[1]) not in _START:
        raise SymbolDataError("the data must begin with a code set: {A, {B or {C")
    code_set = chr(data[1])
    values, text, at = [_START[code_set]], "", 2
    shifted = False
    while at < len(data):
        if data[at] == ord("{") and data[at + 1 : at + 2] != b"{":
            code = chr(data[at + 1]) if at + 1 < len(data) else ""
            at += 2
            if code in _START:
                if code != code_set:
                    values.append(_SWITCH.get((code_set, code), _SWITCH_TO_C))
                code_set = code
            elif code == "S" and code_set != "C":
                values.append(_SHIFT)
                shifted = True
            else:
                values.append(_function(code, code_set))
            continue
        at += 2 if data[at] == ord("{") else 1
        byte = data[at - 1]
        effective = {"A": "B", "B": "A"}[code_set] if shifted else code_set
        values.append(_value(byte, effective))
        text += f"{byte:02d}" if effective == "C" else chr(byte)
        shifted = False
    return values, text


def automatic(data: bytes, *, gs1: bool = False) -> list[int]:
    """Values for plain ASCII `data`: code set C for runs of digits, else B; FNC1 first if `gs1`.

    1Dh within GS1 data is the separator and becomes FNC1.
    """
    if not data:
        raise SymbolDataError("no data")
    values: list[int] = []
    code_set, at = "", 0
    while at < len(data):
        digits = 0
        while data[at + digits : at + digits + 1].isdigit():
            digits += 1
        wanted = "C" if digits >= 4 or (code_set == "C" and digits >= 2) else "B"
        if wanted != code_set:
            values.append(_switch_value(code_set, wanted))
            code_set = wanted
            if len(values) == 1 and gs1:
                values.append(_FNC["1"][code_set])
        if gs1 and data[at] == 0x1D:
            values.append(_FNC["1"][code_set])
            at += 1
        elif code_set == "C":
            values.append(int(data[at : at + 2]))
            at += 2
        else:
            values.append(_value(data[at], "B"))
            at += 1
    return values


def _switch_value(code_set: str, wanted: str) -> int:
    if not code_set:
        return _START[wanted]
    return _SWITCH_TO_C if wanted == "C" else _SWITCH[code_set, wanted]


def _function(code: str, code_set: str) -> int:
    values = {"4": _FNC4, **_FNC}.get(code, {})
    if code_set not in values:
        raise SymbolDataError(f"{{{code} has no meaning in code set {code_set}")
    return values[code_set]


def _value(byte: int, code_set: str) -> int:
    if code_set == "C" and byte <= 99:
        return byte
    if code_set == "A" and byte < 0x60:
        return byte - 0x20 if byte >= 0x20 else byte + 0x40
    if code_set == "B" and 0x20 <= byte <= 0x7F:
        return byte - 0x20
    raise SymbolDataError(f"{byte:02x}h is not in code set {code_set}")
