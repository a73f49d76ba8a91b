"""The world's time, and the shop's."""

from __future__ import annotations

import datetime
import time
import zoneinfo
from typing import NamedTuple


class Times(NamedTuple):
    """The shop's time, in its zone."""

    zone: zoneinfo.ZoneInfo | None

    def today(self, at_ms: int) -> str:
        """The local date, YYYY-MM-DD."""
        return self._local(at_ms).date().isoformat()

    def hour(self, at_ms: int) -> int:
        """The hour of the local day, 0 to 23."""
        return self._local(at_ms).hour

    def written(self, at_ms: int) -> str:
        """Local date and time as a receipt shows them."""
        return self._local(at_ms).strftime("%Y-%m-%d %H:%M")

    def _local(self, at_ms: int) -> datetime.datetime:
        utc = datetime.datetime.fromtimestamp(at_ms / 1000, tz=datetime.UTC)
        return utc.astimezone(self.zone)


def wall_ms() -> int:
    """Unix time in milliseconds."""
    return time.time_ns() // 1_000_000
