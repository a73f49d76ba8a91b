"""What a power cut took: the disk before it beside the disk after it."""

import os
import stat
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from hwsim.power.medium import SECTOR_BYTES
from hwsim.power.trace import Op, Tree, Wrote
from hwsim.power.tree import paths


class Fate(Enum):
    """What became of a write that was not synced."""

    KEPT = "kept"
    LOST = "lost"
    TORN = "torn"


@dataclass(frozen=True, slots=True)
class FileLoss:
    """How many of a file's writes that were not synced are there whole, not at all, in part.

    A write counts by what is left of it: bytes that a later write replaced do not count. The sizes
    are those before and after the cut.
    """

    path: str
    kept: int
    lost: int
    torn: int
    size_before: int
    size_after: int


@dataclass(frozen=True, slots=True)
class Loss:
    """What the cut by `seed` left of what was not durable.

    `gone` are the names that lead to nothing any more, `back` those that had been removed and are
    there again, `older` those that lead to what they led to before it was replaced, and `moved` are
    the names of files that are found under the name before, which comes second. `str` says all of
    it in words, one line for each.
    """

    seed: int
    files: tuple[FileLoss, ...]
    gone: tuple[str, ...]
    back: tuple[str, ...]
    older: tuple[str, ...]
    moved: tuple[tuple[str, str], ...]

    @property
    def nothing(self) -> bool:
        """Whether the disk is as it was."""
        return not (self.gone or self.back or self.older or self.moved) and all(
            file.lost == file.torn == 0 and file.size_before == file.size_after
            for file in self.files
        )

    def __str__(self) -> str:
        lines = [_sentence(file) for file in self.files]
        lines += [f"{name}: gone, its name was not synced" for name in self.gone]
        lines += [f"{name}: there again, its removal was not synced" for name in self.back]
        lines += [
            f"{name}: the older file again, the new one's name was not synced"
            for name in self.older
        ]
        lines += [
            f"{name}: still called {old}, the new name was not synced" for name, old in self.moved
        ]
        if not lines:
            lines = ["nothing is lost: all that was written had been synced"]
        return "\n".join(lines)


def _sentence(file: FileLoss) -> str:
    fates = zip(Fate, (file.kept, file.lost, file.torn), strict=True)
    total = file.kept + file.lost + file.torn
    what = "1 write was" if total == 1 else f"{total:,} writes were"
    parts = []
    if total:
        counts = ", ".join(f"{count:,} {fate.value}" for fate, count in fates if count)
        parts.append(f"{what} not synced: {counts}")
    if file.size_before != file.size_after:
        parts.append(f"{file.size_after:,} bytes long instead of {file.size_before:,}")
    return f"{file.path}: {'; '.join(parts)}"


def is_recorded(mode: int) -> bool:
    """Whether a power cut can leave it: a file or a folder, and not a socket."""
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def loss_of(seed: int, before: Tree, pending: Sequence[Op], after: Tree) -> Loss:
    """Compare. `pending` are the operations that were not durable, in the order of the program."""
    names_before = {
        os.fsdecode(name): ino
        for name, ino in paths(before).items()
        if is_recorded(before[ino].mode)
    }
    names_after = {os.fsdecode(name): ino for name, ino in paths(after).items()}
    old_names = {ino: name for name, ino in names_after.items()}
    moved = {
        name: old_names[ino]
        for name, ino in names_before.items()
        if old_names.get(ino, name) != name
    }
    both = names_before.keys() & names_after.keys()
    older = [name for name in both if names_before[name] != names_after[name]]
    gone = names_before.keys() - names_after.keys() - moved.keys()
    back = names_after.keys() - names_before.keys() - set(moved.values())
    fates = _fates(before, pending, after)
    files = []
    for name, ino in sorted(names_before.items()):
        size_before = len(before[ino].data)
        size_after = len(after[ino].data) if ino in after else 0
        fate = fates.get(ino, Counter())
        if ino in after and (fate or size_before != size_after):
            counts = (fate[Fate.KEPT], fate[Fate.LOST], fate[Fate.TORN])
            files.append(FileLoss(name, *counts, size_before, size_after))
    return Loss(
        seed,
        tuple(files),
        gone=tuple(sorted(gone)),
        back=tuple(sorted(back)),
        older=tuple(sorted(older)),
        moved=tuple(sorted(moved.items())),
    )


def _fates(before: Tree, pending: Sequence[Op], after: Tree) -> dict[int, Counter[Fate]]:
    """Say what became of the writes, by inode: each sector counts for its last writer."""
    writers: dict[tuple[int, int], int] = {}
    for number, op in enumerate(pending):
        if isinstance(op, Wrote) and not op.errno:
            last = op.offset + len(op.data) - 1
            for sector in range(op.offset // SECTOR_BYTES, last // SECTOR_BYTES + 1):
                writers[op.ino, sector] = number
    whole: dict[tuple[int, int], set[bool]] = {}
    for (ino, sector), number in writers.items():
        if ino not in before or ino not in after:
            continue
        begin = sector * SECTOR_BYTES
        had = before[ino].data[begin : begin + SECTOR_BYTES]
        if had:  # else it was cut off again
            has = after[ino].data[begin : begin + SECTOR_BYTES]
            whole.setdefault((ino, number), set()).add(had == has)
    fates: dict[int, Counter[Fate]] = {}
    for (ino, _), sectors in whole.items():
        fate = Fate.TORN if len(sectors) > 1 else Fate.KEPT if True in sectors else Fate.LOST
        fates.setdefault(ino, Counter())[fate] += 1
    return fates
