"""Reading the journal."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tillhald.journal.creation import create
from tillhald.journal.engine import CHECKPOINTS, RECORDS
from tillhald.journal.errors import Fault, JournalDamaged, JournalMissing, StorageFailed
from tillhald.journal.format import Row, seq_key
from tillhald.journal.store import Store
from tillhald.journal.writer import JournalWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    import lmdb

    from tillhald.journal.engine import Tables
    from tillhald.journal.identity import Identity


def test_where_there_is_no_journal_none_is_opened_or_made(folder: Path) -> None:
    with pytest.raises(JournalMissing):
        Store.open(folder)
    assert not folder.exists()


def test_rows_are_found_by_key(filled: Callable[..., Path]) -> None:
    store = Store.open(filled(5))
    assert store.get("requests", b"r0003") == b"answer 3"
    assert store.get("requests", b"r0006") is None
    assert store.get("sales", b"r0003") is None
    assert (store.count("requests"), store.count("sales")) == (4, 0)
    store.close()


def test_records_are_read_in_order_and_in_pieces(filled: Callable[..., Path]) -> None:
    store = Store.open(filled(7))
    bodies = [b"body %d" % seq for seq in range(1, 8)]
    assert [record.body for record in store.records(0)] == bodies
    assert [record.body for record in store.records(2, limit=3)] == bodies[2:5]
    assert store.records(7) == []
    last = store.record(7)
    assert last is not None
    assert store.head == (last.seq, last.hash)
    assert last.prev_hash == store.records(5, limit=1)[0].hash
    assert store.record(8) is None
    store.close()


def test_a_scan_gives_what_sorting_all_rows_would_give(folder: Path, identity: Identity) -> None:
    seed = 20_260
    choose = random.Random(seed)
    rows = {
        bytes(choose.choices([0, 1, 97, 254, 255], k=choose.randint(1, 4))): b"%d" % number
        for number in range(150)
    }
    rows[b"\xff" * 511] = b"the longest key"
    create(folder, identity, b"", map_bytes=1 << 20)
    store = Store.open(folder)
    writer = JournalWriter(store, on_durable=lambda _: None, on_failed=lambda _: None)
    writer.append(b"", [Row("sales", key, value) for key, value in rows.items()])
    writer.close(10)
    for _ in range(500):
        prefix = bytes(choose.choices([0, 1, 97, 254, 255], k=choose.randint(0, 2)))
        start = choose.choice([b"", prefix, *choose.choices(sorted(rows), k=3)])
        reverse = choose.random() < 0.5
        limit = choose.randint(1, 20)
        expected = [
            (key, rows[key])
            for key in sorted(rows, reverse=reverse)
            if key.startswith(prefix) and (not start or (key <= start if reverse else key >= start))
        ][:limit]
        found = store.scan("sales", start=start, prefix=prefix, limit=limit, reverse=reverse)
        assert found == expected, f"{seed=} {start=} {prefix=} {limit=} {reverse=}"
    store.close()


def test_the_newest_checkpoint_is_found(filled: Callable[..., Path]) -> None:
    store = Store.open(filled(9, (4, 6, 8)))
    assert store.newest_checkpoint() == (8, b"state 8")
    assert store.count(CHECKPOINTS) == 2, "only the last two are kept"
    store.close()


def test_without_a_checkpoint_there_is_none(filled: Callable[..., Path]) -> None:
    store = Store.open(filled(3))
    assert store.newest_checkpoint() is None
    store.close()


def _alter(folder: Path, written: bytes) -> None:
    """Flip a bit at the end of `written`, wherever (also in pages no longer used) it stands."""
    path = folder / "data.mdb"
    data = path.read_bytes()
    assert written in data
    path.write_bytes(data.replace(written, written[:-1] + bytes([written[-1] ^ 1])))


@pytest.fixture
def journal(folder: Path, identity: Identity) -> Path:
    """A journal with a row, a record and two checkpoints that are easy to find in the file."""
    create(folder, identity, b"", map_bytes=1 << 20)
    store = Store.open(folder)
    writer = JournalWriter(store, on_durable=lambda _: None, on_failed=lambda _: None)
    writer.append(b"a body", [Row("sales", b"sale-1", b"paid in full")])
    writer.append(b"", checkpoint=b"an old state")
    writer.append(b"", checkpoint=b"the newest state")
    writer.close(10)
    store.close()
    return folder


def test_a_flipped_bit_in_a_row_is_not_handed_out(journal: Path) -> None:
    _alter(journal, b"paid in full")
    store = Store.open(journal)
    with pytest.raises(JournalDamaged) as damaged:
        store.get("sales", b"sale-1")
    assert damaged.value.fault is Fault.EDITED
    with pytest.raises(JournalDamaged):
        store.scan("sales")
    store.close()


def test_a_flipped_bit_in_a_record_is_not_handed_out(journal: Path) -> None:
    _alter(journal, b"a body")
    store = Store.open(journal)
    for read in (lambda: store.record(2), lambda: store.records(0)):
        with pytest.raises(JournalDamaged) as damaged:
            read()
        assert (damaged.value.fault, damaged.value.seq) == (Fault.EDITED, 2)
    store.close()


def test_a_damaged_checkpoint_is_passed_over(journal: Path) -> None:
    _alter(journal, b"newest state")
    store = Store.open(journal)
    assert store.newest_checkpoint() == (3, b"an old state")
    store.close()


def test_a_gap_among_the_records_is_not_read_over(
    filled: Callable[..., Path],
    tampering: Callable[[Path], AbstractContextManager[tuple[lmdb.Transaction[bytes], Tables]]],
) -> None:
    folder = filled(6)
    with tampering(folder) as (txn, tables):
        txn.delete(seq_key(4), db=tables[RECORDS])
    store = Store.open(folder)
    assert len(store.records(0, limit=3)) == 3
    with pytest.raises(JournalDamaged) as damaged:
        store.records(0)
    assert (damaged.value.fault, damaged.value.seq) == (Fault.MISSING, 4)
    store.close()


def test_a_closed_journal_is_not_read(filled: Callable[..., Path]) -> None:
    store = Store.open(filled(2))
    store.close()
    with pytest.raises(StorageFailed):
        store.get("requests", b"r0002")
