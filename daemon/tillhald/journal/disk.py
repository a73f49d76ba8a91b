"""Files and folders made durable by hand, where LMDB does not do it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ZERO_CHUNK_BYTES = 1 << 20
_ZEROS = memoryview(bytes(ZERO_CHUNK_BYTES))


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable: a file that was synced may still lose its name."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_file(path: Path) -> None:
    """Make the content of the file durable, whichever descriptor it was written through."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fdatasync(fd)
    finally:
        os.close(fd)


def write_zeros(fd: int, start: int, end: int) -> None:
    """Write zero bytes to offsets `start` to `end`.

    Written, not only allocated: a block that was merely reserved still needs file system
    metadata, and with it free space, when it is written first. That is what a full disk refuses.
    """
    while start < end:
        start += os.pwrite(fd, _ZEROS[: end - start], start)
