"""Ctrl-C, for a command that speaks gRPC.

An interrupt that Python raises within gRPC may leave gRPC's locks taken; then the process hangs at
its end. So SIGINT is blocked, and a thread waits for it: it ends what the command waits for, from
outside. A command that has not ended a moment later, at a prompt, say, is ended as a shell would.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXIT_INTERRUPTED: Final = 130
"""What a shell says of a program that SIGINT ended."""
END_S_MAX: Final = 3
"""For letting go in order: giving a scanner back is one answer of the till's."""
SHOW_CURSOR: Final = "\x1b[?25h"
ENDS_MAX: Final = 8
"""As deep as commands ever wait for something within something."""

_ends: list[Callable[[], object]] = []
_came = threading.Event()


def listen() -> None:
    """Take SIGINT from Python. To be called before gRPC has threads, once."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    threading.Thread(target=_wait, name="interrupt", daemon=True).start()


def pause(seconds: float) -> bool:
    """Wait so long, or until there is an interrupt; whether there was one."""
    return _came.wait(seconds)


def has_come() -> bool:
    """Whether there was one."""
    return _came.is_set()


@contextlib.contextmanager
def ended_by(end: Callable[[], object]) -> Iterator[None]:
    """Meanwhile Ctrl-C calls `end`, and what was named before does not count. On another thread."""
    assert len(_ends) < ENDS_MAX, "each is taken away again"
    _ends.append(end)
    try:
        yield
    finally:
        _ends.remove(end)


def _wait() -> None:
    signal.sigwait({signal.SIGINT})
    _came.set()
    if _ends:
        _ends[-1]()
        signal.sigtimedwait({signal.SIGINT}, END_S_MAX)  # twice means: at once
    if sys.stdout.isatty():
        os.write(sys.stdout.fileno(), SHOW_CURSOR.encode())
    os._exit(EXIT_INTERRUPTED)
