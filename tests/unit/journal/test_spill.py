"""The spill: what is in it after torn writes and resets, byte for byte."""

from __future__ import annotations

import errno
import random
import zlib
from typing import TYPE_CHECKING

import msgspec
import pytest

from hwsim.power.faults import Fail, Rule
from tests.support.spills import (
    BEGIN,
    CHAIN_ID,
    FRAMES_AT,
    SIZE_BYTES,
    file_at,
    filled,
    held,
    nothing_stored,
    spill_at,
)
from tillhald.journal.errors import Fault, JournalDamaged, StorageFailed
from tillhald.journal.format import Row, Sealed
from tillhald.journal.spill import Spill

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hwsim.power.disk import PowerCutDisk

    Records = Callable[..., list[Sealed]]

SECTOR_BYTES = 512
SEED = 60_221_023
SECTOR_MIXES = 400


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.spill"


# --- the format


def test_a_new_spill_is_written_to_its_full_length_and_holds_nothing(path: Path) -> None:
    file = file_at(path)
    assert file.read() == []
    assert (file.used_bytes, file.room_bytes) == (0, SIZE_BYTES - FRAMES_AT)
    file.close()
    assert path.stat().st_size == SIZE_BYTES
    assert path.stat().st_blocks * SECTOR_BYTES >= SIZE_BYTES, "it has holes"
    assert path.stat().st_mode & 0o777 == 0o600
    assert not path.with_name("journal.spill.new").exists()


def test_the_header_of_a_new_spill_is_as_the_table_says(path: Path) -> None:
    file_at(path).close()
    golden = bytes.fromhex("746c7370 0612a8be 0000000000000001 000102030405060708090a0b0c0d0e0f")
    stored = path.read_bytes()
    assert stored[512:544] == golden
    assert stored[:4] == bytes(4), "epoch 2 will stand here"
    assert int.from_bytes(golden[4:8], "big") == zlib.crc32(golden[8:])
    assert stored[544:] == bytes(SIZE_BYTES - 544)


def test_a_frame_is_as_the_table_says(path: Path, sealed: Records) -> None:
    (record,) = sealed(1, 1, (1,))
    stored = filled(path, [record])
    content = msgspec.msgpack.encode(
        [1, record.envelope, [["requests", b"r0001", b"answer 1"]], b"state 1"]
    )
    front = b"tlsf" + len(content).to_bytes(4, "big")
    crc = zlib.crc32(CHAIN_ID + (1).to_bytes(8, "big") + front + content)
    frame = front + crc.to_bytes(4, "big") + content
    assert stored[FRAMES_AT : FRAMES_AT + len(frame)] == frame
    assert stored[FRAMES_AT + len(frame) :] == bytes(SIZE_BYTES - FRAMES_AT - len(frame))
    assert frame.hex().startswith("746c736600000061fb0db9ab9401c438")


def test_what_was_appended_is_read_with_its_rows_and_checkpoints(
    path: Path, sealed: Records
) -> None:
    records = sealed(1, 9, (4,))
    deleting = records[-1]._replace(rows=(Row("sales", b"s", None), Row("days", b"\0\xff", b"")))
    records[-1] = deleting
    filled(path, records[:3], records[3:4], records[4:])
    assert held(path) == records
    file = file_at(path)
    file.read()
    used_bytes = file.used_bytes
    file.close()
    assert used_bytes % 8 == 0
    assert used_bytes > sum(len(record.envelope) for record in records)


def test_a_spill_that_was_opened_again_goes_on_behind_what_it_holds(
    path: Path, sealed: Records
) -> None:
    records = sealed(1, 6)
    for record in records:
        filled(path, [record])
    assert held(path) == records


# --- torn writes


def test_of_a_batch_that_power_tore_whole_records_stay_and_never_a_later_one(
    path: Path, sealed: Records
) -> None:
    records = sealed(1, 12, filler=bytes(600))
    before = filled(path, records[:2])
    after = filled(path, records[2:])
    torn_at = range(FRAMES_AT, SIZE_BYTES + 1, SECTOR_BYTES)
    counts = []
    for end in torn_at:
        path.write_bytes(after[:end] + before[end:])
        found = held(path)
        assert found == records[: len(found)]
        assert len(found) >= 2, "what was synced before is gone"
        counts.append(len(found))
    assert counts == sorted(counts)
    assert set(counts) == set(range(2, 13))


def test_of_a_batch_whose_sectors_came_in_any_order_a_beginning_is_read(
    path: Path, sealed: Records
) -> None:
    records = sealed(1, 12, filler=bytes(600))
    before = filled(path, records[:2])
    after = filled(path, records[2:])
    chance = random.Random(SEED)
    print(f"seed {SEED}")
    counts = set()
    for _ in range(SECTOR_MIXES):
        missing = chance.random()
        mixed = bytearray(after)
        for at in range(FRAMES_AT, SIZE_BYTES, SECTOR_BYTES):
            if chance.random() < missing:
                mixed[at : at + SECTOR_BYTES] = before[at : at + SECTOR_BYTES]
        path.write_bytes(mixed)
        found = held(path)
        assert found == records[: len(found)]
        assert len(found) >= 2
        counts.add(len(found))
    assert len(counts) > 5, "the mixes are all alike"


def test_frames_behind_a_torn_one_never_come_back(path: Path, sealed: Records) -> None:
    # Two frames of one length, the first of them torn: what is written in its place makes the
    # second one, which nobody was answered for, follow it, unless zeros were written first.
    records = sealed(1, 3)
    end = len(filled(path, records[:1]).rstrip(b"\0"))
    torn = bytearray(filled(path, records[1:]))
    torn[-(-end // 8) * 8] ^= 0xFF
    for is_settled, expected in ((False, records), (True, records[:2])):
        path.write_bytes(torn)
        file = file_at(path)
        assert file.read() == records[:1]
        if is_settled:
            file.settle()
        file.append(records[1:2])
        file.close()
        assert held(path) == expected


def test_an_empty_spill_is_not_written_at_a_start(power_cut_disk: PowerCutDisk) -> None:
    path = power_cut_disk.path / "journal.spill"
    file_at(path).close()
    power_cut_disk.fail(Rule("write", "journal.spill", Fail(errno.EIO)))
    spill = spill_at(path)
    assert spill.read(BEGIN, nothing_stored) == []
    spill.settle()
    assert spill.failures == []
    spill.close()


def test_every_flipped_bit_of_a_frame_is_noticed(path: Path, sealed: Records) -> None:
    records = sealed(1, 2)
    one = filled(path, records[:1]).rstrip(b"\0")
    whole = filled(path, records[1:])
    for at in range(FRAMES_AT, len(one)):
        for bit in (1, 16, 128):
            flipped = bytearray(whole)
            flipped[at] ^= bit
            path.write_bytes(flipped)
            assert held(path) == []


# --- epochs


def test_after_a_reset_nothing_of_the_earlier_filling_is_read(path: Path, sealed: Records) -> None:
    records = sealed(1, 20)
    file = file_at(path)
    file.read()
    for record in records[:10]:
        file.append([record])
    file.reset()
    assert file.used_bytes == 0
    file.append(records[10:11])  # shorter than what lay there: the old second frame follows it
    file.close()
    assert held(path) == records[10:11]


def test_a_torn_header_leaves_the_earlier_epoch(path: Path, sealed: Records) -> None:
    records = sealed(1, 3)
    before = filled(path, records)
    file = file_at(path)
    file.read()
    file.reset()
    file.close()
    after = path.read_bytes()
    changed = [at for at in range(SIZE_BYTES) if before[at] != after[at]]
    assert max(changed) - min(changed) < 32, "a header does not fit into one sector"
    assert not any(512 <= at < 1024 for at in changed), "the header that counts was written over"
    for end in range(min(changed), max(changed)):
        path.write_bytes(after[:end] + before[end:])
        assert held(path) == records
    path.write_bytes(after)
    assert held(path) == []


def test_ten_resets_leave_two_headers(path: Path, sealed: Records) -> None:
    file = file_at(path)
    file.read()
    for record in sealed(1, 10):
        file.append([record])
        file.reset()
    file.close()
    stored = path.read_bytes()
    assert [int.from_bytes(stored[at + 8 : at + 16], "big") for at in (0, 512)] == [10, 11]
    assert held(path) == []


# --- whose it is


def test_a_spill_of_another_journal_is_refused(path: Path) -> None:
    file_at(path).close()
    with pytest.raises(JournalDamaged, match="another journal") as damaged:
        file_at(path, bytes(16))
    assert damaged.value.fault is Fault.FORK


def test_a_spill_without_a_readable_header_is_refused(path: Path) -> None:
    path.write_bytes(bytes(SIZE_BYTES))
    with pytest.raises(JournalDamaged, match="no readable header") as damaged:
        file_at(path)
    assert damaged.value.fault is Fault.EDITED
    path.write_bytes(b"")
    with pytest.raises(JournalDamaged):
        file_at(path)


# --- both files together


def test_records_of_two_files_are_one_chain(path: Path, sealed: Records) -> None:
    records = sealed(1, 9)
    other = path.with_name("other.spill")
    filled(path, records[:3], records[5:6])
    filled(other, records[3:5], records[6:])
    spill = spill_at(path, other)
    assert spill.read(BEGIN, nothing_stored) == records
    spill.close()


def test_what_stands_in_both_files_and_in_the_journal_is_read_once(
    path: Path, sealed: Records
) -> None:
    records = sealed(1, 6)
    other = path.with_name("other.spill")
    filled(path, records[:4])
    filled(other, records[3:])  # its sync failed in the first one
    stored = {record.head.seq: record.head.hash for record in records[:2]}
    spill = spill_at(path, other)
    assert spill.read(records[1].head, stored.get) == records[2:]
    spill.close()


def test_two_histories_in_one_spill_are_refused(path: Path, sealed: Records) -> None:
    other = path.with_name("other.spill")
    filled(path, sealed(1, 3))
    filled(other, sealed(1, 3, filler=b"!"))
    spill = spill_at(path, other)
    with pytest.raises(JournalDamaged, match="another record 1") as damaged:
        spill.read(BEGIN, nothing_stored)
    assert (damaged.value.fault, damaged.value.seq) == (Fault.FORK, 1)
    spill.close()


@pytest.mark.parametrize("first", [3, 4])
def test_a_spill_that_does_not_follow_the_journal_is_refused(
    path: Path, sealed: Records, first: int
) -> None:
    filled(path, sealed(first, 5))
    spill = spill_at(path)
    with pytest.raises(JournalDamaged, match=f"Record {first} in the spill does not follow"):
        spill.read(sealed(2, 2, filler=b"!")[0].head, nothing_stored)
    spill.close()


def test_a_record_that_the_journal_has_otherwise_is_refused(path: Path, sealed: Records) -> None:
    filled(path, sealed(2, 3))
    spill = spill_at(path)
    other = sealed(1, 3, filler=b"!")
    with pytest.raises(JournalDamaged, match="another record 2"):
        spill.read(other[-1].head, {r.head.seq: r.head.hash for r in other}.get)
    spill.close()


def test_a_full_file_leaves_the_batch_to_the_next_and_both_full_refuse(
    path: Path, sealed: Records
) -> None:
    records = sealed(1, 5, filler=bytes(SIZE_BYTES // 2))
    other = path.with_name("other.spill")
    spill = spill_at(path, other)
    spill.append(records[:1])
    spill.append(records[1:2])
    with pytest.raises(StorageFailed, match="is full"):
        spill.append(records[2:3])
    assert spill.failures == [], "to be full is not to fail"
    small = sealed(1, 3)[2:]
    spill.append(small)
    spill.reset()
    assert spill.used_bytes == 0
    assert spill.room_bytes == spill.size_bytes - 2 * FRAMES_AT
    spill.append(records[2:3])
    spill.close()


def test_without_files_there_is_no_spill() -> None:
    spill = Spill()
    assert (spill.size_bytes, spill.room_bytes, spill.failures) == (0, 0, [])
    with pytest.raises(StorageFailed, match="No spill is left"):
        spill.append([])
