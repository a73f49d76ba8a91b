"""A disk that records, fails, and loses its power: mounted on a folder, for any program.

    with PowerCutDisk(tmp_path / "disk") as disk:
        till = subprocess.Popen(["tillhald", ..., "--folder", disk.path])
        ...
        loss = disk.cut(seed, till.pid)
        # disk.path shows now what the power cut left; start the till again on it

It needs Linux and root, because it mounts; see `why_not`.
"""

import contextlib
import errno
import functools
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from hwsim.power.faults import Injected, Rule
from hwsim.power.fuse import DEVICE, mount, unmount
from hwsim.power.loss import Loss
from hwsim.power.server import Answer, Order
from hwsim.power.trace import Trace

END_S_MAX: Final = 10.0
"""A killed program, or a disk that is told to end, is gone by then."""


@functools.cache
def why_not() -> str | None:
    """Return why there can be no such disk here, in words; None when there can."""
    if sys.platform != "linux":
        return f"a disk that loses its power needs Linux, this is {sys.platform}"
    if os.geteuid() != 0:
        return (
            f"a disk that loses its power is mounted, which needs root; this is user {os.geteuid()}"
        )
    with tempfile.TemporaryDirectory(prefix="hwsim-") as name:
        try:
            os.close(mount(Path(name)))
        except OSError as error:
            what = DEVICE if error.filename == DEVICE else "mount(2)"
            return f"a disk that loses its power needs {what}: {error.strerror}"
        unmount(Path(name))
    return None


class PowerCutDisk:
    """A disk of its own at `path`, as a context manager.

    What lies in `start` is on it, durable, from the beginning; links and special files are refused
    with ValueError. With `record`, `trace` has everything that is done. `folder` is made if it is
    not there; it must be empty. Raise OSError when it cannot be mounted.

    There are no links on it, everything on it is root's, and a file takes room for its holes, too.
    Methods may be called from any thread. Let other processes map its files: one that waits for a
    page of a disk that is frozen waits with all its threads, and cannot thaw it.
    """

    def __init__(self, folder: Path, *, start: Path | None = None, record: bool = False) -> None:
        self.path: Final = folder.absolute()
        self._start = start
        self._record = record
        self._asking = threading.Lock()

    def __enter__(self) -> Self:
        self.path.mkdir(parents=True, exist_ok=True)
        if any(self.path.iterdir()):
            raise FileExistsError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), str(self.path))
        ours, theirs = Pipe()
        self._orders: Connection[Order, Answer] = ours
        self.frozen_fd = os.eventfd(0)
        with theirs:
            self._server = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "hwsim.power.server",
                    str(self.path),
                    "" if self._start is None else str(self._start),
                    str(os.getpid()),
                    str(theirs.fileno()),
                    str(self.frozen_fd),
                    "record" if self._record else "",
                ],
                pass_fds=(theirs.fileno(), self.frozen_fd),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is not for the disk
            )
        try:
            self._received()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Unmount, whoever still uses it, and end the disk's process. All that it held is gone."""
        with self._asking:
            if self._orders.closed:
                return
            self._orders.close()
        self._server.terminate()
        try:
            self._server.wait(END_S_MAX)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        unmount(self.path)  # it has done so itself, unless it was killed
        os.close(self.frozen_fd)

    @property
    def pid(self) -> int:
        """The process that is the disk: whoever kills everybody should spare it."""
        return self._server.pid

    # --- what goes wrong

    def fail(self, rule: Rule) -> None:
        """Let the rule count from now on, beside those that were given before."""
        self._ask(("arm", rule))

    def clear_faults(self) -> None:
        """Forget all rules. A frozen disk thaws: what waited is done."""
        self._ask(("clear", None))

    def injected(self) -> tuple[Injected, ...]:
        """Return everything that went wrong by a rule so far, in order."""
        answer = self._ask(("injected", None))
        assert isinstance(answer, tuple), answer
        return answer

    def wait_frozen(self, timeout_s: float) -> bool:
        """Wait until a rule freezes the disk; False when none does within `timeout_s`."""
        return bool(select.select([self.frozen_fd], [], [], timeout_s)[0])

    @property
    def free_bytes(self) -> int:
        """What there is room for; set it to 0, and the disk is full. Counts in blocks of 4 KiB."""
        answer = self._ask(("free_bytes", None))
        assert isinstance(answer, int), answer
        return answer

    @free_bytes.setter
    def free_bytes(self, free_bytes: int) -> None:
        if free_bytes < 0:
            raise ValueError(f"a disk cannot have room for {free_bytes} bytes")
        self._ask(("set_free_bytes", free_bytes))

    def read_only(self, read_only: bool) -> None:  # noqa: FBT001
        """Refuse every change with EROFS, also to files that are open; or no longer."""
        self._ask(("read_only", read_only))

    # --- the power

    def cut(self, seed: int, *pids: int) -> Loss:
        """Cut the power: SIGKILL for the processes, and what is left of the disk, by `seed`.

        `path` then shows that state, on a new mount; all of it is durable. Faults, and what was
        set by `read_only`, stay. Whoever had files open and was not killed has them no longer: a
        process that had mapped one gets SIGBUS. Return what was lost.
        """
        with contextlib.ExitStack() as watched:
            waiting = []
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    pidfd = os.pidfd_open(pid)
                    watched.callback(os.close, pidfd)
                    signal.pidfd_send_signal(pidfd, signal.SIGKILL)
                    waiting.append((pid, pidfd))
            # Not a single answer of the disk gets to a program that has this signal. Those whose
            # call waits for the disk can only end once it is off.
            answer = self._ask(("cut", seed))
            assert isinstance(answer, Loss), answer
            end_s = time.monotonic() + END_S_MAX
            for pid, pidfd in waiting:
                left_s = max(0.0, end_s - time.monotonic())
                if not select.select([pidfd], [], [], left_s)[0]:
                    raise TimeoutError(f"process {pid} still lives {END_S_MAX:.0f} s after SIGKILL")
        return answer

    # --- what was done

    def trace(self) -> Trace:
        """Return what was done since the beginning, or since the last cut.

        Raise RuntimeError unless the disk was opened with `record`, and when more was written than
        a recording holds.
        """
        answer = self._ask(("trace", None))
        assert isinstance(answer, Trace), answer
        return answer

    def sync_count(self, name: str = "*") -> int:
        """Return how often files of this name were synced so far, successfully or not.

        `name` is a pattern as in Rule; the top folder is `.`. Counted are fsync and fdatasync, and
        writes through O_SYNC, O_DSYNC and msync.
        """
        answer = self._ask(("sync_count", name))
        assert isinstance(answer, int), answer
        return answer

    def write_count(self) -> int:
        """Return how many writes the disk has taken so far."""
        answer = self._ask(("write_count", None))
        assert isinstance(answer, int), answer
        return answer

    def _ask(self, order: Order) -> Answer:
        with self._asking:
            return self._received(order)

    def _received(self, order: Order | None = None) -> Answer:
        try:
            if order is not None:
                self._orders.send(order)
            answer = self._orders.recv()
        except (EOFError, ConnectionError):
            raise RuntimeError("The disk's process has ended.") from None
        if isinstance(answer, Exception):
            raise answer
        return answer
