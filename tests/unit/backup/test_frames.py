"""Frames: however large what a slice of the journal holds, each is within its limit."""

from __future__ import annotations

from tillhald.backup.layout import (
    FRAME_BYTES_MAX,
    FrameReader,
    Kind,
    pack_records,
    pack_rows,
    read_records,
    read_rows,
)

LARGE = FRAME_BYTES_MAX // 2 - 100
"""The largest value that a journal takes has about this size; two of them and their frame fit."""


def frames_of(packed: bytes) -> list[tuple[Kind, bytes]]:
    reader = FrameReader()
    found = list(reader.take(packed))
    assert reader.is_at_end
    assert all(len(content) <= FRAME_BYTES_MAX for _, content in found)
    return found


def test_records_that_are_too_much_for_one_frame_come_in_several_in_their_order() -> None:
    records = [bytes([number]) * LARGE for number in range(3)]
    found = frames_of(pack_records(records))
    assert [kind for kind, _ in found] == [Kind.RECORDS] * 2
    assert [each for _, content in found for each in read_records(content)] == records
    # The control: what fits is one frame.
    assert len(frames_of(pack_records(records[:2]))) == 1


def test_a_key_and_its_row_are_never_in_two_frames() -> None:
    rows = [b"a", b"1" * LARGE, b"b", b"2" * LARGE, b"c", b"3" * LARGE, b"d", b"4"]
    found = frames_of(pack_rows("sales", rows))
    assert [kind for kind, _ in found] == [Kind.ROWS] * 2
    tables = [read_rows(content) for _, content in found]
    assert all(table == "sales" and len(pieces) % 2 == 0 for table, pieces in tables)
    assert [each for _, pieces in tables for each in pieces] == rows
