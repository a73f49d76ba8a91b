"""A new journal: whole, or not there."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tillhald.journal.creation import create
from tillhald.journal.errors import JournalExists, JournalInUse
from tillhald.journal.identity import Identity, Phase
from tillhald.journal.lock import JournalLock
from tillhald.journal.store import Store
from tillhald.journal.verify import verify

if TYPE_CHECKING:
    from types import FrameType

MAP_BYTES = 1 << 20


def test_a_new_journal_has_its_identity_and_its_first_record(
    folder: Path, identity: Identity
) -> None:
    create(folder, identity, b"opened for business", map_bytes=MAP_BYTES)
    store = Store.open(folder)
    assert store.identity == identity
    first = store.record(1)
    assert first is not None
    assert first.body == b"opened for business"
    assert store.head == (1, first.hash)
    assert store.closed_seq == 1
    store.close()


def test_a_new_journal_has_all_its_room_in_written_zeros(folder: Path, identity: Identity) -> None:
    create(folder, identity, b"", map_bytes=MAP_BYTES + 1)
    status = (folder / "data.mdb").stat()
    assert status.st_size == MAP_BYTES + os.sysconf("SC_PAGE_SIZE")
    assert status.st_blocks * 512 >= status.st_size, "the file has holes"
    assert sorted(path.name for path in folder.parent.iterdir()) == ["journal", "journal.lock"]


def test_nothing_is_created_over_a_journal(folder: Path, identity: Identity) -> None:
    create(folder, identity, b"the first", map_bytes=MAP_BYTES)
    before = (folder / "data.mdb").read_bytes()
    with pytest.raises(JournalExists):
        create(folder, identity, b"the second", map_bytes=MAP_BYTES)
    assert (folder / "data.mdb").read_bytes() == before


def test_nothing_is_created_while_another_process_holds_the_place(
    folder: Path, identity: Identity
) -> None:
    held = JournalLock.acquire(folder)
    with pytest.raises(JournalInUse) as refused:
        create(folder, identity, b"", map_bytes=MAP_BYTES)
    assert refused.value.pid == os.getpid()
    assert not folder.exists()
    held.release()


@pytest.mark.parametrize("map_bytes", [0, 4096, 1 << 50])
def test_a_map_of_a_senseless_size_is_refused(
    folder: Path, identity: Identity, map_bytes: int
) -> None:
    with pytest.raises(ValueError, match="bytes"):
        create(folder, identity, b"", map_bytes=map_bytes)


def test_a_creation_killed_at_any_step_leaves_no_journal_or_a_whole_one(tmp_path: Path) -> None:
    """The program below kills itself at every call that creation makes, one after the other."""
    done = subprocess.run(
        [sys.executable, __file__, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    absent, whole = map(int, done.stdout.split())
    assert absent > 20, "too few steps were seen before the rename"
    assert whole > 0, "no step was seen behind the rename"


def _create_until_call(folder: Path, identity: Identity, calls: int) -> None:
    left = calls

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal left
        if event == "c_call" and frame.f_globals["__name__"] in _STEPS:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    create(folder, identity, b"first", map_bytes=MAP_BYTES)
    sys.setprofile(None)


_STEPS = frozenset(
    f"tillhald.journal.{name}" for name in ("creation", "disk", "engine", "lock")
) | {"pathlib", "shutil"}


def _kill_at_every_step(folder: Path) -> None:
    identity = Identity(
        store_id="s",
        workstation_id="w",
        incarnation=1,
        chain_id=os.urandom(16),
        created_ms=0,
        phase=Phase.LIVE,
    )
    absent = whole = 0
    for calls in itertools.count(1):
        child = os.fork()
        if child == 0:
            _create_until_call(folder, identity, calls)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if folder.exists():
            whole += 1
        else:
            absent += 1
            create(folder, identity, b"first", map_bytes=MAP_BYTES)
        verdict = verify(str(folder), lambda _done, _total: None)
        assert verdict.last_seq == 1, f"killed at call {calls}: {verdict}"
        assert not folder.with_name("journal.new").exists()
        shutil.rmtree(folder)
        if status == 0:
            break
        assert os.WTERMSIG(status) == signal.SIGKILL, f"call {calls} ended with {status}"
    print(absent, whole)


if __name__ == "__main__":
    _kill_at_every_step(Path(sys.argv[1]) / "journal")
