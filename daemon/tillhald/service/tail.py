"""The durable end of the journal, for those who wait for it on the event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Self

from tillhald.journal.errors import StorageFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tillhald.journal.format import StoredRecord
    from tillhald.service.follow import Hole


class Tail:
    """How far the journal is on disk, and who waits for it to come further.

    Everything here runs on the event loop; the journal's writer thread reports through
    `call_soon_threadsafe`. Nobody waits on a future that others share: a caller that is
    cancelled takes only its own away.
    """

    def __init__(self, durable_seq: int) -> None:
        self.durable_seq = durable_seq
        self.spilled_from: int | None = None
        """The first record that only the spill holds; None when the journal holds them all."""
        self.failure: BaseException | None = None
        self.draining = False
        self.read_last: tuple[tuple[int, int], list[StoredRecord] | list[Hole]] = ((-1, -1), [])
        """What was read after a cursor up to a durable end; see service.follow."""
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._watching: set[asyncio.Event] = set()
        self._on_advance: list[Callable[[int], None]] = []

    def advanced(self, seq: int) -> None:
        """Every record up to `seq` is on disk: wake those who waited for it, all in one go."""
        self.durable_seq = seq
        for hear in self._on_advance:
            hear(seq)
        waiting = self._waiting
        while waiting and waiting[0][0] <= seq:
            future = waiting.popleft()[1]
            if not future.done():
                future.set_result(None)
        for event in self._watching:
            event.set()

    def is_spilled(self, seq: int) -> bool:
        """Whether record `seq`, which is durable, is in the spill and not in the journal yet."""
        return self.spilled_from is not None and seq >= self.spilled_from

    def failed(self, error: BaseException) -> None:
        """Storing has ended: nobody who still waits may be told that it went well."""
        self.failure = error
        while self._waiting:
            future = self._waiting.popleft()[1]
            if not future.done():
                future.set_exception(self._refusal())
        for event in self._watching:
            event.set()

    def drain(self) -> None:
        """The daemon is going down: let every watcher say goodbye."""
        self.draining = True
        for event in self._watching:
            event.set()

    def on_advance(self, hear: Callable[[int], None]) -> None:
        """Call `hear(seq)` on the loop each time the journal has come further."""
        self._on_advance.append(hear)

    async def reached(self, seq: int) -> None:
        """Return once record `seq` is on disk. Raises StorageFailed if it may never be.

        Callers ask in the order of growing `seq`, as a single state on a single loop does.
        """
        if self.failure is not None:
            raise self._refusal()
        if seq <= self.durable_seq:
            return
        assert not self._waiting or self._waiting[-1][0] <= seq, "waiters ask in order"
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((seq, future))
        await future

    def watch(self) -> Watch:
        """Something to wait with for each further step."""
        return Watch(self, self._watching)

    def _refusal(self) -> StorageFailed:
        sentence = "The journal cannot be written: nothing can be answered for certain."
        return StorageFailed(sentence, durable_seq=self.durable_seq)


class Watch:
    """Waits for the journal to come further, again and again. Use it as a context manager."""

    def __init__(self, tail: Tail, watching: set[asyncio.Event]) -> None:
        self._tail = tail
        self._watching = watching
        self._event = asyncio.Event()

    def __enter__(self) -> Self:
        self._watching.add(self._event)
        return self

    def __exit__(self, *_: object) -> None:
        self._watching.discard(self._event)

    async def beyond(self, seq: int) -> int:
        """Return the durable seq once it is above `seq`, or as it is when the daemon drains.

        Raises StorageFailed when storing ends.
        """
        while self._tail.durable_seq <= seq and not self._tail.draining:
            if self._tail.failure is not None:
                raise StorageFailed(str(self._tail.failure), durable_seq=self._tail.durable_seq)
            self._event.clear()
            await self._event.wait()
        return self._tail.durable_seq
