"""`hwsim powercut`: any command on a disk that loses its power, and what the disk has then.

Standard output and input belong to the command. What is said here goes to standard error.
"""

import contextlib
import ctypes
import os
import select
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from hwsim.power.disk import PowerCutDisk, why_not
from hwsim.power.faults import Freeze, Rule
from hwsim.signals import waking_fd

AFTER_S: Final = 1.0
"""When the power goes, if nothing else is said."""
TROUBLE: Final = 1
COMMAND_FAILED: Final = 3
INTERRUPTED: Final = 130
_SWEEPS_MAX: Final = 500
_SWEEP_S: Final = 0.01
_PR_SET_CHILD_SUBREAPER: Final = 36


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerCutOptions:
    """What the command line says. The cut comes at the first of the moments that are given."""

    command: tuple[str, ...]
    seed: int
    after_s: float | None
    after_writes: int | None
    at_mark: str | None
    start: Path | None
    keep: Path
    rounds: int


class CannotRun(Exception):
    """Its text says why, to a person."""


def run_powercut(options: PowerCutOptions) -> int:
    """Run, cut, and hand over the disk.

    The exit status is 0 when the power was cut in every round, 1 when there could be no disk or no
    command, 3 when the command failed by itself before the power went, 130 after Ctrl-C.
    """
    signal.signal(signal.SIGTERM, _end)
    woken = waking_fd()
    try:
        _check(options)
        # Everything that the command starts becomes ours when its parents die: it is killed, too.
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(1))
        with (
            tempfile.TemporaryDirectory(prefix="hwsim-") as folder,
            PowerCutDisk(Path(folder) / "disk", start=options.start) as disk,
        ):
            for number in range(options.rounds):
                status = _round(disk, options, number, woken)
                if status:
                    break
            shutil.copytree(disk.path, options.keep, dirs_exist_ok=True)
            _tell(f"the disk, as the power cut left it, is in {options.keep}")
            return status
    except (CannotRun, OSError, ValueError, RuntimeError) as error:
        _tell(str(error))
        return TROUBLE
    except KeyboardInterrupt:  # not while the command ran: there is nothing to cut
        return INTERRUPTED


def _check(options: PowerCutOptions) -> None:
    reason = why_not()
    if reason:
        raise CannotRun(f"{reason}; try sudo" if os.geteuid() else reason)
    if options.start is not None and not options.start.is_dir():
        raise CannotRun(f"--start: {options.start} is not a folder")
    if options.keep.exists() and (not options.keep.is_dir() or any(options.keep.iterdir())):
        raise CannotRun(f"--keep: {options.keep} is there already; name a new or an empty folder")
    if shutil.which(options.command[0]) is None:
        raise CannotRun(f"there is no program {options.command[0]!r}")


def _round(disk: PowerCutDisk, options: PowerCutOptions, number: int, woken: int) -> int:
    """Run the command until the power goes, and say what was lost. `woken`: see waking_fd."""
    seed = options.seed + number
    if options.after_writes is not None:
        disk.fail(Rule("write", "*", Freeze(), nth=options.after_writes + 1, times=1))
    if options.at_mark is not None:
        disk.fail(Rule("mark", options.at_mark, Freeze(), times=1))
    words = [word.replace("{disk}", str(disk.path)) for word in options.command]
    writes, syncs = disk.write_count(), disk.sync_count()
    began_s = time.monotonic()
    status, interrupted = None, False
    with _running(words, disk) as child:
        try:
            status = _wait(child, disk, woken, _deadline_s(options))
        except KeyboardInterrupt:
            interrupted = True
        ran_s = time.monotonic() - began_s
        loss = disk.cut(seed, *_descendants(spared=disk.pid))
    disk.clear_faults()
    name = shlex.quote(words[0])
    if status is not None:
        how = f"with status {status}" if status >= 0 else f"by signal {-status}"
        _tell(f"{name} ended {how} before the power went")
    which = f"round {number + 1} of {options.rounds}, " if options.rounds > 1 else ""
    did = f"writes: {disk.write_count() - writes:,}, syncs: {disk.sync_count() - syncs:,}"
    _tell(f"{which}seed {seed}: power cut after {ran_s:.2f} s ({did})")
    for line in str(loss).splitlines():
        _tell(f"  {line}")
    if interrupted:
        return INTERRUPTED
    return COMMAND_FAILED if status else 0


def _deadline_s(options: PowerCutOptions) -> float | None:
    if options.after_s is None and options.after_writes is None and options.at_mark is None:
        return AFTER_S
    return options.after_s


@contextlib.contextmanager
def _running(words: list[str], disk: PowerCutDisk) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the command in a session of its own: Ctrl-C is for us. Nothing of it outlives the block.

    Raise CannotRun when it cannot be started.
    """
    child = None
    try:
        try:
            child = subprocess.Popen(
                words, env={**os.environ, "HWSIM_DISK": str(disk.path)}, start_new_session=True
            )
        except OSError as error:
            raise CannotRun(f"{words[0]} cannot be run: {error.strerror}") from error
        yield child
    finally:
        # Also when a signal ends us while the command is being started and is nobody's yet.
        _sweep(spared=disk.pid)
        if child is not None:
            child.wait()


def _wait(
    child: "subprocess.Popen[bytes]", disk: PowerCutDisk, woken: int, deadline_s: float | None
) -> int | None:
    """Wait for the moment of the cut. Return the command's exit status if it ended before."""
    pidfd = os.pidfd_open(child.pid)
    try:
        ready, _, _ = select.select([pidfd, disk.frozen_fd, woken], [], [], deadline_s)
    finally:
        os.close(pidfd)
    return child.wait() if pidfd in ready else None


def _descendants(*, spared: int) -> list[int]:
    """Every process that descends from this one, dead ones not yet reaped included."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                # pid (name) state parent ...; the name may hold anything, also brackets.
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found: list[int] = []
    waiting = [os.getpid()]
    while waiting:
        for pid in children.get(waiting.pop(), []):
            if pid != spared:
                found.append(pid)
                waiting.append(pid)
    return found


def _sweep(*, spared: int) -> None:
    """Kill what is left, also what was started while the others were killed."""
    for _ in range(_SWEEPS_MAX):
        living = _descendants(spared=spared)
        if not living:
            return
        for pid in living:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        time.sleep(_SWEEP_S)
    raise CannotRun(f"these processes of the command cannot be killed: {living}")


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + signal.SIGTERM)


def _tell(sentence: str) -> None:
    sys.stderr.write(f"hwsim: {sentence}\n")
