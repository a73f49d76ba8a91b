"""One record of the predecessor as a sale of ours, and whether it adds up."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

import msgspec

from tillhald.domain.amounts import Quantity
from tillhald.domain.predecessor import ImportMark
from tillhald.domain.sale import (
    Discount,
    Line,
    Sale,
    SaleKind,
    SaleState,
    TaxTotal,
    Tender,
    TenderType,
    Totals,
)
from tillhald.predecessor.records import OldLine, OldSale, OldSuspended

ID_BYTES = 16
TOLD_CHARS_MAX = 20
"""Of an old id in ours: the last ones, which differ."""
DIGEST_BYTES = 12
QUANTITIES_KEPT_MAX = 4_096
_NO_ID: Final = re.compile(r"[^A-Za-z0-9._:-]")

_as_json = msgspec.json.Encoder().encode


class DoesNotFit(Exception):
    """A record that is well-formed and cannot be right."""

    def __init__(self, sentence: str, field: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field


def sale_id_of(origin: str, kind: str, old_id: str) -> str:
    """The id that a predecessor's sale has here: the same for the same sale, in every export.

    It begins with what can be told of the old id, whatever is an id here: sales that follow one
    another there then have rows beside each other, and a piece of an import changes few pages.
    """
    named = f"{origin}\0{kind}\0{old_id}".encode()
    told = _NO_ID.sub("", old_id[-TOLD_CHARS_MAX:])
    return f"old-{told}-{hashlib.blake2b(named, digest_size=ID_BYTES).hexdigest()}"


@functools.lru_cache(QUANTITIES_KEPT_MAX)
def quantity_of(text: str) -> Quantity:
    """ "1.250" as 1250 × 10^-3."""
    whole, _, decimals = text.partition(".")
    return Quantity(int(whole + decimals), len(decimals))


def unix_ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def check_texts(record: msgspec.Struct) -> None:
    """Raises DoesNotFit for characters that no screen and no printer shows: they could be commands.

    Of records within records, too.
    """
    # All texts at once: JSON has a backslash before what it cannot hold as it is. Of a hundred
    # thousand sales hardly one has such a text, and only then it is worth asking which.
    whole = _as_json(record).decode()
    if "\\" in whole or not whole.isprintable():
        _check_each_text(record)


def _check_each_text(record: msgspec.Struct) -> None:
    for name in record.__struct_fields__:
        value = getattr(record, name)
        if isinstance(value, str):
            if not value.isprintable():
                raise DoesNotFit("The text has a character that cannot be printed.", name)
        elif isinstance(value, tuple):
            for index, item in enumerate(value):
                if isinstance(item, msgspec.Struct):
                    try:
                        _check_each_text(item)
                    except DoesNotFit as error:
                        error.field = f"{name}[{index}].{error.field}"
                        raise
                elif isinstance(item, str) and not item.isprintable():
                    raise DoesNotFit("The text has a character that cannot be printed.", name)


def sale_from(old: OldSale, mark: ImportMark, origin: str) -> Sale:
    """The completed sale. Raises DoesNotFit where its amounts do not add up."""
    check_texts(old)
    kind = SaleKind(old.kind)
    _check_lines(old.lines)
    totals = _totals(old)
    _check_amounts(old, totals)
    at_ms = unix_ms(old.at)
    first = next((line.of_sale for line in old.lines if line.of_sale), "")
    return Sale(
        sale_id=sale_id_of(origin, "sale", old.id),
        state=SaleState.COMPLETED,
        version=1,
        opened_ms=at_ms,
        updated_ms=at_ms,
        seq=0,
        shift_id="",
        business_day=old.business_day,
        operator=old.operator,
        language=old.language,
        tax_included=old.tax_included,
        kind=kind,
        lines=_lines(old.lines, kind),
        discounts=_discounts(old.lines),
        tenders=tuple(
            Tender(
                tender_id=f"t{number}",
                type=tender.type,
                amount_minor=tender.amount_minor,
                external_ref=tender.ref,
            )
            for number, tender in enumerate(old.tenders, start=1)
        ),
        original_sale_id=sale_id_of(origin, "sale", first) if first else "",
        reason=old.reason,
        totals=totals,
        rounding_minor=old.rounding_minor,
        change_minor=old.change_minor,
        imported=mark,
    )


def mark_of(old: OldSale, import_id: str, product: str) -> ImportMark:
    # Whether it was uploaded may change from one export to the next; the sale is the same.
    content = msgspec.msgpack.encode(msgspec.structs.replace(old, uploaded=False))
    return ImportMark(
        import_id=import_id,
        product=product,
        old_id=old.id,
        receipt=old.receipt,
        shift=old.shift,
        digest=hashlib.blake2b(content, digest_size=DIGEST_BYTES).hexdigest(),
        uploaded=old.uploaded,
    )


def suspended_from(old: OldSuspended, mark: ImportMark, origin: str) -> Sale:
    """The sale that waits here to be resumed; its totals are worked out here, as for any other.

    Raises DoesNotFit.
    """
    check_texts(old)
    _check_lines(old.lines)
    for index, line in enumerate(old.lines):
        if line.of_sale or quantity_of(line.quantity).unscaled <= 0 or line.discount_minor < 0:
            sentence = "Only goods that are sold can be put aside."
            raise DoesNotFit(sentence, f"lines[{index}]")
        if line.total_minor < 0:
            sentence = "The discount is more than the price."
            raise DoesNotFit(sentence, f"lines[{index}].discount_minor")
    at_ms = unix_ms(old.at)
    return Sale(
        sale_id=sale_id_of(origin, "suspended", old.id),
        state=SaleState.SUSPENDED,
        version=1,
        opened_ms=at_ms,
        updated_ms=at_ms,
        seq=0,
        shift_id="",
        business_day="",
        operator=old.operator,
        language=old.language,
        tax_included=old.tax_included,
        lines=_lines(old.lines, SaleKind.SALE),
        discounts=_discounts(old.lines),
        note=old.note,
        imported=mark,
    )


def returns_in(old: OldSale) -> Iterator[tuple[str, str, Quantity]]:
    """What a record gives back: of which sale, which line, how much."""
    for line in old.lines:
        if line.of_sale:
            given = quantity_of(line.quantity)
            yield line.of_sale, line.of_line, Quantity(-given.unscaled, given.scale)


def kept_of(old: OldSale) -> Iterator[tuple[str, int]]:
    """What stayed of each tender: of cash, less the change."""
    for tender in old.tenders:
        yield tender.type.value, tender.amount_minor
    if old.change_minor:
        yield TenderType.CASH.value, -old.change_minor


def _check_amounts(old: OldSale, totals: Totals) -> None:
    lines = sum([line.total_minor for line in old.lines])
    if not old.tax_included:
        lines += totals.tax_minor
    if lines != old.total_minor:
        sentence = f"The lines come to {lines}, the sale says {old.total_minor}."
        raise DoesNotFit(sentence, "total_minor")
    given = sum([tender.amount_minor for tender in old.tenders]) - old.change_minor
    if given != old.total_minor + old.rounding_minor:
        sentence = (
            f"The tenders less change come to {given}, total and rounding to"
            f" {old.total_minor + old.rounding_minor}."
        )
        raise DoesNotFit(sentence, "tenders")
    if old.kind == "sale":
        return
    if old.total_minor > 0 or old.change_minor:
        raise DoesNotFit("What is given back has amounts of zero or below.", "total_minor")
    if old.kind == "void" and len({line.of_sale for line in old.lines}) != 1:
        raise DoesNotFit("A void is of one sale.", "lines")


def _check_lines(lines: tuple[OldLine, ...]) -> None:
    if len({line.line_id for line in lines}) != len(lines):
        raise DoesNotFit("A line's id stands twice.", "lines")
    for index, line in enumerate(lines):
        quantity = quantity_of(line.quantity).unscaled
        if abs(line.tax_minor) > abs(line.total_minor):
            raise DoesNotFit("The tax is more than the price.", f"lines[{index}].tax_minor")
        if line.discount_minor and (line.discount_minor < 0) != (quantity < 0):
            sentence = "A discount has the sign of the quantity."
            raise DoesNotFit(sentence, f"lines[{index}].discount_minor")
        # A price below zero is a deposit's, or a discount that is sold as an article.
        if line.unit_price_minor > 0 and (line.total_minor + line.discount_minor) * quantity < 0:
            sentence = "At a price above zero the total has the sign of the quantity."
            raise DoesNotFit(sentence, f"lines[{index}].total_minor")
        if bool(line.of_sale) != bool(line.of_line):
            sentence = "What is given back names a sale and its line."
            raise DoesNotFit(sentence, f"lines[{index}].of_line")
        if quantity == 0 or (line.of_sale and quantity > 0):
            sentence = "A quantity is not zero, and below zero where something is given back."
            raise DoesNotFit(sentence, f"lines[{index}].quantity")


def _lines(lines: tuple[OldLine, ...], kind: SaleKind) -> tuple[Line, ...]:
    return tuple(
        Line(
            line_id=line.line_id,
            description=line.description,
            unit_price_minor=line.unit_price_minor,
            extended_minor=line.total_minor + line.discount_minor,
            quantity=quantity_of(line.quantity),
            sku=line.sku,
            unit=line.unit,
            tax_code=line.tax_code,
            tax_percent=quantity_of(line.tax_percent),
            original_line_id=line.of_line,
            tax_minor=None if kind is SaleKind.SALE else line.tax_minor,
        )
        for line in lines
    )


def _discounts(lines: tuple[OldLine, ...]) -> tuple[Discount, ...]:
    return tuple(
        Discount(discount_id=f"d{number}", line_id=line.line_id, amount_minor=line.discount_minor)
        for number, line in enumerate(lines, start=1)
        if line.discount_minor
    )


def _totals(old: OldSale) -> Totals:
    discounts = tuple([line.discount_minor for line in old.lines])
    taxes = tuple([line.tax_minor for line in old.lines])
    return Totals(
        payable_minor=old.total_minor,
        discount_minor=sum(discounts),
        tax_minor=sum(taxes),
        taxes=tuple(_taxes(old.lines, is_included=old.tax_included)),
        line_discounts=discounts,
        line_taxes=taxes,
        discount_amounts=tuple(filter(None, discounts)),
    )


def _taxes(lines: Iterable[OldLine], *, is_included: bool) -> Iterator[TaxTotal]:
    rates: dict[tuple[str, str], tuple[int, int]] = {}
    for line in lines:
        amount, tax = rates.get((line.tax_code, line.tax_percent), (0, 0))
        rates[line.tax_code, line.tax_percent] = amount + line.total_minor, tax + line.tax_minor
    for (code, percent), (amount, tax) in rates.items():
        net = amount - tax if is_included else amount
        yield TaxTotal(code, quantity_of(percent), net, tax)
