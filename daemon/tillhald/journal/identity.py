"""Whose journal this is."""

from __future__ import annotations

import enum

import msgspec


class Phase(enum.StrEnum):
    """Whether what the journal holds is business yet. Going live ends PRE_LIVE for good."""

    PRE_LIVE = "PRE_LIVE"
    LIVE = "LIVE"


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """The till that writes this journal. `chain_id` is 16 random bytes; `created_ms` Unix time."""

    store_id: str
    workstation_id: str
    incarnation: int
    chain_id: bytes
    created_ms: int
    phase: Phase
