"""Restoring a full backup with its increments, with real processes: all of it, or a clear refusal."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import grpc
import pytest
from msgspec.structs import replace

from tests.e2e.test_backups import backup_toml, create, suspend_one
from tests.e2e.test_restore import plan, restore, sell, state_of
from tests.support.answers import refusal_of
from tests.support.backups import OWNER, make_order, run
from tests.support.homes import HomeTill, a_home_till
from tests.support.till import short_folder
from tillhal.v1 import backup_pb2 as pb
from tillhal.v1 import checkout_pb2
from tillhald.boot import generation
from tillhald.journal.meeting import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.till import Calls
    from tillhald.domain.backup import BackupMade

SOLD = 5
"""In the set, one of them after each backup."""
SOLD_SINCE = 2


@pytest.fixture
def stick() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


@pytest.fixture
def kept() -> Iterator[Path]:
    """Another stick, of which the till does not know."""
    with short_folder() as folder:
        yield folder


def a_set(calls: Calls, stick: Path, kept: Path) -> tuple[list[Path], str]:
    """A full backup and two increments, between which is sold; copies in `kept`, in their order,
    and a sale that was put aside between the increments."""
    sell(calls, SOLD - 2)
    made = [create(calls, pb.BACKUP_KIND_FULL).backup]
    sell(calls, 1)
    made.append(create(calls, pb.BACKUP_KIND_INCREMENT).backup)
    suspended = suspend_one(calls)
    sell(calls, 1)
    made.append(create(calls, pb.BACKUP_KIND_INCREMENT).backup)
    assert [each.follows for each in made] == ["", made[0].backup_id, made[1].backup_id]
    assert [each.first_seq for each in made[1:]] == [each.last_seq + 1 for each in made[:-1]]
    for each in made:
        shutil.copy(stick / each.file_name, kept)
    return [kept / each.file_name for each in made], suspended


def refused(calls: Calls, path: Path) -> tuple[str, str]:
    """The reason and the sentence with which a plan is refused."""
    request = pb.PlanRestoreRequest(path=str(path), identity=str(OWNER))
    with pytest.raises(grpc.RpcError) as caught:
        list(calls.backup.PlanRestore(request))
    return refusal_of(caught.value).reason, caught.value.details()


def assert_all_of_the_set_is_there(till: HomeTill, suspended: str, *, next_receipt: int) -> None:
    calls = till.another()
    status = calls.backup.GetDataStatus(pb.GetDataStatusRequest())
    assert (status.totals.sales, status.totals.suspended_sales) == (SOLD, 1)
    listed = calls.checkout.ListSuspended(checkout_pb2.ListSuspendedRequest())
    assert [each.sale.sale_id for each in listed.sales] == [suspended]
    for number in range(1, SOLD + 1):
        found = calls.checkout.GetSale(checkout_pb2.GetSaleRequest(receipt_number=number))
        assert found.sale.summary.receipt_number == number
    assert sell(calls, 1) == [next_receipt]


def test_what_was_sold_up_to_the_last_increment_is_there_again_here_and_elsewhere(
    stick: Path, kept: Path
) -> None:
    with a_home_till(more=backup_toml(stick)) as till:
        calls = till.start().calls
        files, suspended = a_set(calls, stick, kept)
        sell(calls, SOLD_SINCE)
        found = plan(calls, str(kept))
        assert [each.file_name for each in found.backups] == [str(path) for path in files]
        assert (found.relation, found.lost.sales) == (pb.DATA_RELATION_GOES_ON, SOLD_SINCE)
        assert found.restored.sales == SOLD
        assert not found.unused_here
        result = restore(till, found.plan_id, accept_loss=True)
        assert (result.outcome, result.incarnation) == (pb.DATA_OUTCOME_COMMITTED, 2)
        assert_all_of_the_set_is_there(till, suspended, next_receipt=SOLD + SOLD_SINCE + 1)
    with a_home_till() as new:
        found = plan(new.start().calls, str(files[-1]))
        assert len(found.backups) == 3
        assert (found.loses, found.unused_here) == (False, True)
        restore(new, found.plan_id)
        assert_all_of_the_set_is_there(new, suspended, next_receipt=SOLD + 1)


def test_a_set_with_a_gap_or_with_a_strange_increment_is_refused(stick: Path, kept: Path) -> None:
    with a_home_till(more=backup_toml(stick)) as till:
        files, _ = a_set(till.start().calls, stick, kept)
        full = state_of(till.journal).backups.full
        assert full is not None
        shutil.copy(files[1], stick / "away")
        files[1].unlink()
        # The one in the middle is missing: neither the folder nor the last one is restored, and
        # nobody gets an older till than he asked for.
        for path in (kept, files[2]):
            reason, sentence = refused(till.calls, path)
            assert reason == "BACKUP_NOT_FOUND"
            assert files[2].name in sentence
        assert files[0].name in refused(till.calls, kept)[1]
        # The control: by its name, what there is without a gap.
        assert plan(till.calls, str(files[0])).restored.sales == SOLD - 2
        (stick / "away").rename(files[1])
        assert len(plan(till.calls, str(kept)).backups) == 3

        files[1].unlink()
        files[2].unlink()
        assert restore(till, plan(till.calls, str(kept)).plan_id, accept_loss=True).incarnation == 2
        till.stop()
        with a_home_till() as other:
            sell(other.start().calls, 1)
            other.stop()
            with Reading(str(other.journal)) as reading:
                first = reading.hash_at(1)
            assert first is not None
            elsewhere = replace(full.made, last_seq=1, head_hash=first.hex())
            strange = [
                ("another journal", increment(other, kept, elsewhere)),
                ("incarnation 2", increment(till, kept, full.made)),
            ]
        till.start()
        for word, path in strange:
            reason, sentence = refused(till.calls, path)
            assert (reason, word in sentence) == ("BACKUP_CORRUPT", True), sentence


def increment(till: HomeTill, folder: Path, after: BackupMade) -> Path:
    """What this till's program makes of an order that goes on from `after`, whosever that is."""
    made = run("make", make_order(till.journal, folder, after)).made
    assert made is not None
    return folder / made.file_name


def test_a_till_that_was_started_under_wrong_ids_takes_the_backup_of_the_right_one(
    stick: Path, kept: Path
) -> None:
    with a_home_till(more=backup_toml(stick)) as old:
        files, suspended = a_set(old.start().calls, stick, kept)
    with a_home_till() as new:
        right = new.config.read_text()
        new.config.write_text(right.replace('"store-7"', '"store-8"'))
        new.start()
        reason, sentence = refused(new.calls, kept)
        assert reason == "BACKUP_NOT_FOUND"
        assert "till-3 of store-7" in sentence
        reason, sentence = refused(new.calls, files[-1])
        assert reason == "RESTORE_OTHER_TILL"
        assert "till.toml" in sentence
        new.stop()
        new.config.write_text(right)
        new.start()
        found = plan(new.calls, str(kept))
        assert found.unused_here
        assert restore(new, found.plan_id).outcome == pb.DATA_OUTCOME_COMMITTED
        assert_all_of_the_set_is_there(new, suspended, next_receipt=SOLD + 1)
        # What was begun under the wrong ids is kept, as it was.
        first = generation.journal_folder(new.home, generation.FIRST)
        with Reading(str(first.with_name("journal.unused-1"))) as reading:
            assert reading.identity.store_id == "store-8"
