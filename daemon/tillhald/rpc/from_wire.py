"""Requests on sales, from the wire to commands. Dull on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from tillhal.v1 import checkout_pb2 as pb
from tillhald.domain import commands as cmd
from tillhald.domain import errors
from tillhald.domain.amounts import AMOUNT_MINOR_MAX, extend
from tillhald.domain.receipt import LANGUAGES
from tillhald.domain.sale import (
    LINES_MAX,
    Discount,
    EntryMethod,
    Line,
    SaleState,
    Tender,
    TenderState,
    TenderType,
)
from tillhald.domain.sales_by_day import SEQ_BYTES
from tillhald.rpc import fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

W = TypeVar("W")
T = TypeVar("T")

_ENTRY_METHODS = {
    pb.ENTRY_METHOD_UNSPECIFIED: EntryMethod.KEYED,
    pb.ENTRY_METHOD_SCANNED: EntryMethod.SCANNED,
    pb.ENTRY_METHOD_KEYED: EntryMethod.KEYED,
    pb.ENTRY_METHOD_WEIGHED: EntryMethod.WEIGHED,
    pb.ENTRY_METHOD_PRICE_EMBEDDED: EntryMethod.PRICE_EMBEDDED,
}
TENDER_TYPES = {
    pb.TENDER_TYPE_CASH: TenderType.CASH,
    pb.TENDER_TYPE_CREDIT_CARD: TenderType.CREDIT_CARD,
    pb.TENDER_TYPE_DEBIT_CARD: TenderType.DEBIT_CARD,
    pb.TENDER_TYPE_STORED_VALUE: TenderType.STORED_VALUE,
    pb.TENDER_TYPE_WALLET_QR: TenderType.WALLET_QR,
    pb.TENDER_TYPE_CHEQUE: TenderType.CHEQUE,
    pb.TENDER_TYPE_VOUCHER: TenderType.VOUCHER,
    pb.TENDER_TYPE_ACCOUNT: TenderType.ACCOUNT,
    pb.TENDER_TYPE_OTHER: TenderType.OTHER,
}
TENDER_STATES = {
    pb.TENDER_STATE_PENDING: TenderState.PENDING,
    pb.TENDER_STATE_APPROVED: TenderState.APPROVED,
    pb.TENDER_STATE_DECLINED: TenderState.DECLINED,
    pb.TENDER_STATE_UNKNOWN: TenderState.UNKNOWN,
    pb.TENDER_STATE_REVERSED: TenderState.REVERSED,
    pb.TENDER_STATE_WRITTEN_OFF: TenderState.WRITTEN_OFF,
}
_SALE_STATES = {
    pb.SALE_STATE_OPEN: SaleState.OPEN,
    pb.SALE_STATE_SUSPENDED: SaleState.SUSPENDED,
    pb.SALE_STATE_TENDERING: SaleState.TENDERING,
    pb.SALE_STATE_INTERRUPTED: SaleState.INTERRUPTED,
    pb.SALE_STATE_COMPLETED: SaleState.COMPLETED,
    pb.SALE_STATE_CANCELLED: SaleState.CANCELLED,
}
_TAX_INCLUDED = {
    pb.TAX_MODE_UNSPECIFIED: None,
    pb.TAX_MODE_INCLUDED: True,
    pb.TAX_MODE_ADDED: False,
}


def sale_states(wire: Iterable[pb.SaleState]) -> frozenset[SaleState]:
    """The states that a list of sales is asked for; all of them where none is named."""
    named = list(wire)
    unknown = [at for at, state in enumerate(named) if state not in _SALE_STATES]
    if unknown:
        raise errors.FieldInvalid(f"states[{unknown[0]}]", "There is no such state of a sale.")
    return frozenset(_SALE_STATES[state] for state in named) or frozenset(SaleState)


def list_place(token: str) -> bytes:
    """Where a page of a day's sales starts; empty for the first page."""
    try:
        place = bytes.fromhex(token)
    except ValueError:
        place = b"?"
    if place and not SEQ_BYTES < len(place) <= SEQ_BYTES + fields.ID_CHARS_MAX:
        raise errors.FieldInvalid("page_token", "This is no page token.")
    return place


def line(wire: pb.LineInput, currency: str) -> Line:
    unit_price = fields.money(wire.unit_price, "unit_price", currency)
    if unit_price < 0:
        raise errors.FieldInvalid("unit_price", "The amount is below zero.")
    quantity = fields.quantity(wire.quantity, "quantity")
    extended = extend(unit_price, quantity)
    if extended > AMOUNT_MINOR_MAX:
        sentence = "Price times quantity is out of range."
        raise errors.AmountOutOfRange("quantity", sentence, limit_minor=AMOUNT_MINOR_MAX)
    method = _ENTRY_METHODS.get(wire.entry_method)
    if method is None:
        raise errors.FieldInvalid("entry_method", "There is no such entry method.")
    return Line(
        line_id=fields.identifier(wire.line_id, "line_id"),
        description=fields.text(
            wire.description, "description", most=fields.TEXT_CHARS_MAX, least=1
        ),
        sku=fields.text(wire.sku, "sku", most=64),
        quantity=quantity,
        unit=fields.text(wire.unit, "unit", most=8),
        unit_price_minor=unit_price,
        extended_minor=extended,
        tax_code=fields.text(wire.tax_code, "tax_code", most=16),
        tax_percent=fields.percent(wire.tax_percent, "tax_percent"),
        entry_method=method,
    )


def discount(wire: pb.DiscountInput, currency: str) -> Discount:
    kind = wire.WhichOneof("value")
    if kind is None:
        raise errors.FieldInvalid("value", "An amount or a percentage is needed.")
    amount, percent = 0, None
    if kind == "amount":
        amount = fields.money(wire.amount, "amount", currency)
        if amount < 0:
            raise errors.FieldInvalid("amount", "The amount is below zero.")
    else:
        percent = fields.percent(wire.percent, "percent")
    return Discount(
        discount_id=fields.identifier(wire.discount_id, "discount_id"),
        line_id=fields.identifier(wire.line_id, "line_id") if wire.line_id else "",
        amount_minor=amount,
        percent=percent,
        reason=fields.text(wire.reason, "reason"),
    )


def tender(wire: pb.TenderInput, currency: str) -> Tender:
    kind = TENDER_TYPES.get(wire.type)
    if kind is None:
        raise errors.FieldInvalid("type", "A type of tender is needed.")
    amount = fields.money(wire.amount, "amount", currency)
    if amount == 0:
        raise errors.FieldInvalid("amount", "A tender is not zero.")
    return Tender(
        tender_id=fields.identifier(wire.tender_id, "tender_id"),
        type=kind,
        amount_minor=amount,
        external_ref=fields.text(wire.external_ref, "external_ref"),
    )


def _items(
    wires: Iterable[W], name: str, read: Callable[[W, str], T], currency: str
) -> tuple[T, ...]:
    """A list of a request; a refusal names the item."""
    items: list[T] = []
    try:
        for wire in wires:
            items.append(read(wire, currency))  # noqa: PERF401 - its length names the bad item
    except errors.Invalid as refusal:
        raise fields.in_item(refusal, f"{name}[{len(items)}]") from None
    return tuple(items)


def _item(wire: W, name: str, read: Callable[[W, str], T], currency: str) -> T:
    """A message of a request; a refusal names it."""
    try:
        return read(wire, currency)
    except errors.Invalid as refusal:
        raise fields.in_item(refusal, name) from None


def tax_included(wire: pb.TaxMode) -> bool | None:
    if wire not in _TAX_INCLUDED:
        raise errors.FieldInvalid("tax_mode", "There is no such tax mode.")
    return _TAX_INCLUDED[wire]


def language(value: str) -> str:
    if value and value not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise errors.FieldInvalid("language", f"Receipts are written in {known}.")
    return value


def checkout(wire: pb.CheckoutRequest, currency: str) -> cmd.Checkout:
    if len(wire.lines) > LINES_MAX:
        sentence = f"{len(wire.lines)} lines are too many; at most {LINES_MAX}."
        raise errors.TooManyLines("lines", sentence, limit=LINES_MAX)
    return cmd.Checkout(
        sale_id=fields.identifier(wire.sale_id, "sale_id"),
        lines=_items(wire.lines, "lines", line, currency),
        discounts=_items(wire.discounts, "discounts", discount, currency),
        tenders=_items(wire.tenders, "tenders", tender, currency),
        tax_included=tax_included(wire.tax_mode),
        language=language(wire.language),
    )


def open_sale(wire: pb.OpenSaleRequest) -> cmd.OpenSale:
    return cmd.OpenSale(
        sale_id=fields.identifier(wire.sale_id, "sale_id"),
        tax_included=tax_included(wire.tax_mode),
        language=language(wire.language),
    )


def put_line(wire: pb.PutLineRequest, currency: str) -> cmd.PutLine:
    return cmd.PutLine(
        sale_id=fields.identifier(wire.sale_id, "sale_id"),
        expected_version=fields.version(wire.expected_version),
        line=_item(wire.line, "line", line, currency),
    )


def remove_line(wire: pb.RemoveLineRequest) -> cmd.RemoveLine:
    return cmd.RemoveLine(
        sale_id=fields.identifier(wire.sale_id, "sale_id"),
        expected_version=fields.version(wire.expected_version),
        line_id=fields.identifier(wire.line_id, "line_id"),
    )


def apply_discount(wire: pb.ApplyDiscountRequest, currency: str) -> cmd.ApplyDiscount:
    return cmd.ApplyDiscount(
        sale_id=fields.identifier(wire.sale_id, "sale_id"),
        expected_version=fields.version(wire.expected_version),
        discount=_item(wire.discount, "discount", discount, currency),
    )


def suspend_sale(wire: pb.SuspendSaleRequest) -> cmd.SuspendSale:
    return cmd.SuspendSale(
        sale_id=fields.identifier(wire.sale_id, "sale_id"),
        expected_version=fields.version(wire.expected_version),
        note=fields.text(wire.note, "note"),
    )


def resume_sale(wire: pb.ResumeSaleRequest) -> cmd.ResumeSale:
    return cmd.ResumeSale(
        sale_id=fields.identifier(wire.sale_id, "sale_id"),
        expected_version=fields.version(wire.expected_version),
    )


def add_tender(wire: pb.AddTenderRequest, currency: str) -> cmd.AddTender:
    given = _item(wire.tender, "tender", tender, currency)
    if wire.pending:
        if given.type is TenderType.CASH:
            sentence = "Cash is there or it is not; it is never pending."
            raise errors.FieldInvalid("pending", sentence)
        given = replace(given, state=TenderState.PENDING)
    return cmd.AddTender(
        sale_id=fields.identifier(wire.sale_id, "sale_id"),
        expected_version=fields.version(wire.expected_version),
        tender=given,
    )


def resolve_tender(wire: pb.ResolveTenderRequest) -> cmd.ResolveTender:
    outcome = TENDER_STATES.get(wire.outcome)
    if outcome is None:
        raise errors.FieldInvalid("outcome", "An outcome is needed.")
    return cmd.ResolveTender(
        sale_id=fields.identifier(wire.sale_id, "sale_id"),
        expected_version=fields.version(wire.expected_version),
        tender_id=fields.identifier(wire.tender_id, "tender_id"),
        outcome=outcome,
        evidence=fields.text(wire.evidence, "evidence"),
    )


def reverse_tender(wire: pb.ReverseTenderRequest) -> cmd.ReverseTender:
    return cmd.ReverseTender(
        sale_id=fields.identifier(wire.sale_id, "sale_id"),
        expected_version=fields.version(wire.expected_version),
        tender_id=fields.identifier(wire.tender_id, "tender_id"),
        reason=fields.text(wire.reason, "reason"),
    )


def complete_sale(wire: pb.CompleteSaleRequest) -> cmd.CompleteSale:
    return cmd.CompleteSale(
        sale_id=fields.identifier(wire.sale_id, "sale_id"),
        expected_version=fields.version(wire.expected_version),
    )


def cancel_sale(wire: pb.CancelSaleRequest) -> cmd.CancelSale:
    return cmd.CancelSale(
        sale_id=fields.identifier(wire.sale_id, "sale_id"),
        expected_version=fields.version(wire.expected_version),
        reason=fields.text(wire.reason, "reason"),
    )


def void_sale(wire: pb.VoidSaleRequest) -> cmd.VoidSale:
    return cmd.VoidSale(
        sale_id=fields.identifier(wire.sale_id, "sale_id"),
        original_sale_id=fields.identifier(wire.original_sale_id, "original_sale_id"),
        reason=fields.text(wire.reason, "reason", least=1),
    )


def open_return(wire: pb.OpenReturnRequest) -> cmd.OpenReturn:
    if len(wire.lines) > LINES_MAX:
        sentence = f"{len(wire.lines)} lines are too many; at most {LINES_MAX}."
        raise errors.TooManyLines("lines", sentence, limit=LINES_MAX)
    return cmd.OpenReturn(
        sale_id=fields.identifier(wire.sale_id, "sale_id"),
        original_sale_id=fields.identifier(wire.original_sale_id, "original_sale_id"),
        lines=tuple(
            cmd.ReturnedLine(
                line_id=fields.identifier(item.line_id, f"lines[{i}].line_id"),
                original_line_id=fields.identifier(
                    item.original_line_id, f"lines[{i}].original_line_id"
                ),
                quantity=fields.quantity(item.quantity, f"lines[{i}].quantity"),
            )
            for i, item in enumerate(wire.lines)
        ),
        reason=fields.text(wire.reason, "reason", least=1),
    )


def reprint_receipt(wire: pb.ReprintReceiptRequest) -> cmd.ReprintReceipt:
    return cmd.ReprintReceipt(
        sale_id=fields.identifier(wire.sale_id, "sale_id"),
        job_id=fields.identifier(wire.job_id, "job_id"),
    )
