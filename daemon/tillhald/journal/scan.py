"""Reading every page of a journal's file, and taking what is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tillhald.journal.engine import (
    ALL_TABLES,
    META,
    META_BASE,
    META_CHAIN_ID,
    META_HEAD,
    META_SEED,
    RECORDS,
)
from tillhald.journal.errors import JournalDamaged
from tillhald.journal.finds import SEQ_MAX, FoundRecord, FoundRow
from tillhald.journal.format import (
    BODY_AT,
    CHAIN_ID_BYTES,
    NO_HASH,
    check_record,
    check_row,
    record_hash,
    record_seed,
    row_seed,
    seal,
    seal_row,
    seq_key,
    unseal_row,
)
from tillhald.journal.msgpack_end import value_end
from tillhald.journal.pages import (
    BIG_VALUE,
    SUB_DATABASE,
    NotATree,
    leaf_nodes,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tillhald.journal.finds import Finds
    from tillhald.journal.pages import Node, PageFile

PAGES_AT_ONCE = 512
VALUE_BYTES_MAX = 16 << 20
"""Twice the largest append: what claims to be larger is damaged."""
_LOOSE_BYTES = 64 << 10
"""What is read at first of a record whose size is not known."""

_MAGIC = seal(bytes(CHAIN_ID_BYTES), 0, NO_HASH, b"")[0][:6]
_SEQ = slice(10, 18)
_NOBODY = 0


def table_seed(chain_id: bytes, table: str) -> int:
    """Return what the checksums of a table's rows begin with."""
    return META_SEED if table == META else row_seed(chain_id, table)


def find_chain_id(pages: PageFile) -> bytes | None:
    """Return the chain's id from the first copy of its row in `meta` that is whole."""
    stored_bytes = len(seal_row(META_SEED, META_CHAIN_ID, 0, bytes(CHAIN_ID_BYTES)))
    for _, chunk in _chunks(pages):
        for at in _places_of(META_CHAIN_ID, chunk, 0, len(chunk)):
            value_at = at + len(META_CHAIN_ID)
            try:
                stored = chunk[value_at : value_at + stored_bytes]
                return unseal_row(META_SEED, META, META_CHAIN_ID, stored)
            except JournalDamaged:
                continue
    return None


class Scan:
    """One pass over a file, putting what is whole into `finds`."""

    def __init__(self, pages: PageFile, chain_id: bytes, finds: Finds) -> None:
        self.chain_id = chain_id
        self.saw_no_base = False
        """Whether a whole copy of `meta` was seen, and it had no row `base`."""
        self._pages = pages
        self._finds = finds
        self._record_seed = record_seed(chain_id)
        self._row_seeds = {
            table: table_seed(chain_id, table) for table in ALL_TABLES if table != RECORDS
        }
        self._expected: dict[str, int] = {}
        """How many keys the last commit counts, of each table whose tree can be walked."""
        self._live = dict.fromkeys(ALL_TABLES, 0)
        """How many of them were found, whole."""
        self._owners = bytearray(pages.pages)
        """Of each page, which table's leaf it is in the last commit, counting from 1."""
        self._walk_trees()

    def run(self, on_progress: Callable[[int, int], None]) -> None:
        """Read the whole file; `on_progress(done, total)` counts pages."""
        page_bytes = self._pages.page_bytes
        for first, chunk in _chunks(self._pages):
            view = memoryview(chunk)
            for start in range(0, len(chunk), page_bytes):
                number = first + start // page_bytes
                page = view[start : start + page_bytes]
                taken = self._take_nodes(number, page)
                for at in _places_of(_MAGIC, chunk, start, start + len(page)):
                    if at - start not in taken:
                        self._finds.add_loose(first * page_bytes + at)
            on_progress(min(first + PAGES_AT_ONCE, self._pages.pages), self._pages.pages)
        self._finds.settle()
        if RECORDS not in self.whole_tables():
            self._take_loose()

    def whole_tables(self) -> Iterator[str]:
        """The tables of which everything was found that the last commit counts."""
        return (table for table, keys in self._expected.items() if self._live[table] == keys)

    def _walk_trees(self) -> None:
        try:
            trees = self._pages.trees()
        except NotATree:
            return
        for owner, table in enumerate(ALL_TABLES, start=1):
            try:
                leaves = self._pages.leaves(trees[table])
            except (KeyError, NotATree):
                continue
            if all(leaf < len(self._owners) and not self._owners[leaf] for leaf in leaves):
                self._expected[table] = trees[table].entries
                for leaf in leaves:
                    self._owners[leaf] = owner

    def _take_nodes(self, number: int, page: memoryview) -> set[int]:
        """Take a leaf's records and rows; return where in the page records were."""
        owner = self._owners[number]
        table = ALL_TABLES[owner - 1] if owner != _NOBODY else None
        is_live = table is not None
        taken: set[int] = set()
        keys: list[bytes] | None = []
        for node in leaf_nodes(page):
            at = self._pages.value_at(number, node)
            value = self._value(page, node, at)
            if value is None or node.flags & SUB_DATABASE:
                keys = None
            elif value[: len(_MAGIC)] == _MAGIC and table in (None, RECORDS):
                seq = int.from_bytes(value[_SEQ], "big")
                is_in_place = is_live and node.key == seq_key(seq)
                if self._take_record(value, at, live=is_in_place):
                    taken.add(node.at)
                    self._live[RECORDS] += is_in_place
            elif (found := self._take_row(table, node, value, at, live=is_live)) is None:
                keys = None
            else:
                table = found
                self._live[table] += is_live
                if keys is not None:
                    keys.append(node.key)
        if table == META and keys and META_HEAD in keys and META_BASE not in keys:
            self.saw_no_base = True
        return taken

    def _value(self, page: memoryview, node: Node, at: int) -> memoryview | None:
        if not node.flags & BIG_VALUE:
            return page[node.at : node.at + node.size]
        if node.size > VALUE_BYTES_MAX or at + node.size > self._pages.file_bytes:
            return None
        return memoryview(self._pages.read(at, node.size))

    def _take_record(self, envelope: memoryview, at: int, *, live: bool) -> bool:
        if len(envelope) < BODY_AT:
            return False
        # Its own number, not its key: the checksum vouches for this one.
        seq = int.from_bytes(envelope[_SEQ], "big")
        try:
            prev_hash = check_record(self._record_seed, seq, envelope)
        except JournalDamaged:
            return False
        if seq > SEQ_MAX:
            return False
        digest = record_hash(self.chain_id, seq, envelope)
        self._finds.add_record(FoundRecord(seq, digest, prev_hash, at, len(envelope), live))
        return True

    def _take_row(
        self, table: str | None, node: Node, stored: memoryview, at: int, *, live: bool
    ) -> str | None:
        """Take a row; return its table. `table` is known, or for None every one is tried."""
        for name in self._row_seeds if table is None else (table,):
            if name == RECORDS:
                break
            try:
                seq = check_row(self._row_seeds[name], name, node.key, stored)
            except JournalDamaged:
                continue
            if seq <= SEQ_MAX:
                self._finds.add_row(FoundRow(name, node.key, seq, at, len(stored), live))
                return name
        return None

    def _take_loose(self) -> None:
        """Take what begins as a record does, and has no node that leads to it, or a damaged one.

        Such a record's body, which is MessagePack, says itself where it ends.
        """
        for at in list(self._finds.loose()):
            for size in (_LOOSE_BYTES, VALUE_BYTES_MAX):
                data = memoryview(self._pages.read(at, size))
                end = value_end(data, BODY_AT)
                if end is not None:
                    self._take_record(data[:end], at, live=False)
                    break
        self._finds.settle()


def _chunks(pages: PageFile) -> Iterator[tuple[int, bytes]]:
    """The file in pieces, each with the number of its first page."""
    for number in range(0, pages.pages, PAGES_AT_ONCE):
        yield number, pages.read(number * pages.page_bytes, PAGES_AT_ONCE * pages.page_bytes)


def _places_of(what: bytes, data: bytes, start: int, end: int) -> Iterator[int]:
    at = data.find(what, start, end)
    while at >= 0:
        yield at
        at = data.find(what, at + 1, end)
