"""Programs in processes of their own, and files handled as they handle them."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import hwsim
from tests.support.nursery import run_tillctl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WAIT_S_MAX = 20.0
SOURCE_ROOT = Path(hwsim.__file__).parents[1]

WRITER = """
import os, sys
descriptor = os.open(sys.argv[1] + "/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
print("ready", flush=True)
for number in range(10**9):
    os.write(descriptor, b"%d\\n" % number)
    if sys.argv[2:]:
        os.fsync(descriptor)
"""
"""Writes numbers to `log` on the disk, each with a sync if it is told anything more."""


@contextlib.contextmanager
def program(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Run Python code in a process of its own; killed at the end."""
    with subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(SOURCE_ROOT)},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], WAIT_S_MAX)[0], "the program says nothing"
    return process.stdout.readline().strip()


def run(code: str, *arguments: object) -> str:
    with program(code, *arguments) as process:
        out, _ = process.communicate(timeout=WAIT_S_MAX)
        assert process.returncode == 0, out
        return out


def wait_for(condition: Callable[[], bool], what: str) -> None:
    end_s = time.monotonic() + WAIT_S_MAX
    while not condition():
        assert time.monotonic() < end_s, what
        select.select([], [], [], 0.01)


def refused(call: Callable[..., object], *arguments: object) -> int:
    with pytest.raises(OSError) as error:
        call(*arguments)
    assert error.value.errno is not None
    return error.value.errno


def write(path: Path, data: bytes, *, sync: bool = False, flags: int = 0) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | flags, 0o644)
    try:
        os.write(descriptor, data)
        if sync:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def tillctl(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run tillctl to its end, on no terminal."""
    kept = {name: value for name, value in os.environ.items() if name != "TILLHAL_ADDRESS"}
    return run_tillctl(*arguments, environment={**kept, "TERM": "dumb", "COLUMNS": "60"})
