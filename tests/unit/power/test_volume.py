"""The file system behind the mount: room, names, faults and what a cut leaves; no mount needed."""

from __future__ import annotations

import errno
import stat

import pytest

from hwsim.power.faults import Fail, Faults, Freeze, Lie, Rule, Short, Slow
from hwsim.power.trace import ROOT_INO, Made, Marked, Node, Synced, Tree, Wrote
from hwsim.power.volume import BLOCK_BYTES, MARK_INO, TRACE_BYTES_MAX, Volume

FILE, FOLDER = stat.S_IFREG | 0o644, stat.S_IFDIR | 0o755


class Paused(Exception):
    """Raised where a program would wait."""


def empty() -> Tree:
    return {ROOT_INO: Node(FOLDER)}


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def pauses() -> list[float | None]:
    return []


@pytest.fixture
def volume(faults: Faults, pauses: list[float | None]) -> Volume:
    return Volume(empty(), faults, pauses.append, record=True)


def new_file(volume: Volume, name: bytes = b"a") -> int:
    return volume.create(ROOT_INO, name, FILE).ino


def refused(call: object, *arguments: object, **more: object) -> int:
    with pytest.raises(OSError) as error:
        call(*arguments, **more)  # type: ignore[operator]
    assert error.value.errno is not None
    return error.value.errno


# --- room


def test_a_full_disk_takes_what_there_is_room_for_and_then_refuses(volume: Volume) -> None:
    ino = new_file(volume)
    volume.free_blocks = 1
    assert volume.write(ino, 0, bytes(BLOCK_BYTES + 1)) == BLOCK_BYTES
    assert volume.free_blocks == 0
    assert refused(volume.write, ino, BLOCK_BYTES, b"x") == errno.ENOSPC
    assert volume.stat(ino).size == BLOCK_BYTES


def test_a_full_disk_lets_what_is_there_be_overwritten(volume: Volume) -> None:
    ino = new_file(volume)
    volume.write(ino, 0, bytes(100))
    volume.free_blocks = 0
    assert volume.write(ino, 50, b"x" * 100) == 100, "the block has room left"
    assert refused(volume.resize, ino, BLOCK_BYTES + 1) == errno.ENOSPC
    assert volume.read(ino, 149, 100) == b"x"


def test_holes_take_room_and_removing_gives_it_back(volume: Volume) -> None:
    volume.free_blocks = 10
    ino = new_file(volume)
    volume.write(ino, 5 * BLOCK_BYTES, b"x")
    assert (volume.free_blocks, volume.blocks) == (4, 6)
    volume.resize(ino, 1)
    assert (volume.free_blocks, volume.blocks) == (9, 1)
    volume.remove(ROOT_INO, b"a")
    assert volume.free_blocks == 9, "it is still open"
    volume.forget(ino, 1)
    assert (volume.free_blocks, volume.blocks) == (10, 0)


def test_a_cut_gives_back_the_room_of_what_is_lost(volume: Volume) -> None:
    volume.free_blocks = 10
    volume.write(new_file(volume), 0, bytes(3 * BLOCK_BYTES))
    assert volume.free_blocks == 7
    loss = volume.cut(seed_that_loses_names())
    assert loss.gone == ("a",)
    assert volume.free_blocks == 10


def seed_that_loses_names() -> int:
    for seed in range(100):
        probe = Volume(empty(), Faults(), [].append, record=False)
        new_file(probe)
        if probe.cut(seed).gone:
            return seed
    raise AssertionError("no seed loses a name that was not synced")


# --- names


def test_a_removed_file_lives_as_long_as_somebody_has_it_open(volume: Volume) -> None:
    ino = new_file(volume)
    volume.remove(ROOT_INO, b"a")
    assert volume.stat(ino).links == 0
    assert volume.write(ino, 0, b"still") == 5
    assert volume.read(ino, 0, 9) == b"still"
    assert volume.path(ino) == "a"
    volume.forget(ino, 1)
    with pytest.raises(KeyError):
        volume.stat(ino)


def test_a_rename_over_a_file_leaves_that_to_whoever_has_it_open(volume: Volume) -> None:
    old, new = new_file(volume, b"old"), new_file(volume, b"new")
    volume.write(old, 0, b"old")
    volume.rename(ROOT_INO, b"new", ROOT_INO, b"old", replace=True)
    found = volume.lookup(ROOT_INO, b"old")
    assert found is not None
    assert (found.ino, volume.stat(old).links) == (new, 0)
    assert volume.read(old, 0, 9) == b"old"


def test_what_a_file_system_refuses_is_refused(volume: Volume) -> None:
    folder = volume.create(ROOT_INO, b"folder", FOLDER).ino
    volume.create(folder, b"a", FILE)
    new_file(volume)
    assert refused(volume.remove, ROOT_INO, b"folder") == errno.ENOTEMPTY
    assert refused(volume.remove, ROOT_INO, b"none") == errno.ENOENT
    assert refused(volume.create, ROOT_INO, b"a", FILE) == errno.EEXIST
    assert refused(volume.create, ROOT_INO, b"n" * 256, FILE) == errno.ENAMETOOLONG
    move = (ROOT_INO, b"a", folder, b"a")
    assert refused(volume.rename, *move, replace=False) == errno.EEXIST
    assert volume.path(folder) == "folder"


def test_a_socket_is_there_until_the_power_goes_and_no_loss(volume: Volume) -> None:
    volume.create(ROOT_INO, b"api.sock", stat.S_IFSOCK | 0o600)
    assert [name for name, _, _ in volume.entries(ROOT_INO)][2:] == [b"api.sock"]
    assert volume.trace().ops == ()
    assert volume.cut(1).nothing
    assert volume.lookup(ROOT_INO, b"api.sock") is None


# --- faults


def test_a_write_that_fails_changes_nothing_and_may_have_reached_the_medium(
    volume: Volume, faults: Faults
) -> None:
    ino = new_file(volume)
    faults.arm(Rule("write", "a", Fail(errno.EIO), times=1))
    assert refused(volume.write, ino, 0, b"lost?") == errno.EIO
    assert volume.stat(ino).size == 0
    assert volume.write(ino, 0, b"fine") == 4
    assert volume.trace().ops[1:] == (
        Wrote(ino, 0, b"lost?", errno.EIO),
        Wrote(ino, 0, b"fine"),
    )


def test_a_sync_that_fails_or_lies_promises_nothing_and_is_counted(
    volume: Volume, faults: Faults
) -> None:
    ino = new_file(volume)
    faults.arm(Rule("sync", "a", Fail(errno.EIO), times=1))
    faults.arm(Rule("sync", "a", Lie(), nth=2, times=1))
    assert refused(volume.sync, ino) == errno.EIO
    volume.sync(ino)
    volume.sync(ino)
    assert volume.trace().ops[1:] == (Synced(ino, errno.EIO), Synced(ino))
    assert (volume.sync_count("a"), volume.sync_count("*"), volume.sync_count("b")) == (3, 3, 0)


def test_every_operation_can_go_wrong_by_its_own_name(volume: Volume, faults: Faults) -> None:
    folder = volume.create(ROOT_INO, b"f", FOLDER).ino
    ino = volume.create(folder, b"a", FILE).ino
    calls = {
        "read": (volume.read, ino, 0, 1),
        "write": (volume.write, ino, 0, b"x"),
        "sync": (volume.sync, ino),
        "resize": (volume.resize, ino, 9),
        "remove": (volume.remove, folder, b"a"),
    }
    for operation, (call, *arguments) in calls.items():
        faults.arm(Rule(operation, "f/a", Fail(errno.EIO)))  # type: ignore[arg-type]
        assert refused(call, *arguments) == errno.EIO, operation
        faults.clear()
    faults.arm(Rule("create", "f/b", Fail(errno.EDQUOT)))
    assert refused(volume.create, folder, b"b", FILE) == errno.EDQUOT
    faults.arm(Rule("rename", "f/a", Fail(errno.EIO)))
    assert refused(volume.rename, folder, b"a", ROOT_INO, b"z", replace=True) == errno.EIO
    assert volume.lookup(folder, b"a") is not None


def test_a_short_write_takes_its_beginning(volume: Volume, faults: Faults) -> None:
    ino = new_file(volume)
    faults.arm(Rule("write", "a", Short(3)))
    assert volume.write(ino, 0, b"abcdef") == 3
    assert volume.read(ino, 0, 9) == b"abc"


def test_slow_and_frozen_operations_wait_and_are_done(
    volume: Volume, faults: Faults, pauses: list[float | None]
) -> None:
    ino = new_file(volume)
    faults.arm(Rule("write", "a", Slow(0.5), times=1))
    faults.arm(Rule("write", "a", Freeze(), nth=2))
    volume.write(ino, 0, b"a")
    volume.write(ino, 1, b"b")
    assert pauses == [0.5, None]
    assert volume.read(ino, 0, 9) == b"ab"


def test_a_disk_that_freezes_at_a_write_has_not_done_it_and_at_a_mark_has_noted_it(
    faults: Faults,
) -> None:
    def never(_: float | None) -> None:
        raise Paused

    volume = Volume(empty(), faults, never, record=True)
    ino = new_file(volume)
    faults.arm(Rule("write", "a", Freeze()))
    faults.arm(Rule("mark", "sale 1*", Freeze()))
    with pytest.raises(Paused):
        volume.write(ino, 0, b"a")
    with pytest.raises(Paused):
        volume.write(MARK_INO, 0, b"sale 1 is answered\n")
    assert volume.trace().ops[1:] == (Marked("sale 1 is answered"),)


def test_a_disk_that_is_read_only_refuses_every_change_and_nothing_else(volume: Volume) -> None:
    ino = new_file(volume)
    volume.write(ino, 0, b"a")
    volume.read_only = True
    for call, *arguments in (
        (volume.write, ino, 0, b"b"),
        (volume.resize, ino, 0),
        (volume.change_mode, ino, 0o600),
        (volume.create, ROOT_INO, b"b", FILE),
        (volume.remove, ROOT_INO, b"a"),
    ):
        assert refused(call, *arguments) == errno.EROFS, call
    assert refused(volume.open, ino, for_writing=True) == errno.EROFS
    assert refused(volume.rename, ROOT_INO, b"a", ROOT_INO, b"b", replace=True) == errno.EROFS
    volume.open(ino, for_writing=False)
    volume.sync(ino)
    assert volume.read(ino, 0, 9) == b"a"
    volume.write(MARK_INO, 0, b"noticed")
    assert volume.trace().ops[-1] == Marked("noticed")


# --- the recording


def test_the_recording_begins_with_the_disk_and_begins_anew_after_a_cut(volume: Volume) -> None:
    ino = new_file(volume)
    volume.write(ino, 0, b"abc")
    volume.sync(ino)
    volume.sync(ROOT_INO)
    first = volume.trace()
    assert first.start == empty()
    assert first.ops == (
        Made(ino, ROOT_INO, b"a", FILE),
        Wrote(ino, 0, b"abc"),
        Synced(ino),
        Synced(ROOT_INO),
    )
    assert volume.cut(1).nothing
    second = volume.trace()
    assert second.ops == ()
    assert second.start[ino].data == b"abc"


def test_the_recordings_start_is_not_what_programs_change(volume: Volume) -> None:
    ino = new_file(volume)
    volume.sync(ROOT_INO)
    volume.cut(1)
    volume.write(ino, 0, b"later")
    assert volume.trace().start[ino].data == b""


def test_a_disk_that_does_not_record_says_so() -> None:
    volume = Volume(empty(), Faults(), [].append, record=False)
    with pytest.raises(RuntimeError, match="record=True"):
        volume.trace()


def test_a_recording_that_is_not_whole_is_refused(volume: Volume) -> None:
    ino = new_file(volume)
    data = bytes(64 << 20)
    for _ in range(TRACE_BYTES_MAX // len(data)):
        volume.write(ino, 0, data)
        volume.sync(ino)
    assert len(volume.trace().ops) == 1 + 2 * TRACE_BYTES_MAX // len(data)
    volume.write(ino, 0, b"one more")
    with pytest.raises(RuntimeError, match="512 MiB"):
        volume.trace()
    volume.cut(1)
    assert volume.trace().ops == ()
