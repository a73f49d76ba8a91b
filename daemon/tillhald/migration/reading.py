"""A journal of any known schema, read whole at one moment: what is stored, and what it comes to.

Not within a process that has the journal open otherwise: LMDB allows one opening.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from itertools import chain
from typing import TYPE_CHECKING, Self

import msgspec

from tillhald.domain.backup import BackupTotals
from tillhald.domain.backup_rules import totals_of
from tillhald.domain.books import Tally
from tillhald.domain.events import decode_record
from tillhald.domain.evolve import apply
from tillhald.domain.sale import SaleState, TenderState
from tillhald.domain.sales_by_day import SALES
from tillhald.domain.state import TillState, decode_state, encode_state
from tillhald.journal.chain import (
    Snapshot,
    check_count,
    check_end,
    check_row_count,
    check_walked,
    walk_records,
    walk_rows,
)
from tillhald.journal.engine import (
    ALL_TABLES,
    CHECKPOINTS,
    INDEX_TABLES,
    META,
    META_CHAIN_ID,
    META_FORMAT,
    META_HEAD,
    META_IDENTITY,
    RECORDS,
    data_file,
    open_env,
    open_tables,
    read_base,
    read_meta,
)
from tillhald.journal.errors import Fault, JournalDamaged, OtherSchema
from tillhald.journal.format import (
    HASH_BYTES,
    row_seed,
    seq_key,
    seq_of,
    unpack_head,
    unseal,
    unseal_row,
)
from tillhald.journal.identity import Identity
from tillhald.journal.preflight import check_size
from tillhald.migration.steps import sale_in
from tillhald.schema import SCHEMA, SCHEMA_FIRST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import lmdb

    from tillhald.journal.format import Sealed

SLICE_ROWS = 10_000


class _Tender(msgspec.Struct):
    type: str
    amount_minor: int
    state: str = TenderState.APPROVED


class _Sold(msgspec.Struct):
    """Of a finished sale what is summed up: decoding all of it takes five times as long."""

    state: str
    shift_id: str
    tenders: tuple[_Tender, ...] = ()


_sold = msgspec.msgpack.Decoder(_Sold)


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """What a journal comes to, whatever its schema.

    `rows`: how many, by table; of `sales` the sales alone. `outcomes`: how many sales ended how.
    `tenders`: what was approved in completed sales, by shift and kind ("SHIFT cash").
    `state_sha256`: of the whole state at the head, with all that is open, unprinted and not
    handed over. Hashes are hexadecimal.
    """

    records: int
    last_seq: int
    head_hash: str
    rows: dict[str, int]
    outcomes: dict[str, int]
    tenders: dict[str, Tally]
    totals: BackupTotals
    state_sha256: str

    def differences(self, other: Sums) -> list[str]:
        """The names of what is not the same."""
        names = self.__struct_fields__
        return [name for name in names if getattr(self, name) != getattr(other, name)]


class Reading:
    """Raises OtherSchema for one that is not known, JournalDamaged, lmdb.Error, OSError."""

    def __init__(self, folder: str) -> None:
        path = data_file(folder)
        check_size(path)
        self.file_bytes = os.stat(path).st_size  # noqa: PTH116 - as the rest of a child's start
        with contextlib.ExitStack() as opened:
            env = opened.enter_context(open_env(folder, map_bytes=self.file_bytes, readonly=True))
            self.used_bytes = (env.info()["last_pgno"] + 1) * os.sysconf("SC_PAGE_SIZE")
            self.tables = open_tables(env)
            self.txn: lmdb.Transaction[bytes] = opened.enter_context(env.begin())
            self._views = opened.enter_context(env.begin(buffers=True))
            meta = self.tables[META]
            self.schema = _known(int(read_meta(self.txn, meta, META_FORMAT)))
            self.chain_id = read_meta(self.txn, meta, META_CHAIN_ID)
            self.identity = msgspec.msgpack.decode(
                read_meta(self.txn, meta, META_IDENTITY), type=Identity
            )
            self.head = unpack_head(read_meta(self.txn, meta, META_HEAD))
            self.base = read_base(self.txn, meta)
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def count(self, table: str) -> int:
        """How many rows the database itself counts."""
        return self.txn.stat(self.tables[table])["entries"]

    @property
    def entries(self) -> int:
        """All rows of all tables."""
        return sum(self.count(table) for table in ALL_TABLES)

    def get(self, table: str, key: bytes) -> bytes | None:
        """The stored bytes under a key."""
        return self.txn.get(key, db=self.tables[table])

    def items(self, table: str) -> Iterator[tuple[bytes, bytes]]:
        """Keys and stored bytes, as they are, in the order of the keys."""
        with self.txn.cursor(self.tables[table]) as cursor:
            yield from cursor

    def rows(self, table: str) -> Iterator[tuple[int, bytes, bytes]]:
        """Sequence numbers, keys and values, checked; any table but `records`."""
        seed = row_seed(self.chain_id, table)
        for key, stored in self.items(table):
            yield int.from_bytes(stored[:8], "big"), key, unseal_row(seed, table, key, stored)

    def check(self, on_progress: Callable[[int], None]) -> None:
        """Check every record, the chain, and every row; JournalDamaged with the first fault."""
        snapshot = Snapshot(self._views, self.tables, self.chain_id, self.base)
        last = self.base
        while (until := walk_records(snapshot, last, limit=SLICE_ROWS)) != last:
            on_progress(until.seq - last.seq)
            last = until
        check_end(last, self.head)
        check_count(snapshot, self.head)
        for table in ALL_TABLES:
            if table == RECORDS:
                continue
            key, seen, rows = b"", SLICE_ROWS, 0
            while seen == SLICE_ROWS:
                key, seen = walk_rows(
                    snapshot, table, key, last_seq=self.head.seq, limit=SLICE_ROWS
                )
                rows += seen
                on_progress(seen)
            check_walked(table, rows, self.count(table), self.count(table))
        check_row_count(snapshot)

    def state(self, *, from_first: bool = False) -> TillState:
        """The till's state at the head: from the newest whole checkpoint on, or from the first
        record on. Raises msgspec.DecodeError for a record that this program does not know."""
        state = TillState() if from_first else self._checkpoint()
        with self.txn.cursor(self.tables[RECORDS]) as cursor:
            if cursor.set_range(seq_key(state.seq + 1)):
                for key, envelope in cursor:
                    record = unseal(self.chain_id, seq_of(key), envelope)
                    state = apply(state, decode_record(record.body), record.seq)
        if state.seq != self.head.seq:
            sentence = f"The records end at {state.seq}, but {self.head.seq} were stored."
            raise JournalDamaged(Fault.TRUNCATED, state.seq + 1, sentence)
        return state

    def _checkpoint(self) -> TillState:
        seed = row_seed(self.chain_id, CHECKPOINTS)
        with self.txn.cursor(self.tables[CHECKPOINTS]) as cursor:
            for key, stored in cursor.iterprev():
                with contextlib.suppress(JournalDamaged):
                    return decode_state(unseal_row(seed, CHECKPOINTS, key, stored)[HASH_BYTES:])
        return TillState()

    def sums(self, spilled: Sequence[Sealed] = ()) -> Sums:
        """What it comes to, together with records of the spill. Raises msgspec.DecodeError."""
        state = self.state()
        for record in spilled:
            state = apply(state, decode_record(record.body), record.head.seq)
        more: dict[str, dict[bytes, bytes]] = {table: {} for table in INDEX_TABLES}
        for record in spilled:
            for table, key, value in record.rows:
                more[table][key] = value or b""
        rows = {
            table: self.count(table) + sum(self.get(table, key) is None for key in more[table])
            for table in INDEX_TABLES
        }
        outcomes, tenders = self._sales(more[SALES])
        rows[SALES] = sum(outcomes.values())
        head = spilled[-1].head if spilled else self.head
        return Sums(
            records=self.count(RECORDS) + len(spilled),
            last_seq=head.seq,
            head_hash=head.hash.hex(),
            rows=rows,
            outcomes=outcomes,
            tenders=tenders,
            totals=totals_of(state),
            state_sha256=hashlib.sha256(encode_state(state)).hexdigest(),
        )

    def _sales(self, newer: Mapping[bytes, bytes]) -> tuple[dict[str, int], dict[str, Tally]]:
        outcomes: dict[str, int] = {}
        tenders: dict[str, Tally] = {}
        stored = ((key, value) for _, key, value in self.rows(SALES) if key not in newer)
        for key, value in chain(stored, newer.items()):
            if not sale_in(self.schema, key):
                continue
            sale = _sold.decode(value)
            outcomes[sale.state] = outcomes.get(sale.state, 0) + 1
            if sale.state == SaleState.COMPLETED:
                for tender in sale.tenders:
                    if tender.state == TenderState.APPROVED:
                        name = f"{sale.shift_id} {tender.type}"
                        tenders[name] = tenders.get(name, Tally()).plus(tender.amount_minor)
        return outcomes, tenders


def _known(schema: int) -> int:
    if SCHEMA_FIRST <= schema <= SCHEMA:
        return schema
    sentence = f"The journal has schema {schema}; this program knows {SCHEMA_FIRST} to {SCHEMA}."
    raise OtherSchema(schema, sentence)
