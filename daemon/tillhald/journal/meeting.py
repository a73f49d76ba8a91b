"""Where two journals meet: how far their histories are one, and whether both went on from there.

Records vouch for all before them, so where two journals of one chain have the same hash for a
record, they are the same up to it; where they differ once, they differ from there on.
"""

from __future__ import annotations

import contextlib
import enum
import os
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

import lmdb
import msgspec

from tillhald.journal.engine import (
    CHECKPOINTS,
    META,
    META_CHAIN_ID,
    META_HEAD,
    META_IDENTITY,
    RECORDS,
    check_format,
    data_file,
    open_env,
    open_tables,
    read_base,
    read_meta,
)
from tillhald.journal.errors import Fault, JournalDamaged
from tillhald.journal.format import (
    HASH_BYTES,
    Head,
    StoredRecord,
    record_hash,
    row_seed,
    seq_key,
    seq_of,
    unpack_head,
    unseal,
    unseal_row,
)
from tillhald.journal.identity import Identity
from tillhald.journal.preflight import check_size

if TYPE_CHECKING:
    from collections.abc import Iterator

READ_AT_ONCE = 1_000


class Relation(enum.StrEnum):
    """How one history stands to another.

    SAME: they end with the same record. GOES_ON: the first one goes on from the end of the second;
    ENDS_EARLIER: the second from the end of the first. FORK: both went on, each by itself: a till
    was cloned, or an old copy was sold on. STRANGERS: they are of different chains.
    """

    SAME = "same"
    GOES_ON = "goes_on"
    ENDS_EARLIER = "ends_earlier"
    FORK = "fork"
    STRANGERS = "strangers"


class Meeting(NamedTuple):
    """`common`: the last record that both have; 0 for none."""

    relation: Relation
    common: int


class History(Protocol):
    """What is needed to compare: hashes after `base`, up to `head`."""

    @property
    def chain_id(self) -> bytes: ...
    @property
    def base(self) -> Head: ...
    @property
    def head(self) -> Head: ...
    def hash_at(self, seq: int) -> bytes | None:
        """The hash of a record; None where it is not in hand."""


def meet(one: History, other: History) -> Meeting:
    """Find the last record that both have. Raises JournalDamaged and what the histories raise.

    Both must reach back to a record that the other one knows, or JournalDamaged says so.
    """
    if one.chain_id != other.chain_id:
        return Meeting(Relation.STRANGERS, 0)
    low = max(one.base.seq, other.base.seq)
    high = min(one.head.seq, other.head.seq)
    if low > high:
        sentence = f"One journal begins with record {low + 1}, and the other ends with {high}."
        raise JournalDamaged(Fault.MISSING, low, sentence)
    if _same(one, other, high):
        if one.head.seq == other.head.seq:
            return Meeting(Relation.SAME, high)
        goes_on = one.head.seq > other.head.seq
        return Meeting(Relation.GOES_ON if goes_on else Relation.ENDS_EARLIER, high)
    if not _same(one, other, low):
        sentence = f"They parted before record {low + 1}, with which the later one begins."
        raise JournalDamaged(Fault.FORK, low, sentence)
    while high - low > 1:
        middle = (low + high) // 2
        if _same(one, other, middle):
            low = middle
        else:
            high = middle
    return Meeting(Relation.FORK, low)


def _same(one: History, other: History, seq: int) -> bool:
    hashes = (one.hash_at(seq), other.hash_at(seq))
    if None in hashes:
        sentence = f"Record {seq} is missing."
        raise JournalDamaged(Fault.MISSING, seq, sentence)
    return hashes[0] == hashes[1]


class Reading:
    """A journal that is only read, also beside the daemon that writes it. A context manager.

    Not within a process that has the journal open otherwise: LMDB allows one opening. Raises
    JournalDamaged, lmdb.Error, OSError throughout.
    """

    def __init__(self, folder: str) -> None:
        path = data_file(folder)
        check_size(path)
        self._env = open_env(
            folder,
            map_bytes=os.stat(path).st_size,  # noqa: PTH116 - a child's start
            readonly=True,
        )
        try:
            self._tables = open_tables(self._env)
            with self._snapshot() as txn:
                meta = self._tables[META]
                check_format(txn, meta)
                self.chain_id = read_meta(txn, meta, META_CHAIN_ID)
                self.identity = msgspec.msgpack.decode(
                    read_meta(txn, meta, META_IDENTITY), type=Identity
                )
                self.base = read_base(txn, meta)
                self.head = unpack_head(read_meta(txn, meta, META_HEAD))
        except BaseException:
            self._env.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._env.close()

    @contextlib.contextmanager
    def _snapshot(self) -> Iterator[lmdb.Transaction[bytes]]:
        try:
            txn = self._env.begin()
        except lmdb.MapResizedError:
            # The daemon has grown the file since we mapped it; 0 means: take over its size.
            self._env.set_mapsize(0)
            txn = self._env.begin()
        with txn:
            yield txn

    def hash_at(self, seq: int) -> bytes | None:
        """The hash of a record. None where there is none of this number."""
        if seq == self.base.seq:
            return self.base.hash
        with self._snapshot() as txn:
            envelope = txn.get(seq_key(seq), db=self._tables[RECORDS])
        return None if envelope is None else record_hash(self.chain_id, seq, envelope)

    def records(self, after_seq: int) -> Iterator[StoredRecord]:
        """The records after that number, up to the head that there was at the opening."""
        seq = max(after_seq, self.base.seq)
        while seq < self.head.seq:
            with self._snapshot() as txn:
                envelopes = [
                    txn.get(seq_key(each), db=self._tables[RECORDS])
                    for each in range(seq + 1, min(seq + READ_AT_ONCE, self.head.seq) + 1)
                ]
            for envelope in envelopes:
                seq += 1
                if envelope is None:
                    sentence = f"Record {seq} is missing."
                    raise JournalDamaged(Fault.MISSING, seq, sentence)
                yield unseal(self.chain_id, seq, envelope)

    def checkpoint(self, until_seq: int) -> tuple[int, bytes] | None:
        """The newest state that was kept, not after that record: its number, and its bytes."""
        seed = row_seed(self.chain_id, CHECKPOINTS)
        with self._snapshot() as txn, txn.cursor(self._tables[CHECKPOINTS]) as cursor:
            for key, stored in cursor.iterprev():
                if seq_of(key) > until_seq:
                    continue
                try:
                    return seq_of(key), unseal_row(seed, CHECKPOINTS, key, stored)[HASH_BYTES:]
                except JournalDamaged:
                    continue
        return None

    def rows(self, table: str) -> Iterator[tuple[bytes, bytes]]:
        """Keys of a table of rows, and their values."""
        seed = row_seed(self.chain_id, table)
        with self._snapshot() as txn, txn.cursor(self._tables[table]) as cursor:
            for key, stored in cursor:
                yield key, unseal_row(seed, table, key, stored)
