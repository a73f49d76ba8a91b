"""Failpoints as processes pass them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM_S_MAX = 30.0
PASSES = """
from tillhald.failpoints import reach
reach("upgrade.armed")
reach("boot.file_synced", "boot.json")
reach("upgrade.armed")
"""


def passed(environment: dict[str, str]) -> int:
    """The exit status of a program that passes three places."""
    return subprocess.run(
        [sys.executable, "-c", PASSES],
        env={**os.environ, **environment},
        timeout=PROGRAM_S_MAX,
        stderr=subprocess.DEVNULL,
        check=False,
    ).returncode


@pytest.mark.parametrize(
    ("armed", "status", "said"),
    [
        ("", 0, "upgrade.armedboot.file_synced boot.jsonupgrade.armed"),
        ("boot.file_synced", -signal.SIGKILL, "upgrade.armedboot.file_synced boot.json"),
        (
            "upgrade.armed:2",
            -signal.SIGKILL,
            "upgrade.armedboot.file_synced boot.jsonupgrade.armed",
        ),
    ],
)
def test_every_place_that_is_passed_is_told_before_anybody_dies_there(
    armed: str, status: int, said: str, tmp_path: Path
) -> None:
    marks = tmp_path / "marks"
    marks.touch()
    told = {"TILLHALD_FAILPOINT": armed, "TILLHALD_FAILPOINT_MARKS": str(marks)}
    assert passed(told) == status
    assert marks.read_text() == said


def test_marks_that_cannot_be_made_are_refused_at_the_start(tmp_path: Path) -> None:
    assert passed({"TILLHALD_FAILPOINT_MARKS": str(tmp_path / "none")}) == 1
    assert passed({}) == 0
