"""Doing deeds after facts: printing what was sold, opening the drawer that it called for.

A deed is in the journal before it begins and its outcome after it ended. Whoever asked for the
sale may have hung up long ago, and after a crash the same loop goes on from the same state.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import time
from typing import TYPE_CHECKING, assert_never

import structlog

from tillhald.devices.categories import (
    Category,
    Confirmed,
    Evidence,
    FailedBeforeStart,
    FailedPartial,
    KickFailed,
    PrinterCapabilities,
    PrinterStatus,
    Trouble,
    Unconfirmed,
)
from tillhald.devices.errors import RetrySafety
from tillhald.domain import deeds
from tillhald.domain import events as ev
from tillhald.domain.document import Cut
from tillhald.domain.jobs import JobKind, JobState, KickState, PrintWork
from tillhald.domain.work import work_of
from tillhald.failpoints import reach
from tillhald.journal.errors import Overloaded, StorageError
from tillhald.service.doubts import Doubts
from tillhald.service.kicks import kick_ended
from tillhald.service.outcomes import OVERLOAD_PAUSE_S, Outcomes
from tillhald.service.patience import comes_within
from tillhald.service.print_documents import PrintDocuments
from tillhald.service.quick_start import QuickStart

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tillhald.devices.categories import KickOutcome, PrintOutcome
    from tillhald.devices.registry import DeviceRegistry, DeviceSnapshot
    from tillhald.domain.document import PrintDocument
    from tillhald.domain.jobs import Job, Kick
    from tillhald.domain.receipt import ReceiptLayout
    from tillhald.journal.store import Store
    from tillhald.service.first_bytes import FirstBytes
    from tillhald.service.tail import Tail
    from tillhald.service.till import Clock, Till

log = structlog.get_logger(__name__)

PRINT_S_MAX = 20.0
"""For one job: three metres of paper. What takes longer may still be confirmed late; meanwhile
the drawer, which hangs on the same port, must not wait for it."""
KICK_S_MAX = 5.0
HELD_RETRY_S = 1.0
"""How often a held job looks whether its printer has come back, beside being told so."""
DOUBT_RETRY_S = 5.0
"""How often a printer that can print is asked again what became of a job in doubt."""
ORPHANS_EVERY_S = 5.0
"""How often deeds of devices that are not configured any more are looked at."""


class Step(enum.Enum):
    """What one turn of a loop came to."""

    DONE = "done"
    NOTHING_DUE = "nothing_due"
    HELD = "held"
    IN_DOUBT = "in_doubt"


class Effects:
    """One loop for each printer and each drawer. Everything runs on the event loop."""

    def __init__(
        self,
        *,
        till: Till,
        tail: Tail,
        store: Store,
        devices: DeviceRegistry,
        layout: ReceiptLayout,
        clock: Clock,
        local_time: Callable[[int], str],
        first_bytes: FirstBytes,
    ) -> None:
        self._till = till
        self._tail = tail
        self._devices = devices
        self._clock = clock
        self._documents = PrintDocuments(till, store, devices, layout, local_time)
        self._recorded = asyncio.Event()
        self._changed = asyncio.Event()
        self._anything = asyncio.Event()
        self._draining = False
        self._paused: set[str] = set()
        self._loops: dict[str, asyncio.Task[None]] = {}
        self._spawn: Callable[[Coroutine[None, None, None]], asyncio.Task[None]]
        self._outcomes = Outcomes(till)
        self._first_bytes = first_bytes
        self._quick_start = QuickStart(
            till, tail, devices, first_bytes, may_begin=self._may_begin, began=self.look_again
        )
        self._doubts = Doubts(till, devices, clock)
        self.confirmed_late = self._doubts.confirmed_late
        # Since when printers cannot print, by the monotonic clock; and those of them that say
        # they could, and then do not begin.
        self._away_s: dict[str, float] = {}
        self._failing: set[str] = set()
        tail.on_advance(lambda _: self.look_again())

    def look_again(self) -> None:
        """A fact became durable: something may have become due."""
        recorded, self._recorded = self._recorded, asyncio.Event()
        recorded.set()
        self._wake_all()

    def device_changed(self) -> None:
        """A device changed: what was held may go now."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        self._wake_all()

    def _wake_all(self) -> None:
        anything, self._anything = self._anything, asyncio.Event()
        anything.set()

    def drain(self) -> None:
        """Begin nothing new; each loop ends after the deed that it is doing."""
        self._draining = True
        self.look_again()
        self.device_changed()

    def start(self, spawn: Callable[[Coroutine[None, None, None]], asyncio.Task[None]]) -> None:
        """Run a loop for each device, as tasks that `spawn` makes."""
        self._first_bytes.begin(self._till.state.seq)
        self._spawn = spawn
        self._loops["/orphans"] = spawn(self._let_orphans_expire())  # no device has a stroke
        self.resume()

    def resume(self) -> None:
        """Run a loop for each device that has none."""
        self._paused.clear()
        if self._draining:
            return
        doing = {
            Category.POS_PRINTER: self._print_next,
            Category.CASH_DRAWER: self._kick_next,
        }
        for shot in self._devices.snapshot():
            name = shot.device_id
            do_next = doing.get(shot.category)
            if do_next and (name not in self._loops or self._loops[name].done()):
                self._loops[name] = self._spawn(self._run(name, do_next))

    async def pause(self, device_ids: set[str], timeout_s: float) -> bool:
        """Begin nothing new on these devices, and wait for what is under way. `resume` is next.

        False: something was still under way.
        """
        self._paused |= device_ids
        self.look_again()
        self.device_changed()
        ending = [task for name, task in self._loops.items() if name in device_ids]
        if ending:
            _, pending = await asyncio.wait(ending, timeout=timeout_s)
            return not pending
        return True

    async def end(self, timeout_s: float) -> None:
        """After `drain`: wait for the last outcomes."""
        if self._loops:
            await asyncio.wait(self._loops.values(), timeout=timeout_s)
        for task in self._loops.values():
            task.cancel()

    def lay_out_by(self, layout: ReceiptLayout) -> None:
        """From now on receipts look like this."""
        self._documents.layout = layout

    def never_left(self) -> frozenset[str]:
        """At a start: the jobs that had begun and of which no byte can have left the till."""
        return self._first_bytes.never_left(self._till.state)

    async def hold_for(self, printer: str, reason: Trouble) -> None:
        """Say of all that waits for this printer why it waits."""
        for job in list(self._till.state.jobs.values()):
            if job.printer == printer and job.state is not JobState.SENDING:
                await self._hold(job, reason.value)

    async def _let_orphans_expire(self) -> None:
        """What was asked of a device that is not configured any more waits until its time is over.

        The device may be added again before that.
        """
        while not self._draining:
            changed = self._changed
            known = {shot.device_id for shot in self._devices.snapshot()}
            now_ms = self._clock.wall_ms()
            with contextlib.suppress(Overloaded, StorageError):
                for job in list(self._till.state.jobs.values()):
                    if job.printer not in known and deeds.is_expired(job, now_ms):
                        await self._outcomes.end_waiting(job, JobState.EXPIRED, Trouble.TTL_OVER)
                for kick in list(self._till.state.kicks.values()):
                    if kick.drawer not in known and deeds.is_stale(kick, now_ms):
                        await self._note_kick(kick, KickFailed(Trouble.TTL_OVER, RetrySafety.SAFE))
            await comes_within(changed.wait(), ORPHANS_EVERY_S)

    async def _run(
        self, device_id: str, do_next: Callable[[str], Coroutine[None, None, Step]]
    ) -> None:
        while self._goes_on(device_id):
            recorded, changed, anything = self._recorded, self._changed, self._anything
            try:
                step = await do_next(device_id)
            except Overloaded:
                # Before a deed began; its outcome is never given up (see Outcomes).
                await asyncio.sleep(OVERLOAD_PAUSE_S)
                continue
            except StorageError as error:
                if self._tail.failure is not None:
                    return  # nothing can be recorded any more, so nothing is done
                log.warning("deed_waits_for_storage", device=device_id, why=str(error))
                await asyncio.sleep(OVERLOAD_PAUSE_S)
                continue
            if step is Step.NOTHING_DUE:
                await recorded.wait()
            elif step is Step.HELD:
                # Not woken by facts: the hold is one itself. It also looks by itself now and
                # then: a printer that cannot push its status tells nobody that its lid was shut.
                await comes_within(changed.wait(), HELD_RETRY_S)
            elif step is Step.IN_DOUBT:
                await comes_within(anything.wait(), DOUBT_RETRY_S)

    def _goes_on(self, device_id: str) -> bool:
        """What has begun with its sale is not left lying, also when nothing new is to begin."""
        is_wanted = not (self._draining or device_id in self._paused)
        return is_wanted or deeds.begun_job(self._till.state, device_id) is not None

    # --- printing

    async def _print_next(self, printer: str) -> Step:
        """Do one job."""
        if (begun := deeds.begun_job(self._till.state, printer)) is not None:
            return await self._print_begun(begun)
        # What is in doubt comes first: once another job has begun, the count proves nothing.
        if self._may_ask(self._devices.device(printer)):
            await self._doubts.settle(printer)
        job = deeds.next_job(self._till.state, printer, self._tail.durable_seq)
        if job is None:
            return Step.IN_DOUBT if self._doubts.are_open(printer) else Step.NOTHING_DUE
        now_ms = self._clock.wall_ms()
        if (late := deeds.expired_job(self._till.state, printer, now_ms)) is not None:
            await self._outcomes.end_waiting(late, JobState.EXPIRED, Trouble.TTL_OVER)
            return Step.DONE
        shot = self._devices.device(printer)
        if not shot.may_print:
            return await self._wait_for(job, shot)
        if self._doubts.wants_patience(printer):
            if job.state is not JobState.HELD:
                await self._hold(job, Trouble.EVIDENCE_AWAITED.value)
            return Step.HELD
        if printer not in self._failing:
            self._away_s.pop(printer, None)
        cuts_before = await self._doubts.cuts_before(shot)
        if not self._outcomes.is_as_it_was(job):
            return Step.DONE
        if (document := await self._document(job)) is None:
            return Step.DONE
        reach("effects.before_print")
        # Power may go from here on. Then bytes may have left, and the next start finds the job
        # begun and not ended: unconfirmed, and never printed again by itself.
        cuts = sum(isinstance(part, Cut) for part in document.parts)
        started = ev.PrintStarted(job_id=job.job_id, cuts_before=cuts_before, cuts=cuts)
        await self._till.record([started])
        reach("effects.print_started")
        self._first_bytes.go(self._till.state.jobs[job.job_id].seq)
        assert isinstance(shot.capabilities, PrinterCapabilities), "a printer has a printer's"
        if cuts_before is None and shot.capabilities.cut_counter:
            cuts_before = self._doubts.uncounted(job)
        outcome = await self._devices.print(
            printer, document, cuts_before=cuts_before, deadline_s=PRINT_S_MAX
        )
        return await self._note_print(job, outcome, document)

    async def _print_begun(self, job: Job) -> Step:
        """Print a receipt that began with its sale."""
        if (document := await self._document(job)) is None:
            return Step.DONE
        outcome = await self._quick_start.print(job, document, deadline_s=PRINT_S_MAX)
        return await self._note_print(job, outcome, document)

    async def _document(self, job: Job) -> PrintDocument | None:
        """What a job prints; None where that cannot be made, and the job has ended."""
        try:
            return self._documents.document(job)
        except StorageError:
            raise
        except Exception as error:
            # Ours to mend; the next start would meet the same job again.
            log.error("print_document_failed", job_id=job.job_id, exc_info=error)
            await self._outcomes.end_waiting(
                job, JobState.FAILED_BEFORE_START, Trouble.DOCUMENT_INVALID
            )
            return None

    def _may_begin(self, printer: str) -> bool:
        """Whether this printer's loop would begin a job that comes now."""
        loop = self._loops.get(printer)
        is_held_up = self._draining or printer in self._paused or printer in self._failing
        return not is_held_up and loop is not None and not loop.done()

    def _may_ask(self, shot: DeviceSnapshot) -> bool:
        """Whether a printer can be asked what became of a job in doubt.

        One that is silent takes seconds not to answer: no drawer on its port waits for that.
        """
        is_silent = isinstance(shot.status, PrinterStatus) and shot.status.silent
        return shot.may_print and not (is_silent and self._till.state.kicks)

    async def _wait_for(self, job: Job, shot: DeviceSnapshot) -> Step:
        """The printer cannot print now: hold the job, or give it to the printer's backup."""
        away_s = self._away_s.setdefault(job.printer, time.monotonic())
        backup = self._devices.backup_of(job.printer)
        reason = shot.conditions[0].code.upper() if shot.conditions else job.reason
        if (
            backup is not None
            and time.monotonic() - away_s >= backup.after_s
            and self._can_take_over(job, backup.printer)
        ):
            fact = ev.JobRerouted(
                job_id=job.job_id,
                from_printer=job.printer,
                to_printer=backup.printer,
                reason=reason,
            )
            await self._outcomes.record_of_waiting(job, fact)
            log.warning(
                "print_job_rerouted", job_id=job.job_id, device=backup.printer, reason=reason
            )
            return Step.DONE
        if job.state is not JobState.HELD and shot.conditions:
            await self._hold(job, reason)
        return Step.HELD

    def _can_take_over(self, job: Job, printer: str) -> bool:
        """Whether this printer can print now, and can print this."""
        if not self._devices.device(printer).may_print:
            return False
        return job.kind is not JobKind.DOCUMENT or not self._devices.check(
            printer, self._documents.submitted(job)
        )

    async def _note_print(self, job: Job, outcome: PrintOutcome, document: PrintDocument) -> Step:
        reach("effects.after_print")
        able = self._devices.device(job.printer).capabilities
        assert isinstance(able, PrinterCapabilities), "a printer has a printer's"
        work = work_of(document, able.paper)
        if not isinstance(outcome, FailedBeforeStart):
            self._failing.discard(job.printer)
        match outcome:
            case Confirmed(by=evidence):
                await self._end_job(job, JobState.CONFIRMED, evidence, work=work)
            case Unconfirmed(reason=reason, ticket=mark):
                # Before the outcome is on its way: the printer may be quicker than the disk.
                self._doubts.expect(job, mark)
                await self._end_job(job, JobState.UNCONFIRMED, reason, work=work)
            case FailedPartial(reason=reason, bytes_sent=sent):
                await self._end_job(job, JobState.FAILED_PARTIAL, reason, sent)
            case FailedBeforeStart(reason=reason, retry_safety=RetrySafety.NEVER):
                # This printer can never print it; whoever asked may send something else.
                await self._end_job(job, JobState.FAILED_BEFORE_START, reason)
            case FailedBeforeStart(reason=reason):
                # Nothing left the till: the job may go again, and this is journalled as well.
                await self._hold(job, reason.value)
                if reason is Trouble.CUTS_CHANGED:
                    return Step.DONE
                self._failing.add(job.printer)
                held = self._till.state.jobs.get(job.job_id)
                if held is None:
                    return Step.DONE
                return await self._wait_for(held, self._devices.device(job.printer))
            case _:
                assert_never(outcome)
        return Step.DONE

    async def _hold(self, job: Job, reason: str) -> None:
        now = self._till.state.jobs.get(job.job_id)
        if now is None:
            return  # cancelled meanwhile
        await self._outcomes.record_of_waiting(now, ev.JobHeld(job_id=job.job_id, reason=reason))
        if job.state is not JobState.HELD:
            log.warning("print_job_held", job_id=job.job_id, reason=reason)

    async def _end_job(
        self,
        job: Job,
        outcome: JobState,
        reason: Trouble | Evidence,
        sent: int = 0,
        work: PrintWork = PrintWork(),  # noqa: B008 - frozen
    ) -> None:
        why = reason.value.upper()
        await self._outcomes.record(
            ev.PrintEnded(
                job_id=job.job_id, outcome=outcome, reason=why, bytes_sent=sent, work=work
            )
        )
        say = log.info if outcome is JobState.CONFIRMED else log.warning
        say("print_job_ended", job_id=job.job_id, outcome=outcome.value, reason=why)

    # --- the drawer

    async def _kick_next(self, drawer: str) -> Step:
        """Send one pulse."""
        kick = deeds.next_kick(self._till.state, drawer, self._tail.durable_seq)
        if kick is None:
            return Step.NOTHING_DUE
        if deeds.is_stale(kick, self._clock.wall_ms()):
            await self._note_kick(kick, KickFailed(Trouble.TTL_OVER, RetrySafety.SAFE))
            return Step.DONE
        reach("effects.before_kick")
        await self._till.record([ev.KickStarted(kick_id=kick.kick_id)])
        is_alone = not kick.after_job_id
        outcome = await self._devices.kick(drawer, now=is_alone, deadline_s=KICK_S_MAX)
        reach("effects.after_kick")
        await self._note_kick(kick, outcome)
        return Step.DONE

    async def _note_kick(self, kick: Kick, outcome: KickOutcome) -> None:
        ended = kick_ended(kick.kick_id, outcome)
        await self._outcomes.record(ended)
        say = log.info if ended.outcome is KickState.FIRED else log.warning
        say(
            "drawer_kick_ended",
            kick_id=kick.kick_id,
            outcome=ended.outcome.value,
            failure=ended.failure,
        )
