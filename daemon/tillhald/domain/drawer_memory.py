"""What happens to a drawer, as the till remembers it."""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from tillhald.domain import events as ev
from tillhald.domain.drawers import NOTHING_KNOWN
from tillhald.domain.jobs import Kick, KickState
from tillhald.domain.state import TillState

_OPENS_LATE = "DRAWER_STAYED_CLOSED"
"""Such a kick went out: the drawer may still follow it."""


def drawer_kicked(state: TillState, kick: Kick, at_ms: int) -> TillState:
    """Remember a pulse that is under way, and forget one that never went out."""
    memory = state.drawers.get(kick.drawer, NOTHING_KNOWN)
    if kick.state is KickState.STARTED:
        memory = replace(memory, kicked_ms=at_ms)
    elif kick.state is KickState.FAILED and kick.failure != _OPENS_LATE:
        memory = replace(memory, kicked_ms=0)
    else:
        return state
    return replace(state, drawers={**state.drawers, kick.drawer: memory})


def drawer_after(
    state: TillState,
    event: ev.DrawerOpened | ev.DrawerClosed | ev.DrawerSensorCalibrated,
    at_ms: int,
) -> TillState:
    """The state after a sight of a drawer, or a calibration of its switch."""
    memory = state.drawers.get(event.device_id, NOTHING_KNOWN)
    match event:
        case ev.DrawerOpened():
            memory = replace(memory, is_open=True, opened_ms=at_ms, kicked_ms=0)
        case ev.DrawerClosed():
            memory = replace(memory, is_open=False, opened_ms=0, kicked_ms=0)
        case ev.DrawerSensorCalibrated(open_level=open_level):
            # What was seen by another level, or without one, was no sight of the drawer.
            is_same = open_level is memory.open_level
            memory = replace(
                memory if is_same else NOTHING_KNOWN,
                open_level=open_level,
                calibrated_by=event.request_id,
            )
        case _:
            assert_never(event)
    return replace(state, drawers={**state.drawers, event.device_id: memory})
