"""`hwsim powercut`, as a person types it."""

from __future__ import annotations

import os
import re
import select
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import hwsim
from hwsim.power.disk import why_not
from tests.docs.pages import ROOT, blocks

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

END_S_MAX = 30.0
SOURCE_ROOT = Path(hwsim.__file__).parents[1]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(SOURCE_ROOT)}
PROGRAM = [sys.executable, "-m", "hwsim", "powercut"]


def powercut(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=END_S_MAX,
        check=False,
        cwd=cwd,
        env=ENVIRONMENT,
    )


def mounts_below(folder: Path) -> list[str]:
    return [
        line
        for line in Path("/proc/self/mountinfo").read_text().splitlines()
        if f" {folder}/" in line
    ]


STORES = """
import os, sys
def store(name, synced):
    file = os.open(sys.argv[1] + "/" + name, os.O_WRONLY | os.O_CREAT)
    os.write(file, b"x" * 100)
    if synced:
        os.fsync(file)
        os.fsync(os.open(sys.argv[1], os.O_RDONLY))
store("synced", True)
store("not-synced", False)
open(sys.argv[1] + "/.mark", "w").write("stored")
sys.stdin.read()
"""


def test_it_says_what_was_lost_and_gives_the_disk(tmp_path: Path) -> None:
    # Of this seed it is known that a name which was not synced is lost.
    for seed in range(20):
        keep = tmp_path / str(seed)
        done = powercut(
            "--seed", seed, "--at-mark", "stored", "--keep", keep,
            "--", sys.executable, "-c", STORES + "import time; time.sleep(3600)", "{disk}",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stdout == ""
        first, *losses, last = done.stderr.splitlines()
        assert re.fullmatch(
            rf"hwsim: seed {seed}: power cut after [\d.]+ s \(writes: 2, syncs: 2\)", first
        ), done.stderr
        assert last == f"hwsim: the disk, as the power cut left it, is in {keep}"
        assert (keep / "synced").read_bytes() == b"x" * 100
        gone = losses == ["hwsim:   not-synced: gone, its name was not synced"]
        assert gone is not (keep / "not-synced").exists()
        if gone:
            return
    raise AssertionError("no seed lost a file whose name was not synced")


def test_it_cuts_between_two_writes_and_goes_on_from_there_in_rounds(tmp_path: Path) -> None:
    (tmp_path / "start").mkdir()
    (tmp_path / "start/log").write_bytes(b"")
    code = (
        "import os\n"
        "log = os.open(os.environ['HWSIM_DISK'] + '/log', os.O_WRONLY | os.O_APPEND)\n"
        "while True: os.write(log, b'x'); os.fsync(log)\n"
    )
    done = powercut(
        "--seed", 5, "--after-writes", 7, "--rounds", 3, "--start", tmp_path / "start",
        "--", sys.executable, "-c", code, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "powercut-5/log").read_bytes() == b"x" * 21
    assert (tmp_path / "start/log").read_bytes() == b""
    for number in (1, 2, 3):
        head = f"hwsim: round {number} of 3, seed {number + 4}: power cut after "
        assert head in done.stderr
    assert done.stderr.count("nothing is lost: all that was written had been synced") == 3


def test_a_command_that_ends_before_is_cut_then_and_its_failure_is_told(tmp_path: Path) -> None:
    done = powercut("--keep", tmp_path / "a", "--after", 20, "--", "touch", "{disk}/a")
    assert done.returncode == 0, done.stderr
    assert "hwsim: touch ended with status 0 before the power went\n" in done.stderr
    done = powercut("--keep", tmp_path / "b", "--rounds", 3, "--", "cat", "{disk}/none")
    assert done.returncode == 3
    assert done.stderr.count("before the power went") == 1, "it goes on after a failure"
    done = powercut("--keep", tmp_path / "c", "--", "sh", "-c", "kill -9 $$")
    assert done.returncode == 3
    assert "ended by signal 9 before" in done.stderr


def test_the_seed_that_nobody_gave_can_be_given_again(tmp_path: Path) -> None:
    done = powercut("--", "true", cwd=tmp_path)
    seed = re.search(r"seed (\d+): power cut", done.stderr)
    assert seed
    assert (tmp_path / f"powercut-{seed[1]}").is_dir()


def test_everything_that_the_command_started_is_dead_after_the_cut(tmp_path: Path) -> None:
    # A daemon: a session of its own, and its parent is gone.
    daemon = "echo $$ > {disk}/pid; sync {disk}/pid {disk}; echo ready > {disk}/.mark; sleep 3600"
    done = powercut(
        "--keep", tmp_path / "a", "--at-mark", "ready",
        "--", "sh", "-c", f"(setsid sh -c '{daemon}' &); sleep 3600",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not Path(f"/proc/{int((tmp_path / 'a/pid').read_text())}").exists()
    # It would hold on to our pipe, and this would not come back.
    done = powercut("--keep", tmp_path / "b", "--", "sh", "-c", "setsid sleep 3600 & exit 0")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--", "no-such-program"], "hwsim: there is no program 'no-such-program'\n"),
        (["--keep", ".", "--", "true"], "hwsim: --keep: . is there already; name a new or an "),
        (["--start", "none", "--", "true"], "hwsim: --start: none is not a folder\n"),
    ],
)
def test_trouble_is_told_in_one_line(words: list[str], says: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = powercut(*words, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(says)
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["--after", "soon", "--", "true"], "'soon' is not a number of seconds above 0"),
        (["--seed", "-1", "--", "true"], "--seed"),
        (["--rounds", "0", "--", "true"], "there is at least 1 round"),
        (["--after-writes", "x", "--", "true"], "'x' is not a number from 0 up"),
    ],
)
def test_a_wrong_command_line_is_refused(words: list[str], says: str) -> None:
    done = powercut(*words)
    assert done.returncode == 2
    assert says in done.stderr


def test_without_root_it_says_what_to_do(tmp_path: Path) -> None:
    code = (
        "import os, sys\n"
        "from hwsim.__main__ import main\n"
        "import hwsim.power.disk\n"
        "os.seteuid(65534)\n"
        "sys.exit(main(['powercut', '--', 'true']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False,
        timeout=END_S_MAX, cwd=tmp_path, env=ENVIRONMENT,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == (
        "hwsim: a disk that loses its power is mounted, which needs root; this is user 65534; "
        "try sudo\n"
    )


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_can_be_interrupted_and_leaves_nothing_behind(
    number: signal.Signals, status: int, tmp_path: Path
) -> None:
    with subprocess.Popen(
        [*PROGRAM, "--after", "3600", "--keep", tmp_path / "a", "--", "sh", "-c",
         "echo $$; exec sleep 3600"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT | {"TMPDIR": str(tmp_path)},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], END_S_MAX)[0]
        pid = int(process.stdout.readline())
        assert len(mounts_below(tmp_path)) == 1
        process.send_signal(number)
        try:
            _, complaint = process.communicate(timeout=END_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        assert process.returncode == status, complaint
    assert "Traceback" not in complaint
    end_s = time.monotonic() + END_S_MAX
    while Path(f"/proc/{pid}").exists() or mounts_below(tmp_path):
        assert time.monotonic() < end_s
        select.select([], [], [], 0.01)


def test_the_page_shows_what_the_command_says(tmp_path: Path) -> None:
    page = ROOT / "docs/howto/cut-the-power.md"
    code, command, shown, mended = (block.text for block in blocks(page)[:4])
    (tmp_path / "save.py").write_text(code)

    def saves() -> list[str]:
        done = powercut(*shlex.split(command)[2:], cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return re.sub(r"after [\d.]+ s", "after 0.03 s", done.stderr).splitlines()

    assert saves() == shown.splitlines()
    whole = code.replace(
        "\nos.rename", "\n    file.flush()\n    os.fsync(file.fileno())\nos.rename"
    ).replace(
        '\nwith open(f"{disk}/.mark',
        '\nos.fsync(os.open(disk, os.O_RDONLY))\nwith open(f"{disk}/.mark',
    )
    assert whole.count("fsync") == 2
    (tmp_path / "save.py").write_text(whole)
    command = command.replace("after-5", "mended")
    assert saves()[1] == mended.strip()
