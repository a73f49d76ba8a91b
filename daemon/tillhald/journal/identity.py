"""Whose journal this is."""

from __future__ import annotations

import enum

import msgspec


class Phase(enum.StrEnum):
    """Whether what the journal held was business when it was begun. The fact WentLive ends PRE_LIVE
    for good: whether the till is live now, its state says."""

    PRE_LIVE = "PRE_LIVE"
    LIVE = "LIVE"


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """The till that writes this journal. `chain_id` is 16 random bytes; `created_ms` Unix time.

    `segment` counts the files that hold one chain: 1 is the first; each one that failed for good
    is put aside, and the next one begun.
    """

    store_id: str
    workstation_id: str
    incarnation: int
    chain_id: bytes
    created_ms: int
    phase: Phase
    segment: int = 1
