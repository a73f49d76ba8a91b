"""A restore and a clean by real processes, as `upgrade_journeys` has upgrades."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.crash.upgrade_journeys import BACKUPS, TRIAL_S
from tests.crash.upgrade_judge import OLD
from tests.e2e.test_backups import backup_toml, create
from tests.e2e.test_restore import outcome, plan
from tests.support.sales import new_id
from tests.support.upgraded import UpgradedTill
from tillhal.v1 import backup_pb2 as pb
from tillhald.boot.record import Pair
from tillhald.schema import SCHEMA

if TYPE_CHECKING:
    from pathlib import Path


GENERATION = "gen-0002"


class _SettledTill(UpgradedTill):
    """Its data have the newest form."""

    schema = SCHEMA


class Cleaned:
    """What was sold before the till goes live is removed; a copy of it is kept beside it."""

    name = "cleaned before it goes live"
    is_on_ext4 = False

    def a_till(self, folder: Path, _backups: Path) -> UpgradedTill:
        """Not live yet."""
        return _SettledTill(folder, trial_s=TRIAL_S)

    def prepare(self, till: UpgradedTill) -> None:
        """Things are not finished."""
        till.leave_things_open()

    def come_to_its_end(self, till: UpgradedTill) -> None:
        """Unless it is done."""
        if till.runs()[1] == OLD.generation:
            found = till.calls.backup.PlanClean(pb.PlanCleanRequest())
            _change(till, pb.CommitCleanRequest(request_id=new_id(), plan_id=found.plan_id))

    def look(self, _till: UpgradedTill) -> None:
        """Nothing stays as it is."""

    def check(self, till: UpgradedTill, _before: object) -> None:
        """Nothing is left that was sold."""
        status = till.calls.backup.GetDataStatus(pb.GetDataStatusRequest())
        assert status.totals.sales == 0
        assert till.sell() == 1

    def came(self, _home: Path) -> Pair:
        """See Way."""
        return Pair(slot=OLD.slot, generation=GENERATION)


class Restored:
    """The till goes back to a backup; what was sold since is lost, as somebody said."""

    name = "restored from a backup"
    is_on_ext4 = False

    def a_till(self, folder: Path, backups: Path) -> UpgradedTill:
        """It is backed up."""
        return _SettledTill(folder, trial_s=TRIAL_S, more=backup_toml(backups))

    def prepare(self, till: UpgradedTill) -> None:
        """A backup is made, and one more sale."""
        till.leave_things_open()
        create(till.calls, pb.BACKUP_KIND_FULL)
        assert till.sell() == 2

    def come_to_its_end(self, till: UpgradedTill) -> None:
        """Unless it is done."""
        if till.runs()[1] == OLD.generation:
            # The safety copy of an attempt that was cut off is a later one.
            oldest = min((till.home.parent / BACKUPS).glob("*.tbk"))
            found = plan(till.calls, str(oldest))
            _change(
                till,
                pb.CommitRestoreRequest(
                    request_id=new_id(), plan_id=found.plan_id, accept_loss=True
                ),
            )

    def look(self, _till: UpgradedTill) -> None:
        """Nothing stays as it is."""

    def check(self, till: UpgradedTill, _before: object) -> None:
        """What was in the backup is there; no receipt gets a number that another one had."""
        status = till.calls.backup.GetDataStatus(pb.GetDataStatusRequest())
        assert status.totals.sales == 1
        assert till.sell() == 3

    def came(self, _home: Path) -> Pair:
        """See Way."""
        return Pair(slot=OLD.slot, generation=GENERATION)


def _change(till: UpgradedTill, ask: pb.CommitCleanRequest | pb.CommitRestoreRequest) -> None:
    result = outcome(till, ask)  # type: ignore[arg-type]  # a till with a home, too
    assert result.outcome == pb.DATA_OUTCOME_COMMITTED, result
    till.speak_anew()
