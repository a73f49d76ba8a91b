"""The table of answers to a failure, row by row."""

from __future__ import annotations

import errno

import lmdb
import pytest

from tillhald.journal.errors import Fault, JournalDamaged, StorageFailed
from tillhald.journal.health import (
    DAY_MS,
    READ_ONLY_TIMES_MAX,
    Answer,
    Health,
    Stage,
    StorageFault,
    classify,
    respond,
)

NOW_MS = 1_767_225_600_000


def of_lmdb(code: int) -> lmdb.Error:
    error = lmdb.Error("said by LMDB")
    error.code = code  # type: ignore[attr-defined]
    return error


def wrapped(cause: BaseException) -> StorageFailed:
    error = StorageFailed("The journal could not be opened.")
    error.__cause__ = cause
    return error


CLASSES = [
    (OSError(errno.ENOSPC, "full"), StorageFault.DISK_FULL),
    (OSError(errno.EDQUOT, "quota"), StorageFault.DISK_FULL),
    (of_lmdb(errno.ENOSPC), StorageFault.DISK_FULL),
    (lmdb.DiskError("full"), StorageFault.WRITE_FAILED),
    (lmdb.MapFullError("map"), StorageFault.DISK_FULL),
    (wrapped(OSError(errno.ENOSPC, "full")), StorageFault.DISK_FULL),
    (OSError(errno.EROFS, "read-only"), StorageFault.READ_ONLY),
    (of_lmdb(errno.EROFS), StorageFault.READ_ONLY),
    (wrapped(of_lmdb(errno.EROFS)), StorageFault.READ_ONLY),
    (OSError(errno.EIO, "I/O"), StorageFault.WRITE_FAILED),
    (of_lmdb(errno.EIO), StorageFault.WRITE_FAILED),
    (lmdb.PanicError("panic"), StorageFault.WRITE_FAILED),
    (wrapped(lmdb.PanicError("panic")), StorageFault.WRITE_FAILED),
    (StorageFailed("nobody knows why"), StorageFault.WRITE_FAILED),
    (OSError("without a number"), StorageFault.WRITE_FAILED),
    (JournalDamaged(Fault.FORK, 7, "two histories"), StorageFault.DAMAGED),
    (wrapped(JournalDamaged(Fault.FORK, 7, "two histories")), StorageFault.DAMAGED),
    (lmdb.CorruptedError("page"), StorageFault.DAMAGED),
    (lmdb.InvalidError("meta"), StorageFault.DAMAGED),
    (lmdb.PageNotFoundError("page"), StorageFault.DAMAGED),
    (lmdb.VersionMismatchError("version"), StorageFault.DAMAGED),
    (wrapped(lmdb.InvalidError("meta")), StorageFault.DAMAGED),
]


@pytest.mark.parametrize(("error", "fault"), CLASSES, ids=lambda value: repr(value))
def test_every_error_stands_for_a_fault(error: BaseException, fault: StorageFault) -> None:
    assert classify(error) is fault


@pytest.mark.parametrize(
    ("failed_before_ms", "answer"),
    [
        (None, Answer.CHECK),
        (NOW_MS, Answer.REPLACE),
        (NOW_MS - 1, Answer.REPLACE),
        (NOW_MS - DAY_MS + 1, Answer.REPLACE),
        (NOW_MS - DAY_MS, Answer.CHECK),
        (NOW_MS - 30 * DAY_MS, Answer.CHECK),
        (NOW_MS + 1, Answer.CHECK),  # the clock was put back: nobody knows how long ago it was
    ],
)
def test_a_second_refused_write_within_a_day_gives_the_file_up(
    failed_before_ms: int | None, answer: Answer
) -> None:
    for standby in (False, True):
        given = respond(
            StorageFault.WRITE_FAILED,
            failed_before_ms=failed_before_ms,
            now_ms=NOW_MS,
            has_standby=standby,
        )
        assert given is answer


@pytest.mark.parametrize(
    ("times", "has_standby", "answer"),
    [
        (1, True, Answer.WAIT),
        (READ_ONLY_TIMES_MAX, True, Answer.WAIT),
        (READ_ONLY_TIMES_MAX + 1, True, Answer.REPLACE),
        (READ_ONLY_TIMES_MAX + 1, False, Answer.WAIT),
    ],
)
def test_a_disk_that_stays_read_only_is_left_for_another_one_if_there_is_one(
    times: int, has_standby: bool, answer: Answer
) -> None:
    given = respond(
        StorageFault.READ_ONLY,
        failed_before_ms=NOW_MS,
        now_ms=NOW_MS,
        read_only_times=times,
        has_standby=has_standby,
    )
    assert given is answer


def test_a_full_disk_is_waited_for_and_a_damaged_file_is_given_up() -> None:
    for before in (None, NOW_MS):
        full = respond(StorageFault.DISK_FULL, failed_before_ms=before, now_ms=NOW_MS)
        assert full is Answer.WAIT
        damaged = respond(StorageFault.DAMAGED, failed_before_ms=before, now_ms=NOW_MS)
        assert damaged is Answer.REPLACE


@pytest.mark.parametrize(
    ("health", "is_in_trouble"),
    [
        (Health(), False),
        (Health(stage=Stage.MERGING), False),  # what an earlier run had left
        (Health(stage=Stage.MERGING, fault=StorageFault.DISK_FULL), True),
        (Health(fault=StorageFault.DAMAGED), True),
        (Health(spill_failures=("journal.spill: gone",)), True),
        *((Health(stage=s), True) for s in Stage if s not in (Stage.SOUND, Stage.MERGING)),
    ],
)
def test_a_technician_is_called_for_trouble_and_not_for_work(
    health: Health, is_in_trouble: bool
) -> None:
    assert health.is_in_trouble is is_in_trouble
