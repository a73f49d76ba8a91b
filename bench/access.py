"""`python -m bench access`: what knowing the caller costs, and what a flood does to others' sales.

One seller sells in a closed loop: at a till that asks nobody who he is, at one that does, and there
beside a front end that floods it from a process of its own with 128 calls at a time, each sent anew
as soon as it is answered. The positive control is the same flood at the till that knows nobody, and
so gives nobody a share. Turns are taken in short bursts, so that all of them see the same machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import time
import uuid
from typing import TYPE_CHECKING, NamedTuple

import grpc

from bench.comparison import run_folder, say
from bench.load import CALL_S_MAX, percentile
from bench.peers import tillhal
from bench.report import table
from bench.sale import all_ids, checkout_request
from bench.servers import ROOT
from tillhal import Till
from tillhal.v1 import access_pb2, access_pb2_grpc, checkout_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from bench.servers import Running

ROUNDS = 7
SALES = 60
FLOOD_CALLS = 128
SLOWER_MAX = 2.0
PIN = "739154"
REQUIRED = 'mode = "required"'
Metadata = tuple[tuple[str, str], ...]


class Found(NamedTuple):
    """Nanoseconds of each sale."""

    unasked_ns: list[int]
    asked_ns: list[int]
    flooded_ns: list[int]
    control_ns: list[int]

    def ratio(self, flooded: Sequence[int], alone: Sequence[int]) -> float:
        """How many times as long the middle sale takes."""
        return percentile(sorted(flooded), 50) / percentile(sorted(alone), 50)


def access(parent: Path, rounds: int = ROUNDS) -> Found:
    """Measure."""
    found = Found([], [], [], [])
    with contextlib.ExitStack() as stack:
        open_folder = stack.enter_context(run_folder(parent))
        asked_folder = stack.enter_context(run_folder(parent))
        unasked = stack.enter_context(tillhal.running(open_folder))
        asked = stack.enter_context(tillhal.running(asked_folder, access=REQUIRED))
        seller, flooder = _tokens(asked_folder)
        for number in range(rounds):
            say(f"round {number + 1} of {rounds}")
            found.unasked_ns.extend(_sales(unasked, ()))
            found.asked_ns.extend(_sales(asked, _bearer(seller)))
            with _flood(asked, flooder):
                found.flooded_ns.extend(_sales(asked, _bearer(seller)))
            with _flood(unasked, ""):
                found.control_ns.extend(_sales(unasked, ()))
    return found


def _tokens(folder: Path) -> tuple[str, str]:
    """Of two front ends that may sell with nobody signed on."""
    code = (folder / "journal.owner-code").read_text()
    with Till.connect(f"unix:{folder / 'admin.sock'}") as till:
        till.access.redeem_setup_code(code, PIN)
        with till.sign_on("owner", PIN):
            first = till.access.issue_token("seller", role="CASHIER").secret
            return first, till.access.issue_token("flooder", role="CASHIER").secret


def _bearer(token: str) -> Metadata:
    return (("authorization", f"Bearer {token}"),) if token else ()


def _sales(server: Running, metadata: Metadata) -> list[int]:
    request, ids, took = checkout_request(), all_ids(), []
    with grpc.insecure_channel(server.targets["unix"]) as channel:
        stub = checkout_pb2_grpc.CheckoutServiceStub(channel)
        for number in range(SALES + 5):
            request.request_id, request.sale_id = next(ids)
            began = time.perf_counter_ns()
            stub.Checkout(request, metadata=metadata, timeout=CALL_S_MAX)
            if number >= 5:  # the first ones open the connection
                took.append(time.perf_counter_ns() - began)
    return took


@contextlib.contextmanager
def _flood(server: Running, token: str) -> Iterator[None]:
    """Flood the server from a process of its own, until the end of the block."""
    argv = [sys.executable, "-m", "bench.access", server.targets["unix"], token]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield
        finally:
            process.terminate()


async def flood(target: str, token: str) -> None:
    """Ask who we are, FLOOD_CALLS at a time, again and again."""
    metadata = _bearer(token)
    async with grpc.aio.insecure_channel(target) as channel:
        stub = access_pb2_grpc.AccessServiceStub(channel)

        async def one() -> None:
            while True:
                with contextlib.suppress(grpc.aio.AioRpcError):
                    await stub.GetCaller(access_pb2.GetCallerRequest(), metadata=metadata)

        callers = [asyncio.create_task(one()) for _ in range(FLOOD_CALLS)]
        await asyncio.sleep(0.5)
        sys.stdout.write(f"{uuid.uuid4()}\n")
        sys.stdout.flush()
        await asyncio.gather(*callers)


def render(found: Found) -> str:
    """Return the report in Markdown."""
    rows = [
        [name, *(f"{percentile(sorted(took), point) / 1e6:.2f}" for point in (50, 99))]
        for name, took in (
            ("nobody is asked who he is", found.unasked_ns),
            ("callers are known", found.asked_ns),
            ("the same, beside a flood", found.flooded_ns),
            ("nobody is asked, beside the same flood", found.control_ns),
        )
    ]
    ratio = found.ratio(found.flooded_ns, found.asked_ns)
    control = found.ratio(found.control_ns, found.unasked_ns)
    verdict = "PASS" if ratio <= SLOWER_MAX else "FAIL"
    said = "PASS" if control > SLOWER_MAX else "FAIL"
    said_of_it = f"beside a flood a sale takes {ratio:.2f} times as long"
    return "\n".join(
        [
            "# One seller's sales, and who else asks",
            "",
            *table(["", "sale p50 ms", "sale p99 ms"], rows),
            "",
            f"- {verdict} {said_of_it}; at most {SLOWER_MAX:.0f}",
            f"- {said} without shares it takes {control:.2f} times as long: there is a flood",
            "",
        ]
    )


if __name__ == "__main__":
    asyncio.run(flood(sys.argv[1], sys.argv[2]))
