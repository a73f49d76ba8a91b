"""The programs of the migration, run as an upgrade runs them."""

from __future__ import annotations

import asyncio
import errno
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from hwsim.power.disk import PowerCutDisk, why_not
from hwsim.power.faults import Fail, Rule
from tests.contract.journal_story import rows_of, tell
from tests.support.golden_journals import altered, make_golden, make_golden_with_spill
from tillhald.domain.events import Record, TillStopped, encode_record
from tillhald.journal.engine import META, META_CLOSED, RECORDS, read_meta
from tillhald.journal.format import seq_of
from tillhald.journal.spill import open_spill
from tillhald.journal.store import Store
from tillhald.journal.writer import JournalWriter
from tillhald.migration.copying import MigrationFailed
from tillhald.migration.reading import Reading
from tillhald.service import migrating

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tillhald.migration.copying import Migrated
    from tillhald.migration.reading import Sums
    from tillhald.migration.words import Line
    from tillhald.service.backup_programs import Standing

    Progress = Callable[[Standing], None]

on_a_disk = pytest.mark.skipif(bool(why_not()), reason=why_not() or "")


def quietly(_at: Standing) -> None:
    """Nobody looks at the progress."""


async def run(words: list[str], on_progress: Progress) -> Line:
    line = await migrating.run_migration(sys.executable, words, on_progress)
    if line.refused:
        raise MigrationFailed(line.refused, line.sentence)
    return line


async def run_migration(
    folder: Path, target: Path, on_progress: Progress, *, spills: Sequence[Path] = ()
) -> Migrated:
    more = [word for path in spills for word in ("--spill", str(path))]
    line = await run([str(folder), str(target), *more], on_progress)
    assert line.migrated is not None
    return line.migrated


async def run_check(folder: Path, on_progress: Progress) -> Sums:
    line = await run(["--check", str(folder)], on_progress)
    assert line.checked is not None
    return line.checked


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The journal of schema 1."""
    return make_golden(tmp_path / "old")


def test_it_tells_how_far_it_is_and_what_came_of_it(old: Path, tmp_path: Path) -> None:
    told: list[Standing] = []
    target = tmp_path / "new"
    migrated = asyncio.run(run_migration(old, target, told.append))
    assert told[0].phase == "copying"
    assert told[-1].phase == "checking"
    assert told[-1].done == told[-1].total, "all of it was checked"
    assert asyncio.run(run_check(target, quietly)) == migrated.sums


def test_a_damaged_journal_is_named_as_such(old: Path, tmp_path: Path) -> None:
    altered(old, "receipts")
    with pytest.raises(MigrationFailed, match="receipts is not what was written") as failed:
        asyncio.run(run_migration(old, tmp_path / "new", quietly))
    assert failed.value.reason == "JOURNAL_CORRUPT"


def test_a_journal_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(MigrationFailed, match="No such file") as failed:
        asyncio.run(run_migration(tmp_path / "nowhere", tmp_path / "new", quietly))
    assert failed.value.reason == "STORAGE_FAILED"


def test_a_fact_that_the_program_does_not_know_stops_the_way_to_it(
    old: Path, tmp_path: Path
) -> None:
    """As after an export for an older program: it says so itself, before it is trusted with it."""
    target = tmp_path / "new"
    asyncio.run(run_migration(old, target, quietly))
    body = encode_record(Record(wall_ms=1, events=(TillStopped(),)))
    append(target, body.replace(b"TillStopped", b"TillFlownTo"))
    with pytest.raises(MigrationFailed, match="another version") as failed:
        asyncio.run(run_check(target, quietly))
    assert failed.value.reason == "OTHER_SCHEMA"


def append(folder: Path, body: bytes) -> None:
    store = Store.open(folder)
    writer = JournalWriter(store, on_durable=lambda _: None, on_failed=lambda _: None)
    writer.append(body)
    writer.close(10)
    store.close()


def test_a_copy_of_a_till_at_rest_is_a_journal_that_was_closed_in_order(tmp_path: Path) -> None:
    """The till has it open while it is copied: whoever starts on the copy is told of no crash."""
    told = tmp_path / "told"
    tell(told)
    store = Store.open(told)
    durable = threading.Event()
    writer = JournalWriter(store, on_durable=lambda _: durable.set(), on_failed=lambda _: None)
    try:
        writer.append(encode_record(Record(wall_ms=1, events=(TillStopped(),))))
        assert durable.wait(10)
        for more in ((), ("--at-rest",)):
            target = tmp_path / f"copy{len(more)}"
            asyncio.run(run([str(told), str(target), "--to-schema", "1", *more], quietly))
            with Reading(str(target)) as copy:
                closed = seq_of(read_meta(copy.txn, copy.tables[META], META_CLOSED))
                assert (closed == copy.head.seq) is bool(more), "it is known only if it is said"
    finally:
        writer.close(10)
        store.close()


@on_a_disk
def test_a_full_disk_is_said_to_be_full_and_nothing_is_left(
    old: Path, power_cut_disk: PowerCutDisk
) -> None:
    before = rows_of(old)
    power_cut_disk.free_bytes = 1 << 20
    with pytest.raises(MigrationFailed, match="are free") as failed:
        asyncio.run(run_migration(old, power_cut_disk.path / "new", quietly))
    assert failed.value.reason == "DISK_FULL"
    power_cut_disk.free_bytes = 64 << 20
    power_cut_disk.fail(Rule("write", "*data.mdb", Fail(errno.ENOSPC), nth=3))
    with pytest.raises(MigrationFailed) as failed:
        asyncio.run(run_migration(old, power_cut_disk.path / "new", quietly))
    assert failed.value.reason == "DISK_FULL"
    assert power_cut_disk.injected, "the control: the disk did fill up"
    power_cut_disk.clear_faults()
    assert not (power_cut_disk.path / "new").exists()
    assert rows_of(old) == before
    asyncio.run(run_migration(old, power_cut_disk.path / "new", quietly))


def test_what_only_the_spill_holds_comes_along(old: Path, tmp_path: Path) -> None:
    """The old program died with records in its spill: they were answered for."""
    whole = tmp_path / "whole"
    asyncio.run(run_migration(old, whole, quietly))
    spill = tmp_path / "journal.spill"
    short = make_golden_with_spill(tmp_path / "journal", spill, 12)
    foreign = tmp_path / "foreign.spill"
    open_spill([foreign], bytes(16), size_bytes=1 << 20).close()
    order = run_migration(short, tmp_path / "new", quietly, spills=[foreign, spill])
    migrated = asyncio.run(order)
    with Reading(str(old)) as journal:
        assert migrated.sums == journal.sums()
    new, expected = rows_of(tmp_path / "new"), rows_of(whole)
    for table in (RECORDS, "sales", "requests", "jobs", "outages"):
        assert new[table] == expected[table], table
