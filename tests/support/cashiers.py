"""Cashiers who sell all the time, and keep what they send and what they are told.

Whatever happens to disk and daemon, what they were not answered they send again, and what they
were answered must stay so.
"""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

import grpc
from grpc_status import rpc_status

from tests.support.answers import refusal_of
from tests.support.sales import CARD, line, name, new_id, tender
from tests.support.stormy_till import PACE_S, WAIT_S_MAX, await_that
from tillhal.v1 import checkout_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

    from tests.support.till import Calls, Till

CASHIERS = 8
REST_S = 0.005
"""Of a cashier between two sales: the disk is to be busy, the machine not exhausted."""
ASKED_AGAIN = 100
"""Sales of the first, of the last, and of all, that are sent again although they are complete."""
BEARABLE = ("STORAGE_FAILED", "DISK_RESERVE", "SHUTTING_DOWN", "BATTERY_LOW")
"""Why a till may refuse: they try again. BATTERY_LOW is of tills that have a UPS."""
LOW_PACE_S = 0.2
DESCRIPTION = "A large box of assorted screws, nuts and washers, " * 4


class Told(NamedTuple):
    """One answer."""

    at_s: float
    method: str
    durability: int
    replayed: bool


class _Step:
    def __init__(self, method: str, request: Message) -> None:
        self.method = method
        self.request = request
        self.is_sent = False
        self.told: pb.SaleSummary | None = None


class Deal:
    """One sale with all its requests, made beforehand: a retry sends the same bytes."""

    def __init__(self, choose: random.Random, *, lines: int = 0) -> None:
        """In one call or in steps, as the dice say; with `lines` in one call of so many lines."""
        self.sale_id = name()
        self.minor = choose.randrange(1, 20_000)
        sold = {"sale_id": self.sale_id}
        by_card = choose.random() < 0.3
        given = tender(self.minor, CARD) if by_card else tender(self.minor + choose.randrange(500))
        if lines or choose.random() < 0.6:
            items = [line("l1", self.minor)]
            items += [line(f"x{at}", 0, description=DESCRIPTION) for at in range(1, lines)]
            whole = pb.CheckoutRequest(request_id=new_id(), **sold, lines=items, tenders=[given])
            self.steps = [_Step("Checkout", whole)]
        else:
            part = choose.randrange(1, self.minor + 1)
            self.steps = [
                _Step("OpenSale", pb.OpenSaleRequest(request_id=new_id(), **sold)),
                _Step(
                    "PutLine",
                    pb.PutLineRequest(request_id=new_id(), **sold, line=line("l1", part)),
                ),
                *(_suspended(sold) if choose.random() < 0.4 else ()),
                _Step(
                    "PutLine",
                    pb.PutLineRequest(
                        request_id=new_id(), **sold, line=line("l2", self.minor - part)
                    ),
                ),
                _Step("AddTender", pb.AddTenderRequest(request_id=new_id(), **sold, tender=given)),
                _Step("CompleteSale", pb.CompleteSaleRequest(request_id=new_id(), **sold)),
            ]

    @property
    def receipt(self) -> pb.SaleSummary | None:
        """The completed sale as it was told; None as long as that is unknown."""
        return self.steps[-1].told

    @property
    def is_begun(self) -> bool:
        """Whether anything of it was answered."""
        return self.steps[0].told is not None

    def go(self, calls: Calls, hear: Callable[[Told], None], *, steps: int | None = None) -> None:
        """Go through its steps from the first one, all or so many. Raises grpc.RpcError."""
        version = 0
        for step in self.steps[:steps]:
            if version and not step.is_sent:
                step.request.expected_version = version  # type: ignore[attr-defined] - has it
            try:
                version = _send(step, calls, hear)
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.ABORTED:
                    raise
                # It had not come to the till, which interrupted the sale when it started again.
                # Refused requests are not remembered: it goes again, with the version of now.
                assert refusal_of(error).reason == "VERSION_CONFLICT", error
                assert step.told is None, f"{step.method} was answered and then forgotten"
                step.request.expected_version = self._take_up(calls)  # type: ignore[attr-defined]
                version = _send(step, calls, hear)

    def _take_up(self, calls: Calls) -> int:
        sale = calls.checkout.GetSale(pb.GetSaleRequest(sale_id=self.sale_id)).sale.summary
        # Interrupted by a cut, or put aside before one that was foreseen.
        if sale.state not in (pb.SALE_STATE_INTERRUPTED, pb.SALE_STATE_SUSPENDED):
            return int(sale.version)
        request = pb.ResumeSaleRequest(
            request_id=new_id(), sale_id=self.sale_id, expected_version=sale.version
        )
        return int(calls.checkout.ResumeSale(request).sale.version)


def _suspended(sold: dict[str, str]) -> tuple[_Step, _Step]:
    return (
        _Step("SuspendSale", pb.SuspendSaleRequest(request_id=new_id(), **sold)),
        _Step("ResumeSale", pb.ResumeSaleRequest(request_id=new_id(), **sold)),
    )


def _send(step: _Step, calls: Calls, hear: Callable[[Told], None]) -> int:
    step.is_sent = True
    answer = getattr(calls.checkout, step.method)(step.request)
    if step.told is not None:
        assert answer.replayed, f"{step.method} was answered and then forgotten"
        assert answer.sale == step.told, f"{step.method} was told something else"
    step.told = answer.sale
    hear(Told(time.monotonic(), step.method, answer.durability, answer.replayed))
    return int(answer.sale.version)


class Crowd:
    """Cashiers who sell all the time, each on a connection of its own, and what they know."""

    def __init__(self, till: Till, seed: int, *, cashiers: int = CASHIERS, lines: int = 0) -> None:
        """Nobody sells yet. `lines` as for Deal."""
        print(f"{seed=}")
        self.told: list[Told] = []
        self.deals: list[Deal] = []
        self.refused: list[str] = []
        """The reasons why the till refused, one for each time."""
        self._till = till
        self._choose = random.Random(seed)
        self._cashiers = cashiers
        self._lines = lines
        self._pending: list[Deal] = []
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        self._mistakes: list[BaseException] = []
        self._lock = threading.Lock()

    # --- a shift

    def begin(self) -> None:
        """Let everybody sell until `stop`, or until the daemon is gone."""
        self._stopping.clear()
        self._threads = [
            threading.Thread(target=self._work, args=(self._till.another(),))
            for _ in range(self._cashiers)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let everybody finish what is under way; raise what any of them found wrong."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._threads = []
        if self._mistakes:
            raise self._mistakes[0]

    def __enter__(self) -> Crowd:
        """Begin."""
        self.begin()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def await_told(
        self, count: int, durability: int | None = None, timeout_s: float = WAIT_S_MAX
    ) -> None:
        """Wait for so many more answers, of this durability if one is named."""
        since = len(self.told)

        def are_there() -> bool:
            assert not self._mistakes, self._mistakes
            new = [told for told in self.told[since:] if not told.replayed]
            return sum(durability in (None, told.durability) for told in new) >= count

        await_that(are_there, timeout_s, lambda: f"{self.told[since:][-3:]} {self.refused[-3:]}")

    def _work(self, calls: Calls) -> None:
        try:
            while not self._stopping.is_set():
                deal = self._next()
                try:
                    deal.go(calls, self.told.append)
                except grpc.RpcError as error:
                    if not self._bear(deal, error):
                        return
                except ValueError as error:
                    # The connection was closed between two attempts of one call.
                    if "closed channel" not in str(error):
                        raise
                    self._keep(deal)
                    return
                self._stopping.wait(REST_S)
        except BaseException as mistake:
            self._mistakes.append(mistake)

    def _next(self) -> Deal:
        with self._lock:
            if self._pending:
                return self._pending.pop(0)
            deal = Deal(self._choose, lines=self._lines)
            self.deals.append(deal)
            return deal

    def _keep(self, deal: Deal) -> None:
        with self._lock:
            self._pending.append(deal)

    def _bear(self, deal: Deal, error: grpc.RpcError) -> bool:
        """Keep the deal for another attempt; False when nobody is there to ask."""
        self._keep(deal)
        if rpc_status.from_call(error) is None:  # not the daemon's word: it is gone
            assert error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED), error
            return False
        refusal = refusal_of(error)
        assert refusal.reason in BEARABLE, refusal
        self.refused.append(refusal.reason)
        self._stopping.wait(LOW_PACE_S if refusal.reason == "BATTERY_LOW" else PACE_S)
        return refusal.reason != "SHUTTING_DOWN"

    # --- afterwards

    def settle(self) -> None:
        """Send again what was not answered, and some of what was, from the first step of the sale.

        What was answered must be answered the same; what was not must come to its end now.
        """
        done = [deal for deal in self.deals if deal.receipt is not None]
        some = [*done[:ASKED_AGAIN], *done[-ASKED_AGAIN:]]
        some += self._choose.sample(done, min(ASKED_AGAIN, len(done)))
        self._pending = [deal for deal in self.deals if deal.receipt is None]
        self._pending += dict.fromkeys(some)

        def work(calls: Calls) -> None:
            try:
                while True:
                    with self._lock:
                        if not self._pending:
                            return
                        deal = self._pending.pop(0)
                    deal.go(calls, self.told.append)
            except BaseException as mistake:
                self._mistakes.append(mistake)

        self._threads = [
            threading.Thread(target=work, args=(self._till.another(),))
            for _ in range(self._cashiers)
        ]
        for thread in self._threads:
            thread.start()
        self.stop()
        assert all(deal.receipt for deal in self.deals), "a sale was never told to be complete"

    def receipts(self) -> list[pb.SaleSummary]:
        """What the cashiers were told of their completed sales, in the order of the receipts."""
        told = [deal.receipt for deal in self.deals if deal.receipt is not None]
        return sorted(told, key=lambda sale: sale.receipt_number)
