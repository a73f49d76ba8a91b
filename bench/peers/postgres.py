"""PostgreSQL with fsync and synchronous_commit on, through asyncpg, everything prepared.

The sale goes in one transaction, in two forms: step by step with a connection for each caller, as
most applications write it; and as one statement on few connections that the callers share, the
quickest way found. In both the counter's row is locked until the commit is on disk: that is the
price of receipt numbers without gaps, and the reason why more connections sell less.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import pwd
import secrets
import shutil
import subprocess
from pathlib import Path
from signal import SIGINT
from typing import TYPE_CHECKING, Any, Protocol, cast

from bench.load import CALL_S_MAX
from bench.sale import CHANGE_MINOR, LINES, PAYABLE_MINOR, TENDER_ID, TENDERED_MINOR
from bench.servers import AbsentError, Running, accepts, child, free_port, wait_ready

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from bench.load import Sell, Tally
    from bench.sale import Ids

USER = "bench"
POOL_MAX = 2
"""Connections of the quickest form: of 1, 2, 4, 8 and 64, two sold most."""
INITDB_S_MAX = 60
DEBIAN_FOLDERS = "/usr/lib/postgresql/*/bin"

TABLES = """
CREATE TABLE requests (request_id uuid PRIMARY KEY, sale_id text NOT NULL);
CREATE TABLE series (name text PRIMARY KEY, last bigint NOT NULL);
INSERT INTO series VALUES ('receipts', 0);
CREATE TABLE sales (
    sale_id text PRIMARY KEY, receipt_number bigint NOT NULL UNIQUE, payable_minor bigint NOT NULL,
    tendered_minor bigint NOT NULL, change_minor bigint NOT NULL,
    sold_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE sale_lines (
    sale_id text, line_id text, description text NOT NULL, sku text NOT NULL,
    quantity bigint NOT NULL, scale int NOT NULL, unit text NOT NULL,
    unit_price_minor bigint NOT NULL, extended_minor bigint NOT NULL, tax_code text NOT NULL,
    tax_percent int NOT NULL, PRIMARY KEY (sale_id, line_id));
CREATE TABLE tenders (
    sale_id text, tender_id text, type text NOT NULL, amount_minor bigint NOT NULL,
    PRIMARY KEY (sale_id, tender_id));
"""
INSERT_REQUEST = "INSERT INTO requests VALUES ($1, $2)"
FIND_REQUEST = (
    "SELECT receipt_number FROM requests JOIN sales USING (sale_id) WHERE request_id = $1"
)
INSERT_LINE = "INSERT INTO sale_lines VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
INSERT_TENDER = "INSERT INTO tenders VALUES ($1, $2, 'CASH', $3)"
NEXT_NUMBER = "UPDATE series SET last = last + 1 WHERE name = 'receipts' RETURNING last"
INSERT_SALE = "INSERT INTO sales VALUES ($1, $2, $3, $4, $5)"
WHOLE_SALE = """
WITH number AS (
    UPDATE series SET last = last + 1 WHERE name = 'receipts' RETURNING last
), request AS (
    INSERT INTO requests VALUES ($1, $2)
), line AS (
    INSERT INTO sale_lines
    SELECT $2, * FROM unnest($6::text[], $7::text[], $8::text[], $9::bigint[], $10::int[],
                             $11::text[], $12::bigint[], $13::bigint[], $14::text[], $15::int[])
), tender AS (
    INSERT INTO tenders VALUES ($2, $16, 'CASH', $4)
)
INSERT INTO sales SELECT $2::text, last, $3::bigint, $4::bigint, $5::bigint FROM number
RETURNING receipt_number
"""
LINE_ROWS = [
    (
        *(line.line_id, line.description, line.sku, line.quantity, line.scale, line.unit),
        *(line.unit_price_minor, line.extended_minor, line.tax_code, line.tax_percent),
    )
    for line in LINES
]
LINE_COLUMNS = [list(column) for column in zip(*LINE_ROWS, strict=True)]


class _Statement(Protocol):
    """What is used of asyncpg's PreparedStatement; `timeout` is its own word."""

    async def fetchval(
        self,
        *args: object,
        timeout: float,
    ) -> Any: ...

    async def executemany(
        self,
        args: Sequence[Sequence[object]],
        *,
        timeout: float,
    ) -> None: ...


class _Connection(Protocol):
    """What is used of asyncpg.Connection; asyncpg has no types of its own."""

    def transaction(self) -> contextlib.AbstractAsyncContextManager[None]: ...
    async def prepare(self, query: str) -> _Statement: ...
    async def execute(self, query: str) -> str: ...
    async def close(self) -> None: ...


def _programs() -> Path:
    """Return the folder of the newest server's programs. Raises AbsentError."""
    found = [Path(path).parent for path in (shutil.which("initdb"),) if path]
    found += sorted(
        Path("/").glob(DEBIAN_FOLDERS.lstrip("/")), key=lambda path: float(path.parent.name)
    )
    for folder in reversed(found):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    sentence = f"no PostgreSQL server in {DEBIAN_FOLDERS} or on the PATH"
    raise AbsentError(sentence)


def _user() -> str | None:
    """Whom to run it as: it refuses the super-user. Raises AbsentError."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    sentence = "it refuses to run as root, and there is no user postgres or nobody"
    raise AbsentError(sentence)


def _initialise(programs: Path, folder: Path, user: str | None, password: str) -> None:
    if user is not None:
        shutil.chown(folder, user)
    password_file = folder / "password"
    password_file.touch(0o600)
    password_file.write_text(password)
    if user is not None:
        shutil.chown(password_file, user)
    argv = [
        str(programs / "initdb"),
        f"--pgdata={folder / 'data'}",
        f"--username={USER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
    ]
    done = subprocess.run(
        argv, cwd=folder, user=user, capture_output=True, timeout=INITDB_S_MAX, check=False
    )
    if done.returncode != 0:
        sentence = f"initdb failed: {done.stderr.decode(errors='replace').strip()}"
        raise AbsentError(sentence)


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Running]:
    """Start it on a new cluster in `folder`. Raises AbsentError."""
    try:
        importlib.import_module("asyncpg")
    except ImportError:
        sentence = "asyncpg is not installed (pip install -e '.[bench]')"
        raise AbsentError(sentence) from None
    programs, user = _programs(), _user()
    password, port = secrets.token_urlsafe(), free_port()
    _initialise(programs, folder, user, password)
    argv = [str(programs / "postgres"), "-D", str(folder / "data")]
    for setting in (
        "listen_addresses=127.0.0.1",
        f"port={port}",
        f"unix_socket_directories={folder}",
        "fsync=on",
        "synchronous_commit=on",
    ):
        argv += ["-c", setting]
    # SIGINT is its fast shutdown.
    with child(argv, folder, user=user, stop=SIGINT) as process:
        socket_file = folder / f".s.PGSQL.{port}"
        wait_ready(process, folder, lambda: accepts(port) and accepts(socket_file))
        front = f"postgresql://{USER}:{password}@"
        targets = f"{front}/postgres?host={folder}&port={port}"
        version = subprocess.run(
            [argv[0], "--version"], capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()
        _create_tables(programs, folder, port, password)
        yield Running(
            process.pid,
            {"unix": targets, "tcp": f"{front}127.0.0.1:{port}/postgres"},
            f"{version}, fsync=on, synchronous_commit=on, through asyncpg",
        )


def _create_tables(programs: Path, folder: Path, port: int, password: str) -> None:
    argv = [str(programs / "psql"), "-q", "-v", "ON_ERROR_STOP=1", "-h", str(folder)]
    argv += ["-p", str(port), "-U", USER, "-d", "postgres", "-c", TABLES]
    done = subprocess.run(
        argv, env={"PGPASSWORD": password}, capture_output=True, timeout=30, check=False
    )
    if done.returncode != 0:
        sentence = f"psql failed: {done.stderr.decode(errors='replace').strip()}"
        raise AbsentError(sentence)


class _OneStatement:
    def __init__(self, whole: _Statement, find: _Statement, twin: type[Exception]) -> None:
        self._whole, self._find, self._twin = whole, find, twin

    async def sell(self, ids: Ids) -> int:
        try:
            number = await self._whole.fetchval(
                *ids,
                *(PAYABLE_MINOR, TENDERED_MINOR, CHANGE_MINOR),
                *LINE_COLUMNS,
                TENDER_ID,
                timeout=CALL_S_MAX,
            )
        except self._twin:
            number = await self._find.fetchval(ids.request_id, timeout=CALL_S_MAX)
        return int(number)


class _Pool:
    """Lends connections in the order of asking (asyncpg's own pool lets a caller starve)."""

    def __init__(self, idle: list[_OneStatement]) -> None:
        self._idle = idle
        self._turns = asyncio.Semaphore(len(idle))

    async def __call__(self, ids: Ids) -> int:
        async with self._turns:
            one = self._idle.pop()
            try:
                return await one.sell(ids)
            finally:
                self._idle.append(one)


class _Steps:
    """Statement by statement; the counter comes late, to be locked for as short as can be."""

    def __init__(
        self, connection: _Connection, steps: dict[str, _Statement], twin: type[Exception]
    ) -> None:
        self._connection, self._steps, self._twin = connection, steps, twin

    async def __call__(self, ids: Ids) -> int:
        try:
            async with self._connection.transaction():
                return await self._sell(ids)
        except self._twin:
            find = self._steps[FIND_REQUEST]
            return int(await find.fetchval(ids.request_id, timeout=CALL_S_MAX))

    async def _sell(self, ids: Ids) -> int:
        request_id, sale_id = ids
        steps = self._steps
        await steps[INSERT_REQUEST].fetchval(request_id, sale_id, timeout=CALL_S_MAX)
        await steps[INSERT_LINE].executemany(
            [(sale_id, *row) for row in LINE_ROWS], timeout=CALL_S_MAX
        )
        await steps[INSERT_TENDER].fetchval(sale_id, TENDER_ID, TENDERED_MINOR, timeout=CALL_S_MAX)
        number = int(await steps[NEXT_NUMBER].fetchval(timeout=CALL_S_MAX))
        await steps[INSERT_SALE].fetchval(
            *(sale_id, number, PAYABLE_MINOR, TENDERED_MINOR, CHANGE_MINOR), timeout=CALL_S_MAX
        )
        return number


@contextlib.asynccontextmanager
async def _connections(target: str, count: int) -> AsyncIterator[list[_Connection]]:
    asyncpg = importlib.import_module("asyncpg")
    async with contextlib.AsyncExitStack() as stack:
        opened = []
        for _ in range(count):
            connection = cast("_Connection", await asyncpg.connect(target))
            stack.push_async_callback(connection.close)
            opened.append(connection)
        yield opened


def _twin_error() -> type[Exception]:
    """Return what asyncpg raises when a key is there already."""
    return cast("type[Exception]", importlib.import_module("asyncpg").UniqueViolationError)


@contextlib.asynccontextmanager
async def connect(target: str, callers: int, _: Tally) -> AsyncIterator[list[Sell]]:
    """Return callers that share POOL_MAX connections and sell with one statement."""
    async with _connections(target, min(callers, POOL_MAX)) as opened:
        idle = [
            _OneStatement(
                await connection.prepare(WHOLE_SALE),
                await connection.prepare(FIND_REQUEST),
                _twin_error(),
            )
            for connection in opened
        ]
        yield [_Pool(idle)] * callers


@contextlib.asynccontextmanager
async def connect_steps(target: str, callers: int, _: Tally) -> AsyncIterator[list[Sell]]:
    """Connect callers that sell statement by statement."""
    queries = (
        *(INSERT_REQUEST, FIND_REQUEST, INSERT_LINE, INSERT_TENDER, NEXT_NUMBER, INSERT_SALE),
    )
    async with _connections(target, callers) as opened:
        sells: list[Sell] = []
        for connection in opened:
            steps = {query: await connection.prepare(query) for query in queries}
            sells.append(_Steps(connection, steps, _twin_error()))
        yield sells
