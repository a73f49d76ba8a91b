"""Carrying an upgrade out, from the preflight to the switch.

While the till sells: the preflight, and most of the backup. Then selling stops: what came since is
backed up, the data is brought into the new form, and the switch is made. Whatever fails or is cut
off before the boot record is written leaves the old pair, over data that was only read.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import structlog

from tillhald.boot.record import Pair
from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain.backup_rules import totals_of
from tillhald.domain.switches import WorkKind
from tillhald.domain.upgrade import Stage, UpgradeKind
from tillhald.domain.upgrade_checks import Finding, blocking, preflight
from tillhald.failpoints import reach
from tillhald.home import Work
from tillhald.service.upgrade_world import slot_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tillhald.domain.upgrade import Upgrade
    from tillhald.home import Home
    from tillhald.journal.store import Store
    from tillhald.service.switching import Switching
    from tillhald.service.till import Till
    from tillhald.service.upgrade_data import UpgradeData
    from tillhald.service.upgrade_world import SlotFacts, World

log = structlog.get_logger(__name__)

COPIES_MAX: Final = 3
"""So often the data is copied again because something was recorded meanwhile."""
_WORK_KINDS: Final = {
    UpgradeKind.UPGRADE: WorkKind.UPGRADE,
    UpgradeKind.ROLLBACK: WorkKind.ROLLBACK,
}


class Teller(Protocol):
    """Hears where an upgrade stands."""

    def tell(
        self,
        upgrade: Upgrade,
        stage: Stage,
        sentence: str,
        *,
        done: int = 0,
        total: int = 0,
        reason: str = "",
    ) -> None:
        """It has come to a stage."""

    def progress(
        self, upgrade: Upgrade, stage: Stage, sentence: str, done: int, total: int, eta_s: int
    ) -> None:
        """It goes on within one."""


class Way(NamedTuple):
    """What an upgrade is carried out with. Everything runs on the event loop."""

    home: Home
    till: Till
    store: Store
    world: World
    data: UpgradeData
    switching: Switching
    now_ms: Callable[[], int]
    teller: Teller

    async def to_the_switch(self, upgrade: Upgrade) -> None:
        """Do all of it; the daemon is asked to restart when this returns.

        Raises Refused, StorageError and OSError; then the till sells as before.
        """
        plan = upgrade.plan
        self.teller.tell(upgrade, Stage.PREFLIGHT, "Looking whether anything is in the way.")
        to = await slot_facts(self.home.folder, plan.slot, whole=True)
        await self._must_be_clear(upgrade, to)
        # Most of the backup is made while the till sells; what comes then is added when it rests.
        await self.data.back_up(
            plan, lambda *at: self.teller.progress(upgrade, Stage.PREFLIGHT, *at)
        )
        await self._must_be_clear(upgrade, to)
        reach("upgrade.looked_over")
        sentence = "The till is being upgraded."
        refusal = errors.UpgradeInProgress(sentence, upgrade_id=upgrade.upgrade_id)
        try:
            await self.switching.begin(refusal)
        except errors.DeviceBusy as busy:
            raise errors.UpgradeBlocked(busy.sentence, checks="print_queue") from busy
        try:
            await self._stopped(upgrade, to)
        except BaseException:
            # The till is quiet until then, so that no other work builds a generation meanwhile.
            try:
                await self.data.remove_built(upgrade.upgrade_id)
            finally:
                self.switching.end()
            raise

    async def _must_be_clear(self, upgrade: Upgrade, to: SlotFacts) -> None:
        plan = upgrade.plan
        await self.world.is_checked()
        findings = preflight(await self.world.conditions(to, plan.when), plan.overrides)
        if blocking(findings):
            raise in_the_way(findings)

    async def _stopped(self, upgrade: Upgrade, to: SlotFacts) -> None:
        """All that is done while nothing is sold; ends with the switch."""
        plan = upgrade.plan
        reach("upgrade.at_rest")
        totals = totals_of(self.till.state)
        await self.till.record([ev.UpgradeBegun(upgrade_id=upgrade.upgrade_id, totals=totals)])
        reach("upgrade.begun")
        self.teller.tell(upgrade, Stage.QUIESCED, "Selling has stopped.")
        log.info("upgrade_begun", upgrade_id=upgrade.upgrade_id, version=plan.version)
        migrates = self.world.migrates(to)
        await self.data.secure(
            plan, lambda *at: self.teller.progress(upgrade, Stage.QUIESCED, *at), migrates=migrates
        )
        reach("upgrade.backed_up")
        sentence = "The data is there a second time, and that was checked."
        self.teller.tell(upgrade, Stage.BACKED_UP, sentence)
        for _ in range(COPIES_MAX):
            work = await self._new_pair(upgrade, to, migrates=migrates)
            # From here to the boot record nothing waits, so nothing can come between.
            if work is not None and self._switch(upgrade, work):
                return
            await self.data.remove_built(upgrade.upgrade_id)
        sentence = "Something is recorded again and again: the data does not come to rest."
        raise errors.UpgradeFailed(sentence)

    async def _new_pair(self, upgrade: Upgrade, to: SlotFacts, *, migrates: bool) -> Work | None:
        """The work that the switch needs; None where something was recorded meanwhile."""
        plan = upgrade.plan
        await self.till.caught_up()
        state, last = self.till.state, self.store.head
        totals = totals_of(state)
        generation = self.home.generation
        if migrates:
            made = await self.data.migrate(
                plan, to, lambda *at: self.teller.progress(upgrade, Stage.BACKED_UP, *at)
            )
            if made.totals != totals:
                sentence = f"The data comes to {made.totals} in its new form, and was {totals}."
                raise errors.UpgradeFailed(sentence)
            generation = made.generation
            if (made.seq, made.head) != (last.seq, last.hash):
                return None
        if state.seq != last.seq:
            return None
        reach("upgrade.migrated")
        sentence = "The data is there in its new form, and comes to the same."
        if not migrates:
            sentence = "The new version goes on with the data as it is."
        self.teller.tell(upgrade, Stage.MIGRATED, sentence, done=state.seq, total=state.seq)
        return Work(
            work_id=upgrade.upgrade_id,
            kind=_WORK_KINDS[plan.kind],
            request_id=plan.request_id,
            begun_ms=self.now_ms(),
            from_pair=self.home.pair,
            to_pair=Pair(slot=plan.slot, generation=generation),
            version=plan.version,
            expected=totals,
            expected_seq=last.seq,
            expected_head=last.hash,
        )

    def _switch(self, upgrade: Upgrade, work: Work) -> bool:
        reach("upgrade.before_switch")
        if not self.switching.switch(work, seq=work.expected_seq):
            return False
        reach("upgrade.switched")
        # It only tells a person; and from here on nothing may bring the till back to selling.
        with contextlib.suppress(OSError):
            sentence = "The till restarts, and tries the new version."
            self.teller.tell(upgrade, Stage.SWITCHED, sentence)
        return True


def in_the_way(findings: Iterable[Finding]) -> errors.UpgradeBlocked:
    """The refusal that names what blocks."""
    found = [finding for finding in findings if finding.blocks]
    sentence = " ".join(finding.sentence for finding in found)
    return errors.UpgradeBlocked(sentence, checks=",".join(f.check for f in found))
