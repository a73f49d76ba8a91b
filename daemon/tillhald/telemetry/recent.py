"""The last log lines, kept in memory for whoever asks what happened just now."""

from __future__ import annotations

import sys
import threading
from collections import deque
from typing import TYPE_CHECKING

import msgspec

from tillhald.telemetry.wording import trouble_of

if TYPE_CHECKING:
    from structlog.typing import EventDict, WrappedLogger

RECENT_BYTES_MAX = 1 << 20
LINE_BYTES_MAX = 16 << 10


class RecentLines:
    """The last log lines, as JSON, together at most `bytes_max` bytes. For any thread.

    They are as they were logged, but for exceptions, of which no text is kept (`trouble_of`).
    """

    def __init__(self, bytes_max: int = RECENT_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._lines: deque[bytes] = deque()
        self._bytes = 0
        self._passed = 0
        self._lock = threading.Lock()

    def keep(self, logger: WrappedLogger, name: str, entry: EventDict) -> EventDict:  # noqa: ARG002
        """Keep one line and hand it on: a processor of structlog. Never raises."""
        line = _line(entry)
        with self._lock:
            self._lines.append(line)
            self._bytes += len(line)
            while self._bytes > self._bytes_max:
                self._bytes -= len(self._lines.popleft())
                self._passed += 1
        return entry

    def lines(self) -> tuple[int, list[bytes]]:
        """How many earlier lines are not kept any more, and those that are, oldest first."""
        with self._lock:
            return self._passed, list(self._lines)


def _line(entry: EventDict) -> bytes:
    kept = {str(name): value for name, value in entry.items() if name != "exc_info"}
    error = _error_of(entry.get("exc_info"))
    if error is not None:
        kept["exception"] = trouble_of(error)
    try:
        line = msgspec.json.encode(kept, enc_hook=str)
    except (TypeError, ValueError, OverflowError, RecursionError) as failure:
        kept = {"not_kept": type(failure).__name__}
    else:
        if len(line) <= LINE_BYTES_MAX:
            return line
        kept = {"not_kept": f"{len(line)} bytes"}
    named = {name: str(entry.get(name, ""))[:100] for name in ("event", "level", "timestamp")}
    return msgspec.json.encode({name: _valid(text) for name, text in named.items()} | kept)


def _valid(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _error_of(exc_info: object) -> BaseException | None:
    """What stands under `exc_info`: an exception, a triple, or True for the one being handled."""
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple) and isinstance(exc_info[1], BaseException):
        return exc_info[1]
    return sys.exception() if exc_info else None
