"""Bit rot and worse: each fault is found, and named with its record.

What of it can be saved is in test_salvage.py.
"""

from __future__ import annotations

import asyncio
import random
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from tillhald.journal.creation import create
from tillhald.journal.engine import META, META_HEAD, META_SEED, RECORDS
from tillhald.journal.errors import Fault, JournalDamaged
from tillhald.journal.format import (
    Head,
    Row,
    pack_head,
    record_hash,
    seal,
    seal_row,
    seq_key,
    unseal,
)
from tillhald.journal.store import Store
from tillhald.journal.verify import Verdict, verify, verify_in_child
from tillhald.journal.writer import JournalWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    import lmdb

    from tillhald.journal.engine import Tables
    from tillhald.journal.identity import Identity

    Tampering = Callable[[Path], AbstractContextManager[tuple[lmdb.Transaction[bytes], Tables]]]

LAST = 12
LONG = 7
"""The record that LMDB keeps in pages of its own."""
PAGE_BYTES = 4096
SEQS = range(1, LAST + 1)
FLIPS = 40


@pytest.fixture
def journal(folder: Path, identity: Identity) -> Path:
    """A journal of LAST records, each with a row."""
    create(folder, identity, body_of(1), map_bytes=256 << 10)
    store = Store.open(folder)
    failures: list[BaseException] = []
    writer = JournalWriter(store, on_durable=lambda _: None, on_failed=failures.append)
    for seq in range(2, LAST + 1):
        writer.append(body_of(seq), [Row("sales", b"sale-%d" % seq, b"paid")])
    writer.close(20)
    store.close()
    assert not failures
    return folder


def body_of(seq: int) -> bytes:
    return msgspec.msgpack.encode({"n": seq, "text": "%d " % seq * (3000 if seq == LONG else 10)})


def checked(folder: Path) -> Verdict:
    return verify(str(folder), lambda _done, _total: None)


def fault_in(folder: Path) -> tuple[Fault, int | None]:
    with pytest.raises(JournalDamaged) as found:
        checked(folder)
    assert found.value.sentence
    return found.value.fault, found.value.seq


def envelope_of(txn: lmdb.Transaction[bytes], tables: Tables, seq: int) -> bytes:
    envelope = txn.get(seq_key(seq), db=tables[RECORDS])
    assert envelope is not None
    return envelope


def stored(folder: Path) -> dict[int, bytes]:
    store = Store.open(folder)
    with store.engine.reading() as txn:
        found = {seq: envelope_of(txn, store.engine.tables, seq) for seq in SEQS}
    store.close()
    return found


def rows_in(folder: Path) -> list[tuple[bytes, bytes]]:
    store = Store.open(folder)
    rows = store.scan("sales")
    store.close()
    return rows


# --- every bit


@pytest.mark.parametrize("seq", [1, 2, LONG])
def test_every_flipped_bit_of_a_record_is_found_by_its_checksum(
    journal: Path, identity: Identity, seq: int
) -> None:
    envelope = bytearray(stored(journal)[seq])
    assert unseal(identity.chain_id, seq, bytes(envelope)).body == body_of(seq)
    for bit in range(len(envelope) * 8):
        envelope[bit // 8] ^= 1 << bit % 8
        with pytest.raises(JournalDamaged) as damaged:
            unseal(identity.chain_id, seq, bytes(envelope))
        assert (damaged.value.fault, damaged.value.seq) == (Fault.EDITED, seq)
        envelope[bit // 8] ^= 1 << bit % 8


@pytest.mark.parametrize("seq", SEQS)
def test_a_flipped_bit_in_any_part_of_any_stored_record_is_found_with_its_number(
    journal: Path, seq: int
) -> None:
    envelope = stored(journal)[seq]
    path = journal / "data.mdb"
    data = path.read_bytes()
    parts = [range(4), range(4, 5), range(5, 6), range(6, 10), range(10, 18), range(18, 50)]
    chance = random.Random(seq)
    bytes_flipped = [chance.choice(part) for part in parts]
    bytes_flipped += [50, len(envelope) - 1, chance.randrange(50, len(envelope))]
    for byte in bytes_flipped:
        flipped = bytearray(envelope)
        flipped[byte] ^= 1 << chance.randrange(8)
        path.write_bytes(data.replace(envelope, flipped))
        assert fault_in(journal) == (Fault.EDITED, seq), byte
    path.write_bytes(data)
    assert checked(journal).last_seq == LAST


@pytest.mark.parametrize("seed", range(FLIPS))
def test_wherever_a_bit_is_flipped_a_verdict_of_sound_means_that_all_is_as_written(
    journal: Path, seed: int
) -> None:
    """Records and rows, also in what is LMDB's own: its pages, lists, nodes and keys have no
    checksum."""
    chance = random.Random(seed)
    before = stored(journal), rows_in(journal)
    path = journal / "data.mdb"
    data = bytearray(path.read_bytes())
    used = [at for at in range(0, len(data), PAGE_BYTES) if any(data[at : at + PAGE_BYTES])]
    # The front of a page is where the lists are.
    at = chance.choice(used) + chance.choice([chance.randrange(64), chance.randrange(PAGE_BYTES)])
    data[at] ^= 1 << chance.randrange(8)
    path.write_bytes(data)
    try:
        verdict = asyncio.run(
            verify_in_child(str(journal), lambda _done, _total: None, deadline_s=60)
        )
    except JournalDamaged as damage:
        assert damage.sentence
    else:
        assert verdict.last_seq == LAST
        assert (stored(journal), rows_in(journal)) == before


# --- each fault, at each record


@pytest.mark.parametrize("seq", SEQS)
def test_a_record_that_was_edited_is_named(journal: Path, tampering: Tampering, seq: int) -> None:
    with tampering(journal) as (txn, tables):
        txn.put(seq_key(seq), envelope_of(txn, tables, seq)[:-1] + b"!", db=tables[RECORDS])
    assert fault_in(journal) == (Fault.EDITED, seq)


@pytest.mark.parametrize("seq", range(1, LAST))
def test_a_record_that_is_missing_is_named(journal: Path, tampering: Tampering, seq: int) -> None:
    with tampering(journal) as (txn, tables):
        txn.delete(seq_key(seq), db=tables[RECORDS])
    assert fault_in(journal) == (Fault.MISSING, seq)


@pytest.mark.parametrize("seq", range(2, LAST + 1))
def test_the_first_record_of_an_end_that_is_gone_is_named(
    journal: Path, tampering: Tampering, seq: int
) -> None:
    with tampering(journal) as (txn, tables):
        for each in range(seq, LAST + 1):
            txn.delete(seq_key(each), db=tables[RECORDS])
    assert fault_in(journal) == (Fault.TRUNCATED, seq)


@pytest.mark.parametrize("seq", SEQS)
def test_a_record_that_stands_under_anothers_number_is_named(
    journal: Path, tampering: Tampering, seq: int
) -> None:
    other = seq % LAST + 1
    with tampering(journal) as (txn, tables):
        txn.put(seq_key(seq), envelope_of(txn, tables, other), db=tables[RECORDS])
    assert fault_in(journal) == (Fault.REPEATED, seq)


def test_two_records_that_changed_places_are_repeated(journal: Path, tampering: Tampering) -> None:
    with tampering(journal) as (txn, tables):
        third, fifth = (envelope_of(txn, tables, seq) for seq in (3, 5))
        txn.put(seq_key(3), fifth, db=tables[RECORDS])
        txn.put(seq_key(5), third, db=tables[RECORDS])
    assert fault_in(journal) == (Fault.REPEATED, 3)


@pytest.mark.parametrize("seq", SEQS)
def test_a_record_rewritten_with_a_right_checksum_is_a_fork_where_the_chain_breaks(
    journal: Path, tampering: Tampering, identity: Identity, seq: int
) -> None:
    with tampering(journal) as (txn, tables):
        envelope = envelope_of(txn, tables, seq)
        forged, _ = seal(identity.chain_id, seq, envelope[18:50], b"a dearer sale")
        txn.put(seq_key(seq), forged, db=tables[RECORDS])
    assert fault_in(journal) == (Fault.FORK, min(seq + 1, LAST))


@pytest.mark.parametrize("seq", range(2, LAST + 1))
def test_two_histories_that_were_joined_are_a_fork_where_they_meet(
    journal: Path, tampering: Tampering, identity: Identity, seq: int
) -> None:
    """The records from `seq` on are those of another copy that went its own way before."""
    last = Head(seq - 1, b"\x55" * 32)
    with tampering(journal) as (txn, tables):
        for each in range(seq, LAST + 1):
            envelope, digest = seal(identity.chain_id, each, last.hash, b"another past")
            txn.put(seq_key(each), envelope, db=tables[RECORDS])
            last = Head(each, digest)
        head = seal_row(META_SEED, META_HEAD, LAST, pack_head(last))
        txn.put(META_HEAD, head, db=tables[META])
    assert fault_in(journal) == (Fault.FORK, seq)


def test_records_behind_the_head_are_a_fork(
    journal: Path, tampering: Tampering, identity: Identity
) -> None:
    with tampering(journal) as (txn, tables):
        last_hash = record_hash(identity.chain_id, LAST, envelope_of(txn, tables, LAST))
        envelope, _ = seal(identity.chain_id, LAST + 1, last_hash, b"never confirmed")
        txn.put(seq_key(LAST + 1), envelope, db=tables[RECORDS])
    assert fault_in(journal) == (Fault.FORK, LAST + 1)


def test_a_journal_of_another_till_is_not_taken_for_this_ones(
    journal: Path, tampering: Tampering
) -> None:
    with tampering(journal) as (txn, tables):
        forged, _ = seal(bytes(16), 5, bytes(32), b"of another till")
        txn.put(seq_key(5), forged, db=tables[RECORDS])
    assert fault_in(journal) == (Fault.EDITED, 5)


@pytest.mark.parametrize("pages", [1, 2, 3, 6])
def test_a_file_that_is_cut_is_truncated(journal: Path, tmp_path: Path, pages: int) -> None:
    cut = tmp_path / "cut"
    cut.mkdir()
    shutil.copy(journal / "data.mdb", cut)
    with (cut / "data.mdb").open("r+b") as file:
        file.truncate(pages * PAGE_BYTES)
    assert fault_in(cut) == (Fault.TRUNCATED, None)
