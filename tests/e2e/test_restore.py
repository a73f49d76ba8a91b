"""Restoring a till, on the same machine and on another one, with real processes and the launcher."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from tests.e2e.test_backups import backup_toml, create, suspend_one
from tests.support.answers import refusal_of
from tests.support.backups import OWNER
from tests.support.homes import HomedTill, a_homed_till
from tests.support.sales import cash_sale, name, new_id
from tests.support.till import short_folder
from tillhal.v1 import backup_pb2 as pb
from tillhal.v1 import checkout_pb2
from tillhald.backup.plan import state_at
from tillhald.domain.backup_rules import totals_of
from tillhald.journal.engine import INDEX_TABLES
from tillhald.journal.meeting import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.till import Calls
    from tillhald.domain.state import TillState

BACK_S_MAX = 120.0
SALES, SALES_MORE = 3, 2
NOT_YET = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED})


@pytest.fixture
def stick() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


@pytest.fixture
def till(stick: Path) -> Iterator[HomedTill]:
    with a_homed_till(more=backup_toml(stick)) as till:
        till.start()
        yield till


def sell(calls: Calls, count: int) -> list[int]:
    """Receipt numbers."""
    sales = [calls.checkout.Checkout(cash_sale()) for _ in range(count)]
    return [sale.sale.receipt_number for sale in sales]


def plan(calls: Calls, path: str = "", **more: object) -> pb.RestorePlan:
    request = pb.PlanRestoreRequest(path=path, identity=str(OWNER), **more)  # type: ignore[arg-type]
    return list(calls.backup.PlanRestore(request, timeout=BACK_S_MAX))[-1].plan


def outcome(
    till: HomedTill, request: pb.CommitRestoreRequest | pb.CommitCleanRequest
) -> pb.DataChange:
    """Ask, over the restart of the till, until it says what came of it."""
    end_s = time.monotonic() + BACK_S_MAX
    while True:
        calls = till.another()
        ask = (
            calls.backup.CommitRestore
            if isinstance(request, pb.CommitRestoreRequest)
            else calls.backup.CommitClean
        )
        try:
            for step in ask(request, timeout=BACK_S_MAX):
                if step.HasField("result"):
                    return step.result
        except grpc.RpcError as error:
            if error.code() not in NOT_YET:
                raise
        assert time.monotonic() < end_s, f"the till did not come back:\n{till.log_text()}"


def restore(till: HomedTill, plan_id: str, *, accept_loss: bool = False) -> pb.DataChange:
    request = pb.CommitRestoreRequest(request_id=new_id(), plan_id=plan_id, accept_loss=accept_loss)
    result = outcome(till, request)
    # Asked again, it is the same answer.
    assert outcome(till, request) == result
    return result


def reason_of(stream: object) -> str:
    with pytest.raises(grpc.RpcError) as caught:
        list(stream)  # type: ignore[call-overload]  # a stream of any kind
    return refusal_of(caught.value).reason


def state_of(journal: Path) -> TillState:
    with Reading(str(journal)) as reading:
        return state_at(reading, reading.head.seq)


def test_what_was_sold_since_is_told_and_lost_only_with_consent(
    till: HomedTill, stick: Path
) -> None:
    calls = till.calls
    assert sell(calls, SALES) == [1, 2, 3]
    suspended = suspend_one(calls)
    create(calls, pb.BACKUP_KIND_FULL)
    sell(calls, SALES_MORE)
    found = plan(calls)
    assert found.relation == pb.DATA_RELATION_GOES_ON
    assert found.loses
    assert (found.lost.sales, found.lost.first_receipt, found.lost.last_receipt) == (2, 4, 5)
    assert found.lost.cash_minor == found.lost.sales_minor > 0
    assert (found.here.sales, found.restored.sales) == (5, 3)
    assert (found.next_receipt, found.incarnation) == (6, 2)

    refused = pb.CommitRestoreRequest(request_id=new_id(), plan_id=found.plan_id)
    assert reason_of(calls.backup.CommitRestore(refused)) == "RESTORE_WOULD_FORK"
    assert state_of(till.journal).perpetual.sales.count == SALES + SALES_MORE

    result = restore(till, found.plan_id, accept_loss=True)
    assert result.outcome == pb.DATA_OUTCOME_COMMITTED
    assert (result.incarnation, result.lost.sales) == (2, SALES_MORE)
    # What was here is on the stick, whole.
    assert Path(result.safety).parent == stick
    assert Path(result.safety).exists()
    after = till.another()
    status = after.backup.GetDataStatus(pb.GetDataStatusRequest())
    assert (status.totals.sales, status.incarnation) == (SALES, 2)
    assert status.last_change == result
    # No number is given again, and who was put aside is there.
    assert sell(after, 1) == [6]
    listed = after.checkout.ListSuspended(checkout_pb2.ListSuspendedRequest())
    assert [sale.sale_id for sale in listed.sales] == [suspended]


def test_business_between_plan_and_commit_makes_the_plan_stale(till: HomedTill) -> None:
    calls = till.calls
    sell(calls, 1)
    create(calls, pb.BACKUP_KIND_FULL)
    found = plan(calls)
    assert not found.loses
    sell(calls, 1)
    request = pb.CommitRestoreRequest(request_id=new_id(), plan_id=found.plan_id, accept_loss=True)
    assert reason_of(calls.backup.CommitRestore(request)) == "PLAN_STALE"
    assert sell(calls, 1) == [3]


ITEMS = (
    "currency",
    "sales",
    "unresolved",
    "day",
    "shift",
    "closed_shifts",
    "perpetual",
    "slips",
    "access",
    "statistics",
    "identities",
    "drawers",
    "zs_given",
    "trainings_given",
    "receipts_given",
    "days_opened",
    "shifts_opened",
    "drawer_left_minor",
)
"""DT-11 to DT-14, as the state has them: whose till, people and tokens, devices, unfinished and
suspended sales, shifts, days, money, and the numbers that were given."""


def rows_of(journal: Path) -> dict[tuple[str, bytes], bytes]:
    """Finished sales, receipts, jobs, days, shifts, answers: all rows, as they are stored."""
    with Reading(str(journal)) as reading:
        return {(table, key): value for table in INDEX_TABLES for key, value in reading.rows(table)}


def test_on_another_machine_the_till_goes_on_with_everything_it_had(stick: Path) -> None:
    keys = stick.with_name(f"{stick.name}.keys.json")
    keys.write_text('{"F1": "coffee"}')
    with a_homed_till(more=backup_toml(stick, keys)) as old:
        calls = old.start().calls
        sell(calls, SALES)
        suspended = suspend_one(calls)
        unfinished = name()
        calls.checkout.OpenSale(
            checkout_pb2.OpenSaleRequest(request_id=new_id(), sale_id=unfinished)
        )
        file = stick / create(calls, pb.BACKUP_KIND_FULL).backup.file_name
        configuration = old.config.read_text()
        old.kill()  # it is stolen
        before, rows = state_of(old.journal), rows_of(old.journal)
    with a_homed_till() as new:
        calls = new.start().calls
        found = plan(calls, str(file), last_receipt=7)
        assert found.relation == pb.DATA_RELATION_STRANGERS
        assert not found.loses
        assert not found.signed_here
        assert (found.gained.sales, found.next_receipt) == (SALES, 8)
        result = restore(new, found.plan_id)
        assert result.outcome == pb.DATA_OUTCOME_COMMITTED
        folder = new.journal
        files = folder.parent / "files"
        assert (files / "till.toml").read_text() == configuration
        assert json.loads((files / "keys.json").read_text()) == {"F1": "coffee"}
        assert "configuration.json" in found.files
        assert "backup.folder" in found.differences
        restored = state_of(folder)
        for item in ITEMS:
            if item in ("receipts_given", "statistics", "sales"):
                continue
            assert getattr(restored, item) == getattr(before, item), item
        assert restored.receipts_given == 7
        assert set(restored.sales) == set(before.sales) == {suspended, unfinished}
        for sale_id, sale in before.sales.items():
            assert restored.sales[sale_id].lines == sale.lines
            assert restored.sales[sale_id].note == sale.note
        assert totals_of(restored).sales_minor == totals_of(before).sales_minor
        after = rows_of(folder)
        assert rows.items() <= after.items()
        assert sell(new.another(), 1) == [8]
        head = new.another().backup.GetDataStatus(pb.GetDataStatusRequest())
        assert (head.incarnation, head.totals.suspended_sales) == (2, 1)
    keys.unlink()
