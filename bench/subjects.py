"""Who is measured: the servers that the comparison starts, and what is asked of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bench.peers import checkout, etcd, postgres, sqlite, tillhal

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from bench.load import Connect
    from bench.servers import Running, Transport

SERVERS: dict[str, Callable[[Path], AbstractContextManager[Running]]] = {
    "tillhal": tillhal.running,
    "etcd": etcd.running,
    "postgres": postgres.running,
    "sqlite": sqlite.running,
}
BOTH: tuple[Transport, ...] = ("unix", "tcp")


class Subject(NamedTuple):
    """A way to ask a server."""

    title: str
    server: str
    connect: Connect
    sells: bool
    """It does the whole work: receipt numbers without gaps, a retry answered as at first."""
    transports: tuple[Transport, ...] = BOTH
    commits: bool = False
    """One caller, who commits the rows of a sale himself after each answer."""


SUBJECTS = {
    "tillhal": Subject("tillhal Checkout", "tillhal", checkout.connect, sells=True),
    "echo": Subject("tillhal, empty call", "tillhal", checkout.connect_echo, sells=False),
    "echo-commit": Subject(
        "empty call, then a raw commit",
        "tillhal",
        checkout.connect_echo,
        sells=False,
        commits=True,
    ),
    "etcd": Subject("etcd Txn, in turn", "etcd", etcd.connect_in_turn, sells=True),
    "etcd-race": Subject("etcd Txn, racing", "etcd", etcd.connect, sells=True, transports=("tcp",)),
    "etcd-put": Subject(
        "etcd plain put", "etcd", etcd.connect_put, sells=False, transports=("tcp",)
    ),
    "postgres": Subject("PostgreSQL, one statement", "postgres", postgres.connect, sells=True),
    "postgres-steps": Subject(
        "PostgreSQL, step by step",
        "postgres",
        postgres.connect_steps,
        sells=True,
        transports=("unix",),
    ),
    "sqlite": Subject("SQLite behind gRPC", "sqlite", checkout.connect, sells=True),
}
"""By the name that `--only` takes, in the order of the report."""
