"""Any shop, any commands in any order, power cuts between them: the books balance after each.

The till is compared with a till roll that the test keeps itself: what was put into each sale, what
was handed over, what was given back. It knows nothing of the daemon's states and sums.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from tests.support.shop import LIVE, Shop, assert_books_balance, card, line, voiding
from tillhald.domain import commands as cmd
from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain.amounts import Quantity, RoundingMode
from tillhald.domain.answers import (
    Answer,
    Answered,
    SaleSummary,
    decode_answered,
    encode_answered,
)
from tillhald.domain.deeds import begun_job, next_job, next_kick
from tillhald.domain.jobs import LIVE_JOB, LIVE_KICK, JobState, KickReason, KickState
from tillhald.domain.receipt import ReceiptLayout, receipt_of
from tillhald.domain.rules import DEFAULT_TENDERS, CashRounding, ShopRules, TenderRule
from tillhald.domain.sale import (
    Discount,
    Line,
    Sale,
    SaleKind,
    SaleState,
    Tender,
    TenderState,
    TenderType,
    totals_of,
)
from tillhald.domain.state import encode_state

if TYPE_CHECKING:
    from collections.abc import Callable

prices = st.one_of(st.integers(0, 300), st.integers(0, 10**6))
picks = st.integers(0, 999)
stales = st.integers(0, 7)
quantities = st.one_of(
    st.builds(Quantity, st.integers(1, 7)),
    st.builds(Quantity, st.integers(1, 5_000), st.integers(1, 3)),
)
rates = st.sampled_from(
    [
        ("", Quantity(0)),
        ("A", Quantity(19)),
        ("A", Quantity(190, 1)),
        ("B", Quantity(75, 1)),
        ("C", Quantity(100)),
        ("Z", Quantity(0, 2)),
    ]
)
line_ids = st.sampled_from(["a", "b", "c", "d"])


@st.composite
def lines(draw: st.DrawFn) -> Line:
    code, percent = draw(rates)
    return line(draw(line_ids), draw(prices), draw(quantities), tax=code, percent=percent)


@st.composite
def discounts(draw: st.DrawFn) -> Discount:
    percent = draw(
        st.none()
        | st.builds(Quantity, st.sampled_from([0, 3, 10, 33, 50, 100]))
        | st.builds(Quantity, st.integers(0, 1_000), st.just(1))
    )
    return Discount(
        discount_id=draw(st.sampled_from(["d1", "d2", "d3"])),
        line_id=draw(st.just("") | line_ids),
        amount_minor=0 if percent else draw(st.integers(0, 400)),
        percent=percent,
    )


kinds = st.sampled_from(
    [TenderType.CREDIT_CARD, TenderType.CASH, TenderType.VOUCHER, TenderType.WALLET_QR]
)
shops = st.builds(
    ShopRules,
    tax_included=st.booleans(),
    cash_rounding=st.builds(
        CashRounding,
        increment_minor=st.sampled_from([1, 5, 10, 50, 100]),
        mode=st.sampled_from(RoundingMode),
    ),
    tenders=st.sampled_from(
        [
            dict(DEFAULT_TENDERS),
            {**DEFAULT_TENDERS, "credit_card": TenderRule(allows_change=True)},
            {**DEFAULT_TENDERS, "voucher": TenderRule(allows_change=True, opens_drawer=True)},
        ]
    ),
    receipt_printer=st.sampled_from(["", "front"]),
    drawer=st.sampled_from(["", "drawer"]),
    implicit_float_minor=st.sampled_from([0, 10_000]),
)


@dataclass
class OnTheRoll:
    """What the test itself knows of one sale."""

    lines: dict[str, Line] = field(default_factory=dict)
    tenders: dict[str, Tender] = field(default_factory=dict)
    counts: set[str] = field(default_factory=set)
    change: int = 0
    done: bool = False

    def hand_over(self, tender: Tender) -> None:
        self.tenders[tender.tender_id] = tender
        if tender.state is TenderState.APPROVED:
            self.counts.add(tender.tender_id)

    def cash(self) -> int:
        given = (self.tenders[name] for name in self.counts)
        return sum(t.amount_minor for t in given if t.type is TenderType.CASH) - self.change


def _is_open(sale: Sale) -> bool:
    return sale.state is SaleState.OPEN


def _is_aside(sale: Sale) -> bool:
    return sale.state in {SaleState.SUSPENDED, SaleState.INTERRUPTED}


def _takes_tenders(sale: Sale) -> bool:
    return sale.state in {SaleState.OPEN, SaleState.TENDERING}


def _is_unresolved(sale: Sale) -> bool:
    return any(t.state in {TenderState.PENDING, TenderState.UNKNOWN} for t in sale.tenders)


class AnyShop(RuleBasedStateMachine):
    """Commands that are mostly sensible, from front ends that are mostly up to date."""

    def __init__(self) -> None:
        super().__init__()
        self.shop = Shop()
        self.roll: dict[str, OnTheRoll] = {}
        self.number = 0

    @initialize(rules=shops)
    def begin(self, rules: ShopRules) -> None:
        self.shop = Shop(rules)

    # --- asking, and what must hold whatever the answer is

    def ask(self, command: cmd.AnyCommand) -> Answer | None:
        shop = self.shop
        before = encode_state(shop.state), dict(shop.rows), len(shop.records)
        try:
            answer = shop.do(command)
        except errors.Refused as refusal:
            assert refusal.reason != errors.Refused.reason
            assert refusal.sentence
            assert (encode_state(shop.state), shop.rows, len(shop.records)) == before
            return None
        stored = Answered(method="m", fingerprint=b"f", seq=shop.state.seq, answer=answer)
        assert decode_answered(encode_answered(stored)) == stored
        if isinstance(answer, SaleSummary):
            self.check_summary(answer)
        return answer

    def check_summary(self, answer: SaleSummary) -> None:
        sale = self.shop.sale(answer.sale_id)
        assert answer.seq == self.shop.state.seq == sale.seq
        assert (answer.version, answer.state) == (sale.version, sale.state)
        assert (answer.receipt_number > 0) is (answer.state is SaleState.COMPLETED)
        if answer.state is SaleState.COMPLETED:
            roll = self.roll[answer.sale_id]
            roll.done, roll.change = True, answer.change_minor
            if answer.kind is SaleKind.VOID:
                for tender in sale.tenders:
                    roll.hand_over(tender)
            assert answer.tendered_minor == sum(
                roll.tenders[name].amount_minor for name in roll.counts
            )
            assert answer.due_minor == 0

    def one_of(self, pick: int, wished: Callable[[Sale], bool]) -> str:
        """A sale that the next step suits; one time in ten any sale at all, or none."""
        shop = self.shop
        suited = [
            s.sale_id for s in (*shop.state.sales.values(), *shop.finished.values()) if wished(s)
        ]
        if pick % 10 == 0 or not suited:
            suited = [*self.roll, "none"]
        return suited[pick // 10 % len(suited)]

    def is_any(self, *states: SaleState) -> bool:
        return any(sale.state in states for sale in self.shop.state.sales.values())

    def new_id(self) -> str:
        self.number += 1
        return f"n{self.number}"

    def version(self, sale_id: str, stale: int) -> int:
        """One time in eight that of a front end that has missed something."""
        live = self.shop.state.sales.get(sale_id)
        return (live.version if live else 1) - (1 if stale == 7 else 0)

    # --- whole sales

    @rule(
        items=st.lists(lines(), min_size=1, max_size=5, unique_by=lambda item: item.line_id),
        less=st.lists(discounts(), max_size=3, unique_by=lambda d: d.discount_id),
        more=st.integers(0, 1_000),
        by=kinds,
        split=st.integers(0, 4),
        slip=st.sampled_from([0, 0, 0, 0, 0, 1, 2, -1]),
    )
    def checkout(
        self,
        items: list[Line],
        less: list[Discount],
        more: int,
        by: TenderType,
        split: int,
        slip: int,
    ) -> None:
        sale_id = self.new_id()
        due = self.due_of(items, less)
        # Part of it on a card, the rest by `by`, with a bit more where change is given.
        on_card = due * split // 5
        rest = due - on_card
        if by is TenderType.CASH:
            rest = self.shop.rules.cash_rounding.round(rest) + more
        elif self.shop.rules.tender(by).allows_change:
            rest += more
        rest += slip
        tenders = [card(on_card, "part")] if on_card else []
        if rest > 0:
            tenders.append(Tender(tender_id="rest", type=by, amount_minor=rest))
        roll = self.roll[sale_id] = OnTheRoll(lines={item.line_id: item for item in items})
        for tender in tenders:
            roll.hand_over(tender)
        self.ask(
            cmd.Checkout(
                sale_id=sale_id,
                lines=tuple(items),
                discounts=tuple(less),
                tenders=tuple(tenders),
            )
        )

    def due_of(self, items: list[Line], less: list[Discount]) -> int:
        """What the sale would come to, from the daemon's own sums: `assert_books_balance` is
        what checks those."""
        known = {item.line_id for item in items}
        asked = tuple(d for d in less if not d.line_id or d.line_id in known)
        trial = Sale(
            sale_id="trial",
            state=SaleState.OPEN,
            version=1,
            opened_ms=0,
            updated_ms=0,
            seq=0,
            shift_id="",
            business_day="",
            operator="",
            language="en",
            tax_included=self.shop.rules.tax_included,
            lines=tuple(items),
            discounts=asked,
        )
        try:
            return totals_of(trial).payable_minor
        except errors.DiscountTooLarge:
            return 100

    @precondition(lambda self: self.shop.state.receipts_given)
    @rule(pick=picks)
    def void(self, pick: int) -> None:
        original = self.one_of(pick, lambda s: s.kind is SaleKind.SALE and not s.voided_by)
        sale_id = self.new_id()
        self.roll[sale_id] = OnTheRoll()
        self.ask(voiding(sale_id, original))

    # --- step by step

    @rule(included=st.sampled_from([None, True, False]), item=lines())
    def open_sale(self, included: bool | None, item: Line) -> None:
        sale_id = self.new_id()
        self.roll[sale_id] = OnTheRoll()
        assert self.ask(cmd.OpenSale(sale_id=sale_id, tax_included=included)) is not None
        self.put(sale_id, item, 0)

    @precondition(lambda self: self.shop.state.receipts_given)
    @rule(
        pick=picks,
        parts=st.dictionaries(line_ids, st.integers(1, 5), min_size=1, max_size=3),
    )
    def open_return(self, pick: int, parts: dict[str, int]) -> None:
        """`parts` are fifths of what was sold of each line."""
        original = self.one_of(
            pick,
            lambda s: s.receipt_number > 0 and s.kind is SaleKind.SALE and not s.voided_by,
        )
        sale_id = self.new_id()
        known = self.roll[original].lines if original in self.roll else {}
        asked = tuple(
            cmd.ReturnedLine(
                line_id=f"back-{name}",
                original_line_id=name,
                quantity=Quantity(
                    max(known[name].quantity.unscaled * fifths // 5, 1),
                    known[name].quantity.scale,
                ),
            )
            for name, fifths in parts.items()
            if name in known
        )
        self.roll[sale_id] = OnTheRoll()
        self.ask(
            cmd.OpenReturn(sale_id=sale_id, original_sale_id=original, lines=asked, reason="x")
        )

    @precondition(lambda self: self.is_any(SaleState.OPEN))
    @rule(pick=picks, item=lines(), stale=stales)
    def put_line(self, pick: int, item: Line, stale: int) -> None:
        self.put(self.one_of(pick, _is_open), item, stale)

    def put(self, sale_id: str, item: Line, stale: int) -> None:
        command = cmd.PutLine(
            sale_id=sale_id, expected_version=self.version(sale_id, stale), line=item
        )
        if self.ask(command):
            self.roll[sale_id].lines[item.line_id] = item

    @precondition(lambda self: self.is_any(SaleState.OPEN))
    @rule(pick=picks, line_id=line_ids, stale=stales)
    def remove_line(self, pick: int, line_id: str, stale: int) -> None:
        sale_id = self.one_of(
            pick, lambda s: _is_open(s) and any(o.line_id == line_id for o in s.lines)
        )
        command = cmd.RemoveLine(
            sale_id=sale_id, expected_version=self.version(sale_id, stale), line_id=line_id
        )
        if self.ask(command):
            del self.roll[sale_id].lines[line_id]

    @precondition(lambda self: self.is_any(SaleState.OPEN))
    @rule(pick=picks, discount=discounts(), stale=stales)
    def apply_discount(self, pick: int, discount: Discount, stale: int) -> None:
        sale_id = self.one_of(pick, _is_open)
        self.ask(
            cmd.ApplyDiscount(
                sale_id=sale_id,
                expected_version=self.version(sale_id, stale),
                discount=discount,
            )
        )

    @precondition(lambda self: self.shop.state.sales)
    @rule(pick=picks, stale=stales, deed=st.sampled_from(["aside", "again", "again", "cancel"]))
    def set_aside_or_cancel(self, pick: int, stale: int, deed: str) -> None:
        sale_id = self.one_of(pick, lambda s: deed != "again" or _is_aside(s))
        make: dict[str, Callable[..., cmd.OnSale]] = {
            "aside": cmd.SuspendSale,
            "again": cmd.ResumeSale,
            "cancel": cmd.CancelSale,
        }
        command = make[deed](sale_id=sale_id, expected_version=self.version(sale_id, stale))
        assert isinstance(command, cmd.SuspendSale | cmd.ResumeSale | cmd.CancelSale)
        if self.ask(command) and deed == "cancel":
            counts = self.roll[sale_id].counts
            assert not counts, "cancelled with the customer's money in the till"

    @precondition(lambda self: self.is_any(SaleState.OPEN, SaleState.TENDERING))
    @rule(
        pick=picks,
        by=kinds,
        share=st.sampled_from([1, 2, 2, 2]),
        more=st.sampled_from([0, 0, 0, -1, 1, 2, 500]),
        pending=st.booleans(),
        stale=stales,
    )
    def add_tender(
        self, pick: int, by: TenderType, share: int, more: int, pending: bool, stale: int
    ) -> None:
        sale_id = self.one_of(pick, _takes_tenders)
        sale = self.shop.state.sales.get(sale_id)
        due = 100
        if sale is not None:
            live = sum(t.amount_minor for t in sale.tenders if t.state.value in "pending approved")
            due = totals_of(sale).payable_minor - live
        amount = due * share // 2
        if by is TenderType.CASH:
            amount = self.shop.rules.cash_rounding.round(amount)
        is_pending = pending and by is not TenderType.CASH
        tender = Tender(
            tender_id=self.new_id(),
            type=by,
            amount_minor=amount + more,
            state=TenderState.PENDING if is_pending else TenderState.APPROVED,
        )
        version = self.version(sale_id, stale)
        if self.ask(cmd.AddTender(sale_id=sale_id, expected_version=version, tender=tender)):
            self.roll[sale_id].hand_over(tender)

    @precondition(lambda self: any(map(_is_unresolved, self.shop.state.sales.values())))
    @rule(
        pick=picks,
        outcome=st.sampled_from(TenderState),
        stale=stales,
    )
    def resolve_tender(self, pick: int, outcome: TenderState, stale: int) -> None:
        sale_id = self.one_of(pick, _is_unresolved)
        name = self.some_tender(sale_id, pick, TenderState.PENDING, TenderState.UNKNOWN)
        command = cmd.ResolveTender(
            sale_id=sale_id,
            expected_version=self.version(sale_id, stale),
            tender_id=name,
            outcome=outcome,
        )
        if self.ask(command) and outcome is TenderState.APPROVED:
            assert name not in self.roll[sale_id].counts, "approved twice"
            self.roll[sale_id].counts.add(name)

    @precondition(lambda self: self.is_any(SaleState.TENDERING))
    @rule(pick=picks, stale=stales)
    def reverse_tender(self, pick: int, stale: int) -> None:
        sale_id = self.one_of(pick, lambda s: s.state is SaleState.TENDERING)
        name = self.some_tender(sale_id, pick, TenderState.APPROVED)
        version = self.version(sale_id, stale)
        if self.ask(cmd.ReverseTender(sale_id=sale_id, expected_version=version, tender_id=name)):
            self.roll[sale_id].counts.remove(name)

    def some_tender(self, sale_id: str, pick: int, *wished: TenderState) -> str:
        sale = self.shop.state.sales.get(sale_id)
        tenders = sale.tenders if sale else ()
        suited = [t for t in tenders if t.state in wished and pick % 7] or tenders
        return suited[pick % len(suited)].tender_id if suited else "none"

    @precondition(lambda self: self.is_any(SaleState.OPEN, SaleState.TENDERING))
    @rule(pick=picks, stale=stales)
    def complete(self, pick: int, stale: int) -> None:
        sale_id = self.one_of(pick, _takes_tenders)
        version = self.version(sale_id, stale)
        self.ask(cmd.CompleteSale(sale_id=sale_id, expected_version=version))

    @precondition(lambda self: self.is_any(SaleState.OPEN, SaleState.TENDERING))
    @rule(pick=picks)
    def pay_and_complete(self, pick: int) -> None:
        """The way most sales end: what is due, in cash, and done."""
        sale_id = self.one_of(pick, _takes_tenders)
        sale = self.shop.state.sales.get(sale_id)
        if sale is None:
            return
        due = self.shop.rules.cash_rounding.round(
            totals_of(sale).payable_minor - sale.approved_minor
        )
        if due:
            tender = Tender(tender_id=self.new_id(), type=TenderType.CASH, amount_minor=due)
            command = cmd.AddTender(sale_id=sale_id, expected_version=sale.version, tender=tender)
            if self.ask(command):
                self.roll[sale_id].hand_over(tender)
        self.ask(cmd.CompleteSale(sale_id=sale_id, expected_version=self.version(sale_id, 0)))

    # --- paper, drawer, clock, power

    @precondition(lambda self: self.shop.state.receipts_given)
    @rule(pick=picks)
    def reprint(self, pick: int) -> None:
        sale_id = self.one_of(pick, lambda s: s.receipt_number > 0)
        self.ask(cmd.ReprintReceipt(sale_id=sale_id, job_id=self.new_id()))

    @precondition(lambda self: len(self.shop.state.kicks) < 3)
    @rule(reason=st.sampled_from(KickReason), drawer=st.sampled_from(["drawer", "other"]))
    def open_drawer(self, reason: KickReason, drawer: str) -> None:
        self.ask(cmd.OpenDrawer(kick_id=self.new_id(), drawer=drawer, reason=reason))

    @rule(cuts=st.none() | st.integers(0, 9))
    def the_printer_can_begin_at_once(self, cuts: int | None) -> None:
        self.shop.ready = None if cuts is None else cmd.PrinterReady("front", cuts)

    @rule(outcome=st.sampled_from([JobState.CONFIRMED, JobState.UNCONFIRMED, JobState.HELD]))
    def what_has_begun_comes_to_something(self, outcome: JobState) -> None:
        job = begun_job(self.shop.state, "front")
        if job is None:
            return
        jobs = [j for j in self.shop.state.jobs.values() if j.printer == "front"]
        assert jobs[0] is job, "it has overtaken another one"
        if outcome is JobState.HELD:
            self.shop.note(ev.JobHeld(job_id=job.job_id, reason="CUTS_CHANGED"))
        else:
            self.shop.note(ev.PrintEnded(job_id=job.job_id, outcome=outcome))

    @precondition(lambda self: self.shop.state.jobs)
    @rule(
        outcome=st.sampled_from([s for s in JobState if s is not JobState.ACCEPTED]),
        back=st.integers(0, 2),
    )
    def print_next(self, outcome: JobState, back: int) -> None:
        durable = self.shop.state.seq - back
        job = next_job(self.shop.state, "front", durable)
        if job is None:
            return
        assert job.seq <= durable
        earlier = [j for j in self.shop.state.jobs.values() if j.submit_seq < job.submit_seq]
        assert not earlier, "a later receipt came first"
        self.shop.note(ev.PrintStarted(job_id=job.job_id))
        if outcome is JobState.HELD:
            self.shop.note(ev.JobHeld(job_id=job.job_id, reason="PAPER_OUT"))
        elif outcome is not JobState.SENDING:
            self.shop.note(ev.PrintEnded(job_id=job.job_id, outcome=outcome))

    @precondition(lambda self: self.shop.state.kicks)
    @rule(outcome=st.sampled_from([s for s in KickState if s is not KickState.REQUESTED]))
    def kick_next(self, outcome: KickState) -> None:
        kick = next_kick(self.shop.state, "drawer", self.shop.state.seq)
        if kick is None:
            return
        assert kick.state is KickState.REQUESTED
        self.shop.note(ev.KickStarted(kick_id=kick.kick_id))
        if outcome is not KickState.STARTED:
            self.shop.note(ev.KickEnded(kick_id=kick.kick_id, outcome=outcome))

    @rule(by_ms=st.sampled_from([-7_200_000, -1_500, 0, 3_600_000]))
    def the_clock_jumps(self, by_ms: int) -> None:
        self.shop.at_ms += by_ms

    @precondition(lambda self: self.shop.state.sales)
    @rule()
    def cut_the_power(self) -> None:
        """The till comes back from its records alone, and gives nothing as done that was not."""
        before = self.shop.state
        assert self.shop.replayed() == before
        self.shop.restart()
        after = self.shop.state
        assert set(after.sales) == set(before.sales)
        for sale_id, sale in after.sales.items():
            assert sale.state in {SaleState.SUSPENDED, SaleState.INTERRUPTED}
            assert sale.tenders == before.sales[sale_id].tenders
            assert sale.lines == before.sales[sale_id].lines
        assert not any(job.state is JobState.SENDING for job in after.jobs.values())
        assert not any(kick.state is KickState.STARTED for kick in after.kicks.values())

    # --- what must hold after every step

    @invariant()
    def the_books_balance(self) -> None:
        assert_books_balance(self.shop)

    @invariant()
    def the_drawer_holds_what_the_roll_says(self) -> None:
        if self.shop.state.shift is None:
            return
        came = sum(roll.cash() for roll in self.roll.values() if roll.done)
        expected = self.shop.rules.implicit_float_minor + came
        assert self.shop.shift.cash.expected_minor == expected

    @invariant()
    def what_was_put_in_is_in_it(self) -> None:
        for sale_id, sale in self.shop.state.sales.items():
            roll = self.roll[sale_id]
            if sale.kind is SaleKind.SALE:
                assert {item.line_id: item for item in sale.lines} == roll.lines
            given = {t.tender_id: t.amount_minor for t in sale.tenders}
            assert given == {name: t.amount_minor for name, t in roll.tenders.items()}
            assert {
                t.tender_id for t in sale.tenders if t.state is TenderState.APPROVED
            } == roll.counts
            totals_of(sale)  # can always be told

    @invariant()
    def only_what_is_live_is_in_the_state(self) -> None:
        state = self.shop.state
        assert all(sale.state in LIVE for sale in state.sales.values())
        assert all(job.state in LIVE_JOB for job in state.jobs.values())
        assert all(kick.state in LIVE_KICK for kick in state.kicks.values())

    @precondition(lambda self: self.shop.state.finished_sales)
    @invariant()
    def every_finished_sale_can_be_printed(self) -> None:
        for sale in self.shop.state.finished_sales:
            if sale.state is SaleState.COMPLETED:
                paper = receipt_of(sale, ReceiptLayout(), currency="EUR", time_text="now")
                assert paper.parts

    def teardown(self) -> None:
        assert self.shop.replayed() == self.shop.state


AnyShop.TestCase.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, print_blob=True
)
TestAnyShop = AnyShop.TestCase
