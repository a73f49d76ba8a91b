"""Paper slips: each number once, one sale each, and a book that is closed only when it balances."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.shop import Shop, assert_books_balance, card, cash, line, voiding
from tests.support.slips import BEGAN_MS, ENDED_MS, OUTAGE, closing, marking, opening, slip
from tillhald.domain import commands as cmd
from tillhald.domain import events as ev
from tillhald.domain.answers import SlipAnswer, SlipBookAnswer, SlipsPrintedAnswer
from tillhald.domain.back_entry import (
    PAPER_TIME_TOLERANCE_MS,
    SlipFinding,
    SlipWarning,
    findings,
)
from tillhald.domain.books import TraceKind
from tillhald.domain.jobs import LIVE_JOBS_MAX, JobKind, JobState
from tillhald.domain.readmodels import book_key, decode_book
from tillhald.domain.rules import ShopRules
from tillhald.domain.slips import (
    BOOKS_OPEN_MAX,
    RANGES_KEPT_MAX,
    SLIP_NO_MAX,
    SLIPS_A_JOB,
    SLIPS_IN_BOOK_MAX,
    SLIPS_PRINTED_MAX,
    SlipBook,
    SlipState,
)
from tillhald.domain.state import decode_state, encode_state
from tillhald.domain.supply import Supply

if TYPE_CHECKING:
    from tillhald.domain.answers import Answer

DEVICES = ShopRules(receipt_printer="front", drawer="drawer")


@pytest.fixture
def shop() -> Shop:
    """A shop with printer and drawer, and a book of five slips."""
    shop = Shop(DEVICES)
    shop.do(opening())
    return shop


def book_of(shop: Shop, outage_id: str = OUTAGE) -> SlipBook:
    return shop.state.slips.books[outage_id]


def entered(answer: Answer) -> SlipAnswer:
    assert isinstance(answer, SlipAnswer)
    return answer


# --- a slip becomes a sale


def test_a_slip_is_one_sale_of_the_current_day_in_the_shift_that_holds_the_drawer(
    shop: Shop,
) -> None:
    answer = entered(shop.do(slip(2)))
    sale = shop.finished[answer.sale.sale_id]
    assert (sale.receipt_number, sale.business_day) == (1, shop.day.business_day)
    assert sale.shift_id == shop.shift.shift_id
    assert sale.slip is not None
    assert (sale.slip.slip_no, sale.slip.written_by) == (2, "bo")
    assert shop.shift.cash.expected_minor == 750
    assert shop.day.totals.back_entries.minor == 750
    assert shop.state.perpetual.sales.minor == 750
    assert (answer.slip.state, answer.slip.receipt_number) == (SlipState.ENTERED, 1)
    assert answer.slip.tenders == {"cash": 750}
    assert_books_balance(shop)


def test_a_sale_on_the_till_is_no_back_entry(shop: Shop) -> None:
    shop.checkout("s", (line(),), cash(750))
    assert shop.finished["s"].slip is None
    assert shop.day.totals.back_entries.count == 0


def test_a_slip_opens_no_drawer_and_prints_only_what_is_asked_for(shop: Shop) -> None:
    shop.do(slip(1))
    assert (shop.state.jobs, shop.state.kicks) == ({}, {})
    shop.do(slip(2, prints_receipt=True))
    (job,) = shop.state.jobs.values()
    assert job.kind is JobKind.RECEIPT
    assert shop.state.kicks == {}


def test_whoever_has_signed_on_enters_it_whatever_is_said(shop: Shop) -> None:
    shop.do(slip(1), operator="dora")
    assert book_of(shop).slips[1].by == "dora"
    shop.do(slip(2))
    assert book_of(shop).slips[2].by == shop.shift.operator


@pytest.mark.parametrize("number", [0, 6, 999_999])
def test_a_number_that_is_not_in_the_book_is_refused(shop: Shop, number: int) -> None:
    refusal = shop.refuses(slip(number))
    assert refusal.reason == "FIELD_INVALID"
    assert refusal.facts == {"first_no": "1", "last_no": "5"}


def test_a_number_is_entered_once_whatever_stands_on_the_second_slip(shop: Shop) -> None:
    shop.do(slip(3))
    for again in (slip(3), slip(3, line(price=99), tenders=(cash(99),), sale_id="other")):
        refusal = shop.refuses(again)
        assert refusal.reason == "SLIP_ALREADY_ENTERED"
        assert refusal.facts["receipt_number"] == "1"
    assert shop.refuses(marking(3)).reason == "SLIP_ALREADY_ENTERED"
    assert shop.refuses(marking(1, last_no=5)).reason == "SLIP_ALREADY_ENTERED"


def test_the_same_number_of_another_outage_is_another_slip(shop: Shop) -> None:
    shop.do(opening(outage_id="cut-2"))
    shop.do(slip(3))
    shop.do(slip(3, outage_id="cut-2"))
    assert len(shop.finished) == 2


@pytest.mark.parametrize(
    ("spoilt", "reason"),
    [
        (slip(1, tenders=(cash(749),)), "TENDER_SUM_MISMATCH"),
        (slip(1, tenders=(card(751),)), "CHANGE_NOT_ALLOWED"),
        (slip(1, outage_id="cut-9"), "SLIP_BOOK_NOT_FOUND"),
    ],
)
def test_a_slip_is_held_to_the_rules_of_every_sale(
    shop: Shop, spoilt: cmd.PutSlip, reason: str
) -> None:
    assert shop.refuses(spoilt).reason == reason


def test_a_slip_whose_sale_was_voided_is_blank_again_and_the_cash_agrees(shop: Shop) -> None:
    shop.do(slip(1))
    shop.do(slip(2))
    shop.on(voiding("v", f"slip-{OUTAGE}-2"))
    assert sorted(book_of(shop).slips) == [1]
    assert book_of(shop).cash_minor == shop.shift.cash.expected_minor == 750
    shop.do(slip(2, line(price=400), tenders=(cash(400),), sale_id="right"))
    assert book_of(shop).cash_minor == shop.shift.cash.expected_minor == 1150


def test_a_shift_for_training_takes_no_slip(shop: Shop) -> None:
    shop.do(cmd.OpenDay())
    shop.do(cmd.OpenShift(float_minor=0, operator="ann", training=True))
    assert shop.refuses(slip(1)).reason == "SHIFT_STATE"


def test_a_slip_is_told_where_a_difference_is_explained_and_in_the_days_totals(shop: Shop) -> None:
    shop.do(slip(1))
    shift, day = shop.state.shift, shop.state.day
    assert shift is not None
    assert day is not None
    assert [trace.kind for trace in shift.traces] == [TraceKind.BACK_ENTRY]
    assert day.totals.back_entries.count == day.totals.sales.count == 1
    assert shift.traces[0].amount_minor == day.totals.back_entries.minor


def test_no_slip_is_entered_while_the_battery_is_low(shop: Shop) -> None:
    low = ev.PowerStateChanged(
        supply=Supply.LOW_BATTERY, before=Supply.ON_BATTERY, refuses_sales=True
    )
    shop.note(low)
    assert shop.refuses(slip(1)).reason == "BATTERY_LOW"


# --- the book


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (opening(0, 3), "FIELD_INVALID"),
        (opening(4, 3), "FIELD_INVALID"),
        (opening(SLIP_NO_MAX, SLIP_NO_MAX + 1), "FIELD_INVALID"),
        (opening(1, SLIPS_IN_BOOK_MAX + 1), "FIELD_INVALID"),
        (cmd.OpenBackEntry(outage_id="x", first_no=1, last_no=2), "OUTAGE_NOT_FOUND"),
        (
            cmd.OpenBackEntry(outage_id="x", first_no=1, last_no=2, began_ms=9, ended_ms=8),
            "FIELD_INVALID",
        ),
    ],
)
def test_a_book_that_cannot_be_is_refused(command: cmd.OpenBackEntry, reason: str) -> None:
    assert Shop().refuses(command).reason == reason


def test_the_largest_book_has_its_last_number() -> None:
    shop = Shop()
    shop.do(opening(SLIP_NO_MAX - SLIPS_IN_BOOK_MAX + 1, SLIP_NO_MAX))
    shop.do(slip(SLIP_NO_MAX))
    assert len(book_of(shop).blank_numbers) == SLIPS_IN_BOOK_MAX - 1


def test_an_outage_on_record_gives_its_own_times() -> None:
    shop = Shop()
    shop.note(ev.OutageBegan(outage_id="outage/1", ups="u"))
    began_ms = shop.at_ms
    shop.do(opening(outage_id="outage/1"))
    assert (book_of(shop, "outage/1").began_ms, book_of(shop, "outage/1").ended_ms) == (began_ms, 0)


def test_an_outage_has_one_book_also_when_it_is_closed(shop: Shop) -> None:
    assert shop.refuses(opening()).reason == "SLIP_BOOK_EXISTS"
    shop.do(marking(1, last_no=5))
    shop.do(closing(0))
    assert shop.refuses(opening()).reason == "SLIP_BOOK_EXISTS"


def test_so_many_books_are_open_and_no_more(shop: Shop) -> None:
    for number in range(1, BOOKS_OPEN_MAX):
        shop.do(opening(outage_id=f"more-{number}"))
    assert shop.refuses(opening(outage_id="last")).reason == "TOO_MANY_SLIP_BOOKS"
    shop.do(marking(1, last_no=5))
    shop.do(closing(0))
    shop.do(opening(outage_id="last"))


def test_full_books_fit_into_a_checkpoint() -> None:
    shop = Shop()
    for number in range(BOOKS_OPEN_MAX):
        shop.do(opening(1, SLIPS_IN_BOOK_MAX, outage_id=f"cut-{number}"))
        shop.do(
            marking(
                1,
                SlipState.MISSING,
                last_no=SLIPS_IN_BOOK_MAX,
                why="w" * 100,
                outage_id=f"cut-{number}",
            )
        )
    stored = encode_state(shop.state)
    assert decode_state(stored) == shop.state
    assert len(stored) < 256 * 1024


def test_what_is_missing_must_be_explained(shop: Shop) -> None:
    refusal = shop.refuses(marking(1, SlipState.MISSING, why=""))
    assert (refusal.reason, getattr(refusal, "field", "")) == ("FIELD_INVALID", "explanation")
    shop.do(marking(1, SlipState.SPOILT, why=""))


@pytest.mark.parametrize(
    "command", [marking(0), marking(6), marking(2, last_no=6), marking(3, last_no=2)]
)
def test_numbers_are_marked_within_the_book_and_upwards(shop: Shop, command: cmd.MarkSlip) -> None:
    assert shop.refuses(command).reason == "FIELD_INVALID"


def test_a_mark_can_be_replaced_and_a_slip_that_turns_up_be_entered(shop: Shop) -> None:
    shop.do(marking(1, SlipState.MISSING))
    shop.do(marking(1, SlipState.SPOILT))
    assert book_of(shop).slips[1].state is SlipState.SPOILT
    shop.do(slip(1))
    assert book_of(shop).slips[1].state is SlipState.ENTERED
    assert shop.refuses(marking(1)).reason == "SLIP_ALREADY_ENTERED"


def test_nothing_is_marked_as_entered(shop: Shop) -> None:
    assert shop.refuses(marking(1, SlipState.ENTERED)).reason == "FIELD_INVALID"


# --- closing it


def test_a_book_closes_when_each_number_is_accounted_for_and_the_cash_agrees(shop: Shop) -> None:
    shop.do(slip(1))
    shop.do(slip(2, tenders=(card(750),)))
    shop.do(marking(3, SlipState.MISSING))
    assert findings(book_of(shop), None) == [
        SlipFinding.BLANK_NUMBERS,
        SlipFinding.CASH_NOT_COUNTED,
    ]
    refusal = shop.refuses(closing(750))
    assert refusal.reason == "SLIP_BOOK_UNBALANCED"
    assert (refusal.facts["blank"], refusal.facts["first_blank"]) == ("2", "4")
    shop.do(marking(4, last_no=5))
    assert findings(book_of(shop), 750) == []
    answer = shop.do(closing(750))
    assert isinstance(answer, SlipBookAnswer)
    assert (answer.entered, answer.spoilt, answer.missing) == (2, 2, 1)
    assert answer.book.is_closed
    assert shop.state.slips.books == {}
    kept = decode_book(shop.rows["outages", book_key(OUTAGE)])
    assert kept.tenders == {"cash": 750, "credit_card": 750}


def test_cash_that_differs_must_be_explained(shop: Shop) -> None:
    shop.do(slip(1))
    shop.do(marking(2, last_no=5))
    for counted in (749, 751, 0):
        refusal = shop.refuses(closing(counted))
        assert refusal.reason == "SLIP_BOOK_UNBALANCED"
        assert (refusal.facts["expected_minor"], refusal.facts["counted_minor"]) == (
            "750",
            str(counted),
        )
    shop.do(closing(749, why="a cent in the gutter"))
    # The drawer's own count finds the cent again: a book's count is no count of the drawer.
    assert shop.shift.cash.expected_minor == 750


def test_an_explanation_does_not_stand_for_numbers(shop: Shop) -> None:
    assert shop.refuses(closing(0, why="no time")).reason == "SLIP_BOOK_UNBALANCED"


@pytest.mark.parametrize("late", [slip(1), marking(1), closing(0)])
def test_a_closed_book_does_not_change(shop: Shop, late: cmd.AnyCommand) -> None:
    shop.do(marking(1, last_no=5))
    shop.do(closing(0))
    assert shop.refuses(late).reason == "SLIP_BOOK_CLOSED"


# --- what is warned of


def warned(answer: Answer) -> list[tuple[SlipWarning, str]]:
    return [(each.warning, each.sale_id) for each in entered(answer).warnings]


def test_a_slip_like_an_interrupted_sale_is_entered_and_warned_of(shop: Shop) -> None:
    shop.open("s", line())
    shop.restart()
    assert warned(shop.do(slip(1))) == [(SlipWarning.SAME_LINES, "s")]
    # The other of the same amount; a third that has nothing to do with it.
    other = slip(2, line("x", 500), line("y", 250), tenders=(cash(750),))
    assert warned(shop.do(other)) == [(SlipWarning.SAME_PAYABLE, "s")]
    third = slip(3, line("x", 500), tenders=(cash(500),))
    assert warned(shop.do(third)) == []


def test_a_slip_like_a_sale_that_was_put_aside_before_the_power_went_is_warned_of(
    shop: Shop,
) -> None:
    shop.open("s", line())
    shop.note(ev.SaleSuspended(sale_id="s", note="power"))
    assert warned(shop.do(slip(1))) == [(SlipWarning.SAME_LINES, "s")]


def test_a_slip_like_an_interrupted_sale_that_was_sold_since_is_warned_of(shop: Shop) -> None:
    shop.open("s", line())
    shop.open("gone", line())
    shop.restart()
    shop.on(shop.resuming("s"))
    shop.tender("s", cash(750))
    shop.complete("s")
    shop.on(shop.cancelling("gone"))
    assert warned(shop.do(slip(1))) == [(SlipWarning.SAME_PAYABLE, "s")]


@pytest.mark.parametrize(
    ("paper_ms", "is_warned"),
    [
        (0, False),
        (BEGAN_MS, False),
        (BEGAN_MS - PAPER_TIME_TOLERANCE_MS, False),
        (BEGAN_MS - PAPER_TIME_TOLERANCE_MS - 1, True),
        (ENDED_MS + PAPER_TIME_TOLERANCE_MS, False),
        (ENDED_MS + PAPER_TIME_TOLERANCE_MS + 1, True),
    ],
)
def test_a_time_that_is_not_within_the_outage_is_warned_of(
    shop: Shop, paper_ms: int, is_warned: bool
) -> None:
    found = warned(shop.do(slip(1, paper_ms=paper_ms)))
    assert found == ([(SlipWarning.OUTSIDE_OUTAGE, "")] if is_warned else [])


# --- blanks


def printing(count: int, outage_id: str = "") -> cmd.PrintSlips:
    return cmd.PrintSlips(count=count, printer="front", heading=("THE SHOP",), outage_id=outage_id)


def test_blanks_go_on_where_the_last_ones_ended() -> None:
    shop = Shop(DEVICES)
    for count, numbers in ((7, (1, 7)), (1, (8, 8)), (SLIPS_PRINTED_MAX, (9, 58))):
        answer = shop.do(printing(count))
        assert isinstance(answer, SlipsPrintedAnswer)
        assert (answer.printed.first_no, answer.printed.last_no) == numbers
        assert len(answer.job_ids) == -(-count // SLIPS_A_JOB)
    shop.restart()
    assert shop.state.slips.last_printed_no == 58


def test_numbers_begin_anew_behind_the_last_one_that_there_is() -> None:
    shop = Shop(DEVICES)
    shop.note(ev.SlipsPrinted(first_no=SLIP_NO_MAX - 1, last_no=SLIP_NO_MAX))
    shop.do(printing(3))
    assert shop.state.slips.printed[-1].first_no == 1


def test_only_the_latest_ranges_are_kept() -> None:
    shop = Shop(DEVICES)
    for _ in range(RANGES_KEPT_MAX + 3):
        shop.do(printing(1))
        for job_id in list(shop.state.jobs):
            shop.note(ev.PrintStarted(job_id=job_id))
            shop.note(ev.PrintEnded(job_id=job_id, outcome=JobState.CONFIRMED))
    assert len(shop.state.slips.printed) == RANGES_KEPT_MAX


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (printing(0), "FIELD_INVALID"),
        (printing(SLIPS_PRINTED_MAX + 1), "FIELD_INVALID"),
        (printing(1, "outage/9"), "OUTAGE_NOT_FOUND"),
    ],
)
def test_blanks_that_cannot_be_are_refused(command: cmd.PrintSlips, reason: str) -> None:
    assert Shop(DEVICES).refuses(command).reason == reason


def test_blanks_do_not_crowd_out_other_paper() -> None:
    shop = Shop(DEVICES)
    for _ in range(LIVE_JOBS_MAX // (SLIPS_PRINTED_MAX // SLIPS_A_JOB)):
        shop.do(printing(SLIPS_PRINTED_MAX))
    assert len(shop.state.jobs) == LIVE_JOBS_MAX
    assert shop.refuses(printing(1)).reason == "QUEUE_FULL"
