"""Checking the whole journal, at rest and beside the daemon."""

from __future__ import annotations

import asyncio
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.pages import has_node_with, wipe
from tillhald.journal.creation import create
from tillhald.journal.engine import RECORDS, data_file
from tillhald.journal.errors import Fault, JournalDamaged
from tillhald.journal.format import Row, seal, seq_key
from tillhald.journal.preflight import preflight
from tillhald.journal.store import Store
from tillhald.journal.verify import SLICE_ROWS, Verdict, verify, verify_in_child
from tillhald.journal.writer import JournalWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    import lmdb

    from tillhald.journal.engine import Tables
    from tillhald.journal.identity import Identity

    Tampering = Callable[[Path], AbstractContextManager[tuple[lmdb.Transaction[bytes], Tables]]]


def ignore(_done: int, _total: int) -> None:
    """For who does not want to know how far it is."""


def ignore_seq(_: object) -> None:
    """For who does not listen to the writer."""


def in_child(
    folder: Path, on_progress: Callable[[int, int], None] = ignore, deadline_s: float = 60
) -> Verdict:
    return asyncio.run(verify_in_child(str(folder), on_progress, deadline_s=deadline_s))


def fault_of(folder: Path) -> tuple[Fault, int | None]:
    """Return the fault, on which a check in a child agrees."""
    with pytest.raises(JournalDamaged) as found:
        verify(str(folder), ignore)
    with pytest.raises(JournalDamaged) as found_by_child:
        in_child(folder)
    assert found_by_child.value.fault is found.value.fault
    assert found_by_child.value.sentence == found.value.sentence
    return found.value.fault, found.value.seq


def test_a_whole_journal_has_a_verdict(filled: Callable[..., Path]) -> None:
    folder = filled(20, (10,))
    store = Store.open(folder)
    head = store.head
    store.close()
    verdict = verify(str(folder), ignore)
    rows = 19 + 1 + 7  # requests, checkpoint, meta
    assert verdict == (head.seq, head.hash, rows)
    assert in_child(folder) == verdict


def test_progress_rises_to_the_total(folder: Path, identity: Identity) -> None:
    create(folder, identity, b"", map_bytes=8 << 20)
    store = Store.open(folder)
    writer = JournalWriter(store, on_durable=ignore_seq, on_failed=ignore_seq)
    for number in range(5):
        keys = [b"%d-%d" % (number, n) for n in range(SLICE_ROWS // 2)]
        writer.append(b"", [Row("sales", key, b"") for key in keys])
    writer.close(30)
    store.close()
    progress: list[tuple[int, int]] = []
    verdict = in_child(folder, lambda done, total: progress.append((done, total)))
    assert progress == sorted(progress)
    assert len(progress) >= 3
    everything = verdict.last_seq + verdict.rows
    assert progress[-1] == (everything, everything)
    assert everything > 2 * SLICE_ROWS


def test_every_flipped_bit_of_a_stored_record_is_found(filled: Callable[..., Path]) -> None:
    folder = filled(3)
    store = Store.open(folder)
    with store.engine.reading() as txn:
        envelope = txn.get(seq_key(2), db=store.engine.tables[RECORDS])
    store.close()
    assert envelope is not None
    path = folder / "data.mdb"
    data = bytearray(path.read_bytes())
    # Older copies of the page may hold the record, too; it is read from one of them.
    places = [at for at in range(len(data)) if data.startswith(envelope, at)]
    found = 0
    with path.open("r+b") as file:
        for bit in range(len(envelope) * 8):
            for at in places:
                file.seek(at + bit // 8)
                file.write(bytes([envelope[bit // 8] ^ 1 << bit % 8]))
            file.flush()
            for check in (
                lambda: verify(str(folder), ignore),
                lambda: preflight(str(folder), whole=True),
            ):
                with pytest.raises(JournalDamaged) as damaged:
                    check()
                assert (damaged.value.fault, damaged.value.seq) == (Fault.EDITED, 2)
            found += 1
            for at in places:
                file.seek(at + bit // 8)
                file.write(envelope[bit // 8 : bit // 8 + 1])
    assert found == len(envelope) * 8
    assert verify(str(folder), ignore).last_seq == 3


def test_each_kind_of_fault_is_named_with_its_record(
    filled: Callable[..., Path], tampering: Tampering, identity: Identity, tmp_path: Path
) -> None:
    folder = filled(12, (10,))
    whole = tmp_path / "whole.mdb"
    shutil.copy(data_file(str(folder)), whole)

    def envelope_of(txn: lmdb.Transaction[bytes], tables: Tables, seq: int) -> bytes:
        envelope = txn.get(seq_key(seq), db=tables[RECORDS])
        assert envelope is not None
        return envelope

    def edited(txn: lmdb.Transaction[bytes], tables: Tables) -> None:
        txn.put(seq_key(4), envelope_of(txn, tables, 4)[:-1] + b"5", db=tables[RECORDS])

    def missing(txn: lmdb.Transaction[bytes], tables: Tables) -> None:
        txn.delete(seq_key(4), db=tables[RECORDS])

    def repeated(txn: lmdb.Transaction[bytes], tables: Tables) -> None:
        txn.put(seq_key(4), envelope_of(txn, tables, 9), db=tables[RECORDS])

    def truncated(txn: lmdb.Transaction[bytes], tables: Tables) -> None:
        txn.delete(seq_key(12), db=tables[RECORDS])

    def forked(txn: lmdb.Transaction[bytes], tables: Tables) -> None:
        other, _ = seal(identity.chain_id, 12, bytes(32), b"another past")
        txn.put(seq_key(12), other, db=tables[RECORDS])

    def row_edited(txn: lmdb.Transaction[bytes], tables: Tables) -> None:
        txn.put(b"r0003", b"x" * 30, db=tables["requests"])

    kinds = {
        edited: (Fault.EDITED, 4),
        missing: (Fault.MISSING, 4),
        repeated: (Fault.REPEATED, 4),
        truncated: (Fault.TRUNCATED, 12),
        forked: (Fault.FORK, 12),
        row_edited: (Fault.EDITED, None),
    }
    for damage, expected in kinds.items():
        shutil.copy(whole, data_file(str(folder)))
        with tampering(folder) as (txn, tables):
            damage(txn, tables)
        assert fault_of(folder) == expected, damage.__name__


def test_a_row_of_a_record_that_is_not_there_is_found(
    filled: Callable[..., Path], tmp_path: Path, identity: Identity
) -> None:
    """An index from after a restore to before: its row came with a record that is not there."""
    folder = filled(5)
    other = tmp_path / "other"
    create(other, identity, b"", map_bytes=1 << 20)
    store = Store.open(folder)
    with store.engine.reading() as txn:
        stored = txn.get(b"r0005", db=store.engine.tables["requests"])
    store.close()
    assert stored is not None
    short = Store.open(other)
    with short.engine.env.begin(write=True) as txn:
        txn.put(b"r0005", stored, db=short.engine.tables["requests"])
    short.close()
    assert fault_of(other) == (Fault.TRUNCATED, 5)


def test_storage_that_kills_is_a_verdict_not_a_death(
    filled: Callable[..., Path], tmp_path: Path
) -> None:
    folder = filled(300)
    shutil.copy(data_file(str(folder)), tmp_path / "whole")
    # LMDB asserts, and aborts, on going on to such a page; of the first one it says an error.
    for word, said in ((b"body 150", "by SIGABRT"), (b"body 2", "LMDB cannot read the journal: ")):
        shutil.copy(tmp_path / "whole", data_file(str(folder)))
        assert wipe(folder / "data.mdb", has_node_with(word))
        with pytest.raises(JournalDamaged, match=said) as damaged:
            in_child(folder)
        assert damaged.value.fault is Fault.UNREADABLE


def test_a_copy_is_verified_like_the_original(filled: Callable[..., Path], tmp_path: Path) -> None:
    folder = filled(9)
    copied = tmp_path / "copied"
    copied.mkdir()
    shutil.copy(folder / "data.mdb", copied / "data.mdb")
    assert in_child(copied) == in_child(folder)


def test_verifying_works_beside_a_daemon_that_sells_and_grows(
    folder: Path, identity: Identity
) -> None:
    create(folder, identity, b"", map_bytes=1 << 20)
    store = Store.open(folder)
    map_bytes = store.usage.map_bytes
    failures: list[BaseException] = []
    writer = JournalWriter(store, on_durable=lambda _: None, on_failed=failures.append)

    async def sell_and_verify() -> list[Verdict]:
        verdicts: list[Verdict] = []
        checking = asyncio.create_task(verify_in_child(str(folder), ignore, deadline_s=60))
        sold = 0
        while len(verdicts) < 3:
            if sold < 20_000:
                seq = writer.append(bytes(300), [Row("sales", b"%d" % sold, bytes(50))])
                sold += 1
            if sold % 20 == 0:
                await asyncio.sleep(0.001)
            if checking.done():
                verdicts.append(checking.result())
                checking = asyncio.create_task(verify_in_child(str(folder), ignore, deadline_s=60))
        await checking
        assert seq == sold + 1
        return verdicts

    verdicts = asyncio.run(sell_and_verify())
    assert [verdict.last_seq for verdict in verdicts] == sorted(v.last_seq for v in verdicts)
    assert store.usage.map_bytes > map_bytes
    assert "no active readers" in store.engine.env.readers()
    writer.close(30)
    assert not failures
    head = store.head
    assert in_child(folder)[:2] == head
    store.close()


def test_a_check_that_takes_too_long_is_ended(filled: Callable[..., Path]) -> None:
    folder = filled(3)
    started_s = time.monotonic()
    with pytest.raises(TimeoutError):
        in_child(folder, deadline_s=0.001)
    assert time.monotonic() - started_s < 30
