"""Has logind wait with a shutdown until the till is at rest.

A person who shuts the host down, or its power button, is asked nothing by the till. A delay
inhibitor (org.freedesktop.login1(5)) gives it the time that logind.conf grants, before anything is
stopped: the front end is still there, and so are the printers.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import structlog

from tillhald.service.dbus import Bus, BusError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

log = structlog.get_logger(__name__)

SYSTEM_BUS = "/run/dbus/system_bus_socket"
ADDRESS_ENV = "DBUS_SYSTEM_BUS_ADDRESS"
RETRY_S = 30.0
_LOGIND, _AT, _MANAGER = (
    "org.freedesktop.login1",
    "/org/freedesktop/login1",
    "org.freedesktop.login1.Manager",
)
_MATCH = (
    f"type='signal',sender='{_LOGIND}',path='{_AT}',interface='{_MANAGER}',"
    "member='PrepareForShutdown'"
)


def system_bus(environ: Mapping[str, str]) -> str:
    """The path of the system bus's socket: where it usually is, or where `environ` says."""
    kind, _, path = environ.get(ADDRESS_ENV, "").partition("unix:path=")
    return path.partition(",")[0] if path and not kind else SYSTEM_BUS


class Inhibitor:
    """Holds shutdowns up, from a start of the daemon to its end."""

    def __init__(self, bus: str, settle: Callable[[], Awaitable[None]]) -> None:
        """`bus` is the path of the system bus's socket; `settle` returns when the till is at
        rest."""
        self._bus = bus
        self._settle = settle
        self._lock: int | None = None
        self._was_refused = False

    @property
    def is_held(self) -> bool:
        """Whether logind would wait for us now."""
        return self._lock is not None

    async def run(self) -> None:
        """Until cancelled. Without logind, ask for it again from time to time."""
        try:
            while True:
                try:
                    await self._hold()
                except (OSError, BusError) as error:
                    if not self._was_refused:
                        log.warning("shutdowns_not_held", why=str(error) or "no answer")
                    self._was_refused = True
                self._let_go()
                await asyncio.sleep(RETRY_S)
        finally:
            self._let_go()

    async def _hold(self) -> None:
        async with Bus(self._bus) as bus:
            await bus.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "AddMatch", _MATCH)
            while True:
                answer = await bus.call(
                    _LOGIND,
                    _AT,
                    "Inhibit",
                    "shutdown",
                    "tillhald",
                    "The till puts sales aside and lets printers finish.",
                    "delay",
                    interface=_MANAGER,
                )
                if len(answer.fds) != 1:
                    for fd in answer.fds:
                        os.close(fd)
                    message = "logind gave no lock"
                    raise BusError(message)
                (self._lock,) = answer.fds
                self._was_refused = False
                log.info("shutdowns_held")
                # It says true when one begins, and false when one was given up.
                while not any((await bus.signal("PrepareForShutdown")).body):
                    pass
                log.warning("shutdown_announced")
                await self._settle()
                self._let_go()
                await bus.signal("PrepareForShutdown")
                log.warning("shutdown_given_up")

    def _let_go(self) -> None:
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)
