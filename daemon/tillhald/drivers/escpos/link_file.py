"""A file that bytes are appended to: a spool of somebody else's, a pipe, a parallel port.

Nothing comes back. A file is made if there is none; a device in /dev is not, or a printer that is
unplugged would be replaced by a file that swallows receipts.
"""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path


class FileWire:
    """See Wire."""

    two_way = False
    finds_printer = False

    def __init__(self, path: str) -> None:
        """`path` is absolute."""
        self.place = path
        self._descriptor = -1

    def begin(self) -> bool:
        """See Wire."""
        made = 0 if Path(self.place).is_relative_to("/dev") else os.O_CREAT
        way = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY | made
        self._descriptor = os.open(self.place, way, 0o640)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OSError(errno.EBUSY, "another program or device has this file") from error
        return True

    def finish(self) -> None:
        """See Wire. A file is open at once."""

    def fileno(self) -> int:
        """See Wire."""
        return self._descriptor

    def read(self, count: int) -> bytes:
        """See Wire."""
        raise AssertionError(f"nobody reads {count} bytes from {self.place}")

    def write(self, data: bytes) -> int:
        """See Wire."""
        return os.write(self._descriptor, data)

    def linger(self, end_s: float) -> None:
        """See Wire. What was written is the file's."""

    def close(self) -> None:
        """See Wire."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1
