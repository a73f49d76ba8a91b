"""A real file system under the power cut: ext4 on a loop device on a disk that records.

What programs write goes through ext4, and what ext4 writes to its device, in blocks and with
flushes, is what is recorded; a state of such a trace is an image, which is mounted to look at it.
So nothing about names and sizes is taken from a model: they are what ext4 makes of them.

    with PowerCutDisk(tmp / "disk", record=True) as disk:
        with FileSystem(disk.path, tmp / "mnt", size_bytes=16 << 20) as filesystem:
            ...  # programs use filesystem.path, and say marks in filesystem.path / ".mark"
        trace = filesystem.since_mount(disk.trace())

Needs root, loop devices and mkfs.ext4; see `why_not_mount`.
"""

import contextlib
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

from hwsim.power.disk import why_not
from hwsim.power.trace import Marked, Trace
from hwsim.power.tree import apply, copy

IMAGE: Final = "disk.img"
SIZE_BYTES_MIN: Final = 16 << 20
TOOL_S_MAX: Final = 60.0
_JOURNAL_MIB = 4
_MOUNTED: Final = "ext4 is mounted"


class ToolFailedError(OSError):
    """A program that mounts, or makes, a file system refused; the message says what it said."""


def _run(*command: str) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=TOOL_S_MAX, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolFailedError(f"{command[0]}: {error}") from error
    if done.returncode:
        said = " ".join((done.stderr + done.stdout).split())
        raise ToolFailedError(f"{' '.join(command)}: {said or done.returncode}")
    return done.stdout.strip()


@contextlib.contextmanager
def attached(image: Path) -> Iterator[Path]:
    """Give the loop device over `image`; it is detached at the end."""
    device = _run("losetup", "--find", "--show", str(image))
    try:
        yield Path(device)
    finally:
        _run("losetup", "--detach", device)


@contextlib.contextmanager
def mounted(image: Path, folder: Path) -> Iterator[Path]:
    """Mount the file system in `image` on `folder`, which is made if it is not there.

    What a power cut left undone is done then: ext4 replays its journal. Raises ToolFailedError
    when the file system cannot be mounted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with attached(image) as device:
        _run("mount", "-t", "ext4", str(device), str(folder))
        try:
            yield folder
        finally:
            _run("umount", str(folder))


def _make(device: Path) -> None:
    options = "lazy_itable_init=0,lazy_journal_init=0,nodiscard"
    journal = ["-J", f"size={_JOURNAL_MIB}"]
    features = ["-O", "^resize_inode", "-E", options]
    _run("mkfs.ext4", "-q", "-b", "4096", *features, *journal, str(device))


@functools.cache
def why_not_mount() -> str | None:
    """Return why no such file system can be had here, in words; None when one can."""
    reason = why_not()
    if reason is not None:
        return reason
    for tool in ("losetup", "mkfs.ext4", "mount", "umount"):
        if shutil.which(tool) is None:
            return f"a file system on a loop device needs {tool}, which is not installed"
    with tempfile.TemporaryDirectory(prefix="hwsim-") as name:
        image = Path(name) / IMAGE
        image.write_bytes(b"")
        os.truncate(image, SIZE_BYTES_MIN)
        try:
            with attached(image) as device:
                _make(device)
            with mounted(image, Path(name) / "mnt"):
                return None
        except ToolFailedError as error:
            return f"a file system on a loop device cannot be had: {error}"


class FileSystem:
    """A new ext4 in a file of `below`, mounted on `folder`, as a context manager.

    `below` is the top of a PowerCutDisk that records. What lies in `start` is in it from the
    beginning. Raises ToolFailedError.
    """

    def __init__(
        self, below: Path, folder: Path, *, size_bytes: int, start: Path | None = None
    ) -> None:
        self.path: Final = folder
        self._below = below
        self._size_bytes = size_bytes
        self._start = start
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Make it, fill it, and mount it anew, so that all of that is durable."""
        image = self._below / IMAGE
        image.touch()
        os.truncate(image, self._size_bytes)
        with attached(image) as device:
            _make(device)
        with mounted(image, self.path):
            if self._start is not None:
                shutil.copytree(self._start, self.path, dirs_exist_ok=True)
            (self.path / ".mark").symlink_to(self._below / ".mark")
        self._stack.enter_context(mounted(image, self.path))
        _run("sync", "--file-system", str(self.path))
        self.mark(_MOUNTED)
        return self

    def mark(self, text: str) -> None:
        """Say something at this place of the trace."""
        fd = os.open(self._below / ".mark", os.O_WRONLY)
        try:
            os.write(fd, text.encode())
        finally:
            os.close(fd)

    def __exit__(self, *_: object) -> None:
        """Unmount."""
        self._stack.close()

    def since_mount(self, trace: Trace) -> Trace:
        """Return the part of a trace that begins when the file system was mounted."""
        first = next(at for at, op in enumerate(trace.ops) if op == Marked(_MOUNTED))
        start = copy(trace.start)
        for op in trace.ops[:first]:
            apply(start, op)
        return Trace(start, trace.ops[first + 1 :])
