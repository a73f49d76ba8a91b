"""Bringing the till to another version: asked for, looked over, stopped, copied, switched.

Everything before the switch is undone by removing copies; the switch is one file (decision 17);
after it the new version proves itself, or the launcher brings the old pair back. So a cut at any
moment leaves a till that starts, and an upgrade that was cut off begins anew.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

import structlog

from tillhald.boot.slot import SlotDamaged, manifest_of, slots_folder
from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain.upgrade import (
    CANCELLABLE,
    OVER,
    Begin,
    Stage,
    Upgrade,
    UpgradeKind,
    UpgradePlan,
    When,
    check_step,
    ends_when_refused,
    may_begin,
)
from tillhald.domain.upgrade_checks import Finding, blocking, preflight
from tillhald.failpoints import reach
from tillhald.home import new_work_id
from tillhald.journal.errors import Overloaded, StorageError
from tillhald.service.patience import comes_within
from tillhald.service.upgrade_log import StepLog
from tillhald.service.upgrade_run import Way, in_the_way
from tillhald.service.upgrade_world import slot_facts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from tillhald.domain.upgrade import Override
    from tillhald.home import Home
    from tillhald.journal.store import Store
    from tillhald.service.switching import Switching
    from tillhald.service.till import Till
    from tillhald.service.upgrade_data import UpgradeData
    from tillhald.service.upgrade_log import Step
    from tillhald.service.upgrade_world import Estimate, SlotFacts, World

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 20.0
"""How often an upgrade that waits looks whether its time has come."""
_WHAT_FAILS: Final = (errors.Refused, StorageError, Overloaded, OSError, TimeoutError)


class Upgrades:
    """Everything runs on the event loop; one upgrade at a time."""

    def __init__(
        self,
        home: Home,
        *,
        till: Till,
        store: Store,
        world: World,
        data: UpgradeData,
        switching: Switching,
        now_ms: Callable[[], int],
    ) -> None:
        self.home = home
        self._till = till
        self._world = world
        self._way = Way(home, till, store, world, data, switching, now_ms, self)
        self._now_ms = now_ms
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stage = Stage.ARMED
        self._cancelling: asyncio.Task[None] | None = None
        self._said_blocked = ""
        self._log: StepLog | None = None
        self._log_of = ""

    # --- what callers ask for

    def find(self, upgrade_id: str) -> Upgrade:
        """The upgrade of this id, or the one under way, or the last one. Raises UpgradeNotFound."""
        upgrade = self._till.state.upgrades.find(upgrade_id)
        if upgrade is None:
            sentence = "There is no such upgrade. The one under way and the last one are known."
            raise errors.UpgradeNotFound(sentence, upgrade_id=upgrade_id)
        return upgrade

    @property
    def last(self) -> Upgrade | None:
        """The last one that is over."""
        return self._till.state.upgrades.last

    def stage_of(self, upgrade: Upgrade) -> Stage:
        """Where it stands, also between two facts."""
        return self._stage if self._is_current(upgrade) else upgrade.stage

    def steps_of(self, upgrade: Upgrade) -> StepLog:
        """The log of its progress."""
        if self._log is None or self._log_of != upgrade.upgrade_id:
            opened = StepLog(self.home.work_folder(upgrade.upgrade_id))
            if not self._is_current(upgrade):
                return opened
            self._log, self._log_of = opened, upgrade.upgrade_id
        return self._log

    def follow(self, upgrade_id: str, after_seq: int) -> AsyncIterator[Step]:
        """Its steps after `after_seq`, and then as they come. Raises UpgradeNotFound."""
        return self.steps_of(self.find(upgrade_id)).follow(after_seq)

    async def look(
        self, name: str, when: When, overrides: Iterable[Override] = ()
    ) -> tuple[SlotFacts, tuple[Finding, ...], Estimate]:
        """The preflight for a slot. Raises UpgradeNotStaged, StorageFailed and OSError."""
        to = await slot_facts(self.home.folder, name, whole=False)
        if not to.version:
            raise errors.UpgradeNotStaged("No such version is staged here.", slot=name)
        findings = preflight(await self._world.conditions(to, when), overrides)
        return to, findings, self._world.estimate(to)

    def migrates(self, to: SlotFacts) -> bool:
        """Whether the data has to be brought into another form. Raises GenerationUnusable."""
        return self._world.migrates(to)

    def staged(self) -> list[str]:
        """Slots that are built, and are neither the one that runs nor the one before; newest
        last."""
        record = self.home.record()
        taken = {self.home.pair.slot, record.previous.slot if record.previous else ""}
        times = {each.slot: each.staged_ms for each in self._till.state.upgrades.staged}
        found: list[str] = []
        for folder in sorted(slots_folder(self.home.folder).glob("*/")):
            with contextlib.suppress(SlotDamaged):
                manifest_of(folder)
                if folder.name not in taken:
                    found.append(folder.name)
        return sorted(found, key=lambda name: times.get(name, 0))

    def slot_named(self, name: str) -> str:
        """The staged slot of this name; the newest one without a name. Raises UpgradeNotStaged."""
        staged = self.staged()
        if (name and name not in staged) or not staged:
            raise errors.UpgradeNotStaged("No such version is staged here.", slot=name)
        return name or staged[-1]

    def slot_to_look_at(self, name: str) -> str:
        """As `slot_named`, and also the version before: without a name where nothing is staged."""
        previous = self.home.record().previous
        if previous is not None and (name == previous.slot or not (name or self.staged())):
            return previous.slot
        return self.slot_named(name)

    async def start(
        self,
        request_id: str,
        name: str,
        when: When,
        *,
        at_ms: int = 0,
        overrides: tuple[Override, ...] = (),
    ) -> tuple[Upgrade, bool]:
        """Arm an upgrade; it is durable when this returns. The bool: it was asked for before.

        Raises UpgradeNotStaged, UpgradeBusy, UpgradeBlocked, RequestIdReused, StorageFailed.
        """
        if (earlier := self._asked_before(request_id, UpgradeKind.UPGRADE, name)) is not None:
            await self._till.caught_up()
            return earlier, True
        self._must_be_free()
        return await self._arm(
            UpgradeKind.UPGRADE,
            self.slot_named(name),
            when,
            at_ms=at_ms,
            overrides=overrides,
            request_id=request_id,
        )

    async def roll_back(
        self, request_id: str, reason: str, overrides: tuple[Override, ...] = ()
    ) -> tuple[Upgrade, bool]:
        """Arm the way back to the version before, for now. As `start`; NoPreviousVersion."""
        if (earlier := self._asked_before(request_id, UpgradeKind.ROLLBACK, "")) is not None:
            await self._till.caught_up()
            return earlier, True
        self._must_be_free()
        previous = self.home.record().previous
        if previous is None or previous.slot == self.home.pair.slot:
            raise errors.NoPreviousVersion("No version ran here before this one.")
        return await self._arm(
            UpgradeKind.ROLLBACK,
            previous.slot,
            When.NOW,
            overrides=overrides,
            reason=reason,
            request_id=request_id,
        )

    async def cancel(self, request_id: str, upgrade_id: str) -> Upgrade:
        """End it before the switch. Raises UpgradeNotFound and UpgradeSwitched."""
        upgrade = self.find(upgrade_id)
        if upgrade.stage is Stage.ABORTED:
            await self._till.caught_up()
            return upgrade
        if self.stage_of(upgrade) not in CANCELLABLE:
            sentence = "It cannot be cancelled any more: the new version decides, or has decided."
            raise errors.UpgradeSwitched(sentence, stage=self.stage_of(upgrade))
        if self._cancelling is None or self._cancelling.done():
            ends = self._cancel(upgrade, request_id)
            self._cancelling = asyncio.get_running_loop().create_task(ends)
        # It is brought to its end once, whoever asks again, hangs up or loses patience meanwhile.
        await asyncio.shield(self._cancelling)
        await self._till.caught_up()
        return self.find(upgrade_id)

    async def _cancel(self, upgrade: Upgrade, request_id: str) -> None:
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._is_current(upgrade):
            await self._abort(upgrade, "CANCELLED", "Somebody cancelled it.", request_id)

    # --- by itself

    def take_up(self) -> None:
        """After a start: say how an upgrade ended, or note that it was cut off."""
        book = self._till.state.upgrades
        if book.last is not None:
            self._tell_the_end(book.last)
        current = book.current
        if current is None:
            return
        if current.stage is Stage.QUIESCED:
            self._till.note([ev.UpgradeInterrupted(upgrade_id=current.upgrade_id)])
            log.warning("upgrade_interrupted", upgrade_id=current.upgrade_id)
            sentence = "The till was cut off. The version before is up again; this begins anew."
            # A full disk may be what cut it off; and a till that did not start would not sell.
            with contextlib.suppress(OSError):
                self.tell(current, Stage.ARMED, sentence)
        self._stage = Stage.ARMED

    async def run(self) -> None:
        """Carry out what is armed. Never ends by itself; cancel it."""
        while True:
            current = self._till.state.upgrades.current
            if current is not None and self._stage is Stage.ARMED:
                try:
                    await self._look_after(current)
                except _WHAT_FAILS as error:
                    log.warning("upgrade_waits", why=str(error))
            await comes_within(self._woken.wait(), LOOK_EVERY_S)
            self._woken.clear()

    async def _look_after(self, upgrade: Upgrade) -> None:
        now_ms = self._now_ms()
        is_quiet = await self._world.day.is_quiet(now_ms)
        begin = may_begin(upgrade, now_ms, is_quiet=is_quiet)
        if begin is Begin.GIVE_UP:
            sentence = "It was tried too often, or found no moment for too long."
            await self._abort(upgrade, errors.UpgradeFailed.reason, sentence)
        elif begin is Begin.TRY:
            self._task = asyncio.get_running_loop().create_task(self._carry_out(upgrade))
            try:
                await asyncio.wait([self._task])
            except asyncio.CancelledError:
                self._task.cancel()
                await asyncio.wait([self._task])
                raise

    # --- carrying it out

    async def _carry_out(self, upgrade: Upgrade) -> None:
        try:
            await self._way.to_the_switch(upgrade)
        except _WHAT_FAILS as error:
            reason = getattr(error, "reason", errors.UpgradeFailed.reason)
            blocked = isinstance(error, errors.UpgradeBlocked)
            if blocked and not ends_when_refused(upgrade):
                self._wait_on(upgrade, str(error))
            else:
                log.warning("upgrade_aborted", upgrade_id=upgrade.upgrade_id, failure=reason)
                await self._abort(upgrade, reason, str(error))
        except Exception as error:
            # Whatever it was: the version that runs is whole, and goes on selling.
            log.error("upgrade_failed", upgrade_id=upgrade.upgrade_id, exc_info=error)
            await self._abort(upgrade, errors.UpgradeFailed.reason, "The till made a mistake.")

    # --- what becomes of it

    async def _abort(self, upgrade: Upgrade, reason: str, why: str, request_id: str = "") -> None:
        stage = self.stage_of(upgrade)
        fact = ev.UpgradeAborted(
            upgrade_id=upgrade.upgrade_id,
            stage=stage,
            reason=reason,
            why=why,
            request_id=request_id,
        )
        try:
            await self._till.record([fact])
            with contextlib.suppress(OSError):
                log_of = self.steps_of(upgrade)
                log_of.tell(Stage.ABORTED, why, self._now_ms(), reason=reason)
        finally:
            # Where the journal did not take it, it waits, and is looked after again.
            self._stage = Stage.ARMED

    def _wait_on(self, upgrade: Upgrade, why: str) -> None:
        """It found something in the way, and looks again; that is told once a reason."""
        self._stage = Stage.ARMED
        if why != self._said_blocked:
            self._said_blocked = why
            log.info("upgrade_waits", why=why)
            self.tell(upgrade, Stage.ARMED, why, reason=errors.UpgradeBlocked.reason)

    def _tell_the_end(self, upgrade: Upgrade) -> None:
        steps = StepLog(self.home.work_folder(upgrade.upgrade_id))
        last = steps.last
        if last is None or last.stage in OVER:
            return
        words = {
            Stage.COMMITTED: f"Version {upgrade.plan.version} stays. The till sells.",
            Stage.ROLLED_BACK: f"The version before is back: {upgrade.why}",
            Stage.ABORTED: upgrade.why,
        }
        with contextlib.suppress(OSError):
            if upgrade.stage is not Stage.ABORTED:
                steps.tell(Stage.PROBATION, "The new version checked itself.", self._now_ms())
            steps.tell(upgrade.stage, words[upgrade.stage], self._now_ms(), reason=upgrade.reason)

    # --- arming

    async def _arm(
        self,
        kind: UpgradeKind,
        name: str,
        when: When,
        *,
        overrides: tuple[Override, ...],
        request_id: str,
        at_ms: int = 0,
        reason: str = "",
    ) -> tuple[Upgrade, bool]:
        to, findings, _ = await self.look(name, when, overrides)
        if when is When.NOW and blocking(findings):
            raise in_the_way(findings)
        if to.fault:
            raise errors.UpgradeBlocked(to.fault, checks="interpreter")
        self._must_be_free()  # the preflight took a moment
        running = self.home.pair.slot
        plan = UpgradePlan(
            upgrade_id=new_work_id(),
            kind=kind,
            from_slot=running,
            from_version=manifest_of(slots_folder(self.home.folder) / running).version,
            slot=name,
            version=to.version,
            schema=to.schema,
            when=when,
            at_ms=at_ms,
            overrides=overrides,
            reason=reason,
            request_id=request_id,
        )
        self._stage, self._said_blocked = Stage.ARMED, ""
        await self._till.record([ev.UpgradeArmed(plan=plan)])
        reach("upgrade.armed")
        upgrade = self.find(plan.upgrade_id)
        log.info("upgrade_armed", upgrade_id=plan.upgrade_id, version=to.version, when=when)
        with contextlib.suppress(OSError):
            self.tell(upgrade, Stage.ARMED, f"Version {to.version} is asked for.")
        self._woken.set()
        return upgrade, False

    def _asked_before(self, request_id: str, kind: UpgradeKind, name: str) -> Upgrade | None:
        earlier = self._till.state.upgrades.by_request(request_id)
        is_other = earlier and (
            earlier.plan.kind is not kind or name not in ("", earlier.plan.slot)
        )
        if is_other or self._till.answered(request_id) is not None:
            sentence = "This request_id was used for another request."
            raise errors.RequestIdReused(sentence, request_id=request_id)
        return earlier

    def _must_be_free(self) -> None:
        current = self._till.state.upgrades.current
        if current is not None or self._till.quiet is not None:
            sentence = "Another upgrade is under way."
            raise errors.UpgradeBusy(sentence, upgrade_id=current.upgrade_id if current else "")

    # --- telling

    def _is_current(self, upgrade: Upgrade) -> bool:
        current = self._till.state.upgrades.current
        return current is not None and current.upgrade_id == upgrade.upgrade_id

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
        self._stage = stage if stage is self._stage else check_step(self._stage, stage)
        self.steps_of(upgrade).tell(
            stage, sentence, self._now_ms(), done=done, total=total, reason=reason
        )

    def progress(
        self, upgrade: Upgrade, stage: Stage, sentence: str, done: int, total: int, eta_s: int
    ) -> None:
        self.steps_of(upgrade).tell(
            stage, sentence, self._now_ms(), done=done, total=total, eta_s=eta_s
        )
