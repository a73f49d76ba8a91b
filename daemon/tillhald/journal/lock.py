"""One till, one journal: the lock that keeps a second daemon away."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from typing import TYPE_CHECKING, Self

from tillhald.journal.errors import JournalInUse

if TYPE_CHECKING:
    from pathlib import Path


class JournalLock:
    """Held from before a journal is looked at until it is closed, or its process ends.

    It is a `flock` on a file beside the journal's folder, naming the holder's pid. LMDB's own
    lock.mdb is never opened by us: closing any descriptor of it would drop LMDB's POSIX locks.
    """

    def __init__(self, fd: int) -> None:
        self._fd: int | None = fd

    @classmethod
    def acquire(cls, folder: Path) -> Self:
        """Lock the journal in `folder`, which need not exist yet; JournalInUse if it is taken."""
        path = folder.with_name(folder.name + ".lock")
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            if error.errno != errno.EROFS:
                raise
            # A lock needs a descriptor and no write: a till on a disk that has turned read-only
            # reads what is there, and sells to its spill on another one.
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            said = os.pread(fd, 32, 0).decode("ascii", "replace").strip()
            os.close(fd)
            pid = int(said) if said.isdecimal() else None
            who = "another process" if pid is None else f"process {pid}"
            sentence = f"The journal {folder} is in use by {who}; one till has one daemon."
            raise JournalInUse(sentence, pid=pid) from None
        # Only for who comes next and wants to know; a full disk may refuse it.
        with contextlib.suppress(OSError):
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        return cls(fd)

    def release(self) -> None:
        """Let the next one in. The file stays: removing it would let two lock two files."""
        if self._fd is not None:
            # A child that was just forked has the descriptor until it runs its own program.
            fcntl.flock(self._fd, fcntl.LOCK_UN)
            os.close(self._fd)
            self._fd = None
