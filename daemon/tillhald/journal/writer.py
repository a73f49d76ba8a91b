"""The only writer: one thread, group commit.

LMDB needs two syncs for a commit, however much is in it. So the writer takes what has queued up
while it was busy, commits it as one transaction and tells everybody at once. A single caller
waits for one commit; a hundred callers wait for two at most, and for a moment in which they
gather (`company`).
"""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from tillhald.journal.company import Company
from tillhald.journal.engine import INDEX_TABLES, KEY_BYTES_MAX
from tillhald.journal.errors import Overloaded, StorageFailed
from tillhald.journal.format import Head, Sealed, seal
from tillhald.journal.spill import Spill
from tillhald.journal.storage import Storage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tillhald.journal.format import Row
    from tillhald.journal.health import Health
    from tillhald.journal.store import Store

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


class _Append(NamedTuple):
    seq: int
    body: bytes
    rows: tuple[Row, ...]
    checkpoint: bytes | None
    begins_segment: bool
    size_bytes: int


_DISTRUST = _Append(0, b"", (), None, begins_segment=False, size_bytes=0)
"""Stands in the queue for the word that the journal's file is damaged."""


class JournalWriter:
    """Appends records to a journal, durably and in order.

    `append`, `next_seq`, `distrust` and `close` belong to one thread, the event loop's.
    `on_durable(seq)` says that every record up to `seq` is on disk, once for each batch;
    `on_health(health)` that storing got better or worse, before the first `on_durable` that rests
    on it; `on_failed(error)`, once, that storing has ended and that the fate of everything after
    the last `on_durable` is unknown. All are called in the writer thread: pass wrappers around
    call_soon_threadsafe.

    What the two threads share: the queue; `_durable_seq`, `_durable_bytes`, `_failure` and the
    storage's health, each written by the writer thread only and read by the other one as a single
    reference, so a reader sees an older or a newer value, never half of one. Older counts make
    the queue look fuller; an older `_failure` lets an append into a queue that nobody reads any
    more, and `on_failed` speaks for it.
    """

    def __init__(
        self,
        store: Store,
        *,
        on_durable: Callable[[int], None],
        on_failed: Callable[[BaseException], None],
        on_health: Callable[[Health], None] = lambda _: None,
        spill: Spill | None = None,
        standby: Path | None = None,
        write_failed_ms: int | None = None,
    ) -> None:
        """Without a `spill`, storing ends at the first failure. The rest is as for `Storage`."""
        self._chain_id = store.identity.chain_id
        self._head = store.head
        self._on_durable = on_durable
        self._on_failed = on_failed
        self._storage = Storage(
            store,
            spill or Spill(),
            standby=standby,
            write_failed_ms=write_failed_ms,
            on_health=on_health,
        )
        self._queue: queue.SimpleQueue[_Append | None] = queue.SimpleQueue()
        self._next_seq = self._head.seq + 1
        self._durable_seq = self._head.seq
        self._appended_bytes = 0
        self._durable_bytes = 0
        self._failure: StorageFailed | None = None
        self._why_distrusted = ("", 0)
        self._closed = False
        self._company = Company()
        # A daemon thread: should the event loop die without closing the journal, the process
        # must end and be started again, not hang. To the journal that is one more power cut.
        self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)
        self._thread.start()

    @property
    def next_seq(self) -> int:
        """The number that the next `append` will return."""
        return self._next_seq

    @property
    def health(self) -> Health:
        """How storing goes."""
        return self._storage.health

    def distrust(self, sentence: str, segment: int) -> None:
        """Write nothing more to the journal's file: a check of that segment found it damaged."""
        self._why_distrusted = sentence, segment
        self._queue.put(_DISTRUST)

    def append(
        self,
        body: bytes,
        rows: Sequence[Row] = (),
        *,
        checkpoint: bytes | None = None,
        begins_segment: bool = False,
    ) -> int:
        """Queue one record and the rows that go with it, as one unit; return its number.

        It is durable once `on_durable` has named this number or a later one. `checkpoint` is the
        state after this record; with `begins_segment` a new segment, if one is due, may be begun
        with it. Of several rows with the same key in one commit the last one stays.

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
        self._queue.put(_Append(seq, body, tuple(rows), checkpoint, begins_segment, size_bytes))
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
                self._storage.step()
            self._storage.finish()
        except Exception as error:  # noqa: BLE001 - whatever it was, storing ends here, loudly
            sentence = f"Nothing can be stored any more. {error}"
            self._failure = StorageFailed(sentence, durable_seq=self._durable_seq)
            self._failure.__cause__ = error.__cause__ or error
            self._on_failed(self._failure)
        finally:
            self._storage.close()

    def _write_what_waits(self) -> bool:
        """Keep one batch, waiting for it as long as storing has patience. True: it was the end."""
        batch: list[Sealed] = []
        batch_bytes = 0
        patience_s = self._storage.patience_s
        wait = patience_s is None or patience_s > 0
        ended = False
        asked_s = came_s = time.monotonic()
        while len(batch) < BATCH_APPENDS_MAX and batch_bytes < BATCH_BYTES_MAX:
            if not wait and self._queue.empty():  # nobody else takes from it
                break
            try:
                append = self._queue.get(block=wait, timeout=patience_s or None)
            except queue.Empty:
                break
            if append is None:
                ended = True
                break
            if append is _DISTRUST:
                self._storage.distrust(*self._why_distrusted)
                break
            if wait:
                came_s = time.monotonic()
                if self._company.wait_s:
                    time.sleep(self._company.wait_s)
            batch.append(self._seal(append))
            batch_bytes += append.size_bytes
            wait = False
        if batch:
            self._company.came(len(batch), came_s - asked_s)
            self._storage.keep(batch)
            self._durable_seq = batch[-1].head.seq
            self._durable_bytes += batch_bytes
            self._on_durable(self._durable_seq)
        return ended

    def _seal(self, append: _Append) -> Sealed:
        head = self._head
        assert append.seq == head.seq + 1, f"{append.seq} does not follow {head.seq}"
        envelope, digest = seal(self._chain_id, append.seq, head.hash, append.body)
        self._head = Head(append.seq, digest)
        if append.begins_segment:
            self._storage.begin_segment_with(append.seq)
        return Sealed(self._head, envelope, append.rows, append.checkpoint)


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
