"""Streams that go on by themselves after a lost connection, without loss and without doubling."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

import grpc

from tillhal import errors
from tillhal.v1 import device_pb2, journal_pb2, power_pb2, printer_pb2, system_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from types import TracebackType
    from typing import Self

BACKOFF_S_MIN: Final = 0.1
BACKOFF_S_MAX: Final = 2.0
"""A till restarts in a second or two; a screen that waits much longer looks broken."""

_STREAM_WORDS: Final = frozenset({"caught_up", "draining"})

CursorResponse = TypeVar(
    "CursorResponse",
    system_pb2.WatchEventsResponse,
    journal_pb2.WatchJournalResponse,
    printer_pb2.WatchJobsResponse,
    power_pb2.WatchPowerResponse,
)
ResponseT_co = TypeVar("ResponseT_co", covariant=True)
ResponseT_contra = TypeVar("ResponseT_contra", contravariant=True)


def backoff_s(losses: int) -> float:
    """Seconds to wait after that many losses in a row: doubling, bounded, with jitter."""
    bound = min(BACKOFF_S_MAX, BACKOFF_S_MIN * 2.0 ** min(losses, 16))
    return random.uniform(bound / 2, bound)  # noqa: S311  # jitter, not a secret


def resumable(failure: errors.TillError) -> bool:
    """Whether a stream that ended with `failure` may be taken up again by itself."""
    # UNAVAILABLE is also a journal that cannot be written just now: the till will come back.
    return (
        isinstance(failure, errors.Unreachable | errors.Overloaded)
        or failure.code is grpc.StatusCode.UNAVAILABLE
    )


class Place(Protocol[ResponseT_contra]):
    """Where a stream stands."""

    @property
    def resume_cursor(self) -> int:
        """The cursor behind which nothing was missed, though some may come again."""

    def take_up(self) -> int:
        """The cursor to ask for, to take the stream up at this place."""

    def admit(self, message: ResponseT_contra) -> bool:
        """Move the place past `message`; False when it has been seen before."""


class JournalPlace(Generic[CursorResponse]):
    """A place in a stream that has a cursor.

    One journal record may become several messages with the same cursor, and the connection may
    break between them. So the stream is taken up one record earlier, and as many messages of the
    last cursor are passed over as have been seen.
    """

    def __init__(self, cursor: int) -> None:
        """Begin behind `cursor`, 0 being the journal's beginning."""
        self.cursor = cursor
        self._seen = 0
        self._pass_over = 0

    @property
    def resume_cursor(self) -> int:
        """The cursor behind which nothing was missed, though some may come again."""
        return self.cursor - 1 if self._seen else self.cursor

    def take_up(self) -> int:
        """The cursor to ask for, to take the stream up at this place."""
        self._pass_over = self._seen
        return self.resume_cursor

    def admit(self, message: CursorResponse) -> bool:
        """Move the place past `message`; False when it has been seen before."""
        # The two were named apart, and a name in the contract stays.
        has_event = isinstance(
            message, system_pb2.WatchEventsResponse | power_pb2.WatchPowerResponse
        )
        field = "event" if has_event else "item"
        if message.WhichOneof(field) in _STREAM_WORDS:
            if message.cursor > self.cursor:
                self.cursor, self._seen, self._pass_over = message.cursor, 0, 0
            return True
        if message.cursor > self.cursor:
            self.cursor, self._seen, self._pass_over = message.cursor, 1, 0
            return True
        if message.cursor < self.cursor or not self._seen:
            return False
        if self._pass_over:
            self._pass_over -= 1
            return False
        self._seen += 1
        return True


class DevicesPlace:
    """A place in WatchDevices: what is known of each device. A new stream tells all again."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._known: dict[str, bytes] = {}  # one for each configured device

    @property
    def resume_cursor(self) -> int:
        """Always 0: this stream has no cursor."""
        return 0

    def take_up(self) -> int:
        """Always 0: this stream has no cursor."""
        return 0

    def admit(self, message: device_pb2.WatchDevicesResponse) -> bool:
        """Keep the device; False when it is as it was."""
        if message.removed:
            return self._known.pop(message.device.device_id, None) is not None
        # Bytes and not the message: that one belongs to the caller, who may change it.
        told = message.device.SerializeToString(deterministic=True)
        if self._known.get(message.device.device_id) == told:
            return False
        self._known[message.device.device_id] = told
        return True


class Stream(Protocol[ResponseT_co]):
    """A server stream of a sync gRPC call."""

    def __next__(self) -> ResponseT_co:
        """The next message; StopIteration at the end, grpc.RpcError when it breaks."""

    def cancel(self) -> bool:
        """End the call."""


class AsyncStream(Protocol[ResponseT_co]):
    """A server stream of a grpc.aio call."""

    def __aiter__(self) -> AsyncIterator[ResponseT_co]:
        """Its messages; grpc.RpcError when it breaks."""

    def cancel(self) -> bool:
        """End the call."""


class Watch(Generic[ResponseT_co]):
    """An endless iterator over a stream; it ends when it, or the till's client, is closed.

    A lost connection is taken up again at the same place. What cannot be mended by waiting
    (`CursorAhead`, `DeviceNotFound`, …) is raised. Iterate in one thread; `close()` may come from
    any thread.
    """

    def __init__(
        self, open_at: Callable[[int], Stream[ResponseT_co]], place: Place[ResponseT_co]
    ) -> None:
        """Watch from `place` on; nothing is sent before the first message is asked for."""
        self._open_at = open_at
        self._place = place
        self._closed = threading.Event()
        self._lock = threading.Lock()  # guards _call against a close() from another thread
        self._call: Stream[ResponseT_co] | None = None
        self._losses = 0

    def __iter__(self) -> Self:
        """Itself."""
        return self

    def __next__(self) -> ResponseT_co:
        """The next message, waited for as long as it takes; StopIteration once closed."""
        while True:
            call = self._stream()
            try:
                message = next(call)
            except StopIteration:
                pass  # the till said goodbye: it is restarting
            except grpc.RpcError as error:
                self._rethrow_unless_resumable(error)
            else:
                self._losses = 0
                if self._place.admit(message):
                    return message
                continue
            self._drop()
            self._losses += 1
            if self._closed.wait(backoff_s(self._losses - 1)):
                raise StopIteration

    @property
    def resume_cursor(self) -> int:
        """What to store, to go on after a restart of your own.

        A watch made with this cursor misses nothing. The events of the record that you were in
        come again: one record may be several events of one cursor.
        """
        return self._place.resume_cursor

    def close(self) -> None:
        """End the watch: the iterator that waits for a message stops. May be called twice."""
        self._closed.set()
        self._drop()

    def __enter__(self) -> Self:
        """Itself, to be closed at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def __del__(self) -> None:
        """Close: gRPC would keep an abandoned call for ever (grpc/grpc#43462)."""
        self.close()

    def _stream(self) -> Stream[ResponseT_co]:
        with self._lock:
            if self._closed.is_set():
                raise StopIteration
            if self._call is None:
                self._call = self._open_at(self._place.take_up())
            return self._call

    def _rethrow_unless_resumable(self, error: grpc.RpcError) -> None:
        if self._closed.is_set():
            raise StopIteration from None
        failure = errors.from_rpc(error)
        if not resumable(failure):
            self.close()
            raise failure from error

    def _drop(self) -> None:
        with self._lock:
            call, self._call = self._call, None
        if call is not None:
            call.cancel()


class AsyncWatch(Generic[ResponseT_co]):
    """As `Watch`, for `async for`. Use it with `async with` to begin, and to end, at a known point.

    Without a cursor it begins with what happens after it is entered or first iterated.
    """

    def __init__(
        self,
        open_at: Callable[[int], AsyncStream[ResponseT_co]],
        begin: Callable[[], Awaitable[Place[ResponseT_co]]],
    ) -> None:
        """Watch from the place that `begin` finds."""
        self._open_at = open_at
        self._begin = begin
        self._place: Place[ResponseT_co] | None = None
        self._closed = asyncio.Event()
        self._call: AsyncStream[ResponseT_co] | None = None
        self._messages: AsyncIterator[ResponseT_co] | None = None
        self._losses = 0

    def __aiter__(self) -> Self:
        """Itself."""
        return self

    async def __anext__(self) -> ResponseT_co:
        """The next message, waited for as long as it takes; StopAsyncIteration once closed."""
        place = await self._begun()
        while not self._closed.is_set():
            try:
                message = await anext(self._stream(place))
            except StopAsyncIteration:
                pass  # the till said goodbye: it is restarting
            except asyncio.CancelledError:
                self._drop()
                task = asyncio.current_task()
                if self._closed.is_set() and not (task is not None and task.cancelling()):
                    break  # it was close() that cancelled the call, nobody cancels this task
                raise
            except grpc.RpcError as error:
                if self._closed.is_set():
                    break
                self._rethrow_unless_resumable(error)
            else:
                self._losses = 0
                if place.admit(message):
                    return message
                continue
            self._drop()
            self._losses += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), backoff_s(self._losses - 1))
        raise StopAsyncIteration

    @property
    def resume_cursor(self) -> int:
        """What to store, to go on after a restart of your own.

        A watch made with this cursor misses nothing. The events of the record that you were in
        come again: one record may be several events of one cursor.
        """
        return 0 if self._place is None else self._place.resume_cursor

    async def aclose(self) -> None:
        """End the watch: the iterator that waits for a message stops. May be called twice."""
        self.close()

    def close(self) -> None:
        """End the watch, from the event loop's thread. May be called twice."""
        self._closed.set()
        self._drop()

    async def __aenter__(self) -> Self:
        """Itself: what happens from now on will be told."""
        await self._begun()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def __del__(self) -> None:
        """End the call: gRPC would keep an abandoned one for ever (grpc/grpc#43462)."""
        with contextlib.suppress(RuntimeError):  # the loop may have been closed before us
            self._drop()

    async def _begun(self) -> Place[ResponseT_co]:
        if self._place is None:
            self._place = await self._begin()
        return self._place

    def _stream(self, place: Place[ResponseT_co]) -> AsyncIterator[ResponseT_co]:
        if self._messages is None:
            self._call = self._open_at(place.take_up())
            self._messages = aiter(self._call)
        return self._messages

    def _rethrow_unless_resumable(self, error: grpc.RpcError) -> None:
        failure = errors.from_rpc(error)
        if not resumable(failure):
            self.close()
            raise failure from error

    def _drop(self) -> None:
        call, self._call, self._messages = self._call, None, None
        if call is not None:
            call.cancel()
