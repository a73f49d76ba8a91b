"""What the disk itself takes: the bytes of one sale, stored without any of the rest."""

from __future__ import annotations

import itertools
import os
import secrets
import time
from typing import TYPE_CHECKING, NamedTuple

import lmdb
import msgspec

from bench.load import StoredRow, percentile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

MAP_BYTES = 1 << 30
FILE_BYTES = 64 << 20
RECORDS = "records"
META = "meta"
SEQ_BYTES = 8


ESTIMATED_ROWS = (
    StoredRow(RECORDS, SEQ_BYTES, 900),
    StoredRow("requests", 36, 300),
    StoredRow("sales", 40, 800),
    StoredRow("receipts", SEQ_BYTES, 60),
    StoredRow(META, 4, 60),
)
"""Stands in where there is no journal of tillhal to look into."""


class Floor(msgspec.Struct, frozen=True, kw_only=True):
    """One floor in one round."""

    name: str
    count: int
    rate: float
    p50_us: float
    p99_us: float


class Floors(NamedTuple):
    """The floors, ready to be measured round after round."""

    steps: dict[str, Callable[[], None]]

    def measure(self, seconds: float) -> list[Floor]:
        """Measure each floor for so long."""
        return [_measure(name, step, seconds) for name, step in self.steps.items()]


LMDB_COMMIT = "raw LMDB commit"
FILE_SYNC = "one pwrite + fdatasync"


def rows_of_a_sale(journal: Path, before_seq: int) -> list[StoredRow]:
    """Return what the commits after `before_seq` left in a journal of tillhal.

    Records have their sequence number as the key; rows begin with that of the record in whose
    commit they were written (daemon/tillhald/journal/format.py).
    """
    found = []
    with (
        lmdb.open(str(journal), readonly=True, max_dbs=32, lib_version=0) as env,
        env.begin() as txn,
    ):
        names = [name for name, _ in txn.cursor()]
        for name in names:
            table = name.decode()
            for key, value in txn.cursor(env.open_db(name, txn, create=False)):
                seq = int.from_bytes((key if table == RECORDS else value)[:SEQ_BYTES], "big")
                if seq > before_seq:
                    found.append(StoredRow(table, len(key), len(value)))
    return found


def open_floors(folder: Path, rows: Sequence[StoredRow]) -> Floors:
    """Prepare the floors for these rows in `folder`."""
    return Floors({LMDB_COMMIT: lmdb_commit(folder, rows), FILE_SYNC: _file_sync(folder, rows)})


def lmdb_commit(folder: Path, rows: Sequence[StoredRow]) -> Callable[[], None]:
    """Return what commits `rows` under new keys, with both of LMDB's syncs."""
    env = lmdb.open(
        str(folder / "lmdb"),
        map_size=MAP_BYTES,
        max_dbs=len({row.table for row in rows}),
        lib_version=0,
    )
    tables = {row.table: env.open_db(row.table.encode()) for row in rows}
    values = [(row, tables[row.table], secrets.token_bytes(row.value_bytes)) for row in rows]
    numbers = itertools.count(1)

    def commit() -> None:
        number = next(numbers)
        with env.begin(write=True) as txn:
            for at, (row, table, value) in enumerate(values):
                txn.put(_key(row, number, at), value, db=table)

    return commit


def _key(row: StoredRow, number: int, at: int) -> bytes:
    """Return a key of the row's size: numbers in order, ids anywhere, `meta` overwritten."""
    if row.table == META:
        return at.to_bytes(row.key_bytes, "big")
    if row.key_bytes <= SEQ_BYTES:
        return number.to_bytes(row.key_bytes, "big")
    return secrets.token_bytes(row.key_bytes - SEQ_BYTES) + number.to_bytes(SEQ_BYTES, "big")


def _file_sync(folder: Path, rows: Sequence[StoredRow]) -> Callable[[], None]:
    """Return what writes the bytes of `rows` to a file that has its blocks, and syncs it."""
    content = secrets.token_bytes(sum(row.key_bytes + row.value_bytes for row in rows))
    file = os.open(folder / "floor", os.O_CREAT | os.O_RDWR, 0o600)
    os.pwrite(file, bytes(FILE_BYTES), 0)
    os.fsync(file)
    offsets = itertools.cycle(range(0, FILE_BYTES - len(content), len(content)))

    def write() -> None:
        os.pwrite(file, content, next(offsets))
        os.fdatasync(file)

    return write


def _measure(name: str, step: Callable[[], None], seconds: float) -> Floor:
    took_ns: list[int] = []
    begun_ns = now_ns = time.perf_counter_ns()
    end_ns = begun_ns + int(seconds * 1e9)
    while now_ns < end_ns:
        step()
        done_ns = time.perf_counter_ns()
        took_ns.append(done_ns - now_ns)
        now_ns = done_ns
    took_ns.sort()
    return Floor(
        name=name,
        count=len(took_ns),
        rate=len(took_ns) * 1e9 / (now_ns - begun_ns),
        p50_us=percentile(took_ns, 50) / 1e3,
        p99_us=percentile(took_ns, 99) / 1e3,
    )
