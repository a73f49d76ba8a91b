"""Drives a real daemon and a naive shop side by side, with operations that are data.

An operation is a name and a number. What exactly is asked for is drawn from the number and from what
the naive shop looks like at that moment, so any sublist of a run is a run again: that is how a
failure is made small.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc

from hwsim.drawer import VirtualDrawer
from hwsim.printer import VirtualPrinter
from tests.support.answers import assert_journal_sound, refusal_of
from tests.support.model_audit import audit, audit_whole
from tests.support.model_shifts import DRAWER, ShiftOps
from tests.support.model_tenders import TenderOps
from tests.support.naive_sale import ASIDE, OPEN, TENDERING
from tests.support.naive_shop import SHOPS_FLOAT, SHOPS_OPERATOR, NaiveShop
from tests.support.till import a_till

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from google.protobuf.message import Message

    from tests.support.till import Till

ANSWERS_KEPT_MAX = 200
IN_FLIGHT_MS_MAX = 4
AUDIT_EVERY = 25
DAY_OPS = 100
"""After so many operations a day is brought to its end, however many more that takes."""
BEGIN = ("checkout", "open_sale", "return", "open_shift", "hand_over", "put_line", "suspend")
BEGIN += ("resume", "discount", "void", "tender", "lock_shift", "remove_line")
END = ("cancel", "reverse", "resolve", "complete", "except_tender")
SHUT = ("end_shift", "count_drawer", "close_shift", "close_day", "resume")
SHRINK_S = 90.0


class Op(NamedTuple):
    name: str
    number: int


class Asked(NamedTuple):
    """A change that was granted, to be asked for again."""

    method: str
    request: Message
    answer: Message


class Session(TenderOps, ShiftOps):
    """One till and one naive shop."""

    def __init__(self, till: Till, shop: NaiveShop) -> None:
        self.till = till
        self.shop = shop
        self.granted: list[Asked] = []
        self.refused: Counter[str] = Counter()
        self.replays = 0
        self.cut_short = 0
        self._ops_today = 0
        self._cut_after_ms: int | None = None

    # --- asking

    def ask(
        self,
        method: str,
        request: Message,
        why_not: Callable[[], set[str]],
        apply: Callable[[Any], None],
    ) -> None:
        """Ask the till; it must say what the naive shop says: a reason of `why_not`, or yes.

        Where it is yes, `apply` does the same to the naive shop and compares the answer with it.
        """
        if self._cut_after_ms is not None:
            self._ask_and_kill(method, request, why_not, apply)
            return
        reasons = why_not()
        try:
            answer = self._call(method)(request)
        except grpc.RpcError as error:
            self._check_refusal(method, error, reasons)
            return
        assert not reasons, f"{method} was granted against {reasons}"
        assert not answer.replayed
        self._grant(method, request, answer, apply)

    def _ask_and_kill(
        self,
        method: str,
        request: Message,
        why_not: Callable[[], set[str]],
        apply: Callable[[Any], None],
    ) -> None:
        """Nobody knows whether it is stored: the same request tells, once the till is back."""
        wait_ms, self._cut_after_ms = self._cut_after_ms or 0, None
        reasons = why_not()
        future = self._call(method).future(request)
        first: Any = None
        try:
            first = future.result(timeout=wait_ms / 1000)
        except grpc.FutureTimeoutError:
            pass
        except grpc.RpcError as error:
            self._check_refusal(method, error, reasons)
        self.till.kill()
        self.till.start()
        self.cut_short += first is None
        try:
            answer = self._call(method)(request)
        except grpc.RpcError as error:
            assert first is None, f"{method} was granted, and is refused after the crash"
            self.shop.interrupt()
            self._check_refusal(method, error, why_not())
            return
        if answer.replayed:
            assert not reasons, f"{method} was granted against {reasons}"
            if first is not None:
                answer.replayed = False
                assert answer == first, f"{method} has another answer after the crash"
            self._grant(method, request, answer, apply)
            self.shop.interrupt()
        else:
            assert first is None, f"{method} was answered, and is not known after the crash"
            self.shop.interrupt()
            assert not why_not(), f"{method} was granted against {why_not()}"
            self._grant(method, request, answer, apply)

    def _grant(
        self, method: str, request: Message, answer: Any, apply: Callable[[Any], None]
    ) -> None:
        apply(answer)
        answer.replayed = True
        self.granted = [*self.granted[-ANSWERS_KEPT_MAX + 1 :], Asked(method, request, answer)]

    def _check_refusal(self, method: str, error: grpc.RpcError, reasons: set[str]) -> None:
        refusal = refusal_of(error)
        self.refused[refusal.reason] += 1
        assert refusal.reason in reasons, f"{method}: {refusal}, not of {reasons or 'anything'}"

    def _call(self, method: str) -> Any:
        calls = self.till.calls
        return next(
            getattr(service, method)
            for service in (calls.shift, calls.checkout, calls.drawer)
            if hasattr(service, method)
        )

    # --- operations on the till as a whole

    def do_repeat(self, rng: random.Random) -> None:
        """A request of before comes again: the same answer, and nothing happens."""
        if self.granted:
            asked = rng.choice(self.granted)
            answer = self._call(asked.method)(asked.request)
            assert answer == asked.answer, f"{asked.method} has another answer the second time"
            self.replays += 1

    def do_kill(self, rng: random.Random) -> None:
        """SIGKILL between two requests."""
        self.till.kill()
        self.till.start()
        self.shop.interrupt()
        audit(self.till.calls, self.shop)

    def do_kill_in_flight(self, rng: random.Random) -> None:
        """SIGKILL while the next request is under way."""
        self._cut_after_ms = rng.randint(0, IN_FLIGHT_MS_MAX)

    def do_restart(self, rng: random.Random) -> None:
        """An orderly stop."""
        self.till.restart()
        self.shop.interrupt()

    # --- a run

    def perform(self, op: Op) -> None:
        days = len(self.shop.days)
        getattr(self, f"do_{op.name}")(random.Random(op.number))
        self._ops_today = self._ops_today + 1 if len(self.shop.days) == days else 0

    def choose(self, rng: random.Random) -> Op:
        """What a busy shop would do now, and now and then what it had better not."""
        selling = self.sale_weights()
        if self.shop.cannot_sell():
            selling = {name: weight / 8 for name, weight in selling.items()}
        evening = self._ops_today > DAY_OPS
        weights = {
            **selling,
            **self.shift_weights(),
            "repeat": 4,
            "kill": 0.2,
            "kill_in_flight": 0.3,
            "restart": 0.1,
        }
        if evening:  # what is open is brought to an end, so that the day can be closed
            weights |= {name: weights[name] / 12 for name in BEGIN}
            first = END if self.shop.live(OPEN, TENDERING) else SHUT
            if self.shop.suspended == "carry_over":  # what is put aside is for another day
                weights |= {"resume": weights["resume"] / 6, "suspend": 4}
            weights |= {name: weights[name] * 6 for name in first}
        elif self._left_from_before():
            weights["resume"] *= 8
        (name,) = rng.choices([*weights], [*weights.values()])
        return Op(name, rng.getrandbits(48))

    def _left_from_before(self) -> bool:
        day, aside = self.shop.day, self.shop.live(*ASIDE)
        resumable = day is not None and not self.shop.in_training
        return resumable and any(sale.begun != day.date for sale in aside)


class Failure(AssertionError):
    """The till and the naive shop differ. `ops` lead there."""

    def __init__(self, ops: list[Op], why: str) -> None:
        super().__init__(why)
        self.ops = ops


class Explored(NamedTuple):
    """What a run came to, so that a run that tried nothing is noticed."""

    receipts: int
    trainings: int
    late: int
    zs: int
    refused: dict[str, int]
    replays: int
    cut_short: int


_TOML = """
[shift]
mode = "{mode}"
operator = "{operator}"
float_minor = {float_minor}
suspended = "{shop.suspended}"
[shop.cash_rounding]
increment_minor = {shop.coin}
mode = "half_up"
[devices.model_printer]
driver = "escpos"
port = {{ tcp = "127.0.0.1:{port}" }}
profile = "tm_t88"
[devices.{drawer}]
driver = "printer_kick"
printer = "model_printer"
"""


@contextlib.contextmanager
def a_till_of(shop: NaiveShop) -> Iterator[Till]:
    """A till that does as this shop does. It has a drawer and prints nothing."""
    with VirtualPrinter(drawer=VirtualDrawer()) as printer:
        more = _TOML.format(
            shop=shop,
            mode="implicit" if shop.implicit else "explicit",
            operator=SHOPS_OPERATOR,
            float_minor=SHOPS_FLOAT,
            drawer=DRAWER,
            port=printer.address[1],
        )
        with a_till(more=more) as till:
            yield till


def explore(make: Callable[[], NaiveShop], seed: int, steps: int) -> Explored:
    """Drive so many operations. Raises Failure with those that led there."""
    rng, ops = random.Random(seed), list[Op]()
    shop = make()
    with a_till_of(shop) as till:
        session = Session(till.start(), shop)
        try:
            for step in range(1, steps + 1):
                ops.append(session.choose(rng))
                session.perform(ops[-1])
                if step % AUDIT_EVERY == 0:
                    audit(till.calls, shop)
            audit_whole(till.calls, shop)
            assert_journal_sound(till.calls)
        except AssertionError as error:
            raise Failure(ops, str(error)) from error
    return Explored(
        len(shop.receipts),
        len(shop.trainings),
        sum(shop.taken(day).late[0] for day in shop.days),
        len(shop.days),
        dict(session.refused),
        session.replays,
        session.cut_short,
    )


def fails(make: Callable[[], NaiveShop], ops: list[Op]) -> str:
    """Why this run fails; empty where it does not."""
    shop = make()
    with a_till_of(shop) as till:
        session = Session(till.start(), shop)
        try:
            for op in ops:
                session.perform(op)
            audit(till.calls, shop)
        except AssertionError as error:
            return str(error) or "it differs"
    return ""


def shrunk(make: Callable[[], NaiveShop], failure: Failure, within_s: float = SHRINK_S) -> Failure:
    """A shorter run that fails, too, found by leaving parts out; bounded in time."""
    until_s = time.monotonic() + within_s
    ops, why = failure.ops, str(failure)
    part = max(len(ops) // 2, 1)
    while time.monotonic() < until_s:
        for start in range(0, len(ops), part):
            tried = ops[:start] + ops[start + part :]
            if tried and (found := fails(make, tried)):
                ops, why = tried, found
                break
            if time.monotonic() > until_s:
                break
        else:
            if part == 1:
                break
            part = max(part // 2, 1)
        part = min(part, max(len(ops) // 2, 1))
    return Failure(ops, why)
