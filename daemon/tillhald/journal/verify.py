"""Checking every record and every row of a journal, beside the daemon that writes it.

`python -m tillhald.journal.verify FOLDER` writes JSON lines to stdout: `{"done": n, "total": m}`
while it works, and at last either `{"last_seq": s, "head_hash": h, "rows": n}` or
`{"fault": kind, "seq": s, "sentence": text}`. It is a process of its own, because bad storage
kills whoever reads it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from typing import TYPE_CHECKING, NamedTuple

import lmdb
import msgspec

from tillhald.journal.chain import (
    Snapshot,
    check_count,
    check_end,
    check_row_count,
    check_walked,
    walk_records,
    walk_rows,
)
from tillhald.journal.elsewhere import leave_the_tills_cpu
from tillhald.journal.engine import (
    ALL_TABLES,
    META,
    META_CHAIN_ID,
    META_HEAD,
    RECORDS,
    check_format,
    data_file,
    open_env,
    open_tables,
    read_base,
    read_meta,
)
from tillhald.journal.errors import Fault, JournalDamaged, StorageError
from tillhald.journal.format import unpack_head
from tillhald.journal.preflight import check_size, death_sentence, trouble_sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tillhald.journal.format import Head

SLICE_ROWS = 10_000
"""How much is read in one transaction. A reader keeps the pages of its snapshot from being used
again: a long one would make the file of a busy till grow, and it never shrinks."""
_LINE_BYTES_MAX = 1 << 16


class Verdict(NamedTuple):
    """A journal without fault: its last record, and how many rows stand beside the records."""

    last_seq: int
    head_hash: bytes
    rows: int


class _Verification:
    def __init__(self, env: lmdb.Environment, on_progress: Callable[[int, int], None]) -> None:
        self._env = env
        self._on_progress = on_progress
        self._done = 0
        self._total = 0
        self._tables = open_tables(env)
        with self._snapshot() as txn:
            check_format(txn, self._tables[META])
            self._chain_id = read_meta(txn, self._tables[META], META_CHAIN_ID)
            self._base = read_base(txn, self._tables[META])
            self._total = sum(txn.stat(table)["entries"] for table in self._tables.values())

    def run(self) -> Verdict:
        head = self._records()
        rows = sum(self._rows(table) for table in ALL_TABLES if table != RECORDS)
        # Last, for a row that is wrong says more than a row too many.
        with self._snapshot() as txn:
            check_row_count(self._view(txn))
        return Verdict(head.seq, head.hash, rows)

    def _records(self) -> Head:
        last = self._base
        while True:
            with self._snapshot() as txn:
                until = walk_records(self._view(txn), last, limit=SLICE_ROWS)
                at_end = until.seq < last.seq + SLICE_ROWS
                if at_end:
                    # Head and records of one snapshot: the daemon may append meanwhile.
                    head = unpack_head(read_meta(txn, self._tables[META], META_HEAD))
                    check_end(until, head)
                    check_count(self._view(txn), head)
            self._advance(until.seq - last.seq)
            last = until
            if at_end:
                return last

    def _rows(self, table: str) -> int:
        rows = 0
        key = b""
        least: int | None = None
        while True:
            with self._snapshot() as txn:
                most = txn.stat(self._tables[table])["entries"]
                least = most if least is None else least
                head = unpack_head(read_meta(txn, self._tables[META], META_HEAD))
                key, seen = walk_rows(
                    self._view(txn),
                    table,
                    key,
                    last_seq=head.seq,
                    limit=SLICE_ROWS,
                )
            rows += seen
            self._advance(seen)
            if seen < SLICE_ROWS:
                check_walked(table, rows, least, most)
                return rows

    def _view(self, txn: lmdb.Transaction[memoryview]) -> Snapshot:
        return Snapshot(txn, self._tables, self._chain_id, self._base)

    def _advance(self, checked: int) -> None:
        self._done += checked
        self._total = max(self._total, self._done)
        if checked:
            self._on_progress(self._done, self._total)

    @contextlib.contextmanager
    def _snapshot(self) -> Iterator[lmdb.Transaction[memoryview]]:
        try:
            txn = self._env.begin(buffers=True)
        except lmdb.MapResizedError:
            # The daemon has grown the file since we mapped it; 0 means: take over its size.
            self._env.set_mapsize(0)
            txn = self._env.begin(buffers=True)
        with txn:
            yield txn


def verify(folder: str, on_progress: Callable[[int, int], None]) -> Verdict:
    """Check the whole journal; call `on_progress(done, total)` after every slice.

    Not within a process that has the journal open (LMDB allows one opening per process), and
    not within one that must live: see `verify_in_child`. Raises JournalDamaged with the fault
    and, where there is one, the record's number; StorageFailed, lmdb.Error or OSError if the
    journal cannot be read.
    """
    path = data_file(folder)
    check_size(path)
    file_bytes = os.stat(path).st_size  # noqa: PTH116
    with open_env(folder, map_bytes=file_bytes, readonly=True) as env:
        return _Verification(env, on_progress).run()


class _Line(msgspec.Struct):
    """Any line that the child writes."""

    done: int | None = None
    total: int | None = None
    last_seq: int | None = None
    head_hash: str = ""
    rows: int = 0
    fault: Fault | None = None
    seq: int | None = None
    sentence: str = ""


async def verify_in_child(
    folder: str, on_progress: Callable[[int, int], None], *, deadline_s: float
) -> Verdict:
    """Do what `verify` does in a process that may die; works beside the running daemon.

    Raises JournalDamaged, also (as `Fault.UNREADABLE`) if the child was killed by the storage;
    TimeoutError after `deadline_s`. The child is gone when this returns, raises or is cancelled.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "tillhald.journal.verify",
        folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE_BYTES_MAX,
    )
    assert child.stdout is not None, "a pipe was asked for"
    try:
        async with asyncio.timeout(deadline_s):
            async for raw in child.stdout:
                line = msgspec.json.decode(raw, type=_Line)
                if line.fault is not None:
                    raise JournalDamaged(line.fault, line.seq, line.sentence)
                if line.last_seq is not None:
                    return Verdict(line.last_seq, bytes.fromhex(line.head_hash), line.rows)
                if line.done is not None and line.total is not None:
                    on_progress(line.done, line.total)
            status = await child.wait()
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
    raise JournalDamaged(Fault.UNREADABLE, None, death_sentence(status))


def main(arguments: list[str]) -> int:
    """Verify, and write progress and result. A found fault is a result: the status stays 0."""

    def say(line: dict[str, object]) -> None:
        sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
        sys.stdout.buffer.flush()

    try:
        verdict = verify(arguments[0], lambda done, total: say({"done": done, "total": total}))
    except JournalDamaged as damage:
        say({"fault": damage.fault, "seq": damage.seq, "sentence": damage.sentence})
    except (StorageError, lmdb.Error, OSError) as error:
        say({"fault": Fault.UNREADABLE, "seq": None, "sentence": trouble_sentence(error)})
    else:
        say(
            {
                "last_seq": verdict.last_seq,
                "head_hash": verdict.head_hash.hex(),
                "rows": verdict.rows,
            }
        )
    return 0


if __name__ == "__main__":
    leave_the_tills_cpu()
    try:
        sys.exit(main(sys.argv[1:]))
    except BrokenPipeError:
        os._exit(1)  # the daemon has died: there is nobody to tell, not even at the last flush
