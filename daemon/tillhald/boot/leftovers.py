"""What a till does not need any more after a switch: `python -m tillhald.boot.leftovers`.

The boot record names at most three pairs. Kept are those; a generation with a higher number that no
work has made; and a program that no work has run yet: it was brought for an upgrade to come. What
is removed is the data and the programs before `previous`, and what a switch left that came to
nothing.

Reads paths on stdin, one a line, removes each, and says `BYTES PATH` for each on stdout.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tillhald.boot.files import Damaged, get_json
from tillhald.boot.generation import META, data_folder, number_of
from tillhald.boot.record import pairs
from tillhald.boot.slot import slots_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tillhald.boot.record import BootRecord, Pair

WORKS_KEPT_MAX = 40
"""Pieces of work whose files are kept, the newest ones."""


def leftovers(home: Path, record: BootRecord, run: list[Pair]) -> list[Path]:
    """What can go. `run` are the pairs of all stored work: from where it went, and to where."""
    named = pairs(record)
    slots = {pair.slot for pair in run} - {pair.slot for pair in named}
    found = [slots_folder(home) / name for name in sorted(slots)]
    kept = {pair.generation for pair in named}
    newest = number_of(record.committed.generation)
    for folder in sorted(data_folder(home).glob("gen-*")):
        number = number_of(folder.name)
        if folder.name in kept or number is None or newest is None:
            continue
        if number < newest or _was_made_by_work(folder):
            found.append(folder)
    return [path for path in found if path.is_dir() and not path.is_symlink()]


def old_works(home: Path) -> list[Path]:
    """The folders of pieces of work that are so old that nobody asks for them."""
    works = [path for path in (home / "work").glob("*") if path.is_dir()]
    works.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return works[WORKS_KEPT_MAX:]


def _was_made_by_work(folder: Path) -> bool:
    try:
        return bool(get_json(folder / META).get("made_by"))
    except (FileNotFoundError, Damaged):
        return False


def remove(path: Path) -> int:
    """Remove a folder; how many bytes its files had. What cannot be removed stays."""
    size = sum(_sizes(path))
    shutil.rmtree(path, ignore_errors=True)
    return size


def _sizes(path: Path) -> Iterator[int]:
    for parent, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                yield os.lstat(f"{parent}/{name}").st_blocks * 512


def main() -> int:
    """See the module's docstring."""
    os.nice(19)
    for line in sys.stdin:
        path = Path(line.rstrip("\n"))
        sys.stdout.write(f"{remove(path)} {path}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
