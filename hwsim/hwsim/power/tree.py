"""Trees of files: doing one operation to them, and carrying them to a real folder and back."""

import os
import stat
from pathlib import Path

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


def apply(tree: Tree, op: Op) -> None:
    """Do `op` to `tree`, as the program saw it: a write that failed changes nothing.

    A node that loses its last name stays in the tree, see Tree. A node whose number is there
    already gets the new name and keeps what it holds.
    """
    match op:
        case Made():
            tree.setdefault(op.ino, Node(op.mode))
            tree[op.parent].entries[op.name] = op.ino
        case Renamed():
            ino = tree[op.parent].entries.pop(op.name)
            tree[op.new_parent].entries[op.new_name] = ino
        case Removed():
            del tree[op.parent].entries[op.name]
        case Wrote(errno=0):
            data = tree[op.ino].data
            if len(data) < op.offset:
                data.extend(bytes(op.offset - len(data)))
            data[op.offset : op.offset + len(op.data)] = op.data
        case Resized():
            data = tree[op.ino].data
            del data[op.size :]
            data.extend(bytes(op.size - len(data)))
        case Wrote() | Synced() | Marked():
            pass


def copy(tree: Tree) -> Tree:
    """Return a tree that shares nothing with this one."""
    return {
        ino: Node(node.mode, bytearray(node.data), dict(node.entries)) for ino, node in tree.items()
    }


def paths(tree: Tree) -> dict[bytes, int]:
    """Return the inode under every path, such as ``journal/data.mdb``; folders before theirs."""
    found: dict[bytes, int] = {}
    folders = [(b"", ROOT_INO)]
    while folders:
        front, folder = folders.pop()
        for name, ino in sorted(tree[folder].entries.items()):
            found[front + name] = ino
            if stat.S_ISDIR(tree[ino].mode):
                folders.append((front + name + b"/", ino))
    return found


def write_out(tree: Tree, folder: Path) -> None:
    """Write everything that has a name in `tree` below `folder`, which has nothing of it yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, ino in paths(tree).items():
        node = tree[ino]
        path = folder / os.fsdecode(name)
        if stat.S_ISDIR(node.mode):
            path.mkdir()
        else:
            path.write_bytes(node.data)
        path.chmod(stat.S_IMODE(node.mode))


def read_in(folder: Path) -> Tree:
    """Return the tree of what is below `folder`: files and folders, nothing else is allowed."""
    tree: Tree = {ROOT_INO: Node(folder.stat().st_mode)}
    inos = {folder: ROOT_INO}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise ValueError(f"{path} is neither a file nor a folder.")
        ino = ROOT_INO + len(inos)
        inos[path] = ino
        content = bytearray(path.read_bytes() if stat.S_ISREG(mode) else b"")
        tree[ino] = Node(mode, content)
        tree[inos[path.parent]].entries[os.fsencode(path.name)] = ino
    return tree
