"""A switch: another program, other data, or both. Pure values."""

from __future__ import annotations

import enum

import msgspec


class WorkKind(enum.StrEnum):
    """What a piece of work is for that ends with a switch."""

    RESTORE = "restore"
    CLEAN = "clean"
    UPGRADE = "upgrade"
    ROLLBACK = "rollback"


class LastSwitch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The last switch. `why` it was taken back, in a sentence; empty where the new pair stayed.

    `version` is that of the program that was switched to, `at_ms` when it was recorded, Unix time.
    """

    work_id: str
    stayed: bool
    at_ms: int
    kind: str = ""
    request_id: str = ""
    from_slot: str = ""
    from_generation: str = ""
    to_slot: str = ""
    to_generation: str = ""
    version: str = ""
    why: str = ""
