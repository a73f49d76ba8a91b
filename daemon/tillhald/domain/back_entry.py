"""Back-entry: paper slips become sales, each number once, and a book is closed when it balances."""

from __future__ import annotations

import enum
from collections import Counter
from typing import Final, assert_never

import msgspec
from msgspec.structs import replace

from tillhald.domain import commands as cmd
from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain.recovery_items import RecoveryAction
from tillhald.domain.sale import Sale, SaleKind, SaleState, TenderState, TenderType, totals_of
from tillhald.domain.slips import (
    BOOKS_OPEN_MAX,
    RANGES_KEPT_MAX,
    SLIP_NO_MAX,
    SLIPS_IN_BOOK_MAX,
    PrintedSlips,
    Slip,
    SlipBook,
    SlipMark,
    SlipShelf,
    SlipState,
)
from tillhald.domain.state import TillState

PAPER_TIME_TOLERANCE_MS: Final = 30 * 60_000
"""Clocks on walls differ, and a slip may be written while the till still goes down."""

# --- what facts make of the books

SlipFact = (
    ev.BackEntryOpened | ev.SlipEntered | ev.SlipsMarked | ev.BackEntryClosed | ev.SlipsPrinted
)


def with_slips(state: TillState, event: SlipFact, at_ms: int) -> TillState:
    """The state after a fact about slips."""
    shelf = state.slips
    match event:
        case ev.BackEntryOpened():
            book = SlipBook(
                outage_id=event.outage_id,
                first_no=event.first_no,
                last_no=event.last_no,
                opened_ms=at_ms,
                opened_by=event.opened_by,
                began_ms=event.began_ms,
                ended_ms=event.ended_ms,
            )
            return _with_book(state, book)
        case ev.SlipEntered(mark=mark, sale_id=sale_id):
            sale = next(s for s in state.finished_sales if s.sale_id == sale_id)
            return _with_slips(state, mark.outage_id, [_entered(mark, sale, at_ms)])
        case ev.SlipsMarked():
            marked = [
                Slip(
                    slip_no=number,
                    state=event.state,
                    at_ms=at_ms,
                    by=event.marked_by,
                    explanation=event.explanation,
                )
                for number in range(event.first_no, event.last_no + 1)
            ]
            return _with_slips(state, event.outage_id, marked)
        case ev.BackEntryClosed():
            closed = replace(
                shelf.books[event.outage_id],
                closed_ms=at_ms,
                closed_by=event.closed_by,
                counted_minor=event.counted_minor,
                difference_reason=event.difference_reason,
            )
            books = {key: book for key, book in shelf.books.items() if key != event.outage_id}
            return replace(
                state,
                slips=replace(shelf, books=books),
                finished_books=(*state.finished_books, closed),
            )
        case ev.SlipsPrinted():
            printed = PrintedSlips(
                first_no=event.first_no,
                last_no=event.last_no,
                at_ms=at_ms,
                outage_id=event.outage_id,
                by=event.printed_by,
            )
            kept = (*shelf.printed, printed)[-RANGES_KEPT_MAX:]
            shelf = replace(shelf, printed=kept, last_printed_no=event.last_no)
            return replace(state, slips=shelf)
        case _:
            assert_never(event)


def _with_book(state: TillState, book: SlipBook) -> TillState:
    shelf = state.slips
    return replace(state, slips=replace(shelf, books={**shelf.books, book.outage_id: book}))


def _with_slips(state: TillState, outage_id: str, slips: list[Slip]) -> TillState:
    book = state.slips.books[outage_id]
    after = {**book.slips, **{slip.slip_no: slip for slip in slips}}
    return _with_book(state, replace(book, slips=after))


def _entered(mark: SlipMark, sale: Sale, at_ms: int) -> Slip:
    return Slip(
        slip_no=mark.slip_no,
        state=SlipState.ENTERED,
        at_ms=at_ms,
        by=mark.entered_by,
        sale_id=sale.sale_id,
        receipt_number=sale.receipt_number,
        payable_minor=totals_of(sale).payable_minor,
        tenders=_kept(sale),
        paper_ms=mark.paper_ms,
        written_by=mark.written_by,
        approved_by=mark.approved_by,
    )


def _kept(sale: Sale) -> dict[str, int]:
    """What is left of a sale's tenders, by kind, once the change is given."""
    kept: dict[str, int] = {}
    for tender in sale.tenders:
        if tender.state is TenderState.APPROVED:
            kept[tender.type.value] = kept.get(tender.type.value, 0) + tender.amount_minor
    if sale.change_minor:
        cash = TenderType.CASH.value
        kept[cash] = kept.get(cash, 0) - sale.change_minor
    return kept


def without_voided(state: TillState) -> TillState:
    """A slip whose sale was voided is blank again: it was entered wrongly, and may be entered anew.

    The cash went back out of the drawer with the void, so the books agree.
    """
    for sale in state.finished_sales:
        if sale.kind is not SaleKind.VOID:
            continue
        for book in state.slips.books.values():
            left = {
                number: slip
                for number, slip in book.slips.items()
                if slip.sale_id != sale.original_sale_id
            }
            if len(left) < len(book.slips):
                return _with_book(state, replace(book, slips=left))
    return state


# --- what may be done

SlipCommand = cmd.OpenBackEntry | cmd.MarkSlip | cmd.CloseBackEntry


def decide_slips(
    state: TillState, command: SlipCommand, now: cmd.Now, operator: str
) -> ev.AnyEvent:
    """The fact that `command` makes. Raises Refused. `operator` is who is at the till."""
    match command:
        case cmd.OpenBackEntry():
            return _open(state, command, now, _who(now, command.opened_by, operator))
        case cmd.MarkSlip():
            return _mark(state, command, now, _who(now, command.marked_by, operator))
        case cmd.CloseBackEntry():
            return _close(state, command, now, _who(now, command.closed_by, operator))
        case _:
            assert_never(command)


def _who(now: cmd.Now, said: str, operator: str) -> str:
    """Whoever has signed on; else who is said to do it; else whose shift it is."""
    return now.operator or said or operator


def _open(
    state: TillState, command: cmd.OpenBackEntry, now: cmd.Now, who: str
) -> ev.BackEntryOpened:
    shelf = state.slips
    if command.outage_id in shelf.books or now.book is not None:
        sentence = "There is a book of slips for this outage already."
        raise errors.SlipBookExists(sentence, outage_id=command.outage_id)
    outage = state.power.outage(command.outage_id)
    began_ms, ended_ms = command.began_ms, command.ended_ms
    if outage is not None:
        began_ms, ended_ms = outage.began_ms, outage.ended_ms
    elif not began_ms or not ended_ms:
        sentence = "This outage is not on record: say when it began and when it ended."
        raise errors.OutageNotFound(sentence, outage_id=command.outage_id)
    elif ended_ms < began_ms:
        raise errors.FieldInvalid("end_time", "The outage ended before it began.")
    if not 1 <= command.first_no <= command.last_no <= SLIP_NO_MAX:
        sentence = f"Numbers rise, from 1 to {SLIP_NO_MAX}."
        raise errors.FieldInvalid("last_no", sentence, limit=SLIP_NO_MAX)
    if command.last_no - command.first_no + 1 > SLIPS_IN_BOOK_MAX:
        sentence = f"A book has at most {SLIPS_IN_BOOK_MAX} slips."
        raise errors.FieldInvalid("last_no", sentence, limit=SLIPS_IN_BOOK_MAX)
    if len(shelf.books) >= BOOKS_OPEN_MAX:
        sentence = "Too many books of slips are open; close one first."
        raise errors.TooManySlipBooks(sentence, limit=BOOKS_OPEN_MAX)
    return ev.BackEntryOpened(
        outage_id=command.outage_id,
        first_no=command.first_no,
        last_no=command.last_no,
        opened_by=who,
        began_ms=began_ms,
        ended_ms=ended_ms,
    )


def open_book(shelf: SlipShelf, closed: SlipBook | None, outage_id: str) -> SlipBook:
    """The book, if it is open. Raises SlipBookNotFound, SlipBookClosed."""
    book = shelf.books.get(outage_id)
    if book is not None:
        return book
    if closed is not None:
        sentence = "This book of slips is closed and does not change any more."
        raise errors.SlipBookClosed(sentence, outage_id=outage_id)
    raise errors.SlipBookNotFound("There is no book of slips for it.", outage_id=outage_id)


def _number_in(book: SlipBook, number: int, field: str) -> None:
    if not book.first_no <= number <= book.last_no:
        sentence = f"The book has the numbers {book.first_no} to {book.last_no}."
        raise errors.FieldInvalid(field, sentence, first_no=book.first_no, last_no=book.last_no)


def _not_entered(book: SlipBook, number: int) -> None:
    slip = book.slips.get(number)
    if slip is not None and slip.state is SlipState.ENTERED:
        raise errors.SlipAlreadyEntered(
            "The slip with this number is entered.",
            slip_no=number,
            sale_id=slip.sale_id,
            receipt_number=slip.receipt_number,
        )


def _mark(state: TillState, command: cmd.MarkSlip, now: cmd.Now, who: str) -> ev.SlipsMarked:
    book = open_book(state.slips, now.book, command.outage_id)
    last_no = command.last_no or command.slip_no
    _number_in(book, command.slip_no, "slip_no")
    _number_in(book, last_no, "last_no")
    if last_no < command.slip_no:
        raise errors.FieldInvalid("last_no", "Numbers rise.")
    if command.state is SlipState.ENTERED:
        raise errors.FieldInvalid("state", "A slip is marked SPOILT or MISSING.")
    if command.state is SlipState.MISSING and not command.explanation:
        sentence = "Say why it is missing, as far as anybody knows."
        raise errors.FieldInvalid("explanation", sentence)
    for number in range(command.slip_no, last_no + 1):
        _not_entered(book, number)
    return ev.SlipsMarked(
        outage_id=book.outage_id,
        first_no=command.slip_no,
        last_no=last_no,
        state=command.state,
        explanation=command.explanation,
        marked_by=who,
    )


def check_slip(state: TillState, command: cmd.PutSlip, now: cmd.Now) -> None:
    """Refuse a slip whose number cannot be entered, before what stands on it is looked at."""
    book = open_book(state.slips, now.book, command.outage_id)
    _number_in(book, command.slip_no, "slip_no")
    _not_entered(book, command.slip_no)
    if state.shift is not None and state.shift.training:
        sentence = "This shift is for training: a slip is real money. Enter it in another shift."
        raise errors.ShiftStateWrong(
            sentence, state=state.shift.state.value, version=state.shift.version
        )


def as_slip(
    sold: list[ev.AnyEvent], command: cmd.PutSlip, now: cmd.Now, operator: str
) -> list[ev.AnyEvent]:
    """The facts of a sale that is made now, as those of one that was made on paper: marked, without
    a kick, with a receipt only where one is asked for."""
    mark = SlipMark(
        outage_id=command.outage_id,
        slip_no=command.slip_no,
        paper_ms=command.paper_ms,
        paper_day=command.paper_day,
        written_by=command.written_by,
        entered_by=_who(now, command.entered_by, operator),
        approved_by=now.approver or command.approved_by,
    )
    facts: list[ev.AnyEvent] = []
    for fact in sold:
        match fact:
            case ev.SaleOpened():
                facts.append(replace(fact, slip=mark))
            case ev.SaleCompleted():
                facts.append(_without_deeds(fact, prints_receipt=command.prints_receipt))
            case _:
                facts.append(fact)
    return [*facts, ev.SlipEntered(mark=mark, sale_id=command.sale.sale_id)]


def _without_deeds(sold: ev.SaleCompleted, *, prints_receipt: bool) -> ev.SaleCompleted:
    sold = replace(sold, drawer="", kick_id="")
    return sold if prints_receipt else replace(sold, printer="", receipt_job_id="", receipt_ttl_s=0)


# --- what a slip may have to do with a sale on the till


class SlipWarning(enum.StrEnum):
    SAME_LINES = "same_lines"
    SAME_PAYABLE = "same_payable"
    OUTSIDE_OUTAGE = "outside_outage"


class Warned(msgspec.Struct, frozen=True, array_like=True):
    """A warning, and the sale that the slip resembles."""

    warning: SlipWarning
    sale_id: str = ""


_ASIDE: Final = (SaleState.INTERRUPTED, SaleState.SUSPENDED)


def warnings_of(state: TillState, sale: Sale, mark: SlipMark) -> tuple[Warned, ...]:
    """What to look at again about the slip that has become `sale`."""
    found: list[Warned] = []
    payable = totals_of(sale).payable_minor
    lines = _articles(sale)
    for other in state.sales.values():
        if other.state not in _ASIDE or not other.lines:
            continue
        if _articles(other) == lines:
            found.append(Warned(SlipWarning.SAME_LINES, other.sale_id))
        elif totals_of(other).payable_minor == payable:
            found.append(Warned(SlipWarning.SAME_PAYABLE, other.sale_id))
    # One that was interrupted and has been taken up since may have been sold on the till, too.
    found.extend(
        Warned(SlipWarning.SAME_PAYABLE, item.sale_id)
        for item in state.recovery.items.values()
        if item.payable_minor
        and item.payable_minor == payable
        and item.sale_id not in state.sales
        and item.action is not RecoveryAction.CANCEL
    )
    if _is_outside(state, mark):
        found.append(Warned(SlipWarning.OUTSIDE_OUTAGE))
    return tuple(found)


def _articles(sale: Sale) -> Counter[tuple[str, int, int]]:
    """What is in a sale, whatever the order: article, quantity in millionths, what it costs."""
    return Counter(
        (
            line.sku or line.description.strip().casefold(),
            line.quantity.unscaled * 10 ** (6 - line.quantity.scale),
            line.extended_minor,
        )
        for line in sale.lines
    )


def _is_outside(state: TillState, mark: SlipMark) -> bool:
    book = state.slips.books.get(mark.outage_id)
    if book is None or not mark.paper_ms:
        return False
    outage = state.power.outage(mark.outage_id)
    began_ms = outage.began_ms if outage else book.began_ms
    ended_ms = (outage.ended_ms if outage else book.ended_ms) or state.clock_max_ms
    first_ms, last_ms = began_ms - PAPER_TIME_TOLERANCE_MS, ended_ms + PAPER_TIME_TOLERANCE_MS
    return not first_ms <= mark.paper_ms <= last_ms


# --- whether a book balances


class SlipFinding(enum.StrEnum):
    """What keeps a book from being closed."""

    BLANK_NUMBERS = "blank_numbers"
    CASH_NOT_COUNTED = "cash_not_counted"
    CASH_DIFFERS = "cash_differs"


def findings(book: SlipBook, counted_minor: int | None) -> list[SlipFinding]:
    """All that keeps it from being closed, if its cash was counted as that."""
    found = []
    if book.blank_numbers:
        found.append(SlipFinding.BLANK_NUMBERS)
    if counted_minor is None:
        found.append(SlipFinding.CASH_NOT_COUNTED)
    elif counted_minor != book.cash_minor:
        found.append(SlipFinding.CASH_DIFFERS)
    return found


def _close(
    state: TillState, command: cmd.CloseBackEntry, now: cmd.Now, who: str
) -> ev.BackEntryClosed:
    book = open_book(state.slips, now.book, command.outage_id)
    left = findings(book, command.counted_minor)
    if command.difference_reason:
        left = [each for each in left if each is not SlipFinding.CASH_DIFFERS]
    if left:
        blank = book.blank_numbers
        raise errors.SlipBookUnbalanced(
            "The book of slips does not balance yet.",
            blank=len(blank),
            first_blank=blank[0] if blank else 0,
            expected_minor=book.cash_minor,
            counted_minor=command.counted_minor,
        )
    return ev.BackEntryClosed(
        outage_id=book.outage_id,
        counted_minor=command.counted_minor,
        expected_minor=book.cash_minor,
        difference_reason=command.difference_reason,
        closed_by=who,
    )
