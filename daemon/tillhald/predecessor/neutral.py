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
_AT: Final = re.compile(r" - at `\$\.?(.*)`$")


def _recognises(path: Path) -> bool:
    return (path / MANIFEST).is_file()


def _files(path: Path) -> list[Path]:
    names = (MANIFEST, SETTINGS, *_LINES)
    return [path / name for name in names if (path / name).exists()]


def _read(path: Path) -> Iterator[Found]:
    place = Place(MANIFEST, 1)
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
        is_there = (path / name).is_file() and not (path / name).is_symlink()
        if name in named and not is_there:
            yield Found(place, None, f"{name} is not there.", "files")
        elif is_there and name not in named:
            yield Found(place, None, f"{name} is there and not in the manifest.", "files")
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


def _records(name: str, file: IO[bytes], digest: hashlib._Hash) -> Iterator[Found]:
    if name == SETTINGS:
        content = file.read(SETTINGS_BYTES_MAX + 1)
        digest.update(content)
        yield _decoded(Place(name, 1), content, OldSettings)
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
            yield _wrong(place, error)


def _decoded(place: Place, content: bytes, kind: type[OldRecord]) -> Found:
    if len(content) > MANIFEST_BYTES_MAX:
        return Found(place, None, "The file is too long.")
    try:
        return Found(place, msgspec.json.decode(content, type=kind))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return _wrong(place, error)


def _wrong(place: Place, error: Exception) -> Found:
    said = str(error)
    at = _AT.search(said)
    return Found(place, None, _AT.sub("", said) + ".", at.group(1) if at else "")


def _opened(path: Path) -> IO[bytes]:
    return open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")  # noqa: PTH123 - a descriptor


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
