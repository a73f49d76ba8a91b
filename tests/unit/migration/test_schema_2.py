"""From schema 1 to 2 and back: the shop of the golden journal comes along, whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.journal_story import rows_of, tell
from tests.support.golden_journals import altered, make_golden, set_schema, stored_lines
from tillhald.domain.sales_by_day import is_sale
from tillhald.journal.engine import (
    CHECKPOINTS,
    INDEX_TABLES,
    META,
    META_ENGINE,
    META_FORMAT,
    META_MIGRATED,
    META_ROWS,
    RECORDS,
)
from tillhald.journal.errors import Fault, JournalDamaged, JournalExists, OtherSchema
from tillhald.migration.checking import check
from tillhald.migration.copying import Migrated, Migration, migrate
from tillhald.migration.reading import Reading
from tillhald.schema import MIN_READER, SCHEMA, Way, way

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


def test_the_golden_journal_is_made_anew_row_for_row(old: Path) -> None:
    stored = [
        (table, key, value) for table, rows in rows_of(old).items() for key, value in rows.items()
    ]
    assert sorted(stored) == sorted(stored_lines())


def test_the_records_go_along_byte_for_byte(old: Path, tmp_path: Path) -> None:
    migrated = brought(old, tmp_path / "new")
    before, after = rows_of(old), rows_of(tmp_path / "new")
    assert after[RECORDS] == before[RECORDS]
    assert after[CHECKPOINTS] == before[CHECKPOINTS]
    assert (migrated.from_schema, migrated.schema, migrated.min_reader) == (1, SCHEMA, MIN_READER)
    with Reading(str(old)) as journal:
        assert (migrated.seq, migrated.head) == (journal.head.seq, journal.head.hash.hex())
        assert migrated.sums == journal.sums()
    assert migrated.totals.suspended_sales == 1
    assert migrated.totals.receipts_given == 9


def test_the_rows_are_those_that_this_program_writes_for_the_same_shop(
    old: Path, tmp_path: Path
) -> None:
    """The story told to this program; only what the machine's own clock says differs."""
    brought(old, tmp_path / "new")
    tell(tmp_path / "told")
    migrated, told = rows_of(tmp_path / "new"), rows_of(tmp_path / "told")
    assert set(migrated) == set(told)
    for table in INDEX_TABLES:
        assert migrated[table] == told[table], table
    assert any(not is_sale(key) for key in told["sales"]), "the control: there is a list"


def test_there_and_back_again_everything_is_as_it_was(old: Path, tmp_path: Path) -> None:
    there = brought(old, tmp_path / "new")
    back = brought(tmp_path / "new", tmp_path / "back", 1)
    assert (back.schema, back.min_reader, back.from_schema) == (1, 1, SCHEMA)
    assert back.sums == there.sums
    before, after = rows_of(old), rows_of(tmp_path / "back")
    assert after[META].pop(META_MIGRATED)
    assert after[META].pop(META_ROWS)  # the old one has no count
    for key in (META_ENGINE, META_FORMAT):  # the same, but written with the head
        assert after[META].pop(key)[12:] == before[META].pop(key)[12:]
    assert after == before


def test_what_was_sold_since_goes_back_to_the_older_schema_too(old: Path, tmp_path: Path) -> None:
    """The whole story told to this program, exported: what a program of schema 1 wrote of it."""
    tell(tmp_path / "told")
    brought(tmp_path / "told", tmp_path / "back", 1)
    back, golden = rows_of(tmp_path / "back"), rows_of(old)
    for table in INDEX_TABLES:
        assert back[table] == golden[table], table


def test_the_same_journal_gives_the_same_copy(old: Path, tmp_path: Path) -> None:
    brought(old, tmp_path / "one")
    brought(old, tmp_path / "other")
    assert (tmp_path / "one/data.mdb").read_bytes() == (tmp_path / "other/data.mdb").read_bytes()


def test_the_copy_is_looked_at_by_the_program_that_is_to_go_on_with_it(
    old: Path, tmp_path: Path
) -> None:
    migrated = brought(old, tmp_path / "new")
    assert check(tmp_path / "new", quietly) == migrated.sums
    with pytest.raises(OtherSchema):
        check(old, quietly)


@pytest.mark.parametrize("table", [RECORDS, CHECKPOINTS, META, "sales", "days", "jobs", "requests"])
def test_a_damaged_journal_is_refused_and_nothing_is_left(
    old: Path, tmp_path: Path, table: str
) -> None:
    before = rows_of(old)
    altered(old, table)
    with pytest.raises(JournalDamaged) as damage:
        brought(old, tmp_path / "new")
    assert damage.value.fault is Fault.EDITED
    assert not (tmp_path / "new").exists()
    after = rows_of(old)
    assert sum(after[name] != before[name] for name in before) == 1, "the control: one is altered"


def test_what_is_not_known_is_refused(old: Path, tmp_path: Path) -> None:
    for to_schema in (0, SCHEMA + 1):
        with pytest.raises(ValueError, match="known are 1 to 2"):
            brought(old, tmp_path / "new", to_schema)
    set_schema(old, SCHEMA + 1)
    with pytest.raises(OtherSchema, match="knows 1 to 2"):
        brought(old, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_nothing_is_copied_over_what_is_there(old: Path, tmp_path: Path) -> None:
    brought(old, tmp_path / "new")
    content = (tmp_path / "new/data.mdb").read_bytes()
    with pytest.raises(JournalExists):
        brought(old, tmp_path / "new")
    assert (tmp_path / "new/data.mdb").read_bytes() == content


def test_a_program_keeps_copies_or_has_data_exported_by_its_schema() -> None:
    assert way(2, schema=2, min_reader=2) is Way.KEEP
    assert way(2, schema=1, min_reader=1) is Way.MIGRATE
    assert way(1, schema=2, min_reader=2) is Way.EXPORT
    assert way(1, schema=2, min_reader=1) is Way.KEEP
