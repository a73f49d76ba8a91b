"""How the journal uses LMDB: which databases, which flags, and when the map may move.

The reasons are measured: LMDB keeps what it promised through power cuts only with both of its
syncs (no `sync=False`, `metasync=False`, `map_async`), and a writable map turns a full disk into
SIGBUS. So those flags are checked after every opening and not only passed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from typing import TYPE_CHECKING

import lmdb
import msgspec

from tillhald.journal.errors import Fault, JournalDamaged, OtherSchema, StorageFailed
from tillhald.journal.format import (
    FORMAT_VERSION,
    NO_HASH,
    Head,
    row_seed,
    unpack_head,
    unseal_row,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    Tables = dict[str, lmdb._Database]  # noqa: SLF001 - the only name that py-lmdb has for it
    AnyTransaction = lmdb.Transaction[bytes] | lmdb.Transaction[memoryview]

META = "meta"
RECORDS = "records"
CHECKPOINTS = "checkpoints"
INDEX_TABLES = ("requests", "sales", "receipts", "days", "shifts", "jobs", "outages")
"""The tables that rows may go to."""
ALL_TABLES = (META, RECORDS, *INDEX_TABLES, CHECKPOINTS)

META_FORMAT = b"format"
META_ENGINE = b"engine"
META_CHAIN_ID = b"chain_id"
META_IDENTITY = b"identity"
META_HEAD = b"head"
META_CLOSED = b"closed"
META_BASE = b"base"
META_ROWS = b"rows"
"""How many rows each index table should have, see `row_count`."""
META_MIGRATED = b"migrated"
"""From which schema the journal was copied, and at which record; only where it was."""
META_SEED = row_seed(b"", META)

KEY_BYTES_MAX = 511
"""The longest key of engine 0.9."""

REOPEN_S_MAX = 2.0
"""How long a reader waits for a file that failed to be opened afresh; it takes a millisecond."""

_ENGINE = (0, 9)
_LIB_VERSION = 0
_FLAGS = {"sync": True, "metasync": True, "map_async": False, "writemap": False}


def data_file(folder: str) -> str:
    """Return the path of the one file that holds everything."""
    return os.path.join(folder, "data.mdb")  # noqa: PTH118 - pathlib doubles a child's start


def open_env(
    folder: str, *, map_bytes: int, readonly: bool, lock: bool = True, create: bool = False
) -> lmdb.Environment:
    """Open LMDB as the journal must use it; StorageFailed if it came up in any other way."""
    # lib_version is pinned: an environment variable could otherwise switch new files to the
    # other engine inside py-lmdb, whose format this one cannot read.
    env = lmdb.open(
        folder,
        map_size=map_bytes,
        max_dbs=len(ALL_TABLES),
        readonly=readonly,
        lock=lock,
        create=create,
        mode=0o600,
        lib_version=_LIB_VERSION,
        **_FLAGS,
    )
    flags = env.flags()
    version = env.lib_version()
    wrong = [name for name, right in _FLAGS.items() if dict(flags)[name] is not right]
    if wrong or version[:2] != _ENGINE:
        env.close()
        sentence = f"LMDB {version} came up with unsafe flags or engine: {flags}"
        raise StorageFailed(sentence)
    return env


def open_tables(env: lmdb.Environment) -> Tables:
    """Return the handle of every database; JournalDamaged if one is not there."""
    tables = {}
    for name in ALL_TABLES:
        try:
            tables[name] = env.open_db(name.encode(), create=False)
        except lmdb.NotFoundError:
            sentence = f"The journal has no database {name!r}."
            raise JournalDamaged(Fault.MISSING, None, sentence) from None
    return tables


def read_meta(txn: AnyTransaction, table: lmdb._Database, name: bytes) -> bytes:
    """Return a value of `meta`; JournalDamaged if it is not there or not as written."""
    stored = txn.get(name, db=table)
    if stored is None:
        sentence = f"The journal's own description lacks {name.decode()!r}."
        raise JournalDamaged(Fault.MISSING, None, sentence)
    return unseal_row(META_SEED, META, name, bytes(stored))


def read_base(txn: AnyTransaction, table: lmdb._Database) -> Head:
    """Return the record that the first one of this journal follows: none, unless it is a segment
    that was begun when the one before it failed."""
    if txn.get(META_BASE, db=table) is None:
        return Head(0, NO_HASH)
    return unpack_head(read_meta(txn, table, META_BASE))


def read_migrated_seq(txn: AnyTransaction, table: lmdb._Database) -> int:
    """Return the record up to which rows were made of another schema's; 0 where none were."""
    if txn.get(META_MIGRATED, db=table) is None:
        return 0
    return int(msgspec.msgpack.decode(read_meta(txn, table, META_MIGRATED))["seq"])


def check_format(txn: AnyTransaction, table: lmdb._Database) -> None:
    """Raise OtherSchema if the journal is of a schema that this program does not write."""
    version = read_meta(txn, table, META_FORMAT)
    if version == b"%d" % FORMAT_VERSION:
        return
    schema = int(version)
    sentence = f"The journal has schema {schema}; this program writes {FORMAT_VERSION}."
    if schema > FORMAT_VERSION:
        sentence = f"{sentence} It was written by a newer one: start that, or export it from there."
    raise OtherSchema(schema, sentence)


def _forget_cached_pages(path: str) -> None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        sentence = f"The journal could not be opened: {error}"
        raise StorageFailed(sentence) from error
    try:
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(fd)


class Engine:
    """The opened environment, shared by the event loop, which reads, and the writer thread.

    Thread safety. LMDB lets any number of read transactions run beside the one write
    transaction, each used by one thread at a time; ours are opened and closed within one
    function. What it does not survive is `set_mapsize` or a close while a transaction of this
    process is open: the map is taken away under the reader (engine 0.9 does not even notice).
    Therefore every read transaction lives inside `reading()`, which holds `_map_lock`, and
    `resize`, `reopen` and `move` take that lock too. Write transactions need no lock: only the
    writer thread opens them, and only that thread calls those three, between two of them. The
    lock is never held over a commit, so a reader waits for another short read, for the resize or
    the opening itself, never for the disk.
    """

    def __init__(self, folder: str, *, readonly: bool = False) -> None:
        self.folder = folder
        self.page_bytes = os.sysconf("SC_PAGE_SIZE")
        self.map_bytes = 0
        self._map_lock = threading.Lock()
        self._reopened = threading.Condition(self._map_lock)
        self._env: lmdb.Environment | None = None
        self.tables: Tables = {}
        self.is_read_only = False
        """Whether nothing can be written to it as it was opened."""
        try:
            self._open(readonly=readonly)
        except StorageFailed as failed:
            if getattr(failed.__cause__, "code", None) != errno.EROFS:
                raise
            self._open(readonly=True)

    @property
    def env(self) -> lmdb.Environment:
        """The environment; StorageFailed if it could not be opened again after a failure."""
        if self._env is None:
            sentence = f"The journal in {self.folder} cannot be opened."
            raise StorageFailed(sentence)
        return self._env

    def _open(self, *, readonly: bool) -> None:
        # The file is the truth about the size of the map: creation and growth write zeros up to
        # the new end first. A growth that was cut by a power failure leaves a longer file; it
        # is adopted here. An incomplete last page is left out.
        try:
            file_bytes = os.stat(data_file(self.folder)).st_size  # noqa: PTH116
            self.map_bytes = file_bytes // self.page_bytes * self.page_bytes
            env = open_env(self.folder, map_bytes=self.map_bytes, readonly=readonly)
        except (lmdb.Error, OSError) as error:
            sentence = f"The journal could not be opened: {error}"
            raise StorageFailed(sentence) from error
        try:
            self.tables = open_tables(env)
            if not readonly:
                # A checking process that was killed may have left its reader slot behind; it
                # would keep pages from being used again for ever.
                env.reader_check()
        except BaseException:
            env.close()
            raise
        self._env = env
        self.is_read_only = readonly

    def reopen(self, *, readonly: bool, from_disk: bool = False) -> None:
        """Close the environment and open it afresh. Writer thread only.

        After a failed sync LMDB refuses even to read ("panic"); a fresh, read-only environment
        shows what was there before, without a sync. `from_disk`: what is read then comes from the
        disk. Pages that a failed write left in the page cache look fine and are not on the disk,
        and the kernel keeps those that are mapped. Raises StorageError; nothing is open then.
        """
        with self._map_lock:
            self._close()
            try:
                if from_disk:
                    _forget_cached_pages(data_file(self.folder))
                self._open(readonly=readonly)
            finally:
                self._reopened.notify_all()

    def move(self, folder: str) -> None:
        """Go over to the journal in another folder. Writer thread only. Raises StorageError."""
        with self._map_lock:
            self._close()
            self.folder = folder
            try:
                self._open(readonly=False)
            finally:
                self._reopened.notify_all()

    @contextlib.contextmanager
    def reading(self) -> Iterator[lmdb.Transaction[bytes]]:
        """Give a read transaction. Copy out what you need; keep it short: growth waits for it.

        Raises StorageFailed for whatever LMDB raises.
        """
        with self._map_lock:
            try:
                with self._begin_reading() as txn:
                    yield txn
            except lmdb.Error as error:
                sentence = f"The journal could not be read: {error}"
                raise StorageFailed(sentence) from error

    def get(self, table: str, key: bytes) -> bytes | None:
        """What `reading` and `get` would give, without a generator: twice for every sale."""
        try:
            with self._map_lock, self._begin_reading() as txn:
                return txn.get(key, db=self.tables[table])
        except lmdb.Error as error:
            sentence = f"The journal could not be read: {error}"
            raise StorageFailed(sentence) from error

    def _begin_reading(self) -> lmdb.Transaction[bytes]:
        try:
            return self.env.begin()
        except lmdb.PanicError:
            # A sync has just failed, and the writer thread is about to open the file afresh.
            panicked = self._env
            self._reopened.wait_for(lambda: self._env is not panicked, REOPEN_S_MAX)
            return self.env.begin()

    def resize(self, map_bytes: int) -> None:
        """Move to a larger map, whose file is already that long. Writer thread only."""
        with self._map_lock:
            self.env.set_mapsize(map_bytes)
            self.map_bytes = map_bytes

    def used_bytes(self) -> int:
        """Return how far into the file pages have ever been used; 0 while it cannot be opened."""
        with self._map_lock:
            if self._env is None:
                return 0
            return (self._env.info()["last_pgno"] + 1) * self.page_bytes

    def forget_dead_readers(self) -> None:
        """Free the pages that a process which was killed while reading keeps from being used."""
        with self._map_lock:
            if self._env is not None:
                self._env.reader_check()

    def close(self) -> None:
        """Close LMDB. The writer must have ended."""
        with self._map_lock:
            self._close()

    def _close(self) -> None:
        if self._env is not None:
            self._env.close()
            self._env = None
