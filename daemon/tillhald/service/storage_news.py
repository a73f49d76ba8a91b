"""What the journal's writer says about storing, as facts, log lines and what answers rest on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from tillhald.domain.events import SegmentBegun, StorageFaultBegan, StorageFaultEnded
from tillhald.journal.errors import Overloaded, StorageError
from tillhald.journal.health import Health, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from tillhald.domain.events import AnyEvent
    from tillhald.service.tail import Tail
    from tillhald.service.till import Till

log = structlog.get_logger(__name__)

SEGMENT_RETRY_S = 1.0
"""After which the whole state is offered again, where the queue had no room for it."""


class StorageNews:
    """Hears of every change, on the event loop, in the order in which the writer says it."""

    def __init__(self, till: Till, tail: Tail) -> None:
        self._hearing: list[Callable[[], None]] = []
        self._till = till
        self._tail = tail
        # What has come over the writer since its start is still to be heard.
        self._health = Health(segment=till.storage.segment)
        self._segment_asked = False
        tail.spilled_from = till.storage.spilled_from

    def on_segment(self, hear: Callable[[], None]) -> None:
        """Call `hear` when a new segment has been begun."""
        self._hearing.append(hear)

    def heard(self, health: Health) -> None:
        before, self._health = self._health, health
        self._tail.spilled_from = health.spilled_from
        if (before.stage, before.fault, before.segment) != (
            health.stage,
            health.fault,
            health.segment,
        ):
            log.warning(
                "storage_changed",
                stage=health.stage,
                fault=health.fault or "",
                segment=health.segment,
                why=health.message,
            )
        if health.segment != before.segment:
            for hear in self._hearing:
                hear()
        if health.stage is Stage.FAILED:
            return
        is_new = (health.fault, health.since_ms) != (before.fault, before.since_ms)
        if health.fault is not None and is_new:
            self._note(StorageFaultBegan(fault=health.fault, message=health.message))
        if before.fault is not None and health.fault is None:
            self._note(StorageFaultEnded())
        self._ask_for_segment(health)

    def _ask_for_segment(self, health: Health) -> None:
        if health.stage is not Stage.REPLACING:
            self._segment_asked = self._segment_asked and health.stage is Stage.WAITING
        elif not self._segment_asked:
            fact = SegmentBegun(segment=health.segment + 1, fault=health.fault or "")
            try:
                self._till.begin_segment(fact)
            except (Overloaded, StorageError, ValueError) as error:
                log.error("segment_not_begun", why=str(error))
                asyncio.get_running_loop().call_later(
                    SEGMENT_RETRY_S, lambda: self._ask_for_segment(self._health)
                )
            else:
                self._segment_asked = True

    def _note(self, fact: AnyEvent) -> None:
        try:
            self._till.note([fact])
        except (Overloaded, StorageError) as error:
            log.error("storage_fact_not_recorded", why=str(error))
