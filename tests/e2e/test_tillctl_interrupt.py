"""Ctrl-C at tillctl, typed at a real terminal: everything ends by it, at once, and in order."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import subprocess
import termios
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.test_tillctl import environment
from tests.support.nursery import TILLCTL
from tests.support.programs import wait_for
from tests.support.scanning import SCANNER, Focus
from tillhal.v1 import device_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.till import Till

SAID_S_MAX = 30.0
ENDED_S_MAX = 10.0
STARTED = b"the till has started"
CTRL_C = b"\x03"
TIMES = 5
"""What hung, hung now and then."""


class Terminal:
    """A terminal that a command runs on, in a session of its own."""

    def __init__(self, till: Till, *arguments: str) -> None:
        self.said = b""
        self._keys, theirs = pty.openpty()
        self.program = subprocess.Popen(
            [*TILLCTL, *arguments, "--address", till.address],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env=environment(COLUMNS="100", TERM="xterm"),
        )
        os.close(theirs)

    def wait_said(self, words: bytes) -> None:
        end_s = time.monotonic() + SAID_S_MAX
        while words not in self.said:
            assert time.monotonic() < end_s, self.said
            if select.select([self._keys], [], [], 0.1)[0]:
                self.said += os.read(self._keys, 4096)

    def press(self, keys: bytes) -> None:
        os.write(self._keys, keys)

    def ends(self) -> int:
        """Its exit status; what it says last is read meanwhile."""
        end_s = time.monotonic() + ENDED_S_MAX
        while self.program.poll() is None:
            assert time.monotonic() < end_s, f"it hangs: {self.said!r}"
            if select.select([self._keys], [], [], 0.05)[0]:
                with contextlib.suppress(OSError):
                    self.said += os.read(self._keys, 4096)
        return self.program.returncode

    def close(self) -> None:
        if self.program.poll() is None:
            self.program.kill()
            self.program.wait()
        os.close(self._keys)


@contextlib.contextmanager
def at_a_terminal(till: Till, *arguments: str) -> Iterator[Terminal]:
    terminal = Terminal(till, *arguments)
    try:
        yield terminal
    finally:
        terminal.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("watch", "--cursor", "0"), STARTED),
        (("devices",), SCANNER.encode()),
        (("scan", "--wait", "10"), b"is yours"),  # the one before may just be going
    ],
    ids=["watch", "devices", "scan"],
)
def test_what_goes_on_for_ever_ends_well_by_ctrl_c(
    scanner_till: Till, arguments: tuple[str, ...], words: bytes
) -> None:
    for _ in range(TIMES):
        with at_a_terminal(scanner_till, *arguments) as terminal:
            terminal.wait_said(words)
            terminal.press(CTRL_C)
            assert terminal.ends() == 0, terminal.said
            assert b"Traceback" not in terminal.said


def test_a_check_that_waits_for_a_person_is_abandoned_by_ctrl_c(scanner_till: Till) -> None:
    command = ("device", SCANNER, "check", "--level", "interactive")
    for _ in range(2):
        with at_a_terminal(scanner_till, *command) as terminal:
            terminal.wait_said(b"Scan this code")
            terminal.press(CTRL_C)
            assert terminal.ends() == 130
            assert b"Traceback" not in terminal.said

    # The device is free for the next one.
    def is_free() -> bool:
        request = pb.CheckHealthRequest(device_id=SCANNER, level=pb.HEALTH_LEVEL_INTERNAL)
        with contextlib.suppress(Exception):
            return list(scanner_till.calls.device.CheckHealth(request))[-1].report.passed
        return False

    wait_for(is_free, "another check")


def test_waiting_for_a_scanner_that_another_has_ends_by_ctrl_c(scanner_till: Till) -> None:
    with (
        Focus(scanner_till.calls) as focus,
        at_a_terminal(scanner_till, "scan", "--wait", "60") as terminal,
    ):
        wait_for(
            lambda: any(item.HasField("release_requested") for item in focus.heard),
            "it asks for it",
        )
        terminal.press(CTRL_C)
        assert terminal.ends() == 130
        assert b"Traceback" not in terminal.said


def test_a_till_that_hangs_holds_no_command_that_was_interrupted(fresh: Till) -> None:
    with at_a_terminal(fresh, "watch", "--cursor", "0") as terminal:
        terminal.wait_said(STARTED)
        os.kill(fresh.pid, signal.SIGSTOP)
        try:
            terminal.press(CTRL_C)
            assert terminal.ends() == 0
        finally:
            os.kill(fresh.pid, signal.SIGCONT)
