"""The written pages, taken apart: code blocks, tables by heading, links."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
TOP = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")
PAGES = sorted(
    [
        *(ROOT / name for name in TOP),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "daemon/tillhald/drivers").glob("*/README.md"),
    ]
)

_FENCE = re.compile(r"( *)```(.*)")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`]+)`")


class Block(NamedTuple):
    """A fenced block: its info string, its lines, where it begins."""

    page: Path
    info: str
    text: str
    line: int

    @property
    def name(self) -> str:
        return f"{relative(self.page)}:{self.line}"


class Row(NamedTuple):
    """A row of a table, under the heading that it stands below."""

    heading: str
    columns: tuple[str, ...]
    cells: tuple[str, ...]


def relative(page: Path) -> str:
    return str(page.relative_to(ROOT))


def page(name: str) -> Path:
    return ROOT / name


def blocks(page: Path) -> list[Block]:
    """All fenced blocks, without their indentation. A fence that is left open is a mistake."""
    found: list[Block] = []
    opened: tuple[str, str, int] | None = None
    lines: list[str] = []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        fence = _FENCE.fullmatch(line)
        if fence and opened is None:
            opened, lines = (fence[1], fence[2].strip(), number), []
        elif fence and opened is not None:
            found.append(Block(page, opened[1], "\n".join(lines) + "\n", opened[2]))
            opened = None
        elif opened is not None:
            lines.append(line.removeprefix(opened[0]))
    assert opened is None, f"{relative(page)}:{opened and opened[2]} is not closed"
    return found


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    kept: list[str] = []
    inside = False
    for line in page.read_text(encoding="utf-8").splitlines():
        if _FENCE.fullmatch(line):
            inside = not inside
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def rows(page: Path) -> list[Row]:
    """All rows of all tables. `columns` are the table's own, `heading` has no backticks."""
    found: list[Row] = []
    heading = ""
    columns: tuple[str, ...] = ()
    for line in prose(page).splitlines():
        if line.startswith("#"):
            heading, columns = line.lstrip("# ").replace("`", ""), ()
        elif line.startswith("|"):
            cells = tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1])
            if not columns:
                columns = cells
            elif set("".join(cells)) - set("-: "):
                assert len(cells) == len(columns), f"{relative(page)}: {line}"
                found.append(Row(heading, columns, cells))
        else:
            columns = ()
    return found


def code_in(cell: str) -> list[str]:
    """What stands in backticks."""
    return _CODE.findall(cell)


def links(page: Path) -> list[str]:
    return _LINK.findall(prose(page))


def anchors(page: Path) -> set[str]:
    """The headings as a reader's browser names them."""
    found = set()
    for line in prose(page).splitlines():
        if line.startswith("#"):
            words = re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower())
            found.add(words.replace(" ", "-"))
    return found
