"""How a battery went, drawn in characters."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from tillhald.ctl.plot import COLUMNS_MAX, ROWS, Look, plot


def test_a_battery_that_falls_and_recovers_is_drawn_from_left_to_right() -> None:
    looks = [
        Look(0, 100, is_on_battery=False),
        Look(10, 100, is_on_battery=True),
        Look(20, 50, is_on_battery=True),
        Look(30, 20, is_on_battery=False),
        Look(40, 60, is_on_battery=False),
    ]
    assert plot(looks, columns=5) == [
        " 100 ██   ",
        "  80 ██   ",
        "  60 ██▄ █",
        "  40 ███ █",
        "  20 █████",
        "      bb  ",
    ]


def test_without_a_charge_there_is_nothing_to_draw() -> None:
    assert plot([]) == []
    assert plot([Look(0, None, is_on_battery=True)]) == []


@given(
    st.lists(
        st.builds(
            Look,
            st.floats(0, 1e9),
            st.none() | st.floats(0, 100),
            st.booleans(),
        )
    ).map(lambda looks: sorted(looks, key=lambda look: look.at_s)),
    st.integers(1, COLUMNS_MAX),
)
def test_whatever_was_looked_at_the_picture_keeps_its_size(looks: list[Look], columns: int) -> None:
    lines = plot(looks, columns)
    assert lines == [] or len(lines) == ROWS + 1
    assert all(len(line) == columns + 5 for line in lines)
