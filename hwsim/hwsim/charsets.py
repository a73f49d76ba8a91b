"""What the printer's character codes mean: code pages, national variants, two-byte codes.

Source: ESC/POS Command Reference, "Character code tables" (ESC t) and "International character
sets" (ESC R).
"""

import codecs
from collections.abc import Iterator
from typing import Final, NamedTuple

from hwsim.code_page_tables import PAGE_TABLES

KATAKANA: Final = "shift_jis"
"""Its half-width kana, A1h to DFh, are those of page 1; what stands around them is not."""

_KATAKANA_SIGNS: Final = (
    "▁▂▃▄▅▆▇█▏▎▍▌▋▊▉┼┴┬┤├▔─│▕┌┐└┘╭╮╰╯ "  # 80h to A0h
    "═╞╪╡◢◣◥◤♠♥♦♣●○╱╲╳円年月日時分秒〒市区町村人▒\\"  # E0h to FFh
)

NO_KANJI: Final = "ascii"
UNKNOWN_PAGE: Final = "ascii"
"""Pages that the host's Python does not know: what they add to ASCII prints as boxes."""

CODE_PAGES: Final = {
    0: "cp437",
    1: KATAKANA,
    2: "cp850",
    3: "cp860",
    4: "cp863",
    5: "cp865",
    13: "cp857",
    14: "cp737",
    15: "iso8859_7",
    16: "cp1252",
    17: "cp866",
    18: "cp852",
    19: "cp858",
    **dict.fromkeys((20, 21, 26), "tis_620"),
    **dict.fromkeys((6, 7, 8, 22, 23, 24, 25), UNKNOWN_PAGE),
    44: "cp1125",
    **dict.fromkeys((*range(66, 76), 82), UNKNOWN_PAGE),
    32: "cp720",
    33: "cp775",
    34: "cp855",
    35: "cp861",
    36: "cp862",
    37: "cp864",
    38: "cp869",
    39: "iso8859_2",
    40: "iso8859_15",
    45: "cp1250",
    46: "cp1251",
    47: "cp1253",
    48: "cp1254",
    49: "cp1255",
    50: "cp1256",
    51: "cp1257",
    52: "cp1258",
    53: "kz1048",
}

_VARIANT_CODES: Final = "#$@[\\]^`{|}~"
_VARIANTS: Final = (
    "#$@[\\]^`{|}~",  # 0 USA
    "#$à°ç§^`éùè¨",  # 1 France
    "#$§ÄÖÜ^`äöüß",  # 2 Germany
    "£$@[\\]^`{|}~",  # 3 United Kingdom
    "#$@ÆØÅ^`æøå~",  # 4 Denmark I
    "#¤ÉÄÖÅÜéäöåü",  # 5 Sweden
    "#$@°\\é^ùàòèì",  # 6 Italy
    "₧$@¡Ñ¿^`¨ñ}~",  # 7 Spain I
    "#$@[¥]^`{|}~",  # 8 Japan
    "#¤ÉÆØÅÜéæøåü",  # 9 Norway
    "#$ÉÆØÅÜéæøåü",  # 10 Denmark II
    "#$á¡Ñ¿é`íñóú",  # 11 Spain II
    "#$á¡Ñ¿éüíñóú",  # 12 Latin America
    "#$@[₩]^`{|}~",  # 13 Korea
    "#$ŽŠĐĆČžšđćč",  # 14 Slovenia, Croatia
    "#¥@[\\]^`{|}~",  # 15 China
)

UNDECODABLE: Final = "\ufffd"


class Character(NamedTuple):
    """A character, the bytes it came as, and whether these were a two-byte (Kanji) code."""

    text: str
    code: bytes
    kanji: bool


class TextDecoder:
    """Turns text bytes into characters under the modes a host has selected.

    A two-byte code may be cut in two by the end of a run; its first half waits here.
    """

    def __init__(self, kanji: str, *, kanji_on: bool) -> None:
        """Decode two-byte text by the codec `kanji`, with Kanji mode as after power-up."""
        self._kanji_at_start = kanji
        self._kanji_on_at_start = kanji_on
        self.reset()

    def reset(self) -> None:
        """Return to the modes after power-up (ESC @)."""
        self.kanji_on = self._kanji_on_at_start
        self.utf8 = False
        self._page = CODE_PAGES[0]
        self._table = ""
        self._kanji = self._kanji_at_start
        self._variant: dict[str, str] = {}
        self._half = b""

    def select_page(self, number: int) -> None:
        """ESC t n. A number that is not defined leaves the page as it is."""
        if number in PAGE_TABLES:
            self._table = PAGE_TABLES[number]
        elif number in CODE_PAGES:
            self._page, self._table = CODE_PAGES[number], ""

    def select_variant(self, number: int) -> None:
        """ESC R n."""
        if number < len(_VARIANTS):
            self._variant = dict(zip(_VARIANT_CODES, _VARIANTS[number], strict=True))

    def select_kanji_code(self, number: int) -> None:
        """FS C n, Japanese models only: 0 JIS, 1 Shift JIS (1983), 2 Shift JIS (2004)."""
        if self._kanji in _JAPANESE:
            self._kanji = {1: "shift_jis", 2: "shift_jis_2004"}.get(number % 48, "iso2022_jp")

    def end_run(self) -> Iterator[Character]:
        """A control code follows: a first half that still waits will never be completed."""
        if self._half:
            half, self._half = self._half, b""
            yield Character(UNDECODABLE, half, kanji=False)

    def decode(self, data: bytes) -> Iterator[Character]:
        """Give each character of a run of text."""
        data, self._half = self._half + data, b""
        at = 0
        while at < len(data):
            length = self._code_length(data, at)
            code = data[at : at + length]
            if len(code) < length:
                self._half = code
                return
            at += length
            if self.utf8:
                yield Character(_decoded(code, "utf-8"), code, kanji=False)
            elif length > 1:
                yield Character(self._kanji_character(code), code, kanji=True)
            else:
                yield Character(self._single(code), code, kanji=False)

    def _code_length(self, data: bytes, at: int) -> int:
        lead = data[at]
        if self.utf8:
            return 4 if lead >= 0xF0 else 3 if lead >= 0xE0 else 2 if lead >= 0xC0 else 1
        # Shift JIS tells its two-byte codes apart by itself: FS & and FS . mean nothing there.
        on = self.kanji_on or self._kanji in _SHIFT_JIS
        if not on or not _is_lead(lead, self._kanji):
            return 1
        if self._kanji == "gb18030" and at + 1 < len(data) and 0x30 <= data[at + 1] <= 0x39:
            return 4
        return 2

    def _single(self, code: bytes) -> str:
        if code < b"\x80":
            character = _decoded(code, "cp437")
            return self._variant.get(character, character)
        if self._table:
            return self._table[code[0] - 0x80]
        if self._page == "cp857" and code == b"\xd5":
            return "€"  # what IBM left empty
        if self._page == KATAKANA and not 0xA1 <= code[0] <= 0xDF:
            return _KATAKANA_SIGNS[code[0] - (0x80 if code[0] <= 0xA0 else 0xBF)]
        return _decoded(code, self._page)

    def _kanji_character(self, code: bytes) -> str:
        if self._kanji == "iso2022_jp":  # bare JIS: the printer's mode stands for the escapes
            code = b"\x1b$B" + code + b"\x1b(B"
        return _decoded(code, self._kanji)


_SHIFT_JIS: Final = frozenset({"shift_jis", "shift_jis_2004"})
_JAPANESE: Final = _SHIFT_JIS | {"iso2022_jp"}


def _is_lead(byte: int, kanji: str) -> bool:
    if kanji == NO_KANJI:
        return False
    if kanji == "iso2022_jp":
        return 0x21 <= byte <= 0x7E
    if kanji in _JAPANESE:
        return 0x81 <= byte <= 0x9F or 0xE0 <= byte <= 0xFC
    return 0x81 <= byte <= 0xFE


def _decoded(code: bytes, codec: str) -> str:
    """One character; a code without a meaning gives U+FFFD, which is drawn as a box."""
    text = codecs.decode(code, codec, "replace")
    return text if len(text) == 1 else UNDECODABLE
