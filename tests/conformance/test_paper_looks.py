"""What a document looks like on the paper of each profile's printer, to the dot."""

from __future__ import annotations

import io
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image as Picture
from PIL import ImageChops, ImageDraw, ImageOps

from hwsim.models import MODELS
from hwsim.printer import VirtualPrinter
from hwsim.receipt import Receipt
from tests.support.wiring import Wiring
from tillhald.devices.categories import Confirmed, Trouble, Unconfirmed
from tillhald.domain.document import (
    Align,
    Barcode,
    BarcodeKind,
    Columns,
    Cut,
    Feed,
    Image,
    Logo,
    Part,
    PrintDocument,
    QrCode,
    Rule,
    Run,
    Style,
    Text,
)
from tillhald.drivers.escpos.codec import kept_logo
from tillhald.drivers.escpos.driver import EscposPrinter
from tillhald.drivers.escpos.profiles import PROFILES

MODEL_OF = {
    "tm_t88": "tm-t88",
    "tm_t88v": "tm-t88",
    "tm_t88vi": "tm-t88",
    "tm_t20": "tm-t20",
    "tm_t20ii": "tm-t20",
    "tm_t20iii": "tm-t20",
    "tm_m30": "tm-m30",
    "star_escpos": "star",
    "generic_80": "generic-80",
    "generic_58": "generic-58",
}
SHOWN_IN = os.environ.get("TILLHAL_RECEIPTS", "")
"""A folder for the receipts of `test_a_receipt_is_whole_on_every_profile`, to be looked at."""
INK = 0
LINE_DOTS = 24


def png(picture: Picture.Image) -> bytes:
    content = io.BytesIO()
    picture.save(content, "PNG")
    return content.getvalue()


def frame(width: int, height: int) -> Picture.Image:
    """A frame with a cross: nothing can be cut off, shifted or left out unseen."""
    picture = Picture.new("L", (width, height), 255)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 0, width - 1, height - 1), outline=0, width=3)
    pen.line((0, 0, width - 1, height - 1), fill=0, width=2)
    pen.line((0, height - 1, width - 1, 0), fill=0, width=2)
    return picture.convert("1")


@contextmanager
def connected(tmp_path: Path, profile: str) -> Iterator[tuple[VirtualPrinter, EscposPrinter]]:
    wiring = Wiring("tcp", tmp_path)
    with wiring.simulator(model=MODELS[MODEL_OF[profile]]) as paper:
        try:
            yield paper, wiring.connect(paper, profile)
        finally:
            wiring.close()


def printed(paper: VirtualPrinter, printer: EscposPrinter, *parts: Part) -> Receipt:
    """What comes out for these parts."""
    before = len(paper.receipts)
    document = PrintDocument(parts=(*parts, Cut()))
    assert printer.check(document) == []
    outcome = printer.print(document, 10.0)
    assert isinstance(outcome, Confirmed) or outcome.reason is Trouble.PROCESSED_ONLY, outcome  # type: ignore[union-attr]  # else it shows
    assert isinstance(outcome, Confirmed | Unconfirmed)
    receipt = paper.wait_receipts(before + 1, 20)[-1]
    # Above the first line stands the paper that was between head and cutter.
    top = paper.model.head_to_cutter_dots
    width, height = receipt.image.size
    return replace(receipt, image=receipt.image.crop((0, top, width, height)))


def ink_of(picture: Picture.Image) -> tuple[int, int, int, int]:
    """The box that holds all ink."""
    box = ImageOps.invert(picture.convert("L")).getbbox()
    assert box is not None, "nothing was printed"
    return box


def same(one: Picture.Image, other: Picture.Image) -> bool:
    return (
        one.size == other.size
        and not ImageChops.difference(one.convert("L"), other.convert("L")).getbbox()
    )


def text(words: str, style: Style | None = None, align: Align = Align.LEFT) -> Text:
    return Text(runs=(Run(text=words, style=style or Style()),), align=align)


@pytest.mark.parametrize("profile", ["tm_t88v", "tm_t20ii", "generic_58"])
@pytest.mark.parametrize("align", list(Align))
def test_a_tall_picture_comes_out_in_one_piece_at_its_place(
    tmp_path: Path, profile: str, align: Align
) -> None:
    width = 300
    picture = frame(width, 900)  # strips of 256 rows: three joints
    with connected(tmp_path, profile) as (paper, printer):
        receipt = printed(paper, printer, Image(content=png(picture), align=align))
    left, top, right, bottom = ink_of(receipt.image)
    spare = PROFILES[profile].dots - width
    place = {Align.LEFT: 0, Align.CENTER: spare // 2, Align.RIGHT: spare}[align]
    assert (left, right) == (place, place + width)
    assert bottom - top == 900, "no row is lost or doubled between two strips"
    assert same(receipt.image.crop((left, top, right, bottom)), picture)


def test_only_what_the_printer_lacks_is_drawn_and_in_its_cells(tmp_path: Path) -> None:
    with connected(tmp_path, "tm_t88v") as (paper, printer):
        plain = printed(paper, printer, text("umbrella: X, end"))
        drawn = printed(paper, printer, text("umbrella: ☂, end"))
    assert drawn.text.splitlines()[0].replace(" ", "") == "umbrella:,end"
    assert "[image" not in drawn.text
    left = 10 * 12
    cell = (left, 0, left + 12, LINE_DOTS)
    for receipt in (plain, drawn):
        ink_of(receipt.image.crop(cell))  # there is some
    difference = ImageChops.difference(plain.image.convert("L"), drawn.image.convert("L"))
    box = difference.getbbox()
    assert box is not None
    assert cell[0] <= box[0] < box[2] <= cell[2], "every other character is the printer's own"
    assert box[3] <= LINE_DOTS


def test_a_drawn_hanzi_takes_two_cells_beside_latin_columns(tmp_path: Path) -> None:
    """On a printer without Hanzi, a price stays in its column."""
    with connected(tmp_path, "star_escpos") as (paper, printer):
        if not printer.capabilities.raster_text or not printer._pen.covers("可"):
            pytest.skip("no font with Hanzi is installed")
        latin = printed(paper, printer, Columns(left="aabb", right="3.50"))
        hanzi = printed(paper, printer, Columns(left="可乐", right="3.50"))
    price = (44 * 12, 0, 48 * 12, LINE_DOTS)
    assert same(latin.image.crop(price), hanzi.image.crop(price))
    assert ink_of(hanzi.image)[0] < 2 * 12
    assert "3.50" in hanzi.text


def test_what_is_drawn_in_a_high_style_is_drawn_with_its_whole_line(tmp_path: Path) -> None:
    with connected(tmp_path, "tm_t88v") as (paper, printer):
        receipt = printed(paper, printer, text("sun ☂", Style(height=2)))
    assert "[image" in receipt.text
    box = ink_of(receipt.image)
    assert box[3] - box[1] > LINE_DOTS


# --- the logo


def defined(paper: VirtualPrinter) -> int:
    """How often a picture was written into the printer's memory, its seal of one dot aside."""
    sizes = [len(c.data) for c in paper.log if c.name == "GS ( L" and b"\x30\x43" in c.data[:8]]
    return sum(size > 20 for size in sizes)


def test_the_shops_logo_is_written_into_the_printer_once_in_its_life(tmp_path: Path) -> None:
    logo = Logo(content=png(frame(200, 120)))
    with connected(tmp_path, "tm_t88v") as (paper, printer):
        first = printed(paper, printer, logo, text("one"))
        assert defined(paper) == 1
        second = printed(paper, printer, logo, text("two"))
        paper.power_off()
        paper.power_on()
        while not printer.status(1.0).connected:
            pass
        third = printed(paper, printer, logo, text("three"))
        wiring = Wiring("tcp", tmp_path)
        printer.close()
        try:  # a till that was started anew, and knows nothing
            anew = wiring.connect(paper, "tm_t88v")
            fourth = printed(paper, anew, logo, text("four"))
            printed(paper, anew, Logo(content=png(frame(210, 120))))
        finally:
            wiring.close()
        assert defined(paper) == 2, "another logo is another picture"
    picture = (0, 0, 512, 120)
    assert ink_of(first.image.crop(picture)) == (156, 0, 356, 120), "in the middle"
    for later in (second, third, fourth):
        assert same(first.image.crop(picture), later.image.crop(picture))
        assert len(later.raw) < 500, "the picture itself did not go out again"


def test_half_a_logo_is_stored_again_and_never_printed(tmp_path: Path) -> None:
    """The till died within the picture; the next one ended it with white, to be in step."""
    picture = frame(200, 120)
    logo = Logo(content=png(picture), align=Align.LEFT)
    with connected(tmp_path, "tm_t88v") as (paper, printer):
        made = kept_logo(logo, printer.capabilities.paper)
        assert made is not None
        with socket.create_connection(paper.address) as dying:
            dying.sendall(made.define[: len(made.define) // 2])
        receipt = printed(paper, printer, logo)
        assert same(receipt.image.crop((0, 0, 200, 120)), picture)
        assert defined(paper) == 1, "of the log only what came behind the white is left"
        assert printer._dialogue.kept == {made.key_code, made.seal}


@pytest.mark.parametrize("profile", ["generic_80", "star_escpos"])
def test_a_printer_that_keeps_no_pictures_gets_the_logo_as_one(
    tmp_path: Path, profile: str
) -> None:
    picture = frame(200, 120)
    with connected(tmp_path, profile) as (paper, printer):
        receipt = printed(paper, printer, Logo(content=png(picture), align=Align.RIGHT))
        assert defined(paper) == 0
        unkept = PrintDocument(parts=(Logo(key_code="AB"),))
        assert [problem.message for problem in printer.check(unkept)] == [
            "This printer keeps no pictures."
        ]
    assert same(receipt.image.crop((376, 0, 576, 120)), picture)


def test_a_logo_that_is_too_high_to_be_kept_is_sent_each_time(tmp_path: Path) -> None:
    picture = frame(100, 300)
    with connected(tmp_path, "tm_t88v") as (paper, printer):
        receipt = printed(paper, printer, Logo(content=png(picture), align=Align.LEFT))
        assert defined(paper) == 0
    assert same(receipt.image.crop((0, 0, 100, 300)), picture)


def test_a_picture_that_somebody_stored_is_printed_by_its_key_code(tmp_path: Path) -> None:
    picture = frame(96, 48)
    with connected(tmp_path, "tm_t88v") as (paper, printer):
        printed(paper, printer, Logo(content=png(picture)))
        made = kept_logo(Logo(content=png(picture)), printer.capabilities.paper)
        assert made is not None
        key_code = made.key_code
        receipt = printed(paper, printer, Logo(key_code=key_code, align=Align.LEFT))
        assert [p.message for p in printer.check(PrintDocument(parts=(Logo(key_code="ü"),)))]
    assert same(receipt.image.crop((0, 0, 96, 48)), picture)


# --- symbols


@pytest.mark.parametrize("level", ["L", "M", "Q", "H"])
def test_a_qr_code_can_be_scanned_also_from_a_printer_that_makes_none(
    tmp_path: Path, level: str
) -> None:
    value = "https://example.com/小票/17?sum=14,70"
    code = QrCode(value=value, level=level, module_dots=5)
    with connected(tmp_path, "generic_58") as (paper, printer):
        receipt = printed(paper, printer, code)
        assert not any(command.name == "GS ( k" for command in paper.log)
    (found,) = zxingcpp.read_barcodes(receipt.picture().convert("L"))
    assert found.text == value
    assert found.ec_level == level
    left, _, right, _ = ink_of(receipt.image)
    assert abs((left + right) / 2 - 192) <= 1, "in the middle"


# --- a receipt


def shops_receipt() -> tuple[Part, ...]:
    return (
        Logo(content=png(frame(160, 80))),
        text("The Corner Shop", Style(bold=True, width=2, height=2), Align.CENTER),
        text("1 Market Street", align=Align.CENTER),
        Rule(),
        Columns(left="2 x Coffee, large", right="7.00"),
        Columns(left="可乐 500ml", right="¥3.50"),
        Columns(left="Crème brûlée ☂", right="4.20"),
        Columns(left="TOTAL", right="14.70", style=Style(bold=True, height=2)),
        Rule(),
        text("inverse", Style(inverse=True)),
        text("underlined", Style(underline=True)),
        Barcode(kind=BarcodeKind.EAN13, value="4006381333931"),
        QrCode(value="https://example.com/r/17"),
        text("Thank you! 谢谢", align=Align.CENTER),
        Feed(lines=2),
    )


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_a_receipt_is_whole_on_every_profile(tmp_path: Path, profile: str) -> None:
    with connected(tmp_path, profile) as (paper, printer):
        receipt = printed(paper, printer, *shops_receipt())
        if SHOWN_IN:
            receipt.picture().save(Path(SHOWN_IN) / f"{profile}.png")
        unknown = [command.name for command in paper.log if "unknown" in command.name.lower()]
    assert unknown == []
    assert receipt.image.width == PROFILES[profile].dots
    beside_drawn = ("4.20",) if PROFILES[profile].in_line else ()
    for words in ("The Corner Shop", "2 x Coffee, large", "14.70", "underlined", *beside_drawn):
        assert words in receipt.text, words
    columns = PROFILES[profile].columns
    total = next(line for line in receipt.text.splitlines() if line.startswith("TOTAL"))
    assert len(total) == columns, "the price stands at the right edge"
    assert "?" not in receipt.text
