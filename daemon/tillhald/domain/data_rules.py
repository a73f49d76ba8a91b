"""Restoring and cleaning all of the data: what it does to the state, what would be lost. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

import msgspec
from msgspec.structs import replace

from tillhald.domain import events as ev
from tillhald.domain.backup import BackupTotals
from tillhald.domain.backup_rules import totals_of
from tillhald.domain.data import (
    CHANGES_REMEMBERED_MAX,
    SALES_NAMED_MAX,
    DataBook,
    DataChange,
    KeptData,
    NamedSale,
    NumbersGiven,
    Surplus,
)
from tillhald.domain.jobs import JobState, KickState
from tillhald.domain.predecessor import ImportBook
from tillhald.domain.sale import SaleState, TenderState, TenderType
from tillhald.domain.slips import SlipShelf
from tillhald.domain.state import TillState
from tillhald.domain.switches import WorkKind

if TYPE_CHECKING:
    from tillhald.domain.sale import Sale

ACCESS_FACTS = (
    ev.OperatorPut,
    ev.PinSet,
    ev.OperatorDisabled,
    ev.TokenIssued,
    ev.TokenRevoked,
)
"""Changes to who may do what; a sign-on is none, for it ends by itself."""


# --- what the facts do to the state


def data_after(
    state: TillState, event: ev.DataRestored | ev.DataCleaned | ev.WentLive, at_ms: int
) -> TillState:
    """The state after one of these facts."""
    match event:
        case ev.WentLive():
            if state.data.went_live_ms:
                return state
            return replace(state, data=replace(state.data, went_live_ms=at_ms))
        case ev.DataRestored():
            return _restored(state, event, at_ms)
        case ev.DataCleaned():
            return _cleaned(state, event, at_ms)
        case _:
            assert_never(event)


def _restored(state: TillState, event: ev.DataRestored, at_ms: int) -> TillState:
    numbers = behind(numbers_of(state), event.numbers)
    state = replace(
        state,
        receipts_given=numbers.receipts,
        trainings_given=numbers.trainings,
        zs_given=numbers.zs,
        days_opened=numbers.days,
        shifts_opened=numbers.shifts,
        # Increments that were made of the other history follow the same backups: the next one
        # stands by itself.
        backups=replace(state.backups, full=None),
    )
    change = DataChange(
        kind=WorkKind.RESTORE,
        work_id=event.work_id,
        request_id=event.request_id,
        at_ms=at_ms,
        seq=state.seq,
        backup_id=event.backup_id,
        incarnation=event.incarnation,
        lost=event.lost,
        totals=totals_of(state),
        safety=event.safety,
    )
    # A till that is live stays so, whatever was restored: what it sold is business.
    live_ms = state.data.went_live_ms or event.went_live_ms
    book = replace(state.data, went_live_ms=live_ms)
    return replace(state, data=_with_change(book, change))


def _cleaned(state: TillState, event: ev.DataCleaned, at_ms: int) -> TillState:
    kept = event.kept
    change = DataChange(
        kind=WorkKind.CLEAN,
        work_id=event.work_id,
        request_id=event.request_id,
        at_ms=at_ms,
        seq=state.seq,
        totals=event.before,
        safety=event.safety,
    )
    return replace(
        state,
        access=kept.access,
        drawers=kept.drawers,
        statistics=kept.statistics,
        identities=kept.identities,
        data=_with_change(state.data, change),
    )


def _with_change(book: DataBook, change: DataChange) -> DataBook:
    return replace(book, changes=(*book.changes, change)[-CHANGES_REMEMBERED_MAX:])


def numbers_of(state: TillState) -> NumbersGiven:
    """The last number of each series."""
    return NumbersGiven(
        receipts=state.receipts_given,
        trainings=state.trainings_given,
        zs=state.zs_given,
        days=state.days_opened,
        shifts=state.shifts_opened,
    )


def behind(one: NumbersGiven, other: NumbersGiven) -> NumbersGiven:
    """The higher of both, in each series."""
    return NumbersGiven(
        receipts=max(one.receipts, other.receipts),
        trainings=max(one.trainings, other.trainings),
        zs=max(one.zs, other.zs),
        days=max(one.days, other.days),
        shifts=max(one.shifts, other.shifts),
    )


def is_unused(state: TillState) -> bool:
    """Whether nobody would miss any of it: no sale, shift, day, paper, slip or import, nobody with
    a PIN, no front end, and nothing was ever done to the data as a whole.

    What the till notes of itself, of devices, power and backups, counts for nothing, nor does the
    owner whom it makes for the one who has the setup code.
    """
    access = state.access
    nobody = all(
        name == access.setup_operator and not each.pin_hash
        for name, each in access.operators.items()
    )
    business = (
        state.sales,
        state.jobs,
        state.kicks,
        state.unresolved,
        state.day,
        state.shift,
        state.closed_shifts,
        state.behind,
        state.gone,
        access.tokens,
        access.sign_ons,
    )
    return (
        nobody
        and not any(business)
        and (totals_of(state), numbers_of(state)) == (BackupTotals(), NumbersGiven())
        and (state.slips, state.imports, state.data) == (SlipShelf(), ImportBook(), DataBook())
    )


# --- the facts of a new generation's first own record


def restore_facts(state: TillState, restored: ev.DataRestored) -> list[ev.AnyEvent]:
    """What is recorded behind a restored history; `state` is the one at its end.

    A job that waited then may have been printed since, and a drawer opened: nobody knows, so
    neither is done by itself.
    """
    return [
        restored,
        *(
            ev.PrintEnded(job_id=job_id, outcome=JobState.UNCONFIRMED, reason="TILL_RESTARTED")
            for job_id in state.jobs
        ),
        *(
            ev.KickEnded(kick_id=kick_id, outcome=KickState.UNKNOWN, failure="TILL_RESTARTED")
            for kick_id in state.kicks
        ),
    ]


def clean_facts(
    state: TillState, cleaned: ev.DataCleaned, created: ev.JournalCreated
) -> list[ev.AnyEvent]:
    """The first record of a clean generation; `state` is the one before it. `cleaned.kept` is
    filled in here."""
    kept = KeptData(
        access=replace(state.access, sign_ons={}),
        # Where the drawers stand is seen anew; how their switches work was learnt once.
        drawers={
            name: replace(each, is_open=None, opened_ms=0, kicked_ms=0)
            for name, each in state.drawers.items()
        },
        statistics=state.statistics,
        identities=state.identities,
    )
    return [
        created,
        replace(cleaned, before=totals_of(state), kept=kept),
        *(
            ev.BatteryReplaced(
                ups=each.ups,
                fitted_on=each.fitted_on,
                serial=each.serial,
                fitted_by=each.fitted_by,
            )
            for each in state.power.batteries
        ),
    ]


# --- what one history has beyond another


class Tracing:
    """Follows a history from where it parted from another, and adds up what it has beyond it."""

    def __init__(self, common: TillState) -> None:
        """`common`: the state at the last record that both have."""
        self._common = common
        self._completed: list[NamedSale] = []
        self._cash_minor = 0
        self._moved_minor = 0
        self._counts = {"movements": 0, "access": 0, "slips": 0, "days": 0, "zs": 0, "shifts": 0}
        self._last_ms = 0
        self._first_receipt = 0

    def take(self, record: ev.Record, state: TillState) -> None:
        """One more record; `state` is the one after it."""
        self._last_ms = record.wall_ms
        for sale in state.finished_sales:
            if sale.state is SaleState.COMPLETED and not sale.training:
                self._sold(sale, record.wall_ms)
        for event in record.events:
            match event:
                case ev.CashMoved(amount_minor=minor):
                    self._counts["movements"] += 1
                    self._moved_minor += minor
                case ev.SlipEntered():
                    self._counts["slips"] += 1
                case ev.DayOpened():
                    self._counts["days"] += 1
                case ev.DayClosed():
                    self._counts["zs"] += 1
                case ev.ShiftOpened():
                    self._counts["shifts"] += 1
                case _ if isinstance(event, ACCESS_FACTS):
                    self._counts["access"] += 1
                case _:
                    pass

    def _sold(self, sale: Sale, at_ms: int) -> None:
        self._first_receipt = self._first_receipt or sale.receipt_number
        self._cash_minor += cash_of(sale)
        if len(self._completed) < SALES_NAMED_MAX:
            payable_minor = sale.totals.payable_minor if sale.totals else 0
            named = NamedSale(
                receipt_number=sale.receipt_number,
                at_ms=at_ms,
                payable_minor=payable_minor,
                sale_id=sale.sale_id,
            )
            self._completed.append(named)

    def surplus(self, end: TillState) -> Surplus:
        """What there is beyond; `end` is the state at this history's end."""
        common, now, before = self._common, totals_of(end), totals_of(self._common)
        live = [sale for sale in end.sales.values() if sale.seq > common.seq]
        jobs = [*end.jobs.values(), *end.unresolved.values()]
        gone_on = end.seq > common.seq
        return Surplus(
            records=end.seq - common.seq,
            first_seq=common.seq + 1 if gone_on else 0,
            last_seq=end.seq if gone_on else 0,
            last_ms=self._last_ms,
            first_receipt=self._first_receipt,
            last_receipt=end.receipts_given if self._first_receipt else 0,
            sales=now.sales - before.sales,
            sales_minor=now.sales_minor - before.sales_minor,
            returns=now.returns - before.returns,
            returns_minor=now.returns_minor - before.returns_minor,
            voids=now.voids - before.voids,
            voids_minor=now.voids_minor - before.voids_minor,
            cash_minor=self._cash_minor,
            live_sales=len(live),
            suspended_sales=sum(sale.state is SaleState.SUSPENDED for sale in live),
            jobs=sum(job.seq > common.seq for job in jobs),
            movements_minor=self._moved_minor,
            named=tuple(self._completed),
            **self._counts,
        )


def cash_of(sale: Sale) -> int:
    """What a completed sale put into the drawer, in minor units; negative for what it took out."""
    tendered = sum(
        tender.amount_minor
        for tender in sale.tenders
        if tender.type is TenderType.CASH and tender.state is TenderState.APPROVED
    )
    return tendered - sale.change_minor


def business_of(state: TillState) -> bytes:
    """What the owner was shown, as bytes: the same bytes mean that nothing of it has changed.

    What the till notes of devices, power and backups is not among it: that goes on all the time.
    """
    access = replace(
        state.access,
        sign_ons={},
        operators={
            key: replace(each, failures=0, failed_ms=0)
            for key, each in state.access.operators.items()
        },
    )
    parts = (
        totals_of(state),
        numbers_of(state),
        state.sales,
        state.jobs,
        state.unresolved,
        state.day,
        state.shift,
        state.closed_shifts,
        state.slips,
        access,
        state.data,
        state.imports,
    )
    return msgspec.msgpack.encode(parts)
