"""A till on a disk that fails, cashiers who sell on it all the time, and an auditor beside it.

The daemon's data lies on a disk that can be told to fail; its socket and its log do not. Cashiers
keep what they send and what they are told; the auditor follows the journal as it becomes durable.
Whatever happens to disk and daemon, in the end both must say the same, to the cent.
"""

from __future__ import annotations

import contextlib
import json
import random
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

import grpc
from grpc_health.v1 import health_pb2
from grpc_status import rpc_status

from hwsim.power.disk import PowerCutDisk
from tests.support.answers import assert_journal_sound, refusal_of
from tests.support.sales import CARD, line, name, new_id, tender
from tests.support.till import Calls, Till, short_folder, till_toml
from tillhal.v1 import checkout_pb2 as pb
from tillhal.v1 import journal_pb2, system_pb2, types_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator
    from pathlib import Path

    from google.protobuf.message import Message

PRIMARY = types_pb2.DURABILITY_DURABLE_PRIMARY
SPILL = types_pb2.DURABILITY_DURABLE_SPILL
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING

CASHIERS = 8
SPILL_MIB = 16
WAIT_S_MAX = 20.0
"""For what happens by itself: the longest is a disk that is looked at every ten seconds."""
READ_ONLY_S_MAX = 90.0
"""For a disk that is given up: that takes several of those looks."""
PACE_S = 0.01
"""Between two looks at a condition, and between two attempts of a cashier who was refused."""
FOLLOW_S_MAX = 600.0
REST_S = 0.005
"""Of a cashier between two sales: the disk is to be busy, the machine not exhausted."""
UNREADABLE = "'fault': 'unreadable'"
PAGE_SALES = 500
ASKED_AGAIN = 100
"""Sales of the first, of the last, and of all, that are sent again although they are complete."""
DESCRIPTION = "A large box of assorted screws, nuts and washers, " * 4


class StormyTill(Till):
    """A till whose journal is on `disk`, and whose second folder, if it has one, on `second`."""

    def __init__(self, folder: Path, disk: PowerCutDisk, second: PowerCutDisk | None) -> None:
        """Not running yet."""
        journal = f'folder = "{disk.path}/journal"\nspill_mib = {SPILL_MIB}'
        if second is not None:
            journal += f'\nsecond_folder = "{second.path}"'
        toml = till_toml(folder).replace(f'folder = "{folder}/journal"', journal)
        super().__init__(folder, None, toml)
        self.disk = disk
        self._second = second

    @property
    def second(self) -> PowerCutDisk:
        """The other disk."""
        assert self._second is not None, "this till has one disk"
        return self._second

    @property
    def data_file(self) -> Path:
        """The journal's file where it was made."""
        return self.disk.path / "journal" / "data.mdb"

    def status(self) -> system_pb2.GetStatusResponse:
        """What the till says of itself."""
        return self.calls.system.GetStatus(system_pb2.GetStatusRequest())

    def health(self) -> int:
        """What it answers to those who only ask whether it serves."""
        return self.calls.health.Check(health_pb2.HealthCheckRequest()).status

    def mistakes(self, expected: Container[str] = ()) -> list[str]:
        """As of any till; but a check may lose its file, with the power or to a new one."""
        return [text for text in super().mistakes(expected) if UNREADABLE not in text]

    def await_storage(
        self,
        is_so: Callable[[system_pb2.StorageStatus], bool],
        timeout_s: float = WAIT_S_MAX,
    ) -> system_pb2.GetStatusResponse:
        """What the till says of itself, once its storage is so."""
        told: list[system_pb2.GetStatusResponse] = []

        def look() -> bool:
            told[:] = [self.status()]
            return is_so(told[0].storage)

        await_that(look, timeout_s, lambda: f"{told}\n{self.log_text()[-3000:]}")
        return told[0]

    def await_sound(self, timeout_s: float = WAIT_S_MAX) -> system_pb2.StorageStatus:
        """Wait until the journal holds everything, and nothing is being done about it."""
        return self.await_storage(is_sound, timeout_s).storage


def is_sound(storage: system_pb2.StorageStatus) -> bool:
    """Whether answers rest on the journal, and it is well."""
    return (
        storage.durability == PRIMARY
        and storage.stage == system_pb2.STORAGE_STAGE_UNSPECIFIED
        and not storage.spilled_records
    )


@contextlib.contextmanager
def a_stormy_till(*, second: bool = False, expected: Container[str] = ()) -> Iterator[StormyTill]:
    """A till on such disks that is not running yet; all of it is gone afterwards.

    `expected` are the events that are right to be logged as errors.
    """
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(short_folder())
        disk = stack.enter_context(PowerCutDisk(folder / "disk"))
        other = stack.enter_context(PowerCutDisk(folder / "second")) if second else None
        till = StormyTill(folder, disk, other)
        try:
            yield till
        finally:
            # What waits for a frozen disk cannot even be killed.
            disk.clear_faults()
            till.end()
        mistakes = till.mistakes(expected)
        assert not mistakes, "\n".join(mistakes)


def await_that(
    is_so: Callable[[], bool], timeout_s: float = WAIT_S_MAX, why: Callable[[], str] = lambda: ""
) -> None:
    """Return once it is so; fail after `timeout_s`, and say why."""
    end_s = time.monotonic() + timeout_s
    pace = threading.Event()
    while not is_so():
        assert time.monotonic() < end_s, f"not so within {timeout_s} s: {why()}"
        pace.wait(PACE_S)


# --- cashiers


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
        if sale.state != pb.SALE_STATE_INTERRUPTED:
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

    def _bear(self, deal: Deal, error: grpc.RpcError) -> bool:
        """Keep the deal for another attempt; False when nobody is there to ask."""
        with self._lock:
            self._pending.append(deal)
        if rpc_status.from_call(error) is None:  # not the daemon's word: it is gone
            assert error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED), error
            return False
        refusal = refusal_of(error)
        assert refusal.reason in ("STORAGE_FAILED", "DISK_RESERVE", "SHUTTING_DOWN"), refusal
        self.refused.append(refusal.reason)
        self._stopping.wait(PACE_S)
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


# --- the auditor


class Counted(NamedTuple):
    """A sale as the journal tells of it."""

    receipt_number: int
    sale_id: str
    payable_minor: int
    change_minor: int


class Auditor:
    """Follows journal and events as they become durable, over all lives of the daemon.

    What was once shown as durable must never be another thing later: records follow one another
    by number and hash across every restart and every new file.
    """

    def __init__(self) -> None:
        """Nobody is followed yet."""
        self.sales: list[Counted] = []
        self.storage: list[system_pb2.StorageStatus] = []
        self.brought_back: set[int] = set()
        """The segments whose rows were put into the newest one."""
        self.seq = 0
        self._hash = bytes(32)
        self._events_cursor = 0
        self._mistakes: list[BaseException] = []
        self._threads: list[threading.Thread] = []

    def follow(self, till: Till) -> None:
        """Go on with the daemon that runs now."""
        self.join()
        calls = till.another()
        for work in (self._read_journal, self._read_events):
            thread = threading.Thread(target=self._guarded, args=(work, calls))
            self._threads.append(thread)
            thread.start()

    def join(self) -> None:
        """Return once the daemon that was followed is gone; raise what was found wrong."""
        while self._threads:
            self._threads.pop().join(WAIT_S_MAX)
        if self._mistakes:
            raise self._mistakes[0]

    def await_storage(self, is_so: Callable[[system_pb2.StorageStatus], bool]) -> None:
        """Wait until such an event was seen."""
        await_that(
            lambda: any(is_so(event) for event in [*self.storage]),
            why=lambda: f"{self.storage} {self._mistakes}",
        )

    def catch_up(self, till: StormyTill) -> None:
        """Return once all that is durable now was seen."""
        head = till.status().head_seq
        await_that(
            lambda: self.seq >= head or bool(self._mistakes), why=lambda: f"{self.seq} of {head}"
        )
        if self._mistakes:
            raise self._mistakes[0]

    def _guarded(self, work: Callable[[Calls], None], calls: Calls) -> None:
        try:
            work(calls)
        except grpc.RpcError as error:
            gone = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
            if error.code() not in gone:
                self._mistakes.append(error)
        except BaseException as mistake:
            self._mistakes.append(mistake)

    def _read_journal(self, calls: Calls) -> None:
        request = journal_pb2.WatchJournalRequest(cursor=self.seq)
        for item in calls.journal.WatchJournal(request, timeout=FOLLOW_S_MAX):
            assert not item.HasField("gap"), f"after {self.seq}: {item.gap}"
            if item.HasField("record"):
                self._audit(item.record)

    def _audit(self, record: journal_pb2.JournalRecord) -> None:
        assert record.seq == self.seq + 1, f"{record.seq} after {self.seq}"
        assert record.prev_hash == self._hash, f"record {record.seq} follows another history"
        for event in record.events:
            facts = json.loads(event.facts_json)
            if event.kind == "RowsBroughtBack" and facts.get("is_last"):
                self.brought_back.add(facts["segment"])
            if event.kind == "SaleCompleted":
                totals = facts["totals"]
                self.sales.append(
                    Counted(
                        facts["receipt_number"],
                        facts["sale_id"],
                        totals["payable_minor"],
                        facts.get("change_minor", 0),
                    )
                )
        self._hash = record.hash
        self.seq = record.seq

    def _read_events(self, calls: Calls) -> None:
        request = system_pb2.WatchEventsRequest(cursor=self._events_cursor)
        for event in calls.system.WatchEvents(request, timeout=FOLLOW_S_MAX):
            assert not event.HasField("gap"), event
            if event.HasField("storage"):
                self.storage.append(event.storage.storage)
            self._events_cursor = event.cursor


def counted(receipts: Iterable[pb.SaleSummary]) -> list[Counted]:
    """What the cashiers know, as the auditor writes it."""
    return [
        Counted(
            sale.receipt_number, sale.sale_id, sale.payable.minor_units, sale.change.minor_units
        )
        for sale in receipts
    ]


def reckon(till: StormyTill, crowd: Crowd, auditor: Auditor) -> int:
    """The cashiers' ledger and the till's are the same to the cent; how many sales there are.

    Requests are sent again before, and the journal's file is checked whole after it.
    """
    segment = till.status().storage.segment
    await_that(
        lambda: auditor.brought_back >= {*range(1, segment)},
        why=lambda: f"{auditor.brought_back} of {segment}: {till.log_text()[-3000:]}",
    )
    crowd.settle()
    auditor.catch_up(till)
    assert [sale.receipt_number for sale in auditor.sales] == [*range(1, len(auditor.sales) + 1)]
    receipts = crowd.receipts()
    assert counted(receipts) == auditor.sales
    assert len({sale.sale_id for sale in receipts}) == len(receipts)
    listed = {sale.sale_id: sale for sale in _listed(till.calls)}
    wrong = [sale for sale in receipts if listed.get(sale.sale_id) != sale]
    assert not wrong, f"not as they were told: {wrong[:3]}, of {len(wrong)}; segment {segment}"
    assert len(listed) == len(receipts)
    assert_journal_sound(till.calls)
    return len(receipts)


def _listed(calls: Calls) -> Iterator[pb.SaleSummary]:
    token = ""
    while True:
        request = pb.ListSalesRequest(page_size=PAGE_SALES, page_token=token)
        page = calls.checkout.ListSales(request)
        yield from page.sales
        token = page.next_page_token
        if not token:
            return
