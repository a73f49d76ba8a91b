"""tillctl as a person has it: a process of its own. Within the tests' process it would keep SIGINT."""

from __future__ import annotations

from tests.support.nursery import run_tillctl


def said_by_tillctl(*arguments: str, status: int = 0, typed: str = "") -> str:
    """What it says, complaints included; it must end with this status."""
    done = run_tillctl(*arguments, typed=typed, errors_apart=False)
    assert done.returncode == status, (done.returncode, done.stdout)
    return done.stdout
