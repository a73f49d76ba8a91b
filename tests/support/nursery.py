"""Daemons, their launcher, and tillctl, forked from processes that have imported them already.

Of the processor time of a start nine tenths are imports, and the tests start a thousand daemons and
two hundred times tillctl. What is forked is the whole program in a process of its own, with its
arguments, its environment, its files and its end; only the imports were done beforehand. That
`python -m tillhald` starts by itself is shown by those tests that run it as a tool or from a bundle,
by itself or under its launcher; that tillctl does, by those that run it at a terminal, or beside
the test.

    python -m tests.support.nursery FAMILY DESCRIPTOR
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

DAEMON: Final = [sys.executable, "-m", "tillhald"]
LAUNCHER: Final = [sys.executable, "-m", "tillhald.boot"]
TILLCTL: Final = [str(Path(sys.executable).with_name("tillctl"))]
FORKED: Final = {"tillhald": DAEMON, "launcher": LAUNCHER, "tillctl": TILLCTL}
"""The commands that are forked; any other one is started."""
FAMILY: Final = {"tillhald": "till", "launcher": "till", "tillctl": "tillctl"}
"""Those of one family come from one nursery."""
OWN_INTERPRETER: Final = f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'.encode()
"""In a slot without a program of its own. The daemon that a launcher starts with it is forked, too;
with any other one it is started."""
TILLCTL_S_MAX = 60.0
ROOT = Path(__file__).parents[2]
MESSAGE_BYTES_MAX = 64 << 10
"""Arguments and an environment."""
GREW_UP = b"ready"
_PATH = "PYTHONPATH"
_FOUND_IN = os.environ.get(_PATH, "")
"""Where the nursery imports from. A daemon that is to find other modules is started."""


class Forked:
    """A child of the nursery, with those parts of subprocess.Popen that tests use."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        """It runs, or has ended already: its pid is its own until `wait` has its status."""
        self.pid = pid
        self.returncode: int | None = None
        self._nursery = nursery
        self._end = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """The exit status; None while it runs."""
        if self.returncode is None and select.select([self._end], [], [], 0)[0]:
            self._reap()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit status, once it has ended. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            if not select.select([self._end], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("tillhald", timeout or 0.0)
            self._reap()
        assert self.returncode is not None
        return self.returncode

    def terminate(self) -> None:
        """SIGTERM, if it runs."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL, if it runs."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def _reap(self) -> None:
        self.returncode = self._nursery.ask({"reap": self.pid})
        os.close(self._end)


class Nursery:
    """The process that forks. One is enough for a process of tests."""

    def __init__(self, family: str) -> None:
        """Start it, and wait until it has imported everything of this family."""
        self._lock = threading.Lock()
        self._door, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            with _own_cpu():
                self._process = subprocess.Popen(
                    [sys.executable, "-m", __name__, family, str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    cwd=ROOT,
                    env={**os.environ, _PATH: _FOUND_IN},
                )
        assert self._door.recv(MESSAGE_BYTES_MAX) == GREW_UP, "the nursery did not start"
        atexit.register(self.close)

    def fork(
        self,
        program: str,
        arguments: list[str],
        environment: dict[str, str],
        files: list[IO[bytes]],
    ) -> Forked:
        """Run a program of FORKED with these arguments, in the environment, on these files as its
        standard input, output and errors."""
        request = {
            "program": program,
            "arguments": arguments,
            "environment": environment,
            "folder": os.getcwd(),
        }
        return Forked(self, self.ask(request, [file.fileno() for file in files]))

    def ask(self, request: dict[str, Any], descriptors: list[int] | None = None) -> int:
        """The number that answers a request."""
        message = json.dumps(request).encode()
        assert len(message) <= MESSAGE_BYTES_MAX, "the environment is too long"
        with self._lock:
            socket.send_fds(self._door, [message], descriptors or [])
            answer = self._door.recv(MESSAGE_BYTES_MAX)
        assert answer, "the nursery is gone"
        return int(answer)

    def close(self) -> None:
        """End it; it waits for nobody."""
        self._door.close()
        self._process.wait()


@contextlib.contextmanager
def _own_cpu() -> Iterator[None]:
    """What is started within has one CPU for its first: of several processes of tests each gives
    its daemons another one. A daemon stays on the first that it may use, and all would share it."""
    all_of_them = os.sched_getaffinity(0)
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    os.sched_setaffinity(0, {sorted(all_of_them)[number % len(all_of_them)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_of_them)


@functools.cache
def nursery(family: str) -> Nursery:
    """The nursery of this process for this family."""
    return Nursery(family)


def launch(
    command: list[str],
    environment: dict[str, str],
    out: IO[bytes],
    errors: IO[bytes],
    typed: IO[bytes] | None = None,
) -> subprocess.Popen[bytes] | Forked:
    """Run `command` in the environment, reading what is typed, writing to the files."""
    if typed is None:
        with open(os.devnull, "rb") as nothing:
            return launch(command, environment, out, errors, nothing)
    if environment.get(_PATH, "") == _FOUND_IN:
        for program, words in FORKED.items():
            if command[: len(words)] == words:
                arguments = command[len(words) :]
                files = [typed, out, errors]
                return nursery(FAMILY[program]).fork(program, arguments, environment, files)
    with _own_cpu():
        return subprocess.Popen(command, stdin=typed, stdout=out, stderr=errors, env=environment)


def run_tillctl(
    *arguments: str | Path,
    environment: dict[str, str] | None = None,
    typed: str = "",
    errors_apart: bool = True,
    within_s: float = TILLCTL_S_MAX,
) -> subprocess.CompletedProcess[str]:
    """Run tillctl to its end, on no terminal. Raises subprocess.TimeoutExpired.

    `environment` is the whole of it, ours unless told. With `errors_apart=False` its complaints
    stand in `stdout`, where they came.
    """
    command = [*TILLCTL, *map(str, arguments)]
    kept = dict(os.environ) if environment is None else environment
    with (
        tempfile.TemporaryFile() as read,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as errors,
    ):
        read.write(typed.encode())
        read.seek(0)
        process = launch(command, kept, out, errors if errors_apart else out, read)
        try:
            status = process.wait(within_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        written = []
        for file in (out, errors):
            file.seek(0)
            written.append(file.read().decode())
    return subprocess.CompletedProcess(command, status, *written)


# --- the process that forks


def main(family: str, door: socket.socket) -> int:
    """Fork what is asked for until whoever asked is gone: 0. In a fork: the program's status."""
    before = set(os.environ)
    {"till": _import_tillhald, "tillctl": _import_tillctl}[family]()
    programs = {"tillhald": _tillhald, "launcher": _launcher, "tillctl": _tillctl}
    gc.freeze()  # the collector of a fork does not touch, and so not copy, what all share
    added = {name: text for name, text in os.environ.items() if name not in before}
    # Ctrl-C is for those that were forked, which end in order, and for whoever started this.
    interrupted = signal.signal(signal.SIGINT, signal.SIG_IGN)
    door.send(GREW_UP)
    while True:
        message, descriptors, _, _ = socket.recv_fds(door, MESSAGE_BYTES_MAX, 3)
        if not message:
            return 0
        request = json.loads(message)
        if "reap" in request:
            _, status = os.waitpid(request["reap"], 0)
            door.send(str(os.waitstatus_to_exitcode(status)).encode())
            continue
        pid = os.fork()
        if pid == 0:
            door.close()
            signal.signal(signal.SIGINT, interrupted)
            for place, descriptor in enumerate(descriptors):
                os.dup2(descriptor, place)
                os.close(descriptor)
            os.chdir(request["folder"])
            os.environ.clear()
            os.environ.update({**added, **request["environment"]})
            time.tzset()
            return programs[request["program"]](request["arguments"])
        for descriptor in descriptors:
            os.close(descriptor)
        door.send(str(pid).encode())


# What each does from its start on; what is read at its imports is read anew.


def _import_tillhald() -> None:
    import tillhald.__main__
    from tillhald.devices.finding import load_drivers
    from tillhald.drivers.escpos import symbols

    assert tillhald.__main__.main is not None
    load_drivers()
    symbols.load()


def _tillhald(arguments: list[str]) -> int:
    import tillhald.__main__
    from tillhald import failpoints

    importlib.reload(failpoints)
    tillhald.__main__._STARTED_S = time.monotonic()
    sys.argv = [tillhald.__main__.__file__, *arguments]
    return tillhald.__main__.main()


def _launcher(arguments: list[str]) -> int:
    from tillhald import failpoints
    from tillhald.boot import __main__, launcher

    importlib.reload(failpoints)
    start = os.posix_spawn

    def fork_or_start(
        path: str, command: list[str], environment: dict[str, str], *, setsigmask: tuple[int, ...]
    ) -> int:
        of_daemon, rest = command[1:4], command[4:]
        if of_daemon != ["-I", *DAEMON[1:]] or Path(path).read_bytes() != OWN_INTERPRETER:
            return start(path, command, environment, setsigmask=setsigmask)
        if child := os.fork():
            return child
        os.posix_spawn = start
        signal.pthread_sigmask(signal.SIG_SETMASK, setsigmask)
        os.environ.clear()
        os.environ.update(environment)
        return sys.exit(_tillhald(rest))

    os.posix_spawn = fork_or_start
    sys.argv = [__main__.__file__, *arguments]
    return launcher.main(arguments)


def _import_tillctl() -> None:
    import tillhald.ctl.__main__

    assert tillhald.ctl.__main__.main is not None


def _tillctl(arguments: list[str]) -> int:
    for name in [name for name in sys.modules if name.startswith("tillhald.ctl")]:
        del sys.modules[name]  # how wide the terminal is, and whether it has colours
    sys.argv = [*TILLCTL, *arguments]
    runpy.run_path(TILLCTL[0], run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], socket.socket(fileno=int(sys.argv[2]))))
