"""Copies of backups in an object store: made beside everything else, as often as it takes.

What has been copied is known by the store alone and asked there, so no fact of the journal says it:
after a start it is not known until the store was looked at.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import msgspec
import structlog

from tillhald.backup.words import CopyOrder
from tillhald.domain import errors
from tillhald.service.backup_programs import run_program

if TYPE_CHECKING:
    from collections.abc import Callable

    from tillhald.config_backup import BackupTable
    from tillhald.journal.store import Store
    from tillhald.service.till import Till

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 20.0
"""How often the till looks whether there is something to copy."""
RETRY_S = 900.0
"""How long it waits after a copy that failed."""
LOOK_AGAIN_S = 24 * 3600.0
"""How often the store is looked at though nothing was backed up: what is gone there is copied
anew."""
COPY_S_MAX = 3 * 3600.0


class Copied(msgspec.Struct, frozen=True):
    """How the copies are. `last_seq`: the store has all up to that record, since `at_ms`, Unix
    time; 0 while it was not looked at. `trouble`: why the last try failed, as a sentence."""

    place: str = ""
    last_seq: int = 0
    at_ms: int = 0
    trouble: str = ""


class BackupCopies:
    """Everything runs on the event loop."""

    def __init__(
        self,
        table: Callable[[], BackupTable],
        till: Till,
        store: Store,
        now_ms: Callable[[], int],
    ) -> None:
        self._table = table
        self._till = till
        self._store = store
        self._now_ms = now_ms
        self._again_s = 0.0
        self._copied = Copied()

    @property
    def standing(self) -> Copied:
        """How they are; all of it empty where none are configured."""
        bucket = self._table().s3
        if bucket is None:
            return Copied()
        place = f"{bucket.endpoint.rstrip('/')}/{bucket.bucket}/{bucket.prefix}"
        return msgspec.structs.replace(self._copied, place=place)

    async def run(self) -> None:
        """Copy what there is to copy. Never ends by itself; cancel it."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Copy, if there is something new, or it is time to look again. Raises nothing."""
        table, last = self._table(), self._till.state.backups.last
        if table.s3 is None or last is None:
            return
        is_time = time.monotonic() >= self._again_s
        is_new = last.made.last_seq > self._copied.last_seq and not self._copied.trouble
        if not is_time and not is_new:
            return
        order = CopyOrder(
            journal=self._store.engine.folder,
            folder=table.folder,
            other_disk=table.other_disk,
            chain_id=self._store.identity.chain_id.hex(),
            bucket=table.s3,
            rules=table.rules,
        )
        began_s = time.monotonic()
        try:
            line = await run_program("copy", order, lambda _: None, deadline_s=COPY_S_MAX)
        except errors.Refused as refusal:
            self._failed(refusal.reason, refusal.sentence)
        except (OSError, TimeoutError):
            self._failed("BACKUP_TARGET_MISSING", "The store did not take the copies in time.")
        else:
            self._again_s = time.monotonic() + LOOK_AGAIN_S
            self._copied = Copied(last_seq=line.copied_seq, at_ms=self._now_ms())
            if line.copied or line.removed:
                took_ms = round((time.monotonic() - began_s) * 1000)
                log.info(
                    "backups_copied",
                    copied=len(line.copied),
                    removed=len(line.removed),
                    took_ms=took_ms,
                )

    def _failed(self, reason: str, sentence: str) -> None:
        self._again_s = time.monotonic() + RETRY_S
        self._copied = msgspec.structs.replace(self._copied, trouble=sentence)
        log.warning("backup_copy_failed", failure=reason)
