"""Where a batch of records goes: to the journal, or to the spill while the journal fails.

The writer thread hands every batch to `keep`, and calls `step` between two batches. All that is
done about a failure happens in those steps, one small piece at a time, so that selling goes on:

    SOUND -> CHECKING -> MERGING -> SOUND         the disk refused a write once
    SOUND -> WAITING -> (CHECKING) -> MERGING     the disk is full or does not take writes
    SOUND -> REPLACING -> SOUND                   the file is damaged, or the disk refused again

Facts behind it: a commit that raised may be on disk all the same; after a failed sync the page
cache holds what the disk does not, so the file is synced through a fresh descriptor and its
cached pages are dropped before a child process looks at it; and what LMDB wrote into the cache to
undo the commit must be synced before the next one, or a power cut may destroy the whole file.
"""

from __future__ import annotations

import itertools
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

import lmdb

from tillhald.journal.errors import Fault, JournalDamaged, StorageError, StorageFailed
from tillhald.journal.examination import Examination
from tillhald.journal.growth import NO_ROOM
from tillhald.journal.health import Answer, Health, Stage, StorageFault, classify, respond
from tillhald.journal.primary import Primary
from tillhald.journal.segments import begin_segment, put_in_place

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tillhald.journal.format import Head, Sealed
    from tillhald.journal.spill import Spill
    from tillhald.journal.store import Store

MERGE_RECORDS_MAX = 512
MERGE_BYTES_MAX = 1 << 20
"""What is merged between two batches, at most."""
RETRY_S = 2.0
CHECK_POLL_S = 0.02
RESERVE_BYTES_MIN = 1 << 20
RESERVE_PERCENT = 25
"""Of the spill. It lets the sales that are open and the close of the day be stored when nothing
else is left."""

_REFUSED = (lmdb.Error, OSError, StorageError)


class Storage:
    """Writer thread only, but for `health`, a snapshot that any thread may read."""

    def __init__(
        self,
        store: Store,
        spill: Spill,
        *,
        standby: Path | None,
        write_failed_ms: int | None,
        on_health: Callable[[Health], None],
    ) -> None:
        """`spill` has been read, and what it held stands in the store's overlay.

        `standby` is the folder for a new segment on another disk; None for beside the old one.
        `write_failed_ms` is the time at which the disk last refused a write, as far as known.
        """
        self._store = store
        self._spill = spill
        self._standby = standby
        self._write_failed_ms = write_failed_ms
        self._on_health = on_health
        self._primary: Primary | None = Primary(store)
        self._spilled: deque[Sealed] = deque(store.overlay.records(0, 1 << 31))
        self._in_primary = store.primary_head
        self._stage = Stage.MERGING if self._spilled else Stage.SOUND
        self._fault: StorageFault | None = None
        self._message = ""
        self._snag = ""
        self._since_ms = 0
        self._read_only_times = 0
        self._retry_at_s = 0.0
        self._at_retry = Answer.CHECK
        self._examination: Examination | None = None
        self._segment_seq: int | None = None
        self._placed: Path | None = None
        if store.engine.is_read_only:
            self._primary = None
            self._stage = Stage.WAITING
            self._fault = StorageFault.WRITE_FAILED if store.unsettled else StorageFault.READ_ONLY
            self._message = store.unsettled or "The journal's file system takes no writes."
            self._since_ms = time.time_ns() // 1_000_000
            self._retry_at_s = time.monotonic() + RETRY_S
        self.health = self._snapshot()

    # --- a batch

    def keep(self, batch: Sequence[Sealed]) -> None:
        """Make a batch durable. StorageFailed when neither journal nor spill takes it."""
        if self._stage is Stage.MERGING:
            try:
                self._put_aside(batch)
            except StorageFailed:
                # The journal takes records again: nobody is refused because the spill does not.
                while self._stage is Stage.MERGING:
                    self._merge()
            else:
                self._publish()
                return
        if self._stage is not Stage.SOUND or self._primary is None:
            self._put_aside_or_fail(batch, None)
            self._publish()
            return
        try:
            self._primary.commit(batch)
        except _REFUSED as error:
            # Durable first: one write and one sync between the failure and the next answer.
            self._put_aside_or_fail(batch, error)
            self._failed(error)
        else:
            self._in_primary = batch[-1].head

    def begin_segment_with(self, seq: int) -> None:
        """The record `seq`, about to be kept, holds the whole state: a segment may begin there."""
        self._segment_seq = seq

    def distrust(self, sentence: str, segment: int) -> None:
        """A check has found this segment damaged: write nothing to it any more."""
        # The check takes a while, and the segment may have been replaced meanwhile.
        if self._stage is not Stage.REPLACING and segment == self._store.identity.segment:
            self._failed(JournalDamaged(Fault.EDITED, None, sentence))

    def _put_aside(self, batch: Sequence[Sealed]) -> None:
        self._spill.append(batch)
        self._store.overlay.add(batch)
        self._spilled.extend(batch)

    def _put_aside_or_fail(self, batch: Sequence[Sealed], cause: BaseException | None) -> None:
        try:
            self._put_aside(batch)
        except StorageFailed as failed:
            # After a failed sync LMDB keeps readers waiting for what will not come any more.
            self._freeze(Answer.WAIT)
            if cause is not None:
                self._fault, self._message = classify(cause), f"{cause}. {failed}"
                self._enter(Stage.FAILED)
                sentence = f"The journal could not be written: {self._message}"
                raise StorageFailed(sentence) from cause
            self._message = str(failed)
            self._enter(Stage.FAILED)
            raise

    # --- between two batches

    @property
    def patience_s(self) -> float | None:
        """How long the writer may wait for a batch before it calls `step`; None: for ever."""
        match self._stage:
            case Stage.SOUND | Stage.MERGING:
                growing = self._primary is not None and self._primary.growth.active
                return 0.0 if growing or self._stage is Stage.MERGING else None
            case Stage.CHECKING:
                return CHECK_POLL_S
            case Stage.WAITING:
                return max(0.0, self._retry_at_s - time.monotonic())
            case Stage.REPLACING:
                return 0.0 if self._can_replace else None
            case Stage.FAILED:
                return None

    def step(self) -> None:
        """Do the next small piece of what there is to do."""
        match self._stage:
            case Stage.SOUND:
                self._grow()
            case Stage.CHECKING:
                self._examine()
            case Stage.MERGING:
                self._merge()
            case Stage.WAITING if time.monotonic() >= self._retry_at_s:
                self._try_again()
            case Stage.REPLACING if self._can_replace:
                self._replace()
            case _:
                pass

    def finish(self) -> None:
        """At an orderly end: merge what can be merged, and say in the journal that it is whole."""
        while self._stage is Stage.MERGING:
            self._merge()
        if self._stage is Stage.SOUND and self._primary is not None:
            self._primary.note_good_order()

    def close(self) -> None:
        if self._examination is not None:
            self._examination.end()
        if self._primary is not None:
            self._primary.growth.close()
        self._spill.close()

    # --- a failure, and what follows

    def _failed(self, error: BaseException) -> None:
        now_ms = time.time_ns() // 1_000_000
        fault = classify(error)
        if fault is StorageFault.READ_ONLY:
            self._read_only_times += 1
        answer = respond(
            fault,
            failed_before_ms=self._write_failed_ms,
            now_ms=now_ms,
            read_only_times=self._read_only_times,
            has_standby=self._standby is not None,
        )
        if fault is StorageFault.WRITE_FAILED:
            self._write_failed_ms = now_ms
        if self._fault is None or self._stage is Stage.SOUND:
            self._since_ms = now_ms
        self._fault, self._message = fault, str(error)
        if not isinstance(error, lmdb.MapFullError):
            answer = self._freeze(answer)
        self._follow(answer, retry=Answer.CHECK)

    def _freeze(self, answer: Answer) -> Answer:
        """Open the file anew for readers only: LMDB refuses even them after a failed sync."""
        self._drop_primary()
        try:
            self._store.engine.reopen(readonly=True)
        except _REFUSED:
            return Answer.REPLACE
        return answer

    def _drop_primary(self) -> None:
        if self._primary is not None:
            self._primary.growth.close()
            self._primary = None

    def _follow(self, answer: Answer, *, retry: Answer) -> None:
        match answer:
            case Answer.WAIT:
                self._at_retry = retry
                self._retry_at_s = time.monotonic() + RETRY_S
                self._enter(Stage.WAITING)
            case Answer.CHECK:
                try:
                    self._examination = Examination(self._store.engine.folder)
                except OSError as error:  # no process can be started: that says nothing of the disk
                    self._snag = f"It cannot be checked yet: {error}"
                    self._follow(Answer.WAIT, retry=Answer.CHECK)
                else:
                    self._enter(Stage.CHECKING)
            case Answer.REPLACE:
                self._enter(Stage.REPLACING)

    def _try_again(self) -> None:
        if self._at_retry is Answer.CHECK and self._primary is not None:
            # The map was full, and LMDB is well: all it needs is room, made piece by piece.
            try:
                is_larger = self._primary.growth.advance()
            except _REFUSED as error:
                if getattr(error, "errno", None) in NO_ROOM:
                    self._follow(Answer.WAIT, retry=Answer.CHECK)
                else:
                    self._failed(error)
            else:
                if is_larger:
                    self._enter(Stage.MERGING)
        else:
            self._follow(self._at_retry, retry=Answer.CHECK)

    def _examine(self) -> None:
        assert self._examination is not None, "there is one at this stage"
        try:
            if self._examination.is_synced():
                self._store.engine.reopen(readonly=True, from_disk=True)
                self._examination.look()
                return
            if not self._examination.is_over():
                return
            self._store.engine.reopen(readonly=False)
            self._primary = Primary(self._store)
            self._find_place()
        except OSError as error:  # as in `_follow`: the second process
            self._snag = f"It cannot be checked yet: {error}"
            self._follow(Answer.WAIT, retry=Answer.CHECK)
        except _REFUSED as error:
            # It is damaged, or cannot be synced, or not be opened for writing: not yet, or never.
            self._failed(error)
        else:
            self._enter(Stage.MERGING)

    def _find_place(self) -> None:
        """Drop what turns out to be in the journal already. JournalDamaged if it does not fit."""
        head = self._store.primary_head
        if head not in (self._in_primary, *(record.head for record in self._spilled)):
            sentence = f"The journal ends with record {head.seq}, not with {self._in_primary.seq}."
            raise JournalDamaged(Fault.FORK, head.seq, sentence)
        self._merged(head)

    def _merge(self) -> None:
        assert self._primary is not None, "the journal can be written at this stage"
        chunk: list[Sealed] = []
        size_bytes = 0
        for record in itertools.islice(self._spilled, MERGE_RECORDS_MAX):
            chunk.append(record)
            size_bytes += len(record.envelope) + sum(len(row.value or b"") for row in record.rows)
            if size_bytes >= MERGE_BYTES_MAX:
                break
        try:
            if chunk:
                self._primary.commit(chunk)
        except _REFUSED as error:
            self._failed(error)
            return
        if chunk:
            self._merged(chunk[-1].head)
        if not self._spilled:
            self._spill.reset()
            self._fault, self._message, self._since_ms = None, "", 0
            self._read_only_times = 0
            self._enter(Stage.SOUND)

    def _merged(self, until: Head) -> None:
        self._in_primary = until
        while self._spilled and self._spilled[0].head.seq <= until.seq:
            self._spilled.popleft()
        self._store.overlay.drop(until.seq)
        self._publish()

    def _grow(self) -> None:
        assert self._primary is not None, "the journal can be written at this stage"
        try:
            self._primary.growth.step()
        except _REFUSED as error:
            self._failed(error)
            return
        if self._primary.growth.no_room or self.health.no_room:
            self._publish()

    # --- a new segment

    @property
    def _can_replace(self) -> bool:
        return self._segment_seq is not None and any(
            record.head.seq == self._segment_seq for record in self._spilled
        )

    def _replace(self) -> None:
        """Begin a new segment with all that the spill holds, the whole state among it."""
        store = self._store
        try:
            if self._placed is None:
                here = Path(store.engine.folder)
                folder = self._build(here)
                put_in_place(folder, here, segment=store.identity.segment)
                self._placed = folder
            # It may be in its place and not be opened, for want of memory or of descriptors: what
            # has come to the spill since is merged then, as after any failure.
            store.engine.move(str(self._placed))
            store.describe_anew()
            self._primary = Primary(store)
        except _REFUSED as error:
            self._snag = f"A new file could not be begun: {error}"
            self._freeze(Answer.WAIT)
            self._follow(Answer.WAIT, retry=Answer.REPLACE)
            return
        self._segment_seq = self._placed = None
        self._merged(store.primary_head)
        if self._spilled:
            self._enter(Stage.MERGING)
        else:
            self._spill.reset()
            self._enter(Stage.SOUND)

    def _build(self, here: Path) -> Path:
        identity, records = self._store.identity, list(self._spilled)
        try:
            return begin_segment(here, identity, records, standby=self._standby)
        except (OSError, lmdb.Error):
            if self._standby is None:
                raise
            # Nothing has got a name there yet.
            return begin_segment(here, identity, records, standby=None)

    # --- what is said about it

    def _enter(self, stage: Stage) -> None:
        if stage is not Stage.CHECKING and self._examination is not None:
            self._examination.end()
            self._examination = None
        if stage is not Stage.WAITING:
            self._snag = ""
        self._stage = stage
        self._publish()

    def _publish(self) -> None:
        before, self.health = self.health, self._snapshot()
        is_news = before._replace(
            spilled_records=self.health.spilled_records,
            spill_used_bytes=self.health.spill_used_bytes,
        )
        if is_news != self.health:
            self._on_health(self.health)

    def _snapshot(self) -> Health:
        growth = self._primary.growth if self._primary else None
        no_room = growth.no_room if growth else None
        fault = self._fault or (StorageFault.DISK_FULL if no_room else None)
        return Health(
            stage=self._stage,
            fault=fault,
            message=f"{self._message or no_room or ''} {self._snag}".strip(),
            since_ms=self._since_ms,
            spilled_from=self._spilled[0].head.seq if self._spilled else None,
            spilled_records=len(self._spilled),
            spill_used_bytes=self._spill.used_bytes,
            spill_bytes=self._spill.size_bytes,
            spill_failures=tuple(self._spill.failures),
            segment=self._store.identity.segment,
            reserve_only=self._reserve_only(full=no_room is not None),
            no_room=str(no_room or ""),
        )

    def _reserve_only(self, *, full: bool) -> bool:
        room_bytes = self._spill.room_bytes
        if self._stage is Stage.SOUND:
            if not full:
                return False
            usage = self._store.usage
            room_bytes += usage.map_bytes - usage.used_bytes
        elif self._stage in (Stage.MERGING, Stage.FAILED):
            return False
        reserve_bytes = self._spill.size_bytes * RESERVE_PERCENT // 100
        return room_bytes < max(reserve_bytes, RESERVE_BYTES_MIN)
