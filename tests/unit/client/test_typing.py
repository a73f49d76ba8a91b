"""Types: the client and its examples pass a strict check, and misuse does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

MISUSE = """\
from tillhal import Till, cash, line

till = Till.connect("unix:api.sock")
cash(7.5)
line("Coffee", "3.20", qty=1.5)
till.open_drawer("BECAUSE")
reveal_type(till.checkout([]).change)
reveal_type(till.send(till.new_checkout([])))
for event in till.watch_events():
    reveal_type(event)
"""


def mypy(*arguments: str) -> str:
    found = subprocess.run(  # our own arguments
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert not found.stderr, found.stderr
    return found.stdout


@pytest.mark.slow
def test_the_client_and_its_examples_are_strictly_typed() -> None:
    package = [str(path) for path in sorted((ROOT / "clients/python/tillhal").glob("*.py"))]
    examples = sorted((ROOT / "clients/python/examples").glob("*.py"))
    assert len(examples) >= 8
    assert mypy(*package, *(str(path) for path in examples)) == ""


@pytest.mark.slow
def test_misuse_is_found_before_the_program_runs(tmp_path: Path) -> None:
    program = tmp_path / "misuse.py"
    program.write_text(MISUSE)
    found = mypy(str(program))
    lines = [line.split("misuse.py:")[1] for line in found.splitlines() if "misuse.py" in line]
    wrong = [line.split(":")[0] for line in lines if "error" in line]
    assert wrong == ["4", "5", "6"], found
    revealed = [line.split('"')[1] for line in lines if "Revealed" in line]
    assert revealed[0].endswith("Decimal"), found
    assert revealed[1].endswith("SaleAnswer"), found
    assert revealed[2].endswith("WatchEventsResponse"), found
