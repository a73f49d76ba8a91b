"""Pages of LMDB's in a journal's file: which hold what, and wiping them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PAGE_BYTES = 4096
META_PAGES = 2
_LEAF = 2
_FRONT_BYTES = 16
_NODE_FRONT_BYTES = 8


def _short(page: bytes, at: int) -> int:
    return int.from_bytes(page[at : at + 2], "little")


def has_node_with(word: bytes) -> Callable[[bytes], bool]:
    """Whether a page is a leaf with a node that holds `word`. What a page that is used again has
    left of its old content is in no node, and may stand in a leaf of any table."""

    def found(page: bytes) -> bool:
        if _short(page, 10) != _LEAF:
            return False
        for at in range(_FRONT_BYTES, min(_short(page, 12), PAGE_BYTES), 2):
            node = _short(page, at)
            data_bytes = _short(page, node) | _short(page, node + 2) << 16
            size = _NODE_FRONT_BYTES + _short(page, node + 6) + data_bytes
            if word in page[node : node + size]:
                return True
        return False

    return found


def used_pages(data: bytes) -> list[int]:
    """Where pages begin that were ever written, but for LMDB's two meta pages."""
    starts = range(META_PAGES * PAGE_BYTES, len(data), PAGE_BYTES)
    return [at for at in starts if any(data[at : at + PAGE_BYTES])]


def wipe(file: Path, wanted: Callable[[bytes], bool]) -> int:
    """Fill the pages that are wanted with zeros. How many they were."""
    data = bytearray(file.read_bytes())
    pages = [at for at in used_pages(bytes(data)) if wanted(bytes(data[at : at + PAGE_BYTES]))]
    for at in pages:
        data[at : at + PAGE_BYTES] = bytes(PAGE_BYTES)
    file.write_bytes(data)
    return len(pages)
