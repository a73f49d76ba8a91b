"""What a power cut took is said as it is."""

from __future__ import annotations

import stat

from hwsim.power.loss import FileLoss, loss_of
from hwsim.power.trace import ROOT_INO, Node, Op, Tree, Wrote

FILE, FOLDER = stat.S_IFREG | 0o644, stat.S_IFDIR | 0o755


def disk(**files: tuple[int, bytes]) -> Tree:
    """A tree with these files: inode and content."""
    tree = {ino: Node(FILE, bytearray(data)) for ino, data in files.values()}
    tree[ROOT_INO] = Node(FOLDER, entries={name.encode(): ino for name, (ino, _) in files.items()})
    return tree


def sectors(letters: bytes) -> bytes:
    return b"".join(bytes([letter]) * 512 for letter in letters)


def test_a_disk_that_kept_everything_lost_nothing() -> None:
    tree = disk(a=(2, b"abc"))
    loss = loss_of(7, tree, [], tree)
    assert loss.nothing
    assert str(loss) == "nothing is lost: all that was written had been synced"


def test_writes_are_kept_lost_or_torn_by_what_is_left_of_them() -> None:
    before = disk(a=(2, sectors(b"KKLLTT")))
    after = disk(a=(2, sectors(b"KKooTo")))
    pending: list[Op] = [
        Wrote(2, 0, sectors(b"KK")),
        Wrote(2, 1024, sectors(b"LL")),
        Wrote(2, 2048, sectors(b"TT")),
    ]
    loss = loss_of(7, before, pending, after)
    assert loss.files == (FileLoss("a", kept=1, lost=1, torn=1, size_before=3072, size_after=3072),)
    assert not loss.nothing
    assert str(loss) == "a: 3 writes were not synced: 1 kept, 1 lost, 1 torn"


def test_what_was_written_over_or_never_succeeded_does_not_count() -> None:
    before = disk(a=(2, sectors(b"N")))
    pending: list[Op] = [
        Wrote(2, 0, sectors(b"O")),
        Wrote(2, 0, sectors(b"N")),
        Wrote(2, 0, sectors(b"F"), errno=5),
    ]
    (file,) = loss_of(7, before, pending, before).files
    assert (file.kept, file.lost, file.torn) == (1, 0, 0)


def test_a_size_that_was_not_synced_is_said() -> None:
    loss = loss_of(7, disk(a=(2, bytes(2000))), [], disk(a=(2, b"")))
    assert str(loss) == "a: 0 bytes long instead of 2,000"
    assert not loss.nothing


def test_names_that_are_gone_back_or_older_are_told_apart() -> None:
    before = disk(made=(2, b""), settings=(3, b"new"), kept=(4, b""))
    after = disk(removed=(5, b""), settings=(6, b"old"), kept=(4, b""))
    loss = loss_of(7, before, [], after)
    assert (loss.gone, loss.back, loss.older) == (("made",), ("removed",), ("settings",))
    assert str(loss).splitlines() == [
        "made: gone, its name was not synced",
        "removed: there again, its removal was not synced",
        "settings: the older file again, the new one's name was not synced",
    ]


def test_a_file_whose_new_name_was_not_synced_is_found_under_the_old_one() -> None:
    renamed = loss_of(7, disk(settings=(3, b"")), [], disk(new=(3, b"")))
    assert (renamed.moved, renamed.gone, renamed.back) == ((("settings", "new"),), (), ())
    assert str(renamed) == "settings: still called new, the new name was not synced"
    assert not renamed.nothing
    over = loss_of(7, disk(settings=(3, b"")), [], disk(settings=(2, b""), new=(3, b"")))
    assert (over.moved, over.older, over.back) == ((("settings", "new"),), ("settings",), ())
