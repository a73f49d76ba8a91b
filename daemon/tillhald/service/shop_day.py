"""When people do something in this shop, read from the till's own journal."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from tillhald.domain.events import decode_record
from tillhald.domain.quiet_hours import HOURS, QuietHours, is_quiet, learn
from tillhald.journal.errors import JournalDamaged

if TYPE_CHECKING:
    from collections.abc import Callable

    from tillhald.journal.store import Store

RECORDS_LEARNT_MAX: Final = 20_000
"""So far back the shop's habits are read: some weeks of a busy till."""
RECORDS_AT_ONCE_MAX: Final = 50
"""Between two of these everybody else is served; about a millisecond's work."""


class ShopDay:
    """Reads the journal only when it is asked, and then what came since it was asked last."""

    def __init__(self, store: Store, hour_of: Callable[[int], int]) -> None:
        """`hour_of` gives the hour of the shop's local day, 0 to 23, for Unix milliseconds."""
        self._store = store
        self._hour_of = hour_of
        self._deeds = [0] * HOURS
        self._cursor: int | None = None
        self._last_deed_s = time.monotonic()

    async def quiet_hours(self) -> QuietHours:
        """The quiet hours, as they are known now. Raises StorageFailed."""
        await self._read_on()
        return learn(self._deeds)

    async def is_quiet(self, now_ms: int) -> bool:
        """Whether an upgrade may begin. Raises StorageFailed."""
        hours = await self.quiet_hours()
        return is_quiet(hours, self._hour_of(now_ms), time.monotonic() - self._last_deed_s)

    async def _read_on(self) -> None:
        head = self._store.head.seq
        was_read_before = self._cursor is not None
        cursor = self._cursor
        if cursor is None:
            cursor = max(head - RECORDS_LEARNT_MAX, self._store.base.seq)
        while cursor < head:
            try:
                batch = self._store.records(cursor, RECORDS_AT_ONCE_MAX)
            except JournalDamaged:
                break  # the check of the whole journal tells of it
            if not batch:
                break
            for stored in batch:
                record = decode_record(stored.body)
                if record.request_id:
                    self._deeds[self._hour_of(record.wall_ms)] += 1
                    if was_read_before:
                        self._last_deed_s = time.monotonic()
            cursor = batch[-1].seq
            await asyncio.sleep(0)
        self._cursor = head
