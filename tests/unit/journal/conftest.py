"""Real journals in real folders, small enough to be made in a few milliseconds."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hwsim.pytest_plugin import power_cut_disk
from tillhald.journal.creation import create
from tillhald.journal.engine import data_file, open_env, open_tables
from tillhald.journal.format import NO_HASH, Head, Row, Sealed, seal
from tillhald.journal.identity import Identity, Phase
from tillhald.journal.store import Store
from tillhald.journal.writer import JournalWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    import lmdb

    from tillhald.journal.engine import Tables

__all__ = ["power_cut_disk"]

WAIT_S_MAX = 20.0


@pytest.fixture
def identity() -> Identity:
    return Identity(
        store_id="store-7",
        workstation_id="till-3",
        incarnation=1,
        chain_id=bytes(range(16)),
        created_ms=1_700_000_000_000,
        phase=Phase.PRE_LIVE,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def filled(folder: Path, identity: Identity) -> Callable[..., Path]:
    """Make a journal whose last record has number `last_seq`, and close it in good order.

    Record n has the body `body n` and comes with the row `r000n` of `requests`; a checkpoint is
    made at each number in `checkpoints_at`.
    """

    def make(last_seq: int, checkpoints_at: tuple[int, ...] = ()) -> Path:
        create(folder, identity, b"body 1", map_bytes=1 << 20)
        store = Store.open(folder)
        failures: list[BaseException] = []
        writer = JournalWriter(store, on_durable=lambda _: None, on_failed=failures.append)
        for seq in range(2, last_seq + 1):
            checkpoint = b"state %d" % seq if seq in checkpoints_at else None
            row = Row("requests", b"r%04d" % seq, b"answer %d" % seq)
            assert writer.append(b"body %d" % seq, [row], checkpoint=checkpoint) == seq
        writer.close(WAIT_S_MAX)
        store.close()
        assert not failures
        return folder

    return make


@pytest.fixture
def tampering() -> Callable[[Path], AbstractContextManager[tuple[lmdb.Transaction[bytes], Tables]]]:
    """Open a closed journal behind the daemon's back, to change what is stored in it."""

    @contextlib.contextmanager
    def tamper(folder: Path) -> Iterator[tuple[lmdb.Transaction[bytes], Tables]]:
        size = Path(data_file(str(folder))).stat().st_size
        with open_env(str(folder), map_bytes=size, readonly=False) as env:
            tables = open_tables(env)
            with env.begin(write=True) as txn:
                yield txn, tables

    return tamper


@pytest.fixture
def sealed(identity: Identity) -> Callable[..., list[Sealed]]:
    """Make the records from `first` to `last` of one chain, as the writer hands them on.

    Record n has the body `body n` and comes with the row `r000n` of `requests`, as in `filled`. A
    checkpoint is made at each number in `checkpoints_at`; `filler` makes the bodies longer.
    """

    def make(
        first: int, last: int, checkpoints_at: tuple[int, ...] = (), filler: bytes = b""
    ) -> list[Sealed]:
        made: list[Sealed] = []
        prev_hash = NO_HASH
        for seq in range(1, last + 1):
            envelope, prev_hash = seal(identity.chain_id, seq, prev_hash, b"body %d" % seq + filler)
            rows = (Row("requests", b"r%04d" % seq, b"answer %d" % seq),)
            checkpoint = b"state %d" % seq if seq in checkpoints_at else None
            made.append(Sealed(Head(seq, prev_hash), envelope, rows, checkpoint))
        return made[first - 1 :]

    return make
