"""A bus that is real, dbus-daemon, and on it a logind that is ours: it knows inhibitors, as logind
does, by the pipe whose other end they hold."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import shutil
import socket
import struct
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

from tillhald.service.dbus import (
    CALL,
    RETURN,
    SIGNAL,
    Bus,
    Message,
    encoded,
    texts_body,
)

WAIT_S_MAX = 15.0
NAME, AT, MANAGER = (
    "org.freedesktop.login1",
    "/org/freedesktop/login1",
    "org.freedesktop.login1.Manager",
)
CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>
"""


def why_not() -> str:
    """Why there can be no bus here; empty if there can."""
    return "" if shutil.which("dbus-daemon") else "dbus-daemon is not here"


class Logind:
    """Grants inhibitors, and announces shutdowns."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._serial = 1000
        self.asked: list[list[str]] = []
        self.locks: list[int] = []
        """Our ends of the pipes; one that reads as ended was let go of."""
        self.refuses = False

    async def send(self, data: bytes, fds: list[int] | None = None) -> None:
        if fds:
            socket.send_fds(self._bus._socket, [data], fds)
        else:
            await asyncio.get_running_loop().sock_sendall(self._bus._socket, data)

    def serial(self) -> int:
        self._serial += 1
        return self._serial

    async def own_name(self) -> None:
        fields = {
            1: "/org/freedesktop/DBus",
            2: "org.freedesktop.DBus",
            3: "RequestName",
            6: "org.freedesktop.DBus",
        }
        body = texts_body([NAME])
        body += b"\0" * (-len(body) % 4) + struct.pack("<I", 0)
        await self.send(encoded(CALL, self.serial(), fields, body=body, signature="su"))

    async def serve(self) -> None:
        while True:
            message = await self._bus._next()
            if message.kind == CALL and message.member == "Inhibit":
                await self._inhibit(message)

    async def _inhibit(self, message: Message) -> None:
        self.asked.append(texts_of(message.body))
        serial = self.last_serial
        fields = {6: message.sender}
        if self.refuses:
            fields[4] = "org.freedesktop.DBus.Error.AccessDenied"
            await self.send(encoded(3, self.serial(), fields, reply_serial=serial))
            return
        ours, theirs = os.pipe()
        self.locks.append(ours)
        data = encoded(
            RETURN,
            self.serial(),
            fields,
            body=struct.pack("<I", 0),
            signature="h",
            reply_serial=serial,
            fds=1,
        )
        await self.send(data, [theirs])
        os.close(theirs)

    @property
    def last_serial(self) -> int:
        """Of the till's call: it counts its calls, Hello, AddMatch, Inhibit, from 1."""
        return 2 + len(self.asked)

    async def announce(self, *, begins: bool) -> None:
        fields = {1: AT, 2: MANAGER, 3: "PrepareForShutdown"}
        body = struct.pack("<I", begins)
        await self.send(encoded(SIGNAL, self.serial(), fields, body=body, signature="b"))

    def is_held(self) -> bool:
        """Whether the last lock is held still."""
        return bool(self.locks) and not select.select([self.locks[-1]], [], [], 0)[0]


def texts_of(body: bytes) -> list[str]:
    found, at = [], 0
    while at < len(body):
        at += -at % 4
        (length,) = struct.unpack_from("<I", body, at)
        found.append(body[at + 4 : at + 4 + length].decode())
        at += 4 + length + 1
    return found


@contextlib.asynccontextmanager
async def a_logind(folder: Path, *, refuses: bool = False) -> AsyncIterator[tuple[str, Logind]]:
    """The path of a bus's socket, and the logind on it."""
    path = folder / "bus"
    config = folder / "bus.conf"
    config.write_text(CONFIG.format(path=path))
    daemon = subprocess.Popen(
        ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile"],
        stderr=subprocess.PIPE,
    )
    try:
        end_s = asyncio.get_running_loop().time() + WAIT_S_MAX
        while not path.exists():
            assert daemon.poll() is None, daemon.stderr.read()  # type: ignore[union-attr]
            assert asyncio.get_running_loop().time() < end_s
            await asyncio.sleep(0.02)
        async with Bus(str(path)) as bus:
            logind = Logind(bus)
            logind.refuses = refuses
            await logind.own_name()
            serving = asyncio.create_task(logind.serve())
            try:
                yield str(path), logind
            finally:
                serving.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await serving
                for lock in logind.locks:
                    os.close(lock)
    finally:
        daemon.terminate()
        daemon.wait(WAIT_S_MAX)
        assert daemon.stderr is not None
        daemon.stderr.close()
