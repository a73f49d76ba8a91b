"""The launcher: starts the program that the boot record names, over the data that it names.

It changes nothing but the boot record, and is not changed by the upgrade that it runs. What it
decides at a start:

- nothing on trial: the committed pair. If its program is damaged, another whole one that can go on
  with the *same* data; the launcher never goes back to older data by itself, for that would drop
  what was sold since.
- a pair on trial: an attempt is counted on disk first, the program's content is compared with its
  manifest, and it is started. It commits itself, in the boot record, once it has checked its data
  and come up, without selling. If it ends or takes too long before that, the next attempt follows,
  and after the last one the old pair comes back, which lost nothing because nothing was sold.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import NamedTuple

from tillhald.boot import generation, slot
from tillhald.boot.files import Damaged, remove_partial
from tillhald.boot.record import (
    BootRecord,
    NoRecord,
    Pair,
    Trial,
    UnknownFormat,
    attempted,
    read,
    taken_back,
    with_slot,
    write,
)

TRIAL_S_MAX = 180.0
"""From the start of a pair on trial until it has committed itself."""
LOOK_S = 0.5
END_S_MAX = 10.0
"""What a program that did not prove itself gets to end in order."""
EXIT_TROUBLE = 78
"""Nothing can be started before a person has mended something (EX_CONFIG of sysexits.h)."""
EXIT_RESTART = 75
"""What a daemon ends with that wants the launcher to decide anew (EX_TEMPFAIL): it has switched."""
_SIGNALLED = 128
"""Added to the number of the signal that ended a program, as shells do."""
_FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_AWAITED = (*_FORWARDED, signal.SIGCHLD)


class NothingToStart(Exception):
    """No program is whole that could go on with the data. Its text says what to do."""


class Start(NamedTuple):
    """What to start."""

    pair: Pair
    trial: Trial | None = None


def decide(home: Path) -> Start:
    """Find out what to start, and write down what was decided.

    Raises NothingToStart, NoRecord, Damaged, UnknownFormat and OSError.
    """
    record = read(home)
    _tidy(home)
    if record.trial is not None:
        why = _why_not(home, record.trial)
        if not why:
            record = attempted(record)
            write(home, record)
            assert record.trial is not None, "an attempt is of a trial"
            return Start(record.trial.pair, record.trial)
        record = taken_back(record, why)
        write(home, record)
        _tell(f"{why}; going on with {record.committed.slot} and {record.committed.generation}")
    return Start(_whole(home, record))


def _tidy(home: Path) -> None:
    for parent in (slot.slots_folder(home), generation.data_folder(home)):
        try:
            for name in remove_partial(parent):
                _tell(f"removed {name}, which was never finished")
        except OSError as error:  # it only takes room
            _tell(str(error))


def _why_not(home: Path, trial: Trial) -> str:
    """Why the pair on trial is not tried (again); empty if it is."""
    if trial.attempts_left < 1:
        return f"{trial.pair.slot} did not prove itself"
    try:
        manifest = slot.check(slot.slots_folder(home) / trial.pair.slot, whole=True)
        generation.check(home, trial.pair.generation, manifest.schema)
    except (slot.SlotDamaged, generation.GenerationUnusable) as why:
        return str(why)
    return ""


def _whole(home: Path, record: BootRecord) -> Pair:
    """The committed pair, or another program over the same data where that one is damaged."""
    candidates = [record.committed.slot]
    if record.previous is not None:
        candidates.append(record.previous.slot)
    others = sorted(path.name for path in slot.slots_folder(home).glob("*") if path.is_dir())
    candidates += [name for name in reversed(others) if name not in candidates]
    reasons: list[str] = []
    for name in candidates:
        # One that is not the committed one may have lain there for long: every byte is compared.
        is_other = name != record.committed.slot
        try:
            manifest = slot.check(slot.slots_folder(home) / name, whole=is_other)
            generation.check(home, record.committed.generation, manifest.schema)
        except (slot.SlotDamaged, generation.GenerationUnusable) as why:
            reasons.append(str(why))
            continue
        if is_other:
            _tell(f"{reasons[0]}; going on with {name}")
            record = with_slot(record, name)
            write(home, record)
        return record.committed
    sentence = "; ".join(reasons)
    message = f"{sentence}. Install the program again; the data is untouched."
    raise NothingToStart(message)


def main(arguments: list[str]) -> int:
    """Start the till, and start it anew when it asks for it; the exit status is its, or 78."""
    parser = argparse.ArgumentParser(
        prog="tillhal-launcher", description="Starts the till that the boot record names."
    )
    parser.add_argument("--home", type=Path, required=True, metavar="DIR")
    parser.add_argument("--trial-s", type=float, default=TRIAL_S_MAX, help=argparse.SUPPRESS)
    parser.add_argument("rest", nargs="*", metavar="-- ARGUMENTS", help="for tillhald")
    options = parser.parse_args(arguments)
    home: Path = options.home.absolute()
    # From here on signals wait until they are asked for. A handler would run only once Python's
    # main thread goes on: one that comes right before a wait would be slept through.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    try:
        while True:
            start = decide(home)
            ended = _run(home, start, _command(home, start, options.rest), options.trial_s)
            if ended.is_told or not (ended.failed or ended.status == EXIT_RESTART):
                return ended.status
    except (NothingToStart, NoRecord, Damaged, UnknownFormat, OSError) as error:
        _tell(str(error))
        return EXIT_TROUBLE


def _command(home: Path, start: Start, rest: list[str]) -> list[str]:
    python = slot.interpreter_of(slot.slots_folder(home) / start.pair.slot)
    said = ["--home", str(home), "--generation", start.pair.generation]
    if start.trial is not None:
        said += ["--trial", start.trial.work_id]
    # Isolated: what else is installed for this user, or named in the environment, is not imported.
    return [str(python), "-I", "-m", "tillhald", *said, *rest]


class _Ended(NamedTuple):
    """What became of a program: `failed`: it was on trial, and did not commit itself; `is_told`:
    somebody wants the till to end."""

    status: int
    failed: bool
    is_told: bool


def _run(home: Path, start: Start, command: list[str], trial_s: float) -> _Ended:
    """Run the program to its end; one on trial that takes too long is ended."""
    child = os.posix_spawn(command[0], command, _environment(), setsigmask=())
    trial, is_told = start.trial, False
    end_s = time.monotonic() + trial_s
    while (status := _status(child)) is None:
        if trial is not None and _is_committed(home, trial):
            trial = None
        is_late = trial is not None and time.monotonic() >= end_s
        if is_late:
            _tell(f"{start.pair.slot} took longer than {trial_s:.0f} s to prove itself")
            status = _end(child)
            break
        if trial is not None:
            _say_alive()
        number = _next_signal(None if trial is None else LOOK_S)
        if number in _FORWARDED:
            is_told |= number != signal.SIGHUP
            os.kill(child, number)
    if trial is None or _is_committed(home, trial):
        return _Ended(status, failed=False, is_told=is_told)
    _tell(f"{start.pair.slot} did not prove itself; attempts left: {trial.attempts_left}")
    return _Ended(status, failed=True, is_told=is_told)


def _environment() -> dict[str, str]:
    """Ours; but the supervisor's watch is for whoever says that it is alive: the program."""
    return {name: value for name, value in os.environ.items() if name != "WATCHDOG_PID"}


def _next_signal(timeout_s: float | None) -> int:
    """Wait for a signal; 0 if none came in time."""
    if timeout_s is None:
        return signal.sigwaitinfo(_AWAITED).si_signo
    info = signal.sigtimedwait(_AWAITED, timeout_s)
    return info.si_signo if info else 0


def _status(child: int) -> int | None:
    """The exit status of a program that has ended, once; None while it runs."""
    pid, waited = os.waitpid(child, os.WNOHANG)
    if not pid:
        return None
    code = os.waitstatus_to_exitcode(waited)
    return code if code >= 0 else _SIGNALLED - code


def _say_alive() -> None:
    """Tell systemd that all is well while a pair on trial checks itself and says nothing yet."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.settimeout(0)
        notify.connect("\0" + address[1:] if address.startswith("@") else address)
        notify.send(b"WATCHDOG=1")


def _is_committed(home: Path, trial: Trial) -> bool:
    record = read(home)
    return record.trial is None and record.committed == trial.pair


def _end(child: int) -> int:
    """End a program, in order if it can. Its exit status."""
    os.kill(child, signal.SIGTERM)
    end_s = time.monotonic() + END_S_MAX
    while (status := _status(child)) is None:
        left_s = end_s - time.monotonic()
        if left_s <= 0:
            os.kill(child, signal.SIGKILL)
            left_s = END_S_MAX
        signal.sigtimedwait([signal.SIGCHLD], left_s)
    return status


def _tell(sentence: str) -> None:
    sys.stderr.write(f"tillhal-launcher: {sentence}\n")
    sys.stderr.flush()
