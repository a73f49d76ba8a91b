"""Checking backups and trying to restore them, while the till sells."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import structlog

from tillhald.backup.words import CheckOrder, Found
from tillhald.domain import backup_rules, errors
from tillhald.domain import events as ev
from tillhald.domain.backup import BackupTotals
from tillhald.domain.backup_rules import Kept
from tillhald.journal.errors import JournalDamaged
from tillhald.service.backup_programs import Standing, run_program

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tillhald.config import Config
    from tillhald.domain.state import TillState
    from tillhald.journal.store import Store
    from tillhald.service.backups import Shelf
    from tillhald.service.till import Till

log = structlog.get_logger(__name__)


class Checked(NamedTuple):
    """A backup that is whole."""

    found: Found
    file_name: str
    signed_here: bool


class Drilled(NamedTuple):
    """A restore that was proven."""

    file_names: tuple[str, ...]
    last_seq: int
    totals: BackupTotals
    took_ms: int


def signer_of(state: TillState) -> str:
    """The till's public key in hexadecimal, by its last backup; empty before there was one."""
    last = state.backups.last
    return last.made.signer if last else ""


class BackupChecks:
    """Raises refusals, BackupFailed among them where a program died; StorageError."""

    def __init__(
        self,
        config: Callable[[], Config],
        till: Till,
        store: Store,
        secrets: Mapping[str, str],
        shelf: Callable[[], Awaitable[Shelf]],
        tell: Callable[[Standing], None],
    ) -> None:
        """`secrets`: keys of this run's backups, by backup_id."""
        self._config = config
        self._till = till
        self._store = store
        self._secrets = secrets
        self._shelf = shelf
        self._tell = tell

    async def check(self, file_name: str, identity: str) -> Checked:
        """Check one file in the folder; with a key, everything in it."""
        shelf = await self._shelf()
        known = next((s for s in shelf.shelved if s.file_name == file_name), None)
        if known is None:
            sentence = f"There is no backup {file_name} in {shelf.folder}."
            raise errors.BackupNotFound(sentence, file_name=file_name)
        own = self._secrets.get(known.backup_id, "")
        secrets = tuple(secret for secret in (identity, own) if secret)
        path = str(Path(self._config().backup.folder) / file_name)
        # A key that somebody gave must open it: ours would hide that it does not.
        order = CheckOrder(files=(path,), secrets=secrets[:1])
        line = await run_program("check", order, self._tell)
        assert line.found, "a program that was not refused found something"
        return Checked(
            line.found[0], file_name, line.found[0].signer == signer_of(self._till.state)
        )

    async def drill(self, identity: str) -> Drilled:
        """Restore the newest set on trial. What came of it is recorded, unless a key lacked."""
        began_s = time.monotonic()
        newest = await self._newest_set()
        missing = [kept for kept in newest if kept.backup_id not in self._secrets]
        if missing and not identity:
            sentence = "These backups were made before the till was started: give the owner's key."
            raise errors.BackupKeyNeeded(sentence, file_name=missing[0].file_name)
        own = (self._secrets[kept.backup_id] for kept in newest if kept not in missing)
        folder = Path(self._config().backup.folder)
        journal = Path(self._store.engine.folder)
        order = CheckOrder(
            files=tuple(str(folder / kept.file_name) for kept in newest),
            secrets=(*own, *([identity] if identity else [])),
            scratch=str(journal.with_name(f"{journal.name}.drill")),
        )
        try:
            line = await run_program("check", order, self._tell)
            assert line.found, "a program that was not refused found something"
            found = line.found[-1]
            self._compare(found)
        except errors.BackupCorrupt as damage:
            fact = self._drill_fact(newest, began_s, finding=damage.sentence)
            await self._till.record([fact])
            log.error("restore_drill_failed", why=damage.sentence)
            raise
        fact = self._drill_fact(newest, began_s, finding="")
        await self._till.record([fact])
        log.info("restore_drill_passed", records=found.last_seq, took_ms=fact.took_ms)
        assert found.totals is not None, "a backup that was opened tells its totals"
        names = tuple(kept.file_name for kept in newest)
        return Drilled(names, found.last_seq, found.totals, fact.took_ms)

    async def _newest_set(self) -> list[Kept]:
        shelf = await self._shelf()
        chain_id = self._store.identity.chain_id.hex()
        kept = [
            Kept(
                each.backup_id,
                each.kind,
                each.follows,
                each.last_seq,
                each.closed_days,
                each.file_name,
                is_whole=True,
                incarnation=each.incarnation,
            )
            for each in shelf.shelved
            if each.is_complete and each.chain_id == chain_id
        ]
        sets = backup_rules.sets_of(kept)
        if not sets:
            raise errors.BackupNotFound("There is no full backup of this till in the folder.")
        return sets[-1]

    def _compare(self, found: Found) -> None:
        """With what is here. Raises BackupCorrupt."""
        try:
            here = self._store.record(found.last_seq)
        except JournalDamaged:
            return  # the journal's own trouble; the backup may be all that is left
        if here is not None and here.hash.hex() != found.head_hash:
            sentence = f"Record {found.last_seq} in the backup is another one than here."
            raise errors.BackupCorrupt(sentence)

    def _drill_fact(self, newest: list[Kept], began_s: float, finding: str) -> ev.RestoreDrillDone:
        return ev.RestoreDrillDone(
            backup_id=newest[-1].backup_id,
            last_seq=newest[-1].last_seq,
            passed=not finding,
            files=len(newest),
            took_ms=round((time.monotonic() - began_s) * 1000),
            finding=finding,
        )
