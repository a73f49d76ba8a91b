"""The file of a bundle, byte by byte: docs/reference/bundle-format.md.

It is a plain tar (POSIX.1-1988 ustar), so that anybody can look into it. But a tar has room for
things that nobody looks at: owners, times, padding, what follows the end. Here each byte of it
follows from the names and contents alone, and the last member is the sum of all before it. So a
damaged stick is told from a bundle that somebody changed.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from tillhald.boot.files import PARTIAL, sync
from tillhald.domain.errors import BundleCorrupt, BundleTooNew

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

SUFFIX = ".tlb"
FIRST = "FORMAT"
LAST = "SHA256"
FORMAT = 1
_WORD = b"tillhal bundle "

BLOCK = 512
END = bytes(2 * BLOCK)
CHUNK_BYTES = 1 << 20
MEMBERS_MAX = 1_000
BUNDLE_BYTES_MAX = 2 << 30
SMALL_BYTES_MAX = 4 << 20
"""Of a member that is read into memory: metadata, the manifest, the list of requirements."""


class Member(NamedTuple):
    """Where a content lies in the file, and what it is. `sha256` is hexadecimal."""

    offset: int
    size: int
    sha256: str


class Content(NamedTuple):
    """What is to be written under a name: `size` bytes in `pieces`."""

    name: str
    size: int
    pieces: Iterable[bytes]


def small(name: str, content: bytes) -> Content:
    """A content in hand."""
    return Content(name, len(content), (content,))


def of_file(name: str, path: Path) -> Content:
    """A content that is a file."""

    def pieces() -> Iterator[bytes]:
        with path.open("rb") as file:
            while piece := file.read(CHUNK_BYTES):
                yield piece

    return Content(name, path.stat().st_size, pieces())


def write(path: Path, contents: Iterable[Content]) -> None:
    """Write a bundle under a new name; durable when this returns.

    Raises OSError, FileExistsError where something is, and ValueError for a name that fits into no
    tar. Nothing is left then.
    """
    if path.exists():
        message = f"{path} is there already"
        raise FileExistsError(message)
    building = path.with_name(path.name + PARTIAL)
    try:
        with building.open("wb") as file:
            running = hashlib.sha256()
            for content in (small(FIRST, b"%s%d\n" % (_WORD, FORMAT)), *contents):
                _put(file, content, running.update)
            _put(file, small(LAST, f"{running.hexdigest()}\n".encode()), running.update)
            file.write(END)
            file.flush()
            os.fsync(file.fileno())
        building.rename(path)
        sync(path.parent)
    finally:
        building.unlink(missing_ok=True)


def read(file: BinaryIO, on_progress: Callable[[int, int], None]) -> dict[str, Member]:
    """Read all of an open bundle; what it holds, by name, without its first and last member.

    Raises BundleCorrupt unless it is, to the last bit, a bundle that was finished; BundleTooNew
    for a format that is not known here; OSError.
    """
    total = size_of(file)
    if total > BUNDLE_BYTES_MAX:
        sentence = f"It has {total} bytes, and a bundle has at most {BUNDLE_BYTES_MAX}."
        raise BundleCorrupt(sentence)
    running = hashlib.sha256()
    members: dict[str, Member] = {}
    file.seek(0)
    while len(members) <= MEMBERS_MAX:
        # Taken before the last member is: it is the sum of what lies before it.
        before = running.hexdigest()
        name, member = _member(file, total, running.update, on_progress)
        if not members:
            _check_format(file, name, member)
        elif name in members:
            raise BundleCorrupt(f"{name} is in it twice.")
        members[name] = member
        if name == LAST:
            _check_end(file, member, before)
            del members[FIRST], members[LAST]
            return members
    raise BundleCorrupt(f"It has more than {MEMBERS_MAX} members.")


def size_of(file: BinaryIO) -> int:
    """How many bytes an open file has."""
    return os.fstat(file.fileno()).st_size


def content_of(file: BinaryIO, member: Member) -> bytes:
    """The content of a small member. BundleCorrupt for one that is not small, or has changed."""
    if member.size > SMALL_BYTES_MAX:
        sentence = f"A part of {member.size} bytes stands where {SMALL_BYTES_MAX} are the most."
        raise BundleCorrupt(sentence)
    return b"".join(pieces_of(file, member))


def pieces_of(file: BinaryIO, member: Member) -> Iterator[bytes]:
    """The content of a member. BundleCorrupt, at its end, if it is not what was read before."""
    file.seek(member.offset)
    digest, left = hashlib.sha256(), member.size
    while left:
        piece = file.read(min(left, CHUNK_BYTES))
        if not piece:
            break
        digest.update(piece)
        left -= len(piece)
        yield piece
    if digest.hexdigest() != member.sha256:
        raise BundleCorrupt("It changed while it was read.")


def _put(file: BinaryIO, content: Content, note: Callable[[bytes], None]) -> None:
    def put(piece: bytes) -> None:
        file.write(piece)
        note(piece)

    put(_header(content.name, content.size))
    written = 0
    for piece in content.pieces:
        put(piece)
        written += len(piece)
    assert written == content.size, f"{content.name} has {written} bytes, and {content.size} said"
    put(bytes(-written % BLOCK))


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")


def _member(
    file: BinaryIO,
    total: int,
    note: Callable[[bytes], None],
    on_progress: Callable[[int, int], None],
) -> tuple[str, Member]:
    start = file.tell()
    header = _exactly(file, BLOCK, total)
    try:
        info = tarfile.TarInfo.frombuf(header, "ascii", "strict")
        expected = _header(info.name, info.size)
    except (tarfile.HeaderError, ValueError) as error:
        raise BundleCorrupt(f"At byte {start} no member begins: {error}.") from error
    if header != expected:
        raise BundleCorrupt(f"The member at byte {start} is not written as a bundle's are.")
    note(header)
    digest, left = hashlib.sha256(), info.size
    while left:
        piece = _exactly(file, min(left, CHUNK_BYTES), total)
        digest.update(piece)
        note(piece)
        left -= len(piece)
        on_progress(file.tell(), total)
    padding = _exactly(file, -info.size % BLOCK, total)
    if any(padding):
        raise BundleCorrupt(f"There is something behind {info.name}, where nothing belongs.")
    note(padding)
    return info.name, Member(start + BLOCK, info.size, digest.hexdigest())


def _exactly(file: BinaryIO, count: int, total: int) -> bytes:
    piece = file.read(count)
    if len(piece) != count:
        raise BundleCorrupt(f"It ends after {total} bytes, in the middle of a bundle.")
    return piece


def _check_format(file: BinaryIO, name: str, member: Member) -> None:
    behind = file.tell()
    word = content_of(file, member) if name == FIRST and member.size <= BLOCK else b""
    file.seek(behind)
    number = word.removeprefix(_WORD).strip()
    if not word.startswith(_WORD) or not number.isdigit():
        raise BundleCorrupt("This file is no bundle.")
    if int(number) != FORMAT:
        sentence = f"It has format {int(number)}; this version of tillhal reads format {FORMAT}."
        raise BundleTooNew(sentence, found=int(number), expected=FORMAT)


def _check_end(file: BinaryIO, member: Member, before: str) -> None:
    behind = file.tell()
    if content_of(file, member) != f"{before}\n".encode():
        raise BundleCorrupt("Its checksum is wrong: it was damaged on the way.")
    file.seek(behind)
    if file.read(len(END) + 1) != END:
        raise BundleCorrupt("It does not end where a bundle ends.")
