"""Operations on shifts and days: each asks the till, and does the same to the naive shop."""

from __future__ import annotations

import datetime
import random
from typing import TYPE_CHECKING, Any

from tests.support.model_audit import check_report, check_shift
from tests.support.model_sales import fresh_id, request_id
from tests.support.naive_sale import ASIDE, INTERRUPTED, LIVE_TENDER, UNDER_WAY, UNKNOWN
from tests.support.naive_shop import ENDED, INTO_DRAWER, LOCKED, OUT_OF_DRAWER, TODAY
from tests.support.sales import eur
from tillhal.v1 import checkout_pb2, drawer_pb2, shift_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

    from tests.support.naive_shop import NaiveShift, NaiveShop

OPEN = "OPEN"
DRAWER = "model_drawer"
OPERATORS = ["ann", "ben", "cai"]
SHIFTS_A_DAY = 55
"""The till takes sixty; none of the tests is about that."""


class ShiftOps:
    """Mixed into `Session`."""

    shop: NaiveShop

    if TYPE_CHECKING:

        def ask(
            self,
            method: str,
            request: Message,
            why_not: Callable[[], set[str]],
            apply: Callable[[Any], None],
        ) -> None: ...

    def shift_weights(self) -> dict[str, float]:
        """How likely each is now."""
        shift = self.shop.shift
        state = shift.state if shift else ""
        idle = self.shop.day is not None and (shift is None or shift.implicit)
        aside = self.shop.live(*ASIDE) if self.shop.suspended != "carry_over" else []
        if self.shop.suspended == "cancel":
            aside = [sale for sale in aside if sale.in_states(*LIVE_TENDER)]
        left_over = self.shop.live(*UNDER_WAY) or aside
        shifts = self.shop.day.shifts if self.shop.day else []
        return {
            "open_day": 0.2 if self.shop.day else 5 if self.shop.implicit else 40,
            "open_shift": 60
            if shift is None and self.shop.has_never_trained()
            else 8
            if self.shop.implicit and shift is None
            else (60 if left_over else 15)
            if idle and shift is None and len(shifts) <= SHIFTS_A_DAY
            else 0.2,
            "no_sale": 1,
            "lock_shift": 0.5,
            "unlock_shift": 20 if state == LOCKED else 0.2,
            "move_cash": 3,
            "end_shift": 1 if self.shop.in_training else 0.2 if left_over else 3,
            "count_drawer": 25 if state == ENDED and not self.shop.in_training else 0.3,
            "hand_over": 12 if state == ENDED and not self.shop.in_training else 0.3,
            "close_shift": 12 if state == ENDED else 0.3,
            "correct_count": 1,
            "except_tender": 0.7,
            "close_day": 8 if idle and not left_over and shifts else 0.3,
        }

    def head_of_shift(self, rng: random.Random) -> dict[str, Any]:
        """The current shift, or now and then another one, or a version of before."""
        shift = self.shop.shift
        if self.shop.closed and (shift is None or rng.random() < 0.05):
            shift = rng.choice([*self.shop.closed.values()])
        stale = rng.random() < 0.04
        return {
            "request_id": request_id(rng),
            "shift_id": shift.shift_id if shift else "no-such-shift",
            "expected_version": max(shift.version - stale, 1) if shift else 1,
        }

    def on_shift(
        self,
        method: str,
        request: Any,
        why_not: Callable[[], set[str]],
        apply: Callable[[NaiveShift], None],
    ) -> None:
        """A step on the current shift: one version more."""

        def applied(answer: Any) -> None:
            shift = self.shop.shift
            assert shift is not None
            apply(shift)
            shift.version += 1
            check_shift(answer.shift, shift)

        self.ask(method, request, why_not, applied)

    def cannot(self, request: Any, *states: str) -> set[str]:
        return self.shop.cannot_change_shift(request.shift_id, request.expected_version, *states)

    # --- the day

    def do_open_day(self, rng: random.Random) -> None:
        # A shop that is open over midnight is a day behind; so sales come to be paid on a later day.
        off = datetime.timedelta(days=rng.choice([-1, 0, 1]))
        date = (datetime.date.fromisoformat(TODAY) + off).isoformat()
        request = shift_pb2.OpenDayRequest(request_id=request_id(rng), business_day=date)

        def apply(answer: Any) -> None:
            self.shop.open_day(date)
            assert answer.day.business_day == date
            assert answer.day.day_number == self.shop.days_opened

        self.ask("OpenDay", request, lambda: {"DAY_STATE"} if self.shop.day else set(), apply)

    def do_close_day(self, rng: random.Random) -> None:
        number = max(self.shop.days_opened - (rng.random() < 0.05), 1)
        request = shift_pb2.CloseDayRequest(request_id=request_id(rng), day_number=number)

        def apply(answer: Any) -> None:
            carried = self.shop.carried_over()
            day = self.shop.close_day()
            check_report(answer.z, self.shop, day, carried)
            assert answer.z.z_number == len(self.shop.days)

        self.ask("CloseDay", request, lambda: self.shop.cannot_close_day(number), apply)

    # --- shifts

    def do_open_shift(self, rng: random.Random) -> None:
        left = self.shop.left or 0
        opening = rng.choice([left, left, left + 500, 10_000])
        operator, training = rng.choice(OPERATORS), rng.random() < 0.5
        training |= self.shop.has_never_trained()
        if training and rng.random() < 0.9:
            opening = 0
        request = shift_pb2.OpenShiftRequest(
            request_id=request_id(rng),
            opening_float=eur(opening),
            operator=operator,
            training=training,
        )

        def why_not() -> set[str]:
            reasons = {"SHIFT_STATE"} if self.shop.shift else set()
            reasons |= {"FIELD_INVALID"} if training and opening else set()
            closed = self.shop.day is None and not self.shop.implicit
            return reasons | ({"DAY_NOT_OPEN"} if closed else set())

        def apply(answer: Any) -> None:
            if self.shop.day is None:
                self.shop.open_day(TODAY)
            expected = None if training else self.shop.left
            shift = self.shop.open_shift(operator, opening)
            shift.training = training
            check_shift(answer.shift, shift)
            assert answer.shift.HasField("opening_expected") == (expected is not None)
            assert answer.shift.opening_expected.minor_units == (expected or 0)

        self.ask("OpenShift", request, why_not, apply)

    def do_lock_shift(self, rng: random.Random) -> None:
        request = shift_pb2.LockShiftRequest(**self.head_of_shift(rng))

        def apply(shift: NaiveShift) -> None:
            shift.state = LOCKED

        self.on_shift("LockShift", request, lambda: self.cannot(request, OPEN), apply)

    def do_unlock_shift(self, rng: random.Random) -> None:
        request = shift_pb2.UnlockShiftRequest(**self.head_of_shift(rng))

        def apply(shift: NaiveShift) -> None:
            shift.state = OPEN

        self.on_shift("UnlockShift", request, lambda: self.cannot(request, LOCKED), apply)

    def do_move_cash(self, rng: random.Random) -> None:
        kind = rng.choice([*sorted(INTO_DRAWER), *sorted(OUT_OF_DRAWER)])
        there = self.shop.shift.expected if self.shop.shift else 0
        amount = rng.choice([1, 100, 2_000, max(there, 1), there + 1 if there >= 0 else 1])
        movement_id = fresh_id(rng, "move")
        if self.shop.movements and rng.random() < 0.04:
            movement_id = rng.choice(sorted(self.shop.movements))
        reason = rng.choice(["", "the window cleaner", "the window cleaner"])
        request = shift_pb2.RecordMovementRequest(
            **self.head_of_shift(rng),
            movement_id=movement_id,
            kind=f"MOVEMENT_KIND_{kind.upper()}",
            amount=eur(amount),
            reason=reason,
        )

        def why_not() -> set[str]:
            reasons = self.cannot(request, OPEN, LOCKED, ENDED)
            shift = self.shop.shift
            reasons |= {"MOVEMENT_EXISTS"} if movement_id in self.shop.movements else set()
            reasons |= {"FIELD_INVALID"} if kind.startswith("paid") and not reason else set()
            if shift is None:
                return reasons
            reasons |= {"SHIFT_LOCKED"} if shift.state == LOCKED else set()
            reasons |= {"SHIFT_STATE"} if shift.training else set()
            there = shift.expected if shift.left is None else shift.left
            short = kind in OUT_OF_DRAWER and amount > there
            return reasons | ({"DRAWER_CASH_SHORT"} if short else set())

        def apply(answer: Any) -> None:
            assert self.shop.shift is not None
            assert self.shop.day is not None
            self.shop.movements.add(movement_id)
            self.shop.shift.moved.append((kind, amount))
            self.shop.day.moved.append((kind, amount))
            self.shop.shift.version += 1
            assert answer.shift_version == self.shop.shift.version
            assert answer.movement.amount.minor_units == amount

        self.ask("RecordMovement", request, why_not, apply)

    def do_end_shift(self, rng: random.Random) -> None:
        request = shift_pb2.EndShiftRequest(**self.head_of_shift(rng))

        def why_not() -> set[str]:
            under_way = any(not sale.training for sale in self.shop.live(*UNDER_WAY))
            reasons = {"OPEN_SALES_EXIST"} if under_way else set()
            return self.cannot(request, OPEN, LOCKED) | reasons

        def apply(shift: NaiveShift) -> None:
            shift.state = ENDED

        self.on_shift("EndShift", request, why_not, apply)

    def do_count_drawer(self, rng: random.Random) -> None:
        there = self.shop.shift.expected if self.shop.shift else 0
        counted = max(there + rng.choice([0, 0, 0, -130, 250]), 0)
        request = shift_pb2.DeclareCountRequest(**self.head_of_shift(rng), counted=eur(counted))
        if rng.random() < 0.3:
            notes, rest = divmod(counted, 500)
            wrong = rng.random() < 0.2
            for value, count in ((500, notes), (1, rest + wrong)):
                if count:
                    request.denominations.add(value=eur(value), count=count)
        together = sum(each.value.minor_units * each.count for each in request.denominations)

        def why_not() -> set[str]:
            odd = request.denominations and together != counted
            reasons = {"SHIFT_STATE"} if self.shop.in_training else set()
            return self.cannot(request, ENDED) | reasons | ({"FIELD_INVALID"} if odd else set())

        def apply(shift: NaiveShift) -> None:
            shift.counted, shift.moved_by_count = counted, len(shift.moved)

        self.on_shift("DeclareCount", request, why_not, apply)

    def uncounted(self) -> set[str]:
        shift = self.shop.shift
        return {"NOT_COUNTED"} if shift and shift.counted is None else set()

    def do_hand_over(self, rng: random.Random) -> None:
        operator = rng.choice(OPERATORS)
        request = shift_pb2.HandOverRequest(**self.head_of_shift(rng), operator=operator)

        def apply(answer: Any) -> None:
            closed = self.shop.close_shift()
            assert closed.left is not None
            check_shift(answer.closed, closed)
            check_shift(answer.opened, self.shop.open_shift(operator, closed.left))

        def why_not() -> set[str]:
            training = {"SHIFT_STATE"} if self.shop.in_training else set()
            return self.cannot(request, ENDED) | self.uncounted() | training

        self.ask("HandOver", request, why_not, apply)

    def do_close_shift(self, rng: random.Random) -> None:
        request = shift_pb2.CloseShiftRequest(**self.head_of_shift(rng))

        def apply(answer: Any) -> None:
            check_shift(answer.shift, self.shop.close_shift())

        def why_not() -> set[str]:
            uncounted = set() if self.shop.in_training else self.uncounted()
            return self.cannot(request, ENDED) | uncounted

        self.ask("CloseShift", request, why_not, apply)

    def do_no_sale(self, rng: random.Random) -> None:
        """The drawer is opened, and nothing is sold."""
        kick_id = fresh_id(rng, "kick")
        request = drawer_pb2.OpenDrawerRequest(
            request_id=request_id(rng),
            kick_id=kick_id,
            drawer=DRAWER,
            reason=drawer_pb2.DRAWER_REASON_NO_SALE,
        )

        def apply(answer: Any) -> None:
            assert answer.kick.kick_id == kick_id
            if self.shop.day is not None:
                self.shop.day.no_sales += 1

        self.ask("OpenDrawer", request, set, apply)

    def do_correct_count(self, rng: random.Random) -> None:
        latest = [*self.shop.closed.values()][-10:]
        shift = rng.choice(latest) if latest else None
        counted = max((shift.counted or 0) + rng.choice([-40, 15, 300]), 0) if shift else 1
        stale = rng.random() < 0.05
        request = shift_pb2.CorrectCountRequest(
            request_id=request_id(rng),
            shift_id=shift.shift_id if shift else "no-such-shift",
            expected_version=max(shift.version - stale, 1) if shift else 1,
            counted=eur(counted),
            reason="a roll of coins was overlooked",
        )

        def why_not() -> set[str]:
            closed = self.shop.day is None and not self.shop.implicit
            reasons = {"DAY_NOT_OPEN"} if closed else set()
            found = self.shop.closed.get(request.shift_id)
            if found is None:
                return reasons | {"SHIFT_NOT_FOUND"}
            reasons |= {"NOT_COUNTED"} if found.counted is None else set()
            stale = found.version != request.expected_version
            return reasons | ({"VERSION_CONFLICT"} if stale else set())

        def apply(answer: Any) -> None:
            assert shift is not None
            if self.shop.day is None:
                self.shop.open_day(TODAY)
            self.shop.correct(shift, counted)
            check_shift(answer.shift, shift)

        self.ask("CorrectCount", request, why_not, apply)

    def do_except_tender(self, rng: random.Random) -> None:
        found = [
            (s, n) for s in self.shop.live() for n, t in s.tenders.items() if t.state == UNKNOWN
        ]
        sale, name = rng.choice(found) if found else (None, "none")
        request = shift_pb2.ExceptTenderRequest(
            request_id=request_id(rng),
            sale_id=sale.sale_id if sale else "no-such-sale",
            expected_version=sale.version if sale else 1,
            tender_id=name,
            reason="the bank is asked tomorrow",
        )

        def why_not() -> set[str]:
            known = self.shop.sales.get(request.sale_id)
            if known is None:
                return {"SALE_NOT_FOUND"}
            reasons = self.shop.cannot_touch(
                request.sale_id, request.expected_version, *UNDER_WAY, *ASIDE
            )
            listed = name in known.excepted and known.state == INTERRUPTED
            wrong = known.tenders[name].state != UNKNOWN or listed
            return reasons | ({"TENDER_STATE"} if wrong else set())

        def apply(answer: Any) -> None:
            known = self.shop.sales[request.sale_id]
            known.excepted.add(name)
            known.state = INTERRUPTED
            known.version += 1
            assert answer.sale.state == checkout_pb2.SALE_STATE_INTERRUPTED
            assert answer.sale.version == known.version

        self.ask("ExceptTender", request, why_not, apply)
