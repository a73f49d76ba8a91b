"""Checking the whole chain in the background, once at a time, for any number of watchers."""

from __future__ import annotations

import asyncio
import enum
import time
from typing import TYPE_CHECKING, NamedTuple

import structlog

from tillhald.journal.errors import Fault, JournalDamaged
from tillhald.journal.verify import Verdict, verify_in_child

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


log = structlog.get_logger(__name__)

VERIFY_S_MAX = 3600.0


class ChainCheck(enum.StrEnum):
    RUNNING = "running"
    SOUND = "sound"
    FAULTY = "faulty"
    FAILED = "failed"


class Finding(NamedTuple):
    fault: Fault
    seq: int
    sentence: str


class Step(NamedTuple):
    """Where a check stands. `verdict` or `finding` is there when it is over."""

    done: int
    total: int
    eta_s: int
    verdict: Verdict | None = None
    finding: Finding | None = None

    @property
    def is_over(self) -> bool:
        return self.verdict is not None or self.finding is not None


class _Check:
    """One check and how far it has come, for any number of watchers."""

    def __init__(self) -> None:
        self.step = Step(0, 0, 0)
        self._stepped = asyncio.Event()

    def advance(self, step: Step) -> None:
        self.step = step
        stepped, self._stepped = self._stepped, asyncio.Event()
        stepped.set()

    async def steps(self) -> AsyncIterator[Step]:
        """A watcher that is slow misses steps in between, never the last one."""
        while True:
            step, stepped = self.step, self._stepped
            yield step
            if step.is_over:
                return
            await stepped.wait()


class Verification:
    """Runs checks in a child process, one at a time. A check goes on whoever hangs up."""

    def __init__(
        self,
        segment: Callable[[], tuple[str, int]],
        tasks: asyncio.TaskGroup,
        *,
        on_fault: Callable[[str, int], None],
    ) -> None:
        """`segment` tells the journal's folder and the number of its segment, as they are now.

        `on_fault(sentence, number)` hears that this segment is damaged.
        """
        self._segment = segment
        self._tasks = tasks
        self._on_fault = on_fault
        self._task: asyncio.Task[None] | None = None
        self._check = _Check()
        self._next: _Check | None = None
        self.last_check = ChainCheck.RUNNING

    def begin(self) -> None:
        """Begin a check unless one is running."""
        if self._task is None or self._task.done():
            self._check = _Check()
            self._task = self._tasks.create_task(self._run(), name="verify")

    def stop(self) -> None:
        """End a running check; its child is killed."""
        if self._task is not None:
            self._task.cancel()

    @property
    def step(self) -> Step:
        """Where the running check stands, or how the last one ended."""
        return self._check.step

    async def over(self) -> None:
        """Return once the check that is running is over; if none is, one begins."""
        self.begin()
        async for _ in self._check.steps():
            pass

    def steps(self) -> AsyncIterator[Step]:
        """The steps of a check that begins after this call; the last one is over.

        A check that is running may have passed the very record that the caller is in doubt about:
        so another one begins behind it, one for all who asked meanwhile.
        """
        if self._task is None or self._task.done():
            self.begin()
            return self._check.steps()
        self._next = self._next or _Check()
        return self._next.steps()

    async def _run(self) -> None:
        while True:
            if self.last_check is ChainCheck.SOUND:  # a known fault stays known until disproved
                self.last_check = ChainCheck.RUNNING
            await self._check_once()
            if self._next is None:
                return
            self._check, self._next = self._next, None

    async def _check_once(self) -> None:
        while True:
            folder, number = self._segment()
            result = await self._look(folder)
            if self._segment() == (folder, number):
                break
            # That file was put aside meanwhile; what there is to know is how the new one is.
        if isinstance(result, Verdict):
            self.last_check = ChainCheck.SOUND
            log.info("journal_verified", records=result.last_seq, rows=result.rows)
            self._check.advance(self._check.step._replace(verdict=result))
            return
        is_known = result.fault is not Fault.UNREADABLE
        self.last_check = ChainCheck.FAULTY if is_known else ChainCheck.FAILED
        log.critical("journal_fault_found", fault=result.fault, seq=result.seq)
        self._check.advance(self._check.step._replace(finding=result))
        if is_known:
            self._on_fault(result.sentence, number)

    async def _look(self, folder: str) -> Verdict | Finding:
        began = time.monotonic()

        def on_progress(done: int, total: int) -> None:
            spent = time.monotonic() - began
            self._check.advance(Step(done, total, round(spent * (total - done) / done)))

        try:
            return await verify_in_child(folder, on_progress, deadline_s=VERIFY_S_MAX)
        except JournalDamaged as damage:
            return Finding(damage.fault, damage.seq or 0, damage.sentence)
        except TimeoutError:
            return Finding(Fault.UNREADABLE, 0, "The check took too long.")
        except Exception as error:
            # The child could not be started, or was killed in the middle of a word: no reason
            # to take the till down.
            log.error("journal_check_failed", exc_info=error)
            return Finding(Fault.UNREADABLE, 0, f"The check could not be done: {error}")
