"""A laid-out document as the bytes of one ESC/POS job. Pure, but for fonts that draw.

Source: Epson's command references of TM-T88IV/V; Kanji mode as in facts of Chinese models: a
job selects each code page and mode that it uses, for nobody knows what the last one left.
"""

from __future__ import annotations

import hashlib
import itertools
from typing import Final, NamedTuple, assert_never

from tillhald.domain.document import (
    PLAIN,
    Align,
    Barcode,
    Cut,
    Feed,
    Image,
    Logo,
    Pdf417,
    QrCode,
    Style,
)
from tillhald.domain.layout import (
    Block,
    Cluster,
    Ink,
    Line,
    Method,
    Paper,
    ink_of,
    is_plain,
    line_clusters,
)
from tillhald.drivers.escpos import symbols
from tillhald.drivers.escpos.profiles import MULTIBYTE_PRELUDES, Profile
from tillhald.drivers.escpos.raster import (
    STRIP_ROWS_MAX,
    Pen,
    encode_in_line,
    encode_raster,
    fit_logo,
    fit_picture,
    ink_rows,
    placed,
    tame,
)

INITIALISE: Final = b"\x1b@"
ASB_ON: Final = b"\x1da\x0f"
"""`GS a`: push changes of drawer pin, on-line, errors and paper."""
KANJI_ON: Final = b"\x1c&"
KANJI_OFF: Final = b"\x1c."
LEFT: Final = b"\x1ba\x00"
CENTER: Final = b"\x1ba\x01"
_ALIGNED: Final = {Align.LEFT: LEFT, Align.CENTER: CENTER, Align.RIGHT: b"\x1ba\x02"}
READ_CUTS: Final = b"\x1dg2\x00\xb2\x00"
"""`GS g 2`, number 178: cuts in the printer's life."""
ASK_IDENTITY: Final = {"maker": b"\x1dIB", "model": b"\x1dIC", "serial": b"\x1dID"}
"""`GS I` 66, 67 and 68, each answered with a block."""
ASK_PROCESSED: Final = b"\x1dr\x01"

_ON_UNITS_MAX: Final = 255
_REAL_TIME_UNITS_MAX: Final = 8


def ask_status(question: int) -> bytes:
    """`DLE EOT n`: answered at once, whatever is queued."""
    return b"\x10\x04" + bytes([question])


def ask_process_id(letters: str) -> bytes:
    """`GS ( H` function 48: answered with the same four letters once all before is on paper."""
    return b"\x1d(H\x06\x0000" + letters.encode("ascii")


def queued_pulse(pin: int, on_ms: int, off_ms: int) -> bytes:
    """`ESC p`: a pulse on connector pin 2 or 5, behind all that is queued; units of 2 ms."""
    on, off = (min(ms // 2, _ON_UNITS_MAX) for ms in (on_ms, off_ms))
    return b"\x1bp" + bytes([_connector(pin), on, off])


def real_time_pulse(pin: int, on_ms: int) -> bytes:
    """`DLE DC4` function 1: a pulse at once, even when offline; units of 100 ms, 1 to 8."""
    units = min(max(round(on_ms / 100), 1), _REAL_TIME_UNITS_MAX)
    return b"\x10\x14\x01" + bytes([_connector(pin), units])


def _connector(pin: int) -> int:
    return {2: 0, 5: 1}[pin]


def filler(paper: Paper) -> bytes:
    """White dots that end the longest command of ours; between commands, NULs do nothing."""
    return bytes(STRIP_ROWS_MAX * paper.dots // 8 + _HEAD_BYTES_MAX)


class Kept(NamedTuple):
    """A picture in the printer's own memory: under which two characters, and how it gets there.

    `seal` is a second picture, of one dot, that is stored behind it. A till that dies within
    `define` leaves a picture whose end is the filler's white; without its seal it counts for none.
    """

    key_code: str
    define: bytes
    seal: str
    define_seal: bytes

    def is_in(self, kept: frozenset[str]) -> bool:
        """Whether a printer that keeps these key codes has the whole picture."""
        return {self.key_code, self.seal} <= kept


def kept_logo(logo: Logo, paper: Paper) -> Kept | None:
    """How a logo is kept (`GS ( L` function 67); None if it is too high for that.

    Its key code follows from its dots. So a printer that has this key code has this picture,
    whoever stored it and however long ago: nothing is written twice, and nothing has to be
    remembered of a printer that may be swapped for another one.
    """
    picture = fit_logo(logo, paper)
    if picture.height > STRIP_ROWS_MAX:
        return None
    dots = tame(ink_rows(picture))
    width, height = picture.size
    digest = hashlib.sha256(b"%d %d " % (width, height) + dots).digest()
    key_code, seal = _key_code(digest[:4]), _key_code(digest[4:8])
    if key_code == seal:
        return None  # once in nine thousand logos
    return Kept(
        key_code,
        _define(key_code, width, height, dots),
        seal,
        _define(seal, 1, 1, b"\x80"),
    )


def _key_code(digest: bytes) -> str:
    numbers = divmod(int.from_bytes(digest, "big") % _KEY_CHARS**2, _KEY_CHARS)
    return "".join(chr(_KEY_CHAR_FIRST + number) for number in numbers)


def _define(key_code: str, width: int, height: int, dots: bytes) -> bytes:
    size = width.to_bytes(2, "little") + height.to_bytes(2, "little")
    body = b"0C0" + key_code.encode("ascii") + b"\x01" + size + b"1" + dots
    return b"\x1d(L" + len(body).to_bytes(2, "little") + body


def print_kept(key_code: str) -> bytes:
    """`GS ( L` function 69: the picture under this key code, in its own size."""
    return b"\x1d(L\x06\x000E" + key_code.encode("ascii") + b"\x01\x01"


ASK_KEPT: Final = b"\x1d(L\x04\x000@KC"
"""`GS ( L` function 64: answered with the key codes of all pictures that are kept."""
_HEAD_BYTES_MAX: Final = 32
_KEY_CHAR_FIRST: Final = 0x21
_KEY_CHARS: Final = 0x7F - _KEY_CHAR_FIRST


def cuts_in(blocks: list[Block]) -> int:
    """How many cuts the printer will count for these blocks."""
    return sum(isinstance(block, Cut) for block in blocks)


def encode(
    blocks: list[Block],
    paper: Paper,
    profile: Profile,
    pen: Pen,
    kept: frozenset[str] = frozenset(),
) -> bytes:
    """Encode the whole job. `paper` is what the blocks were laid out for, `kept` the key codes of
    the pictures in the printer's memory."""
    return _Job(paper, profile, pen, kept).encode(blocks)


class _Job:
    def __init__(self, paper: Paper, profile: Profile, pen: Pen, kept: frozenset[str]) -> None:
        self._paper = paper
        self._kept = kept
        self._pen = pen
        self._profile = profile
        self._page_numbers = dict(profile.code_pages)
        self._style = PLAIN
        self._page = ""
        self._kanji = False
        # ESC @ also ends automatic status on some models: ask for it again.
        self._out = bytearray(INITIALISE + ASB_ON + KANJI_OFF)
        self._out += MULTIBYTE_PRELUDES[paper.multibyte or "none"]

    def encode(self, blocks: list[Block]) -> bytes:
        for block in blocks:
            self._block(block)
        return bytes(self._out)

    def _block(self, block: Block) -> None:
        match block:
            case Line():
                self._line(block)
            case Barcode():
                self._out += CENTER + symbols.encode_barcode(block) + LEFT
            case QrCode():
                self._qr(block)
            case Pdf417():
                self._out += CENTER + symbols.encode_pdf417(block) + LEFT
            case Image():
                self._out += b"".join(encode_raster(fit_picture(block, self._paper)))
            case Logo():
                self._logo(block)
            case Feed():
                self._out += b"\x1bd" + bytes([block.lines])
            case Cut():
                self._out += b"\x1dVB\x00" if block.partial else b"\x1dVA\x00"
            case _:
                assert_never(block)

    def _qr(self, code: QrCode) -> None:
        if self._profile.qr:
            self._out += CENTER + symbols.encode_qr(code) + LEFT
        else:
            picture = placed(symbols.draw_qr(code), Align.CENTER, self._paper)
            self._out += b"".join(encode_raster(picture))

    def _logo(self, logo: Logo) -> None:
        key_code = logo.key_code
        if not key_code:
            kept = kept_logo(logo, self._paper) if self._kept else None
            if kept is None or not kept.is_in(self._kept):
                image = Image(content=logo.content, align=logo.align)
                self._out += b"".join(encode_raster(fit_picture(image, self._paper)))
                return
            key_code = kept.key_code
        self._out += _ALIGNED[logo.align] + print_kept(key_code) + LEFT

    def _line(self, line: Line) -> None:
        if all(is_plain(run.text) for run in line.runs):
            self._plain_line(line)
            return
        stretches = [
            (is_drawn, list(clusters))
            for is_drawn, clusters in itertools.groupby(
                line_clusters(line.runs, self._paper), key=self._is_drawn
            )
        ]
        drawn = [cluster for is_drawn, clusters in stretches if is_drawn for cluster in clusters]
        if drawn and not (self._profile.in_line and all(c.style.height == 1 for c in drawn)):
            # What stands in a line is 24 dots high, and no more.
            self._out += b"".join(encode_raster(self._pen.draw(line, self._paper)))
            return
        if line.indent:
            self._wear(PLAIN)
            self._out += b" " * line.indent
        for is_drawn, clusters in stretches:
            if is_drawn:
                self._wear(PLAIN)  # some clones underline a picture
                self._out += encode_in_line(self._pen.draw_in_line(clusters))
                continue
            for cluster in clusters:
                self._wear(cluster.style)
                for char in cluster.text:
                    self._char(char, ink_of(char, self._paper))
        self._out += b"\n"

    def _plain_line(self, line: Line) -> None:
        """What nearly every line of a receipt is: a customer waits for it."""
        if line.indent:
            self._wear(PLAIN)
            self._out += b" " * line.indent
        for run in line.runs:
            if run.text:
                self._wear(run.style)
                self._out += run.text.encode("ascii")
        self._out += b"\n"

    def _is_drawn(self, cluster: Cluster) -> bool:
        return any(ink_of(char, self._paper).method is Method.DRAWN for char in cluster.text)

    def _char(self, char: str, ink: Ink) -> None:
        if ink.method is Method.MULTIBYTE and not self._kanji:
            self._out += KANJI_ON
            self._kanji = True
        elif ink.method is Method.PAGE:
            if self._kanji:
                self._out += KANJI_OFF
                self._kanji = False
            if self._page != ink.codec:
                self._out += b"\x1bt" + bytes([self._page_numbers[ink.codec]])
                self._page = ink.codec
        self._out += char.encode(ink.codec)

    def _wear(self, style: Style) -> None:
        was, self._style = self._style, style
        if was.bold != style.bold:
            self._out += b"\x1bE" + bytes([style.bold])
        if was.underline != style.underline:
            self._out += b"\x1b-" + bytes([style.underline])
            if self._paper.multibyte is not None:
                self._out += b"\x1c-" + bytes([style.underline])
        if was.inverse != style.inverse:
            self._out += b"\x1dB" + bytes([style.inverse])
        if (was.width, was.height) != (style.width, style.height):
            self._out += b"\x1d!" + bytes([(style.width - 1) << 4 | (style.height - 1)])
