"""The process that is the disk: it serves the kernel, and takes orders from a PowerCutDisk.

A process of its own, because a program that reads a mapped page waits in the kernel without
letting go of Python's lock: a disk in the same process would never come to answer it.

It ends, and unmounts, on SIGTERM, or when whoever started it is gone.
"""

import os
import select
import signal
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Final, Literal, NoReturn, TypeAlias, assert_never

from hwsim.power.faults import Faults, Injected, Rule
from hwsim.power.fuse import Session
from hwsim.power.loss import Loss
from hwsim.power.trace import ROOT_INO, Node, Trace, Tree
from hwsim.power.tree import read_in
from hwsim.power.volume import BLOCK_BYTES, Volume
from hwsim.signals import waking_fd

_FOLDER_MODE: Final = 0o040755

Order: TypeAlias = (
    tuple[Literal["arm"], Rule]
    | tuple[Literal["clear"], None]
    | tuple[Literal["injected"], None]
    | tuple[Literal["cut"], int]
    | tuple[Literal["trace"], None]
    | tuple[Literal["sync_count"], str]
    | tuple[Literal["write_count"], None]
    | tuple[Literal["free_bytes"], None]
    | tuple[Literal["set_free_bytes"], int]
    | tuple[Literal["read_only"], bool]
)
"""What a disk can be told."""

Answer: TypeAlias = Loss | Trace | tuple[Injected, ...] | int | Exception | None
"""An exception is what the order was refused with."""


class PowerIsOff(Exception):
    """The operation that waited will never be done: its program is dead, its mount is gone."""


class Server:
    """Volume, mount and orders, on one thread."""

    def __init__(
        self, folder: Path, start: Tree, owner_pid: int, orders: "Connection[Answer, Order]",
        frozen: int,
        *, record: bool,
    ) -> None:  # fmt: skip
        """Mount `start` on `folder`; raise OSError when that cannot be.

        `frozen` is an eventfd, readable while the disk is frozen.
        """
        self._folder = folder
        self._orders = orders
        self._frozen = frozen
        self._is_frozen = False
        self._owner = os.pidfd_open(owner_pid)
        self._woken = waking_fd()
        self._waiting = select.poll()
        self._waiting.register(self._woken, select.POLLIN)
        self._waiting.register(self._owner, select.POLLIN)
        self._waiting.register(orders, select.POLLIN)
        self._faults = Faults()
        self._volume = Volume(start, self._faults, self._pause, record=record)
        self._mount()

    def run(self) -> NoReturn:
        """Serve until it is time to end."""
        try:
            while True:
                if self._orders_or_owner(self._serving.poll()):
                    continue
                try:
                    if not self._session.serve(self._volume):
                        raise SystemExit  # somebody unmounted it
                except PowerIsOff:
                    continue
        finally:
            self._session.close()

    def _mount(self) -> None:
        self._session = Session(self._folder)
        self._serving = select.poll()
        for source in (self._session.fileno(), self._orders.fileno(), self._owner, self._woken):
            self._serving.register(source, select.POLLIN)

    def _orders_or_owner(self, ready: list[tuple[int, int]]) -> bool:
        """Obey, if there is an order; end, if nobody is there to give any."""
        sources = [source for source, _ in ready]
        if self._owner in sources:
            raise SystemExit
        if self._orders.fileno() not in sources:
            return False
        try:
            order: Order = self._orders.recv()
            try:
                answer = self._obey(order)
            except (RuntimeError, OSError) as error:
                answer = error
            self._orders.send(answer)
        except (EOFError, ConnectionError):
            raise SystemExit from None
        return True

    def _obey(self, order: Order) -> Answer:
        match order:
            case ("arm", rule):
                self._faults.arm(rule)
            case ("clear", _):
                self._faults.clear()
                self._thaw()
            case ("injected", _):
                return self._faults.injected()
            case ("cut", seed):
                return self._cut(seed)
            case ("trace", _):
                return self._volume.trace()
            case ("sync_count", name):
                return self._volume.sync_count(name)
            case ("write_count", _):
                return self._volume.write_count
            case ("free_bytes", _):
                return self._volume.free_blocks * BLOCK_BYTES
            case ("set_free_bytes", free_bytes):
                self._volume.free_blocks = free_bytes // BLOCK_BYTES
            case ("read_only", read_only):
                self._volume.read_only = read_only
            case _:
                assert_never(order)
        return None

    def _cut(self, seed: int) -> Loss:
        # The device goes first: a dead program's pages that the kernel has not written back are
        # lost with it, and nobody sees the kernel's cache of the old disk again.
        self._session.close()
        self._thaw()
        loss = self._volume.cut(seed)
        self._mount()
        return loss

    def _pause(self, delay_s: float | None) -> None:
        """Answer no program, only orders: for seconds, or until the faults are cleared."""
        session = self._session
        end_s = None if delay_s is None else time.monotonic() + delay_s
        if end_s is None:
            self._is_frozen = True
            os.eventfd_write(self._frozen, 1)
        while self._is_frozen if end_s is None else time.monotonic() < end_s:
            wait_s = None if end_s is None else max(0.0, end_s - time.monotonic())
            self._orders_or_owner(self._waiting.poll(None if wait_s is None else wait_s * 1000))
            if self._session is not session:
                break
        if self._session is not session:
            raise PowerIsOff

    def _thaw(self) -> None:
        if self._is_frozen:
            os.eventfd_read(self._frozen)
        self._is_frozen = False


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit


def main() -> NoReturn:
    """Run the disk that the arguments describe; say over the connection how that began."""
    folder, start, owner_pid, orders_fd, frozen, record = sys.argv[1:]
    signal.signal(signal.SIGTERM, _end)
    with Connection(int(orders_fd)) as orders:
        try:
            tree = read_in(Path(start)) if start else {ROOT_INO: Node(_FOLDER_MODE)}
            server = Server(
                Path(folder), tree, int(owner_pid), orders, int(frozen), record=record == "record"
            )
        except (OSError, ValueError) as error:
            orders.send(error)
            sys.exit(1)
        orders.send(None)
        server.run()


if __name__ == "__main__":
    main()
