"""The last log lines, kept in memory for whoever asks what happened just now."""

from __future__ import annotations

import datetime
import errno
import os
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, TracebackType

    from structlog.typing import EventDict, WrappedLogger

RECENT_BYTES_MAX = 1 << 20
LINE_BYTES_MAX = 16 << 10
CAUSES_MAX = 5
FRAMES_MAX = 30


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


def utc(at_ms: int) -> str:
    """Unix milliseconds as ISO 8601 writes the time in UTC; a till's clock can say anything."""
    try:
        at = datetime.datetime.fromtimestamp(at_ms // 1000, tz=datetime.UTC)
    except (ValueError, OverflowError, OSError):
        return f"{at_ms} ms"
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03}Z"


# --- exceptions without their texts


def trouble_of(error: BaseException) -> list[dict[str, object]]:
    """The exception and its causes: classes, system errors, places in the code. Never a text.

    An exception's text may hold whatever the code had in its hands: a line of a sale, a password.
    """
    return [_one(cause) for cause in _causes(error)]


def named(error: BaseException) -> str:
    """An exception in a few words, none of them its own: its class and its system error."""
    meaning = _meaning(error)
    return f"{_class_name(error)}: {meaning}" if meaning else _class_name(error)


def _causes(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    for _ in range(CAUSES_MAX):
        if current is None:
            return
        yield current
        hidden = current.__suppress_context__
        current = current.__cause__ or (None if hidden else current.__context__)


def _one(error: BaseException) -> dict[str, object]:
    told: dict[str, object] = {"class": _class_name(error)}
    if meaning := _meaning(error):
        told["system_error"] = meaning
    if isinstance(error, BaseExceptionGroup):
        told["group_of"] = [named(inner) for inner in error.exceptions[:CAUSES_MAX]]
    told["at"] = _places(error.__traceback__)
    return told


def _class_name(error: BaseException) -> str:
    kind = type(error)
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )


def _meaning(error: BaseException) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number is None or number not in errno.errorcode:
        return ""
    return f"{errno.errorcode[number]} {os.strerror(number)}"


def _places(trace: TracebackType | None) -> list[str]:
    """Where it came through, the place where it was raised last."""
    places: deque[str] = deque(maxlen=FRAMES_MAX)
    while trace is not None:
        places.append(_place(trace.tb_frame.f_code, trace.tb_lineno))
        trace = trace.tb_next
    return list(places)


def _place(code: CodeType, line: int) -> str:
    file = "/".join(code.co_filename.split("/")[-3:])
    return f"{file}:{line} in {code.co_qualname}"
