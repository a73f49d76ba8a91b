r"""The spill: where records go while the journal itself cannot be written.

Two files (one, or none, if a shop wants it so), written with zeros to their full length when they
are made, so that neither a full disk nor the file system's bookkeeping can refuse a record later.
A batch of records is one write and one sync. A file that fails once is never written again in
this process: after a failed sync the kernel calls the pages clean, and a second sync would
succeed without them.

All integers are big-endian. At offset 0 and again at offset 512 stands a header; the one with the
higher epoch counts, and a new one overwrites the other, so that a torn write leaves the old one:

====== ===== ===========================================================================
offset bytes meaning
====== ===== ===========================================================================
0      4     magic, ``tlsp``
4      4     CRC-32 of bytes 8 to 31
8      8     epoch: 1, 2, ...; raised when everything has been merged into the journal
16     16    chain_id of the journal
====== ===== ===========================================================================

Frames follow from offset 4096, each at a multiple of 8, without a gap:

====== ===== ===========================================================================
offset bytes meaning
====== ===== ===========================================================================
0      4     magic, ``tlsf``
4      4     length of the content in bytes
8      4     CRC-32 of: chain_id, epoch (8 bytes), bytes 0 to 7, the content
12     ...   content: msgpack of [seq, stored record, rows, checkpoint]
====== ===== ===========================================================================

The stored record is what `format.seal` makes, with its own checksum and its place in the chain.
The first frame that is not whole ends the file's content: what comes after it was never answered
for. The epoch in the checksum makes frames of an earlier filling unreadable.
"""

from __future__ import annotations

import os
import struct
import zlib
from typing import TYPE_CHECKING, Self

import msgspec

from tillhald.journal.disk import ZERO_CHUNK_BYTES, sync_folder, write_zeros
from tillhald.journal.errors import Fault, JournalDamaged, StorageFailed
from tillhald.journal.format import (
    BODY_AT,
    PREV_HASH_AT,
    Head,
    Row,
    Sealed,
    check_record,
    record_hash,
    record_seed,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

SPILL_MIB_MIN, SPILL_MIB_MAX = 16, 1024
_HEADER = struct.Struct(">4sIQ16s")
_HEADER_MAGIC = b"tlsp"
_HEADER_AT = (0, 512)
_FRAME = struct.Struct(">4sII")
_FRAME_MAGIC = b"tlsf"
_FRAMES_AT = 4096
_ALIGN = 8


class SpillFile:
    """One file. Writer thread only, once the daemon runs."""

    def __init__(
        self, path: Path, fd: int, chain_id: bytes, epoch: int, failure: OSError | None
    ) -> None:
        self.path = path
        self.failure = failure
        """Why it is not written any more."""
        self.size_bytes = os.fstat(fd).st_size
        self._fd = fd
        self._chain_id = chain_id
        self._epoch = epoch
        self._end = _FRAMES_AT

    @classmethod
    def open(cls, path: Path, chain_id: bytes, *, size_bytes: int) -> Self:
        """Open the file, or make it durably. OSError; JournalDamaged if it is another chain's.

        One on a disk that takes no writes any more is still read: what it holds was answered for.
        """
        if not path.exists():
            _make(path, chain_id, size_bytes)
        failure = None
        try:
            fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            failure = error
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return cls(path, fd, chain_id, _read_epoch(path, fd, chain_id), failure)
        except BaseException:
            os.close(fd)
            raise

    @property
    def used_bytes(self) -> int:
        """How far frames reach."""
        return self._end - _FRAMES_AT

    @property
    def room_bytes(self) -> int:
        """What can still be written; nothing after a failure."""
        return 0 if self.failure else self.size_bytes - self._end

    def read(self) -> list[Sealed]:
        """The records in it, and make ready to append behind them. OSError, JournalDamaged."""
        records, self._end = _scan(self._fd, self._seed(), self._chain_id)
        return records

    def settle(self) -> None:
        """Write what was read once more, and zeros behind it, durably. OSError.

        After a failed sync, and the death of its process, frames may stand in the page cache only.
        Believed, and built upon, they would take all that follows with them at the next power cut.
        Behind the last one, frames of a batch that was torn may stand; a later append, longer or
        shorter, must never make them readable again.
        """
        _write_all(self._fd, os.pread(self._fd, self.used_bytes, _FRAMES_AT), _FRAMES_AT)
        for start in range(self._end, self.size_bytes, ZERO_CHUNK_BYTES):
            end = min(start + ZERO_CHUNK_BYTES, self.size_bytes)
            # Nearly always there are zeros already: a start need not wait for them to be written.
            if os.pread(self._fd, end - start, start) != bytes(end - start):
                write_zeros(self._fd, start, end)
        os.fdatasync(self._fd)

    def append(self, records: Sequence[Sealed]) -> None:
        """Write a batch and sync it once. OSError: nothing is known, and never written again."""
        seed = self._seed()
        frames = b"".join(_frame(seed, record) for record in records)
        if len(frames) > self.room_bytes:
            message = f"The spill {self.path} is full."
            raise StorageFailed(message)
        try:
            _write_all(self._fd, frames, self._end)
            os.fdatasync(self._fd)
        except OSError as error:
            self.failure = error
            raise
        self._end += len(frames)

    def reset(self) -> None:
        """Forget the frames: all of them have been merged. OSError, as `append`."""
        try:
            _write_header(self._fd, self._epoch + 1, self._chain_id)
            os.fdatasync(self._fd)
        except OSError as error:
            self.failure = error
            raise
        self._epoch += 1
        self._end = _FRAMES_AT

    def close(self) -> None:
        os.close(self._fd)

    def _seed(self) -> int:
        return zlib.crc32(self._epoch.to_bytes(8, "big"), zlib.crc32(self._chain_id))


class Spill:
    """The spill's files, used one after the other as they fail or fill up."""

    def __init__(self, files: Sequence[SpillFile] = (), missing: Sequence[str] = ()) -> None:
        """`missing` names the files that could not be opened, and why."""
        self._files = list(files)
        self._missing = list(missing)

    @property
    def size_bytes(self) -> int:
        """What all files hold together."""
        return sum(file.size_bytes for file in self._files)

    @property
    def used_bytes(self) -> int:
        return sum(file.used_bytes for file in self._files)

    @property
    def room_bytes(self) -> int:
        """What can still be written; a batch may need a little of it for each record."""
        return sum(file.room_bytes for file in self._files)

    @property
    def failures(self) -> list[str]:
        """Which files cannot be written any more, and why."""
        failed = [f"{file.path}: {file.failure}" for file in self._files if file.failure]
        return [*self._missing, *failed]

    def append(self, records: Sequence[Sealed]) -> None:
        """Make a batch durable in the first file that takes it. StorageFailed if none does."""
        causes = []
        for file in self._files:
            if file.failure is not None:
                continue
            try:
                file.append(records)
            except (OSError, StorageFailed) as error:
                causes.append(str(error))
            else:
                return
        sentence = f"No spill is left. {' '.join(causes)}".strip()
        raise StorageFailed(sentence)

    def read(self, after: Head, stored_hash: Callable[[int], bytes | None]) -> list[Sealed]:
        """The records of all files that follow `after` and are not in the journal yet.

        `stored_hash` tells the hash of a record that is in the journal. A batch whose sync failed
        may stand in one file, and again in the next one. Raises JournalDamaged if the spill holds
        another history than the journal, OSError.
        """
        found: dict[int, Sealed] = {}
        for file in self._files:
            for record in file.read():
                seq = record.head.seq
                known = found.setdefault(seq, record).head.hash
                if seq <= after.seq:
                    known = stored_hash(seq) or known
                if known != record.head.hash:
                    sentence = f"The spill holds another record {seq} than was stored before."
                    raise JournalDamaged(Fault.FORK, seq, sentence)
        return _following(found, after)

    def everything(self) -> list[Sealed]:
        """All records in all files, by number, whatever journal they follow. OSError."""
        found = {record.head.seq: record for file in self._files for record in file.read()}
        return [found[seq] for seq in sorted(found)]

    def settle(self) -> None:
        """See `SpillFile.settle`; a file that fails is not used any more."""
        for file in self._files:
            if file.failure is None:
                try:
                    file.settle()
                except OSError as error:
                    file.failure = error

    def reset(self) -> None:
        """Forget everything: it is in the journal. A file that fails is not used any more.

        Its frames stay, and are found to be in the journal already when it is read next.
        """
        for file in self._files:
            if file.failure is None and file.used_bytes:
                try:
                    file.reset()
                except OSError:
                    continue

    def close(self) -> None:
        for file in self._files:
            file.close()
        self._files.clear()


def open_spill(paths: Sequence[Path], chain_id: bytes, *, size_bytes: int) -> Spill:
    """Open or make the files. JournalDamaged if one is another till's.

    One that cannot be had is left out, and named in `failures`: fewer places are less safety, and
    no reason not to sell.
    """
    files, missing = [], []
    for path in paths:
        try:
            files.append(SpillFile.open(path, chain_id, size_bytes=size_bytes))
        except OSError as error:
            missing.append(f"{path}: {error}")
    return Spill(files, missing)


def _following(found: dict[int, Sealed], after: Head) -> list[Sealed]:
    last = after
    following = []
    for seq in sorted(seq for seq in found if seq > after.seq):
        record = found[seq]
        if seq != last.seq + 1 or record.envelope[PREV_HASH_AT:BODY_AT] != last.hash:
            sentence = f"Record {seq} in the spill does not follow record {last.seq}."
            raise JournalDamaged(Fault.FORK, seq, sentence)
        following.append(record)
        last = record.head
    return following


def _make(path: Path, chain_id: bytes, size_bytes: int) -> None:
    building = path.with_name(path.name + ".new")
    fd = os.open(building, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        for start in range(0, size_bytes, ZERO_CHUNK_BYTES):
            write_zeros(fd, start, min(start + ZERO_CHUNK_BYTES, size_bytes))
        _write_header(fd, 1, chain_id)
        os.fsync(fd)
    except OSError:
        # A full disk needs this room for the journal.
        building.unlink()
        raise
    finally:
        os.close(fd)
    building.rename(path)
    sync_folder(path.parent)


def _write_header(fd: int, epoch: int, chain_id: bytes) -> None:
    rest = struct.pack(">Q16s", epoch, chain_id)
    header = _HEADER.pack(_HEADER_MAGIC, zlib.crc32(rest), epoch, chain_id)
    _write_all(fd, header, _HEADER_AT[epoch % 2])


def _read_epoch(path: Path, fd: int, chain_id: bytes) -> int:
    epochs = []
    for at in _HEADER_AT:
        raw = os.pread(fd, _HEADER.size, at)
        if len(raw) < _HEADER.size:
            continue
        magic, crc, epoch, found = _HEADER.unpack(raw)
        if magic != _HEADER_MAGIC or zlib.crc32(raw[8:]) != crc:
            continue
        if found != chain_id:
            sentence = f"The spill {path} belongs to another journal."
            raise JournalDamaged(Fault.FORK, None, sentence)
        epochs.append(epoch)
    if not epochs:
        sentence = f"The spill {path} has no readable header."
        raise JournalDamaged(Fault.EDITED, None, sentence)
    return int(max(epochs))


def _frame(seed: int, record: Sealed) -> bytes:
    rows = [(row.table, row.key, row.value) for row in record.rows]
    content = msgspec.msgpack.encode((record.head.seq, record.envelope, rows, record.checkpoint))
    front = struct.pack(">4sI", _FRAME_MAGIC, len(content))
    crc = zlib.crc32(content, zlib.crc32(front, seed))
    frame = b"".join((front, crc.to_bytes(4, "big"), content))
    return frame.ljust(-(-len(frame) // _ALIGN) * _ALIGN, b"\0")


def _scan(fd: int, seed: int, chain_id: bytes) -> tuple[list[Sealed], int]:
    size_bytes = os.fstat(fd).st_size
    records: list[Sealed] = []
    at = _FRAMES_AT
    while at + _FRAME.size <= size_bytes:
        front = os.pread(fd, _FRAME.size, at)
        magic, length, crc = _FRAME.unpack(front)
        if magic != _FRAME_MAGIC or at + _FRAME.size + length > size_bytes:
            break
        content = os.pread(fd, length, at + _FRAME.size)
        if zlib.crc32(content, zlib.crc32(front[:8], seed)) != crc:
            break
        records.append(_decode(content, chain_id))
        at += -(-(_FRAME.size + length) // _ALIGN) * _ALIGN
    return records, at


_CONTENT = msgspec.msgpack.Decoder(
    tuple[int, bytes, list[tuple[str, bytes, bytes | None]], bytes | None]
)


def _decode(content: bytes, chain_id: bytes) -> Sealed:
    seq, envelope, rows, checkpoint = _CONTENT.decode(content)
    check_record(record_seed(chain_id), seq, envelope)
    head = Head(seq, record_hash(chain_id, seq, envelope))
    return Sealed(head, envelope, tuple(Row(*row) for row in rows), checkpoint)


def _write_all(fd: int, data: bytes, at: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, at)
        view, at = view[written:], at + written
