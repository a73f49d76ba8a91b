"""What is surely on the medium, and what may be there: the model of a power cut.

A program's operations reach a cache. What of it is on the medium when the power goes:

- A sync of a file makes its data and its size durable. Not its name.
- A sync of a folder makes the names in it durable. Names become durable in the order in which
  they were made, renamed or removed, wherever they stand: a file system keeps a journal of them.
- Of the writes that no sync covers yet any may have reached the medium, in any order, and each
  may be torn where one sector of the medium ends.
- A file that was made longer by a write may be longer without having the data: it has zeros.
- A sync that failed promises nothing, and a later one that succeeds does not make up for it: the
  kernel calls the pages clean although they are not on the medium, and does not write them again
  until the program writes to the same page again (ext4, XFS, Btrfs: Rebello et al., "Can
  Applications Recover from fsync Failures?", USENIX ATC 2020).
- A write that failed may have reached the medium or not, and no sync settles it; only a later
  write to the same page does, once it is durable.

Rewriting in the middle of a sector is taken to be atomic, as it is on disks.
"""

import stat
from collections.abc import Iterable, Iterator
from random import Random
from typing import TypeAlias

from hwsim.power.trace import (
    ROOT_INO,
    Made,
    Marked,
    Node,
    Op,
    Removed,
    Renamed,
    Resized,
    Synced,
    Tree,
    Wrote,
)
from hwsim.power.tree import apply, copy, paths

SECTOR_BYTES = 512
"""What a medium writes as one unit."""
PAGE_BYTES = 4096
"""What a kernel's cache holds, and writes back, as one unit."""
PENDING_OPS_MAX = 4096
PENDING_BYTES_MAX = 64 << 20
"""Of writes that no sync covers, a Medium remembers so many; older ones count as having reached
the medium, as a kernel writes back what has been dirty for long."""

NameOp: TypeAlias = Made | Renamed | Removed
FileOp: TypeAlias = Wrote | Resized


def pieces_of(op: Wrote, unit_bytes: int) -> Iterator[Wrote]:
    """Cut a write where units of the medium, or pages of the cache, end."""
    if op.offset % unit_bytes + len(op.data) <= unit_bytes:
        yield op
        return
    at = 0
    while at < len(op.data):
        size = min(unit_bytes - (op.offset + at) % unit_bytes, len(op.data) - at)
        yield Wrote(op.ino, op.offset + at, op.data[at : at + size])
        at += size


def sectors_of(op: FileOp) -> Iterator[FileOp]:
    """Cut an operation where sectors end; a change of size is one step."""
    if isinstance(op, Wrote):
        yield from pieces_of(op, SECTOR_BYTES)
    else:
        yield op


def _pages(op: Wrote) -> range:
    return range(op.offset // PAGE_BYTES, (op.offset + len(op.data) - 1) // PAGE_BYTES + 1)


def reached_sizes(tree: Tree, ops: Iterable[FileOp]) -> list[Resized]:
    """Return the sizes that the writes give the files of `tree` which they make longer."""
    ends: dict[int, int] = {}
    for op in ops:
        if isinstance(op, Wrote):
            ends[op.ino] = max(ends.get(op.ino, 0), op.offset + len(op.data))
    return [Resized(ino, end) for ino, end in ends.items() if end > len(tree[ino].data)]


class Medium:
    """Everything that was recorded, told apart by whether a power cut can take it back.

    `sure` is on the medium, whatever happens; files whose names are not durable yet are there
    without a name. Each of these may be there, too: a beginning of `names`; any of `writes`, which
    the next sync will settle; any of `abandoned`, which a sync has failed for; any of `refused`,
    writes that failed. The latter two are pieces of one page each, and older than `writes`.
    """

    def __init__(self, start: Tree) -> None:
        """Begin with `start`, all of it durable; it is copied."""
        self.sure: Tree = copy(start)
        self.names: list[NameOp] = []
        self.writes: list[FileOp] = []
        self.abandoned: list[Wrote] = []
        self.refused: list[Wrote] = []
        self._writes_bytes = 0

    def record(self, op: Op) -> None:
        """Take note of the next operation. The cost does not depend on the size of the files."""
        match op:
            case Made():
                self.sure[op.ino] = Node(op.mode)
                self.names.append(op)
            case Renamed() | Removed():
                self.names.append(op)
            case Marked():
                pass
            case _ if op.ino not in self.sure:
                pass  # its name is gone for good: no state can hold it
            case Wrote(errno=0):
                self._wrote(op)
            case Wrote():
                self.refused += pieces_of(Wrote(op.ino, op.offset, op.data), PAGE_BYTES)
                del self.refused[:-PENDING_OPS_MAX]
            case Resized():
                self.writes.append(op)
            case Synced(errno=0):
                self._synced(op.ino)
            case Synced():
                self._sync_failed(op.ino)

    @property
    def pending(self) -> list[FileOp]:
        """All that may have changed the content of files, the oldest first."""
        return [*self.refused, *self.abandoned, *self.writes]

    def random_state(self, random: Random) -> Tree:
        """Return what a power cut leaves now: one of the states that the model allows."""
        tree = copy(self.sure)
        for name_op in self.names[: random.randint(0, len(self.names))]:
            apply(tree, name_op)
        for step in self._random_steps(random):
            apply(tree, step)
        named = {ROOT_INO, *paths(tree).values()}
        return {ino: node for ino, node in tree.items() if ino in named}

    def _random_steps(self, random: Random) -> list[FileOp]:
        """Choose among nothing, everything, whole writes and torn ones, each as often."""
        pending = self.pending
        share = random.random()
        match random.randrange(4):
            case 0:
                return []
            case 1:
                return pending
            case 2:
                steps = [op for op in pending if random.random() < share]
            case _:
                torn = (piece for op in pending for piece in sectors_of(op))
                steps = [piece for piece in torn if random.random() < share]
                random.shuffle(steps)
        longer = reached_sizes(self.sure, pending) if random.random() < share else []
        return [*longer, *steps]

    def _wrote(self, op: Wrote) -> None:
        if self.abandoned:
            # Its page is dirty again, with all that the page holds: the next sync settles that.
            again = [piece for piece in self.abandoned if _on_one_page(piece, op)]
            self.abandoned = [piece for piece in self.abandoned if piece not in again]
            self.writes += again
        self.writes.append(op)
        self._writes_bytes += len(op.data)
        if len(self.writes) > PENDING_OPS_MAX or self._writes_bytes > PENDING_BYTES_MAX:
            oldest = self.writes[: (len(self.writes) + 1) // 2]
            self._keep(self.writes[len(oldest) :])
            self._settle(oldest)

    def _synced(self, ino: int) -> None:
        if stat.S_ISDIR(self.sure[ino].mode):
            touching = [at for at, op in enumerate(self.names) if ino in _folders_of(op)]
            count = touching[-1] + 1 if touching else 0
            settled, self.names = self.names[:count], self.names[count:]
            for name_op in settled:
                self._settle_name(name_op)
        else:
            of_file = [op for op in self.writes if op.ino == ino]
            self._keep([op for op in self.writes if op.ino != ino])
            self._settle(of_file)

    def _sync_failed(self, ino: int) -> None:
        for op in self.writes:
            if op.ino == ino and isinstance(op, Wrote):
                self.abandoned += pieces_of(op, PAGE_BYTES)
        self._keep([op for op in self.writes if op.ino != ino or isinstance(op, Resized)])

    def _settle(self, ops: list[FileOp]) -> None:
        for op in ops:
            apply(self.sure, op)
            self.refused = [piece for piece in self.refused if not _replaces(op, piece)]
            if isinstance(op, Resized):
                self.abandoned = [piece for piece in self.abandoned if not _replaces(op, piece)]

    def _settle_name(self, op: NameOp) -> None:
        replaced = None
        match op:
            case Removed():
                replaced = self.sure[op.parent].entries.get(op.name)
            case Renamed():
                replaced = self.sure[op.new_parent].entries.get(op.new_name)
            case Made():
                pass
        apply(self.sure, op)
        if replaced is not None:
            del self.sure[replaced]
            self._keep([write for write in self.writes if write.ino != replaced])
            self.abandoned = [piece for piece in self.abandoned if piece.ino != replaced]
            self.refused = [piece for piece in self.refused if piece.ino != replaced]

    def _keep(self, writes: list[FileOp]) -> None:
        self.writes = writes
        self._writes_bytes = sum(len(op.data) for op in writes if isinstance(op, Wrote))


def _folders_of(op: NameOp) -> tuple[int, ...]:
    return (op.parent, op.new_parent) if isinstance(op, Renamed) else (op.parent,)


def _on_one_page(piece: Wrote, op: Wrote) -> bool:
    return piece.ino == op.ino and piece.offset // PAGE_BYTES in _pages(op)


def _replaces(op: FileOp, piece: Wrote) -> bool:
    """Whether the piece can no longer be seen once `op`, which is later, is on the medium."""
    if isinstance(op, Wrote):
        return _on_one_page(piece, op)
    return op.ino == piece.ino and op.size <= piece.offset
