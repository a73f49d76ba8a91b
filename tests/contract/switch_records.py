"""What `records` has of switches."""

from __future__ import annotations

from tillhald.domain import events as ev

WHOLE: tuple[ev.AnyEvent, ...] = (
    ev.SwitchCommitted(
        work_id="ab12ab12",
        kind="upgrade",
        request_id="r-1",
        from_slot="1.0.0-aaaa",
        from_generation="gen-0001",
        to_slot="1.1.0-bbbb",
        to_generation="gen-0002",
        version="1.1.0",
    ),
    ev.SwitchTakenBack(
        work_id="ab12ab12",
        kind="restore",
        request_id="r-1",
        from_slot="1.0.0-aaaa",
        from_generation="gen-0001",
        to_slot="1.0.0-aaaa",
        to_generation="gen-0002",
        version="1.0.0",
        why="It did not prove itself.",
    ),
)
BARE: tuple[ev.AnyEvent, ...] = (
    ev.SwitchCommitted(work_id="w"),
    ev.SwitchTakenBack(work_id="w"),
)
