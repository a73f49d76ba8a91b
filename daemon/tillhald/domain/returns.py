"""Giving goods back: returns of lines, and voids of whole sales. Both are new sales."""

from __future__ import annotations

from collections import Counter

from msgspec.structs import replace

from tillhald.domain import commands as cmd
from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain.sale import (
    LINES_MAX,
    Line,
    Sale,
    SaleKind,
    SaleState,
    Tender,
    TenderState,
    TenderType,
    check_unique,
    returned_line,
)


def _check_original(original: Sale) -> None:
    if original.state is not SaleState.COMPLETED or original.kind is not SaleKind.SALE:
        sentence = "Only a completed sale of goods can be returned or voided."
        raise errors.SaleStateWrong(sentence, state=original.state.value, kind=original.kind.value)
    if original.voided_by:
        sentence = "The sale has been voided."
        raise errors.AlreadyVoided(sentence, voided_by_sale_id=original.voided_by)


def open_return(original: Sale, command: cmd.OpenReturn, operator: str) -> ev.SaleOpened:
    """Raises ReturnExceedsSold, LineNotFound, BadScale, SaleStateWrong, AlreadyVoided."""
    _check_original(original)
    if not command.lines:
        raise errors.FieldInvalid("lines", "A return needs at least one line.")
    if len(command.lines) > LINES_MAX:
        raise errors.TooManyLines("lines", f"At most {LINES_MAX} lines.", limit=LINES_MAX)
    check_unique([line.original_line_id for line in command.lines], "lines", "original_line_id")
    check_unique([line.line_id for line in command.lines], "lines", "line_id")
    lines = tuple(
        _return_line(original, asked, f"lines[{index}]")
        for index, asked in enumerate(command.lines)
    )
    return _opened(original, command, operator, SaleKind.RETURN, lines)


def _return_line(original: Sale, asked: cmd.ReturnedLine, field: str) -> Line:
    line = original.line(asked.original_line_id)
    if line is None:
        sentence = "There is no such line in the original sale."
        raise errors.LineNotFound(sentence, line_id=asked.original_line_id)
    finer = asked.quantity.scale - line.quantity.scale
    if finer > 0:
        sentence = "The quantity has more decimals than what was sold."
        raise errors.BadScale(f"{field}.quantity", sentence, scale=line.quantity.scale)
    unscaled = asked.quantity.unscaled * 10**-finer
    _check_left(original, line, unscaled)
    return returned_line(original, line, line_id=asked.line_id, unscaled=unscaled)


def _check_left(original: Sale, line: Line, unscaled: int) -> None:
    left = line.quantity.unscaled - original.returned.get(line.line_id, 0)
    if unscaled > left:
        sentence = "More would come back than was sold and not returned yet."
        raise errors.ReturnExceedsSold(
            sentence, line_id=line.line_id, left_unscaled=left, scale=line.quantity.scale
        )


def recheck_return(original: Sale, sale: Sale) -> None:
    """At completion: another return, or a void, may have been quicker since the return was opened.

    Its amounts were cut for what had come back by then, so they must be cut afresh too: the
    return is refused and is to be opened again.
    """
    _check_original(original)
    for line in sale.lines:
        sold = original.line(line.original_line_id)
        assert sold is not None, "a return's line names a line of its original"
        _check_left(original, sold, -line.quantity.unscaled)
        fresh = returned_line(
            original, sold, line_id=line.line_id, unscaled=-line.quantity.unscaled
        )
        if (fresh.extended_minor, fresh.tax_minor) != (line.extended_minor, line.tax_minor):
            sentence = "Another return of this sale was completed meanwhile; open this one again."
            raise errors.ReturnExceedsSold(sentence, line_id=sold.line_id)


def void_sale(
    original: Sale, command: cmd.VoidSale, operator: str
) -> tuple[ev.SaleOpened, tuple[Tender, ...]]:
    """The mirror of the original: every line, and every tender that counted.

    Cash is mirrored as what stayed in the drawer: tendered less change.
    """
    _check_original(original)
    if original.is_made_elsewhere:
        sentence = "A sale of the till before this one is given back with a return."
        raise errors.SaleStateWrong(sentence, state=original.state.value, kind=original.kind.value)
    if original.returned:
        sentence = "Part of the sale has been returned; return the rest instead."
        raise errors.ReturnExceedsSold(sentence, sale_id=original.sale_id)
    lines = tuple(
        returned_line(original, line, line_id=line.line_id, unscaled=line.quantity.unscaled)
        for line in original.lines
    )
    cash = -original.change_minor
    tenders: list[Tender] = []
    for tender in original.tenders:
        if tender.state is not TenderState.APPROVED:
            continue
        if tender.type is TenderType.CASH:
            cash += tender.amount_minor
        else:
            tenders.append(replace(tender, amount_minor=-tender.amount_minor))
    if cash:
        taken = Counter(tender.tender_id for tender in tenders)
        tender_id = next(k for k in ("cash", "cash/void") if not taken[k])
        tenders.append(Tender(tender_id=tender_id, type=TenderType.CASH, amount_minor=-cash))
    opened = _opened(original, command, operator, SaleKind.VOID, lines)
    return opened, tuple(tenders)


def _opened(
    original: Sale,
    command: cmd.OpenReturn | cmd.VoidSale,
    operator: str,
    kind: SaleKind,
    lines: tuple[Line, ...],
) -> ev.SaleOpened:
    return ev.SaleOpened(
        sale_id=command.sale_id,
        language=original.language,
        tax_included=original.tax_included,
        operator=operator,
        kind=kind,
        lines=lines,
        original_sale_id=original.sale_id,
        original_receipt_number=original.receipt_number,
        reason=command.reason,
        original_receipt=_receipt_elsewhere(original),
    )


def _receipt_elsewhere(original: Sale) -> str:
    mark = original.imported
    return mark.receipt if mark is not None and original.is_made_elsewhere else ""


def amended(original: Sale, later: Sale) -> Sale:
    """The original's index entry after `later`, a completed return or void of it."""
    if later.kind is SaleKind.VOID:
        return replace(original, voided_by=later.sale_id)
    returned = dict(original.returned)
    for line in later.lines:
        key = line.original_line_id
        returned[key] = returned.get(key, 0) - line.quantity.unscaled
    return replace(original, returned=returned)
