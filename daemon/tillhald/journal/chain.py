"""Walking the chain of records, and the rows beside it, and naming what is wrong.

Imported by the checking child processes: kept free of everything that is slow to import.
"""

from __future__ import annotations

from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from tillhald.journal.engine import CHECKPOINTS, META, META_SEED, RECORDS
from tillhald.journal.errors import Fault, JournalDamaged
from tillhald.journal.format import (
    HASH_BYTES,
    Head,
    check_record,
    check_row,
    record_hash,
    record_hash_prefix,
    record_seed,
    row_seed,
    seq_key,
    seq_of,
    unseal_row,
)
from tillhald.journal.row_count import entries_of, read_row_count

if TYPE_CHECKING:
    import lmdb

    from tillhald.journal.engine import Tables


class Snapshot(NamedTuple):
    """One read transaction on one journal. Nothing of it outlives the transaction."""

    txn: lmdb.Transaction[memoryview]
    tables: Tables
    chain_id: bytes
    base: Head
    """What the first record follows, see `engine.read_base`."""


def walk_records(snapshot: Snapshot, after: Head, *, limit: int) -> Head:
    """Check up to `limit` records after `after`; return the last one of them, or `after`.

    Raises JournalDamaged with the fault and the number where it shows.
    """
    seed = record_seed(snapshot.chain_id)
    prefix = sha256(record_hash_prefix(snapshot.chain_id))
    seq, last_hash = after
    with snapshot.txn.cursor(snapshot.tables[RECORDS]) as cursor:
        if not cursor.set_range(seq_key(seq + 1)):
            return after
        for key, envelope in islice(cursor.iternext(), limit):
            seq += 1
            if key != seq_key(seq):
                sentence = f"Record {seq} is missing; the next one stored is {seq_of(key)}."
                raise JournalDamaged(Fault.MISSING, seq, sentence)
            if check_record(seed, seq, envelope) != last_hash:
                sentence = (
                    f"Record {seq} does not follow the record {seq - 1} that is stored: two "
                    "histories were joined here, or one of the two was rewritten on purpose."
                )
                raise JournalDamaged(Fault.FORK, seq, sentence)
            digest = prefix.copy()
            digest.update(key)
            digest.update(envelope)
            last_hash = digest.digest()
    return Head(seq, last_hash)


def check_end(last: Head, head: Head) -> None:
    """Raise JournalDamaged unless `last`, the last record that is stored, is the head."""
    if last.seq < head.seq:
        sentence = f"The records end at {last.seq}, but {head.seq} were stored."
        raise JournalDamaged(Fault.TRUNCATED, last.seq + 1, sentence)
    if last.seq > head.seq:
        sentence = f"There are records up to {last.seq}, but only {head.seq} were ever confirmed."
        raise JournalDamaged(Fault.FORK, head.seq + 1, sentence)
    if last.hash != head.hash:
        sentence = f"Record {last.seq} is whole, but it is not the one that was stored last."
        raise JournalDamaged(Fault.FORK, last.seq, sentence)


def check_count(snapshot: Snapshot, head: Head) -> None:
    """Raise JournalDamaged unless the database itself counts as many records as there are."""
    entries = snapshot.txn.stat(snapshot.tables[RECORDS])["entries"]
    if entries != head.seq - snapshot.base.seq:
        sentence = (
            f"{entries} records are counted, but the last one has number {head.seq}"
            f"{f', the first one {snapshot.base.seq + 1}' if snapshot.base.seq else ''}."
        )
        raise JournalDamaged(Fault.MISSING, None, sentence)


def check_row_count(snapshot: Snapshot) -> None:
    """Raise JournalDamaged unless each index table has as many rows as were written to it."""
    counted = read_row_count(snapshot.txn, snapshot.tables[META])
    if counted is None:
        return
    for table, there in entries_of(snapshot.txn, snapshot.tables).items():
        check_walked(table, there, counted[table], counted[table])


def check_walked(table: str, there: int, least: int, most: int) -> None:
    """Raise JournalDamaged unless a walk through all of a table came by as many rows as the
    database counts: `least` of them when it began and `most` at its end, for rows are added and
    never deleted. A page of LMDB's that was damaged may hide rows that are still counted."""
    if there < least:
        sentence = f"Rows of {table} are gone: {least} were written, and {there} are there."
        raise JournalDamaged(Fault.MISSING, None, sentence)
    if there > most:
        sentence = f"There are {there} rows of {table}, and only {most} were written."
        raise JournalDamaged(Fault.EDITED, None, sentence)


def read_checkpoint(snapshot: Snapshot) -> tuple[Head | None, list[JournalDamaged]]:
    """Return the record that the newest whole checkpoint was made at, and what was passed over.

    The hash is what the checkpoint says; that the record has it is for the caller to see.
    """
    seed = row_seed(snapshot.chain_id, CHECKPOINTS)
    passed_over: list[JournalDamaged] = []
    with snapshot.txn.cursor(snapshot.tables[CHECKPOINTS]) as cursor:
        for key, stored in cursor.iterprev():
            try:
                value = unseal_row(seed, CHECKPOINTS, bytes(key), bytes(stored))
                return Head(seq_of(key), value[:HASH_BYTES]), passed_over
            except JournalDamaged as damage:
                passed_over.append(damage)
    return None, passed_over


def check_anchor(snapshot: Snapshot, checkpoint: Head) -> None:
    """Raise JournalDamaged unless the checkpoint belongs to the record that is stored there."""
    seq = checkpoint.seq
    envelope = snapshot.txn.get(seq_key(seq), db=snapshot.tables[RECORDS])
    if envelope is None:
        sentence = f"Record {seq}, at which a checkpoint was made, is missing."
        raise JournalDamaged(Fault.MISSING, seq, sentence)
    check_record(record_seed(snapshot.chain_id), seq, envelope)
    if record_hash(snapshot.chain_id, seq, envelope) != checkpoint.hash:
        sentence = f"Record {seq} is whole, but it is not the one that a checkpoint was made at."
        raise JournalDamaged(Fault.FORK, seq, sentence)


def walk_rows(
    snapshot: Snapshot,
    table: str,
    after_key: bytes,
    *,
    last_seq: int,
    limit: int,
) -> tuple[bytes, int]:
    """Check up to `limit` rows behind `after_key`; return the last key and how many there were.

    Every row must be as written and must have come with a record that is there.
    """
    seed = META_SEED if table == META else row_seed(snapshot.chain_id, table)
    seen = 0
    key: bytes | memoryview = after_key
    with snapshot.txn.cursor(snapshot.tables[table]) as cursor:
        there = cursor.set_range(after_key) if after_key else cursor.first()
        if there and cursor.key() == after_key:
            there = cursor.next()
        if not there:
            return after_key, 0
        for key, stored in islice(cursor.iternext(), limit):
            seen += 1
            seq = check_row(seed, table, key, stored)
            if not snapshot.base.seq <= seq <= last_seq or not seq:
                sentence = (
                    f"Row {bytes(key)!r} of {table} came with record {seq}, "
                    f"but the records end at {last_seq}."
                )
                raise JournalDamaged(Fault.TRUNCATED, seq, sentence)
    return bytes(key), seen
