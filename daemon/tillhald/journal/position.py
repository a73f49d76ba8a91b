"""How this journal stands to another till's, by one record that the other one has.

Records vouch for all before them. So one record's number and hash tell whether this journal holds
all that the other one held then, or whether both went on from an earlier record, each by itself.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, NamedTuple

from tillhald.journal.errors import JournalDamaged

if TYPE_CHECKING:
    from tillhald.journal.store import Store


class Position(NamedTuple):
    """Record `seq` of the chain `chain_id` has this hash, another till says."""

    chain_id: bytes
    seq: int
    hash: bytes


class Standing(enum.StrEnum):
    """SAME: it is our last record. GOES_ON: we have it and go on from it. FORK: we have another one
    of that number. BEYOND: we have not come as far. STRANGERS: it is of another chain. UNKNOWN:
    ours cannot be read, or is in a file that was put aside."""

    SAME = "same"
    GOES_ON = "goes_on"
    FORK = "fork"
    BEYOND = "beyond"
    STRANGERS = "strangers"
    UNKNOWN = "unknown"


def standing(store: Store, other: Position) -> Standing:
    """How the journal stands to that one, by what is durable now. Raises StorageFailed."""
    if other.chain_id != store.identity.chain_id:
        return Standing.STRANGERS
    head = store.head
    if other.seq > head.seq:
        return Standing.BEYOND
    ours = _hash_at(store, other.seq)
    if ours is None:
        return Standing.UNKNOWN
    if ours != other.hash:
        return Standing.FORK
    return Standing.SAME if other.seq == head.seq else Standing.GOES_ON


def _hash_at(store: Store, seq: int) -> bytes | None:
    if seq == store.base.seq:
        return store.base.hash
    try:
        record = store.record(seq)
    except JournalDamaged:
        return None
    return None if record is None else record.hash
