"""What a document comes to on a printer's paper, for the statistics."""

from __future__ import annotations

from typing import assert_never

from tillhald.domain.document import (
    Barcode,
    Cut,
    Feed,
    Image,
    Logo,
    Pdf417,
    PrintDocument,
    QrCode,
)
from tillhald.domain.jobs import PrintWork
from tillhald.domain.layout import Line, Paper, lay_out


def work_of(document: PrintDocument, paper: Paper) -> PrintWork:
    """Lines as they are wrapped on this paper; blanks are no characters; pictures count nothing."""
    lines = characters = feeds = barcodes = cuts = 0
    for block in lay_out(document, paper):
        match block:
            case Line(runs=runs):
                lines += 1
                characters += sum(not char.isspace() for run in runs for char in run.text)
            case Feed(lines=more):
                feeds += more
            case Barcode() | QrCode() | Pdf417():
                barcodes += 1
            case Cut():
                cuts += 1
            case Image() | Logo():
                pass
            case _:
                assert_never(block)
    return PrintWork(lines=lines, characters=characters, feeds=feeds, barcodes=barcodes, cuts=cuts)
