"""One thread for each physical port: all that may block on a device blocks there.

A call comes from the event loop through a bounded queue and its answer goes back the same way,
so a dead device holds up neither the loop nor another device. When nothing is asked, the thread
gives the driver its turn: it reads what the device says and mends the link.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import queue
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar, TypeVarTuple

from tillhald.devices.errors import (
    DeviceClosing,
    DeviceError,
    DeviceQueueFull,
    DeviceStuck,
    DeviceTimeout,
    RetrySafety,
)
from tillhald.devices.wake import Wake

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Args = TypeVarTuple("Args")

CALLS_QUEUED_MAX = 32
GRACE_S = 0.5
"""What a call gets beyond its deadline, so that the driver's own, better answer arrives."""
IDLE_TURN_S = 0.5
CRASH_PAUSE_S = 1.0
CLOSE_S_MAX = 2.0


class _State(enum.Enum):
    QUEUED = enum.auto()
    RUNNING = enum.auto()
    DROPPED = enum.auto()


class _Call(Generic[T_co]):
    def __init__(self, work: Callable[[float], T_co], deadline_s: float) -> None:
        self.work = work
        self.end_s = time.monotonic() + deadline_s
        self.loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[T_co] = self.loop.create_future()
        # Whoever asked may be gone: an answer that nobody reads is no error.
        self.answer.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._state = _State.QUEUED
        self._lock = threading.Lock()

    def claim(self, state: _State) -> bool:
        """Take the call out of the queue, for one fate only."""
        with self._lock:
            if self._state is not _State.QUEUED:
                return False
            self._state = state
            return True

    def run(self) -> None:
        """Do the work and post its result, or what it raised, to the loop."""
        try:
            result = self.work(self.end_s - time.monotonic())
        except Exception as error:  # noqa: BLE001 - it belongs to whoever asked
            self.fail(error)
        else:
            self._post(lambda: self.answer.set_result(result))

    def fail(self, error: Exception) -> None:
        """Post `error` to the loop."""
        self._post(lambda: self.answer.set_exception(error))

    def _post(self, deliver: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits any more
            self.loop.call_soon_threadsafe(lambda: None if self.answer.done() else deliver())


class Port:
    """`start` once, then `call` from the event loop, then `close` once."""

    def __init__(self, name: str) -> None:
        """`name` names the thread, `port-<name>`, and the device in errors."""
        self.name = name
        self.wake = Wake()
        self._calls: queue.Queue[_Call[object]] = queue.Queue(CALLS_QUEUED_MAX)
        self._running: _Call[object] | None = None
        self._closing = False
        self._freed = False
        self._ended: asyncio.Future[None] | None = None
        self._thread = threading.Thread(target=self._run, name=f"port-{name}", daemon=True)
        self._turn: Callable[[float], None]
        self._end: Callable[[], None]
        self._on_bug: Callable[[Exception], None]

    def start(
        self,
        *,
        turn: Callable[[float], None],
        end: Callable[[], None],
        on_bug: Callable[[Exception], None],
    ) -> None:
        """Run `turn(timeout_s)` whenever nothing is asked, and `end()` last, all on the thread.

        `on_bug` is told, on the thread, what a turn raised besides DeviceError.
        """
        self._turn, self._end, self._on_bug = turn, end, on_bug
        self._loop = asyncio.get_running_loop()
        self._ended = self._loop.create_future()
        self._thread.start()

    @property
    def stuck(self) -> bool:
        """Whether a call has passed its deadline and still holds the thread."""
        running = self._running
        return running is not None and time.monotonic() > running.end_s + GRACE_S

    async def call(self, work: Callable[[*Args, float], T], *args: *Args, deadline_s: float) -> T:
        """Run `work(*args, left_s)` on the port's thread, in the order of asking.

        `left_s` is what waiting in the queue has left of `deadline_s`. Cancelling the
        awaiter disturbs nothing: a deed that was asked for is done. Raises what `work` raises,
        DeviceTimeout, DeviceStuck, DeviceQueueFull and DeviceClosing.
        """
        if self._closing:
            raise self._closed()
        if self.stuck:
            message = f"{self.name} has not come back from an earlier call"
            raise DeviceStuck(message, device_id=self.name)
        call = _Call(lambda left_s: work(*args, left_s), deadline_s)
        try:
            self._calls.put_nowait(call)
        except queue.Full:
            message = f"{CALLS_QUEUED_MAX} calls wait for {self.name} already"
            raise DeviceQueueFull(message, device_id=self.name) from None
        self.wake.ring()
        # Waiting on the future itself would cancel it together with the awaiter.
        await asyncio.wait([call.answer], timeout=deadline_s + GRACE_S)
        if not call.answer.done():
            raise self._late(begun=not call.claim(_State.DROPPED))
        return call.answer.result()

    def ring(self) -> None:
        """Have the thread look up from what it waits for, unless it is being closed."""
        if not self._closing:
            self.wake.ring()

    async def close(self) -> bool:
        """Free a blocked call, let the driver end its work, end the thread. False: it is stuck.

        A second call answers as the first.
        """
        if not self._closing:
            self._closing = True
            self.wake.stop()
            if self._ended is not None:
                await asyncio.wait([self._ended], timeout=CLOSE_S_MAX)
            if self._ended is None or self._ended.done():
                self._freed = True
                self.wake.close()
        return self._freed  # a thread that hangs in the kernel ends with the process

    def _closed(self) -> DeviceClosing:
        return DeviceClosing(f"{self.name} is being closed", device_id=self.name)

    def _late(self, *, begun: bool) -> DeviceTimeout:
        how = "did not finish" if begun else "did not begin"
        safety = RetrySafety.UNKNOWN if begun else RetrySafety.SAFE
        message = f"{self.name} {how} in time"
        return DeviceTimeout(message, device_id=self.name, retry_safety=safety)

    # --- on the port's thread ---

    def _run(self) -> None:
        try:
            while not self._closing:
                self.wake.hush()
                called = self._serve_one()
                self._take_turn(0.0 if called else IDLE_TURN_S)
        finally:
            self._refuse_queued()
            with contextlib.suppress(DeviceError):
                self._end()
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._mark_ended)

    def _mark_ended(self) -> None:
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)

    def _serve_one(self) -> bool:
        try:
            call = self._calls.get_nowait()
        except queue.Empty:
            return False
        if not call.claim(_State.RUNNING):
            return True
        if call.end_s <= time.monotonic():
            call.fail(self._late(begun=False))
            return True
        self._running = call
        try:
            call.run()
        finally:
            self._running = None
        return True

    def _take_turn(self, timeout_s: float) -> None:
        try:
            self._turn(timeout_s)
        except DeviceClosing:
            return
        except Exception as error:  # noqa: BLE001 - a driver's bug must not end the port
            self._on_bug(error)
            with contextlib.suppress(DeviceClosing):
                self.wake.wait(None, 0, CRASH_PAUSE_S, rousable=True)

    def _refuse_queued(self) -> None:
        while True:
            try:
                call = self._calls.get_nowait()
            except queue.Empty:
                return
            if call.claim(_State.DROPPED):
                call.fail(self._closed())
