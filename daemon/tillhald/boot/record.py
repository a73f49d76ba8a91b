"""The boot record: which program runs over which data, in one small file.

It is the only switch there is. A program and the data that it can read are always named together,
so no loss of power can leave one of them new and the other one old. While a new pair is on trial,
the old one stays named beside it; what counts the attempts counts only then.
"""

from __future__ import annotations

import contextlib
import errno
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tillhald.boot.files import Damaged, get_json, put_json

FORMAT = 1
RESERVE_BYTES = 64 << 10
"""Kept beside the record, and given up when the disk is full: a till must be able to count an
attempt, or to go back, when it can do nothing else."""
ATTEMPTS = 2
"""How often a pair on trial is started before the one before it comes back."""


class NoRecord(Exception):
    """There is no till here: nothing was ever installed in this folder."""


class UnknownFormat(Exception):
    """The record was written by a launcher that is newer than this one."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A program's folder in `slots/`, and a generation's folder in `data/`."""

    slot: str
    generation: str


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A pair that has to prove itself, for the sake of which piece of work, and how often yet."""

    pair: Pair
    work_id: str
    attempts_left: int


@dataclass(frozen=True, kw_only=True)
class TakenBack:
    """The last piece of work whose pair did not stay, and why, in a sentence."""

    work_id: str
    why: str


@dataclass(frozen=True, kw_only=True)
class BootRecord:
    """`committed` runs unless there is a trial; `previous` is what ran before it.

    Of the last switch, one of `kept` (the work whose pair stayed) and `taken_back` is there.
    """

    seq: int
    committed: Pair
    previous: Pair | None = None
    trial: Trial | None = None
    taken_back: TakenBack | None = None
    kept: str = ""


def pairs(record: BootRecord) -> list[Pair]:
    """All that the record names: they are needed."""
    named = [record.committed, record.previous, record.trial.pair if record.trial else None]
    return [pair for pair in named if pair is not None]


# --- how one record follows another; nothing here touches a disk


def on_trial(record: BootRecord, pair: Pair, work_id: str) -> BootRecord:
    """The next start tries `pair`. ValueError while another one is on trial."""
    if record.trial is not None:
        message = f"{record.trial.work_id} is on trial already"
        raise ValueError(message)
    trial = Trial(pair=pair, work_id=work_id, attempts_left=ATTEMPTS)
    return replace(record, seq=record.seq + 1, trial=trial)


def attempted(record: BootRecord) -> BootRecord:
    """One attempt fewer. ValueError where none is left."""
    trial = record.trial
    if trial is None or trial.attempts_left < 1:
        message = "there is nothing to attempt"
        raise ValueError(message)
    fewer = replace(trial, attempts_left=trial.attempts_left - 1)
    return replace(record, seq=record.seq + 1, trial=fewer)


def committed(record: BootRecord) -> BootRecord:
    """The pair on trial stays. ValueError where there is none."""
    if record.trial is None:
        message = "nothing is on trial"
        raise ValueError(message)
    return BootRecord(
        seq=record.seq + 1,
        committed=record.trial.pair,
        previous=record.committed,
        kept=record.trial.work_id,
    )


def taken_back(record: BootRecord, why: str) -> BootRecord:
    """The pair on trial does not stay. ValueError where there is none."""
    if record.trial is None:
        message = "nothing is on trial"
        raise ValueError(message)
    gone = TakenBack(work_id=record.trial.work_id, why=why)
    return replace(record, seq=record.seq + 1, trial=None, taken_back=gone, kept="")


def with_slot(record: BootRecord, slot: str) -> BootRecord:
    """Another program over the same data: what is left when the committed one is damaged."""
    pair = replace(record.committed, slot=slot)
    return replace(record, seq=record.seq + 1, committed=pair, previous=record.committed)


# --- on disk


def boot_folder(home: Path) -> Path:
    """Where the record and its copy are."""
    return home / "boot"


def write(home: Path, record: BootRecord) -> None:
    """Store the record; it counts, and is durable, when this returns. Raises OSError.

    The copy is for a first file that rots. It is written second, so it never names anything that
    the first one did not name before it.
    """
    reserve = boot_folder(home) / "reserve"
    content = {"format": FORMAT, **asdict(record)}
    for path in _files(home):
        try:
            put_json(path, content)
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT} or not reserve.exists():
                raise
            reserve.unlink()
            put_json(path, content)
    if not reserve.exists():
        with contextlib.suppress(OSError):
            reserve.write_bytes(bytes(RESERVE_BYTES))


def read(home: Path) -> BootRecord:
    """Return the record. Raises NoRecord, Damaged, UnknownFormat."""
    found: list[BootRecord] = []
    damage: list[Damaged] = []
    for path in _files(home):
        try:
            found.append(_record(path, get_json(path)))
        except FileNotFoundError:
            continue
        except Damaged as one:
            damage.append(one)
    if found:
        return max(found, key=lambda record: record.seq)
    if damage:
        raise damage[0]
    message = f"{home} holds no till: there is no boot record"
    raise NoRecord(message)


def _files(home: Path) -> tuple[Path, Path]:
    return boot_folder(home) / "boot.json", boot_folder(home) / "boot.copy.json"


def _record(path: Path, content: dict[str, Any]) -> BootRecord:
    if content.get("format") != FORMAT:
        message = f"{path} has format {content.get('format')}; this launcher knows {FORMAT}"
        raise UnknownFormat(message)
    try:
        trial, gone = content["trial"], content["taken_back"]
        return BootRecord(
            seq=int(content["seq"]),
            committed=Pair(**content["committed"]),
            previous=Pair(**content["previous"]) if content["previous"] else None,
            trial=Trial(**{**trial, "pair": Pair(**trial["pair"])}) if trial else None,
            taken_back=TakenBack(**gone) if gone else None,
            kept=str(content.get("kept", "")),
        )
    except (KeyError, TypeError, ValueError) as error:
        message = f"{path} is no boot record: {error}"
        raise Damaged(message) from error
