"""What systemd is told, on a socket as systemd has it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.till import short_folder
from tillhald.service.supervisor import Progress, Supervisor, WriterWatch, keep_telling

WAIT_S_MAX = 10.0


@pytest.fixture
def ear() -> Iterator[tuple[str, socket.socket]]:
    """An address, and a socket there that hears."""
    with short_folder() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(folder / "notify"))
        ear.settimeout(WAIT_S_MAX)
        yield str(folder / "notify"), ear


def test_each_word_is_a_datagram_of_its_own(ear: tuple[str, socket.socket]) -> None:
    address, socket_ = ear
    supervisor = Supervisor(address)
    supervisor.ready()
    supervisor.status("Sells.")
    supervisor.status("Sells.")
    supervisor.stopping()
    supervisor.extend(1.5)
    heard = [socket_.recv(200) for _ in range(4)]
    assert heard == [b"READY=1", b"STATUS=Sells.", b"STOPPING=1", b"EXTEND_TIMEOUT_USEC=1500000"]


def test_an_abstract_address_is_heard_too() -> None:
    name = f"tillhal-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(f"\0{name}")
        ear.settimeout(WAIT_S_MAX)
        Supervisor(f"@{name}").ready()
        assert ear.recv(64) == b"READY=1"


def test_a_supervisor_that_does_not_read_holds_nothing_up(
    ear: tuple[str, socket.socket],
) -> None:
    supervisor = Supervisor(ear[0])
    for _ in range(5_000):
        supervisor.alive()
    Supervisor("/nowhere/at/all").ready()
    Supervisor().ready()


@pytest.mark.parametrize(
    ("environ", "beat_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 10),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 10),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
    ],
)
def test_a_watch_is_kept_if_it_is_ours(environ: dict[str, str], beat_s: float | None) -> None:
    assert Supervisor.of(environ, 7).beat_every_s == beat_s


def at(asked: int, durable: int, *, failed: bool = False) -> Progress:
    return Progress(asked, durable, has_failed=failed)


def test_a_writer_without_work_gets_on_and_one_that_keeps_records_waiting_does_not() -> None:
    watch = WriterWatch(0, stuck_s=20)
    assert watch.gets_on(at(5, 5), 1_000)
    assert watch.gets_on(at(9, 5), 1_019)
    assert not watch.gets_on(at(9, 5), 1_021)
    assert watch.gets_on(at(9, 6), 1_022), "one record is progress"
    assert watch.gets_on(at(9, 6), 1_041)
    assert not watch.gets_on(at(9, 6), 1_043)
    assert watch.gets_on(at(9, 6, failed=True), 1_044), "it refuses, and says so"


def test_no_word_of_life_goes_out_while_records_wait_and_they_go_on_afterwards(
    ear: tuple[str, socket.socket],
) -> None:
    address, socket_ = ear
    now = [at(1, 1)]

    async def until(word: bytes) -> None:
        loop = asyncio.get_running_loop()
        while await asyncio.wait_for(loop.sock_recv(socket_, 200), WAIT_S_MAX) != word:
            pass

    async def go() -> None:
        socket_.setblocking(False)
        supervisor = Supervisor(address, watch_s=0.3)
        telling = asyncio.create_task(
            keep_telling(supervisor, lambda: now[0], lambda: f"{now[0].durable_seq} are durable")
        )
        await until(b"WATCHDOG=1")
        now[0] = at(3, 2)
        await until(b"STATUS=2 are durable")
        # Two parts of the watch later nothing comes any more: longer than the whole watch.
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                while True:
                    await asyncio.wait_for(asyncio.get_running_loop().sock_recv(socket_, 200), 0.4)
        now[0] = at(3, 3)
        await until(b"WATCHDOG=1")
        telling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await telling

    asyncio.run(go())


def test_where_nobody_listens_nothing_is_looked_at() -> None:
    def never() -> Progress:
        raise AssertionError

    asyncio.run(keep_telling(Supervisor(), never, str))


def test_the_socket_is_left_to_no_child(tmp_path: Path) -> None:
    before = set(os.listdir("/proc/self/fd"))
    Supervisor(str(tmp_path / "nobody")).ready()
    assert set(os.listdir("/proc/self/fd")) == before
