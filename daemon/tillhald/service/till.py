"""The heart of the daemon: the single owner of the shop's state.

One command at a time is decided on the event loop, without a lock; its facts go to the journal's
writer; the answer goes out only when they are on disk. A refusal waits too: "already completed"
must not be said while the completion could still be lost.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from msgspec.structs import replace

from tillhald.domain import commands as cmd
from tillhald.domain import errors
from tillhald.domain.answers import (
    Answer,
    Answered,
    answer_to,
    decode_answered,
    encode_answered,
)
from tillhald.domain.book_rows import number_key
from tillhald.domain.decide import clock_facts, decide
from tillhald.domain.events import (
    Record,
    RowsBroughtBack,
    SegmentBegun,
    TillStopped,
    encode_record,
)
from tillhald.domain.evolve import apply
from tillhald.domain.imported import counts_here
from tillhald.domain.readmodels import (
    book_key,
    book_named,
    decode_book,
    decode_job,
    decode_kick,
    decode_sale,
    entries,
    job_key,
    job_key_named,
    kick_key,
    named_finished,
    row_of_new_id,
    sales_named,
)
from tillhald.domain.sales_by_day import sale_key
from tillhald.domain.state import TillState, encode_state
from tillhald.journal.errors import DiskReserve, JournalDamaged, StorageFailed
from tillhald.journal.format import Row
from tillhald.journal.health import Stage
from tillhald.service.caller import CALLER
from tillhald.service.remembered import Remembered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tillhald.domain.events import AnyEvent
    from tillhald.domain.jobs import Job, Kick
    from tillhald.domain.rules import ShopRules
    from tillhald.domain.sale import Sale
    from tillhald.domain.slips import SlipBook
    from tillhald.journal.health import Health
    from tillhald.journal.store import Store
    from tillhald.journal.writer import JournalWriter
    from tillhald.service.quick_start import QuickStart
    from tillhald.service.tail import Tail

T = TypeVar("T")

CHECKPOINT_EVERY = 1_000
"""Records between two checkpoints: a start replays at most about this many."""
CHECKPOINT_BYTES_MAX = 512 * 1024
"""A larger state (hundreds of long suspended sales) is not kept: a start replays more."""
_BEGINS_SOMETHING = (
    *(cmd.Checkout, cmd.OpenSale, cmd.OpenReturn, cmd.SubmitJob, cmd.ReprintReceipt),
    *(cmd.PutSlip, cmd.PrintSlips, cmd.PrintSuspended),
)
"""What is refused when only the reserve is left."""


class Request(NamedTuple):
    """Who asks, and how to know the same request again."""

    method: str
    request_id: str
    fingerprint: bytes
    operator: str = ""
    approver: str = ""
    front_end: str = ""


class Outcome(NamedTuple):
    answer: Answer
    replayed: bool


class Clock(NamedTuple):
    """The world's time, handed in so that a test can hand in its own."""

    wall_ms: Callable[[], int]
    today: Callable[[int], str]


class Till:
    """Decides commands and records facts. Everything runs on the event loop."""

    def __init__(
        self,
        *,
        state: TillState,
        rules: ShopRules,
        store: Store,
        writer: JournalWriter,
        tail: Tail,
        clock: Clock,
        boot_id: str,
    ) -> None:
        self.state = state
        self.rules = rules
        self._store = store
        self._writer = writer
        self._tail = tail
        self._clock = clock
        self._boot_id = boot_id
        # Not that of the start: a till that is killed day by day must not replay ever more.
        kept = store.newest_checkpoint()
        self._checkpoint_seq = kept[0] if kept else 0
        # Rows of records that are on their way to the disk: reads see them before LMDB does.
        self._recent: dict[tuple[str, bytes], bytes] = {}
        self._recent_by_seq: deque[tuple[int, tuple[Row, ...]]] = deque()
        self._remembered = Remembered()
        self._quiet: errors.Refused | None = None
        self.quick_start: QuickStart | None = None

    # --- commands

    async def handle(
        self, command: cmd.AnyCommand, request: Request, convert: Callable[[Outcome], T]
    ) -> tuple[T, bool]:
        """Decide, record, and answer once it is durable: what `convert` made of the outcome.

        It is called before the wait, while the writer wakes up. The bool says that the answer
        rests on the spill, and the journal will follow. Raises Refused, Overloaded, DiskReserve
        and StorageError. A caller that is cancelled while it waits loses only the answer: what
        was decided is on its way, and the same request_id gets it.
        """
        try:
            outcome, seq = self._decide(command, request)
            converted = convert(outcome)
        finally:
            await self._tail.reached(self.state.seq)
        return converted, self._tail.is_spilled(seq)

    def _decide(self, command: cmd.AnyCommand, request: Request) -> tuple[Outcome, int]:
        # Not a coroutine: no other command can come between the decision and its effect.
        if (earlier := self.answered(request.request_id)) is not None:
            return _replay(earlier, request), earlier.seq
        self.refuse_if_quiet()
        if self._writer.health.reserve_only and isinstance(command, _BEGINS_SOMETHING):
            sentence = "There is hardly any room left: only what is open can be finished."
            raise DiskReserve(sentence)
        at_ms, job = self._clock.wall_ms(), self._job_named(command)
        now = cmd.Now(
            at_ms=at_ms,
            today=self._clock.today(at_ms) if self.state.day is None else "",
            operator=request.operator,
            approver=request.approver,
            finished=self._known_sales(sales_named(command, self.state, job)),
            id_taken=self._id_taken(command),
            job=job,
            book=self.closed_book(book_named(command)),
            ready=self.quick_start.ready(command) if self.quick_start else None,
        )
        facts = decide(self.state, self.rules, command, now)
        answer = self._append(facts, at_ms, request=request, command=command)
        assert answer is not None, "a command has an answer"
        if self.quick_start:
            self.quick_start.decided(facts)
        return Outcome(answer, replayed=False), self.state.seq

    def quiesce(self, refusal: errors.Refused) -> None:
        """From now on refuse with `refusal` what would change something, until `resume`.

        A request that was granted before is answered as it was. Facts that nobody asked for, of
        devices and of the power, are still recorded: whoever copies the journal looks at the
        state's seq again before the copy counts.
        """
        assert self._quiet is None, "one piece of work at a time changes the till"
        self._quiet = refusal

    def resume(self) -> None:
        """Take requests again."""
        self._quiet = None

    @property
    def quiet(self) -> errors.Refused | None:
        """What is refused with now; None: the till takes requests."""
        return self._quiet

    def refuse_if_quiet(self, request_id: str = "") -> None:
        """Raises what `quiesce` was given, unless this very request was granted before."""
        if self._quiet is not None and not (request_id and self.answered(request_id)):
            raise type(self._quiet)(self._quiet.sentence, **self._quiet.facts)

    def _known_sales(self, names: Iterable[str]) -> dict[str, Sale]:
        return {name: sale for name in names if (sale := self._known_sale(name)) is not None}

    def _id_taken(self, command: cmd.AnyCommand) -> bool:
        row = row_of_new_id(command)
        return row is not None and self._known(*row) is not None

    def _job_named(self, command: cmd.AnyCommand) -> Job | None:
        """The finished job that the rules need to see beside this command."""
        key = job_key_named(command, self.state)
        stored = self._known("jobs", key) if key else None
        return decode_job(stored) if stored else None

    def closed_book(self, outage_id: str) -> SlipBook | None:
        """The slips of that outage, if their book is closed."""
        stored = self._known("outages", book_key(outage_id)) if outage_id else None
        return decode_book(stored) if stored else None

    # --- facts that nobody asked for by a request: deeds, devices, a start

    def note(self, facts: Iterable[AnyEvent]) -> int:
        """Record facts; return their seq, not durable yet. Raises Overloaded, StorageError."""
        at_ms = self._clock.wall_ms()
        self._append([*clock_facts(self.state, at_ms), *facts], at_ms)
        return self.state.seq

    async def record(self, facts: Iterable[AnyEvent]) -> None:
        """Record facts, and return once they are durable."""
        await self._tail.reached(self.note(facts))

    def begin_segment(self, fact: SegmentBegun) -> None:
        """Record the whole state, for a new segment of the journal to begin with.

        With it go the rows that are needed at once: the sales whose receipts wait for paper, and
        the latest answers. The till may die before the old file's rows are brought back; whoever
        was not answered asks again then, and must not buy twice.
        """
        at_ms = self._clock.wall_ms()
        waiting = {sale_key(job.sale_id) for job in self.state.jobs.values() if job.sale_id}
        found = ((key, self._known("sales", key)) for key in waiting)
        rows = [Row("sales", key, value) for key, value in found if value is not None]
        answers = self._remembered.latest(
            self._store, self._tail.durable_seq, lambda key: self._known("requests", key)
        )
        rows += answers.values()
        fact = replace(fact, answers=tuple(answers))
        facts = [*clock_facts(self.state, at_ms), fact]
        self._append(facts, at_ms, more_rows=rows, begins_segment=True)

    async def bring_back(self, segment: int, rows: list[Row], *, is_last: bool) -> None:
        """Record rows of an earlier segment; return once they are durable."""
        at_ms = self._clock.wall_ms()
        fact = RowsBroughtBack(segment=segment, rows=len(rows), is_last=is_last)
        self._append([*clock_facts(self.state, at_ms), fact], at_ms, more_rows=rows)
        await self._tail.reached(self.state.seq)

    def has_row(self, table: str, key: bytes) -> bool:
        """Whether the journal has this row, or will have it in a moment."""
        return self._row(table, key) is not None

    def note_stop(self) -> None:
        """Record that the till stops in order, with a checkpoint for a quick next start."""
        self.snapshot_next()
        self.note([TillStopped()])

    def snapshot_next(self) -> None:
        """Keep the whole state with the next record, so that the next start replays little."""
        self._checkpoint_seq = self.state.seq - CHECKPOINT_EVERY

    async def caught_up(self) -> None:
        """Return once all that the state holds is on disk: a read may be answered then."""
        await self._tail.reached(self.state.seq)

    def _append(
        self,
        facts: list[AnyEvent],
        at_ms: int,
        *,
        request: Request | None = None,
        command: cmd.AnyCommand | None = None,
        more_rows: Iterable[Row] = (),
        begins_segment: bool = False,
    ) -> Answer | None:
        """Bring the state forward and queue the record. Raises before anything has changed."""
        before, caller = self.state, request or CALLER.get()
        seq = self._writer.next_seq
        record = Record(
            wall_ms=at_ms,
            mono_ns=time.monotonic_ns(),
            boot_id=self._boot_id,
            clock_suspect=before.clock_suspect,
            approver=caller.approver,
            front_end=caller.front_end,
            request_id=request.request_id if request else "",
            events=tuple(facts),
        )
        state = apply(before, record, seq)
        # After the facts: the first sale of a day opens the day and the shift that it names.
        day, shift = state.day or before.day, state.shift or before.shift
        record = replace(
            record,
            business_day=day.business_day if day else "",
            shift_id=shift.shift_id if shift else "",
            operator=caller.operator or (shift.operator if shift and request else ""),
        )
        finished = self._known_sales(named_finished(record.events, state))
        rows: list[Row] = [Row(*entry) for entry in entries(record.events, state, finished)[0]]
        rows.extend(more_rows)
        answer, answered = None, b""
        if request and command:
            answer = answer_to(command, state)
            answered = encode_answered(
                Answered(
                    method=request.method, fingerprint=request.fingerprint, seq=seq, answer=answer
                )
            )
            rows.append(Row("requests", request.request_id.encode(), answered))
        self.state = state
        try:
            checkpoint = encode_state(state) if begins_segment else self._checkpoint_if_due(seq)
            self._writer.append(
                encode_record(record), rows, checkpoint=checkpoint, begins_segment=begins_segment
            )
        except BaseException:
            self.state = before
            raise
        if request and command:
            self._remembered.keep(request.request_id, answered)
        kept = tuple(rows)
        for row in kept:
            assert row.value is not None, "index rows are put, never deleted"
            self._recent[row.table, row.key] = row.value
        self._recent_by_seq.append((seq, kept))
        self._forget_durable(self._tail.durable_seq)
        return answer

    def _checkpoint_if_due(self, seq: int) -> bytes | None:
        if seq - self._checkpoint_seq < CHECKPOINT_EVERY:
            return None
        self._checkpoint_seq = seq
        stored = encode_state(self.state)
        return stored if len(stored) <= CHECKPOINT_BYTES_MAX else None

    @property
    def storage(self) -> Health:
        """How storing goes."""
        return self._writer.health

    # --- reads, of what is live, on its way, or durable

    def finished_sale(self, sale_id: str) -> Sale | None:
        stored = self._row("sales", sale_key(sale_id))
        return None if stored is None else self._if_it_counts(decode_sale(stored))

    def _known_sale(self, sale_id: str) -> Sale | None:
        stored = self._known("sales", sale_key(sale_id))
        return self._if_it_counts(decode_sale(stored)) if stored else None

    def _if_it_counts(self, sale: Sale) -> Sale | None:
        return sale if counts_here(sale.imported, self.state.imports) else None

    def sale(self, sale_id: str) -> Sale:
        """The sale in whatever state. Raises SaleNotFound. Answer only after `caught_up`."""
        sale = self.state.sales.get(sale_id) or self.finished_sale(sale_id)
        if sale is None:
            raise errors.SaleNotFound("There is no such sale.", sale_id=sale_id)
        return sale

    def sale_by_receipt(self, receipt_number: int) -> Sale:
        stored = self._row("receipts", number_key(receipt_number))
        if stored is None:
            sentence = "There is no receipt with this number."
            raise errors.SaleNotFound(sentence, receipt_number=receipt_number)
        return self.sale(stored.decode())

    def job(self, job_id: str) -> Job:
        """Raises JobNotFound."""
        if (job := self.state.jobs.get(job_id)) is not None:
            return job
        stored = self._row("jobs", job_key(job_id))
        if stored is None:
            raise errors.JobNotFound("There is no such print job.", job_id=job_id)
        return decode_job(stored)

    def kick(self, kick_id: str) -> Kick | None:
        if (kick := self.state.kicks.get(kick_id)) is not None:
            return kick
        stored = self._row("jobs", kick_key(kick_id))
        return None if stored is None else decode_kick(stored)

    def answered(self, request_id: str) -> Answered | None:
        """What a request was answered with, if it was granted."""
        stored = self._known("requests", request_id.encode()) or self._remembered.get(request_id)
        return None if stored is None else decode_answered(stored)

    def _row(self, table: str, key: bytes) -> bytes | None:
        recent = self._recent.get((table, key))
        if recent is not None:
            return recent
        try:
            return self._store.get(table, key)
        except JournalDamaged as damage:
            self._writer.distrust(damage.sentence, self._writer.health.segment)
            raise

    def _known(self, table: str, key: bytes) -> bytes | None:
        """As `_row`, for a decision, which must be possible while storing is in trouble.

        If the file cannot even be read, a new one is about to be begun. Selling goes on with what
        is in memory and in the spill; the last answers are remembered for those who ask again.
        """
        try:
            return self._row(table, key)
        except StorageFailed:
            if self._writer.health.stage is Stage.SOUND:
                raise
            return None

    def _forget_durable(self, seq: int) -> None:
        """LMDB shows these rows itself now; one that a later record replaced stays."""
        by_seq, recent = self._recent_by_seq, self._recent
        while by_seq and by_seq[0][0] <= seq:
            for table, key, value in by_seq.popleft()[1]:
                if recent.get((table, key)) is value:
                    del recent[table, key]


def _replay(earlier: Answered, request: Request) -> Outcome:
    if (earlier.method, earlier.fingerprint) != (request.method, request.fingerprint):
        sentence = "This request_id was used for another request."
        raise errors.RequestIdReused(sentence, request_id=request.request_id)
    return Outcome(earlier.answer, replayed=True)
