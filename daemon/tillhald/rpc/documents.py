"""Documents for paper, from the wire. Dull on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tillhal.v1 import printer_pb2 as pb
from tillhald.domain import document as doc
from tillhald.domain import errors
from tillhald.domain.preflight import PARTS_MAX, too_much

if TYPE_CHECKING:
    from collections.abc import Iterable

DOCUMENT_BYTES_MAX = 600 * 1024
"""A document is one journal record, which has a limit of its own."""

_ALIGNS = {
    pb.ALIGN_UNSPECIFIED: doc.Align.LEFT,
    pb.ALIGN_LEFT: doc.Align.LEFT,
    pb.ALIGN_CENTER: doc.Align.CENTER,
    pb.ALIGN_RIGHT: doc.Align.RIGHT,
}
_BARCODES = {
    pb.BARCODE_KIND_EAN13: doc.BarcodeKind.EAN13,
    pb.BARCODE_KIND_EAN8: doc.BarcodeKind.EAN8,
    pb.BARCODE_KIND_UPCA: doc.BarcodeKind.UPCA,
    pb.BARCODE_KIND_CODE39: doc.BarcodeKind.CODE39,
    pb.BARCODE_KIND_CODE128: doc.BarcodeKind.CODE128,
}


def print_document(wire: pb.PrintDocument) -> doc.PrintDocument:
    """Raises DocumentInvalid with the field of the part that is none."""
    if len(wire.parts) > PARTS_MAX:  # before looking at each of a million
        sentence = f"A document has 1 to {PARTS_MAX} parts."
        raise errors.DocumentInvalid("document.parts", sentence, limit=PARTS_MAX)
    if wire.ByteSize() > DOCUMENT_BYTES_MAX:
        sentence = f"A document has at most {DOCUMENT_BYTES_MAX} bytes."
        raise errors.DocumentInvalid("document", sentence, limit=DOCUMENT_BYTES_MAX)
    document = doc.PrintDocument(
        parts=tuple(
            _part(part, f"document.parts[{index}]") for index, part in enumerate(wire.parts)
        )
    )
    if sentence := too_much(document):
        raise errors.DocumentInvalid("document.parts", sentence)
    return document


def _part(wire: pb.Part, field: str) -> doc.Part:
    match wire.WhichOneof("part"):
        case "text":
            return doc.Text(runs=_runs(wire.text.runs), align=_align(wire.text.align, field))
        case "columns":
            columns = wire.columns
            return doc.Columns(left=columns.left, right=columns.right, style=_style(columns.style))
        case "rule":
            return doc.Rule(char=wire.rule.char or "-")
        case "barcode":
            return _barcode(wire.barcode, field)
        case "qr":
            qr = wire.qr
            return doc.QrCode(
                value=qr.value, module_dots=qr.module_dots or 4, level=qr.level or "M"
            )
        case "pdf417":
            return doc.Pdf417(value=wire.pdf417.value, module_dots=wire.pdf417.module_dots or 2)
        case "image":
            return doc.Image(
                content=wire.image.content,
                align=_align(wire.image.align or pb.ALIGN_CENTER, field),
            )
        case "logo":
            return doc.Logo(
                key_code=wire.logo.key_code,
                align=_align(wire.logo.align or pb.ALIGN_CENTER, field),
            )
        case "feed":
            return doc.Feed(lines=wire.feed.lines or 1)
        case "cut":
            return doc.Cut(partial=not wire.cut.full)
        case _:
            raise errors.DocumentInvalid(field, "The part is empty.")


def _runs(wire: Iterable[pb.Run]) -> tuple[doc.Run, ...]:
    return tuple(doc.Run(text=run.text, style=_style(run.style)) for run in wire)


def _style(wire: pb.Style) -> doc.Style:
    return doc.Style(
        bold=wire.bold,
        underline=wire.underline,
        inverse=wire.inverse,
        width=wire.width or 1,
        height=wire.height or 1,
    )


def _align(wire: pb.Align, field: str) -> doc.Align:
    align = _ALIGNS.get(wire)
    if align is None:
        raise errors.DocumentInvalid(f"{field}.align", "There is no such alignment.")
    return align


def _barcode(wire: pb.BarcodePart, field: str) -> doc.Barcode:
    kind = _BARCODES.get(wire.kind)
    if kind is None:
        raise errors.DocumentInvalid(f"{field}.kind", "A symbology is needed.")
    return doc.Barcode(
        kind=kind,
        value=wire.value,
        height_dots=wire.height_dots or 80,
        module_dots=wire.module_dots or 2,
        text_below=not wire.hide_text,
    )
