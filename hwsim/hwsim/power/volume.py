"""A file system in memory, as programs see it while they run, with everything that it records.

It knows nothing of the kernel: what goes wrong is an OSError with the errno that the program is
told. What a power cut would leave is the business of its `medium`.
"""

import errno
import os
import stat
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from hwsim.power.faults import Effect, Fail, Faults, Freeze, Lie, Operation, Short, Slow, matches
from hwsim.power.loss import Loss, is_recorded, loss_of
from hwsim.power.medium import Medium
from hwsim.power.trace import (
    ROOT_INO,
    Made,
    Marked,
    Op,
    Removed,
    Renamed,
    Resized,
    Synced,
    Trace,
    Tree,
    Wrote,
)
from hwsim.power.tree import apply, copy

BLOCK_BYTES: Final = 4096
FREE_BYTES: Final = 2 << 30
"""What a new disk has room for, beyond what it starts with. It is memory."""
NAME_BYTES_MAX: Final = 255
TRACE_BYTES_MAX: Final = 512 << 20
"""A recording holds so many bytes of written data; then it ends, and is refused."""

MARK: Final = b".mark"
MARK_INO: Final = 1 << 62
_FIXED: Final = {ROOT_INO, MARK_INO}


@dataclass(frozen=True, slots=True)
class Stat:
    """What stat(2) says. Links are 0 for a file without a name; time is when it was written."""

    ino: int
    mode: int
    size: int
    links: int
    blocks: int
    time_ns: int


def blocks_of(size: int) -> int:
    """Return how many blocks a file takes. There are no sparse files: a hole takes its room."""
    return -(-size // BLOCK_BYTES)


class Volume:
    """One disk with its rules. `pause` is called to answer nobody: for seconds, or until a thaw."""

    def __init__(
        self, start: Tree, faults: Faults, pause: Callable[[float | None], None], *, record: bool
    ) -> None:
        """Begin with `start`, which is durable and now belongs to the volume."""
        self.read_only = False
        self.write_count = 0
        self.free_blocks = FREE_BYTES // BLOCK_BYTES
        self._faults = faults
        self._pause = pause
        self._record = record
        self._syncs: Counter[str] = Counter()
        self._begin(start)

    def _begin(self, start: Tree) -> None:
        self._tree = start
        self._medium = Medium(start)
        self._trace_start: Tree = copy(start) if self._record else {}
        self._ops: list[Op] = []
        self._ops_bytes = 0
        self._next_ino = max(start) + 1
        now_ns = time.time_ns()
        self._times_ns = dict.fromkeys(start, now_ns)
        self._lookups: Counter[int] = Counter()
        self._places = {
            ino: (folder, name)
            for folder, node in start.items()
            for name, ino in node.entries.items()
        }

    # --- what is known of the disk

    @property
    def blocks(self) -> int:
        """How many blocks the files take, those included that are open and have no name."""
        return sum(blocks_of(len(node.data)) for node in self._tree.values())

    def path(self, ino: int) -> str:
        """Return the path below the top folder, which is `.`; the last name of what has none."""
        names: list[bytes] = []
        while ino != ROOT_INO:
            ino, name = self._places[ino]
            names.append(name)
        return os.fsdecode(b"/".join(reversed(names))) or "."

    def sync_count(self, name: str) -> int:
        """Return how often files of this name were synced: a pattern, as in a Rule."""
        return sum(count for path, count in self._syncs.items() if matches(path, name))

    def trace(self) -> Trace:
        """Return what was recorded since the disk began, or since the last cut.

        Raise RuntimeError when nothing is recorded, or not all could be.
        """
        if not self._record:
            raise RuntimeError("This disk does not record: open it with record=True.")
        if self._ops_bytes > TRACE_BYTES_MAX:
            raise RuntimeError(
                f"More than {TRACE_BYTES_MAX >> 20} MiB were written: the recording is not whole."
            )
        return Trace(self._trace_start, tuple(self._ops))

    def cut(self, seed: int) -> Loss:
        """Go on with what a power cut leaves, by `seed`: every file, and every name, is durable."""
        state = self._medium.random_state(Random(seed))  # noqa: S311
        for ino, node in state.items():
            # A change of the mode is not recorded; it is taken to be durable at once.
            node.mode = self._tree[ino].mode if ino in self._tree else node.mode
        loss = loss_of(seed, self._tree, self._medium.pending, state)
        all_blocks = self.free_blocks + self.blocks
        self._begin(state)
        self.free_blocks = max(0, all_blocks - self.blocks)
        return loss

    # --- what a program asks

    def lookup(self, folder: int, name: bytes) -> Stat | None:
        """Return what `name` leads to. The caller owes one `forget` for each answer."""
        if folder == ROOT_INO and name == MARK:
            return self.stat(MARK_INO)
        ino = self._tree[folder].entries.get(name)
        if ino is None:
            return None
        self._lookups[ino] += 1
        return self.stat(ino)

    def forget(self, ino: int, count: int) -> None:
        """Take back so many lookups: a file without a name and without a user leaves the disk."""
        if ino in _FIXED:
            return
        self._lookups[ino] -= count
        if self._lookups[ino] <= 0:
            del self._lookups[ino]
            if not self._has_name(ino):
                self.free_blocks += blocks_of(len(self._tree.pop(ino).data))
                del self._times_ns[ino], self._places[ino]

    def stat(self, ino: int) -> Stat:
        if ino == MARK_INO:
            return Stat(ino, stat.S_IFREG | 0o666, 0, 1, 0, 0)
        node = self._tree[ino]
        size = len(node.data)
        links = 2 if stat.S_ISDIR(node.mode) else int(self._has_name(ino))
        return Stat(ino, node.mode, size, links, blocks_of(size), self._times_ns[ino])

    def entries(self, folder: int) -> list[tuple[bytes, int, int]]:
        """Return what is in a folder: name, inode, mode."""
        node = self._tree[folder]
        above = self._places[folder][0] if folder != ROOT_INO else ROOT_INO
        return [
            (b".", folder, stat.S_IFDIR),
            (b"..", above, stat.S_IFDIR),
            *((name, ino, self._tree[ino].mode) for name, ino in node.entries.items()),
        ]

    def is_mark(self, ino: int) -> bool:
        """Whether this is the file that marks are written to."""
        return ino == MARK_INO

    def open(self, ino: int, *, for_writing: bool) -> None:
        """Refuse what the disk cannot do now."""
        if for_writing and ino != MARK_INO:
            self._check_writable()

    def read(self, ino: int, offset: int, size: int) -> bytes:
        if ino == MARK_INO:
            return b""
        self._refuse(self._effect("read", ino))
        return bytes(memoryview(self._tree[ino].data)[offset : offset + size])

    def write(self, ino: int, offset: int, data: bytes) -> int:
        """Write what there is room for; return how many bytes that is."""
        if ino == MARK_INO:
            return self._mark(data)
        self._check_writable()
        match self._effect("write", ino):
            case Fail(number):
                # The program is told that it failed. Some of it may have reached the medium.
                self._note(Wrote(ino, offset, data, number))
                raise OSError(number, "")
            case Short(bytes_max):
                data = data[:bytes_max]
        had = len(self._tree[ino].data)
        room = (blocks_of(had) + self.free_blocks) * BLOCK_BYTES - offset
        if room <= 0:
            raise OSError(errno.ENOSPC, "")
        data = data[:room]
        self.free_blocks -= blocks_of(max(had, offset + len(data))) - blocks_of(had)
        self._do(Wrote(ino, offset, data))
        self.write_count += 1
        self._times_ns[ino] = time.time_ns()
        return len(data)

    def resize(self, ino: int, size: int) -> None:
        if ino == MARK_INO:
            return
        self._check_writable()
        self._refuse(self._effect("resize", ino))
        more = blocks_of(size) - blocks_of(len(self._tree[ino].data))
        if more > self.free_blocks:
            raise OSError(errno.ENOSPC, "")
        self.free_blocks -= more
        self._do(Resized(ino, size))
        self._times_ns[ino] = time.time_ns()

    def reserve(self, ino: int, offset: int, size: int) -> None:
        """Make room up to `offset + size`, as posix_fallocate does."""
        if offset + size > len(self._tree[ino].data):
            self.resize(ino, offset + size)

    def sync(self, ino: int) -> None:
        if ino == MARK_INO:
            return
        self._syncs[self.path(ino)] += 1
        match self._effect("sync", ino):
            case Fail(number):
                self._note(Synced(ino, number))
                raise OSError(number, "")
            case Lie():
                return
        self._note(Synced(ino))

    def create(self, folder: int, name: bytes, mode: int) -> Stat:
        """Make a file or a folder. The caller owes one `forget`, as after a lookup.

        A socket or a pipe lasts until it is removed or the power is cut; it is not recorded.
        """
        if len(name) > NAME_BYTES_MAX:
            raise OSError(errno.ENAMETOOLONG, "")
        if (folder == ROOT_INO and name == MARK) or name in self._tree[folder].entries:
            raise OSError(errno.EEXIST, "")
        self._check_writable()
        self._refuse(self._effect("create", folder, name))
        ino, self._next_ino = self._next_ino, self._next_ino + 1
        self._do(Made(ino, folder, name, mode), recorded=is_recorded(mode))
        self._places[ino] = (folder, name)
        self._times_ns[ino] = time.time_ns()
        self._lookups[ino] += 1
        return self.stat(ino)

    def remove(self, folder: int, name: bytes) -> None:
        """Take a file, or an empty folder, away from its folder."""
        if folder == ROOT_INO and name == MARK:
            raise OSError(errno.EPERM, "")
        ino = self._entry(folder, name)
        if self._tree[ino].entries:
            raise OSError(errno.ENOTEMPTY, "")
        self._check_writable()
        self._refuse(self._effect("remove", folder, name))
        self._do(Removed(folder, name), recorded=is_recorded(self._tree[ino].mode))
        self._unnamed(ino)

    def rename(
        self, folder: int, name: bytes, new_folder: int, new_name: bytes, *, replace: bool
    ) -> None:
        """Give a file or a folder another place; what was there goes, if `replace` allows it."""
        if (ROOT_INO, MARK) in {(folder, name), (new_folder, new_name)}:
            raise OSError(errno.EPERM, "")
        ino = self._entry(folder, name)
        if len(new_name) > NAME_BYTES_MAX:
            raise OSError(errno.ENAMETOOLONG, "")
        if not is_recorded(self._tree[ino].mode):
            raise OSError(errno.EPERM, "")
        there = self._tree[new_folder].entries.get(new_name)
        if there is not None and not replace:
            raise OSError(errno.EEXIST, "")
        if there is not None and self._tree[there].entries:
            raise OSError(errno.ENOTEMPTY, "")
        self._check_writable()
        self._refuse(self._effect("rename", folder, name))
        if there == ino:
            return
        self._do(Renamed(folder, name, new_folder, new_name))
        self._places[ino] = (new_folder, new_name)
        if there is not None:
            self._unnamed(there)

    def change_mode(self, ino: int, mode: int) -> None:
        """Set the permission bits."""
        if ino == MARK_INO:
            return
        self._check_writable()
        node = self._tree[ino]
        node.mode = stat.S_IFMT(node.mode) | stat.S_IMODE(mode)

    def set_time(self, ino: int, time_ns: int | None) -> None:
        """Say when the file was written; None is now. A power cut forgets it."""
        if ino != MARK_INO:
            self._times_ns[ino] = time.time_ns() if time_ns is None else time_ns

    # --- what all of them need

    def _mark(self, data: bytes) -> int:
        text = data.decode(errors="replace").strip()
        self._note(Marked(text))
        if self._faults.meet("mark", text) == Freeze():
            self._pause(None)
        return len(data)

    def _effect(self, operation: Operation, ino: int, name: bytes = b"") -> Effect | None:
        """What goes wrong with this operation, once the waiting that belongs to it is over."""
        if not self._faults.any_armed:
            return None
        path = self.path(ino)
        if name:
            path = os.fsdecode(name) if path == "." else f"{path}/{os.fsdecode(name)}"
        match self._faults.meet(operation, path):
            case Slow(delay_s):
                self._pause(delay_s)
            case Freeze():
                self._pause(None)
            case effect:
                return effect
        return None

    def _refuse(self, effect: Effect | None) -> None:
        if isinstance(effect, Fail):
            raise OSError(effect.errno, "")

    def _check_writable(self) -> None:
        if self.read_only:
            raise OSError(errno.EROFS, "")

    def _entry(self, folder: int, name: bytes) -> int:
        ino = self._tree[folder].entries.get(name)
        if ino is None:
            raise OSError(errno.ENOENT, "")
        return ino

    def _has_name(self, ino: int) -> bool:
        if ino == ROOT_INO:
            return True
        folder, name = self._places[ino]
        above = self._tree.get(folder)
        return above is not None and above.entries.get(name) == ino

    def _unnamed(self, ino: int) -> None:
        """Keep the last name of a file that lost it: it may be open, and go on being written."""
        self._places[ino] = (ROOT_INO, self._places[ino][1])
        if not self._lookups[ino]:
            self.forget(ino, 0)

    def _do(self, op: Op, *, recorded: bool = True) -> None:
        apply(self._tree, op)
        if recorded:
            self._note(op)

    def _note(self, op: Op) -> None:
        self._medium.record(op)
        if self._record:
            self._ops_bytes += len(op.data) if isinstance(op, Wrote) else 0
            if self._ops_bytes <= TRACE_BYTES_MAX:
                self._ops.append(op)
