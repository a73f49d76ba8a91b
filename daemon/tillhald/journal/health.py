"""How storing goes, and what is done when it does not: the table of answers to a failure. Pure."""

from __future__ import annotations

import enum
import errno
from typing import NamedTuple

import lmdb

from tillhald.journal.errors import JournalDamaged

DAY_MS = 24 * 3600 * 1000
READ_ONLY_TIMES_MAX = 3


class StorageFault(enum.StrEnum):
    """Why the journal's file could not be written."""

    DISK_FULL = "disk_full"
    WRITE_FAILED = "write_failed"
    READ_ONLY = "read_only"
    DAMAGED = "damaged"


class Stage(enum.StrEnum):
    """What is being done about it."""

    SOUND = "sound"
    """Nothing: the journal is written."""
    CHECKING = "checking"
    """Records go to the spill while a child process syncs and checks the journal."""
    MERGING = "merging"
    """The journal is sound again; what the spill holds is being put into it."""
    WAITING = "waiting"
    """Records go to the spill; the journal is tried again after a while."""
    REPLACING = "replacing"
    """The journal's file is given up; a new segment is begun."""
    FAILED = "failed"
    """Neither journal nor spill: nothing can be stored."""


class Answer(enum.Enum):
    """What to do about a failure, once the records in hand are in the spill."""

    WAIT = enum.auto()
    CHECK = enum.auto()
    REPLACE = enum.auto()


class Health(NamedTuple):
    """A snapshot. `spilled_from` is the first record that only the spill holds, or None.

    `fault` stays after a segment was replaced, until the daemon starts again: the disk wants
    looking at. `reserve_only`: what is left is for sales that are open already, and the close.
    """

    stage: Stage = Stage.SOUND
    fault: StorageFault | None = None
    message: str = ""
    since_ms: int = 0
    spilled_from: int | None = None
    spilled_records: int = 0
    spill_used_bytes: int = 0
    spill_bytes: int = 0
    spill_failures: tuple[str, ...] = ()
    segment: int = 1
    reserve_only: bool = False
    no_room: str = ""

    @property
    def is_in_trouble(self) -> bool:
        """Whether a technician should look at it."""
        merging_quietly = self.stage is Stage.MERGING and self.fault is None
        is_off = self.stage is not Stage.SOUND and not merging_quietly
        return is_off or self.fault is not None or bool(self.spill_failures)


def classify(error: BaseException) -> StorageFault:
    """Which fault an error of LMDB, of the system, or of ours around one of these, stands for."""
    damaged = (
        JournalDamaged,
        lmdb.CorruptedError,
        lmdb.InvalidError,
        lmdb.PageNotFoundError,
        lmdb.VersionMismatchError,
    )
    if isinstance(error, damaged):
        return StorageFault.DAMAGED
    if isinstance(error, lmdb.MapFullError):
        return StorageFault.DISK_FULL
    match getattr(error, "code", None) or getattr(error, "errno", None):
        case errno.ENOSPC | errno.EDQUOT:
            return StorageFault.DISK_FULL
        case errno.EROFS:
            return StorageFault.READ_ONLY
        case _:
            cause = error.__cause__
            return classify(cause) if cause is not None else StorageFault.WRITE_FAILED


def respond(
    fault: StorageFault,
    *,
    failed_before_ms: int | None,
    now_ms: int,
    read_only_times: int = 0,
    has_standby: bool = False,
) -> Answer:
    """What to do. `failed_before_ms`: when the disk last refused a write; None if it never did.

    A first refused write may have been a loose cable; a second one within a day is a dying disk,
    and what is dying is not trusted with the shop's money. A file system that has turned
    read-only is left for another disk, if there is one, after READ_ONLY_TIMES_MAX looks at it.
    """
    match fault:
        case StorageFault.DISK_FULL:
            return Answer.WAIT
        case StorageFault.READ_ONLY:
            is_hopeless = has_standby and read_only_times > READ_ONLY_TIMES_MAX
            return Answer.REPLACE if is_hopeless else Answer.WAIT
        case StorageFault.DAMAGED:
            return Answer.REPLACE
        case StorageFault.WRITE_FAILED:
            again = failed_before_ms is not None and 0 <= now_ms - failed_before_ms < DAY_MS
            return Answer.REPLACE if again else Answer.CHECK
