"""Committing sealed records to LMDB, the journal's own file, and keeping that file growing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lmdb

from tillhald.failpoints import reach
from tillhald.journal.engine import (
    CHECKPOINTS,
    META,
    META_CLOSED,
    META_HEAD,
    META_ROWS,
    META_SEED,
    RECORDS,
)
from tillhald.journal.errors import Fault, JournalDamaged
from tillhald.journal.format import pack_head, seal_row, seq_key, seq_of
from tillhald.journal.growth import NO_ROOM, Growth
from tillhald.journal.row_count import entries_of, pack_row_count, read_row_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tillhald.journal.format import Sealed
    from tillhald.journal.row_count import Counts
    from tillhald.journal.store import Store

GROWTHS_AT_ONCE_MAX = 12
"""Steps of growth for one batch: each adds half the file or more, so these suffice for any."""
CHECKPOINTS_KEPT = 2
"""The newest one, and one more in case the newest turns out to be damaged."""

Rows = dict[tuple[str, bytes], bytes | None]


def record_puts(batch: Sequence[Sealed]) -> list[tuple[bytes, bytes]]:
    """Keys and values of the records themselves."""
    return [(seq_key(record.head.seq), record.envelope) for record in batch]


def row_puts(batch: Sequence[Sealed], seeds: dict[str, int]) -> Rows:
    """All rows that go with a batch, and the head. One put for each key and transaction.

    The last row of a key wins anyway, and LMDB's own checker cries wolf over a value that was
    replaced by a shorter one within one transaction.
    """
    rows: Rows = {}
    for record in batch:
        head = record.head
        for table, key, value in record.rows:
            sealed = None if value is None else seal_row(seeds[table], key, head.seq, value)
            rows[table, key] = sealed
        if record.checkpoint is not None:
            key, value = seq_key(head.seq), head.hash + record.checkpoint
            rows[CHECKPOINTS, key] = seal_row(seeds[CHECKPOINTS], key, head.seq, value)
    head = batch[-1].head
    rows[META, META_HEAD] = seal_row(META_SEED, META_HEAD, head.seq, pack_head(head))
    return rows


class Primary:
    """The journal's file, as long as it can be written. Writer thread only.

    Any error but lmdb.MapFullError leaves the fate of what was being written unknown: it is not
    tried again, and not in this environment. After a failed sync the kernel calls the pages clean
    and a second sync succeeds without them; LMDB's two descriptors each report one write error
    once; and a commit that raised may still be on disk.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._engine = store.engine
        self.growth = Growth(store.engine)
        self._row_count: Counts | None = None
        """As the last commit here left it."""

    def commit(self, batch: Sequence[Sealed]) -> None:
        """Store a batch in one transaction; it is on disk when this returns.

        Raises lmdb.Error, OSError, and JournalDamaged if somebody else writes here, too, or the
        count of rows is not as written.
        """
        self._transact(record_puts(batch), row_puts(batch, self._store.row_seeds))

    def note_good_order(self) -> None:
        """Say in the journal that nothing was under way when it was closed."""
        seq = self._store.primary_head.seq
        if self._store.closed_seq != seq:
            stored = seal_row(META_SEED, META_CLOSED, seq, seq_key(seq))
            self._transact([], {(META, META_CLOSED): stored})

    def _transact(self, records: list[tuple[bytes, bytes]], rows: Rows) -> None:
        for left in reversed(range(GROWTHS_AT_ONCE_MAX)):
            try:
                self._transact_once(records, rows)
                break
            except lmdb.MapFullError as full:
                # Growing ahead of need did not keep up. The transaction is dead, the environment
                # is fine and nothing was written: the one error after which the same batch may be
                # written again. One step may be too little for a very long sale in a young file.
                if not left:
                    raise
                try:
                    self.growth.finish()
                except OSError as error:
                    if error.errno in NO_ROOM:
                        raise full from error
                    raise
        reach("journal.after_commit")

    def _transact_once(self, records: list[tuple[bytes, bytes]], rows: Rows) -> None:
        tables = self._engine.tables
        with self._engine.env.begin(write=True) as txn:
            # Carried on by what each commit adds, and not by what is there: a row that was lost
            # before would be lost from the count with the next sale.
            counts = self._row_count or read_row_count(txn, tables[META])
            counts = dict(counts or entries_of(txn, tables))
            for key, envelope in records:
                # append=True answers False, and raises nothing, if the key is not the last.
                if not txn.put(key, envelope, append=True, db=tables[RECORDS]):
                    seq = int.from_bytes(key, "big")
                    sentence = f"Record {seq} is there already: somebody else writes here, too."
                    raise JournalDamaged(Fault.REPEATED, seq, sentence)
            for (table, key), stored in rows.items():
                if stored is None:
                    counts[table] -= txn.delete(key, db=tables[table])
                elif table not in counts:
                    txn.put(key, stored, db=tables[table])
                elif txn.put(key, stored, overwrite=False, db=tables[table]):
                    counts[table] += 1
                else:
                    txn.put(key, stored, db=tables[table])
            if any(table == CHECKPOINTS for table, _ in rows):
                self._prune_checkpoints(txn)
            if records:
                seq = seq_of(records[-1][0])
                stored = seal_row(META_SEED, META_ROWS, seq, pack_row_count(counts))
                txn.put(META_ROWS, stored, db=tables[META])
            reach("journal.before_commit")
        self._row_count = counts

    def _prune_checkpoints(self, txn: lmdb.Transaction[bytes]) -> None:
        table = self._engine.tables[CHECKPOINTS]
        surplus = txn.stat(table)["entries"] - CHECKPOINTS_KEPT
        if surplus > 0:
            with txn.cursor(table) as cursor:
                cursor.first()
                for _ in range(surplus):
                    cursor.delete()
