"""The latest answers, for those who ask again, even while the journal's file cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tillhald.domain.events import SegmentBegun, decode_record
from tillhald.journal.errors import JournalDamaged, StorageFailed
from tillhald.journal.format import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tillhald.journal.store import Store

REQUESTS_REMEMBERED_MAX = 4_096
"""Answers kept in memory, too: a retry comes within minutes, and must not be taken for a new
request even while the journal's file cannot be read."""
ANSWERS_CARRIED_BYTES_MAX = 512 << 10
"""Of answers that a new segment begins with, the latest ones: some 1,500 of them."""


class Remembered:
    """What was answered in this run, by request_id."""

    def __init__(self) -> None:
        self._answers: dict[str, bytes] = {}

    def keep(self, request_id: str, answered: bytes) -> None:
        """Remember one more, and forget the oldest one if there are too many."""
        self._answers[request_id] = answered
        if len(self._answers) > REQUESTS_REMEMBERED_MAX:
            del self._answers[next(iter(self._answers))]

    def get(self, request_id: str) -> bytes | None:
        """What was answered, as it is stored."""
        return self._answers.get(request_id)

    def latest(
        self, store: Store, durable_seq: int, known: Callable[[bytes], bytes | None]
    ) -> dict[str, Row]:
        """Rows of the latest answers by request_id, latest first: of this run, and of earlier ones
        as far as `store` can be read. `known` finds the row of one that is not remembered."""
        rows: dict[str, Row] = {}
        size_bytes = 0
        for request_id in self._latest_requests(store, durable_seq):
            key = request_id.encode()
            value = self._answers.get(request_id) or known(key)
            if value is None or request_id in rows:
                continue
            size_bytes += len(key) + len(value)
            if size_bytes > ANSWERS_CARRIED_BYTES_MAX:
                break
            rows[request_id] = Row("requests", key, value)
        return rows

    def _latest_requests(self, store: Store, durable_seq: int) -> Iterator[str]:
        yield from reversed(self._answers)
        oldest = max(store.base.seq, durable_seq - REQUESTS_REMEMBERED_MAX)
        for seq in range(durable_seq, oldest, -1):
            try:
                stored = store.record(seq)
            except JournalDamaged:
                continue
            except StorageFailed:
                return
            if stored is None:
                continue
            record = decode_record(stored.body)
            if record.request_id:
                yield record.request_id
            for event in record.events:
                if isinstance(event, SegmentBegun):
                    yield from event.answers
