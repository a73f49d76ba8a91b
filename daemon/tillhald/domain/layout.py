"""Fits a document to a printer's paper.

Widths count cells: one column of the printer's font A. A Latin letter takes one cell, a Hanzi
two, and a style's width multiplies both. What a character takes also depends on how the printer
gets it: `…` is one cell in a Latin code page and two in GB 18030. Hence `Paper`, which both the
layout and a driver's codec ask, so that they cannot differ.
"""

from __future__ import annotations

import enum
import functools
import itertools
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple, assert_never

import msgspec
from wcwidth import wcwidth

from tillhald.domain.document import (
    PLAIN,
    Align,
    Barcode,
    Columns,
    Cut,
    Feed,
    Image,
    Logo,
    Part,
    Pdf417,
    PrintDocument,
    QrCode,
    Rule,
    Run,
    Style,
    Text,
)

INKS_CACHED_MAX = 8192


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """What a printer can put on its paper. `code_pages` are Python codec names, best first.
    `keeps_pictures`: it has a memory for pictures, by key codes."""

    columns: int
    dots: int
    code_pages: tuple[str, ...]
    multibyte: str | None = None
    four_byte: bool = False
    qr: bool = True
    pdf417: bool = True
    keeps_pictures: bool = False


class Method(enum.Enum):
    """How a character gets onto the paper."""

    ASCII = "ascii"
    PAGE = "page"
    MULTIBYTE = "multibyte"
    DRAWN = "drawn"


class Ink(NamedTuple):
    """`codec` is empty for DRAWN; `cells` is for a style of width 1."""

    method: Method
    codec: str
    cells: int


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of text; `indent` cells of blank paper stand before `runs`."""

    runs: tuple[Run, ...]
    indent: int = 0


Block = Line | Barcode | QrCode | Pdf417 | Image | Logo | Feed | Cut


# --- how wide a character is -------------------------------------------------------------------


@functools.lru_cache(maxsize=INKS_CACHED_MAX)
def ink_of(char: str, paper: Paper) -> Ink:
    """How `paper`'s printer puts one character down, and how many cells it takes there."""
    if " " <= char <= "~":
        return Ink(Method.ASCII, "ascii", 1)
    cells = max(wcwidth(char), 0)
    if unicodedata.category(char) in {"Cc", "Cf", "Co", "Cn", "Cs"}:
        return Ink(Method.DRAWN, "", cells)
    if cells == 1:
        for page in paper.code_pages:
            if len(_encoded(char, page)) == 1:
                return Ink(Method.PAGE, page, 1)
    if paper.multibyte is not None:
        size = len(_encoded(char, paper.multibyte))
        if size == 2 or (size == 4 and paper.four_byte):  # noqa: PLR2004 - bytes a character
            return Ink(Method.MULTIBYTE, paper.multibyte, 2)
    return Ink(Method.DRAWN, "", cells)


def _encoded(char: str, codec: str) -> bytes:
    try:
        return char.encode(codec)
    except UnicodeEncodeError:
        return b""


# A Chinese printer has no half-width yen sign: GB 18030 spells U+00A5 in four bytes, which a GBK
# printer prints as two wrong characters. Its full-width twin is in every CJK set.
_TWINS = {"\u00a5": "\uffe5", "\u00a0": " ", "\u2009": " ", "\u202f": " "}


def is_plain(text: str) -> bool:
    """Whether all of it is printable ASCII: one cell each and the same bytes on every printer."""
    return text.isascii() and text.isprintable()


def normalise(text: str, paper: Paper) -> str:
    """`text` composed (NFC), with twins for the few characters that this paper lacks."""
    if is_plain(text):
        return text
    return "".join(
        _TWINS.get(char, char) if ink_of(char, paper).method is Method.DRAWN else char
        for char in unicodedata.normalize("NFC", text)
    )


# --- wrapping ----------------------------------------------------------------------------------


class Cluster(NamedTuple):
    """A character with the marks that stand on it: never torn apart."""

    text: str
    style: Style
    cells: int
    space: bool
    wide: bool


_NEVER_FIRST = frozenset("，。、！？；：）》〉」』】〕”’…%),.!?;:]}")
_NEVER_LAST = frozenset("（《〈「『【〔“‘￥([{")


def line_clusters(runs: Iterable[Run], paper: Paper) -> list[Cluster]:
    """Cut runs into clusters, each with the cells that it takes on `paper`."""
    return [cluster for run in runs for cluster in _run_clusters(run, paper)]


def _run_clusters(run: Run, paper: Paper) -> Iterator[Cluster]:
    style, width = run.style, run.style.width
    if is_plain(run.text):
        yield from (Cluster(char, style, width, char == " ", False) for char in run.text)  # noqa: FBT003
        return
    bases: list[str] = []
    for char in normalise(run.text, paper):
        if bases and ink_of(char, paper).cells == 0:
            bases[-1] += char
        else:
            bases.append(char)
    for base in bases:
        cells = ink_of(base[0], paper).cells
        space = base in {" ", "\u3000"}
        yield Cluster(base, style, cells * width, space, cells > 1)


def _words(clusters: Iterable[Cluster]) -> Iterator[list[Cluster]]:
    word: list[Cluster] = []
    for cluster in clusters:
        if word and _may_break(word[-1], cluster):
            yield word
            word = []
        word.append(cluster)
    if word:
        yield word


def _may_break(before: Cluster, after: Cluster) -> bool:
    if before.space or after.space:
        return before.space != after.space
    if before.text in _NEVER_LAST or after.text in _NEVER_FIRST:
        return False
    return before.wide or after.wide


def _wrap(clusters: list[Cluster], columns: int) -> list[list[Cluster]]:
    """Lines of at most `columns` cells. Only spaces at a break are dropped."""
    if _cells(clusters) <= columns:
        return [clusters]
    lines: list[list[Cluster]] = [[]]
    room = columns
    for word in _words(clusters):
        if _cells(word) <= room:
            lines[-1].extend(word)
            room -= _cells(word)
        elif word[0].space:
            lines.append([])
            room = columns
        else:
            if lines[-1]:
                lines.append([])
                room = columns
            for cluster in word:
                if cluster.cells > room:
                    lines.append([])
                    room = columns
                lines[-1].append(cluster)
                room -= cluster.cells
    for line in lines[:-1]:
        while line and line[-1].space:
            line.pop()
    while len(lines) > 1 and not lines[-1]:
        lines.pop()
    return lines


def _cells(clusters: Iterable[Cluster]) -> int:
    return sum(cluster.cells for cluster in clusters)


def _runs(clusters: Iterable[Cluster]) -> tuple[Run, ...]:
    return tuple(
        Run(text="".join(cluster.text for cluster in same), style=style)
        for style, same in itertools.groupby(clusters, key=lambda cluster: cluster.style)
    )


def line_cells(line: Line, paper: Paper) -> int:
    """Count the cells of a laid-out line, its indent included."""
    return line.indent + _cells(line_clusters(line.runs, paper))


# --- layout ------------------------------------------------------------------------------------


def lay_out(document: PrintDocument, paper: Paper) -> list[Block]:
    """Fit the document to `paper` as blocks: no line is wider than its columns.

    The document has passed `check`; what that would have refused has no defined layout here.
    """
    return [block for part in document.parts for block in _blocks(part, paper)]


def _blocks(part: Part, paper: Paper) -> Iterable[Block]:
    match part:
        case Text():
            return _plain_text(part, paper) or _paragraph(
                line_clusters(part.runs, paper), part.align, paper
            )
        case Columns():
            return _plain_columns(part, paper) or _columns(part, paper)
        case Rule():
            char = normalise(part.char, paper)
            times = paper.columns // max(ink_of(char, paper).cells, 1)
            return [Line(runs=(Run(text=char * times),))]
        case Barcode() | QrCode() | Pdf417() | Image() | Logo() | Feed() | Cut():
            return [part]
        case _:
            assert_never(part)


def _plain_text(part: Text, paper: Paper) -> list[Line]:
    """As `_paragraph`, of what needs no look at its characters; empty where it does."""
    if len(part.runs) != 1 or not is_plain(part.runs[0].text):
        return []
    (run,) = part.runs
    spare = paper.columns - len(run.text) * run.style.width
    return (
        [Line(runs=part.runs, indent=_indent(part.align, spare))] if run.text and spare >= 0 else []
    )


def _plain_columns(part: Columns, paper: Paper) -> list[Line]:
    """As `_columns`, of what needs no look at its characters; empty where it does."""
    gap = paper.columns - (len(part.left) + len(part.right)) * part.style.width
    if not (is_plain(part.left) and is_plain(part.right) and part.left and part.right and gap > 0):
        return []
    left, right = Run(text=part.left, style=part.style), Run(text=part.right, style=part.style)
    return [Line(runs=(left, Run(text=" " * gap, style=PLAIN), right))]


def _indent(align: Align, spare: int) -> int:
    return {Align.LEFT: 0, Align.CENTER: spare // 2, Align.RIGHT: spare}[align]


def _paragraph(clusters: list[Cluster], align: Align, paper: Paper) -> list[Line]:
    lines = []
    for line in _wrap(clusters, paper.columns):
        spare = paper.columns - _cells(line)
        lines.append(Line(runs=_runs(line), indent=_indent(align, spare)))
    return lines


def _columns(part: Columns, paper: Paper) -> list[Line]:
    left = _wrap(line_clusters([Run(text=part.left, style=part.style)], paper), paper.columns)
    right = line_clusters([Run(text=part.right, style=part.style)], paper)
    lines = [Line(runs=_runs(line)) for line in left]
    gap = paper.columns - _cells(left[-1]) - _cells(right)
    if not right or (left[-1] and gap < 1):
        return [*lines, *(_paragraph(right, Align.RIGHT, paper) if right else [])]
    if gap < 0:
        return [*lines[:-1], *_paragraph(right, Align.RIGHT, paper)]
    joined = (*lines[-1].runs, Run(text=" " * gap, style=PLAIN), *_runs(right))
    return [*lines[:-1], Line(runs=tuple(run for run in joined if run.text))]
