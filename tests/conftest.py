"""What holds for every test."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Generator, Iterator

import pytest

REQUIRE_ALL = "TILLHAL_REQUIRE_ALL"
"""Set where nothing may be skipped: fonts, root and services are there, so a skip is a mistake."""
LONGEST_FIRST = ("crash", "e2e", "bundle", "backup", "power", "conformance", "property", "hwsim")
"""Folders whose files take longest. Begun at the end, one would go on alone, on one processor."""
NOT_CLAIMED = "Skipped: not claimed: "
"""What a conformance suite says of a promise that a device does not make."""

# Where it is set, each of some thousand programs that the tests start would compile 300 modules of
# ours anew, for half a second each.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# A shell has what it starts in the background ignore SIGINT, and so would all that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as there are CPUs: a third of its time a process of tests waits, for a
    disk, for a deadline, for what shall not happen."""
    return len(os.sched_getaffinity(0)) * 3 // 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        folder = item.path.parent.name
        return LONGEST_FIRST.index(folder) if folder in LONGEST_FIRST else len(LONGEST_FIRST)

    items.sort(key=place)


def pytest_collection_finish() -> None:
    # Eight thousand tests are objects that live to the end: the collector need not walk them again
    # and again. A tenth of the time of small tests.
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get(REQUIRE_ALL):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        if str(reason).startswith(NOT_CLAIMED):
            return report
        report.outcome = "failed"
        report.longrepr = f"skipped, where {REQUIRE_ALL} forbids it: {reason}"
    return report


@pytest.fixture(autouse=True)
def no_signal_stays_blocked() -> Iterator[None]:
    """What a test blocks in this process, every program that a later one starts would not hear."""
    yield
    left = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    assert not left, left
