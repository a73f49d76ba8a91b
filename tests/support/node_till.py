"""The front end in clients/node, installed and built once, and run as a cashier would."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.till import Till

ROOT = Path(__file__).parents[2]
NODE = ROOT / "clients/node"
PROGRAM = NODE / "dist/till/main.js"
NODE_MAJOR_MIN = 20
INSTALL_S_MAX = 300.0
BUILD_S_MAX = 300.0
"""Seconds; it takes four on a machine that has nothing else to do."""
SAID_S_MAX = 60.0
_MADE_OF = ("src", "build.mjs", "package.json", "package-lock.json", "tsconfig.json")


def build() -> None:
    """Return with the program built; skip where that cannot be. Any number of processes may ask."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node and npm are not installed")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    if int(version.stdout.strip().lstrip("v").split(".")[0]) < NODE_MAJOR_MIN:
        pytest.skip(f"Node {version.stdout.strip()} is older than {NODE_MAJOR_MIN}")
    with (NODE / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _once(NODE / "node_modules/.installed", _digest(NODE / "package-lock.json"), _install)
        made_of = [NODE / name for name in _MADE_OF] + [ROOT / "proto/tillhal"]
        made_of.append(ROOT / "clients/python/tillhal/service_config.json")
        _once(NODE / "dist/.built", _digest(*made_of), _build)


def _once(stamp: Path, digest: str, work: object) -> None:
    if stamp.exists() and stamp.read_text(encoding="utf-8") == digest:
        return
    assert callable(work)
    work()
    stamp.write_text(digest, encoding="utf-8")


def _install() -> None:
    command = ["npm", "ci", "--fetch-retries=1", "--fetch-timeout=30000", "--loglevel=error"]
    try:
        done = subprocess.run(
            command, cwd=NODE, capture_output=True, text=True, timeout=INSTALL_S_MAX, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm ci did not end within {INSTALL_S_MAX:.0f} s")
    if done.returncode != 0:
        unreachable = re.search(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|network", done.stderr)
        assert unreachable, done.stderr
        pytest.skip("npm ci could not reach its registry")


def _build() -> None:
    done = subprocess.run(
        ["node", "build.mjs"],
        cwd=NODE,
        capture_output=True,
        text=True,
        timeout=BUILD_S_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _digest(*paths: Path) -> str:
    whole = hashlib.sha256()
    for path in paths:
        files = [path] if path.is_file() else sorted(path.rglob("*"))
        for file in files:
            if file.is_file() and "gen" not in file.relative_to(ROOT).parts:
                whole.update(file.relative_to(ROOT).as_posix().encode() + file.read_bytes())
    return whole.hexdigest()


class FrontEnd:
    """A front end that runs. What it says is in `said`, line by line."""

    def __init__(self, till: Till, *options: str, token: str = "") -> None:
        """Start it on this till; an `--address` among the options is another way to it."""
        self.said: list[str] = []
        self._heard = 0
        self._changed = threading.Condition()
        arguments = ["--address", till.address, "--notebook", str(till.folder / "notebook.json")]
        self._process = subprocess.Popen(
            ["node", str(PROGRAM), *arguments, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "NODE_NO_WARNINGS": "1", "TILLHAL_TOKEN": token},
        )
        self._reader = threading.Thread(target=self._listen)
        self._reader.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._changed:
                self.said.append(line.rstrip("\n"))
                self._changed.notify_all()

    def type(self, *lines: str) -> None:
        """Type these lines."""
        assert self._process.stdin is not None
        self._process.stdin.write("".join(f"{line}\n" for line in lines))
        self._process.stdin.flush()

    def hear(self, *patterns: str) -> str:
        """Wait for a line that fits one of these, after all that was heard before; that line."""
        wanted = re.compile("|".join(patterns))

        def found() -> bool:
            while self._heard < len(self.said):
                self._heard += 1
                if wanted.search(self.said[self._heard - 1]):
                    return True
            return False

        with self._changed:
            assert self._changed.wait_for(found, SAID_S_MAX), (patterns, self.said)
            return self.said[self._heard - 1]

    def do(self, line: str, *patterns: str) -> str:
        """Type a line and wait for what it brings."""
        self.type(line)
        return self.hear(*patterns)

    def quit(self) -> None:
        """End in order: it must have died of nothing."""
        self.type("quit")
        assert self._process.wait(SAID_S_MAX) == 0, self.said
        self._over()

    def kill(self) -> None:
        """SIGKILL, as a power cut would end it."""
        self._process.kill()
        self._process.wait(SAID_S_MAX)
        self._over()

    def _over(self) -> None:
        self._reader.join(SAID_S_MAX)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None


@contextlib.contextmanager
def front_end(till: Till, *options: str, token: str = "") -> Iterator[FrontEnd]:
    """A front end on this till; it is gone afterwards."""
    running = FrontEnd(till, *options, token=token)
    try:
        yield running
    finally:
        if running.is_running:
            running.kill()
