"""Salvaging what is there twice, what is not known, and by the program."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hwsim.power.disk import PowerCutDisk, why_not
from hwsim.power.faults import Fail, Rule
from tests.support.salvaging import (
    PAGE_BYTES,
    Written,
    body_of,
    envelopes,
    found_in,
    gone,
    judge,
    overwrite,
    places_of,
    rows,
    write_journal,
)
from tillhald.journal.engine import (
    META,
    META_BASE,
    META_CLOSED,
    META_HEAD,
    META_SEED,
    RECORDS,
)
from tillhald.journal.errors import JournalDamaged
from tillhald.journal.format import Head, pack_head, record_hash, row_seed, seal, seal_row, seq_key
from tillhald.journal.salvage import salvage

if TYPE_CHECKING:
    import lmdb

    from tillhald.journal.engine import Tables
    from tillhald.journal.identity import Identity

Tampering = Callable[[Path], "AbstractContextManager[tuple[lmdb.Transaction[bytes], Tables]]"]


@pytest.fixture
def written(folder: Path, identity: Identity) -> Callable[..., Written]:
    """Make a journal, see `write_journal`."""
    return lambda last_seq, long=(): write_journal(folder, identity, last_seq, long)


# --- two records of one number


def grafted(journal: Written, envelope: bytes) -> None:
    """Put the record into a page behind the file's end, as a stale leaf would hold it."""
    number = journal.path.stat().st_size // PAGE_BYTES
    node = len(envelope).to_bytes(4, "little") + bytes(2) + (8).to_bytes(2, "little")
    node += envelope[10:18] + envelope
    place = (PAGE_BYTES - len(node)) // 2 * 2
    head = number.to_bytes(8, "little") + bytes(2) + (2).to_bytes(2, "little")
    head += (18).to_bytes(2, "little") + place.to_bytes(2, "little") + place.to_bytes(2, "little")
    page = head + bytes(place - len(head)) + node
    with journal.path.open("ab") as file:
        file.write(page.ljust(PAGE_BYTES, b"\0"))


def another(journal: Written, seq: int) -> bytes:
    """A whole record of this number that was never confirmed."""
    return seal(journal.chain_id, seq, journal.records[seq][18:50], body_of(seq) + b"\x01")[0]


def test_what_the_last_commit_does_not_count_is_no_conflict(
    written: Callable[..., Written],
) -> None:
    journal = written(9)
    grafted(journal, another(journal, 9))
    with found_in(journal) as found:
        assert judge(journal, found) == set()


@pytest.mark.parametrize("seq", [1, 5, 9])
def test_of_two_whole_records_the_chain_says_which_and_it_is_told(
    written: Callable[..., Written], seq: int
) -> None:
    journal = written(9)
    grafted(journal, another(journal, seq))
    overwrite(journal, 0, bytes(PAGE_BYTES))
    with found_in(journal) as found:
        assert envelopes(found) == journal.records
        (conflict,) = found.conflicts
        kept = record_hash(journal.chain_id, seq, journal.records[seq])
        assert conflict == (seq, 2, kept, "chain")
        assert found.breaks == ()


def test_two_whole_records_that_nothing_decides_between_are_a_guess(
    written: Callable[..., Written],
) -> None:
    journal = written(9)
    grafted(journal, another(journal, 5))
    for at in places_of(journal.records[6], journal.path.read_bytes()):
        overwrite(journal, at + 60, b"X")
    overwrite(journal, 0, bytes(PAGE_BYTES))
    with found_in(journal) as found:
        assert gone(found) == {6}
        assert [(each.seq, each.why) for each in found.conflicts] == [(5, "guess")]


def test_a_record_that_was_rewritten_skilfully_is_a_break_behind_it(
    written: Callable[..., Written],
) -> None:
    journal = written(9)
    envelope = journal.records[5]
    forged, _ = seal(journal.chain_id, 5, envelope[18:50], envelope[50:-1] + b"!")
    for at in places_of(envelope, journal.path.read_bytes()):
        overwrite(journal, at, forged)
    with found_in(journal) as found:
        assert found.breaks == (6,)
        assert envelopes(found)[5] == forged


def test_a_last_record_that_is_not_the_head_is_a_break(written: Callable[..., Written]) -> None:
    journal = written(9)
    envelope = journal.records[9]
    forged, _ = seal(journal.chain_id, 9, envelope[18:50], envelope[50:-1] + b"!")
    for at in places_of(envelope, journal.path.read_bytes()):
        overwrite(journal, at, forged)
    with found_in(journal) as found:
        assert found.breaks == (9,)


@pytest.mark.parametrize("damaged", [False, True])
def test_what_a_power_cut_left_behind_the_head_is_not_given_out(
    written: Callable[..., Written], tampering: Tampering, damaged: bool
) -> None:
    """All pages of a last commit are there, and its meta page is not."""
    journal = written(20)
    metas = journal.path.read_bytes()[: 2 * PAGE_BYTES]
    last, digest = seal(
        journal.chain_id, 21, record_hash(journal.chain_id, 20, journal.records[20]), body_of(21)
    )
    seed = row_seed(journal.chain_id, "sales")
    with tampering(journal.path.parent) as (txn, tables):
        txn.put(seq_key(21), last, db=tables[RECORDS])
        txn.put(b"sale-21", seal_row(seed, b"sale-21", 21, b"never paid"), db=tables["sales"])
        head = pack_head(Head(21, digest))
        txn.put(META_HEAD, seal_row(META_SEED, META_HEAD, 21, head), db=tables[META])
    overwrite(journal, 0, metas)
    if damaged:
        for at in places_of(journal.records[4], journal.path.read_bytes()):
            overwrite(journal, at + 60, b"X")
    with found_in(journal) as found:
        assert judge(journal, found) == ({4} if damaged else set())
        assert (found.head or Head(0, b"")).seq == 20
        assert found.unconfirmed == 1
        assert ("sales", b"sale-21") not in rows(found)


# --- segments, and what is not known


def test_a_journal_that_begins_later_lacks_nothing_before_its_base(
    written: Callable[..., Written], tampering: Tampering
) -> None:
    journal = written(9)
    base = Head(5, record_hash(journal.chain_id, 5, journal.records[5]))
    with tampering(journal.path.parent) as (txn, tables):
        for seq in range(1, 6):
            txn.delete(seq_key(seq), db=tables[RECORDS])
        txn.put(META_BASE, seal_row(META_SEED, META_BASE, 5, pack_head(base)), db=tables[META])
    with found_in(journal) as found:
        assert found.base == base
        assert (found.gone, found.breaks) == ((), ())
        assert list(envelopes(found)) == [6, 7, 8, 9]
        assert list(found.recovered()) == [(6, 9)]


def test_without_any_copy_of_the_description_the_beginning_and_the_head_are_unknown(
    written: Callable[..., Written],
) -> None:
    journal = written(9)
    for name in (META_HEAD, META_CLOSED, b"chain_id"):
        for at in places_of(name, journal.path.read_bytes()):
            overwrite(journal, at, b"\xff")
    with pytest.raises(JournalDamaged, match="chain id"):
        found_in(journal)
    with found_in(journal, journal.chain_id) as found:
        assert envelopes(found) == journal.records
        assert (found.head, found.base) == (None, None)


def test_with_a_wrong_chain_id_nothing_is_found(written: Callable[..., Written]) -> None:
    journal = written(9)
    for at in places_of(b"chain_id", journal.path.read_bytes()):
        overwrite(journal, at, b"\xff")
    with found_in(journal, bytes(16)) as found:
        assert (found.records_found, rows(found)) == (0, {})


def test_the_files_own_chain_id_is_believed_first(written: Callable[..., Written]) -> None:
    journal = written(9)
    with found_in(journal, bytes(16)) as found:
        assert envelopes(found) == journal.records


def test_of_a_damaged_table_the_newest_whole_copy_of_a_row_is_taken(
    written: Callable[..., Written],
) -> None:
    journal = written(20)
    for at in places_of(b"version 20", journal.path.read_bytes()):
        overwrite(journal, at, b"Version 20")
    with found_in(journal) as found:
        assert "jobs" not in found.whole_tables
        assert found.whole_tables >= {RECORDS, "sales", META}
        (row,) = found.rows("jobs")
        assert row == (b"every", 19, b"version 19")


# --- a file that changes


def test_a_file_that_changes_while_it_is_read_is_noticed(
    written: Callable[..., Written],
) -> None:
    journal = written(9)
    found = found_in(journal)
    for at in places_of(journal.records[4], journal.path.read_bytes()):
        overwrite(journal, at + 60, b"X")
    with found, pytest.raises(JournalDamaged, match="Record 4") as damaged:
        envelopes(found)
    assert damaged.value.seq == 4


# --- a disk that does not give everything


@pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
@pytest.mark.parametrize("seed", range(5))
def test_what_the_disk_does_not_give_is_counted_and_the_rest_is_found(
    written: Callable[..., Written], tmp_path: Path, seed: int
) -> None:
    journal = written(60, (7, 20))
    with PowerCutDisk(tmp_path / "disk", start=journal.path.parent) as disk:
        disk.fail(Rule("read", "data.mdb", Fail(errno.EIO), probability=0.7, seed=seed))
        with salvage(disk.path / "data.mdb", journal.chain_id) as found:
            disk.clear_faults()
            recovered = envelopes(found)
        assert {seq: journal.records[seq] for seq in recovered} == recovered
        assert recovered
        assert found.unreadable_bytes >= PAGE_BYTES
        with salvage(disk.path / "data.mdb") as found:
            assert envelopes(found) == journal.records
            assert found.unreadable_bytes == 0


# --- as a program


def run(*arguments: str | Path) -> tuple[list[dict[str, object]], str]:
    done = subprocess.run(
        [sys.executable, "-m", "tillhald.journal.salvage", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_the_program_tells_what_is_saved_and_what_is_gone(
    written: Callable[..., Written], tmp_path: Path
) -> None:
    journal = written(12)
    for seq in (4, 5, 9):
        for at in places_of(journal.records[seq], journal.path.read_bytes()):
            overwrite(journal, at + 60, b"X")
    out = tmp_path / "saved"
    lines, complaint = run(journal.path.parent, "--out", out)
    assert complaint == ""
    *before, result = lines
    told = [line for line in before if "done" not in line]
    assert [line["recovered"] for line in told if "recovered" in line] == [[1, 3], [6, 8], [10, 12]]
    assert [line["gone"] for line in told if "gone" in line] == [[4, 5], [9, 9]]
    reading = [line for line in before if line.get("phase") == "reading"]
    assert reading[-1]["done"] == reading[-1]["total"]
    assert result["records"] == 9
    assert result["gone_records"] == 3
    assert result["damaged_tables"] == ["records"]
    assert result["chain_id"] == journal.chain_id.hex()
    assert out.stat().st_size > sum(map(len, journal.records.values())) // 2


@pytest.mark.parametrize("why", ["no journal", "something is there", "no folder to write to"])
def test_the_program_says_in_a_line_why_nothing_was_saved(
    written: Callable[..., Written], tmp_path: Path, why: str
) -> None:
    journal = written(3)
    folder, out = journal.path.parent, tmp_path / "saved"
    match why:
        case "no journal":
            folder = tmp_path
        case "something is there":
            out.write_text("kept")
        case _:
            out = tmp_path / "nowhere" / "saved"
    lines, complaint = run(folder, "--out", out)
    assert complaint == ""
    assert lines[-1]["fault"] == "unreadable"
    assert lines[-1]["sentence"]
    left = [path.name for path in tmp_path.iterdir() if path.name.startswith("saved")]
    assert left == (["saved"] if why == "something is there" else [])
    assert why != "something is there" or out.read_text() == "kept"


def test_a_killed_salvage_leaves_no_file_by_the_name_that_was_asked_for(
    written: Callable[..., Written], tmp_path: Path
) -> None:
    journal = written(30)
    out = tmp_path / "saved"
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from tillhald.journal.salvage import salvage\n"
        "from tillhald.journal.salvage_file import write_salvage\n"
        "found = salvage(Path(sys.argv[1]))\n"
        "os.fsync = lambda _: os._exit(9)\n"
        "write_salvage(Path(sys.argv[2]), found, print)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(journal.path), str(out)], timeout=60, check=False
    )
    assert done.returncode == 9
    assert not out.exists()
    assert run(journal.path.parent, "--out", out)[0][-1]["records"] == 30
