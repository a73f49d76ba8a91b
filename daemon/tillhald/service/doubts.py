"""Jobs in doubt: what the printer still proves of them, and what the shop's policy then decides.

Evidence comes first. A printer that ran out of paper confirms its job when it has paper again; one
that was lost for a while, or printed while the till was down, still has its count of cuts. Only
when it has nothing more to say does the policy decide, or a person.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

import structlog
from msgspec.structs import replace

from tillhald.devices.categories import UNCOUNTED, Evidence, How, PrinterStatus
from tillhald.domain import events as ev
from tillhald.domain.jobs import JobState
from tillhald.domain.paper import by_policy, in_doubt, is_provable, judged
from tillhald.journal.errors import Overloaded, StorageError
from tillhald.service.outcomes import OVERLOAD_PAUSE_S

if TYPE_CHECKING:
    from tillhald.devices.registry import DeviceRegistry, DeviceSnapshot
    from tillhald.domain.jobs import Job
    from tillhald.service.till import Clock, Till

log = structlog.get_logger(__name__)

COUNT_S_MAX = 5.0
"""How long a printer may take to work off what it holds and tell its count of cuts."""
PATIENCE_S = 10.0
"""How long the next job waits for a printer that does not say what became of the last one."""
EXPECTED_MAX = 100
"""Jobs whose late confirmation is still waited for; of older ones it is only logged."""


class Doubts:
    """Everything runs on the event loop."""

    def __init__(self, till: Till, devices: DeviceRegistry, clock: Clock) -> None:
        self._till = till
        self._devices = devices
        self._clock = clock
        # Jobs that their printer may still confirm, oldest first, by printer and the mark it will
        # answer with.
        self._expected: OrderedDict[tuple[str, str], str] = OrderedDict()
        # Jobs of which the count proved nothing: somebody else has cut.
        self._unproven: set[str] = set()
        # Since when a job's evidence has been asked for, by the monotonic clock.
        self._asked_s: dict[str, float] = {}
        # By printer, the job that has been sent without a count to compare.
        self._uncounted: dict[str, str] = {}

    # --- before a job

    async def cuts_before(self, shot: DeviceSnapshot) -> int | None:
        """The printer's count of cuts before a job, if it is sure.

        A count that is too old proves a job that never began: power may go before the driver has
        compared it with the printer's own.
        """
        status = shot.status
        if not isinstance(status, PrinterStatus):
            return None
        if status.cut_count.how is How.MEASURED:
            return status.cut_count.value
        if status.silent:
            return None
        return await self._devices.count_cuts(shot.device_id, deadline_s=COUNT_S_MAX)

    def uncounted(self, job: Job) -> int | None:
        """What to compare the count with where it could not be read, of a printer that keeps one.

        The cable may have been pulled just then, and be back. A printer that can tell its count
        now does not begin the job, and it begins anew with that: if the till died after a job
        without a count, nobody could say what became of it. Once for a job: it must go at last.
        """
        if self._uncounted.get(job.printer) == job.job_id:
            return None
        self._uncounted[job.printer] = job.job_id
        return UNCOUNTED

    # --- after it

    def expect(self, job: Job, mark: str) -> None:
        """The printer may still answer `mark`, and confirm the job by it."""
        if mark:
            self._expected[job.printer, mark] = job.job_id
            if len(self._expected) > EXPECTED_MAX:
                self._expected.popitem(last=False)

    def confirmed_late(self, printer: str, mark: str) -> None:
        """The printer confirms a job that had ended unconfirmed: paper was put in, for one."""
        job_id = self._expected.get((printer, mark))
        if job_id is None:
            return
        if job_id in self._till.state.jobs:
            # The journal takes nothing just now: what it is to say first, that this is in doubt,
            # is still on its way.
            loop = asyncio.get_running_loop()
            loop.call_later(OVERLOAD_PAUSE_S, self.confirmed_late, printer, mark)
            return
        del self._expected[printer, mark]
        job = self._till.job(job_id)
        if job.state is JobState.CONFIRMED:
            return  # its count of cuts was quicker
        job = replace(
            job,
            state=JobState.CONFIRMED,
            reason=Evidence.PROCESS_ID.value.upper(),
            updated_ms=self._clock.wall_ms(),
            cuts_before=None,
        )
        try:
            self._till.note([ev.JobConfirmedLate(job=job)])
        except (Overloaded, StorageError) as error:
            log.warning("late_confirmation_not_recorded", job_id=job_id, why=str(error))

    def are_open(self, printer: str) -> bool:
        """Whether evidence or policy may still settle a job of this printer."""
        return bool(in_doubt(self._till.state, self._till.rules, printer))

    async def settle(self, printer: str) -> None:
        """Settle what can be settled; only while the printer can print.

        Raises Overloaded and StorageError.
        """
        for job in in_doubt(self._till.state, self._till.rules, printer):
            if is_provable(job) and job.job_id not in self._unproven:
                await self._prove(job)
            left = self._till.state.unresolved.get(job.job_id)
            if left is not None and not (is_provable(left) and left.job_id not in self._unproven):
                await self._decide(left)
        unresolved = self._till.state.unresolved
        self._unproven &= unresolved.keys()
        self._asked_s = {key: at_s for key, at_s in self._asked_s.items() if key in unresolved}

    def wants_patience(self, printer: str) -> bool:
        """Whether the next job had better wait: once it begins, the count proves nothing."""
        now_s = time.monotonic()
        return any(
            is_provable(job)
            and job.job_id not in self._unproven
            and now_s - self._asked_s.setdefault(job.job_id, now_s) < PATIENCE_S
            for job in in_doubt(self._till.state, self._till.rules, printer)
        )

    async def _prove(self, job: Job) -> None:
        cuts = await self._devices.count_cuts(job.printer, deadline_s=COUNT_S_MAX)
        if cuts is None or self._till.state.unresolved.get(job.job_id) is not job:
            return
        fact = judged(job, cuts, self._clock.wall_ms())
        if fact is None:
            self._unproven.add(job.job_id)
            log.warning("cut_count_proves_nothing", job_id=job.job_id)
            return
        await self._till.record([fact])
        outcome = fact.job.state.value
        log.info("print_job_proven", job_id=job.job_id, outcome=outcome, reason=fact.job.reason)

    async def _decide(self, job: Job) -> None:
        sale = self._till.finished_sale(job.sale_id) if job.sale_id else None
        facts = by_policy(self._till.state, self._till.rules, job, sale, self._clock.wall_ms())
        if facts:
            await self._till.record(facts)
            log.info("print_job_decided_by_policy", job_id=job.job_id)
