"""Whether a predecessor's times and days can be: clocks of old tills are often wrong."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, date, datetime, timedelta

from tillhald.predecessor.sales import DoesNotFit

AHEAD_MAX = timedelta(days=1)
"""How far the old till's clock may have been ahead of this one's; a business day one day more."""
FIRST = datetime(1980, 1, 1, tzinfo=UTC)
"""Where a clock stands that was never set, or before."""
DAYS_KEPT_MAX = 64


class Times:
    """Looks at them as of `now_ms`, by this machine's clock."""

    def __init__(self, now_ms: int) -> None:
        now = datetime.fromtimestamp(now_ms / 1000, UTC)
        self._last = now + AHEAD_MAX
        self._last_day = (self._last + AHEAD_MAX).date()
        self._today = now.date()
        self._good_days: set[str] = set()

    def check(self, at: datetime | None, field: str) -> None:
        """Raises DoesNotFit for one that lies in the future, or before there were such tills."""
        if at is None or FIRST < at <= self._last:
            return
        self._refuse(field, is_future=at > FIRST)

    def check_day(self, day: str, field: str) -> None:
        """The same for a business day; it may be empty."""
        if not day or day in self._good_days:
            return
        try:
            found = date.fromisoformat(day)
        except ValueError:
            raise DoesNotFit("There is no such day.", field) from None
        if not FIRST.date() < found <= self._last_day:
            self._refuse(field, is_future=found > FIRST.date())
        if len(self._good_days) >= DAYS_KEPT_MAX:
            self._good_days.clear()
        self._good_days.add(day)

    def _refuse(self, field: str, *, is_future: bool) -> None:
        if is_future:
            raise DoesNotFit(f"It lies in the future: here it is {self._today}.", field)
        raise DoesNotFit(f"It lies before {FIRST.year}: its clock was not set.", field)


def is_time_zone(name: str) -> bool:
    """Whether this is the IANA name of a time zone."""
    try:
        zoneinfo.ZoneInfo(name)
    except (OSError, ValueError, zoneinfo.ZoneInfoNotFoundError):
        return False
    return True
