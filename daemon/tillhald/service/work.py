"""Long work that goes on when its caller hangs up, and can be watched by several."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine

S = TypeVar("S")

STEPS_KEPT_MAX = 100
"""Of one piece of work, the last ones; whoever comes late sees those."""


class _Told(Generic[S]):
    """The steps of one piece of work. `dropped` came before those that are kept."""

    def __init__(self) -> None:
        self.kept: list[S] = []
        self.dropped = 0

    def after(self, seen: int) -> list[S]:
        """The steps that are kept, behind the first `seen` ones."""
        return self.kept[max(seen - self.dropped, 0) :]


class Work(Generic[S]):
    """One piece of work at a time, told in steps. Everything runs on the event loop."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self._tasks = tasks
        self._task: asyncio.Task[None] | None = None
        self._steps: _Told[S] = _Told()
        self._told = asyncio.Event()

    @property
    def is_running(self) -> bool:
        """Whether it is under way."""
        return self._task is not None and not self._task.done()

    def begin(self, work: Coroutine[None, None, None]) -> None:
        """Begin `work`, which calls `tell` and must not raise. Not while one is running."""
        assert not self.is_running, "one piece of work at a time"
        self._steps = _Told()
        self._task = self._tasks.create_task(work)
        self._task.add_done_callback(lambda _: self._wake())

    def tell(self, step: S) -> None:
        """Say where the work stands."""
        steps = self._steps
        steps.kept.append(step)
        if len(steps.kept) > STEPS_KEPT_MAX:
            del steps.kept[0]
            steps.dropped += 1
        self._wake()

    async def steps(self) -> AsyncGenerator[S, None]:
        """The steps of the work that runs, or that ran last, until it is over. A watcher that is
        slow may miss some in between, never the last one."""
        steps, seen = self._steps, 0
        while True:
            told = self._told
            while left := steps.after(seen):
                seen = steps.dropped + len(steps.kept) - len(left) + 1
                yield left[0]
            if steps is not self._steps or not self.is_running:
                return
            await told.wait()

    def stop(self) -> None:
        """End it where it stands."""
        if self._task is not None:
            self._task.cancel()

    def _wake(self) -> None:
        told, self._told = self._told, asyncio.Event()
        told.set()
