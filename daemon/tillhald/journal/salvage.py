"""Getting out of a damaged journal whatever is whole in it.

LMDB is not used, so nothing in the file can kill the reader: every page is read, also those that
no tree leads to any more. What is taken is only what its checksum vouches for, a record or a row,
to the last bit. Records never change, so an older copy is as good as the newest; of a row the
newest whole copy is taken. A table whose pages are all whole is taken as the last commit left it.

`python -m tillhald.journal.salvage FOLDER --out FILE [--chain-id HEX]` writes FILE (see
`salvage_file`) and JSON lines to stdout, see `main`. FOLDER is not written to.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Self

from tillhald.journal.elsewhere import leave_the_tills_cpu
from tillhald.journal.engine import (
    ALL_TABLES,
    META,
    META_BASE,
    META_HEAD,
    RECORDS,
    data_file,
)
from tillhald.journal.errors import Fault, JournalDamaged, StorageError
from tillhald.journal.finds import Finds
from tillhald.journal.format import NO_HASH, Head, record_hash, unpack_head, unseal, unseal_row
from tillhald.journal.pages import PageFile
from tillhald.journal.salvage_file import write_salvage
from tillhald.journal.scan import Scan, find_chain_id, table_seed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tillhald.journal.finds import FoundRecord
    from tillhald.journal.format import StoredRecord

CHAIN_ID_UNKNOWN = (
    "The journal's chain id cannot be read any more, and without it nothing can be checked. "
    "Give it with --chain-id, from another copy, or from what `tillctl journal status` once said."
)


class Range(NamedTuple):
    """Sequence numbers, both ends included."""

    first: int
    last: int


class Conflict(NamedTuple):
    """Several whole records of one number, of which the one with the hash `kept` was kept.

    `why`: the record after it, or the head, names it ("chain"); or the last commit counts it
    ("live"); or neither is known ("guess").
    """

    seq: int
    copies: int
    kept: bytes
    why: Literal["chain", "live", "guess"]


class SalvagedRow(NamedTuple):
    """A row as it was written together with record `seq`."""

    key: bytes
    seq: int
    value: bytes


class Salvage:
    """What was found in a journal's file. Reads from that file until it is closed.

    `head`: the last record, as the journal's own description says, or None if that is gone.
    `base`: the record that the first one follows, or None if it cannot be known.
    `gone`: numbers behind `base` (or from 1 on) up to the head (or to the last record found) that
    no record was found for. `breaks`: records that do not follow the one before them, which was
    found. `conflicts`: see Conflict. `whole_tables`: of these nothing is missing. `unconfirmed`:
    how many records were found behind the head, left by a commit that power was lost in; they
    are not returned. `records_found`: how many there are; `first_seq`, `last_seq`: the first
    number that there should be, and the last one found. `row_counts`: rows found, by table.
    """

    def __init__(self, pages: PageFile, finds: Finds, scan: Scan) -> None:
        self._pages = pages
        self._finds = finds
        self.chain_id = scan.chain_id
        self.whole_tables = frozenset(scan.whole_tables())
        self.unconfirmed = 0
        for table in self.whole_tables - {RECORDS}:
            finds.keep_live_rows(table)
        self.head, self.base = self._read_description(scan)
        if self.head is not None and META in self.whole_tables:
            self.unconfirmed = finds.drop_behind(self.head.seq)
        if RECORDS in self.whole_tables:
            finds.keep_live_records()
        self.conflicts = self._settle_conflicts()
        self._look_through()
        self.row_counts = finds.count_rows()

    def recovered(self) -> Iterator[Range]:
        """The numbers that records were found for, as ranges in order."""
        first = self.first_seq
        for hole in self.gone:
            if first < hole.first:
                yield Range(first, hole.first - 1)
            first = hole.last + 1
        if first <= self.last_seq:
            yield Range(first, self.last_seq)

    def records(self) -> Iterator[StoredRecord]:
        """The records, in order. Raises JournalDamaged if one is not whole any more."""
        for seq, envelope in self.envelopes():
            yield unseal(self.chain_id, seq, envelope)

    def envelopes(self) -> Iterator[tuple[int, bytes]]:
        """The numbers of the records and their stored bytes; as `records`."""
        for found in self._finds.records():
            envelope = self._pages.read(found.at, found.size)
            if record_hash(self.chain_id, found.seq, envelope) != found.hash:
                raise _changed(f"Record {found.seq}", found.seq)
            yield found.seq, envelope

    def rows(self, table: str) -> Iterator[SalvagedRow]:
        """The rows of a table, in the order of their keys; any table but `records`.

        Of a table that is not whole a row may be older than the last one, or one that had been
        deleted: records are the truth, rows can be made from them. Raises JournalDamaged if one
        is not whole any more.
        """
        seed = table_seed(self.chain_id, table)
        for found in self._finds.rows(table):
            stored = self._pages.read(found.at, found.size)
            try:
                value = unseal_row(seed, table, found.key, stored)
            except JournalDamaged as damage:
                raise _changed(f"Row {found.key!r} of {table}", found.seq) from damage
            yield SalvagedRow(found.key, found.seq, value)

    def close(self) -> None:
        self._finds.close()
        self._pages.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def unreadable_bytes(self) -> int:
        """What the disk did not give."""
        return self._pages.unreadable_bytes

    def _read_description(self, scan: Scan) -> tuple[Head | None, Head | None]:
        meta = {row.key: row.value for row in self.rows(META)}
        head = unpack_head(meta[META_HEAD]) if META_HEAD in meta else None
        if META_BASE in meta:
            return head, unpack_head(meta[META_BASE])
        return head, Head(0, NO_HASH) if scan.saw_no_base else None

    def _settle_conflicts(self) -> tuple[Conflict, ...]:
        conflicts = []
        losers: list[FoundRecord] = []
        named = self.head
        for copies in self._finds.numbers_down():
            seq = copies[0].seq
            wanted = named.hash if named is not None and named.seq == seq else None
            kept = copies[0]
            if len(copies) > 1:
                kept, why = _choose(copies, wanted)
                losers += (copy for copy in copies if copy is not kept)
                conflicts.append(Conflict(seq, len(copies), kept.hash, why))
            named = Head(seq - 1, kept.prev_hash)
        for loser in losers:
            self._finds.drop_record(loser)
        return tuple(reversed(conflicts))

    def _look_through(self) -> None:
        """Find the holes and the breaks of the chain."""
        gone: list[Range] = []
        breaks: list[int] = []
        before = self.base or Head(0, NO_HASH)
        self.first_seq = before.seq + 1
        self.records_found = 0
        for found in self._finds.records():
            self.records_found += 1
            if found.seq > before.seq + 1:
                gone.append(Range(before.seq + 1, found.seq - 1))
            elif found.prev_hash != before.hash:
                breaks.append(found.seq)
            before = Head(found.seq, found.hash)
        self.last_seq = before.seq
        if self.head is not None and self.head.seq > before.seq:
            gone.append(Range(before.seq + 1, self.head.seq))
        elif self.head is not None and self.head.seq == before.seq != 0 and self.head != before:
            breaks.append(before.seq)
        self.gone, self.breaks = tuple(gone), tuple(breaks)


def salvage(
    path: Path,
    chain_id: bytes | None = None,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Salvage:
    """Find all that is whole in the data.mdb at `path`; close what is returned.

    `chain_id` is used if the file does not tell its own any more. `on_progress(done, total)`
    counts pages. Nobody should be writing to the file. Raises JournalDamaged if nothing can be
    told, OSError if the file cannot be opened or read, sqlite3.Error without room for the index.
    """
    with ExitStack() as opened:
        pages = opened.enter_context(PageFile(path))
        told = find_chain_id(pages) or chain_id
        if told is None:
            raise JournalDamaged(Fault.UNREADABLE, None, CHAIN_ID_UNKNOWN)
        finds = Finds()
        opened.callback(finds.close)
        scan = Scan(pages, told, finds)
        scan.run(on_progress)
        found = Salvage(pages, finds, scan)
        opened.pop_all()
        return found


def _choose(
    copies: list[FoundRecord], wanted: bytes | None
) -> tuple[FoundRecord, Literal["chain", "live", "guess"]]:
    for copy in copies:
        if copy.hash == wanted:
            return copy, "chain"
    for copy in copies:
        if copy.live:
            return copy, "live"
    return copies[0], "guess"


def _changed(what: str, seq: int) -> JournalDamaged:
    sentence = (
        f"{what} was whole when it was read first, and is not any more. Either a till is using "
        "this journal, or the disk is failing: copy the folder, and salvage the copy."
    )
    return JournalDamaged(Fault.UNREADABLE, seq, sentence)


def main(arguments: list[str]) -> int:
    """Salvage; the exit status is 0 whatever was found: the lines tell.

    Lines: `{"phase": "reading", "done": n, "total": m}` in pages and `"writing"` in frames;
    `{"recovered": [first, last]}` and `{"gone": [first, last]}` for each range of numbers;
    `{"conflict": seq, "copies": n, "why": word}`; `{"break": seq}`; and at last either
    `{"records": n, "head_seq": s, ...}` or, if there is no FILE, `{"fault": kind, "seq": s,
    "sentence": text}`.
    """
    parser = argparse.ArgumentParser(prog="tillhald.journal.salvage")
    parser.add_argument("folder", metavar="FOLDER")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    parser.add_argument("--chain-id", type=bytes.fromhex, metavar="HEX")
    options = parser.parse_args(arguments)

    def reading(done: int, total: int) -> None:
        _say({"phase": "reading", "done": done, "total": total})

    try:
        with salvage(Path(data_file(options.folder)), options.chain_id, reading) as found:
            frames = found.records_found + sum(found.row_counts.values())
            write_salvage(
                options.out,
                found,
                lambda done: _say({"phase": "writing", "done": done, "total": frames}),
            )
            _tell(found)
    except JournalDamaged as damage:
        _say({"fault": damage.fault, "seq": damage.seq, "sentence": damage.sentence})
    except (StorageError, OSError, sqlite3.Error) as error:
        _say({"fault": Fault.UNREADABLE, "seq": None, "sentence": str(error)})
    return 0


def _tell(found: Salvage) -> None:
    for each in found.recovered():
        _say({"recovered": each})
    for each in found.gone:
        _say({"gone": each})
    for conflict in found.conflicts:
        _say({"conflict": conflict.seq, "copies": conflict.copies, "why": conflict.why})
    for seq in found.breaks:
        _say({"break": seq})
    _say(
        {
            "records": found.records_found,
            "last_seq": found.last_seq,
            "gone_records": sum(last - first + 1 for first, last in found.gone),
            "head_seq": found.head.seq if found.head else None,
            "head_hash": found.head.hash.hex() if found.head else None,
            "base_seq": found.base.seq if found.base else None,
            "chain_id": found.chain_id.hex(),
            "rows": found.row_counts,
            "damaged_tables": sorted(set(ALL_TABLES) - found.whole_tables),
            "unconfirmed": found.unconfirmed,
            "unreadable_bytes": found.unreadable_bytes,
        }
    )


def _say(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    leave_the_tills_cpu()
    try:
        sys.exit(main(sys.argv[1:]))
    except BrokenPipeError:
        os._exit(1)  # whoever asked has gone
