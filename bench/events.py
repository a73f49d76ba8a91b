"""`python -m bench events`: how soon fifty front ends hear of a device, and what dead ones cost.

Timed from the moment at which a simulated printer's cover is opened, before it sends its status, to
the moment at which the bytes of the event are read from each watcher's socket; the event is in the
journal by then. 49 of the watchers are lean (`bench.lean_watchers`), one is grpc-python's as the
control. For comparison the same with fifty of grpc-python's, which share one interpreter, and with
none, for what the till spends without. Then the same with three more printers that are dead, each
in its own way, and with work due on them: connecting hangs; it takes no byte; it takes all and says
nothing. Calls are timed beside. The peer is the same till without the dead ones, in the same run.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

import grpc
import msgspec
import psutil

from bench.comparison import run_folder, say
from bench.load import CALL_S_MAX, percentile
from bench.peers import tillhal
from bench.report import table
from bench.sale import all_ids
from bench.servers import ROOT
from bench.watchers import Told
from hwsim.printer import VirtualPrinter
from tillhal.v1 import (
    device_pb2,
    device_pb2_grpc,
    printer_pb2,
    printer_pb2_grpc,
    system_pb2,
    system_pb2_grpc,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.servers import Running

WATCHERS = 50
EVENTS = 100
PAUSE_S = 0.03
EVENT_MS_MAX, DELAY_MS_MAX = 10.0, 50.0
ONLINE_S_MAX = 20.0
DEAD_BACKLOG = 8
_LIVE = "live_printer"
_TABLE = """
[devices.{name}]
driver = "escpos"
port = {{ tcp = "127.0.0.1:{port}" }}
profile = "tm_t88"
"""


class Crowd(NamedTuple):
    """How many watch: lean ones, and those of grpc-python."""

    lean: int
    python: int


MIXED = Crowd(WATCHERS - 1, 1)


class Measured(NamedTuple):
    """Sorted nanoseconds: each event at each watcher, and at those of grpc-python; each call of
    three kinds. Processor time of the till and of the watchers, and how many messages these got."""

    events_ns: list[int]
    python_ns: list[int]
    calls_ns: list[int]
    till_s: float
    watchers_s: float
    messages: int

    @property
    def event_p99_ms(self) -> float:
        """Of all watchers and events."""
        return percentile(self.events_ns, 99) / 1e6

    @property
    def call_p99_ms(self) -> float:
        """Of all calls."""
        return percentile(self.calls_ns, 99) / 1e6


class Found(NamedTuple):
    """One till: unwatched, watched by lean ones, by grpc-python's, and beside dead printers."""

    unwatched: Measured
    alone: Measured
    python: Measured
    beside_dead: Measured


class IncompleteError(Exception):
    """A watcher has not got the events that the others got; the text says which."""


def events(parent: Path) -> Found:
    """Measure all in folders below `parent`. Raises AbsentError, IncompleteError."""
    unwatched = _measure(parent, {}, Crowd(0, 0))
    alone = _measure(parent, {}, MIXED)
    say(f"alone: events p99 {alone.event_p99_ms:.2f} ms, calls p99 {alone.call_p99_ms:.2f} ms")
    python = _measure(parent, {}, Crowd(0, WATCHERS))
    say(f"grpc-python: events p99 {python.event_p99_ms:.2f} ms")
    with _dead_printers() as dead:
        beside = _measure(parent, dead, MIXED)
    say(f"beside: events p99 {beside.event_p99_ms:.2f} ms, calls p99 {beside.call_p99_ms:.2f} ms")
    return Found(unwatched, alone, python, beside)


def _measure(parent: Path, dead: dict[str, int], crowd: Crowd) -> Measured:
    with VirtualPrinter() as printer, run_folder(parent) as folder:
        ports = {_LIVE: printer.address[1], **dead}
        more = "".join(_TABLE.format(name=name, port=port) for name, port in ports.items())
        with (
            tillhal.running(folder, more=more) as till,
            grpc.insecure_channel(till.targets["unix"]) as channel,
        ):
            _await_online(channel)
            _give_work(channel, list(dead))
            return _timed(till, channel, printer, crowd)


def _timed(till: Running, channel: grpc.Channel, printer: VirtualPrinter, crowd: Crowd) -> Measured:
    opened_ns: list[int] = []
    target = till.targets["unix"]
    with contextlib.ExitStack() as stack:
        lean, python = (
            stack.enter_context(_beside(module, target, str(count))) if count else None
            for module, count in zip(("lean_watchers", "watchers"), crowd, strict=True)
        )
        seen = _covers(channel)
        asker = stack.enter_context(_beside("asker", target, str(PAUSE_S / 3)))
        before_s = _spent_s(till)
        for _ in range(EVENTS):
            time.sleep(PAUSE_S)
            opened_ns.append(time.monotonic_ns())
            printer.open_cover()
            next(seen)
            printer.close_cover()
            next(seen)
        till_s = _spent_s(till) - before_s
        calls = msgspec.json.decode(_said(asker), type=list[int])
        of_lean, of_python = _told(lean), _told(python)
    _check_same([*of_lean.came, *of_python.came])
    python_ns = _delays(of_python, opened_ns)
    return Measured(
        events_ns=sorted(_delays(of_lean, opened_ns) + python_ns),
        python_ns=sorted(python_ns),
        calls_ns=sorted(calls),
        till_s=till_s,
        watchers_s=of_lean.cpu_s + of_python.cpu_s,
        messages=of_lean.messages + of_python.messages,
    )


@contextlib.contextmanager
def _beside(module: str, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the benchmark beside this one, ready."""
    argv = [sys.executable, "-m", f"bench.{module}", *words]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.kill()
        process.wait()


def _said(process: subprocess.Popen[bytes]) -> bytes:
    """What it has to tell, at the end of its input."""
    said, _ = process.communicate(timeout=CALL_S_MAX)
    return said


def _told(watchers: subprocess.Popen[bytes] | None) -> Told:
    if watchers is None:
        return Told([], 0, 0.0)
    return msgspec.json.decode(_said(watchers), type=Told)


def _spent_s(till: Running) -> float:
    times = psutil.Process(till.pid).cpu_times()
    return times.user + times.system


def _check_same(everybody: list[list[tuple[str, int, int]]]) -> None:
    """That all got the same covers, in the same order. Whoever was ended first lacks the last."""
    covers = [[cursor for code, cursor, _ in came if code == "COVER_OPEN"] for came in everybody]
    for number, cursors in enumerate(covers):
        for mine, first in zip(cursors, covers[0], strict=False):
            if mine != first:
                sentence = f"watcher {number} got {mine}, and watcher 0 {first}"
                raise IncompleteError(sentence)


def _delays(told: Told, opened_ns: list[int]) -> list[int]:
    took: list[int] = []
    for came in told.came:
        # The cover's condition begins and ends in turn: every other one is a beginning.
        begun = [at_ns for code, _, at_ns in came if code == "COVER_OPEN"][::2]
        if len(begun) != len(opened_ns):
            sentence = f"{len(begun)} of {len(opened_ns)} events came"
            raise IncompleteError(sentence)
        took += [at - since for at, since in zip(begun, opened_ns, strict=True)]
    return took


def _covers(channel: grpc.Channel) -> Iterator[None]:
    """Each time that a cover is told to be open, or shut again: one more watcher."""
    system = system_pb2_grpc.SystemServiceStub(channel)
    stream = system.WatchEvents(system_pb2.WatchEventsRequest(from_now=True))
    for event in stream:
        if event.HasField("caught_up"):
            break
    return (None for event in stream if event.device.condition.code == "COVER_OPEN")


def _await_online(channel: grpc.Channel) -> None:
    devices = device_pb2_grpc.DeviceServiceStub(channel)
    end_s = time.monotonic() + ONLINE_S_MAX
    while True:
        listed = devices.ListDevices(device_pb2.ListDevicesRequest(), timeout=CALL_S_MAX).devices
        if any(
            each.device_id == _LIVE and each.power_state == device_pb2.POWER_STATE_ONLINE
            for each in listed
        ):
            return
        assert time.monotonic() < end_s, "the live printer did not come on line"
        time.sleep(PAUSE_S)


def _give_work(channel: grpc.Channel, printers: list[str]) -> None:
    """A document for each, so that its port is at work on it."""
    stub = printer_pb2_grpc.PrinterServiceStub(channel)
    run = printer_pb2.Run(text="x" * 40)
    parts = [printer_pb2.Part(text=printer_pb2.TextPart(runs=[run])) for _ in range(400)]
    for name, ids in zip(printers, all_ids(), strict=False):
        request = printer_pb2.SubmitJobRequest(
            request_id=ids.request_id,
            job_id=f"work-{name}",
            printer=name,
            document=printer_pb2.PrintDocument(parts=parts),
        )
        stub.SubmitJob(request, timeout=CALL_S_MAX)


@contextlib.contextmanager
def _dead_printers() -> Iterator[dict[str, int]]:
    """Addresses of three printers that are dead, each in its own way."""
    with contextlib.ExitStack() as stack:

        def door(backlog: int) -> socket.socket:
            return stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=backlog))

        hangs, takes_nothing, says_nothing = door(0), door(DEAD_BACKLOG), door(DEAD_BACKLOG)
        for _ in range(2):  # fills the queue: the next SYN is not answered
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(hangs.getsockname())
        takes_nothing.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        for each, reads in ((takes_nothing, False), (says_nothing, True)):
            threading.Thread(target=_take, args=(each, reads), daemon=True).start()
        yield {
            "connect_hangs": hangs.getsockname()[1],
            "write_blocks": takes_nothing.getsockname()[1],
            "half_open": says_nothing.getsockname()[1],
        }


def _take(door: socket.socket, reads: bool) -> None:
    """Accept whoever comes, and swallow what is sent, or not even that, until the end."""
    kept: list[socket.socket] = []
    with contextlib.suppress(OSError):
        while True:
            host, _ = door.accept()
            kept = [*kept[-DEAD_BACKLOG:], host]
            if reads:
                threading.Thread(target=_swallow, args=(host,), daemon=True).start()


def _swallow(host: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while host.recv(1 << 16):
            pass


def render(found: Found) -> str:
    """Return the report in Markdown."""
    named = {
        "unwatched": found.unwatched,
        f"{WATCHERS - 1} lean, 1 of grpc-python": found.alone,
        f"{WATCHERS} of grpc-python": found.python,
        "as the second, beside 3 dead printers": found.beside_dead,
    }
    rows = [
        [
            name,
            *(
                f"{percentile(times, point) / 1e6:.2f}" if times else ""
                for times in (measured.events_ns, measured.python_ns, measured.calls_ns)
                for point in (50, 99)
            ),
            *_costs(measured, found.unwatched),
        ]
        for name, measured in named.items()
    ]
    head = [
        "who watches",
        *(
            f"{what} {point} ms"
            for what in ("event", "in Python", "call")
            for point in ("p50", "p99")
        ),
        "till us",
        "watcher us",
    ]
    latency = found.alone.event_p99_ms
    delays = {
        "events": found.beside_dead.event_p99_ms - found.alone.event_p99_ms,
        "calls": found.beside_dead.call_p99_ms - found.alone.call_p99_ms,
    }
    lines = [
        f"# A device's events at {WATCHERS} watchers",
        "",
        *table(head, rows),
        "",
        "To the reading of the bytes at a lean watcher, to the message at one of grpc-python;",
        "`in Python` shows these alone. us: processor time for a message to one watcher.",
        "",
    ]
    verdict = "PASS" if latency <= EVENT_MS_MAX else "FAIL"
    lines.append(f"- {verdict} event p99 {latency:.2f} ms; at most {EVENT_MS_MAX:.0f}")
    for what, delay in delays.items():
        verdict = "PASS" if delay <= DELAY_MS_MAX else "FAIL"
        said = f"dead printers delay {what} by {delay:.2f} ms (p99)"
        lines.append(f"- {verdict} {said}; at most {DELAY_MS_MAX:.0f}")
    return "\n".join([*lines, ""])


def _costs(measured: Measured, unwatched: Measured) -> list[str]:
    if not measured.messages:
        return ["", ""]
    till_s = measured.till_s - unwatched.till_s
    return [f"{each * 1e6 / measured.messages:.0f}" for each in (till_s, measured.watchers_s)]
