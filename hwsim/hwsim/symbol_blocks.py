"""Barcodes and two-dimensional symbols in dots, under the settings of GS w, GS h, GS H, GS ( k."""

from typing import Final, NamedTuple

from PIL import Image

from hwsim import graphics, symbols
from hwsim.fonts import CharacterGenerator
from hwsim.models import INK
from hwsim.settings import Settings

DIGITS_GAP_DOTS: Final = 2
QR_LEVELS: Final = {48: "L", 49: "M", 50: "Q", 51: "H"}
MODEL, MODULE_DOTS, ROW_MODULES, ERROR_LEVEL = 65, 67, 68, 69
"""Functions of GS ( k that set something."""

OPTIONS: Final = 70
PDF417_LEVEL: Final = (symbols.PDF417, ERROR_LEVEL, 48)
"""What begins the setting of PDF417's error correction by its level, not by a ratio."""

SYMBOLS: Final = range(symbols.PDF417, symbols.DATA_MATRIX + 1)
CLONE_SYMBOLS: Final = {0: symbols.PDF417, 1: symbols.DATA_MATRIX, 2: symbols.QR}
"""The symbols of ESC Z by the n of GS Z, as GS ( k calls them."""

_SIZE_FLAGS: Final = {symbols.PDF417: 0x2F, symbols.QR: 0x36}


class Block(NamedTuple):
    """Ink that is a line of its own, and what stands for it in the receipt's text."""

    ink: Image.Image
    text: str


def barcode(kind: int, data: bytes, settings: Settings, characters: CharacterGenerator) -> Block:
    """The bars of GS k with m = `kind` (form B). SymbolDataError if the data do not suit."""
    symbol = symbols.linear(kind, data)
    width = settings.bar_width
    bars = Image.new("1", (len(symbol.modules) * width, settings.bar_height), 0)
    for at, dark in enumerate(symbol.modules):
        if dark:
            bars.paste(INK, (at * width, 0, (at + 1) * width, settings.bar_height))
    ink = _with_digits(bars, symbol.text, settings, characters)
    return Block(ink, f"[{symbols.LINEAR_NAMES[kind]}] {symbol.text}")


def _with_digits(
    bars: Image.Image, text: str, settings: Settings, characters: CharacterGenerator
) -> Image.Image:
    """The bars with their text above (GS H 1), below (2) or both (3)."""
    if not settings.hri:
        return bars
    width, height = settings.hri_font
    label = Image.new("1", (len(text) * width, height), 0)
    for at, character in enumerate(text):
        label.paste(characters.cell(character, width, height, 1), (at * width, 0))
    step = height + DIGITS_GAP_DOTS
    above, below = step * (settings.hri & 1), step * (settings.hri >> 1)
    block_width = max(bars.width, label.width)
    block = Image.new("1", (block_width, above + bars.height + below), 0)
    block.paste(bars, ((block_width - bars.width) // 2, above))
    left = (block_width - label.width) // 2
    if above:
        block.paste(label, (left, 0))
    if below:
        block.paste(label, (left, above + bars.height + DIGITS_GAP_DOTS))
    return block


def matrix_symbol(cn: int, settings: Settings, *, level: str = "", size: int = 0) -> Block:
    """The stored data of `cn` as a symbol. SymbolDataError if it cannot be made.

    `level` and `size` (dots of a module) go before what GS ( k has set.
    """
    if cn == symbols.QR:
        level = level or QR_LEVELS.get(settings.symbol.get((cn, ERROR_LEVEL), 48), "L")
    elif cn == symbols.PDF417:
        level = settings.pdf417_level
    else:
        level = ""
    model = settings.symbol.get((cn, OPTIONS if cn == symbols.PDF417 else MODEL), 0)
    symbol = symbols.matrix(cn, settings.symbol_data[cn], ec_level=level, model=model)
    horizontal = vertical = max(1, min(size or settings.symbol.get((cn, MODULE_DOTS), 3), 16))
    if cn == symbols.PDF417:
        vertical *= max(2, min(settings.symbol.get((cn, ROW_MODULES), 3), 8))
    elif cn == symbols.MAXICODE:
        horizontal = vertical = 1  # its pattern comes in dots, and has one size
    ink = graphics.magnified(symbol.pattern, horizontal, vertical)
    return Block(ink, f"[{symbol.name}] {symbol.text}")


def symbol_size(cn: int, block: Block) -> bytes:
    """What GS ( k function 82 answers: width and height in dots; of PDF417 and QR codes only."""
    if cn not in _SIZE_FLAGS:
        return b""
    width, height = block.ink.size
    return b"\x37%c%d\x1f%d\x1f1\x1f0\x00" % (_SIZE_FLAGS[cn], width, height)
