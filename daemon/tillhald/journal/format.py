r"""The bytes of the journal: how a record and a row look on disk. Pure.

All integers are big-endian. `chain_id` is 16 random bytes, chosen when the journal is created.

**A record**, in database `records` under its sequence number as 8 bytes:

====== ===== ===========================================================================
offset bytes meaning
====== ===== ===========================================================================
0      4     magic, ``tljr``
4      1     version of this layout, 1
5      1     flags, 0; a reader refuses flags that it does not know
6      4     CRC-32 (ISO-HDLC, as in zlib) of: chain_id, bytes 0 to 5, bytes 10 to the end
10     8     sequence number, the same as the key; 1, 2, 3, ... without a gap
18     32    hash of the previous record; 32 zero bytes in the first one
50     ...   body: opaque, encoded by whoever appended it
====== ===== ===========================================================================

The *hash of a record* is the SHA-256 of: the 25 bytes ``tillhal.journal.record.1\0``, chain_id,
the sequence number (8 bytes), and all stored bytes above, from offset 0 to the end. So a record
vouches for everything before it, and nothing is encoded again to check it. CRC-32 finds every
single flipped bit (and every burst up to 32 bits); the hash finds what was changed on purpose,
as long as one later hash is known.

**A row**, in an index database (`requests`, `sales`, ...), `checkpoints` or `meta`:

====== ===== ===========================================================================
offset bytes meaning
====== ===== ===========================================================================
0      8     sequence number of the record in whose commit the row was written
8      4     CRC-32 of: chain_id (nothing for `meta`), the database's name, bytes 0 to 7,
             the key, bytes 12 to the end
12     ...   value
====== ===== ===========================================================================

In `checkpoints` the key is the sequence number of a record (8 bytes), and the value begins with
that record's hash (32 bytes), followed by the state as its caller encoded it.

`meta` holds: ``format`` (the schema's number in decimal), ``engine`` (the LMDB version that
created the file), ``chain_id`` (16 bytes), ``identity`` (msgpack, see `identity.Identity`),
``head`` (sequence number, 8 bytes, and hash, 32 bytes, of the last record) and ``closed`` (8
bytes: the head's sequence number when the journal was last closed in good order). A segment that
was begun because the one before it failed also has ``base`` (as ``head``): the record that its
first one follows.
"""

from __future__ import annotations

import functools
import hashlib
import struct
import zlib
from typing import NamedTuple

from tillhald.journal.errors import Fault, JournalDamaged
from tillhald.schema import MIN_READER

FORMAT_VERSION = MIN_READER
"""What a program must know to write on in a journal of this one."""
RECORD_VERSION = 1
HASH_BYTES = 32
CHAIN_ID_BYTES = 16
NO_HASH = bytes(HASH_BYTES)
"""What the first record names as the hash of the one before it."""

_FRONT = b"tljr" + bytes([RECORD_VERSION, 0])
_HEADER = struct.Struct(f">6sIQ{HASH_BYTES}s")
_SEQ_AT = 10
PREV_HASH_AT = 18
BODY_AT = _HEADER.size
_TAG = b"tillhal.journal.record.1\0"
_ROW_VALUE_AT = 12

_SEQ = struct.Struct(">Q")
_CRC = struct.Struct(">I")
_ROW = struct.Struct(">QI")


class Head(NamedTuple):
    """The last record: its sequence number and its hash."""

    seq: int
    hash: bytes


class StoredRecord(NamedTuple):
    """A record whose checksum was right when it was read."""

    seq: int
    hash: bytes
    prev_hash: bytes
    body: bytes


class Row(NamedTuple):
    """An index row to write together with a record. `value` None deletes the row.

    `table` is one of `engine.INDEX_TABLES`; `key` has 1 to 511 bytes.
    """

    table: str
    key: bytes
    value: bytes | None


class Sealed(NamedTuple):
    """A record as it will be stored, with everything that goes with it."""

    head: Head
    envelope: bytes
    rows: tuple[Row, ...]
    checkpoint: bytes | None

    @property
    def body(self) -> bytes:
        """What was appended."""
        return self.envelope[BODY_AT:]


def seq_key(seq: int) -> bytes:
    """Return the key of a record or checkpoint: 8 bytes that sort as the numbers do."""
    return _SEQ.pack(seq)


def seq_of(key: bytes | memoryview) -> int:
    """Return the sequence number in a key made by `seq_key`."""
    if len(key) != _SEQ.size:
        sentence = f"A key of {len(key)} bytes stands among the records; keys have 8 bytes."
        raise JournalDamaged(Fault.EDITED, None, sentence)
    return int.from_bytes(key, "big")


@functools.lru_cache(maxsize=8)
def record_seed(chain_id: bytes) -> int:
    """Return the CRC of everything that comes before a record's own bytes; for `check_record`."""
    return zlib.crc32(_FRONT, zlib.crc32(chain_id))


def record_hash_prefix(chain_id: bytes) -> bytes:
    """Return what is hashed before a record's number and its stored bytes."""
    return _TAG + chain_id


def record_hash(chain_id: bytes, seq: int, envelope: bytes | memoryview) -> bytes:
    """Return the hash of a stored record, see the table above."""
    digest = _hasher(chain_id).copy()
    digest.update(_SEQ.pack(seq))
    digest.update(envelope)
    return digest.digest()


@functools.lru_cache(maxsize=8)
def _hasher(chain_id: bytes) -> hashlib._Hash:
    """To be copied: looking the algorithm up costs more than hashing a record."""
    return hashlib.sha256(record_hash_prefix(chain_id))


def seal(chain_id: bytes, seq: int, prev_hash: bytes, body: bytes) -> tuple[bytes, bytes]:
    """Return the bytes to store for record `seq`, and their hash."""
    rest = b"".join((_SEQ.pack(seq), prev_hash, body))
    crc = zlib.crc32(rest, record_seed(chain_id))
    envelope = b"".join((_FRONT, _CRC.pack(crc), rest))
    return envelope, record_hash(chain_id, seq, envelope)


def check_record(seed: int, seq: int, envelope: bytes | memoryview) -> bytes:
    """Return the hash of the record before that this one names.

    Raises JournalDamaged unless `envelope` is, to the last bit, a record numbered `seq`.
    """
    if len(envelope) < BODY_AT:
        sentence = f"Record {seq} is shorter than any record can be."
        raise JournalDamaged(Fault.EDITED, seq, sentence)
    front, crc, stored_seq, prev_hash = _HEADER.unpack_from(envelope)
    if front != _FRONT:
        sentence = f"Record {seq} does not begin as a record of version {RECORD_VERSION} does."
        raise JournalDamaged(Fault.EDITED, seq, sentence)
    if zlib.crc32(envelope[_SEQ_AT:], seed) != crc:
        sentence = f"Record {seq} is not what was written: its checksum is wrong."
        raise JournalDamaged(Fault.EDITED, seq, sentence)
    if stored_seq != seq:
        sentence = f"Under number {seq} stands record {stored_seq}, so that one is there twice."
        raise JournalDamaged(Fault.REPEATED, seq, sentence)
    return bytes(prev_hash)


def unseal(chain_id: bytes, seq: int, envelope: bytes) -> StoredRecord:
    """Return record `seq` from its stored bytes; JournalDamaged if they are not as written."""
    prev_hash = check_record(record_seed(chain_id), seq, envelope)
    return StoredRecord(seq, record_hash(chain_id, seq, envelope), prev_hash, envelope[BODY_AT:])


def row_seed(chain_id: bytes, table: str) -> int:
    """Return the CRC of everything that comes before a row's own bytes."""
    return zlib.crc32(table.encode(), zlib.crc32(chain_id))


def seal_row(seed: int, key: bytes, seq: int, value: bytes) -> bytes:
    """Return the bytes to store for a row written together with record `seq`."""
    crc = zlib.crc32(b"".join((_SEQ.pack(seq), key, value)), seed)
    return _ROW.pack(seq, crc) + value


def check_row(seed: int, table: str, key: bytes | memoryview, stored: bytes | memoryview) -> int:
    """Return the number of the record the row came with; JournalDamaged if it was altered."""
    if len(stored) >= _ROW_VALUE_AT:
        seq, crc = _ROW.unpack_from(stored)
        if zlib.crc32(b"".join((stored[:8], key, stored[_ROW_VALUE_AT:])), seed) == crc:
            return int(seq)
    sentence = f"Row {bytes(key)!r} of {table} is not what was written: its checksum is wrong."
    raise JournalDamaged(Fault.EDITED, None, sentence)


def unseal_row(seed: int, table: str, key: bytes, stored: bytes) -> bytes:
    """Return the value of a row; JournalDamaged if the row is not what was written."""
    check_row(seed, table, key, stored)
    return stored[_ROW_VALUE_AT:]


def pack_head(head: Head) -> bytes:
    """Return the value of the meta row `head`."""
    return _SEQ.pack(head.seq) + head.hash


def unpack_head(value: bytes) -> Head:
    """Return the head from the (checked) value of its meta row."""
    return Head(int.from_bytes(value[:8], "big"), value[8:])
