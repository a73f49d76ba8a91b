"""Sales, jobs, kicks and records, from values to the wire. Dull on purpose."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from google.protobuf.timestamp_pb2 import Timestamp

from tillhal.v1 import checkout_pb2 as pb
from tillhal.v1 import drawer_pb2, printer_pb2, types_pb2
from tillhald.domain.answers import summary_of
from tillhald.domain.jobs import JobKind, JobState, KickReason, KickState, Resolution
from tillhald.domain.sale import EntryMethod, Sale, SaleKind, SaleState, totals_of
from tillhald.rpc.from_wire import TENDER_STATES, TENDER_TYPES

if TYPE_CHECKING:
    from tillhald.domain.amounts import Quantity
    from tillhald.domain.answers import SaleSummary
    from tillhald.domain.jobs import Job, Kick
    from tillhald.domain.predecessor import ImportMark
    from tillhald.domain.sale import Line
    from tillhald.domain.slips import SlipMark

_SALE_STATES = {
    SaleState.OPEN: pb.SALE_STATE_OPEN,
    SaleState.SUSPENDED: pb.SALE_STATE_SUSPENDED,
    SaleState.TENDERING: pb.SALE_STATE_TENDERING,
    SaleState.INTERRUPTED: pb.SALE_STATE_INTERRUPTED,
    SaleState.COMPLETED: pb.SALE_STATE_COMPLETED,
    SaleState.CANCELLED: pb.SALE_STATE_CANCELLED,
}
_SALE_KINDS = {
    SaleKind.SALE: pb.SALE_KIND_SALE,
    SaleKind.RETURN: pb.SALE_KIND_RETURN,
    SaleKind.VOID: pb.SALE_KIND_VOID,
}
_TENDER_TYPES = {value: wire for wire, value in TENDER_TYPES.items()}
_TENDER_STATES = {value: wire for wire, value in TENDER_STATES.items()}
_ENTRY_METHODS = {
    EntryMethod.SCANNED: pb.ENTRY_METHOD_SCANNED,
    EntryMethod.KEYED: pb.ENTRY_METHOD_KEYED,
    EntryMethod.WEIGHED: pb.ENTRY_METHOD_WEIGHED,
    EntryMethod.PRICE_EMBEDDED: pb.ENTRY_METHOD_PRICE_EMBEDDED,
}
_JOB_STATES = {
    JobState.ACCEPTED: printer_pb2.JOB_STATE_ACCEPTED,
    JobState.HELD: printer_pb2.JOB_STATE_HELD,
    JobState.SENDING: printer_pb2.JOB_STATE_SENDING,
    JobState.CONFIRMED: printer_pb2.JOB_STATE_CONFIRMED,
    JobState.UNCONFIRMED: printer_pb2.JOB_STATE_UNCONFIRMED,
    JobState.FAILED_PARTIAL: printer_pb2.JOB_STATE_FAILED_PARTIAL,
    JobState.EXPIRED: printer_pb2.JOB_STATE_EXPIRED,
    JobState.FAILED_BEFORE_START: printer_pb2.JOB_STATE_FAILED_BEFORE_START,
    JobState.CANCELLED: printer_pb2.JOB_STATE_CANCELLED,
    JobState.REROUTED: printer_pb2.JOB_STATE_REROUTED,
}
RESOLUTIONS = {
    Resolution.PRINTED: printer_pb2.JOB_RESOLUTION_PRINTED,
    Resolution.COPY: printer_pb2.JOB_RESOLUTION_COPY,
    Resolution.DISCARDED: printer_pb2.JOB_RESOLUTION_DISCARDED,
}
_JOB_KINDS = {
    JobKind.RECEIPT: printer_pb2.JOB_KIND_RECEIPT,
    JobKind.RECEIPT_COPY: printer_pb2.JOB_KIND_RECEIPT_COPY,
    JobKind.DOCUMENT: printer_pb2.JOB_KIND_DOCUMENT,
    JobKind.REPORT: printer_pb2.JOB_KIND_REPORT,
}
KICK_REASONS = {
    KickReason.SALE: drawer_pb2.DRAWER_REASON_SALE,
    KickReason.REFUND: drawer_pb2.DRAWER_REASON_REFUND,
    KickReason.NO_SALE: drawer_pb2.DRAWER_REASON_NO_SALE,
    KickReason.FLOAT: drawer_pb2.DRAWER_REASON_FLOAT,
    KickReason.COUNT: drawer_pb2.DRAWER_REASON_COUNT,
    KickReason.PAID_IN_OUT: drawer_pb2.DRAWER_REASON_PAID_IN_OUT,
    KickReason.TEST: drawer_pb2.DRAWER_REASON_TEST,
}
_KICK_STATES = {
    KickState.REQUESTED: drawer_pb2.KICK_STATE_REQUESTED,
    # Begun and not ended is, to everybody but the till itself, still only asked for.
    KickState.STARTED: drawer_pb2.KICK_STATE_REQUESTED,
    KickState.FIRED: drawer_pb2.KICK_STATE_FIRED,
    KickState.FAILED: drawer_pb2.KICK_STATE_FAILED,
    KickState.UNKNOWN: drawer_pb2.KICK_STATE_UNKNOWN,
}


def timestamp(at_ms: int) -> Timestamp:
    seconds, ms = divmod(at_ms, 1000)
    return Timestamp(seconds=seconds, nanos=ms * 1_000_000)


def durability(*, spilled: bool) -> types_pb2.Durability:
    """Where an answer's facts are: in the journal, or so far in the spill only."""
    if spilled:
        return types_pb2.DURABILITY_DURABLE_SPILL
    return types_pb2.DURABILITY_DURABLE_PRIMARY


def money(minor: int, currency: str) -> types_pb2.Money:
    return types_pb2.Money(currency_code=currency, minor_units=minor)


def decimal(quantity: Quantity) -> types_pb2.Decimal:
    return types_pb2.Decimal(unscaled=quantity.unscaled, scale=quantity.scale)


@functools.cache
def _blank_summary(currency: str) -> pb.SaleSummary:
    """A summary with all its amounts at zero: copying it is a fifth of the work of building it."""
    zero = money(0, currency)
    return pb.SaleSummary(
        payable=zero,
        tax=zero,
        discount=zero,
        rounding_adjustment=zero,
        tendered=zero,
        due=zero,
        change=zero,
    )


def summary(sale: SaleSummary, currency: str) -> pb.SaleSummary:
    wire = pb.SaleSummary()
    fill_summary(wire, sale, currency)
    return wire


def fill_summary(wire: pb.SaleSummary, sale: SaleSummary, currency: str) -> None:
    """As `summary`, into a message that is part of an answer: to put it there copies it."""
    wire.CopyFrom(_blank_summary(currency))
    wire.sale_id = sale.sale_id
    wire.version = sale.version
    wire.state = _SALE_STATES[sale.state]
    wire.kind = _SALE_KINDS[sale.kind]
    wire.receipt_number = sale.receipt_number
    wire.payable.minor_units = sale.payable_minor
    wire.tax.minor_units = sale.tax_minor
    wire.discount.minor_units = sale.discount_minor
    wire.rounding_adjustment.minor_units = sale.rounding_minor
    wire.tendered.minor_units = sale.tendered_minor
    wire.due.minor_units = sale.due_minor
    wire.change.minor_units = sale.change_minor
    wire.line_count = sale.line_count
    wire.seq = sale.seq
    seconds, ms = divmod(sale.updated_ms, 1000)
    wire.update_time.seconds = seconds
    wire.update_time.nanos = ms * 1_000_000
    wire.receipt_job_id = sale.receipt_job_id
    wire.training = sale.training
    wire.voided_by_sale_id = sale.voided_by


def interrupted(sale_id: str, version: int, seq: int, at_ms: int) -> pb.SaleSummary:
    """What is known of a sale from the fact alone that it was interrupted."""
    return pb.SaleSummary(
        sale_id=sale_id,
        version=version,
        state=pb.SALE_STATE_INTERRUPTED,
        seq=seq,
        update_time=timestamp(at_ms),
    )


def put_aside(sale_id: str, seq: int, at_ms: int) -> pb.SaleSummary:
    """What is known of a sale from the fact alone that the till put it aside: not its version."""
    return pb.SaleSummary(
        sale_id=sale_id, state=pb.SALE_STATE_SUSPENDED, seq=seq, update_time=timestamp(at_ms)
    )


def cancelled(sale_id: str, seq: int, at_ms: int) -> pb.SaleSummary:
    """What is known of a sale from the fact alone that it was cancelled: not its version."""
    return pb.SaleSummary(
        sale_id=sale_id, state=pb.SALE_STATE_CANCELLED, seq=seq, update_time=timestamp(at_ms)
    )


def sale(whole: Sale, currency: str) -> pb.Sale:
    totals = totals_of(whole)
    lines = zip(whole.lines, totals.line_discounts, totals.line_taxes, strict=True)
    return pb.Sale(
        summary=summary(summary_of(whole), currency),
        lines=[_line(whole, line, off, tax, currency) for line, off, tax in lines],
        discounts=[
            pb.Discount(
                input=pb.DiscountInput(
                    discount_id=item.discount_id,
                    line_id=item.line_id,
                    reason=item.reason,
                    **(
                        {"percent": decimal(item.percent)}
                        if item.percent is not None
                        else {"amount": money(item.amount_minor, currency)}
                    ),
                ),
                amount=money(amount, currency),
            )
            for item, amount in zip(whole.discounts, totals.discount_amounts, strict=True)
        ],
        tenders=[
            pb.Tender(
                input=pb.TenderInput(
                    tender_id=item.tender_id,
                    type=_TENDER_TYPES[item.type],
                    amount=money(item.amount_minor, currency),
                    external_ref=item.external_ref,
                ),
                state=_TENDER_STATES[item.state],
                excepted=item.excepted,
            )
            for item in whole.tenders
        ],
        taxes=[
            pb.TaxSummary(
                tax_code=tax.tax_code,
                tax_percent=decimal(tax.tax_percent),
                net=money(tax.net_minor, currency),
                tax=money(tax.tax_minor, currency),
            )
            for tax in totals.taxes
        ],
        tax_mode=pb.TAX_MODE_INCLUDED if whole.tax_included else pb.TAX_MODE_ADDED,
        language=whole.language,
        original_sale_id=whole.original_sale_id,
        voided_by_sale_id=whole.voided_by,
        reason=whole.reason,
        shift_id=whole.shift_id,
        business_day=whole.business_day,
        operator=whole.operator,
        open_time=timestamp(whole.opened_ms),
        copies=whole.copies,
        original_business_day=whole.original_business_day,
        slip=_slip_mark(whole.slip),
        imported=_import_mark(whole.imported),
        original_receipt=whole.original_receipt,
    )


def _import_mark(mark: ImportMark | None) -> pb.ImportMark | None:
    if mark is None:
        return None
    return pb.ImportMark(
        import_id=mark.import_id,
        product=mark.product,
        old_id=mark.old_id,
        receipt=mark.receipt,
        shift=mark.shift,
        uploaded=mark.uploaded,
    )


def _slip_mark(mark: SlipMark | None) -> pb.SlipMark | None:
    if mark is None:
        return None
    return pb.SlipMark(
        outage_id=mark.outage_id,
        slip_no=mark.slip_no,
        paper_time=timestamp(mark.paper_ms) if mark.paper_ms else None,
        original_business_day=mark.paper_day,
        written_by=mark.written_by,
        entered_by=mark.entered_by,
        approved_by=mark.approved_by,
    )


def _line(whole: Sale, line: Line, off: int, tax: int, currency: str) -> pb.Line:
    returned = whole.returned.get(line.line_id, 0)
    return pb.Line(
        input=pb.LineInput(
            line_id=line.line_id,
            description=line.description,
            sku=line.sku,
            quantity=decimal(line.quantity),
            unit=line.unit,
            unit_price=money(line.unit_price_minor, currency),
            tax_code=line.tax_code,
            tax_percent=decimal(line.tax_percent),
            entry_method=_ENTRY_METHODS[line.entry_method],
        ),
        extended=money(line.extended_minor, currency),
        discount=money(off, currency),
        tax=money(tax, currency),
        original_line_id=line.original_line_id,
        returned=types_pb2.Decimal(unscaled=returned, scale=line.quantity.scale),
    )


def job(value: Job) -> printer_pb2.Job:
    return printer_pb2.Job(
        job_id=value.job_id,
        printer=value.printer,
        kind=_JOB_KINDS[value.kind],
        state=_JOB_STATES[value.state],
        sale_id=value.sale_id,
        copy=value.copy,
        reason=value.reason,
        bytes_sent=value.bytes_sent,
        create_time=timestamp(value.created_ms),
        update_time=timestamp(value.updated_ms),
        seq=value.seq,
        resolution=(
            RESOLUTIONS[value.resolution]
            if value.resolution
            else printer_pb2.JOB_RESOLUTION_UNSPECIFIED
        ),
        resolved_by=value.resolved_by,
        resolved_by_policy=value.resolved_by_policy,
        resolve_reason=value.resolve_reason,
        copy_job_id=value.copy_job_id,
        copy_of_job_id=value.copy_of,
        rerouted_from=value.rerouted_from,
    )


def kick(value: Kick) -> drawer_pb2.Kick:
    return drawer_pb2.Kick(
        kick_id=value.kick_id,
        drawer=value.drawer,
        reason=KICK_REASONS[value.reason],
        state=_KICK_STATES[value.state],
        verified=value.verified,
        sale_id=value.sale_id,
        failure=value.failure,
        create_time=timestamp(value.created_ms),
        update_time=timestamp(value.updated_ms),
    )
