from __future__ import annotations

import subprocess
import sys

import psutil
import pytest

from tests.support.stormy_till import await_that

# The signal goes to another thread than the main one. For that it is the same as one that comes
# just before the main thread waits: its wait in the kernel is not cut short by it.
_PROGRAM = """
import os, select, signal, sys, threading
from hwsim.signals import waking_fd

def end(number, frame):
    print("handled", flush=True)
    raise SystemExit(7)

held = threading.Event()
threading.Thread(target=held.wait, daemon=True).start()
signal.signal(signal.SIGTERM, end)
woken = waking_fd() if sys.argv[1] == "waking" else os.pipe()[0]
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
print("waits", flush=True)
select.select([woken], [], [], 50)
print("goes on", flush=True)
"""


def waiting(how: str) -> subprocess.Popen[str]:
    """The program, told to end while it waits."""
    program = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, how], stdout=subprocess.PIPE, text=True
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "waits\n"
    # It says so before it does so.
    await_that(lambda: psutil.Process(program.pid).status() == psutil.STATUS_SLEEPING)
    program.terminate()
    return program


def test_a_signal_that_does_not_cut_the_wait_short_is_noticed_all_the_same() -> None:
    with waiting("waking") as program:
        assert program.wait(30) == 7
        assert program.stdout is not None
        assert program.stdout.read() == "handled\n"


def test_without_the_descriptor_it_would_not_be_noticed() -> None:
    with waiting("asleep") as program:
        try:
            with pytest.raises(subprocess.TimeoutExpired):
                program.wait(0.5)
        finally:
            program.kill()
