"""Upgrades through the RPCs, with real processes: a till under its launcher, slots, restarts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest

from tests.e2e.test_backups import backup_toml, create
from tests.e2e.test_home import await_lines
from tests.support.answers import assert_journal_sound, refusal_of
from tests.support.homes import CRASHES, FIRST, HANGS, homed
from tests.support.sales import new_id
from tests.support.till import Till, short_folder, till_toml
from tests.support.upgraded import NEW, OLDER, UpgradedTill, stage_slot
from tillhal.v1 import backup_pb2 as data_pb
from tillhal.v1 import upgrade_pb2 as pb
from tillhald.service.upgrade_data import COPY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


STOP_S = 40.0
"""A machine that is busy takes long to stop a till."""


@pytest.fixture
def till() -> Iterator[UpgradedTill]:
    """Installed, and not running."""
    with homed(UpgradedTill, trial_s=60.0) as one:
        yield one


def test_an_upgrade_takes_everything_along_and_the_till_sells_on(till: UpgradedTill) -> None:
    stage_slot(till.home)
    till.start()
    till.leave_things_open()
    before = till.open_things()
    asked = till.start_upgrade()
    ended = till.await_end(asked.upgrade_id)
    assert ended.stage == pb.UPGRADE_STAGE_COMMITTED, ended
    assert till.stages[-6:] == [
        pb.UPGRADE_STAGE_QUIESCED,
        pb.UPGRADE_STAGE_BACKED_UP,
        pb.UPGRADE_STAGE_MIGRATED,
        pb.UPGRADE_STAGE_SWITCHED,
        pb.UPGRADE_STAGE_PROBATION,
        pb.UPGRADE_STAGE_COMMITTED,
    ]
    assert till.runs() == (NEW, "gen-0002"), "the data was brought into the new form"
    assert till.open_things() == before
    assert till.sell() == 2
    assert_journal_sound(till.calls)


def test_what_is_rolled_back_by_hand_keeps_what_was_sold_since(till: UpgradedTill) -> None:
    stage_slot(till.home, schema=OLDER)
    till.start()
    till.leave_things_open()
    till.await_end(till.start_upgrade().upgrade_id)
    assert till.runs() == (NEW, FIRST.generation), "the form is the same: so is the data"
    assert till.sell() == 2
    before = till.open_things()
    ended = till.await_end(till.roll_back("the new one is slow").upgrade_id)
    assert (ended.kind, ended.stage) == (pb.UPGRADE_KIND_ROLLBACK, pb.UPGRADE_STAGE_COMMITTED)
    assert till.runs() == (FIRST.slot, FIRST.generation)
    assert till.open_things() == before
    assert till.sell() == 3
    assert_journal_sound(till.calls)


@pytest.mark.parametrize("script", [CRASHES, HANGS], ids=["crashes", "hangs"])
def test_a_version_that_does_not_prove_itself_goes_without_a_person(script: str) -> None:
    # The new version's interpreter is asked to bring the data over, too: that works.
    works_once = 'case "$*" in *migration*) exec "{python}" "$@";; esac\n' + script
    with homed(UpgradedTill, trial_s=8.0) as till:
        stage_slot(till.home, works_once)
        till.start()
        till.leave_things_open()
        before = till.open_things()
        ended = till.await_end(till.start_upgrade().upgrade_id)
        assert ended.stage == pb.UPGRADE_STAGE_ROLLED_BACK
        assert ended.why
        assert till.runs() == (FIRST.slot, FIRST.generation)
        assert till.open_things() == before
        assert till.sell() == 2


def test_an_upgrade_that_is_armed_survives_a_restart_and_can_be_cancelled(
    till: UpgradedTill,
) -> None:
    stage_slot(till.home)
    till.start()
    till.await_checked()
    request_id = new_id()
    request = pb.StartUpgradeRequest(request_id=request_id, when=pb.UPGRADE_WHEN_QUIET)
    armed = till.calls.upgrade.StartUpgrade(request).upgrade
    again = till.calls.upgrade.StartUpgrade(request)
    assert again.replayed
    assert again.upgrade.upgrade_id == armed.upgrade_id
    till.restart()
    found = till.calls.upgrade.GetUpgrade(pb.GetUpgradeRequest()).upgrade
    assert (found.upgrade_id, found.can_cancel) == (armed.upgrade_id, True)
    other = pb.StartUpgradeRequest(request_id=new_id(), when=pb.UPGRADE_WHEN_QUIET)
    with pytest.raises(grpc.RpcError) as refused:
        till.calls.upgrade.StartUpgrade(other)
    assert refusal_of(refused.value).reason == "UPGRADE_BUSY"
    for _ in range(2):
        cancel = pb.CancelUpgradeRequest(request_id=new_id(), upgrade_id=armed.upgrade_id)
        over = till.calls.upgrade.CancelUpgrade(cancel).upgrade
        assert over.stage == pb.UPGRADE_STAGE_ABORTED
    assert till.sell() == 1


def test_a_preflight_that_blocks_keeps_the_upgrade_from_beginning(till: UpgradedTill) -> None:
    stage_slot(till.home)
    till.start()
    till.leave_things_open()
    till.await_checked()
    answer = till.calls.upgrade.PreflightUpgrade(pb.PreflightUpgradeRequest())
    assert not answer.clear
    assert answer.migrates
    assert len(answer.checks) == 13
    blocks = {each.code for each in answer.checks if each.severity == pb.CHECK_SEVERITY_BLOCKS}
    assert blocks == {"print_queue"}
    request = pb.StartUpgradeRequest(request_id=new_id(), when=pb.UPGRADE_WHEN_NOW)
    with pytest.raises(grpc.RpcError) as refused:
        till.calls.upgrade.StartUpgrade(request)
    assert refusal_of(refused.value).reason == "UPGRADE_BLOCKED"
    with pytest.raises(grpc.RpcError) as unknown:
        till.calls.upgrade.GetUpgrade(pb.GetUpgradeRequest())
    assert refusal_of(unknown.value).reason == "UPGRADE_NOT_FOUND"


def test_the_copy_that_an_upgrade_left_stays_until_a_backup_holds_what_is_in_it(
    till: UpgradedTill,
) -> None:
    stage_slot(till.home, schema=OLDER)
    till.start()
    assert till.sell() == 1
    upgrade_id = till.start_upgrade().upgrade_id
    assert till.await_end(upgrade_id).stage == pb.UPGRADE_STAGE_COMMITTED
    copy = till.home / "work" / upgrade_id / COPY
    assert copy.is_dir(), "no backups are configured: the data is there twice"
    till.stop(within_s=STOP_S)
    till.start()
    with short_folder() as stick:
        till.config.write_text(till.config.read_text() + backup_toml(stick))
        till.stop(within_s=STOP_S)
        till.start()
        till.await_checked()  # by then all that begins at a start has begun
        assert copy.is_dir(), "there is no backup yet"
        create(till.calls, data_pb.BACKUP_KIND_FULL)
        till.stop(within_s=STOP_S)
        till.start()
        await_lines(till, "left_over_removed", 1)
        assert [path.name for path in copy.parent.glob(f"{COPY}*")] == []
        # The way back goes on from what runs, and needs no copy.
        back = till.await_end(till.roll_back("the new one is slow").upgrade_id)
        assert back.stage == pb.UPGRADE_STAGE_COMMITTED, back
        assert till.runs() == (FIRST.slot, FIRST.generation)
        assert till.sell() == 2
        assert till.receipts() == [1, 2]
        till.stop(within_s=STOP_S)


KILLED = 128 + 9
CUTS = ("upgrade.armed", "upgrade.begun", "upgrade.migrated", "home.work_stored")


@pytest.mark.parametrize("failpoint", CUTS)
def test_a_till_that_dies_before_the_switch_comes_up_as_it_was_and_upgrades_to_the_end(
    till: UpgradedTill, failpoint: str
) -> None:
    stage_slot(till.home)
    till.start(failpoint)
    till.leave_things_open()
    before = till.open_things()
    try:
        till.start_upgrade()
    except grpc.RpcError:
        assert failpoint == "upgrade.armed", "only there the caller has no answer"
    assert till.await_exit() == KILLED, "the launcher ends as its daemon did"
    till.start()
    upgrade = till.calls.upgrade.GetUpgrade(pb.GetUpgradeRequest()).upgrade
    ended = till.await_end(upgrade.upgrade_id)
    assert ended.stage == pb.UPGRADE_STAGE_COMMITTED, ended
    assert till.runs()[0] == NEW
    assert till.open_things() == before
    assert till.sell() == 2
    assert_journal_sound(till.calls)


def test_a_till_without_a_home_refuses_upgrades_and_says_what_it_runs(tmp_path: Path) -> None:
    till = Till(tmp_path, None, till_toml(tmp_path))
    try:
        till.start()
        versions = till.calls.upgrade.GetVersions(pb.GetVersionsRequest())
        assert versions.running.version
        assert not versions.running.slot
        with pytest.raises(grpc.RpcError) as refused:
            till.calls.upgrade.PreflightUpgrade(pb.PreflightUpgradeRequest())
        assert refusal_of(refused.value).reason == "HOME_NEEDED"
    finally:
        till.end()
