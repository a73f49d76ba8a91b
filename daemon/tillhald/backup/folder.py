"""The folder that backups lie in: a stick, a network share, another disk.

It is never made: where it is not, the disk that should be there is not. A backup is written under
a name that ends in `.part`, and gets its own by a rename once it was read back; on a file system
whose rename is not safe (FAT), a backup is still told from a part by its trailer. Nothing that is
there is ever written over.
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, Self

from tillhald.backup.layout import SUFFIX
from tillhald.backup.reading import Clear, look
from tillhald.backup.writing import write_all
from tillhald.domain.backup_rules import Kept, removable
from tillhald.domain.errors import (
    BackupCorrupt,
    BackupFailed,
    BackupTargetFull,
    BackupTargetMissing,
    Refused,
)
from tillhald.failpoints import reach
from tillhald.journal.disk import sync_folder
from tillhald.journal.growth import NO_ROOM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tillhald.domain.backup_rules import BackupRules

PART = ".part"
SYNC_EVERY_BYTES = 1 << 20
"""Of what is written, so much waits for the disk at most: were it a lot, and the disk the one that
the journal is on, the next sale's sync would wait for all of it."""
LISTED_MAX = 2_000
_GONE = frozenset({errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.ENOTDIR, errno.ESTALE})


def refusal_of(error: OSError, folder: Path) -> Refused:
    """What to say of a target that failed."""
    if error.errno in NO_ROOM:
        return BackupTargetFull("There is no room for the backup.", folder=str(folder))
    if error.errno in _GONE or not folder.is_dir():
        sentence = "The folder for backups is not there any more: was it pulled out?"
        return BackupTargetMissing(sentence, folder=str(folder))
    why = error.strerror or type(error).__name__
    return BackupFailed(f"The backup's disk failed: {why}.", folder=str(folder))


class Target(Protocol):
    """A place where backups lie. Raises OSError or refusals."""

    def names(self) -> list[str]:
        """The backups' names, newest last, as far as names tell; at most LISTED_MAX, the last
        ones."""

    def read(self, name: str) -> BinaryIO:
        """Open a backup."""

    def remove(self, name: str) -> None:
        """Remove it, if it is there."""


def listed(target: Target) -> Iterator[tuple[str, Clear | None]]:
    """Every backup's name and clear parts; None for what is none, or not whole."""
    for name in target.names():
        try:
            with target.read(name) as file:
                yield name, look(file)
        except (BackupCorrupt, OSError):
            yield name, None


def may_go(
    rules: BackupRules, chain_id: str, found: Iterable[tuple[str, Clear | None]]
) -> list[str]:
    """The names of those that may be removed, of the chain `chain_id` (hexadecimal): another
    till's backups are not ours to remove."""
    own = [
        kept_as(name, clear)
        for name, clear in found
        if clear and clear.header.identity.chain_id.hex() == chain_id
    ]
    return [backup.file_name for backup in removable(rules, own)]


def kept_as(name: str, clear: Clear) -> Kept:
    """A backup of the folder, as the rules of sets and of removing see it."""
    header, trailer = clear.header, clear.trailer
    return Kept(
        backup_id=header.backup_id,
        kind=header.kind,
        follows=header.follows,
        last_seq=trailer.last_seq,
        closed_days=trailer.closed_days,
        file_name=name,
        is_whole=True,
        incarnation=header.identity.incarnation,
    )


class BackupFolder:
    """One folder. `journal` is the journal's; with `other_disk`, both must not be on one disk."""

    def __init__(self, path: Path, journal: Path, *, other_disk: bool) -> None:
        self.path = path
        self._journal = journal
        self._other_disk = other_disk

    def check(self) -> None:
        """Raises BackupTargetMissing, BackupFailed."""
        try:
            if not self.path.is_dir():
                sentence = (
                    "The folder for backups is not there: is the stick in, the share mounted?"
                )
                raise BackupTargetMissing(sentence, folder=str(self.path))
            if self._other_disk and self.path.stat().st_dev == self._journal.stat().st_dev:
                sentence = (
                    "The folder for backups is on the disk of the journal: the stick or share that "
                    "should be there is not mounted."
                )
                raise BackupTargetMissing(sentence, folder=str(self.path))
        except OSError as error:
            raise refusal_of(error, self.path) from error

    def free_bytes(self) -> int:
        """Room that is left. Raises OSError."""
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize

    def names(self) -> list[str]:
        """See Target. Raises OSError."""
        found = sorted(
            (entry.name for entry in os.scandir(self.path) if entry.name.endswith(SUFFIX)),
            key=by_age,
        )
        return found[-LISTED_MAX:]

    def read(self, name: str) -> BinaryIO:
        """Open a backup. Raises OSError."""
        return (self.path / name).open("rb", buffering=0)

    def remove(self, name: str) -> None:
        """Raises OSError."""
        (self.path / name).unlink(missing_ok=True)
        sync_folder(self.path)

    def clear_parts(self) -> None:
        """Remove what a run that was cut left; one backup is made at a time. Raises OSError."""
        for entry in list(os.scandir(self.path)):
            if entry.name.endswith(SUFFIX + PART):
                Path(entry.path).unlink(missing_ok=True)


def by_age(name: str) -> tuple[str, str]:
    """What names of backups are sorted by, the newest last, as far as names tell."""
    parts = name.removesuffix(SUFFIX).rsplit("-", 4)
    return (parts[-3], parts[-4]) if len(parts) > 3 else ("", name)  # noqa: PLR2004


class Part:
    """A backup that is being written. A context manager: what was not finished is removed."""

    def __init__(self, folder: BackupFolder, backup_id: str) -> None:
        """Raises a refusal if the target takes no file."""
        self._folder = folder
        self.path = folder.path / f"{backup_id}{SUFFIX}{PART}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            self._fd = os.open(self.path, flags, 0o600)
        except OSError as error:
            raise refusal_of(error, folder.path) from error
        self._unsynced = 0
        self._finished = False
        reach("backup.part_made")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            os.close(self._fd)
        if not self._finished:
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)

    def write(self, data: bytes) -> None:
        """Raises a refusal."""
        try:
            write_all(self._fd, data)
            self._unsynced += len(data)
            if self._unsynced >= SYNC_EVERY_BYTES:
                os.fdatasync(self._fd)
                self._unsynced = 0
        except OSError as error:
            raise refusal_of(error, self._folder.path) from error
        reach("backup.part_written")

    def settle(self) -> None:
        """Make it durable, and forget what memory holds of it: it is read from the disk next."""
        try:
            os.fsync(self._fd)
            os.posix_fadvise(self._fd, 0, 0, os.POSIX_FADV_DONTNEED)
        except OSError as error:
            raise refusal_of(error, self._folder.path) from error
        reach("backup.part_synced")

    def finish(self, name: str) -> None:
        """Give it its name, durably. Raises a refusal; never writes over what is there."""
        target = self._folder.path / name
        try:
            if target.exists():
                raise BackupFailed("There is a file of this name already.", file_name=name)
            self.path.rename(target)
            self._finished = True
            reach("backup.renamed")
            sync_folder(self._folder.path)
        except OSError as error:
            raise refusal_of(error, self._folder.path) from error
        reach("backup.named_durably")
