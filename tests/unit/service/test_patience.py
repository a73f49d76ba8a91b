"""Waiting with an end loses neither what was waited for nor that the waiter is to end."""

from __future__ import annotations

import asyncio

import pytest

from tillhald.service.patience import comes_within

LONG_S = 60.0


def test_what_comes_in_time_is_told_from_what_does_not() -> None:
    async def wait() -> list[bool]:
        event = asyncio.Event()
        late = await comes_within(event.wait(), 0.01)
        asyncio.get_running_loop().call_soon(event.set)
        return [late, await comes_within(event.wait(), LONG_S), await comes_within(event.wait(), 0)]

    assert asyncio.run(wait()) == [False, True, True]


@pytest.mark.parametrize("turns", range(5))
def test_who_is_told_to_end_just_as_it_comes_ends(turns: int) -> None:
    """`turns` of the loop lie between the two."""

    async def wait() -> None:
        event = asyncio.Event()
        task = asyncio.create_task(comes_within(event.wait(), LONG_S))
        await asyncio.sleep(0)
        event.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        if task.cancel():
            with pytest.raises(asyncio.CancelledError):
                await task
        else:
            assert await task

    asyncio.run(wait())
