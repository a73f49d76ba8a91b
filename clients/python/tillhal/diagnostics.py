"""An archive for support while it is received: written durably and whole, or not left behind."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, NamedTuple, TypeAlias

import grpc

from tillhal.errors import DamagedInTransit

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from tillhal.v1 import system_pb2, types_pb2

    OnProgress = Callable[[types_pb2.Progress], None]

Target: TypeAlias = str | os.PathLike[str] | IO[bytes]
"""A file's path, a folder that exists (the file gets the till's name for it), or a file opened
for writing bytes."""

_FILE_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


class Diagnostics(NamedTuple):
    """What was received. `left_out`: what the till could not have, and why. `path`: where it is
    now, or None where a file was handed in."""

    file_name: str
    size_bytes: int
    sha256: bytes
    left_out: tuple[str, ...]
    path: Path | None


class Receiver:
    """Takes the steps of GetDiagnostics. A context manager: what is not finished is removed."""

    def __init__(self, target: Target, on_progress: OnProgress | None = None) -> None:
        """Open a file beside the one that it is to become. Raises OSError."""
        self._on_progress = on_progress
        self._digest = hashlib.sha256()
        self._size_bytes = 0
        self._result: system_pb2.DiagnosticsResult | None = None
        self._goal: Path | None = None
        self._half: Path | None = None
        self._file: IO[bytes]
        if not isinstance(target, str | os.PathLike):
            self._file = target
            return
        self._goal = Path(target)
        folder = self._goal if self._goal.is_dir() else self._goal.parent
        # mkstemp makes it for this user alone.
        fd, name = tempfile.mkstemp(prefix=".tillhal-", suffix=".part", dir=folder)
        self._half = Path(name)
        self._file = os.fdopen(fd, "wb")

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove what is not whole."""
        if self._half is not None:
            self._file.close()
            self._half.unlink(missing_ok=True)

    def take(self, step: system_pb2.GetDiagnosticsResponse) -> None:
        """Take one step. Raises OSError where the disk does not take it."""
        match step.WhichOneof("step"):
            case "data":
                self._file.write(step.data)
                self._digest.update(step.data)
                self._size_bytes += len(step.data)
            case "result":
                self._result = step.result
            case "progress" if self._on_progress is not None:
                self._on_progress(step.progress)
            case _:
                pass

    def finish(self) -> Diagnostics:
        """Check that it is whole, and make it durable under its name. Raises DamagedInTransit."""
        result = self._result
        if result is None:
            message = "the till ended the archive before its end"
            raise DamagedInTransit(message, code=grpc.StatusCode.DATA_LOSS)
        if (result.size_bytes, result.sha256) != (self._size_bytes, self._digest.digest()):
            message = f"the archive of {self._size_bytes} bytes is not the one that was sent"
            raise DamagedInTransit(message, code=grpc.StatusCode.DATA_LOSS)
        self._file.flush()
        return Diagnostics(
            file_name=result.file_name,
            size_bytes=result.size_bytes,
            sha256=result.sha256,
            left_out=tuple(result.left_out),
            path=self._keep(result.file_name),
        )

    def _keep(self, file_name: str) -> Path | None:
        if self._goal is None or self._half is None:
            return None
        goal = self._goal
        if goal.is_dir():
            # The till chooses the name, not the folder.
            goal /= file_name if _FILE_NAME.fullmatch(file_name) else "tillhal.zip"
        os.fsync(self._file.fileno())
        self._file.close()
        self._half.replace(goal)
        self._half = None
        folder = os.open(goal.parent, os.O_RDONLY)  # a synced file may still lose its name
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return goal
