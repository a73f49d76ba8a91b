"""The only writer: order, group commit, limits, failure, growth."""

from __future__ import annotations

import contextlib
import resource
import threading
from typing import TYPE_CHECKING, Self

import lmdb
import pytest

from tillhald.journal.creation import create
from tillhald.journal.engine import INDEX_TABLES, RECORDS
from tillhald.journal.errors import Fault, JournalDamaged, Overloaded, StorageFailed
from tillhald.journal.format import Row, seq_key
from tillhald.journal.store import Store
from tillhald.journal.verify import verify
from tillhald.journal.writer import (
    APPEND_BYTES_MAX,
    BATCH_APPENDS_MAX,
    QUEUE_APPENDS_MAX,
    QUEUE_BYTES_MAX,
    JournalWriter,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tillhald.journal.identity import Identity

WAIT_S_MAX = 20.0


class Till:
    """An opened journal with its writer; remembers what the writer said. `with` closes both."""

    def __init__(self, folder: Path) -> None:
        self.durable: list[int] = []
        self.failures: list[BaseException] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self._news = threading.Condition()
        self.store = Store.open(folder)
        self.writer = JournalWriter(
            self.store, on_durable=self._on_durable, on_failed=self._on_failed
        )

    def _on_durable(self, seq: int) -> None:
        with self._news:
            self.durable.append(seq)
            self._news.notify_all()
        assert self.may_go_on.wait(WAIT_S_MAX)

    def _on_failed(self, error: BaseException) -> None:
        with self._news:
            self.failures.append(error)
            self._news.notify_all()

    def hold(self) -> None:
        """Keep the writer busy: it has committed one record and does not go on."""
        self.may_go_on.clear()
        self.wait_durable(self.writer.append(b"held"))

    def wait_durable(self, seq: int) -> None:
        """Wait until the writer has said that `seq` is durable; raise what it failed with."""
        with self._news:
            settled = self._news.wait_for(
                lambda: bool(self.failures) or max(self.durable, default=0) >= seq, WAIT_S_MAX
            )
        assert settled, f"nothing was heard of {seq}; durable: {self.durable[-3:]}"
        if self.failures:
            raise self.failures[0]

    def wait_failed(self) -> BaseException:
        with self._news:
            assert self._news.wait_for(lambda: bool(self.failures), WAIT_S_MAX)
        return self.failures[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.may_go_on.set()
        self.writer.close(WAIT_S_MAX)
        self.store.close()


@pytest.fixture
def till(folder: Path, identity: Identity) -> Iterator[Till]:
    create(folder, identity, b"genesis", map_bytes=1 << 20)
    with Till(folder) as opened:
        yield opened


@contextlib.contextmanager
def file_size_limit(size_bytes: int) -> Iterator[None]:
    """Let the kernel refuse (EFBIG) every write of this process past `size_bytes` of a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_records_get_their_numbers_at_once_and_become_durable_in_order(till: Till) -> None:
    assert till.writer.next_seq == 2
    assert [till.writer.append(b"%d" % n) for n in range(2, 102)] == list(range(2, 102))
    till.wait_durable(101)
    assert till.durable == sorted(set(till.durable))
    assert [record.body for record in till.store.records(1)] == [b"%d" % n for n in range(2, 102)]


def test_what_waits_shares_one_commit_and_one_wake_up(till: Till) -> None:
    till.hold()
    last = [till.writer.append(b"waiting") for _ in range(50)][-1]
    till.may_go_on.set()
    till.wait_durable(last)
    assert till.durable == [2, last]


def test_a_batch_is_bounded_by_count(till: Till) -> None:
    till.hold()
    last = [till.writer.append(b"") for _ in range(BATCH_APPENDS_MAX + 3)][-1]
    till.may_go_on.set()
    till.wait_durable(last)
    assert till.durable == [2, 2 + BATCH_APPENDS_MAX, last]


def test_a_batch_is_bounded_by_bytes(till: Till) -> None:
    till.hold()
    last = [till.writer.append(bytes(600_000)) for _ in range(5)][-1]
    till.may_go_on.set()
    till.wait_durable(last)
    assert till.durable == [2, 4, 6, last]


def test_a_full_queue_refuses_and_changes_nothing(till: Till) -> None:
    till.hold()
    last = [till.writer.append(b"") for _ in range(QUEUE_APPENDS_MAX)][-1]
    for _ in range(2):
        with pytest.raises(Overloaded):
            till.writer.append(b"one too many", [Row("sales", b"s", b"")])
    assert till.writer.next_seq == last + 1
    till.may_go_on.set()
    till.wait_durable(last)
    after = till.writer.append(b"there is room again")
    assert after == last + 1
    till.wait_durable(after)
    assert till.store.get("sales", b"s") is None


def test_a_queue_full_of_bytes_refuses_and_changes_nothing(till: Till) -> None:
    till.hold()
    body = bytes(APPEND_BYTES_MAX)
    last = [till.writer.append(body) for _ in range(QUEUE_BYTES_MAX // APPEND_BYTES_MAX)][-1]
    with pytest.raises(Overloaded):
        till.writer.append(b"a little more")
    assert till.writer.next_seq == last + 1
    till.may_go_on.set()
    till.wait_durable(last)
    till.wait_durable(till.writer.append(body))


def test_nothing_is_seen_before_it_is_announced_as_durable_or_later(till: Till) -> None:
    till.hold()
    seq = till.writer.append(b"queued", [Row("sales", b"s", b"")])
    assert till.store.record(seq) is None
    assert till.store.get("sales", b"s") is None
    assert till.store.head.seq == seq - 1


def test_rows_come_with_their_record_and_the_last_of_a_key_stays(till: Till) -> None:
    till.writer.append(b"", [Row("sales", b"a", b"1"), Row("days", b"d", b"1")])
    till.writer.append(b"", [Row("sales", b"a", b"2"), Row("sales", b"b", b"1")])
    till.wait_durable(till.writer.append(b"", [Row("sales", b"b", None)]))
    assert till.store.scan("sales") == [(b"a", b"2")]
    assert till.store.get("days", b"d") == b"1"
    till.wait_durable(till.writer.append(b"", [Row("sales", b"never there", None)]))


def test_every_index_table_takes_rows(till: Till) -> None:
    rows = [Row(table, b"key", table.encode()) for table in INDEX_TABLES]
    till.wait_durable(till.writer.append(b"", rows))
    assert [till.store.get(table, b"key") for table in INDEX_TABLES] == [
        table.encode() for table in INDEX_TABLES
    ]


def test_only_the_newest_two_checkpoints_are_kept(till: Till) -> None:
    for number in range(5):
        till.wait_durable(till.writer.append(b"", checkpoint=b"state %d" % number))
    assert till.store.newest_checkpoint() == (6, b"state 4")
    assert till.store.count("checkpoints") == 2
    till.hold()
    last = [till.writer.append(b"", checkpoint=b"%d" % n) for n in range(4)][-1]
    till.may_go_on.set()
    till.wait_durable(last)
    assert till.store.count("checkpoints") == 2
    assert till.store.newest_checkpoint() == (last, b"3")


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (b"", [Row("records", b"k", b"")]),
        (b"", [Row("meta", b"head", b"")]),
        (b"", [Row("sales", b"", b"")]),
        (b"", [Row("sales", bytes(512), b"")]),
        (bytes(APPEND_BYTES_MAX + 1), []),
        (b"", [Row("sales", b"k", bytes(APPEND_BYTES_MAX))]),
    ],
)
def test_what_can_never_be_stored_is_refused_before_it_is_queued(
    till: Till, body: bytes, rows: list[Row]
) -> None:
    with pytest.raises(ValueError, match=r"bytes|index"):
        till.writer.append(body, rows)
    till.wait_durable(till.writer.append(bytes(APPEND_BYTES_MAX)))
    assert till.durable == [2]


def test_closing_commits_everything_and_notes_the_good_order(folder: Path, till: Till) -> None:
    last = [till.writer.append(b"") for _ in range(1500)][-1]
    till.writer.close(WAIT_S_MAX)
    assert till.durable[-1] == last
    assert till.store.closed_seq == till.store.head.seq == last
    with pytest.raises(StorageFailed):
        till.writer.append(b"too late")
    till.store.close()
    with Till(folder) as reopened:
        assert reopened.writer.append(b"next morning") == last + 1


def test_a_writer_that_cannot_finish_in_time_says_so(till: Till) -> None:
    till.hold()
    with pytest.raises(StorageFailed):
        till.writer.close(0.01)


def test_a_disk_that_refuses_to_write_ends_storing_for_good(till: Till) -> None:
    till.wait_durable(till.writer.append(b"stored"))
    with file_size_limit(8192):
        till.writer.append(b"lost?")
        failure = till.wait_failed()
    assert isinstance(failure, StorageFailed)
    assert failure.durable_seq == 2
    assert isinstance(failure.__cause__, lmdb.Error)
    # The disk is well again, but what it did with the failed commit is not known.
    with pytest.raises(StorageFailed):
        till.writer.append(b"never")
    assert till.durable == [2]
    assert len(till.failures) == 1
    assert till.store.record(2) is not None


def test_a_number_that_somebody_else_has_used_ends_storing(till: Till) -> None:
    with till.store.engine.env.begin(write=True) as txn:
        txn.put(seq_key(2), b"another writer's", db=till.store.engine.tables[RECORDS])
    till.writer.append(b"")
    cause = till.wait_failed().__cause__
    assert isinstance(cause, JournalDamaged)
    assert (cause.fault, cause.seq) == (Fault.REPEATED, 2)
    assert till.durable == []


def test_the_file_grows_under_load_and_every_record_stays(folder: Path, till: Till) -> None:
    before = till.store.usage.map_bytes
    bodies = {}
    for number in range(4000):
        body = b"sale %d " % number * 30
        seq = till.writer.append(body, [Row("sales", b"%d" % number, b"answer" * 10)])
        bodies[seq] = body
        if number % 40 == 0:
            # Reads beside growth: the map moves, never under an open transaction.
            till.wait_durable(seq)
            assert till.store.get("sales", b"%d" % number) == b"answer" * 10
        if number % 500 == 0:
            assert till.store.scan("sales", limit=500)
    till.wait_durable(seq)
    till.writer.close(WAIT_S_MAX)
    usage = till.store.usage
    assert usage.map_bytes > before
    assert usage.used_bytes < usage.map_bytes
    read: dict[int, bytes] = {}
    while piece := till.store.records(max(read, default=1)):
        read.update((record.seq, record.body) for record in piece)
    assert read == bodies
    till.store.close()
    assert (folder / "data.mdb").stat().st_size >= usage.map_bytes
    assert verify(str(folder), lambda _done, _total: None).last_seq == seq


def test_growth_is_ahead_of_need(till: Till) -> None:
    """A single seller never meets a full map: growing has ended before the room has."""
    fullest = 0.0
    for _ in range(600):
        till.wait_durable(till.writer.append(bytes(3000)))
        usage = till.store.usage
        fullest = max(fullest, usage.used_bytes / usage.map_bytes)
    assert till.store.usage.map_bytes > 4 << 20
    assert 0.75 < fullest < 0.95


def test_a_batch_that_meets_a_full_map_is_stored_after_growing(
    folder: Path, identity: Identity
) -> None:
    create(folder, identity, b"", map_bytes=256 << 10)
    with Till(folder) as small:
        seq = small.writer.append(bytes(900_000), [Row("sales", b"s", b"stored")])
        small.wait_durable(seq)
        assert small.store.get("sales", b"s") == b"stored"
        assert small.store.usage.map_bytes > 1 << 20
        assert small.durable == [seq]
        assert not small.failures


def test_a_disk_without_room_keeps_selling_and_gives_back_what_growing_took(
    folder: Path, till: Till
) -> None:
    size = (folder / "data.mdb").stat().st_size
    assert till.store.usage.map_bytes == size
    with file_size_limit(size + 8192):
        while not till.writer.health.no_room:
            till.wait_durable(till.writer.append(bytes(3000)))
        assert till.store.usage.used_bytes >= size * 0.8
        for _ in range(10):
            till.wait_durable(till.writer.append(b"sold all the same"))
        assert (folder / "data.mdb").stat().st_size == size
    assert not till.failures


def test_a_map_that_is_full_on_a_disk_without_room_is_a_failure_not_a_loss(
    folder: Path, till: Till
) -> None:
    size = (folder / "data.mdb").stat().st_size

    def sell_for_ever() -> None:
        while True:
            till.wait_durable(till.writer.append(bytes(3000)))

    with file_size_limit(size), pytest.raises(StorageFailed):
        sell_for_ever()
    till.writer.close(WAIT_S_MAX)
    till.store.close()
    assert verify(str(folder), lambda _done, _total: None).last_seq == till.durable[-1]


def test_a_file_left_longer_by_a_cut_growth_is_adopted(
    folder: Path, filled: Callable[..., Path]
) -> None:
    filled(3)
    with (folder / "data.mdb").open("ab") as file:
        file.write(bytes(100_000))
    with Till(folder) as till:
        assert till.store.usage.map_bytes == ((1 << 20) + 100_000) // 4096 * 4096
        till.wait_durable(till.writer.append(b"and on"))


def test_a_copy_without_spare_room_grows_at_once(folder: Path, filled: Callable[..., Path]) -> None:
    filled(3)
    store = Store.open(folder)
    used_bytes = store.usage.used_bytes
    store.close()
    with (folder / "data.mdb").open("r+b") as file:
        file.truncate(used_bytes)
    with Till(folder) as till:
        till.wait_durable(till.writer.append(b"and on"))
        assert till.store.usage.map_bytes > used_bytes
