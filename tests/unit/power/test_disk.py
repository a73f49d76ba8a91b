"""A real mount, used by real programs: it works as a disk, fails on demand, and loses its power."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import mmap
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import hwsim
from hwsim.power.disk import PowerCutDisk, why_not
from hwsim.power.faults import Fail, Freeze, Injected, Lie, Rule, Short, Slow
from hwsim.power.trace import ROOT_INO, Made, Marked, Removed, Renamed, Resized, Synced, Wrote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hwsim.power.loss import Loss

WAIT_S_MAX = 20.0
SOURCE_ROOT = Path(hwsim.__file__).parents[1]

needs_disk = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


@contextlib.contextmanager
def program(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Run Python code in a process of its own; killed at the end."""
    with subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(SOURCE_ROOT)},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], WAIT_S_MAX)[0], "the program says nothing"
    return process.stdout.readline().strip()


def run(code: str, *arguments: object) -> str:
    with program(code, *arguments) as process:
        out, _ = process.communicate(timeout=WAIT_S_MAX)
        assert process.returncode == 0, out
        return out


def wait_for(condition: Callable[[], bool], what: str) -> None:
    end_s = time.monotonic() + WAIT_S_MAX
    while not condition():
        assert time.monotonic() < end_s, what
        select.select([], [], [], 0.01)


def refused(call: Callable[..., object], *arguments: object) -> int:
    with pytest.raises(OSError) as error:
        call(*arguments)
    assert error.value.errno is not None
    return error.value.errno


def write(path: Path, data: bytes, *, sync: bool = False, flags: int = 0) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | flags, 0o644)
    try:
        os.write(descriptor, data)
        if sync:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def cut_until(disk: PowerCutDisk, prepare: Callable[[], None], lost: Callable[[Loss], bool]) -> int:
    """Cut with one seed after the other until something is lost in this way; return the seed."""
    for seed in range(100):
        prepare()
        if lost(disk.cut(seed)):
            return seed
    raise AssertionError("100 seeds, and it was never lost")


# --- a disk like any other


def test_names_and_contents_come_and_go_as_on_any_disk(power_cut_disk: PowerCutDisk) -> None:
    top = power_cut_disk.path
    (top / "folder/below").mkdir(parents=True)
    file = top / "folder/file"
    file.write_text("one")
    file.write_text("two!")
    with file.open("a") as more:
        more.write(" three")
    assert file.read_text() == "two! three"
    assert file.stat().st_size == 10
    os.truncate(file, 3)
    assert file.read_text() == "two"
    file.chmod(0o600)
    assert file.stat().st_mode & 0o777 == 0o600
    os.utime(file, (1, 1))
    assert file.stat().st_mtime == 1
    (top / "other").write_text("other")
    (top / "other").rename(file)
    assert file.read_text() == "other"
    assert refused(os.rmdir, top / "folder") == errno.ENOTEMPTY
    assert refused(os.symlink, "a", top / "link") == errno.EPERM
    assert refused(os.link, file, top / "link") == errno.EPERM
    assert sorted(os.listdir(top / "folder")) == ["below", "file"]
    shutil.rmtree(top / "folder")
    assert os.listdir(top) == []


def test_a_folder_of_many_files_is_listed_whole_while_they_are_removed(
    power_cut_disk: PowerCutDisk,
) -> None:
    names = {f"a-file-with-a-name-{number:05}" for number in range(2000)}
    for name in names:
        (power_cut_disk.path / name).touch()
    seen = set()
    with os.scandir(power_cut_disk.path) as entries:
        for entry in entries:
            seen.add(entry.name)
            os.unlink(entry.path)
    assert seen == names
    assert os.listdir(power_cut_disk.path) == []


def test_a_file_that_is_removed_while_it_is_open_goes_on(power_cut_disk: PowerCutDisk) -> None:
    with (power_cut_disk.path / "a").open("w+b") as file:
        file.write(b"still")
        (power_cut_disk.path / "a").unlink()
        file.seek(0)
        assert file.read() == b"still"
        assert os.fstat(file.fileno()).st_nlink == 0


def test_locks_hold_between_descriptors(power_cut_disk: PowerCutDisk) -> None:
    path = power_cut_disk.path / "lock"
    with path.open("w") as first, path.open("w") as second:
        fcntl.flock(first, fcntl.LOCK_EX)
        assert refused(fcntl.flock, second, fcntl.LOCK_EX | fcntl.LOCK_NB) == errno.EAGAIN
        fcntl.lockf(first, fcntl.LOCK_EX)
        code = (
            "import fcntl, sys\n"
            "try: fcntl.lockf(open(sys.argv[1], 'w'), fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
            "except OSError as error: print(error.errno)\n"
        )
        assert run(code, path) == f"{errno.EAGAIN}\n"


def test_room_is_reserved_and_pages_that_are_mapped_are_shared(
    power_cut_disk: PowerCutDisk,
) -> None:
    path = power_cut_disk.path / "map"
    with path.open("w+b") as file:
        os.posix_fallocate(file.fileno(), 0, 8192)
        assert path.stat().st_size == 8192
    # In processes of their own, see the first lines of hwsim.power.server.
    code = (
        "import mmap, sys\n"
        "with open(sys.argv[1], 'r+b') as file, mmap.mmap(file.fileno(), 0) as pages:\n"
        "    pages[5000:5005] = b'hello'; pages.flush()\n"
    )
    run(code, path)
    assert path.read_bytes()[5000:5005] == b"hello"
    assert power_cut_disk.sync_count("map") == 1, "msync is a sync"


def test_large_files_are_read_and_written_whole(power_cut_disk: PowerCutDisk) -> None:
    data = os.urandom(5 << 20)
    (power_cut_disk.path / "large").write_bytes(data)
    shutil.copyfile(power_cut_disk.path / "large", power_cut_disk.path / "copy")
    assert (power_cut_disk.path / "copy").read_bytes() == data


def test_lmdb_commits_on_it_fast_enough_whatever_the_size_of_its_file(
    power_cut_disk: PowerCutDisk,
) -> None:
    (power_cut_disk.path / "data.mdb").write_bytes(b"")
    code = (
        "import lmdb, os, sys, time\n"
        "env = lmdb.open(sys.argv[1], map_size=64 << 20, lib_version=0)\n"
        "with env.begin(write=True) as txn: txn.put(b'a', b'a')\n"
        "size = os.stat(sys.argv[1] + '/data.mdb').st_size\n"
        "with open(sys.argv[1] + '/data.mdb', 'r+b') as file:\n"
        "    file.seek(size); file.write(bytes((64 << 20) - size))\n"
        "began_s = time.monotonic()\n"
        "for number in range(500):\n"
        "    with env.begin(write=True) as txn: txn.put(b'%08d' % number, bytes(500))\n"
        "print(500 / (time.monotonic() - began_s))\n"
    )
    per_s = float(run(code, power_cut_disk.path))
    print(f"{per_s:,.0f} commits a second")
    # Thousands when nobody else wants the processor; a copy of 64 MiB for each would be a dozen.
    assert per_s > 150
    assert power_cut_disk.sync_count("data.mdb") >= 1002, "two syncs a commit"


@needs_disk
def test_it_begins_with_a_folder_that_is_already_durable(tmp_path: Path) -> None:
    (tmp_path / "start/sub").mkdir(parents=True)
    (tmp_path / "start/sub/file").write_text("there")
    with PowerCutDisk(tmp_path / "disk", start=tmp_path / "start") as disk:
        assert disk.cut(1).nothing
        assert (disk.path / "sub/file").read_text() == "there"
        (disk.path / "sub/file").write_text("changed")
    assert (tmp_path / "start/sub/file").read_text() == "there"


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


WRITER = """
import os, sys
descriptor = os.open(sys.argv[1] + "/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
print("ready", flush=True)
for number in range(10**9):
    os.write(descriptor, b"%d\\n" % number)
    if sys.argv[2:]:
        os.fsync(descriptor)
"""


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


# --- the recording


@needs_disk
def test_what_a_program_does_is_recorded_in_its_order(tmp_path: Path) -> None:
    with PowerCutDisk(tmp_path / "disk", record=True) as disk:
        (disk.path / "folder").mkdir()
        write(disk.path / "folder/a", b"abc", flags=os.O_DSYNC)
        write(disk.path / ".mark", b"sale 17 is answered\n")
        os.truncate(disk.path / "folder/a", 1)
        (disk.path / "folder/a").rename(disk.path / "b")
        sync_folder(disk.path)
        (disk.path / "b").unlink()
        trace = disk.trace()
    folder, file = (op.ino for op in trace.ops if isinstance(op, Made))
    assert trace.ops == (
        Made(folder, ROOT_INO, b"folder", 0o040755),
        Made(file, folder, b"a", 0o100644),
        Wrote(file, 0, b"abc"),
        Synced(file),
        Marked("sale 17 is answered"),
        Resized(file, 1),
        Renamed(folder, b"a", ROOT_INO, b"b"),
        Synced(ROOT_INO),
        Removed(ROOT_INO, b"b"),
    )
    assert set(trace.start) == {ROOT_INO}


def test_the_mark_is_no_part_of_the_disk(power_cut_disk: PowerCutDisk) -> None:
    mark = power_cut_disk.path / ".mark"
    mark.write_text("one")
    mark.write_text("two")
    assert os.listdir(power_cut_disk.path) == []
    assert mark.read_text() == ""
    assert refused(mark.unlink) == errno.EPERM
    assert power_cut_disk.cut(1).nothing
    with pytest.raises(RuntimeError, match="record=True"):
        power_cut_disk.trace()


# --- the end


def is_mounted(path: Path) -> bool:
    return any(line.split()[4] == str(path) for line in mounts())


def mounts() -> list[str]:
    return Path("/proc/self/mountinfo").read_text().splitlines()


@needs_disk
def test_closing_unmounts_also_when_a_program_holds_files_and_is_frozen(tmp_path: Path) -> None:
    with PowerCutDisk(tmp_path / "disk") as disk:
        assert is_mounted(disk.path)
        disk.fail(Rule("write", "log", Freeze(), nth=3))
        with program(WRITER, disk.path) as writer:
            assert disk.wait_frozen(WAIT_S_MAX)
            server = Path(f"/proc/{disk.pid}")
            disk.close()
            disk.close()
            assert not is_mounted(disk.path)
            assert not server.exists()
            assert writer.wait(WAIT_S_MAX) == 1, "it is told that there is no disk any more"
    assert os.listdir(tmp_path / "disk") == []


@needs_disk
def test_the_disk_ends_with_whoever_had_it_even_if_that_was_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from hwsim.power.disk import PowerCutDisk\n"
        "with PowerCutDisk(Path(sys.argv[1])) as disk:\n"
        "    print(disk.pid, flush=True); time.sleep(3600)\n"
    )
    with program(code, tmp_path / "disk") as owner:
        pid = int(said(owner))
        assert is_mounted(tmp_path / "disk")
        owner.kill()
        wait_for(lambda: not Path(f"/proc/{pid}").exists(), "the disk's process lives on")
        assert not is_mounted(tmp_path / "disk")


@needs_disk
def test_a_disk_whose_process_is_gone_says_so_and_is_unmounted(tmp_path: Path) -> None:
    with PowerCutDisk(tmp_path / "disk") as disk:
        os.kill(disk.pid, signal.SIGKILL)
        with pytest.raises(RuntimeError, match="process has ended"):
            disk.sync_count()
    assert not is_mounted(tmp_path / "disk")


# --- where there can be none


@needs_disk
def test_a_disk_is_not_mounted_over_files_nor_begun_with_what_it_cannot_hold(
    tmp_path: Path,
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/link").symlink_to("nowhere")
    assert refused(PowerCutDisk(tmp_path / "full").__enter__) == errno.ENOTEMPTY
    with pytest.raises(ValueError, match="neither a file nor a folder"):
        PowerCutDisk(tmp_path / "disk", start=tmp_path / "full").__enter__()
    assert not is_mounted(tmp_path / "disk")


WHY_NOT = "from hwsim.power.disk import why_not; print(why_not())"


@needs_disk
def test_without_root_it_says_that_it_needs_root() -> None:
    out = run(WHY_NOT.replace("print", "import os; os.seteuid(65534); print"))
    assert out == "a disk that loses its power is mounted, which needs root; this is user 65534\n"


@needs_disk
def test_where_mounting_is_forbidden_it_says_so() -> None:
    # As in a container: root, without CAP_SYS_ADMIN (21), dropped for the next program (24).
    code = (
        "import ctypes, os, sys\n"
        "ctypes.CDLL(None).prctl(24, ctypes.c_ulong(21), *[ctypes.c_ulong(0)] * 3)\n"
        "os.execv(sys.executable, [sys.executable, '-c', sys.argv[1]])\n"
    )
    out = run(code, WHY_NOT)
    assert out == "a disk that loses its power needs mount(2): Operation not permitted\n"
