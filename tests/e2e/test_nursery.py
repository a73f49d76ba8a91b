"""What the tests fork, a till or tillctl, is what they would start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.nursery import DAEMON, TILLCTL, TILLCTL_S_MAX, Forked, run_tillctl
from tests.support.sales import card_sale
from tests.support.till import a_till
from tillhal.v1 import system_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    ("arguments", "typed", "status"),
    [
        (("--help",), "", 0),
        (("status", "--nonsense"), "", 2),
        (("status", "--json", "--address", "unix:/nowhere"), "", 2),
        (("sign-on", "ann", "--address", "unix:/nowhere"), "1234\n", 2),
        (("journal", "verify", "--folder", "/nowhere"), "", 2),
    ],
    ids=lambda case: case[0] if isinstance(case, tuple) else "",
)
def test_a_forked_tillctl_says_what_one_that_is_started_says(
    arguments: tuple[str, ...], typed: str, status: int
) -> None:
    for width in ("60", "200"):
        environment = {**os.environ, "COLUMNS": width, "TERM": "dumb"}
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
        assert forked.returncode == status, forked
        assert (forked.returncode, forked.stdout, forked.stderr) == (
            started.returncode,
            started.stdout,
            started.stderr,
        )


def test_each_forked_tillctl_hears_its_own_environment(till: Till) -> None:
    till.start()
    here = {**os.environ, "TILLHAL_ADDRESS": till.address}
    nowhere = {**os.environ, "TILLHAL_ADDRESS": "unix:/nowhere"}
    ended = [run_tillctl("status", environment=told).returncode for told in (here, nowhere, here)]
    assert ended == [0, 2, 0]
    both = run_tillctl("status", environment=nowhere, errors_apart=False)
    assert (both.stderr, "/nowhere" in both.stdout) == ("", True)
