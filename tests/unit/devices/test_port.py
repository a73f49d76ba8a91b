"""One thread for each port: nothing that blocks there blocks anybody else."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from tillhald.devices import port as port_module
from tillhald.devices.errors import (
    DeviceClosing,
    DeviceQueueFull,
    DeviceStuck,
    DeviceTimeout,
    RetrySafety,
)
from tillhald.devices.port import CALLS_QUEUED_MAX, Port
from tillhald.devices.wake import READ


class Bench:
    """A port with a driver that waits for a pipe, as a real one waits for its device."""

    def __init__(self) -> None:
        self.port = Port("bench")
        self.reader, self.writer = os.pipe()
        self.turns = 0
        self.bugs: list[Exception] = []
        self.ended = threading.Event()
        self.turn: Callable[[float], None] = self.idle

    def idle(self, timeout_s: float) -> None:
        self.turns += 1
        self.port.wake.wait(None, 0, timeout_s, rousable=True)

    def block(self, left_s: float) -> bool:
        return bool(self.port.wake.wait(self.reader, READ, left_s, rousable=False))

    def hang(self, seconds: float, left_s: float) -> float:
        """Ignore the deadline and the end, as a call into a bad kernel driver does."""
        assert left_s > 0
        self.gate.wait(seconds)
        return left_s

    gate: threading.Event


@asynccontextmanager
async def running_bench() -> AsyncIterator[Bench]:
    bench = Bench()
    bench.gate = threading.Event()
    bench.port.start(
        turn=lambda timeout_s: bench.turn(timeout_s),
        end=bench.ended.set,
        on_bug=bench.bugs.append,
    )
    try:
        yield bench
    finally:
        bench.gate.set()
        assert await bench.port.close()
        assert bench.ended.is_set()
        os.close(bench.reader)
        os.close(bench.writer)


def echo(value: int, left_s: float) -> tuple[int, float]:
    return value, left_s


def fail(left_s: float) -> None:
    message = f"{left_s > 0}"
    raise ZeroDivisionError(message)


def test_a_call_is_done_on_the_ports_thread_and_answered_on_the_loop() -> None:
    async def scenario() -> None:
        async with running_bench() as bench:
            value, left_s = await bench.port.call(echo, 7, deadline_s=5.0)
            assert value == 7
            assert 4 < left_s <= 5
            name = await bench.port.call(lambda _: threading.current_thread().name, deadline_s=5.0)
            assert name == "port-bench"
            with pytest.raises(ZeroDivisionError):
                await bench.port.call(fail, deadline_s=5.0)

    asyncio.run(scenario())


def test_an_idle_port_takes_up_a_call_at_once() -> None:
    async def scenario() -> None:
        async with running_bench() as bench:
            slowest_s = 0.0
            for _ in range(20):
                began_s = time.monotonic()
                await bench.port.call(echo, 1, deadline_s=5.0)
                slowest_s = max(slowest_s, time.monotonic() - began_s)
            assert slowest_s < port_module.IDLE_TURN_S / 2
            assert bench.turns >= 20

    asyncio.run(scenario())


def test_a_call_beyond_its_deadline_leaves_the_loop_free_and_the_port_stuck_until_it_returns() -> (
    None
):
    async def scenario() -> None:
        async with running_bench() as bench:
            with pytest.raises(DeviceTimeout) as late:
                await bench.port.call(bench.hang, 30.0, deadline_s=0.1)
            assert late.value.retry_safety is RetrySafety.UNKNOWN
            assert bench.port.stuck
            with pytest.raises(DeviceStuck) as refused:
                await bench.port.call(echo, 1, deadline_s=1.0)
            assert refused.value.retry_safety is RetrySafety.SAFE
            bench.gate.set()
            end_s = time.monotonic() + 20
            while bench.port.stuck and time.monotonic() < end_s:
                await asyncio.sleep(0)
            assert (await bench.port.call(echo, 1, deadline_s=1.0))[0] == 1

    asyncio.run(scenario())


def test_a_call_that_waited_too_long_is_never_begun() -> None:
    async def scenario() -> None:
        async with running_bench() as bench:
            done: list[int] = []
            first = asyncio.create_task(bench.port.call(bench.hang, 30.0, deadline_s=5.0))
            second = asyncio.create_task(bench.port.call(lambda _: done.append(1), deadline_s=0.1))
            with pytest.raises(DeviceTimeout) as late:
                await second
            assert late.value.retry_safety is RetrySafety.SAFE
            bench.gate.set()
            await first
            await bench.port.call(echo, 1, deadline_s=1.0)
            assert done == []

    asyncio.run(scenario())


def test_a_caller_who_leaves_disturbs_nothing() -> None:
    async def scenario() -> None:
        async with running_bench() as bench:
            done: list[str] = []

            def note(name: str, left_s: float) -> None:
                assert left_s > 0
                done.append(name)

            first = asyncio.create_task(bench.port.call(bench.hang, 30.0, deadline_s=5.0))
            behind = [
                asyncio.create_task(bench.port.call(note, name, deadline_s=5.0)) for name in "ab"
            ]
            await asyncio.sleep(0)
            first.cancel()
            behind[0].cancel()
            await asyncio.wait([first, behind[0]])
            bench.gate.set()
            await behind[1]
            assert done == ["a", "b"]

    asyncio.run(scenario())


def test_a_full_queue_is_an_answer() -> None:
    async def scenario() -> None:
        async with running_bench() as bench:
            begun = threading.Event()
            calls = [
                asyncio.create_task(bench.port.call(lambda _: begun.wait(5), deadline_s=5.0))
                for _ in range(CALLS_QUEUED_MAX + 2)
            ]
            done, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
            begun.set()
            assert {type(call.exception()) for call in done} == {DeviceQueueFull}
            results = await asyncio.gather(*calls, return_exceptions=True)
            assert 1 <= sum(isinstance(one, DeviceQueueFull) for one in results) <= 2

    asyncio.run(scenario())


def test_closing_frees_a_blocked_call_and_refuses_those_behind_it() -> None:
    async def scenario() -> None:
        async with running_bench() as bench:
            blocked = asyncio.create_task(bench.port.call(bench.block, deadline_s=30.0))
            behind = asyncio.create_task(bench.port.call(echo, 1, deadline_s=30.0))
            await asyncio.sleep(0)
            began_s = time.monotonic()
            assert await bench.port.close()
            assert time.monotonic() - began_s < 15.0, "the call was waited for"
            for call in (blocked, behind):
                with pytest.raises(DeviceClosing):
                    await call
            with pytest.raises(DeviceClosing):
                await bench.port.call(echo, 1, deadline_s=1.0)
            end_s = time.monotonic() + 20
            while "port-bench" in {thread.name for thread in threading.enumerate()}:
                assert time.monotonic() < end_s, "the port's thread goes on"

    asyncio.run(scenario())


def test_a_drivers_bug_is_told_and_does_not_end_the_port() -> None:
    async def scenario() -> None:
        async with running_bench() as bench:
            bench.turn = fail
            await bench.port.call(echo, 1, deadline_s=5.0)
            end_s = time.monotonic() + 20
            while not bench.bugs and time.monotonic() < end_s:
                await asyncio.sleep(0)
            assert isinstance(bench.bugs[0], ZeroDivisionError)
            bench.turn = bench.idle
            assert (await bench.port.call(echo, 2, deadline_s=5.0))[0] == 2

    asyncio.run(scenario())


def test_a_ring_does_not_cut_short_what_must_not_be_roused() -> None:
    async def scenario() -> None:
        async with running_bench() as bench:
            blocked = asyncio.create_task(bench.port.call(bench.block, deadline_s=5.0))
            behind = asyncio.create_task(bench.port.call(echo, 3, deadline_s=5.0))
            await asyncio.sleep(0)
            os.write(bench.writer, b"x")
            assert await blocked
            assert (await behind)[0] == 3

    asyncio.run(scenario())
