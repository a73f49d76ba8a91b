"""SQLite (WAL, synchronous=FULL) behind a server that speaks tillhal's contract.

The server is `sqlite_server`: the same Python, grpc.aio and uvloop as tillhal's, one writer thread,
group commit, and no rules at all. So it shows what tillhal's rules, events and hash chain cost.
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from typing import TYPE_CHECKING

from bench.servers import ROOT, Running, accepts, child, free_port, wait_ready

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Running]:
    """Start it. Raises AbsentError."""
    socket_file, port = folder / "api.sock", free_port()
    targets = (f"unix:{socket_file}", f"127.0.0.1:{port}")
    server = [sys.executable, "-m", "bench.peers.sqlite_server"]
    with child([*server, str(folder / "sales.db"), *targets], folder, cwd=ROOT) as process:
        wait_ready(process, folder, lambda: accepts(port) and accepts(socket_file))
        yield Running(
            process.pid,
            {"unix": targets[0], "tcp": targets[1]},
            f"SQLite {sqlite3.sqlite_version}, WAL, synchronous=FULL, group commit, "
            "behind grpc.aio with uvloop",
        )
