"""The watchers that the benchmark made itself, against gRPC's own server."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
import msgspec

from bench.lean_watchers import PREFACE, Watcher
from bench.servers import ROOT
from bench.watchers import Told
from tests.support.till import short_folder
from tillhal.v1 import device_pb2, journal_pb2, system_pb2, system_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Iterator

WATCHERS = 3
SIZES = (0, 1, 16_379, 16_384, 40_000, *[900] * 200)
"""Of texts in messages: within a frame, over several, and together above HTTP/2's usual window."""
WAIT_S_MAX = 30.0


def event(cursor: int, size: int) -> system_pb2.WatchEventsResponse:
    device = device_pb2.DeviceEvent(
        device_id="x" * size, condition=device_pb2.Condition(code="COVER_OPEN")
    )
    return system_pb2.WatchEventsResponse(cursor=cursor, device=device)


class Events(system_pb2_grpc.SystemServiceServicer):
    """Sends all of them once everybody watches, and then waits, or aborts."""

    def __init__(self, *, aborts: bool) -> None:
        self._aborts = aborts
        self.begin = threading.Event()
        self.sent = threading.Semaphore(0)
        self.end = threading.Event()

    def WatchEvents(self, request: Any, context: Any) -> Iterator[system_pb2.WatchEventsResponse]:
        assert request.from_now
        yield system_pb2.WatchEventsResponse(cursor=1, caught_up=journal_pb2.CaughtUp())
        assert self.begin.wait(WAIT_S_MAX)
        if self._aborts:
            context.abort(grpc.StatusCode.UNAVAILABLE, "it goes down")
        for cursor, size in enumerate(SIZES, 2):
            yield event(cursor, size)
        self.sent.release()
        self.end.wait(WAIT_S_MAX)


def watched(*modules: str, aborts: bool = False) -> list[tuple[int, bytes]]:
    """Watchers of each module on one server; how each process ended, and what it told."""
    servicer = Events(aborts=aborts)
    server = grpc.server(ThreadPoolExecutor(2 * WATCHERS))
    system_pb2_grpc.add_SystemServiceServicer_to_server(servicer, server)
    with short_folder() as folder:
        target = f"unix:{folder / 'events.sock'}"
        server.add_insecure_port(target)
        server.start()
        running = [
            subprocess.Popen(
                [sys.executable, "-m", f"bench.{module}", target, str(WATCHERS)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=ROOT,
            )
            for module in modules
        ]
        try:
            for each in running:
                assert each.stdout is not None
                assert each.stdout.readline() == b"ready\n"
            servicer.begin.set()
            for _ in range(0 if aborts else WATCHERS * len(modules)):
                assert servicer.sent.acquire(timeout=WAIT_S_MAX)
            said = []
            for each in running:
                if aborts:
                    each.wait(WAIT_S_MAX)
                output, _ = each.communicate(timeout=WAIT_S_MAX)
                said.append((each.returncode, output))
            return said
        finally:
            servicer.end.set()
            for each in running:
                each.kill()
                each.wait()
            server.stop(0)


def test_lean_watchers_get_every_message_whole_and_in_order() -> None:
    ((status, output),) = watched("lean_watchers")
    assert status == 0
    told = msgspec.json.decode(output, type=Told)
    assert told.messages == WATCHERS * (1 + len(SIZES))
    expected = [("COVER_OPEN", cursor) for cursor in range(2, 2 + len(SIZES))]
    for came in told.came:
        assert [(code, cursor) for code, cursor, _ in came] == expected
        times = [at_ns for _, _, at_ns in came]
        assert times == sorted(times)


def test_a_watch_that_the_till_ends_is_no_measurement() -> None:
    ((status, output),) = watched("lean_watchers", aborts=True)
    assert (status, output) == (1, b"")


def test_a_ping_is_answered_with_its_own_bytes() -> None:
    with short_folder() as folder, socket.socket(socket.AF_UNIX) as door:
        door.bind(str(folder / "till.sock"))
        door.listen()
        watcher = Watcher(str(folder / "till.sock"))
        till, _ = door.accept()
        with till, watcher.socket:
            till.settimeout(WAIT_S_MAX)
            sent = till.recv(1 << 16)
            assert sent.startswith(PREFACE)
            ping = b"\0\0\x08\x06\0\0\0\0\0" + b"12345678"
            for part in (ping[:5], ping[5:12], ping[12:]):  # as a stream may cut it
                till.sendall(part)
                watcher.read()
                watcher.understand()
            assert till.recv(1 << 16) == b"\0\0\x08\x06\x01\0\0\0\0" + b"12345678"
