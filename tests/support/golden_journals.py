"""Journals of earlier schemas, made anew from what was stored in them."""

from __future__ import annotations

from pathlib import Path

from tests.contract.journal_story import MAP_BYTES
from tillhald.journal.disk import write_zeros
from tillhald.journal.engine import ALL_TABLES, data_file, open_env

SCHEMA_1 = Path(__file__).parents[1] / "contract/golden/journal_schema_1.txt"


def stored_lines(path: Path = SCHEMA_1) -> list[tuple[str, bytes, bytes]]:
    """Table, key and stored bytes of each row."""
    lines = (line.split(" ") for line in path.read_text(encoding="ascii").splitlines())
    return [(table, bytes.fromhex(key), bytes.fromhex(stored)) for table, key, stored in lines]


def make_golden(folder: Path, path: Path = SCHEMA_1) -> Path:
    """The journal in `folder`, row for row as it was stored; the folder."""
    folder.mkdir(parents=True)
    with open_env(str(folder), map_bytes=MAP_BYTES, readonly=False, create=True) as env:
        tables = {name: env.open_db(name.encode()) for name in ALL_TABLES}
        with env.begin(write=True) as txn:
            for table, key, stored in stored_lines(path):
                txn.put(key, stored, db=tables[table])
    with Path(data_file(str(folder))).open("r+b") as file:
        write_zeros(file.fileno(), file.seek(0, 2), MAP_BYTES)
    return folder
