"""A real mount, used by real programs, works as a disk, records, and ends when it should."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
from pathlib import Path
from random import Random

import pytest

from hwsim.power.disk import PowerCutDisk, why_not
from hwsim.power.faults import Freeze, Rule
from hwsim.power.trace import ROOT_INO, Made, Marked, Removed, Renamed, Resized, Synced, Wrote
from hwsim.power.tree import apply, write_out
from tests.support.programs import (
    WAIT_S_MAX,
    WRITER,
    program,
    refused,
    run,
    said,
    sync_folder,
    wait_for,
    write,
)

needs_disk = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


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
    os.chown(file, 0, 0)
    assert refused(os.chown, file, 1, 1) == errno.EPERM
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


def files_below(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def random_steps(random: Random, folders: tuple[Path, ...], count: int) -> None:
    """Do the same to each of the folders; what one refuses the others must refuse."""
    names = [f"{folder}{name}" for folder in ("", "x/", "y/") for name in "abcde"] + ["x", "y"]
    for _ in range(count):
        name, other = random.choice(names), random.choice(names)
        data = random.randbytes(random.choice([1, 100, 5000, 200_000]))
        offset, how = random.randrange(20_000), random.randrange(8)
        outcomes = []
        for folder in folders:
            path = folder / name
            try:
                match how:
                    case 0 | 1 | 2:
                        with path.open("r+b" if path.exists() else "w+b") as file:
                            file.seek(offset)
                            outcomes.append(file.write(data))
                    case 3:
                        outcomes.append(os.truncate(path, offset))
                    case 4:
                        outcomes.append(os.rename(path, folder / other))
                    case 5:
                        outcomes.append(path.unlink())
                    case 6:
                        outcomes.append(path.mkdir())
                    case _:
                        outcomes.append(path.rmdir())
            except OSError as error:
                outcomes.append(error.errno)
        assert len(set(outcomes)) == 1, (how, name, other, outcomes)


@needs_disk
@pytest.mark.parametrize("seed", range(5))
def test_it_holds_what_the_file_system_below_it_would_hold_and_records_all_of_it(
    seed: int, tmp_path: Path
) -> None:
    (tmp_path / "real").mkdir()
    with PowerCutDisk(tmp_path / "disk", record=True) as disk:
        random_steps(Random(seed), (tmp_path / "real", disk.path), 400)
        real = files_below(tmp_path / "real")
        assert len(real) > 3
        assert files_below(disk.path) == real
        trace = disk.trace()
        for each in (disk.path, *disk.path.rglob("*")):
            sync_folder(each)
        assert disk.cut(seed).nothing
        assert files_below(disk.path) == real
    for op in trace.ops:
        apply(trace.start, op)
    write_out(trace.start, tmp_path / "replayed")
    assert files_below(tmp_path / "replayed") == real


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


UNPRIVILEGED = """
import ctypes, os, sys
# As in a container: root, but CAP_SYS_ADMIN (21) is dropped for the next program (24).
ctypes.CDLL(None).prctl(24, ctypes.c_ulong(21), *[ctypes.c_ulong(0)] * 3)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
FORBIDDEN = "a disk that loses its power needs mount(2): Operation not permitted"


@needs_disk
def test_where_mounting_is_forbidden_it_says_so() -> None:
    assert run(UNPRIVILEGED, "-c", WHY_NOT) == f"{FORBIDDEN}\n"


@needs_disk
def test_where_there_can_be_no_disk_a_test_that_wants_one_is_skipped_with_the_reason(
    tmp_path: Path,
) -> None:
    (tmp_path / "test_a.py").write_text("def test_a(power_cut_disk): raise AssertionError\n")
    plugin = ("-p", "hwsim.pytest_plugin", "-p", "no:cacheprovider")
    out = run(UNPRIVILEGED, "-m", "pytest", "-rs", *plugin, "--rootdir", tmp_path, tmp_path)
    assert "1 skipped" in out
    assert FORBIDDEN in out
