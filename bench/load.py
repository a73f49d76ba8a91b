"""The closed loop: callers that each sell again as soon as they are answered."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import msgspec
import psutil

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator, Sequence
    from contextlib import AbstractAsyncContextManager

    from bench.sale import Ids

CALL_S_MAX = 30.0
"""A call that is not answered by then fails the run."""


class StoredRow(msgspec.Struct, frozen=True):
    """One entry that a sale leaves in the journal."""

    table: str
    key_bytes: int
    value_bytes: int


class Sell(Protocol):
    """Sells the one sale under these ids; returns its receipt number, 0 if it sells nothing."""

    def __call__(self, ids: Ids, /) -> Awaitable[int]: ...


@dataclass
class Tally:
    """What the callers of one load process count together."""

    retries: int = 0
    """Attempts that ended in a conflict and had to be made again."""


class Connect(Protocol):
    """Connects that many callers, each on a connection of its own as if it were its own till."""

    def __call__(
        self, target: str, callers: int, tally: Tally, /
    ) -> AbstractAsyncContextManager[Sequence[Sell]]: ...


class Commits(msgspec.Struct, frozen=True, kw_only=True):
    """Raw LMDB commits of such rows, in a folder."""

    folder: str
    rows: tuple[StoredRow, ...]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What one load process has to do."""

    subject: str
    target: str
    server_pid: int
    callers: tuple[int, ...]
    warm_up_s: float
    seconds: float
    commits: Commits | None = None
    """After each answer the load process itself commits these, before it calls again."""


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """What one subject did with so many callers, once."""

    callers: int
    count: int
    rate: float
    """Answers a second."""
    p50_us: float
    p99_us: float
    server_cpu_us: float
    """CPU time of the server's processes for one answer."""
    client_cores: float
    """Cores that the load process used."""
    foreign_cores: float
    """Cores that neither the load nor the server used: other work on the machine, the kernel's."""
    retries: float
    """Conflicts for one answer."""


class WrongAnswerError(Exception):
    """A subject did not do the work that it is measured for."""


def percentile(ordered: Sequence[int], percent: float) -> int:
    """Return the smallest value that `percent` of the values do not exceed (nearest rank)."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def check_contiguous(numbers: Sequence[int]) -> None:
    """Raise WrongAnswerError unless the receipt numbers have neither a gap nor a twin."""
    if len(set(numbers)) != len(numbers):
        sentence = f"{len(numbers) - len(set(numbers))} receipt numbers were given twice."
        raise WrongAnswerError(sentence)
    if numbers and max(numbers) - min(numbers) + 1 != len(numbers):
        sentence = f"{len(numbers)} sales took {max(numbers) - min(numbers) + 1} receipt numbers."
        raise WrongAnswerError(sentence)


async def check_retry(sell: Sell, ids: Ids) -> None:
    """Raise WrongAnswerError unless the same request, sent again, has the first receipt number."""
    first = await sell(ids)
    again = await sell(ids)
    if first < 1 or first != again:
        sentence = f"A retry was answered with receipt {again}; the first answer was {first}."
        raise WrongAnswerError(sentence)


async def _call_until(
    end_ns: int, sell: Sell, ids: Iterator[Ids], took_ns: list[int], numbers: list[int]
) -> None:
    for each in ids:
        begun_ns = time.perf_counter_ns()
        if begun_ns >= end_ns:
            return
        number = await sell(each)
        took_ns.append(time.perf_counter_ns() - begun_ns)
        numbers.append(number)


async def _loop(
    sells: Sequence[Sell], ids: Iterator[Ids], seconds: float, numbers: list[int]
) -> tuple[list[int], float]:
    """Return every call's time in ns, and how many seconds passed until the last answer."""
    took_ns: list[int] = []
    begun_ns = time.perf_counter_ns()
    end_ns = begun_ns + int(seconds * 1e9)
    async with asyncio.timeout(seconds + CALL_S_MAX), asyncio.TaskGroup() as callers:
        for sell in sells:
            callers.create_task(_call_until(end_ns, sell, ids, took_ns, numbers))
    return took_ns, (time.perf_counter_ns() - begun_ns) / 1e9


def _tree_cpu_s(pid: int) -> float:
    """Return the CPU seconds of a process and its children, those that ended left out."""
    total_s = 0.0
    root = psutil.Process(pid)
    for process in [root, *root.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total_s += times.user + times.system
    return total_s


def _machine_cpu_s() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait - times.guest - times.guest_nice)


async def measure(
    sells: Sequence[Sell], ids: Iterator[Ids], order: Order, tally: Tally, *, numbered: bool
) -> Cell:
    """Warm up, then measure. Raises WrongAnswerError, and whatever a caller raises."""
    numbers: list[int] = []
    await _loop(sells, ids, order.warm_up_s, numbers)
    retries = tally.retries
    server_s, machine_s, own_s = (
        _tree_cpu_s(order.server_pid),
        _machine_cpu_s(),
        time.process_time(),
    )
    took_ns, elapsed_s = await _loop(sells, ids, order.seconds, numbers)
    own_s = time.process_time() - own_s
    machine_s = _machine_cpu_s() - machine_s
    server_s = _tree_cpu_s(order.server_pid) - server_s
    if numbered:
        check_contiguous(numbers)
    took_ns.sort()
    count = len(took_ns)
    return Cell(
        callers=len(sells),
        count=count,
        rate=count / elapsed_s,
        p50_us=percentile(took_ns, 50) / 1e3,
        p99_us=percentile(took_ns, 99) / 1e3,
        server_cpu_us=server_s * 1e6 / count,
        client_cores=own_s / elapsed_s,
        foreign_cores=max(0.0, machine_s - server_s - own_s) / elapsed_s,
        retries=(tally.retries - retries) / count,
    )
