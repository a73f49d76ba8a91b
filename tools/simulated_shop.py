"""A till on simulated hardware as two processes: `hwsim shop` and `tillhald`."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

import grpc

from hwsim.v1 import ups_pb2, ups_pb2_grpc
from tillhal import Till
from tillhald.config_listen import SOCKET_PATH_BYTES_MAX
from tillhald.embedded import embedded_text

if TYPE_CHECKING:
    from types import TracebackType

STOP_S_MAX = 5.0


class SimulatedShop:
    """`folder` gets the receipts, the till.toml, the logs, the journal and the socket.

    Where that would make the socket's path too long for Linux, it lies in a folder of its own.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.receipts = folder / "receipts"
        self._sockets = tempfile.TemporaryDirectory(prefix="tillhal-")
        self.socket = folder / "api.sock"
        if len(bytes(self.socket)) > SOCKET_PATH_BYTES_MAX:
            self.socket = Path(self._sockets.name) / "api.sock"
        self.address = f"unix:{self.socket}"
        self.config = folder / "till.toml"
        self.control = ""
        self._daemon: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._peripherals = subprocess.Popen(
            [sys.executable, "-m", "hwsim", "shop", "--folder", str(self.receipts)],
            stdout=subprocess.PIPE,
            stderr=(self.folder / "hwsim.log").open("wb"),
        )
        assert self._peripherals.stdout is not None
        first = self._peripherals.stdout.readline()
        if not first:  # another one plays in this folder, for instance
            self._peripherals.wait()
            log = (self.folder / "hwsim.log").read_text("utf-8", "replace")
            sys.exit(f"The simulated hardware did not start: {log.strip()}")
        ready = json.loads(first)
        # It tells of every receipt: a pipe that nobody reads would stop it after some hundreds.
        told = (self.folder / "hwsim.jsonl").open("wb")
        threading.Thread(
            target=shutil.copyfileobj, args=(self._peripherals.stdout, told), daemon=True
        ).start()
        self.control = ready["control"]
        ups = ready["devices"]["till_ups"]
        text = embedded_text(self.folder, ready["printer"]["port"], ups["port"])
        self.config.write_text(
            text.replace(f'unix = "{self.folder}/api.sock"', f'unix = "{self.socket}"')
        )
        self.start_till()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in (self._daemon, self._peripherals):
            if process is not None and process.poll() is None:
                process.terminate()
                try:
                    process.wait(STOP_S_MAX)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        self._sockets.cleanup()

    @property
    def pid(self) -> int:
        """The daemon's process id."""
        assert self._daemon is not None
        return self._daemon.pid

    def start_till(self) -> None:
        """Start the daemon. Calls wait until it answers."""
        log = (self.folder / "tillhald.log").open("ab")
        self._daemon = subprocess.Popen(
            [sys.executable, "-m", "tillhald", "--config", str(self.config)],
            stdout=log,
            stderr=log,
        )

    def await_end(self, woken: int) -> int:
        """Return once the daemon has ended by itself; its exit status. `woken`: see waking_fd."""
        assert self._daemon is not None
        watched = os.pidfd_open(self._daemon.pid)
        select.select([watched, woken], [], [])
        os.close(watched)
        return self._daemon.wait()

    def await_power(self) -> None:
        """Return once the UPS feeds the till, and is not about to cut."""
        with grpc.insecure_channel(self.control) as channel:
            stub = ups_pb2_grpc.UpsServiceStub(channel)
            for change in stub.WatchUps(ups_pb2.WatchUpsRequest()):
                if change.state.output and not change.state.HasField("shutdown_in_s"):
                    return

    def pull_the_plug(self) -> None:
        """SIGKILL: the daemon gets no chance to tidy up."""
        assert self._daemon is not None
        self._daemon.kill()
        self._daemon.wait(STOP_S_MAX)

    def connect(self) -> Till:
        """A client of this till."""
        return Till.connect(self.address)
