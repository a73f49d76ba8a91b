"""Every state that a power cut may leave, one after another, over a whole trace.

After each operation of the trace the model of `medium` says what is sure and what may be there
besides. Of the latter these are taken: nothing; everything; every choice of whole operations while
there are at most SUBSETS_OPS_MAX of them, and beyond that every beginning, every single one and
every one left out (of very many, a sample); beginnings and random choices of torn operations; the
sizes without the data. All of it with every beginning of the names that are not durable. A state
that was given before, with as much said by the program, is not given again.
"""

import itertools
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import NamedTuple, TypeAlias

from hwsim.power.medium import (
    PAGE_BYTES,
    FileOp,
    Medium,
    pieces_of,
    reached_sizes,
    sectors_of,
)
from hwsim.power.trace import (
    ROOT_INO,
    Made,
    Marked,
    Node,
    Op,
    Removed,
    Renamed,
    Synced,
    Trace,
    Tree,
    Wrote,
)
from hwsim.power.tree import apply, paths

SUBSETS_OPS_MAX = 5
"""Up to so many operations every subset of them is a state: 2 to the power of it."""
LEFT_OUT_MAX = 24
"""Of more operations than that, so many are left out, each by itself, after each operation."""
MIXES = 4
"""How many torn beginnings, and how many random choices of sectors, after each operation."""

_ZEROS = bytes(PAGE_BYTES)
Page: TypeAlias = tuple[int, int]
"""Inode, and number of the page in the file."""


class Entry(NamedTuple):
    """One path of a state."""

    path: bytes
    ino: int
    mode: int

    @property
    def is_folder(self) -> bool:
        """Whether it has no content of its own."""
        return stat.S_ISDIR(self.mode)


Layout: TypeAlias = tuple[Entry, ...]


class Ground:
    """What is surely on the medium while one state after the other is built on it."""

    def __init__(self, medium: Medium) -> None:
        """Take the sum of every file there is."""
        self.medium = medium
        self.settled: list[Page] = []
        """Every page of `sure` that changed since the beginning, in order; it only grows."""
        self._hashes: dict[Page, int] = {}
        self._sums: dict[int, int] = {}
        for ino, node in medium.sure.items():
            for number in range(-(-len(node.data) // PAGE_BYTES)):
                self._rehash((ino, number))

    def page(self, page: Page) -> bytes:
        """Return a page, filled up with zeros behind the end of the file."""
        ino, number = page
        data = self.medium.sure[ino].data[number * PAGE_BYTES : (number + 1) * PAGE_BYTES]
        return bytes(data.ljust(PAGE_BYTES, b"\0"))

    def size(self, ino: int) -> int:
        """Return the size of a file."""
        return len(self.medium.sure[ino].data)

    def record(self, op: Op) -> None:
        """Take note of the next operation."""
        before = self.medium.writes
        ends = {write.ino: self.size(write.ino) for write in before}
        self.medium.record(op)
        if not isinstance(op, Synced | Wrote) or self.medium.writes is before:
            return
        left = {id(write) for write in self.medium.writes}
        gone = [write for write in before if id(write) not in left]
        for write in gone:
            if write.ino in self.medium.sure:
                for page in _pages_of(write, ends.get(write.ino, 0)):
                    self._rehash(page)
                    self.settled.append(page)

    def sum_with(self, ino: int, pages: dict[Page, bytes]) -> int:
        """Return the sum of a file's content in which `pages` are as given."""
        total = self._sums.get(ino, 0)
        for page, content in pages.items():
            if page[0] == ino:
                total += _hash(page[1], content) - self._hashes.get(page, 0)
        return total

    def _rehash(self, page: Page) -> None:
        new = _hash(page[1], self.page(page))
        old = self._hashes.get(page, 0)
        self._hashes[page] = new
        self._sums[page[0]] = self._sums.get(page[0], 0) + new - old


def _hash(number: int, content: bytes) -> int:
    # A page of zeros counts nothing, so that it does not matter whether it was ever written.
    return 0 if content == _ZEROS else hash((number, content))


def _pages_of(op: FileOp, size_before: int) -> Iterator[Page]:
    if isinstance(op, Wrote):
        first, end = op.offset, op.offset + len(op.data)
    else:
        first, end = sorted((op.size, size_before))
    for number in range(first // PAGE_BYTES, -(-end // PAGE_BYTES)):
        yield op.ino, number


@dataclass(frozen=True, slots=True)
class State:
    """What one power cut leaves, after `op` operations of the trace.

    `marks` is what the program had said by then. `name` says what of the rest is there; the same
    trace, seed, op and name give the same state. `layout` has every path, folders first; what a
    file holds is what is sure, `ground`, with `pages` in place of its own, and `sizes`.

    Valid until the next state is asked for, since `ground` moves on; `tree` makes a copy.
    """

    op: int
    name: str
    marks: tuple[str, ...]
    layout: Layout
    pages: dict[Page, bytes]
    sizes: dict[int, int]
    ground: Ground

    def size(self, ino: int) -> int:
        """Return the size of a file."""
        return self.sizes.get(ino, self.ground.size(ino))

    def page(self, page: Page) -> bytes:
        """Return a page, filled up with zeros behind the end of the file."""
        return self.pages.get(page) or self.ground.page(page)

    def content(self, ino: int) -> bytearray:
        """Return what a file holds."""
        size = self.size(ino)
        data = self.ground.medium.sure[ino].data[:size]
        data.extend(bytes(size - len(data)))
        for (of, number), content in self.pages.items():
            at = number * PAGE_BYTES
            if of == ino and at < size:
                data[at : at + PAGE_BYTES] = content[: size - at]
        return data

    def tree(self) -> Tree:
        """Return all of it, independent of everything else."""
        tree: Tree = {ROOT_INO: Node(self.ground.medium.sure[ROOT_INO].mode)}
        inos = {b"": ROOT_INO, **{entry.path: entry.ino for entry in self.layout}}
        for entry in self.layout:
            folder, _, name = entry.path.rpartition(b"/")
            tree[inos[folder]].entries[name] = entry.ino
            content = bytearray() if entry.is_folder else self.content(entry.ino)
            tree[entry.ino] = Node(entry.mode, content)
        return tree


class _Choice(NamedTuple):
    """What of the pending operations is there."""

    name: str
    steps: list[FileOp]


class _Enumeration:
    def __init__(self, trace: Trace, *, seed: int, mixes: int, without: frozenset[bytes]) -> None:
        self._trace = trace
        self._seed = seed
        self._mixes = mixes
        self._without = without
        self._left_out = {
            ino
            for node in trace.start.values()
            for name, ino in node.entries.items()
            if name in without
        }
        self._layouts: dict[Layout, int] = {}
        self._seen: set[int] = set()
        self._ground = Ground(Medium(trace.start))
        self._marks: tuple[str, ...] = ()
        self._cut: dict[int, list[Wrote]] = {}
        """The writes of the trace cut into pages; nothing for those that write zeros only."""

    def all(self) -> Iterator[State]:
        yield from self._fresh(0)
        for number, op in enumerate(self._trace.ops, start=1):
            self._record(op)
            yield from self._fresh(number)

    def at(self, ops: Iterable[int]) -> Iterator[Iterator[State]]:
        """Give the states after so many operations, whether they were there before or not."""
        done = 0
        for count in sorted(ops):
            for op in self._trace.ops[done:count]:
                self._record(op)
            done = count
            yield (state for state, _ in self._states(count))

    def _record(self, op: Op) -> None:
        if isinstance(op, Marked):
            self._marks = (*self._marks, op.text)
        elif not self._is_left_out(op):
            self._ground.record(op)
            if isinstance(op, Wrote):
                blank = op.data.count(0) == len(op.data)
                self._cut[id(op)] = [] if blank else list(pieces_of(op, PAGE_BYTES))

    def _is_left_out(self, op: Op) -> bool:
        match op:
            case Made():
                if op.name in self._without:
                    self._left_out.add(op.ino)
                return op.name in self._without
            case Removed() | Renamed():
                return op.name in self._without
            case Marked():
                return False
            case _:
                return op.ino in self._left_out

    def _fresh(self, op: int) -> Iterator[State]:
        for state, key in self._states(op):
            if key not in self._seen:
                self._seen.add(key)
                yield state

    def _states(self, op: int) -> Iterator[tuple[State, int]]:
        # Each place has a beginning of its own, so that one of them can be had by itself.
        random = Random(f"{self._seed} {op}")  # noqa: S311 - nothing is a secret here
        layouts = self._layouts_now()
        pending = self._ground.medium.pending
        few = len(pending) <= SUBSETS_OPS_MAX
        last = self._trace.ops[op - 1] if op else None
        # What is there without the last write was there before it.
        only_new = bool(pending) and last is pending[-1]
        for number, choice in enumerate(self._choices(pending, random, only_new=only_new)):
            pages, sizes = self._overlay(choice.steps)
            # Many names and many writes at once: not each with each.
            whole = few or number < 2
            every = range(len(layouts))
            for count in every if whole else sorted({0, every[-1]}):
                layout = layouts[count]
                name = f"names {count}, {choice.name}" if len(layouts) > 1 else choice.name
                state = State(op, name, self._marks, layout, pages, sizes, self._ground)
                yield state, self._key(state)

    def _key(self, state: State) -> int:
        parts = [len(state.marks), self._layouts[state.layout]]
        for entry in state.layout:
            if not entry.is_folder:
                parts += state.size(entry.ino), state.ground.sum_with(entry.ino, state.pages)
        return hash(tuple(parts))

    def _layouts_now(self) -> list[Layout]:
        """Return the layouts that the names may have, from what is sure to everything."""
        names = self._ground.medium.names
        tree = {
            ino: Node(node.mode, entries=dict(node.entries))
            for ino, node in self._ground.medium.sure.items()
        }
        found = [self._layout(tree)]
        for op in names:
            apply(tree, op)
            found.append(self._layout(tree))
        return found

    def _layout(self, tree: Tree) -> Layout:
        layout = tuple(
            Entry(path, ino, tree[ino].mode)
            for path, ino in paths(tree).items()
            if ino not in self._left_out
        )
        self._layouts.setdefault(layout, len(self._layouts))
        return layout

    def _choices(
        self, pending: list[FileOp], random: Random, *, only_new: bool
    ) -> Iterator[_Choice]:
        yield _Choice("nothing", [])
        if not pending:
            return
        yield _Choice("all", pending)
        count = len(pending)
        if count <= SUBSETS_OPS_MAX:
            for size in range(1, count):
                for chosen in itertools.combinations(range(count), size):
                    if chosen[-1] == count - 1 or not only_new:
                        yield _Choice(f"only {chosen}", [pending[at] for at in chosen])
        else:
            for at in [count - 1] if only_new else range(count):
                yield _Choice(f"first {at}", pending[:at])
                yield _Choice(f"only {at}", [pending[at]])
            for at in random.sample(range(count), min(count, LEFT_OUT_MAX)):
                yield _Choice(f"all but {at}", pending[:at] + pending[at + 1 :])
        longer = reached_sizes(self._ground.medium.sure, pending)
        if longer:
            yield _Choice("sizes", [*longer])
        yield from self._mixed(pending, [*longer], random)

    def _mixed(
        self, pending: list[FileOp], longer: list[FileOp], random: Random
    ) -> Iterator[_Choice]:
        sectors = [sector for op in pending if not self._is_blank(op) for sector in sectors_of(op)]
        if len(sectors) < 2:
            return
        for number in range(self._mixes):
            end = random.randrange(1, len(sectors))
            yield _Choice(f"torn {number}", sectors[:end])
            share = random.random()
            mix = [sector for sector in sectors if random.random() < share]
            random.shuffle(mix)
            before = longer if random.random() < share else []
            yield _Choice(f"mix {number}", [*before, *mix])

    def _is_blank(self, op: FileOp) -> bool:
        """Whether a write has nothing to show but a longer file."""
        return (
            self._cut.get(id(op)) == []
            and isinstance(op, Wrote)
            and op.offset >= self._ground.size(op.ino)
        )

    def _overlay(self, steps: list[FileOp]) -> tuple[dict[Page, bytes], dict[int, int]]:
        """Return the pages and sizes that differ from the ground once `steps` are done."""
        pages: dict[Page, bytes] = {}
        sizes: dict[int, int] = {}
        ground = self._ground
        for step in steps:
            ino = step.ino
            size = sizes.get(ino, ground.size(ino))
            if isinstance(step, Wrote):
                if self._is_blank(step) and step.offset >= size:
                    sizes[ino] = step.offset + len(step.data)
                    continue
                for piece in self._cut.get(id(step)) or pieces_of(step, PAGE_BYTES):
                    page = (ino, piece.offset // PAGE_BYTES)
                    if len(piece.data) == PAGE_BYTES:
                        pages[page] = piece.data
                    else:
                        at = piece.offset % PAGE_BYTES
                        old = pages.get(page) or ground.page(page)
                        pages[page] = old[:at] + piece.data + old[at + len(piece.data) :]
                sizes[ino] = max(size, step.offset + len(step.data))
            else:
                for page in _pages_of(step, size):
                    kept = max(0, step.size - page[1] * PAGE_BYTES)
                    old = pages.get(page) or ground.page(page)
                    pages[page] = old[:kept].ljust(PAGE_BYTES, b"\0")
                sizes[ino] = step.size
        return pages, sizes


def states(
    trace: Trace, *, seed: int, mixes: int = MIXES, without: frozenset[bytes] = frozenset()
) -> Iterator[State]:
    """Give every state of the trace once.

    `seed` decides the torn and mixed ones, of which there are `mixes` of either kind after each
    operation. Files named in `without` are in none of the states: for lock files, whose content
    does not count and which nobody syncs.
    """
    return _Enumeration(trace, seed=seed, mixes=mixes, without=without).all()


def states_after(
    trace: Trace,
    op: int,
    seed: int,
    *,
    mixes: int = MIXES,
    without: frozenset[bytes] = frozenset(),
) -> Iterator[State]:
    """Give the states after `op` operations, under the names that `states` gives them.

    Those that `states` had given before are among them.
    """
    (found,) = states_at(trace, [op], seed, mixes=mixes, without=without)
    yield from found


def states_at(
    trace: Trace,
    ops: Iterable[int],
    seed: int,
    *,
    mixes: int = MIXES,
    without: frozenset[bytes] = frozenset(),
) -> Iterator[Iterator[State]]:
    """Give what `states_after` gives for each of `ops`, the lowest first, in one go over the trace.

    All of one are over when the next ones are asked for.
    """
    return _Enumeration(trace, seed=seed, mixes=mixes, without=without).at(ops)
