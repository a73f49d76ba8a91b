"""The pages of a journal's file, read without LMDB, so that no damage can kill the reader.

Data format 1 of LMDB 0.9, 64 bit, in native byte order (lmdb 0.9.36, mdb.c: MDB_page, MDB_node,
MDB_meta, MDB_db). Everything is read by `pread`: a page that is not there, or that the disk does
not give, is a short or a zeroed one here, where a map of the file would be SIGBUS.

A *page* begins with 16 bytes: its number (8), padding (2), flags (2), and either where its list
of nodes ends and where the nodes begin (2 and 2), or how many pages an overflow value takes (4).
The list has two bytes for each *node*, its place in the page. A node has 8 bytes: size of the value
(4; in a branch page 6, with the flags, are the number of a page), flags (2), size of the key (2);
then the key, then the value, or the number of the overflow page that it begins in.
"""

from __future__ import annotations

import errno
import os
import struct
from array import array
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE_HEADER_BYTES = 16
NODE_HEADER_BYTES = 8
BIG_VALUE = 0x01
SUB_DATABASE = 0x02

_PAGE = struct.Struct("=QHHHH")
_NODE = struct.Struct("=IHH")
_PGNO = struct.Struct("=Q")
_BRANCH = 0x01
_DEPTH_MAX = 32
"""CURSOR_STACK of mdb.c."""

# Of a meta page behind its header: magic, version, address, map size; the trees of free pages and
# of named databases; the last page used; the number of the transaction that wrote this.
_META = struct.Struct("=II 8x Q 48s 48s Q Q")
_META_MAGIC = 0xBEEFC0DE
_META_VERSION = 1
_META_PAGES = (0, 1)
# A tree (MDB_db): padding or the page size, flags, depth, how many pages of three kinds, entries,
# root page.
_TREE = struct.Struct("=IHH 24x QQ")
_PAGE_BYTES = tuple(1 << shift for shift in range(12, 17))
_PAGES_TO_GUESS = 4096


class NotATree(Exception):
    """What should be a tree of pages is not one."""


class Node(NamedTuple):
    """A key in a leaf page. `size` is the value's, `at` its offset in the page.

    With BIG_VALUE in `flags` the value is elsewhere, in overflow pages from number `pgno` on.
    """

    flags: int
    key: bytes
    at: int
    size: int
    pgno: int


class Tree(NamedTuple):
    """One database: where it begins, how deep it is, and how many keys it should have."""

    root: int
    depth: int
    entries: int


class PageFile:
    """A journal's data.mdb, opened for reading only."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.file_bytes = os.fstat(self._fd).st_size
        self.unreadable_bytes = 0
        """What the disk did not give, and was taken to be zeros."""
        self._metas = self._read_metas()
        said = {page_bytes for _, page_bytes, _ in self._metas}
        agreed = len(self._metas) == len(_META_PAGES) and len(said) == 1
        self.page_bytes = said.pop() if agreed else self._guess_page_bytes()
        self._settled = agreed

    def close(self) -> None:
        os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pages(self) -> int:
        """How many pages the file has, counting an incomplete last one."""
        return -(-self.file_bytes // self.page_bytes)

    def read(self, at: int, size: int) -> bytes:
        """Return up to `size` bytes from offset `at`; fewer at the file's end.

        Parts that the disk cannot read are zeros. Raises OSError for any other failure.
        """
        parts = []
        end = min(at + size, self.file_bytes)
        while at < end:
            try:
                part = os.pread(self._fd, end - at, at)
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                # A read that meets a bad sector gives what is before it, and no error; only one
                # that begins there fails. So go on behind it.
                part = bytes(min(_PAGE_BYTES[0] - at % _PAGE_BYTES[0], end - at))
                self.unreadable_bytes += len(part)
            if not part:
                break  # the file has been cut meanwhile
            parts.append(part)
            at += len(part)
        return b"".join(parts)

    def value_at(self, page: int, node: Node) -> int:
        """Return the offset in the file of a node's value."""
        if node.flags & BIG_VALUE:
            return node.pgno * self.page_bytes + PAGE_HEADER_BYTES
        return page * self.page_bytes + node.at

    def trees(self) -> dict[str, Tree]:
        """Return the databases as the last commit left them.

        Only where that is certain: both meta pages are there, and are those of two commits in a
        row. Otherwise one of them may be the last but one, and nothing tells. Raises NotATree.
        """
        if not self._settled:
            raise NotATree
        newest, older = max(self._metas), min(self._metas)
        if newest[0] - older[0] != 1 or self._metas[newest[0] % 2] != newest:
            raise NotATree
        trees = {}
        for leaf in self.leaves(newest[2]):
            for node in leaf_nodes(self._page(leaf)):
                stored = self.read(self.value_at(leaf, node), _TREE.size)
                if not node.flags & SUB_DATABASE or len(stored) != _TREE.size:
                    raise NotATree
                trees[node.key.decode(errors="replace")] = _tree(stored)
        return trees

    def leaves(self, tree: Tree) -> array[int]:
        """Return the numbers of a tree's leaf pages. Raises NotATree."""
        if not tree.depth:
            return array("Q")
        if tree.depth > _DEPTH_MAX:
            raise NotATree
        level = array("Q", [tree.root])
        for _ in range(tree.depth - 1):
            below = array("Q")
            for number in level:
                below.extend(self._children(number))
                if len(below) > self.pages:
                    raise NotATree
            level = below
        return level

    def _children(self, number: int) -> Iterator[int]:
        page = self._page(number)
        if len(page) < self.page_bytes:
            raise NotATree
        stored, _, flags, _, _ = _PAGE.unpack_from(page)
        if stored != number or not flags & _BRANCH:
            raise NotATree
        for at in _node_places(page):
            if at + NODE_HEADER_BYTES > len(page):
                raise NotATree
            low, high, _ = _NODE.unpack_from(page, at)
            yield low | high << 32

    def _page(self, number: int) -> bytes:
        if number >= self.pages:
            raise NotATree
        return self.read(number * self.page_bytes, self.page_bytes)

    def _read_metas(self) -> list[tuple[int, int, Tree]]:
        """Of each meta page that is one: its transaction, the size of a page, the main tree."""
        first = self._read_meta(0)
        # What the first one says of the size may be wrong.
        second = next(filter(None, map(self._read_meta, _PAGE_BYTES)), None)
        return [meta for meta in (first, second) if meta]

    def _read_meta(self, at: int) -> tuple[int, int, Tree] | None:
        raw = self.read(at + PAGE_HEADER_BYTES, _META.size)
        if len(raw) < _META.size:
            return None
        magic, version, _, free, main, _, txn = _META.unpack(raw)
        page_bytes = _TREE.unpack_from(free)[0]
        if (magic, version) != (_META_MAGIC, _META_VERSION) or page_bytes not in _PAGE_BYTES:
            return None
        return (txn, page_bytes, _tree(main)) if at in (0, page_bytes) else None

    def _guess_page_bytes(self) -> int:
        """Return the size at which most pages carry the number of their place."""

        def fitting(page_bytes: int) -> int:
            numbers = range(2, min(_PAGES_TO_GUESS, self.file_bytes // page_bytes))
            heads = (self.read(number * page_bytes, _PGNO.size) for number in numbers)
            return sum(_PGNO.unpack(head)[0] == n for n, head in zip(numbers, heads, strict=True))

        return max(_PAGE_BYTES, key=fitting)


def leaf_nodes(page: bytes | memoryview) -> Iterator[Node]:
    """Go through whatever in `page` can be a leaf's node.

    The page's flags are not asked: one flipped bit there shall not hide what is whole. So a page
    of another kind may give nodes, too, that are none; their values will not stand any check.
    """
    for place in _node_places(page):
        key_at = place + NODE_HEADER_BYTES
        if key_at > len(page):
            continue
        size, flags, key_bytes = _NODE.unpack_from(page, place)
        at = key_at + key_bytes
        pgno = 0
        if flags & BIG_VALUE:
            if at + _PGNO.size > len(page):
                continue
            (pgno,) = _PGNO.unpack_from(page, at)
        elif at + size > len(page):
            continue
        yield Node(flags, bytes(page[key_at:at]), at, size, pgno)


def _node_places(page: bytes | memoryview) -> tuple[int, ...]:
    if len(page) < PAGE_HEADER_BYTES:
        return ()
    end = _PAGE.unpack_from(page)[3]
    if end % 2 or not PAGE_HEADER_BYTES <= end <= len(page):
        return ()
    return struct.unpack_from(f"={(end - PAGE_HEADER_BYTES) // 2}H", page, PAGE_HEADER_BYTES)


def _tree(stored: bytes) -> Tree:
    _, _, depth, entries, root = _TREE.unpack_from(stored)
    return Tree(root, depth, entries)
