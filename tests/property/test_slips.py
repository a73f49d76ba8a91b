"""Any slips in any order, with sales and power cuts between them: numbers and cash agree."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.support.shop import Shop, assert_books_balance, card, cash, line, voiding
from tests.support.slips import OUTAGE, closing, marking, opening, slip
from tillhald.domain import commands as cmd
from tillhald.domain import errors
from tillhald.domain.readmodels import book_key, decode_book
from tillhald.domain.sale import SaleKind, SaleState
from tillhald.domain.slips import SlipState

LAST_NO = 6
numbers = st.integers(0, LAST_NO + 1)
minors = st.integers(1, 300)
changes = st.sampled_from((0, 0, 50, 137))


class Slips(RuleBasedStateMachine):
    """The test's own tally: what was written on each number, and what lies in the box."""

    @initialize()
    def begin(self) -> None:
        self.shop = Shop()
        self.made = 0
        self.sold: dict[int, tuple[str, int]] = {}  # number: sale, cash that was kept
        self.marked: set[int] = set()
        self.till_cash = 0
        self.is_closed = False
        self.shop.do(opening(1, LAST_NO))

    def _tries(self, command: cmd.AnyCommand) -> str:
        try:
            self.shop.do(command)
        except errors.Refused as refusal:
            return refusal.reason
        return ""

    def _new(self) -> str:
        self.made += 1
        return f"sale-{self.made}"

    @rule(number=numbers, minor=minors, change=changes, in_cash=st.booleans())
    def put(self, number: int, minor: int, change: int, in_cash: bool) -> None:
        sale_id = self._new()
        tender = cash(minor + change) if in_cash else card(minor)
        asked = slip(number, line(price=minor), tenders=(tender,), sale_id=sale_id)
        reason = self._tries(asked)
        if self.is_closed:
            assert reason == "SLIP_BOOK_CLOSED"
        elif not 1 <= number <= LAST_NO:
            assert reason == "FIELD_INVALID"
        elif number in self.sold:
            assert reason == "SLIP_ALREADY_ENTERED"
        else:
            assert reason == ""
            self.marked.discard(number)
            self.sold[number] = (sale_id, minor if in_cash else 0)

    @rule(first=numbers, more=st.integers(0, 3), state=st.sampled_from(SlipState))
    def mark(self, first: int, more: int, state: SlipState) -> None:
        asked = range(first, first + more + 1)
        reason = self._tries(marking(first, state, last_no=first + more))
        is_right = first >= 1 and first + more <= LAST_NO and state is not SlipState.ENTERED
        if self.is_closed:
            assert reason == "SLIP_BOOK_CLOSED"
        elif is_right and not any(number in self.sold for number in asked):
            assert reason == ""
            self.marked.update(asked)
        else:
            assert reason in {"FIELD_INVALID", "SLIP_ALREADY_ENTERED"}

    @rule(number=st.integers(1, LAST_NO))
    def void(self, number: int) -> None:
        if number not in self.sold or self.is_closed:
            return
        sale_id, _ = self.sold.pop(number)
        assert self._tries(voiding(self._new(), sale_id)) == ""

    @rule(minor=minors)
    def sell(self, minor: int) -> None:
        self.shop.checkout(self._new(), (line(price=minor),), cash(minor))
        self.till_cash += minor

    @rule(minor=minors)
    def interrupt(self, minor: int) -> None:
        self.shop.open(self._new(), line(price=minor))
        self.shop.restart()

    @rule()
    def cut(self) -> None:
        self.shop.restart()

    @rule(off=st.sampled_from((0, 0, 0, 1, -1)), why=st.sampled_from(("", "", "found it")))
    def close(self, off: int, why: str) -> None:
        counted = max(0, sum(kept for _, kept in self.sold.values()) + off)
        blank = LAST_NO - len(self.sold) - len(self.marked)
        differs = counted != sum(kept for _, kept in self.sold.values())
        reason = self._tries(closing(counted, why=why))
        if self.is_closed:
            assert reason == "SLIP_BOOK_CLOSED"
        elif blank or (differs and not why):
            assert reason == "SLIP_BOOK_UNBALANCED"
        else:
            assert reason == ""
            self.is_closed = True

    @invariant()
    def numbers_and_cash_agree(self) -> None:
        shop = self.shop
        if self.is_closed:
            assert shop.state.slips.books == {}
            book = decode_book(shop.rows["outages", book_key(OUTAGE)])
        else:
            book = shop.state.slips.books[OUTAGE]
        assert set(book.numbers(SlipState.ENTERED)) == set(self.sold)
        assert {no for no in book.slips if no not in self.sold} == self.marked
        kept = sum(kept for _, kept in self.sold.values())
        assert book.cash_minor == kept
        if shop.state.shift is not None:
            assert shop.shift.cash.expected_minor == kept + self.till_cash
        live = {sale_id for sale_id, _ in self.sold.values()}
        entered = [s for s in shop.finished.values() if s.slip and s.state is SaleState.COMPLETED]
        assert {s.sale_id for s in entered if not s.voided_by} == live
        assert all(s.kind is SaleKind.SALE for s in entered)
        assert_books_balance(shop)


TestSlips = Slips.TestCase
TestSlips.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
