"""Waiting for something, and not for ever."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable


async def comes_within(what: Awaitable[object], within_s: float) -> bool:
    """Whether `what` came to be in this time; it is cancelled otherwise.

    Not `asyncio.wait_for`: before Python 3.12 it loses a cancellation that comes together with what
    is waited for, and a task that is to end would go on.
    """
    try:
        async with asyncio.timeout(within_s):
            await what
    except TimeoutError:
        return False
    return True
