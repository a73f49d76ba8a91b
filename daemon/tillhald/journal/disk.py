"""Files and folders made durable by hand, where LMDB does not do it.

`python -m tillhald.journal.disk FOLDER...` ends with status 0 if one of the folders takes a write.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PROBE_BYTES = 64 << 10

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


async def takes_writes(folders: Sequence[Path], *, deadline_s: float) -> bool:
    """Whether one of the folders takes a write and a sync. A dying disk may hang whoever asks."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "tillhald.journal.disk",
        *map(str, folders),
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(deadline_s):
            return await child.wait() == 0
    except TimeoutError:
        return False
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


def main(arguments: Sequence[str]) -> int:
    """Try one folder after the other."""
    for folder in arguments:
        try:
            with tempfile.NamedTemporaryFile(dir=folder, prefix=".probe-") as probe:
                write_zeros(probe.fileno(), 0, PROBE_BYTES)
                os.fsync(probe.fileno())
        except OSError:
            continue
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
