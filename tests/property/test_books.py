"""Any day, any shifts, power cuts between them: the books balance after each step.

The drawer is kept a second time here, as a person keeps it: what was put in and what was taken out.
It knows nothing of the daemon's shifts and sums.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.support.day import DayShop
from tests.support.shop import card, cash, line, pending_card
from tillhald.domain import commands as cmd
from tillhald.domain import errors
from tillhald.domain.answers import Answer, Answered, decode_answered, encode_answered
from tillhald.domain.books import DayReport, MovementKind, ShiftState
from tillhald.domain.jobs import KickReason
from tillhald.domain.reports import day_report, explain
from tillhald.domain.rules import ShopRules, SuspendedAtClose
from tillhald.domain.sale import Sale, SaleKind, SaleState, TenderState, TenderType
from tillhald.domain.state import decode_state, encode_state

amounts = st.one_of(st.integers(0, 50), st.integers(0, 20_000))
picks = st.integers(0, 99)
shops = st.builds(
    ShopRules,
    implicit_shift=st.sampled_from([True, False, False]),
    implicit_float_minor=st.sampled_from([0, 5_000]),
    suspended=st.sampled_from(SuspendedAtClose),
    receipt_printer=st.sampled_from(["", "front"]),
    drawer=st.sampled_from(["", "drawer"]),
)


class AnyDays(RuleBasedStateMachine):
    """Commands of people who mostly know what they do."""

    def __init__(self) -> None:
        super().__init__()
        self.shop = DayShop()
        self.drawer: int | None = None
        """What is in the drawer by the books of the shift that is open; None: there is none."""
        self.found: int | None = None
        """What somebody found in it, and what moved since."""
        self.zs: list[DayReport] = []
        self.number = 0

    @initialize(rules=shops)
    def begin(self, rules: ShopRules) -> None:
        self.shop = DayShop(rules)
        self.open_the_day("")
        self.open_a_shift(5_000, training=False)

    # --- asking

    def ask(self, command: cmd.AnyCommand) -> Answer | None:
        shop = self.shop
        before = encode_state(shop.state), dict(shop.rows), len(shop.records)
        had_shift = shop.state.shift
        try:
            answer = shop.do(command)
        except errors.Refused as refusal:
            assert refusal.reason != errors.Refused.reason
            assert (encode_state(shop.state), shop.rows, len(shop.records)) == before
            return None
        stored = Answered(method="m", fingerprint=b"f", seq=shop.state.seq, answer=answer)
        assert decode_answered(encode_answered(stored)) == stored
        shift = shop.state.shift
        if had_shift is not None and (shift is None or shift.shift_id != had_shift.shift_id):
            assert shop.closed.left_minor == self.found, "what was found, and moved since, is left"
            self.found = None
        if shift is None:
            self.drawer = None
        elif had_shift is None or shift.shift_id != had_shift.shift_id:
            self.drawer = shift.cash.float_minor
        for sale in shop.state.finished_sales:
            self.pay_out(sale)
        return answer

    def pay_out(self, sale: Sale) -> None:
        if sale.state is SaleState.COMPLETED and not sale.training:
            assert self.drawer is not None
            paid = [
                tender.amount_minor
                for tender in sale.tenders
                if tender.type is TenderType.CASH and tender.state is TenderState.APPROVED
            ]
            self.drawer += sum(paid) - sale.change_minor

    def new_id(self) -> str:
        self.number += 1
        return f"n{self.number}"

    def a_sale(self, pick: int, *states: SaleState) -> str:
        """A live sale in one of these states, else any, else none."""
        live = self.shop.state.sales
        suited = [s.sale_id for s in live.values() if s.state in states] or list(live) or ["none"]
        return suited[pick % len(suited)]

    def version_of(self, sale_id: str) -> int:
        live = self.shop.state.sales.get(sale_id)
        return live.version if live else 1

    # --- selling

    @rule(prices=st.lists(amounts, min_size=1, max_size=3), more=amounts, by_card=st.booleans())
    def sell(self, prices: list[int], more: int, by_card: bool) -> None:
        for price in prices:
            self.sell_one(price, more, by_card=by_card)

    def sell_one(self, price: int, more: int, *, by_card: bool) -> None:
        tender = card(price) if by_card else cash(price + more)
        lines = (line(price=price),)
        tenders = (tender,) if tender.amount_minor else ()
        self.ask(cmd.Checkout(sale_id=self.new_id(), lines=lines, tenders=tenders))

    @rule(pick=picks)
    def void(self, pick: int) -> None:
        done = [
            s.sale_id
            for s in self.shop.finished.values()
            if s.state is SaleState.COMPLETED and s.kind is SaleKind.SALE
        ]
        if done:
            original = done[pick % len(done)]
            command = cmd.VoidSale(sale_id=self.new_id(), original_sale_id=original, reason="wrong")
            self.ask(command)

    @rule(price=amounts)
    def begin_a_sale(self, price: int) -> None:
        sale_id = self.new_id()
        if self.ask(cmd.OpenSale(sale_id=sale_id)) is not None:
            self.ask(
                cmd.PutLine(
                    sale_id=sale_id,
                    expected_version=self.version_of(sale_id),
                    line=line(price=price + 1),
                )
            )

    @rule(pick=picks, unknown=st.booleans())
    def take_a_tender(self, pick: int, unknown: bool) -> None:
        sale_id = self.a_sale(pick, SaleState.OPEN)
        sale = self.shop.state.sales.get(sale_id)
        due = sum(each.extended_minor for each in sale.lines) if sale else 1
        given = pending_card(due, self.new_id()) if unknown else cash(due, self.new_id())
        self.ask(
            cmd.AddTender(sale_id=sale_id, expected_version=self.version_of(sale_id), tender=given)
        )
        if unknown:
            self.resolve(pick, TenderState.UNKNOWN)

    @rule(pick=picks, outcome=st.sampled_from([TenderState.APPROVED, TenderState.DECLINED]))
    def resolve(self, pick: int, outcome: TenderState) -> None:
        unresolved = [
            (sale.sale_id, tender.tender_id)
            for sale in self.shop.state.sales.values()
            for tender in sale.tenders
            if tender.is_unresolved
        ]
        if unresolved:
            sale_id, tender_id = unresolved[pick % len(unresolved)]
            self.ask(
                cmd.ResolveTender(
                    sale_id=sale_id,
                    expected_version=self.version_of(sale_id),
                    tender_id=tender_id,
                    outcome=outcome,
                )
            )

    @rule(pick=picks)
    def except_a_tender(self, pick: int) -> None:
        unknown = [
            (sale.sale_id, tender.tender_id)
            for sale in self.shop.state.sales.values()
            for tender in sale.tenders
            if tender.state is TenderState.UNKNOWN
        ]
        if unknown:
            sale_id, tender_id = unknown[pick % len(unknown)]
            version = self.version_of(sale_id)
            self.ask(
                cmd.ExceptTender(
                    sale_id=sale_id, expected_version=version, tender_id=tender_id, reason="dead"
                )
            )

    @rule(pick=picks, what=st.sampled_from(["suspend", "resume", "complete", "cancel"]))
    def go_on_with_a_sale(self, pick: int, what: str) -> None:
        kinds: dict[str, tuple[type[cmd.OnSale], SaleState]] = {
            "suspend": (cmd.SuspendSale, SaleState.OPEN),
            "resume": (cmd.ResumeSale, SaleState.SUSPENDED),
            "complete": (cmd.CompleteSale, SaleState.TENDERING),
            "cancel": (cmd.CancelSale, SaleState.OPEN),
        }
        kind, state = kinds[what]
        sale_id = self.a_sale(pick, state)
        self.ask(kind(sale_id=sale_id, expected_version=self.version_of(sale_id)))

    # --- shifts and days

    @rule(day=st.sampled_from(["", "2025-06-14", "2025-06-16"]))
    def open_the_day(self, day: str) -> None:
        self.ask(cmd.OpenDay(business_day=day))

    @rule(minor=amounts, training=st.sampled_from([False, False, False, True]))
    def open_a_shift(self, minor: int, training: bool) -> None:
        minor = 0 if training else minor
        self.ask(cmd.OpenShift(float_minor=minor, operator="ann", training=training))

    @rule(kind=st.sampled_from(MovementKind), minor=amounts)
    def move_cash(self, kind: MovementKind, minor: int) -> None:
        if self.shop.state.shift is None:
            return
        command = self.shop.moving(kind, minor + 1)
        if self.ask(command) is not None:
            assert self.drawer is not None
            moved = command.amount_minor if kind.is_in else -command.amount_minor
            self.drawer += moved
            if self.found is not None:
                self.found += moved

    @rule(step=st.sampled_from(["lock", "unlock", "end", "end", "close"]))
    def step_of_a_shift(self, step: str) -> None:
        if self.shop.state.shift is None:
            return
        shop = self.shop
        made: dict[str, cmd.ShiftCommand] = {
            "lock": shop.lock(),
            "unlock": shop.unlock(),
            "end": shop.ending(),
            "close": shop.closing(),
        }
        self.ask(made[step])

    @rule(off=st.integers(-100, 100))
    def count(self, off: int) -> None:
        if self.shop.state.shift is not None:
            minor = max(0, (self.drawer or 0) + off)
            if self.ask(self.shop.counting(minor)) is not None:
                self.found = minor

    @rule(off=st.integers(-100, 100), price=amounts)
    def hand_over(self, off: int, price: int) -> None:
        """All of it in a row, as it is done."""
        shop = self.shop
        self.sell_one(price, off + 100, by_card=False)
        if shop.state.shift is None:
            return
        self.ask(shop.ending())
        self.count(off)
        self.move_cash(MovementKind.PICKUP, abs(off))
        before = shop.state.shift
        if self.ask(shop.handing_over("bo")) is not None:
            assert shop.closed.shift_id == before.shift_id
            assert shop.shift.cash.float_minor == shop.closed.left_minor
            assert all(s.shift_id == shop.shift.shift_id for s in shop.state.sales.values())

    @rule(pick=picks, minor=amounts)
    def correct(self, pick: int, minor: int) -> None:
        closed = self.shop.state.closed_shifts
        if closed:
            shift = closed[pick % len(closed)]
            self.ask(self.shop.correcting(shift.shift_id, minor))

    @rule(
        off=st.integers(-100, 100),
        training=st.sampled_from([False, False, False, True]),
        clean=st.booleans(),
    )
    def spend_an_evening(self, off: int, training: bool, clean: bool) -> None:
        """All of it in a row, and the next morning."""
        for sale in list(self.shop.state.sales.values()):
            for tender in sale.tenders:
                if tender.is_unresolved:
                    self.resolve(0, TenderState.UNKNOWN)
                    self.except_a_tender(0)
            self.ask(cmd.SuspendSale(sale_id=sale.sale_id, expected_version=sale.version))
            if clean:
                version = self.version_of(sale.sale_id)
                self.ask(cmd.CancelSale(sale_id=sale.sale_id, expected_version=version))
        self.step_of_a_shift("end")
        self.count(off)
        self.step_of_a_shift("close")
        self.close_the_day()
        self.open_the_day("")
        self.open_a_shift(5_000, training)

    @rule()
    def close_the_day(self) -> None:
        x = None
        if self.shop.state.day is not None:
            x = day_report(self.shop.state, self.shop.at_ms, last_seq=self.shop.state.seq)
        if self.ask(self.shop.closing_day()) is not None:
            z = self.shop.z(len(self.zs) + 1)
            self.check_z(z)
            assert x is not None
            assert z.totals.sales == x.totals.sales
            self.zs.append(z)

    @rule()
    def open_the_drawer(self) -> None:
        self.ask(cmd.OpenDrawer(kick_id=self.new_id(), drawer="d", reason=KickReason.NO_SALE))

    @rule()
    def lose_power(self) -> None:
        self.shop.restart()

    @rule()
    def come_back_from_a_checkpoint(self) -> None:
        self.shop.state = decode_state(encode_state(self.shop.state))

    # --- what holds

    def check_z(self, z: DayReport) -> None:
        """It is numbered, and adds up to the sales of its records."""
        assert z.z_number == z.day_number == len(self.zs) + 1
        before = self.zs[-1] if self.zs else None
        assert before is None or z.first_seq > before.last_seq
        of_day = [
            sale
            for sale in self.shop.finished.values()
            if sale.state is SaleState.COMPLETED and z.first_seq <= sale.seq <= z.last_seq
        ]
        real = [sale for sale in of_day if not sale.training]
        for kind, tally in (
            (SaleKind.SALE, z.totals.sales),
            (SaleKind.VOID, z.totals.voids),
        ):
            found = [s.totals.payable_minor for s in real if s.kind is kind and s.totals]
            assert (tally.count, tally.minor) == (len(found), sum(found))
        assert z.totals.training.count == len(of_day) - len(real)
        numbers = sorted(sale.receipt_number for sale in real)
        assert numbers == list(range(z.first_receipt, z.last_receipt + 1)) or not numbers
        shifts = [shift for shift in z.shifts if not shift.training]
        assert sum(s.totals.sales.minor for s in shifts) == z.totals.sales.minor
        assert all(s.state is ShiftState.CLOSED for s in z.shifts)
        if before is not None:
            gained = z.perpetual.sales.minor - before.perpetual.sales.minor
            assert gained == z.totals.sales.minor
            assert z.perpetual.voids.count >= before.perpetual.voids.count
        given_up = [
            sale
            for sale in self.shop.finished.values()
            if sale.state is SaleState.CANCELLED
            and not sale.training
            and z.first_seq <= sale.seq <= z.last_seq
        ]
        assert z.totals.cancelled == len(given_up)

    @invariant()
    def the_cash_equation_holds(self) -> None:
        shift = self.shop.state.shift
        if shift is not None and not shift.training:
            assert shift.cash.expected_minor == self.drawer
        elif shift is not None:
            assert shift.cash.expected_minor == 0

    @invariant()
    def a_closed_shift_adds_up_and_can_be_explained(self) -> None:
        for shift in self.shop.state.closed_shifts:
            left, difference = shift.left_minor, shift.over_short_minor
            assert (left is None) is (difference is None)
            if left is not None and difference is not None:
                assert shift.cash.expected_minor + difference == left
            assert len(explain(shift)) == len(shift.traces)

    @invariant()
    def closed_days_never_change(self) -> None:
        for z in self.zs:
            assert self.shop.z(z.z_number) == z
        assert self.shop.state.zs_given == len(self.zs)

    @invariant()
    def nothing_is_open_twice(self) -> None:
        state = self.shop.state
        assert state.days_opened - len(self.zs) == (1 if state.day else 0)
        assert state.shift is None or state.shift.state is not ShiftState.CLOSED
        assert state.shift is None or state.day is not None

    @invariant()
    def replay_gives_the_same_state(self) -> None:
        assert self.shop.replayed() == self.shop.state

    @invariant()
    def the_state_survives_a_checkpoint(self) -> None:
        assert decode_state(encode_state(self.shop.state)) == self.shop.state


AnyDays.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestAnyDays = AnyDays.TestCase
