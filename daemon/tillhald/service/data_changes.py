"""Restoring and cleaning all of the till's data, and going live.

What is new is built beside what is here, by programs beside the till, and switched to by one
record: see `tillhald.home`. Until then every failure and every cut leaves the till as it was; after
that the new data have to prove themselves before anything is sold on them.
"""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import structlog

from tillhald import VERSION
from tillhald.backup.changes import CleanOrder, CopyOrder, PlanOrder, RestoreOrder
from tillhald.backup.keys import identity_of
from tillhald.boot import generation
from tillhald.boot.files import partial_folder
from tillhald.boot.generation import Meta
from tillhald.boot.record import Pair
from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain.backup import BackupKind
from tillhald.domain.backup_rules import totals_of
from tillhald.domain.data import NumbersGiven
from tillhald.domain.data_rules import behind, business_of, is_unused, numbers_of
from tillhald.domain.switches import WorkKind
from tillhald.failpoints import reach
from tillhald.home import Work, new_work_id
from tillhald.journal.meeting import Relation
from tillhald.schema import MIN_READER, SCHEMA
from tillhald.service.backup_checks import signer_of
from tillhald.service.backup_programs import run_program
from tillhald.service.caller import CALLER
from tillhald.service.data_plans import CleanPlanned, Planned, Switched

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from tillhald.backup.changes import Built
    from tillhald.backup.words import Line
    from tillhald.config import Config
    from tillhald.domain.data import DataChange
    from tillhald.home import Home
    from tillhald.journal.store import Store
    from tillhald.service.backups import Backups, Step
    from tillhald.service.switching import Switching
    from tillhald.service.till import Till

log = structlog.get_logger(__name__)

PLAN_S_MAX = 900.0
"""How long a plan holds: time to look at it, and to fetch whoever decides."""
PLAN_FOLDER = "plan.partial"
"""Among the generations, so that a launcher removes what a cut left there."""
SAFETY_COPIES_MAX = 3
"""Copies of journals that were replaced, where no backup could be made of them; older ones go."""
_QUIET = "The till's data are being changed. It sells again in a few minutes."


class TakenBack(NamedTuple):
    """A change whose data did not prove themselves. `at_ms` is Unix time."""

    work_id: str
    kind: WorkKind
    at_ms: int
    why: str


class DataChanges:
    """Everything runs on the event loop. Raises refusals, and StorageError."""

    def __init__(
        self,
        config: Callable[[], Config],
        *,
        till: Till,
        store: Store,
        backups: Backups,
        switching: Switching,
        now_ms: Callable[[], int],
    ) -> None:
        self._config = config
        self._till = till
        self._store = store
        self._backups = backups
        self._switching = switching
        self._now_ms = now_ms
        self._plan: Planned | None = None
        self._clean_plan: CleanPlanned | None = None

    # --- plans

    async def plan_restore(
        self, path: str, identity: str, last_receipt: int
    ) -> AsyncGenerator[Step, None]:
        """Find out what restoring would come to; the last step is the plan."""
        home = self._switching.home()
        if identity:
            identity_of(identity)
        whole = await self._path(path)
        self._backups.begin("plan", self._planned(home, whole, identity, last_receipt))
        async for step in self._backups.watch():
            yield step

    async def _path(self, path: str) -> str:
        if path.startswith("/"):
            return path
        if Path(path).name != path:
            sentence = "Say a backup's name, or a whole path that begins with /."
            raise errors.FieldInvalid("path", sentence)
        shelf = await self._backups.shelf()
        return str(Path(shelf.folder) / path) if path else shelf.folder

    async def _planned(self, home: Home, path: str, identity: str, last_receipt: int) -> Planned:
        self._plan = None
        config, shop = self._config(), self._config().shop
        await self._till.caught_up()
        business = business_of(self._till.state)
        secrets = self._secrets(identity)
        order = PlanOrder(
            path=path,
            secrets=secrets,
            journal=self._store.engine.folder,
            scratch=str(generation.data_folder(home.folder) / PLAN_FOLDER),
            store_id=shop.store_id,
            workstation_id=shop.workstation_id,
            currency=shop.currency,
            configuration=msgspec.json.encode(config, enc_hook=str).decode(),
        )
        line = await run_program("plan", order, self._backups.tell)
        compared, found = line.compared, line.found or []
        assert compared is not None, "a plan that was not refused compared"
        if business_of(self._till.state) != business:
            sentence = "Business was done while it was planned. Plan when nobody sells."
            raise errors.PlanStale(sentence)
        known = NumbersGiven(receipts=last_receipt)
        numbers = behind(behind(compared.numbers, numbers_of(self._till.state)), known)
        incarnation = max(compared.here_incarnation, found[-1].incarnation)
        if compared.relation is not Relation.SAME:
            incarnation += 1
        self._plan = Planned(
            plan_id=uuid.uuid4().hex,
            found=found,
            compared=compared,
            numbers=numbers,
            incarnation=incarnation,
            loses=compared.lost.is_business,
            signed_here=found[-1].signer == signer_of(self._till.state),
            unused_here=is_unused(self._till.state),
            safety=self._safety_place(home),
            secrets=secrets,
            business=business,
            until_s=time.monotonic() + PLAN_S_MAX,
            expire_ms=self._now_ms() + round(PLAN_S_MAX * 1000),
        )
        log.info("restore_planned", relation=compared.relation, loses=self._plan.loses)
        return self._plan

    def _secrets(self, identity: str) -> tuple[str, ...]:
        if identity:
            return (identity,)
        own = (
            self._backups.secret_of(each.made.backup_id) for each in self._till.state.backups.known
        )
        secrets = tuple(secret for secret in own if secret)
        if not secrets:
            sentence = "A backup is restored with the key that opens it: give the owner's key."
            raise errors.BackupKeyNeeded(sentence)
        return secrets

    async def plan_clean(self) -> CleanPlanned:
        """Say what a clean would clear and keep."""
        home = self._switching.home()
        self._check_pre_live()
        await self._till.caught_up()
        state = self._till.state
        self._clean_plan = CleanPlanned(
            plan_id=uuid.uuid4().hex,
            cleared=totals_of(state),
            operators=len(state.access.operators),
            tokens=len(state.access.tokens),
            devices=len(state.statistics.keys() | state.drawers.keys() | state.identities.keys()),
            safety=self._safety_place(home),
            business=business_of(state),
            until_s=time.monotonic() + PLAN_S_MAX,
            expire_ms=self._now_ms() + round(PLAN_S_MAX * 1000),
        )
        return self._clean_plan

    def _check_pre_live(self) -> None:
        if self._till.state.data.went_live_ms:
            raise errors.NotPreLive("The till is live: what it holds is business.")

    def _safety_place(self, home: Home) -> str:
        table = self._config().backup
        return table.folder if table.folder and table.recipients else str(home.folder / "safety")

    # --- commits

    def outcome(self, request_id: str) -> DataChange | TakenBack | None:
        """What came of an earlier request; None where none was brought to its switch."""
        state, last = self._till.state, self._till.state.switch
        if last is None or last.request_id != request_id or last.stayed:
            return state.data.change_by(request_id)
        return TakenBack(last.work_id, WorkKind(last.kind), last.at_ms, last.why)

    async def commit_restore(
        self, request_id: str, plan_id: str, *, accept_loss: bool
    ) -> AsyncGenerator[Step, None]:
        """Restore, or watch the restore that this request began; the last step is `Switched`."""
        home = self._switching.home()
        if not self._backups.is_under_way("restore", request_id):
            plan = self._plan
            if plan is None or plan.plan_id != plan_id:
                raise errors.PlanStale("There is no such plan, or it is too old. Plan again.")
            self._check_fresh(plan)
            lost = plan.compared.lost
            if plan.loses and not accept_loss:
                sentence = "What was done since the backup would be lost. The owner must accept it."
                raise errors.RestoreWouldFork(
                    sentence, sales=lost.sales, sales_minor=lost.sales_minor
                )
            self._backups.begin("restore", self._restore(home, plan, request_id), request_id)
        async for step in self._backups.watch():
            yield step

    async def commit_clean(self, request_id: str, plan_id: str) -> AsyncGenerator[Step, None]:
        """Clean, or watch the clean that this request began; the last step is `Switched`."""
        home = self._switching.home()
        if not self._backups.is_under_way("clean", request_id):
            self._check_pre_live()
            plan = self._clean_plan
            if plan is None or plan.plan_id != plan_id:
                raise errors.PlanStale("There is no such plan, or it is too old. Plan again.")
            self._check_fresh(plan)
            self._backups.begin("clean", self._clean(home, plan, request_id), request_id)
        async for step in self._backups.watch():
            yield step

    def _check_fresh(self, plan: Planned | CleanPlanned) -> None:
        if time.monotonic() > plan.until_s:
            raise errors.PlanStale("The plan is too old. Plan again.")
        if business_of(self._till.state) != plan.business:
            sentence = "Business was done since this was planned. Plan again."
            raise errors.PlanStale(sentence)

    async def _restore(self, home: Home, plan: Planned, request_id: str) -> Switched:
        compared = plan.compared

        async def build(building: Path, work_id: str, safety: str) -> Line:
            head = self._store.head
            restored = ev.DataRestored(
                work_id=work_id,
                request_id=request_id,
                backup_id=plan.found[-1].backup_id,
                backup_seq=0,
                backup_hash="",
                from_incarnation=compared.here_incarnation,
                incarnation=plan.incarnation,
                replaced_chain_id=self._store.identity.chain_id.hex(),
                replaced_seq=head.seq,
                replaced_hash=head.hash.hex(),
                lost=compared.lost,
                numbers=behind(plan.numbers, numbers_of(self._till.state)),
                went_live_ms=self._till.state.data.went_live_ms,
                safety=safety,
            )
            order = RestoreOrder(
                files=compared.files,
                sha256s=tuple(found.sha256 for found in plan.found),
                secrets=plan.secrets,
                building=str(building),
                restored=restored,
                at_ms=self._now_ms(),
                operator=CALLER.get().operator,
            )
            return await run_program("restore", order, self._backups.tell)

        return await self._change(home, WorkKind.RESTORE, plan, request_id, build)

    async def _clean(self, home: Home, plan: CleanPlanned, request_id: str) -> Switched:
        async def build(building: Path, work_id: str, safety: str) -> Line:
            cleaned = ev.DataCleaned(
                work_id=work_id,
                request_id=request_id,
                before_chain_id="",
                before_seq=0,
                before_hash="",
                safety=safety,
            )
            order = CleanOrder(
                journal=self._store.engine.folder,
                building=str(building),
                cleaned=cleaned,
                at_ms=self._now_ms(),
                map_bytes=self._config().journal.map_mib << 20,
                operator=CALLER.get().operator,
            )
            return await run_program("clean", order, self._backups.tell)

        return await self._change(home, WorkKind.CLEAN, plan, request_id, build)

    async def _change(
        self,
        home: Home,
        kind: WorkKind,
        plan: Planned | CleanPlanned,
        request_id: str,
        build: Callable[[Path, str, str], Awaitable[Line]],
    ) -> Switched:
        """Quiet, a copy of what is here, the new generation, the switch."""
        began_ms = self._now_ms()
        await self._switching.begin(errors.RestoreInProgress(_QUIET))
        try:
            self._check_fresh(plan)
            work_id = new_work_id()
            log.info("data_change_began", work_kind=kind, work_id=work_id)
            safety = await self._safety(home, work_id)
            reach("restore.safe")
            name = generation.next_name(home.folder)
            # The till is quiet: nobody waits for the few milliseconds that this and `_finish` take.
            building = partial_folder(generation.data_folder(home.folder) / name)
            line = await build(building, work_id, safety)
            assert line.built is not None, "a program that was not refused built"
            _finish(home, building, work_id)
            work = _work(home, kind, work_id, request_id, name, began_ms, line.built)
            self._switch(work)
            self._plan = self._clean_plan = None
            return Switched(work_id, safety)
        except BaseException:
            self._switching.end()
            raise

    def _switch(self, work: Work) -> None:
        # What the till notes of devices until here stays behind, with the data that it is about.
        try:
            is_done = self._switching.switch(work, seq=self._till.state.seq)
        except OSError as error:
            sentence = f"The switch could not be stored: {error.strerror}."
            raise errors.BackupFailed(sentence) from error
        assert is_done, "nothing can be recorded between the look and the switch"

    async def _safety(self, home: Home, work_id: str) -> str:
        """Copy what is here; say where to."""
        table = self._config().backup
        if table.folder and table.recipients:
            try:
                done = await self._backups.make(BackupKind.FULL, "", thin_out=False)
            except errors.Refused as refusal:
                log.warning("safety_backup_failed", failure=refusal.reason)
            else:
                return str(Path(table.folder) / done.made.file_name)
        folder = home.folder / "safety"
        to = folder / f"{self._now_ms():014}-{work_id[:8]}"
        order = CopyOrder(
            journal=self._store.engine.folder, to=str(to), copies_max=SAFETY_COPIES_MAX
        )
        await run_program("journal_copy", order, self._backups.tell)
        return str(to)

    # --- going live

    async def go_live(self) -> tuple[int, bool]:
        """Since when the till is live, and whether it was before."""
        since_ms = self._till.state.data.went_live_ms
        if since_ms:
            await self._till.caught_up()
            return since_ms, True
        await self._till.record([ev.WentLive()])
        log.info("went_live")
        return self._till.state.data.went_live_ms, False


def _finish(home: Home, building: Path, work_id: str) -> None:
    """Give the generation its name; it is of the schema that this program writes. Raises
    BackupFailed."""
    reach("restore.built")
    try:
        meta = Meta(
            schema=SCHEMA,
            min_reader=MIN_READER,
            made_by=work_id,
            made_from=home.generation,
        )
        generation.finish(building, meta)
    except OSError as error:
        sentence = f"What was built could not be stored: {error.strerror}."
        raise errors.BackupFailed(sentence) from error


def _work(
    home: Home,
    kind: WorkKind,
    work_id: str,
    request_id: str,
    name: str,
    began_ms: int,
    built: Built,
) -> Work:
    pair = home.pair
    return Work(
        work_id=work_id,
        kind=kind,
        request_id=request_id,
        begun_ms=began_ms,
        from_pair=pair,
        to_pair=Pair(slot=pair.slot, generation=name),
        version=VERSION,
        expected=built.totals,
        expected_seq=built.seq,
        expected_head=bytes.fromhex(built.head_hash),
    )
