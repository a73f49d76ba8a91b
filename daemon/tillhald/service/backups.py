"""Backups while the till sells: made by itself or on demand, checked, tried, and thinned out.

What is heavy, and what touches a disk that may not answer, is done by programs beside the till; one
at a time. Here are the order of things, the facts, and who may watch.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
import uuid
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import lmdb
import msgspec
import structlog

from tillhald.backup.keys import identity_of
from tillhald.backup.shelf import ShelfOrder
from tillhald.backup.words import MakeOrder
from tillhald.domain import backup_rules, errors
from tillhald.domain import events as ev
from tillhald.domain.backup import BackupKind, BackupMade
from tillhald.domain.backup_rules import Moment
from tillhald.domain.supply import Supply
from tillhald.failpoints import reach
from tillhald.journal.errors import Overloaded, StorageError
from tillhald.service.backup_checks import BackupChecks, Checked, Drilled
from tillhald.service.backup_copies import BackupCopies
from tillhald.service.backup_programs import Standing, run_program
from tillhald.service.data_plans import Planned, Switched
from tillhald.service.work import Work

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from tillhald.backup.words import Line, Shelved
    from tillhald.config import Config
    from tillhald.config_backup import BackupTable
    from tillhald.domain.backup_rules import BackupRules
    from tillhald.journal.store import Store
    from tillhald.service.till import Till

R = TypeVar("R")

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 20.0
"""How often the till looks whether a backup is due."""
SHELF_S_MAX = 60.0
STATUS_SHELF_S_MAX = 3.0
SECRETS_MAX = 64
"""Keys of this run's backups that are kept in memory, the newest ones."""
_WITH_POWER = frozenset({Supply.ONLINE, Supply.UNPROTECTED, Supply.INIT, Supply.COMM_LOST})
"""When the till begins a backup by itself: on battery there are better uses for what is left."""


class Done(NamedTuple):
    """A backup that was made. `replayed`: by an earlier call of the same request."""

    made: BackupMade
    made_ms: int
    took_ms: int
    replayed: bool = False


class Shelf(NamedTuple):
    """What lies in the folder, newest first."""

    shelved: list[Shelved]
    folder: str
    free_bytes: int


Result = Done | Checked | Drilled | Planned | Switched


class _Over(NamedTuple):
    """How a piece of work ended."""

    result: Result | None = None
    refusal: Exception | None = None


Step = Standing | Result


class Backups:
    """Everything runs on the event loop."""

    def __init__(
        self,
        config: Callable[[], Config],
        *,
        file: Path | None,
        version: str,
        till: Till,
        store: Store,
        now_ms: Callable[[], int],
        work: Work[Standing | _Over],
    ) -> None:
        """`config` tells what is in force, `file` is where it was read from, if anywhere."""
        self._config = config
        self._file = file
        self._version = version
        self._till = till
        self._store = store
        self._now_ms = now_ms
        self._work = work
        self._request_id = ""
        self.busy_with = ""
        """What is under way: "backup", "check", "drill", "plan", "restore" or "clean"."""
        self._secrets: OrderedDict[str, str] = OrderedDict()
        self._checks = BackupChecks(config, till, store, self._secrets, self.shelf, work.tell)
        self.copies = BackupCopies(lambda: self._table, till, store, now_ms)
        self._started_s = time.monotonic()
        self._tried_s: float | None = None
        self._done_s: float | None = None

    @property
    def folder(self) -> str:
        """Where backups go; empty where none are configured."""
        return self._table.folder

    @property
    def recipients(self) -> tuple[str, ...]:
        """The public keys of those who can open them."""
        return self._table.recipients

    # --- what callers ask for

    async def create(self, request_id: str, kind: BackupKind | None) -> AsyncGenerator[Step, None]:
        """Make a backup, or watch or repeat the one that this request asked for.

        Raises BackupNotConfigured, BackupBusy and what making one raises.
        """
        self._check_configured()
        if self.is_under_way("backup", request_id):
            async for step in self.watch():
                yield step
            return
        noted = backup_rules.noted_by_request(self._till.state.backups, request_id)
        is_other = noted and kind is BackupKind.FULL and noted.made.kind is not kind
        if is_other or self._till.answered(request_id) is not None:
            sentence = "This request_id was used for another request."
            raise errors.RequestIdReused(sentence, request_id=request_id)
        if noted is not None:
            await self._till.caught_up()
            yield Done(noted.made, noted.made_ms, noted.took_ms, replayed=True)
            return
        self.begin("backup", self.make(kind, request_id), request_id)
        async for step in self.watch():
            yield step

    async def check(self, file_name: str, identity: str) -> AsyncGenerator[Step, None]:
        """Check one backup, by its name in the folder or its whole path there. Raises
        FieldInvalid, BackupNotFound, BackupCorrupt, BackupKeyWrong and others."""
        self._check_configured()
        if identity:
            identity_of(identity)
        self.begin("check", self._checks.check(self._name_in_folder(file_name), identity))
        async for step in self.watch():
            yield step

    def _name_in_folder(self, path: str) -> str:
        # By its letters alone: a share that is gone may hang whoever follows links in it.
        found = Path(os.path.normpath(path))
        if found.name != path and found.parent != Path(os.path.normpath(self._table.folder)):
            sentence = (
                f"Say the name of a backup in {self._table.folder}, or its whole path there. One "
                "that lies elsewhere is checked by `tillctl backup inspect`."
            )
            raise errors.FieldInvalid("file_name", sentence)
        return found.name

    async def drill(self, request_id: str, identity: str) -> AsyncGenerator[Step, None]:
        """Try the newest set, or watch the drill that this request asked for.

        Raises BackupNotFound, BackupKeyNeeded, BackupCorrupt and others.
        """
        self._check_configured()
        if identity:
            identity_of(identity)
        if not self.is_under_way("drill", request_id):
            self.begin("drill", self._checks.drill(identity), request_id)
        async for step in self.watch():
            yield step

    async def free(self) -> None:
        """Return once nothing is under way."""
        async for _ in self._work.steps():
            pass

    async def shelf(self, within_s: float = SHELF_S_MAX) -> Shelf:
        """What is in the folder. Raises BackupTargetMissing, BackupFailed, BackupNotConfigured."""
        self._check_configured()
        line = await self._look(within_s, None)
        return Shelf(list(reversed(line.shelf or [])), self._table.folder, line.free_bytes)

    # --- by itself

    async def run(self) -> None:
        """Make what is due. Never ends by itself; cancel it, and what is under way ends, too."""
        if not self._table.folder:
            return
        try:
            while True:
                await asyncio.sleep(LOOK_EVERY_S)
                await self.look()
        finally:
            # A part that was written is removed by the next run.
            self._work.stop()

    async def look(self) -> None:
        """Make a backup if one is due, and try it if that is due. Raises nothing."""
        state = self._till.state
        if self._work.is_running or state.power.supply not in _WITH_POWER:
            return
        rules = self._table.rules
        kind = backup_rules.due(rules, state, self._moment())
        if kind is None:
            return
        await self._to_the_end("backup", self.make(kind, ""))
        made = self._done_s is not None and self._done_s == self._tried_s
        if made and kind is BackupKind.FULL and backup_rules.drill_due(rules, self._till.state):
            await self._to_the_end("drill", self._checks.drill(""))

    async def _to_the_end(self, what: str, work: Awaitable[Done | Drilled]) -> None:
        if self._work.is_running:
            return
        self.begin(what, work)
        async for _ in self._work.steps():
            pass

    def _moment(self) -> Moment:
        now_s = time.monotonic()

        def since(at_s: float | None) -> int | None:
            return None if at_s is None else round((at_s - self._started_s) * 1000)

        return Moment(
            at_ms=self._now_ms(),
            up_ms=round((now_s - self._started_s) * 1000),
            tried_up_ms=since(self._tried_s),
            done_up_ms=since(self._done_s),
        )

    # --- one piece of work at a time

    @property
    def _table(self) -> BackupTable:
        return self._config().backup

    def tell(self, step: Standing) -> None:
        """Say where the work that was begun stands."""
        self._work.tell(step)

    def secret_of(self, backup_id: str) -> str:
        """The key of a backup that this run made; empty for others."""
        return self._secrets.get(backup_id, "")

    def _check_configured(self) -> None:
        if not self._table.folder:
            sentence = "No folder for backups is configured (backup.folder)."
            raise errors.BackupNotConfigured(sentence)

    def is_under_way(self, what: str, request_id: str) -> bool:
        """Whether this request's work runs."""
        return self._work.is_running and (self.busy_with, self._request_id) == (what, request_id)

    def begin(self, what: str, work: Awaitable[Result], request_id: str = "") -> None:
        """Begin a piece of work that `watch` follows. Raises BackupBusy."""
        if self._work.is_running:
            _never(work)
            sentence = f"A {self.busy_with} is under way: one at a time."
            raise errors.BackupBusy(sentence, busy_with=self.busy_with)
        self.busy_with, self._request_id = what, request_id
        self._work.begin(self._run(what, work))

    async def _run(self, what: str, work: Awaitable[Result]) -> None:
        try:
            self._work.tell(_Over(result=await work))
        except (errors.Refused, StorageError, Overloaded) as refusal:
            self._work.tell(_Over(refusal=refusal))
        except Exception as error:
            log.error("backup_work_failed", part=what, exc_info=error)
            self._work.tell(_Over(refusal=errors.BackupFailed("The process could not do it.")))
        finally:
            self.busy_with = ""
            self._forget_readers()

    def _forget_readers(self) -> None:
        # A program that was killed left its slot in LMDB's table behind.
        with contextlib.suppress(StorageError, lmdb.Error):
            self._store.engine.forget_dead_readers()

    async def watch(self) -> AsyncGenerator[Step, None]:
        """The steps of what runs, or ran last; raises what it ended with."""
        async for step in self._work.steps():
            if not isinstance(step, _Over):
                yield step
            elif step.refusal is not None:
                raise step.refusal
            elif step.result is not None:
                yield step.result

    # --- making

    async def make(
        self, kind: BackupKind | None, request_id: str, *, thin_out: bool = True
    ) -> Done:
        """Make one, within work that was begun. Without `thin_out` no older one is removed."""
        began_s = self._tried_s = time.monotonic()
        book = self._till.state.backups
        # One made under another schema has other rows: nothing can go on from it.
        base = max(self._store.base.seq, self._store.migrated_seq)
        last = book.last
        wanted = kind or backup_rules.next_kind(book)
        # An increment goes on from a record; one that lies in a file put aside cannot be read.
        follows = last if wanted is BackupKind.INCREMENT and book.full else None
        if follows is not None and follows.made.last_seq <= base:
            follows = None
        order = self._order(follows.made if follows else None)
        log.info("backup_began", kind=order.kind)
        try:
            line = await run_program("make", order, self._work.tell)
        except errors.Refused as refusal:
            self._note_failure(refusal, request_id)
            raise
        assert line.made is not None, "a program that was not refused made one"
        self._keep_secret(line.made.backup_id, line.secret)
        took_ms = round((time.monotonic() - began_s) * 1000)
        reach("backup.before_done")
        fact = ev.BackupDone(
            made=line.made, target=self._table.folder, took_ms=took_ms, request_id=request_id
        )
        await self._till.record([fact])
        self._done_s = self._tried_s
        log.info("backup_made", kind=order.kind, size_bytes=line.made.size_bytes, took_ms=took_ms)
        if thin_out:
            await self._thin_out()
        noted = self._till.state.backups.last
        made_ms = noted.made_ms if noted else order.made_ms
        return Done(line.made, made_ms, took_ms)

    def _order(self, follows: BackupMade | None) -> MakeOrder:
        config, table = self._config(), self._table
        paths = dict(table.also)
        if self._file is not None:
            paths["till.toml"] = str(self._file)
        if config.receipt.logo:
            paths["logo"] = config.receipt.logo
        # What is in force: devices may have been reconfigured without the file.
        text = msgspec.json.encode(config, enc_hook=str).decode()
        return MakeOrder(
            journal=self._store.engine.folder,
            folder=table.folder,
            other_disk=table.other_disk,
            backup_id=uuid.uuid4().hex,
            kind=BackupKind.INCREMENT if follows else BackupKind.FULL,
            follows=follows.backup_id if follows else "",
            after=(follows.last_seq, follows.head_hash) if follows else None,
            made_ms=self._now_ms(),
            version=self._version,
            recipients=table.recipients,
            signing_key=str(config.own_file("signing-key")),
            paths=paths,
            texts={"configuration.json": text},
        )

    def _keep_secret(self, backup_id: str, secret: str) -> None:
        self._secrets[backup_id] = secret
        if len(self._secrets) > SECRETS_MAX:
            self._secrets.popitem(last=False)

    def _note_failure(self, refusal: errors.Refused, request_id: str) -> None:
        log.warning("backup_failed", failure=refusal.reason)
        if not request_id and self._till.state.backups.failing == refusal.reason:
            return
        fact = ev.BackupFailed(
            reason=refusal.reason,
            message=refusal.sentence,
            target=self._table.folder,
            request_id=request_id,
        )
        self._till.note([fact])

    async def _thin_out(self) -> None:
        """Remove what may go. That a backup was made stands, whatever becomes of this."""
        try:
            line = await self._look(SHELF_S_MAX, self._table.rules)
        except (errors.Refused, TimeoutError) as refusal:
            log.warning("old_backups_not_removed", why=str(refusal))
            return
        if line.removed:
            await self._till.record([ev.BackupsRemoved(file_names=tuple(line.removed))])

    async def _look(self, within_s: float, rules: BackupRules | None) -> Line:
        table = self._table
        order = ShelfOrder(
            journal=self._store.engine.folder,
            folder=table.folder,
            other_disk=table.other_disk,
            chain_id=self._store.identity.chain_id.hex(),
            rules=rules,
        )
        try:
            return await run_program("shelf", order, lambda _: None, deadline_s=within_s)
        except TimeoutError:
            sentence = "The folder for backups does not answer."
            raise errors.BackupFailed(sentence, folder=table.folder) from None


def _never(work: Awaitable[object]) -> None:
    """Work that is refused before it began."""
    if asyncio.iscoroutine(work):
        work.close()
