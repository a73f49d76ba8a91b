"""Shifts, days and reports, from the wire and to it. Dull on purpose."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING, NamedTuple

from tillhal.v1 import shift_pb2 as pb
from tillhald.domain import commands as cmd
from tillhald.domain import errors
from tillhald.domain.books import (
    DENOMINATIONS_MAX,
    Denomination,
    MovementKind,
    ShiftState,
    Tally,
    TraceKind,
)
from tillhald.rpc import fields
from tillhald.rpc.from_wire import TENDER_TYPES
from tillhald.rpc.to_wire import money, timestamp

if TYPE_CHECKING:
    from tillhal.v1 import types_pb2
    from tillhald.domain.books import (
        Count,
        Day,
        DayReport,
        DayTotals,
        DrawerCash,
        Movement,
        Shift,
        ShiftReport,
    )
    from tillhald.domain.reports import Explained

OPERATOR_CHARS_MAX = 64
COINS_MAX = 1_000_000
_SHIFT_ID = re.compile(r"shift-([1-9][0-9]{0,17})")

STATES = {
    ShiftState.OPEN: pb.SHIFT_STATE_OPEN,
    ShiftState.LOCKED: pb.SHIFT_STATE_LOCKED,
    ShiftState.ENDED: pb.SHIFT_STATE_ENDED,
    ShiftState.CLOSED: pb.SHIFT_STATE_CLOSED,
}
MOVEMENTS = {
    pb.MOVEMENT_KIND_LOAN: MovementKind.LOAN,
    pb.MOVEMENT_KIND_PICKUP: MovementKind.PICKUP,
    pb.MOVEMENT_KIND_PAID_IN: MovementKind.PAID_IN,
    pb.MOVEMENT_KIND_PAID_OUT: MovementKind.PAID_OUT,
    pb.MOVEMENT_KIND_SAFE_DROP: MovementKind.SAFE_DROP,
}
_MOVEMENTS = {value: wire for wire, value in MOVEMENTS.items()}
_TENDER_TYPES = {value: wire for wire, value in TENDER_TYPES.items()}
_TRACES = {kind: f"TRACE_KIND_{kind.name}" for kind in TraceKind}


# --- from the wire


def amount(value: types_pb2.Money, field: str, currency: str, *, least: int = 0) -> int:
    """Minor units, at least so many."""
    minor = fields.money(value, field, currency)
    if minor < least:
        wanted = "above zero" if least else "not below zero"
        raise errors.FieldInvalid(field, f"An amount {wanted} is needed.")
    return minor


def operator(value: str) -> str:
    """A person's name, or empty."""
    return fields.text(value, "operator", most=OPERATOR_CHARS_MAX)


def business_day(value: str) -> str:
    """A date as it is written everywhere, or empty."""
    if not value:
        return value
    try:
        day = datetime.date.fromisoformat(value)
    except ValueError:
        day = None
    if day is None or day.isoformat() != value:
        raise errors.FieldInvalid("business_day", "A day like 2026-01-31 is needed.")
    return value


def denominations(request: pb.DeclareCountRequest, currency: str) -> tuple[Denomination, ...]:
    """Coins and notes, each value once."""
    if len(request.denominations) > DENOMINATIONS_MAX:
        sentence = f"At most {DENOMINATIONS_MAX} values."
        raise errors.FieldInvalid("denominations", sentence, limit=DENOMINATIONS_MAX)
    found = []
    for index, each in enumerate(request.denominations):
        path = f"denominations[{index}]"
        value = amount(each.value, f"{path}.value", currency, least=1)
        if each.count > COINS_MAX:
            raise errors.FieldInvalid(f"{path}.count", f"At most {COINS_MAX}.", limit=COINS_MAX)
        found.append(Denomination(value, each.count))
    if len({each.value_minor for each in found}) != len(found):
        raise errors.FieldInvalid("denominations", "A value stands twice.")
    return tuple(found)


def record_movement(request: pb.RecordMovementRequest, currency: str) -> cmd.RecordMovement:
    kind = MOVEMENTS.get(request.kind)
    if kind is None:
        raise errors.FieldInvalid("kind", "The kind of the movement is needed.")
    return cmd.RecordMovement(
        shift_id=fields.identifier(request.shift_id, "shift_id"),
        expected_version=fields.version(request.expected_version),
        movement_id=fields.identifier(request.movement_id, "movement_id"),
        kind=kind,
        amount_minor=amount(request.amount, "amount", currency, least=1),
        reason=fields.text(request.reason, "reason"),
    )


def shift_number(shift_id: str) -> int:
    """The number in a shift's id; 0 for what is none."""
    found = _SHIFT_ID.fullmatch(shift_id)
    return int(found[1]) if found else 0


# --- to the wire


class DayAge(NamedTuple):
    """How long a day has been open."""

    over_midnight: bool = False
    overdue: bool = False


def day(value: Day, age: DayAge) -> pb.Day:
    return pb.Day(
        business_day=value.business_day,
        day_number=value.day_number,
        open_time=timestamp(value.opened_ms),
        over_midnight=age.over_midnight,
        overdue=age.overdue,
    )


def closed_day(z: DayReport) -> pb.Day:
    return pb.Day(
        business_day=z.business_day,
        day_number=z.day_number,
        open_time=timestamp(z.opened_ms),
        close_time=timestamp(z.at_ms),
        z_number=z.z_number,
    )


def cash(value: DrawerCash, currency: str) -> pb.DrawerCash:
    return pb.DrawerCash(
        opening_float=money(value.float_minor, currency),
        tendered=money(value.tendered_minor, currency),
        change=money(value.change_minor, currency),
        refunds=money(value.refunds_minor, currency),
        paid_in=money(value.paid_in_minor, currency),
        loans=money(value.loans_minor, currency),
        paid_out=money(value.paid_out_minor, currency),
        pickups=money(value.pickups_minor, currency),
        drops=money(value.drops_minor, currency),
        expected=money(value.expected_minor, currency),
    )


def total(name: str, tally: Tally, currency: str) -> pb.Total:
    return pb.Total(name=name, count=tally.count, amount=money(tally.minor, currency))


def totals(value: DayTotals, currency: str) -> pb.Totals:
    def one(tally: Tally) -> pb.Total:
        return total("", tally, currency)

    taxes = [total(name, tally, currency) for name, tally in value.taxes.items()]
    for tax in taxes:
        tax.net.CopyFrom(money(value.nets.get(tax.name, Tally()).minor, currency))
    return pb.Totals(
        sales=one(value.sales),
        returns=one(value.returns),
        voids=one(value.voids),
        cancelled=value.cancelled,
        discounts=one(value.discounts),
        rounding=one(value.rounding),
        change=one(value.change),
        no_sales=value.no_sales,
        copies=value.copies,
        taxes=taxes,
        tenders=[total(name, tally, currency) for name, tally in value.tenders.items()],
        movements=[total(name, tally, currency) for name, tally in value.movements.items()],
        differences=one(value.differences),
        corrections=value.corrections,
        late=one(value.late),
        training=one(value.training),
        clock_faults=value.clock_faults,
        back_entries=one(value.back_entries),
    )


def _count(value: Count, currency: str) -> pb.CashCount:
    return pb.CashCount(
        counted=money(value.counted_minor, currency),
        number=value.number,
        counted_by=value.counted_by,
        time=timestamp(value.at_ms),
        denominations=[
            pb.Denomination(value=money(each.value_minor, currency), count=each.count)
            for each in value.denominations
        ],
    )


def movement(value: Movement, currency: str) -> pb.CashMovement:
    return pb.CashMovement(
        movement_id=value.movement_id,
        shift_id=value.shift_id,
        kind=_MOVEMENTS[value.kind],
        amount=money(value.amount_minor, currency),
        reason=value.reason,
        operator=value.operator,
        time=timestamp(value.at_ms),
        seq=value.seq,
    )


def _known(minor: int | None, currency: str) -> types_pb2.Money | None:
    return None if minor is None else money(minor, currency)


def shift(value: Shift, currency: str) -> pb.Shift:
    """What is expected in the drawer is told of a closed shift only: others are to be counted by
    somebody who does not know it."""
    wire = pb.Shift(
        shift_id=value.shift_id,
        shift_number=value.shift_number,
        version=value.version,
        state=STATES[value.state],
        operator=value.operator,
        opened_by=value.opened_by,
        implicit=value.implicit,
        training=value.training,
        business_day=value.business_day,
        open_time=timestamp(value.opened_ms),
        end_time=timestamp(value.ended_ms) if value.ended_ms else None,
        close_time=timestamp(value.closed_ms) if value.closed_ms else None,
        opening_float=money(value.cash.float_minor, currency),
        opening_expected=_known(value.opening_expected_minor, currency),
        handed_from=value.handed_from,
        handed_to=value.handed_to,
        counts=[_count(each, currency) for each in value.counts],
        counted=_known(value.counted_minor, currency),
        left=_known(value.left_minor, currency),
        corrected=value.corrected_minor is not None,
    )
    if value.state is ShiftState.CLOSED:
        wire.cash.CopyFrom(cash(value.cash, currency))
        wire.totals.CopyFrom(totals(value.totals, currency))
        if value.over_short_minor is not None:
            wire.over_short.CopyFrom(money(value.over_short_minor, currency))
    return wire


def _shift_report(value: ShiftReport, currency: str) -> pb.ShiftReport:
    return pb.ShiftReport(
        shift_id=value.shift_id,
        shift_number=value.shift_number,
        operator=value.operator,
        state=STATES[value.state],
        implicit=value.implicit,
        training=value.training,
        open_time=timestamp(value.opened_ms),
        close_time=timestamp(value.closed_ms) if value.closed_ms else None,
        cash=cash(value.cash, currency),
        counted=_known(value.counted_minor, currency),
        left=_known(value.left_minor, currency),
        over_short=_known(value.over_short_minor, currency),
        corrected=value.corrected,
        totals=totals(value.totals, currency),
        opening_expected=_known(value.opening_expected_minor, currency),
    )


def report(value: DayReport, currency: str, chain_head: bytes = b"") -> pb.DayReport:
    return pb.DayReport(
        z_number=value.z_number,
        business_day=value.business_day,
        day_number=value.day_number,
        open_time=timestamp(value.opened_ms),
        time=timestamp(value.at_ms),
        first_seq=value.first_seq,
        last_seq=value.last_seq,
        first_receipt=value.first_receipt,
        last_receipt=value.last_receipt,
        totals=totals(value.totals, currency),
        perpetual_sales=total("", value.perpetual.sales, currency),
        perpetual_returns=total("", value.perpetual.returns, currency),
        perpetual_voids=total("", value.perpetual.voids, currency),
        shifts=[_shift_report(each, currency) for each in value.shifts],
        carried=value.carried,
        exceptions=[
            pb.ExceptedTender(
                sale_id=each.sale_id,
                tender_id=each.tender_id,
                type=_TENDER_TYPES[each.type],
                amount=money(each.amount_minor, currency),
                business_day=each.business_day,
            )
            for each in value.exceptions
        ],
        outages=[
            pb.OutageNote(
                outage_id=each.outage_id,
                begin_time=timestamp(each.began_ms),
                seconds=each.seconds,
            )
            for each in value.outages
        ],
        version=value.version,
        chain_head=chain_head,
    )


def z_summary(value: DayReport, currency: str) -> pb.ZSummary:
    return pb.ZSummary(
        z_number=value.z_number,
        business_day=value.business_day,
        time=timestamp(value.at_ms),
        sales=total("", value.totals.sales, currency),
        differences=total("", value.totals.differences, currency),
    )


def trace(value: Explained, currency: str) -> pb.OverShortTrace:
    found = value.trace
    return pb.OverShortTrace(
        kind=_TRACES[found.kind],
        time=timestamp(found.at_ms),
        seq=found.seq,
        ref=found.ref,
        amount=money(found.amount_minor, currency),
        fits=value.fits,
    )
