"""The data of an upgrade: backed up, brought into another form, and removed where it came to
nothing. The generation that the till sells over is only read."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
import uuid
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

from tillhald.boot import generation
from tillhald.boot.files import PARTIAL, partial_folder, sync
from tillhald.boot.record import NoRecord
from tillhald.domain import errors
from tillhald.domain.upgrade_checks import Check
from tillhald.failpoints import reach
from tillhald.journal.errors import JournalDamaged
from tillhald.journal.verify import verify_in_child
from tillhald.service.backup_programs import Standing
from tillhald.service.beside import beside
from tillhald.service.migrating import bring_over
from tillhald.service.patience import comes_within

if TYPE_CHECKING:
    from collections.abc import Callable

    from tillhald.domain.backup import BackupTotals
    from tillhald.domain.upgrade import UpgradePlan
    from tillhald.home import Home
    from tillhald.journal.store import Store
    from tillhald.service.backups import Backups
    from tillhald.service.upgrade_world import SlotFacts

    Progress = Callable[[str, int, int, int], None]

log = structlog.get_logger(__name__)

BACKUP_BUSY_S_MAX: Final = 600.0
BACKUP_BUSY_AT_REST_S_MAX: Final = 2.0
"""Nothing is sold meanwhile: the upgrade lets the till sell on, and comes back later."""
COPY_S_MAX: Final = 1800.0
COPY: Final = "journal-before"


class NewGeneration(NamedTuple):
    """Data in another form; `seq` and `head` are its last record's."""

    generation: str
    totals: BackupTotals
    seq: int
    head: bytes


class UpgradeData:
    """Everything runs on the event loop; what is heavy runs beside it."""

    def __init__(self, home: Home, *, store: Store, backups: Backups) -> None:
        self._home = home
        self._store = store
        self._backups = backups

    async def back_up(self, plan: UpgradePlan, on_progress: Progress) -> None:
        """Make a backup, written and read back, where backups are configured.

        Raises what making one raises, unless somebody said to go on without.
        """
        if not self._backups.folder:
            return
        try:
            await self._back_up(on_progress, BACKUP_BUSY_S_MAX)
        except errors.Refused as refusal:
            if not _is_overridden(plan):
                raise
            log.warning("upgrade_without_backup", why=refusal.sentence)

    async def secure(self, plan: UpgradePlan, on_progress: Progress, *, migrates: bool) -> None:
        """The last step before anything is brought over: what came since is backed up, too.

        Where no backup can be made, the data stays on the till's disk a second time, checked: as
        the old generation where a new one is made, else as a copy beside the work.
        """
        if self._backups.folder and not _is_overridden(plan):
            await self._back_up(on_progress, BACKUP_BUSY_AT_REST_S_MAX)
        elif not migrates:
            await self._copy(plan, on_progress)

    async def migrate(
        self, plan: UpgradePlan, to: SlotFacts, on_progress: Progress
    ) -> NewGeneration:
        """Build the next generation in the form that `to` writes; finished and durable.

        Raises UpgradeFailed and OSError.
        """
        name = generation.next_name(self._home.folder)
        building = partial_folder(generation.data_folder(self._home.folder) / name)
        reach("upgrade.generation_begun")
        made = await bring_over(
            self._home,
            to,
            building / "journal",
            lambda at: on_progress("The data is brought over.", at.done, at.total, at.eta_s),
        )
        meta = generation.Meta(
            schema=made.schema,
            min_reader=made.min_reader,
            made_by=plan.upgrade_id,
            made_from=self._home.generation,
        )
        generation.finish(building, meta)
        return NewGeneration(name, made.totals, made.seq, bytes.fromhex(made.head))

    async def remove_built(self, upgrade_id: str) -> None:
        """Remove the data that was built for this upgrade and that no boot record names."""
        await beside(remove_built, self._home, upgrade_id)

    async def _back_up(self, on_progress: Progress, busy_s_max: float) -> None:
        def hear(at: Standing) -> None:
            on_progress(f"Backup: {at.phase}.", at.done, at.total, at.eta_s)

        if not await comes_within(self._backups.free(), busy_s_max):
            sentence = "Another backup is being made, or one is being tried."
            raise errors.UpgradeBlocked(sentence, checks=Check.BACKUP_VERIFIED.value)
        async for step in self._backups.create(str(uuid.uuid4()), None):
            if isinstance(step, Standing):
                hear(step)

    async def _copy(self, plan: UpgradePlan, on_progress: Progress) -> None:
        on_progress("The data is copied.", 0, 0, 0)
        work = self._home.work_folder(plan.upgrade_id)
        work.mkdir(mode=0o700, parents=True, exist_ok=True)
        building = partial_folder(work / COPY)
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-P", "-m", "tillhald.journal.copying", self._store.engine.folder, str(building)),
            stdin=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(COPY_S_MAX):
                status = await child.wait()
        finally:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
        if status:
            raise errors.UpgradeFailed(
                f"The data could not be copied ({status}). Is the disk full?"
            )
        reach("upgrade.copy_made")
        try:
            await verify_in_child(
                str(building),
                lambda done, total: on_progress("The copy is checked.", done, total, 0),
                deadline_s=COPY_S_MAX,
            )
        except JournalDamaged as damage:
            raise errors.UpgradeFailed(f"The copy is not whole: {damage.sentence}") from damage
        kept = work / COPY
        if kept.exists():
            shutil.rmtree(kept)
        building.rename(kept)
        sync(work)
        reach("upgrade.copy_named")


def remove_built(home: Home, upgrade_id: str) -> None:
    """As UpgradeData.remove_built. Blocks; raises nothing."""
    try:
        record = home.record()
    except (NoRecord, OSError):
        return
    pairs = (record.committed, record.previous, record.trial.pair if record.trial else None)
    named = {pair.generation for pair in pairs if pair is not None}
    for folder in sorted(generation.data_folder(home.folder).glob("gen-*")):
        if folder.name in named or folder.name == home.generation:
            continue
        try:
            if folder.name.endswith(PARTIAL):
                shutil.rmtree(folder, ignore_errors=True)
            elif generation.meta_of(home.folder, folder.name).made_by == upgrade_id:
                # Renamed first: of what a power cut leaves, the next start removes the rest.
                gone = folder.with_name(folder.name + PARTIAL)
                folder.rename(gone)
                shutil.rmtree(gone, ignore_errors=True)
        except (generation.GenerationUnusable, OSError) as error:
            log.warning("generation_not_removed", generation=folder.name, why=str(error))


def _is_overridden(plan: UpgradePlan) -> bool:
    return any(each.code == Check.BACKUP_VERIFIED for each in plan.overrides)
