"""`python -m bench printing`: from the answer to a sale to the receipt's last byte at the printer.

Once to a printer on the network that takes all bytes at once, and once to one that takes them as a
serial line of 115,200 bit/s carries them.

The peer is python-escpos writing the same receipt straight to the socket of the same printer,
which takes the time and draws nothing (bench/sink.py). Both have their connection open. Tillhal's
receipts begin with their sales: they are laid out, and the printer is asked, before the answer. A
figure below zero says that the receipt was at the printer before the front end had its answer.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import grpc

from bench.comparison import run_folder, say
from bench.load import CALL_S_MAX, percentile
from bench.peers import tillhal
from bench.report import table
from bench.sale import all_ids, checkout_request
from bench.servers import ROOT
from tillhal.v1 import checkout_pb2, checkout_pb2_grpc, printer_pb2, printer_pb2_grpc
from tillhald.domain.layout import Line, Paper, lay_out
from tillhald.domain.receipt import ReceiptLayout, receipt_of

if TYPE_CHECKING:
    from pathlib import Path

    from tillhald.domain.sale import Sale

FACTOR_MAX = 1.3
ROUNDS, RECEIPTS = 5, 30
LINKS = {"network": 0, "115,200 bit/s": 11_520}
"""Bytes a second that the printer takes; 0: as many as come."""
WARM_UP = 5
PRINTER = """
[receipt]
printer = "bench_printer"
header = ["THE CORNER SHOP"]
[devices.bench_printer]
driver = "escpos"
port = {{ tcp = "127.0.0.1:{port}" }}
profile = "tm_t88"
"""


class Measured(NamedTuple):
    """One round on one link: nanoseconds from the answer, or from the first call, to the last
    byte."""

    link: str
    ours_ns: list[int]
    peer_ns: list[int]

    @property
    def factor(self) -> float:
        """Ours for one of the peer's, by their medians."""
        return median(self.ours_ns) / median(self.peer_ns)


class _Sink:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self._said = process.stdout
        self.port = int(self._said.readline())

    def await_cut_ns(self) -> int:
        """When the next cut came."""
        return int(self._said.readline())


@contextmanager
def _sink(bytes_a_second: int) -> Iterator[_Sink]:
    argv = [sys.executable, "-m", "bench.sink", str(bytes_a_second)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        yield _Sink(process)
    finally:
        process.kill()
        process.wait()


def printing(parent: Path, *, rounds: int = ROUNDS, receipts: int = RECEIPTS) -> list[Measured]:
    """Measure both, round after round, in a folder below `parent`. Raises AbsentError."""
    return [
        measured
        for link in LINKS
        for measured in _on_link(parent, link, rounds=rounds, receipts=receipts)
    ]


def _on_link(parent: Path, link: str, *, rounds: int, receipts: int) -> list[Measured]:
    with (
        run_folder(parent) as folder,
        _sink(LINKS[link]) as ours,
        _sink(LINKS[link]) as peers,
        tillhal.running(folder, more=PRINTER.format(port=ours.port)) as till,
        _peer(peers) as write,
        grpc.insecure_channel(till.targets["unix"]) as channel,
    ):
        sell = _seller(channel, ours)
        done = []
        for number in range(rounds):
            for _ in range(WARM_UP):
                sell()
                write()
            measured = Measured(
                link, [sell() for _ in range(receipts)], [write() for _ in range(receipts)]
            )
            say(f"{link}, round {number + 1}: {measured.factor:.2f} times python-escpos")
            done.append(measured)
        return done


def _seller(channel: grpc.Channel, sink: _Sink) -> Callable[[], int]:
    checkout = checkout_pb2_grpc.CheckoutServiceStub(channel)
    printer = printer_pb2_grpc.PrinterServiceStub(channel)
    whole, ids = checkout_request(), all_ids()

    def sell() -> int:
        """Sell in steps, so that what is answered is CompleteSale."""
        names, request = next(ids), checkout_pb2.OpenSaleRequest
        sale_id = names.sale_id
        version = checkout.OpenSale(
            request(request_id=names.request_id, sale_id=sale_id), timeout=CALL_S_MAX
        ).sale.version
        for line in whole.lines:
            step = checkout_pb2.PutLineRequest(
                request_id=next(ids).request_id,
                sale_id=sale_id,
                expected_version=version,
                line=line,
            )
            version = checkout.PutLine(step, timeout=CALL_S_MAX).sale.version
        paid = checkout_pb2.AddTenderRequest(
            request_id=next(ids).request_id,
            sale_id=sale_id,
            expected_version=version,
            tender=whole.tenders[0],
        )
        version = checkout.AddTender(paid, timeout=CALL_S_MAX).sale.version
        complete = checkout_pb2.CompleteSaleRequest(
            request_id=next(ids).request_id, sale_id=sale_id, expected_version=version
        )
        job_id = checkout.CompleteSale(complete, timeout=CALL_S_MAX).sale.receipt_job_id
        answered_ns = time.monotonic_ns()
        took_ns = sink.await_cut_ns() - answered_ns
        _await_over(printer, job_id)
        return took_ns

    return sell


def _await_over(printer: printer_pb2_grpc.PrinterServiceStub, job_id: str) -> None:
    end_s = time.monotonic() + CALL_S_MAX
    request = printer_pb2.GetJobRequest(job_id=job_id)
    while printer.GetJob(request, timeout=CALL_S_MAX).job.state != printer_pb2.JOB_STATE_CONFIRMED:
        assert time.monotonic() < end_s, f"{job_id} was not confirmed"


@contextmanager
def _peer(sink: _Sink) -> Iterator[Callable[[], int]]:
    """What writes the receipt of the one sale by python-escpos."""
    from escpos.printer import Network

    lines = _receipt_lines()
    printer = Network("127.0.0.1", sink.port, timeout=CALL_S_MAX)
    printer.open()

    def write() -> int:
        begun_ns = time.monotonic_ns()
        for line in lines:
            printer.text(line + "\n")
        printer.cut()
        return sink.await_cut_ns() - begun_ns

    try:
        yield write
    finally:
        printer.close()


def _receipt_lines() -> list[str]:
    """The text of the one sale's receipt, as it is laid out for that printer."""
    receipt = receipt_of(
        _the_sale(),
        ReceiptLayout(header=("THE CORNER SHOP",)),
        currency="EUR",
        time_text="2026-11-22 12:00",
    )
    paper = Paper(columns=42, dots=512, code_pages=("cp437", "cp858"), multibyte="gb18030")
    return [
        " " * block.indent + "".join(run.text for run in block.runs)
        for block in lay_out(receipt, paper)
        if isinstance(block, Line)
    ]


def _the_sale() -> Sale:
    """The one sale as the rules complete it."""
    from tillhald.domain import commands as cmd
    from tillhald.domain.decide import decide
    from tillhald.domain.events import Record
    from tillhald.domain.evolve import apply
    from tillhald.domain.rules import ShopRules
    from tillhald.domain.state import TillState
    from tillhald.rpc.from_wire import checkout

    request = checkout_request()
    request.sale_id = "sale"
    now = cmd.Now(at_ms=1, today="2026-11-22", operator="default")
    facts = decide(TillState(), ShopRules(), checkout(request, "EUR"), now)
    state = apply(TillState(), Record(wall_ms=1, events=tuple(facts)), 1)
    return state.finished_sales[0]


def render(found: list[Measured]) -> str:
    """Return the report in Markdown."""
    rows = [
        [
            measured.link,
            *(
                f"{value / 1e6:.2f}"
                for times in (measured.ours_ns, measured.peer_ns)
                for value in (median(times), percentile(sorted(times), 99))
            ),
            f"{measured.factor:.2f}",
        ]
        for measured in found
    ]
    head = ["link, a line for each round", "tillhal p50 ms", "p99 ms"]
    lines = ["# From the answer to the receipt's last byte at the printer", ""]
    lines += [*table([*head, "python-escpos p50 ms", "p99 ms", "factor"], rows), ""]
    for link in LINKS:
        factor = median(measured.factor for measured in found if measured.link == link)
        verdict = "PASS" if factor <= FACTOR_MAX else "FAIL"
        said = f"{verdict} {link}: {factor:.2f} times python-escpos (median of the rounds; at most"
        lines.append(f"- {said} {FACTOR_MAX})")
    return "\n".join([*lines, ""])
