"""The tills of the print campaign: forked, sold at, killed, and asked what they say."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import grpc

from tests.crash.print_judge import Said
from tests.crash.print_processes import NAIVE
from tests.support.sales import CARD, line, name, new_id, tender
from tests.support.till import Calls, till_toml
from tillhal.v1 import checkout_pb2, printer_pb2

if TYPE_CHECKING:
    from pathlib import Path

    from hwsim.printer import VirtualPrinter
    from tests.crash.print_trail import Trail

SETTLE_S_MAX = 90.0
START_S_MAX = 60.0
LOOK_S = 0.2
QUIET_S = 6.5
"""A list of doubts that has not changed for so long will not: evidence is asked for every 5 s."""
_REPRINT = 'when_unconfirmed = "reprint_as_copy"'


class Nursery:
    """The process that forks tills, see print_processes."""

    def __init__(self, folder: Path) -> None:
        """Start it and wait until it has imported everything."""
        path = folder / "nursery.sock"
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(str(path))
            door.listen()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.crash.print_processes", str(path)],
                env={**os.environ, "GRPC_ENABLE_FORK_SUPPORT": "0"},
            )
            self._control, _ = door.accept()
        self._answers = self._control.makefile("r", encoding="utf-8")
        self._lock = threading.Lock()

    def fork(self, request: dict[str, Any]) -> int:
        """The pid of a new process."""
        with self._lock:
            self._control.sendall((json.dumps(request) + "\n").encode())
            return int(self._answers.readline())

    def close(self) -> None:
        """End it; what it forked dies with it."""
        self._control.close()
        self._answers.close()
        self._process.kill()
        self._process.wait()


class Printing:
    """One till that prints by a policy, on a victim, in a folder; it is killed and started."""

    def __init__(
        self, nursery: Nursery, policy: str, folder: Path, printer: VirtualPrinter, cpu: int
    ) -> None:
        """Not running."""
        self._nursery = nursery
        self._folder = folder
        self.is_naive = policy in NAIVE
        port = printer.address[1]
        profile = "tm_t88" if printer.model.process_id else "generic_80"
        toml = till_toml(folder, port, profile=profile, receipt=_REPRINT, ttl_s=600)
        # The drawer is not what is looked at here.
        toml = toml.replace('drawer = "front_drawer"', 'drawer = ""')
        (folder / "till.toml").write_text(toml, encoding="utf-8")
        self._request = {
            "policy": policy,
            "config": str(folder / "till.toml"),
            "folder": str(folder),
            "port": port,
            "notify": str(folder / "notify"),
            "log": str(folder / "log"),
            "cpu": cpu,
        }
        self._pid = 0
        self._calls: Calls | None = None
        self._sold = 0

    @property
    def calls(self) -> Calls:
        """The front end's connection to the running daemon."""
        assert self._calls is not None
        return self._calls

    def start(self, failpoint: str = "") -> None:
        """Start, and return once it answers. If it dies before that, it is started once more."""
        if not self._comes_up(failpoint):
            assert self._comes_up(""), "it died by itself"
        if not self.is_naive:
            self._calls = Calls(f"unix:{self._folder / 'api.sock'}")

    def _comes_up(self, failpoint: str) -> bool:
        (self._folder / "notify").unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(str(self._folder / "notify"))
            notify.settimeout(LOOK_S)
            self._pid = self._nursery.fork({**self._request, "failpoint": failpoint})
            end_s = time.monotonic() + START_S_MAX
            while time.monotonic() < end_s:
                with contextlib.suppress(TimeoutError):
                    return notify.recv(64) == b"READY=1"
                if self.is_dead():
                    return False
        message = f"it does not answer after {START_S_MAX} s"
        raise TimeoutError(message)

    def is_dead(self, timeout_s: float = 0.0) -> bool:
        """Whether it has ended, or does so in this time."""
        try:
            watched = os.pidfd_open(self._pid)
        except ProcessLookupError:
            return True
        try:
            return bool(select.select([watched], [], [], timeout_s)[0])
        finally:
            os.close(watched)

    def kill(self) -> None:
        """As a power cut would."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, 9)
        assert self.is_dead(30)
        if self._calls is not None:
            self._calls.close()
            self._calls = None

    # --- the front end

    def sell(self, lines: int) -> bool:
        """Sell once; False where the till died under it, and then the sale may count or not."""
        self._sold += 1
        try:
            if self.is_naive:
                self._ask([self._sold, lines])
            else:
                self.calls.checkout.Checkout(_sale(lines))
        except (grpc.RpcError, OSError, ValueError) as error:
            assert self.is_dead(10), f"it refused to sell: {error!r}"
            return False
        return True

    def _ask(self, sold: list[int]) -> Any:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(30)
            link.connect(str(self._folder / "api.sock"))
            link.sendall((json.dumps(sold) + "\n").encode())
            return json.loads(link.makefile("r", encoding="utf-8").readline())

    def await_over(self, timeout_s: float) -> None:
        """Return when nothing is being printed or waits, or after this time."""
        end_s = time.monotonic() + timeout_s
        pause = threading.Event()
        while time.monotonic() < end_s:
            try:
                if not self._waiting():
                    return
            except (grpc.RpcError, OSError, ValueError):
                return
            pause.wait(0.02)

    def _waiting(self) -> int:
        if self.is_naive:
            return sum(state in ("queued", "begun") for state in self._ask([]).values())
        request = printer_pb2.ListJobsRequest(live_only=True)
        return len(self.calls.printer.ListJobs(request).jobs)

    def settle(self) -> None:
        """Return when all that evidence and policy can decide is decided."""
        self.await_over(SETTLE_S_MAX)
        if self.is_naive:
            return
        with contextlib.suppress(grpc.RpcError):
            self._await_decided()

    def _await_decided(self) -> None:
        end_s = time.monotonic() + SETTLE_S_MAX
        since_s, before = time.monotonic(), ["?"]
        pause = threading.Event()
        while time.monotonic() < end_s:
            request = printer_pb2.ListJobsRequest(unresolved_only=True)
            jobs = self.calls.printer.ListJobs(request).jobs
            now = [f"{job.job_id} {job.state}" for job in jobs]
            waiting = self._waiting()
            if not (now or waiting):
                return
            if now != before or waiting:
                since_s, before = time.monotonic(), now
            elif time.monotonic() - since_s > QUIET_S:
                return
            pause.wait(0.05)

    def tell(self, trail: Trail) -> None:
        """Add to a trail what the till has recorded and logged."""
        if not self.is_naive:
            trail.read_journal(self.calls)
            trail.read_log(self._folder / "log")

    def said(self) -> Said:
        """What the till says of each receipt now."""
        if self.is_naive:
            return Said.of_naive({int(key): state for key, state in self._ask([]).items()})
        jobs: list[printer_pb2.Job] = []
        token = ""
        while True:
            request = printer_pb2.ListJobsRequest(page_size=500, page_token=token)
            page = self.calls.printer.ListJobs(request)
            jobs += page.jobs
            token = page.next_page_token
            if not token:
                return Said.of_jobs(jobs)


def _sale(lines: int) -> checkout_pb2.CheckoutRequest:
    """A sale of so many lines, by card: the drawer is not what is looked at here."""
    return checkout_pb2.CheckoutRequest(
        request_id=new_id(),
        sale_id=name(),
        lines=[line(f"l{at}") for at in range(lines)],
        tenders=[tender(750 * lines, CARD)],
    )
