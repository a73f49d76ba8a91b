"""The neutral folder: manifest.json, and the files that it names.

Read in one pass, line by line; each file's SHA-256 and count of lines are compared at its end. What
is no record is told with file and line, and reading goes on: a technician wants to see all of it.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

import msgspec

from tillhald.predecessor.records import (
    Found,
    OldDay,
    OldManifest,
    OldRecord,
    OldSale,
    OldSettings,
    OldShift,
    OldSuspended,
    Place,
    Predecessor,
)

MANIFEST: Final = "manifest.json"
MANIFEST_BYTES_MAX = 1 << 20
SETTINGS_BYTES_MAX = 1 << 20
LINE_BYTES_MAX = 4 << 20
"""A thousand lines with the longest texts have about 2 MiB."""
SETTINGS: Final = "settings.json"
# Shifts and days first: sales name them.
_LINES: Final[dict[str, type[OldRecord]]] = {
    "shifts.jsonl": OldShift,
    "days.jsonl": OldDay,
    "sales.jsonl": OldSale,
    "suspended.jsonl": OldSuspended,
}
_NAMES: Final = (MANIFEST, SETTINGS, *_LINES)
_MARKS: Final = {
    b"\xef\xbb\xbf": "UTF-8 with a byte order mark",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_AT: Final = re.compile(r" - at `\$\.?(.*)`$")
_BYTE: Final = re.compile(r" \(byte (\d+)\)$")
_KEY: Final = re.compile(rb'"(\w{1,40})"\s*:')


def _recognises(path: Path) -> bool:
    return any((path / name).exists() for name in _NAMES)


def _files(path: Path) -> list[Path]:
    # Neither a link, which may lead anywhere, nor a pipe, which may never end.
    return [path / name for name in _NAMES if _is_plain(path / name)]


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _read(path: Path) -> Iterator[Found]:
    place = Place(MANIFEST, 1)
    if wrong := _objection(path / MANIFEST):
        yield Found(place, None, wrong)
        return
    content = _whole(path / MANIFEST, MANIFEST_BYTES_MAX)
    manifest = _decoded(place, content, OldManifest)
    yield manifest
    if not isinstance(manifest.record, OldManifest):
        return
    named = manifest.record.files
    for name in named:
        if name != SETTINGS and name not in _LINES:
            yield Found(place, None, f"{name} is no file of this format.", "files")
    for name in (SETTINGS, *_LINES):
        is_there = os.path.lexists(path / name)
        if name in named and not is_there:
            yield Found(place, None, f"{name} is not there.", "files")
        elif is_there and name not in named:
            yield Found(place, None, f"{name} is there and not in the manifest.", "files")
        elif is_there and (wrong := _objection(path / name)):
            yield Found(Place(name, 1), None, wrong)
        elif is_there:
            expected = named[name]
            digest = hashlib.sha256()
            count = 0
            with _opened(path / name) as file:
                for found in _records(name, file, digest):
                    count += 1
                    yield found
            if digest.hexdigest() != expected.sha256:
                wrong = "The file is not the one that the manifest names: its SHA-256 differs."
                yield Found(Place(name, 0), None, wrong)
            if count != expected.records:
                wrong = f"It has {count} records; the manifest says {expected.records}."
                yield Found(Place(name, 0), None, wrong)


def _objection(path: Path) -> str:
    """Why this cannot be a file of text as it should be; empty where it may be one."""
    if not _is_plain(path):
        what = "a symbolic link" if path.is_symlink() else "not a file"
        return f"It is {what}." if os.path.lexists(path) else "It is not there."
    with _opened(path) as file:
        begins = file.read(3)
    for mark, encoding in _MARKS.items():
        if begins.startswith(mark):
            return f"It is {encoding}: it must be UTF-8 without a byte order mark."
    return ""


def _records(name: str, file: IO[bytes], digest: hashlib._Hash) -> Iterator[Found]:
    if name == SETTINGS:
        content = file.read(SETTINGS_BYTES_MAX + 1)
        digest.update(content)
        yield _decoded(Place(name, 1), content, OldSettings)
        while content := file.read(LINE_BYTES_MAX):
            digest.update(content)
        return
    kind = _LINES[name]
    decoder = msgspec.json.Decoder(kind)
    number = 0
    while line := file.readline(LINE_BYTES_MAX + 1):
        number += 1
        digest.update(line)
        place = Place(name, number)
        if not line.endswith(b"\n"):
            is_long = len(line) > LINE_BYTES_MAX
            while is_long and line and not line.endswith(b"\n"):
                line = file.readline(LINE_BYTES_MAX)
                digest.update(line)
            wrong = "The line is too long." if is_long else "The last line is cut: it has no end."
            yield Found(place, None, wrong)
            continue
        try:
            yield Found(place, decoder.decode(line))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            yield _wrong(place, line, error)


def _decoded(place: Place, content: bytes, kind: type[OldRecord]) -> Found:
    if len(content) > MANIFEST_BYTES_MAX:
        return Found(place, None, "The file is too long.")
    try:
        return Found(place, msgspec.json.decode(content, type=kind))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return _wrong(place, content, error)


def _wrong(place: Place, content: bytes, error: Exception) -> Found:
    try:
        content.decode()
    except UnicodeDecodeError as foreign:
        sentence = "It is not UTF-8: another program wrote it in another encoding, as GBK."
        return Found(place, None, sentence, _key_before(content, foreign.start))
    said = str(error)
    if not content.strip():
        said = "The line is empty"
    if (at := _AT.search(said)) is not None:
        return Found(place, None, _AT.sub("", said) + ".", at.group(1))
    byte = _BYTE.search(said)
    field = _key_before(content, int(byte.group(1))) if byte else ""
    return Found(place, None, f"{said}.", field)


def _key_before(content: bytes, at: int) -> str:
    """The key whose value cannot be read there, as far as one is seen."""
    keys = _KEY.findall(content, 0, at + 1)
    return keys[-1].decode(errors="replace") if keys else ""


def _opened(path: Path) -> IO[bytes]:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    return open(os.open(path, flags), "rb")  # noqa: PTH123 - a descriptor


def _whole(path: Path, size_bytes_max: int) -> bytes:
    with _opened(path) as file:
        return file.read(size_bytes_max + 1)


SPEC: Final = Predecessor(
    name="neutral",
    product="the neutral folder",
    recognises=_recognises,
    files=_files,
    read=_read,
)
