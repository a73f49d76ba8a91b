"""How a journal stands to another till's, by one record of the other one."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tillhald.journal.engine import RECORDS
from tillhald.journal.format import seq_key
from tillhald.journal.position import Position, Standing, standing
from tillhald.journal.store import Store
from tillhald.journal.writer import JournalWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    import lmdb

    from tillhald.journal.engine import Tables

    Tampering = Callable[[Path], AbstractContextManager[tuple[lmdb.Transaction[bytes], Tables]]]

COMMON = 5
WAIT_S_MAX = 20.0


def sell_on(folder: Path, words: list[bytes]) -> Store:
    """The journal, open, after these records more."""
    store = Store.open(folder)
    failures: list[BaseException] = []
    writer = JournalWriter(store, on_durable=lambda _: None, on_failed=failures.append)
    for word in words:
        writer.append(word, [])
    writer.close(WAIT_S_MAX)
    assert not failures
    return store


def position(store: Store, seq: int = 0) -> Position:
    """That record's, or the last one's."""
    record = store.record(seq or store.head.seq)
    assert record is not None
    return Position(store.identity.chain_id, record.seq, record.hash)


@pytest.fixture
def clones(filled: Callable[..., Path], tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    """A journal and a copy of it that both went on, the copy further."""
    folder = filled(COMMON)
    shutil.copytree(folder, tmp_path / "copy")
    stores = sell_on(folder, [b"coffee"]), sell_on(tmp_path / "copy", [b"tea", b"tea", b"tea"])
    yield stores
    for store in stores:
        store.close()


def test_two_that_both_went_on_are_a_fork_to_whoever_has_come_as_far(
    clones: tuple[Store, Store],
) -> None:
    here, there = clones
    # Who is behind can tell nothing by the other one's last record; the other one can by his.
    assert standing(here, position(there)) is Standing.BEYOND
    assert standing(there, position(here)) is Standing.FORK
    for seq in range(1, here.head.seq + 1):
        expected = Standing.GOES_ON if seq <= COMMON else Standing.FORK
        assert standing(here, position(there, seq)) is expected
        assert standing(there, position(here, seq)) is expected


def test_a_till_and_its_own_past_are_no_fork(clones: tuple[Store, Store]) -> None:
    _, there = clones
    assert standing(there, position(there)) is Standing.SAME
    for seq in range(1, there.head.seq):
        assert standing(there, position(there, seq)) is Standing.GOES_ON


def test_nothing_is_said_of_another_chain_nor_of_a_record_that_is_not_in_hand(
    clones: tuple[Store, Store],
) -> None:
    here, _ = clones
    known = position(here)
    assert standing(here, known._replace(chain_id=b"another till's id")) is Standing.STRANGERS
    assert standing(here, known._replace(seq=(1 << 64) - 1)) is Standing.BEYOND
    assert standing(here, known._replace(hash=bytes(32))) is Standing.FORK


def test_a_record_that_cannot_be_read_tells_nothing(
    filled: Callable[..., Path], tampering: Tampering
) -> None:
    folder = filled(COMMON)
    with tampering(folder) as (txn, tables):
        key = seq_key(3)
        envelope = txn.get(key, db=tables[RECORDS])
        assert envelope is not None
        txn.put(key, envelope.replace(b"body", b"BODY"), db=tables[RECORDS])
    store = Store.open(folder)
    try:
        chain_id = store.identity.chain_id
        assert standing(store, Position(chain_id, 3, bytes(32))) is Standing.UNKNOWN
        assert standing(store, Position(chain_id, 4, bytes(32))) is Standing.FORK
    finally:
        store.close()
