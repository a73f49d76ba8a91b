"""What the shop sees when its disk refuses a write, fills up, or turns read-only, and is well again.

The daemon runs, eight cashiers sell all the time, and the disk fails under them by rule. Selling
goes on with DURABLE_SPILL; afterwards the journal has everything, once, and to the cent.
"""

from __future__ import annotations

import errno
import random
from typing import TYPE_CHECKING, NamedTuple

import grpc
import pytest

from hwsim.power.disk import why_not
from hwsim.power.faults import Fail, Freeze, Rule
from tests.support.answers import refused
from tests.support.auditor import Auditor, reckon
from tests.support.cashiers import Crowd, Deal
from tests.support.sales import cash_sale, name, new_id
from tests.support.stormy_till import (
    PRIMARY,
    READ_ONLY_S_MAX,
    SERVING,
    SPILL,
    SPILL_MIB,
    StormyTill,
    a_stormy_till,
    is_sound,
)
from tillhal.v1 import checkout_pb2 as pb
from tillhal.v1 import system_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(bool(why_not()), reason=str(why_not()))

SEED = 20_261_123
FEW, MANY = 20, 100
"""Answers: enough to see that all cashiers go on, and that they go on for a while."""
LARGE_LINES = 60
"""A sale of so many lines takes 30 KiB or more: the map and the spill are filled soon."""
RESERVE_BYTES = (SPILL_MIB << 20) // 4

DISK_FULL = system_pb2.STORAGE_FAULT_DISK_FULL
WRITE_FAILED = system_pb2.STORAGE_FAULT_WRITE_FAILED
READ_ONLY = system_pb2.STORAGE_FAULT_READ_ONLY
WAITING = system_pb2.STORAGE_STAGE_WAITING


@pytest.fixture
def till() -> Iterator[StormyTill]:
    with a_stormy_till() as till:
        yield till.start()


@pytest.fixture
def two_disks() -> Iterator[StormyTill]:
    with a_stormy_till(second=True) as till:
        yield till.start()


class Refusal(NamedTuple):
    """One refusal of the disk, and the word in the advice that a technician acts on."""

    what: str
    rule: Rule
    fault: int
    advice: str


def _commit_fails(what: str, operation: str, error: int, nth: int) -> Refusal:
    rule = Rule(operation, "data.mdb", Fail(error), nth=nth, times=1)  # type: ignore[arg-type]
    if error == errno.ENOSPC:
        return Refusal(what, rule, DISK_FULL, "Make room")
    return Refusal(what, rule, WRITE_FAILED, "SMART")


# A commit syncs twice: its data, and then the page that makes them count.
SYNCS_UNTIL = {("write", 1): 0, ("sync", 1): 1, ("sync", 0): 2}
"""The syncs of a commit up to the one that is refused, by operation and its oddness."""
REFUSALS = [
    _commit_fails("EIO on a data write", "write", errno.EIO, 1),
    _commit_fails("EIO on any write", "write", errno.EIO, 153),
    _commit_fails("EIO on the data sync", "sync", errno.EIO, 41),
    _commit_fails("EIO on the meta sync", "sync", errno.EIO, 42),
    _commit_fails("ENOSPC on a data write", "write", errno.ENOSPC, 1),
    _commit_fails("ENOSPC on the meta sync", "sync", errno.ENOSPC, 42),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.what)
def test_selling_goes_on_while_the_disk_refuses_and_the_journal_has_it_all_afterwards(
    till: StormyTill, refusal: Refusal
) -> None:
    crowd, auditor = Crowd(till, SEED), Auditor()
    auditor.follow(till)
    till.disk.fail(refusal.rule)
    with crowd:
        status = till.await_storage(lambda storage: storage.fault == refusal.fault)
        assert status.durability == SPILL
        assert system_pb2.MODE_STORAGE_DEGRADED in status.modes
        assert refusal.advice in status.storage.advice
        assert status.storage.message
        assert status.storage.since_time.seconds
        assert till.health() == SERVING
        crowd.await_told(FEW, SPILL)

        sound = till.await_sound()
        crowd.await_told(MANY, PRIMARY)
    assert (sound.segment, sound.fault, sound.advice) == (1, 0, "")
    assert system_pb2.MODE_STORAGE_DEGRADED not in till.status().modes
    assert crowd.refused == []
    assert len(till.disk.injected()) == 1
    auditor.catch_up(till)
    began, ended = auditor.storage
    assert (began.fault, began.durability) == (refusal.fault, SPILL)
    assert refusal.advice in began.advice
    assert (ended.fault, ended.durability) == (0, PRIMARY)
    assert reckon(till, crowd, auditor) >= MANY // 6
    till.stop()
    auditor.join()
    till.start()
    auditor.follow(till)
    assert till.status().recovery.clean_shutdown
    reckon(till, crowd, auditor)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.what)
def test_from_the_refusal_to_the_answer_it_takes_one_more_sync(
    till: StormyTill, refusal: Refusal
) -> None:
    disk, rule = till.disk, refusal.rule
    syncs = SYNCS_UNTIL[rule.operation, rule.nth % 2]
    disk.fail(Rule(rule.operation, "data.mdb", rule.effect, nth=max(1, syncs), times=1))
    # At the second sync after that one the disk stops for good: the answer must be there before.
    disk.fail(Rule("sync", "*", Freeze(), nth=syncs + 2))
    before = {name: disk.sync_count(name) for name in ("*.spill", "*")}

    answer = till.calls.checkout.Checkout(cash_sale())

    assert answer.durability == SPILL
    # What the till does next, the record of the fault or the check of the file, stops the disk.
    assert disk.wait_frozen(5)
    taken = {name: disk.sync_count(name) - count for name, count in before.items()}
    assert taken["*"] == syncs + 2
    assert taken["*.spill"] in (1, 2)


def test_a_sale_on_the_spill_takes_one_sync_and_none_of_the_journal(till: StormyTill) -> None:
    disk = till.disk
    disk.fail(Rule("write", "data.mdb", Fail(errno.ENOSPC), times=1))
    assert till.calls.checkout.Checkout(cash_sale()).durability == SPILL
    # The fault itself is on record, and the journal is left alone for ten seconds.
    till.await_storage(lambda storage: storage.spilled_records == 2)
    before = {name: disk.sync_count(name) for name in ("data.mdb", "*.spill")}

    for _ in range(FEW):
        assert till.calls.checkout.Checkout(cash_sale()).durability == SPILL

    assert disk.sync_count("data.mdb") == before["data.mdb"]
    assert disk.sync_count("*.spill") == before["*.spill"] + FEW


# --- no room


def test_a_full_disk_keeps_the_map_from_growing_until_there_is_room_again(
    till: StormyTill,
) -> None:
    crowd, auditor = Crowd(till, SEED, lines=LARGE_LINES), Auditor()
    auditor.follow(till)
    size_bytes = till.data_file.stat().st_size
    room_bytes = till.disk.free_bytes
    till.disk.free_bytes = 0
    with crowd:
        # At first the journal itself has room left, and says that it will not last.
        status = till.await_storage(
            lambda storage: storage.stage == system_pb2.STORAGE_STAGE_NO_ROOM
        )
        assert status.durability == PRIMARY
        assert (status.storage.fault, status.storage.segment) == (DISK_FULL, 1)
        assert "Make room" in status.storage.advice
        status = till.await_storage(lambda storage: storage.durability == SPILL)
        assert (status.storage.fault, status.storage.stage) == (DISK_FULL, WAITING)
        crowd.await_told(FEW, SPILL)
        assert till.health() == SERVING
        assert till.data_file.stat().st_size == size_bytes

    till.disk.free_bytes = room_bytes
    with crowd:
        sound = till.await_sound()
        crowd.await_told(FEW, PRIMARY)
    assert sound.segment == 1
    assert till.data_file.stat().st_size > size_bytes
    assert {event.fault for event in auditor.storage} == {0, DISK_FULL}
    reckon(till, crowd, auditor)


def test_on_a_disk_that_is_full_to_the_last_byte_open_sales_are_completed_and_no_new_ones_begun(
    till: StormyTill,
) -> None:
    choose = random.Random(SEED)
    crowd, auditor = Crowd(till, SEED, lines=LARGE_LINES), Auditor()
    auditor.follow(till)
    opened = [deal for deal in (Deal(choose) for _ in range(60)) if len(deal.steps) > 1]
    for deal in opened:
        deal.go(till.calls, crowd.told.append, steps=2)
    till.disk.free_bytes = 0
    with crowd:
        status = till.await_storage(lambda storage: storage.reserve_only, READ_ONLY_S_MAX)
        assert till.health() == SERVING
    storage = status.storage
    assert storage.spill_bytes - storage.spill_used_bytes > RESERVE_BYTES * 0.9
    assert set(crowd.refused) == {"DISK_RESERVE"}

    with refused(grpc.StatusCode.RESOURCE_EXHAUSTED, "DISK_RESERVE"):
        till.calls.checkout.Checkout(cash_sale())
    with refused(grpc.StatusCode.RESOURCE_EXHAUSTED, "DISK_RESERVE"):
        till.calls.checkout.OpenSale(pb.OpenSaleRequest(request_id=new_id(), sale_id=name()))
    for deal in opened:
        deal.go(till.calls, crowd.told.append)
        assert deal.receipt is not None
        assert deal.receipt.state == pb.SALE_STATE_COMPLETED
    assert crowd.told[-1].durability == SPILL
    # The till stops and starts in what little room there is.
    till.stop(within_s=10)
    auditor.join()
    till.start()
    auditor.follow(till)
    assert till.status().storage.reserve_only
    with refused(grpc.StatusCode.RESOURCE_EXHAUSTED, "DISK_RESERVE"):
        till.calls.checkout.Checkout(cash_sale())

    till.disk.free_bytes = 1 << 30
    till.await_sound()
    crowd.deals += opened
    reckon(till, crowd, auditor)


# --- read-only


def test_a_disk_that_turns_read_only_is_left_for_the_spill_on_the_other_one_and_taken_up_again(
    two_disks: StormyTill,
) -> None:
    till = two_disks
    crowd, auditor = Crowd(till, SEED), Auditor()
    auditor.follow(till)
    with crowd:
        crowd.await_told(FEW, PRIMARY)
        here, there = till.disk.sync_count("*.spill"), till.second.sync_count("*.spill")
        till.disk.read_only(True)
        status = till.await_storage(lambda storage: storage.fault == READ_ONLY)
        assert (status.durability, status.storage.stage) == (SPILL, WAITING)
        assert "check the file system" in status.storage.advice
        crowd.await_told(MANY, SPILL)
        assert till.health() == SERVING
        assert till.second.sync_count("*.spill") > there
        assert till.disk.sync_count("*.spill") == here

        till.disk.read_only(False)
        assert till.await_sound().segment == 1
        crowd.await_told(FEW, PRIMARY)
    assert crowd.refused == []
    reckon(till, crowd, auditor)


@pytest.mark.slow
def test_a_disk_that_stays_read_only_is_given_up_for_a_journal_on_the_other_one(
    two_disks: StormyTill,
) -> None:
    till = two_disks
    crowd, auditor = Crowd(till, SEED, cashiers=2), Auditor()
    auditor.follow(till)
    with crowd:
        crowd.await_told(FEW, PRIMARY)
        till.disk.read_only(True)
        status = till.await_storage(
            lambda storage: is_sound(storage) and storage.segment == 2, READ_ONLY_S_MAX
        )
        # It sells as ever; but one disk is one too few, and somebody should know.
        assert (status.durability, status.storage.fault) == (PRIMARY, READ_ONLY)
        assert system_pb2.MODE_STORAGE_DEGRADED in status.modes
        assert "replace the disk" in status.storage.advice
        crowd.await_told(FEW, PRIMARY)
    assert crowd.refused == []
    assert (till.second.path / "journal" / "data.mdb").exists()
    assert till.data_file.exists(), "what lies on the old disk is left as it is"
    auditor.await_storage(lambda storage: storage.segment == 2)
    reckon(till, crowd, auditor)

    till.disk.read_only(False)
    till.stop()
    auditor.join()
    till.start()
    auditor.follow(till)
    assert till.status().storage.segment == 2
    reckon(till, crowd, auditor)


def test_a_till_that_starts_on_a_read_only_disk_sells_to_the_spill_on_the_other_one(
    two_disks: StormyTill,
) -> None:
    till = two_disks
    crowd, auditor = Crowd(till, SEED, cashiers=2), Auditor()
    auditor.follow(till)
    with crowd:
        crowd.await_told(FEW, PRIMARY)
    till.kill()
    auditor.join()
    till.disk.read_only(True)
    till.start()
    auditor.follow(till)
    assert till.status().storage.fault == READ_ONLY
    with crowd:
        crowd.await_told(FEW, SPILL)
        till.disk.read_only(False)
        assert till.await_sound().segment == 1
        crowd.await_told(FEW, PRIMARY)
    assert crowd.refused == []
    reckon(till, crowd, auditor)
