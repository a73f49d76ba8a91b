"""A program of schema 1, made of this one: what a till of the version before runs.

Schema 2 is in a few lines, so they are put back as they were. That the result is such a program is
tested: it writes the golden journal's rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_BEFORE = {
    "schema.py": (
        ("SCHEMA: Final = 2\n", "SCHEMA: Final = 1\n"),
        ("MIN_READER: Final = 2\n", "MIN_READER: Final = 1\n"),
    ),
    "domain/sales_by_day.py": (
        ('_SALE: Final = b"s"\n', '_SALE: Final = b""\n'),
        ("    if not sale.business_day:\n", "    if sale:\n"),
        ("    if not open_day or open_day ==", "    if True or open_day =="),
    ),
}


def lines_of_schema_1(package: Path) -> dict[str, str]:
    """The files that differ, by their names in the package `tillhald`, as schema 1 had them."""
    texts: dict[str, str] = {}
    for name, changes in _BEFORE.items():
        text = (package / name).read_text(encoding="utf-8")
        for after, before in changes:
            assert text.count(after) == 1, f"{name}: {after!r}"
            text = text.replace(after, before)
        texts[name] = text
    return texts


def make_schema_1(package: Path) -> None:
    """Put the lines of schema 1 into the folder of a copy of the package `tillhald`."""
    for name, text in lines_of_schema_1(package).items():
        (package / name).write_text(text, encoding="utf-8")
