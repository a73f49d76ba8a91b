"""The recovery report: how facts make its items, and what a person may decide about them."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from tillhald.domain import commands as cmd
from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain.jobs import IN_DOUBT, Job, KickState, Resolution
from tillhald.domain.recovery_items import (
    RECOVERY_ITEMS_MAX,
    ItemKind,
    RecoveryAction,
    RecoveryBook,
    RecoveryItem,
    item_id,
)
from tillhald.domain.rules import RecoveryGate, ShopRules
from tillhald.domain.sale import SaleState, totals_of
from tillhald.domain.state import TillState

LEFT_BY_RESTART: Final = "TILL_RESTARTED"
_RESOLUTIONS: Final = {
    RecoveryAction.REPRINT: Resolution.COPY,
    RecoveryAction.IS_PRINTED: Resolution.PRINTED,
    RecoveryAction.GIVE_UP: Resolution.DISCARDED,
}
_ACTIONS: Final = {resolution: action for action, resolution in _RESOLUTIONS.items()}
_OF_SALES: Final = (RecoveryAction.RESUME, RecoveryAction.SUSPEND, RecoveryAction.CANCEL)
_OF_JOBS: Final = tuple(_RESOLUTIONS)
_OF_KICKS: Final = (RecoveryAction.OPENED, RecoveryAction.NOT_OPENED)
_OF_KIND: Final = {
    ItemKind.SALE: _OF_SALES,
    ItemKind.JOB: _OF_JOBS,
    ItemKind.KICK: _OF_KICKS,
}

# --- what facts make of the report

_TOUCHING: Final = frozenset(
    {
        ev.TillStarted,
        ev.SaleInterrupted,
        ev.SaleResumed,
        ev.SaleSuspended,
        ev.SaleCancelled,
        ev.PrintEnded,
        ev.JobResolved,
        ev.JobConfirmedLate,
        ev.KickEnded,
        ev.RecoveryItemResolved,
    }
)
"""By class, for speed: the facts of a plain checkout all come by here, and are none of these."""


def reported(state: TillState, event: ev.AnyEvent, at_ms: int) -> TillState:
    """The state with the report as it is after `event`, which the rest of it has gone through."""
    if type(event) not in _TOUCHING:
        return state
    book = _book_after(state, event, at_ms)
    return state if book is state.recovery else replace(state, recovery=book)


def _book_after(state: TillState, event: ev.AnyEvent, at_ms: int) -> RecoveryBook:
    book = state.recovery
    match event:
        case ev.TillStarted():
            outage = state.power.open_outage
            left = {item.item_id: item for item in book.waiting}
            started = RecoveryBook(
                started_ms=at_ms, outage_id=outage.outage_id if outage else "", items=left
            )
            for job in state.unresolved.values():
                if item_id(ItemKind.JOB, job.job_id) not in left:
                    started = _with(started, _job_item(job, at_ms))
            return started
        case ev.SaleInterrupted(sale_id=sale_id):
            sale = state.sales[sale_id]
            found = RecoveryItem(
                item_id=item_id(ItemKind.SALE, sale_id),
                kind=ItemKind.SALE,
                subject=sale_id,
                found_ms=at_ms,
                payable_minor=totals_of(sale).payable_minor,
                sale_id=sale_id,
            )
            return _with(book, found)
        case ev.SaleResumed(sale_id=sale_id):
            return _resolved(book, ItemKind.SALE, sale_id, RecoveryAction.RESUME, at_ms)
        case ev.SaleSuspended(sale_id=sale_id):
            return _resolved(book, ItemKind.SALE, sale_id, RecoveryAction.SUSPEND, at_ms)
        case ev.SaleCancelled(sale_id=sale_id):
            return _resolved(book, ItemKind.SALE, sale_id, RecoveryAction.CANCEL, at_ms)
        case ev.PrintEnded(job_id=job_id, outcome=outcome, reason=reason):
            if reason != LEFT_BY_RESTART or outcome not in IN_DOUBT:
                return book
            return _with(book, _job_item(state.unresolved[job_id], at_ms))
        case ev.KickEnded(kick_id=kick_id, outcome=outcome, failure=failure):
            if failure != LEFT_BY_RESTART or outcome is not KickState.UNKNOWN:
                return book
            kick = state.finished_kicks[-1]
            found = RecoveryItem(
                item_id=item_id(ItemKind.KICK, kick_id),
                kind=ItemKind.KICK,
                subject=kick_id,
                found_ms=at_ms,
                sale_id=kick.sale_id,
            )
            return _with(book, found)
        case ev.JobConfirmedLate(job=job):
            done = RecoveryAction.IS_PRINTED
            return _resolved(book, ItemKind.JOB, job.job_id, done, at_ms, by_itself=True)
        case ev.JobResolved(job=job) if job.resolution is not None:
            return _job_resolved(book, job, at_ms)
        case ev.RecoveryItemResolved():
            return _item_resolved(book, event, at_ms)
        case _:
            return book


def _job_item(job: Job, at_ms: int) -> RecoveryItem:
    return RecoveryItem(
        item_id=item_id(ItemKind.JOB, job.job_id),
        kind=ItemKind.JOB,
        subject=job.job_id,
        found_ms=at_ms,
        sale_id=job.sale_id,
    )


def _with(book: RecoveryBook, item: RecoveryItem) -> RecoveryBook:
    items = {key: other for key, other in book.items.items() if key != item.item_id}
    if len(items) >= RECOVERY_ITEMS_MAX:
        oldest = next(iter(items))
        del items[next((key for key, each in items.items() if each.action), oldest)]
    return replace(book, items={**items, item.item_id: item})


def _resolved(
    book: RecoveryBook,
    kind: ItemKind,
    subject: str,
    action: RecoveryAction,
    at_ms: int,
    *,
    by_itself: bool = False,
) -> RecoveryBook:
    """The item, if there is one that waits, as an ordinary fact resolves it."""
    item = book.items.get(item_id(kind, subject))
    if item is None or item.action is not None:
        return book
    item = replace(item, action=action, resolved_ms=at_ms, by_itself=by_itself)
    return replace(book, items={**book.items, item.item_id: item})


def _job_resolved(book: RecoveryBook, job: Job, at_ms: int) -> RecoveryBook:
    item = book.items.get(item_id(ItemKind.JOB, job.job_id))
    if item is None or item.action is not None or job.resolution is None:
        return book
    item = replace(
        item,
        action=_ACTIONS[job.resolution],
        by_itself=job.resolved_by_policy,
        resolved_by=job.resolved_by,
        resolved_ms=at_ms,
        reason=job.resolve_reason,
        copy_job_id=job.copy_job_id,
    )
    return replace(book, items={**book.items, item.item_id: item})


def _item_resolved(book: RecoveryBook, event: ev.RecoveryItemResolved, at_ms: int) -> RecoveryBook:
    item = book.items.get(event.item_id)
    if item is None:
        return book
    item = replace(
        item,
        action=event.action,
        resolved_by=event.resolved_by,
        resolved_ms=at_ms,
        reason=event.reason,
    )
    return replace(book, items={**book.items, item.item_id: item})


# --- what a person decides


def actions_of(state: TillState, item: RecoveryItem) -> tuple[RecoveryAction, ...]:
    """What can be done about it as things are now; nothing once it is resolved."""
    if item.action is not None:
        return ()
    if item.kind is not ItemKind.SALE:
        return _OF_KIND[item.kind]
    sale = state.sales.get(item.subject)
    if sale is None or sale.state is not SaleState.INTERRUPTED:
        return ()
    # Money was given for it, or may have been: that is settled in the sale itself.
    return (RecoveryAction.RESUME,) if sale.has_live_tender else _OF_SALES


def resolve_item(
    state: TillState, command: cmd.ResolveItem, operator: str
) -> tuple[cmd.AnyCommand | None, ev.RecoveryItemResolved]:
    """The ordinary command that the decision comes to, and the fact that it was decided.

    Raises RecoveryItemNotFound, RecoveryItemStateWrong, FieldInvalid. The ordinary command may be
    refused for reasons of its own.
    """
    item = state.recovery.items.get(command.item_id)
    if item is None:
        sentence = "There is no such item in the report of the last start."
        raise errors.RecoveryItemNotFound(sentence, item_id=command.item_id)
    if command.action not in _OF_KIND[item.kind]:
        can = ", ".join(action.name for action in _OF_KIND[item.kind])
        raise errors.FieldInvalid("action", f"Of a {item.kind.value}: {can}.")
    if item.action is not None:
        sentence = "It has been decided already what becomes of this item."
        raise errors.RecoveryItemStateWrong(
            sentence, item_id=item.item_id, action=item.action.value
        )
    fact = ev.RecoveryItemResolved(
        item_id=item.item_id,
        action=command.action,
        resolved_by=operator,
        reason=command.reason,
    )
    return _ordinary(state, item, command), fact


def _ordinary(
    state: TillState, item: RecoveryItem, command: cmd.ResolveItem
) -> cmd.AnyCommand | None:
    resolution = _RESOLUTIONS.get(command.action)
    if resolution is not None:
        return cmd.ResolveJob(job_id=item.subject, resolution=resolution, reason=command.reason)
    if item.kind is ItemKind.KICK:
        return None
    sale = state.sales.get(item.subject)
    version = sale.version if sale else 0
    match command.action:
        case RecoveryAction.SUSPEND:
            return cmd.SuspendSale(
                sale_id=item.subject, expected_version=version, note=command.reason
            )
        case RecoveryAction.CANCEL:
            return cmd.CancelSale(
                sale_id=item.subject, expected_version=version, reason=command.reason
            )
        case _:
            return cmd.ResumeSale(sale_id=item.subject, expected_version=version)


_GATED: Final = (cmd.Checkout, cmd.OpenSale, cmd.OpenReturn)


def is_gated(state: TillState, rules: ShopRules) -> list[RecoveryItem]:
    """The items that keep new sales from being begun, by the shop's policy."""
    match rules.recovery_gate:
        case RecoveryGate.NONE:
            return []
        case RecoveryGate.INTERRUPTED:
            return [item for item in state.recovery.waiting if item.kind is ItemKind.SALE]
        case RecoveryGate.ALL:
            return state.recovery.waiting


def refuse_before_recovery(state: TillState, rules: ShopRules, command: cmd.AnyCommand) -> None:
    """Raises RecoveryPending where the shop wants the report worked off first."""
    if not isinstance(command, _GATED):
        return
    waiting = is_gated(state, rules)
    if waiting:
        sentence = "Decide first about what the last start found: GetReport, then ResolveItem."
        raise errors.RecoveryPending(sentence, waiting=len(waiting), item_id=waiting[0].item_id)
