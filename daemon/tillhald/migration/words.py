"""What the programs of this package say: JSON lines."""

from __future__ import annotations

import errno
import sys
import time
from typing import TYPE_CHECKING

import msgspec

from tillhald.journal.errors import OtherSchema, StorageError
from tillhald.migration.copying import Migrated
from tillhald.migration.reading import Sums

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRESS_S = 0.1
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


class Line(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One line. `phase`, `done` and `total` while it works; at last `migrated`, or `checked`, or
    `refused` with a reason and a sentence, and the record's number where there is one."""

    phase: str = ""
    done: int = 0
    total: int = 0
    migrated: Migrated | None = None
    checked: Sums | None = None
    refused: str = ""
    sentence: str = ""
    seq: int | None = None


class Pace:
    """Says how far it is, not more than ten times a second."""

    def __init__(self, say: Callable[[Line], None]) -> None:
        self._say = say
        self._phase = ""
        self._said_s = 0.0

    def __call__(self, phase: str, done: int, total: int) -> None:
        now_s = time.monotonic()
        if phase != self._phase or now_s - self._said_s >= PROGRESS_S or done == total:
            self._phase, self._said_s = phase, now_s
            self._say(Line(phase=phase, done=done, total=total))


def reason_of(error: Exception) -> str:
    """The reason that stands for an error of the storage."""
    if isinstance(error, OtherSchema):
        return "OTHER_SCHEMA"
    if isinstance(error, StorageError):
        return error.reason
    number = error.errno if isinstance(error, OSError) else getattr(error, "code", None)
    return "DISK_FULL" if number in _NO_ROOM else "STORAGE_FAILED"


def say(line: Line) -> None:
    """Write one line."""
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.buffer.flush()
