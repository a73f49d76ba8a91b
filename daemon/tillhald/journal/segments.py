"""Segments: one chain of records in several files, each begun when the one before it failed.

The newest segment is the journal. It holds the whole state, so that a start needs no other; what
came before lies in the files that were put aside, which nobody writes to any more.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tillhald.failpoints import reach
from tillhald.journal.creation import build
from tillhald.journal.disk import sync_folder
from tillhald.journal.errors import StorageFailed
from tillhald.journal.format import BODY_AT, PREV_HASH_AT, Head

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tillhald.journal.format import Sealed
    from tillhald.journal.identity import Identity

SEGMENT_MAP_BYTES_MIN = 4 << 20
"""A new segment is made between two sales, so it begins small, and grows as every journal does."""


def retired_path(folder: Path, segment: int) -> Path:
    """Where segment number `segment` is put aside."""
    return folder.with_name(f"{folder.name}.retired-{segment}")


def building_path(folder: Path) -> Path:
    """Where a journal is built before it gets its name."""
    return folder.with_name(folder.name + ".new")


def begin_segment(
    here: Path, identity: Identity, records: Sequence[Sealed], *, standby: Path | None
) -> Path:
    """Build the segment after the one in `here`, on the standby's disk if that is there.

    Its first record is the first of `records`. Returns the folder that it will be found in once
    `put_in_place` has been called. Raises StorageFailed, OSError, lmdb.Error.
    """
    # A missing folder is not made: it may be where a disk that is gone was mounted, and what is
    # written there would be hidden when it comes back.
    target = standby if standby is not None and standby.parent.is_dir() else here
    if target != here and target.exists():
        sentence = f"There is a journal in {target} already, and it is not this one."
        raise StorageFailed(sentence)
    first = records[0]
    base = Head(first.head.seq - 1, first.envelope[PREV_HASH_AT:BODY_AT])
    held = sum(len(r.envelope) + sum(len(row.value or b"") for row in r.rows) for r in records)
    build(
        building_path(target),
        replace(identity, segment=identity.segment + 1),
        base,
        records,
        map_bytes=max(SEGMENT_MAP_BYTES_MIN, 4 * held),
    )
    reach("journal.segment_built")
    return target


def put_in_place(target: Path, here: Path, *, segment: int) -> None:
    """Put segment number `segment`, in `here`, aside, and the one built for `target` in its place.

    Power may go in between: `complete_replacement` then goes on. Raises OSError.
    """
    if target == here and here.exists():
        here.rename(retired_path(here, segment))
        sync_folder(here.parent)
        reach("journal.segment_retired")
    building_path(target).rename(target)
    try:
        sync_folder(target.parent)
    except OSError:
        # Its name may be gone after a power cut: so it does not have it yet.
        target.rename(building_path(target))
        raise
    if target != here:
        # A disk that takes no writes keeps the old name; then the higher number counts.
        with contextlib.suppress(OSError):
            here.rename(retired_path(here, segment))
            sync_folder(here.parent)


def complete_replacement(folder: Path) -> None:
    """Finish what a power cut within `put_in_place` left: the old one aside, the new one unnamed.

    Nothing is put aside before the new one is whole.
    """
    if not folder.exists() and list_retired(folder) and building_path(folder).exists():
        building_path(folder).rename(folder)
        sync_folder(folder.parent)


def list_retired(folder: Path) -> list[Path]:
    """The segments that were put aside beside `folder`, oldest first."""
    beside = folder.parent.glob(f"{folder.name}.retired-*") if folder.parent.exists() else ()
    numbered = [(path.name.rpartition("-")[2], path) for path in beside]
    return [path for _, path in sorted((int(n), path) for n, path in numbered if n.isdecimal())]
