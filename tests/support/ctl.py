"""tillctl as a person has it: a process of its own. Within the tests' process it would keep SIGINT."""

from __future__ import annotations

import subprocess
import sys

RUN_S_MAX = 60.0


def said_by_tillctl(*arguments: str, status: int = 0, typed: str = "") -> str:
    """What it says, complaints included; it must end with this status."""
    done = subprocess.run(
        [sys.executable, "-m", "tillhald.ctl", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        input=typed,
        text=True,
        timeout=RUN_S_MAX,
        check=False,
    )
    assert done.returncode == status, (done.returncode, done.stdout)
    return done.stdout
