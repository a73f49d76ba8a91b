"""Barcodes and two-dimensional symbols in dots, under the settings of GS w, GS h, GS H, GS ( k."""

from typing import Final, NamedTuple

from PIL import Image

from hwsim import graphics, symbols
from hwsim.fonts import CharacterGenerator
from hwsim.models import INK
from hwsim.settings import Settings

QR_LEVELS: Final = {48: "L", 49: "M", 50: "Q", 51: "H"}
PDF417, QR = 48, 49
ERROR_LEVEL, MODULE_DOTS, ROW_MODULES = 69, 67, 68


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
    above, below = height * (settings.hri & 1), height * (settings.hri >> 1)
    block_width = max(bars.width, label.width)
    block = Image.new("1", (block_width, above + bars.height + below), 0)
    block.paste(bars, ((block_width - bars.width) // 2, above))
    left = (block_width - label.width) // 2
    if above:
        block.paste(label, (left, 0))
    if below:
        block.paste(label, (left, above + bars.height))
    return block


def matrix_symbol(cn: int, settings: Settings) -> Block:
    """The stored data of `cn` as a symbol. SymbolDataError if it cannot be made."""
    data = settings.symbol_data[cn]
    level = QR_LEVELS.get(settings.symbol.get((cn, ERROR_LEVEL), 48), "L") if cn == QR else ""
    pattern = symbols.matrix(cn, data, ec_level=level)
    horizontal = vertical = max(1, min(settings.symbol.get((cn, MODULE_DOTS), 3), 16))
    if cn == PDF417:
        row_modules = max(2, min(settings.symbol.get((cn, ROW_MODULES), 3), 8))
        vertical = max(1, horizontal * row_modules // symbols.PDF417_ROW_PIXELS)
    ink = graphics.magnified(pattern, horizontal, vertical)
    return Block(ink, f"[{symbols.MATRIX_FORMATS[cn]}] {data.decode('utf-8', 'replace')}")
