"""A real daemon in a process of its own, on a simulated printer and drawer, for tests to torment.

It is started, killed, restarted and stopped here; what it says on the wire is for the tests to
judge. Everything waits with a limit, and a daemon is ended by its own process id only.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
from grpc_health.v1 import health_pb2_grpc

from hwsim.drawer import VirtualDrawer
from hwsim.printer import VirtualPrinter
from tests.support.nursery import DAEMON, Forked, launch
from tillhal.v1 import (
    access_pb2_grpc,
    backup_pb2_grpc,
    checkout_pb2_grpc,
    device_pb2_grpc,
    drawer_pb2_grpc,
    journal_pb2_grpc,
    power_pb2_grpc,
    predecessor_pb2_grpc,
    printer_pb2_grpc,
    recovery_pb2_grpc,
    scanner_pb2_grpc,
    shift_pb2_grpc,
    system_pb2_grpc,
    upgrade_pb2_grpc,
)

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Container, Iterator

START_S_MAX = 20.0
CALL_S_MAX = 15.0
"""No call of a test takes longer; those that must be quick say so themselves."""
STOP_S_MAX = 8.0
"""From SIGTERM to its end. It promises two seconds, on a machine that does nothing else beside."""
MESSAGE_BYTES_MAX = 32 << 20
HEADER = "THE CORNER SHOP"
SOCKET_ONLY = '[access]\nmode = "socket"\nargon2_memory_kib = 1024\nargon2_passes = 1'
"""Whoever may open the socket may do everything: for tests of something else."""

_TOML = """
[listen]
unix = "{socket}"
tcp = "{tcp}"
{access}
[journal]
folder = "{folder}/journal"
map_mib = 4
[shop]
store_id = "store-7"
workstation_id = "till-3"
currency = "{currency}"
language = "{language}"
[receipt]
printer = "{printer}"
drawer = "{drawer}"
header = ["{header}"]
ttl_s = {ttl_s}
{receipt}
[log]
level = "{level}"
"""
_PRINTER_TOML = """
[devices.front_printer]
driver = "escpos"
port = {{ tcp = "127.0.0.1:{port}" }}
profile = "{profile}"
{front}
[devices.front_drawer]
driver = "printer_kick"
printer = "front_printer"
open_level = "high"
"""


def till_toml(
    folder: Path,
    printer_port: int = 0,
    *,
    currency: str = "EUR",
    language: str = "en",
    tcp: str = "",
    ttl_s: int = 900,
    level: str = "info",
    profile: str = "tm_t88",
    receipt: str = "",
    front: str = "",
    more: str = "",
    access: str = SOCKET_ONLY,
) -> str:
    """The configuration of a till under `folder`; without a `printer_port` it has no devices.

    `access` are lines within [listen], and the table [access]; `receipt` are more lines of [receipt], `front` of the printer's table, `more` more tables.
    """
    return _TOML.format(
        folder=folder,
        socket=folder / "api.sock",
        tcp=tcp,
        currency=currency,
        language=language,
        printer="front_printer" if printer_port else "",
        drawer="front_drawer" if printer_port else "",
        header=HEADER,
        ttl_s=ttl_s,
        level=level,
        receipt=receipt,
        access=access,
    ) + (
        (
            _PRINTER_TOML.format(port=printer_port, profile=profile, front=front)
            if printer_port
            else ""
        )
        + more
    )


class Calls:
    """All services on one channel. A call without a deadline gets CALL_S_MAX."""

    def __init__(self, address: str) -> None:
        """Connect at the first call."""
        options = [
            ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
            ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
            # A channel of its own for each: two front ends shall not share one connection.
            ("grpc.use_local_subchannel_pool", 1),
        ]
        self._bare = grpc.insecure_channel(address, options=options)
        self.channel = grpc.intercept_channel(self._bare, _Deadline())
        self.backup = backup_pb2_grpc.BackupServiceStub(self.channel)
        self.checkout = checkout_pb2_grpc.CheckoutServiceStub(self.channel)
        self.system = system_pb2_grpc.SystemServiceStub(self.channel)
        self.journal = journal_pb2_grpc.JournalServiceStub(self.channel)
        self.device = device_pb2_grpc.DeviceServiceStub(self.channel)
        self.printer = printer_pb2_grpc.PrinterServiceStub(self.channel)
        self.power = power_pb2_grpc.PowerServiceStub(self.channel)
        self.predecessor = predecessor_pb2_grpc.PredecessorServiceStub(self.channel)
        self.recovery = recovery_pb2_grpc.RecoveryServiceStub(self.channel)
        self.drawer = drawer_pb2_grpc.DrawerServiceStub(self.channel)
        self.access = access_pb2_grpc.AccessServiceStub(self.channel)
        self.upgrade = upgrade_pb2_grpc.UpgradeServiceStub(self.channel)
        self.shift = shift_pb2_grpc.ShiftServiceStub(self.channel)
        self.scanner = scanner_pb2_grpc.ScannerServiceStub(self.channel)
        self.health = health_pb2_grpc.HealthStub(self.channel)

    def close(self) -> None:
        """End all calls."""
        self._bare.close()


class _Deadline(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Gives every call a deadline, so that no mistake of the daemon hangs a test."""

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        return continuation(_limited(details), request)

    def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        return continuation(_limited(details), request)


def _limited(details: Any) -> Any:
    return details if details.timeout is not None else details._replace(timeout=CALL_S_MAX)


class Till:
    """One till: its folder, its printer, and the daemon that may be running on them."""

    start_s_max = START_S_MAX

    def __init__(self, folder: Path, printer: VirtualPrinter | None, toml: str) -> None:
        """Not running yet. The printer stays as it is when the daemon goes."""
        self.folder = folder
        self.config = folder / "till.toml"
        self.config.write_text(toml, encoding="utf-8")
        self.address = f"unix:{folder / 'api.sock'}"
        self.command = [*DAEMON, "--config", str(self.config)]
        self._printer = printer
        self._process: subprocess.Popen[bytes] | Forked | None = None
        self._calls: list[Calls] = []
        self._starts = 0
        self._killed: set[int] = set()
        self.environment: dict[str, str] = {}
        """What the daemon finds in its environment beside ours."""

    # --- what it stands on

    @property
    def printer(self) -> VirtualPrinter:
        """The simulated printer that this till was given."""
        assert self._printer is not None, "this till has no printer"
        return self._printer

    @property
    def sensor(self) -> VirtualDrawer:
        """The simulated drawer."""
        assert self.printer.drawer is not None
        return self.printer.drawer

    # --- life

    def start(self, failpoint: str = "") -> Till:
        """Start, and return once it has said that it is ready (sd_notify(3))."""
        self.spawn(failpoint)
        self.await_ready()
        return self

    def spawn(self, failpoint: str = "") -> None:
        """Start without waiting: it may die, or be killed, before it is ready."""
        assert self._process is None, "it runs already"
        self._starts += 1
        environment = {**os.environ, "NOTIFY_SOCKET": str(self.folder / "notify")}
        environment.pop("TILLHALD_FAILPOINT", None)
        if failpoint:
            environment["TILLHALD_FAILPOINT"] = failpoint
        environment |= self.environment
        self._notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        (self.folder / "notify").unlink(missing_ok=True)
        self._notified.bind(str(self.folder / "notify"))
        with self._log_path.open("wb") as log, self._error_path.open("wb") as errors:
            self._process = launch(self.command, environment, log, errors)
        self._calls.append(Calls(self.address))

    def await_ready(self) -> None:
        """Return once the daemon is ready; it must not end before."""
        assert self.comes_up(), f"the till did not come up: {self.errors()}\n{self.log_text()}"

    def comes_up(self) -> bool:
        """Wait until it is ready, or has ended."""
        ended = os.pidfd_open(self._running().pid)
        waited_for: list[socket.socket | int] = [self._notified, ended]
        end_s = time.monotonic() + self.start_s_max
        try:
            while (left_s := end_s - time.monotonic()) > 0:
                readable, _, _ = select.select(waited_for, [], [], left_s)
                if self._notified not in readable:
                    return False
                # A launcher says that it is alive while a trial has nothing to say yet.
                if (said := self._notified.recv(64)) != b"WATCHDOG=1":
                    return said == b"READY=1"
        finally:
            os.close(ended)
        return False

    def kill(self) -> None:
        """SIGKILL, as a power cut would end it."""
        process = self._running()
        process.kill()
        self.await_killed()

    def await_killed(self) -> None:
        """Return once it has died by SIGKILL, by our hand or at its failpoint."""
        status = self._running().wait(CALL_S_MAX)
        self._killed.add(self._starts)
        self._gone()
        assert status == -signal.SIGKILL, f"it ended with {status}: {self.errors()}"

    def machine_went_down(self) -> None:
        """What was only in the machine's memory when the till died is gone."""
        assert self._process is None, "it still runs"
        (self.folder / "api.sock.first-bytes").unlink()

    def stop(self, within_s: float = STOP_S_MAX) -> None:
        """SIGTERM; it must end in order, and in time."""
        process = self._running()
        began_s = time.monotonic()
        process.terminate()
        try:
            status = process.wait(CALL_S_MAX)
        finally:
            took_s = time.monotonic() - began_s
        self._gone()
        assert status == 0, f"it ended with {status}: {self.errors()}\n{self.log_text()}"
        assert took_s <= within_s, f"it took {took_s:.2f} s to stop:\n{self.log_text()}"

    def restart(self) -> None:
        """Stop in order, and start again."""
        self.stop()
        self.start()

    def end(self) -> None:
        """Clear up after a test, whatever state it left things in."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(CALL_S_MAX)
            self._killed.add(self._starts)
            self._gone()
        while self._calls:
            self._calls.pop().close()

    def await_exit(self) -> int:
        """Wait until it ends by itself; its exit status."""
        status = self._running().wait(CALL_S_MAX)
        self._gone()
        return status

    @property
    def pid(self) -> int:
        """The daemon's process id."""
        return self._running().pid

    def is_running(self) -> bool:
        """Whether the daemon is alive."""
        return self._process is not None and self._process.poll() is None

    def _running(self) -> subprocess.Popen[bytes] | Forked:
        assert self._process is not None, "it does not run"
        return self._process

    def _gone(self) -> None:
        self._process = None
        self._notified.close()

    # --- how to speak to it

    @property
    def calls(self) -> Calls:
        """The services of the daemon that runs now."""
        return self._calls[-1]

    def another(self, address: str = "") -> Calls:
        """A further front end, on a connection of its own."""
        calls = Calls(address or self.address)
        self._calls.insert(0, calls)
        return calls

    # --- what it said

    @property
    def _log_path(self) -> Path:
        return self.folder / f"stdout-{self._starts}"

    @property
    def _error_path(self) -> Path:
        return self.folder / f"stderr-{self._starts}"

    def log_text(self) -> str:
        """What the last start wrote to stdout."""
        return self._log_path.read_text(encoding="utf-8")

    def errors(self) -> str:
        """What the last start wrote to stderr."""
        return self._error_path.read_text(encoding="utf-8")

    def mistakes(self, expected: Container[str] = ()) -> list[str]:
        """What all starts logged of the daemon's own mistakes: there shall be none.

        `expected` are the events that are right to be logged as errors in this test.
        """
        found: list[str] = []
        for number in range(1, self._starts + 1):
            with (self.folder / f"stdout-{number}").open(encoding="utf-8") as log:
                # The last line of a killed daemon may be half a line.
                whole = [line for line in log if line.endswith("}\n")]
            entries = [json.loads(line) for line in whole]
            found += [
                entry.get("exception") or str(entry)
                for entry in entries
                if entry["level"] in ("error", "critical") and entry["event"] not in expected
            ]
            spoken = (self.folder / f"stderr-{number}").read_text(encoding="utf-8")
            # A check of the journal that lost its daemon complains of the broken pipe.
            found += [spoken] if "Traceback" in spoken and number not in self._killed else []
        return found


@contextlib.contextmanager
def short_folder() -> Iterator[Path]:
    """A folder whose name is short enough for a socket in it, as pytest's are not always."""
    folder = Path(tempfile.mkdtemp(prefix="till", dir="/tmp"))
    try:
        yield folder
    finally:
        # A program that a killed till had started may write its last file just now.
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def a_till(
    *,
    printer: VirtualPrinter | None = None,
    currency: str = "EUR",
    language: str = "en",
    tcp: str = "",
    ttl_s: int = 900,
    expected: Container[str] = (),
    profile: str = "tm_t88",
    receipt: str = "",
    front: str = "",
    more: str = "",
    access: str = SOCKET_ONLY,
) -> Iterator[Till]:
    """A till that is not running yet, on `printer` or none; it is gone afterwards.

    The daemon must not have logged a mistake of its own, whatever was done to it; `expected` are
    the events that are right to be logged as errors. `more` is added to the configuration.
    """
    with short_folder() as folder:
        port = printer.address[1] if printer else 0
        toml = till_toml(
            folder,
            port,
            currency=currency,
            language=language,
            tcp=tcp,
            ttl_s=ttl_s,
            profile=profile,
            receipt=receipt,
            front=front,
            more=more,
            access=access,
        )
        till = Till(folder, printer, toml)
        try:
            yield till
        finally:
            till.end()
        mistakes = till.mistakes(expected)
    assert not mistakes, "\n".join(mistakes)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
