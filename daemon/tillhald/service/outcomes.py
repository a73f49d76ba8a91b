"""What became of deeds, for the journal: a full queue delays that, and never loses it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from tillhald.domain import events as ev
from tillhald.journal.errors import Overloaded

if TYPE_CHECKING:
    from tillhald.devices.categories import Trouble
    from tillhald.domain.events import AnyEvent
    from tillhald.domain.jobs import Job, JobState
    from tillhald.service.till import Till

log = structlog.get_logger(__name__)

OVERLOAD_PAUSE_S = 0.2


class Outcomes:
    """Everything runs on the event loop. What is recorded is durable; raises StorageError."""

    def __init__(self, till: Till) -> None:
        self._till = till

    async def record(self, fact: AnyEvent) -> None:
        """Record what became of a deed."""
        while True:
            try:
                return await self._till.record([fact])
            except Overloaded:
                await asyncio.sleep(OVERLOAD_PAUSE_S)

    async def record_of_waiting(self, job: Job, fact: AnyEvent) -> None:
        """Record what became of a job that has not begun; nothing if it was cancelled meanwhile."""
        while self.is_as_it_was(job):
            try:
                await self._till.record([fact])
            except Overloaded:
                await asyncio.sleep(OVERLOAD_PAUSE_S)
            else:
                return

    async def end_waiting(self, job: Job, outcome: JobState, reason: Trouble) -> None:
        """End a job of which nothing has left the till, unless it was cancelled meanwhile."""
        why = reason.value
        await self.record_of_waiting(
            job, ev.PrintEnded(job_id=job.job_id, outcome=outcome, reason=why)
        )
        log.warning("print_job_ended", job_id=job.job_id, outcome=outcome.value, reason=why)

    def is_as_it_was(self, job: Job) -> bool:
        """Whether nobody has cancelled or changed the job since it was looked up."""
        return self._till.state.jobs.get(job.job_id) is job
