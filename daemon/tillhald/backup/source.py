"""A journal, as a backup reads it beside the daemon that writes it: in slices, never for long.

LMDB keeps the pages of a snapshot from being used again while it is read, and a journal's file
never shrinks: one snapshot for the whole of a backup would make the file of a busy till grow. So
only the last slice fixes where the backup ends. Records never change; rows that changed after they
were read are read once more in that slice, where their own sequence number tells them.
"""

from __future__ import annotations

import contextlib
import os
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple, Self

import lmdb
import msgspec

from tillhald.backup.layout import Ending, pack_records, pack_rows
from tillhald.domain.backup_rules import closed_days, totals_of
from tillhald.domain.events import decode_record
from tillhald.domain.evolve import apply
from tillhald.domain.state import TillState, decode_state
from tillhald.journal.engine import (
    CHECKPOINTS,
    INDEX_TABLES,
    META,
    META_CHAIN_ID,
    META_HEAD,
    META_IDENTITY,
    RECORDS,
    check_format,
    data_file,
    open_env,
    open_tables,
    read_base,
    read_meta,
)
from tillhald.journal.errors import Fault, JournalDamaged
from tillhald.journal.format import (
    BODY_AT,
    HASH_BYTES,
    Head,
    record_hash,
    row_seed,
    seq_key,
    unpack_head,
    unseal_row,
)
from tillhald.journal.identity import Identity
from tillhald.journal.preflight import check_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    Snapshot = lmdb.Transaction[bytes]

SLICE_BYTES_MAX = 256 << 10
"""How much one snapshot gives at most, but for the last one; it is read before anything is
compressed or written, so a slow target does not keep it open. It ends with what it began to take,
see TAKEN_AT_ONCE_MAX."""
TAKEN_AT_ONCE_MAX = 16
"""Records or rows that are taken in one step, before their sizes are looked at: one by one, this
program would spend more time on looking than on anything else."""
LAST_SLICE_RECORDS = 2_000
PASSES_MAX = 8
"""How often what has changed meanwhile is read again, until little of it is left."""


class Counted(msgspec.Struct):
    """What has gone by."""

    records: int = 0
    rows: int = 0
    files: int = 0
    plain_bytes: int = 0

    def ending(self, state: TillState) -> Ending:
        """The last frame's content."""
        return Ending(
            records=self.records, rows=self.rows, files=self.files, totals=totals_of(state)
        )


class Source:
    """A journal that is open for reading. Raises JournalDamaged, lmdb.Error, OSError throughout.

    Not within a process that has the journal open otherwise: LMDB allows one opening.
    """

    def __init__(self, folder: str, after: Head | None) -> None:
        """`after`: the record that the backup goes on from; None for all that there is."""
        path = data_file(folder)
        check_size(path)
        file_bytes = os.stat(path).st_size  # noqa: PTH116 - a child's start
        self._env = open_env(folder, map_bytes=file_bytes, readonly=True)
        try:
            self._tables = open_tables(self._env)
            with self._snapshot() as txn:
                meta = self._tables[META]
                check_format(txn, meta)
                self._chain_id = read_meta(txn, meta, META_CHAIN_ID)
                self.identity = msgspec.msgpack.decode(
                    read_meta(txn, meta, META_IDENTITY), type=Identity
                )
                self.base = read_base(txn, meta)
                self.begun_at = unpack_head(read_meta(txn, meta, META_HEAD))
                self.after = self.base if after is None else after
                self._check_after(txn)
        except BaseException:
            self._env.close()
            raise
        self.head = self.after
        """The record that it ends with, once all frames were given."""
        self._given_seq = self.after.seq
        self.counted = Counted()
        self.end_state = TillState()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._env.close()

    def _check_after(self, txn: Snapshot) -> None:
        seq = self.after.seq
        if seq == self.base.seq:
            same = self.after.hash == self.base.hash
        else:
            envelope = txn.get(seq_key(seq), db=self._tables[RECORDS])
            same = (
                envelope is not None and record_hash(self._chain_id, seq, envelope) == self.after[1]
            )
        if not same:
            sentence = f"Record {seq} is not the one that the backup before this one ended with."
            raise JournalDamaged(Fault.FORK, seq, sentence)

    def frames(self) -> Iterator[bytes]:
        """All frames of records and rows, slice by slice."""
        rows_until = self.after.seq
        for _ in range(PASSES_MAX):
            goal = self._stored_head().seq
            while self._given_seq < goal:
                with self._snapshot() as txn:
                    piece = self._records(txn, goal)
                yield piece
            began_at = self._given_seq
            for table in INDEX_TABLES:
                yield from self._rows_in_slices(table, rows_until)
            rows_until = began_at
            if self._stored_head().seq - rows_until <= LAST_SLICE_RECORDS:
                break
        with self._snapshot() as txn:
            pieces = list(self._last_slice(txn, rows_until))
        yield from pieces

    def _stored_head(self) -> Head:
        with self._snapshot() as txn:
            return unpack_head(read_meta(txn, self._tables[META], META_HEAD))

    def _last_slice(self, txn: Snapshot, rows_until: int) -> Iterator[bytes]:
        end = unpack_head(read_meta(txn, self._tables[META], META_HEAD))
        while self._given_seq < end.seq:
            yield self._records(txn, end.seq)
        if end.seq > rows_until:
            for table in INDEX_TABLES:
                key: bytes | None = b""
                while key is not None:
                    key, piece = self._rows(txn, table, key, rows_until)
                    if piece:
                        yield piece
        checkpoint, state = self._newest_checkpoint(txn)
        if checkpoint:
            yield checkpoint
        self.end_state = self._replayed(txn, state, end)
        # Whether the records lead there is found out when the backup is read back.
        self.head = end

    def _records(self, txn: Snapshot, until_seq: int) -> bytes:
        """A frame of the records that follow, up to `until_seq`, as they are stored."""
        seq = self._given_seq
        with txn.cursor(self._tables[RECORDS]) as cursor:
            there = cursor.set_range(seq_key(seq + 1))
            left = islice(cursor.iternext(keys=False) if there else iter(()), until_seq - seq)
            envelopes: list[bytes] = []
            taken_bytes = 0
            while taken_bytes < SLICE_BYTES_MAX:
                some = list(islice(left, TAKEN_AT_ONCE_MAX))
                if not some:
                    break
                envelopes += some
                taken_bytes += sum(map(len, some))
        if not envelopes:
            sentence = f"The records end at {seq}, but more were stored."
            raise JournalDamaged(Fault.TRUNCATED, seq + 1, sentence)
        self._given_seq += len(envelopes)
        self.counted.records += len(envelopes)
        return pack_records(envelopes)

    def _rows_in_slices(self, table: str, after_seq: int) -> Iterator[bytes]:
        """Rows that came with a record after `after_seq`."""
        key: bytes | None = b""
        while key is not None:
            with self._snapshot() as txn:
                key, piece = self._rows(txn, table, key, after_seq)
            if piece:
                yield piece

    def _rows(
        self, txn: Snapshot, table: str, after_key: bytes, after_seq: int
    ) -> tuple[bytes | None, bytes]:
        """A frame of rows behind `after_key` that came with a record after `after_seq`, empty if
        these are none; with the key to go on behind, None at the table's end."""
        # The number that the row came with stands in front, see docs/reference/journal-format.md.
        is_all = after_seq == self.base.seq
        number = seq_key(after_seq)
        taken: list[bytes] = []
        seen_bytes = 0
        key: bytes | None = None
        with txn.cursor(self._tables[table]) as cursor:
            there = cursor.set_range(after_key) if after_key else cursor.first()
            if there and after_key and cursor.key() == after_key:
                there = cursor.next()
            left = cursor.iternext() if there else iter(())
            while seen_bytes < SLICE_BYTES_MAX:
                some = list(islice(left, TAKEN_AT_ONCE_MAX))
                if not some:
                    key = None
                    break
                key = some[-1][0]
                flat = [*chain.from_iterable(some)]
                seen_bytes += sum(map(len, flat))
                if not is_all:
                    flat = [*chain.from_iterable(row for row in some if row[1][:8] > number)]
                taken += flat
        self.counted.rows += len(taken) // 2
        return key, pack_rows(table, taken) if taken else b""

    def _newest_checkpoint(self, txn: Snapshot) -> tuple[bytes, TillState]:
        """Its frame and its state; nothing, and the state before all records, where none is."""
        seed = row_seed(self._chain_id, CHECKPOINTS)
        with txn.cursor(self._tables[CHECKPOINTS]) as cursor:
            for key, stored in cursor.iterprev():
                try:
                    value = unseal_row(seed, CHECKPOINTS, key, stored)
                except JournalDamaged:
                    continue
                self.counted.rows += 1
                return pack_rows(CHECKPOINTS, (key, stored)), decode_state(value[HASH_BYTES:])
        return b"", TillState()

    def _replayed(self, txn: Snapshot, state: TillState, end: Head) -> TillState:
        with txn.cursor(self._tables[RECORDS]) as cursor:
            there = cursor.set_range(seq_key(state.seq + 1))
            while there and state.seq < end.seq:
                body = cursor.value()[BODY_AT:]
                state = apply(state, decode_record(body), state.seq + 1)
                there = cursor.next()
        return state

    @contextlib.contextmanager
    def _snapshot(self) -> Iterator[Snapshot]:
        try:
            txn = self._env.begin()
        except lmdb.MapResizedError:
            # The daemon has grown the file since we mapped it; 0 means: take over its size.
            self._env.set_mapsize(0)
            txn = self._env.begin()
        with txn:
            yield txn


class Where(NamedTuple):
    """Where the till stood at the end of a backup."""

    closed_days: int
    business_day: str


def where_at(state: TillState) -> Where:
    """Where the till stood."""
    return Where(closed_days(state), state.day.business_day if state.day else "")
