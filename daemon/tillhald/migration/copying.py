"""Copying a journal into a new one of another schema.

The copy is raw where nothing changes, and then checked whole, in the new place: every record, the
chain, every row, and that it comes to the same as the one that it was made from. The old journal is
only read. The new one is durable, but for its folder's own name, before this returns.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import lmdb
import msgspec

from tillhald.domain.backup import BackupTotals
from tillhald.failpoints import reach
from tillhald.journal.disk import ZERO_CHUNK_BYTES, sync_folder, write_zeros
from tillhald.journal.engine import (
    ALL_TABLES,
    CHECKPOINTS,
    INDEX_TABLES,
    META,
    META_CLOSED,
    META_ENGINE,
    META_FORMAT,
    META_HEAD,
    META_MIGRATED,
    META_ROWS,
    META_SEED,
    RECORDS,
    data_file,
    open_env,
)
from tillhald.journal.errors import JournalDamaged, JournalExists
from tillhald.journal.format import pack_head, row_seed, seal_row, seq_key, unseal_row
from tillhald.journal.row_count import entries_of, pack_row_count
from tillhald.journal.spill import open_spill
from tillhald.migration.reading import Reading, Sums
from tillhald.migration.steps import CHANGED, History, StoredRow, moved, steps
from tillhald.schema import MIN_READER, SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tillhald.journal.engine import Tables
    from tillhald.journal.format import Head, Sealed
    from tillhald.migration.steps import Step

    Progress = Callable[[str, int, int], None]

BATCH_ROWS = 5_000
BATCH_BYTES = 8 << 20
"""What is in memory at once, and goes into one commit."""
ROOM_BYTES_MIN = 4 << 20
"""What must be free on the disk beyond what the new journal needs."""
MAP_BYTES_STEP = 1 << 20
MAP_BYTES_MOST = 64 << 30

Item = tuple[bytes, bytes]


class MigrationFailed(Exception):
    """Nothing came of it, and the old journal is what it was. `reason` is one of JOURNAL_CORRUPT,
    OTHER_SCHEMA, DISK_FULL, TOTALS_DIFFER, STORAGE_FAILED, MIGRATION_FAILED."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.sentence = sentence


class Migrated(msgspec.Struct, frozen=True, kw_only=True):
    """A journal that was copied and checked; `sums` are those of both. `seq` and `head`
    (hexadecimal) are its last record's: the same one as before."""

    schema: int
    min_reader: int
    from_schema: int
    seq: int
    head: str
    totals: BackupTotals
    sums: Sums


class Migration(NamedTuple):
    """What there is to do. `spills`: files that may hold records which the journal lacks.
    `at_rest`: a till that has come to rest has the journal open, and will record nothing more that
    counts: the copy is one that was closed in order."""

    folder: Path
    target: Path
    to_schema: int
    spills: tuple[Path, ...] = ()
    at_rest: bool = False


def migrate(order: Migration, on_progress: Progress) -> Migrated:
    """Copy the journal in `folder` to `target`, which must not exist.

    `on_progress(phase, done, total)` counts rows. Raises MigrationFailed, JournalDamaged,
    OtherSchema, JournalExists, lmdb.Error, OSError, msgspec.DecodeError; what was made is removed.
    """
    if order.target.exists():
        sentence = f"There is something in {order.target} already."
        raise JournalExists(sentence)
    with Reading(str(order.folder)) as source:
        way = steps(source.schema, order.to_schema)
        _check_room(source, order.target)
        order.target.mkdir(mode=0o700, parents=True)
        try:
            spilled = _spilled(order.spills, source)
            copy = _Copy(source, order, way, on_progress)
            copy.make(spilled)
            reach("migration.copied")
            copy.settle()
            reach("migration.synced")
            migrated = _proven(source, spilled, order.target, on_progress)
            reach("migration.proven")
        except BaseException:
            shutil.rmtree(order.target, ignore_errors=True)
            raise
    return migrated


def _check_room(source: Reading, target: Path) -> None:
    parent = next(each for each in target.parents if each.exists())
    usage = os.statvfs(parent)
    free, needed = usage.f_bavail * usage.f_frsize, source.file_bytes + ROOM_BYTES_MIN
    if free < needed:
        sentence = (
            f"A copy of the journal needs {needed >> 20} MiB in {parent}, "
            f"and {free >> 20} MiB are free."
        )
        raise MigrationFailed("DISK_FULL", sentence)


def _spilled(paths: Iterable[Path], source: Reading) -> list[Sealed]:
    """What the spills hold and the journal does not. One that belongs to another history is passed
    over: it stays, and opening the journal puts it aside."""
    there = [path for path in paths if path.exists()]
    try:
        return _read_spills(there, source)
    except JournalDamaged:
        each = []
        for path in there:
            with contextlib.suppress(JournalDamaged):
                each.append(_read_spills([path], source))
        return max(each, key=len, default=[])


def _read_spills(paths: Sequence[Path], source: Reading) -> list[Sealed]:
    spill = open_spill(paths, source.chain_id, size_bytes=0)
    try:
        return spill.read(source.head, lambda _: None)
    finally:
        spill.close()


class _Copy:
    """The new journal while it is written."""

    def __init__(
        self,
        source: Reading,
        order: Migration,
        way: Sequence[Step],
        on_progress: Progress,
    ) -> None:
        self._source = source
        self._order = order
        self._target = order.target
        self._way = way
        self._on_progress = on_progress
        self._done = 0
        self._seeds = {
            table: row_seed(source.chain_id, table) for table in (*INDEX_TABLES, CHECKPOINTS)
        }
        self._history = History(
            source.base.seq, ((key, value) for _, key, value in source.rows("days"))
        )
        self._map_bytes = source.file_bytes
        self._used_bytes = 0

    def make(self, spilled: Sequence[Sealed]) -> None:
        """Write everything; each commit is synced, and all of it is in the file then."""
        with open_env(
            str(self._target), map_bytes=self._map_bytes, readonly=False, create=True
        ) as env:
            tables = {name: env.open_db(name.encode()) for name in ALL_TABLES}
            for table in ALL_TABLES:
                if table == META:
                    continue
                items = self._moved(table) if table in CHANGED else self._source.items(table)
                for batch in _batches(items):
                    # Raw, and in the order of the keys: full pages, at the speed of the disk.
                    self._put(env, {tables[table]: batch}, append=table not in CHANGED)
                    reach("migration.batch_copied")
            for record in spilled:
                self._put(env, {tables[name]: rows for name, rows in self._of(record).items()})
            head = spilled[-1].head if spilled else self._source.head
            self._put(env, {tables[META]: list(self._description(env, tables, head))})
            self._used_bytes = (env.info()["last_pgno"] + 1) * os.sysconf("SC_PAGE_SIZE")

    def settle(self) -> None:
        """Zeros up to the end of the map, as in every journal, and everything synced."""
        page_bytes = os.sysconf("SC_PAGE_SIZE")
        more = max(self._source.file_bytes - self._source.used_bytes, page_bytes)
        end = max(self._source.file_bytes, self._used_bytes + more)
        end = -(-end // page_bytes) * page_bytes
        fd = os.open(data_file(str(self._target)), os.O_WRONLY | os.O_CLOEXEC)
        try:
            for start in range(os.fstat(fd).st_size, end, ZERO_CHUNK_BYTES):
                write_zeros(fd, start, min(start + ZERO_CHUNK_BYTES, end))
            os.fsync(fd)
        finally:
            os.close(fd)
        sync_folder(self._target)

    def _moved(self, table: str) -> Iterator[Item]:
        seed = self._seeds[table]
        for seq, key, value in self._source.rows(table):
            for row in moved(StoredRow(seq, key, value), self._way, self._history):
                yield row.key, seal_row(seed, row.key, row.seq, row.value)

    def _of(self, record: Sealed) -> dict[str, list[Item]]:
        """What goes with a record of the spill."""
        head = record.head
        found: dict[str, list[Item]] = {RECORDS: [(seq_key(head.seq), record.envelope)]}
        for table, key, value in record.rows:
            assert value is not None, "index rows are put, never deleted"
            rows = [StoredRow(head.seq, key, value)]
            if table in CHANGED:
                rows = moved(rows[0], self._way, self._history)
            found.setdefault(table, []).extend(
                (row.key, seal_row(self._seeds[table], row.key, row.seq, row.value)) for row in rows
            )
        if record.checkpoint is not None:
            key, value = seq_key(head.seq), head.hash + record.checkpoint
            sealed = seal_row(self._seeds[CHECKPOINTS], key, head.seq, value)
            found[CHECKPOINTS] = [(key, sealed)]
        return found

    def _description(self, env: lmdb.Environment, tables: Tables, head: Head) -> Iterator[Item]:
        source = self._source
        changed = {
            META_FORMAT: b"%d" % self._order.to_schema,
            META_ENGINE: "lmdb {}.{}.{}".format(*env.lib_version()).encode(),
            META_HEAD: pack_head(head),
            META_MIGRATED: msgspec.msgpack.encode(
                {"schema": source.schema, "seq": source.head.seq, "hash": source.head.hash}
            ),
        }
        with env.begin() as txn:
            changed[META_ROWS] = pack_row_count(entries_of(txn, tables))
        if self._order.at_rest:
            changed[META_CLOSED] = seq_key(head.seq)
        for key, stored in source.items(META):
            if key not in changed:
                unseal_row(META_SEED, META, key, stored)
                yield key, stored
        for key, value in changed.items():
            yield key, seal_row(META_SEED, key, head.seq, value)

    def _put(
        self, env: lmdb.Environment, rows: dict[lmdb._Database, list[Item]], *, append: bool = False
    ) -> None:
        while True:
            try:
                with env.begin(write=True) as txn:
                    for table, items in rows.items():
                        with txn.cursor(table) as cursor:
                            cursor.putmulti(items, append=append)
                break
            except lmdb.MapFullError:
                if self._map_bytes >= MAP_BYTES_MOST:
                    raise
                self._map_bytes += max(self._map_bytes // 2, MAP_BYTES_STEP)
                env.set_mapsize(self._map_bytes)
        self._done += sum(len(items) for items in rows.values())
        self._on_progress("copying", self._done, max(self._done, self._source.entries))


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    size_bytes = 0
    for item in items:
        batch.append(item)
        size_bytes += len(item[0]) + len(item[1])
        if len(batch) >= BATCH_ROWS or size_bytes >= BATCH_BYTES:
            yield batch
            batch, size_bytes = [], 0
    if batch:
        yield batch


def _proven(
    source: Reading, spilled: Sequence[Sealed], target: Path, on_progress: Progress
) -> Migrated:
    """Read the copy back, check all of it, and compare what both come to."""
    with Reading(str(target)) as copy:
        total, done = copy.entries, 0

        def checked(rows: int) -> None:
            nonlocal done
            done += rows
            on_progress("checking", done, total)

        copy.check(checked)
        sums = copy.sums()
        differences = sums.differences(source.sums(spilled))
        if differences:
            sentence = f"The copy does not come to the same: {', '.join(differences)}."
            raise MigrationFailed("TOTALS_DIFFER", sentence)
        return Migrated(
            schema=copy.schema,
            min_reader=MIN_READER if copy.schema == SCHEMA else copy.schema,
            from_schema=source.schema,
            seq=copy.head.seq,
            head=copy.head.hash.hex(),
            totals=sums.totals,
            sums=sums,
        )
