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

    def came(self, records: int) -> None:
        """So many records went into one commit."""
        if self.wait_s:
            self._crowd += (records - self._crowd) * _WEIGHT
            self._since_trial = 0
            return
        self._since_trial += 1
        # Two in one commit without any waiting: there may be a crowd.
        if records > 1 and self._since_trial >= TRIAL_EVERY:
            self._crowd = CROWD_MIN
