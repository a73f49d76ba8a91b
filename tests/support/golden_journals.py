"""Journals of earlier schemas, made anew from what was stored in them."""

from __future__ import annotations

from pathlib import Path

from tests.contract.journal_story import CHAIN_ID, MAP_BYTES
from tillhald.journal.disk import write_zeros
from tillhald.journal.engine import (
    ALL_TABLES,
    INDEX_TABLES,
    META,
    META_FORMAT,
    META_HEAD,
    META_SEED,
    RECORDS,
    data_file,
    open_env,
)
from tillhald.journal.format import Head, Row, Sealed, pack_head, record_hash, seal_row
from tillhald.journal.spill import open_spill

SPILL_BYTES = 1 << 20
SCHEMA_1 = Path(__file__).parents[1] / "contract/golden/journal_schema_1.txt"


def stored_lines() -> list[tuple[str, bytes, bytes]]:
    """Table, key and stored bytes of each row."""
    lines = (line.split(" ") for line in SCHEMA_1.read_text(encoding="ascii").splitlines())
    return [(table, bytes.fromhex(key), bytes.fromhex(stored)) for table, key, stored in lines]


def make_golden(folder: Path) -> Path:
    """The journal of schema 1 in `folder`, row for row as it was stored; the folder."""
    return _make(folder, stored_lines())


def make_golden_with_spill(folder: Path, spill: Path, spilled: int) -> Path:
    """The same, but the last records were not merged into it yet: they are in the spill."""
    lines = stored_lines()
    last = max(int.from_bytes(key, "big") for table, key, _ in lines if table == RECORDS)
    came_with = [
        (int.from_bytes(key if table == RECORDS else stored[:8], "big"), table, key, stored)
        for table, key, stored in lines
        if (table, key) != (META, META_HEAD)
    ]
    envelopes = {seq: stored for seq, table, _, stored in came_with if table == RECORDS}
    heads = {
        seq: Head(seq, record_hash(CHAIN_ID, seq, stored)) for seq, stored in envelopes.items()
    }
    head = heads[last - spilled]
    stored_head = seal_row(META_SEED, META_HEAD, head.seq, pack_head(head))
    kept = [(table, key, stored) for seq, table, key, stored in came_with if seq <= head.seq]
    file = open_spill([spill], CHAIN_ID, size_bytes=SPILL_BYTES)
    for number in range(head.seq + 1, last + 1):
        rows = [
            Row(table, key, stored[12:])
            for seq, table, key, stored in came_with
            if seq == number and table in INDEX_TABLES
        ]
        file.append([Sealed(heads[number], envelopes[number], tuple(rows), None)])
    file.close()
    return _make(folder, [*kept, (META, META_HEAD, stored_head)])


def _make(folder: Path, lines: list[tuple[str, bytes, bytes]]) -> Path:
    folder.mkdir(parents=True)
    with open_env(str(folder), map_bytes=MAP_BYTES, readonly=False, create=True) as env:
        tables = {name: env.open_db(name.encode()) for name in ALL_TABLES}
        with env.begin(write=True) as txn:
            for table, key, stored in lines:
                txn.put(key, stored, db=tables[table])
    with Path(data_file(str(folder))).open("r+b") as file:
        write_zeros(file.fileno(), file.seek(0, 2), MAP_BYTES)
    return folder


def set_schema(folder: Path, schema: int) -> None:
    """Have a journal say that it is of another schema."""
    size = Path(data_file(str(folder))).stat().st_size
    with open_env(str(folder), map_bytes=size, readonly=False) as env:
        meta = env.open_db(META.encode(), create=False)
        with env.begin(write=True) as txn:
            seq = int.from_bytes((txn.get(META_FORMAT, db=meta) or b"")[:8], "big")
            stored = seal_row(META_SEED, META_FORMAT, seq, b"%d" % schema)
            txn.put(META_FORMAT, stored, db=meta)


def altered(folder: Path, table: str) -> None:
    """One bit of the last row of a table is another one."""
    size = Path(data_file(str(folder))).stat().st_size
    with open_env(str(folder), map_bytes=size, readonly=False) as env:
        handle = env.open_db(table.encode(), create=False)
        with env.begin(write=True) as txn, txn.cursor(handle) as cursor:
            cursor.last()
            key, stored = cursor.item()
            txn.put(key, stored[:-1] + bytes([stored[-1] ^ 1]), db=handle)
