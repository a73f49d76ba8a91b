"""Readers see the spill before the journal: the store against a plain model of what was written."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tillhald.journal.creation import create
from tillhald.journal.format import Head, Row, Sealed, seal
from tillhald.journal.identity import Identity, Phase
from tillhald.journal.overlay import Overlay
from tillhald.journal.primary import Primary
from tillhald.journal.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

IDENTITY = Identity(
    store_id="s",
    workstation_id="w",
    incarnation=1,
    chain_id=bytes(range(16)),
    created_ms=0,
    phase=Phase.PRE_LIVE,
)
TABLE = "sales"

KEYS = st.binary(min_size=1, max_size=3).map(lambda key: bytes(b % 3 + 97 for b in key))
ROWS = st.lists(
    st.builds(Row, st.just(TABLE), KEYS, st.none() | st.binary(max_size=2)),
    max_size=3,
    unique_by=lambda row: row.key,
)


class Written(NamedTuple):
    """What was written, and how much of it the journal has: the rest is in the spill."""

    records: list[tuple[list[Row], bool]]
    merged: int


WRITTEN = st.lists(st.tuples(ROWS, st.booleans()), max_size=12).flatmap(
    lambda records: st.builds(Written, st.just(records), st.integers(0, len(records)))
)


@contextlib.contextmanager
def store_with(written: Written) -> Iterator[tuple[Store, list[Sealed]]]:
    with tempfile.TemporaryDirectory() as folder:
        create(Path(folder) / "journal", IDENTITY, b"genesis", map_bytes=256 << 10)
        store = Store.open(Path(folder) / "journal")
        sealed: list[Sealed] = []
        last = store.head
        for rows, has_checkpoint in written.records:
            body = b"body %d" % (last.seq + 1)
            envelope, digest = seal(IDENTITY.chain_id, last.seq + 1, last.hash, body)
            last = Head(last.seq + 1, digest)
            checkpoint = b"state %d" % last.seq if has_checkpoint else None
            sealed.append(Sealed(last, envelope, tuple(rows), checkpoint))
        if written.merged:
            Primary(store).commit(sealed[: written.merged])
        store.overlay.add(sealed[written.merged :])
        try:
            yield store, sealed
        finally:
            store.close()


def model(written: Written) -> dict[bytes, bytes]:
    rows: dict[bytes, bytes] = {}
    for record, _ in written.records:
        for row in record:
            if row.value is None:
                rows.pop(row.key, None)
            else:
                rows[row.key] = row.value
    return rows


@settings(max_examples=60, deadline=None)
@given(
    written=WRITTEN,
    prefix=st.sampled_from([b"", b"a", b"ab", b"c"]),
    start=st.just(b"") | KEYS,
    limit=st.integers(1, 5),
    reverse=st.booleans(),
)
def test_rows_are_read_as_if_all_of_them_were_in_the_journal(
    written: Written, prefix: bytes, start: bytes, limit: int, reverse: bool
) -> None:
    rows = model(written)
    within = [
        (key, value)
        for key, value in sorted(rows.items(), reverse=reverse)
        if key.startswith(prefix) and (not start or (key <= start if reverse else key >= start))
    ]
    with store_with(written) as (store, _):
        for key in {row.key for record, _ in written.records for row in record} | {b"zzz"}:
            assert store.get(TABLE, key) == rows.get(key)
        scanned = store.scan(TABLE, start=start, prefix=prefix, limit=limit, reverse=reverse)
        assert scanned == within[:limit]
        assert store.scan(TABLE, prefix=prefix) == sorted(
            (key, value) for key, value in rows.items() if key.startswith(prefix)
        )


@settings(max_examples=60, deadline=None)
@given(written=WRITTEN, after_seq=st.integers(0, 14), limit=st.integers(1, 5))
def test_records_are_read_as_if_all_of_them_were_in_the_journal(
    written: Written, after_seq: int, limit: int
) -> None:
    with store_with(written) as (store, sealed):
        bodies = [b"genesis", *(record.body for record in sealed)]
        assert store.head.seq == len(bodies)
        assert store.primary_head.seq == 1 + written.merged
        for seq, body in enumerate(bodies, start=1):
            record = store.record(seq)
            assert record is not None
            assert (record.seq, record.body) == (seq, body)
        assert store.record(len(bodies) + 1) is None
        read: list[bytes] = []
        while batch := store.records(after_seq + len(read), limit):
            assert len(batch) <= limit
            read += [record.body for record in batch]
        assert read == bodies[after_seq:]
        newest = [r.head.seq for r in sealed if r.checkpoint is not None][-1:]
        checkpoint = store.newest_checkpoint()
        assert ([checkpoint[0]] if checkpoint else []) == newest
        assert checkpoint is None or checkpoint[1] == b"state %d" % checkpoint[0]


@settings(max_examples=40, deadline=None)
@given(written=WRITTEN, until=st.integers(0, 14))
def test_what_is_dropped_leaves_the_rows_that_came_later(written: Written, until: int) -> None:
    everything = written._replace(merged=0)
    with store_with(everything) as (store, sealed):
        store.overlay.drop(until)
        later = [record for record in sealed if record.head.seq > until]
        assert store.overlay.records(0, 100) == later
        expected = {row.key: row.value for record in later for row in record.rows}
        assert store.overlay.rows(TABLE, b"") == expected


@pytest.fixture
def overlay(sealed: Callable[..., list[Sealed]]) -> Overlay:
    overlay = Overlay()
    overlay.add(sealed(3, 9))
    return overlay


def test_records_begin_where_they_are_asked_for_and_end_at_the_limit(overlay: Overlay) -> None:
    def seqs(after_seq: int, limit: int) -> list[int]:
        return [record.head.seq for record in overlay.records(after_seq, limit)]

    assert seqs(0, 3) == [3, 4, 5]
    assert seqs(2, 100) == [3, 4, 5, 6, 7, 8, 9]
    assert seqs(6, 2) == [7, 8]
    assert seqs(9, 2) == []
    overlay.drop(9)
    assert seqs(0, 2) == []
    assert overlay.head is None
    assert overlay.row("requests", b"r0003") is None
