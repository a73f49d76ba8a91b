"""Pages in two languages say the same: the same commands and files, heading by heading."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, blocks, links, page, prose, relative, rows

CHINESE = [each for each in PAGES if each.name.endswith(".zh.md")]
HANZI = re.compile(r"[一-鿿]")


def english(twin: Path) -> Path:
    return twin.with_name(twin.name.replace(".zh.md", ".md"))


def headings(each: Path) -> list[int]:
    return [
        len(line) - len(line.lstrip("#")) for line in prose(each).splitlines() if line[:1] == "#"
    ]


def test_there_are_twins() -> None:
    assert {relative(each) for each in CHINESE} >= {
        "docs/howto/set-up-a-ups.zh.md",
        "docs/howto/monthly-ups-test.zh.md",
    }


@pytest.mark.parametrize("twin", CHINESE, ids=relative)
def test_what_a_reader_copies_is_the_same_in_both(twin: Path) -> None:
    assert [(each.info, each.text) for each in blocks(twin)] == [
        (each.info, each.text) for each in blocks(english(twin))
    ]


@pytest.mark.parametrize("twin", CHINESE, ids=relative)
def test_the_twins_have_the_same_parts(twin: Path) -> None:
    assert headings(twin) == headings(english(twin))
    assert len(rows(twin)) == len(rows(english(twin)))
    for mark in (r"^- ", r"^\d+\. "):
        count = len(re.findall(mark, prose(twin), re.MULTILINE))
        assert count == len(re.findall(mark, prose(english(twin)), re.MULTILINE)), mark


@pytest.mark.parametrize("twin", CHINESE, ids=relative)
def test_the_twins_lead_to_each_other_and_are_in_their_own_language(twin: Path) -> None:
    assert twin.name in links(english(twin))
    assert english(twin).name in links(twin)
    assert len(HANZI.findall(prose(twin))) > 200
    # The trade's own word may stand behind ours, in brackets.
    assert not HANZI.search(re.sub(r"\([一-鿿]+\)", "", prose(english(twin))))


def test_the_words_of_commands_are_the_same_in_both() -> None:
    """What stands in backticks is never translated."""
    for twin in CHINESE:
        named = set(re.findall(r"`([^`]+)`", prose(twin).replace("\n", " ")))
        also = set(re.findall(r"`([^`]+)`", prose(english(twin)).replace("\n", " ")))
        assert named == also, relative(twin)


def test_a_technician_finds_the_pages_from_where_a_till_is_set_up() -> None:
    assert "set-up-a-ups.md" in links(page("docs/howto/run-on-a-till.md"))
