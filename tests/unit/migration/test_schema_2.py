"""From schema 1 to 2 and back: the shop of the golden journal comes along, whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.journal_story import rows_of, tell
from tests.support.golden_journals import make_golden
from tillhald.journal.engine import META, RECORDS
from tillhald.migration.copying import Migrated, Migration, migrate
from tillhald.schema import SCHEMA

if TYPE_CHECKING:
    from pathlib import Path


def quietly(_phase: str, _done: int, _total: int) -> None:
    """Nobody looks at the progress."""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The journal of schema 1."""
    return make_golden(tmp_path / "old")


def brought(source: Path, target: Path, to_schema: int = SCHEMA) -> Migrated:
    return migrate(Migration(source, target, to_schema), quietly)


def test_the_records_go_along_byte_for_byte(old: Path, tmp_path: Path) -> None:
    brought(old, tmp_path / "new")
    assert rows_of(tmp_path / "new")[RECORDS] == rows_of(old)[RECORDS]


def test_the_rows_are_those_that_this_program_writes_for_the_same_shop(
    old: Path, tmp_path: Path
) -> None:
    """The story told to this program; only what the machine's own clock says differs."""
    brought(old, tmp_path / "new")
    tell(tmp_path / "told")
    migrated, told = rows_of(tmp_path / "new"), rows_of(tmp_path / "told")
    assert set(migrated) == set(told)
    for table in set(told) - {META, RECORDS, "checkpoints"}:
        assert migrated[table] == told[table], table
