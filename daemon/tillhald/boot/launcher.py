"""The launcher: starts the program that the boot record names, over the data that it names.

It changes nothing but the boot record, and is not changed by the upgrade that it runs. What it
decides at a start:

- nothing on trial: the committed pair. If its program is damaged, another whole one that can go on
  with the *same* data; the launcher never goes back to older data by itself, for that would drop
  what was sold since.
- a pair on trial: an attempt is counted on disk first, the program's content is compared with its
  manifest, and it is started. It commits itself, in the boot record, once it has checked itself
  without selling. If it ends or takes too long before that, the next attempt follows, and after
  the last one the old pair comes back, which lost nothing because nothing was sold.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

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

if TYPE_CHECKING:
    from types import FrameType

TRIAL_S_MAX = 180.0
"""From the start of a pair on trial until it has committed itself."""
LOOK_S = 0.5
END_S_MAX = 10.0
"""What a program that did not prove itself gets to end in order."""
EXIT_TROUBLE = 78
"""Nothing can be started before a person has mended something (EX_CONFIG of sysexits.h)."""
_FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


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
    """Start the till, and go on as it. The exit status is the till's, or 78."""
    parser = argparse.ArgumentParser(
        prog="tillhal-launcher", description="Starts the till that the boot record names."
    )
    parser.add_argument("--home", type=Path, required=True, metavar="DIR")
    parser.add_argument("--trial-s", type=float, default=TRIAL_S_MAX, help=argparse.SUPPRESS)
    parser.add_argument("rest", nargs="*", metavar="-- ARGUMENTS", help="for tillhald")
    options = parser.parse_args(arguments)
    home: Path = options.home
    try:
        while True:
            start = decide(home)
            command = _command(home, start, options.rest)
            if start.trial is None:
                _become(command)
            status = _try(home, start.trial, command, options.trial_s)
            if status is not None:
                return status
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


def _become(command: list[str]) -> NoReturn:
    os.execv(command[0], command)  # noqa: S606 - the very purpose of a launcher


def _try(home: Path, trial: Trial, command: list[str], trial_s: float) -> int | None:
    """Run a pair on trial. Its exit status once it has committed itself or was told to end; None
    for an attempt that failed."""
    told: list[int] = []
    with subprocess.Popen(command) as process:

        def forward(number: int, _frame: FrameType | None) -> None:
            if number != signal.SIGHUP:
                told.append(number)
            process.send_signal(number)

        before = {number: signal.signal(number, forward) for number in _FORWARDED}
        try:
            is_committed = _await_commitment(home, trial, process, trial_s)
            status = process.wait() if is_committed else _end(process)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
    if is_committed or told:
        return status
    _tell(f"{trial.pair.slot} did not prove itself; attempts left: {trial.attempts_left}")
    return None


def _await_commitment(
    home: Path, trial: Trial, process: subprocess.Popen[bytes], trial_s: float
) -> bool:
    """Whether the boot record says that the pair stays, before it ends or its time is over."""
    end_s = time.monotonic() + trial_s
    while time.monotonic() < end_s:
        try:
            process.wait(LOOK_S)
        except subprocess.TimeoutExpired:
            pass
        else:
            break
        if _is_committed(home, trial):
            return True
    return _is_committed(home, trial)


def _is_committed(home: Path, trial: Trial) -> bool:
    record = read(home)
    return record.trial is None and record.committed == trial.pair


def _end(process: subprocess.Popen[bytes]) -> int:
    if process.poll() is None:
        process.terminate()
        try:
            return process.wait(END_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def _tell(sentence: str) -> None:
    sys.stderr.write(f"tillhal-launcher: {sentence}\n")
    sys.stderr.flush()
