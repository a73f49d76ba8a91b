"""Taking over the journal of a till that has no home: copied and compared, never moved."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tillhald.boot.files import sync
from tillhald.install.own_slot import NotInstallable
from tillhald.journal.errors import StorageError
from tillhald.journal.lock import JournalLock
from tillhald.journal.recovery import is_there, look

if TYPE_CHECKING:
    from tillhald.journal.recovery import Places

OWN_FILES = ("signing-key", "owner-code")


def has_journal(places: Places) -> bool:
    """Whether a till without a home has one there."""
    return is_there(places)


def lock_of_stopped(places: Places) -> JournalLock:
    """The lock of a journal that nobody uses. Raises NotInstallable."""
    try:
        return JournalLock.acquire(places.folder)
    except StorageError as error:
        message = f"{error} Stop the daemon first."
        raise NotInstallable(message) from error


def take_over(places: Places, generation: Path, identity: Path) -> int:
    """Copy the journal, and what is kept beside it, into `generation`; its last seq.

    What belongs to the till goes into `identity`. Everything is synced when this returns, and what
    was copied is as it was. Raises NotInstallable and OSError.
    """
    folder = places.folder
    if places.standby is not None and (places.standby / "data.mdb").exists():
        message = f"the journal has gone to {places.standby}: mend the first disk, and move it back"
        raise NotInstallable(message)
    lock = lock_of_stopped(places)
    try:
        found = look(folder, whole=True)
        beside = folder.parent.glob(f"{folder.name}.*")
        own = {folder.with_name(f"{folder.name}.{name}"): name for name in OWN_FILES}
        for path in (folder, *beside):
            if path.suffix in {".lock", ".drill"}:
                continue
            if path in own:
                _copy(path, identity / own[path])
            else:
                _copy(path, generation / f"journal{path.name.removeprefix(folder.name)}")
        if places.spills and places.spills[0].parent != folder.parent:
            _copy_spill(places.spills[0], generation.name.removesuffix(".partial"))
        copied = look(generation / "journal", whole=True)
    except StorageError as error:
        message = f"the journal in {folder}: {error}"
        raise NotInstallable(message) from error
    finally:
        lock.release()
    if (copied.last_seq, copied.head_hash) != (found.last_seq, found.head_hash):
        message = f"the copy ends with {copied.last_seq}, the journal with {found.last_seq}"
        raise NotInstallable(message)
    return found.last_seq


def _copy_spill(spill: Path, generation: str) -> None:
    if spill.exists():
        folder = spill.parent / generation
        folder.mkdir(mode=0o700, exist_ok=True)
        _copy(spill, folder / spill.name)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("lock.mdb"))
        for path in target.rglob("*"):
            sync(path)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
    sync(target)
    sync(target.parent)
