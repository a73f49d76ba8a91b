"""The opened journal, as the rest of the daemon reads it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple, Self

import msgspec

from tillhald.journal.engine import (
    CHECKPOINTS,
    INDEX_TABLES,
    KEY_BYTES_MAX,
    META,
    META_CHAIN_ID,
    META_CLOSED,
    META_HEAD,
    META_IDENTITY,
    RECORDS,
    Engine,
    check_format,
    read_base,
    read_meta,
    read_migrated_seq,
)
from tillhald.journal.errors import Fault, JournalDamaged, JournalMissing
from tillhald.journal.format import (
    HASH_BYTES,
    Head,
    StoredRecord,
    row_seed,
    seq_key,
    seq_of,
    unpack_head,
    unseal,
    unseal_row,
)
from tillhald.journal.identity import Identity
from tillhald.journal.lock import JournalLock
from tillhald.journal.overlay import Overlay

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import lmdb

READ_ROWS_MAX = 1000
"""The largest `limit` of one read; a longer one would keep the event loop from its work."""
READ_BYTES_MAX = 4 << 20
"""`records` and `scan` stop early once they have read this much."""


class Usage(NamedTuple):
    """How full the map is: the file has `map_bytes`, pages up to `used_bytes` were used."""

    used_bytes: int
    map_bytes: int


class Store:
    """Reads of the journal. All of them are short, and return copies.

    Called from the event loop. What a read returns is durable: LMDB shows a commit to readers
    only after both of its syncs, and `overlay` holds what is in the spill, synced. Every read may
    raise StorageFailed, and JournalDamaged when stored bytes are not those that were written.
    """

    def __init__(self, folder: Path, locks: Sequence[JournalLock], unsettled: str) -> None:
        self._locks = locks
        self.unsettled = unsettled
        """Why nothing may be written to the file yet; empty if it may."""
        self.overlay = Overlay()
        if not (folder / "data.mdb").exists():
            sentence = f"There is no journal in {folder}."
            raise JournalMissing(sentence)
        self.engine = Engine(str(folder), readonly=bool(unsettled))
        try:
            self.identity, self.base = self._read_description()
            with self.engine.reading() as txn:
                self.migrated_seq = read_migrated_seq(txn, self.engine.tables[META])
                """Rows up to this record were made of an older schema's, see `migration`."""
        except BaseException:
            self.engine.close()
            raise
        self.row_seeds = {
            table: row_seed(self.identity.chain_id, table) for table in (*INDEX_TABLES, CHECKPOINTS)
        }

    @classmethod
    def open(cls, folder: Path, *, locks: Sequence[JournalLock] = (), unsettled: str = "") -> Self:
        """Open the journal in `folder` and hold its lock until `close`.

        `locks`, if the caller has taken them already, are taken over. Nothing is checked beyond the
        journal's own description: `recovery.open_journal` is the careful way.
        Raises JournalInUse, JournalMissing, JournalDamaged, StorageFailed.
        """
        locks = locks or [JournalLock.acquire(folder)]
        try:
            return cls(folder, locks, unsettled)
        except BaseException:
            for lock in locks:
                lock.release()
            raise

    def describe_anew(self) -> None:
        """Take over identity and base of the segment that the engine has moved to."""
        self.identity, self.base = self._read_description()

    def _read_description(self) -> tuple[Identity, Head]:
        meta = self.engine.tables[META]
        with self.engine.reading() as txn:
            check_format(txn, meta)
            chain_id = read_meta(txn, meta, META_CHAIN_ID)
            identity = msgspec.msgpack.decode(read_meta(txn, meta, META_IDENTITY), type=Identity)
            base = read_base(txn, meta)
        if identity.chain_id != chain_id:
            sentence = "The journal names two chain ids."
            raise JournalDamaged(Fault.EDITED, None, sentence)
        return identity, base

    @property
    def head(self) -> Head:
        """The last durable record, in the spill or in the journal."""
        return self.overlay.head or self.primary_head

    @property
    def primary_head(self) -> Head:
        """The last record in the journal itself."""
        with self.engine.reading() as txn:
            return unpack_head(read_meta(txn, self.engine.tables[META], META_HEAD))

    @property
    def closed_seq(self) -> int:
        """The head's number when the journal was last closed in good order."""
        with self.engine.reading() as txn:
            return seq_of(read_meta(txn, self.engine.tables[META], META_CLOSED))

    @property
    def usage(self) -> Usage:
        """How full the map is."""
        return Usage(self.engine.used_bytes(), self.engine.map_bytes)

    def get(self, table: str, key: bytes) -> bytes | None:
        """Return the value under `key`, or None."""
        spilled = self.overlay.row(table, key)
        if spilled is not None:
            return spilled[0]
        stored = self.engine.get(table, key)
        return None if stored is None else unseal_row(self.row_seeds[table], table, key, stored)

    def scan(
        self,
        table: str,
        *,
        start: bytes = b"",
        prefix: bytes = b"",
        limit: int = READ_ROWS_MAX,
        reverse: bool = False,
    ) -> list[tuple[bytes, bytes]]:
        """Return up to `limit` keys and values in the order of the keys, or against it.

        Only keys that begin with `prefix`; none before `start`, or none after it if `reverse`
        (both ends belong to the range). It may stop early, at READ_BYTES_MAX, but never with
        nothing if there is something.
        """
        spilled = self.overlay.rows(table, prefix)
        # As many more as the spill may have replaced or deleted.
        wider = min(limit + len(spilled), READ_ROWS_MAX)
        found, is_all = self._scan_file(table, start, prefix, wider, reverse=reverse)
        if not spilled:
            return found
        rows: dict[bytes, bytes | None] = dict(found)
        # A read that stopped early says nothing about what is behind its last key.
        end = None if is_all else found[-1][0]
        for key, value in spilled.items():
            is_before = bool(start) and (key > start if reverse else key < start)
            is_behind = end is not None and (key < end if reverse else key > end)
            if not is_before and not is_behind:
                rows[key] = value
        ordered = sorted(rows.items(), reverse=reverse)
        return [(key, value) for key, value in ordered if value is not None][:limit]

    def _scan_file(
        self, table: str, start: bytes, prefix: bytes, limit: int, *, reverse: bool
    ) -> tuple[list[tuple[bytes, bytes]], bool]:
        """The rows, and whether the range ended before the limits did."""
        rows: list[tuple[bytes, bytes]] = []
        taken_bytes = 0
        with (
            self.engine.reading() as txn,
            txn.cursor(self.engine.tables[table]) as cursor,
        ):
            for key, stored in _walk(cursor, start, prefix, reverse=reverse):
                if not key.startswith(prefix):
                    break
                if len(rows) >= min(limit, READ_ROWS_MAX) or taken_bytes >= READ_BYTES_MAX:
                    return rows, False
                rows.append((key, unseal_row(self.row_seeds[table], table, key, stored)))
                taken_bytes += len(stored)
        return rows, True

    def count(self, table: str) -> int:
        """Return how many rows of `table` the journal itself has, at no cost."""
        with self.engine.reading() as txn:
            return txn.stat(self.engine.tables[table])["entries"]

    def record(self, seq: int) -> StoredRecord | None:
        """Return record `seq`, or None if it is not (yet) stored."""
        spilled = self.overlay.record(seq)
        if spilled is not None:
            return unseal(self.identity.chain_id, seq, spilled.envelope)
        with self.engine.reading() as txn:
            envelope = txn.get(seq_key(seq), db=self.engine.tables[RECORDS])
        return None if envelope is None else unseal(self.identity.chain_id, seq, envelope)

    def records(self, after_seq: int, limit: int = READ_ROWS_MAX) -> list[StoredRecord]:
        """Return up to `limit` records after `after_seq`, in order; empty only if there are none.

        It may stop early, at READ_BYTES_MAX. A gap raises JournalDamaged. What came before `base`
        is in an earlier segment.
        """
        after_seq = max(after_seq, self.base.seq)
        spilled = self.overlay.records(after_seq, limit)
        if not spilled or spilled[0].head.seq != after_seq + 1:
            return self._read_file(after_seq, limit)
        chain_id = self.identity.chain_id
        return [unseal(chain_id, record.head.seq, record.envelope) for record in spilled]

    def _read_file(self, after_seq: int, limit: int) -> list[StoredRecord]:
        found: list[StoredRecord] = []
        taken_bytes = 0
        with self.engine.reading() as txn, txn.cursor(self.engine.tables[RECORDS]) as cursor:
            for key, envelope in _walk(cursor, seq_key(after_seq + 1), b"", reverse=False):
                seq = after_seq + 1 + len(found)
                if seq_of(key) != seq:
                    sentence = f"Record {seq} is missing; the next one stored is {seq_of(key)}."
                    raise JournalDamaged(Fault.MISSING, seq, sentence)
                found.append(unseal(self.identity.chain_id, seq, envelope))
                taken_bytes += len(envelope)
                if len(found) >= min(limit, READ_ROWS_MAX) or taken_bytes >= READ_BYTES_MAX:
                    break
        return found

    def newest_checkpoint(self) -> tuple[int, bytes] | None:
        """Return the newest checkpoint that is as it was written: (seq, state), or None.

        A damaged one is passed over: the one before it, or none, only means a longer replay.
        """
        spilled = self.overlay.newest_checkpoint()
        if spilled is not None:
            return spilled
        with self.engine.reading() as txn, txn.cursor(self.engine.tables[CHECKPOINTS]) as cursor:
            for key, stored in cursor.iterprev():
                try:
                    value = unseal_row(self.row_seeds[CHECKPOINTS], CHECKPOINTS, key, stored)
                except JournalDamaged:
                    continue
                return seq_of(key), value[HASH_BYTES:]
        return None

    def close(self) -> None:
        """Close LMDB and let go of the lock. The writer must have been closed before."""
        self.engine.close()
        for lock in self._locks:
            lock.release()


def _walk(
    cursor: lmdb.Cursor[bytes], start: bytes, prefix: bytes, *, reverse: bool
) -> Iterator[tuple[bytes, bytes]]:
    """Walk from the edge of the range; where the prefix ends is for the caller to see."""
    if not reverse:
        edge = max(start, prefix)
        return cursor.iternext() if not edge or cursor.set_range(edge) else iter(())
    # A key that begins with the prefix is never behind the prefix filled up with 0xff.
    above = prefix.ljust(KEY_BYTES_MAX, b"\xff") if prefix else b""
    edge = min(start, above) if start and above else start or above
    if not edge or not cursor.set_range(edge):
        return cursor.iterprev()  # from the last row
    return itertools.dropwhile(lambda row: row[0] > edge, cursor.iterprev())
