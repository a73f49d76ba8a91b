"""Cut an ESC/POS byte stream into commands, by length alone.

Every command of the TM-T88 class is framed, also those that nobody executes here: a command of
unknown length would let its data be printed as text, and everything after it would be garbage.
The result depends only on the bytes, never on how they were split over several reads.

Source: ESC/POS Command Reference for TM Printers (Epson), TM-T88IV and TM-T20 specifications.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

COMMAND_BYTES_MAX: Final = 1 << 20
"""A longer command (GS 8 L may announce 4 GB) is skipped byte by byte and not kept."""

TEXT_RUN_BYTES_MAX: Final = 256
"""Text is handed on at the next control code, or in runs of this length."""

NUL_BARCODE_BYTES_MAX: Final = 259
"""GS k form A: two bytes of command, m, at most 255 of data, NUL."""

TAB_STOPS_MAX: Final = 32
"""ESC D takes this many stops; the next byte is ordinary data."""

DLE, ESC, FS, GS, US = 0x10, 0x1B, 0x1C, 0x1D, 0x1F
FIRST_TEXT_BYTE: Final = 0x20
PREFIX_NAMES: Final = {DLE: "DLE", ESC: "ESC", FS: "FS", GS: "GS", US: "US"}
CONTROL_NAMES: Final = {0x09: "HT", 0x0A: "LF", 0x0C: "FF", 0x0D: "CR", 0x18: "CAN"}
SECOND_NAMES: Final = {0x04: "EOT", 0x05: "ENQ", 0x0C: "FF", 0x14: "DC4", 0x20: "SP"}
REALTIME_NAMES: Final = frozenset({"DLE EOT", "DLE ENQ", "DLE DC4"})


@dataclass(frozen=True, slots=True)
class Token:
    """One command, or one run of text (name "text").

    A code below 20h that has no function is one too; the printer ignores it.
    `data` holds all its bytes, `params` those behind the command code and, for the families with
    a length field (`GS ( k` and its like), behind that field. `known` is False for a command that
    neither a TM printer has nor one of the compatible printers that libraries write for, and for
    one longer than COMMAND_BYTES_MAX, of which only the code is kept.
    """

    name: str
    data: bytes
    params: bytes
    known: bool = True


def _u16(data: bytes | bytearray, at: int) -> int:
    return data[at] + 256 * data[at + 1]


# A rule looks at the bytes from the command's first byte on and gives the whole length, or None
# while it cannot know. It may read only bytes that are there.
LengthRule = Callable[[bytearray], int | None]


def _after(header_bytes: int, length: LengthRule) -> LengthRule:
    """Apply `length` once `header_bytes` bytes are there."""
    return lambda data: length(data) if len(data) >= header_bytes else None


def _fixed(length: int) -> LengthRule:
    return lambda _data: length


def _nul_ended(data: bytearray) -> int | None:
    end = data.find(0, 3, NUL_BARCODE_BYTES_MAX)
    if end >= 0:
        return end + 1
    return NUL_BARCODE_BYTES_MAX if len(data) >= NUL_BARCODE_BYTES_MAX else None


def _barcode(data: bytearray) -> int | None:
    """GS k: form A (m 0 to 6) ends with NUL, form B (m from 65) counts its data."""
    if data[2] <= 6:
        return _nul_ended(data)
    if data[2] < 65:
        return 3
    return 4 + data[3] if len(data) >= 4 else None


def _tab_stops(data: bytearray) -> int | None:
    """ESC D: ends with NUL, before a stop that does not lie further right, or after 32."""
    previous = 0
    for at in range(2, 2 + TAB_STOPS_MAX):
        if at >= len(data):
            return None
        if data[at] == 0:
            return at + 1
        if data[at] <= previous:
            return at
        previous = data[at]
    return 2 + TAB_STOPS_MAX


def _user_characters(data: bytearray) -> int | None:
    """ESC & y c1 c2 (x d1 .. d(y * x)) for each character from c1 to c2."""
    rows, first, last = data[2], data[3], data[4]
    at = 5
    for _ in range(first, last + 1):
        if at >= len(data):
            return None
        at += 1 + rows * data[at]
    return at


def _column_image(data: bytearray) -> int:
    """ESC *: 8-dot columns (m 0, 1) or 24-dot columns (m 32, 33); other m are refused."""
    bytes_a_column = {0: 1, 1: 1, 32: 3, 33: 3}.get(data[2], 0)
    return 5 + bytes_a_column * _u16(data, 3)


def _nv_images(data: bytearray) -> int | None:
    """FS q n (xL xH yL yH d1 .. d(x * y * 8)) for each of n images."""
    at = 3
    for _ in range(data[2]):
        if at + 4 > len(data):
            return None
        at += 4 + _u16(data, at) * _u16(data, at + 2) * 8
        if at > COMMAND_BYTES_MAX:
            return at  # what follows cannot be sized any more: the skip ends with this image
    return at


def _counter_setting(data: bytearray) -> int | None:
    """GS C 0, 1, 2 are fixed; GS C ; takes five numbers, each ended by a semicolon."""
    fixed = {0x30: 5, 0x31: 9, 0x32: 5}.get(data[2])
    if fixed is not None:
        return fixed
    if data[2] != 0x3B:
        return 3
    at = 3
    for _ in range(5):
        end = data.find(0x3B, at, 64)
        if end < 0:
            return 64 if len(data) >= 64 else None
        at = end + 1
    return at


def _status_request(data: bytearray) -> int:
    return 4 if data[2] in (0, 7, 8, 18) else 3


def _dc4_request(data: bytearray) -> int:
    return {1: 5, 2: 5, 3: 8, 7: 4, 8: 10}.get(data[2], 3)


def _cut(data: bytearray) -> int:
    return 4 if data[2] in (65, 66, 97, 98, 103, 104) else 3


def _old_nv_memory(data: bytearray) -> int | None:
    """FS g 1 writes (its data counted at offset 8), FS g 2 reads."""
    if data[2] == 0x32:
        return 10
    if data[2] != 0x31:
        return 4
    return 10 + _u16(data, 8) if len(data) >= 10 else None


def _italic(data: bytearray) -> int:
    """ESC 4: some hosts send a parameter 0 or 1, others none."""
    return 3 if data[2] in b"\x00\x0101" else 2


def _clone_setting(data: bytearray) -> int | None:
    """ESC #: of QsPrinter, ESC # # and five more bytes."""
    return 8 if data[2] == ord("#") else 3


def _clone_symbol(data: bytearray) -> int:
    """ESC Z version level size nL nH d1 .. dn."""
    return 7 + _u16(data, 5)


def _head_control(data: bytearray) -> int:
    """GS E n; of QsPrinter GS E C n."""
    return 4 if data[2] == ord("C") else 3


_LENGTH_FAMILY: Final = _after(5, lambda data: 5 + _u16(data, 3))
_LONG_FAMILY: Final = _after(7, lambda data: 7 + int.from_bytes(data[3:7], "little"))


def _fixed_rules(prefix: int, lengths: dict[int, bytes]) -> dict[tuple[int, int], LengthRule]:
    return {(prefix, code): _fixed(n) for n, codes in lengths.items() for code in codes}


_RULES: Final[dict[tuple[int, int], LengthRule]] = {
    **_fixed_rules(ESC, {2: b"\x0c2<@LSimqv", 3: b' !%-3=?ACEFGJKMRTUVadertuw{"', 4: b"$\\Bcf"}),
    **_fixed_rules(ESC, {5: b"p", 10: b"W"}),
    **_fixed_rules(FS, {2: b"&.Lbc", 3: b"!-CWJ", 4: b"?Sp", 76: b"2"}),
    **_fixed_rules(GS, {2: b":c", 3: b"!BHITabefhjrw/", 4: b"$&LPW\\", 5: b"^z", 6: b"g"}),
    **_fixed_rules(US, {2: b"\x01\x02\x03\n\r:@BU", 3: b",.;CEXrv", 4: b"#$T^"}),
    (US, ord("(")): _LENGTH_FAMILY,
    (DLE, 0x04): _after(3, _status_request),
    (DLE, 0x05): _fixed(3),
    (DLE, 0x14): _after(3, _dc4_request),
    **_fixed_rules(ESC, {2: b"5", 3: b"lOQ"}),
    **_fixed_rules(GS, {3: b"Z|"}),
    (ESC, ord("4")): _after(3, _italic),
    (ESC, ord("#")): _after(3, _clone_setting),
    (ESC, ord("Z")): _after(7, _clone_symbol),
    (GS, ord("E")): _after(3, _head_control),
    (ESC, ord("(")): _LENGTH_FAMILY,
    (FS, ord("(")): _LENGTH_FAMILY,
    (GS, ord("(")): _LENGTH_FAMILY,
    (GS, ord("8")): _LONG_FAMILY,
    (ESC, ord("&")): _after(5, _user_characters),
    (ESC, ord("*")): _after(5, _column_image),
    (ESC, ord("D")): _tab_stops,
    (FS, ord("a")): _after(3, lambda data: 4 if data[2] == 0x30 else 3),
    (FS, ord("g")): _after(3, _old_nv_memory),
    (FS, ord("q")): _after(3, _nv_images),
    (GS, ord("*")): _after(4, lambda data: 4 + data[2] * data[3] * 8),
    (GS, ord("C")): _after(3, _counter_setting),
    (GS, ord("D")): _after(15, lambda data: 9 + int.from_bytes(data[11:15], "little")),
    (GS, ord("Q")): _after(8, lambda data: 8 + _u16(data, 4) * _u16(data, 6)),
    (GS, ord("V")): _after(3, _cut),
    (GS, ord("k")): _after(3, _barcode),
    (GS, ord("v")): _after(8, lambda data: 8 + _u16(data, 4) * _u16(data, 6)),
}


def command_name(data: bytes | bytearray) -> str:
    """The manual's name of the command that starts here: "ESC @", "GS ( k", "LF"."""
    first = data[0]
    if first not in PREFIX_NAMES or len(data) < 2:
        return CONTROL_NAMES.get(first, f"{first:02x}h")
    code = data[1]
    second = SECOND_NAMES.get(code) or (chr(code) if 0x21 <= code <= 0x7E else f"{code:02x}h")
    name = f"{PREFIX_NAMES[first]} {second}"
    if second in ("(", "8") and len(data) >= 3 and (first, code) in _RULES:
        third = data[2]
        name += f" {chr(third) if 0x21 <= third <= 0x7E else f'{third:02x}h'}"
    return name


def _params(data: bytes) -> bytes:
    if data[0] not in PREFIX_NAMES:
        return b""
    if data[0] != DLE and data[1] == ord("("):
        return data[5:]
    if data[0] == GS and data[1] == ord("8"):
        return data[7:]
    return data[2:]


class Framer:
    """An incremental tokenizer. Holds at most COMMAND_BYTES_MAX and one read of bytes."""

    def __init__(self) -> None:
        """Start between two commands."""
        self._pending = bytearray()
        self._skip = 0

    @property
    def pending_bytes(self) -> int:
        """Bytes of a command or text run that is not complete yet."""
        return len(self._pending)

    def reset(self) -> None:
        """Forget an unfinished command, as a power cycle does."""
        self._pending.clear()
        self._skip = 0

    def feed(self, data: bytes) -> list[Token]:
        """Take the next bytes of the stream; give the commands they complete. Never raises."""
        self._pending += data
        tokens: list[Token] = []
        while self._pending:
            if self._skip:
                dropped = min(self._skip, len(self._pending))
                del self._pending[:dropped]
                self._skip -= dropped
                continue
            token = self._next()
            if token is None:
                break
            tokens.append(token)
        return tokens

    def _next(self) -> Token | None:
        first = self._pending[0]
        if first >= FIRST_TEXT_BYTE:
            return self._text()
        if first in PREFIX_NAMES:
            return self._command(first)
        return self._take(1, known=True)

    def _command(self, first: int) -> Token | None:
        if len(self._pending) < 2:
            return None
        rule = _RULES.get((first, self._pending[1]))
        if rule is None:
            return self._take(2, known=False)
        length = rule(self._pending)
        if length is not None and length > COMMAND_BYTES_MAX:
            code = bytes(self._pending[:2])
            self._skip = length
            return Token(f"oversized {command_name(code)}", code, b"", known=False)
        if length is None or len(self._pending) < length:
            return None
        return self._take(length, known=True)

    def _text(self) -> Token | None:
        end = 0
        limit = min(len(self._pending), TEXT_RUN_BYTES_MAX)
        while end < limit and self._pending[end] >= FIRST_TEXT_BYTE:
            end += 1
        if end == len(self._pending) and end < TEXT_RUN_BYTES_MAX:
            return None
        run = bytes(self._pending[:end])
        del self._pending[:end]
        return Token("text", run, run)

    def _take(self, length: int, *, known: bool) -> Token:
        data = bytes(self._pending[:length])
        del self._pending[:length]
        return Token(command_name(data), data, _params(data), known)


class RealtimeSniffer:
    """Finds real-time commands anywhere in a stream, also inside another command's data.

    Older TM printers (TM-T88III, TM-L90) execute `DLE EOT n`, `DLE ENQ n` and `DLE DC4 fn` wherever
    their bytes happen to stand, even within a raster image; that is how a logo opens a drawer.
    """

    def __init__(self) -> None:
        """Start with nothing seen."""
        self._tail = bytearray()

    def reset(self) -> None:
        """Forget the bytes of a half-seen command."""
        self._tail.clear()

    def feed(self, data: bytes) -> list[Token]:
        """Give the real-time commands that the next bytes complete."""
        self._tail += data
        found: list[Token] = []
        while (at := self._tail.find(DLE)) >= 0:
            del self._tail[:at]
            if len(self._tail) < 2:
                return found
            rule = _RULES.get((DLE, self._tail[1]))
            length = rule(self._tail) if rule else 1
            if length is None or len(self._tail) < length:
                return found
            if rule:
                command = bytes(self._tail[:length])
                found.append(Token(command_name(command), command, command[2:]))
            del self._tail[:length]
        self._tail.clear()
        return found
