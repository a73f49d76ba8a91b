"""How facts change what the till remembers of upgrades. Pure."""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from tillhald.domain import events as ev
from tillhald.domain.upgrade import (
    STAGED_REMEMBERED_MAX,
    Stage,
    StagedSlot,
    Upgrade,
    UpgradeBook,
)

UpgradeEvent = (
    ev.UpgradeStaged
    | ev.UpgradeArmed
    | ev.UpgradeBegun
    | ev.UpgradeInterrupted
    | ev.UpgradeAborted
    | ev.SwitchCommitted
    | ev.SwitchTakenBack
)


def book_after(book: UpgradeBook, event: UpgradeEvent, at_ms: int) -> UpgradeBook:
    """The book after one more fact; `at_ms` is its record's clock."""
    if isinstance(event, ev.UpgradeStaged):
        return _staged(book, event.staged, at_ms)
    if isinstance(event, ev.UpgradeArmed):
        return replace(book, current=Upgrade(plan=event.plan, armed_ms=at_ms))
    work_id = event.work_id if isinstance(event, _OF_SWITCH) else event.upgrade_id
    current = book.current
    if current is None or current.upgrade_id != work_id:
        return book  # the switch of a restore, say
    match event:
        case ev.UpgradeBegun(totals=totals):
            begun = replace(
                current,
                stage=Stage.QUIESCED,
                begun_ms=at_ms,
                attempts=current.attempts + 1,
                totals=totals,
            )
            return replace(book, current=begun)
        case ev.UpgradeInterrupted():
            return replace(book, current=replace(current, stage=Stage.ARMED))
        case ev.UpgradeAborted():
            aborted = replace(
                current,
                stage=Stage.ABORTED,
                ended_ms=at_ms,
                reason=event.reason,
                why=event.why,
                cancel_request_id=event.request_id,
            )
            return replace(book, current=None, last=aborted)
        case ev.SwitchCommitted():
            committed = replace(current, stage=Stage.COMMITTED, ended_ms=at_ms)
            return replace(book, current=None, last=committed)
        case ev.SwitchTakenBack(why=why):
            back = replace(current, stage=Stage.ROLLED_BACK, ended_ms=at_ms, why=why)
            return replace(book, current=None, last=back)
        case _:
            assert_never(event)


_OF_SWITCH = (ev.SwitchCommitted, ev.SwitchTakenBack)


def _staged(book: UpgradeBook, staged: StagedSlot, at_ms: int) -> UpgradeBook:
    # The same version again takes the place of the earlier one.
    others = tuple(each for each in book.staged if each.slot != staged.slot)
    kept = (*others, replace(staged, staged_ms=at_ms))[-STAGED_REMEMBERED_MAX:]
    return replace(book, staged=kept)
