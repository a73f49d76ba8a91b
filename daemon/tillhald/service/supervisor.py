"""What the daemon tells systemd, by sd_notify(3): ready, how it goes, alive, stopping.

Own code: the protocol is one datagram of lines `WORD=value` to the socket in $NOTIFY_SOCKET.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, NamedTuple

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

log = structlog.get_logger(__name__)

BEATS_IN_A_WATCH = 3
"""systemd waits for one beat in WatchdogSec: two may come late, and nothing is killed for it."""
STATUS_EVERY_S = 5.0
STUCK_S_MAX = 20.0
"""For the journal's writer: a commit takes a millisecond, and a second on a worn-out flash card; a
new segment some seconds. Of a shorter watch, two of its three parts."""


class Supervisor:
    """Whoever started the daemon. Where nobody listens, everything here does nothing."""

    def __init__(self, address: str = "", *, watch_s: float | None = None) -> None:
        """`address` is that of a socket; one that begins with @ is abstract. `watch_s` is after
        how long without `alive` the supervisor kills; None: it does not."""
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.beat_every_s = None if watch_s is None else watch_s / BEATS_IN_A_WATCH
        self._status = ""

    @classmethod
    def of(cls, environ: Mapping[str, str], pid: int) -> Supervisor:
        """The one that `environ` names; a watch that is for another process is not ours."""
        usec, watched = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", str(pid))
        is_watched = usec.isdecimal() and int(usec) > 0 and watched == str(pid)
        return cls(
            environ.get("NOTIFY_SOCKET", ""), watch_s=int(usec) / 1e6 if is_watched else None
        )

    @property
    def listens(self) -> bool:
        """Whether there is one."""
        return bool(self._address)

    def ready(self) -> None:
        """The first call will be answered."""
        self._say("READY=1")

    def alive(self) -> None:
        """The event loop turns, and the journal's writer writes."""
        self._say("WATCHDOG=1")

    def status(self, sentence: str) -> None:
        """What a person reads in `systemctl status`; said when it changes."""
        if sentence != self._status:
            self._status = sentence
            self._say(f"STATUS={sentence}")

    def stopping(self) -> None:
        """From now on the daemon goes down."""
        self._say("STOPPING=1")

    def extend(self, seconds: float) -> None:
        """Stopping needs so much more time, counted from now."""
        self._say(f"EXTEND_TIMEOUT_USEC={round(seconds * 1e6)}")

    def _say(self, line: str) -> None:
        if not self._address:
            return
        # One that does not read, or is gone, is not waited for: the till comes first.
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify,
        ):
            notify.settimeout(0)
            notify.connect(self._address)
            notify.send(line.encode())


class Progress(NamedTuple):
    """How far the journal is asked for, and how far it is on disk."""

    asked_seq: int
    durable_seq: int
    has_failed: bool


class WriterWatch:
    """Says whether the journal's writer gets on. Without work, it does."""

    def __init__(self, now_s: float, *, stuck_s: float = STUCK_S_MAX) -> None:
        self.stuck_s = stuck_s
        self._durable_seq = 0
        self._moved_s = now_s

    def gets_on(self, progress: Progress, now_s: float) -> bool:
        """False once records have waited for `stuck_s`, and none has become durable.

        Where storing has ended, there is nothing to wait for: everybody is refused, and the
        process stays to say so.
        """
        is_idle = progress.asked_seq <= progress.durable_seq
        if is_idle or progress.has_failed or progress.durable_seq != self._durable_seq:
            self._moved_s = now_s
        self._durable_seq = progress.durable_seq
        return now_s - self._moved_s < self.stuck_s


async def keep_telling(
    supervisor: Supervisor, progress: Callable[[], Progress], status: Callable[[], str]
) -> None:
    """Tell the supervisor that the till is alive, and how it is, until cancelled.

    It runs on the event loop: a loop that hangs says nothing. While the writer does not get on,
    nothing is said either: then the supervisor kills the daemon, and a start finds the journal as
    a loss of power leaves it.
    """
    if not supervisor.listens:
        return
    loop = asyncio.get_running_loop()
    beat_s = supervisor.beat_every_s
    stuck_s = STUCK_S_MAX if beat_s is None else min(2 * beat_s, STUCK_S_MAX)
    watch = WriterWatch(loop.time(), stuck_s=stuck_s)
    was_stuck = False
    while True:
        supervisor.status(status())
        is_stuck = not watch.gets_on(progress(), loop.time())
        if is_stuck and not was_stuck:
            log.critical("journal_writer_stuck", seconds=stuck_s)
        was_stuck = is_stuck
        if beat_s is not None and not is_stuck:
            supervisor.alive()
        await asyncio.sleep(min(beat_s or STATUS_EVERY_S, STATUS_EVERY_S))
