"""Opening what a power cut left, as the daemon does, and comparing it with what was promised.

`python -m tests.crash.judge` reads questions and writes verdicts, a line of JSON each: a process
of its own, because storage that lies kills whoever reads it. The preflight's functions are called
here, in the process, and not in a child of it: a hundred times as many states can be looked at.
`with_child` looks at one with everything that the daemon does.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
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
from tillhald.journal.creation import GENESIS_SEQ, create
from tillhald.journal.errors import StorageError
from tillhald.journal.preflight import preflight
from tillhald.journal.recovery import Places, is_there, open_journal
from tillhald.journal.recovery import _take_over_spill as take_over_spill
from tillhald.journal.segments import complete_replacement
from tillhald.journal.store import Store
from tillhald.journal.writer import JournalWriter

ROOT = Path(__file__).parents[2]
VERDICT_S_MAX = 30.0
WAIT_S_MAX = 10.0

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
    changed = question.deeply or workload.has_spill
    try:
        if not is_there(places):
            changed = True
            if promises.created or workload.records:
                raise _NotAsPromisedError(LOST, "The journal is gone.")
            create(places.folder, identity_of(question.seed), b"genesis", map_bytes=MAP_BYTES)
        if question.deeply:
            _check_deeply(question, promises, places)
        else:
            _check(question, promises, places)
    except _NotAsPromisedError as wrong:
        return Verdict(wrong.kind, str(wrong), changed)
    except (StorageError, lmdb.Error, OSError, ValueError) as error:
        return Verdict(CORRUPT, f"{type(error).__name__}: {error}", changed)
    return Verdict(OK, changed=changed)


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
    generations: list[int] = []
    for record in _records(store, head.seq):
        if record.seq == GENESIS_SEQ:
            continue
        said = promises.generations[record.seq - 2 : record.seq - 1]
        generation = int(record.body[: record.body.index(b"/")])
        expected = append_of(sizes, question.seed, record.seq, generation)
        if record.body != expected.body or generation > promises.openings:
            raise _NotAsPromisedError(CORRUPT, f"Record {record.seq} is not what was written.")
        if said and said[0] not in (-1, generation):
            sentence = f"Record {record.seq} is an older one than was acknowledged."
            raise _NotAsPromisedError(LOST, sentence)
        generations.append(generation)
    expected_rows, checkpoint = _expected_beside(sizes, question.seed, tuple(generations))
    for table, rows in expected_rows.items():
        if store.scan(table) != rows:
            raise _NotAsPromisedError(CORRUPT, f"The rows of {table} are not those of the records.")
    if store.newest_checkpoint() != checkpoint:
        raise _NotAsPromisedError(CORRUPT, "The checkpoint is not the newest one.")


def _records(store: Store, last_seq: int):
    found = 0
    while piece := store.records(found):
        found += len(piece)
        yield from piece
    if found != last_seq:
        raise _NotAsPromisedError(CORRUPT, f"{found} records are there, not {last_seq}.")


@lru_cache(512)
def _expected_beside(
    sizes: Sizes, seed: int, generations: tuple[int, ...]
) -> tuple[dict[str, list[tuple[bytes, bytes]]], tuple[int, bytes] | None]:
    """The rows and the newest checkpoint that belong to records of these generations."""
    tables: dict[str, dict[bytes, bytes]] = {table: {} for table in TABLES}
    checkpoint = None
    for seq, generation in enumerate(generations, start=2):
        append = append_of(sizes, seed, seq, generation)
        for table, key, value in append.rows:
            if value is None:
                tables[table].pop(key, None)
            else:
                tables[table][key] = value
        if append.checkpoint is not None:
            checkpoint = (seq, append.checkpoint)
    return {table: sorted(rows.items()) for table, rows in tables.items()}, checkpoint


class Judge:
    """A judging process, started anew when a state has killed it."""

    def __init__(self) -> None:
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
            [sys.executable, "-m", "tests.crash.judge"],
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


def main() -> None:
    """Answer until nobody asks any more."""
    for line in sys.stdin.buffer:
        verdict = judge(Question(*json.loads(line)))
        os.write(1, json.dumps(verdict).encode() + b"\n")


if __name__ == "__main__":
    main()
