"""The folders that the till writes to: where they lie, what room there is, which files are in them.

`python -m tillhald.telemetry.disks FOLDER` writes what can be known of a folder, as JSON. A disk
that is dying may never answer whoever asks, and whoever asks cannot even be killed then; so that is
a child's work, and nobody waits for one that does not come back.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tillhald.telemetry.wording import named, utc

if TYPE_CHECKING:
    from collections.abc import Iterator

ANSWER_S_MAX = 3.0
FILES_MAX = 200
"""Of one folder; the till's own has a handful."""


class Disks:
    """Asks for folders. On the event loop, one question at a time."""

    def __init__(self, answer_s_max: float = ANSWER_S_MAX) -> None:
        self._answer_s_max = answer_s_max
        self._lost: dict[Path, asyncio.subprocess.Process] = {}

    async def ask(self, folder: Path) -> dict[str, object]:
        """What is known of the folder. Raises OSError, and TimeoutError if the disk is silent."""
        lost = self._lost.get(folder)
        if lost is not None and lost.returncode is None:
            raise TimeoutError  # no second child to keep the first one company
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "tillhald.telemetry.disks",
            str(folder),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(self._answer_s_max):
                said, _ = await child.communicate()
        finally:
            if child.returncode is None:
                self._lost[folder] = child
                with contextlib.suppress(ProcessLookupError):
                    child.kill()
        told = json.loads(said or b"{}")
        if not isinstance(told, dict) or child.returncode != 0:
            sentence = f"the child that looked at {folder} ended with {child.returncode}"
            raise ChildProcessError(sentence)
        return told


def folder_facts(folder: Path) -> dict[str, object]:
    """What the file system says of a folder. May block for ever. Raises OSError."""
    room = os.statvfs(folder)
    return {
        "leads_to": str(folder.resolve()),
        "bytes_total": room.f_blocks * room.f_frsize,
        "bytes_free": room.f_bfree * room.f_frsize,
        "bytes_free_for_us": room.f_bavail * room.f_frsize,
        "inodes_total": room.f_files,
        "inodes_free_for_us": room.f_favail,
        "read_only": bool(room.f_flag & os.ST_RDONLY),
        "files": dict(_files(folder)),
    }


def _files(folder: Path) -> Iterator[tuple[str, dict[str, object]]]:
    """What is in the folder, and what stands beside it under its name: put aside, or a marker."""
    beside = (path for path in folder.parent.iterdir() if path.name.startswith(folder.name))
    for path in itertools.islice(itertools.chain(folder.iterdir(), beside), FILES_MAX):
        stat = path.lstat()
        yield (
            path.relative_to(folder.parent).as_posix(),
            {
                "bytes": stat.st_size,
                "bytes_on_disk": stat.st_blocks * 512,
                "mode": f"{stat.st_mode & 0o7777:04o}",
                "changed": utc(stat.st_mtime_ns // 1_000_000),
            },
        )


def main(folder: str) -> int:
    """Write what is known; a folder that cannot be looked at is an answer, too."""
    try:
        told = folder_facts(Path(folder))
    except OSError as error:
        told = {"cannot_be_read": named(error)}
    sys.stdout.write(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
