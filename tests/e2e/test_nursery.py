"""What the tests fork, a till or tillctl, is what they would start."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.homes import FIRST, a_home_till, switch
from tests.support.nursery import (
    DAEMON,
    OWN_INTERPRETER,
    TILLCTL,
    TILLCTL_S_MAX,
    Forked,
    run_tillctl,
)
from tests.support.sales import card_sale
from tests.support.till import STOP_S_MAX, a_till
from tillhal.v1 import system_pb2
from tillhald.boot.slot import interpreter_of, slots_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.till import Till

BOOT_MS_MAX = 20_000
"""Ages for a start; the nursery itself lives for minutes."""


@pytest.fixture
def till() -> Iterator[Till]:
    with a_till() as till:
        yield till


def life(till: Till) -> list[str]:
    """What it logs from its start, over a sale, to its end."""
    till.start()
    till.calls.checkout.Checkout(card_sale())
    status = till.calls.system.GetStatus(system_pb2.GetStatusRequest())
    assert 0 < status.recovery.boot_ms < BOOT_MS_MAX
    till.stop()
    return sorted(json.loads(line)["event"] for line in till.log_text().splitlines())


def test_a_forked_till_lives_as_one_that_is_started() -> None:
    with a_till() as till:
        forked = life(till)
    with a_till() as till:
        till.command = [sys.executable, "-P", *DAEMON[1:], "--config", str(till.config)]
        started = life(till)
    assert forked == started
    assert {"till_ready", "till_stopping"} <= set(forked)


def test_a_forked_launcher_and_its_till_live_as_those_that_are_started() -> None:
    with a_home_till() as till:
        forked = life(till)
        interpreter = interpreter_of(slots_folder(till.home) / FIRST.slot)
        assert interpreter.read_bytes() == OWN_INTERPRETER
    with a_home_till() as till:
        till.command[1:1] = ["-P"]
        started = life(till)
    assert forked == started
    assert {"till_ready", "till_stopping"} <= set(forked)


def test_a_forked_launcher_is_told_to_end_and_has_its_till_end() -> None:
    with a_home_till() as till:
        till.start()
        assert isinstance(till._running(), Forked)
        (daemon,) = till.children()
        ended = os.pidfd_open(daemon)
        till.kill()
        assert select.select([ended], [], [], 20)[0]
        os.close(ended)
        till.start()
        till.stop(within_s=5 * STOP_S_MAX)


def test_it_is_this_process_that_is_told_how_it_ended(till: Till) -> None:
    till.start()
    process = till._running()
    assert isinstance(process, Forked)
    assert process.poll() is None
    os.kill(till.pid, signal.SIGKILL)
    till.await_killed()
    assert process.poll() == -signal.SIGKILL
    till.config.write_text('[shop]\ncurrency = "EURO"\n', encoding="utf-8")
    till.spawn()
    assert till.await_exit() == 78
    assert "currency" in till.errors()


def test_a_failpoint_that_nobody_knows_is_refused_and_one_that_is_known_kills(till: Till) -> None:
    till.spawn("journal.after_lunch")
    assert till.await_exit() == 1
    assert "TILLHALD_FAILPOINT names 'journal.after_lunch'" in till.errors()
    till.spawn("journal.before_commit")
    till.await_killed()
    till.start()  # the next one has none
    till.calls.checkout.Checkout(card_sale())
    till.stop()


def test_a_forked_launcher_passes_its_places_as_its_till_does(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    os.mkfifo(marks)
    reader = os.open(marks, os.O_RDWR | os.O_NONBLOCK)
    with a_home_till() as till:
        till.start()
        till.stop()
        switch(till.home)
        till.environment["TILLHALD_FAILPOINT_MARKS"] = str(marks)
        till.start()
        assert isinstance(till._running(), Forked)
    passed = os.read(reader, 1 << 16)
    os.close(reader)
    # The launcher counts its attempt, and the daemon says that it is up.
    assert passed.count(b"boot.file_written boot.json") == 2
    assert passed.index(b"boot.file_written") < passed.index(b"home.before_commit")


def test_what_the_environment_says_at_a_start_is_what_the_till_hears(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    till.start()
    till.stop()
    monkeypatch.setenv("WATCHDOG_USEC", "600000")
    till.spawn()
    till._notified.settimeout(20)
    heard = {till._notified.recv(200) for _ in range(4)}
    assert b"WATCHDOG=1" in heard, heard
    till.stop()


@pytest.mark.parametrize(
    ("arguments", "width", "status"),
    [
        (("status", "--help"), "50", 0),
        (("status", "--help"), "200", 0),
        (("sign-on", "ann", "--address", "unix:/nowhere"), "60", 2),
    ],
)
def test_a_forked_tillctl_says_what_one_that_is_started_says(
    arguments: tuple[str, ...], width: str, status: int
) -> None:
    environment, typed = {**os.environ, "COLUMNS": width, "TERM": "dumb"}, "1234\n"
    forked = run_tillctl(*arguments, environment=environment, typed=typed)
    started = subprocess.run(
        [*TILLCTL, *arguments],
        env=environment,
        input=typed,
        capture_output=True,
        text=True,
        timeout=TILLCTL_S_MAX,
        check=False,
    )
    assert forked.returncode == started.returncode == status, forked
    assert (forked.stdout, forked.stderr) == (started.stdout, started.stderr)


def test_each_forked_tillctl_hears_its_own_environment(till: Till) -> None:
    till.start()
    here = {**os.environ, "TILLHAL_ADDRESS": till.address}
    nowhere = {**os.environ, "TILLHAL_ADDRESS": "unix:/nowhere"}
    ended = [run_tillctl("status", environment=told).returncode for told in (here, nowhere, here)]
    assert ended == [0, 2, 0]
    both = run_tillctl("status", environment=nowhere, errors_apart=False)
    assert (both.stderr, "/nowhere" in both.stdout) == ("", True)
