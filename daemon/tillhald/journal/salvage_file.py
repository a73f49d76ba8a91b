"""The file that a salvage writes: everything that was recovered, and what was not.

====== ===== ===========================================================================
offset bytes meaning
====== ===== ===========================================================================
0      8     magic, ``tlsalvg`` and the version of this layout, 1
8      ...   frames, one behind the other
====== ===== ===========================================================================

A *frame*, integers big-endian as everywhere in the journal:

====== ===== ===========================================================================
offset bytes meaning
====== ===== ===========================================================================
0      1     kind: ``H``, ``R``, ``T`` or ``E``
1      4     size of the content
5      size  content
...    4     CRC-32 of everything before it in this frame
====== ===== ===========================================================================

``H``, the first one: MessagePack, a `Heading`. ``R``: a record's stored bytes, see `format`; they
come in the order of their numbers. ``T``: a row: length of the table's name (1), the name, length
of the key (2), the key, the row's stored bytes, see `format`. ``E``, the last one: MessagePack, an
`Ending`. A file without it was not finished.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import time
import zlib
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from tillhald.journal.disk import sync_folder
from tillhald.journal.engine import ALL_TABLES, RECORDS
from tillhald.journal.errors import Fault, JournalDamaged, JournalExists
from tillhald.journal.format import Head, StoredRecord, seal_row, seq_of, unseal, unseal_row
from tillhald.journal.scan import VALUE_BYTES_MAX, table_seed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tillhald.journal.salvage import Salvage

MAGIC = b"tlsalvg\x01"
PROGRESS_FRAMES = 10_000
_FRAME = struct.Struct(">cI")
_CRC = struct.Struct(">I")
_KEY = struct.Struct(">H")
_HEADING, _RECORD, _ROW, _ENDING = b"H", b"R", b"T", b"E"
_SEQ = slice(10, 18)
_CONTENT_BYTES_MAX = 2 * VALUE_BYTES_MAX


class Heading(msgspec.Struct, frozen=True, kw_only=True):
    """Whose records follow. `head` and `base` as in `Salvage`; `made_ms` is Unix time."""

    chain_id: bytes
    head: Head | None
    base: Head | None
    made_ms: int


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """What the file holds, and what it lacks: `gone` are ranges of numbers, `breaks` and
    `conflicts` numbers. `sha256` is of the whole file before this frame."""

    records: int
    rows: dict[str, int]
    gone: list[tuple[int, int]]
    breaks: list[int]
    conflicts: list[int]
    whole_tables: list[str]
    sha256: bytes


class FiledRow(msgspec.Struct, frozen=True):
    """A row in the file. It came with record `seq`."""

    table: str
    key: bytes
    seq: int
    value: bytes


class _Writer:
    def __init__(self, file: BinaryIO, on_progress: Callable[[int], None]) -> None:
        self._file = file
        self._on_progress = on_progress
        self._frames = 0
        self._sha256 = hashlib.sha256()
        self._write(MAGIC)

    @property
    def sha256(self) -> bytes:
        return self._sha256.digest()

    def frame(self, kind: bytes, content: bytes) -> None:
        framed = _FRAME.pack(kind, len(content)) + content
        self._write(framed + _CRC.pack(zlib.crc32(framed)))
        self._frames += 1
        if self._frames % PROGRESS_FRAMES == 0:
            self._on_progress(self._frames)

    def _write(self, data: bytes) -> None:
        self._sha256.update(data)
        self._file.write(data)


def write_salvage(path: Path, found: Salvage, on_progress: Callable[[int], None]) -> None:
    """Write what was found into a new file. When this returns, it is durable.

    `on_progress` is told now and then how many frames are written. Raises JournalExists if there
    is something at `path`, OSError, JournalDamaged; nothing is at `path` then that was not there.
    """
    if path.exists():
        sentence = f"There is something at {path} already; a salvage is not written over it."
        raise JournalExists(sentence)
    building = path.with_name(path.name + ".new")
    try:
        # It holds all that the shop did: for the owner only, as the journal itself.
        with open(building, "wb", opener=_private) as file:
            _write_frames(_Writer(file, on_progress), found)
            file.flush()
            os.fsync(file.fileno())
        building.rename(path)
    except BaseException:
        with contextlib.suppress(OSError):
            building.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def _write_frames(writer: _Writer, found: Salvage) -> None:
    heading = Heading(
        chain_id=found.chain_id, head=found.head, base=found.base, made_ms=time.time_ns() // 10**6
    )
    writer.frame(_HEADING, msgspec.msgpack.encode(heading))
    for _, envelope in found.envelopes():
        writer.frame(_RECORD, envelope)
    for table in ALL_TABLES:
        if table != RECORDS:
            name = bytes([len(table)]) + table.encode()
            seed = table_seed(found.chain_id, table)
            for key, seq, value in found.rows(table):
                stored = seal_row(seed, key, seq, value)
                writer.frame(_ROW, b"".join((name, _KEY.pack(len(key)), key, stored)))
    ending = Ending(
        records=found.records_found,
        rows=found.row_counts,
        gone=[(first, last) for first, last in found.gone],
        breaks=list(found.breaks),
        conflicts=[conflict.seq for conflict in found.conflicts],
        whole_tables=sorted(found.whole_tables),
        sha256=writer.sha256,
    )
    writer.frame(_ENDING, msgspec.msgpack.encode(ending))


def read_salvage(path: Path) -> Iterator[Heading | StoredRecord | FiledRow | Ending]:
    """Read the file back, in its order: a Heading, records, rows, an Ending.

    Every checksum is checked. Raises JournalDamaged unless the file is, to the last bit, what was
    written; what came before that may already have been taken. Raises OSError.
    """
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise _damaged(path, "does not begin as one")
        sha256 = hashlib.sha256(MAGIC)
        heading: Heading | None = None
        while True:
            so_far = sha256.digest()
            kind, content = _read_frame(path, file, sha256.update)
            if heading is None:
                if kind != _HEADING:
                    raise _damaged(path, "has no heading")
                heading = msgspec.msgpack.decode(content, type=Heading)
                yield heading
            elif kind == _RECORD:
                yield unseal(heading.chain_id, seq_of(content[_SEQ]), content)
            elif kind == _ROW:
                yield _filed_row(heading.chain_id, content)
            elif kind == _ENDING:
                ending = msgspec.msgpack.decode(content, type=Ending)
                if ending.sha256 != so_far or file.read(1):
                    raise _damaged(path, "is not the one that was written")
                yield ending
                return
            else:
                raise _damaged(path, f"has a frame of an unknown kind, {kind!r}")


def _read_frame(path: Path, file: BinaryIO, update: Callable[[bytes], None]) -> tuple[bytes, bytes]:
    front = file.read(_FRAME.size)
    if len(front) < _FRAME.size:
        raise _damaged(path, "has no end: it was not finished, or was cut")
    kind, size = _FRAME.unpack(front)
    if size > _CONTENT_BYTES_MAX:
        raise _damaged(path, "has a frame that is not what was written")
    content = file.read(size)
    stored_crc = file.read(_CRC.size)
    if stored_crc != _CRC.pack(zlib.crc32(content, zlib.crc32(front))):
        raise _damaged(path, "has a frame that is not what was written")
    update(front + content + stored_crc)
    return kind, content


def _filed_row(chain_id: bytes, content: bytes) -> FiledRow:
    key_at = 1 + content[0] + _KEY.size
    table = content[1 : 1 + content[0]].decode()
    (key_bytes,) = _KEY.unpack_from(content, 1 + content[0])
    key, stored = content[key_at : key_at + key_bytes], content[key_at + key_bytes :]
    value = unseal_row(table_seed(chain_id, table), table, key, stored)
    return FiledRow(table, key, int.from_bytes(stored[:8], "big"), value)


def _damaged(path: Path, what: str) -> JournalDamaged:
    return JournalDamaged(Fault.EDITED, None, f"The salvage file {path} {what}.")
