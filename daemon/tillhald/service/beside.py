"""Work on files that takes longer than the event loop may stand still, on a thread beside it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")


async def beside(call: Callable[P, R], *args: P.args, **named: P.kwargs) -> R:
    """What `call` returns or raises. It goes on where whoever waits is cancelled."""
    return await asyncio.to_thread(call, *args, **named)
