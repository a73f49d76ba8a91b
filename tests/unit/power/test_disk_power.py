"""The disk fails on demand and loses its power, under real programs on a real mount."""

from __future__ import annotations

import errno
import mmap
import os
import shutil
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hwsim.power.disk import PowerCutDisk, why_not
from hwsim.power.faults import Fail, Freeze, Injected, Lie, Rule, Short, Slow
from tests.support.programs import (
    WAIT_S_MAX,
    WRITER,
    program,
    refused,
    said,
    sync_folder,
    wait_for,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hwsim.power.loss import Loss


needs_disk = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


def cut_until(disk: PowerCutDisk, prepare: Callable[[], None], lost: Callable[[Loss], bool]) -> int:
    """Cut with one seed after the other until something is lost in this way; return the seed."""
    for seed in range(100):
        prepare()
        if lost(disk.cut(seed)):
            return seed
    raise AssertionError("100 seeds, and it was never lost")


# --- what goes wrong


def test_a_fault_reaches_the_program_and_is_listed(power_cut_disk: PowerCutDisk) -> None:
    rule = Rule("sync", "a", Fail(errno.EIO), nth=2, times=1)
    power_cut_disk.fail(rule)
    with (power_cut_disk.path / "a").open("wb") as file:
        os.fsync(file.fileno())
        assert refused(os.fsync, file.fileno()) == errno.EIO
        os.fsync(file.fileno())
    assert power_cut_disk.injected() == (Injected(rule, 2, "a"),)
    assert power_cut_disk.sync_count("a") == 3


def test_writes_fail_or_are_short_until_the_rules_are_forgotten(
    power_cut_disk: PowerCutDisk,
) -> None:
    descriptor = os.open(power_cut_disk.path / "a", os.O_RDWR | os.O_CREAT)
    try:
        power_cut_disk.fail(Rule("write", "a", Short(3), times=1))
        assert os.write(descriptor, b"abcdef") == 3
        power_cut_disk.fail(Rule("write", "a", Fail(errno.EIO)))
        assert refused(os.write, descriptor, b"def") == errno.EIO
        power_cut_disk.clear_faults()
        assert os.write(descriptor, b"def") == 3
        assert os.pread(descriptor, 10, 0) == b"abcdef"
    finally:
        os.close(descriptor)


def test_a_read_fails_unless_the_kernel_remembers_the_page(power_cut_disk: PowerCutDisk) -> None:
    write(power_cut_disk.path / "a", b"abc", sync=True)
    sync_folder(power_cut_disk.path)
    assert (power_cut_disk.path / "a").read_bytes() == b"abc"
    power_cut_disk.fail(Rule("read", "a", Fail(errno.EIO)))
    assert (power_cut_disk.path / "a").read_bytes() == b"abc"
    power_cut_disk.cut(1)
    assert refused((power_cut_disk.path / "a").read_bytes) == errno.EIO


def test_a_slow_disk_keeps_its_program_waiting(power_cut_disk: PowerCutDisk) -> None:
    power_cut_disk.fail(Rule("sync", "a", Slow(0.3)))
    began_s = time.monotonic()
    write(power_cut_disk.path / "a", b"abc", sync=True)
    assert 0.3 <= time.monotonic() - began_s < WAIT_S_MAX


def test_a_full_disk_refuses_says_so_and_takes_again_when_there_is_room(
    power_cut_disk: PowerCutDisk,
) -> None:
    path = power_cut_disk.path / "a"
    power_cut_disk.free_bytes = 8192
    path.write_bytes(bytes(8192))
    seen = os.statvfs(power_cut_disk.path)
    assert seen.f_bavail == seen.f_bfree == power_cut_disk.free_bytes == 0
    assert seen.f_blocks * seen.f_frsize == 8192
    assert refused(write, power_cut_disk.path / "b", b"x") == errno.ENOSPC
    assert refused(os.truncate, path, 8193) == errno.ENOSPC
    power_cut_disk.free_bytes = 4096
    write(power_cut_disk.path / "b", b"x")
    assert shutil.disk_usage(power_cut_disk.path).free == 0
    path.unlink()
    wait_for(lambda: power_cut_disk.free_bytes == 8192, "the room never came back")
    with pytest.raises(ValueError, match="-1 bytes"):
        power_cut_disk.free_bytes = -1


def test_a_disk_turns_read_only_under_its_programs(power_cut_disk: PowerCutDisk) -> None:
    with (power_cut_disk.path / "a").open("wb", buffering=0) as file:
        file.write(b"a")
        power_cut_disk.read_only(True)
        assert refused(file.write, b"b") == errno.EROFS
        assert refused((power_cut_disk.path / "b").touch) == errno.EROFS
        assert refused((power_cut_disk.path / "a").open, "r+") == errno.EROFS
        assert (power_cut_disk.path / "a").read_bytes() == b"a"
        power_cut_disk.read_only(False)
        file.write(b"b")
    assert (power_cut_disk.path / "a").read_bytes() == b"ab"


def test_a_lie_about_a_sync_is_found_out_by_a_cut(power_cut_disk: PowerCutDisk) -> None:
    path = power_cut_disk.path / "a"

    def prepare() -> None:
        power_cut_disk.clear_faults()
        write(path, b"old", sync=True)
        sync_folder(power_cut_disk.path)
        power_cut_disk.fail(Rule("sync", "a", Lie()))
        write(path, b"new", sync=True)

    print("seed", cut_until(power_cut_disk, prepare, lambda loss: not loss.nothing))
    assert path.read_bytes() == b"old"


# --- the power


def test_after_a_cut_readers_see_the_medium_and_not_what_the_kernel_remembered(
    power_cut_disk: PowerCutDisk,
) -> None:
    path = power_cut_disk.path / "a"

    def prepare() -> None:
        write(path, b"old", sync=True)
        sync_folder(power_cut_disk.path)
        write(path, b"new")
        assert path.read_bytes() == b"new"

    def lost(loss: Loss) -> bool:
        data = path.read_bytes()
        assert data == (b"new" if loss.nothing else b"old")
        return data == b"old"

    print("seed", cut_until(power_cut_disk, prepare, lost))


def test_what_was_synced_with_its_name_survives_every_cut(power_cut_disk: PowerCutDisk) -> None:
    for seed in range(20):
        path = power_cut_disk.path / f"{seed}"
        write(path, b"x" * 5000, sync=True)
        sync_folder(power_cut_disk.path)
        assert power_cut_disk.cut(seed).nothing, seed
        assert path.read_bytes() == b"x" * 5000


@needs_disk
def test_the_same_seed_leaves_the_same_disk(tmp_path: Path) -> None:

    def left(seed: int, folder: Path) -> tuple[str, dict[str, bytes]]:
        with PowerCutDisk(folder) as disk:
            for name in "abcdef":
                write(disk.path / name, name.encode() * 2000)
            loss = disk.cut(seed)
            return str(loss), {path.name: path.read_bytes() for path in disk.path.iterdir()}

    lefts = [left(seed, tmp_path / "disk") for seed in range(5)]
    assert [left(seed, tmp_path / "again") for seed in range(5)] == lefts
    assert len({str(each) for each in lefts}) > 2


def test_a_cut_kills_its_programs_and_the_disk_can_be_used_at_once(
    power_cut_disk: PowerCutDisk,
) -> None:
    with program(WRITER, power_cut_disk.path) as one, program(WRITER, power_cut_disk.path) as two:
        assert said(one) == said(two) == "ready"
        power_cut_disk.cut(1, one.pid, two.pid)
        assert one.wait(0) == two.wait(0) == -signal.SIGKILL
        (power_cut_disk.path / "again").write_text("again")
        power_cut_disk.cut(2, one.pid)  # it is dead already


def test_a_frozen_disk_can_be_cut_at_exactly_that_moment(power_cut_disk: PowerCutDisk) -> None:
    assert not power_cut_disk.wait_frozen(0.0)
    power_cut_disk.fail(Rule("write", "log", Freeze(), nth=6, times=1))
    with program(WRITER, power_cut_disk.path, "sync") as writer:
        assert power_cut_disk.wait_frozen(WAIT_S_MAX)
        assert power_cut_disk.sync_count("log") == 5
        sync_count_again = power_cut_disk.sync_count("log")
        assert sync_count_again == 5, "it goes on"
        loss = power_cut_disk.cut(1, writer.pid)
        assert writer.wait(0) == -signal.SIGKILL
    assert not power_cut_disk.wait_frozen(0.0)
    if not loss.gone:  # the folder was never synced
        assert (power_cut_disk.path / "log").read_bytes() == b"0\n1\n2\n3\n4\n"


def test_a_frozen_disk_thaws_when_its_faults_are_forgotten(power_cut_disk: PowerCutDisk) -> None:
    power_cut_disk.fail(Rule("mark", "*", Freeze(), times=1))
    code = "import sys; open(sys.argv[1] + '/.mark', 'a').write('here'); print('gone on')"
    with program(code, power_cut_disk.path) as process:
        assert power_cut_disk.wait_frozen(WAIT_S_MAX)
        assert process.poll() is None
        power_cut_disk.clear_faults()
        assert said(process) == "gone on"
    assert not power_cut_disk.wait_frozen(0.0)


def test_a_slow_disk_is_cut_without_waiting_for_it(power_cut_disk: PowerCutDisk) -> None:
    power_cut_disk.fail(Rule("write", "log", Slow(3600.0), nth=3))
    with program(WRITER, power_cut_disk.path) as writer:
        wait_for(lambda: len(power_cut_disk.injected()) == 1, "it is not slow")
        power_cut_disk.cut(1, writer.pid)
        assert writer.wait(0) == -signal.SIGKILL


def test_pages_that_were_mapped_and_not_synced_go_with_the_power(
    power_cut_disk: PowerCutDisk,
) -> None:
    path = power_cut_disk.path / "map"
    write(path, bytes(mmap.PAGESIZE), sync=True)
    sync_folder(power_cut_disk.path)
    code = (
        "import mmap, sys\n"
        "file = open(sys.argv[1], 'r+b'); pages = mmap.mmap(file.fileno(), 0)\n"
        "pages[:5] = b'dirty'; print('ready', flush=True); sys.stdin.read(); input()\n"
    )
    with program(code, path) as process:
        assert said(process) == "ready"
        power_cut_disk.cut(1, process.pid)
        assert path.read_bytes() == bytes(mmap.PAGESIZE)
