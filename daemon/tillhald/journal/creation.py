"""Making a new journal, so that a power cut leaves either none or a whole one."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import msgspec

from tillhald.journal.disk import ZERO_CHUNK_BYTES, sync_folder, write_zeros
from tillhald.journal.engine import (
    ALL_TABLES,
    CHECKPOINTS,
    INDEX_TABLES,
    META,
    META_BASE,
    META_CHAIN_ID,
    META_CLOSED,
    META_ENGINE,
    META_FORMAT,
    META_IDENTITY,
    META_ROWS,
    META_SEED,
    RECORDS,
    data_file,
    open_env,
)
from tillhald.journal.errors import JournalExists
from tillhald.journal.format import (
    CHAIN_ID_BYTES,
    FORMAT_VERSION,
    NO_HASH,
    Head,
    Sealed,
    pack_head,
    row_seed,
    seal,
    seal_row,
    seq_key,
)
from tillhald.journal.growth import MAP_BYTES_MAX
from tillhald.journal.lock import JournalLock
from tillhald.journal.primary import record_puts, row_puts
from tillhald.journal.row_count import entries_of, pack_row_count

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import lmdb

    from tillhald.journal.identity import Identity

MAP_BYTES_MIN = 256 << 10
GENESIS_SEQ = 1


def create(folder: Path, identity: Identity, genesis_body: bytes, *, map_bytes: int) -> None:
    """Create a journal whose first record has `genesis_body`; its file has `map_bytes`.

    `map_bytes` is rounded up to whole pages. When this returns, the journal is durable.
    Raises JournalExists if there is anything at `folder`, JournalInUse if another process
    creates or holds it, OSError or lmdb.Error if the disk refuses; nothing is at `folder` then.
    """
    if len(identity.chain_id) != CHAIN_ID_BYTES:
        message = f"A chain id has {CHAIN_ID_BYTES} bytes, this one {len(identity.chain_id)}."
        raise ValueError(message)
    if not MAP_BYTES_MIN <= map_bytes <= MAP_BYTES_MAX:
        message = f"A journal has {MAP_BYTES_MIN} to {MAP_BYTES_MAX} bytes, not {map_bytes}."
        raise ValueError(message)
    lock = JournalLock.acquire(folder)
    try:
        if folder.exists():
            sentence = f"There is something in {folder} already; no journal is created over it."
            raise JournalExists(sentence)
        # A young LMDB file that power was cut under cannot be opened again (measured), nor can
        # one tell it from a damaged old one. So the journal is built under another name, and
        # gets its own by a rename once every byte of it is on disk. What a cut left is removed.
        building = folder.with_name(folder.name + ".new")
        envelope, digest = seal(identity.chain_id, GENESIS_SEQ, NO_HASH, genesis_body)
        genesis = Sealed(Head(GENESIS_SEQ, digest), envelope, (), None)
        build(building, identity, Head(0, NO_HASH), [genesis], map_bytes=map_bytes)
        building.rename(folder)
        sync_folder(folder.parent)
    finally:
        lock.release()


def build(
    building: Path, identity: Identity, base: Head, records: Sequence[Sealed], *, map_bytes: int
) -> None:
    """Make a journal's file in the folder `building`, durable but for the folder's own name.

    `records` follow `base`. What stood in `building` is removed. Raises OSError or lmdb.Error.
    """
    if building.exists():
        shutil.rmtree(building)
    building.mkdir(mode=0o700, parents=True)
    page_bytes = os.sysconf("SC_PAGE_SIZE")
    end = -(-map_bytes // page_bytes) * page_bytes
    with open_env(str(building), map_bytes=end, readonly=False, create=True) as env:
        _fill(env, identity, base, records)
    # Zeros up to the end of the map: a disk that others have filled cannot stop a sale.
    fd = os.open(data_file(str(building)), os.O_WRONLY | os.O_CLOEXEC)
    try:
        for start in range(os.fstat(fd).st_size, end, ZERO_CHUNK_BYTES):
            write_zeros(fd, start, min(start + ZERO_CHUNK_BYTES, end))
        os.fsync(fd)
    finally:
        os.close(fd)
    sync_folder(building)


def _fill(env: lmdb.Environment, identity: Identity, base: Head, records: Sequence[Sealed]) -> None:
    first_seq = base.seq + 1
    meta = {
        META_FORMAT: b"%d" % FORMAT_VERSION,
        META_ENGINE: "lmdb {}.{}.{}".format(*env.lib_version()).encode(),
        META_CHAIN_ID: identity.chain_id,
        META_IDENTITY: msgspec.msgpack.encode(identity),
        META_CLOSED: seq_key(first_seq),
    }
    if base.seq:
        meta[META_BASE] = pack_head(base)
    seeds = {table: row_seed(identity.chain_id, table) for table in (*INDEX_TABLES, CHECKPOINTS)}
    with env.begin(write=True) as txn:
        tables = {name: env.open_db(name.encode(), txn=txn) for name in ALL_TABLES}
        for key, envelope in record_puts(records):
            txn.put(key, envelope, append=True, db=tables[RECORDS])
        for name, value in meta.items():
            txn.put(name, seal_row(META_SEED, name, first_seq, value), db=tables[META])
        for (table, key), stored in row_puts(records, seeds).items():
            if stored is not None:
                txn.put(key, stored, db=tables[table])
        counted = pack_row_count(entries_of(txn, tables))
        stored = seal_row(META_SEED, META_ROWS, records[-1].head.seq, counted)
        txn.put(META_ROWS, stored, db=tables[META])
