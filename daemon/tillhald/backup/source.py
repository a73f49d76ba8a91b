"""A journal, as a backup reads it beside the daemon that writes it: in slices, never for long.

LMDB keeps the pages of a snapshot from being used again while it is read, and a journal's file
never shrinks: one snapshot for the whole of a backup would make the file of a busy till grow. So
only the last slice fixes where the backup ends. Records never change; rows that changed after they
were read are read once more in that slice, where their own sequence number tells them.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, NamedTuple, Self

import lmdb
import msgspec

from tillhald.backup.layout import Ending, Kind, frame, pack_row
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
    check_record,
    check_row,
    record_hash,
    record_seed,
    row_seed,
    seq_key,
    seq_of,
    unpack_head,
    unseal_row,
)
from tillhald.journal.identity import Identity
from tillhald.journal.preflight import check_size

if TYPE_CHECKING:
    from collections.abc import Iterator

SLICE_RECORDS = 2_000
SLICE_BYTES_MAX = 4 << 20
"""How much one snapshot gives at most, but for the last one; it is read before anything is
compressed or written, so a slow target does not keep it open."""
PASSES_MAX = 8
"""How often what has changed meanwhile is read again, until little of it is left."""
_COMPLETES = b"SaleCompleted"


_KIND_WITHIN = 32
"""An event's kind is the first thing in it."""


class _Payable(msgspec.Struct):
    payable_minor: int


class _Completed(msgspec.Struct, tag="SaleCompleted"):
    """Of a completion the one thing that is summed up: decoding all of it takes ten times as
    long, for every sale that the till has ever made."""

    totals: _Payable


class _Events(msgspec.Struct):
    events: list[msgspec.Raw]


_events = msgspec.msgpack.Decoder(_Events)
_completed = msgspec.msgpack.Decoder(_Completed)


class Counted(msgspec.Struct):
    """What has gone by."""

    records: int = 0
    rows: int = 0
    files: int = 0
    plain_bytes: int = 0
    completed: int = 0
    payable_minor: int = 0

    def count(self, body: bytes) -> None:
        """Count a record by its body."""
        self.records += 1
        if _COMPLETES in body:
            for event in _events.decode(body).events:
                if _COMPLETES in memoryview(event).tobytes()[:_KIND_WITHIN]:
                    self.completed += 1
                    self.payable_minor += _completed.decode(event).totals.payable_minor

    def ending(self, state: TillState, sha256: bytes) -> Ending:
        """The last frame's content."""
        return Ending(
            records=self.records,
            rows=self.rows,
            files=self.files,
            totals=totals_of(state),
            completed=self.completed,
            payable_minor=self.payable_minor,
            sha256=sha256,
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
        """How far records have been given."""
        self.counted = Counted()
        self.end_state = TillState()
        self._seeds = {
            table: row_seed(self._chain_id, table) for table in (*INDEX_TABLES, CHECKPOINTS)
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._env.close()

    def _check_after(self, txn: lmdb.Transaction[memoryview]) -> None:
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
        """All frames of records and rows, slice by slice. `head` has moved to the end then."""
        rows_until = self.after.seq
        for _ in range(PASSES_MAX):
            goal = self._stored_head().seq
            while self.head.seq < goal:
                with self._snapshot() as txn:
                    piece = self._records(txn, limit=SLICE_RECORDS)
                yield piece
            began_at = self.head.seq
            for table in INDEX_TABLES:
                yield from self._rows_in_slices(table, rows_until)
            rows_until = began_at
            if self._stored_head().seq - rows_until <= SLICE_RECORDS:
                break
        with self._snapshot() as txn:
            pieces = list(self._last_slice(txn, rows_until))
        yield from pieces

    def _stored_head(self) -> Head:
        with self._snapshot() as txn:
            return unpack_head(read_meta(txn, self._tables[META], META_HEAD))

    def _last_slice(self, txn: lmdb.Transaction[memoryview], rows_until: int) -> Iterator[bytes]:
        end = unpack_head(read_meta(txn, self._tables[META], META_HEAD))
        while self.head.seq < end.seq:
            yield self._records(txn, limit=end.seq - self.head.seq)
        if self.head != end:
            sentence = f"Record {self.head.seq} is not the one that was stored last."
            raise JournalDamaged(Fault.FORK, self.head.seq, sentence)
        if end.seq > rows_until:
            for table in INDEX_TABLES:
                yield from self._changed_rows(txn, table, rows_until)
        checkpoint, state = self._newest_checkpoint(txn)
        if checkpoint:
            yield checkpoint
        self.end_state = self._replayed(txn, state, end)

    def _records(self, txn: lmdb.Transaction[memoryview], *, limit: int) -> bytes:
        """Frames of up to `limit` records after `head`, checked as they are read."""
        seed = record_seed(self._chain_id)
        seq, last_hash = self.head
        pieces: list[bytes] = []
        taken_bytes = 0
        with txn.cursor(self._tables[RECORDS]) as cursor:
            there = cursor.set_range(seq_key(seq + 1))
            while there and len(pieces) < limit and taken_bytes < SLICE_BYTES_MAX:
                seq += 1
                envelope = bytes(cursor.value())
                if seq_of(cursor.key()) != seq:
                    sentence = f"Record {seq} is missing; the next is {seq_of(cursor.key())}."
                    raise JournalDamaged(Fault.MISSING, seq, sentence)
                if check_record(seed, seq, envelope) != last_hash:
                    sentence = f"Record {seq} does not follow the record {seq - 1} that is stored."
                    raise JournalDamaged(Fault.FORK, seq, sentence)
                last_hash = record_hash(self._chain_id, seq, envelope)
                self.counted.count(envelope[BODY_AT:])
                pieces.append(frame(Kind.RECORD, envelope))
                taken_bytes += len(envelope)
                there = cursor.next()
        if not pieces:
            sentence = f"The records end at {seq}, but more were stored."
            raise JournalDamaged(Fault.TRUNCATED, seq + 1, sentence)
        self.head = Head(seq, last_hash)
        return b"".join(pieces)

    def _rows_in_slices(self, table: str, after_seq: int) -> Iterator[bytes]:
        """Rows that came with a record after `after_seq`."""
        key = b""
        at_end = False
        while not at_end:
            pieces: list[bytes] = []
            with self._snapshot() as txn, txn.cursor(self._tables[table]) as cursor:
                there = cursor.set_range(key) if key else cursor.first()
                if there and key and bytes(cursor.key()) == key:
                    there = cursor.next()
                seen = taken_bytes = 0
                while there and seen < SLICE_RECORDS and taken_bytes < SLICE_BYTES_MAX:
                    seen += 1
                    key = bytes(cursor.key())
                    taken_bytes += self._take_row(table, cursor, after_seq, pieces)
                    there = cursor.next()
                at_end = not there
            if pieces:
                yield b"".join(pieces)

    def _changed_rows(
        self, txn: lmdb.Transaction[memoryview], table: str, after_seq: int
    ) -> Iterator[bytes]:
        pieces: list[bytes] = []
        with txn.cursor(self._tables[table]) as cursor:
            there = cursor.first()
            while there:
                self._take_row(table, cursor, after_seq, pieces)
                there = cursor.next()
        yield b"".join(pieces)

    def _take_row(
        self, table: str, cursor: lmdb.Cursor[memoryview], after_seq: int, pieces: list[bytes]
    ) -> int:
        value = cursor.value()
        # The number that the row came with stands in front, see docs/reference/journal-format.md.
        if int.from_bytes(value[:8], "big") <= after_seq and after_seq != self.base.seq:
            return 0
        key, stored = bytes(cursor.key()), bytes(value)
        check_row(self._seeds[table], table, key, stored)
        pieces.append(pack_row(table, key, stored))
        self.counted.rows += 1
        return len(stored)

    def _newest_checkpoint(self, txn: lmdb.Transaction[memoryview]) -> tuple[bytes, TillState]:
        """Its frame and its state; nothing, and the state before all records, where none is."""
        with txn.cursor(self._tables[CHECKPOINTS]) as cursor:
            for key, stored in cursor.iterprev():
                raw = bytes(stored)
                try:
                    value = unseal_row(self._seeds[CHECKPOINTS], CHECKPOINTS, bytes(key), raw)
                except JournalDamaged:
                    continue
                self.counted.rows += 1
                return pack_row(CHECKPOINTS, bytes(key), raw), decode_state(value[HASH_BYTES:])
        return b"", TillState()

    def _replayed(
        self, txn: lmdb.Transaction[memoryview], state: TillState, end: Head
    ) -> TillState:
        with txn.cursor(self._tables[RECORDS]) as cursor:
            there = cursor.set_range(seq_key(state.seq + 1))
            while there and state.seq < end.seq:
                body = bytes(cursor.value())[BODY_AT:]
                state = apply(state, decode_record(body), state.seq + 1)
                there = cursor.next()
        return state

    @contextlib.contextmanager
    def _snapshot(self) -> Iterator[lmdb.Transaction[memoryview]]:
        try:
            txn = self._env.begin(buffers=True)
        except lmdb.MapResizedError:
            # The daemon has grown the file since we mapped it; 0 means: take over its size.
            self._env.set_mapsize(0)
            txn = self._env.begin(buffers=True)
        with txn:
            yield txn


class Where(NamedTuple):
    """Where the till stood at the end of a backup."""

    closed_days: int
    business_day: str


def where_at(state: TillState) -> Where:
    """Where the till stood."""
    return Where(closed_days(state), state.day.business_day if state.day else "")
