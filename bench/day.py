"""`python -m bench day`: how long X and closing take after a day of many sales.

One till, one front end, N sales in one business day; X reports while it is young and when it is
full, and the day's close, each timed at the caller. The young day is the peer in the same run.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import grpc

from bench.comparison import run_folder, say
from bench.load import CALL_S_MAX, percentile
from bench.peers import tillhal
from bench.report import table
from bench.sale import all_ids, checkout_request
from tillhal.v1 import checkout_pb2_grpc, shift_pb2, shift_pb2_grpc

if TYPE_CHECKING:
    from pathlib import Path

SALES = 10_000
X_REPORTS = 100
X_MS_MAX, CLOSE_MS_MAX = 50.0, 1_000.0
IN_FLIGHT = 8


class Found(NamedTuple):
    """Sorted nanoseconds of X reports with few sales and with all; and of the close."""

    sales: int
    few_x_ns: list[int]
    x_ns: list[int]
    close_ns: int


def day(parent: Path, sales: int = SALES) -> Found:
    """Sell a day and close it. Raises AbsentError."""
    with (
        run_folder(parent) as folder,
        tillhal.running(folder) as till,
        grpc.insecure_channel(till.targets["unix"]) as channel,
    ):
        checkout = checkout_pb2_grpc.CheckoutServiceStub(channel)
        shift = shift_pb2_grpc.ShiftServiceStub(channel)
        ids = all_ids()
        request = checkout_request()
        few: list[int] = []
        waiting: list[grpc.Future] = []
        for number in range(1, sales + 1):
            one = next(ids)
            request.request_id, request.sale_id = one.request_id, one.sale_id
            waiting.append(checkout.Checkout.future(request, timeout=CALL_S_MAX))
            if len(waiting) == IN_FLIGHT:
                waiting.pop(0).result()
            if number == X_REPORTS:
                few = _timed_x(shift)
        for call in waiting:
            call.result()
        many = _timed_x(shift)
        close = shift_pb2.CloseDayRequest(request_id=next(ids).request_id, day_number=1)
        began_ns = time.perf_counter_ns()
        z = shift.CloseDay(close, timeout=CALL_S_MAX).z
        close_ns = time.perf_counter_ns() - began_ns
        assert z.totals.sales.count == sales, "the Z holds every sale"
    say(f"{sales} sales: X p99 {percentile(many, 99) / 1e6:.2f} ms, close {close_ns / 1e6:.2f} ms")
    return Found(sales, few, many, close_ns)


def _timed_x(shift: shift_pb2_grpc.ShiftServiceStub) -> list[int]:
    times = []
    for _ in range(X_REPORTS):
        began_ns = time.perf_counter_ns()
        shift.GetXReport(shift_pb2.GetXReportRequest(), timeout=CALL_S_MAX)
        times.append(time.perf_counter_ns() - began_ns)
    return sorted(times)


def render(found: Found) -> str:
    """Return the report in Markdown."""
    rows = [
        [name, *(f"{percentile(times, point) / 1e6:.2f}" for point in (50, 99))]
        for name, times in (
            (f"X after {X_REPORTS} sales", found.few_x_ns),
            (f"X after {found.sales} sales", found.x_ns),
        )
    ]
    x_ms, close_ms = percentile(found.x_ns, 99) / 1e6, found.close_ns / 1e6
    lines = [f"# A day of {found.sales} sales", "", *table(["call", "p50 ms", "p99 ms"], rows), ""]
    for what, took, most in (
        ("X p99", x_ms, X_MS_MAX),
        ("closing the day", close_ms, CLOSE_MS_MAX),
    ):
        verdict = "PASS" if took <= most else "FAIL"
        lines.append(f"- {verdict} {what} {took:.2f} ms; at most {most:.0f}")
    return "\n".join([*lines, ""])
