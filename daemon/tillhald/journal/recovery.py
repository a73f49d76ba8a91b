"""Opening a journal after whatever happened to the till."""

from __future__ import annotations

import contextlib
import errno
import itertools
import subprocess
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tillhald.journal.disk import sync_file, sync_folder
from tillhald.journal.errors import Fault, JournalDamaged, JournalMissing, OtherSchema
from tillhald.journal.examination import Preflight
from tillhald.journal.format import Head
from tillhald.journal.lock import JournalLock
from tillhald.journal.preflight import death_sentence
from tillhald.journal.segments import complete_replacement, list_retired, retired_path
from tillhald.journal.spill import Spill, open_spill
from tillhald.journal.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tillhald.journal.format import Sealed

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
    folders = (*((places.standby,) if places.standby else ()), places.folder)
    return any(folder.exists() or list_retired(folder) for folder in folders)


def open_journal(places: Places) -> Opened:
    """Open the newest segment of the journal, after a child process has found it sound.

    Blocks, for at most PREFLIGHT_S_MAX and what follows; meant for before the event loop runs.
    Raises JournalInUse (with the pid), JournalMissing, JournalDamaged (nothing was written to
    it then), StorageFailed.
    """
    try:
        locks = [JournalLock.acquire(places.folder)]
    except OSError:
        if places.standby is None or not (places.standby / "data.mdb").exists():
            raise
        # The first disk is gone for good: the journal came to the other one because of that.
        places = places._replace(folder=places.standby, standby=None)
        locks = [JournalLock.acquire(places.folder)]
    try:
        if places.standby is not None:
            with contextlib.suppress(OSError):  # its disk is not there, or takes no writes
                locks.append(JournalLock.acquire(places.standby))
        return _open_locked(places, locks)
    except BaseException:
        for lock in locks:
            lock.release()
        raise


def _open_locked(places: Places, locks: list[JournalLock]) -> Opened:
    for place in (places.folder, *((places.standby,) if places.standby else ())):
        complete_replacement(place)
    # The marker outlives this function only if the process dies in it, by the storage's hand or
    # by a power cut. The next one then has every record checked before it touches the file.
    marker = places.folder.with_name(places.folder.name + ".opening")
    previous_opening_died = marker.exists()
    with _passing_over_a_read_only_disk():
        marker.touch(mode=0o600)
        sync_file(marker)
        sync_folder(places.folder.parent)
    try:
        started_s = time.monotonic()
        folder, found, older = _newest(places, whole=previous_opening_died)
        preflight_ms = (time.monotonic() - started_s) * 1000
        store = Store.open(folder, locks=locks, unsettled=found.unsettled)
        head = Head(found.last_seq, bytes.fromhex(found.head_hash))
        if store.primary_head != head:
            store.close()
            sentence = f"The journal's head is not the one that was checked, {head.seq}."
            raise JournalDamaged(Fault.FORK, head.seq, sentence)
    finally:
        with _passing_over_a_read_only_disk():
            marker.unlink(missing_ok=True)
    faults = [FoundFault(Fault.EDITED, None, text) for text in found.passed_over]
    faults += _second_disk_away(places, found) + _put_aside_older(places, store, older)
    try:
        spill = _take_over_spill(store, places, faults)
    except BaseException:
        store.close()
        raise
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


@contextlib.contextmanager
def _passing_over_a_read_only_disk() -> Iterator[None]:
    """Nothing is written to such a disk, so there is nothing to be warned of either."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.EROFS:
            raise


def _second_disk_away(places: Places, found: Preflight) -> list[FoundFault]:
    """Spill and journal go to that disk when the first one fails, and then the first one cannot be
    told so. It was told of every orderly end."""
    if places.standby is None or found.clean_shutdown or places.standby.parent.is_dir():
        return []
    sentence = (
        f"The second disk is away ({places.standby.parent}), and the till was not stopped in good "
        f"order: what was sold after record {found.last_seq} may be on that disk. Once this till "
        "goes on without it, that no longer fits."
    )
    return [FoundFault(Fault.MISSING, found.last_seq + 1, sentence)]


def _put_aside_older(places: Places, store: Store, older: Preflight | None) -> list[FoundFault]:
    """Rename what the first disk, which took no writes, still has under the journal's name: were
    the second disk away at some start, it would be gone on with. Not where that has happened."""
    if older is None:
        return []
    seq, digest = older.last_seq, bytes.fromhex(older.head_hash)
    ends_here = seq < store.base.seq or Head(seq, digest) == store.base
    record = None if ends_here else store.record(seq)
    if not ends_here and (record is None or record.hash != digest):
        sentence = (
            f"The journal on the first disk ({places.folder}) was given up, and went on by itself, "
            f"to record {seq}: the till was started without the second disk. What was sold then is "
            "not in the journal of now. Keep both."
        )
        return [FoundFault(Fault.FORK, seq, sentence)]
    with contextlib.suppress(OSError):  # it takes no writes still
        places.folder.rename(retired_path(places.folder, older.segment))
        sync_folder(places.folder.parent)
    return []


def _newest(places: Places, *, whole: bool) -> tuple[Path, Preflight, Preflight | None]:
    """The folder with the newest segment, what a look at it found, and what one at an older
    segment on the first disk, if that is there under the journal's name. JournalDamaged.

    A journal comes to be on the standby's disk only when the first one is given up, so what is
    there is never passed over for being damaged: the older one lacks what came since.
    """
    looked: list[tuple[Path, Preflight]] = []
    if places.standby is not None and (places.standby / "data.mdb").exists():
        looked.append((places.standby, look(places.standby, whole=whole)))
    if (places.folder / "data.mdb").exists():
        try:
            looked.append((places.folder, look(places.folder, whole=whole)))
        except JournalDamaged:
            if not looked:
                raise
    if not looked:
        sentence = f"There is no journal in {places.folder}."
        raise JournalMissing(sentence)
    folder, found = max(looked, key=lambda one: one[1].segment)
    is_older = folder == places.standby and looked[-1][1].segment < found.segment
    return folder, found, looked[-1][1] if is_older else None


def _take_over_spill(store: Store, places: Places, faults: list[FoundFault]) -> Spill:
    """The spill, ready to be written; what only it holds stands in the store's overlay then.

    A spill that does not belong to this journal is put aside, with all its bytes, and reported.
    """
    chain_id, size_bytes = store.identity.chain_id, places.spill_bytes

    def stored_hash(seq: int) -> bytes | None:
        record = store.record(seq)
        return None if record is None else record.hash

    def read(paths: Sequence[Path]) -> tuple[Spill, list[Sealed]]:
        spill = open_spill(paths, chain_id, size_bytes=size_bytes)
        try:
            return spill, spill.read(store.primary_head, stored_hash)
        except BaseException:
            spill.close()
            raise

    paths = places.spills
    try:
        spill, records = read(paths)
    except (JournalDamaged, OSError) as error:
        seq = error.seq if isinstance(error, JournalDamaged) else None
        faults.append(FoundFault(Fault.FORK, seq, str(error)))
        # One by one, so that a spill that fits is not put aside for one that does not.
        looked = ((path, _records_in(path, read)) for path in paths)
        found = {path: held for path, held in looked if held is not None}
        fitting = max(found, key=lambda path: len(found[path]), default=None)
        paths = tuple(path for path in paths if path == fitting or _is_put_aside(path))
        spill, records = read(paths)
    spill.settle()
    store.overlay.add(records)
    return spill


def _records_in(
    path: Path, read: Callable[[Sequence[Path]], tuple[Spill, list[Sealed]]]
) -> list[Sealed] | None:
    """What follows the journal in this spill; None if it is another history's, or unreadable."""
    try:
        spill, records = read([path])
    except (JournalDamaged, OSError):
        return None
    spill.close()
    return records


def _is_put_aside(path: Path) -> bool:
    """Keep the bytes under another name; False if that cannot be done."""
    numbered = (path.with_name(f"{path.name}.foreign-{n}") for n in itertools.count(1))
    aside = next(name for name in numbered if not name.exists())
    try:
        path.rename(aside)
        sync_folder(path.parent)
    except OSError:
        return False
    return True


def look(folder: Path, *, whole: bool) -> Preflight:
    """Have a child process sync and check the journal in `folder`. JournalDamaged, OtherSchema."""
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
    if found.other_schema is not None:
        raise OtherSchema(found.other_schema, found.sentence)
    if found.fault is not None:
        raise JournalDamaged(found.fault, found.seq, found.sentence)
    return found
