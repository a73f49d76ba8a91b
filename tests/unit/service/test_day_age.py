"""A day that is left open: said at once over midnight, overdue from the hour that the shop names."""

from __future__ import annotations

import datetime

import pytest

from tillhald.config import ConfigMistakes, parse
from tillhald.domain.books import Day
from tillhald.domain.rules import SuspendedAtClose
from tillhald.domain.state import TillState
from tillhald.service.books import is_over_midnight, is_overdue
from tillhald.service.mode import Mode, modes
from tillhald.service.till import Clock
from tillhald.service.times import Times
from tillhald.service.verification import ChainCheck

DAY = Day(business_day="2025-06-15", day_number=1, opened_ms=0, first_seq=1, first_receipt=1)


def clock_at(written: str) -> Clock:
    """The clock of a shop in UTC."""
    moment = datetime.datetime.fromisoformat(written).replace(tzinfo=datetime.UTC)
    zone = Times(datetime.UTC)  # type: ignore[arg-type]  # any tzinfo does
    return Clock(wall_ms=lambda: int(moment.timestamp() * 1000), today=zone.today)


@pytest.mark.parametrize(
    ("now", "over_midnight", "overdue"),
    [
        ("2025-06-15 08:00", False, False),
        ("2025-06-15 23:59", False, False),
        ("2025-06-16 00:00", True, False),
        ("2025-06-16 03:59", True, False),
        ("2025-06-16 04:00", True, True),
        ("2025-06-18 01:00", True, True),
    ],
)
def test_a_day_is_over_midnight_at_midnight_and_overdue_at_the_hour_that_was_named(
    now: str, over_midnight: bool, overdue: bool
) -> None:
    clock = clock_at(now)
    assert is_over_midnight(DAY, clock) is over_midnight
    assert is_overdue(DAY, "04:00", clock) is overdue
    assert not is_overdue(DAY, "", clock)


def test_an_overdue_day_is_a_mode_of_the_till() -> None:
    found = modes(
        TillState(),
        storage_trouble=False,
        chain=ChainCheck.SOUND,
        printer_down=False,
        draining=False,
        gated=False,
        day_overdue=True,
    )
    assert found == [Mode.DAY_OVERDUE]


def test_the_table_of_shifts_becomes_rules() -> None:
    table = '[shift]\nmode = "explicit"\nsuspended = "block"\nday_overdue_at = "04:30"\n'
    rules = parse(table).rules()
    assert not rules.implicit_shift
    assert (rules.suspended, rules.day_overdue_at) == (SuspendedAtClose.BLOCK, "04:30")


@pytest.mark.parametrize("wrong", ["4:30", "24:00", "noon", "04:60"])
def test_an_hour_that_there_is_not_is_refused(wrong: str) -> None:
    with pytest.raises(ConfigMistakes, match="day_overdue_at"):
        parse(f'[shift]\nday_overdue_at = "{wrong}"\n')
