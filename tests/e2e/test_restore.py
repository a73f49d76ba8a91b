"""Restoring a till, on the same machine and on another one, with real processes and the launcher."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from tests.e2e.test_backups import backup_toml, create, suspend_one
from tests.support.answers import refusal_of
from tests.support.backups import OWNER
from tests.support.homes import HomeTill, a_home_till
from tests.support.nursery import run_tillctl
from tests.support.sales import cash_sale, name, new_id
from tests.support.till import Calls, a_till, short_folder
from tillhal.v1 import backup_pb2 as pb
from tillhal.v1 import checkout_pb2
from tillhald.backup.plan import state_at
from tillhald.boot import generation
from tillhald.domain.backup_rules import totals_of
from tillhald.journal.engine import INDEX_TABLES
from tillhald.journal.meeting import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tillhald.domain.state import TillState

BACK_S_MAX = 120.0
SALES, SALES_MORE = 3, 2
NOT_YET = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED})


@pytest.fixture
def stick() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


@pytest.fixture
def till(stick: Path) -> Iterator[HomeTill]:
    with a_home_till(more=backup_toml(stick)) as till:
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
    till: HomeTill, request: pb.CommitRestoreRequest | pb.CommitCleanRequest
) -> pb.DataChange:
    """Ask, over the restart of the till, until it says what came of it."""
    end_s = time.monotonic() + BACK_S_MAX
    while True:
        # A connection of its own for each try, closed again: an entrance has so many places.
        with contextlib.closing(Calls(till.address)) as calls:
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


def restore(till: HomeTill, plan_id: str, *, accept_loss: bool = False) -> pb.DataChange:
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
    till: HomeTill, stick: Path
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
    assert [each.sale.sale_id for each in listed.sales] == [suspended]


def test_business_between_plan_and_commit_makes_the_plan_stale(till: HomeTill) -> None:
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
    with a_home_till(more=backup_toml(stick, keys)) as old:
        calls = old.start().calls
        sell(calls, SALES)
        suspended = suspend_one(calls)
        unfinished = name()
        calls.checkout.OpenSale(
            checkout_pb2.OpenSaleRequest(request_id=new_id(), sale_id=unfinished)
        )
        file = stick / create(calls, pb.BACKUP_KIND_FULL).backup.file_name
        configuration = old.config.read_text()
        last_seq = state_of(old.journal).backups.known[-1].made.last_seq
        old.kill()  # it is stolen
        with Reading(str(old.journal)) as reading:
            before = state_at(reading, last_seq)
        rows = rows_of(old.journal)
    with a_home_till() as new:
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
        with Reading(str(folder)) as reading:
            restored = state_at(reading, before.seq + 1)
        for item in ITEMS:
            expected = 7 if item == "receipts_given" else getattr(before, item)
            assert getattr(restored, item) == expected, item
        assert set(restored.sales) == {suspended, unfinished}
        assert totals_of(restored).sales_minor == totals_of(before).sales_minor
        after = rows_of(folder)
        assert rows.items() <= after.items()
        assert sell(new.another(), 1) == [8]
        head = new.another().backup.GetDataStatus(pb.GetDataStatusRequest())
        assert (head.incarnation, head.totals.suspended_sales) == (2, 1)
    keys.unlink()


def test_a_cloned_till_is_found_out_when_the_journals_meet(stick: Path) -> None:
    """One backup, restored on two machines, and both sell."""
    with a_home_till(more=backup_toml(stick)) as first:
        calls = first.start().calls
        sell(calls, SALES)
        made = stick / create(calls, pb.BACKUP_KIND_FULL).backup.file_name
        file = stick / "kept" / made.name  # a newer one of the same day would replace it
        file.parent.mkdir()
        shutil.copy(made, file)
        with a_home_till(more=backup_toml(stick)) as second:
            second.start()
            assert restore(second, plan(second.calls, str(file)).plan_id).incarnation == 2
            compare = ["journal", "verify", "--folder", str(second.journal), "--against"]
            # The first one has not sold since the backup; it only noted that it made one.
            assert sell(second.another(), 1) == [4]
            assert sell(first.another(), 1) == [4]
            common = state_of(first.journal).backups.known[0].made.last_seq
            # By the journal itself, by a backup of it with the key, and without.
            later = stick / create(first.another(), pb.BACKUP_KIND_FULL).backup.file_name
            key = stick / "key.txt"
            key.write_text(str(OWNER))
            for against in (
                [str(first.journal), "--json"],
                [str(later), "--key", str(key), "--json"],
            ):
                done = tillctl(*compare, *against)
                met = json.loads(done.stdout)
                assert done.returncode == 1, done.stderr
                assert (met["relation"], met["common"]) == ("fork", common)
                assert (met["here_incarnation"], met["there_incarnation"]) == (2, 1)
            told = tillctl(*compare, str(first.journal))
            assert told.returncode == 1
            assert "FORK" in told.stdout
            # The control: the backup that both come from is no fork.
            sound = tillctl(*compare, str(file), "--json")
            assert sound.returncode == 0, sound.stderr
            assert json.loads(sound.stdout)["relation"] == "goes_on"


def tillctl(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run_tillctl(*arguments, within_s=BACK_S_MAX)


# --- clean and go live


def test_a_clean_empties_the_books_before_the_till_goes_live_and_never_after(
    till: HomeTill,
) -> None:
    calls = till.calls
    sell(calls, SALES)
    suspend_one(calls)
    before = state_of(till.journal)
    found = calls.backup.PlanClean(pb.PlanCleanRequest())
    assert (found.cleared.sales, found.cleared.suspended_sales) == (SALES, 1)
    request = pb.CommitCleanRequest(request_id=new_id(), plan_id=found.plan_id)
    result = outcome(till, request)
    assert (result.outcome, result.kind) == (
        pb.DATA_OUTCOME_COMMITTED,
        pb.DATA_CHANGE_KIND_CLEAN,
    )
    assert result.totals.sales == SALES
    assert Path(result.safety).exists()
    calls = till.another()
    after = state_of(till.journal)
    assert after.access == before.access
    assert (totals_of(after).sales, after.sales) == (0, {})
    assert sell(calls, 1) == [1]
    live = calls.backup.GoLive(pb.GoLiveRequest(request_id=new_id()))
    assert not live.replayed
    again = calls.backup.GoLive(pb.GoLiveRequest(request_id=new_id()))
    assert (again.replayed, again.live_time) == (True, live.live_time)
    with pytest.raises(grpc.RpcError) as caught:
        calls.backup.PlanClean(pb.PlanCleanRequest())
    assert refusal_of(caught.value).reason == "NOT_PRE_LIVE"
    till.stop(within_s=BACK_S_MAX)
    till.start()
    status = till.calls.backup.GetDataStatus(pb.GetDataStatusRequest())
    assert status.live_time == live.live_time


def test_a_till_without_a_home_says_what_it_lacks(stick: Path) -> None:
    with a_till(more=backup_toml(stick)) as till:
        calls = till.start().calls
        with pytest.raises(grpc.RpcError) as caught:
            calls.backup.PlanClean(pb.PlanCleanRequest())
        assert refusal_of(caught.value).reason == "HOME_NEEDED"
        request = pb.PlanRestoreRequest(identity=str(OWNER))
        assert reason_of(calls.backup.PlanRestore(request)) == "HOME_NEEDED"


# --- what goes wrong


@pytest.mark.parametrize(
    "step", ["restore.safe", "restore.built", "home.work_stored", "home.switched"]
)
def test_killed_at_a_step_the_till_has_its_old_data_or_its_new_ones(step: str, stick: Path) -> None:
    with a_home_till(more=backup_toml(stick)) as till:
        calls = till.start(failpoint=step).calls
        sell(calls, SALES)
        create(calls, pb.BACKUP_KIND_FULL)
        sell(calls, SALES_MORE)
        request = pb.CommitRestoreRequest(
            request_id=new_id(), plan_id=plan(calls).plan_id, accept_loss=True
        )
        with pytest.raises(grpc.RpcError):
            list(calls.backup.CommitRestore(request, timeout=BACK_S_MAX))
        till.await_exit()
        till.start()
        is_new = step == "home.switched"
        if is_new:
            assert outcome(till, request).outcome == pb.DATA_OUTCOME_COMMITTED
        else:
            ask = till.calls.backup.CommitRestore(request)
            assert reason_of(ask) == "PLAN_STALE"
        sold = SALES if is_new else SALES + SALES_MORE
        assert state_of(till.journal).perpetual.sales.count == sold
        assert sell(till.another(), 1) == [SALES + SALES_MORE + 1]
        left = [path.name for path in (till.home / "data").iterdir()]
        assert not [each for each in left if each.endswith(".partial")]


def test_data_that_do_not_prove_themselves_are_taken_back(stick: Path) -> None:
    with a_home_till(more=backup_toml(stick)) as till:
        calls = till.start(failpoint="home.switched").calls
        sell(calls, SALES)
        create(calls, pb.BACKUP_KIND_FULL)
        sell(calls, SALES_MORE)
        request = pb.CommitRestoreRequest(
            request_id=new_id(), plan_id=plan(calls).plan_id, accept_loss=True
        )
        with pytest.raises(grpc.RpcError):
            list(calls.backup.CommitRestore(request, timeout=BACK_S_MAX))
        till.await_exit()
        # The disk rots right after the switch.
        data = generation.journal_folder(till.home, "gen-0002") / "data.mdb"
        content = bytearray(data.read_bytes())
        for at in range(4096 * 3, len(content), 512):
            content[at] ^= 0xFF
        data.write_bytes(content)
        till.start()
        result = outcome(till, request)
        assert result.outcome == pb.DATA_OUTCOME_TAKEN_BACK
        assert result.why
        assert state_of(till.journal).perpetual.sales.count == SALES + SALES_MORE
        assert sell(till.another(), 1) == [SALES + SALES_MORE + 1]


# --- tillctl


def test_tillctl_restores_over_the_restart_and_says_it_in_plain_words(
    till: HomeTill, stick: Path
) -> None:
    calls = till.calls
    sell(calls, SALES)
    create(calls, pb.BACKUP_KIND_FULL)
    sell(calls, SALES_MORE)
    cut = stick / create(calls, pb.BACKUP_KIND_INCREMENT).backup.file_name
    cut.write_bytes(cut.read_bytes()[:-1])
    key = stick / "key.txt"
    key.write_text(str(OWNER))
    ask = ("data", "restore", "--key", str(key), "--address", till.address)
    planned = tillctl(*ask, "--plan")
    print(planned.stdout, planned.stderr)
    assert planned.returncode == 0
    assert "WHAT WOULD BE LOST" in planned.stdout
    assert "receipts 4 to 5" in planned.stdout
    told = " ".join(planned.stdout.split())
    assert f"NOT WHOLE, and passed over: {cut.name} It was cut off" in told
    words = next(each for each in planned.stdout.splitlines() if "--yes" in each).split()
    plan_id = words[words.index("--yes") + 1]
    refused = tillctl("data", "restore", "--yes", plan_id, "--address", till.address)
    assert refused.returncode == 1
    assert "RESTORE_WOULD_FORK" in refused.stderr
    done = tillctl("data", "restore", "--yes", plan_id, "--accept-loss", "--address", till.address)
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    assert "The data are restored" in done.stdout
    unasked = tillctl(*ask)
    assert unasked.returncode == 2
    assert "nothing was changed" in unasked.stderr
