"""The state machines of sale and tender, whole: what each state answers to each command."""

from collections.abc import Callable

import pytest

from tests.support.shop import (
    LIVE,
    Shop,
    assert_books_balance,
    card,
    cash,
    line,
    off,
    pending_card,
    voiding,
)
from tillhald.domain import commands as cmd
from tillhald.domain.amounts import ONE
from tillhald.domain.answers import SaleSummary
from tillhald.domain.sale import SaleState, TenderState
from tillhald.rpc.messages import EN

OPEN, SUSPENDED = SaleState.OPEN, SaleState.SUSPENDED
TENDERING, INTERRUPTED = SaleState.TENDERING, SaleState.INTERRUPTED
COMPLETED, CANCELLED = SaleState.COMPLETED, SaleState.CANCELLED


# --- the sale: how to come into each state; all of them hold one line of 7.50 (but the empty one)


def _empty(shop: Shop) -> None:
    shop.open("s")


def _open(shop: Shop) -> None:
    shop.open("s", line())


def _suspended(shop: Shop) -> None:
    _open(shop)
    shop.on(shop.suspending("s"))


def _paid(shop: Shop) -> None:
    _open(shop)
    shop.tender("s", cash(750))


def _part_paid(shop: Shop) -> None:
    _open(shop)
    shop.tender("s", cash(250))


def _pending(shop: Shop) -> None:
    _open(shop)
    shop.tender("s", pending_card(750))


def _unknown(shop: Shop) -> None:
    _pending(shop)
    shop.resolve("s", TenderState.UNKNOWN)


def _interrupted(shop: Shop) -> None:
    _open(shop)
    shop.restart()


def _interrupted_pending(shop: Shop) -> None:
    _pending(shop)
    shop.restart()


def _interrupted_paid(shop: Shop) -> None:
    _paid(shop)
    shop.restart()


def _completed(shop: Shop) -> None:
    _paid(shop)
    shop.complete("s")


def _cancelled(shop: Shop) -> None:
    _open(shop)
    shop.on(shop.cancelling("s"))


COMMANDS: dict[str, Callable[[Shop], cmd.AnyCommand]] = {
    "put": lambda shop: cmd.PutLine(
        sale_id="s", expected_version=shop.version("s"), line=line("l2")
    ),
    "remove": lambda shop: shop.removing("s", "l1"),
    "discount": lambda shop: shop.discounting("s", off(percent=ONE)),
    "suspend": lambda shop: shop.suspending("s"),
    "resume": lambda shop: shop.resuming("s"),
    "tender": lambda shop: shop.tendering("s", cash(100, "cash2")),
    "approve": lambda shop: shop.resolving("s", TenderState.APPROVED),
    "decline": lambda shop: shop.resolving("s", TenderState.DECLINED),
    "reverse": lambda shop: shop.reversing("s", "cash1"),
    "complete": lambda shop: shop.completing("s"),
    "cancel": lambda shop: shop.cancelling("s"),
    "open again": lambda _: cmd.OpenSale(sale_id="s"),
    "sell again": lambda _: cmd.Checkout(sale_id="s", lines=(line(),), tenders=(cash(750),)),
    "void": lambda _: voiding("v", "s"),
    "reprint": lambda _: cmd.ReprintReceipt(sale_id="s", job_id="j"),
}

STATE, GONE, TENDER = "SALE_STATE", "TENDER_NOT_FOUND", "TENDER_STATE"
EMPTY, UNRESOLVED, SUM = "SALE_EMPTY", "TENDER_UNRESOLVED", "TENDER_SUM_MISMATCH"
EXISTS, NONE, LINE = "SALE_EXISTS", "SALE_NOT_FOUND", "LINE_NOT_FOUND"

# fmt: off
TABLE: dict[Callable[[Shop], None], dict[str, SaleState | str]] = {
    _empty: {
        "put": OPEN, "remove": LINE, "discount": OPEN, "suspend": SUSPENDED, "resume": STATE,
        "tender": EMPTY, "approve": STATE, "decline": STATE, "reverse": STATE, "complete": EMPTY,
        "cancel": CANCELLED, "void": NONE, "reprint": STATE,
    },
    _open: {
        "put": OPEN, "remove": OPEN, "discount": OPEN, "suspend": SUSPENDED, "resume": STATE,
        "tender": TENDERING, "approve": STATE, "decline": STATE, "reverse": STATE, "complete": SUM,
        "cancel": CANCELLED, "void": NONE, "reprint": STATE,
    },
    _suspended: {
        "put": STATE, "remove": STATE, "discount": STATE, "suspend": STATE, "resume": OPEN,
        "tender": STATE, "approve": STATE, "decline": STATE, "reverse": STATE, "complete": STATE,
        "cancel": CANCELLED, "void": NONE, "reprint": STATE,
    },
    _paid: {
        "put": STATE, "remove": STATE, "discount": STATE, "suspend": STATE, "resume": STATE,
        "tender": TENDERING, "approve": GONE, "decline": GONE, "reverse": OPEN,
        "complete": COMPLETED, "cancel": UNRESOLVED, "void": NONE, "reprint": STATE,
    },
    _part_paid: {
        "put": STATE, "remove": STATE, "discount": STATE, "suspend": STATE, "resume": STATE,
        "tender": TENDERING, "approve": GONE, "decline": GONE, "reverse": OPEN, "complete": SUM,
        "cancel": UNRESOLVED, "void": NONE, "reprint": STATE,
    },
    _pending: {
        "put": STATE, "remove": STATE, "discount": STATE, "suspend": STATE, "resume": STATE,
        "tender": TENDERING, "approve": TENDERING, "decline": OPEN, "reverse": GONE,
        "complete": UNRESOLVED, "cancel": UNRESOLVED, "void": NONE, "reprint": STATE,
    },
    _unknown: {
        "put": STATE, "remove": STATE, "discount": STATE, "suspend": STATE, "resume": STATE,
        "tender": TENDERING, "approve": TENDERING, "decline": OPEN, "reverse": GONE,
        "complete": UNRESOLVED, "cancel": UNRESOLVED, "void": NONE, "reprint": STATE,
    },
    _interrupted: {
        "put": STATE, "remove": STATE, "discount": STATE, "suspend": SUSPENDED, "resume": OPEN,
        "tender": STATE, "approve": GONE, "decline": GONE, "reverse": STATE, "complete": STATE,
        "cancel": CANCELLED, "void": NONE, "reprint": STATE,
    },
    _interrupted_pending: {
        "put": STATE, "remove": STATE, "discount": STATE, "suspend": STATE, "resume": TENDERING,
        "tender": STATE, "approve": INTERRUPTED, "decline": INTERRUPTED, "reverse": STATE,
        "complete": STATE, "cancel": UNRESOLVED, "void": NONE, "reprint": STATE,
    },
    _interrupted_paid: {
        "put": STATE, "remove": STATE, "discount": STATE, "suspend": STATE, "resume": TENDERING,
        "tender": STATE, "approve": GONE, "decline": GONE, "reverse": STATE,
        "complete": STATE, "cancel": UNRESOLVED, "void": NONE, "reprint": STATE,
    },
    _completed: {
        "put": STATE, "remove": STATE, "discount": STATE, "suspend": STATE, "resume": STATE,
        "tender": STATE, "approve": STATE, "decline": STATE, "reverse": STATE, "complete": STATE,
        "cancel": STATE, "void": COMPLETED, "reprint": "NO_PRINTER",
    },
    _cancelled: {
        "put": STATE, "remove": STATE, "discount": STATE, "suspend": STATE, "resume": STATE,
        "tender": STATE, "approve": STATE, "decline": STATE, "reverse": STATE, "complete": STATE,
        "cancel": STATE, "void": STATE, "reprint": STATE,
    },
}
# fmt: on
CASES = [
    pytest.param(reach, name, expected, id=f"{reach.__name__[1:]}-{name}")
    for reach, row in TABLE.items()
    for name, expected in {**row, "open again": EXISTS, "sell again": EXISTS}.items()
]


def test_the_table_of_the_sale_is_whole() -> None:
    reached = set()
    for reach, row in TABLE.items():
        shop = Shop()
        reach(shop)
        reached.add(shop.sale("s").state)
        assert {*row, "open again", "sell again"} == set(COMMANDS), reach.__name__
    assert reached == set(SaleState)


@pytest.mark.parametrize(("reach", "name", "expected"), CASES)
def test_each_state_of_a_sale_answers_each_command(
    reach: Callable[[Shop], None], name: str, expected: SaleState | str
) -> None:
    shop = Shop()
    reach(shop)
    version = shop.version("s")
    command = COMMANDS[name](shop)
    if isinstance(expected, SaleState):
        answer = shop.do(command)
        assert isinstance(answer, SaleSummary)
        assert answer.state is expected
        if answer.sale_id == "s":
            assert answer.version == version + 1
            assert shop.sale("s").state is expected
            assert ("s" in shop.state.sales) is (expected in LIVE)
            assert answer.seq == shop.state.seq
            assert answer.updated_ms == shop.at_ms
    else:
        refusal = shop.refuses(command)
        assert refusal.reason == expected
        assert refusal.sentence
    assert_books_balance(shop)
    assert shop.replayed() == shop.state


@pytest.mark.parametrize("reach", [_empty, _open, _suspended, _paid, _pending, _interrupted])
@pytest.mark.parametrize(
    "name",
    "put remove discount suspend resume tender approve decline reverse complete cancel".split(),
)
@pytest.mark.parametrize("step", [-1, 1])
def test_who_has_not_seen_the_last_change_is_told_so_before_all_else(
    reach: Callable[[Shop], None], name: str, step: int
) -> None:
    shop = Shop()
    reach(shop)
    command = COMMANDS[name](shop)
    assert isinstance(command, cmd.OnSale)
    stale = type(command)(
        **{
            field: getattr(command, field)
            for field in command.__struct_fields__
            if field != "expected_version"
        },
        expected_version=command.expected_version + step,
    )
    refusal = shop.refuses(stale)
    assert refusal.reason == "VERSION_CONFLICT"
    sale = shop.sale("s")
    assert refusal.facts == {
        "expected_version": str(sale.version + step),
        "version": str(sale.version),
        "state": sale.state.value,
    }


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"open again", "sell again", "void"}))
def test_a_sale_that_never_was_is_not_found(name: str) -> None:
    known, empty = Shop(), Shop()
    _open(known)
    assert empty.refuses(COMMANDS[name](known)).reason == NONE


def test_a_lost_answer_to_complete_is_told_apart_from_a_failure() -> None:
    shop = Shop()
    _paid(shop)
    again = shop.completing("s")
    shop.do(again)
    refusal = shop.refuses(again)
    assert (refusal.reason, refusal.facts["state"]) == (STATE, "completed")
    assert refusal.facts["version"] == str(shop.version("s"))


# --- the tender


def _with_tender(state: TenderState) -> Shop:
    """A sale with a card in `state`, and cash beside it that keeps the sale TENDERING."""
    shop = Shop()
    shop.open("s", line(price=1000))
    shop.tender("s", cash(100))
    if state is TenderState.APPROVED:
        shop.tender("s", card(900))
        return shop
    shop.tender("s", pending_card(900))
    match state:
        case TenderState.PENDING:
            pass
        case TenderState.REVERSED:
            shop.resolve("s", TenderState.APPROVED)
            shop.on(shop.reversing("s", "card1"))
        case TenderState.WRITTEN_OFF:
            shop.resolve("s", TenderState.UNKNOWN)
            shop.resolve("s", TenderState.WRITTEN_OFF)
        case _:
            shop.resolve("s", state)
    return shop


P, A, D = TenderState.PENDING, TenderState.APPROVED, TenderState.DECLINED
U, R, W = TenderState.UNKNOWN, TenderState.REVERSED, TenderState.WRITTEN_OFF
BAD = "FIELD_INVALID"
MOVES: dict[TenderState, dict[str, TenderState | str]] = {
    P: {"approved": A, "declined": D, "unknown": U, "written_off": TENDER, "reverse": TENDER},
    U: {"approved": A, "declined": D, "unknown": TENDER, "written_off": W, "reverse": TENDER},
    A: {"reverse": R},
    D: {},
    R: {},
    W: {},
}


@pytest.mark.parametrize("move", [*(state.value for state in TenderState), "reverse"])
@pytest.mark.parametrize("state", list(TenderState))
def test_a_tender_resolves_at_most_once(state: TenderState, move: str) -> None:
    shop = _with_tender(state)
    tender = shop.sale("s").tender("card1")
    assert tender is not None
    assert tender.state is state
    # No command makes a tender pending, and giving back is another command's.
    expected = BAD if move in {"pending", "reversed"} else MOVES[state].get(move, TENDER)
    command = (
        shop.reversing("s", "card1")
        if move == "reverse"
        else shop.resolving("s", TenderState(move))
    )
    if isinstance(expected, TenderState):
        shop.on(command)
        after = shop.sale("s").tender("card1")
        assert after is not None
        assert after.state is expected
        assert shop.sale("s").approved_minor == (1000 if expected is A else 100)
    else:
        assert shop.refuses(command).reason == expected
    assert_books_balance(shop)


def test_nobody_is_told_that_a_pending_tender_is_settled() -> None:
    shop = _with_tender(TenderState.PENDING)
    told = shop.refuses(shop.reversing("s", "card1"))
    assert told.sentence == "The tender is pending."
    assert "settled" not in EN[told.reason]


@pytest.mark.parametrize("state", [D, R, W])
def test_a_tender_that_came_to_nothing_opens_the_sale_for_lines_again(state: TenderState) -> None:
    shop = _with_tender(state)
    assert shop.on(shop.reversing("s", "cash1")).state is OPEN
    shop.put("s", line("l2", 50))
    shop.tender("s", cash(1050, "cash2"))
    done = shop.complete("s")
    assert (done.tendered_minor, done.change_minor) == (1050, 0)
    assert [t.state for t in shop.sale("s").tenders] == [R, state, A]
    assert_books_balance(shop)


def test_an_interrupted_sale_may_learn_its_card_s_fate_and_be_resumed_or_cancelled() -> None:
    shop = Shop()
    _interrupted_pending(shop)
    assert shop.resolve("s", TenderState.UNKNOWN).state is INTERRUPTED
    assert shop.resolve("s", TenderState.WRITTEN_OFF).state is INTERRUPTED
    assert shop.on(shop.cancelling("s")).state is CANCELLED

    shop = Shop()
    _interrupted_pending(shop)
    shop.resolve("s", TenderState.APPROVED)
    assert shop.on(shop.resuming("s")).state is TENDERING
    assert shop.complete("s").receipt_number == 1

    shop = Shop()
    _interrupted_pending(shop)
    shop.resolve("s", TenderState.DECLINED)
    assert shop.on(shop.suspending("s")).state is SUSPENDED
    assert shop.on(shop.resuming("s")).state is OPEN
    assert_books_balance(shop)


def test_a_cancelled_sale_burns_no_receipt_number_and_stays_with_its_reason() -> None:
    shop = Shop()
    shop.open("s", line())
    cancelled = shop.on(shop.cancelling("s", "walked away"))
    assert (cancelled.receipt_number, cancelled.due_minor) == (0, 0)
    assert shop.sale("s").reason == "walked away"
    assert shop.checkout("s2", (line(),), cash(750)).receipt_number == 1
    assert shop.day.totals.cancelled == 1
    assert_books_balance(shop)


def test_a_note_helps_to_find_a_suspended_sale_and_goes_when_it_is_resumed() -> None:
    shop = Shop()
    shop.open("s", line())
    shop.on(cmd.SuspendSale(sale_id="s", expected_version=2, note="lady in red"))
    assert shop.sale("s").note == "lady in red"
    shop.on(shop.resuming("s"))
    assert shop.sale("s").note == ""
