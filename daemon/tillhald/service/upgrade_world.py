"""What an upgrade's preflight measures: power, disk, sales, jobs, data, program; and how long it
is expected to take, from what the steps took here before."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final, NamedTuple

from tillhald.boot import generation, slot
from tillhald.domain.sale import UNDER_WAY, UNRESOLVED_TENDER
from tillhald.domain.upgrade import Stage, When
from tillhald.domain.upgrade_checks import Conditions
from tillhald.journal.health import Stage as StorageStage
from tillhald.schema import Way, way
from tillhald.service.beside import beside
from tillhald.service.upgrade_log import FILE, read_steps
from tillhald.service.verification import ChainCheck

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tillhald.domain.state import TillState
    from tillhald.home import Home
    from tillhald.journal.store import Store
    from tillhald.service.backups import Backups
    from tillhald.service.power import Power
    from tillhald.service.shop_day import ShopDay
    from tillhald.service.till import Till
    from tillhald.service.verification import Verification

SPARE_BYTES: Final = 64 << 20
"""What stays free whatever is copied: the till has to be able to sell and to switch."""
MIGRATE_RECORDS_PER_S: Final = 4_000
BACKUP_RECORDS_PER_S: Final = 4_000
RESTART_S: Final = 10
"""What the steps are taken to need as long as nothing was measured here."""
WORKS_LOOKED_AT_MAX: Final = 50


class SlotFacts(NamedTuple):
    """A slot that could run. `fault` is a sentence; empty where it is whole."""

    name: str
    version: str
    schema: int
    fault: str = ""


class Estimate(NamedTuple):
    """How long it is expected to take, in seconds, and the room that it needs."""

    backup_s: int
    migrate_s: int
    stopped_s: int
    disk_bytes: int


class Measured(NamedTuple):
    """Seconds that steps of the last upgrade took here; `per_record_s` of bringing data over."""

    per_record_s: float
    restart_s: float


class World:
    """Looks, and changes nothing."""

    def __init__(
        self,
        *,
        home: Home,
        till: Till,
        store: Store,
        backups: Backups,
        power: Power,
        verification: Verification,
        day: ShopDay,
        hour_of: Callable[[int], int],
        now_ms: Callable[[], int],
    ) -> None:
        self._home = home
        self._till = till
        self._store = store
        self._backups = backups
        self._power = power
        self._verification = verification
        self.day = day
        self._hour_of = hour_of
        self._now_ms = now_ms

    async def conditions(self, to: SlotFacts, when: When) -> Conditions:
        """The world for the rules of the preflight. Raises StorageFailed and OSError."""
        now_ms, state = self._now_ms(), self._till.state
        hours = await self.day.quiet_hours()
        hour = self._hour_of(now_ms)
        ahead = next(n for n in range(24) if (hour + n) % 24 in hours.hours)
        estimate = self.estimate(to)
        ups = self._power.state.of(self._power.state.ups)
        latest_ms = max(state.clock_max_ms, _staged_ms(state, to.name))
        return Conditions(
            supply=state.power.supply,
            charge_percent=ups.charge_percent if ups else None,
            runtime_s=ups.runtime_s if ups else None,
            estimate_s=estimate.stopped_s,
            disk_free_bytes=shutil.disk_usage(self._home.folder).free,
            disk_needed_bytes=estimate.disk_bytes,
            open_sales=sum(sale.state in UNDER_WAY for sale in state.sales.values()),
            pending_tenders=sum(
                tender.state in UNRESOLVED_TENDER
                for sale in state.sales.values()
                for tender in sale.tenders
            ),
            jobs_waiting=len(state.jobs) + len(state.kicks),
            backup_configured=bool(self._backups.folder),
            backup_failing=state.backups.failing,
            backup_records_since=_not_in_a_backup(state),
            journal_fault=self._journal_fault(),
            journal_check_running=self._verification.last_check is ChainCheck.RUNNING,
            in_quiet_hour=ahead == 0 if when is When.NOW else None,
            hours_to_quiet=ahead,
            quiet_learnt=hours.is_learnt,
            clock_suspect=state.clock_suspect,
            now_ms=now_ms,
            latest_ms=latest_ms,
            slot_fault=to.fault,
            shift_open=state.shift is not None,
            unuploaded=state.seq,
        )

    async def is_checked(self) -> None:
        """Return once the check of the whole journal, which each start begins, is over."""
        if self._verification.last_check is ChainCheck.RUNNING:
            await self._verification.over()

    def _journal_fault(self) -> str:
        if self._till.storage.stage is not StorageStage.SOUND:
            return "The journal is in trouble: sales go elsewhere meanwhile."
        if self._till.state.behind:
            return "Rows of an earlier file of the journal are still being brought back."
        if self._verification.last_check in {ChainCheck.FAULTY, ChainCheck.FAILED}:
            return "The check of the whole journal did not find it sound: `tillctl journal verify`."
        return ""

    def migrates(self, to: SlotFacts) -> bool:
        """Whether the data has to be brought into another form for this slot.

        Raises GenerationUnusable.
        """
        meta = generation.meta_of(self._home.folder, self._home.generation)
        found = way(to.schema, schema=meta.schema, min_reader=meta.min_reader)
        return found is not Way.KEEP

    def estimate(self, to: SlotFacts) -> Estimate:
        """How long it would take, and what room it needs."""
        state = self._till.state
        measured = measured_in(self._home.folder)
        migrate_s = measured.per_record_s * state.seq if self.migrates(to) else 0.0
        last = state.backups.last
        per_record_s = (
            last.took_ms / 1000 / last.made.records
            if last is not None and last.made.records and last.took_ms
            else 1 / BACKUP_RECORDS_PER_S
        )
        backup_s = per_record_s * _not_in_a_backup(state) if self._backups.folder else 0.0
        used = self._store.usage.used_bytes
        copies = 2 * used if self.migrates(to) else used
        return Estimate(
            backup_s=round(backup_s),
            migrate_s=round(migrate_s),
            stopped_s=max(round(migrate_s + measured.restart_s), 1),
            disk_bytes=copies + SPARE_BYTES,
        )


async def slot_facts(home: Path, name: str, *, whole: bool) -> SlotFacts:
    """What a slot is, and whether it is as it was installed: its contents too, if `whole`."""
    folder = slot.slots_folder(home) / name
    try:
        # Seconds for all contents: beside the loop, whose disk this is, too.
        manifest = await beside(slot.check, folder, whole=whole)
    except slot.SlotDamaged as damage:
        try:
            manifest = slot.manifest_of(folder)
        except slot.SlotDamaged:
            return SlotFacts(name, "", 0, str(damage))
        return SlotFacts(name, manifest.version, manifest.schema, str(damage))
    return SlotFacts(name, manifest.version, manifest.schema)


def measured_in(home: Path) -> Measured:
    """What the steps of the last upgrade that was committed took here."""
    # By its log: what else is in a work's folder may be removed long after.
    logs = sorted((home / "work").glob(f"*/{FILE}"), key=lambda path: path.stat().st_mtime)
    for path in reversed(logs[-WORKS_LOOKED_AT_MAX:]):
        steps = read_steps(path.parent)
        if not steps or steps[-1].stage is not Stage.COMMITTED:
            continue
        began: dict[Stage, int] = {}
        for step in steps:
            began.setdefault(step.stage, step.at_ms)
        migrated = next((s for s in steps if s.stage is Stage.MIGRATED and s.total), None)
        per_record_s = 1 / MIGRATE_RECORDS_PER_S
        if migrated is not None and Stage.BACKED_UP in began:
            took_ms = max(migrated.at_ms - began[Stage.BACKED_UP], 0)
            per_record_s = took_ms / 1000 / migrated.total
        switched_ms = began.get(Stage.SWITCHED, steps[-1].at_ms)
        return Measured(per_record_s, max(steps[-1].at_ms - switched_ms, 0) / 1000 or RESTART_S)
    return Measured(1 / MIGRATE_RECORDS_PER_S, RESTART_S)


def _staged_ms(state: TillState, slot_name: str) -> int:
    return max(
        (each.staged_ms for each in state.upgrades.staged if each.slot == slot_name), default=0
    )


def _not_in_a_backup(state: TillState) -> int:
    last = state.backups.last
    return state.seq - last.made.last_seq if last else state.seq
