"""Times and exceptions in words that may leave the shop."""

from __future__ import annotations

import datetime
import errno
import os
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, TracebackType

CAUSES_MAX = 5
FRAMES_MAX = 30


def utc(at_ms: int) -> str:
    """Unix milliseconds as ISO 8601 writes the time in UTC; a till's clock can say anything."""
    try:
        at = datetime.datetime.fromtimestamp(at_ms // 1000, tz=datetime.UTC)
    except (ValueError, OverflowError, OSError):
        return f"{at_ms} ms"
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03}Z"


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
