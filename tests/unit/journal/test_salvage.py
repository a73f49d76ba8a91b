"""Getting out of a damaged journal whatever is whole in it, and nothing else."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.salvaging import (
    PAGE_BYTES,
    Written,
    envelopes,
    found_in,
    judge,
    overwrite,
    places_of,
    rows,
    write_journal,
)
from tillhald.journal.engine import (
    ALL_TABLES,
    META,
    META_HEAD,
)
from tillhald.journal.errors import Fault, JournalDamaged
from tillhald.journal.format import Head, pack_head, row_seed, seal_row
from tillhald.journal.salvage import salvage
from tillhald.journal.verify import verify

if TYPE_CHECKING:
    import lmdb

    from tillhald.journal.engine import Tables
    from tillhald.journal.identity import Identity

Tampering = Callable[[Path], "AbstractContextManager[tuple[lmdb.Transaction[bytes], Tables]]"]
CASES = 150


@pytest.fixture
def written(folder: Path, identity: Identity) -> Callable[..., Written]:
    """Make a journal, see `write_journal`."""
    return lambda last_seq, long=(): write_journal(folder, identity, last_seq, long)


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


@pytest.mark.parametrize("number", [0, 1])
def test_a_flipped_bit_in_a_meta_page_costs_nothing(
    written: Callable[..., Written], tampering: Tampering, number: int
) -> None:
    """Least of all what came last, as it would if the older meta page were believed."""
    journal = written(12)
    seed = row_seed(journal.chain_id, "jobs")
    with tampering(journal.path.parent) as (txn, tables):
        txn.put(b"every", seal_row(seed, b"every", 12, b"the last"), db=tables["jobs"])
    journal.versions["jobs", b"every"] = {b"the last"}
    data = journal.path.read_bytes()
    chance = random.Random(number)
    transaction = range(16 + 128, 16 + 136)
    for byte in range(16 + 136):
        for bit in range(8) if byte in transaction else [chance.randrange(8)]:
            at = number * PAGE_BYTES + byte
            overwrite(journal, at, bytes([data[at] ^ 1 << bit]))
            with found_in(journal) as found:
                assert judge(journal, found) == set(), (byte, bit)
                assert ("jobs", b"every") in rows(found), (byte, bit)
            overwrite(journal, at, data[at : at + 1])


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
    # The description was among them.
    with found_in(journal, journal.chain_id) as found:
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


def widened(page: bytes, more: int) -> bytes:
    """A leaf as a machine with larger pages would have written it: its nodes are at the end."""
    lower, upper = (int.from_bytes(page[at : at + 2], "little") for at in (12, 14))
    if page[10:12] != b"\x02\x00":
        return page.ljust(len(page) + more, b"\0")
    places = [int.from_bytes(page[at : at + 2], "little") + more for at in range(16, lower, 2)]
    head = page[:14] + (upper + more).to_bytes(2, "little")
    head += b"".join(place.to_bytes(2, "little") for place in places)
    return head + bytes(upper + more - len(head)) + page[upper:]


def test_pages_of_another_size_are_told_by_their_numbers(
    written: Callable[..., Written], tmp_path: Path
) -> None:
    """LMDB takes the machine's page size, and the meta pages, which tell it, are lost here."""
    journal = written(9)
    data = journal.path.read_bytes()
    size = 4 * PAGE_BYTES
    pages = [data[at : at + PAGE_BYTES] for at in range(2 * PAGE_BYTES, len(data), PAGE_BYTES)]
    wide = tmp_path / "wide.mdb"
    wide.write_bytes(bytes(2 * size) + b"".join(widened(page, size - PAGE_BYTES) for page in pages))
    with salvage(wide) as found:
        assert envelopes(found) == journal.records
        assert [row.value for row in found.rows("jobs")] == [b"version 9"]
