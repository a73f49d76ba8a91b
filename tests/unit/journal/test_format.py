"""The bytes of a record and of a row."""

from __future__ import annotations

import hashlib
import struct
import zlib

import pytest

from tillhald.journal import format as layout
from tillhald.journal.errors import Fault, JournalDamaged

CHAIN_ID = bytes(range(16))
PREV = hashlib.sha256(b"the record before").digest()


def test_a_sealed_record_comes_back_as_it_was() -> None:
    envelope, digest = layout.seal(CHAIN_ID, 7, PREV, b"sold")
    assert layout.unseal(CHAIN_ID, 7, envelope) == (7, digest, PREV, b"sold")


def test_an_empty_body_is_a_record_too() -> None:
    envelope, _ = layout.seal(CHAIN_ID, 1, layout.NO_HASH, b"")
    assert layout.unseal(CHAIN_ID, 1, envelope).body == b""


def test_the_bytes_are_those_that_the_documentation_describes() -> None:
    envelope, digest = layout.seal(CHAIN_ID, 0x0102, PREV, b"sold")
    rest = struct.pack(">Q", 0x0102) + PREV + b"sold"
    crc = zlib.crc32(CHAIN_ID + b"tljr\x01\x00" + rest)
    assert envelope == b"tljr\x01\x00" + struct.pack(">I", crc) + rest
    tagged = b"tillhal.journal.record.1\0" + CHAIN_ID + struct.pack(">Q", 0x0102) + envelope
    assert digest == hashlib.sha256(tagged).digest()


def test_every_single_flipped_bit_of_a_record_is_found() -> None:
    envelope, _ = layout.seal(CHAIN_ID, 7, PREV, b"one coffee, 3.20")
    for bit in range(len(envelope) * 8):
        flipped = bytearray(envelope)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(JournalDamaged) as damaged:
            layout.unseal(CHAIN_ID, 7, bytes(flipped))
        assert (damaged.value.fault, damaged.value.seq) == (Fault.EDITED, 7)


def test_a_record_cut_short_anywhere_is_found() -> None:
    envelope, _ = layout.seal(CHAIN_ID, 7, PREV, b"one coffee, 3.20")
    for length in range(len(envelope)):
        with pytest.raises(JournalDamaged):
            layout.unseal(CHAIN_ID, 7, envelope[:length])


def test_a_record_under_another_number_is_called_repeated() -> None:
    envelope, _ = layout.seal(CHAIN_ID, 7, PREV, b"sold")
    with pytest.raises(JournalDamaged) as damaged:
        layout.unseal(CHAIN_ID, 8, envelope)
    assert (damaged.value.fault, damaged.value.seq) == (Fault.REPEATED, 8)


def test_a_record_of_another_till_is_found() -> None:
    envelope, _ = layout.seal(CHAIN_ID, 7, PREV, b"sold")
    with pytest.raises(JournalDamaged):
        layout.unseal(bytes(16), 7, envelope)


def test_the_hash_depends_on_everything_before_the_record() -> None:
    _, first = layout.seal(CHAIN_ID, 7, PREV, b"sold")
    _, other_past = layout.seal(CHAIN_ID, 7, layout.NO_HASH, b"sold")
    _, other_till = layout.seal(bytes(16), 7, PREV, b"sold")
    assert len({first, other_past, other_till}) == 3


def test_every_single_flipped_bit_of_a_row_is_found() -> None:
    seed = layout.row_seed(CHAIN_ID, "sales")
    stored = layout.seal_row(seed, b"sale-1", 9, b"paid")
    assert layout.unseal_row(seed, "sales", b"sale-1", stored) == b"paid"
    for bit in range(len(stored) * 8):
        flipped = bytearray(stored)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(JournalDamaged):
            layout.unseal_row(seed, "sales", b"sale-1", bytes(flipped))


def test_a_row_under_another_key_or_in_another_table_is_found() -> None:
    seed = layout.row_seed(CHAIN_ID, "sales")
    stored = layout.seal_row(seed, b"sale-1", 9, b"paid")
    with pytest.raises(JournalDamaged):
        layout.unseal_row(seed, "sales", b"sale-2", stored)
    with pytest.raises(JournalDamaged):
        layout.unseal_row(layout.row_seed(CHAIN_ID, "days"), "days", b"sale-1", stored)


def test_keys_sort_as_their_numbers_do() -> None:
    seqs = [0, 1, 255, 256, 65_535, 65_536, 1 << 40]
    assert sorted(map(layout.seq_key, seqs)) == [layout.seq_key(seq) for seq in seqs]
    assert [layout.seq_of(layout.seq_key(seq)) for seq in seqs] == seqs
