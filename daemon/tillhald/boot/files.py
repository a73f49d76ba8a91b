"""Files and folders that are either there whole or not at all, also after a loss of power."""

from __future__ import annotations

import json
import os
import shutil
import zlib
from typing import TYPE_CHECKING, Any

from tillhald.failpoints import reach

if TYPE_CHECKING:
    from pathlib import Path

FILE_MODE = 0o600
DAMAGED = "is not as it was written"
PARTIAL = ".partial"
"""What is being made ends in this, until a rename makes it count."""


class Damaged(Exception):
    """A file is there, and it is not what was written to it."""


def sync(path: Path | str) -> None:
    """Sync a file, or the names in a folder."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def put_json(path: Path, content: dict[str, Any]) -> None:
    """Replace a file; durable when this returns. Raises OSError; the file is the old one then.

    The checksum is over the text of `content` with sorted keys and no spaces.
    """
    text = _plain(content)
    stored = json.dumps({"crc32": zlib.crc32(text.encode()), "content": content}, indent=1)
    building = path.with_name(path.name + PARTIAL)
    fd = os.open(building, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(stored)
        file.flush()
        reach("boot.file_written", path.name)
        os.fsync(file.fileno())
    reach("boot.file_synced", path.name)
    building.rename(path)
    reach("boot.file_renamed", path.name)
    sync(path.parent)


def get_json(path: Path) -> dict[str, Any]:
    """Return what `put_json` stored. Raises FileNotFoundError and Damaged."""
    try:
        stored = json.loads(path.read_bytes())
        content = stored["content"]
        if zlib.crc32(_plain(content).encode()) != stored["crc32"]:
            message = f"{path} {DAMAGED}: its checksum is wrong"
            raise Damaged(message)
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"{path} {DAMAGED}: {error}"
        raise Damaged(message) from error
    if not isinstance(content, dict):
        message = f"{path} {DAMAGED}: it holds no table"
        raise Damaged(message)
    return content


def _plain(content: object) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def partial_folder(folder: Path) -> Path:
    """Make an empty folder to build `folder` in; what an earlier attempt left is removed."""
    building = folder.with_name(folder.name + PARTIAL)
    if building.exists():
        shutil.rmtree(building)
    building.mkdir(mode=0o700, parents=True)
    return building


def remove_partial(parent: Path) -> list[str]:
    """Remove what was never finished, and return its names."""
    names = sorted(path.name for path in parent.glob(f"*{PARTIAL}"))
    for name in names:
        path = parent / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    return names
