"""Each front end's share: how many calls a second, and how many at the same time.

One that asks for more waits, and then is refused; the others notice nothing of it. What waits is
bounded, and so is what is remembered of each.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

from tillhald.domain.errors import PeerBusy

CALLS_PER_S: Final = 100
"""For ever. A quick cashier makes five."""
BURST_CALLS: Final = 100
"""So many more at once, after a pause: a screen that comes up asks for everything."""
CALLS_MAX: Final = 64
"""At the same time."""
STREAMS_MAX: Final = 32
REFUSE_S: Final = 1.0
"""How long a refusal takes: whoever asks again at once shall not keep the till busy with that."""
REFUSALS_MAX: Final = 64
"""So many refusals of one peer wait as long as that."""
CROWD_S: Final = 10.0
"""How long one more waits. All that can be open at an entrance come so again some hundred times a
second, and each costs the till a third of a millisecond."""
PEERS_MAX: Final = 300


class Peer:
    """What is under way of one peer, and when its next call is due."""

    __slots__ = ("calls", "due_s", "refusals", "streams")

    def __init__(self) -> None:
        self.due_s = 0.0
        self.calls = 0
        self.streams = 0
        self.refusals = 0


class Pace:
    """All peers. Everything runs on the event loop."""

    def __init__(self) -> None:
        self._peers: dict[str, Peer] = {}

    async def begin_call(self, name: str) -> Peer:
        """Count a call, and return when it may go on; whoever ends it counts it down.

        Raises PeerBusy.
        """
        peer = self._peer(name)
        if peer.calls >= CALLS_MAX:
            await self._refuse(peer)
        now_s = time.monotonic()
        due_s = max(peer.due_s, now_s - BURST_CALLS / CALLS_PER_S)
        peer.due_s = due_s + 1 / CALLS_PER_S
        peer.calls += 1
        if due_s > now_s:
            try:
                await asyncio.sleep(due_s - now_s)
            except BaseException:
                peer.calls -= 1
                raise
        return peer

    async def begin_stream(self, name: str, streams_max: int = STREAMS_MAX) -> Peer:
        """Count a stream; whoever ends it counts it down. Raises PeerBusy."""
        peer = self._peer(name)
        if peer.streams >= streams_max:
            await self._refuse(peer, streams_max)
        peer.streams += 1
        return peer

    async def slow_down(self, name: str) -> None:
        """Wait before a stranger is refused, so that asking again at once costs the till little."""
        await self._wait(self._peer(name))

    def _peer(self, name: str) -> Peer:
        peer = self._peers.get(name)
        if peer is None:
            if len(self._peers) >= PEERS_MAX:
                self._forget_idle()
            peer = self._peers[name] = Peer()
        return peer

    def _forget_idle(self) -> None:
        now_s = time.monotonic()
        for name, peer in list(self._peers.items()):
            if not (peer.calls or peer.streams or peer.refusals) and peer.due_s <= now_s:
                del self._peers[name]

    async def _refuse(self, peer: Peer, streams_max: int = STREAMS_MAX) -> None:
        await self._wait(peer)
        sentence = "This front end asks for more than its share."
        raise PeerBusy(sentence, calls=CALLS_MAX, streams=streams_max)

    async def _wait(self, peer: Peer) -> None:
        wait_s = REFUSE_S if peer.refusals < REFUSALS_MAX else CROWD_S
        peer.refusals += 1
        try:
            await asyncio.sleep(wait_s)
        finally:
            peer.refusals -= 1
