"""Following the journal from any cursor: first what is stored, then what comes.

Each follower reads at its own pace and holds nothing but its cursor: a slow one costs nobody
anything and misses nothing.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, NamedTuple

from tillhald.domain.errors import CursorAhead
from tillhald.journal.errors import JournalDamaged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tillhald.journal.format import StoredRecord
    from tillhald.journal.store import Store
    from tillhald.service.tail import Tail

RECORDS_AT_ONCE_MAX = 100
"""Read in one go on the event loop; about a millisecond's work."""


class Mark(enum.Enum):
    """A word about the stream itself."""

    CAUGHT_UP = "caught_up"
    DRAINING = "draining"


class Hole(NamedTuple):
    """Records from `first_seq` to `seq` that cannot be read."""

    first_seq: int
    seq: int
    why: str


async def follow(
    store: Store, tail: Tail, cursor: int, *, from_now: bool = False
) -> AsyncIterator[StoredRecord | Hole | Mark]:
    """Every durable record after `cursor`, for ever; DRAINING is the last item.

    Raises CursorAhead when the journal has not come as far as `cursor`, StorageFailed when
    storing ends.
    """
    head = tail.durable_seq
    if from_now:
        cursor = head
    elif cursor > head:
        sentence = "The journal has not come as far as this cursor."
        raise CursorAhead(sentence, cursor=cursor, head_seq=head)
    is_live = False
    with tail.watch() as watch:
        while True:
            while cursor < tail.durable_seq and not tail.draining:
                for item in _read_once(store, tail, cursor):
                    yield item
                    cursor = item.seq
            if tail.draining:
                yield Mark.DRAINING
                return
            if not is_live:
                is_live = True
                yield Mark.CAUGHT_UP
            await watch.beyond(cursor)


def _read_once(store: Store, tail: Tail, cursor: int) -> list[StoredRecord] | list[Hole]:
    """What comes after `cursor`, read once for all who stand there: live, that is everybody."""
    place = cursor, tail.durable_seq
    if tail.read_last[0] != place:
        tail.read_last = place, _read(store, cursor)
    return tail.read_last[1]


def _read(store: Store, cursor: int) -> list[StoredRecord] | list[Hole]:
    if cursor < store.base.seq:
        why = "These records are in a file that was put aside when it failed."
        return [Hole(cursor + 1, store.base.seq, why)]
    try:
        return store.records(cursor, RECORDS_AT_ONCE_MAX)
    except JournalDamaged:
        pass
    # One of them is damaged: go one by one, so that the hole is as small as it is.
    try:
        return store.records(cursor, 1)
    except JournalDamaged as damage:
        return [Hole(cursor + 1, cursor + 1, damage.sentence)]
