"""BackupService."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tillhal.v1 import backup_pb2 as pb
from tillhal.v1 import backup_pb2_grpc, types_pb2
from tillhald.domain import errors
from tillhald.domain.backup import BackupKind
from tillhald.domain.backup_rules import totals_of
from tillhald.domain.switches import WorkKind
from tillhald.rpc import data_wire, fields
from tillhald.rpc.to_wire import timestamp
from tillhald.service.backup_checks import Checked, Drilled, signer_of
from tillhald.service.backup_programs import Standing
from tillhald.service.backups import STATUS_SHELF_S_MAX, Done
from tillhald.service.data_plans import Planned, Switched

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tillhald.backup.words import Found, Shelved
    from tillhald.domain.backup import BackupMade
    from tillhald.journal.identity import Identity
    from tillhald.journal.store import Store
    from tillhald.rpc.door import Context
    from tillhald.service.backups import Backups
    from tillhald.service.data_changes import DataChanges
    from tillhald.service.till import Till

_KINDS_READ = {
    pb.BACKUP_KIND_UNSPECIFIED: None,
    pb.BACKUP_KIND_FULL: BackupKind.FULL,
    pb.BACKUP_KIND_INCREMENT: BackupKind.INCREMENT,
}
_KINDS = {kind: wire for wire, kind in _KINDS_READ.items() if kind is not None}
_MESSAGES = {
    "writing": "{done} of {total} records written",
    "reading back": "{done} of {total} bytes read back",
    "checking": "{done} of {total} bytes read",
    "opening": "{done} of {total} bytes opened",
    "restoring": "{done} of {total} bytes restored",
    "proving": "{done} of {total} rows of the restored journal checked",
    "copying": "{done} of {total} rows of the copy checked",
}
PATH_CHARS_MAX = 4_096
RECEIPT_NUMBER_MAX = 10**12
IDENTITY_CHARS_MAX = 4_096
"""A key file of age has some 200."""


class BackupServicer(backup_pb2_grpc.BackupServiceServicer):
    def __init__(self, till: Till, store: Store, backups: Backups, changes: DataChanges) -> None:
        self._till = till
        self._store = store
        self._backups = backups
        self._changes = changes

    async def CreateBackup(
        self, request: pb.CreateBackupRequest, context: Context
    ) -> AsyncIterator[pb.CreateBackupResponse]:
        request_id = fields.request_id(request.request_id)
        if request.kind not in _KINDS_READ:
            raise errors.FieldInvalid("kind", "This is no kind of backup.")
        async for step in self._backups.create(request_id, _KINDS_READ[request.kind]):
            if isinstance(step, Standing):
                yield pb.CreateBackupResponse(progress=_progress(step))
            elif isinstance(step, Done):
                result = pb.BackupResult(
                    backup=_made(step.made, step.made_ms, self._store.identity),
                    took_ms=step.took_ms,
                    replayed=step.replayed,
                )
                yield pb.CreateBackupResponse(result=result)

    async def ListBackups(
        self, request: pb.ListBackupsRequest, context: Context
    ) -> pb.ListBackupsResponse:
        shelf = await self._backups.shelf()
        return pb.ListBackupsResponse(
            backups=[_shelved(each) for each in shelf.shelved],
            folder=shelf.folder,
            free_bytes=shelf.free_bytes,
        )

    async def CheckBackup(
        self, request: pb.CheckBackupRequest, context: Context
    ) -> AsyncIterator[pb.CheckBackupResponse]:
        if not request.file_name:
            raise errors.FieldInvalid("file_name", "The file's name is needed.")
        async for step in self._backups.check(request.file_name, _identity(request.identity)):
            if isinstance(step, Standing):
                yield pb.CheckBackupResponse(progress=_progress(step))
            elif isinstance(step, Checked):
                result = pb.BackupCheckResult(
                    backup=_found(step.found, step.file_name),
                    opened=step.found.is_open,
                    signed_here=step.signed_here,
                    files=step.found.files,
                )
                yield pb.CheckBackupResponse(result=result)

    async def RunRestoreDrill(
        self, request: pb.RunRestoreDrillRequest, context: Context
    ) -> AsyncIterator[pb.RunRestoreDrillResponse]:
        request_id = fields.request_id(request.request_id)
        async for step in self._backups.drill(request_id, _identity(request.identity)):
            if isinstance(step, Standing):
                yield pb.RunRestoreDrillResponse(progress=_progress(step))
            elif isinstance(step, Drilled):
                result = pb.RestoreDrillResult(
                    file_names=step.file_names,
                    last_seq=step.last_seq,
                    totals=data_wire.totals(step.totals),
                    took_ms=step.took_ms,
                )
                yield pb.RunRestoreDrillResponse(result=result)

    async def PlanRestore(
        self, request: pb.PlanRestoreRequest, context: Context
    ) -> AsyncIterator[pb.PlanRestoreResponse]:
        identity = _identity(request.identity)
        if len(request.path) > PATH_CHARS_MAX:
            raise errors.FieldInvalid("path", "A path has a few thousand characters at most.")
        if request.last_receipt > RECEIPT_NUMBER_MAX:
            raise errors.FieldInvalid("last_receipt", "This is no number of a receipt.")
        steps = self._changes.plan_restore(request.path, identity, request.last_receipt)
        async for step in steps:
            if isinstance(step, Standing):
                yield pb.PlanRestoreResponse(progress=_progress(step))
            elif isinstance(step, Planned):
                yield pb.PlanRestoreResponse(plan=data_wire.plan(step, _found))

    async def CommitRestore(
        self, request: pb.CommitRestoreRequest, context: Context
    ) -> AsyncIterator[pb.CommitRestoreResponse]:
        request_id = fields.request_id(request.request_id)
        if (result := await self._outcome(request_id, WorkKind.RESTORE)) is not None:
            yield pb.CommitRestoreResponse(result=result)
            return
        steps = self._changes.commit_restore(
            request_id, request.plan_id, accept_loss=request.accept_loss
        )
        async for step in steps:
            if isinstance(step, Standing):
                yield pb.CommitRestoreResponse(progress=_progress(step))
            elif isinstance(step, Switched):
                yield pb.CommitRestoreResponse(restarting=_restarting(step))

    async def PlanClean(
        self, request: pb.PlanCleanRequest, context: Context
    ) -> pb.PlanCleanResponse:
        return data_wire.clean_plan(await self._changes.plan_clean())

    async def CommitClean(
        self, request: pb.CommitCleanRequest, context: Context
    ) -> AsyncIterator[pb.CommitCleanResponse]:
        request_id = fields.request_id(request.request_id)
        if (result := await self._outcome(request_id, WorkKind.CLEAN)) is not None:
            yield pb.CommitCleanResponse(result=result)
            return
        async for step in self._changes.commit_clean(request_id, request.plan_id):
            if isinstance(step, Standing):
                yield pb.CommitCleanResponse(progress=_progress(step))
            elif isinstance(step, Switched):
                yield pb.CommitCleanResponse(restarting=_restarting(step))

    async def _outcome(self, request_id: str, kind: WorkKind) -> pb.DataChange | None:
        """What came of an earlier call, once it is durable. Raises RequestIdReused."""
        earlier = self._changes.outcome(request_id)
        await self._till.caught_up()
        is_other = earlier is None and self._till.answered(request_id) is not None
        if is_other or (earlier is not None and earlier.kind is not kind):
            sentence = "This request_id was used for another request."
            raise errors.RequestIdReused(sentence, request_id=request_id)
        return None if earlier is None else data_wire.change(earlier)

    async def GoLive(self, request: pb.GoLiveRequest, context: Context) -> pb.GoLiveResponse:
        fields.request_id(request.request_id)
        since_ms, replayed = await self._changes.go_live()
        return pb.GoLiveResponse(live_time=timestamp(since_ms), replayed=replayed)

    async def GetDataStatus(
        self, request: pb.GetDataStatusRequest, context: Context
    ) -> pb.GetDataStatusResponse:
        folder, trouble, free_bytes = self._backups.folder, "", 0
        if folder:
            try:
                shelf = await self._backups.shelf(STATUS_SHELF_S_MAX)
                free_bytes = shelf.free_bytes
            except errors.Refused as refusal:
                trouble = refusal.sentence
        await self._till.caught_up()
        state, identity = self._till.state, self._store.identity
        book, copies = state.backups, self._backups.copies.standing
        response = pb.GetDataStatusResponse(
            store_id=identity.store_id,
            workstation_id=identity.workstation_id,
            incarnation=identity.incarnation,
            chain_id=identity.chain_id,
            create_time=timestamp(identity.created_ms),
            head_seq=state.seq,
            used_bytes=self._store.usage.used_bytes,
            totals=data_wire.totals(totals_of(state)),
            folder=folder,
            folder_trouble=trouble,
            folder_free_bytes=free_bytes,
            recipients=self._backups.recipients,
            signer=bytes.fromhex(signer_of(state)),
            records_since=state.seq,
            receipts_since=state.receipts_given,
            failing=book.failing,
            busy_with=self._backups.busy_with,
            copies_to=copies.place,
            copied_seq=copies.last_seq,
            copies_trouble=copies.trouble,
        )
        if copies.at_ms:
            response.copied_time.CopyFrom(timestamp(copies.at_ms))
        if book.last is not None:
            made = book.last.made
            response.last_backup.CopyFrom(_made(made, book.last.made_ms, identity))
            response.records_since = state.seq - made.last_seq
            response.receipts_since = state.receipts_given - made.totals.receipts_given
        if book.drill is not None:
            response.drill_time.CopyFrom(timestamp(book.drill.at_ms))
            response.drill_seq = book.drill.last_seq
        if book.failing:
            response.failing_since.CopyFrom(timestamp(book.failing_since_ms))
        if state.data.went_live_ms:
            response.live_time.CopyFrom(timestamp(state.data.went_live_ms))
        if state.data.changes:
            response.last_change.CopyFrom(data_wire.change(state.data.changes[-1]))
        return response


def _identity(text: str) -> str:
    if len(text) > IDENTITY_CHARS_MAX:
        raise errors.FieldInvalid("identity", "A key has a few hundred characters at most.")
    return text


def _progress(step: Standing) -> types_pb2.Progress:
    message = _MESSAGES[step.phase].format(done=step.done, total=step.total)
    return types_pb2.Progress(
        phase=step.phase, done=step.done, total=step.total, eta_s=step.eta_s, message=message
    )


def _restarting(switched: Switched) -> pb.Restarting:
    return pb.Restarting(work_id=switched.work_id, safety=switched.safety)


def _made(made: BackupMade, made_ms: int, identity: Identity) -> pb.Backup:
    return pb.Backup(
        backup_id=made.backup_id,
        kind=_KINDS[made.kind],
        file_name=made.file_name,
        follows=made.follows,
        make_time=timestamp(made_ms),
        first_seq=made.first_seq,
        last_seq=made.last_seq,
        head_hash=bytes.fromhex(made.head_hash),
        size_bytes=made.size_bytes,
        business_day=made.business_day,
        store_id=identity.store_id,
        workstation_id=identity.workstation_id,
        signer=bytes.fromhex(made.signer),
        complete=True,
        sha256=bytes.fromhex(made.sha256),
        totals=data_wire.totals(made.totals),
    )


def _shelved(each: Shelved) -> pb.Backup:
    if not each.is_complete:
        return pb.Backup(file_name=each.file_name)
    return _clear(each, each.file_name)


def _clear(of: Shelved | Found, file_name: str) -> pb.Backup:
    """What the clear parts of a backup tell."""
    return pb.Backup(
        backup_id=of.backup_id,
        kind=_KINDS[of.kind],
        file_name=file_name,
        follows=of.follows,
        make_time=timestamp(of.made_ms),
        first_seq=of.first_seq,
        last_seq=of.last_seq,
        head_hash=bytes.fromhex(of.head_hash),
        size_bytes=of.size_bytes,
        business_day=of.business_day,
        store_id=of.store_id,
        workstation_id=of.workstation_id,
        signer=bytes.fromhex(of.signer),
        complete=True,
    )


def _found(found: Found, file_name: str) -> pb.Backup:
    backup = _clear(found, file_name)
    backup.sha256 = bytes.fromhex(found.sha256)
    if found.totals is not None:
        backup.totals.CopyFrom(data_wire.totals(found.totals))
    return backup
