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
import hashlib
import re
import struct
from typing import TYPE_CHECKING, TypeVar

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tillhald.domain.backup import BackupKind, BackupTotals
from tillhald.domain.errors import BackupCorrupt
from tillhald.journal.format import Row
from tillhald.journal.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Iterator

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
_FRAME = struct.Struct(">cI")
_ROW_FRONT = struct.Struct(">BH")
_TAG = b"tillhal.backup.1\0"
HEADER_AT = len(MAGIC) + _SIZE.size
FOOTER_BYTES = _SIZE.size + SIGNATURE_BYTES + len(END_MAGIC)


class Kind(bytes, enum.Enum):
    """What a frame holds."""

    FILE = b"F"
    """Something of the till that is not in the journal: length of its name (1), name, bytes."""
    RECORD = b"R"
    """A record's stored bytes, see docs/reference/journal-format.md; in the order of numbers."""
    ROW = b"T"
    """A row: length of the table's name (1), length of the key (2), table, key, stored bytes. A
    later one replaces an earlier one of the same table and key."""
    ENDING = b"E"
    """The last one: MessagePack, an `Ending`."""


_KINDS = {kind.value: kind for kind in Kind}
_ENDING = Kind.ENDING.value


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
    """What was put in. `totals`: of the state after the last record. `completed` and
    `payable_minor`: the sales that the records in this file complete, and what they come to
    together. `sha256`: of all frames before this one."""

    records: int
    rows: int
    files: int
    totals: BackupTotals
    completed: int
    payable_minor: int
    sha256: bytes


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


def pack_row(table: str, key: bytes, stored: bytes) -> bytes:
    """A frame that holds a row."""
    name = table.encode()
    front = _ROW_FRONT.pack(len(name), len(key))
    return frame(Kind.ROW, b"".join((front, name, key, stored)))


def read_row(content: bytes) -> Row:
    """The row, its value as it is stored: sealed. Raises BackupCorrupt."""
    if len(content) < _ROW_FRONT.size:
        raise corrupt("a row in it is too short")
    name_bytes, key_bytes = _ROW_FRONT.unpack_from(content)
    key_at = _ROW_FRONT.size + name_bytes
    value_at = key_at + key_bytes
    try:
        table = content[_ROW_FRONT.size : key_at].decode()
    except UnicodeDecodeError:
        raise corrupt("a row in it names no table") from None
    return Row(table, content[key_at:value_at], content[value_at:])


def read_ending(content: bytes) -> Ending:
    """Raises BackupCorrupt."""
    return _decoded(content, Ending, "ending")


class FrameReader:
    """Takes the bytes of frames as they come, in pieces of any size, and gives whole frames."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._sha256 = hashlib.sha256()
        self.sha256_before = b""
        """Of everything before the ending."""

    def take(self, data: bytes) -> Iterator[tuple[Kind, bytes]]:
        """Kind and content of every frame that `data` completes. Raises BackupCorrupt."""
        held = self._held
        held += data
        at = hashed = 0
        while len(held) - at >= _FRAME.size:
            kind, size = _FRAME.unpack_from(held, at)
            if size > FRAME_BYTES_MAX:
                raise corrupt("a frame in it cannot have this size")
            content_at = at + _FRAME.size
            end = content_at + size
            if len(held) < end:
                break
            if kind == _ENDING:
                self._sha256.update(held[hashed:at])
                self.sha256_before = self._sha256.digest()
                hashed = at
            at = end
            if kind not in _KINDS:
                raise corrupt(f"it has a frame of an unknown kind, {kind!r}")
            yield _KINDS[kind], bytes(held[content_at:end])
        self._sha256.update(held[hashed:at])
        del held[:at]

    @property
    def is_at_end(self) -> bool:
        """Whether no part of a frame is left over."""
        return not self._held
