"""The journal's own count of its rows: one that is gone is found, however it went."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

import pytest

from tillhald.journal.creation import create
from tillhald.journal.engine import INDEX_TABLES, META, META_HEAD, META_ROWS, META_SEED, RECORDS
from tillhald.journal.errors import Fault, JournalDamaged
from tillhald.journal.format import Row, pack_head, seal, seal_row, seq_key, unpack_head, unseal_row
from tillhald.journal.primary import Primary
from tillhald.journal.row_count import read_row_count
from tillhald.journal.store import Store
from tillhald.journal.verify import SLICE_ROWS, Verdict, verify, verify_in_child
from tillhald.journal.writer import JournalWriter
from tillhald.migration.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    import lmdb

    from tillhald.journal.engine import Tables
    from tillhald.journal.format import Sealed
    from tillhald.journal.identity import Identity

    Tampering = Callable[[Path], AbstractContextManager[tuple[lmdb.Transaction[bytes], Tables]]]

PAGE_BYTES = 4096
LOWER_AT = 12
"""In a page of LMDB's: where the list of its rows ends, 2 bytes, in the machine's order."""
PAGE_FRONT_BYTES = 16
LEAF = 2


def checked(folder: Path) -> Verdict:
    return verify(str(folder), lambda _done, _total: None)


def fault_in(folder: Path) -> JournalDamaged:
    """What a check of it says, on which a migration's check agrees."""
    with pytest.raises(JournalDamaged) as found:
        checked(folder)
    with pytest.raises(JournalDamaged) as found_by_migration, Reading(str(folder)) as reading:
        reading.check(lambda _rows: None)
    assert found_by_migration.value.sentence == found.value.sentence
    return found.value


def append(folder: Path, *rows: Sequence[Row]) -> None:
    """One record for each group of rows, by the journal's own writer."""
    store = Store.open(folder)
    failures: list[BaseException] = []
    writer = JournalWriter(store, on_durable=lambda _: None, on_failed=failures.append)
    for each in rows:
        writer.append(b"more", each)
    writer.close(20)
    store.close()
    assert not failures


def row_count_in(folder: Path) -> dict[str, int] | None:
    store = Store.open(folder)
    try:
        with store.engine.reading() as txn:
            return read_row_count(txn, store.engine.tables[META])
    finally:
        store.close()


def test_rows_that_are_added_replaced_and_deleted_are_counted(filled: Callable[..., Path]) -> None:
    folder = filled(4)
    assert row_count_in(folder) == dict.fromkeys(INDEX_TABLES, 0) | {"requests": 3}
    new, again = Row("sales", b"s", b"1"), Row("sales", b"s", b"2")
    append(folder, [new], [again, Row("jobs", b"j", b"")], [Row("requests", b"r0002", None)])
    expected = {"requests": 2, "sales": 1, "jobs": 1}
    assert row_count_in(folder) == dict.fromkeys(INDEX_TABLES, 0) | expected
    checked(folder)


@pytest.mark.parametrize("key", [b"r0002", b"r0007", b"r0012"])
def test_a_deleted_row_is_found_also_after_more_was_sold(
    filled: Callable[..., Path], tampering: Tampering, key: bytes
) -> None:
    folder = filled(12, (10,))
    checked(folder)
    with tampering(folder) as (txn, tables):
        assert txn.delete(key, db=tables["requests"])
    found = fault_in(folder)
    assert found.fault is Fault.MISSING
    assert found.sentence == "Rows of requests are gone: 11 were written, and 10 are there."
    # What is sold meanwhile does not fill the gap.
    append(folder, [Row("requests", b"r0099", b"")], [Row("sales", b"s", b"")])
    assert "12 were written, and 11 are there" in fault_in(folder).sentence


def test_a_row_that_nobody_wrote_is_found(
    filled: Callable[..., Path], tampering: Tampering, identity: Identity
) -> None:
    folder = filled(5)
    store = Store.open(folder)
    stored = seal_row(store.row_seeds["sales"], b"strange", 3, b"")
    store.close()
    with tampering(folder) as (txn, tables):
        txn.put(b"strange", stored, db=tables["sales"])
    found = fault_in(folder)
    assert (found.fault, found.sentence) == (
        Fault.EDITED,
        "There are 1 rows of sales, and only 0 were written.",
    )


def test_a_row_that_a_damaged_page_hides_is_found(
    folder: Path, identity: Identity, tmp_path: Path
) -> None:
    """Its page says that it has one row less: LMDB walks past it, and counts it still."""
    create(folder, identity, b"", map_bytes=1 << 20)
    append(folder, *([Row("sales", b"sale-%03d" % n, b"paid")] for n in range(200)))
    rows = checked(folder).rows
    whole = tmp_path / "whole.mdb"
    shutil.copy(folder / "data.mdb", whole)
    data = bytearray(whole.read_bytes())
    hidden: list[str] = []
    for at in range(2 * PAGE_BYTES, len(data), PAGE_BYTES):
        # Leaves, older ones among them, which nobody reads; not empty ones.
        rows_end = int.from_bytes(data[at + LOWER_AT : at + LOWER_AT + 2], "little")
        if data[at + 10] != LEAF or rows_end <= PAGE_FRONT_BYTES:
            continue
        data[at + LOWER_AT : at + LOWER_AT + 2] = (rows_end - 2).to_bytes(2, "little")
        (folder / "data.mdb").write_bytes(data)
        try:
            assert checked(folder).rows == rows
        except JournalDamaged as damage:
            assert damage.fault in {Fault.MISSING, Fault.TRUNCATED}
            hidden.append(damage.sentence)
        data[at : at + PAGE_BYTES] = whole.read_bytes()[at : at + PAGE_BYTES]
    for table, written in (("sales", 200), ("meta", 7)):
        gone = f"Rows of {table} are gone: {written} were written, and {written - 1} are there."
        assert gone in hidden


def test_a_journal_from_before_there_was_a_count_is_counted_from_its_next_record_on(
    filled: Callable[..., Path], tampering: Tampering
) -> None:
    folder = filled(6)
    with tampering(folder) as (txn, tables):
        txn.delete(META_ROWS, db=tables[META])
    checked(folder)
    append(folder, [Row("sales", b"s", b"")])
    assert row_count_in(folder) == dict.fromkeys(INDEX_TABLES, 0) | {"requests": 5, "sales": 1}
    with tampering(folder) as (txn, tables):
        txn.delete(b"s", db=tables["sales"])
    assert "1 were written, and 0 are there" in fault_in(folder).sentence


def test_a_count_that_another_program_did_not_carry_on_says_nothing(
    filled: Callable[..., Path], tampering: Tampering, identity: Identity
) -> None:
    folder = filled(6)
    with tampering(folder) as (txn, tables):
        # A record with a row, as a program writes it that keeps no count.
        stored = txn.get(META_HEAD, db=tables[META])
        assert stored is not None
        head = unpack_head(unseal_row(META_SEED, META, META_HEAD, stored))
        envelope, digest = seal(identity.chain_id, 7, head.hash, b"")
        txn.put(seq_key(7), envelope, db=tables[RECORDS])
        row = txn.get(b"r0006", db=tables["requests"])
        assert row is not None
        after = head._replace(seq=7, hash=digest)
        sealed = seal_row(META_SEED, META_HEAD, 7, pack_head(after))
        txn.put(META_HEAD, sealed, db=tables[META])
        txn.delete(b"r0006", db=tables["requests"])
    assert checked(folder).last_seq == 7
    append(folder, [Row("sales", b"s", b"")])
    assert row_count_in(folder) == dict.fromkeys(INDEX_TABLES, 0) | {"requests": 4, "sales": 1}


def test_a_count_that_is_not_as_written_is_not_carried_on(
    filled: Callable[..., Path], tampering: Tampering, sealed: Callable[..., list[Sealed]]
) -> None:
    folder = filled(6)
    with tampering(folder) as (txn, tables):
        stored = txn.get(META_ROWS, db=tables[META])
        assert stored is not None
        txn.put(META_ROWS, stored[:-1] + bytes([stored[-1] ^ 1]), db=tables[META])
    assert fault_in(folder).fault is Fault.EDITED
    store = Store.open(folder)
    primary = Primary(store)
    try:
        with pytest.raises(JournalDamaged):
            primary.commit(sealed(7, 7))
        assert store.head.seq == 6
        primary.note_good_order()
    finally:
        primary.growth.close()
        store.close()


def test_beside_a_till_that_sells_no_row_is_missed(folder: Path, identity: Identity) -> None:
    """In more slices than one, before and behind which rows are added."""
    create(folder, identity, b"", map_bytes=16 << 20)
    append(folder, [Row("sales", b"s%06d" % (2 * n), b"") for n in range(3 * SLICE_ROWS // 2)])
    store = Store.open(folder)
    failures: list[BaseException] = []
    writer = JournalWriter(store, on_durable=lambda _: None, on_failed=failures.append)

    async def sell_and_verify() -> Verdict:
        checking = asyncio.create_task(
            verify_in_child(str(folder), lambda _done, _total: None, deadline_s=60)
        )
        number = 1
        while not checking.done():
            number = (number + 7919) % (3 * SLICE_ROWS)
            writer.append(b"", [Row("sales", b"s%06d" % number, b"")])
            await asyncio.sleep(0.001)
        return await checking

    assert asyncio.run(sell_and_verify()).rows >= 3 * SLICE_ROWS // 2
    writer.close(30)
    store.close()
    assert not failures
    checked(folder)
