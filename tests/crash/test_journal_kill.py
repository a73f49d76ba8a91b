"""Killing the process that writes the journal, and counting what it had acknowledged.

A killed process loses what it held in memory and keeps what the kernel has; power cuts, which
lose more, are another suite's. The child is this file, run as a program.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import NamedTuple

import pytest

from tillhald.journal.creation import create
from tillhald.journal.format import Row
from tillhald.journal.identity import Identity, Phase
from tillhald.journal.recovery import Places, open_journal
from tillhald.journal.store import READ_ROWS_MAX, Store
from tillhald.journal.verify import verify
from tillhald.journal.writer import JournalWriter

CHILD_S_MAX = 30.0
RANDOM_KILLS = 30
SEED = 20_261_122
IN_FLIGHT = 3


class Outcome(NamedTuple):
    """What the child had said when it died, and what the journal holds."""

    acknowledged_seq: int
    stored_seq: int


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A journal with room for a few hundred records; then it must grow, being killed."""
    place = tmp_path / "journal"
    identity = Identity(
        store_id="s",
        workstation_id="w",
        incarnation=1,
        chain_id=bytes(16),
        created_ms=0,
        phase=Phase.LIVE,
    )
    create(place, identity, b"record 1", map_bytes=512 << 10)
    return place


def run_until_killed(
    folder: Path, *, failpoint: str = "", acks: int | None = None, too_early: bool = False
) -> Outcome:
    """Run a child until its failpoint, or until it has acknowledged `acks` records; kill it."""
    child = subprocess.Popen(
        [sys.executable, __file__, str(folder), "too-early" if too_early else "durable"],
        stdout=subprocess.PIPE,
        env={**os.environ, "TILLHALD_FAILPOINT": failpoint},
    )
    watchdog = threading.Timer(CHILD_S_MAX, child.kill)
    watchdog.start()
    try:
        assert child.stdout is not None
        said = b""
        while acks is None or said.count(b"\n") < acks:
            piece = os.read(child.stdout.fileno(), 1 << 16)
            if not piece:
                break
            said += piece
        child.kill()
        said += child.stdout.read()
        assert child.wait() == -signal.SIGKILL
        assert watchdog.is_alive(), "the child was not killed where it should have been"
    finally:
        watchdog.cancel()
        watchdog.join()
        child.stdout.close() if child.stdout else None
    whole_lines = said[: said.rfind(b"\n") + 1].split()
    acknowledged = max(map(int, whole_lines), default=0)
    return Outcome(acknowledged, stored_whole(folder))


def stored_whole(folder: Path) -> int:
    """Return the last number of a journal that has every record once, with its row."""
    store, _, report = open_journal(Places(folder))
    found = 0
    while piece := store.records(found, READ_ROWS_MAX):
        for record in piece:
            found += 1
            assert (record.seq, record.body) == (found, b"record %d" % found)
            if found > 1:
                assert store.get("sales", b"%d" % found) == b"sale of %d" % found
    assert store.count("sales") == found - 1
    assert report.last_seq == found
    store.close()
    verdict = verify(str(folder), lambda _done, _total: None)
    assert verdict.last_seq == found
    return found


@pytest.mark.parametrize("count", [1, 2, 7, 150])
def test_a_writer_killed_before_its_commit_loses_only_what_it_had_not_acknowledged(
    folder: Path, count: int
) -> None:
    outcome = run_until_killed(folder, failpoint=f"journal.before_commit:{count}")
    assert outcome.stored_seq >= max(outcome.acknowledged_seq, count)
    # The batch at hand was not committed: its records are not there, not even in part.
    assert outcome.stored_seq == max(outcome.acknowledged_seq, 1)


@pytest.mark.parametrize("count", [1, 2, 7, 150])
def test_a_writer_killed_after_its_commit_has_stored_more_than_it_acknowledged(
    folder: Path, count: int
) -> None:
    outcome = run_until_killed(folder, failpoint=f"journal.after_commit:{count}")
    assert outcome.stored_seq > outcome.acknowledged_seq


def test_a_writer_killed_thirty_times_at_random_loses_nothing_it_acknowledged(
    folder: Path,
) -> None:
    """The same journal every time: each run goes on where the one before it was killed."""
    choose = random.Random(SEED)
    stored_before = 1
    for number in range(RANDOM_KILLS):
        acks = choose.randint(1, 120)
        outcome = run_until_killed(folder, acks=acks)
        story = f"{SEED=} kill {number} after {acks} acknowledgements: {outcome}"
        assert outcome.acknowledged_seq > stored_before, story
        assert outcome.stored_seq >= outcome.acknowledged_seq, story
        stored_before = outcome.stored_seq
    assert (folder / "data.mdb").stat().st_size > 512 << 10, "the file never had to grow"


def test_a_writer_that_acknowledges_too_early_is_caught(folder: Path) -> None:
    """The control: this harness does see a loss."""
    outcome = run_until_killed(folder, failpoint="journal.before_commit:7", too_early=True)
    assert outcome.stored_seq < outcome.acknowledged_seq


def _sell(folder: Path, *, too_early: bool) -> None:
    """Append for ever, IN_FLIGHT records at a time, and say on stdout what is acknowledged."""
    store = Store.open(folder)
    room = threading.Semaphore(IN_FLIGHT)
    said_seq = store.head.seq

    def acknowledge(seq: int) -> None:
        os.write(1, b"%d\n" % seq)

    def on_durable(seq: int) -> None:
        nonlocal said_seq
        if not too_early:
            acknowledge(seq)
        room.release(seq - said_seq)
        said_seq = seq

    writer = JournalWriter(store, on_durable=on_durable, on_failed=lambda _: os.abort())
    while True:
        room.acquire()
        seq = writer.next_seq
        if too_early:
            acknowledge(seq)
        writer.append(b"record %d" % seq, [Row("sales", b"%d" % seq, b"sale of %d" % seq)])


if __name__ == "__main__":
    _sell(Path(sys.argv[1]), too_early=sys.argv[2] == "too-early")
