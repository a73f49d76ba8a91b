"""The file that a salvage writes, and its reading back."""

from __future__ import annotations

import hashlib
import stat
import struct
import zlib
from typing import TYPE_CHECKING

import msgspec
import pytest

from tillhald.journal.engine import ALL_TABLES, RECORDS
from tillhald.journal.errors import JournalDamaged, JournalExists
from tillhald.journal.format import StoredRecord
from tillhald.journal.salvage import salvage
from tillhald.journal.salvage_file import Ending, FiledRow, Heading, read_salvage, write_salvage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def ignore(_frames: int) -> None:
    """For who does not want to know how far it is."""


def damaged_record(folder: Path, body: bytes) -> None:
    path = folder / "data.mdb"
    data = path.read_bytes()
    assert body in data
    path.write_bytes(data.replace(body, b"X" * len(body)))


@pytest.fixture
def saved(filled: Callable[..., Path], tmp_path: Path) -> Path:
    """What was saved of a journal of 20 records, whose record 9 is damaged."""
    folder = filled(20, (10,))
    damaged_record(folder, b"body 9")
    with salvage(folder / "data.mdb") as found:
        write_salvage(tmp_path / "saved", found, ignore)
    return tmp_path / "saved"


def test_what_was_found_is_read_back_in_order(
    saved: Path, filled: Callable[..., Path], folder: Path
) -> None:
    heading, *between, ending = read_salvage(saved)
    with salvage(folder / "data.mdb") as found:
        assert isinstance(heading, Heading)
        assert (heading.chain_id, heading.head, heading.base) == (
            found.chain_id,
            found.head,
            found.base,
        )
        records = [each for each in between if isinstance(each, StoredRecord)]
        rows = [each for each in between if isinstance(each, FiledRow)]
        assert records == list(found.records())
        assert [record.seq for record in records] == [*range(1, 9), *range(10, 21)]
        assert rows == [
            FiledRow(table, row.key, row.seq, row.value)
            for table in ALL_TABLES
            if table != RECORDS
            for row in found.rows(table)
        ]
        assert between == [*records, *rows]
    assert isinstance(ending, Ending)
    assert (ending.records, ending.gone) == (19, [(9, 9)])
    assert ending.rows == {"requests": 19, "checkpoints": 1, "meta": 7}
    assert RECORDS not in ending.whole_tables


def test_the_file_is_as_the_documentation_says(saved: Path) -> None:
    """Read by the page alone."""
    data = saved.read_bytes()
    assert data[:8] == b"tlsalvg\x01"
    at, frames = 8, []
    while at < len(data):
        kind, size = struct.unpack_from(">cI", data, at)
        content = data[at + 5 : at + 5 + size]
        (crc,) = struct.unpack_from(">I", data, at + 5 + size)
        assert crc == zlib.crc32(data[at : at + 5 + size])
        frames.append((kind, content, at))
        at += size + 9
    kinds = b"".join(kind for kind, _, _ in frames)
    assert kinds == b"H" + b"R" * 19 + b"T" * 27 + b"E"
    heading = msgspec.msgpack.decode(frames[0][1])
    assert set(heading) == {"chain_id", "head", "base", "made_ms"}
    assert heading["base"] == [0, bytes(32)]
    assert frames[1][1][:4] == b"tljr"
    name, row = frames[20][1][1:5], frames[20][1]
    assert (row[0], name) == (4, b"meta")
    ending = msgspec.msgpack.decode(frames[-1][1])
    assert ending["sha256"] == hashlib.sha256(data[: frames[-1][2]]).digest()
    assert ending["gone"] == [[9, 9]]


def test_every_flipped_bit_of_the_file_is_found(saved: Path) -> None:
    data = saved.read_bytes()
    for byte in range(len(data)):
        # Each byte with one of its bits, so that every bit's place is tried.
        saved.write_bytes(data[:byte] + bytes([data[byte] ^ 1 << byte % 8]) + data[byte + 1 :])
        with pytest.raises(JournalDamaged, match="salvage file"):
            list(read_salvage(saved))


def test_a_file_cut_anywhere_is_found(saved: Path) -> None:
    data = saved.read_bytes()
    for length in range(0, len(data), 7):
        saved.write_bytes(data[:length])
        with pytest.raises(JournalDamaged, match="salvage file"):
            list(read_salvage(saved))


def test_a_frame_that_was_taken_out_put_in_or_moved_is_found(saved: Path) -> None:
    data = saved.read_bytes()
    first = data.index(b"R\0\0\0")
    second = data.index(b"R\0\0\0", first + 1)
    third = data.index(b"R\0\0\0", second + 1)
    for wrong in (
        data[:first] + data[second:],
        data[:second] + data[first:second] + data[second:],
        data[:first] + data[second:third] + data[first:second] + data[third:],
        data + b"\0",
    ):
        saved.write_bytes(wrong)
        with pytest.raises(JournalDamaged, match="salvage file"):
            list(read_salvage(saved))


def test_only_its_owner_may_read_it(saved: Path) -> None:
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600


def test_nothing_is_written_over(filled: Callable[..., Path], saved: Path, folder: Path) -> None:
    before = saved.read_bytes()
    with salvage(folder / "data.mdb") as found, pytest.raises(JournalExists):
        write_salvage(saved, found, ignore)
    assert saved.read_bytes() == before


def test_what_cannot_be_written_whole_is_not_there(
    filled: Callable[..., Path], tmp_path: Path
) -> None:
    folder = filled(20)
    with salvage(folder / "data.mdb") as found:
        damaged_record(folder, b"body 20")
        with pytest.raises(JournalDamaged, match="Record 20"):
            write_salvage(tmp_path / "saved", found, ignore)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["journal", "journal.lock"]
