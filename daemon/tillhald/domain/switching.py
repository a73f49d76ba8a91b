"""What the journal says of switches."""

from __future__ import annotations

from tillhald.domain import events as ev
from tillhald.domain.switches import LastSwitch


def switched(event: ev.SwitchCommitted | ev.SwitchTakenBack, at_ms: int) -> LastSwitch:
    """What the till remembers of a switch; `at_ms` is the record's clock."""
    return LastSwitch(
        work_id=event.work_id,
        stayed=isinstance(event, ev.SwitchCommitted),
        at_ms=at_ms,
        kind=event.kind,
        request_id=event.request_id,
        from_slot=event.from_slot,
        from_generation=event.from_generation,
        to_slot=event.to_slot,
        to_generation=event.to_generation,
        version=event.version,
        why=event.why if isinstance(event, ev.SwitchTakenBack) else "",
    )
