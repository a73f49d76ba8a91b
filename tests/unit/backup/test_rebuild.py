"""A journal that was built of backups is one that a till starts and sells with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.contract.journal_story import rows_of
from tests.support.backups import OWNER, made, shop_journal
from tests.support.golden_journals import make_golden, set_schema
from tillhald.backup.folder import BackupFolder, Part
from tillhald.backup.keys import public_bytes
from tillhald.backup.layout import Header
from tillhald.backup.reading import check_whole, read_backup
from tillhald.backup.rebuild import Rebuild
from tillhald.backup.source import Source
from tillhald.backup.writing import write_backup
from tillhald.domain.backup import BackupKind
from tillhald.domain.errors import BackupCorrupt
from tillhald.journal.engine import INDEX_TABLES, RECORDS
from tillhald.journal.recovery import Places, open_journal
from tillhald.migration.copying import Migration, migrate
from tillhald.schema import SCHEMA

if TYPE_CHECKING:
    from pathlib import Path

    from tillhald.domain.backup import BackupTotals
    from tillhald.journal.identity import Identity

SALES = 20


def rebuilt(folder: Path, *files: Path, identity: Identity | None = None) -> BackupTotals:
    """Build a journal; what `prove` says of it."""
    with Rebuild(folder, identity) as it:
        for path in files:
            with path.open("rb") as file:
                clear = check_whole(file)
                it.begin(clear)
                ending = read_backup(file, clear, OWNER, it)
        totals = it.prove(lambda _done, _total: None)
    assert totals == ending.totals
    return totals


def test_a_rebuilt_journal_is_opened_and_sold_with(stick: Path, tmp_path: Path) -> None:
    journal = shop_journal(tmp_path / "shop", SALES)
    first = made(journal, stick)
    assert first.made
    shop_journal(tmp_path / "shop", SALES)
    second = made(journal, stick, first.made)
    assert second.made
    (tmp_path / "new").mkdir()
    folder = tmp_path / "new" / "journal"
    files = [stick / line.made.file_name for line in (first, second) if line.made]
    assert rebuilt(folder, *files) == second.made.totals
    store, spill, report = open_journal(Places(folder))
    spill.close()
    store.close()
    assert report.head_hash.hex() == second.made.head_hash
    assert report.clean_shutdown
    assert report.faults == ()
    shop_journal(tmp_path / "new", SALES)
    third = made(folder, stick)
    assert third.made
    assert third.made.totals.sales == 3 * SALES


def test_a_rebuilt_journal_says_whose_it_is_as_it_was_told(
    journal: Path, stick: Path, tmp_path: Path
) -> None:
    line = made(journal, stick)
    assert line.made
    file = stick / line.made.file_name
    with file.open("rb") as opened:
        was = check_whole(opened).header.identity
    identity = msgspec.structs.replace(was, incarnation=was.incarnation + 1)
    rebuilt(tmp_path / "built", file, identity=identity)
    store, spill, _ = open_journal(Places(tmp_path / "built"))
    spill.close()
    store.close()
    assert store.identity == identity


def test_what_was_not_proven_is_gone(journal: Path, stick: Path, tmp_path: Path) -> None:
    line = made(journal, stick)
    assert line.made
    with (stick / line.made.file_name).open("rb") as file:
        clear = check_whole(file)
    folder = tmp_path / "built"

    def read_too_little() -> None:
        with Rebuild(folder) as it:
            it.begin(clear)
            it.begin(clear)

    with pytest.raises(BackupCorrupt):
        read_too_little()
    assert not folder.exists()


def test_nothing_is_built_where_something_is(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(FileExistsError), Rebuild(tmp_path / "there"):
        pass
    assert (tmp_path / "there").is_dir()


# --- of an older schema


def older_backup(tmp_path: Path, stick: Path) -> Path:
    """The golden shop of schema 1, as a program of that schema backed it up."""
    journal = make_golden(tmp_path / "shop-of-schema-1" / "journal")
    # Only so that it can be read here: rows and header are those of schema 1.
    set_schema(journal, SCHEMA)
    key = Ed25519PrivateKey.generate()
    with (
        Source(str(journal), None) as source,
        Part(BackupFolder(stick, journal, other_disk=False), "0" * 32) as part,
    ):
        header = Header(
            backup_id="0" * 32,
            kind=BackupKind.FULL,
            identity=source.identity,
            made_ms=0,
            first_seq=1,
            prev_hash=source.after.hash,
            follows="",
            journal_format=1,
            version="0.1.0",
            recipients=(str(OWNER.to_public()),),
            signer=public_bytes(key),
        )
        write_backup(
            part,
            source,
            header,
            [],
            recipients=[OWNER.to_public()],
            key=key,
            on_progress=lambda _done, _total: None,
        )
        part.settle()
        part.finish("older.tbk")
    return stick / "older.tbk"


def test_a_backup_of_an_older_version_becomes_a_journal_of_this_one(
    stick: Path, tmp_path: Path
) -> None:
    backup = older_backup(tmp_path, stick)
    folder = tmp_path / "new"
    rebuilt(folder, backup)
    migrate(
        Migration(make_golden(tmp_path / "golden"), tmp_path / "migrated", SCHEMA),
        lambda _phase, _done, _total: None,
    )
    restored, migrated = rows_of(folder), rows_of(tmp_path / "migrated")
    for table in (RECORDS, *INDEX_TABLES):
        assert restored[table] == migrated[table], table


def test_an_increment_does_not_go_on_from_a_backup_of_an_older_schema(
    stick: Path, tmp_path: Path
) -> None:
    backup = older_backup(tmp_path, stick)
    with backup.open("rb") as file, Rebuild(tmp_path / "new") as it:
        clear = check_whole(file)
        it.begin(clear)
        read_backup(file, clear, OWNER, it)
        assert it.end is not None
        newer = msgspec.structs.replace(
            clear.header, journal_format=2, first_seq=it.end.seq + 1, prev_hash=it.end.hash
        )
        with pytest.raises(BackupCorrupt, match="another schema"):
            it.begin(clear._replace(header=newer))
    newest = msgspec.structs.replace(clear.header, journal_format=3)
    with Rebuild(tmp_path / "newest") as it, pytest.raises(BackupCorrupt, match="newer version"):
        it.begin(clear._replace(header=newest))
