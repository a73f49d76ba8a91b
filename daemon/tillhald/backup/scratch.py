"""Restoring backups into a folder that nobody uses, to see that it can be done.

A journal is built there of a full backup and the increments that follow it, and then treated as a
start would treat it: every record, the chain and every row are checked, and the state is computed
twice, from the newest checkpoint and from the first record on.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Self

import lmdb
import msgspec

from tillhald.backup.layout import corrupt
from tillhald.domain.backup_rules import totals_of
from tillhald.domain.events import decode_record
from tillhald.domain.evolve import apply
from tillhald.domain.state import TillState, decode_state
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
    META_SEED,
    RECORDS,
    open_env,
)
from tillhald.journal.format import FORMAT_VERSION, Head, pack_head, seal_row, seq_key
from tillhald.journal.store import Store
from tillhald.journal.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from tillhald.backup.layout import Filed
    from tillhald.backup.reading import Clear
    from tillhald.domain.backup import BackupTotals
    from tillhald.journal.format import Row

BATCH_BYTES = 4 << 20
MAP_BYTES_FIRST = 64 << 20
MAP_BYTES_MOST = 64 << 30


class Scratch:
    """A folder that a journal is restored into; it is gone when this ends. Takes what
    `read_backup` gives, one backup after the other."""

    def __init__(self, folder: Path) -> None:
        """What a run that was killed left there is removed. Raises OSError, lmdb.Error."""
        self.folder = folder
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(mode=0o700)
        self._map_bytes = MAP_BYTES_FIRST
        self._journal = folder / "journal"
        self._journal.mkdir(mode=0o700)
        self._env = open_env(
            str(self._journal), map_bytes=self._map_bytes, readonly=False, create=True
        )
        self._tables = {name: self._env.open_db(name.encode()) for name in ALL_TABLES}
        self._batch: list[tuple[str, bytes, bytes]] = []
        self._batch_bytes = 0
        self._first: Clear | None = None
        self.end: Head | None = None
        self.files: dict[str, bytes] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._env.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def begin(self, clear: Clear) -> None:
        """Another backup follows. Raises BackupCorrupt unless it goes on where the last ended."""
        header = clear.header
        if self.end is not None and self._first is not None:
            is_next = Head(header.first_seq - 1, header.prev_hash) == self.end
            if not is_next or header.identity.chain_id != self._first.header.identity.chain_id:
                raise corrupt("it does not go on where the one before it ends")
        else:
            self._first = clear
        self.end = Head(clear.trailer.last_seq, clear.trailer.head_hash)

    def file(self, filed: Filed) -> None:
        self.files[filed.name] = filed.content

    def record(self, seq: int, envelope: bytes) -> None:
        self._put(RECORDS, seq_key(seq), envelope)

    def row(self, row: Row) -> None:
        assert row.value is not None, "a filed row has a value"
        self._put(row.table, row.key, row.value)

    def _put(self, table: str, key: bytes, stored: bytes) -> None:
        self._batch.append((table, key, stored))
        self._batch_bytes += len(key) + len(stored)
        if self._batch_bytes >= BATCH_BYTES:
            self._store()

    def _store(self) -> None:
        while True:
            try:
                with self._env.begin(write=True) as txn:
                    for table, key, stored in self._batch:
                        txn.put(key, stored, db=self._tables[table])
                break
            except lmdb.MapFullError:
                if self._map_bytes >= MAP_BYTES_MOST:
                    raise
                self._map_bytes *= 2
                self._env.set_mapsize(self._map_bytes)
        self._batch, self._batch_bytes = [], 0

    def prove(self, on_progress: Callable[[int, int], None]) -> BackupTotals:
        """Check what was restored, and return what it comes to.

        Raises BackupCorrupt, JournalDamaged, StorageFailed, lmdb.Error, OSError.
        """
        assert self._first is not None, "something was restored"
        assert self.end is not None, "something was restored"
        self._describe(self._first, self.end)
        self._store()
        self._env.close()
        verify(str(self._journal), on_progress)
        store = Store.open(self._journal)
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
        return quick

    def _describe(self, first: Clear, end: Head) -> None:
        header = first.header
        meta = {
            META_FORMAT: b"%d" % FORMAT_VERSION,
            META_ENGINE: "lmdb {}.{}.{}".format(*self._env.lib_version()).encode(),
            META_CHAIN_ID: header.identity.chain_id,
            META_IDENTITY: msgspec.msgpack.encode(header.identity),
            META_HEAD: pack_head(end),
            META_CLOSED: seq_key(end.seq),
        }
        base = Head(header.first_seq - 1, header.prev_hash)
        if base.seq:
            meta[META_BASE] = pack_head(base)
        for name, value in meta.items():
            self._put(META, name, seal_row(META_SEED, name, end.seq, value))


def _replayed(store: Store, state: TillState) -> TillState:
    while batch := store.records(state.seq):
        for stored in batch:
            state = apply(state, decode_record(stored.body), stored.seq)
    return state
