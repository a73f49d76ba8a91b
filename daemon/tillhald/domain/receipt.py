"""The receipt of a completed sale, as a document for any printer's columns."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from tillhald.domain.currency import shortest, written
from tillhald.domain.document import (
    Align,
    Columns,
    Cut,
    Feed,
    Logo,
    Part,
    PrintDocument,
    Rule,
    Run,
    Style,
    Text,
)
from tillhald.domain.sale import Line, Sale, SaleKind, TenderState, totals_of

_BIG: Final = Style(bold=True, width=2, height=2)
_BOLD: Final = Style(bold=True)

_EN: Final = {
    "receipt": "Receipt",
    "return": "RETURN",
    "void": "VOID",
    "voided": "VOIDED",
    "copy": "COPY",
    "training": "TRAINING",
    "no_receipt": "This is no receipt",
    "may_be_duplicate": "May be a duplicate",
    "of_receipt": "For receipt",
    "reason": "Reason",
    "discount": "Discount",
    "sale_discount": "Discount on the sale",
    "total": "TOTAL",
    "to_give_back": "TO GIVE BACK",
    "rounding": "Rounding",
    "change": "Change",
    "tax": "Tax",
    "net": "net",
    "operator": "Served by",
    "back_entry": "Entered later from paper slip",
    "paper_time": "Time on the slip",
    "imported": "Taken over from",
    "cash": "Cash",
    "credit_card": "Credit card",
    "debit_card": "Debit card",
    "stored_value": "Stored value",
    "wallet_qr": "Wallet",
    "cheque": "Cheque",
    "voucher": "Voucher",
    "account": "On account",
    "other": "Other",
}
_ZH: Final = {
    "receipt": "小票号",
    "return": "退货",
    "void": "作废",
    "voided": "已作废",
    "copy": "重印",
    "training": "培训",
    "no_receipt": "此单无效",
    "may_be_duplicate": "可能重复",
    "of_receipt": "原小票号",
    "reason": "原因",
    "discount": "优惠",
    "sale_discount": "整单优惠",
    "total": "合计",
    "to_give_back": "应退",
    "rounding": "抹零",
    "change": "找零",
    "tax": "税",
    "net": "不含税",
    "operator": "收银员",
    "back_entry": "补录 手写单编号",
    "paper_time": "手写单时间",
    "imported": "转入自",
    "cash": "现金",
    "credit_card": "信用卡",
    "debit_card": "借记卡",
    "stored_value": "储值卡",
    "wallet_qr": "扫码支付",
    "cheque": "支票",
    "voucher": "代金券",
    "account": "挂账",
    "other": "其他",
}
LANGUAGES: Final = {"en": _EN, "zh-CN": _ZH}
RECEIPT_CUTS: Final = 1
"""How often a receipt is cut: once, behind all that stands on it."""


class ReceiptLayout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a shop puts above and below every receipt. Each string is one centred line; `logo` is
    a picture's file, whole, empty for none."""

    logo: bytes = b""
    header: tuple[str, ...] = ()
    footer: tuple[str, ...] = ()


def receipt_of(
    sale: Sale,
    layout: ReceiptLayout,
    *,
    currency: str,
    time_text: str,
    copy: int = 0,
    may_be_duplicate: bool = False,
    paper_time_text: str = "",
) -> PrintDocument:
    """The paper of a completed sale. `time_text` is the local time; `copy` above 0 marks a copy,
    `may_be_duplicate` one whose original may be out, and nobody knows. `paper_time_text` is the
    time on the slip that it was entered from, empty for none."""
    words = words_in(sale.language)
    parts: list[Part] = []
    if layout.logo:
        parts.append(Logo(content=layout.logo))
    if layout.header:
        parts.append(_centred(layout.header[0], _BIG))
        parts.extend(_centred(line) for line in layout.header[1:])
    if copy:
        parts.extend(_copy_marks(words, copy, may_be_duplicate=may_be_duplicate))
    if sale.training:
        parts.extend(_training_marks(words))
    if sale.kind is not SaleKind.SALE:
        parts.append(_centred(words[sale.kind.value], _BIG))
    if sale.voided_by:  # since: what comes on paper only now shall not look good
        parts.append(_centred(words["voided"], _BIG))
    if sale.slip is not None:
        parts.append(_centred(f"{words['back_entry']} {sale.slip.slip_no}", _BOLD))
    elsewhere = sale.imported if sale.is_made_elsewhere else None
    number = elsewhere.receipt if elsewhere else sale.receipt_number
    parts.append(Columns(left=f"{words['receipt']} {number}", right=time_text))
    if elsewhere is not None:
        parts.append(_centred(f"{words['imported']} {elsewhere.product}", _BOLD))
    if sale.original_receipt_number or sale.original_receipt:
        original = sale.original_receipt or str(sale.original_receipt_number)
        parts.append(Columns(left=words["of_receipt"], right=original))
        if sale.reason:
            parts.append(Columns(left=words["reason"], right=sale.reason))
    if paper_time_text:
        parts.append(Columns(left=words["paper_time"], right=paper_time_text))
    parts.append(Rule())
    parts.extend(line_parts(sale, words, currency))
    parts.append(Rule())
    parts.extend(_totals(sale, words, currency))
    parts.append(Feed(lines=1))
    parts.append(Text(runs=(Run(text=f"{words['operator']}: {sale.operator}"),)))
    parts.extend(_centred(line) for line in layout.footer)
    if sale.training:
        parts.extend(_training_marks(words))
    parts.extend((Feed(lines=1), Cut()))
    return PrintDocument(parts=tuple(parts))


def marked_copy(
    document: PrintDocument, language: str, copy: int, *, may_be_duplicate: bool = True
) -> PrintDocument:
    """A document that is, or may be, on paper already, as the copy of that number."""
    words = LANGUAGES.get(language, _EN)
    marks = _copy_marks(words, copy, may_be_duplicate=may_be_duplicate)
    return PrintDocument(parts=(*marks, *document.parts))


def _copy_marks(words: dict[str, str], copy: int, *, may_be_duplicate: bool) -> list[Part]:
    # A second paper must never pass for the first.
    marked = _EN["copy"] if words is _EN else f"{words['copy']} {_EN['copy']}"
    marks: list[Part] = [_centred(f"*** {marked} {copy} ***", _BIG)]
    if may_be_duplicate:
        marks.append(_centred(words["may_be_duplicate"], _BOLD))
    return marks


def _training_marks(words: dict[str, str]) -> list[Part]:
    # Above and below: paper can be torn, and must not pass for a receipt then.
    marked = words["training"]
    both = marked if words is _EN else f"{marked} {_EN['training']}"
    return [_centred(f"* {both} *", _BIG), _centred(words["no_receipt"], _BOLD)]


def _centred(text: str, style: Style | None = None) -> Text:
    return Text(runs=(Run(text=text, style=style or Style()),), align=Align.CENTER)


def words_in(language: str) -> dict[str, str]:
    """The words of a receipt in a language; in English where there are none."""
    return LANGUAGES.get(language, _EN)


def line_parts(sale: Sale, words: dict[str, str], currency: str) -> list[Part]:
    """The articles of a sale and its discounts."""
    parts: list[Part] = []
    amounts = totals_of(sale).discount_amounts
    for line in sale.lines:
        mark = f" {line.tax_code}" if line.tax_code else ""
        price = written(line.extended_minor, currency) + mark
        parts.append(Columns(left=line.description, right=price))
        if _counted(line):
            unit_price = written(line.unit_price_minor, currency)
            unit = f" {line.unit}" if line.unit else ""
            how_many = f"  {shortest(line.quantity)}{unit} × {unit_price}"
            parts.append(Text(runs=(Run(text=how_many),)))
        parts.extend(
            Columns(left=f"  {d.reason or words['discount']}", right=written(-off, currency))
            for d, off in zip(sale.discounts, amounts, strict=True)
            if d.line_id == line.line_id
        )
    parts.extend(
        Columns(left=d.reason or words["sale_discount"], right=written(-off, currency))
        for d, off in zip(sale.discounts, amounts, strict=True)
        if not d.line_id
    )
    return parts


def _counted(line: Line) -> bool:
    return abs(line.quantity.unscaled) != 10**line.quantity.scale or bool(line.unit)


def _totals(sale: Sale, words: dict[str, str], currency: str) -> list[Part]:
    totals = totals_of(sale)
    title = words["total"] if totals.payable_minor >= 0 else words["to_give_back"]
    amount = f"{currency} {written(totals.payable_minor, currency)}"
    parts: list[Part] = []
    taxes = [tax for tax in totals.taxes if tax.tax_code or tax.tax_minor]
    tax_lines = [
        Columns(
            left=f"{words['tax']} {tax.tax_code}".rstrip()
            + f" {shortest(tax.tax_percent)}% ({words['net']} {written(tax.net_minor, currency)})",
            right=written(tax.tax_minor, currency),
        )
        for tax in taxes
    ]
    if not sale.tax_included:
        parts.extend(tax_lines)
    parts.append(Columns(left=title, right=amount, style=Style(bold=True, height=2)))
    if sale.rounding_minor:
        parts.append(Columns(left=words["rounding"], right=written(sale.rounding_minor, currency)))
    parts.extend(
        Columns(left=words[tender.type.value], right=written(tender.amount_minor, currency))
        for tender in sale.tenders
        if tender.state is TenderState.APPROVED
    )
    if sale.change_minor:
        change = written(sale.change_minor, currency)
        parts.append(Columns(left=words["change"], right=change, style=_BOLD))
    if sale.tax_included and tax_lines:
        parts.extend((Rule(), *tax_lines))
    return parts


def with_logo(document: PrintDocument, logo: bytes) -> PrintDocument:
    """The document with the shop's logo, where it asks for it; a shop without one leaves it out."""
    parts = (
        replace(part, content=logo) if isinstance(part, Logo) and not part.key_code else part
        for part in document.parts
    )
    return PrintDocument(
        parts=tuple(p for p in parts if not isinstance(p, Logo) or p.key_code or p.content)
    )


def non_ascii(document: PrintDocument) -> frozenset[str]:
    """Every character of the document's texts that not every printer has."""
    texts = (text for part in document.parts for text in _texts(part))
    return frozenset(char for text in texts for char in text if not char.isascii())


def without(document: PrintDocument, unprintable: frozenset[str]) -> PrintDocument:
    """The document with a star for each character that its printer cannot print.

    A receipt with a star in an article's name is worth more to everybody than no receipt.
    """
    table = str.maketrans(dict.fromkeys(unprintable, "*"))
    return PrintDocument(parts=tuple(_translated(part, table) for part in document.parts))


def _texts(part: Part) -> tuple[str, ...]:
    match part:
        case Text():
            return tuple(run.text for run in part.runs)
        case Columns():
            return (part.left, part.right)
        case _:
            return ()


def _translated(part: Part, table: dict[int, str]) -> Part:
    match part:
        case Text():
            runs = tuple(replace(run, text=run.text.translate(table)) for run in part.runs)
            return replace(part, runs=runs)
        case Columns():
            return replace(part, left=part.left.translate(table), right=part.right.translate(table))
        case _:
            return part
