"""An auditor who follows journal and events as they become durable, and compares the ledgers."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, NamedTuple

import grpc

from tests.support.answers import assert_journal_sound, listed_sales
from tests.support.stormy_till import WAIT_S_MAX, await_that
from tillhal.v1 import checkout_pb2 as pb
from tillhal.v1 import journal_pb2, system_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.support.cashiers import Crowd
    from tests.support.stormy_till import StormyTill
    from tests.support.till import Calls, Till

FOLLOW_S_MAX = 600.0


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


def reckon(
    till: StormyTill, crowd: Crowd, auditor: Auditor, by_hand: Sequence[pb.SaleSummary] = ()
) -> int:
    """The cashiers' ledger and the till's are the same to the cent; how many sales there are.

    `by_hand` are those that were entered from slips. Requests are sent again before, and the journal's file is checked whole after it.
    """
    segment = till.status().storage.segment
    await_that(
        lambda: auditor.brought_back >= {*range(1, segment)},
        why=lambda: f"{auditor.brought_back} of {segment}: {till.log_text()[-3000:]}",
    )
    crowd.settle()
    auditor.catch_up(till)
    assert [sale.receipt_number for sale in auditor.sales] == [*range(1, len(auditor.sales) + 1)]
    receipts = sorted([*crowd.receipts(), *by_hand], key=lambda sale: sale.receipt_number)
    assert counted(receipts) == auditor.sales
    assert len({sale.sale_id for sale in receipts}) == len(receipts)
    listed = {sale.sale_id: sale for sale in listed_sales(till.calls)}
    wrong = [sale for sale in receipts if listed.get(sale.sale_id) != sale]
    assert not wrong, f"not as they were told: {wrong[:3]}, of {len(wrong)}; segment {segment}"
    assert len(listed) == len(receipts)
    assert_journal_sound(till.calls)
    return len(receipts)
