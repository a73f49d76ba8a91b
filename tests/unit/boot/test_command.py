"""What `tillctl` becomes on a till with a home."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tillhald.boot.command import EXIT_NO_PROGRAM, EXIT_NOT_OPEN
from tillhald.boot.record import BootRecord, Pair, write
from tillhald.boot.slot import slots_folder

if TYPE_CHECKING:
    from pathlib import Path

RUN_S_MAX = 30.0
NOBODY = 65534
_RUN = """
import os, sys
from pathlib import Path
from tillhald.boot.command import run
if sys.argv[1] != "0":
    os.setuid(int(sys.argv[1]))
sys.exit(run(Path(sys.argv[2]), "tillctl", sys.argv[3:]))
"""


def run_tillctl(home: Path, *arguments: str, uid: int = 0) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _RUN, str(uid), str(home), *arguments],
        capture_output=True,
        text=True,
        timeout=RUN_S_MAX,
        check=False,
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two slots; the boot record names the second one."""
    for name in ("one", "two"):
        program = slots_folder(tmp_path) / name / "bin" / "tillctl"
        program.parent.mkdir(parents=True)
        program.write_text(f'#!/bin/sh\necho "{name}: $*"\nexit 5\n')
        program.chmod(0o755)
    (tmp_path / "boot").mkdir()
    write(tmp_path, BootRecord(seq=1, committed=Pair(slot="two", generation="gen-0001")))
    return tmp_path


def test_it_is_the_command_of_the_slot_that_is_committed(home: Path) -> None:
    ran = run_tillctl(home, "status", "--json", "two words")
    assert (ran.returncode, ran.stdout) == (5, "two: status --json two words\n")


def test_without_a_till_or_without_the_program_it_says_so(home: Path, tmp_path: Path) -> None:
    nothing = run_tillctl(tmp_path / "elsewhere", "status")
    assert nothing.returncode == EXIT_NO_PROGRAM
    assert nothing.stderr.startswith("tillctl: ")
    (slots_folder(home) / "two" / "bin" / "tillctl").unlink()
    gone = run_tillctl(home, "status")
    assert gone.returncode == EXIT_NO_PROGRAM
    assert f"no whole till in {home}" in gone.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else")
def test_who_may_not_look_into_the_home_is_told_to_ask_as_root(home: Path) -> None:
    (home / "boot").chmod(0o700)
    ran = run_tillctl(home, "status", uid=NOBODY)
    assert ran.returncode == EXIT_NOT_OPEN
    assert "sudo tillctl" in ran.stderr
