"""The launcher starts what the boot record names, and brings the old pair back where the new one
does not prove itself."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import tillhald
from tillhald.boot import generation, slot
from tillhald.boot.files import Damaged, partial_folder, put_json
from tillhald.boot.launcher import EXIT_TROUBLE, NothingToStart, decide
from tillhald.boot.record import (
    ATTEMPTS,
    BootRecord,
    NoRecord,
    Pair,
    UnknownFormat,
    committed,
    on_trial,
    read,
    taken_back,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(tillhald.__file__).parents[1]
WAIT_S_MAX = 30.0
OLD = Pair(slot="1.0.0-aaaa", generation=generation.FIRST)
NEW = Pair(slot="1.1.0-bbbb", generation="gen-0002")

PROGRAM = """#!{python}
# Stands for a slot's interpreter: notes how it was started, and does what its slot is there for.
import os, select, signal, sys
sys.path.insert(0, {source!r})
from pathlib import Path
from tillhald.boot.record import Pair, committed, on_trial, read, write
home = Path(sys.argv[sys.argv.index("--home") + 1])
with open(home / "started", "a") as file:
    file.write(" ".join(sys.argv[1:]) + "\\n")
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
signal.signal(signal.SIGHUP, lambda *_: (home / "reread").touch())
does = {does!r}
if "--trial" in sys.argv:
    if does == "crashes":
        sys.exit(3)
    if does == "hangs":
        signal.pause()
    write(home, committed(read(home)))
if does == "restarts" and len(open(home / "started").readlines()) < 3:
    sys.exit(75)
if does == "switches" and read(home).trial is None and "gen-0001" in sys.argv:
    write(home, on_trial(read(home), Pair(slot="1.1.0-bbbb", generation="gen-0002"), "work"))
    sys.exit(75)
if does == "stays":
    (home / "up.new").write_text(str(os.getpid()))
    (home / "up.new").rename(home / "up")
    while True:
        select.select([], [], [], 0.05)  # its own handlers run at the latest then
sys.exit(7)
"""


def add_slot(home: Path, name: str, *, does: str = "ends", schema: int = 1) -> Path:
    building = partial_folder(slot.slots_folder(home) / name)
    program = slot.interpreter_of(building)
    program.parent.mkdir()
    program.write_text(PROGRAM.format(python=sys.executable, source=str(SOURCE), does=does))
    program.chmod(0o755)
    (building / "lib").mkdir()
    (building / "lib" / "module.py").write_text(f"# {name}\n")
    folder = slot.slots_folder(home) / name
    described = slot.describe(building, version=name.partition("-")[0], schema=schema)
    manifest = slot.Manifest(
        **{**vars(described), "interpreter": str(slot.interpreter_of(folder))},
    )
    slot.seal(building, manifest)
    building.rename(folder)
    return folder


def add_generation(home: Path, name: str, *, schema: int = 1) -> None:
    building = partial_folder(generation.data_folder(home) / name)
    generation.finish(building, generation.Meta(schema=schema, min_reader=schema))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A till as it was installed."""
    for folder in ("boot", "slots", "data"):
        (tmp_path / folder).mkdir()
    add_slot(tmp_path, OLD.slot)
    add_generation(tmp_path, OLD.generation)
    write(tmp_path, BootRecord(seq=1, committed=OLD))
    return tmp_path


def put_on_trial(home: Path, does: str, *, schema: int = 2) -> None:
    add_slot(home, NEW.slot, does=does, schema=schema)
    add_generation(home, NEW.generation, schema=2)
    write(home, on_trial(read(home), NEW, "upgrade-1"))


def command(home: Path, *more: str) -> list[str]:
    arguments = ["--home", str(home), *more, "--", "--config", "till.toml"]
    return [sys.executable, "-m", "tillhald.boot", *arguments]


def launch(home: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(home, *more),
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        timeout=WAIT_S_MAX,
        check=False,
    )


def started(home: Path) -> list[str]:
    return (home / "started").read_text().splitlines()


# --- what is started


def test_the_committed_pair_is_started_with_its_data_and_its_end_is_the_launchers(
    home: Path,
) -> None:
    ended = launch(home)
    assert ended.returncode == 7
    expected = f"-I -m tillhald --home {home} --generation gen-0001 --config till.toml"
    assert started(home) == [expected]
    assert read(home).seq == 1, "nothing is counted where nothing is on trial"


def test_a_pair_that_commits_itself_stays_and_its_end_is_the_launchers(home: Path) -> None:
    put_on_trial(home, "commits")
    ended = launch(home)
    assert ended.returncode == 7
    record = read(home)
    assert (record.committed, record.previous, record.trial) == (NEW, OLD, None)
    assert [line.endswith("--trial upgrade-1 --config till.toml") for line in started(home)] == [
        True
    ]
    assert launch(home).returncode == 7
    assert "--trial" not in started(home)[-1]
    assert "gen-0002" in started(home)[-1]


@pytest.mark.parametrize("does", ["crashes", "hangs"])
def test_a_program_that_does_not_prove_itself_is_tried_again_and_then_the_old_one_is_back(
    home: Path, does: str
) -> None:
    put_on_trial(home, does)
    ended = launch(home, "--trial-s", "1.5")
    assert ended.returncode == 7
    tried = [line for line in started(home) if "--trial" in line]
    assert len(tried) == ATTEMPTS
    assert "gen-0001" in started(home)[-1]
    record = read(home)
    assert (record.committed, record.trial) == (OLD, None)
    assert record.taken_back is not None
    assert record.taken_back.work_id == "upgrade-1"
    assert "did not prove itself" in ended.stderr


def test_an_attempt_that_a_power_cut_ended_counts(home: Path) -> None:
    put_on_trial(home, "stays")
    for _ in range(ATTEMPTS):
        assert decide(home).pair == NEW  # and then the power goes
    start = decide(home)
    assert (start.pair, start.trial) == (OLD, None)


def test_power_cuts_without_a_trial_change_nothing(home: Path) -> None:
    for _ in range(10 * ATTEMPTS):
        assert decide(home).pair == OLD
    assert read(home).seq == 1


def test_sigterm_ends_the_till_through_the_launcher(home: Path) -> None:
    put_on_trial(home, "stays")
    with launched(home) as process:
        await_file(process, home / "up")
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_S_MAX) == 0
    assert read(home).committed == NEW


def test_a_till_that_asks_for_it_is_started_anew_by_what_the_record_says_then(home: Path) -> None:
    add_slot(home, "1.0.1-eeee", does="switches")
    write(home, BootRecord(seq=1, committed=Pair(slot="1.0.1-eeee", generation="gen-0001")))
    add_slot(home, NEW.slot, does="commits", schema=2)
    add_generation(home, NEW.generation, schema=2)
    assert launch(home).returncode == 7
    first, second = started(home)
    assert "gen-0001" in first
    assert "--generation gen-0002 --trial work" in second
    assert read(home).committed == NEW


def test_a_till_is_started_anew_as_often_as_it_asks(home: Path) -> None:
    add_slot(home, "1.0.1-eeee", does="restarts")
    write(home, BootRecord(seq=1, committed=Pair(slot="1.0.1-eeee", generation="gen-0001")))
    assert launch(home).returncode == 7
    assert len(started(home)) == 3


def signals(pid: int, field: str) -> set[int]:
    """What the kernel says in this field of a process: SigBlk those blocked, SigCgt handled."""
    status = Path(f"/proc/{pid}/status").read_text()
    mask = int(status.partition(f"{field}:")[2].split()[0], 16)
    return {number for number in range(1, 65) if mask >> (number - 1) & 1}


def test_no_signal_gets_lost_between_two_looks_and_the_till_blocks_none(home: Path) -> None:
    add_slot(home, "1.0.1-eeee", does="stays")
    write(home, BootRecord(seq=1, committed=Pair(slot="1.0.1-eeee", generation="gen-0001")))
    for _ in range(8):
        with launched(home) as one:
            await_file(one, home / "up")
            # Python runs a handler only when its main thread goes on: a signal that comes right
            # before a wait would be slept through. So there is none; the launcher waits for them.
            assert signals(one.pid, "SigCgt").isdisjoint({signal.SIGTERM, signal.SIGHUP})
            assert signals(int((home / "up").read_text()), "SigBlk") == set()
            one.send_signal(signal.SIGHUP)
            await_file(one, home / "reread")
            one.send_signal(signal.SIGTERM)
            assert one.wait(WAIT_S_MAX) == 0
        (home / "up").unlink()
        (home / "reread").unlink()


@contextlib.contextmanager
def launched(home: Path, *more: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """The launcher while it runs; it and its till are gone afterwards."""
    environ = {**os.environ, "PYTHONPATH": str(SOURCE), **environment}
    with subprocess.Popen(command(home, *more), env=environ, start_new_session=True) as one:
        try:
            yield one
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(one.pid, signal.SIGKILL)


def await_file(process: subprocess.Popen[bytes], path: Path) -> None:
    for _ in until(path.exists):
        assert process.poll() is None


def test_a_watchdog_hears_that_a_trial_goes_on(home: Path, tmp_path: Path) -> None:
    put_on_trial(home, "hangs")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(tmp_path / "notify"))
        notify.settimeout(WAIT_S_MAX)
        address = str(tmp_path / "notify")
        with launched(home, "--trial-s", "1.0", NOTIFY_SOCKET=address) as one:
            assert {notify.recv(100) for _ in range(3)} == {b"WATCHDOG=1"}
            assert one.wait(WAIT_S_MAX) == 7


def until(condition: object) -> Iterator[None]:
    """Look again and again, up to WAIT_S_MAX."""
    assert callable(condition)
    end_s = time.monotonic() + WAIT_S_MAX
    while not condition():
        assert time.monotonic() < end_s
        yield
        os.sched_yield()


def test_it_runs_from_a_copy_on_a_python_that_has_nothing_else(home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "launcher"
    shutil.copytree(SOURCE / "tillhald" / "boot", copy / "tillhald" / "boot")
    for name in ("__init__.py", "failpoints.py"):
        shutil.copy(SOURCE / "tillhald" / name, copy / "tillhald" / name)
    ended = subprocess.run(
        [sys.executable, "-S", "-m", "tillhald.boot", "--home", str(home)],
        env={"PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        timeout=WAIT_S_MAX,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (7, "")


# --- damage


def test_a_file_that_a_power_cut_emptied_is_found_before_the_trial_begins(home: Path) -> None:
    put_on_trial(home, "commits")
    (slot.slots_folder(home) / NEW.slot / "lib" / "module.py").write_bytes(b"")
    start = decide(home)
    assert start.pair == OLD
    gone = read(home).taken_back
    assert gone is not None
    assert "lib/module.py is not as it was installed" in gone.why


def test_one_byte_that_changed_is_found_before_a_trial_and_before_another_program_steps_in(
    home: Path,
) -> None:
    put_on_trial(home, "commits")
    module = slot.slots_folder(home) / NEW.slot / "lib" / "module.py"
    module.write_bytes(module.read_bytes()[:-1] + b"x")
    assert decide(home).pair == OLD
    # The old program loses a file, and the other one still has its wrong byte.
    (slot.slots_folder(home) / OLD.slot / "lib" / "module.py").unlink()
    with pytest.raises(NothingToStart, match="Install the program again; the data is untouched"):
        decide(home)


def test_where_the_program_is_damaged_another_one_goes_on_with_the_same_data(home: Path) -> None:
    add_slot(home, "0.9.0-cccc")
    (slot.slots_folder(home) / OLD.slot / "lib" / "module.py").unlink()
    assert decide(home).pair == Pair(slot="0.9.0-cccc", generation=OLD.generation)
    assert read(home).committed.generation == OLD.generation


def test_a_program_that_cannot_read_the_data_never_steps_in(home: Path) -> None:
    put_on_trial(home, "commits")
    write(home, committed(read(home)))
    (slot.slots_folder(home) / NEW.slot / "lib" / "module.py").unlink()
    with pytest.raises(NothingToStart, match="needs schema 2"):
        decide(home)


def test_a_trial_over_data_that_was_never_finished_is_taken_back(home: Path) -> None:
    add_slot(home, NEW.slot)
    write(home, on_trial(read(home), NEW, "restore-1"))
    assert decide(home).pair == OLD


def test_what_was_never_finished_is_removed(home: Path) -> None:
    partial_folder(slot.slots_folder(home) / "2.0.0-dddd")
    partial_folder(generation.data_folder(home) / "gen-0009")
    decide(home)
    assert [path.name for path in slot.slots_folder(home).iterdir()] == [OLD.slot]
    assert generation.next_name(home) == "gen-0002"


# --- the record itself


def test_the_copy_stands_in_for_a_record_that_rotted(home: Path) -> None:
    (home / "boot" / "boot.json").write_bytes(b"\0" * 40)
    assert read(home).committed == OLD
    (home / "boot" / "boot.copy.json").write_text('{"crc32": 1, "content": {}}')
    with pytest.raises(Damaged, match=r"boot\.json"):
        read(home)
    assert launch(home).returncode == EXIT_TROUBLE


def test_a_folder_without_a_till_and_a_record_of_the_future_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "boot").mkdir()
    with pytest.raises(NoRecord):
        read(tmp_path)
    put_json(tmp_path / "boot" / "boot.json", {"format": 2})
    with pytest.raises(UnknownFormat):
        read(tmp_path)


def test_a_full_disk_does_not_keep_the_launcher_from_going_back(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_trial(home, "crashes")
    real = os.open
    reserve = home / "boot" / "reserve"
    assert reserve.stat().st_size > 0

    def full(path: Path, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_CREAT and reserve.exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", full)
    write(home, taken_back(read(home), "the disk is full"))
    monkeypatch.undo()
    assert read(home).trial is None


def test_a_second_trial_and_an_attempt_too_many_are_mistakes(home: Path) -> None:
    record = on_trial(read(home), NEW, "one")
    with pytest.raises(ValueError, match="one is on trial already"):
        on_trial(record, NEW, "two")
    with pytest.raises(ValueError, match="nothing is on trial"):
        committed(read(home))
