"""Small spills, filled and read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tillhald.journal.format import NO_HASH, Head, Sealed
from tillhald.journal.spill import Spill, SpillFile, open_spill

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    Records = Callable[..., list[Sealed]]

CHAIN_ID = bytes(range(16))
SIZE_BYTES = 64 << 10
FRAMES_AT = 4096
BEGIN = Head(0, NO_HASH)


def file_at(path: Path, chain_id: bytes = CHAIN_ID) -> SpillFile:
    return SpillFile.open(path, chain_id, size_bytes=SIZE_BYTES)


def spill_at(*paths: Path) -> Spill:
    return open_spill(paths, CHAIN_ID, size_bytes=SIZE_BYTES)


def held(path: Path) -> list[Sealed]:
    """What a start would find in the file."""
    file = file_at(path)
    records = file.read()
    file.close()
    return records


def filled(path: Path, *batches: Sequence[Sealed]) -> bytes:
    """The file's bytes after these batches."""
    file = file_at(path)
    file.read()
    for batch in batches:
        file.append(batch)
    file.close()
    return path.read_bytes()


def nothing_stored(_: int) -> bytes | None:
    return None
