"""What characters look like: the host's own, turned ones, rules that join, pages of the world."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

from hwsim.charsets import CODE_PAGES, UNDECODABLE, TextDecoder
from hwsim.code_page_tables import PAGE_TABLES
from hwsim.models import MODELS
from hwsim.rule_glyphs import drawn

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Bench

    from hwsim.receipt import Receipt

    NewBench = Callable[..., Bench]

HEAD = MODELS["tm-t88"].head_to_cutter_dots
EUROPE = MODELS["tm-t88-europe"]


def cells(receipt: Receipt, width: int, height: int = 24, line: int = 0) -> list[bytes]:
    top = HEAD + line * 30
    count = receipt.image.width // width
    return [
        receipt.image.crop((x * width, top, (x + 1) * width, top + height)).convert("L").tobytes()
        for x in range(count)
    ]


STRIPES = (b"\xaa" * 3 + b"\x00" * 3) * 6  # twelve columns of 24 dots


def test_the_host_draws_characters_of_its_own(bench: NewBench) -> None:
    define = b"\x1b&\x03AB\x0c" + STRIPES + b"\x0c" + bytes(36)
    receipt = bench().print_and_cut(define + b"AB\x1b%\x01AB\x1b%\x00A\x1b%\x01\x1b?BB\n")
    a, b, own_a, own_b, again, undone = cells(receipt, 12)[:6]
    assert own_a not in (a, b)
    assert set(own_b) == {255}, "an empty drawing is blank"
    assert (again, undone) == (a, b)
    assert receipt.text == "ABABAB\n"
    dots = Image.frombytes("L", (12, 24), own_a)
    assert [dots.getpixel((0, y)) for y in range(3)] == [0, 255, 0]
    assert dots.getpixel((1, 0)) == 255


def test_characters_of_the_host_belong_to_a_font_and_end_with_initialising(
    bench: NewBench,
) -> None:
    define = b"\x1b&\x03AA\x0c" + STRIPES + b"\x1b%\x01"
    plain = cells(bench().print_and_cut(b"\x1bM\x01A\n"), 9, 17)[0]
    assert cells(bench().print_and_cut(define + b"\x1bM\x01A\n"), 9, 17)[0] == plain
    default = cells(bench().print_and_cut(b"A\n"), 12)[0]
    assert cells(bench().print_and_cut(define + b"\x1b@A\n"), 12)[0] == default


def test_after_initialising_characters_can_be_defined_again(bench: NewBench) -> None:
    define = b"\x1b&\x03AA\x0c" + STRIPES + b"\x1b%\x01\x1c2\xfe\xa1" + b"\xf0\x00\x0f" * 24
    once = bench().print_and_cut(define + b"A\xfe\xa1\n")
    again = bench().print_and_cut(b"\x1b@" + define + b"A\xfe\xa1\n")
    assert again.image.tobytes() == once.image.tobytes()


def test_the_host_draws_kanji_of_its_own(bench: NewBench) -> None:
    define = b"\x1c2\xfe\xa1" + b"\xf0\x00\x0f" * 24
    before, own, after = (
        cells(bench().print_and_cut(data + b"\xfe\xa1\n"), 24)[0]
        for data in (b"", define, define + b"\x1c?\xfe\xa1")
    )
    assert own != before == after
    dots = Image.frombytes("L", (24, 24), own)
    assert [dots.getpixel((5, y)) for y in (0, 3, 4, 19, 20, 23)] == [0, 0, 255, 255, 0, 0]


@pytest.mark.parametrize("size", [b"", b"\x1d!\x11", b"\x1d!\x20"])
def test_turned_characters_are_the_upright_ones_turned(bench: NewBench, size: bytes) -> None:
    upright = bench().print_and_cut(b"F\n").image.crop((0, HEAD, 12, HEAD + 24))
    wide, high = {b"": (1, 1), b"\x1d!\x11": (2, 2), b"\x1d!\x20": (3, 1)}[size]
    receipt = bench().print_and_cut(size + b"\x1bV\x01FF\x1bV\x00\n")
    cell = (24 * wide, 12 * high)
    expected = upright.transpose(Image.Transpose.ROTATE_270).resize(cell, Image.Resampling.NEAREST)
    for at in (0, 1):
        box = (at * cell[0], HEAD, (at + 1) * cell[0], HEAD + cell[1])
        assert receipt.image.crop(box).tobytes() == expected.tobytes()
    assert receipt.text == "FF\n"


def test_rules_join_from_cell_to_cell_and_from_line_to_line(bench: NewBench) -> None:
    frame = "╭──┬╮\n│  ││\n╰──┴╯\n"
    codes = {"╭": 0x9C, "╮": 0x9D, "╰": 0x9E, "╯": 0x9F, "─": 0x95, "│": 0x96, "┬": 0x91, "┴": 0x90}
    data = bytes(codes.get(character, ord(character)) for character in frame)
    receipt = bench(EUROPE).print_and_cut(b"\x1bt\x01\x1b3\x00" + data)
    assert receipt.text == frame
    middle = HEAD + 12
    top = [receipt.image.getpixel((x, middle)) for x in range(8, 52)]
    assert set(top) == {0}
    left = [receipt.image.getpixel((6, y)) for y in range(HEAD + 14, HEAD + 58)]
    assert set(left) == {0}


def test_double_frames_have_two_lines_and_blocks_fill_their_share() -> None:
    corner = drawn("╔", 12, 24)
    assert corner is not None
    assert [bool(corner.getpixel((11, y))) for y in range(8, 16)] == [
        False, True, True, False, False, True, True, False
    ]  # fmt: skip
    full, half = drawn("█", 12, 24), drawn("▄", 12, 24)
    assert full is not None
    assert half is not None
    assert full.getbbox() == (0, 0, 12, 24)
    assert half.getbbox() == (0, 12, 12, 24)
    shares = [sum(map(bool, shade.convert("L").tobytes())) for shade in map_drawn("░▒▓")]
    assert shares == [72, 144, 216]
    assert drawn("A", 12, 24) is None
    assert drawn("╱", 12, 24) is None, "a diagonal is the font's"


def map_drawn(characters: str) -> list[Image.Image]:
    cells = [drawn(character, 12, 24) for character in characters]
    return [cell for cell in cells if cell is not None]


@pytest.mark.parametrize("number", range(256))
def test_every_page_number_decodes_every_byte_to_one_character(number: int) -> None:
    decoder = TextDecoder("ascii", kanji_on=False)
    decoder.select_page(number)
    characters = list(decoder.decode(bytes(range(0x20, 0x100))))
    assert [len(character.text) for character in characters] == [1] * 0xE0
    known = PAGE_TABLES.get(number, "") or CODE_PAGES.get(number, "cp437") != "ascii"
    boxes = sum(character.text == UNDECODABLE for character in characters)
    assert boxes < 70 if known else boxes == 128


@pytest.mark.parametrize(
    ("page", "data", "text"),
    [
        (1, b"\xb1\xd8\x9c\x95\x9d\xf2", "ｱﾘ╭─╮年"),
        (11, b"\xa4\xe3\xd6\xec\xe9\xf2", "Αιασου"),
        (12, b"\xd5", "ı"),
        (13, b"\xd5\xa6", "€Ğ"),
        (21, "ขอบคุณ".encode("tis_620"), "ขอบคุณ"),
        (30, b"\xb5\xb8\xd5", "àáế"),
        (42, b"\xb5\xd0", "Ąą"),
        (44, b"\xf2\xf4", "ҐЄ"),
    ],
)
def test_pages_that_python_does_not_know_are_here(page: int, data: bytes, text: str) -> None:
    decoder = TextDecoder("ascii", kanji_on=False)
    decoder.select_page(page)
    assert "".join(character.text for character in decoder.decode(data)) == text


def test_a_japanese_printer_reads_jis_in_kanji_mode_and_shift_jis_at_once(
    bench: NewBench,
) -> None:
    japan = MODELS["tm-t88-japan"]
    jis = "領収書".encode("iso2022_jp")[3:-3]
    assert bench(japan).print_and_cut(b"\x1c&" + jis + b"\x1c.abc\n").text == "領収書abc\n"
    shift_jis = "領収書ｱﾘabc\n".encode("shift_jis")
    assert bench(japan).print_and_cut(b"\x1bt\x01\x1cC1" + shift_jis).text == "領収書ｱﾘabc\n"
    assert bench(japan).print_and_cut(b"\x1cC1\x1b@\x1c&" + jis + b"\n").text == "領収書\n"


def test_fonts_that_the_model_lacks_change_nothing(bench: NewBench) -> None:
    for number in (2, 50, 97, 98):
        assert bench().print_and_cut(b"\x1bM" + bytes([number]) + b"x" * 43).text.count("x\n") == 2
    assert bench().print_and_cut(b"\x1bM\x31" + b"x" * 56).text == "x" * 56 + "\n"


@pytest.mark.parametrize(
    "character", ["\n", "\r", "\x00", "\x1c", "\x1d", "\x85", "\u2028", "\ud800"]
)
def test_what_has_no_glyph_is_a_box_and_no_mistake(character: str) -> None:
    from hwsim.fonts import generator_of_this_host

    cell = generator_of_this_host().cell(character, 12, 24, 1)
    assert cell.size == (12, 24)
    assert cell.getbbox() is not None
