"""A slot: one version of the program with all that it needs, and the list of what is in it.

After a loss of power a file can be there and be empty, and Python imports an empty package without
a word. So a slot is never judged by whether it starts, but by its content.
"""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tillhald.boot.files import Damaged, get_json, put_json, sync

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST = "MANIFEST.json"
FORMAT = 1
CHUNK_BYTES = 1 << 20
_LEFT_OUT = "__pycache__"
"""Python writes these while it runs; what they hold follows from the files beside them."""


class SlotDamaged(Exception):
    """The slot is not what was installed. Its text names the first file, and what is wrong."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """`schema` is that of the data which this version writes; `files` maps a path to "SIZE SHA256"
    or "-> TARGET" of a link."""

    version: str
    schema: int
    interpreter: str
    python: str
    files: dict[str, str]


def slots_folder(home: Path) -> Path:
    """Where the slots are."""
    return home / "slots"


def interpreter_of(slot: Path) -> Path:
    """What runs the program in this slot."""
    return slot / "bin" / "python"


def describe(folder: Path, *, version: str, schema: int) -> Manifest:
    """List what is in `folder`, which is a virtual environment of this very Python."""
    return Manifest(
        version=version,
        schema=schema,
        interpreter=os.path.realpath(interpreter_of(folder)),
        python=python_version(),
        files=content_of(folder),
    )


def content_of(folder: Path) -> dict[str, str]:
    """What a manifest of this folder says of its files, by path."""
    return dict(sorted(_content(folder)))


def python_version() -> str:
    """That of the interpreter which runs this."""
    return ".".join(str(number) for number in sys.version_info[:3])


def seal(folder: Path, manifest: Manifest) -> None:
    """Put the manifest into the folder, after everything else in it is on disk.

    Raises OSError.
    """
    # At once, because thousands of single syncs take minutes on a memory card. Those that follow
    # have nothing left to do; but they, and not sync(2), tell of a write that failed.
    os.sync()
    for path, _, names in os.walk(folder, topdown=False):
        for name in names:
            file = f"{path}/{name}"
            if not os.path.islink(file):  # noqa: PTH114 - thousands of files
                sync(file)
        sync(path)
    put_json(folder / MANIFEST, {"format": FORMAT, **vars(manifest)})
    sync(folder)


def manifest_of(slot: Path) -> Manifest:
    """Raises SlotDamaged."""
    try:
        content: dict[str, Any] = get_json(slot / MANIFEST)
        if content.pop("format") != FORMAT:
            message = f"{slot.name}: its manifest has a format that this launcher does not know"
            raise SlotDamaged(message)
        return Manifest(**content)
    except FileNotFoundError as error:
        message = f"{slot.name} has no manifest: it was never finished"
        raise SlotDamaged(message) from error
    except (Damaged, KeyError, TypeError) as error:
        message = f"{slot.name}: {error}"
        raise SlotDamaged(message) from error


def check(slot: Path, *, whole: bool) -> Manifest:
    """Return the manifest if the slot is as it was installed. Raises SlotDamaged.

    Sizes are compared always, which finds what a loss of power empties and takes some
    milliseconds; contents only if `whole`.
    """
    manifest = manifest_of(slot)
    if not os.access(manifest.interpreter, os.X_OK):
        message = f"{slot.name}: its interpreter {manifest.interpreter} is not there any more"
        raise SlotDamaged(message)
    for name, said in manifest.files.items():
        path = slot / name
        found = _entry(path, whole=whole)
        expected = said if whole or said.startswith("->") else said.partition(" ")[0]
        if found != expected:
            why = "is not there" if found is None else "is not as it was installed"
            message = f"{slot.name}: {name} {why}"
            raise SlotDamaged(message)
    return manifest


def _content(folder: Path) -> Iterator[tuple[str, str]]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != _LEFT_OUT]
        links = [name for name in folders if os.path.islink(f"{parent}/{name}")]  # noqa: PTH114
        for name in (*names, *links):
            path = Path(parent, name)
            relative = path.relative_to(folder).as_posix()
            entry = _entry(path, whole=True)
            if relative != MANIFEST and entry is not None:
                yield relative, entry


def _entry(path: Path, *, whole: bool) -> str | None:
    """What a manifest says of this path; without the sum unless `whole`; None: nothing there."""
    try:
        if path.is_symlink():
            return f"-> {path.readlink()}"
        size = path.stat().st_size
        if not whole:
            return str(size)
        with path.open("rb") as file:
            return f"{size} {hashlib.file_digest(file, 'sha256').hexdigest()}"
    except (FileNotFoundError, NotADirectoryError):
        return None
