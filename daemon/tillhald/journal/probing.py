"""Whether a disk takes a write, by a child process: one that is dying may hang whoever asks.

`python -m tillhald.journal.probing FOLDER...` ends with status 0 if one of the folders takes a
write.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from typing import TYPE_CHECKING

from tillhald.journal.disk import write_zeros

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PROBE_BYTES = 64 << 10


async def takes_writes(folders: Sequence[Path], *, deadline_s: float) -> bool:
    """Whether one of the folders takes a write and a sync. A dying disk may hang whoever asks."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "tillhald.journal.probing",
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
