"""Reading a backup: first that it is whole, then, with a key, what is in it.

Nothing of it reaches anybody before the signature was found right. What is decrypted goes from
hand to hand in memory; no file with plaintext is ever made here.
"""

from __future__ import annotations

import hashlib
from typing import IO, TYPE_CHECKING, BinaryIO, NamedTuple, Protocol, cast

import pyrage
import zstandard

from tillhald.backup.layout import (
    FOOTER_BYTES,
    HEADER_AT,
    Ending,
    Filed,
    FrameReader,
    Header,
    Kind,
    Trailer,
    check_signature,
    corrupt,
    header_size,
    read_ending,
    read_file,
    read_header,
    read_records,
    read_rows,
    read_trailer,
    trailer_size,
)
from tillhald.backup.source import Counted
from tillhald.domain.errors import BackupCorrupt, BackupKeyWrong, Refused
from tillhald.journal.engine import CHECKPOINTS, INDEX_TABLES
from tillhald.journal.errors import JournalDamaged
from tillhald.journal.format import (
    Head,
    check_record,
    check_row,
    record_hash,
    record_seed,
    row_seed,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyrage import x25519

PIECE_BYTES = 1 << 20
WINDOW_BYTES_MAX = 8 << 20
"""Of zstd: a file that wants more memory is none of ours."""


class Clear(NamedTuple):
    """What everybody can read of a backup. `sha256` is of the whole file, once it was read."""

    header: Header
    trailer: Trailer
    size_bytes: int
    age_at: int
    sha256: bytes = b""


class Taker(Protocol):
    """Takes what is in a backup, in its order. Raises what it likes to end the reading."""

    def file(self, filed: Filed) -> None: ...

    def records(self, first_seq: int, envelopes: Sequence[bytes]) -> None:
        """Records one after another, as they are stored."""

    def rows(self, table: str, rows: Sequence[tuple[bytes, bytes]]) -> None:
        """Keys, and what is stored under them: sealed."""


def look(file: BinaryIO) -> Clear:
    """The clear parts, by themselves: quick, and proves nothing. Raises BackupCorrupt, OSError."""
    size = file.seek(0, 2)
    if size < HEADER_AT + FOOTER_BYTES:
        raise corrupt("it is too short")
    header, age_at = look_at_header(file)
    file.seek(size - FOOTER_BYTES)
    trailer_bytes = trailer_size(file.read(FOOTER_BYTES))
    trailer_at = size - FOOTER_BYTES - trailer_bytes
    if trailer_at < age_at:
        raise corrupt("it is too short")
    file.seek(trailer_at)
    trailer = read_trailer(file.read(trailer_bytes))
    if trailer.age_bytes != trailer_at - age_at:
        raise corrupt("its parts do not have the sizes that they should have")
    if trailer.last_seq - header.first_seq + 1 != trailer.records:
        raise corrupt("its numbers do not fit together")
    return Clear(header, trailer, size, age_at)


def look_at_header(file: BinaryIO) -> tuple[Header, int]:
    """The first of the clear parts, which a file that was cut off still has, and where it ends.
    Raises BackupCorrupt, OSError."""
    file.seek(0)
    header_bytes = header_size(file.read(HEADER_AT))
    return read_header(file.read(header_bytes)), HEADER_AT + header_bytes


def check_whole(
    file: BinaryIO, on_progress: Callable[[int, int], None] = lambda _done, _total: None
) -> Clear:
    """Prove that the file is, to the last bit, what its signer wrote. No key is needed.

    `on_progress(done, total)` counts bytes. Raises BackupCorrupt, OSError.
    """
    clear = look(file)
    signature_at = clear.size_bytes - FOOTER_BYTES + 4
    sha256 = hashlib.sha256()
    file.seek(0)
    left = signature_at
    while left:
        piece = file.read(min(PIECE_BYTES, left))
        if not piece:
            raise corrupt("it ends too early")
        sha256.update(piece)
        left -= len(piece)
        on_progress(signature_at - left, signature_at)
    rest = file.read(clear.size_bytes - signature_at)
    check_signature(clear.header.signer, rest[:64], sha256.digest())
    sha256.update(rest)
    return clear._replace(sha256=sha256.digest())


def read_backup(
    file: BinaryIO,
    clear: Clear,
    key: x25519.Identity,
    taker: Taker,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Ending:
    """Decrypt what `check_whole` found right, check all of it, and hand it to `taker`.

    Checked are: every frame, every record, the chain from `prev_hash` to `head_hash`, every row,
    the counts and sums. `on_progress(done, total)` counts bytes. Raises BackupKeyWrong,
    BackupCorrupt, OSError, and what `taker` raises; what it has taken by then counts for nothing.
    """
    checking = _Checking(clear, taker)
    inner = _Into(checking)
    decompressor = zstandard.ZstdDecompressor(max_window_size=WINDOW_BYTES_MAX)
    span = _Span(file, clear.age_at, clear.trailer.age_bytes, on_progress)
    try:
        with decompressor.stream_writer(cast("IO[bytes]", inner), closefd=False) as plain:
            pyrage.decrypt_io(span, plain, [key])
    except (Refused, JournalDamaged):
        raise
    except Exception as error:
        if inner.failure is not None:
            raise inner.failure from None
        if span.failure is not None:
            raise span.failure from None
        if isinstance(error, pyrage.DecryptError) and "No matching keys" in str(error):
            sentence = "The key opens another backup, not this one."
            raise BackupKeyWrong("identity", sentence) from None
        raise corrupt("what is encrypted in it cannot be read") from error
    return checking.finish()


class _Span:
    """A part of a file, for pyrage to read from."""

    def __init__(
        self, file: BinaryIO, start: int, size: int, on_progress: Callable[[int, int], None]
    ) -> None:
        file.seek(start)
        self._file = file
        self._size = self._left = size
        self._on_progress = on_progress
        self.failure: OSError | None = None

    def read(self, size: int) -> bytes:
        try:
            piece = self._file.read(min(size, self._left))
        except OSError as error:
            self.failure = error
            raise
        self._left -= len(piece)
        self._on_progress(self._size - self._left, self._size)
        return piece


class _Into:
    """Where zstd writes to; it keeps what was raised, which may not come through as it was."""

    def __init__(self, checking: _Checking) -> None:
        self._checking = checking
        self.failure: BaseException | None = None

    def write(self, data: bytes) -> int:
        try:
            self._checking.take(bytes(data))
        except BaseException as error:
            self.failure = error
            raise
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""


class _Checking:
    def __init__(self, clear: Clear, taker: Taker) -> None:
        header = clear.header
        self._clear = clear
        self._taker = taker
        self._frames = FrameReader()
        self._counted = Counted()
        self._chain_id = header.identity.chain_id
        self._record_seed = record_seed(self._chain_id)
        self._row_seeds = {
            table: row_seed(self._chain_id, table) for table in (*INDEX_TABLES, CHECKPOINTS)
        }
        self._head = Head(header.first_seq - 1, header.prev_hash)
        self._ending: Ending | None = None

    def take(self, data: bytes) -> None:
        self._counted.plain_bytes += len(data)
        if self._counted.plain_bytes > self._clear.trailer.plain_bytes:
            raise corrupt("it holds more than it says")
        for kind, content in self._frames.take(data):
            if self._ending is not None:
                raise corrupt("something follows its ending")
            match kind:
                case Kind.RECORDS:
                    self._records(read_records(content))
                case Kind.ROWS:
                    self._rows(*read_rows(content))
                case Kind.FILE:
                    self._counted.files += 1
                    self._taker.file(read_file(content))
                case Kind.ENDING:
                    self._ending = read_ending(content)

    def _records(self, envelopes: list[bytes]) -> None:
        chain_id, seed = self._chain_id, self._record_seed
        seq, last_hash = self._head
        first_seq = seq + 1
        try:
            for seq, envelope in enumerate(envelopes, first_seq):
                if check_record(seed, seq, envelope) != last_hash:
                    raise corrupt(f"record {seq} in it does not follow the one before it")
                last_hash = record_hash(chain_id, seq, envelope)
        except JournalDamaged as damage:
            raise corrupt(f"record {seq} in it is damaged") from damage
        self._head = Head(seq, last_hash)
        self._counted.records += len(envelopes)
        self._taker.records(first_seq, envelopes)

    def _rows(self, table: str, keys_and_values: list[bytes]) -> None:
        seed = self._row_seeds.get(table)
        if seed is None:
            raise corrupt("rows in it name a table that there is not")
        rows = list(zip(keys_and_values[::2], keys_and_values[1::2], strict=True))
        try:
            for key, stored in rows:
                check_row(seed, table, key, stored)
        except JournalDamaged as damage:
            raise corrupt(f"a row of {table} in it is damaged") from damage
        self._counted.rows += len(rows)
        self._taker.rows(table, rows)

    def finish(self) -> Ending:
        """What it holds, now that all of it was seen."""
        ending, trailer, counted = self._ending, self._clear.trailer, self._counted
        if ending is None or not self._frames.is_at_end:
            raise corrupt("it has no ending")
        if counted.plain_bytes != trailer.plain_bytes:
            raise corrupt("it holds more or less than it says")
        counts = (counted.records, counted.rows, counted.files)
        if counts != (ending.records, ending.rows, ending.files) or counts != (
            trailer.records,
            trailer.rows,
            trailer.files,
        ):
            raise corrupt("it holds more or less than it says")
        if self._head != Head(trailer.last_seq, trailer.head_hash):
            raise corrupt("its records do not end where it says")
        return ending


class Forgetting:
    """A taker that keeps nothing: the checks are all that is wanted."""

    def file(self, filed: Filed) -> None:
        pass

    def records(self, first_seq: int, envelopes: Sequence[bytes]) -> None:
        pass

    def rows(self, table: str, rows: Sequence[tuple[bytes, bytes]]) -> None:
        pass


__all__ = ["BackupCorrupt", "Clear", "Forgetting", "Taker", "check_whole", "look", "read_backup"]
