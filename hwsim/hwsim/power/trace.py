"""What a program did to a disk, operation by operation, and the files it began with.

A trace holds everything that is needed to say which states a power cut may leave: which bytes
were written to which file, and what was synced when. Names live in folders, as on a real file
system: a file that is synced may still lose its name while its folder is not synced.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

ROOT_INO = 1
"""The inode of the top folder."""


@dataclass(frozen=True, slots=True)
class Made:
    """A file, or a folder, came to be under `name` in the folder `parent`."""

    ino: int
    parent: int
    name: bytes
    mode: int


@dataclass(frozen=True, slots=True)
class Wrote:
    """`data` was written at `offset`. `errno` is what the program was told; 0 is success.

    A write that failed may have reached the medium or not.
    """

    ino: int
    offset: int
    data: bytes
    errno: int = 0


@dataclass(frozen=True, slots=True)
class Resized:
    """The file was cut, or made longer by zeros, to `size` bytes."""

    ino: int
    size: int


@dataclass(frozen=True, slots=True)
class Synced:
    """fsync or fdatasync of a file or of a folder. With an `errno` nothing is promised."""

    ino: int
    errno: int = 0


@dataclass(frozen=True, slots=True)
class Renamed:
    """What `name` in `parent` led to is now found under `new_name` in `new_parent`."""

    parent: int
    name: bytes
    new_parent: int
    new_name: bytes


@dataclass(frozen=True, slots=True)
class Removed:
    """`name` in `parent` leads to nothing any more; a file or an empty folder."""

    parent: int
    name: bytes


@dataclass(frozen=True, slots=True)
class Marked:
    """The program said something, at this place among the operations: "sale 17 is answered".

    It says so by one write to the file `.mark` in the top folder, which is no part of the disk.
    """

    text: str


Op: TypeAlias = Made | Wrote | Resized | Synced | Renamed | Removed | Marked


@dataclass(slots=True)
class Node:
    """A file with its `data`, or a folder with its `entries` (name to inode)."""

    mode: int
    data: bytearray = field(default_factory=bytearray)
    entries: dict[bytes, int] = field(default_factory=dict)


Tree: TypeAlias = dict[int, Node]
"""Inode to node; ROOT_INO is the top folder. A node that no folder leads to is kept as long as
the program may hold it open."""


@dataclass(frozen=True, slots=True)
class Trace:
    """`start` was on the medium, all of it, before the first of `ops`."""

    start: Tree
    ops: tuple[Op, ...]
