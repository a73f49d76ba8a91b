"""Progress that is told now and then, not for every piece."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tillhald.backup.words import PROGRESS_S, Line

if TYPE_CHECKING:
    from collections.abc import Callable


class Pace:
    """Tells `say` where a phase stands, at most every PROGRESS_S."""

    def __init__(self, say: Callable[[Line], None], phase: str) -> None:
        self._say = say
        self._phase = phase
        self._told_s = 0.0

    def __call__(self, done: int, total: int) -> None:
        now_s = time.monotonic()
        if now_s - self._told_s >= PROGRESS_S:
            self._told_s = now_s
            self._say(Line(phase=self._phase, done=done, total=max(done, total)))
