"""Segments: one chain in several files, and what power leaves of a replacement."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from hwsim.power.faults import Fail, Rule
from tillhald.journal.creation import create
from tillhald.journal.engine import CHECKPOINTS, META, META_CLOSED, META_SEED
from tillhald.journal.errors import Fault, JournalDamaged, JournalMissing, StorageFailed
from tillhald.journal.format import seal_row, seq_key
from tillhald.journal.recovery import Opened, Places, is_there, look, open_journal
from tillhald.journal.segments import (
    begin_segment,
    building_path,
    complete_replacement,
    list_retired,
    put_in_place,
    retired_path,
)
from tillhald.journal.spill import open_spill
from tillhald.journal.store import Store
from tillhald.journal.verify import verify
from tillhald.journal.writer import JournalWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    import lmdb

    from hwsim.power.disk import PowerCutDisk
    from tillhald.journal.engine import Tables
    from tillhald.journal.format import Sealed
    from tillhald.journal.identity import Identity

    Records = Callable[..., list[Sealed]]
    Filled = Callable[..., Path]
    Tampering = Callable[[Path], AbstractContextManager[tuple[lmdb.Transaction[bytes], Tables]]]

SPILL_BYTES = 256 << 10
SEED = 137_035
CUTS = 6


def opened(places: Places) -> Opened:
    """Open, and close again: what is in memory can still be asked."""
    found = open_journal(places)
    found.spill.close()
    found.store.close()
    return found


@pytest.fixture
def second(tmp_path: Path) -> Path:
    """A journal's place on another disk."""
    (tmp_path / "second").mkdir()
    return tmp_path / "second" / "journal"


@pytest.fixture
def spilling(folder: Path, filled: Filled, sealed: Records, identity: Identity) -> Places:
    """A journal with 5 records, and 3 more in the spill; the last of them has the state."""
    filled(5)
    spill_path = folder.with_name("journal.spill")
    spill = open_spill([spill_path], identity.chain_id, size_bytes=SPILL_BYTES)
    spill.append(sealed(6, 8, (8,)))
    spill.close()
    return Places(folder, None, (spill_path,), SPILL_BYTES)


def test_a_segment_goes_on_where_the_one_before_it_ended(
    folder: Path, filled: Filled, sealed: Records, identity: Identity
) -> None:
    filled(5)
    target = begin_segment(folder, identity, sealed(6, 8, (8,)), standby=None)
    assert target == folder
    put_in_place(target, folder, segment=1)
    assert list_retired(folder) == [retired_path(folder, 1)]
    assert verify(str(retired_path(folder, 1)), lambda *_: None).last_seq == 5
    verdict = verify(str(folder), lambda *_: None)
    assert (verdict.last_seq, verdict.head_hash) == sealed(8, 8)[0].head
    found = look(folder, whole=True)
    assert (found.segment, found.last_seq, found.checkpoint_seq) == (2, 8, 8)
    store = Store.open(folder)
    assert store.identity.segment == 2
    assert store.identity.chain_id == identity.chain_id
    assert store.base == sealed(5, 5)[0].head
    assert [record.seq for record in store.records(0)] == [6, 7, 8]
    assert store.record(5) is None
    assert store.get("requests", b"r0007") == b"answer 7"
    store.close()


def test_a_segment_that_lacks_its_first_record_is_found_out(
    folder: Path, filled: Filled, sealed: Records, identity: Identity, tampering: Tampering
) -> None:
    filled(5)
    put_in_place(
        begin_segment(folder, identity, sealed(6, 8, (8,)), standby=None), folder, segment=1
    )
    with tampering(folder) as (txn, tables):
        txn.delete(seq_key(6), db=tables["records"])
    with pytest.raises(JournalDamaged) as damaged:
        look(folder, whole=True)
    assert (damaged.value.fault, damaged.value.seq) == (Fault.MISSING, 6)


def test_a_segment_without_the_state_that_it_began_with_is_not_opened(
    folder: Path, filled: Filled, sealed: Records, identity: Identity, tampering: Tampering
) -> None:
    # Its records could be replayed, onto nothing: a till without its day, its sales, its numbers.
    filled(5)
    put_in_place(
        begin_segment(folder, identity, sealed(6, 8, (8,)), standby=None), folder, segment=1
    )
    with tampering(folder) as (txn, tables):
        txn.put(seq_key(8), b"nonsense", db=tables[CHECKPOINTS])
    with pytest.raises(JournalDamaged, match="state") as damaged:
        open_journal(Places(folder))
    assert damaged.value.fault is Fault.MISSING


def test_nothing_is_put_over_a_journal_on_the_other_disk(
    folder: Path, filled: Filled, sealed: Records, identity: Identity, second: Path
) -> None:
    create(second, identity, b"somebody else's", map_bytes=256 << 10)
    before = (second / "data.mdb").read_bytes()
    with pytest.raises(StorageFailed, match="already"):
        begin_segment(filled(5), identity, sealed(6, 8), standby=second)
    assert (second / "data.mdb").read_bytes() == before


def test_retired_segments_are_listed_oldest_first_and_nothing_else(folder: Path) -> None:
    assert list_retired(folder) == []
    for name in ("retired-10", "retired-9", "retired-x", "retired-", "foreign-1"):
        (folder.parent / f"journal.{name}").mkdir()
    assert [path.name for path in list_retired(folder)] == [
        "journal.retired-9",
        "journal.retired-10",
    ]
    assert is_there(Places(folder))
    assert not is_there(Places(folder.with_name("other")))


# --- cut in the middle


def test_power_goes_before_anything_was_put_aside(
    spilling: Places, sealed: Records, identity: Identity
) -> None:
    begin_segment(spilling.folder, identity, sealed(6, 8, (8,)), standby=None)
    found = opened(spilling)
    assert (found.report.segment, found.report.last_seq, found.report.spilled_records) == (1, 8, 3)
    assert found.report.faults == ()


def test_power_goes_when_the_old_one_has_no_name_and_the_new_one_none_yet(
    spilling: Places, sealed: Records, identity: Identity
) -> None:
    folder = spilling.folder
    begin_segment(folder, identity, sealed(6, 8, (8,)), standby=None)
    folder.rename(retired_path(folder, 1))
    assert is_there(spilling), "a new till must not be begun here"
    found = opened(spilling)
    assert (found.report.segment, found.report.last_seq, found.report.spilled_records) == (2, 8, 0)
    assert found.report.faults == ()
    assert not building_path(folder).exists()


def test_power_goes_before_the_spill_is_emptied(
    spilling: Places, sealed: Records, identity: Identity
) -> None:
    folder = spilling.folder
    put_in_place(
        begin_segment(folder, identity, sealed(6, 8, (8,)), standby=None), folder, segment=1
    )
    found = opened(spilling)
    assert (found.report.segment, found.report.last_seq, found.report.spilled_records) == (2, 8, 0)
    assert found.report.faults == ()


def test_a_file_that_is_being_built_is_not_taken_for_a_segment(
    spilling: Places, sealed: Records, identity: Identity
) -> None:
    begin_segment(spilling.folder, identity, sealed(6, 8), standby=None)
    spilling.folder.rename(spilling.folder.with_name("elsewhere"))
    complete_replacement(spilling.folder)
    assert not spilling.folder.exists()
    with pytest.raises(JournalMissing):
        open_journal(spilling)


def test_power_goes_at_any_step_of_a_replacement(
    power_cut_disk: PowerCutDisk, sealed: Records, identity: Identity
) -> None:
    print(f"seeds from {SEED}")
    top = power_cut_disk.path
    segments = set()
    for number in range(CUTS):
        # Each rename and sync in turn is the last thing that the disk does.
        places = Places(top / f"{number}" / "journal", None, (top / f"{number}" / "spill",), 65536)
        places.folder.parent.mkdir()
        genesis = b"body 1"
        create(places.folder, identity, genesis, map_bytes=256 << 10)
        spill = open_spill(places.spills, identity.chain_id, size_bytes=SPILL_BYTES)
        spill.append(sealed(2, 4, (4,)))
        spill.close()
        operation = ("rename", "sync")[number % 2]
        nth = 1 + number // 2
        name = "*/journal*" if operation == "rename" else f"{number}"
        power_cut_disk.fail(
            Rule(operation, name, Fail(errno.EIO), nth=nth)  # type: ignore[arg-type]
        )
        try:
            target = begin_segment(places.folder, identity, sealed(2, 4, (4,)), standby=None)
            put_in_place(target, places.folder, segment=1)
        except OSError as error:
            assert error.errno == errno.EIO
        power_cut_disk.clear_faults()
        power_cut_disk.cut(SEED + number)
        found = opened(places)
        assert found.report.last_seq == 4, f"cut {number}"
        assert found.report.faults == ()
        segments.add(found.report.segment)
    assert segments == {1, 2}


# --- on the other disk


def test_on_the_other_disk_the_newest_segment_counts_also_if_the_old_name_stayed(
    spilling: Places, sealed: Records, identity: Identity, second: Path
) -> None:
    places = spilling._replace(standby=second)
    folder = places.folder
    begin_segment(folder, identity, sealed(6, 8, (8,)), standby=second)
    building_path(second).rename(second)  # power goes here
    assert folder.exists()
    found = opened(places)
    assert (found.report.segment, found.report.last_seq) == (2, 8)
    assert found.store.engine.folder == str(second)


def test_a_first_disk_that_took_no_rename_is_put_aside_at_the_next_start(
    spilling: Places, sealed: Records, identity: Identity, second: Path
) -> None:
    """Else a start without the second disk would go on with it, and tell two histories."""
    places = spilling._replace(standby=second)
    begin_segment(places.folder, identity, sealed(6, 8, (8,)), standby=second)
    building_path(second).rename(second)  # the first disk takes no writes, so it keeps its name
    found = opened(places)
    assert (found.report.segment, found.report.faults) == (2, ())
    assert not places.folder.exists()
    assert list_retired(places.folder) == [retired_path(places.folder, 1)]
    second.parent.rename(second.parent.with_name("away"))
    with pytest.raises(JournalMissing):
        opened(places)


def test_a_journal_that_went_on_while_the_second_disk_was_away_is_named_and_kept(
    spilling: Places, sealed: Records, identity: Identity, second: Path
) -> None:
    places = spilling._replace(standby=second)
    begin_segment(places.folder, identity, sealed(6, 8, (8,)), standby=second)
    building_path(second).rename(second)
    away = second.parent.with_name("away")
    second.parent.rename(away)
    append(places._replace(spills=()), b"sold without it")
    away.rename(second.parent)
    for _ in range(2):  # until a person has looked at it
        found = opened(places)
        assert (found.report.segment, found.report.last_seq) == (2, 8)
        (fault,) = found.report.faults
        assert (fault.kind, fault.seq) == (Fault.FORK, 6)
        assert str(places.folder) in fault.sentence
    assert (places.folder / "data.mdb").exists()


def append(places: Places, body: bytes) -> None:
    store, spill, _ = open_journal(places)
    failures: list[BaseException] = []
    writer = JournalWriter(store, spill=spill, on_durable=lambda _: None, on_failed=failures.append)
    writer.append(body, [])
    writer.close(20)
    store.close()
    assert not failures


def test_a_start_without_the_second_disk_says_what_may_be_on_it(
    filled: Filled, tampering: Tampering, second: Path
) -> None:
    places = Places(filled(5), second, (), SPILL_BYTES)
    away = second.parent.with_name("away")
    second.parent.rename(away)
    assert opened(places).report.faults == (), "it was stopped in good order"
    with tampering(places.folder) as (txn, tables):
        stored = seal_row(META_SEED, META_CLOSED, 4, seq_key(4))
        txn.put(META_CLOSED, stored, db=tables[META])
    found = opened(places)
    (fault,) = found.report.faults
    assert (fault.kind, fault.seq) == (Fault.MISSING, 6)
    assert "after record 5 may be on that disk" in fault.sentence
    away.rename(second.parent)
    assert opened(places).report.faults == ()


def test_a_replacement_that_was_cut_on_the_other_disk_is_finished_there(
    spilling: Places, sealed: Records, identity: Identity, second: Path
) -> None:
    places = spilling._replace(standby=second)
    put_in_place(
        begin_segment(places.folder, identity, sealed(6, 8, (8,)), standby=second),
        places.folder,
        segment=1,
    )
    store = Store.open(second)
    begin_segment(second, store.identity, sealed(9, 9, (9,)), standby=second)
    store.close()
    second.rename(retired_path(second, 2))  # power goes here
    found = opened(places)
    assert (found.report.segment, found.report.last_seq) == (3, 9)
    assert found.store.engine.folder == str(second)


def test_a_till_whose_first_disk_is_gone_starts_from_the_second(
    power_cut_disk: PowerCutDisk, tmp_path: Path, sealed: Records, identity: Identity
) -> None:
    first, second = power_cut_disk.path / "journal", tmp_path / "journal"
    create(first, identity, b"body 1", map_bytes=256 << 10)
    spills = (tmp_path / "journal.spill", power_cut_disk.path / "journal.spill")
    places = Places(first, second, spills, SPILL_BYTES)
    put_in_place(
        begin_segment(first, identity, sealed(2, 4, (4,)), standby=second), first, segment=1
    )
    power_cut_disk.read_only(True)
    found = opened(places)
    assert (found.report.segment, found.report.last_seq) == (2, 4)
    power_cut_disk.read_only(False)
    gone = places._replace(
        folder=tmp_path / "gone" / "journal",
        spills=(spills[0], tmp_path / "gone" / "journal.spill"),
    )
    assert is_there(gone)
    assert opened(gone).report.last_seq == 4


def test_a_till_starts_without_its_second_disk(spilling: Places, tmp_path: Path) -> None:
    places = spilling._replace(
        standby=tmp_path / "gone" / "journal",
        spills=(tmp_path / "gone" / "journal.spill", *spilling.spills),
    )
    found = opened(places)
    assert (found.report.last_seq, found.report.spilled_records) == (8, 3)
    assert not (tmp_path / "gone").exists()
