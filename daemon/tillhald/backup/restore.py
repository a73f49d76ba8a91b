"""Building a generation of backups: the program `tillhald.backup.restore`, see `changes`.

What is built lies beside what is here, and counts only once the boot record names it. Its last
record is the first one of its own: that, and from what, it was restored.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import lmdb
from msgspec.structs import replace

from tillhald.backup.changes import Built, RestoreOrder
from tillhald.backup.folder import refusal_of
from tillhald.backup.rebuild import Rebuild
from tillhald.backup.restoring import BackupSet
from tillhald.backup.words import Line, run
from tillhald.domain.backup_rules import totals_of
from tillhald.domain.data_rules import restore_facts
from tillhald.domain.errors import BackupTargetFull, PlanStale
from tillhald.domain.events import DataRestored, Record, decode_record, encode_record
from tillhald.domain.evolve import apply
from tillhald.domain.readmodels import entries
from tillhald.domain.state import TillState, decode_state, encode_state
from tillhald.failpoints import reach
from tillhald.journal.disk import sync_file, sync_folder
from tillhald.journal.format import Head, Row, Sealed, seal
from tillhald.journal.growth import NO_ROOM
from tillhald.journal.primary import Primary
from tillhald.journal.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

JOURNAL = "journal"
TRAVELLED = "files"
"""In this folder of a generation lie the files that came with the backup; nothing reads them."""


def restore(order: RestoreOrder, say: Callable[[Line], None]) -> None:
    """Build it; durable but for the name of `building` when said so. Raises refusals and others.

    On any failure, and after any cut, what is in `building` counts for nothing.
    """
    building = Path(order.building)
    try:
        _restore(order, building, say)
    except BaseException as error:
        shutil.rmtree(building, ignore_errors=True)  # the room is needed, and nothing of it counts
        if isinstance(error, OSError):
            raise refusal_of(error, building.parent) from error
        if isinstance(error, lmdb.Error) and getattr(error, "code", None) in NO_ROOM:
            sentence = "There is no room for the restored data beside what is here."
            raise BackupTargetFull(sentence, folder=str(building.parent)) from error
        raise


def _restore(order: RestoreOrder, building: Path, say: Callable[[Line], None]) -> None:
    with BackupSet([Path(name) for name in order.files], order.secrets, say) as backups:
        if tuple(whole.clear.sha256.hex() for whole in backups.wholes) != order.sha256s:
            raise PlanStale("The backup is another file than the one that was planned with.")
        identity = replace(
            backups.wholes[0].clear.header.identity,
            incarnation=order.restored.incarnation,
            segment=backups.end.header.identity.segment,
        )
        reach("restore.begun")
        with Rebuild(building / JOURNAL, identity) as rebuild:
            backups.rebuild(rebuild)
    reach("restore.rebuilt")
    _put_files(building / TRAVELLED, rebuild.files)
    reach("restore.files_put")
    seq, head_hash, state = _record(rebuild.folder, order)
    reach("restore.recorded")
    sync_folder(building)
    built = Built(
        seq=seq,
        head_hash=head_hash,
        totals=totals_of(state),
        travelled=tuple(sorted(rebuild.files)),
    )
    say(Line(built=built))


def _put_files(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(mode=0o700)
    for name, content in files.items():
        path = folder / Path(name).name  # never outside, whatever the name says
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(content)
        sync_file(path)
    sync_folder(folder)


def _record(folder: Path, order: RestoreOrder) -> tuple[int, str, TillState]:
    """Append the record that the history goes on with; return its number, its hash, the state."""
    store = Store.open(folder)
    try:
        state = _state_of(store)
        head = store.head
        fact = replace(order.restored, backup_seq=head.seq, backup_hash=head.hash.hex())
        state, sealed = _sealed(state, head, fact, order, store.identity.chain_id)
        primary = Primary(store)
        try:
            primary.commit([sealed])
            primary.note_good_order()
        finally:
            primary.growth.close()
        return sealed.head.seq, sealed.head.hash.hex(), state
    finally:
        store.close()
        _forget_lock(folder)


def _sealed(
    state: TillState, head: Head, fact: DataRestored, order: RestoreOrder, chain_id: bytes
) -> tuple[TillState, Sealed]:
    facts = tuple(restore_facts(state, fact))
    record = Record(
        wall_ms=order.at_ms,
        events=facts,
        clock_suspect=state.clock_suspect,
        business_day=state.day.business_day if state.day else "",
        shift_id=state.shift.shift_id if state.shift else "",
        operator=order.operator,
        request_id=fact.request_id,
    )
    seq = head.seq + 1
    state = apply(state, record, seq)
    rows = tuple(Row(*entry) for entry in entries(facts, state, {})[0])
    envelope, digest = seal(chain_id, seq, head.hash, encode_record(record))
    return state, Sealed(Head(seq, digest), envelope, rows, encode_state(state))


def _state_of(store: Store) -> TillState:
    checkpoint = store.newest_checkpoint()
    state = decode_state(checkpoint[1]) if checkpoint else TillState()
    while batch := store.records(state.seq):
        for stored in batch:
            state = apply(state, decode_record(stored.body), stored.seq)
    return state


def _forget_lock(folder: Path) -> None:
    """LMDB's table of readers, made anew by whoever opens it."""
    (folder / "lock.mdb").unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(run(RestoreOrder, restore))
