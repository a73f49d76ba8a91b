"""What holds for every test."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

REQUIRE_ALL = "TILLHAL_REQUIRE_ALL"
"""Set where nothing may be skipped: fonts, root and services are there, so a skip is a mistake."""
NOT_CLAIMED = "Skipped: not claimed: "
"""What a conformance suite says of a promise that a device does not make."""

# Where it is set, each of some thousand programs that the tests start would compile 300 modules of
# ours anew, for half a second each.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


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
