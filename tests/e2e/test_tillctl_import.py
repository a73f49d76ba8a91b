"""`tillctl import`, as a technician uses it."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from tests.support.predecessor import small
from tests.support.programs import tillctl

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.till import Till


def test_a_technician_looks_imports_and_finds(bare: Till, tmp_path: Path) -> None:
    at = ("--address", bare.address)
    folder = small()
    folder.shifts[0]["totals"] = {"receipts": 6}
    path = str(folder.write(tmp_path / "old"))
    config = tmp_path / "proposed.toml"
    plan = tillctl("import", "plan", path, "--config", str(config), *at)
    assert plan.returncode == 1, "totals differ"
    assert "shifts.jsonl:1: shift S1: receipts 6 said, 5 by its sales" in plan.stdout
    assert tomllib.loads(config.read_text())["receipt"]["footer"] == ["Thank you"]
    assert tillctl("import", "commit", path, *at).returncode == 1
    assert tillctl("import", "find", "R-2", *at).returncode == 1
    because = ("--because", "they counted the void")
    done = tillctl("import", "commit", path, *because, *at)
    assert done.returncode == 0, done.stderr
    assert "It is imported, whole." in done.stdout
    again = tillctl("import", "commit", path, *because, *at)
    assert "All of it was here already." in again.stdout
    assert "32.80 EUR" in tillctl("import", "find", "R-2", *at).stdout
    assert "Elder POS 4.2" in tillctl("import", "list", *at).stdout
