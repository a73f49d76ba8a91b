"""Followers of the journal: each at its own pace, and the newest read once for all of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tillhald.service.follow import Hole, Mark, follow
from tillhald.service.tail import Tail


class Stored:
    """A record, as far as following looks at it."""

    def __init__(self, seq: int) -> None:
        self.seq = seq


class CountingStore:
    """A store that counts its reads."""

    def __init__(self, tail: Tail) -> None:
        self._tail = tail
        self.reads = 0
        self.base = Stored(0)

    def records(self, after_seq: int, limit: int) -> list[Stored]:
        self.reads += 1
        last = min(after_seq + limit, self._tail.durable_seq)
        return [Stored(seq) for seq in range(after_seq + 1, last + 1)]


class Follower:
    def __init__(self, store: Any, tail: Tail, cursor: int) -> None:
        self.heard: list[int | Mark] = []
        self._items = follow(store, tail, cursor)

    async def hear(self, count: int) -> None:
        for _ in range(count):
            item = await asyncio.wait_for(anext(self._items), 5.0)
            assert not isinstance(item, Hole)
            self.heard.append(item if isinstance(item, Mark) else item.seq)


@pytest.mark.parametrize("followers", [1, 50])
def test_what_is_new_is_read_once_however_many_follow(followers: int) -> None:
    async def run() -> int:
        tail = Tail(3)
        store = CountingStore(tail)
        everybody = [Follower(store, tail, 3) for _ in range(followers)]
        for each in everybody:
            await each.hear(1)  # it is caught up
        for seq in range(4, 14):
            tail.advanced(seq)
            await asyncio.gather(*(each.hear(1) for each in everybody))
        assert all(each.heard == [Mark.CAUGHT_UP, *range(4, 14)] for each in everybody)
        return store.reads

    assert asyncio.run(run()) == 10


def test_a_slow_follower_misses_nothing_and_nobody_hears_twice() -> None:
    async def run() -> None:
        tail = Tail(0)
        store = CountingStore(tail)
        quick, slow = Follower(store, tail, 0), Follower(store, tail, 0)
        await quick.hear(1)
        await slow.hear(1)
        for seq in range(1, 251):
            tail.advanced(seq)
            await quick.hear(1)
            if seq % 100 == 0:
                await slow.hear(30)
        await slow.hear(250 - 60)
        late = Follower(store, tail, 240)
        await late.hear(11)
        assert quick.heard == slow.heard == [Mark.CAUGHT_UP, *range(1, 251)]
        assert late.heard == [*range(241, 251), Mark.CAUGHT_UP]

    asyncio.run(run())
