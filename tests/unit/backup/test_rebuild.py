"""A journal that was built of backups is one that a till starts and sells with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from tests.support.backups import OWNER, made, shop_journal
from tillhald.backup.reading import check_whole, read_backup
from tillhald.backup.rebuild import Rebuild
from tillhald.domain.errors import BackupCorrupt
from tillhald.journal.recovery import Places, open_journal

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
