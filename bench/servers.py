"""Starting and ending the servers: in a folder of the run, on loopback, each by its own pid."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from pathlib import Path
from signal import SIGTERM, Signals
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

READY_S_MAX = 30.0
STOP_S_MAX = 15.0
POLL_S = 0.01
LOG_TAIL_BYTES = 1500

ROOT = Path(__file__).parents[1]
"""The root of the repository, where `python -m bench` runs."""
Transport = Literal["unix", "tcp"]


class AbsentError(Exception):
    """The server cannot take part here; the text says why."""


class Running(NamedTuple):
    """A server that answers."""

    pid: int
    targets: dict[Transport, str]
    about: str
    """Version and how it stores, for the report."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def child(
    argv: Sequence[str],
    folder: Path,
    *,
    cwd: Path | None = None,
    user: str | None = None,
    stop: Signals = SIGTERM,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `argv`, its output in `folder`/output; end it with the signal `stop`.

    It runs in `folder` unless `cwd` is given. `user` is whom to run as, for the super-user only;
    the folder must be that user's.
    """
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            argv,
            cwd=cwd or folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            user=user,
            group=user,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.send_signal(stop)
        try:
            process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_ready(
    process: subprocess.Popen[bytes], folder: Path, is_ready: Callable[[], bool]
) -> None:
    """Return once `is_ready`; AbsentError if the process ends or READY_S_MAX passes before."""
    end_s = time.monotonic() + READY_S_MAX
    while not is_ready():
        ended = process.poll()
        if ended is None and time.monotonic() < end_s:
            time.sleep(POLL_S)
            continue
        said = (folder / "output").read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")
        what = f"not ready after {READY_S_MAX:.0f} s" if ended is None else f"exit code {ended}"
        sentence = f"did not start ({what}): {said.strip()}"
        raise AbsentError(sentence)


def accepts(target: Path | int) -> bool:
    """Whether somebody accepts connections on this unix socket, or this port of 127.0.0.1."""
    family = socket.AF_INET if isinstance(target, int) else socket.AF_UNIX
    with socket.socket(family) as probe:
        probe.settimeout(1)
        try:
            probe.connect(("127.0.0.1", target) if isinstance(target, int) else str(target))
        except OSError:
            return False
    return True
