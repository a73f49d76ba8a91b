"""`python -m bench profile`: where the CPU time of a sale goes, stage by stage.

The daemon's own parts sell in this process, one sale after the other, without gRPC. The functions
of each stage are replaced, here and only here, by ones that also note their thread's CPU time;
what no stage accounts for is shown as the rest. The share of gRPC is the difference to what the
real server takes for a sale, measured through its socket.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, NamedTuple, ParamSpec, TypeVar

import uvloop

from bench.comparison import run_folder
from bench.inprocess import NO_CONTEXT, till_in_process
from bench.load import Order
from bench.peers import tillhal
from bench.report import table
from bench.sale import all_ids, checkout_request
from bench.worker import run
from tillhal.v1 import checkout_pb2
from tillhald.journal import primary
from tillhald.journal import writer as journal_writer
from tillhald.journal.primary import Primary
from tillhald.journal.store import Store
from tillhald.journal.writer import JournalWriter
from tillhald.rpc import checkout, from_wire, to_wire
from tillhald.service import till

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tillhald.rpc.checkout import CheckoutServicer

    Parse = Callable[[bytes], checkout_pb2.CheckoutRequest]

P = ParamSpec("P")
T = TypeVar("T")

SALES_WARM_UP = 200
THROUGH_GRPC_S = 3.0


class Stage(NamedTuple):
    """The functions of one stage: who holds them, and under what name."""

    title: str
    functions: tuple[tuple[object, str], ...]


LOOP_STAGES = (
    Stage("convert to a command", ((from_wire, "checkout"),)),
    Stage("fingerprint of the request", ((checkout, "request_of"),)),
    Stage("look up request and sale", ((Store, "get"),)),
    Stage("decide", ((till, "decide"),)),
    Stage("bring the state forward", ((till, "apply"),)),
    Stage("index rows", ((till, "entries"), (till, "named_finished"))),
    Stage("answer", ((till, "answer_to"), (till, "encode_answered"))),
    Stage("encode the record", ((till, "encode_record"),)),
    Stage("queue for the writer", ((JournalWriter, "append"),)),
    Stage("convert the answer", ((to_wire, "fill_summary"),)),
)
WRITER_STAGES = (
    Stage("seal record and rows", ((journal_writer, "seal"), (primary, "seal_row"))),
    Stage("LMDB puts and commit", ((Primary, "_transact_once"),)),
)


class Spent(NamedTuple):
    """CPU and wall time, in us for one sale."""

    cpu_us: float
    wall_us: float


class _Clock:
    """Adds up one stage's times."""

    def __init__(self) -> None:
        self.cpu_ns = 0
        self.wall_ns = 0

    def timed(self, function: Callable[P, T]) -> Callable[P, T]:
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            wall_ns, cpu_ns = time.perf_counter_ns(), time.thread_time_ns()
            try:
                return function(*args, **kwargs)
            finally:
                self.cpu_ns += time.thread_time_ns() - cpu_ns
                self.wall_ns += time.perf_counter_ns() - wall_ns

        return call

    def spent(self, sales: int) -> Spent:
        return Spent(self.cpu_ns / 1e3 / sales, self.wall_ns / 1e3 / sales)


@contextlib.contextmanager
def _timing(stages: tuple[Stage, ...]) -> Iterator[dict[str, _Clock]]:
    """Time the stages' functions until the end of the block."""
    clocks: dict[str, _Clock] = {}
    with contextlib.ExitStack() as stack:
        for title, functions in stages:
            clock = clocks[title] = _Clock()
            for holder, name in functions:
                function = getattr(holder, name)
                setattr(holder, name, clock.timed(function))
                stack.callback(setattr, holder, name, function)
        yield clocks


class Profile(NamedTuple):
    """What a sale takes, in us of CPU if nothing else is said."""

    loop: dict[str, Spent]
    """Stages on the event loop's thread, in the order in which they come."""
    writer: dict[str, Spent]
    """Stages in the journal writer's thread."""
    in_process_us: float
    """All threads, without gRPC and without the timing of stages."""
    in_process_wall_us: float
    served_us: float
    """The real server, at one caller through its unix socket."""
    empty_call_us: float
    """The real server, for a call that does nothing."""


async def _sell(servicer: CheckoutServicer, requests: Iterable[bytes], parse: Parse) -> None:
    for raw in requests:
        answer = await servicer.Checkout(parse(raw), NO_CONTEXT)
        answer.SerializeToString()


def _requests(count: int) -> list[bytes]:
    """Return so many requests as they come over the wire."""
    request = checkout_request()
    raw = []
    for _, each in zip(range(count), all_ids(), strict=False):
        request.request_id, request.sale_id = each
        raw.append(request.SerializeToString())
    return raw


async def _in_process(
    folder: Path, sales: int
) -> tuple[dict[str, Spent], dict[str, Spent], float, float]:
    """Return the stages of both threads, then CPU and wall time of a sale without timing them."""
    parse = checkout_pb2.CheckoutRequest.FromString
    async with till_in_process(folder) as inside:
        await _sell(inside.servicer, _requests(SALES_WARM_UP), parse)
        requests = _requests(sales)
        cpu_ns, wall_ns = time.process_time_ns(), time.perf_counter_ns()
        await _sell(inside.servicer, requests, parse)
        cpu_ns, wall_ns = time.process_time_ns() - cpu_ns, time.perf_counter_ns() - wall_ns
        requests = _requests(sales)
        parsed = _Clock()
        with _timing(LOOP_STAGES) as loop, _timing(WRITER_STAGES) as writer:
            await _sell(inside.servicer, requests, parsed.timed(parse))
    stages = {"parse": parsed, **loop}
    return (
        {title: clock.spent(sales) for title, clock in stages.items()},
        {title: clock.spent(sales) for title, clock in writer.items()},
        cpu_ns / 1e3 / sales,
        wall_ns / 1e3 / sales,
    )


def _served_us(folder: Path) -> tuple[float, float]:
    """Return the server's CPU time for a sale and for an empty call."""
    folder.mkdir()
    with tillhal.running(folder) as running:
        found = [
            run(
                Order(
                    subject=subject,
                    target=running.targets["unix"],
                    server_pid=running.pid,
                    callers=(1,),
                    warm_up_s=1,
                    seconds=THROUGH_GRPC_S,
                )
            )[0].server_cpu_us
            for subject in ("tillhal", "echo")
        ]
    return found[0], found[1]


def profile(parent: Path, sales: int) -> Profile:
    """Measure in a folder below `parent`. Raises AbsentError, LoadFailedError."""
    with run_folder(parent) as folder:
        served_us, empty_us = _served_us(folder / "served")
        inside = folder / "inside"
        inside.mkdir()
        return Profile(*uvloop.run(_in_process(inside, sales)), served_us, empty_us)


def render(found: Profile, sales: int) -> str:
    """Return the report in Markdown."""
    rows = []
    for thread, stages in (("event loop", found.loop), ("writer", found.writer)):
        rows += [
            [f"{thread}: {title}", f"{spent.cpu_us:.1f}", f"{spent.wall_us:.1f}"]
            for title, spent in stages.items()
        ]
    staged_us = sum(spent.cpu_us for spent in (*found.loop.values(), *found.writer.values()))
    rows += [
        ["waiting, waking, what no stage holds", f"{found.in_process_us - staged_us:.1f}", ""],
        [
            "**a sale without gRPC**",
            f"{found.in_process_us:.1f}",
            f"{found.in_process_wall_us:.1f}",
        ],
        ["gRPC and the socket", f"{found.served_us - found.in_process_us:.1f}", ""],
        ["**a sale through gRPC**", f"{found.served_us:.1f}", ""],
        ["an empty call through gRPC", f"{found.empty_call_us:.1f}", ""],
    ]
    head = ["stage", "CPU us a sale", "wall us a sale"]
    lines = [f"# Where the CPU of a sale goes ({sales} sales, one after the other)", ""]
    return "\n".join([*lines, *table(head, rows), ""])
