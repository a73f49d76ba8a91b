"""A shop without wires or disks: commands in, facts applied, rows and records kept for a look.

It does what the till's service does around `decide` and `apply`, so that a test of the rules
speaks in commands and looks at what a front end and an auditor would see.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest

from tillhald.domain import commands as cmd
from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain.amounts import ONE, ZERO, Quantity, extend
from tillhald.domain.answers import Answer, SaleSummary, answer_to
from tillhald.domain.book_rows import number_key
from tillhald.domain.books import Day, DayTotals, Shift, Tally
from tillhald.domain.decide import clock_facts, decide
from tillhald.domain.evolve import apply
from tillhald.domain.readmodels import (
    book_key,
    book_named,
    decode_book,
    decode_job,
    decode_sale,
    entries,
    job_key,
    job_key_named,
    named_finished,
    row_of_new_id,
)
from tillhald.domain.rules import ShopRules
from tillhald.domain.sale import (
    Discount,
    Line,
    Sale,
    SaleKind,
    SaleState,
    Tender,
    TenderState,
    TenderType,
)
from tillhald.domain.sales_by_day import SALES, is_sale, sale_key
from tillhald.domain.startup import startup_facts
from tillhald.domain.state import TillState, decode_state, encode_state

NOON_MS = 1_750_000_000_000
TODAY = "2025-06-15"
LIVE = frozenset({SaleState.OPEN, SaleState.SUSPENDED, SaleState.TENDERING, SaleState.INTERRUPTED})


def line(
    line_id: str = "l1",
    price: int = 750,
    quantity: Quantity = ONE,
    *,
    tax: str = "",
    percent: Quantity = ZERO,
) -> Line:
    """A line as the wire's edge makes it."""
    return Line(
        line_id=line_id,
        description=f"Article {line_id}",
        unit_price_minor=price,
        extended_minor=extend(price, quantity),
        quantity=quantity,
        tax_code=tax,
        tax_percent=percent,
    )


def cash(amount: int, tender_id: str = "cash1") -> Tender:
    return Tender(tender_id=tender_id, type=TenderType.CASH, amount_minor=amount)


def card(
    amount: int, tender_id: str = "card1", state: TenderState = TenderState.APPROVED
) -> Tender:
    return Tender(
        tender_id=tender_id, type=TenderType.CREDIT_CARD, amount_minor=amount, state=state
    )


def pending_card(amount: int, tender_id: str = "card1") -> Tender:
    return card(amount, tender_id, TenderState.PENDING)


def off(
    amount: int = 0, discount_id: str = "d1", *, on: str = "", percent: Quantity | None = None
) -> Discount:
    """A discount; `on` names a line."""
    return Discount(discount_id=discount_id, line_id=on, amount_minor=amount, percent=percent)


class Shop:
    """The till's state, all its records, and all index rows."""

    def __init__(self, rules: ShopRules | None = None) -> None:
        self.rules = rules or ShopRules()
        self.state = TillState()
        self.records: list[ev.Record] = []
        self.rows: dict[tuple[str, bytes], bytes] = {}
        self.at_ms = NOON_MS
        self.ready: cmd.PrinterReady | None = None
        self.note(ev.JournalCreated(store_id="s", workstation_id="w", currency=self.rules.currency))

    # --- what the service does

    def facts(self, command: cmd.AnyCommand, *, operator: str = "") -> list[ev.AnyEvent]:
        """What `decide` says, and nothing done about it."""
        return decide(self.state, self.rules, command, self._now(command, operator))

    def do(self, command: cmd.AnyCommand, *, operator: str = "") -> Answer:
        """Decide, apply, keep the rows; the answer."""
        self.at_ms += 1_000
        self._append(self.facts(command, operator=operator))
        return answer_to(command, self.state)

    def on(self, command: cmd.SaleCommand, *, operator: str = "") -> SaleSummary:
        """As `do`, of a command whose answer is a sale."""
        answer = self.do(command, operator=operator)
        assert isinstance(answer, SaleSummary)
        assert answer.sale_id == command.sale_id
        return answer

    def refuses(self, command: cmd.AnyCommand, *, operator: str = "") -> errors.Refused:
        """The refusal of `command`, which has changed nothing."""
        before, rows = encode_state(self.state), dict(self.rows)
        with pytest.raises(errors.Refused) as refused:
            self.facts(command, operator=operator)
        assert encode_state(self.state) == before
        assert self.rows == rows
        return refused.value

    def note(self, *facts: ev.AnyEvent) -> None:
        """Facts that nobody asked for."""
        self._append([*clock_facts(self.state, self.at_ms), *facts])

    def restart(self, *, clean: bool = False) -> None:
        """Lose all but records and rows, come back from them, and say what was found."""
        self.state = self.replayed()
        self.note(*startup_facts(self.state, version="0.1.0", clean_shutdown=clean))

    def replayed(self) -> TillState:
        """The state that the stored records make, from the first on."""
        state = TillState()
        for seq, record in enumerate(self.records, start=1):
            state = apply(state, ev.decode_record(ev.encode_record(record)), seq)
        return state

    def _now(self, command: cmd.AnyCommand, operator: str) -> cmd.Now:
        taken = row_of_new_id(command) in self.rows
        key = job_key_named(command, self.state)
        stored = self.rows.get(("jobs", key)) if key else None
        job = decode_job(stored) if stored else None
        book = self.rows.get(("outages", book_key(book_named(command))))
        return cmd.Now(
            at_ms=self.at_ms,
            today=TODAY,
            operator=operator,
            finished=self.finished,
            id_taken=taken,
            job=job,
            book=decode_book(book) if book else None,
            ready=self.ready,
        )

    def _append(self, facts: list[ev.AnyEvent]) -> None:
        record = ev.Record(wall_ms=self.at_ms, events=tuple(facts))
        state = apply(self.state, record, self.state.seq + 1)
        found = {
            name: self.finished[name]
            for name in named_finished(record.events, state)
            if name in self.finished
        }
        rows, _ = entries(record.events, state, found)
        late = (ev.JobConfirmedLate, ev.JobFailedLate, ev.JobResolved)
        amended = {job_key(event.job.job_id) for event in facts if isinstance(event, late)}
        for row in rows:
            before = self.rows.get((row.table, row.key))
            may_change = (
                row.table in ("sales", "shifts") or row.key in amended or before == row.value
            )
            assert before is None or may_change, f"{row.table} {row.key!r} was written twice"
            self.rows[row.table, row.key] = row.value
        self.state = state
        self.records.append(record)

    # --- what there is to look at

    @property
    def finished(self) -> dict[str, Sale]:
        """All finished sales, as the index has them."""
        sales = [
            decode_sale(value)
            for (table, key), value in self.rows.items()
            if table == SALES and is_sale(key)
        ]
        return {sale.sale_id: sale for sale in sales}

    def sale(self, sale_id: str) -> Sale:
        if sale_id in self.state.sales:
            return self.state.sales[sale_id]
        return decode_sale(self.rows["sales", sale_key(sale_id)])

    @property
    def day(self) -> Day:
        assert self.state.day is not None
        return self.state.day

    @property
    def shift(self) -> Shift:
        assert self.state.shift is not None
        return self.state.shift

    def version(self, sale_id: str) -> int:
        return self.sale(sale_id).version

    # --- steps in short

    def checkout(
        self,
        sale_id: str,
        lines: tuple[Line, ...],
        *tenders: Tender,
        discounts: tuple[Discount, ...] = (),
    ) -> SaleSummary:
        return self.on(
            cmd.Checkout(sale_id=sale_id, lines=lines, discounts=discounts, tenders=tenders)
        )

    def open(self, sale_id: str, *lines: Line) -> SaleSummary:
        summary = self.on(cmd.OpenSale(sale_id=sale_id))
        for item in lines:
            summary = self.put(sale_id, item)
        return summary

    def put(self, sale_id: str, item: Line) -> SaleSummary:
        return self.on(
            cmd.PutLine(sale_id=sale_id, expected_version=self.version(sale_id), line=item)
        )

    def discount(self, sale_id: str, discount: Discount) -> SaleSummary:
        return self.on(self.discounting(sale_id, discount))

    def discounting(self, sale_id: str, discount: Discount) -> cmd.ApplyDiscount:
        version = self.version(sale_id)
        return cmd.ApplyDiscount(sale_id=sale_id, expected_version=version, discount=discount)

    def removing(self, sale_id: str, line_id: str) -> cmd.RemoveLine:
        return cmd.RemoveLine(
            sale_id=sale_id, expected_version=self.version(sale_id), line_id=line_id
        )

    def tendering(self, sale_id: str, tender: Tender) -> cmd.AddTender:
        version = self.version(sale_id)
        return cmd.AddTender(sale_id=sale_id, expected_version=version, tender=tender)

    def tender(self, sale_id: str, tender: Tender) -> SaleSummary:
        return self.on(self.tendering(sale_id, tender))

    def resolving(
        self, sale_id: str, outcome: TenderState, tender_id: str = "card1"
    ) -> cmd.ResolveTender:
        return cmd.ResolveTender(
            sale_id=sale_id,
            expected_version=self.version(sale_id),
            tender_id=tender_id,
            outcome=outcome,
        )

    def resolve(self, sale_id: str, outcome: TenderState, tender_id: str = "card1") -> SaleSummary:
        return self.on(self.resolving(sale_id, outcome, tender_id))

    def reversing(self, sale_id: str, tender_id: str) -> cmd.ReverseTender:
        return cmd.ReverseTender(
            sale_id=sale_id, expected_version=self.version(sale_id), tender_id=tender_id
        )

    def suspending(self, sale_id: str) -> cmd.SuspendSale:
        return cmd.SuspendSale(sale_id=sale_id, expected_version=self.version(sale_id))

    def resuming(self, sale_id: str) -> cmd.ResumeSale:
        return cmd.ResumeSale(sale_id=sale_id, expected_version=self.version(sale_id))

    def completing(self, sale_id: str) -> cmd.CompleteSale:
        return cmd.CompleteSale(sale_id=sale_id, expected_version=self.version(sale_id))

    def complete(self, sale_id: str) -> SaleSummary:
        return self.on(self.completing(sale_id))

    def cancelling(self, sale_id: str, reason: str = "") -> cmd.CancelSale:
        return cmd.CancelSale(
            sale_id=sale_id, expected_version=self.version(sale_id), reason=reason
        )

    def void(self, sale_id: str, original: str) -> SaleSummary:
        return self.on(voiding(sale_id, original))

    def open_return(self, sale_id: str, original: str, **quantities: Quantity) -> SaleSummary:
        return self.on(returning(sale_id, original, **quantities))

    def give_back(
        self, sale_id: str, original: str, *tenders: Tender, **quantities: Quantity
    ) -> SaleSummary:
        """A return from its opening to its completion; with no tenders named, by card."""
        summary = self.open_return(sale_id, original, **quantities)
        if not tenders and summary.payable_minor:
            tenders = (card(summary.payable_minor),)
        for tender in tenders:
            self.tender(sale_id, tender)
        return self.complete(sale_id)


def voiding(sale_id: str, original: str) -> cmd.VoidSale:
    return cmd.VoidSale(sale_id=sale_id, original_sale_id=original, reason="wrong article")


def returning(sale_id: str, original: str, **quantities: Quantity) -> cmd.OpenReturn:
    """The return of these quantities, by the original's line_id."""
    asked = tuple(
        cmd.ReturnedLine(line_id=f"r-{name}", original_line_id=name, quantity=quantity)
        for name, quantity in quantities.items()
    )
    return cmd.OpenReturn(
        sale_id=sale_id, original_sale_id=original, lines=asked, reason="does not fit"
    )


# --- the books, reckoned again from the sales alone


def assert_books_balance(shop: Shop) -> None:
    """Every invariant of money, cash and sequence, by the plainest sums there are."""
    state, finished = shop.state, shop.finished
    completed = [sale for sale in finished.values() if sale.state is SaleState.COMPLETED]
    for sale in completed:
        _assert_sale_balances(sale, shop.rules)
    for sale in state.sales.values():
        assert sale.state in LIVE, f"{sale.sale_id} is {sale.state} and still in the state"
        assert sale.sale_id not in finished
        assert sale.receipt_number == 0, "only a completed sale has a receipt number"
    _assert_receipts(shop, completed)
    _assert_cash(shop, completed)
    _assert_day_and_perpetual(shop, completed)
    _assert_returns(finished)
    assert decode_state(encode_state(state)) == state


def _assert_sale_balances(sale: Sale, rules: ShopRules) -> None:
    totals = sale.totals
    assert totals is not None
    extended = sum(item.extended_minor for item in sale.lines)
    assert sum(totals.line_taxes) == totals.tax_minor == sum(t.tax_minor for t in totals.taxes)
    assert sum(totals.line_discounts) == totals.discount_minor == sum(totals.discount_amounts)
    added = 0 if sale.tax_included else totals.tax_minor
    assert extended - totals.discount_minor + added == totals.payable_minor
    nets = sum(tax.net_minor for tax in totals.taxes)
    assert nets + totals.tax_minor == extended - totals.discount_minor + added
    approved = [t for t in sale.tenders if t.state is TenderState.APPROVED]
    tendered = sum(t.amount_minor for t in approved)
    assert tendered - sale.change_minor == totals.payable_minor + sale.rounding_minor
    assert not any(t.state in {TenderState.PENDING, TenderState.UNKNOWN} for t in sale.tenders), (
        "an unresolved tender in a completed sale"
    )
    allowing = sum(t.amount_minor for t in approved if rules.tender(t.type).allows_change)
    assert 0 <= sale.change_minor <= max(allowing, 0)
    _assert_rounding(sale, approved, rules)
    if sale.kind is SaleKind.SALE:
        assert totals.payable_minor >= 0
        _assert_line_shares(sale)
    else:
        assert totals.payable_minor <= 0


def _assert_rounding(sale: Sale, approved: list[Tender], rules: ShopRules) -> None:
    assert sale.totals is not None
    payable, coin = sale.totals.payable_minor, rules.cash_rounding.increment_minor
    others = [t for t in approved if t.type is not TenderType.CASH]
    in_cash = payable - sum(t.amount_minor for t in others)
    assert abs(sale.rounding_minor) < coin
    assert in_cash or not sale.rounding_minor, "rounding where nothing is settled in cash"
    if sale.change_minor or len(others) < len(approved):
        assert (in_cash + sale.rounding_minor) % coin == 0, "no coins make up this amount"
    exact = sum(t.amount_minor for t in others if not rules.tender(t.type).allows_change)
    assert abs(exact) <= abs(payable), "more was taken than is due, and nothing goes back"


def _assert_line_shares(sale: Sale) -> None:
    """Each line's discount and tax stand within one minor unit of the exact share."""
    totals = sale.totals
    assert totals is not None
    exact_off = [Fraction(0)] * len(sale.lines)
    for discount, amount in zip(sale.discounts, totals.discount_amounts, strict=True):
        if discount.line_id:
            at = next(i for i, o in enumerate(sale.lines) if o.line_id == discount.line_id)
            exact_off[at] += amount
            if discount.percent is not None:
                exact = _percent(discount.percent) * sale.lines[at].extended_minor
                assert abs(exact - amount) <= Fraction(1, 2)
    left = [item.extended_minor - less for item, less in zip(sale.lines, exact_off, strict=True)]
    of_sale = sum(
        amount
        for discount, amount in zip(sale.discounts, totals.discount_amounts, strict=True)
        if not discount.line_id
    )
    for at, item in enumerate(sale.lines):
        if sum(left):
            exact_off[at] += of_sale * left[at] / sum(left)
        given = totals.line_discounts[at]
        assert abs(given - exact_off[at]) < 1
        assert 0 <= given <= item.extended_minor
        net = item.extended_minor - given
        percent = _percent(item.tax_percent)
        exact_tax = net * percent / (1 + percent) if sale.tax_included else net * percent
        # Half from rounding the rate's sum, less than one from sharing it out.
        assert abs(totals.line_taxes[at] - exact_tax) < Fraction(3, 2)
        assert totals.line_taxes[at] >= 0


def _percent(percent: Quantity) -> Fraction:
    return Fraction(percent.unscaled, 100 * 10**percent.scale)


def _assert_receipts(shop: Shop, completed: list[Sale]) -> None:
    numbers = sorted(sale.receipt_number for sale in completed)
    assert numbers == list(range(1, len(completed) + 1)), "receipt numbers have a gap"
    assert shop.state.receipts_given == len(completed)
    for sale in completed:
        row = shop.rows["receipts", number_key(sale.receipt_number)]
        assert row == sale.sale_id.encode()


def _assert_cash(shop: Shop, completed: list[Sale]) -> None:
    if shop.state.shift is None:
        assert not completed
        return
    drawer = shop.rules.implicit_float_minor
    for sale in completed:
        drawer -= sale.change_minor
        drawer += sum(
            tender.amount_minor
            for tender in sale.tenders
            if tender.type is TenderType.CASH and tender.state is TenderState.APPROVED
        )
    assert shop.shift.cash.expected_minor == drawer


def _tally(amounts: list[int]) -> Tally:
    return Tally(len(amounts), sum(amounts))


def _payables(sales: list[Sale], kind: SaleKind) -> Tally:
    return _tally([s.totals.payable_minor for s in sales if s.kind is kind and s.totals])


def _assert_day_and_perpetual(shop: Shop, completed: list[Sale]) -> None:
    perpetual = shop.state.perpetual
    assert perpetual.sales == _payables(completed, SaleKind.SALE)
    assert perpetual.returns == _payables(completed, SaleKind.RETURN)
    assert perpetual.voids == _payables(completed, SaleKind.VOID)
    if shop.state.day is None:
        return
    day: DayTotals = shop.day.totals
    assert (day.sales, day.returns, day.voids) == (
        perpetual.sales,
        perpetual.returns,
        perpetual.voids,
    )
    cancelled = [s for s in shop.finished.values() if s.state is SaleState.CANCELLED]
    assert day.cancelled == len(cancelled)
    assert day.change == _tally([s.change_minor for s in completed if s.change_minor])
    assert day.rounding == _tally([s.rounding_minor for s in completed if s.rounding_minor])
    all_totals = [s.totals for s in completed if s.totals]
    off_all = [t.discount_minor for t in all_totals if t.discount_minor]
    assert day.discounts == _tally(off_all)
    assert sum(t.minor for t in day.taxes.values()) == sum(t.tax_minor for t in all_totals)
    by_type: Counter[str] = Counter()
    for sale in completed:
        for tender in sale.tenders:
            if tender.state is TenderState.APPROVED:
                by_type[tender.type.value] += tender.amount_minor
    assert {key: tally.minor for key, tally in day.tenders.items()} == dict(by_type)
    assert day.copies == sum(sale.copies for sale in completed)


def _assert_returns(finished: dict[str, Sale]) -> None:
    for original in finished.values():
        back = [
            sale
            for sale in finished.values()
            if sale.original_sale_id == original.sale_id and sale.state is SaleState.COMPLETED
        ]
        voids = [sale for sale in back if sale.kind is SaleKind.VOID]
        assert len(voids) <= 1, "voided twice"
        assert not (voids and len(back) > 1), "voided and returned"
        assert original.voided_by == (voids[0].sale_id if voids else "")
        if not back:
            assert not original.returned
            continue
        assert original.kind is SaleKind.SALE, "a return of a return"
        for item in original.lines:
            given = -sum(
                piece.quantity.unscaled
                for sale in back
                for piece in sale.lines
                if piece.original_line_id == item.line_id
            )
            assert 0 <= given <= item.quantity.unscaled, "more came back than was sold"
            if not voids:
                assert original.returned.get(item.line_id, 0) == given
        _assert_paid_back_at_most(original, back)


def _assert_paid_back_at_most(original: Sale, back: list[Sale]) -> None:
    """Pieces never add up to more than what was paid, and all of them to exactly that."""
    assert original.totals is not None
    for at, item in enumerate(original.lines):
        net = item.extended_minor - original.totals.line_discounts[at]
        pieces = [
            (piece, sale.totals.line_taxes[sale.lines.index(piece)])
            for sale in back
            if sale.totals
            for piece in sale.lines
            if piece.original_line_id == item.line_id
        ]
        given = -sum(piece.extended_minor for piece, _ in pieces)
        tax = -sum(tax for _, tax in pieces)
        assert 0 <= given <= net
        assert 0 <= tax <= original.totals.line_taxes[at]
        if -sum(piece.quantity.unscaled for piece, _ in pieces) == item.quantity.unscaled:
            assert (given, tax) == (net, original.totals.line_taxes[at])
