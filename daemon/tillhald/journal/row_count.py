"""How many rows each index table should have: the journal's own count, kept with its head.

LMDB counts the entries of a table, and a row that is lost or deleted is gone from that count, too.
So every commit carries on a count of its own by what it adds, and a check compares the two. A count
that is older than the head was passed over by a program that does not keep one, and says nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tillhald.journal.engine import INDEX_TABLES, META, META_HEAD, META_ROWS, META_SEED
from tillhald.journal.format import unseal_row

if TYPE_CHECKING:
    import lmdb

    from tillhald.journal.engine import AnyTransaction, Tables

Counts = dict[str, int]
"""Of each of INDEX_TABLES."""

_SEQ_BYTES = 8
_decode = msgspec.msgpack.Decoder(Counts).decode


def entries_of(txn: AnyTransaction, tables: Tables) -> Counts:
    """What LMDB counts now."""
    return {name: txn.stat(tables[name])["entries"] for name in INDEX_TABLES}


def read_row_count(txn: AnyTransaction, meta: lmdb._Database) -> Counts | None:
    """What should be there, as the head's commit left it; None where that kept no count. Raises
    JournalDamaged."""
    stored, head = txn.get(META_ROWS, db=meta), txn.get(META_HEAD, db=meta)
    if stored is None or head is None or stored[:_SEQ_BYTES] != head[:_SEQ_BYTES]:
        return None
    return _decode(unseal_row(META_SEED, META, META_ROWS, bytes(stored)))


def pack_row_count(counts: Counts) -> bytes:
    """The value to store under META_ROWS in the commit that stores the head, under its number."""
    return msgspec.msgpack.encode(counts)
