"""The page that a check prints: one of everything, so that a person sees what does not work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from tillhald.domain.document import (
    PLAIN,
    Align,
    Barcode,
    BarcodeKind,
    Columns,
    Cut,
    Feed,
    Part,
    Pdf417,
    PrintDocument,
    QrCode,
    Rule,
    Run,
    Style,
    Text,
)
from tillhald.domain.layout import Paper

SAMPLES = (
    ("Latin", "ÄÖÜß éèêç ñ¿¡ åøæ £€¥"),
    ("Polish, Czech", "ąćęłńóśżź čďěňřšťůž"),
    ("Cyrillic", "Привет, мир ЖЩЫ"),
    ("Greek", "Γειά σου Κόσμε"),
    ("Chinese", "谢谢惠顾 合计：￥12.35"),
    ("Chinese, old", "謝謝惠顧 合計"),
    ("Japanese", "ありがとう カタカナ"),
    ("Korean", "감사합니다"),
)
_BARCODES = (
    (BarcodeKind.EAN13, "6901234567892"),
    (BarcodeKind.EAN8, "96385074"),
    (BarcodeKind.UPCA, "036000291452"),
    (BarcodeKind.CODE39, "CODE 39"),
    (BarcodeKind.CODE128, "Code-128"),
)


def test_page(
    paper: Paper,
    *,
    facts: Iterable[tuple[str, str]],
    counts: dict[str, int],
    can_print: Callable[[PrintDocument], bool],
) -> PrintDocument:
    """`facts` are names and values for the head; `can_print` says what this printer takes at all.

    What it does not take is named on the page in place of the sample.
    """
    parts: list[Part] = [
        _text("TEST PAGE", Style(bold=True, width=2, height=2), Align.CENTER),
        *(Columns(left=name, right=value) for name, value in facts),
        Rule(char="="),
        *_ruler(paper.columns),
        *_styles(),
        Rule(),
    ]
    candidates: list[tuple[str, list[Part]]] = [
        (name, [_text(f"{name}: {sample}")]) for name, sample in SAMPLES
    ]
    candidates += [
        (kind.value, [_text(kind.value, align=Align.CENTER), Barcode(kind=kind, value=value)])
        for kind, value in _BARCODES
    ]
    candidates.append(("QR code", [QrCode(value="https://example.org/测试", module_dots=5)]))
    # A code needs a margin to be read.
    candidates.append(("PDF417", [Feed(), Pdf417(value="PDF417 test")]))
    for name, sample in candidates:
        fits = can_print(PrintDocument(parts=tuple(sample)))
        parts += sample if fits else [_text(f"{name}: not on this printer")]
    parts.append(Rule())
    parts += [Columns(left=name, right=str(count)) for name, count in counts.items() if count]
    parts += [_text("end of the test page", align=Align.CENTER), Feed(lines=1), Cut()]
    return PrintDocument(parts=tuple(parts))


def _text(words: str, style: Style = PLAIN, align: Align = Align.LEFT) -> Text:
    return Text(runs=(Run(text=words, style=style),), align=align)


def _ruler(columns: int) -> Iterator[Text]:
    """Two lines that reach from edge to edge: a figure for each column, and one for each ten."""
    yield _text("".join(str(at % 10) for at in range(1, columns + 1)))
    yield _text("".join(f"{at:>10}" for at in range(10, columns + 1, 10)))


def _styles() -> Iterator[Part]:
    yield _text("bold", Style(bold=True))
    yield _text("underlined", Style(underline=True))
    yield _text(" white on black ", Style(inverse=True))
    yield _text("wide", Style(width=2))
    yield _text("high", Style(height=2))
    yield _text("left")
    yield _text("centred", align=Align.CENTER)
    yield _text("right", align=Align.RIGHT)
    yield Columns(left="article", right="12.35")
