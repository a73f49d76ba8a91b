"""A till on a disk that fails: the daemon's data lies on it, its socket and its log do not.

Who sells on it stands in `cashiers`, who watches it in `auditor`.
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

from grpc_health.v1 import health_pb2

from hwsim.power.disk import PowerCutDisk
from tests.support.till import Till, short_folder, till_toml
from tillhal.v1 import system_pb2, types_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator
    from pathlib import Path

PRIMARY = types_pb2.DURABILITY_DURABLE_PRIMARY
SPILL = types_pb2.DURABILITY_DURABLE_SPILL
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING

SPILL_MIB = 16
WAIT_S_MAX = 20.0
"""For what happens by itself: the longest is a disk that is looked at every ten seconds."""
READ_ONLY_S_MAX = 90.0
"""For a disk that is given up: that takes several of those looks."""
PACE_S = 0.01
"""Between two looks at a condition, and between two attempts of a cashier who was refused."""
UNREADABLE = "'fault': 'unreadable'"


class StormyTill(Till):
    """A till whose journal is on `disk`, and whose second folder, if it has one, on `second`."""

    def __init__(self, folder: Path, disk: PowerCutDisk, second: PowerCutDisk | None) -> None:
        """Not running yet."""
        journal = f'folder = "{disk.path}/journal"\nspill_mib = {SPILL_MIB}'
        if second is not None:
            journal += f'\nsecond_folder = "{second.path}"'
        toml = till_toml(folder).replace(f'folder = "{folder}/journal"', journal)
        super().__init__(folder, None, toml)
        self.disk = disk
        self._second = second

    @property
    def second(self) -> PowerCutDisk:
        """The other disk."""
        assert self._second is not None, "this till has one disk"
        return self._second

    @property
    def data_file(self) -> Path:
        """The journal's file where it was made."""
        return self.disk.path / "journal" / "data.mdb"

    def status(self) -> system_pb2.GetStatusResponse:
        """What the till says of itself."""
        return self.calls.system.GetStatus(system_pb2.GetStatusRequest())

    def health(self) -> int:
        """What it answers to those who only ask whether it serves."""
        return self.calls.health.Check(health_pb2.HealthCheckRequest()).status

    def mistakes(self, expected: Container[str] = ()) -> list[str]:
        """As of any till; but a check may lose its file, with the power or to a new one."""
        return [text for text in super().mistakes(expected) if UNREADABLE not in text]

    def await_storage(
        self,
        is_so: Callable[[system_pb2.StorageStatus], bool],
        timeout_s: float = WAIT_S_MAX,
    ) -> system_pb2.GetStatusResponse:
        """What the till says of itself, once its storage is so."""
        told: list[system_pb2.GetStatusResponse] = []

        def look() -> bool:
            told[:] = [self.status()]
            return is_so(told[0].storage)

        await_that(look, timeout_s, lambda: f"{told}\n{self.log_text()[-3000:]}")
        return told[0]

    def await_sound(self, timeout_s: float = WAIT_S_MAX) -> system_pb2.StorageStatus:
        """Wait until the journal holds everything, and nothing is being done about it."""
        return self.await_storage(is_sound, timeout_s).storage


def is_sound(storage: system_pb2.StorageStatus) -> bool:
    """Whether answers rest on the journal, the first one or one that took its place."""
    return (
        storage.durability == PRIMARY
        and storage.stage
        in (system_pb2.STORAGE_STAGE_UNSPECIFIED, system_pb2.STORAGE_STAGE_REPLACED)
        and not storage.spilled_records
    )


@contextlib.contextmanager
def a_stormy_till(*, second: bool = False, expected: Container[str] = ()) -> Iterator[StormyTill]:
    """A till on such disks that is not running yet; all of it is gone afterwards.

    `expected` are the events that are right to be logged as errors.
    """
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(short_folder())
        disk = stack.enter_context(PowerCutDisk(folder / "disk"))
        other = stack.enter_context(PowerCutDisk(folder / "second")) if second else None
        till = StormyTill(folder, disk, other)
        try:
            yield till
        finally:
            # What waits for a frozen disk cannot even be killed.
            disk.clear_faults()
            till.end()
        mistakes = till.mistakes(expected)
        assert not mistakes, "\n".join(mistakes)


def await_that(
    is_so: Callable[[], bool], timeout_s: float = WAIT_S_MAX, why: Callable[[], str] = lambda: ""
) -> None:
    """Return once it is so; fail after `timeout_s`, and say why."""
    end_s = time.monotonic() + timeout_s
    pace = threading.Event()
    while not is_so():
        assert time.monotonic() < end_s, f"not so within {timeout_s} s: {why()}"
        pace.wait(PACE_S)
