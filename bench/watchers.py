"""Fifty front ends that watch: `python -m bench.watchers TARGET COUNT` in a process of its own.

Each has a connection of its own. When all are up to date, it says "ready". At the end of its input
it writes, for each watcher, when each device event came: JSON, [watcher][event] = [code, ns], by
the monotonic clock.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import grpc
import uvloop

from tillhal.v1 import system_pb2, system_pb2_grpc

OPTIONS = [("grpc.use_local_subchannel_pool", 1)]


async def _watch(target: str, came: list[tuple[str, int]], ready: asyncio.Event) -> None:
    async with grpc.aio.insecure_channel(target, options=OPTIONS) as channel:
        system = system_pb2_grpc.SystemServiceStub(channel)
        async for event in system.WatchEvents(system_pb2.WatchEventsRequest(from_now=True)):
            at_ns = time.monotonic_ns()
            if event.HasField("device"):
                came.append((event.device.condition.code, at_ns))
            elif event.HasField("caught_up"):
                ready.set()


async def _run(target: str, count: int) -> None:
    everybody: list[list[tuple[str, int]]] = [[] for _ in range(count)]
    readies = [asyncio.Event() for _ in range(count)]
    watching = [
        asyncio.create_task(_watch(target, came, ready))
        for came, ready in zip(everybody, readies, strict=True)
    ]
    await asyncio.gather(*(ready.wait() for ready in readies))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    sys.stdout.write(json.dumps(everybody))


if __name__ == "__main__":
    uvloop.run(_run(sys.argv[1], int(sys.argv[2])))
