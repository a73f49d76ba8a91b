"""What became of a kick, as the journal has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from tillhald.devices.categories import Fired, KickFailed, KickUnknown
from tillhald.domain import events as ev
from tillhald.domain.jobs import KickState

if TYPE_CHECKING:
    from tillhald.devices.categories import KickOutcome


def kick_ended(kick_id: str, outcome: KickOutcome) -> ev.KickEnded:
    """The fact that says so."""
    match outcome:
        case Fired(verified=verified):
            return ev.KickEnded(kick_id=kick_id, outcome=KickState.FIRED, verified=verified)
        case KickFailed(reason=reason):
            return ev.KickEnded(kick_id=kick_id, outcome=KickState.FAILED, failure=reason.value)
        case KickUnknown(reason=reason):
            return ev.KickEnded(kick_id=kick_id, outcome=KickState.UNKNOWN, failure=reason.value)
        case _:
            assert_never(outcome)
