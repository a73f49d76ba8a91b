"""The only writer: one thread, group commit.

LMDB needs two syncs for a commit, however much is in it. So the writer takes what has queued up
while it was busy, commits it as one transaction and tells everybody at once. A single caller
waits for one commit; a hundred callers wait for two at most.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, NamedTuple

import lmdb
import msgspec

from tillhald.failpoints import reach
from tillhald.journal.engine import (
    CHECKPOINTS,
    INDEX_TABLES,
    KEY_BYTES_MAX,
    META,
    META_CLOSED,
    META_HEAD,
    META_IDENTITY,
    META_SEED,
    RECORDS,
)
from tillhald.journal.errors import Fault, JournalDamaged, Overloaded, StorageFailed
from tillhald.journal.format import Head, pack_head, seal, seal_row, seq_key, seq_of
from tillhald.journal.growth import Growth

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tillhald.journal.identity import Phase
    from tillhald.journal.store import Row, Store

QUEUE_APPENDS_MAX = 4096
"""How many appends may be on their way to the disk."""
QUEUE_BYTES_MAX = 64 << 20
"""How many bytes may be on their way, whichever limit is met first."""
APPEND_BYTES_MAX = 8 << 20
"""The largest append: body, rows and checkpoint together. The void of a sale of a thousand lines
with the longest texts has about 5 MiB."""
BATCH_APPENDS_MAX = 512
BATCH_BYTES_MAX = 1 << 20
"""A batch is closed by the append that reaches this, so it holds less than twice as much."""
GROWTHS_AT_ONCE_MAX = 12
"""Steps of growth for one batch: each adds half the file or more, so these suffice for any."""
CHECKPOINTS_KEPT = 2
"""The newest one, and one more in case the newest turns out to be damaged."""


class _Append(NamedTuple):
    seq: int
    body: bytes
    rows: tuple[Row, ...]
    checkpoint: bytes | None
    phase: Phase | None
    size_bytes: int


class JournalWriter:
    """Appends records to a journal, durably and in order.

    `append`, `next_seq` and `close` belong to one thread, the event loop's. `on_durable(seq)`
    says that every record up to `seq` is on disk, once for each commit; `on_failed(error)` says,
    once, that storing has ended and that the fate of everything after the last `on_durable` is
    unknown. Both are called in the writer thread: pass wrappers around call_soon_threadsafe.

    What the two threads share: the queue; `_durable_seq`, `_durable_bytes` and `_failure`, each
    written by the writer thread only and read by the other one as a single reference, so a
    reader sees an older or a newer value, never half of one. Older counts make the queue look
    fuller; an older `_failure` lets an append into a queue that nobody reads any more, and
    `on_failed` speaks for it.
    """

    def __init__(
        self,
        store: Store,
        *,
        on_durable: Callable[[int], None],
        on_failed: Callable[[BaseException], None],
    ) -> None:
        self._store = store
        self._engine = store.engine
        self._chain_id = store.identity.chain_id
        self._identity = store.identity
        self._head = store.head
        self._on_durable = on_durable
        self._on_failed = on_failed
        self._growth = Growth(store.engine)
        self._queue: queue.SimpleQueue[_Append | None] = queue.SimpleQueue()
        self._next_seq = self._head.seq + 1
        self._durable_seq = self._head.seq
        self._appended_bytes = 0
        self._durable_bytes = 0
        self._failure: StorageFailed | None = None
        self._closed = False
        # A daemon thread: should the event loop die without closing the journal, the process
        # must end and be started again, not hang. To the journal that is one more power cut.
        self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)
        self._thread.start()

    @property
    def next_seq(self) -> int:
        """The number that the next `append` will return."""
        return self._next_seq

    @property
    def no_room(self) -> OSError | None:
        """Why the journal's file cannot grow at present, or None. Selling goes on meanwhile."""
        return self._growth.no_room

    def append(
        self,
        body: bytes,
        rows: Sequence[Row] = (),
        *,
        checkpoint: bytes | None = None,
        phase: Phase | None = None,
    ) -> int:
        """Queue one record and the rows that go with it, as one unit; return its number.

        It is durable once `on_durable` has named this number or a later one. `checkpoint` is the
        state after this record; `phase` becomes the identity's. Of several rows with the same
        key in one commit the last one stays.

        Raises Overloaded when QUEUE_APPENDS_MAX appends or QUEUE_BYTES_MAX wait, StorageFailed
        when storing has ended, ValueError for what can never be stored. Nothing was changed then.
        """
        if self._failure is not None:
            sentence = "The journal has failed; nothing more is stored in it."
            raise StorageFailed(sentence, durable_seq=self._durable_seq) from self._failure
        if self._closed:
            sentence = "The journal is closed."
            raise StorageFailed(sentence, durable_seq=self._durable_seq)
        size_bytes = _checked_size(body, rows, checkpoint)
        waiting = self._next_seq - 1 - self._durable_seq
        waiting_bytes = self._appended_bytes - self._durable_bytes
        if waiting >= QUEUE_APPENDS_MAX or waiting_bytes + size_bytes > QUEUE_BYTES_MAX:
            sentence = f"{waiting} records are waiting for the disk; try again shortly."
            raise Overloaded(sentence)
        seq = self._next_seq
        self._next_seq += 1
        self._appended_bytes += size_bytes
        self._queue.put(_Append(seq, body, tuple(rows), checkpoint, phase, size_bytes))
        return seq

    def close(self, timeout_s: float) -> None:
        """Commit everything queued, note the good order of it, and end the thread.

        Raises StorageFailed if that takes longer than `timeout_s`. After a failure that
        `on_failed` has reported there is nothing left to do, and nothing is raised.
        """
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            sentence = f"The journal's writer did not finish within {timeout_s} s."
            raise StorageFailed(sentence, durable_seq=self._durable_seq)

    # From here on: the writer thread.

    def _run(self) -> None:
        try:
            while not self._write_what_waits():
                self._growth.step()
            self._note_good_order()
        except Exception as error:  # noqa: BLE001 - whatever it was, storing ends here, loudly
            # Not retried, and not in this environment: after a failed sync the kernel calls the
            # pages clean and a second sync succeeds without them; LMDB's two descriptors each
            # report one write error once; and a commit that raised may still be on disk.
            sentence = f"The journal could not be written: {error}"
            self._failure = StorageFailed(sentence, durable_seq=self._durable_seq)
            self._failure.__cause__ = error
            self._on_failed(self._failure)
        finally:
            self._growth.close()

    def _write_what_waits(self) -> bool:
        """Commit one batch, waiting for it unless the file is growing. True: that was the end."""
        batch: list[_Append] = []
        batch_bytes = 0
        wait = not self._growth.active
        ended = False
        while len(batch) < BATCH_APPENDS_MAX and batch_bytes < BATCH_BYTES_MAX:
            try:
                append = self._queue.get(block=wait)
            except queue.Empty:
                break
            if append is None:
                ended = True
                break
            batch.append(append)
            batch_bytes += append.size_bytes
            wait = False
        if batch:
            self._commit(batch)
        return ended

    def _commit(self, batch: list[_Append]) -> None:
        rows: dict[tuple[str, bytes], bytes | None] = {}
        records: list[tuple[bytes, bytes]] = []
        head = self._head
        for append in batch:
            assert append.seq == head.seq + 1, f"{append.seq} does not follow {head.seq}"
            envelope, digest = seal(self._chain_id, append.seq, head.hash, append.body)
            head = Head(append.seq, digest)
            records.append((seq_key(append.seq), envelope))
            self._collect_rows(rows, append, head)
        rows[META, META_HEAD] = seal_row(META_SEED, META_HEAD, head.seq, pack_head(head))
        self._transact(records, rows)
        self._head = head
        self._durable_seq = head.seq
        self._durable_bytes += sum(append.size_bytes for append in batch)
        self._on_durable(head.seq)

    def _collect_rows(
        self, rows: dict[tuple[str, bytes], bytes | None], append: _Append, head: Head
    ) -> None:
        """Add what belongs to one record. One put for each key and transaction.

        The last row of a key wins anyway, and LMDB's own checker cries wolf over a value that
        was replaced by a shorter one within one transaction.
        """
        seeds = self._store.row_seeds
        for table, key, value in append.rows:
            sealed = None if value is None else seal_row(seeds[table], key, head.seq, value)
            rows[table, key] = sealed
        if append.checkpoint is not None:
            key, value = seq_key(head.seq), head.hash + append.checkpoint
            rows[CHECKPOINTS, key] = seal_row(seeds[CHECKPOINTS], key, head.seq, value)
        if append.phase is not None:
            self._identity = msgspec.structs.replace(self._identity, phase=append.phase)
            value = msgspec.msgpack.encode(self._identity)
            rows[META, META_IDENTITY] = seal_row(META_SEED, META_IDENTITY, head.seq, value)

    def _transact(
        self, records: list[tuple[bytes, bytes]], rows: dict[tuple[str, bytes], bytes | None]
    ) -> None:
        for left in reversed(range(GROWTHS_AT_ONCE_MAX)):
            try:
                self._transact_once(records, rows)
                break
            except lmdb.MapFullError:
                # Growing ahead of need did not keep up. The transaction is dead, the environment
                # is fine and nothing was written: the one error after which the same batch may be
                # written again. One step may be too little for a very long sale in a young file.
                if not left:
                    raise
                self._growth.finish()
        reach("journal.after_commit")

    def _transact_once(
        self, records: list[tuple[bytes, bytes]], rows: dict[tuple[str, bytes], bytes | None]
    ) -> None:
        tables = self._engine.tables
        with self._engine.env.begin(write=True) as txn:
            for key, envelope in records:
                # append=True answers False, and raises nothing, if the key is not the last.
                if not txn.put(key, envelope, append=True, db=tables[RECORDS]):
                    seq = seq_of(key)
                    sentence = f"Record {seq} is there already: somebody else writes here, too."
                    raise JournalDamaged(Fault.REPEATED, seq, sentence)
            for (table, key), stored in rows.items():
                if stored is None:
                    txn.delete(key, db=tables[table])
                else:
                    txn.put(key, stored, db=tables[table])
            if any(table == CHECKPOINTS for table, _ in rows):
                self._prune_checkpoints(txn)
            reach("journal.before_commit")

    def _prune_checkpoints(self, txn: lmdb.Transaction[bytes]) -> None:
        table = self._engine.tables[CHECKPOINTS]
        surplus = txn.stat(table)["entries"] - CHECKPOINTS_KEPT
        if surplus > 0:
            with txn.cursor(table) as cursor:
                cursor.first()
                for _ in range(surplus):
                    cursor.delete()

    def _note_good_order(self) -> None:
        """Say in the journal that nothing was under way when it was closed."""
        seq = self._head.seq
        if self._store.closed_seq != seq:
            stored = seal_row(META_SEED, META_CLOSED, seq, seq_key(seq))
            self._transact([], {(META, META_CLOSED): stored})


def _checked_size(body: bytes, rows: Sequence[Row], checkpoint: bytes | None) -> int:
    """Return how much an append holds. ValueError for what LMDB would refuse.

    Checked here, because an error from LMDB within a transaction ends all storing.
    """
    size_bytes = len(body) + len(checkpoint or b"")
    for table, key, value in rows:
        if table not in INDEX_TABLES:
            message = f"There is no index {table!r}; there are {', '.join(INDEX_TABLES)}."
            raise ValueError(message)
        if not 1 <= len(key) <= KEY_BYTES_MAX:
            message = f"A key has 1 to {KEY_BYTES_MAX} bytes, this one {len(key)}."
            raise ValueError(message)
        size_bytes += len(key) + len(value or b"")
    if size_bytes > APPEND_BYTES_MAX:
        message = f"An append has at most {APPEND_BYTES_MAX} bytes, this one {size_bytes}."
        raise ValueError(message)
    return size_bytes
