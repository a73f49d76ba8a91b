"""Full backups, increments, and restoring both."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.backups import (
    ESCROW,
    OWNER,
    STRANGER,
    Everything,
    checked,
    made,
    make_order,
    restored,
    run,
    shop_journal,
)
from tillhald.journal.engine import INDEX_TABLES
from tillhald.journal.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from tillhald.backup.words import Line

SALES_MORE = 25
_SELLER = """
import asyncio, pathlib, sys
from bench.inprocess import fill
asyncio.run(fill(pathlib.Path(sys.argv[1]), 1500))
"""


def stored(journal: Path, until_seq: int) -> Everything:
    """What the journal itself holds, of records and of rows that came with them."""
    found = Everything()
    store = Store.open(journal)
    with store.engine.reading() as txn:
        for key, value in txn.cursor(store.engine.tables["records"]):
            seq = int.from_bytes(key, "big")
            if seq <= until_seq:
                found.by_seq[seq] = value
        for table in INDEX_TABLES:
            for key, value in txn.cursor(store.engine.tables[table]):
                if int.from_bytes(value[:8], "big") <= until_seq:
                    found.by_key[table, key] = value
    store.close()
    return found


def assert_holds_the_journal(taker: Everything, journal: Path, until_seq: int) -> None:
    wanted = stored(journal, until_seq)
    assert taker.by_seq == wanted.by_seq
    held = {name: value for name, value in taker.by_key.items() if name[0] != "checkpoints"}
    # A row that changed after the backup is there as it was then, and can not be compared.
    assert {name: held[name] for name in wanted.by_key} == wanted.by_key
    assert max(taker.by_seq) == until_seq


def file_of(line: Line, stick: Path) -> Path:
    assert line.made is not None
    return stick / line.made.file_name


def test_a_full_backup_has_every_record_and_row_to_the_last_bit(journal: Path, stick: Path) -> None:
    line = made(journal, stick, **{"keys.json": "{}"})
    assert line.made is not None
    taker = restored(file_of(line, stick))
    assert_holds_the_journal(taker, journal, line.made.last_seq)
    assert taker.files == {"keys.json": b"{}"}


@pytest.mark.parametrize("who", ["owner", "escrow", "till"])
def test_whoever_should_can_open_it_and_the_totals_are_those_of_the_till(
    who: str, journal: Path, stick: Path, tmp_path: Path
) -> None:
    from pyrage import x25519

    line = made(journal, stick)
    assert line.made is not None
    keys = {"owner": OWNER, "escrow": ESCROW, "till": x25519.Identity.from_str(line.secret)}
    (found,) = checked(file_of(line, stick), key=keys[who], scratch=tmp_path / "s").found or []
    assert found.is_open
    assert found.totals == line.made.totals
    assert found.completed == found.totals.sales > 0
    assert found.payable_minor == found.totals.payable_minor
    assert found.sha256 == line.made.sha256
    assert not (tmp_path / "s").exists()


def test_a_stranger_can_tell_that_it_is_whole_and_no_more(journal: Path, stick: Path) -> None:
    line = made(journal, stick)
    (found,) = checked(file_of(line, stick), key=None).found or []
    assert not found.is_open
    assert found.totals is None
    assert checked(file_of(line, stick), key=STRANGER).refused == "BACKUP_KEY_WRONG"


def test_increments_go_on_where_the_one_before_ended(stick: Path, tmp_path: Path) -> None:
    journal = shop_journal(tmp_path / "shop", SALES_MORE)
    lines = [made(journal, stick)]
    for _ in range(2):
        shop_journal(tmp_path / "shop", SALES_MORE)
        lines.append(made(journal, stick, lines[-1].made))
    files = [file_of(line, stick) for line in lines]
    last = lines[-1].made
    assert last is not None
    assert_holds_the_journal(restored(*files), journal, last.last_seq)
    line = checked(*files, scratch=tmp_path / "s")
    assert line.found, line
    assert line.found[-1].totals == last.totals
    assert last.totals.sales == 3 * SALES_MORE
    assert files[1].stat().st_size < files[0].stat().st_size * 2

    # One that is missing in the middle is noticed, and so is the wrong order.
    assert checked(files[0], files[2], scratch=tmp_path / "s").refused == "BACKUP_CORRUPT"
    assert checked(files[1], files[0], scratch=tmp_path / "s").refused == "BACKUP_CORRUPT"


def test_an_increment_after_a_record_that_is_not_the_journals_is_refused(
    journal: Path, stick: Path, tmp_path: Path
) -> None:
    other = made(shop_journal(tmp_path / "other", 3), stick)
    line = run("make", make_order(journal, stick, other.made))
    assert line.refused == "BACKUP_FAILED", line
    assert [path.suffix for path in stick.iterdir()] == [".tbk"]


def test_what_is_sold_meanwhile_is_in_it_whole_or_not_at_all(stick: Path, tmp_path: Path) -> None:
    """Rows change under the reader: what it has must be of one moment."""
    journal = shop_journal(tmp_path / "shop", SALES_MORE)
    folder = tmp_path / "shop"
    seller = subprocess.Popen(
        [
            sys.executable,
            "-c",
            _SELLER,
            str(folder),
        ],
        stdout=subprocess.DEVNULL,
    )
    backups = []
    try:
        while seller.poll() is None:
            backups.append(made(journal, stick))
    finally:
        seller.kill()
        seller.wait()
    assert backups
    ends = [line.made.last_seq for line in backups if line.made]
    print(f"ended at {ends}")
    for line in backups:
        assert line.made is not None
        assert_holds_the_journal(restored(file_of(line, stick)), journal, line.made.last_seq)
        assert checked(file_of(line, stick), scratch=tmp_path / "s").found


def test_a_damaged_journal_gives_no_backup(journal: Path, stick: Path, tmp_path: Path) -> None:
    spoilt = tmp_path / "journal"
    shutil.copytree(journal, spoilt)
    raw = (spoilt / "data.mdb").read_bytes()
    # Every copy that LMDB has of it: which one counts is not for us to know.
    (spoilt / "data.mdb").write_bytes(raw.replace(b"SaleCompleted", b"SaleCompletec"))
    line = run("make", make_order(spoilt, stick))
    assert line.refused == "BACKUP_FAILED", line
    assert list(stick.iterdir()) == []


def test_nothing_is_written_over_and_a_part_that_was_left_is_removed(
    journal: Path, stick: Path
) -> None:
    first = file_of(made(journal, stick), stick)
    content = first.read_bytes()
    (stick / "0123.tbk.part").write_bytes(b"half")
    second = file_of(made(journal, stick), stick)
    assert {path.name for path in stick.iterdir()} == {first.name, second.name}
    assert first.read_bytes() == content
