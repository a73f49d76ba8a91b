"""Whether the writer should wait a moment for company before it commits.

A commit costs the same for one record and for twenty, and while it is under way the processor is
not free to decide the next sale. A single caller must never wait for others that do not come; of
many callers each is served sooner if their records share a commit. PostgreSQL asks the same by
`commit_delay` and `commit_siblings`; here nobody has to set it, it is tried out now and then.
"""

from __future__ import annotations

from typing import Final

WAIT_S: Final = 0.0015
CROWD_MIN: Final = 2.25
"""Records that must come together while it waits, on average, for waiting to go on."""
TRIAL_EVERY: Final = 64
"""Commits between two trials: with two callers a trial costs one of them WAIT_S."""
BUSY_S: Final = 0.0003
"""A record that comes so soon after a commit is another caller's: one that was just answered takes
longer to come again."""
_WEIGHT: Final = 0.125


class Company:
    """Told the size of every commit; `wait_s` is how long to wait before the next one."""

    def __init__(self) -> None:
        self._crowd = 0.0
        self._since_trial = TRIAL_EVERY

    @property
    def wait_s(self) -> float:
        """Seconds; 0 where waiting does not pay."""
        return WAIT_S if self._crowd >= CROWD_MIN else 0.0

    def came(self, records: int, after_s: float) -> None:
        """So many records went into one commit, `after_s` after the one before."""
        if self.wait_s:
            self._crowd += (records - self._crowd) * _WEIGHT
            self._since_trial = 0
            return
        self._since_trial += 1
        is_busy = records > 1 or after_s < BUSY_S
        if is_busy and self._since_trial >= TRIAL_EVERY:
            self._crowd = CROWD_MIN
