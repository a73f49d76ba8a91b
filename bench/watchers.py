"""Front ends that watch with grpc-python: `python -m bench.watchers TARGET COUNT` in a process.

Each has a connection of its own. When all are up to date, it says "ready". At the end of its input
it writes, as JSON, for each watcher when each device event came, `came[watcher][event]` as [code,
cursor, ns] by the monotonic clock; how many `messages` came in all; and the `cpu_s` that it needed
from when all were up to date.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TypeAlias

import grpc
import msgspec
import uvloop

from tillhal.v1 import system_pb2, system_pb2_grpc

OPTIONS = [("grpc.use_local_subchannel_pool", 1)]
Came: TypeAlias = tuple[str, int, int]
"""A device event: its code, its cursor, and when it came."""


class Told(msgspec.Struct):
    """What a process of watchers has to tell."""

    came: list[list[Came]]
    messages: int
    cpu_s: float


def tell(came: list[list[Came]], messages: int, cpu_s: float) -> None:
    """Write it to the output."""
    sys.stdout.buffer.write(msgspec.json.encode(Told(came, messages, cpu_s)))


class Watcher:
    """One channel with one watch on it."""

    def __init__(self) -> None:
        self.came: list[Came] = []
        self.messages = 0
        self.caught_up = asyncio.Event()

    async def watch(self, target: str) -> None:
        """Note what comes, for ever."""
        async with grpc.aio.insecure_channel(target, options=OPTIONS) as channel:
            system = system_pb2_grpc.SystemServiceStub(channel)
            async for event in system.WatchEvents(system_pb2.WatchEventsRequest(from_now=True)):
                at_ns = time.monotonic_ns()
                self.messages += 1
                if event.HasField("device"):
                    self.came.append((event.device.condition.code, event.cursor, at_ns))
                elif event.HasField("caught_up"):
                    self.caught_up.set()


async def _run(target: str, count: int) -> None:
    watchers = [Watcher() for _ in range(count)]
    watching = [asyncio.create_task(watcher.watch(target)) for watcher in watchers]
    await asyncio.gather(*(watcher.caught_up.wait() for watcher in watchers))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    begun_s = time.process_time()
    await asyncio.to_thread(sys.stdin.read)
    cpu_s = time.process_time() - begun_s
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    tell([each.came for each in watchers], sum(each.messages for each in watchers), cpu_s)


if __name__ == "__main__":
    uvloop.run(_run(sys.argv[1], int(sys.argv[2])))
