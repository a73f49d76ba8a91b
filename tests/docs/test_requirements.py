"""The page of requirements is whole, and what it says of tests is so."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache

import pytest

from tests.docs.pages import Row, code_in, page, prose, rows

PAGE = page("docs/reference/requirements.md")
PARTS = {"UP": 47, "DT": 18, "SC": 20, "PW": 34}
ITEMS = [row for row in rows(PAGE) if row.columns[0] == "item"]
PEOPLE = "people"
OPEN = "open: "


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse(page(path).read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, functions) and node.name.startswith("test_")
    )


def test_every_item_stands_there_once_in_its_order() -> None:
    assert [row.cells[0] for row in ITEMS] == [
        f"{part}-{number:02}" for part, count in PARTS.items() for number in range(1, count + 1)
    ]


@pytest.mark.parametrize("row", [pytest.param(row, id=row.cells[0]) for row in ITEMS])
def test_an_item_is_answered_and_tested_or_for_people_or_open(row: Row) -> None:
    _, asked, answered, shown = row.cells
    assert asked.endswith((".", "?")), asked
    if shown == PEOPLE:
        assert "the shop's people" in answered
        return
    if shown.startswith(OPEN):
        assert len(shown) > len(OPEN)
        return
    assert re.search(r"\]\(\.\./", answered), "a module or a page answers it"
    named = code_in(shown)
    assert named
    assert "; ".join(f"`{each}`" for each in named) == shown
    for each in named:
        path, _, name = each.partition("::")
        assert path.startswith("tests/"), each
        assert page(path).is_file(), each
        assert name in names_in(path), each


def test_what_is_open_is_counted() -> None:
    kinds = Counter(
        "open" if row.cells[3].startswith(OPEN) else PEOPLE if row.cells[3] == PEOPLE else "tested"
        for row in ITEMS
    )
    sentence = (
        f"{sum(PARTS.values())} items: {kinds['tested']} answered and tested, "
        f"{kinds[PEOPLE]} for people, {kinds['open']} open."
    )
    assert sentence in prose(PAGE)


def test_one_thing_is_asked_for_once() -> None:
    said = Counter(row.cells[1] for row in ITEMS)
    assert [each for each, count in said.items() if count > 1] == []
