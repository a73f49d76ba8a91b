"""Long work that is watched: nobody misses how it ended."""

from __future__ import annotations

import asyncio

from tillhald.service.work import STEPS_KEPT_MAX, Work

STEPS = 3 * STEPS_KEPT_MAX


def watched(pause_every: int) -> tuple[list[int], list[int]]:
    """What a watcher from the start, and one that comes when it is over, are told."""

    async def go() -> tuple[list[int], list[int]]:
        async with asyncio.TaskGroup() as tasks:
            work: Work[int] = Work(tasks)

            async def count() -> None:
                for number in range(STEPS):
                    work.tell(number)
                    if number % pause_every == 0:
                        await asyncio.sleep(0)

            work.begin(count())
            early = [step async for step in work.steps()]
            late = [step async for step in work.steps()]
        return early, late

    return asyncio.run(go())


def test_a_watcher_that_keeps_up_is_told_every_step() -> None:
    early, late = watched(pause_every=1)
    assert early == list(range(STEPS))
    assert late == list(range(STEPS - STEPS_KEPT_MAX, STEPS))


def test_a_watcher_that_is_slow_misses_steps_in_between_and_never_the_last() -> None:
    early, _ = watched(pause_every=STEPS)
    assert early[-1] == STEPS - 1
    assert len(early) <= STEPS_KEPT_MAX + 1
    assert early == sorted(set(early))
