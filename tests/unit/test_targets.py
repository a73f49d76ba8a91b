"""The programs behind the Makefile's targets can at least be loaded: nothing else imports them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = sorted((ROOT / "tools").glob("*.py"))
LOAD_S_MAX = 60.0


@pytest.mark.parametrize("tool", TOOLS, ids=lambda path: path.stem)
def test_a_tool_finds_everything_that_it_imports(tool: Path) -> None:
    program = f"import sys; sys.path.insert(0, {str(tool.parent)!r}); import {tool.stem}"
    loaded = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LOAD_S_MAX,
        check=False,
    )
    assert (loaded.returncode, loaded.stderr) == (0, "")
