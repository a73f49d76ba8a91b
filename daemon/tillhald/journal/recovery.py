"""Opening a journal after whatever happened to the till."""

from __future__ import annotations

import contextlib
import itertools
import subprocess
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tillhald.journal.disk import sync_file, sync_folder
from tillhald.journal.errors import Fault, JournalDamaged, JournalMissing
from tillhald.journal.examination import Preflight
from tillhald.journal.format import Head
from tillhald.journal.lock import JournalLock
from tillhald.journal.preflight import death_sentence
from tillhald.journal.segments import complete_replacement, list_retired
from tillhald.journal.spill import Spill, open_spill
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
    opening died). `spilled_records` were found in the spill only. `clean_shutdown`: nothing was
    appended since the journal was last closed.
    """

    last_seq: int
    head_hash: bytes
    checkpoint_seq: int | None
    tail_records: int
    spilled_records: int
    clean_shutdown: bool
    previous_opening_died: bool
    preflight_ms: float
    segment: int
    faults: tuple[FoundFault, ...]


class Opened(NamedTuple):
    """An opened journal, its spill, and how they were found.

    What the spill holds and the journal does not stands in the store's overlay already.
    """

    store: Store
    spill: Spill
    report: RecoveryReport


class Places(NamedTuple):
    """Where a till keeps its journal. `standby`: where the next segment goes if its disk fails."""

    folder: Path
    standby: Path | None = None
    spills: tuple[Path, ...] = ()
    spill_bytes: int = 0


def is_there(places: Places) -> bool:
    """Whether there is a journal, whole or not: only where there is none, one may be made."""
    folders = (places.folder, *((places.standby,) if places.standby else ()))
    return any(folder.exists() or list_retired(folder) for folder in folders)


def open_journal(places: Places) -> Opened:
    """Open the newest segment of the journal, after a child process has found it sound.

    Blocks, for at most PREFLIGHT_S_MAX and what follows; meant for before the event loop runs.
    Raises JournalInUse (with the pid), JournalMissing, JournalDamaged (nothing was written to
    it then), StorageFailed.
    """
    locks = [JournalLock.acquire(places.folder)]
    try:
        if places.standby is not None and places.standby.parent.exists():
            locks.append(JournalLock.acquire(places.standby))
        return _open_locked(places, locks)
    except BaseException:
        for lock in locks:
            lock.release()
        raise


def _open_locked(places: Places, locks: list[JournalLock]) -> Opened:
    complete_replacement(places.folder)
    # The marker outlives this function only if the process dies in it, by the storage's hand or
    # by a power cut. The next one then has every record checked before it touches the file.
    marker = places.folder.with_name(places.folder.name + ".opening")
    previous_opening_died = marker.exists()
    marker.touch(mode=0o600)
    sync_file(marker)
    sync_folder(places.folder.parent)
    try:
        started_s = time.monotonic()
        folder, found = _newest(places, whole=previous_opening_died)
        preflight_ms = (time.monotonic() - started_s) * 1000
        store = Store.open(folder, locks=locks)
        head = Head(found.last_seq, bytes.fromhex(found.head_hash))
        if store.primary_head != head:
            store.close()
            sentence = f"The journal's head is not the one that was checked, {head.seq}."
            raise JournalDamaged(Fault.FORK, head.seq, sentence)
    finally:
        marker.unlink()
    faults = [FoundFault(Fault.EDITED, None, text) for text in found.passed_over]
    spill = _take_over_spill(store, places, faults)
    report = RecoveryReport(
        last_seq=store.head.seq,
        head_hash=store.head.hash,
        checkpoint_seq=found.checkpoint_seq,
        tail_records=found.tail_records,
        spilled_records=store.head.seq - head.seq,
        clean_shutdown=found.clean_shutdown,
        previous_opening_died=previous_opening_died,
        preflight_ms=preflight_ms,
        segment=store.identity.segment,
        faults=tuple(faults),
    )
    return Opened(store, spill, report)


def _newest(places: Places, *, whole: bool) -> tuple[Path, Preflight]:
    """The folder with the newest segment, and what a look at it found. JournalDamaged."""
    folders = [places.folder]
    if places.standby is not None and (places.standby / "data.mdb").exists():
        folders.append(places.standby)
    looked: list[tuple[Path, Preflight]] = []
    damage: JournalDamaged | None = None
    for folder in folders:
        if not (folder / "data.mdb").exists():
            continue
        try:
            looked.append((folder, look(folder, whole=whole)))
        except JournalDamaged as found:
            damage = found
    if looked:
        return max(looked, key=lambda one: one[1].segment)
    if damage is not None:
        raise damage
    sentence = f"There is no journal in {places.folder}."
    raise JournalMissing(sentence)


def _take_over_spill(store: Store, places: Places, faults: list[FoundFault]) -> Spill:
    """The spill, ready to be written; what only it holds stands in the store's overlay then.

    A spill that does not belong to this journal is put aside, with all its bytes, and reported.
    """
    chain_id, size_bytes = store.identity.chain_id, places.spill_bytes

    def stored_hash(seq: int) -> bytes | None:
        record = store.record(seq)
        return None if record is None else record.hash

    for path in places.spills:
        # One by one, so that a spill that fits is not put aside for one that does not.
        try:
            spill = open_spill([path], chain_id, size_bytes=size_bytes)
            spill.close()
        except JournalDamaged as damage:
            faults.append(FoundFault(damage.fault, damage.seq, damage.sentence))
            _put_aside(path)
    spill = open_spill(places.spills, chain_id, size_bytes=size_bytes)
    try:
        records = spill.read(store.primary_head, stored_hash)
    except (JournalDamaged, OSError) as error:
        spill.close()
        seq = error.seq if isinstance(error, JournalDamaged) else None
        faults.append(FoundFault(Fault.FORK, seq, str(error)))
        for path in places.spills:
            _put_aside(path)
        spill = open_spill(places.spills, chain_id, size_bytes=size_bytes)
        records = []
    spill.clear_rest()
    store.overlay.add(records)
    return spill


def _put_aside(path: Path) -> None:
    for number in itertools.count(1):
        aside = path.with_name(f"{path.name}.foreign-{number}")
        if not aside.exists():
            with contextlib.suppress(OSError):
                path.rename(aside)
                sync_folder(path.parent)
            return


def look(folder: Path, *, whole: bool) -> Preflight:
    """Have a child process sync and check the journal in `folder`. JournalDamaged."""
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
    found = msgspec.json.decode(child.stdout, type=Preflight)
    if found.fault is not None:
        raise JournalDamaged(found.fault, found.seq, found.sentence)
    return found
