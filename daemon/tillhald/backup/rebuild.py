"""Building a journal of backups: of a full one and the increments that follow it.

    with Rebuild(folder) as it:
        for file, clear in backups:  # each found whole before
            it.begin(clear)
            ending = read_backup(file, clear, key, it)
        totals = it.prove(on_progress)

What is built is then treated as a start would treat it: every record, the chain and every row are
checked, and the state is computed twice, from the newest checkpoint and from the first record on.
The drill does this in a folder that is thrown away, a restore in a new generation.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Self

import lmdb
import msgspec

from tillhald.backup.layout import corrupt
from tillhald.domain.backup_rules import totals_of
from tillhald.domain.errors import BackupCorrupt, BackupFailed
from tillhald.domain.events import decode_record
from tillhald.domain.evolve import apply
from tillhald.domain.state import TillState, decode_state
from tillhald.journal.disk import ZERO_CHUNK_BYTES, sync_folder, write_zeros
from tillhald.journal.engine import (
    ALL_TABLES,
    META,
    META_BASE,
    META_CHAIN_ID,
    META_CLOSED,
    META_ENGINE,
    META_FORMAT,
    META_HEAD,
    META_IDENTITY,
    META_ROWS,
    META_SEED,
    RECORDS,
    data_file,
    open_env,
)
from tillhald.journal.format import FORMAT_VERSION, Head, pack_head, seal_row, seq_key
from tillhald.journal.growth import GROW_AT_PERCENT, GROW_STEP_BYTES_MIN
from tillhald.journal.row_count import entries_of, pack_row_count
from tillhald.journal.store import Store
from tillhald.journal.verify import verify
from tillhald.migration.copying import Migration, MigrationFailed, migrate
from tillhald.schema import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tillhald.backup.layout import Filed, Header
    from tillhald.backup.reading import Clear
    from tillhald.domain.backup import BackupTotals
    from tillhald.journal.identity import Identity

BATCH_BYTES = 4 << 20
MAP_BYTES_FIRST = 64 << 20
MAP_BYTES_MOST = 64 << 30


class Rebuild:
    """A journal's folder that is being built; takes what `read_backup` gives.

    A context manager: what was not proven is removed at its end. One at a time in a process, as
    LMDB wants it.
    """

    def __init__(self, folder: Path, identity: Identity | None = None) -> None:
        """`folder` is made, and must not be there. `identity`: what the journal says whose it is,
        with the backup's `chain_id`; None for what the first backup says.

        Raises FileExistsError, OSError, lmdb.Error.
        """
        self.folder = folder
        folder.mkdir(mode=0o700)
        self._identity = identity
        self._map_bytes = MAP_BYTES_FIRST
        self._env = open_env(str(folder), map_bytes=self._map_bytes, readonly=False, create=True)
        self._tables = {name: self._env.open_db(name.encode()) for name in ALL_TABLES}
        self._batch: list[tuple[str, Sequence[tuple[bytes, bytes]]]] = []
        self._batch_bytes = 0
        self._first: Clear | None = None
        self._is_proven = False
        self.end: Head | None = None
        """The last record of the last backup that was begun."""
        self.files: dict[str, bytes] = {}
        """The files that travelled, by their names; a later backup's replace an earlier one's."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._env.close()
        if not self._is_proven:
            shutil.rmtree(self.folder, ignore_errors=True)

    def begin(self, clear: Clear) -> None:
        """Another backup follows. Raises BackupCorrupt unless it is of the same history, and goes
        on where the last one ended."""
        header = clear.header
        if self.end is not None and self._first is not None:
            _check_follows(self._first.header, self.end, header)
        else:
            if header.journal_format > FORMAT_VERSION:
                sentence = "The backup was made by a newer version of the till, and needs that one."
                raise BackupCorrupt(sentence)
            self._first = clear
        self.end = Head(clear.trailer.last_seq, clear.trailer.head_hash)

    def file(self, filed: Filed) -> None:
        self.files[filed.name] = filed.content

    def records(self, first_seq: int, envelopes: Sequence[bytes]) -> None:
        self._put(RECORDS, [(seq_key(seq), each) for seq, each in enumerate(envelopes, first_seq)])

    def rows(self, table: str, rows: Sequence[tuple[bytes, bytes]]) -> None:
        self._put(table, rows)

    def _put(self, table: str, rows: Sequence[tuple[bytes, bytes]]) -> None:
        self._batch.append((table, rows))
        self._batch_bytes += sum(len(key) + len(stored) for key, stored in rows)
        if self._batch_bytes >= BATCH_BYTES:
            self._store()

    def _store(self) -> None:
        while True:
            try:
                with self._env.begin(write=True) as txn:
                    for table, rows in self._batch:
                        with txn.cursor(self._tables[table]) as cursor:
                            # Records come in their order: then LMDB fills its pages.
                            cursor.putmulti(rows, append=table == RECORDS)
                break
            except lmdb.MapFullError:
                if self._map_bytes >= MAP_BYTES_MOST:
                    raise
                self._map_bytes *= 2
                self._env.set_mapsize(self._map_bytes)
        self._batch, self._batch_bytes = [], 0

    def prove(self, on_progress: Callable[[int, int], None]) -> BackupTotals:
        """Finish the journal, check all of it, and return what it comes to.

        It is durable then, closed in good order, has room for sales, and a start can open it; only
        the name of its folder is for the caller to sync. That the totals are those of the last
        backup's `Ending` is for the caller to compare. `on_progress(done, total)` counts records
        and rows. Raises BackupCorrupt, JournalDamaged, StorageFailed, lmdb.Error, OSError.
        """
        assert self._first is not None, "something was restored"
        assert self.end is not None, "something was restored"
        self._store()
        self._describe(self._first, self.end)
        self._store()
        used_bytes = (self._env.info()["last_pgno"] + 1) * os.sysconf("SC_PAGE_SIZE")
        self._env.close()
        self._make_room(used_bytes)
        if self._first.header.journal_format != FORMAT_VERSION:
            self._migrate()
        verify(str(self.folder), on_progress)
        store = Store.open(self.folder)
        try:
            checkpoint = store.newest_checkpoint()
            state = decode_state(checkpoint[1]) if checkpoint else TillState()
            quick = totals_of(_replayed(store, state))
            if store.base.seq == 0 and totals_of(_replayed(store, TillState())) != quick:
                raise corrupt("its records do not come to the state that it holds")
        except msgspec.DecodeError as error:
            raise corrupt("a record in it is of another version of the till") from error
        finally:
            store.close()
        self._is_proven = True
        return quick

    def _migrate(self) -> None:
        """Bring what an older version backed up to this one's schema."""
        building = self.folder.with_name(self.folder.name + ".migrating")
        if building.exists():
            shutil.rmtree(building)
        try:
            migrate(Migration(self.folder, building, SCHEMA), lambda _phase, _done, _total: None)
        except MigrationFailed as why:
            raise BackupFailed(why.sentence) from why
        shutil.rmtree(self.folder)
        building.rename(self.folder)

    def _describe(self, first: Clear, end: Head) -> None:
        header = first.header
        identity = self._identity or header.identity
        assert identity.chain_id == header.identity.chain_id, "records belong to their chain"
        meta = {
            META_FORMAT: b"%d" % header.journal_format,
            META_ENGINE: "lmdb {}.{}.{}".format(*self._env.lib_version()).encode(),
            META_CHAIN_ID: identity.chain_id,
            META_IDENTITY: msgspec.msgpack.encode(identity),
            META_HEAD: pack_head(end),
            META_CLOSED: seq_key(end.seq),
        }
        base = Head(header.first_seq - 1, header.prev_hash)
        if base.seq:
            meta[META_BASE] = pack_head(base)
        with self._env.begin() as txn:
            meta[META_ROWS] = pack_row_count(entries_of(txn, self._tables))
        self._put(
            META,
            [(name, seal_row(META_SEED, name, end.seq, value)) for name, value in meta.items()],
        )

    def _make_room(self, used_bytes: int) -> None:
        """Written zeros behind what is used, as a journal has them: the file is the map then."""
        page_bytes = os.sysconf("SC_PAGE_SIZE")
        pages = (used_bytes * 100 // GROW_AT_PERCENT + GROW_STEP_BYTES_MIN) // page_bytes
        fd = os.open(data_file(str(self.folder)), os.O_WRONLY | os.O_CLOEXEC)
        try:
            end = pages * page_bytes
            os.ftruncate(fd, used_bytes)
            for start in range(used_bytes, end, ZERO_CHUNK_BYTES):
                write_zeros(fd, start, min(start + ZERO_CHUNK_BYTES, end))
            os.fsync(fd)
        finally:
            os.close(fd)
        sync_folder(self.folder)


def _check_follows(first: Header, end: Head, header: Header) -> None:
    name = f"{header.kind} {header.backup_id[:8]}"
    if header.identity.chain_id != first.identity.chain_id:
        raise BackupCorrupt(f"The {name} is of another journal than the backup before it.")
    if header.identity.incarnation != first.identity.incarnation:
        sentence = (
            f"The {name} is of incarnation {header.identity.incarnation}, and the backup before it "
            f"of {first.identity.incarnation}: the till was restored in between."
        )
        raise BackupCorrupt(sentence)
    if header.journal_format != first.journal_format:
        raise BackupCorrupt(f"The {name} is of another schema than the backup before it.")
    if Head(header.first_seq - 1, header.prev_hash) != end:
        sentence = (
            f"The {name} begins after record {header.first_seq - 1}, and the backup before it ends "
            f"with record {end.seq}, or with another one of this number."
        )
        raise BackupCorrupt(sentence)


def _replayed(store: Store, state: TillState) -> TillState:
    while batch := store.records(state.seq):
        for stored in batch:
            state = apply(state, decode_record(stored.body), stored.seq)
    return state
