"""Opening a journal after whatever happened to the till."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tillhald.journal.disk import sync_file, sync_folder
from tillhald.journal.errors import Fault, JournalDamaged, JournalMissing
from tillhald.journal.format import Head
from tillhald.journal.lock import JournalLock
from tillhald.journal.preflight import death_sentence
from tillhald.journal.store import Store

if TYPE_CHECKING:
    from pathlib import Path

PREFLIGHT_S_MAX = 60.0
"""For a preflight that checks the tail: a till that does not sell after a minute is broken."""
PREFLIGHT_WHOLE_S_MAX = 600.0


class FoundFault(msgspec.Struct, frozen=True):
    """A fault that did not keep the journal from being opened."""

    kind: Fault
    seq: int | None
    sentence: str


class RecoveryReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the journal looked like when it was opened.

    `tail_records` were checked, those behind the checkpoint (all of them, if the previous
    opening died). `clean_shutdown`: nothing was appended since the journal was last closed.
    """

    last_seq: int
    head_hash: bytes
    checkpoint_seq: int | None
    tail_records: int
    clean_shutdown: bool
    previous_opening_died: bool
    preflight_ms: float
    faults: tuple[FoundFault, ...]


class Opened(NamedTuple):
    """An opened journal, and how it was found."""

    store: Store
    report: RecoveryReport


class _Preflight(msgspec.Struct):
    """What the child writes: a fault, or the rest."""

    fault: Fault | None = None
    seq: int | None = None
    sentence: str = ""
    last_seq: int = 0
    head_hash: str = ""
    checkpoint_seq: int | None = None
    tail_records: int = 0
    clean_shutdown: bool = False
    passed_over: list[str] = []


def open_journal(folder: Path) -> Opened:
    """Open the journal in `folder`, after a child process has found it sound.

    Blocks, for at most PREFLIGHT_S_MAX and what follows; meant for before the event loop runs.
    Raises JournalInUse (with the pid), JournalMissing, JournalDamaged (nothing was written to
    it then), StorageFailed.
    """
    if not (folder / "data.mdb").exists():
        sentence = f"There is no journal in {folder}."
        raise JournalMissing(sentence)
    lock = JournalLock.acquire(folder)
    try:
        return _open_locked(folder, lock)
    except BaseException:
        lock.release()
        raise


def _open_locked(folder: Path, lock: JournalLock) -> Opened:
    # The marker outlives this function only if the process dies in it, by the storage's hand or
    # by a power cut. The next one then has every record checked before it touches the file.
    marker = folder.with_name(folder.name + ".opening")
    previous_opening_died = marker.exists()
    marker.touch(mode=0o600)
    sync_file(marker)
    sync_folder(folder.parent)
    try:
        _settle(folder)
        started_s = time.monotonic()
        found = _preflight(folder, whole=previous_opening_died)
        preflight_ms = (time.monotonic() - started_s) * 1000
        store = Store.open(folder, lock=lock)
        head = Head(found.last_seq, bytes.fromhex(found.head_hash))
        if store.head != head:
            store.close()
            sentence = f"The journal's head is not the one that was checked, {head.seq}."
            raise JournalDamaged(Fault.FORK, head.seq, sentence)
    finally:
        marker.unlink()
    report = RecoveryReport(
        last_seq=head.seq,
        head_hash=head.hash,
        checkpoint_seq=found.checkpoint_seq,
        tail_records=found.tail_records,
        clean_shutdown=found.clean_shutdown,
        previous_opening_died=previous_opening_died,
        preflight_ms=preflight_ms,
        faults=tuple(FoundFault(Fault.EDITED, None, text) for text in found.passed_over),
    )
    return Opened(store, report)


def _settle(folder: Path) -> None:
    """Sync the file before it is read.

    After a failed sync LMDB's attempt to undo the commit lives in the page cache only. Reopened
    like that, the next commit reuses pages which the meta page on the medium still counts as
    data; a power cut then destroyed whole databases (24 of 5,700 simulated ones, none of 5,676
    with this sync).
    """
    try:
        sync_file(folder / "data.mdb")
    except OSError as error:
        sentence = f"The journal's file cannot be synced: {error}"
        raise JournalDamaged(Fault.UNREADABLE, None, sentence) from error


def _preflight(folder: Path, *, whole: bool) -> _Preflight:
    command = [sys.executable, "-P", "-m", "tillhald.journal.preflight", str(folder)]
    deadline_s = PREFLIGHT_S_MAX
    if whole:
        command.append("--whole")
        deadline_s = PREFLIGHT_WHOLE_S_MAX
    try:
        child = subprocess.run(command, capture_output=True, timeout=deadline_s, check=False)
    except subprocess.TimeoutExpired as error:
        sentence = f"Checking the journal took longer than {deadline_s:.0f} s."
        raise JournalDamaged(Fault.UNREADABLE, None, sentence) from error
    if child.returncode != 0:
        said = child.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        sentence = f"{death_sentence(child.returncode)} {said}".strip()
        raise JournalDamaged(Fault.UNREADABLE, None, sentence)
    found = msgspec.json.decode(child.stdout, type=_Preflight)
    if found.fault is not None:
        raise JournalDamaged(found.fault, found.seq, found.sentence)
    return found
