"""What a shift allows: who sells, what moves in the drawer, how it is counted and handed over."""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from tillhald.domain import commands as cmd
from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain.amounts import AMOUNT_MINOR_MAX
from tillhald.domain.books import SHIFTS_A_DAY_MAX, MovementKind, Shift, ShiftState
from tillhald.domain.jobs import (
    LIVE_KICKS_MAX,
    RECEIPTS_WAITING_MAX,
    JobKind,
    KickReason,
    ReportKind,
)
from tillhald.domain.reports import shift_report
from tillhald.domain.rules import ShopRules
from tillhald.domain.sale import UNDER_WAY, Sale
from tillhald.domain.state import TillState

SELLS = (
    cmd.PutLine,
    cmd.RemoveLine,
    cmd.ApplyDiscount,
    cmd.ResumeSale,
    cmd.AddTender,
    cmd.CompleteSale,
)
"""Steps on a sale that need somebody at the drawer; putting aside and giving up need nobody."""
_NEEDS_REASON = (MovementKind.PAID_IN, MovementKind.PAID_OUT)
_KICK_FOR = {
    MovementKind.LOAN: KickReason.FLOAT,
    MovementKind.PICKUP: KickReason.FLOAT,
    MovementKind.SAFE_DROP: KickReason.FLOAT,
    MovementKind.PAID_IN: KickReason.PAID_IN_OUT,
    MovementKind.PAID_OUT: KickReason.PAID_IN_OUT,
}


def operator_of(state: TillState, rules: ShopRules, now: cmd.Now) -> str:
    """Under whose name something is done."""
    return now.operator or (state.shift.operator if state.shift else rules.implicit_operator)


# --- selling


def selling_facts(state: TillState, rules: ShopRules, now: cmd.Now) -> list[ev.AnyEvent]:
    """What has to be opened before something is sold, by the shop's rule.

    Raises DayNotOpen, ShiftNotOpen, ShiftLocked, TooManyShifts.
    """
    facts = day_facts(state, rules, now)
    shift = state.shift
    if shift is None:
        if not rules.implicit_shift:
            raise errors.ShiftNotOpen("No shift is open.")
        check_room(state)
        number = state.shifts_opened + 1
        facts.append(
            ev.ShiftOpened(
                shift_id=f"shift-{number}",
                shift_number=number,
                operator=operator_of(state, rules, now),
                float_minor=rules.implicit_float_minor,
                implicit=True,
            )
        )
    elif shift.state is not ShiftState.OPEN:
        check_sells(shift)
    return facts


def check_sells(shift: Shift) -> None:
    """Raises ShiftLocked, ShiftNotOpen."""
    if shift.state is ShiftState.LOCKED:
        sentence = "The shift is locked; unlock it first."
        raise errors.ShiftLocked(sentence, shift_id=shift.shift_id, version=shift.version)
    if shift.state is ShiftState.ENDED:
        sentence = "The shift has ended; hand over or close it first."
        raise errors.ShiftNotOpen(sentence, shift_id=shift.shift_id, state=shift.state.value)


def day_facts(state: TillState, rules: ShopRules, now: cmd.Now) -> list[ev.AnyEvent]:
    """Opens the business day by the shop's rule, where none is open. Raises DayNotOpen."""
    if state.day is not None:
        return []
    if not rules.implicit_shift:
        raise errors.DayNotOpen("No business day is open.")
    return [ev.DayOpened(business_day=now.today, day_number=state.days_opened + 1)]


def check_books(state: TillState, sale: Sale) -> None:
    """A sale for training is of use in training, and no other is. Raises SaleStateWrong."""
    training = state.shift is not None and state.shift.training
    if sale.training is not training:
        sentence = (
            "This is a sale for training; the shift is none."
            if sale.training
            else "This is a real sale; the shift is for training."
        )
        raise errors.SaleStateWrong(sentence, state=sale.state.value, sale_id=sale.sale_id)


# --- commands


def decide_shift(
    state: TillState, rules: ShopRules, command: cmd.ShiftCommand, now: cmd.Now
) -> list[ev.AnyEvent]:
    """The facts that `command` makes. Raises Refused."""
    match command:
        case cmd.OpenShift():
            return _open(state, rules, command, now)
        case cmd.CorrectCount():
            return _correct(state, rules, command, now)
        case _:
            return _on_shift(state, rules, command, now)


def _open(
    state: TillState, rules: ShopRules, command: cmd.OpenShift, now: cmd.Now
) -> list[ev.AnyEvent]:
    if state.shift is not None:
        raise _state_wrong("A shift is open already.", state.shift)
    facts = day_facts(state, rules, now)
    check_room(state)
    if command.training and command.float_minor:
        sentence = "Nothing is counted into the drawer for training."
        raise errors.FieldInvalid("opening_float", sentence)
    expected = None if command.training else state.drawer_left_minor
    opened = _opened(state, rules, command.operator, now, command.float_minor, expected)
    facts.append(_for_training(opened) if command.training else opened)
    if expected is not None and expected != command.float_minor:
        facts.append(
            ev.OpeningDifferenceFound(
                shift_id=opened.shift_id,
                expected_minor=expected,
                counted_minor=command.float_minor,
            )
        )
    return facts


def _for_training(opened: ev.ShiftOpened) -> ev.ShiftOpened:
    return ev.ShiftOpened(
        shift_id=opened.shift_id,
        shift_number=opened.shift_number,
        operator=opened.operator,
        opened_by=opened.opened_by,
        float_minor=0,
        training=True,
    )


def _opened(
    state: TillState,
    rules: ShopRules,
    operator: str,
    now: cmd.Now,
    float_minor: int,
    expected: int | None,
    *,
    handed_from: str = "",
) -> ev.ShiftOpened:
    number = state.shifts_opened + 1
    return ev.ShiftOpened(
        shift_id=f"shift-{number}",
        shift_number=number,
        operator=operator or now.operator or rules.implicit_operator,
        opened_by=now.operator,
        float_minor=float_minor,
        expected_float_minor=expected,
        handed_from=handed_from,
    )


_OnOpenShift = (
    cmd.LockShift
    | cmd.UnlockShift
    | cmd.RecordMovement
    | cmd.EndShift
    | cmd.DeclareCount
    | cmd.HandOver
    | cmd.CloseShift
)


def _on_shift(
    state: TillState, rules: ShopRules, command: _OnOpenShift, now: cmd.Now
) -> list[ev.AnyEvent]:
    shift = _named(state, command)
    match command:
        case cmd.LockShift():
            _in_state(shift, ShiftState.OPEN)
            return [ev.ShiftLocked(shift_id=shift.shift_id)]
        case cmd.UnlockShift():
            _in_state(shift, ShiftState.LOCKED)
            return [ev.ShiftUnlocked(shift_id=shift.shift_id)]
        case cmd.RecordMovement():
            return _movement(state, rules, shift, command, now)
        case cmd.EndShift():
            _in_state(shift, ShiftState.OPEN, ShiftState.LOCKED)
            refuse_under_way(state)
            return [ev.ShiftEnded(shift_id=shift.shift_id)]
        case cmd.DeclareCount():
            return [_count(shift, command, now)]
        case cmd.HandOver():
            return _hand_over(state, rules, shift, command, now)
        case cmd.CloseShift():
            _in_state(shift, ShiftState.ENDED)
            if not shift.training:
                _is_counted(shift)
            job = report_job(state, rules, ReportKind.SHIFT, f"shift/{shift.shift_number}")
            return [*closing_facts(state, shift, now.at_ms), *job]
        case _:
            assert_never(command)


def _named(state: TillState, command: cmd.OnShift) -> Shift:
    shift = state.shift
    if shift is None or shift.shift_id != command.shift_id:
        closed = _closed(state, command.shift_id)
        if closed is None:
            raise errors.ShiftNotFound("There is no such shift.", shift_id=command.shift_id)
        raise _state_wrong("The shift is closed and does not change any more.", closed)
    return _at_version(shift, command)


def _closed(state: TillState, shift_id: str) -> Shift | None:
    return next((shift for shift in state.closed_shifts if shift.shift_id == shift_id), None)


def _at_version(shift: Shift, command: cmd.OnShift) -> Shift:
    if shift.version != command.expected_version:
        raise errors.VersionConflict(
            "The shift has changed since you last saw it.",
            expected_version=command.expected_version,
            version=shift.version,
            state=shift.state.value,
        )
    return shift


def _in_state(shift: Shift, *states: ShiftState) -> None:
    if shift.state not in states:
        raise _state_wrong(f"The shift is {shift.state.value}.", shift)


def _state_wrong(sentence: str, shift: Shift) -> errors.ShiftStateWrong:
    return errors.ShiftStateWrong(
        sentence, shift_id=shift.shift_id, state=shift.state.value, version=shift.version
    )


def check_room(state: TillState, shifts: int = 1) -> None:
    """Raises TooManyShifts where the day would have more than a Z can list."""
    if state.day is None:
        return
    of_today = sum(shift.day_number == state.day.day_number for shift in state.closed_shifts)
    if of_today + shifts > SHIFTS_A_DAY_MAX:
        sentence = "The business day has had too many shifts; close the day."
        raise errors.TooManyShifts(sentence, limit=SHIFTS_A_DAY_MAX)


def refuse_under_way(state: TillState) -> None:
    """Raises OpenSalesExist for a sale that somebody stands at."""
    live = [sale for sale in state.sales.values() if sale.state in UNDER_WAY and not sale.training]
    if live:
        sentence = "A sale is under way; complete, suspend or cancel it first."
        raise errors.OpenSalesExist(
            sentence, sale_id=live[0].sale_id, state=live[0].state.value, count=len(live)
        )


# --- cash


def _movement(
    state: TillState, rules: ShopRules, shift: Shift, command: cmd.RecordMovement, now: cmd.Now
) -> list[ev.AnyEvent]:
    if now.id_taken:
        sentence = "There is a movement with this id already."
        raise errors.MovementExists(sentence, movement_id=command.movement_id)
    if shift.state is ShiftState.LOCKED:
        check_sells(shift)
    if shift.training:
        raise _state_wrong("A shift for training has no cash.", shift)
    kind, amount = command.kind, command.amount_minor
    if kind in _NEEDS_REASON and not command.reason:
        raise errors.FieldInvalid("reason", "What the cash is for is needed.")
    left = shift.cash.expected_minor if shift.left_minor is None else shift.left_minor
    if not kind.is_in and amount > left:
        # How much there is is not told: whoever counts must not know it.
        raise errors.DrawerCashShort("There is not so much cash in the drawer.")
    if kind.is_in and left + amount > AMOUNT_MINOR_MAX:
        sentence = "The drawer's cash would be out of range."
        raise errors.AmountOutOfRange("amount", sentence, limit_minor=AMOUNT_MINOR_MAX)
    slip = f"movement/{command.movement_id}"
    facts: list[ev.AnyEvent] = [
        ev.CashMoved(
            shift_id=shift.shift_id,
            movement_id=command.movement_id,
            kind=kind,
            amount_minor=amount,
            operator=operator_of(state, rules, now),
            reason=command.reason,
        ),
        *report_job(state, rules, ReportKind.MOVEMENT, slip),
    ]
    if rules.drawer and len(state.kicks) < LIVE_KICKS_MAX:
        facts.append(
            ev.DrawerOpenRequested(kick_id=slip, drawer=rules.drawer, reason=_KICK_FOR[kind])
        )
    return facts


def _count(shift: Shift, command: cmd.DeclareCount, now: cmd.Now) -> ev.CashCounted:
    _in_state(shift, ShiftState.ENDED)
    if shift.training:
        raise _state_wrong("A shift for training has no cash.", shift)
    if command.denominations:
        together = sum(each.value_minor * each.count for each in command.denominations)
        if together != command.counted_minor:
            sentence = "The denominations do not add up to what was counted."
            raise errors.FieldInvalid("denominations", sentence, sum_minor=together)
    return ev.CashCounted(
        shift_id=shift.shift_id,
        counted_minor=command.counted_minor,
        denominations=command.denominations,
        counted_by=now.operator or shift.operator,
    )


def _is_counted(shift: Shift) -> int:
    left = shift.left_minor
    if left is None:
        raise errors.NotCounted("Count the drawer first.", shift_id=shift.shift_id)
    return left


def _hand_over(
    state: TillState, rules: ShopRules, shift: Shift, command: cmd.HandOver, now: cmd.Now
) -> list[ev.AnyEvent]:
    _in_state(shift, ShiftState.ENDED)
    if shift.training:
        raise _state_wrong("A shift for training is closed, not handed over.", shift)
    left = _is_counted(shift)
    check_room(state, shifts=2)  # this one is closed by the same record
    opened = _opened(state, rules, command.operator, now, left, left, handed_from=shift.shift_id)
    return [
        *closing_facts(state, shift, now.at_ms),
        opened,
        ev.ShiftHandedOver(
            from_shift_id=shift.shift_id,
            to_shift_id=opened.shift_id,
            from_operator=shift.operator,
            to_operator=opened.operator,
            left_minor=left,
            suspended_sales=len(state.sales),
        ),
        *report_job(state, rules, ReportKind.HANDOVER, f"shift/{shift.shift_number}"),
    ]


def closing_facts(state: TillState, shift: Shift, at_ms: int) -> list[ev.AnyEvent]:
    """The shift is closed; what it was over or short is a fact of its own."""
    facts: list[ev.AnyEvent] = [
        # Of training nothing stays.
        ev.SaleCancelled(sale_id=sale.sale_id, reason="training")
        for sale in state.sales.values()
        if sale.training
    ]
    report = replace(shift_report(shift, state), state=ShiftState.CLOSED, closed_ms=at_ms)
    facts.append(ev.ShiftClosed(shift_id=shift.shift_id, report=report))
    if shift.over_short_minor:
        expected = shift.cash.expected_minor
        facts.append(
            ev.OverShortFound(
                shift_id=shift.shift_id,
                expected_minor=expected,
                counted_minor=expected + shift.over_short_minor,
            )
        )
    return facts


def _correct(
    state: TillState, rules: ShopRules, command: cmd.CorrectCount, now: cmd.Now
) -> list[ev.AnyEvent]:
    if state.shift is not None and state.shift.shift_id == command.shift_id:
        sentence = "The shift is not closed: count it once more."
        raise _state_wrong(sentence, state.shift)
    shift = _closed(state, command.shift_id)
    if shift is None:
        sentence = "There is no such shift among those that can still be corrected."
        raise errors.ShiftNotFound(sentence, shift_id=command.shift_id)
    _at_version(shift, command)
    before = shift.counted_minor
    if before is None:
        raise errors.NotCounted("The shift was closed without a count.", shift_id=shift.shift_id)
    facts = day_facts(state, rules, now)
    is_today = state.day is not None and state.day.day_number == shift.day_number
    return [
        *facts,
        ev.CountCorrected(
            shift_id=shift.shift_id,
            before_minor=before,
            counted_minor=command.counted_minor,
            reason=command.reason,
            original_business_day="" if is_today else shift.business_day,
        ),
    ]


def report_job(
    state: TillState, rules: ShopRules, report: ReportKind, job_id: str
) -> list[ev.AnyEvent]:
    """The paper that goes with a fact; a printer that cannot print keeps nothing from happening."""
    if not rules.receipt_printer or len(state.jobs) >= RECEIPTS_WAITING_MAX:
        return []
    return [
        ev.JobSubmitted(
            job_id=job_id,
            printer=rules.receipt_printer,
            kind=JobKind.REPORT,
            ttl_s=rules.receipt_ttl_s,
            report=report,
        )
    ]
