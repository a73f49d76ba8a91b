"""What a salvage has found, and where in the file.

An index in SQLite's temporary storage, not in memory: a journal may hold millions of records. It
is scratch, nothing of it is kept.
"""

from __future__ import annotations

import sqlite3
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

SEQ_MAX = (1 << 63) - 1
"""SQLite's largest integer. A till that sells a thousand times a second needs 300 million years."""
_PENDING_MAX = 10_000
_CACHE_KIB = 64 << 10

_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE records (
  seq INTEGER, hash BLOB, prev_hash BLOB, at INTEGER, size INTEGER, live INTEGER,
  PRIMARY KEY (seq, hash)
) WITHOUT ROWID;
CREATE TABLE rows (
  name TEXT, key BLOB, seq INTEGER, at INTEGER, size INTEGER, live INTEGER,
  PRIMARY KEY (name, key)
) WITHOUT ROWID;
CREATE TABLE loose (at INTEGER PRIMARY KEY);
"""
_ADD_RECORD = """
INSERT INTO records VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
SET at = excluded.at, size = excluded.size, live = excluded.live WHERE excluded.live > live
"""
_ADD_ROW = """
INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
SET seq = excluded.seq, at = excluded.at, size = excluded.size, live = excluded.live
WHERE (excluded.live, excluded.seq) > (live, seq)
"""
_ADD_LOOSE = "INSERT OR IGNORE INTO loose VALUES (?)"
_UP = "SELECT * FROM records ORDER BY seq, hash"
_DOWN = "SELECT * FROM records ORDER BY seq DESC, hash"


class FoundRecord(NamedTuple):
    """A whole record: `size` bytes at offset `at`. `live`: in a page of the last commit."""

    seq: int
    hash: bytes
    prev_hash: bytes
    at: int
    size: int
    live: bool


class FoundRow(NamedTuple):
    """A whole row, that came with record `seq`."""

    table: str
    key: bytes
    seq: int
    at: int
    size: int
    live: bool


class Finds:
    """Equal copies of a record are one find; of the copies of a row the newest one is kept."""

    def __init__(self) -> None:
        # No name: a temporary file of SQLite's own, which goes with the connection.
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(_TABLES)
        self._db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._db.execute("BEGIN")
        self._records: list[FoundRecord] = []
        self._rows: list[FoundRow] = []

    def close(self) -> None:
        self._db.close()

    def add_record(self, record: FoundRecord) -> None:
        self._records.append(record)
        if len(self._records) >= _PENDING_MAX:
            self.settle()

    def add_row(self, row: FoundRow) -> None:
        """Keep the row unless a newer one of its key is known. What is live is newest."""
        self._rows.append(row)
        if len(self._rows) >= _PENDING_MAX:
            self.settle()

    def add_loose(self, at: int) -> None:
        """Note the place of something that begins as a record does, and has no node."""
        self._db.execute(_ADD_LOOSE, (at,))

    def settle(self) -> None:
        """Take over what was added into the index; to be called before it is asked."""
        self._db.executemany(_ADD_RECORD, self._records)
        self._db.executemany(_ADD_ROW, self._rows)
        self._records.clear()
        self._rows.clear()

    def loose(self) -> Iterator[int]:
        """The noted places that no record was found at."""
        query = "SELECT at FROM loose WHERE at NOT IN (SELECT at FROM records) ORDER BY at"
        for (at,) in self._db.execute(query):
            yield at

    def keep_live_records(self) -> None:
        """Forget what is in pages that the last commit does not count."""
        self._db.execute("DELETE FROM records WHERE NOT live")

    def keep_live_rows(self, table: str) -> None:
        """The same for the rows of a table."""
        self._db.execute("DELETE FROM rows WHERE name = ? AND NOT live", (table,))

    def drop_behind(self, seq: int) -> int:
        """Forget what came after record `seq`; return how many records that were."""
        self._db.execute("DELETE FROM rows WHERE seq > ?", (seq,))
        return self._db.execute("DELETE FROM records WHERE seq > ?", (seq,)).rowcount

    def drop_record(self, record: FoundRecord) -> None:
        self._db.execute(
            "DELETE FROM records WHERE seq = ? AND hash = ?", (record.seq, record.hash)
        )

    def records(self) -> Iterator[FoundRecord]:
        """All records, in order."""
        return map(FoundRecord._make, self._db.execute(_UP))

    def numbers_down(self) -> Iterator[list[FoundRecord]]:
        """All whole records of a number, for each number, the last one first."""
        found = map(FoundRecord._make, self._db.execute(_DOWN))
        for _, copies in groupby(found, attrgetter("seq")):
            yield list(copies)

    def rows(self, table: str) -> Iterator[FoundRow]:
        """The rows of a table, in the order of their keys."""
        query = "SELECT * FROM rows WHERE name = ? ORDER BY key"
        return map(FoundRow._make, self._db.execute(query, (table,)))

    def count_rows(self) -> dict[str, int]:
        """How many rows each table has."""
        return dict(self._db.execute("SELECT name, count(*) FROM rows GROUP BY name"))
