"""A switch: another program, other data, or both. Pure values."""

from __future__ import annotations

import enum


class WorkKind(enum.StrEnum):
    """What a piece of work is for that ends with a switch."""

    RESTORE = "restore"
    CLEAN = "clean"
    UPGRADE = "upgrade"
    ROLLBACK = "rollback"
