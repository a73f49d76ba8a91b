"""What is durable in the spill and not in the journal yet, for those who read."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tillhald.journal.format import Head, Sealed


class Overlay:
    """Records and rows that a reader must see before what the journal's file holds.

    The writer thread adds a batch once it is in the spill, and drops it after the journal has
    committed it; a reader looks here first and into the file then. So it sees everything once at
    least, and never an older row than before.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Without a gap, and in order, as they were added.
        self._records: dict[int, Sealed] = {}
        self._rows: dict[str, dict[bytes, tuple[int, bytes | None]]] = {}

    def add(self, records: Iterable[Sealed]) -> None:
        with self._lock:
            for record in records:
                self._records[record.head.seq] = record
                for table, key, value in record.rows:
                    self._rows.setdefault(table, {})[key] = record.head.seq, value

    def drop(self, until_seq: int) -> None:
        """Forget the records up to `until_seq`, and the rows that nobody has replaced since."""
        with self._lock:
            while self._records and (seq := next(iter(self._records))) <= until_seq:
                for table, key, _ in self._records.pop(seq).rows:
                    held = self._rows[table].get(key)
                    if held is not None and held[0] == seq:
                        del self._rows[table][key]

    @property
    def head(self) -> Head | None:
        """The last record that is here only; None when there is none."""
        with self._lock:
            return self._records[next(reversed(self._records))].head if self._records else None

    def row(self, table: str, key: bytes) -> tuple[bytes | None] | None:
        """The row's value (None: deleted) in a tuple; None if there is nothing about it here."""
        if not self._records:  # nearly always; a look at a dict needs no lock
            return None
        with self._lock:
            held = self._rows.get(table, {}).get(key)
        return None if held is None else (held[1],)

    def rows(self, table: str, prefix: bytes) -> dict[bytes, bytes | None]:
        """All rows here whose key begins with `prefix`."""
        with self._lock:
            held = self._rows.get(table, {})
            return {key: value for key, (_, value) in held.items() if key.startswith(prefix)}

    def records(self, after_seq: int, limit: int) -> list[Sealed]:
        """Up to `limit` records after `after_seq`, in order."""
        with self._lock:
            if not self._records:
                return []
            first, last = next(iter(self._records)), next(reversed(self._records))
            start = max(first, after_seq + 1)
            seqs = range(start, min(start + limit, last + 1))
            return [self._records[seq] for seq in seqs]

    def record(self, seq: int) -> Sealed | None:
        with self._lock:
            return self._records.get(seq)

    def newest_checkpoint(self) -> tuple[int, bytes] | None:
        """The newest state in the spill: (seq, state)."""
        with self._lock:
            for seq in reversed(self._records):
                checkpoint = self._records[seq].checkpoint
                if checkpoint is not None:
                    return seq, checkpoint
        return None
