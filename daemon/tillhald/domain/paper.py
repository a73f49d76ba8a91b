"""What may happen to a print job: its states, its evidence, and what is decided about it.

Bytes that left the till may be on paper. So only a job that has not begun is cancelled or given to
another printer, and one in doubt is never printed again but as a copy, which says so.
"""

from __future__ import annotations

import enum
from typing import assert_never

from msgspec.structs import replace

from tillhald.domain import commands as cmd
from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain.jobs import (
    COPIES_BY_POLICY_MAX,
    IN_DOUBT,
    LIVE_JOB,
    LIVE_JOBS_MAX,
    UNRESOLVED_JOBS_MAX,
    WAITING_JOB,
    Job,
    JobKind,
    JobState,
    Resolution,
)
from tillhald.domain.rules import ShopRules, WhenUnconfirmed
from tillhald.domain.sale import Sale
from tillhald.domain.state import TillState

PROCESSED_ONLY = "PROCESSED_ONLY"
CUT_COUNTER = "CUT_COUNTER"

# --- what a fact does to jobs


_JobEvent = (
    ev.JobSubmitted
    | ev.JobHeld
    | ev.PrintStarted
    | ev.PrintEnded
    | ev.JobCancelled
    | ev.JobRerouted
    | ev.JobConfirmedLate
    | ev.JobFailedLate
    | ev.JobResolved
)


def with_job(state: TillState, event: _JobEvent, at_ms: int) -> TillState:
    """The state after a fact about a job."""
    job = _job_after(state, event, at_ms)
    if isinstance(event, ev.PrintStarted):
        state = _without_older_proofs(state, job.printer)
    jobs = state.jobs
    if job.state in LIVE_JOB:
        if isinstance(event, ev.JobRerouted):  # it joins the end of the other printer's queue
            jobs = {key: other for key, other in jobs.items() if key != job.job_id}
        return replace(state, jobs={**jobs, job.job_id: job})
    return replace(
        state,
        jobs={key: other for key, other in jobs.items() if key != job.job_id},
        unresolved=_unresolved(state, job),
        finished_jobs=(*state.finished_jobs, job),
    )


def _job_after(state: TillState, event: _JobEvent, at_ms: int) -> Job:
    match event:
        case ev.JobSubmitted():
            return Job(
                job_id=event.job_id,
                printer=event.printer,
                kind=event.kind,
                state=JobState.ACCEPTED,
                created_ms=at_ms,
                updated_ms=at_ms,
                submit_seq=state.seq,
                seq=state.seq,
                ttl_s=event.ttl_s,
                sale_id=event.sale_id,
                copy=event.copy,
                copy_of=event.copy_of,
                document_seq=event.document_seq,
                report=event.report,
            )
        case ev.JobConfirmedLate() | ev.JobFailedLate() | ev.JobResolved():
            return replace(event.job, seq=state.seq)
        case _:
            job = replace(state.jobs[event.job_id], updated_ms=at_ms, seq=state.seq)
            return _live_job_after(job, event)


def _live_job_after(
    job: Job,
    event: ev.JobHeld | ev.PrintStarted | ev.PrintEnded | ev.JobCancelled | ev.JobRerouted,
) -> Job:
    match event:
        case ev.JobHeld(reason=reason):
            return replace(job, state=JobState.HELD, reason=reason)
        case ev.PrintStarted(cuts_before=before, cuts=cuts):
            return replace(job, state=JobState.SENDING, reason="", cuts_before=before, cuts=cuts)
        case ev.PrintEnded(outcome=outcome, reason=reason):
            proof = job.cuts_before if outcome in IN_DOUBT else None
            return replace(
                job,
                state=outcome,
                reason=reason,
                bytes_sent=event.bytes_sent,
                cuts_before=proof,
                work=event.work,
            )
        case ev.JobCancelled(reason=reason):
            return replace(job, state=JobState.CANCELLED, reason="", resolve_reason=reason)
        case ev.JobRerouted(to_printer=printer, from_printer=first, reason=reason):
            return replace(
                job, state=JobState.REROUTED, printer=printer, rerouted_from=first, reason=reason
            )
        case _:
            assert_never(event)


def _without_older_proofs(state: TillState, printer: str) -> TillState:
    """Another job has begun on the printer: its count says nothing of those before it."""
    if not any(job.printer == printer and is_provable(job) for job in state.unresolved.values()):
        return state
    unresolved = {
        key: replace(job, cuts_before=None) if job.printer == printer else job
        for key, job in state.unresolved.items()
    }
    return replace(state, unresolved=unresolved)


def _unresolved(state: TillState, job: Job) -> dict[str, Job]:
    if job.is_unresolved:
        waiting = {**state.unresolved, job.job_id: job}
        if len(waiting) > UNRESOLVED_JOBS_MAX:
            del waiting[next(iter(waiting))]
        return waiting
    return {key: other for key, other in state.unresolved.items() if key != job.job_id}


# --- what a person decides


def cancel_job(state: TillState, command: cmd.CancelJob, now: cmd.Now) -> ev.JobCancelled:
    """Cancel a job that has not begun. Raises JobNotFound, JobStateWrong."""
    job = _named(state, command.job_id, now)
    if job.state not in WAITING_JOB:
        raise _state_wrong("Only a job that has not begun can be cancelled.", job)
    return ev.JobCancelled(job_id=job.job_id, reason=command.reason)


def resolve_job(
    state: TillState, rules: ShopRules, command: cmd.ResolveJob, now: cmd.Now
) -> list[ev.AnyEvent]:
    """Decide about a job in doubt. Raises JobNotFound, JobStateWrong, Full."""
    job = _named(state, command.job_id, now)
    if job.state not in IN_DOUBT:
        raise _state_wrong("Nothing is in doubt about this job.", job)
    if job.resolution is not None:
        raise _state_wrong("It has been decided already what becomes of this job.", job)
    operator = now.operator or (state.shift.operator if state.shift else "")
    decided = replace(
        job,
        resolution=command.resolution,
        resolved_by=operator,
        resolve_reason=command.reason,
        updated_ms=now.at_ms,
    )
    if command.resolution is not Resolution.COPY:
        return [ev.JobResolved(job=decided)]
    if len(state.jobs) >= LIVE_JOBS_MAX:
        raise errors.Full("Too many print jobs are waiting.", limit=LIVE_JOBS_MAX)
    return _copy(state, rules, decided, now.finished.get(job.sale_id))


def _named(state: TillState, job_id: str, now: cmd.Now) -> Job:
    job = state.jobs.get(job_id) or state.unresolved.get(job_id) or now.job
    if job is None:
        raise errors.JobNotFound("There is no such print job.", job_id=job_id)
    return job


def _state_wrong(sentence: str, job: Job) -> errors.JobStateWrong:
    resolution = job.resolution.value if job.resolution else "none"
    return errors.JobStateWrong(
        sentence, job_id=job.job_id, state=job.state.value, resolution=resolution
    )


def _copy(state: TillState, rules: ShopRules, decided: Job, sale: Sale | None) -> list[ev.AnyEvent]:
    """The job `decided`, printed once more, marked as a copy and as perhaps the second one."""
    is_document = decided.kind in (JobKind.DOCUMENT, JobKind.REPORT)
    assert is_document or sale is not None, f"job {decided.job_id} printed a finished sale"
    # A stroke is in no caller's id, and each record has a number of its own.
    copy_id = f"copy/{state.seq + 1}"
    return [
        ev.JobResolved(job=replace(decided, copy_job_id=copy_id)),
        ev.JobSubmitted(
            job_id=copy_id,
            printer=decided.printer if is_document else rules.receipt_printer or decided.printer,
            kind=decided.kind if is_document else JobKind.RECEIPT_COPY,
            ttl_s=decided.ttl_s,
            sale_id=decided.sale_id,
            copy=(decided.copy if sale is None else sale.copies) + 1,
            copy_of=decided.job_id,
            document_seq=(decided.document_seq or decided.submit_seq) if is_document else 0,
            report=decided.report,
        ),
    ]


# --- what the printer's evidence and the shop's policy decide


class Verdict(enum.Enum):
    """What a count of cuts says of the last job that began."""

    PRINTED = enum.auto()
    NOT_WHOLE = enum.auto()
    NOTHING = enum.auto()


def is_provable(job: Job) -> bool:
    """Whether the printer's count of cuts can say what became of this job in doubt."""
    return job.cuts_before is not None and job.cuts > 0


def verdict(job: Job, cuts_now: int) -> Verdict:
    """Judge by the count after all that was sent to the printer has been worked off.

    The cut is a job's last command: a count that rose by the job's cuts says that it is whole,
    one that stands still that it is not. Any other number says that somebody else cut.
    """
    assert job.cuts_before is not None, "only of a provable job"
    if cuts_now == job.cuts_before + job.cuts:
        return Verdict.PRINTED
    return Verdict.NOT_WHOLE if cuts_now == job.cuts_before else Verdict.NOTHING


def judged(job: Job, cuts_now: int, at_ms: int) -> ev.JobConfirmedLate | ev.JobFailedLate | None:
    """The fact that a count of cuts proves of a provable job; None where it proves nothing."""
    found = replace(job, reason=CUT_COUNTER, updated_ms=at_ms, cuts_before=None)
    match verdict(job, cuts_now):
        case Verdict.PRINTED:
            return ev.JobConfirmedLate(job=replace(found, state=JobState.CONFIRMED))
        case Verdict.NOT_WHOLE:
            return ev.JobFailedLate(job=replace(found, state=JobState.FAILED_PARTIAL))
        case Verdict.NOTHING:
            return None


def by_policy(
    state: TillState, rules: ShopRules, job: Job, sale: Sale | None, at_ms: int
) -> list[ev.AnyEvent]:
    """What the shop's policy decides about a job in doubt; nothing where a person is to decide.

    `sale` is the finished sale of a receipt. Only to be asked when the printer has no evidence to
    give any more.
    """
    policy = rules.paper(job.kind)
    decided = replace(job, resolved_by_policy=True, updated_ms=at_ms)
    accepted = policy.when_unconfirmed is WhenUnconfirmed.ACCEPT
    if job.reason == PROCESSED_ONLY and policy.accept_processed:
        accepted = True
    if job.state is JobState.UNCONFIRMED and accepted:
        return [ev.JobResolved(job=replace(decided, resolution=Resolution.PRINTED))]
    if (
        policy.when_unconfirmed is WhenUnconfirmed.REPRINT_AS_COPY
        and job.copy < COPIES_BY_POLICY_MAX
        and len(state.jobs) < LIVE_JOBS_MAX
    ):
        return _copy(state, rules, replace(decided, resolution=Resolution.COPY), sale)
    return []


def in_doubt(state: TillState, rules: ShopRules, printer: str) -> list[Job]:
    """The jobs of this printer, oldest first, that evidence or policy may still settle."""
    return [
        job
        for job in state.unresolved.values()
        if job.printer == printer and (is_provable(job) or _has_policy(rules, job))
    ]


def _has_policy(rules: ShopRules, job: Job) -> bool:
    policy = rules.paper(job.kind)
    match policy.when_unconfirmed:
        case WhenUnconfirmed.ASK:
            accepts = job.reason == PROCESSED_ONLY and policy.accept_processed
            return job.state is JobState.UNCONFIRMED and accepts
        case WhenUnconfirmed.ACCEPT:
            return job.state is JobState.UNCONFIRMED
        case WhenUnconfirmed.REPRINT_AS_COPY:
            return job.copy < COPIES_BY_POLICY_MAX
