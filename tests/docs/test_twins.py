"""A page in Chinese tells of the same commands as its twin in English."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import PAGES, blocks, relative

TWINS = [each for each in PAGES if each.name.endswith(".zh.md")]


def test_there_are_pages_in_chinese() -> None:
    assert TWINS


@pytest.mark.parametrize("page", TWINS, ids=relative)
def test_a_page_and_its_twin_have_the_same_blocks_and_name_each_other(page: Path) -> None:
    twin = page.with_name(page.name.replace(".zh.md", ".md"))
    assert [(b.info, b.text) for b in blocks(page)] == [(b.info, b.text) for b in blocks(twin)]
    assert page.name in twin.read_text(encoding="utf-8")
    assert twin.name in page.read_text(encoding="utf-8")
