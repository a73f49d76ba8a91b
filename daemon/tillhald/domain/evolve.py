"""evolve(state, event): what a fact does to the state. Total: replay never refuses."""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from tillhald.domain import backup_rules, upgrade_book
from tillhald.domain import events as ev
from tillhald.domain.back_entry import with_slips, without_voided
from tillhald.domain.data_rules import data_after
from tillhald.domain.decide_access import book_after_access
from tillhald.domain.devices import DEVICES_KNOWN_MAX, Identity
from tillhald.domain.drawer_memory import drawer_after, drawer_kicked
from tillhald.domain.imported import with_import
from tillhald.domain.jobs import (
    LIVE_KICK,
    Job,
    JobKind,
    JobState,
    Kick,
    KickReason,
    KickState,
)
from tillhald.domain.outages import book_after
from tillhald.domain.paper import with_job
from tillhald.domain.recovery import reported
from tillhald.domain.sale import Sale, SaleKind, SaleState, TenderState
from tillhald.domain.sales_by_day import given_up
from tillhald.domain.shifts import belongs_now, books_after, books_plus
from tillhald.domain.state import TillState
from tillhald.domain.statistics import counted
from tillhald.domain.switching import switched
from tillhald.domain.traces import noted


def apply(state: TillState, record: ev.Record, seq: int) -> TillState:
    """The state after the record `seq`, which must be the next one."""
    assert seq == state.seq + 1, f"record {seq} does not follow {state.seq}"
    at_ms = record.wall_ms
    state = replace(
        state,
        seq=seq,
        clock_max_ms=max(state.clock_max_ms, at_ms),
        finished_sales=(),
        finished_jobs=(),
        finished_kicks=(),
        finished_books=(),
        finished_day=None,
    )
    for event in record.events:
        statistics = counted(state, event, at_ms)
        state = noted(evolve(state, event, at_ms), event, at_ms)
        if statistics is not state.statistics:
            state = replace(state, statistics=statistics)
        state = reported(state, event, at_ms)
    if state.slips.books and state.finished_sales:
        state = without_voided(state)
    return state


def evolve(state: TillState, event: ev.AnyEvent, at_ms: int) -> TillState:
    """`at_ms` is the wall clock of the event's record; `state.seq` is that record already."""
    match event:
        case ev.SaleOpened():
            return _with_sale(state, _opened(state, event, at_ms))
        case ev.SaleCompleted():
            return _completed(state, event, at_ms)
        case ev.SaleCancelled():
            sale = _change(state, event.sale_id, at_ms, state_=SaleState.CANCELLED)
            sale = given_up(sale, state.day.business_day if state.day else "")
            return _finish_sale(state, replace(sale, reason=event.reason or sale.reason))
        case (
            ev.LinePut()
            | ev.LineRemoved()
            | ev.DiscountApplied()
            | ev.SaleSuspended()
            | ev.SaleResumed()
            | ev.SaleInterrupted()
            | ev.TenderAdded()
            | ev.TenderResolved()
            | ev.TenderReversed()
        ):
            return _with_sale(state, _sale_after(state, event, at_ms))
        case (
            ev.JobSubmitted()
            | ev.JobHeld()
            | ev.PrintStarted()
            | ev.PrintEnded()
            | ev.JobCancelled()
            | ev.JobRerouted()
            | ev.JobConfirmedLate()
            | ev.JobFailedLate()
            | ev.JobResolved()
        ):
            return with_job(state, event, at_ms)
        case ev.DrawerOpenRequested() | ev.KickStarted() | ev.KickEnded():
            kick = _kick_after(state, event, at_ms)
            return drawer_kicked(_with_kick(state, kick), kick, at_ms)
        case ev.DrawerOpened() | ev.DrawerClosed() | ev.DrawerSensorCalibrated():
            return drawer_after(state, event, at_ms)
        case (
            ev.DayOpened()
            | ev.DayClosed()
            | ev.ShiftOpened()
            | ev.OpeningDifferenceFound()
            | ev.ShiftLocked()
            | ev.ShiftUnlocked()
            | ev.CashMoved()
            | ev.ShiftEnded()
            | ev.CashCounted()
            | ev.ShiftClosed()
            | ev.OverShortFound()
            | ev.ShiftHandedOver()
            | ev.CountCorrected()
            | ev.TenderExcepted()
            | ev.ReportTaken()
        ):
            return books_after(state, event, at_ms)
        case ev.ClockWentBack():
            return replace(state, clock_suspect=True)
        case ev.ClockCaughtUp():
            return replace(state, clock_suspect=False)
        case ev.StorageFaultBegan(fault="write_failed"):
            return replace(state, write_failed_ms=at_ms)
        case ev.SegmentBegun(segment=segment, gone=gone):
            # Once, even if power went and the segment had to be begun again.
            behind = tuple(other for other in state.behind if other != segment - 1)
            return replace(state, behind=(*behind, segment - 1), gone=(*state.gone, *gone))
        case ev.RowsBroughtBack(segment=segment, is_last=True):
            behind = tuple(other for other in state.behind if other != segment)
            return replace(state, behind=behind)
        case ev.DeviceIdentified(device_id=name) | ev.DeviceAdopted(device_id=name):
            return replace(state, identities=_identities_plus(state, name, event.identity))
        case (
            ev.PowerStateChanged()
            | ev.OutageBegan()
            | ev.OutageEnded()
            | ev.OutageAnnotated()
            | ev.SelfTestBegan()
            | ev.SelfTestEnded()
            | ev.BatteryReplaced()
            | ev.DrillEnded()
        ):
            book = book_after(state.power, event, at_ms, state.seq, state.receipts_given)
            return replace(state, power=book)
        case (
            ev.BackEntryOpened()
            | ev.SlipEntered()
            | ev.SlipsMarked()
            | ev.BackEntryClosed()
            | ev.SlipsPrinted()
        ):
            return with_slips(state, event, at_ms)
        case (
            ev.OperatorPut()
            | ev.PinSet()
            | ev.OperatorDisabled()
            | ev.OperatorSignedOn()
            | ev.OperatorSignedOff()
            | ev.SignOnFailed()
            | ev.TokenIssued()
            | ev.TokenRevoked()
            | ev.SetupCodeIssued()
        ):
            return replace(state, access=book_after_access(state, event, at_ms))
        case ev.SwitchCommitted() | ev.SwitchTakenBack():
            upgrades = upgrade_book.book_after(state.upgrades, event, at_ms)
            return replace(state, switch=switched(event, at_ms), upgrades=upgrades)
        case ev.BackupDone() | ev.BackupFailed() | ev.RestoreDrillDone() | ev.BackupsRemoved():
            over = backup_rules.closed_days(state)
            backups = backup_rules.book_after(state.backups, event, at_ms, over)
            return replace(state, backups=backups)
        case ev.DataRestored() | ev.DataCleaned() | ev.WentLive():
            return data_after(state, event, at_ms)
        case ev.PredecessorImported():
            return with_import(state, event, at_ms)
        case (
            ev.UpgradeStaged()
            | ev.UpgradeArmed()
            | ev.UpgradeBegun()
            | ev.UpgradeInterrupted()
            | ev.UpgradeAborted()
        ):
            return replace(state, upgrades=upgrade_book.book_after(state.upgrades, event, at_ms))
        case ev.JournalCreated():
            return replace(state, currency=event.currency)
        case (
            ev.TillStarted()
            | ev.TillStopped()
            | ev.StorageFaultBegan()
            | ev.StorageFaultEnded()
            | ev.RowsBroughtBack()
            | ev.ConditionBegan()
            | ev.ConditionEnded()
            | ev.ClaimGranted()
            | ev.ClaimEnded()
            | ev.ScanKeyed()
            | ev.ScansLost()
            | ev.DevicesCounted()
            | ev.StatisticsReset()
            | ev.DevicesReconfigured()
            | ev.HealthChecked()
            | ev.RecoveryItemResolved()
            | ev.PredecessorImportBegan()
            | ev.PredecessorSalesPut()
            | ev.PredecessorReportsPut()
        ):
            return state
        case _:
            assert_never(event)


def _identities_plus(state: TillState, name: str, identity: Identity) -> dict[str, Identity]:
    after = {key: each for key, each in state.identities.items() if key != name}
    if len(after) >= DEVICES_KNOWN_MAX:
        del after[next(iter(after))]
    return {**after, name: identity}


def _with_sale(state: TillState, sale: Sale) -> TillState:
    return replace(state, sales={**state.sales, sale.sale_id: sale})


def _finish_sale(state: TillState, sale: Sale) -> TillState:
    live = {key: other for key, other in state.sales.items() if key != sale.sale_id}
    return replace(state, sales=live, finished_sales=(*state.finished_sales, sale))


def _opened(state: TillState, event: ev.SaleOpened, at_ms: int) -> Sale:
    return Sale(
        sale_id=event.sale_id,
        state=SaleState.OPEN,
        version=1,
        opened_ms=at_ms,
        updated_ms=at_ms,
        seq=state.seq,
        shift_id=state.shift.shift_id if state.shift else "",
        business_day=state.day.business_day if state.day else "",
        operator=event.operator,
        language=event.language,
        tax_included=event.tax_included,
        kind=event.kind,
        lines=event.lines,
        discounts=event.discounts,
        original_sale_id=event.original_sale_id,
        original_receipt_number=event.original_receipt_number,
        original_receipt=event.original_receipt,
        reason=event.reason,
        slip=event.slip,
        training=state.shift.training if state.shift else False,
    )


def _change(state: TillState, sale_id: str, at_ms: int, state_: SaleState | None = None) -> Sale:
    """The sale with the marks of one more change."""
    sale = state.sales[sale_id]
    return replace(
        sale,
        version=sale.version + 1,
        updated_ms=at_ms,
        seq=state.seq,
        state=state_ or sale.state,
    )


_SaleEvent = (
    ev.LinePut
    | ev.LineRemoved
    | ev.DiscountApplied
    | ev.SaleSuspended
    | ev.SaleResumed
    | ev.SaleInterrupted
    | ev.TenderAdded
    | ev.TenderResolved
    | ev.TenderReversed
)


def _sale_after(state: TillState, event: _SaleEvent, at_ms: int) -> Sale:
    sale = _change(state, event.sale_id, at_ms)
    match event:
        case ev.LinePut(line=line):
            if sale.line(line.line_id) is None:
                return replace(sale, lines=(*sale.lines, line))
            return replace(
                sale, lines=tuple(line if o.line_id == line.line_id else o for o in sale.lines)
            )
        case ev.LineRemoved(line_id=line_id):
            return replace(
                sale,
                lines=tuple(line for line in sale.lines if line.line_id != line_id),
                discounts=tuple(d for d in sale.discounts if d.line_id != line_id),
            )
        case ev.DiscountApplied(discount=discount):
            others = tuple(d for d in sale.discounts if d.discount_id != discount.discount_id)
            return replace(sale, discounts=others if discount.is_nothing else (*others, discount))
        case ev.SaleSuspended(note=note):
            return replace(sale, state=SaleState.SUSPENDED, note=note)
        case ev.SaleResumed():
            return replace(sale, state=_open_or_tendering(sale), note="")
        case ev.SaleInterrupted():
            return replace(sale, state=SaleState.INTERRUPTED)
        case ev.TenderAdded(tender=tender):
            return replace(sale, tenders=(*sale.tenders, tender), state=SaleState.TENDERING)
        case ev.TenderResolved(tender_id=tender_id, outcome=outcome):
            return _tender_now(sale, tender_id, outcome)
        case ev.TenderReversed(tender_id=tender_id):
            return _tender_now(sale, tender_id, TenderState.REVERSED)
        case _:
            assert_never(event)


def _open_or_tendering(sale: Sale) -> SaleState:
    return SaleState.TENDERING if sale.has_live_tender else SaleState.OPEN


def _tender_now(sale: Sale, tender_id: str, now: TenderState) -> Sale:
    tenders = tuple(
        replace(tender, state=now) if tender.tender_id == tender_id else tender
        for tender in sale.tenders
    )
    sale = replace(sale, tenders=tenders)
    if sale.state is SaleState.INTERRUPTED:
        return sale
    return replace(sale, state=_open_or_tendering(sale))


# --- completion, and what it adds to shift, day and perpetual totals


def _completed(state: TillState, event: ev.SaleCompleted, at_ms: int) -> TillState:
    sale = replace(
        belongs_now(state, _change(state, event.sale_id, at_ms, SaleState.COMPLETED)),
        totals=event.totals,
        receipt_number=event.receipt_number,
        rounding_minor=event.rounding_minor,
        change_minor=event.change_minor,
        receipt_job_id=event.receipt_job_id,
    )
    state = _finish_sale(state, sale)
    jobs, kicks = state.jobs, state.kicks
    if event.receipt_job_id:
        jobs = {**jobs, event.receipt_job_id: _receipt_job(state, event, at_ms)}
    if event.kick_id:
        kicks = {**kicks, event.kick_id: _sale_kick(state, event, sale, at_ms)}
    if event.receipt_job_id or event.kick_id:
        state = replace(state, jobs=jobs, kicks=kicks)
    return books_plus(state, sale, at_ms)


def _receipt_job(state: TillState, event: ev.SaleCompleted, at_ms: int) -> Job:
    return Job(
        job_id=event.receipt_job_id,
        printer=event.printer,
        kind=JobKind.RECEIPT,
        state=JobState.ACCEPTED,
        created_ms=at_ms,
        updated_ms=at_ms,
        submit_seq=state.seq,
        seq=state.seq,
        ttl_s=event.receipt_ttl_s,
        sale_id=event.sale_id,
    )


def _sale_kick(state: TillState, event: ev.SaleCompleted, sale: Sale, at_ms: int) -> Kick:
    return Kick(
        kick_id=event.kick_id,
        drawer=event.drawer,
        reason=KickReason.SALE if sale.kind is SaleKind.SALE else KickReason.REFUND,
        state=KickState.REQUESTED,
        created_ms=at_ms,
        updated_ms=at_ms,
        seq=state.seq,
        sale_id=event.sale_id,
        after_job_id=event.receipt_job_id,
    )


# --- deeds


_KickEvent = ev.DrawerOpenRequested | ev.KickStarted | ev.KickEnded


def _kick_after(state: TillState, event: _KickEvent, at_ms: int) -> Kick:
    if isinstance(event, ev.DrawerOpenRequested):
        return Kick(
            kick_id=event.kick_id,
            drawer=event.drawer,
            reason=event.reason,
            state=KickState.REQUESTED,
            created_ms=at_ms,
            updated_ms=at_ms,
            seq=state.seq,
        )
    kick = replace(state.kicks[event.kick_id], updated_ms=at_ms, seq=state.seq)
    match event:
        case ev.KickStarted():
            return replace(kick, state=KickState.STARTED)
        case ev.KickEnded(outcome=outcome, verified=verified, failure=failure):
            return replace(kick, state=outcome, verified=verified, failure=failure)
        case _:
            assert_never(event)


def _with_kick(state: TillState, kick: Kick) -> TillState:
    if kick.state in LIVE_KICK:
        return replace(state, kicks={**state.kicks, kick.kick_id: kick})
    live = {key: other for key, other in state.kicks.items() if key != kick.kick_id}
    return replace(state, kicks=live, finished_kicks=(*state.finished_kicks, kick))
