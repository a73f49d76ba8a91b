"""How the journal uses LMDB: which databases, which flags, and when the map may move.

The reasons are measured: LMDB keeps what it promised through power cuts only with both of its
syncs (no `sync=False`, `metasync=False`, `map_async`), and a writable map turns a full disk into
SIGBUS. So those flags are checked after every opening and not only passed.
"""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING

import lmdb

from tillhald.journal.errors import Fault, JournalDamaged, StorageFailed
from tillhald.journal.format import FORMAT_VERSION, row_seed, unseal_row

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
META_SEED = row_seed(b"", META)

KEY_BYTES_MAX = 511
"""The longest key of engine 0.9."""

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


def check_format(txn: AnyTransaction, table: lmdb._Database) -> None:
    """Raise StorageFailed if the journal was written by a format this program does not know."""
    version = read_meta(txn, table, META_FORMAT)
    if version != b"%d" % FORMAT_VERSION:
        sentence = f"The journal has format {version.decode()}; known is {FORMAT_VERSION}."
        raise StorageFailed(sentence)


class Engine:
    """The opened environment, shared by the event loop, which reads, and the writer thread.

    Thread safety. LMDB lets any number of read transactions run beside the one write
    transaction, each used by one thread at a time; ours are opened and closed within one
    function. What it does not survive is `set_mapsize` while a transaction of this process is
    open: the map is taken away under the reader (engine 0.9 does not even notice). Therefore
    every read transaction lives inside `reading()`, which holds `_map_lock`, and `resize` takes
    that lock too. Write transactions need no lock: only the writer thread opens them, and only
    that thread calls `resize`, between two of them. The lock is never held over a commit, so a
    reader waits for another short read or for the resize itself, never for the disk.
    """

    def __init__(self, folder: str) -> None:
        # The file is the truth about the size of the map: creation and growth write zeros up to
        # the new end first. A growth that was cut by a power failure leaves a longer file; it
        # is adopted here. An incomplete last page is left out.
        file_bytes = os.stat(data_file(folder)).st_size  # noqa: PTH116
        page_bytes = os.sysconf("SC_PAGE_SIZE")
        self.folder = folder
        self.map_bytes = file_bytes // page_bytes * page_bytes
        self.page_bytes = page_bytes
        try:
            self.env = open_env(folder, map_bytes=self.map_bytes, readonly=False)
        except lmdb.Error as error:
            sentence = f"The journal could not be opened: {error}"
            raise StorageFailed(sentence) from error
        self._map_lock = threading.Lock()
        try:
            self.tables = open_tables(self.env)
            # A checking process that was killed may have left its reader slot behind; it would
            # keep pages from being used again for ever.
            self.env.reader_check()
        except BaseException:
            self.env.close()
            raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[lmdb.Transaction[bytes]]:
        """Give a read transaction. Copy out what you need; keep it short: growth waits for it.

        Raises StorageFailed for whatever LMDB raises.
        """
        with self._map_lock:
            try:
                with self.env.begin() as txn:
                    yield txn
            except lmdb.Error as error:
                sentence = f"The journal could not be read: {error}"
                raise StorageFailed(sentence) from error

    def resize(self, map_bytes: int) -> None:
        """Move to a larger map, whose file is already that long. Writer thread only."""
        with self._map_lock:
            self.env.set_mapsize(map_bytes)
            self.map_bytes = map_bytes

    def used_bytes(self) -> int:
        """Return how far into the file pages have ever been used."""
        return (self.env.info()["last_pgno"] + 1) * self.page_bytes

    def close(self) -> None:
        """Close LMDB. The writer must have ended."""
        with self._map_lock:
            self.env.close()
