"""What a restore or a clean would come to, as the till keeps it between plan and commit."""

from __future__ import annotations

from typing import NamedTuple

from tillhald.backup.changes import Compared
from tillhald.backup.words import Found
from tillhald.domain.backup import BackupTotals
from tillhald.domain.data import NumbersGiven


class Planned(NamedTuple):
    """A restore that may be committed. `business`: what the till's state came to when it was
    planned; `until_s`: monotonic; `expire_ms`: Unix time."""

    plan_id: str
    found: list[Found]
    compared: Compared
    numbers: NumbersGiven
    incarnation: int
    loses: bool
    signed_here: bool
    unused_here: bool
    safety: str
    secrets: tuple[str, ...]
    business: bytes
    until_s: float
    expire_ms: int

    def __repr__(self) -> str:
        """Without the secrets."""
        return f"Planned({self.plan_id})"


class CleanPlanned(NamedTuple):
    """A clean that may be committed; as in `Planned`."""

    plan_id: str
    cleared: BackupTotals
    operators: int
    tokens: int
    devices: int
    safety: str
    business: bytes
    until_s: float
    expire_ms: int


class Switched(NamedTuple):
    """The switch is durable, and the daemon is about to end."""

    work_id: str
    safety: str
