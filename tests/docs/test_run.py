"""What the pages tell a reader to run does what they say, on a till of its own for each page."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hwsim.drawer import VirtualDrawer
from hwsim.printer import VirtualPrinter
from tests.docs.pages import PAGES, ROOT, Block, blocks, page, relative
from tests.support.till import a_till

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.till import Till

RUN_S_MAX = 30.0
RUNNABLE = [each for each in PAGES if any(block.info.endswith(" run") for block in blocks(each))]


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Till]:
    """A till that runs, with a journal of its own, where the pages look for one."""
    with (
        VirtualPrinter(drawer=VirtualDrawer()) as printer,
        a_till(printer=printer) as till,
    ):
        monkeypatch.setenv("TILLHAL_ADDRESS", till.address)
        yield till.start()


def run_python(block: Block, names: dict[str, object]) -> str:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(block.text, block.name, "exec"), names)
    return said.getvalue()


def run_shell(block: Block, till: Till) -> str:
    text = block.text.replace(".run/api.sock", str(till.folder / "api.sock"))
    text = text.replace(".venv/bin/", f"{Path(sys.executable).parent}/")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        capture_output=True,
        text=True,
        timeout=RUN_S_MAX,
        check=False,
        cwd=ROOT,
        env=dict(os.environ),
    )
    assert done.returncode == 0, f"{block.name}: {done.stderr}"
    return done.stdout


@pytest.mark.parametrize("each", RUNNABLE, ids=relative)
def test_the_blocks_of_a_page_run_from_top_to_bottom_and_say_what_it_says(
    each: Path, shop: Till
) -> None:
    names: dict[str, object] = {}
    said: str | None = None
    try:
        for block in blocks(each):
            match block.info:
                case "python run":
                    said = run_python(block, names)
                case "sh run":
                    said = run_shell(block, shop)
                case "text output":
                    assert said == block.text, block.name
    finally:
        till = names.get("till")
        if till is not None:
            till.close()  # type: ignore[attr-defined]


def test_the_shells_sale_is_the_one_that_the_readme_tells_of(shop: Till) -> None:
    sale = next(block for block in blocks(page("README.md")) if block.info == "sh run")
    first = run_shell(sale, shop)
    again = run_shell(sale, shop)
    assert '"state": "SALE_STATE_COMPLETED"' in first
    assert re.search(r'"payable": \{[^}]*"minorUnits": "640"', first)
    assert '"replayed"' not in first
    assert '"replayed": true' in again


def test_the_demo_says_what_the_readme_shows() -> None:
    """Every sentence of the demo's program stands in the README's copy, in its order."""
    (shown,) = [b.text for b in blocks(page("README.md")) if b.info == "text demo"]
    program = page("tools/demo.py").read_text(encoding="utf-8")
    titles = re.findall(r'^\s+\("([A-Z][^"]+)", \w+\),$', program, re.MULTILINE)
    titles += re.findall(r'say\("(?:\\n)?([A-Z][^"{}]+)"\)', program)
    assert len(titles) >= 5
    for title in titles:
        assert f"{title}\n" in shown
    assert shown.count("JOB_STATE_CONFIRMED (PROCESS_ID)") == 4
    assert "is sound." in shown
