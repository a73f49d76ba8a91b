"""When little happens in this shop, learnt from its own journal. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

HOURS: Final = 24
DEEDS_MIN: Final = 200
"""With fewer deeds of people than this, nothing is known of the shop's day."""
QUIET_SHARE: Final = 0.1
"""An hour is quiet in which at most this share of the busiest hour's deeds were done."""
UNLEARNT: Final = frozenset({1, 2, 3, 4})
"""What is taken for quiet as long as nothing is known: shops that sell at night are few."""
IDLE_S_MIN: Final = 300
"""Also in a quiet hour an upgrade begins only when nobody has done anything for so long."""


class QuietHours(msgspec.Struct, frozen=True, kw_only=True):
    """Hours of the local day, 0 to 23. `deeds` is how many deeds they were learnt from."""

    hours: frozenset[int]
    deeds: int
    is_learnt: bool


def learn(deeds_by_hour: Sequence[int]) -> QuietHours:
    """`deeds_by_hour` has 24 counts of what people did, by the hour of the shop's local day.

    There is always a quiet hour: where none is, the least busy ones are.
    """
    assert len(deeds_by_hour) == HOURS, "a day has 24 hours"
    deeds = sum(deeds_by_hour)
    if deeds < DEEDS_MIN:
        return QuietHours(hours=UNLEARNT, deeds=deeds, is_learnt=False)
    limit = max(max(deeds_by_hour) * QUIET_SHARE, min(deeds_by_hour))
    hours = frozenset(hour for hour, count in enumerate(deeds_by_hour) if count <= limit)
    return QuietHours(hours=hours, deeds=deeds, is_learnt=True)


def is_quiet(quiet: QuietHours, hour: int, idle_s: float) -> bool:
    """Whether an upgrade may begin at this hour of the local day."""
    return hour in quiet.hours and idle_s >= IDLE_S_MIN


def hours_until(quiet: QuietHours, hour: int) -> int:
    """How many hours until a quiet one begins; 0 in one."""
    return next(ahead for ahead in range(HOURS) if (hour + ahead) % HOURS in quiet.hours)
