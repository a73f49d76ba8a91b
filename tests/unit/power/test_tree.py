"""Operations on trees of files, and trees carried to a real folder and back."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from random import Random

import pytest

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
from hwsim.power.tree import apply, copy, paths, read_in, write_out

FOLDER = stat.S_IFDIR | 0o750
FILE = stat.S_IFREG | 0o640
SEED = 20_261_123


def empty() -> Tree:
    return {ROOT_INO: Node(stat.S_IFDIR | 0o755)}


def after(*ops: Op) -> Tree:
    tree = empty()
    for op in ops:
        apply(tree, op)
    return tree


def test_a_file_holds_what_was_written_to_it() -> None:
    tree = after(
        Made(2, ROOT_INO, b"a", FILE),
        Wrote(2, 0, b"0123456789"),
        Wrote(2, 3, b"abc"),
        Wrote(2, 9, b"xyz"),
    )
    assert bytes(tree[2].data) == b"012abc678xyz"


def test_a_write_behind_the_end_leaves_zeros_in_between() -> None:
    tree = after(Made(2, ROOT_INO, b"a", FILE), Wrote(2, 4, b"end"))
    assert bytes(tree[2].data) == b"\0\0\0\0end"


def test_a_write_that_failed_and_a_sync_change_nothing() -> None:
    tree = after(Made(2, ROOT_INO, b"a", FILE), Wrote(2, 0, b"as it was"))
    before = copy(tree)
    for op in (Wrote(2, 0, b"refused", errno=5), Synced(2), Synced(2, errno=5), Marked("said")):
        apply(tree, op)
    assert tree == before


def test_a_file_is_cut_and_made_longer_with_zeros() -> None:
    tree = after(
        Made(2, ROOT_INO, b"a", FILE), Wrote(2, 0, b"abcdef"), Resized(2, 2), Resized(2, 4)
    )
    assert bytes(tree[2].data) == b"ab\0\0"


def test_names_move_with_all_that_is_below_them() -> None:
    tree = after(
        Made(2, ROOT_INO, b"journal.new", FOLDER),
        Made(3, 2, b"data.mdb", FILE),
        Renamed(ROOT_INO, b"journal.new", ROOT_INO, b"journal"),
    )
    assert paths(tree) == {b"journal": 2, b"journal/data.mdb": 3}


def test_what_is_renamed_replaces_what_stood_there() -> None:
    tree = after(
        Made(2, ROOT_INO, b"old", FILE),
        Made(3, ROOT_INO, b"new", FILE),
        Renamed(ROOT_INO, b"new", ROOT_INO, b"old"),
    )
    assert paths(tree) == {b"old": 3}


def test_a_file_without_a_name_can_still_be_written() -> None:
    tree = after(Made(2, ROOT_INO, b"a", FILE), Removed(ROOT_INO, b"a"), Wrote(2, 0, b"still open"))
    assert paths(tree) == {}
    assert bytes(tree[2].data) == b"still open"


def test_a_copy_shares_nothing() -> None:
    tree = after(Made(2, ROOT_INO, b"a", FILE), Wrote(2, 0, b"abc"))
    twin = copy(tree)
    apply(tree, Wrote(2, 0, b"xyz"))
    apply(tree, Made(3, ROOT_INO, b"b", FILE))
    assert bytes(twin[2].data) == b"abc"
    assert paths(twin) == {b"a": 2}


def test_a_tree_comes_back_from_a_folder_as_it_was_written_there(tmp_path: Path) -> None:
    random = Random(SEED)
    tree = empty()
    folders = [ROOT_INO]
    for ino in range(2, 40):
        parent = random.choice(folders)
        if random.random() < 0.3:
            apply(tree, Made(ino, parent, b"folder %d" % ino, FOLDER))
            folders.append(ino)
        else:
            apply(tree, Made(ino, parent, b"file \xff %d" % ino, FILE))
            apply(tree, Wrote(ino, 0, random.randbytes(random.randrange(9000))))
    apply(tree, Made(40, ROOT_INO, b"gone", FILE))
    apply(tree, Removed(ROOT_INO, b"gone"))
    write_out(tree, tmp_path / "out")
    back = read_in(tmp_path / "out")
    assert {path: (back[ino].mode, bytes(back[ino].data)) for path, ino in paths(back).items()} == {
        path: (tree[ino].mode, bytes(tree[ino].data)) for path, ino in paths(tree).items()
    }, SEED


def test_a_link_is_refused(tmp_path: Path) -> None:
    os.symlink("elsewhere", tmp_path / "link")
    with pytest.raises(ValueError, match="neither a file nor a folder"):
        read_in(tmp_path)
