"""Journals that were written down while they were made, to be damaged and salvaged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tillhald.journal.creation import create
from tillhald.journal.engine import ALL_TABLES, CHECKPOINTS, META, RECORDS
from tillhald.journal.format import Row, seal
from tillhald.journal.salvage import Salvage, salvage
from tillhald.journal.store import Store
from tillhald.journal.writer import JournalWriter

if TYPE_CHECKING:
    from tillhald.journal.identity import Identity

MAP_BYTES = 256 << 10
PAGE_BYTES = 4096
OVERFLOWING = 9_000
"""A body that LMDB puts into pages of its own."""


class Written(NamedTuple):
    """A journal, and what was written into it."""

    path: Path
    chain_id: bytes
    records: dict[int, bytes]
    """The stored bytes, by number."""
    versions: dict[tuple[str, bytes], set[bytes]]
    """All values that each row ever had; those of the tables of indexes."""
    rows: dict[tuple[str, bytes], bytes]
    """Those that were there at last."""


def body_of(seq: int, length: int = 40) -> bytes:
    return msgspec.msgpack.encode({"n": seq, "text": ("%d " % seq) * (length // 4)})


def write_journal(
    folder: Path, identity: Identity, last_seq: int, long: tuple[int, ...] = ()
) -> Written:
    """Make a journal of `last_seq` records, each committed by itself.

    Numbers in `long` have a body that overflows. Record n comes with a row of its own, changes
    one that all change, and deletes that of record n - 3.
    """
    create(folder, identity, body_of(1), map_bytes=MAP_BYTES)
    store = Store.open(folder)
    failures: list[BaseException] = []
    rows: dict[tuple[str, bytes], bytes] = {}
    versions: dict[tuple[str, bytes], set[bytes]] = {}
    for seq in range(2, last_seq + 1):
        writer = JournalWriter(store, on_durable=lambda _: None, on_failed=failures.append)
        changes = [
            Row("sales", b"sale-%d" % seq, b"paid %d" % seq),
            Row("jobs", b"every", b"version %d" % seq),
        ]
        if seq > 5:
            changes.append(Row("sales", b"sale-%d" % (seq - 3), None))
        for table, key, value in changes:
            if value is None:
                del rows[table, key]
            else:
                rows[table, key] = value
                versions.setdefault((table, key), set()).add(value)
        body = body_of(seq, OVERFLOWING if seq in long else 40)
        assert writer.append(body, changes) == seq
        writer.close(20)  # one commit for each
    assert not failures
    records = {seq: store.record(seq) for seq in range(1, last_seq + 1)}
    store.close()
    envelopes = {
        seq: seal(identity.chain_id, seq, record.prev_hash, record.body)[0]
        for seq, record in records.items()
        if record is not None
    }
    return Written(folder / "data.mdb", identity.chain_id, envelopes, versions, rows)


def found_in(journal: Written, chain_id: bytes | None = None) -> Salvage:
    return salvage(journal.path, chain_id)


def envelopes(found: Salvage) -> dict[int, bytes]:
    return dict(found.envelopes())


def gone(found: Salvage) -> set[int]:
    return {seq for first, last in found.gone for seq in range(first, last + 1)}


def rows(found: Salvage) -> dict[tuple[str, bytes], bytes]:
    return {
        (table, row.key): row.value
        for table in ALL_TABLES
        if table not in (RECORDS, META, CHECKPOINTS)
        for row in found.rows(table)
    }


def places_of(what: bytes, data: bytes | bytearray) -> list[int]:
    places = []
    at = data.find(what)
    while at >= 0:
        places.append(at)
        at = data.find(what, at + 1)
    return places


def judge(journal: Written, found: Salvage) -> set[int]:
    """Everything is as written, and nothing that is whole in the file was left; what is gone.

    What is whole is found here without any of the code under test, by looking for the bytes.
    """
    data = journal.path.read_bytes()
    recovered = envelopes(found)
    for seq, envelope in recovered.items():
        assert envelope == journal.records[seq]
    whole = {seq for seq, envelope in journal.records.items() if envelope in data}
    assert set(recovered) >= whole
    lost = set(journal.records) - set(recovered)
    first = found.first_seq
    assert gone(found) == {seq for seq in lost if seq <= max(found.last_seq, _head(found))}
    assert {seq for each in found.recovered() for seq in range(each[0], each[1] + 1)} == set(
        recovered
    ) - set(range(first))
    assert found.breaks == ()
    assert found.conflicts == ()
    for key, value in rows(found).items():
        assert value in journal.versions[key]
    return lost


def _head(found: Salvage) -> int:
    return found.head.seq if found.head else 0


def overwrite(journal: Written, at: int, data: bytes) -> None:
    with journal.path.open("r+b") as file:
        file.seek(at)
        file.write(data)
