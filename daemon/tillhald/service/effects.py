"""Doing deeds after facts: printing what was sold, opening the drawer that it called for.

A deed is in the journal before it begins and its outcome after it ended. Whoever asked for the
sale may have hung up long ago, and after a crash the same loop goes on from the same state.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
from collections import OrderedDict
from typing import TYPE_CHECKING, assert_never

import structlog
from msgspec.structs import replace

from tillhald.devices.categories import (
    Category,
    Confirmed,
    Evidence,
    FailedBeforeStart,
    FailedPartial,
    Fired,
    KickFailed,
    KickUnknown,
    PowerState,
    Trouble,
    Unconfirmed,
)
from tillhald.devices.errors import RetrySafety
from tillhald.devices.health import Presence
from tillhald.domain import events as ev
from tillhald.domain.deeds import is_expired, is_stale, next_job, next_kick
from tillhald.domain.document import PrintDocument, Run, Text
from tillhald.domain.jobs import JobKind, JobState, KickState
from tillhald.domain.receipt import non_ascii, receipt_of, with_logo, without
from tillhald.failpoints import reach
from tillhald.journal.errors import Overloaded, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tillhald.devices.categories import KickOutcome, PrintOutcome
    from tillhald.devices.registry import DeviceRegistry, DeviceSnapshot
    from tillhald.domain.events import AnyEvent
    from tillhald.domain.jobs import Job, Kick
    from tillhald.domain.receipt import ReceiptLayout
    from tillhald.journal.store import Store
    from tillhald.service.tail import Tail
    from tillhald.service.till import Clock, Till

log = structlog.get_logger(__name__)

PRINT_S_MAX = 20.0
"""For one job: three metres of paper. What takes longer may still be confirmed late; meanwhile
the drawer, which hangs on the same port, must not wait for it."""
KICK_S_MAX = 5.0
HELD_RETRY_S = 1.0
"""How often a held job looks whether its printer has come back, beside being told so."""
OVERLOAD_PAUSE_S = 0.2
UNCONFIRMED_KEPT_MAX = 100
"""Jobs whose late confirmation is still waited for; of older ones it is only logged."""


class Step(enum.Enum):
    """What one turn of a loop came to."""

    DONE = "done"
    NOTHING_DUE = "nothing_due"
    HELD = "held"


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
    ) -> None:
        self._till = till
        self._tail = tail
        self._store = store
        self._devices = devices
        self._layout = layout
        self._clock = clock
        self._local_time = local_time
        self._recorded = asyncio.Event()
        self._changed = asyncio.Event()
        self._draining = False
        # Jobs that their printer may still confirm, oldest first, by printer and the mark it will
        # answer with.
        self._unconfirmed: OrderedDict[tuple[str, str], str] = OrderedDict()
        tail.on_advance(lambda _: self.look_again())

    def look_again(self) -> None:
        """A fact became durable: something may have become due."""
        recorded, self._recorded = self._recorded, asyncio.Event()
        recorded.set()

    def device_changed(self) -> None:
        """A device changed: what was held may go now."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def drain(self) -> None:
        """Begin nothing new; each loop ends after the deed that it is doing."""
        self._draining = True
        self.look_again()
        self.device_changed()

    def loops(self) -> list[Coroutine[None, None, None]]:
        """What is to run until the daemon drains."""
        return [
            self._run(shot.device_id, self._print_next)
            if shot.category is Category.POS_PRINTER
            else self._run(shot.device_id, self._kick_next)
            for shot in self._devices.snapshot()
        ]

    async def _run(
        self, device_id: str, do_next: Callable[[str], Coroutine[None, None, Step]]
    ) -> None:
        while not self._draining:
            recorded, changed = self._recorded, self._changed
            try:
                step = await do_next(device_id)
            except Overloaded:
                # Before a deed began; its outcome is never given up (see _record).
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
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), HELD_RETRY_S)

    async def _record(self, fact: AnyEvent) -> None:
        """Record what became of a deed: a full queue delays that, and never loses it."""
        while True:
            try:
                return await self._till.record([fact])
            except Overloaded:
                await asyncio.sleep(OVERLOAD_PAUSE_S)

    # --- printing

    async def _print_next(self, printer: str) -> Step:
        """Do one job."""
        job = next_job(self._till.state, printer, self._tail.durable_seq)
        if job is None:
            return Step.NOTHING_DUE
        if is_expired(job, self._clock.wall_ms()):
            await self._end_job(job, JobState.EXPIRED, Trouble.TTL_OVER)
            return Step.DONE
        shot = self._devices.device(printer)
        if not _may_print(shot):
            if job.state is not JobState.HELD and shot.conditions:
                await self._hold(job, shot.conditions[0].code.upper())
            return Step.HELD
        try:
            document = self._document(job)
        except StorageError:
            raise
        except Exception as error:
            # Ours to mend; the next start would meet the same job again.
            log.error("print_document_failed", job_id=job.job_id, exc_info=error)
            await self._end_job(job, JobState.FAILED_BEFORE_START, Trouble.DOCUMENT_INVALID)
            return Step.DONE
        reach("effects.before_print")
        # Power may go from here on. Then bytes may have left, and the next start finds the job
        # begun and not ended: unconfirmed, and never printed again by itself.
        await self._till.record([ev.PrintStarted(job_id=job.job_id)])
        reach("effects.print_started")
        outcome = await self._devices.print(printer, document, deadline_s=PRINT_S_MAX)
        reach("effects.after_print")
        return await self._note_print(job, outcome)

    async def _note_print(self, job: Job, outcome: PrintOutcome) -> Step:
        match outcome:
            case Confirmed(by=evidence):
                await self._end_job(job, JobState.CONFIRMED, evidence)
            case Unconfirmed(reason=reason, ticket=mark):
                # Before the outcome is on its way: the printer may be quicker than the disk.
                self._expect_late(job, mark)
                await self._end_job(job, JobState.UNCONFIRMED, reason)
            case FailedPartial(reason=reason, bytes_sent=sent):
                await self._end_job(job, JobState.FAILED_PARTIAL, reason, sent)
            case FailedBeforeStart(reason=reason, retry_safety=RetrySafety.NEVER):
                # This printer can never print it; whoever asked may send something else.
                await self._end_job(job, JobState.FAILED_BEFORE_START, reason)
            case FailedBeforeStart(reason=reason):
                # Nothing left the till: the job may go again, and this is journalled as well.
                await self._hold(job, reason.value)
                return Step.HELD
            case _:
                assert_never(outcome)
        return Step.DONE

    def _expect_late(self, job: Job, mark: str) -> None:
        if mark:
            self._unconfirmed[job.printer, mark] = job.job_id
            if len(self._unconfirmed) > UNCONFIRMED_KEPT_MAX:
                self._unconfirmed.popitem(last=False)

    def confirmed_late(self, printer: str, mark: str) -> None:
        """The printer confirms a job that had ended unconfirmed: paper was put in, for one."""
        job_id = self._unconfirmed.pop((printer, mark), None)
        if job_id is None:
            return
        job = replace(
            self._till.job(job_id),
            state=JobState.CONFIRMED,
            reason=Evidence.PROCESS_ID.value.upper(),
            updated_ms=self._clock.wall_ms(),
        )
        try:
            self._till.note([ev.JobConfirmedLate(job=job)])
        except (Overloaded, StorageError) as error:
            log.warning("late_confirmation_not_recorded", job_id=job_id, why=str(error))

    async def _hold(self, job: Job, reason: str) -> None:
        await self._record(ev.JobHeld(job_id=job.job_id, reason=reason))
        if job.state is not JobState.HELD:
            log.warning("print_job_held", job_id=job.job_id, reason=reason)

    async def _end_job(
        self, job: Job, outcome: JobState, reason: Trouble | Evidence, sent: int = 0
    ) -> None:
        why = reason.value.upper()
        await self._record(
            ev.PrintEnded(job_id=job.job_id, outcome=outcome, reason=why, bytes_sent=sent)
        )
        say = log.info if outcome is JobState.CONFIRMED else log.warning
        say("print_job_ended", job_id=job.job_id, outcome=outcome.value, reason=why)

    def _document(self, job: Job) -> PrintDocument:
        if job.kind is JobKind.DOCUMENT:
            return self._submitted(job)
        sale = self._till.finished_sale(job.sale_id)
        assert sale is not None, f"job {job.job_id} prints a sale that is not in the journal"
        receipt = receipt_of(
            sale,
            self._layout,
            currency=self._till.rules.currency,
            time_text=self._local_time(sale.updated_ms),
            copy=job.copy,
        )
        return self._printable(job, receipt)

    def _printable(self, job: Job, receipt: PrintDocument) -> PrintDocument:
        """The receipt as this printer can print it."""
        if not self._devices.check(job.printer, receipt):
            return receipt
        unprintable = frozenset(
            char
            for char in non_ascii(receipt)
            if self._devices.check(job.printer, PrintDocument(parts=(_text(char),)))
        )
        log.warning("receipt_text_replaced", job_id=job.job_id, characters=len(unprintable))
        return without(receipt, unprintable)

    def _submitted(self, job: Job) -> PrintDocument:
        """A front end's document, from the record that brought it."""
        stored = self._store.record(job.submit_seq)
        assert stored is not None, f"record {job.submit_seq} brought job {job.job_id}"
        for event in ev.decode_record(stored.body).events:
            if isinstance(event, ev.JobSubmitted) and event.document is not None:
                return with_logo(event.document, self._layout.logo)
        message = f"record {job.submit_seq} holds no document for job {job.job_id}"
        raise AssertionError(message)

    # --- the drawer

    async def _kick_next(self, drawer: str) -> Step:
        """Send one pulse."""
        kick = next_kick(self._till.state, drawer, self._tail.durable_seq)
        if kick is None:
            return Step.NOTHING_DUE
        if is_stale(kick, self._clock.wall_ms()):
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
        kick_id = kick.kick_id
        match outcome:
            case Fired(verified=verified):
                ended = ev.KickEnded(kick_id=kick_id, outcome=KickState.FIRED, verified=verified)
            case KickFailed(reason=reason):
                ended = ev.KickEnded(
                    kick_id=kick_id, outcome=KickState.FAILED, failure=reason.value
                )
            case KickUnknown(reason=reason):
                ended = ev.KickEnded(
                    kick_id=kick_id, outcome=KickState.UNKNOWN, failure=reason.value
                )
            case _:
                assert_never(outcome)
        await self._record(ended)
        say = log.info if ended.outcome is KickState.FIRED else log.warning
        say(
            "drawer_kick_ended", kick_id=kick_id, outcome=ended.outcome.value, failure=ended.failure
        )


def _may_print(shot: DeviceSnapshot) -> bool:
    """Whether it is worth trying.

    Not before the driver has looked for the printer once: a job that begins while it still does
    would be called unconfirmed after a crash, though nothing had been sent.
    """
    match shot.power:
        case PowerState.ONLINE:
            return True
        case PowerState.UNKNOWN:
            return shot.presence is Presence.PRESENT
        case PowerState.OFF | PowerState.OFFLINE:
            return False


def _text(char: str) -> Text:
    return Text(runs=(Run(text=char),))
