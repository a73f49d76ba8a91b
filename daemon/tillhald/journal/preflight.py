"""Looking at a journal before the daemon trusts its own life to it.

`python -m tillhald.journal.preflight FOLDER [--whole | --sync-only]` writes one JSON object to
stdout, `examination.Preflight`. It is a
process of its own, because a damaged file kills whoever reads it: a page past the file's end or
an unreadable sector is SIGBUS, a page that is not a page is SIGABRT. Boot waits for it, so it
imports little and checks only the records behind the newest checkpoint, unless told `--whole`.
It takes no lock, its parent holds the journal's, and changes nothing: what it writes is what it has
just read, see `settle`. With `--sync-only` it does no
more than to sync the file, through a descriptor of its own.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import struct
import sys
from typing import NamedTuple

import lmdb
import msgspec

from tillhald.journal.chain import (
    Snapshot,
    check_anchor,
    check_count,
    check_end,
    read_checkpoint,
    walk_records,
)
from tillhald.journal.elsewhere import leave_the_tills_cpu
from tillhald.journal.engine import (
    META,
    META_CHAIN_ID,
    META_CLOSED,
    META_HEAD,
    META_IDENTITY,
    check_format,
    data_file,
    open_env,
    open_tables,
    read_base,
    read_meta,
)
from tillhald.journal.errors import Fault, JournalDamaged, OtherSchema, StorageError
from tillhald.journal.format import seq_of, unpack_head

RECORDS_MAX = 1 << 62

# LMDB 0.9, data format 1, 64 bit, native byte order (lmdb 0.9.36, mdb.c: MDB_page, MDB_meta,
# MDB_db): 16 bytes of page header; magic, version, address, map size; two trees of 48 bytes, the
# first of which names the page size; the last page used; the transaction that wrote this.
_META_PAGE = struct.Struct("=16x II 8x Q I 92x Q Q")
_META_MAGIC = 0xBEEFC0DE
_META_VERSION = 1
_PAGE_BYTES = tuple(1 << shift for shift in range(9, 17))


class _MetaPage(NamedTuple):
    page_bytes: int
    last_page: int
    txn: int


def check_size(path: str) -> None:
    """Raise JournalDamaged unless the file holds every page that its newest meta page counts."""
    with open(path, "rb") as file:  # noqa: PTH123 - pathlib doubles a child's start
        first = _meta_page(file.read(_META_PAGE.size), 0)
        file.seek(first.page_bytes)
        second = _meta_page(file.read(_META_PAGE.size), 1)
        newest = max(first, second, key=lambda page: page.txn)
        needed = (newest.last_page + 1) * newest.page_bytes
        there = os.fstat(file.fileno()).st_size
    if there < needed:
        sentence = f"The journal's file has {there} bytes; its pages need {needed}."
        raise JournalDamaged(Fault.TRUNCATED, None, sentence)


def _meta_page(raw: bytes, number: int) -> _MetaPage:
    if len(raw) < _META_PAGE.size:
        sentence = f"The journal's file ends within meta page {number}."
        raise JournalDamaged(Fault.TRUNCATED, None, sentence)
    magic, version, _, page_bytes, last_page, txn = _META_PAGE.unpack(raw)
    if (magic, version) != (_META_MAGIC, _META_VERSION) or page_bytes not in _PAGE_BYTES:
        sentence = f"Meta page {number} of the journal's file is not one of LMDB 0.9."
        raise JournalDamaged(Fault.EDITED, None, sentence)
    return _MetaPage(page_bytes, last_page, txn)


def preflight(folder: str, *, whole: bool) -> dict[str, object]:
    """Sync and check the journal that nobody writes to; return what was found, for the report.

    Raises JournalDamaged, StorageFailed or lmdb.Error.
    """
    unsettled = ""
    try:
        settle(folder)
    except JournalDamaged as refused:
        if refused.fault is not Fault.UNREADABLE:
            raise
        unsettled = refused.sentence
    path = data_file(folder)
    check_size(path)
    file_bytes = os.stat(path).st_size  # noqa: PTH116
    with open_env(folder, map_bytes=file_bytes, readonly=True, lock=False) as env:
        tables = open_tables(env)
        with env.begin(buffers=True) as txn:
            check_format(txn, tables[META])
            chain_id = read_meta(txn, tables[META], META_CHAIN_ID)
            identity = msgspec.msgpack.decode(read_meta(txn, tables[META], META_IDENTITY))
            closed_seq = seq_of(read_meta(txn, tables[META], META_CLOSED))
            head = unpack_head(read_meta(txn, tables[META], META_HEAD))
            snapshot = Snapshot(txn, tables, chain_id, read_base(txn, tables[META]))
            checkpoint, passed_over = read_checkpoint(snapshot)
            if checkpoint is not None:
                check_anchor(snapshot, checkpoint)
            elif snapshot.base.seq:
                sentence = "The state that this segment began with is not there."
                raise JournalDamaged(Fault.MISSING, None, sentence)
            after = snapshot.base if whole or checkpoint is None else checkpoint
            last = walk_records(snapshot, after, limit=RECORDS_MAX)
            check_end(last, head)
            check_count(snapshot, head)
    return {
        "last_seq": head.seq,
        "head_hash": head.hash.hex(),
        "checkpoint_seq": checkpoint.seq if checkpoint else None,
        "tail_records": head.seq - after.seq,
        "clean_shutdown": closed_seq == head.seq,
        "segment": identity.get("segment", 1),
        "unsettled": unsettled,
        "passed_over": [damage.sentence for damage in passed_over],
    }


def settle(folder: str) -> dict[str, object]:
    """Make the disk hold what is read, before the file is trusted. JournalDamaged if it refuses.

    After a failed sync LMDB's attempt to undo the commit lives in the page cache only. Reopened
    like that, the next commit reuses pages which the meta page on the medium still counts as
    data; a power cut then destroyed whole databases (24 of 5,700 simulated ones, none of 5,676
    with a sync). Where the undoing was refused as well, a sync is not enough: there is nothing
    left to be synced, and the refused meta page may be on the medium all the same (704 of 4,184
    states). So both meta pages are written again as they are read.
    """
    path = data_file(folder)
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        if error.errno != errno.EROFS:
            raise
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        page_bytes = _meta_page(os.pread(fd, _META_PAGE.size, 0), 0).page_bytes
        for start in (0, page_bytes):
            meta = os.pread(fd, page_bytes, start)
            _write_unless_read_only(fd, meta, start)
        os.fdatasync(fd)
    except OSError as error:
        sentence = f"The journal's file cannot be synced: {error}"
        raise JournalDamaged(Fault.UNREADABLE, None, sentence) from error
    finally:
        os.close(fd)
    return {}


def _write_unless_read_only(fd: int, data: bytes, start: int) -> None:
    try:
        os.pwrite(fd, data, start)
    except OSError as error:
        # Opened for reading, or the disk has turned so: then nothing is going to be written.
        if error.errno not in (errno.EBADF, errno.EROFS):
            raise


def death_sentence(status: int) -> str:
    """Say how a checking process ended without a result. `status` as in subprocess."""
    how = f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
    return f"The process that checked the journal ended {how}; its storage cannot be trusted."


def trouble_sentence(error: Exception) -> str:
    """Say what kept a checking process from reading: a StorageError, lmdb.Error or OSError."""
    return (
        f"LMDB cannot read the journal: {error}." if isinstance(error, lmdb.Error) else str(error)
    )


def main(arguments: list[str]) -> int:
    """Check, and write the result. A found fault is a result: the exit status stays 0."""
    try:
        result = (
            settle(arguments[0])
            if "--sync-only" in arguments[1:]
            else preflight(arguments[0], whole="--whole" in arguments[1:])
        )
    except OtherSchema as other:
        fault = Fault.UNREADABLE
        result = {"fault": fault, "other_schema": other.schema, "sentence": str(other)}
    except JournalDamaged as damage:
        result = {"fault": damage.fault, "seq": damage.seq, "sentence": damage.sentence}
    except (StorageError, lmdb.Error, OSError) as error:
        result = {"fault": Fault.UNREADABLE, "seq": None, "sentence": trouble_sentence(error)}
    json.dump(result, sys.stdout)
    return 0


if __name__ == "__main__":
    leave_the_tills_cpu()
    sys.exit(main(sys.argv[1:]))
