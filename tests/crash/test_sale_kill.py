"""Killing the daemon in the middle of sales, and counting money, paper and pulses afterwards.

`TILLHAL_CRASH_SEEDS` sets how many random kills there are; CI on a fast machine takes hundreds.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import grpc
import pytest

from tests.crash.evidence import Deed, Desk, Evidence, faults_in, gathered
from tests.support.answers import (
    assert_journal_sound,
    await_job,
    await_kick,
    paper_of,
    refusal_of,
)
from tests.support.sales import CARD, line, name, new_id, tender
from tests.support.till import Till, a_till
from tillhal.v1 import checkout_pb2 as pb
from tillhal.v1 import drawer_pb2, printer_pb2, system_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message

SEED = 20_261_122
SEEDS = int(os.environ.get("TILLHAL_CRASH_SEEDS", "8"))
CALLERS = 3
SALES_EACH = 4
SETTLED_EVERY = 4
"""Kills; then receipts and pulses catch up, before they are more than a till keeps waiting."""
KILL_S_MAX = 0.25
"""After the start. A sale takes some milliseconds, and its receipt and pulse some more."""

UNCONFIRMED, CONFIRMED = printer_pb2.JOB_STATE_UNCONFIRMED, printer_pb2.JOB_STATE_CONFIRMED
UNKNOWN, FIRED = drawer_pb2.KICK_STATE_UNKNOWN, drawer_pb2.KICK_STATE_FIRED


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Desk() as desk:
        yield desk


@pytest.fixture
def till(desk: Desk) -> Iterator[Till]:
    """Not running: a test starts it with its failpoint."""
    with a_till(printer=desk.printer) as till:
        yield till


# --- a front end that stores what it sends before it sends it


class Step:
    """One request, and what it was answered."""

    def __init__(self, method: str, request: Message) -> None:
        """Not sent yet."""
        self.method = method
        self.request = request
        self.is_sent = False
        self.told: pb.SaleSummary | None = None

    def send(self, till: Till) -> pb.SaleSummary:
        """Send it, or send it again: then the answer must be the one that was given before."""
        self.is_sent = True
        answer = getattr(till.calls.checkout, self.method)(self.request)
        if self.told is not None:
            assert answer.replayed, f"{self.method} was answered and then forgotten"
            assert answer.sale == self.told, f"{self.method} was told something else"
        self.told = answer.sale
        return self.told


class FrontEnd:
    """Sells one sale, in one call or in steps, and goes on after the till came back."""

    def __init__(self, *, in_steps: bool, by_card: bool = False) -> None:
        """Everything that can be made beforehand is made now: a retry sends the same bytes."""
        self.sale_id = name()
        sold = {"sale_id": self.sale_id}
        given = tender(750, CARD) if by_card else tender(1000)
        if in_steps:
            self.steps = [
                Step("OpenSale", pb.OpenSaleRequest(request_id=new_id(), **sold)),
                Step("PutLine", pb.PutLineRequest(request_id=new_id(), **sold, line=line())),
                Step("AddTender", pb.AddTenderRequest(request_id=new_id(), **sold, tender=given)),
                Step("CompleteSale", pb.CompleteSaleRequest(request_id=new_id(), **sold)),
            ]
        else:
            whole = pb.CheckoutRequest(request_id=new_id(), **sold, lines=[line()], tenders=[given])
            self.steps = [Step("Checkout", whole)]

    @property
    def receipt(self) -> pb.SaleSummary:
        """The completed sale, as it was told."""
        told = self.steps[-1].told
        assert told is not None, "it was never told that the sale is completed"
        return told

    def sell(self, till: Till) -> bool:
        """Go through all steps from the first one; False where the till dies under it."""
        try:
            self._go_through(till)
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.UNAVAILABLE, error
            return False
        return True

    def _go_through(self, till: Till) -> None:
        version = 0
        for step in self.steps:
            if version and not step.is_sent:
                step.request.expected_version = version  # type: ignore[attr-defined] - has it
            try:
                version = step.send(till).version
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.ABORTED:
                    raise
                # It had not come to the till, and the sale was interrupted: refused requests
                # are not remembered, so it goes again with the version that is seen now.
                assert refusal_of(error).reason == "VERSION_CONFLICT", error
                step.request.expected_version = self._take_up(till)  # type: ignore[attr-defined]
                version = step.send(till).version

    def _take_up(self, till: Till) -> int:
        sale = till.calls.checkout.GetSale(pb.GetSaleRequest(sale_id=self.sale_id)).sale.summary
        assert sale.state == pb.SALE_STATE_INTERRUPTED
        request = pb.ResumeSaleRequest(
            request_id=new_id(), sale_id=self.sale_id, expected_version=sale.version
        )
        version: int = till.calls.checkout.ResumeSale(request).sale.version
        return version


def settle(till: Till, desk: Desk, front_ends: list[FrontEnd]) -> Evidence:
    """Send everything again, wait until all deeds are over, and gather what is left of it."""
    for front_end in front_ends:
        assert front_end.sell(till), "it died once more"
        summary = front_end.receipt
        assert summary.state == pb.SALE_STATE_COMPLETED
        found = till.calls.checkout.GetSale(
            pb.GetSaleRequest(receipt_number=summary.receipt_number)
        )
        assert found.sale.summary == summary
    evidence = gathered(till.calls, desk)
    # Each kind is done in the order of the sales: the last one is over when all are.
    for job_id in list(evidence.jobs)[-1:]:
        await_job(till.calls, job_id)
    for kick_id in list(evidence.kicks)[-1:]:
        await_kick(till.calls, kick_id)
    assert_journal_sound(till.calls)
    evidence = gathered(till.calls, desk)
    assert faults_in(evidence) == []
    assert sorted(evidence.sale_ids) == sorted(front_end.sale_id for front_end in front_ends)
    assert all(deed.outcomes for deed in (*evidence.jobs.values(), *evidence.kicks.values()))
    return evidence


# --- at each place where a crash is worst


class Crash(NamedTuple):
    """Where to die, and what must be left: how jobs and kicks ended, papers, pulses."""

    failpoint: str
    job: printer_pb2.JobState | None = None
    kick: drawer_pb2.KickState | None = None
    papers: int | None = None
    pulses: int | None = None


DEEDS = [
    Crash("effects.before_print", CONFIRMED, FIRED, 1, 1),
    Crash("effects.print_started", CONFIRMED, FIRED, 1, 1),
    Crash("printer.mid_print", UNCONFIRMED, FIRED, None, 1),
    Crash("effects.after_print", UNCONFIRMED, FIRED, 1, 1),
    Crash("effects.before_kick", CONFIRMED, FIRED, 1, 1),
    Crash("effects.after_kick", CONFIRMED, UNKNOWN, 1, 1),
]
# The first commit is the start's own; the sale's is the second one, or the fifth in steps.
IN_ONE = [
    *(Crash(f"journal.before_commit:{count}") for count in (2, 4)),
    Crash("journal.after_commit:2"),
    *DEEDS,
]
IN_STEPS = [
    *(Crash(f"journal.before_commit:{count}") for count in (3, 5)),
    Crash("journal.after_commit:5"),
    *DEEDS,
]


def die_and_settle(crash: Crash, *, in_steps: bool) -> None:
    with Desk() as desk, a_till(printer=desk.printer) as till:
        _die_and_settle(till, desk, crash, in_steps=in_steps)


def _die_and_settle(till: Till, desk: Desk, crash: Crash, *, in_steps: bool) -> None:
    till.start(crash.failpoint)
    front_end = FrontEnd(in_steps=in_steps)
    front_end.sell(till)
    till.await_killed()
    till.start()
    report = till.calls.system.GetStatus(system_pb2.GetStatusRequest()).recovery
    assert not report.clean_shutdown

    settle(till, desk, [front_end])

    number = front_end.receipt.receipt_number
    job_id = front_end.receipt.receipt_job_id
    job, kick = await_job(till.calls, job_id), await_kick(till.calls, f"kick/{number}")
    assert job.state in ((CONFIRMED, UNCONFIRMED) if crash.job is None else (crash.job,))
    assert kick.state in ((FIRED, UNKNOWN) if crash.kick is None else (crash.kick,))
    assert list(report.unconfirmed_job_ids) == ([job_id] if job.state == UNCONFIRMED else [])
    assert list(report.unknown_kick_ids) == ([kick.kick_id] if kick.state == UNKNOWN else [])
    papers = desk.paper().originals.get(number, 0)
    assert crash.papers in (None, papers)
    assert crash.pulses in (None, desk.drawer.pulses)
    # Whoever misses the receipt asks for a copy, and it says that it is one.
    copy = pb.ReprintReceiptRequest(
        request_id=new_id(), sale_id=front_end.sale_id, job_id=name("copy")
    )
    assert till.calls.checkout.ReprintReceipt(copy).copy == 1
    assert await_job(till.calls, copy.job_id).state == CONFIRMED
    paper = desk.paper()
    assert (paper.originals.get(number, 0), paper.copies) == (papers, {number: 1})


@pytest.fixture(scope="module")
def crashes() -> Iterator[dict[tuple[Crash, bool], Future[None]]]:
    """All of them, two at a time: most of their time is a daemon's start."""
    with ThreadPoolExecutor(2) as pool:
        planned = [(c, False) for c in IN_ONE] + [(c, True) for c in IN_STEPS]
        yield {
            (crash, in_steps): pool.submit(die_and_settle, crash, in_steps=in_steps)
            for crash, in_steps in planned
        }
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("crash", IN_ONE, ids=lambda crash: crash.failpoint)
def test_a_checkout_counts_once_wherever_the_till_dies(
    crashes: dict[tuple[Crash, bool], Future[None]], crash: Crash
) -> None:
    crashes[crash, False].result()


@pytest.mark.parametrize("crash", IN_STEPS, ids=lambda crash: crash.failpoint)
def test_a_sale_in_steps_counts_once_wherever_the_till_dies(
    crashes: dict[tuple[Crash, bool], Future[None]], crash: Crash
) -> None:
    crashes[crash, True].result()


# --- anywhere


def test_a_till_that_is_killed_at_random_under_load_counts_every_sale_once(
    till: Till, desk: Desk
) -> None:
    """One journal, one printer; each start goes on where the one before it was killed."""
    choose = random.Random(SEED)
    sold: list[FrontEnd] = []
    undisturbed = 0
    for kill in range(SEEDS):
        till.start()
        batch = [
            FrontEnd(in_steps=choose.random() < 0.5, by_card=choose.random() < 0.5)
            for _ in range(CALLERS * SALES_EACH)
        ]
        after_s = choose.uniform(0, KILL_S_MAX)
        with ThreadPoolExecutor(CALLERS) as pool:
            # What the last kill cut off is sent again, among the new sales.
            before = sold[-len(batch) :]
            sales = [pool.submit(front_end.sell, till) for front_end in (*before, *batch)]
            killer = threading.Timer(after_s, os.kill, (till.pid, signal.SIGKILL))
            killer.start()
            done = [sale.result() for sale in sales]
            killer.join()
        till.await_killed()
        undisturbed += all(done)
        sold += batch
        print(f"{SEED=} {kill=} {after_s=:.3f} told={sum(done)}")
        if kill % SETTLED_EVERY == SETTLED_EVERY - 1:
            till.start()
            settle(till, desk, sold)
            till.stop()
    assert undisturbed < SEEDS, "every kill came too late to disturb anything"
    till.start()
    evidence = settle(till, desk, sold)
    assert len(evidence.numbers) == SEEDS * CALLERS * SALES_EACH
    unsure = [job for job in evidence.jobs.values() if job.outcomes == ("unconfirmed",)]
    assert len(unsure) <= SEEDS, "a kill leaves at most one receipt in doubt"


# --- the controls: a judge that finds nothing is no judge


SOUND = Evidence(
    numbers=[1, 2],
    sale_ids=["a", "b"],
    originals={1: 1, 2: 1},
    pulses=1,
    jobs={"receipt/1": Deed(1, ("confirmed",)), "receipt/2": Deed(1, ("confirmed",))},
    kicks={"kick/1": Deed(1, ("fired",))},
)


def test_the_judge_finds_nothing_where_nothing_is_wrong() -> None:
    assert faults_in(SOUND) == []
    unsure = {**SOUND.jobs, "receipt/2": Deed(1, ("unconfirmed",))}
    assert faults_in(SOUND._replace(jobs=unsure, originals={1: 1})) == []
    assert faults_in(SOUND._replace(kicks={"kick/1": Deed(1, ("unknown",))}, pulses=0)) == []


@pytest.mark.parametrize(
    "spoiled",
    [
        SOUND._replace(originals={1: 2, 2: 1}),
        SOUND._replace(originals={1: 1, 2: 1, 3: 1}),
        SOUND._replace(originals={1: 1}),
        SOUND._replace(pulses=2),
        SOUND._replace(pulses=0),
        SOUND._replace(numbers=[1, 3]),
        SOUND._replace(numbers=[1, 1]),
        SOUND._replace(sale_ids=["a", "a"]),
        SOUND._replace(jobs={**SOUND.jobs, "receipt/2": Deed(2, ("confirmed",))}),
        SOUND._replace(jobs={**SOUND.jobs, "receipt/2": Deed(0, ("expired",))}),
        SOUND._replace(kicks={"kick/1": Deed(2, ("fired",))}),
        SOUND._replace(kicks={"kick/1": Deed(1, ("fired", "unknown"))}),
    ],
)
def test_the_judge_finds_what_must_never_be(spoiled: Evidence) -> None:
    assert faults_in(spoiled)


def test_receipts_are_told_from_copies_and_from_halves() -> None:
    top, end = "SHOP\nReceipt 7    noon\nTea 1.00\n", "TOTAL EUR 1.00\nCash 1.00\n"
    copy = top.replace("Receipt", "*** COPY 1 ***\nReceipt")
    assert paper_of(top + end).originals == {7: 1}
    assert paper_of(top + end + top + end).originals == {7: 2}
    assert paper_of(top).originals == {}
    assert paper_of(top + copy + end) == ({}, {7: 1})
    assert paper_of(top + end + copy + end) == ({7: 1}, {7: 1})


def test_a_receipt_that_is_printed_twice_is_caught_on_real_paper(till: Till, desk: Desk) -> None:
    till.start()
    front_end = FrontEnd(in_steps=False)
    front_end.sell(till)
    settle(till, desk, [front_end])
    till.kill()  # a printer on the network listens to one at a time
    with socket.create_connection(desk.printer.address) as forger:
        forger.sendall(desk.printer.receipts[0].raw)
        desk.printer.wait_receipts(2, timeout_s=20)
    till.start()
    evidence = gathered(till.calls, desk)
    assert faults_in(evidence) == ["receipt 1 came out 2 times as an original"]
