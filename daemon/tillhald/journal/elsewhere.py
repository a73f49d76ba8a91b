"""For the child processes that read a whole journal: not on the CPU that the till sells on."""

from __future__ import annotations

import os


def leave_the_tills_cpu() -> None:
    """Run wherever this machine, or the container, lets us; the daemon stays on one CPU."""
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
