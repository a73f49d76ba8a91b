"""Which deeds the state calls for: what to print next, which drawer to open.

The state holds each deed from the fact that asked for it until its outcome, so this is all that
a running till and a recovering one need to know.
"""

from __future__ import annotations

from tillhald.domain.jobs import WAITING_JOB, Job, JobState, Kick, KickState
from tillhald.domain.state import TillState

KICK_TTL_MS = 60_000


def next_job(state: TillState, printer: str, durable_seq: int) -> Job | None:
    """The oldest job of this printer that has not begun, if its fact is on disk.

    FIFO: a held job holds those behind it, so that receipts come out in the order of the sales.
    """
    job = next((job for job in state.jobs.values() if job.printer == printer), None)
    if job is None or job.state is JobState.SENDING or job.seq > durable_seq:
        return None
    return job


def begun_job(state: TillState, printer: str) -> Job | None:
    """The job of this printer that has begun and has no outcome yet, if there is one."""
    jobs = (job for job in state.jobs.values() if job.printer == printer)
    return next((job for job in jobs if job.state is JobState.SENDING), None)


def is_expired(job: Job, at_ms: int) -> bool:
    """No morning backlog: what nobody waits for any more is not printed."""
    return at_ms - job.created_ms > job.ttl_s * 1000


def expired_job(state: TillState, printer: str, at_ms: int) -> Job | None:
    """A job of this printer that waits and whose time is over, also behind one that is held."""
    jobs = (job for job in state.jobs.values() if job.printer == printer)
    return next((job for job in jobs if job.state in WAITING_JOB and is_expired(job, at_ms)), None)


def is_stale(kick: Kick, at_ms: int) -> bool:
    """Nobody expects the drawer any more: it must not fly open at the next morning's start."""
    # A clock that was set back says nothing about the age: then it is too old as well.
    return not 0 <= at_ms - kick.created_ms <= KICK_TTL_MS


def next_kick(state: TillState, drawer: str, durable_seq: int) -> Kick | None:
    """The oldest kick of this drawer that may go now.

    The receipt goes out first; but a printer that cannot print must not keep the drawer shut.
    """
    for kick in state.kicks.values():
        if kick.drawer != drawer or kick.state is not KickState.REQUESTED:
            continue
        if kick.seq > durable_seq:
            return None
        receipt = state.jobs.get(kick.after_job_id)
        if receipt is None or receipt.state is JobState.HELD:
            return kick
        if receipt.state is JobState.ACCEPTED and _waits_behind_a_held_job(state, receipt):
            return kick
    return None


def _waits_behind_a_held_job(state: TillState, receipt: Job) -> bool:
    first = next(job for job in state.jobs.values() if job.printer == receipt.printer)
    return first.state is JobState.HELD
