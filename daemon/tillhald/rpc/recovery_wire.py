"""The recovery report and paper slips, between the domain and the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tillhal.v1 import checkout_pb2, types_pb2
from tillhal.v1 import recovery_pb2 as pb
from tillhald.domain import commands as cmd
from tillhald.domain import errors
from tillhald.domain.back_entry import SlipFinding, SlipWarning
from tillhald.domain.currency import written
from tillhald.domain.recovery_items import ItemKind, RecoveryAction
from tillhald.domain.sale import UNRESOLVED_TENDER, TenderType
from tillhald.domain.slips import SlipState
from tillhald.rpc import fields, from_wire
from tillhald.rpc.from_wire import TENDER_TYPES
from tillhald.rpc.to_wire import money, summary, timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.timestamp_pb2 import Timestamp

    from tillhald.domain.answers import SaleSummary, SlipBookAnswer
    from tillhald.domain.back_entry import Warned
    from tillhald.domain.recovery_items import RecoveryItem
    from tillhald.domain.slips import PrintedSlips, Slip, SlipBook
    from tillhald.service.till import Till

ITEM_KINDS: Final = {
    ItemKind.SALE: pb.RECOVERY_ITEM_KIND_SALE,
    ItemKind.JOB: pb.RECOVERY_ITEM_KIND_JOB,
    ItemKind.KICK: pb.RECOVERY_ITEM_KIND_KICK,
}
ACTIONS: Final = {
    RecoveryAction.RESUME: pb.RECOVERY_ACTION_RESUME,
    RecoveryAction.SUSPEND: pb.RECOVERY_ACTION_SUSPEND,
    RecoveryAction.CANCEL: pb.RECOVERY_ACTION_CANCEL,
    RecoveryAction.REPRINT: pb.RECOVERY_ACTION_REPRINT,
    RecoveryAction.IS_PRINTED: pb.RECOVERY_ACTION_IS_PRINTED,
    RecoveryAction.GIVE_UP: pb.RECOVERY_ACTION_GIVE_UP,
    RecoveryAction.OPENED: pb.RECOVERY_ACTION_OPENED,
    RecoveryAction.NOT_OPENED: pb.RECOVERY_ACTION_NOT_OPENED,
}
_ACTIONS_READ: Final = {wire: action for action, wire in ACTIONS.items()}
SLIP_STATES: Final = {
    SlipState.ENTERED: pb.SLIP_STATE_ENTERED,
    SlipState.SPOILT: pb.SLIP_STATE_SPOILT,
    SlipState.MISSING: pb.SLIP_STATE_MISSING,
}
_SLIP_STATES_READ: Final = {wire: state for state, wire in SLIP_STATES.items()}
_WARNINGS: Final = {
    SlipWarning.SAME_LINES: (
        pb.SLIP_WARNING_KIND_SAME_LINES,
        "Sale {sale_id}, which is not finished, has the same lines. If it is this one, cancel it.",
    ),
    SlipWarning.SAME_PAYABLE: (
        pb.SLIP_WARNING_KIND_SAME_PAYABLE,
        "Sale {sale_id} comes to the same amount. Look whether it is the same purchase.",
    ),
    SlipWarning.OUTSIDE_OUTAGE: (
        pb.SLIP_WARNING_KIND_OUTSIDE_OUTAGE,
        "The time on the slip is not within the outage. Look at its date and at its number.",
    ),
}
_FINDINGS: Final = {
    SlipFinding.BLANK_NUMBERS: (
        pb.SLIP_FINDING_KIND_BLANK_NUMBERS,
        "Numbers are not accounted for: enter them, or mark them spoilt or missing.",
    ),
    SlipFinding.CASH_NOT_COUNTED: (
        pb.SLIP_FINDING_KIND_CASH_NOT_COUNTED,
        "Count the cash that lies with the slips.",
    ),
    SlipFinding.CASH_DIFFERS: (
        pb.SLIP_FINDING_KIND_CASH_DIFFERS,
        "The counted cash is not what the slips say. Look for a slip, or explain it.",
    ),
}
_TENDER_TYPES: Final = {value: wire for wire, value in TENDER_TYPES.items()}
SECONDS_MAX: Final = 253_402_300_799
"""The last second of the year 9999, as protobuf's Timestamp has it."""


# --- from the wire


def time_ms(value: Timestamp, field: str) -> int:
    """Milliseconds since 1970; 0 where there is none. Raises FieldInvalid."""
    if not 0 <= value.seconds <= SECONDS_MAX:
        raise errors.FieldInvalid(field, "This time cannot be.")
    return value.seconds * 1000 + value.nanos // 1_000_000


def outage_id(value: str) -> str:
    """An outage of the till's own ("outage/3" has a stroke), or an id of the caller's."""
    if value.startswith("outage/"):
        return fields.text(value, "outage_id", least=1, most=fields.ID_CHARS_MAX)
    return fields.identifier(value, "outage_id")


def resolve_item(wire: pb.ResolveItemRequest) -> cmd.ResolveItem:
    action = _ACTIONS_READ.get(wire.action)
    if action is None:
        raise errors.FieldInvalid("action", "A decision is needed.")
    return cmd.ResolveItem(
        item_id=fields.text(wire.item_id, "item_id", least=1),
        action=action,
        resolved_by=fields.text(wire.resolved_by, "resolved_by"),
        reason=fields.text(wire.reason, "reason"),
    )


def open_back_entry(wire: pb.OpenBackEntryRequest) -> cmd.OpenBackEntry:
    return cmd.OpenBackEntry(
        outage_id=outage_id(wire.outage_id),
        first_no=wire.first_no,
        last_no=wire.last_no,
        opened_by=fields.text(wire.opened_by, "opened_by"),
        began_ms=time_ms(wire.begin_time, "begin_time"),
        ended_ms=time_ms(wire.end_time, "end_time"),
    )


def put_slip(wire: pb.PutSlipRequest, currency: str, day_of: Callable[[int], str]) -> cmd.PutSlip:
    """`day_of` gives the shop's date at a moment."""
    paper_ms = time_ms(wire.paper_time, "paper_time")
    sale = checkout_pb2.CheckoutRequest(
        sale_id=wire.sale_id,
        lines=wire.lines,
        discounts=wire.discounts,
        tenders=wire.tenders,
        tax_mode=wire.tax_mode,
        language=wire.language,
    )
    return cmd.PutSlip(
        outage_id=outage_id(wire.outage_id),
        slip_no=wire.slip_no,
        sale=from_wire.checkout(sale, currency),
        paper_ms=paper_ms,
        paper_day=day_of(paper_ms) if paper_ms else "",
        written_by=fields.text(wire.written_by, "written_by"),
        entered_by=fields.text(wire.entered_by, "entered_by"),
        approved_by=fields.text(wire.approved_by, "approved_by"),
        prints_receipt=wire.prints_receipt,
    )


def mark_slip(wire: pb.MarkSlipRequest) -> cmd.MarkSlip:
    state = _SLIP_STATES_READ.get(wire.state)
    if state is None:
        raise errors.FieldInvalid("state", "A slip is marked SPOILT or MISSING.")
    return cmd.MarkSlip(
        outage_id=outage_id(wire.outage_id),
        slip_no=wire.slip_no,
        last_no=wire.last_no,
        state=state,
        explanation=fields.text(wire.explanation, "explanation"),
        marked_by=fields.text(wire.marked_by, "marked_by"),
    )


def counted_cash(wire: types_pb2.Money, currency: str) -> int:
    counted = fields.money(wire, "counted_cash", currency)
    if counted < 0:
        raise errors.FieldInvalid("counted_cash", "The amount is below zero.")
    return counted


def close_back_entry(wire: pb.CloseBackEntryRequest, currency: str) -> cmd.CloseBackEntry:
    return cmd.CloseBackEntry(
        outage_id=outage_id(wire.outage_id),
        counted_minor=counted_cash(wire.counted_cash, currency),
        difference_reason=fields.text(wire.difference_reason, "difference_reason"),
        closed_by=fields.text(wire.closed_by, "closed_by"),
    )


# --- to the wire


def item(
    found: RecoveryItem,
    till: Till,
    actions: tuple[RecoveryAction, ...],
    sale: SaleSummary | None,
) -> pb.RecoveryItem:
    """`actions` are what can be done about it; `sale` is its sale, if it has one."""
    answer = pb.RecoveryItem(
        item_id=found.item_id,
        kind=ITEM_KINDS[found.kind],
        subject_id=found.subject,
        find_time=timestamp(found.found_ms),
        message=_item_message(found, till),
        actions=[ACTIONS[action] for action in actions],
        action=ACTIONS[found.action] if found.action else pb.RECOVERY_ACTION_UNSPECIFIED,
        is_by_itself=found.by_itself,
        resolved_by=found.resolved_by,
        reason=found.reason,
        copy_job_id=found.copy_job_id,
    )
    if found.resolved_ms:
        answer.resolve_time.CopyFrom(timestamp(found.resolved_ms))
    if sale is not None:
        answer.sale.CopyFrom(summary(sale, till.rules.currency))
    return answer


def _item_message(found: RecoveryItem, till: Till) -> str:
    currency = till.rules.currency
    match found.kind:
        case ItemKind.JOB:
            of = f" of sale {found.sale_id}" if found.sale_id else ""
            return f"Print job {found.subject}{of} may be on paper, whole or in part."
        case ItemKind.KICK:
            of = f" for sale {found.sale_id}" if found.sale_id else ""
            return f"The drawer may have opened{of}: the till stopped while it sent the pulse."
        case _:
            amount = f"{currency} {written(found.payable_minor, currency)}"
            sale = till.state.sales.get(found.subject)
            count = len(sale.lines) if sale else 0
            lines = f", {count} line{'' if count == 1 else 's'}" if sale else ""
            unsure = sale and any(t.state in UNRESOLVED_TENDER for t in sale.tenders)
            more = " Nobody knows how a payment of it ended." if unsure else ""
            return f"Sale {found.subject} ({amount}{lines}) was under way.{more}"


def book(found: SlipBookAnswer, currency: str) -> pb.SlipBook:
    inner = found.book
    done = found.entered + found.spoilt + found.missing
    answer = pb.SlipBook(
        outage_id=inner.outage_id,
        first_no=inner.first_no,
        last_no=inner.last_no,
        opened_by=inner.opened_by,
        open_time=timestamp(inner.opened_ms),
        outage_begin_time=timestamp(inner.began_ms),
        entered=found.entered,
        spoilt=found.spoilt,
        missing=found.missing,
        blank=inner.size - done,
        is_closed=inner.is_closed,
    )
    if inner.ended_ms:
        answer.outage_end_time.CopyFrom(timestamp(inner.ended_ms))
    if inner.is_closed:
        answer.close_time.CopyFrom(timestamp(inner.closed_ms))
        answer.closed_by = inner.closed_by
        answer.counted_cash.CopyFrom(money(inner.counted_minor, currency))
        answer.difference_reason = inner.difference_reason
    return answer


def slip(found: Slip, currency: str) -> pb.Slip:
    answer = pb.Slip(
        slip_no=found.slip_no,
        state=SLIP_STATES[found.state],
        sale_id=found.sale_id,
        receipt_number=found.receipt_number,
        payable=money(found.payable_minor, currency),
        written_by=found.written_by,
        entered_by=found.by,
        approved_by=found.approved_by,
        explanation=found.explanation,
        update_time=timestamp(found.at_ms),
    )
    if found.paper_ms:
        answer.paper_time.CopyFrom(timestamp(found.paper_ms))
    return answer


def warning(found: Warned) -> pb.SlipWarning:
    kind, message = _WARNINGS[found.warning]
    return pb.SlipWarning(
        kind=kind, sale_id=found.sale_id, message=message.format(sale_id=found.sale_id)
    )


def reconciled(
    found: SlipBook,
    short: SlipBookAnswer,
    counted_minor: int | None,
    left: list[SlipFinding],
    currency: str,
) -> pb.ReconcileResponse:
    answer = pb.ReconcileResponse(
        book=book(short, currency),
        blank_numbers=found.blank_numbers,
        missing_numbers=found.numbers(SlipState.MISSING),
        payable=money(found.payable_minor, currency),
        tenders=[
            pb.SlipTender(type=_TENDER_TYPES[TenderType(kind)], amount=money(minor, currency))
            for kind, minor in sorted(found.tenders.items())
        ],
        expected_cash=money(found.cash_minor, currency),
        findings=[pb.SlipFinding(kind=_FINDINGS[f][0], message=_FINDINGS[f][1]) for f in left],
        balances=not left,
    )
    if counted_minor is not None:
        answer.difference.CopyFrom(money(counted_minor - found.cash_minor, currency))
    return answer


def printed(found: PrintedSlips) -> pb.PrintedSlips:
    return pb.PrintedSlips(
        first_no=found.first_no,
        last_no=found.last_no,
        outage_id=found.outage_id,
        printed_by=found.by,
        print_time=timestamp(found.at_ms),
    )
