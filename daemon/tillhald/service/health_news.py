"""What a check of a device tells, and what a person tells it. See service.health."""

from __future__ import annotations

import enum
from typing import NamedTuple


class Level(enum.StrEnum):
    INTERNAL = "internal"
    EXTERNAL = "external"
    INTERACTIVE = "interactive"


class Result(enum.StrEnum):
    RUNNING = "running"
    WAITING = "waiting"
    ASKING = "asking"
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Answer(enum.Enum):
    YES = enum.auto()
    NO = enum.auto()
    SKIP = enum.auto()


class StepNews(NamedTuple):
    """A step that began or ended. `deadline_ms` is wall time, 0 where no person is waited for.

    `code` is what a person is to scan, thirteen digits.
    """

    check_id: str
    number: int
    name: str
    state: Result
    evidence: str = ""
    deadline_ms: int = 0
    code: str = ""


class Report(NamedTuple):
    """The end of a check, in the journal."""

    check_id: str
    passed: bool
    steps: tuple[StepNews, ...]
    seq: int


Ended = tuple[Result, str]
