"""Getting out of a damaged journal whatever is whole in it, and nothing else."""

from __future__ import annotations

import itertools
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import pytest

from tillhald.journal.creation import create
from tillhald.journal.engine import (
    ALL_TABLES,
    CHECKPOINTS,
    META,
    META_BASE,
    META_CLOSED,
    META_HEAD,
    META_SEED,
    RECORDS,
)
from tillhald.journal.errors import Fault, JournalDamaged
from tillhald.journal.format import Head, Row, pack_head, record_hash, seal, seal_row, seq_key
from tillhald.journal.salvage import Salvage, salvage
from tillhald.journal.store import Store
from tillhald.journal.verify import verify
from tillhald.journal.writer import JournalWriter

if TYPE_CHECKING:
    import lmdb

    from tillhald.journal.engine import Tables
    from tillhald.journal.identity import Identity

Tampering = Callable[[Path], "AbstractContextManager[tuple[lmdb.Transaction[bytes], Tables]]"]

MAP_BYTES = 256 << 10
PAGE_BYTES = 4096
OVERFLOWING = 9_000
"""A body that LMDB puts into pages of its own."""
CASES = 150


class Written(NamedTuple):
    """A journal, and what was written into it."""

    path: Path
    chain_id: bytes
    records: dict[int, bytes]
    """The stored bytes, by number."""
    versions: dict[tuple[str, bytes], set[bytes]]
    """All values that each row ever had; those of the tables of indexes."""
    rows: dict[tuple[str, bytes], bytes]
    """Those that were there at last."""


def body_of(seq: int, length: int = 40) -> bytes:
    return msgspec.msgpack.encode({"n": seq, "text": ("%d " % seq) * (length // 4)})


@pytest.fixture
def written(folder: Path, identity: Identity) -> Callable[..., Written]:
    """Make a journal of `last_seq` records, each committed by itself.

    Numbers in `long` have a body that overflows. Record n comes with a row of its own, changes
    one that all change, and deletes that of record n - 3.
    """

    def make(last_seq: int, long: tuple[int, ...] = (), at: Path = folder) -> Written:
        create(at, identity, body_of(1), map_bytes=MAP_BYTES)
        store = Store.open(at)
        failures: list[BaseException] = []
        rows: dict[tuple[str, bytes], bytes] = {}
        versions: dict[tuple[str, bytes], set[bytes]] = {}
        for seq in range(2, last_seq + 1):
            writer = JournalWriter(store, on_durable=lambda _: None, on_failed=failures.append)
            changes = [
                Row("sales", b"sale-%d" % seq, b"paid %d" % seq),
                Row("jobs", b"every", b"version %d" % seq),
            ]
            if seq > 5:
                changes.append(Row("sales", b"sale-%d" % (seq - 3), None))
            for table, key, value in changes:
                if value is None:
                    del rows[table, key]
                else:
                    rows[table, key] = value
                    versions.setdefault((table, key), set()).add(value)
            body = body_of(seq, OVERFLOWING if seq in long else 40)
            assert writer.append(body, changes) == seq
            writer.close(20)  # one commit for each
        assert not failures
        records = {seq: store.record(seq) for seq in range(1, last_seq + 1)}
        store.close()
        envelopes = {
            seq: seal(identity.chain_id, seq, record.prev_hash, record.body)[0]
            for seq, record in records.items()
            if record is not None
        }
        return Written(at / "data.mdb", identity.chain_id, envelopes, versions, rows)

    return make


def found_in(journal: Written, chain_id: bytes | None = None) -> Salvage:
    return salvage(journal.path, chain_id)


def envelopes(found: Salvage) -> dict[int, bytes]:
    return dict(found.envelopes())


def gone(found: Salvage) -> set[int]:
    return {seq for first, last in found.gone for seq in range(first, last + 1)}


def rows(found: Salvage) -> dict[tuple[str, bytes], bytes]:
    return {
        (table, row.key): row.value
        for table in ALL_TABLES
        if table not in (RECORDS, META, CHECKPOINTS)
        for row in found.rows(table)
    }


def places_of(what: bytes, data: bytes | bytearray) -> list[int]:
    places = []
    at = data.find(what)
    while at >= 0:
        places.append(at)
        at = data.find(what, at + 1)
    return places


def judge(journal: Written, found: Salvage) -> set[int]:
    """Everything is as written, and nothing that is whole in the file was left; what is gone.

    What is whole is found here without any of the code under test, by looking for the bytes.
    """
    data = journal.path.read_bytes()
    recovered = envelopes(found)
    for seq, envelope in recovered.items():
        assert envelope == journal.records[seq]
    whole = {seq for seq, envelope in journal.records.items() if envelope in data}
    assert set(recovered) >= whole
    lost = set(journal.records) - set(recovered)
    first = found.first_seq
    assert gone(found) == {seq for seq in lost if seq <= max(found.last_seq, _head(found))}
    assert {seq for each in found.recovered() for seq in range(each[0], each[1] + 1)} == set(
        recovered
    ) - set(range(first))
    assert found.breaks == ()
    assert found.conflicts == ()
    for key, value in rows(found).items():
        assert value in journal.versions[key]
    return lost


def _head(found: Salvage) -> int:
    return found.head.seq if found.head else 0


def overwrite(journal: Written, at: int, data: bytes) -> None:
    with journal.path.open("r+b") as file:
        file.seek(at)
        file.write(data)


# --- a sound journal


def test_of_a_sound_journal_everything_comes_back_and_nothing_else(
    written: Callable[..., Written],
) -> None:
    journal = written(30, (7, 30))
    with found_in(journal) as found:
        assert envelopes(found) == journal.records
        # Rows that were deleted are still in old pages; they stay deleted.
        assert rows(found) == journal.rows
        assert found.whole_tables == set(ALL_TABLES)
        assert (found.gone, found.breaks, found.conflicts, found.unconfirmed) == ((), (), (), 0)
        assert found.base == Head(0, bytes(32))
        hashes = [record.hash for record in found.records()]
        assert found.head == Head(30, hashes[-1])
        assert found.chain_id == journal.chain_id
        assert list(found.recovered()) == [(1, 30)]
        meta = {row.key: row.value for row in found.rows(META)}
        assert meta[META_HEAD] == pack_head(found.head)


def test_nothing_is_written_beside_the_journal_nor_into_it(
    written: Callable[..., Written],
) -> None:
    journal = written(5)
    before = journal.path.read_bytes()
    names = sorted(journal.path.parent.iterdir())
    journal.path.chmod(0o400)
    journal.path.parent.chmod(0o500)
    with found_in(journal) as found:
        assert len(envelopes(found)) == 5
    journal.path.parent.chmod(0o700)
    assert journal.path.read_bytes() == before
    assert sorted(journal.path.parent.iterdir()) == names


# --- bits


def test_whichever_bit_of_a_record_is_flipped_that_record_is_gone_and_no_other(
    written: Callable[..., Written],
) -> None:
    journal = written(12)
    data = journal.path.read_bytes()
    envelope = journal.records[6]
    places = places_of(envelope, data)
    for bit in range(len(envelope) * 8):
        flipped = bytes([envelope[bit // 8] ^ 1 << bit % 8])
        for at in places:
            overwrite(journal, at + bit // 8, flipped)
        with pytest.raises(JournalDamaged) as damaged:
            verify(str(journal.path.parent), lambda _done, _total: None)
        assert (damaged.value.fault, damaged.value.seq) == (Fault.EDITED, 6)
        with found_in(journal) as found:
            assert judge(journal, found) == {6}
        for at in places:
            overwrite(journal, at, envelope)


@pytest.mark.parametrize("long", [(), (6,)], ids=["in a leaf", "in pages of its own"])
def test_whichever_bit_around_a_record_is_flipped_no_record_is_gone(
    written: Callable[..., Written], long: tuple[int, ...]
) -> None:
    """The page's header, its list of nodes, the node, the key; for a long one its page's header."""
    journal = written(12, long)
    data = journal.path.read_bytes()
    places = {byte for at in places_of(journal.records[6], data) for byte in range(at - 16, at)} | {
        byte
        for at in places_of(journal.records[5], data)
        for byte in range(at // PAGE_BYTES * PAGE_BYTES, at // PAGE_BYTES * PAGE_BYTES + 40)
    }
    inside = [
        range(at, at + len(envelope))
        for envelope in journal.records.values()
        for at in places_of(envelope, data)
    ]
    places -= {byte for byte in places if any(byte in each for each in inside)}
    assert len(places) > 50
    for byte in sorted(places):
        for bit in range(8):
            overwrite(journal, byte, bytes([data[byte] ^ 1 << bit]))
            with found_in(journal) as found:
                assert judge(journal, found) == set(), (byte, bit)
        overwrite(journal, byte, data[byte : byte + 1])


# --- pages


def test_whichever_page_is_lost_only_what_was_nowhere_else_is_gone(
    written: Callable[..., Written],
) -> None:
    journal = written(60, (7, 20))
    data = journal.path.read_bytes()
    losses = set()
    for at in range(0, len(data), PAGE_BYTES):
        if not any(data[at : at + PAGE_BYTES]):
            continue
        overwrite(journal, at, bytes(PAGE_BYTES))
        with found_in(journal) as found:
            losses.add(len(judge(journal, found)))
        overwrite(journal, at, data[at : at + PAGE_BYTES])
    assert 0 in losses
    assert max(losses) > 1


def test_a_long_record_is_found_when_nothing_leads_to_it_any_more(
    written: Callable[..., Written],
) -> None:
    journal = written(12, (6, 12))
    data = journal.path.read_bytes()
    for at in range(0, len(data), PAGE_BYTES):
        page = data[at : at + PAGE_BYTES]
        if any(envelope in page for envelope in journal.records.values()):
            overwrite(journal, at, bytes(PAGE_BYTES))
    with found_in(journal) as found:
        assert judge(journal, found) == set(range(1, 13)) - {6, 12}
        assert found.gone == ((1, 5), (7, 11))


@pytest.mark.parametrize("pages", [(0,), (1,), (0, 1)])
def test_without_the_meta_pages_everything_is_found(
    written: Callable[..., Written], pages: tuple[int, ...]
) -> None:
    journal = written(40, (8,))
    for number in pages:
        overwrite(journal, number * PAGE_BYTES, bytes(PAGE_BYTES))
    with found_in(journal) as found:
        assert judge(journal, found) == set()
        assert found.head is not None
        assert found.head.seq == 40
        assert found.whole_tables == set()
        newest = {row.key: row.value for row in found.rows("jobs")}
        assert newest == {b"every": b"version 40"}


def test_a_file_cut_anywhere_gives_what_is_before_the_cut(written: Callable[..., Written]) -> None:
    journal = written(40, (8,))
    data = journal.path.read_bytes()
    used = max(at for at in range(0, len(data), PAGE_BYTES) if any(data[at : at + PAGE_BYTES]))
    for length in range(used + PAGE_BYTES, -1, -PAGE_BYTES // 2):
        with journal.path.open("r+b") as file:
            file.truncate(length)
        with found_in(journal, journal.chain_id) as found:
            judge(journal, found)
            assert (found.records_found == 0) == (
                not any(each in data[:length] for each in journal.records.values())
            )


@pytest.mark.parametrize("seed", range(CASES))
def test_whatever_is_done_to_the_file_what_comes_back_is_as_written(
    written: Callable[..., Written], seed: int
) -> None:
    chance = random.Random(seed)
    journal = written(chance.randrange(1, 40), tuple(chance.sample(range(2, 40), 3)))
    data = bytearray(journal.path.read_bytes())
    used = max(at for at in range(0, len(data), PAGE_BYTES) if any(data[at : at + PAGE_BYTES]))
    for _ in range(chance.randrange(1, 12)):
        at = chance.randrange(used + PAGE_BYTES)
        length = chance.choice([1, 8, 512, PAGE_BYTES, 3 * PAGE_BYTES])
        match chance.randrange(5):
            case 0:
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                data[at : at + length] = bytes(len(data[at : at + length]))
            case 2:
                data[at : at + length] = chance.randbytes(len(data[at : at + length]))
            case 3:  # a write that went to another page
                page = at // PAGE_BYTES * PAGE_BYTES
                other = chance.randrange(used // PAGE_BYTES) * PAGE_BYTES
                data[page : page + PAGE_BYTES] = data[other : other + PAGE_BYTES]
            case _:  # a write that came only half
                page = at // PAGE_BYTES * PAGE_BYTES
                data[page + 512 : page + PAGE_BYTES] = bytes(PAGE_BYTES - 512)
    journal.path.write_bytes(data)
    with found_in(journal, journal.chain_id) as found:
        judge(journal, found)


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


def test_what_a_power_cut_left_behind_the_head_is_not_given_out(
    written: Callable[..., Written], identity: Identity, tmp_path: Path
) -> None:
    """All pages of a last commit are there, and its meta page is not."""
    journal = written(20)
    metas = journal.path.read_bytes()[: 2 * PAGE_BYTES]
    store = Store.open(journal.path.parent)
    writer = JournalWriter(store, on_durable=lambda _: None, on_failed=lambda _: None)
    writer.append(body_of(21), [Row("sales", b"sale-21", b"never paid")])
    writer._thread_ends(20) if hasattr(writer, "_thread_ends") else writer.close(20)
    store.close()
    torn = tmp_path / "torn"
    torn.mkdir()
    shutil.copy(journal.path, torn / "data.mdb")
    cut = journal._replace(path=torn / "data.mdb")
    overwrite(cut, 0, metas)
    with found_in(cut) as found:
        assert judge(cut, found) == set()
        assert ("sales", b"sale-21") not in rows(found)
        if found.whole_tables != set(ALL_TABLES):
            assert found.unconfirmed == 1


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


def test_pages_of_another_size_are_read_too(
    written: Callable[..., Written], tmp_path: Path
) -> None:
    """LMDB takes the machine's page size; this file is rewritten as one of 16 KiB would be."""
    journal = written(9)
    data = journal.path.read_bytes()
    pages = []
    for number, at in enumerate(itertools.count(0, PAGE_BYTES)):
        if at >= len(data):
            break
        pages.append(data[at : at + PAGE_BYTES].ljust(4 * PAGE_BYTES, b"\0"))
        assert not any(data[at : at + 8]) or int.from_bytes(data[at : at + 8], "little") == number
    wide = tmp_path / "wide.mdb"
    blank = bytes(4 * PAGE_BYTES)
    wide.write_bytes(b"".join([blank, blank, *pages[2:]]))
    with salvage(wide) as found:
        assert envelopes(found) == journal.records
