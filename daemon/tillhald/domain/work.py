"""What a document comes to on a printer's paper, for the statistics.

Counted on the event loop after every receipt, so it does not lay the document out again, which
takes a hundred times as long: a paragraph has as many lines as its cells fill.
"""

from __future__ import annotations

import unicodedata
from typing import assert_never

from tillhald.domain.document import (
    Barcode,
    Columns,
    Cut,
    Feed,
    Image,
    Logo,
    Pdf417,
    PrintDocument,
    QrCode,
    Rule,
    Run,
    Text,
)
from tillhald.domain.jobs import PrintWork
from tillhald.domain.layout import Paper


def work_of(document: PrintDocument, paper: Paper) -> PrintWork:
    """Blanks are no characters; pictures count nothing."""
    lines = characters = feeds = barcodes = cuts = 0
    for part in document.parts:
        match part:
            case Text(runs=runs):
                lines += _lines(sum(map(_cells, runs)), paper)
                characters += sum(_marks(run.text) for run in runs)
            case Columns(left=left, right=right, style=style):
                beside = _cells(Run(text=f"{left} {right}", style=style))
                above = _cells(Run(text=left, style=style))
                lines += 1 if beside <= paper.columns else 1 + _lines(above, paper)
                characters += _marks(left) + _marks(right)
            case Rule():
                lines += 1
                characters += paper.columns
            case Feed(lines=more):
                feeds += more
            case Barcode() | QrCode() | Pdf417():
                barcodes += 1
            case Cut():
                cuts += 1
            case Image() | Logo():
                pass
            case _:
                assert_never(part)
    return PrintWork(lines=lines, characters=characters, feeds=feeds, barcodes=barcodes, cuts=cuts)


def _lines(cells: int, paper: Paper) -> int:
    return max(-(-cells // paper.columns), 1)


def _marks(text: str) -> int:
    return len("".join(text.split()))


def _cells(run: Run) -> int:
    text = run.text
    wide = 0 if text.isascii() else sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return (len(text) + wide) * run.style.width
