"""What a command is answered with. Stored beside the request, so that a retry gets it again."""

from __future__ import annotations

import msgspec

from tillhald.domain import commands as cmd
from tillhald.domain.answers_access import OperatorAnswer, TokenAnswer
from tillhald.domain.back_entry import Warned, warnings_of
from tillhald.domain.books import Day, DayReport, DayTotals, Movement, Shift
from tillhald.domain.decide_access import access_answer
from tillhald.domain.jobs import Job, Kick
from tillhald.domain.outages import Battery, Outage, SelfTest
from tillhald.domain.recovery_items import ItemKind, RecoveryItem
from tillhald.domain.sale import Sale, SaleKind, SaleState, totals_of
from tillhald.domain.slips import PrintedSlips, Slip, SlipBook, SlipState
from tillhald.domain.state import TillState


class SaleSummary(msgspec.Struct, frozen=True, kw_only=True, tag="sale", omit_defaults=True):
    """A sale in short, after the change that is answered."""

    sale_id: str
    version: int
    state: SaleState
    payable_minor: int
    due_minor: int
    line_count: int
    seq: int
    updated_ms: int
    kind: SaleKind = SaleKind.SALE
    receipt_number: int = 0
    tax_minor: int = 0
    discount_minor: int = 0
    rounding_minor: int = 0
    tendered_minor: int = 0
    change_minor: int = 0
    receipt_job_id: str = ""
    training: bool = False
    voided_by: str = ""


class JobAnswer(msgspec.Struct, frozen=True, kw_only=True, tag="job"):
    job: Job


class ResolvedAnswer(msgspec.Struct, frozen=True, kw_only=True, tag="resolved"):
    """`copy` is the job that prints it again, if that was decided."""

    job: Job
    copy: Job | None = None


class KickAnswer(msgspec.Struct, frozen=True, kw_only=True, tag="kick"):
    kick: Kick


class ScanAnswer(msgspec.Struct, frozen=True, kw_only=True, tag="scan"):
    """The code was typed; it went to whoever had the scanner then."""

    seq: int


class DevicesAnswer(msgspec.Struct, frozen=True, kw_only=True, tag="devices", omit_defaults=True):
    """The devices that a command was about."""

    changed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class OutageAnswer(msgspec.Struct, frozen=True, kw_only=True, tag="outage"):
    outage: Outage


class SelfTestAnswer(msgspec.Struct, frozen=True, kw_only=True, tag="self_test"):
    test: SelfTest


class BatteryAnswer(msgspec.Struct, frozen=True, kw_only=True, tag="battery"):
    battery: Battery


class ItemAnswer(msgspec.Struct, frozen=True, kw_only=True, tag="item"):
    """`sale` is the item's sale after the decision, if it is one."""

    item: RecoveryItem
    sale: SaleSummary | None = None


class SlipBookAnswer(msgspec.Struct, frozen=True, kw_only=True, tag="slip_book"):
    """`book` without its slips, and how many there are of each state."""

    book: SlipBook
    entered: int
    spoilt: int
    missing: int


class SlipAnswer(msgspec.Struct, frozen=True, kw_only=True, tag="slip"):
    slip: Slip
    sale: SaleSummary
    warnings: tuple[Warned, ...] = ()


class SlipsPrintedAnswer(msgspec.Struct, frozen=True, kw_only=True, tag="slips_printed"):
    printed: PrintedSlips
    job_ids: tuple[str, ...]


RecoveryAnswer = ItemAnswer | SlipBookAnswer | SlipAnswer | SlipsPrintedAnswer


class ShiftAnswer(msgspec.Struct, frozen=True, kw_only=True, tag="shift"):
    """A shift after the change; what was expected in its drawer is told once it is closed."""

    shift: Shift


class MovementAnswer(msgspec.Struct, frozen=True, kw_only=True, tag="movement"):
    movement: Movement
    version: int


class HandOverAnswer(msgspec.Struct, frozen=True, kw_only=True, tag="hand_over"):
    closed: Shift
    opened: Shift


class DayAnswer(msgspec.Struct, frozen=True, kw_only=True, tag="day"):
    day: Day


class ZAnswer(msgspec.Struct, frozen=True, kw_only=True, tag="z"):
    report: DayReport


BookAnswer = ShiftAnswer | MovementAnswer | HandOverAnswer | DayAnswer | ZAnswer
AccessAnswer = OperatorAnswer | TokenAnswer
PowerAnswer = OutageAnswer | SelfTestAnswer | BatteryAnswer
Answer = (
    SaleSummary
    | JobAnswer
    | ResolvedAnswer
    | KickAnswer
    | ScanAnswer
    | DevicesAnswer
    | PowerAnswer
    | RecoveryAnswer
    | BookAnswer
    | AccessAnswer
)


class Answered(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A request that was granted: `fingerprint` tells a retry from a reused id."""

    method: str
    fingerprint: bytes
    seq: int
    answer: Answer


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Answered)


def encode_answered(answered: Answered) -> bytes:
    return _encoder.encode(answered)


def decode_answered(stored: bytes) -> Answered:
    return _decoder.decode(stored)


def summary_of(sale: Sale) -> SaleSummary:
    totals = totals_of(sale)
    tendered = sale.approved_minor
    is_over = sale.state in (SaleState.COMPLETED, SaleState.CANCELLED)
    return SaleSummary(
        sale_id=sale.sale_id,
        version=sale.version,
        state=sale.state,
        kind=sale.kind,
        receipt_number=sale.receipt_number,
        payable_minor=totals.payable_minor,
        tax_minor=totals.tax_minor,
        discount_minor=totals.discount_minor,
        rounding_minor=sale.rounding_minor,
        tendered_minor=tendered,
        due_minor=0 if is_over else totals.payable_minor - tendered,
        change_minor=sale.change_minor,
        line_count=len(sale.lines),
        seq=sale.seq,
        updated_ms=sale.updated_ms,
        receipt_job_id=sale.receipt_job_id,
        training=sale.training,
        voided_by=sale.voided_by,
    )


def _finished_job(state: TillState, job_id: str) -> Job:
    return next(job for job in state.finished_jobs if job.job_id == job_id)


def _book_answer(
    command: cmd.ShiftCommand | cmd.OpenDay | cmd.CloseDay, state: TillState
) -> BookAnswer:
    match command:
        case cmd.OpenDay():
            assert state.day is not None, "a day that was opened is open"
            return DayAnswer(day=state.day)
        case cmd.CloseDay():
            assert state.finished_day is not None, "a day that was closed has its Z"
            return ZAnswer(report=state.finished_day)
        case cmd.CloseShift(shift_id=shift_id) | cmd.CorrectCount(shift_id=shift_id):
            return ShiftAnswer(shift=_closed_shift(state, shift_id))
        case _:
            shift = state.shift
            assert shift is not None, "a shift that was not closed is there"
            if isinstance(command, cmd.HandOver):
                closed = _closed_shift(state, command.shift_id)
                return HandOverAnswer(closed=closed, opened=_brief(shift))
            if isinstance(command, cmd.RecordMovement):
                assert shift.last_movement is not None, "a movement was recorded"
                return MovementAnswer(movement=shift.last_movement, version=shift.version)
            return ShiftAnswer(shift=_brief(shift))


def _closed_shift(state: TillState, shift_id: str) -> Shift:
    return _brief(next(s for s in state.closed_shifts if s.shift_id == shift_id))


def _brief(shift: Shift) -> Shift:
    """Without what nobody is answered with, and would make the stored answer long."""
    return msgspec.structs.replace(shift, base=DayTotals(), traces=(), last_movement=None)


def answer_to(command: cmd.AnyCommand, state: TillState) -> Answer:
    """The answer to `command`, which has just led to `state`."""
    match command:
        case cmd.OpenDrawer(kick_id=kick_id):
            return KickAnswer(kick=state.kicks[kick_id])
        case cmd.SubmitJob() | cmd.ReprintReceipt() | cmd.PrintSuspended() | cmd.PrintReport():
            return JobAnswer(job=state.jobs[command.job_id])
        case cmd.InjectScan():
            return ScanAnswer(seq=state.seq)
        case cmd.ResetStatistics(device_id=name) | cmd.AdoptDevice(device_id=name):
            return DevicesAnswer(changed=(name,))
        case cmd.Reconfigure(added=added, changed=changed, removed=removed):
            return DevicesAnswer(added=added, changed=changed, removed=removed)
        case cmd.CancelJob(job_id=job_id):
            return JobAnswer(job=_finished_job(state, job_id))
        case cmd.ResolveJob(job_id=job_id):
            job = _finished_job(state, job_id)
            return ResolvedAnswer(job=job, copy=state.jobs.get(job.copy_job_id))
        case cmd.OpenShift() | cmd.OnShift() | cmd.OpenDay() | cmd.CloseDay():
            return _book_answer(command, state)
        case cmd.AnnotateOutage(outage_id=outage_id):
            outage = state.power.outage(outage_id)
            assert outage is not None, "an outage that was annotated is in the book"
            return OutageAnswer(outage=outage)
        case cmd.RunSelfTest(test_id=test_id):
            test = state.power.test(test_id)
            assert test is not None, "a test that has just begun is in the book"
            return SelfTestAnswer(test=test)
        case cmd.RecordBattery():
            return BatteryAnswer(battery=state.power.batteries[-1])
        case cmd.ResolveItem(item_id=item_id):
            return _item_answer(state, item_id)
        case cmd.PutSlip():
            return _slip_answer(state, command)
        case cmd.OpenBackEntry() | cmd.MarkSlip() | cmd.CloseBackEntry():
            books = (*state.finished_books, *state.slips.books.values())
            return book_answer(next(b for b in books if b.outage_id == command.outage_id))
        case cmd.PrintSlips():
            printed = state.slips.printed[-1]
            ids = tuple(job.job_id for job in state.jobs.values() if job.submit_seq == state.seq)
            return SlipsPrintedAnswer(printed=printed, job_ids=ids)
        case (
            cmd.PutOperator()
            | cmd.SetPin()
            | cmd.DisableOperator()
            | cmd.IssueToken()
            | cmd.RevokeToken()
        ):
            return access_answer(state, command)
        case _:
            return _sale_now(state, command.sale_id)


def _sale_now(state: TillState, sale_id: str) -> SaleSummary:
    for sale in state.finished_sales:
        if sale.sale_id == sale_id:
            return summary_of(sale)
    return summary_of(state.sales[sale_id])


def _item_answer(state: TillState, item_id: str) -> ItemAnswer:
    item = state.recovery.items[item_id]
    is_sale = item.kind is ItemKind.SALE
    return ItemAnswer(item=item, sale=_sale_now(state, item.subject) if is_sale else None)


def _slip_answer(state: TillState, command: cmd.PutSlip) -> SlipAnswer:
    sale = next(s for s in state.finished_sales if s.sale_id == command.sale.sale_id)
    assert sale.slip is not None, "a sale from a slip says so"
    return SlipAnswer(
        slip=state.slips.books[command.outage_id].slips[command.slip_no],
        sale=summary_of(sale),
        warnings=warnings_of(state, sale, sale.slip),
    )


def book_answer(book: SlipBook) -> SlipBookAnswer:
    """The book in short."""
    return SlipBookAnswer(
        book=msgspec.structs.replace(book, slips={}),
        entered=len(book.numbers(SlipState.ENTERED)),
        spoilt=len(book.numbers(SlipState.SPOILT)),
        missing=len(book.numbers(SlipState.MISSING)),
    )
