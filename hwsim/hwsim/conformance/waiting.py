"""Waiting, with a limit, for what comes by itself."""

import select
import time
from collections.abc import Callable
from typing import Final

WAIT_S_MAX: Final = 15.0


def wait_until(holds: Callable[[], bool], what: str, turn: Callable[[], object]) -> None:
    """Take turns until it holds. AssertionError with `what` after WAIT_S_MAX."""
    end_s = time.monotonic() + WAIT_S_MAX
    while not holds():
        assert time.monotonic() < end_s, what
        turn()
        select.select([], [], [], 0.005)
