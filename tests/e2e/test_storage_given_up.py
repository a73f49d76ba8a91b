"""What the shop sees when its disk is given up, when the till dies in the middle of that, and when
there is nothing left to store on.

A file that failed for good is put aside, and a new one begun while eight cashiers sell.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import grpc
import pytest

from hwsim.power.disk import why_not
from hwsim.power.faults import Fail, Rule
from tests.e2e.test_diagnostics import PARTS, archive_from
from tests.support.answers import refused
from tests.support.auditor import Auditor, reckon
from tests.support.cashiers import Crowd
from tests.support.sales import cash_sale, line, name, new_id, tender
from tests.support.stormy_till import (
    NOT_SERVING,
    PRIMARY,
    SERVING,
    SPILL,
    StormyTill,
    a_stormy_till,
    await_that,
    is_sound,
)
from tillhal.v1 import checkout_pb2 as pb
from tillhal.v1 import journal_pb2, system_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(bool(why_not()), reason=str(why_not()))

SEED = 20_261_124
FEW = 20
COMPLAINTS = {"journal_fault_found", "journal_failed"}
DAMAGED = system_pb2.STORAGE_FAULT_DAMAGED
WRITE_FAILED = system_pb2.STORAGE_FAULT_WRITE_FAILED
DISK_FULL = system_pb2.STORAGE_FAULT_DISK_FULL

EIO_ONCE = Rule("sync", "data.mdb", Fail(errno.EIO), nth=7, times=1)
ENOSPC_ONCE = Rule("write", "data.mdb", Fail(errno.ENOSPC), times=1)
"""After this one the journal is left alone for ten seconds: time to die in."""
NOTHING_TAKES_WRITES = [Rule(what, "*", Fail(errno.EIO)) for what in ("write", "sync", "create")]  # type: ignore[arg-type]


@pytest.fixture
def till() -> Iterator[StormyTill]:
    with a_stormy_till(expected=COMPLAINTS) as till:
        yield till.start()


def begin(till: StormyTill) -> tuple[Crowd, Auditor]:
    """Cashiers who do not sell yet, and an auditor who is there already."""
    auditor = Auditor()
    auditor.follow(till)
    return Crowd(till, SEED), auditor


def restart_after(till: StormyTill, crowd: Crowd, auditor: Auditor, failpoint: str = "") -> None:
    """The daemon has died by itself; start it again, with everybody there."""
    till.await_killed()
    crowd.stop()
    auditor.join()
    till.start(failpoint)
    if not failpoint:
        auditor.follow(till)
        crowd.begin()


def retired(till: StormyTill, segment: int = 1) -> bytes:
    """The file that was put aside."""
    return till.disk.path.joinpath(f"journal.retired-{segment}", "data.mdb").read_bytes()


# --- given up


@pytest.mark.parametrize("between", ["the same run", "the next run"])
def test_a_disk_that_refuses_twice_within_a_day_gets_a_new_file_and_the_old_one_is_kept(
    till: StormyTill, between: str
) -> None:
    crowd, auditor = begin(till)
    with crowd:
        till.disk.fail(EIO_ONCE)
        crowd.await_told(FEW, SPILL)
        till.await_sound()
    if between == "the next run":
        till.stop()
        auditor.join()
        till.start()
        auditor.follow(till)
    with crowd:
        crowd.await_told(FEW, PRIMARY)
        till.disk.fail(EIO_ONCE)
        crowd.await_told(1, SPILL)
        status = till.await_storage(lambda storage: storage.segment == 2 and is_sound(storage))
        assert status.storage.fault == WRITE_FAILED
        assert system_pb2.MODE_STORAGE_DEGRADED in status.modes
        assert "replace the disk" in status.storage.advice
        assert till.health() == SERVING
        old = retired(till)
        crowd.await_told(FEW, PRIMARY)
    assert crowd.refused == []
    auditor.await_storage(lambda storage: storage.segment == 2)
    reckon(till, crowd, auditor)
    assert retired(till) == old, "somebody wrote to the file that was put aside"

    till.stop()
    auditor.join()
    till.start()
    auditor.follow(till)
    assert till.status().storage.segment == 2
    assert not till.status().storage.fault
    reckon(till, crowd, auditor)


def damage(till: StormyTill, marker: bytes) -> None:
    """Flip a bit of these words wherever they stand in the journal's file."""
    with till.data_file.open("r+b", buffering=0) as file:
        data = file.read()
        at = data.find(marker)
        assert at >= 0, "it is not in the file"
        while at >= 0:
            file.seek(at)
            file.write(bytes([data[at] ^ 1]))
            at = data.find(marker, at + 1)


def verified(till: StormyTill) -> journal_pb2.VerifyResult:
    """What a check of the whole journal finds."""
    return list(till.calls.journal.Verify(journal_pb2.VerifyRequest()))[-1].result


def sell_marked(till: StormyTill, marker: str) -> pb.SaleSummary:
    """A sale whose stored bytes can be found."""
    request = pb.CheckoutRequest(
        request_id=new_id(),
        sale_id=name(),
        lines=[line(description=marker)],
        tenders=[tender(750)],
    )
    return till.calls.checkout.Checkout(request).sale


@pytest.mark.parametrize("when", ["while it runs", "before it starts"])
def test_a_file_that_is_found_damaged_is_put_aside_as_it_is_and_selling_goes_on_in_a_new_one(
    till: StormyTill, when: str
) -> None:
    crowd, auditor = begin(till)
    marked = sell_marked(till, "A marked article")
    with crowd:
        crowd.await_told(FEW, PRIMARY)
    auditor.catch_up(till)
    if when == "before it starts":
        till.stop()
        auditor.join()
        damage(till, b"A marked article")
        till.start()
        auditor.follow(till)
        crowd.begin()
    else:
        # The check of the start must be over: it might find the damage, and then the one that is
        # asked for would find the new segment sound.
        assert verified(till).sound
        # Before anybody sells on: a page that is just being copied would be written whole again.
        damage(till, b"A marked article")
        crowd.begin()
        assert not verified(till).sound
    status = till.await_storage(lambda storage: storage.segment == 2 and is_sound(storage))
    assert status.storage.fault == DAMAGED
    assert "salvage" in status.storage.advice
    assert till.health() == SERVING
    crowd.await_told(FEW, PRIMARY)
    crowd.stop()
    assert crowd.refused == []
    assert b"@ marked article" in retired(till)
    auditor.await_storage(lambda storage: storage.segment == 2 and storage.fault == DAMAGED)
    assert [sale.sale_id for sale in auditor.sales].count(marked.sale_id) == 1
    # What was damaged is gone from the index, and nothing else is.
    auditor.sales.remove(next(s for s in auditor.sales if s.sale_id == marked.sale_id))
    await_that(lambda: 1 in auditor.brought_back, why=till.log_text)
    crowd.settle()
    auditor.catch_up(till)
    numbers = [sale.receipt_number for sale in crowd.receipts()]
    assert numbers == [2, *range(3, len(numbers) + 2)]


# --- dying in the middle


def test_a_till_that_is_killed_while_it_sells_to_the_spill_has_everything_when_it_comes_back(
    till: StormyTill,
) -> None:
    crowd, auditor = begin(till)
    crowd.begin()
    crowd.await_told(FEW, PRIMARY)
    for _ in range(3):
        till.disk.fail(ENOSPC_ONCE)
        crowd.await_told(2 * FEW, SPILL)
        till.kill()
        crowd.stop()
        auditor.join()
        till.start()
        auditor.follow(till)
        assert till.status().recovery.spilled_records > FEW
        crowd.begin()
        till.await_sound()
        crowd.await_told(FEW, PRIMARY)
    crowd.stop()
    assert till.status().storage.segment == 1
    reckon(till, crowd, auditor)


@pytest.mark.parametrize("place", ["journal.before_commit", "journal.after_commit"])
def test_a_till_that_dies_while_it_merges_has_everything_once_when_it_comes_back(
    till: StormyTill, place: str
) -> None:
    crowd, auditor = begin(till)
    crowd.begin()
    crowd.await_told(FEW, PRIMARY)
    till.disk.fail(ENOSPC_ONCE)
    crowd.await_told(2 * FEW, SPILL)
    till.kill()
    crowd.stop()
    auditor.join()
    # The first commit of the next start is the merge.
    till.spawn(place)
    till.await_killed()
    till.start()
    auditor.follow(till)
    crowd.begin()
    till.await_sound()
    crowd.await_told(FEW, PRIMARY)
    crowd.stop()
    reckon(till, crowd, auditor)


@pytest.mark.parametrize("place", ["journal.segment_built", "journal.segment_retired"])
def test_a_till_that_dies_while_it_begins_a_new_file_has_everything_once_when_it_comes_back(
    till: StormyTill, place: str
) -> None:
    till.stop()
    till.start(place)
    crowd, auditor = begin(till)
    crowd.begin()
    till.disk.fail(EIO_ONCE)
    crowd.await_told(1, SPILL)
    till.await_sound()
    crowd.await_told(FEW, PRIMARY)
    till.disk.fail(EIO_ONCE)
    restart_after(till, crowd, auditor)
    # Cashiers have begun with what was not answered.
    crowd.await_told(FEW, PRIMARY)
    crowd.stop()
    assert till.await_sound().segment == (1 if place == "journal.segment_built" else 2)
    reckon(till, crowd, auditor)


# --- nothing left


def test_without_any_store_everything_is_refused_and_nothing_is_lost_when_a_disk_takes_writes_again(
    till: StormyTill,
) -> None:
    crowd, auditor = begin(till)
    crowd.begin()
    crowd.await_told(FEW, PRIMARY)
    for rule in NOTHING_TAKES_WRITES:
        till.disk.fail(rule)
    await_that(lambda: len(crowd.refused) >= FEW, why=till.log_text)
    told = len(crowd.told)
    assert set(crowd.refused) == {"STORAGE_FAILED"}
    with refused(grpc.StatusCode.UNAVAILABLE, "STORAGE_FAILED"):
        till.calls.checkout.Checkout(cash_sale())
    status = till.status()
    assert status.storage.stage == system_pb2.STORAGE_STAGE_FAILED
    assert status.storage.fault == WRITE_FAILED
    assert "Sell on paper slips" in status.storage.advice
    assert system_pb2.MODE_STORAGE_DEGRADED in status.modes
    await_that(lambda: till.health() == NOT_SERVING)
    assert len(crowd.told) == told, "something was answered after everything had failed"

    till.disk.clear_faults()
    assert till.await_exit() == 1
    crowd.stop()
    auditor.join()
    till.start()
    auditor.follow(till)
    with crowd:
        crowd.await_told(FEW, PRIMARY)
    reckon(till, crowd, auditor)


def test_support_gets_its_archive_also_of_a_till_that_has_no_disk_left(till: StormyTill) -> None:
    sold = till.calls.checkout.Checkout(cash_sale()).sale
    for rule in NOTHING_TAKES_WRITES:
        till.disk.fail(rule)
    with refused(grpc.StatusCode.UNAVAILABLE, "STORAGE_FAILED"):
        till.calls.checkout.Checkout(cash_sale())
    archive = archive_from(till.calls)
    assert set(archive.files) == PARTS
    status = archive.json("status.json")
    assert status["storage"]["stage"] == "STORAGE_STAGE_FAILED", status
    assert "Input/output error" in archive.json("journal.json")["failure"]
    assert archive.json("journal.json")["durable_seq"] >= sold.seq
    assert "journal_failed" in {line["event"] for line in archive.lines("logs.jsonl")}
    folders = archive.json("disk.json")["folders"]
    assert folders["journal"]["files"]["journal/data.mdb"]["bytes"] > 0
    assert archive.files["README.txt"]
    till.disk.clear_faults()
    assert till.await_exit() == 1


def test_a_till_whose_spill_fails_too_is_refused_and_two_disks_are_safer_than_one() -> None:
    with a_stormy_till(second=True, expected=COMPLAINTS) as till:
        till.start()
        crowd, auditor = begin(till)
        crowd.begin()
        crowd.await_told(FEW, PRIMARY)
        # The spill on the other disk is the first choice; the one beside the journal the next.
        till.disk.fail(ENOSPC_ONCE)
        till.second.fail(Rule("sync", "*.spill", Fail(errno.EIO), nth=FEW))
        crowd.await_told(3 * FEW, SPILL)
        status = till.status()
        assert status.storage.fault == DISK_FULL
        assert "journal.spill" in status.storage.message
        assert till.health() == SERVING
        till.second.clear_faults()
        till.await_sound()
        crowd.await_told(FEW, PRIMARY)
        crowd.stop()
        assert crowd.refused == []
        reckon(till, crowd, auditor)
