"""PINs, hashed by argon2id on a thread of their own: it takes a tenth of a second on purpose.

The event loop must not stand still for that, and a till under load must not sell more slowly
because somebody signs on. So there is one thread, of a lower priority than the loop's, and a short
queue: whoever comes when it is full is told to come again. The priority is not the lowest: beside
a busy browser a cashier would then wait for seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import threading
from typing import TYPE_CHECKING, Final, TypeVar

import argon2

from tillhald.domain.errors import Full

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

HASHES_WAITING_MAX: Final = 8
NICE: Final = 5
HASH_BYTES: Final = 32
SALT_BYTES: Final = 16


class PinHasher:
    """Hashes and verifies. Use it on one event loop; the thread begins with the first PIN."""

    def __init__(self, *, memory_kib: int, passes: int) -> None:
        self._argon2 = argon2.PasswordHasher(
            time_cost=passes,
            memory_cost=memory_kib,
            parallelism=1,
            hash_len=HASH_BYTES,
            salt_len=SALT_BYTES,
        )
        self._queue: queue.Queue[Callable[[], None]] = queue.Queue(HASHES_WAITING_MAX)
        self._thread: threading.Thread | None = None
        self._nobodys_hash = ""

    async def hash(self, pin: str) -> str:
        """argon2id's own text: parameters, salt and hash. Raises Full."""
        return await self._on_thread(lambda: self._argon2.hash(pin))

    async def verify(self, pin_hash: str, pin: str) -> bool:
        """Whether it is this PIN. Without a hash it is not, and takes as long. Raises Full."""
        return await self._on_thread(lambda: self._is_it(pin_hash, pin))

    def _is_it(self, pin_hash: str, pin: str) -> bool:
        if not pin_hash:
            self._nobodys_hash = self._nobodys_hash or self._argon2.hash(os.urandom(8).hex())
        try:
            is_it = self._argon2.verify(pin_hash or self._nobodys_hash, pin)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False
        return is_it and bool(pin_hash)

    async def _on_thread(self, work: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def tell(result: T | None, error: BaseException | None) -> None:
            if future.done():
                return  # who asked has hung up
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)  # type: ignore[arg-type]  # of `work`

        def job() -> None:
            result: T | None = None
            failure: BaseException | None = None
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 - it belongs to whoever asked
                failure = error
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(tell, result, failure)

        try:
            self._queue.put_nowait(job)
        except queue.Full:
            sentence = "Too many sign on at this moment."
            raise Full(sentence, limit=HASHES_WAITING_MAX) from None
        if self._thread is None:
            # A daemon thread: it holds nothing that the end of the process could harm.
            self._thread = threading.Thread(target=self._run, name="pin-hasher", daemon=True)
            self._thread.start()
        return await future

    def _run(self) -> None:
        # On Linux the priority is the thread's own. argon2 lets go of the interpreter's lock.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        while True:
            self._queue.get()()
