"""Opening a journal after whatever happened to the till."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.pages import PAGE_BYTES, has_node_with, used_pages, wipe
from tillhald.journal.creation import create
from tillhald.journal.engine import RECORDS
from tillhald.journal.errors import Fault, JournalDamaged, JournalInUse, JournalMissing
from tillhald.journal.format import seal, seq_key, unseal
from tillhald.journal.recovery import Places, RecoveryReport, look, open_journal
from tillhald.journal.spill import open_spill
from tillhald.journal.store import Store
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

    Tampering = Callable[[Path], AbstractContextManager[tuple[lmdb.Transaction[bytes], Tables]]]


def opened(folder: Path) -> RecoveryReport:
    """Open and close; return the report."""
    store, _, report = open_journal(Places(folder))
    assert store.head == (report.last_seq, report.head_hash)
    store.close()
    return report


def refused(folder: Path) -> JournalDamaged:
    """Be refused, leaving the journal's bytes alone; return the refusal."""
    before = (folder / "data.mdb").read_bytes()
    with pytest.raises(JournalDamaged) as damaged:
        open_journal(Places(folder))
    assert (folder / "data.mdb").read_bytes() == before, "a journal in doubt was written to"
    assert not folder.with_name("journal.opening").exists()
    # The lock was let go of, so that the journal can be looked at.
    with pytest.raises(JournalDamaged):
        open_journal(Places(folder))
    return damaged.value


def test_a_journal_closed_in_good_order_is_reported_so(filled: Callable[..., Path]) -> None:
    report = opened(filled(20, (9, 15)))
    assert report.clean_shutdown
    assert (report.last_seq, report.checkpoint_seq, report.tail_records) == (20, 15, 5)
    assert not report.previous_opening_died
    assert report.faults == ()
    assert report.preflight_ms > 0


def test_a_new_journal_opens_clean(folder: Path, identity: Identity) -> None:
    create(folder, identity, b"", map_bytes=1 << 20)
    report = opened(folder)
    assert report.clean_shutdown
    assert (report.last_seq, report.checkpoint_seq, report.tail_records) == (1, None, 1)


def test_a_journal_that_was_not_closed_is_reported_so(filled: Callable[..., Path]) -> None:
    program = (
        "import os, sys, pathlib\n"
        "from tillhald.journal.store import Store\n"
        "from tillhald.journal.writer import JournalWriter\n"
        "store = Store.open(pathlib.Path(sys.argv[1]))\n"
        "JournalWriter(store, on_durable=lambda _: os._exit(3), on_failed=print).append(b'cut')\n"
        "os.read(0, 1)\n"
    )
    folder = filled(4)
    with subprocess.Popen(
        [sys.executable, "-c", program, str(folder)], stdin=subprocess.PIPE
    ) as till:
        assert till.wait(20) == 3
    report = opened(folder)
    assert not report.clean_shutdown
    assert report.last_seq == 5


def test_there_is_no_journal_to_open(folder: Path) -> None:
    with pytest.raises(JournalMissing):
        open_journal(Places(folder))


def test_a_second_opener_is_refused_and_told_who_holds_the_journal(
    filled: Callable[..., Path],
) -> None:
    folder = filled(3)
    store, _, _ = open_journal(Places(folder))
    program = (
        "import sys, pathlib\n"
        "from tillhald.journal.errors import JournalInUse\n"
        "from tillhald.journal.recovery import Places, open_journal\n"
        "try:\n"
        "    open_journal(Places(pathlib.Path(sys.argv[1])))\n"
        "except JournalInUse as refusal:\n"
        "    print(refusal.pid, refusal)\n"
    )
    second = subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    assert second.stdout.startswith(f"{os.getpid()} ")
    assert f"in use by process {os.getpid()}" in second.stdout
    with pytest.raises(JournalInUse):
        Store.open(folder)
    # The first one is not disturbed by having been asked.
    durable: list[int] = []
    writer = JournalWriter(store, on_durable=durable.append, on_failed=lambda _: None)
    writer.append(b"sold")
    writer.close(20)
    assert durable == [4]
    store.close()
    opened(folder)


def test_a_holder_that_was_killed_does_not_lock_the_till_out(filled: Callable[..., Path]) -> None:
    program = (
        "import sys, pathlib\n"
        "from tillhald.journal.store import Store\n"
        "store = Store.open(pathlib.Path(sys.argv[1]))\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    folder = filled(3)
    with subprocess.Popen(
        [sys.executable, "-c", program, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(JournalInUse) as refusal:
            open_journal(Places(folder))
        assert refusal.value.pid == holder.pid
        holder.send_signal(signal.SIGKILL)
    opened(folder)


def test_an_edited_record_is_named(filled: Callable[..., Path], tampering: Tampering) -> None:
    folder = filled(10)
    with tampering(folder) as (txn, tables):
        envelope = txn.get(seq_key(6), db=tables[RECORDS])
        assert envelope is not None
        txn.put(seq_key(6), envelope[:-1] + b"7", db=tables[RECORDS])
    assert (refused(folder).fault, refused(folder).seq) == (Fault.EDITED, 6)


def test_a_missing_record_is_named(filled: Callable[..., Path], tampering: Tampering) -> None:
    folder = filled(10)
    with tampering(folder) as (txn, tables):
        txn.delete(seq_key(6), db=tables[RECORDS])
    damage = refused(folder)
    assert (damage.fault, damage.seq) == (Fault.MISSING, 6)
    assert "Record 6 is missing" in damage.sentence


def test_a_repeated_record_is_named(filled: Callable[..., Path], tampering: Tampering) -> None:
    folder = filled(10)
    with tampering(folder) as (txn, tables):
        envelope = txn.get(seq_key(5), db=tables[RECORDS])
        assert envelope is not None
        txn.put(seq_key(6), envelope, db=tables[RECORDS])
    damage = refused(folder)
    assert (damage.fault, damage.seq) == (Fault.REPEATED, 6)


def test_records_that_are_gone_from_the_end_are_named(
    filled: Callable[..., Path], tampering: Tampering
) -> None:
    folder = filled(10)
    with tampering(folder) as (txn, tables):
        txn.delete(seq_key(9), db=tables[RECORDS])
        txn.delete(seq_key(10), db=tables[RECORDS])
    damage = refused(folder)
    assert (damage.fault, damage.seq) == (Fault.TRUNCATED, 9)


@pytest.mark.parametrize(("rewritten", "shows_at"), [(6, 7), (10, 10), (11, 11)])
def test_a_fork_is_named(
    filled: Callable[..., Path],
    tampering: Tampering,
    identity: Identity,
    rewritten: int,
    shows_at: int,
) -> None:
    """A record with another body, sealed as the till would have: only the chain knows."""
    folder = filled(10)
    with tampering(folder) as (txn, tables):
        at = min(rewritten, 10)
        stored = txn.get(seq_key(at), db=tables[RECORDS])
        assert stored is not None
        other, _ = seal(
            identity.chain_id,
            rewritten,
            unseal(identity.chain_id, at, stored).prev_hash,
            b"another past",
        )
        txn.put(seq_key(rewritten), other, db=tables[RECORDS])
    damage = refused(folder)
    assert (damage.fault, damage.seq) == (Fault.FORK, shows_at)


def test_a_fork_before_the_checkpoint_is_seen_at_the_checkpoint(
    filled: Callable[..., Path], tampering: Tampering, identity: Identity
) -> None:
    folder = filled(10, (8,))
    with tampering(folder) as (txn, tables):
        at = 8
        stored = txn.get(seq_key(at), db=tables[RECORDS])
        assert stored is not None
        other, _ = seal(
            identity.chain_id, 8, unseal(identity.chain_id, at, stored).prev_hash, b"another past"
        )
        txn.put(seq_key(8), other, db=tables[RECORDS])
    damage = refused(folder)
    assert (damage.fault, damage.seq) == (Fault.FORK, 8)


@pytest.mark.parametrize("left_bytes", [0, 100, 5000, 20_000])
def test_a_file_cut_short_is_named_before_it_kills_anybody(
    filled: Callable[..., Path], left_bytes: int
) -> None:
    folder = filled(200)
    with (folder / "data.mdb").open("r+b") as file:
        file.truncate(left_bytes)
    assert refused(folder).fault is Fault.TRUNCATED


@pytest.mark.parametrize("page", [0, 1])
def test_a_meta_page_wiped_out_is_named(filled: Callable[..., Path], page: int) -> None:
    folder = filled(5)
    with (folder / "data.mdb").open("r+b") as file:
        file.seek(page * 4096)
        file.write(bytes(4096))
    assert refused(folder).fault is Fault.EDITED


def test_pages_that_kill_the_engine_kill_only_the_child(filled: Callable[..., Path]) -> None:
    """A leaf behind the first one is zeroed: LMDB asserts, and aborts, on going on to it."""
    folder = filled(300)
    assert wipe(folder / "data.mdb", has_node_with(b"body 150"))
    damage = refused(folder)
    assert damage.fault is Fault.UNREADABLE
    assert "ended by SIGABRT" in damage.sentence


@pytest.mark.parametrize("filling", [b"\0", b"\xff"])
def test_whichever_page_is_gone_a_sentence_says_what_could_not_read_it(
    filled: Callable[..., Path], filling: bytes
) -> None:
    """Which pages there are, and which of them are used, is as the commits fell."""
    folder = filled(300)
    whole = (folder / "data.mdb").read_bytes()
    ends = []
    for at in used_pages(whole):
        page = filling * PAGE_BYTES
        (folder / "data.mdb").write_bytes(whole[:at] + page + whole[at + PAGE_BYTES :])
        try:
            look(folder, whole=True)
        except JournalDamaged as damage:
            assert damage.fault is Fault.UNREADABLE
            ends.append(damage.sentence)
    assert len(ends) > 3
    for sentence in ends:
        assert "ended by SIG" in sentence or "LMDB cannot read the journal: mdb_" in sentence


def test_an_opening_that_died_has_the_next_one_check_every_record(
    filled: Callable[..., Path], tampering: Tampering
) -> None:
    folder = filled(30, (25,))
    marker = folder.with_name("journal.opening")
    marker.touch()
    report = opened(folder)
    assert report.previous_opening_died
    assert (report.checkpoint_seq, report.tail_records) == (25, 30)
    assert not marker.exists()
    assert not opened(folder).previous_opening_died
    # A fault before the checkpoint is not seen at an ordinary boot, but after such a death.
    with tampering(folder) as (txn, tables):
        txn.put(seq_key(3), b"nonsense", db=tables[RECORDS])
    opened(folder)
    marker.touch()
    with pytest.raises(JournalDamaged) as damaged:
        open_journal(Places(folder))
    assert (damaged.value.fault, damaged.value.seq) == (Fault.EDITED, 3)


def test_a_damaged_checkpoint_lengthens_the_tail_and_is_reported(
    filled: Callable[..., Path], tampering: Tampering
) -> None:
    folder = filled(30, (10, 25))
    with tampering(folder) as (txn, tables):
        txn.put(seq_key(25), b"nonsense", db=tables["checkpoints"])
    report = opened(folder)
    assert (report.checkpoint_seq, report.tail_records) == (10, 20)
    assert [fault.kind for fault in report.faults] == [Fault.EDITED]


def test_a_flipped_bit_in_the_journals_own_description_is_named(
    filled: Callable[..., Path], tampering: Tampering
) -> None:
    folder = filled(3)
    for name in (b"head", b"identity", b"chain_id", b"closed", b"format"):
        with tampering(folder) as (txn, tables):
            whole = txn.get(name, db=tables["meta"])
            assert whole is not None
            txn.put(name, whole[:-1] + bytes([whole[-1] ^ 1]), db=tables["meta"])
        assert refused(folder).fault is Fault.EDITED
        with tampering(folder) as (txn, tables):
            txn.put(name, whole, db=tables["meta"])
    opened(folder)


# --- what the spill holds

SPILL_BYTES = 256 << 10


def spilled(path: Path, records: list[Sealed], chain_id: bytes = bytes(range(16))) -> bytes:
    """Put these records into the spill at `path`; return its bytes."""
    spill = open_spill([path], chain_id, size_bytes=SPILL_BYTES)
    spill.everything()
    spill.append(records)
    spill.close()
    return path.read_bytes()


def opened_with(places: Places) -> tuple[list[bytes], RecoveryReport]:
    """Open and close; return the bodies of the records that the spill holds, and the report."""
    store, spill, report = open_journal(places)
    bodies = [record.body for record in store.overlay.records(0, 100)]
    spill.close()
    store.close()
    return bodies, report


@pytest.fixture
def places(folder: Path) -> Places:
    beside = folder.parent
    return Places(folder, None, (beside / "a.spill", beside / "b.spill"), SPILL_BYTES)


def test_what_only_the_spill_holds_is_there_at_a_start(
    places: Places, filled: Callable[..., Path], sealed: Callable[..., list[Sealed]]
) -> None:
    filled(5)
    spilled(places.spills[0], sealed(4, 6))  # two of them are in the journal
    spilled(places.spills[1], sealed(7, 8, (8,)))
    bodies, report = opened_with(places)
    assert bodies == [b"body 6", b"body 7", b"body 8"]
    assert (report.last_seq, report.spilled_records, report.faults) == (8, 3, ())
    assert report.head_hash == sealed(8, 8)[0].head.hash
    assert opened_with(places)[0] == bodies, "opening alone changes nothing"


def test_a_spill_of_another_journal_is_put_aside_with_all_its_bytes(
    places: Places, filled: Callable[..., Path], sealed: Callable[..., list[Sealed]]
) -> None:
    filled(5)
    foreign = spilled(places.spills[0], sealed(6, 7), chain_id=bytes(16))
    spilled(places.spills[1], sealed(6, 6))
    bodies, report = opened_with(places)
    assert bodies == [b"body 6"], "the spill that fits was lost for the one that does not"
    (fault,) = report.faults
    assert "another journal" in fault.sentence
    assert places.spills[0].with_name("a.spill.foreign-1").read_bytes() == foreign
    assert opened_with(places)[1].faults == ()


@pytest.mark.parametrize("which", [0, 1])
def test_a_spill_with_another_history_is_put_aside_and_the_one_that_fits_is_kept(
    places: Places, filled: Callable[..., Path], sealed: Callable[..., list[Sealed]], which: int
) -> None:
    # The second disk was away for a day, with sales that the till went on without.
    filled(5)
    away = spilled(places.spills[which], sealed(4, 6, filler=b" of yesterday"))
    spilled(places.spills[1 - which], sealed(6, 7))
    bodies, report = opened_with(places)
    assert bodies == [b"body 6", b"body 7"]
    assert [fault.kind for fault in report.faults] == [Fault.FORK]
    aside = places.spills[which].with_name(places.spills[which].name + ".foreign-1")
    assert aside.read_bytes() == away
    assert opened_with(places)[0] == bodies


def test_a_second_foreign_spill_is_put_beside_the_first(
    places: Places, filled: Callable[..., Path], sealed: Callable[..., list[Sealed]]
) -> None:
    filled(5)
    for _ in range(2):
        spilled(places.spills[0], sealed(9, 9))
        assert len(opened_with(places)[1].faults) == 1
    names = sorted(path.name for path in places.folder.parent.glob("a.spill*"))
    assert names == ["a.spill", "a.spill.foreign-1", "a.spill.foreign-2"]


def test_a_journal_opens_also_if_its_disk_is_full(
    power_cut_disk: PowerCutDisk, identity: Identity
) -> None:
    folder = power_cut_disk.path / "journal"
    create(folder, identity, b"", map_bytes=256 << 10)
    power_cut_disk.free_bytes = 0
    store, spill, _ = open_journal(Places(folder, None, (folder.with_name("spill"),), SPILL_BYTES))
    assert len(spill.failures) == 1
    spill.close()
    store.close()
    power_cut_disk.free_bytes = 64 << 20
