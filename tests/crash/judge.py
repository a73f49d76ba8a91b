"""Opening what a power cut left, as the daemon does, and comparing it with what was promised.

`python -m tests.crash.judge` reads questions and writes verdicts, a line of JSON each: a process
of its own, because storage that lies kills whoever reads it. What the daemon does when it opens a
journal is done here by its own functions, but its preflight is called and not started as a child:
so a hundred times as many states can be looked at. Some are opened by all of it.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import NamedTuple

import lmdb

from tests.crash.workloads import (
    MAP_BYTES,
    TABLES,
    WORKLOADS,
    Promises,
    Sizes,
    append_of,
    identity_of,
    places_of,
    promises_of,
)
from tillhald.journal import format as record_format
from tillhald.journal import spill as spill_format
from tillhald.journal.creation import GENESIS_SEQ, create
from tillhald.journal.errors import StorageError
from tillhald.journal.preflight import preflight
from tillhald.journal.recovery import Places, is_there, open_journal
from tillhald.journal.recovery import _take_over_spill as take_over_spill
from tillhald.journal.segments import complete_replacement, list_retired
from tillhald.journal.store import Store
from tillhald.journal.writer import JournalWriter

ROOT = Path(__file__).parents[2]
VERDICT_S_MAX = 30.0
WAIT_S_MAX = 10.0
LOCK_BYTES = 8192

OK = "ok"
LOST = "lost"
CORRUPT = "corrupt"


class Question(NamedTuple):
    """A state: the folder it is in, and what was said before the cut, a line for each mark.

    `deeply`: open it with `open_journal` and its child process; store one more record in it.
    """

    workload: str
    seed: int
    folder: str
    marks: str
    deeply: bool = False


class Verdict(NamedTuple):
    """`kind` is OK, LOST or CORRUPT. `changed`: the folder is no longer the state it was."""

    kind: str
    sentence: str = ""
    changed: bool = False


class _NotAsPromisedError(Exception):
    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind


def judge(question: Question) -> Verdict:
    """Open the state and look at all of it."""
    workload = WORKLOADS[question.workload]
    promises = promises_of(question.marks)
    places = places_of(Path(question.folder), workload)
    changed = question.deeply or not places.folder.exists()
    spilled = _spilled(places)
    try:
        if not is_there(places):
            if promises.created or workload.records:
                raise _NotAsPromisedError(LOST, "The journal is gone.")
            create(places.folder, identity_of(question.seed), b"genesis", map_bytes=MAP_BYTES)
        if question.deeply:
            _check_deeply(question, promises, places)
        else:
            _check(question, promises, places)
        verdict = Verdict(OK)
    except _NotAsPromisedError as wrong:
        verdict = Verdict(wrong.kind, str(wrong))
    except (StorageError, lmdb.Error, OSError, ValueError) as error:
        verdict = Verdict(CORRUPT, f"{type(error).__name__}: {error}")
    # Opening it clears what stands behind the spill's last whole frame.
    return verdict._replace(changed=changed or _spilled(places) != spilled)


def _spilled(places: Places) -> list[bytes | None]:
    return [path.read_bytes() if path.exists() else None for path in places.spills]


def _check(question: Question, promises: Promises, places: Places) -> None:
    """What `open_journal` does, with its child's work done here, and every record looked at."""
    complete_replacement(places.folder)
    found = preflight(str(places.folder), whole=True)
    store = Store.open(places.folder)
    try:
        head = store.primary_head
        if (head.seq, head.hash.hex()) != (found["last_seq"], found["head_hash"]):
            raise _NotAsPromisedError(CORRUPT, "The head is not the one that was checked.")
        faults = [*found["passed_over"]]
        take_over_spill(store, places, faults).close()
        if faults:
            raise _NotAsPromisedError(CORRUPT, str(faults))
        _check_content(question, promises, store)
    finally:
        store.close()


def _check_deeply(question: Question, promises: Promises, places: Places) -> None:
    # LMDB's lock file is in none of the states: nobody syncs it, so it may hold anything.
    if places.folder.exists():  # else the cut came between two names
        (places.folder / "lock.mdb").write_bytes(Random(question.seed).randbytes(LOCK_BYTES))
    store, spill, report = open_journal(places)
    try:
        if report.faults:
            raise _NotAsPromisedError(CORRUPT, str(report.faults))
        _check_content(question, promises, store)
        errors: list[BaseException] = []
        durable: list[int] = []
        writer = JournalWriter(
            store, spill=spill, on_durable=durable.append, on_failed=errors.append
        )
        writer.append(b"one more")
        writer.close(WAIT_S_MAX)
        if errors or durable != [report.last_seq + 1]:
            raise _NotAsPromisedError(CORRUPT, f"One more record was not stored: {errors}")
    finally:
        store.close()
    again = preflight(str(places.folder), whole=True)
    if again["last_seq"] != report.last_seq + 1 or not again["clean_shutdown"]:
        raise _NotAsPromisedError(CORRUPT, f"One more record is not there: {again}")


def _check_content(question: Question, promises: Promises, store: Store) -> None:
    head = store.head
    if head.seq < promises.acknowledged_seq:
        sentence = f"{promises.acknowledged_seq} records were acknowledged, {head.seq} are there."
        raise _NotAsPromisedError(LOST, sentence)
    sizes = WORKLOADS[question.workload].sizes
    bodies = [*_retired_bodies(store), *_bodies(store, head.seq)][GENESIS_SEQ:]
    generations = tuple(int(body[: body.index(b"/")]) for body in bodies)
    expected = _expected(sizes, question.seed, generations, store.base.seq)
    if bodies != expected.bodies or max(generations, default=0) > promises.openings:
        raise _NotAsPromisedError(CORRUPT, "The records are not those that were written.")
    for seq, (said, found) in enumerate(zip(promises.generations, generations, strict=False), 2):
        if said not in (-1, found):
            raise _NotAsPromisedError(LOST, f"Record {seq} is another one than was acknowledged.")
    for table, rows in expected.rows.items():
        if store.scan(table) != rows:
            raise _NotAsPromisedError(CORRUPT, f"The rows of {table} are not those of the records.")
    if store.newest_checkpoint() != expected.checkpoint:
        raise _NotAsPromisedError(CORRUPT, "The checkpoint is not the newest one.")


def _bodies(store: Store, last_seq: int) -> Iterator[bytes]:
    """What the records of this segment hold, up to `last_seq`."""
    found = store.base.seq
    while found < last_seq and (piece := store.records(found)):
        for record in piece[: last_seq - found]:
            found += 1
            yield record.body
    if found != last_seq:
        raise _NotAsPromisedError(LOST, f"The records end at {found} and not at {last_seq}.")


def _retired_bodies(store: Store) -> list[bytes]:
    """What the records before this segment hold: they are in the one that was put aside."""
    if not store.base.seq:
        return []
    [folder] = list_retired(Path(store.engine.folder))
    preflight(str(folder), whole=True)
    retired = Store.open(folder)
    try:
        return list(_bodies(retired, store.base.seq))
    finally:
        retired.close()


class _Expected(NamedTuple):
    bodies: list[bytes]
    rows: dict[str, list[tuple[bytes, bytes]]]
    checkpoint: tuple[int, bytes] | None


@lru_cache(512)
def _expected(sizes: Sizes, seed: int, generations: tuple[int, ...], base_seq: int) -> _Expected:
    """What a journal holds whose records, from number 2 on, are of these generations.

    Rows and checkpoints are those that came after `base_seq`, with which the segment began.
    """
    bodies: list[bytes] = []
    tables: dict[str, dict[bytes, bytes]] = {table: {} for table in TABLES}
    checkpoint = None
    for seq, generation in enumerate(generations, start=GENESIS_SEQ + 1):
        append = append_of(sizes, seed, seq, generation)
        bodies.append(append.body)
        if seq <= base_seq:
            continue
        for table, key, value in append.rows:
            if value is None:
                tables[table].pop(key, None)
            else:
                tables[table][key] = value
        if append.checkpoint is not None:
            checkpoint = (seq, append.checkpoint)
    rows = {table: sorted(held.items()) for table, held in tables.items()}
    return _Expected(bodies, rows, checkpoint)


class Judge:
    """A judging process, started anew when a state has killed it."""

    def __init__(self, *, trusting: bool = False) -> None:
        """`trusting`: one that looks at no checksum, for a control."""
        self._arguments = ["trusting"] if trusting else []
        self._child: subprocess.Popen[bytes] | None = None

    def ask(self, question: Question) -> Verdict:
        """Return the verdict; CORRUPT if the state killed the judge or held it up."""
        child = self._child or self._start()
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(json.dumps(question).encode() + b"\n")
        child.stdin.flush()
        if not select.select([child.stdout], [], [], VERDICT_S_MAX)[0]:
            self.close()
            return Verdict(CORRUPT, f"Opening it took longer than {VERDICT_S_MAX} s.", changed=True)
        line = child.stdout.readline()
        if not line:
            status = child.wait()
            self.close()
            return Verdict(CORRUPT, f"Opening it ended the process with {status}.", changed=True)
        return Verdict(*json.loads(line))

    def _start(self) -> subprocess.Popen[bytes]:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.judge", *self._arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        return self._child

    def close(self) -> None:
        """End the process."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    with contextlib.suppress(BrokenPipeError):
                        pipe.close()

    def __enter__(self) -> Judge:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _AnyChecksum(int):
    """Equal to whatever it is compared with."""

    __hash__ = int.__hash__

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False


def main(arguments: list[str]) -> None:
    """Answer until nobody asks any more."""
    if arguments == ["trusting"]:
        blind = SimpleNamespace(crc32=lambda *_: _AnyChecksum())
        record_format.zlib = spill_format.zlib = blind
    for line in sys.stdin.buffer:
        verdict = judge(Question(*json.loads(line)))
        os.write(1, json.dumps(verdict).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
