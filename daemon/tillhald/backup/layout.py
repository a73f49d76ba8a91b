r"""The bytes of a backup file (`.tbk`): how they look. Pure.

The same for readers without our code: docs/reference/backup-format.md.

====================== ======= ===================================================================
offset                 bytes   meaning
====================== ======= ===================================================================
0                      8       magic, ``tlbackup``
8                      1       version of this layout, 1
9                      4       size of the header, H
13                     H       MessagePack, a `Header`
13 + H                 A       an age file (age-encryption.org/v1): one zstd frame of *frames*
13 + H + A             T       MessagePack, a `Trailer`; it says A
13 + H + A + T         4       T
17 + H + A + T         64      Ed25519 signature
81 + H + A + T         8       end magic, ``tlbkend`` and 1
====================== ======= ===================================================================

Integers are big-endian. The signature is of: the 17 bytes ``tillhal.backup.1\0``, and the SHA-256
of everything before the signature. So no bit of a file can change and stay unnoticed, and whoever
has no key to open it can still tell that it is whole, and from whom.

A *frame*: kind (1), size of the content (4), content. Their kinds stand in `Kind`.
"""

from __future__ import annotations

import enum
import re
import struct
import sys
from array import array
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, TypeVar

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tillhald.domain.backup import BackupKind, BackupTotals
from tillhald.domain.errors import BackupCorrupt
from tillhald.journal.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

T = TypeVar("T")

MAGIC = b"tlbackup\x01"
END_MAGIC = b"tlbkend\x01"
SUFFIX = ".tbk"
SIGNATURE_BYTES = 64
HEADER_BYTES_MAX = 64 << 10
TRAILER_BYTES_MAX = 64 << 10
FRAME_BYTES_MAX = 32 << 20
"""The longest content of a frame: twice the largest value that a journal takes."""
NAME_CHARS_MAX = 40

_SIZE = struct.Struct(">I")
_SIZES = "I"
assert array(_SIZES).itemsize == _SIZE.size, "an unsigned int has four bytes where tills run"
_FRAME = struct.Struct(">cI")
_TAG = b"tillhal.backup.1\0"
HEADER_AT = len(MAGIC) + _SIZE.size
FOOTER_BYTES = _SIZE.size + SIGNATURE_BYTES + len(END_MAGIC)


class Kind(bytes, enum.Enum):
    """What a frame holds."""

    FILE = b"F"
    """Something of the till that is not in the journal: length of its name (1), name, bytes."""
    RECORDS = b"R"
    """Records one after another, in the order of their numbers: how many (4), the size of each
    (4), the stored bytes of each, see docs/reference/journal-format.md."""
    ROWS = b"T"
    """Rows of one table: length of the table's name (1), table, how many (4), the sizes of key and
    stored bytes of each (4, 4), key and stored bytes of each. A later row replaces an earlier one
    of the same table and key."""
    ENDING = b"E"
    """The last one: MessagePack, an `Ending`."""


_KINDS = {kind.value: kind for kind in Kind}


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """Whose backup it is, and where it begins.

    `prev_hash`: the hash of record `first_seq` - 1, zeros for none; `follows`: the backup_id of
    the one that ended there, empty for a full one. `journal_format`: that of records and rows.
    `recipients`: the age recipients of the shop that can open it; one more, that only the till's
    memory had while it ran, was used to read it back. `signer`: Ed25519 public key, 32 bytes.
    """

    backup_id: str
    kind: BackupKind
    identity: Identity
    made_ms: int
    first_seq: int
    prev_hash: bytes
    follows: str
    journal_format: int
    version: str
    recipients: tuple[str, ...]
    signer: bytes


class Trailer(msgspec.Struct, frozen=True, kw_only=True):
    """Where it ends. `age_bytes`: of the age file; `plain_bytes`: of all frames in it;
    `closed_days`: see BackupMade."""

    last_seq: int
    head_hash: bytes
    records: int
    rows: int
    files: int
    age_bytes: int
    plain_bytes: int
    closed_days: int
    business_day: str


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """What was put in. `totals`: of the state after the last record."""

    records: int
    rows: int
    files: int
    totals: BackupTotals


class Filed(msgspec.Struct, frozen=True):
    """A file that travels in a backup."""

    name: str
    content: bytes


def corrupt(what: str) -> BackupCorrupt:
    """The refusal of a file in which `what` is wrong."""
    return BackupCorrupt(f"This is no whole backup: {what}.")


# --- the clear parts


def pack_front(header: Header) -> bytes:
    """Everything before the age file."""
    content = msgspec.msgpack.encode(header)
    assert len(content) <= HEADER_BYTES_MAX, "a header is small"
    return MAGIC + _SIZE.pack(len(content)) + content


def pack_trailer(trailer: Trailer) -> bytes:
    """What follows the age file, before the signature."""
    content = msgspec.msgpack.encode(trailer)
    return content + _SIZE.pack(len(content))


def signed(digest: bytes) -> bytes:
    """The bytes that are signed, for the SHA-256 of everything before the signature."""
    return _TAG + digest


def pack_end(key: Ed25519PrivateKey, digest: bytes) -> bytes:
    """The signature and what ends the file."""
    return key.sign(signed(digest)) + END_MAGIC


def header_size(front: bytes) -> int:
    """The size of the header from the first HEADER_AT bytes. Raises BackupCorrupt."""
    if len(front) < HEADER_AT or not front.startswith(MAGIC):
        raise corrupt("it does not begin as one of version 1 does")
    (size,) = _SIZE.unpack_from(front, len(MAGIC))
    if not 0 < size <= HEADER_BYTES_MAX:
        raise corrupt("its header cannot have this size")
    return int(size)


def trailer_size(footer: bytes) -> int:
    """The size of the trailer from the last FOOTER_BYTES bytes. Raises BackupCorrupt."""
    if len(footer) < FOOTER_BYTES or not footer.endswith(END_MAGIC):
        raise corrupt("its end is not there: it was not finished, or was cut")
    (size,) = _SIZE.unpack_from(footer)
    if not 0 < size <= TRAILER_BYTES_MAX:
        raise corrupt("its trailer cannot have this size")
    return int(size)


def read_header(content: bytes) -> Header:
    """Raises BackupCorrupt."""
    header = _decoded(content, Header, "header")
    if len(header.signer) != 32 or not header.backup_id:  # noqa: PLR2004 - an Ed25519 key
        raise corrupt("its header lacks something")
    return header


def read_trailer(content: bytes) -> Trailer:
    """Raises BackupCorrupt."""
    return _decoded(content, Trailer, "trailer")


def _decoded(content: bytes, kind: type[T], what: str) -> T:
    try:
        return msgspec.msgpack.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise corrupt(f"its {what} cannot be read") from None


def check_signature(signer: bytes, signature: bytes, digest: bytes) -> None:
    """Raises BackupCorrupt unless `signer` signed a file with this digest."""
    try:
        Ed25519PublicKey.from_public_bytes(signer).verify(signature, signed(digest))
    except (InvalidSignature, ValueError):
        raise corrupt("its signature does not fit: some of it was changed") from None


def file_name(header: Header, last_seq: int) -> str:
    """A name that no other backup has, from which a person sees whose it is and how far it goes."""
    till = f"{header.identity.store_id}-{header.identity.workstation_id}"
    till = re.sub(r"[^A-Za-z0-9._-]", "_", till)[:NAME_CHARS_MAX]
    numbers = f"{header.first_seq:010}-{last_seq:010}"
    return f"{till}-{numbers}-{header.kind}-{header.backup_id[:8]}{SUFFIX}"


# --- frames


def frame(kind: Kind, content: bytes) -> bytes:
    """One frame."""
    assert len(content) <= FRAME_BYTES_MAX, "a frame is within its limit"
    return _FRAME.pack(kind.value, len(content)) + content


def pack_file(filed: Filed) -> bytes:
    """A frame that holds a file."""
    name = filed.name.encode()
    return frame(Kind.FILE, bytes([len(name)]) + name + filed.content)


def read_file(content: bytes) -> Filed:
    """Raises BackupCorrupt."""
    size = content[0] if content else 0
    try:
        return Filed(content[1 : 1 + size].decode(), content[1 + size :])
    except UnicodeDecodeError:
        raise corrupt("the name of a file in it cannot be read") from None


def pack_records(envelopes: Sequence[bytes]) -> bytes:
    """A frame that holds records, or several where they are too much for one."""
    return _packed(Kind.RECORDS, b"", 1, envelopes)


def read_records(content: bytes) -> list[bytes]:
    """The stored bytes of each. Raises BackupCorrupt."""
    return _unpacked(content, 0, 1)


def pack_rows(table: str, keys_and_values: Sequence[bytes]) -> bytes:
    """A frame that holds rows, or several where they are too much for one: of each row its key,
    and what is stored under it."""
    name = table.encode()
    return _packed(Kind.ROWS, bytes([len(name)]) + name, 2, keys_and_values)


def read_rows(content: bytes) -> tuple[str, list[bytes]]:
    """The table, and of each row its key and what is stored under it. Raises BackupCorrupt."""
    size = content[0] if content else 0
    try:
        table = content[1 : 1 + size].decode()
    except UnicodeDecodeError:
        raise corrupt("rows in it name no table") from None
    return table, _unpacked(content, 1 + size, 2)


def _packed(kind: Kind, front: bytes, of_each: int, pieces: Sequence[bytes]) -> bytes:
    """A frame, put together at once: these make up a backup, and each copy of them counts."""
    sizes = array(_SIZES, map(len, pieces))
    count = len(pieces) // of_each
    content_bytes = len(front) + _SIZE.size + len(sizes) * _SIZE.size + sum(sizes)
    if content_bytes > FRAME_BYTES_MAX and count > 1:
        middle = count // 2 * of_each
        halves = (pieces[:middle], pieces[middle:])
        return b"".join(_packed(kind, front, of_each, half) for half in halves)
    assert content_bytes <= FRAME_BYTES_MAX, "a journal takes nothing that is too large for a frame"
    if sys.byteorder == "little":
        sizes.byteswap()
    head = (_FRAME.pack(kind.value, content_bytes), front, _SIZE.pack(count), sizes.tobytes())
    return b"".join((*head, *pieces))


def _unpacked(content: bytes, at: int, of_each: int) -> list[bytes]:
    pieces_at = at + _SIZE.size
    if len(content) < pieces_at:
        raise corrupt("a frame in it is too short")
    (count,) = _SIZE.unpack_from(content, at)
    at, pieces_at = pieces_at, pieces_at + count * of_each * _SIZE.size
    if not count or len(content) < pieces_at:
        raise corrupt("a frame in it is too short")
    sizes = array(_SIZES, content[at:pieces_at])
    if sys.byteorder == "little":
        sizes.byteswap()
    ends = list(accumulate(sizes, initial=pieces_at))
    if ends[-1] != len(content):
        raise corrupt("a frame in it has another size than what is in it")
    return [content[start:end] for start, end in pairwise(ends)]


def read_ending(content: bytes) -> Ending:
    """Raises BackupCorrupt."""
    return _decoded(content, Ending, "ending")


class FrameReader:
    """Takes the bytes of frames as they come, in pieces of any size, and gives whole frames."""

    def __init__(self) -> None:
        self._held = bytearray()

    def take(self, data: bytes) -> Iterator[tuple[Kind, bytes]]:
        """Kind and content of every frame that `data` completes. Raises BackupCorrupt."""
        held = self._held
        held += data
        at = 0
        while len(held) - at >= _FRAME.size:
            kind, size = _FRAME.unpack_from(held, at)
            if size > FRAME_BYTES_MAX:
                raise corrupt("a frame in it cannot have this size")
            content_at = at + _FRAME.size
            end = content_at + size
            if len(held) < end:
                break
            at = end
            if kind not in _KINDS:
                raise corrupt(f"it has a frame of an unknown kind, {kind!r}")
            yield _KINDS[kind], bytes(memoryview(held)[content_at:end])
        del held[:at]

    @property
    def is_at_end(self) -> bool:
        """Whether no part of a frame is left over."""
        return not self._held
