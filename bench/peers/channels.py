"""gRPC connections for the load, the same for every server that speaks gRPC."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_OPTIONS = (
    # Callers that shared a connection would have their frames read and written together.
    ("grpc.use_local_subchannel_pool", 1),
    # The path of a unix socket is no host name that every server accepts.
    ("grpc.default_authority", "localhost"),
)


@contextlib.asynccontextmanager
async def channels(target: str, count: int) -> AsyncIterator[list[grpc.aio.Channel]]:
    """Connect `count` channels, each with a connection of its own."""
    async with contextlib.AsyncExitStack() as stack:
        opened = []
        for _ in range(count):
            channel = grpc.aio.insecure_channel(target, options=_OPTIONS)
            opened.append(await stack.enter_async_context(channel))
        for channel in opened:
            await channel.channel_ready()
        yield opened
