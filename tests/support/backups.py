"""Journals to back up, keys to open backups with, and the programs run as the till runs them."""

from __future__ import annotations

import asyncio
import os
import queue
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from pyrage import x25519

from bench.inprocess import fill
from tillhald.backup.reading import check_whole, read_backup
from tillhald.backup.words import CheckOrder, Line, MakeOrder
from tillhald.domain.backup import BackupKind
from tillhald.journal.creation import create
from tillhald.journal.identity import Identity, Phase
from tillhald.journal.recovery import Places, open_journal
from tillhald.journal.writer import JournalWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tillhald.backup.layout import Filed
    from tillhald.domain.backup import BackupMade

PROGRAM_S_MAX = 120.0
OWNER = x25519.Identity.generate()
ESCROW = x25519.Identity.generate()
STRANGER = x25519.Identity.generate()
CLOSE_S_MAX = 30.0
TOGETHER = 100


class Everything:
    """A taker that keeps all: what a restore would have."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.by_seq: dict[int, bytes] = {}
        self.by_key: dict[tuple[str, bytes], bytes] = {}

    def file(self, filed: Filed) -> None:
        self.files[filed.name] = filed.content

    def records(self, first_seq: int, envelopes: Sequence[bytes]) -> None:
        self.by_seq.update(enumerate(envelopes, first_seq))

    def rows(self, table: str, rows: Sequence[tuple[bytes, bytes]]) -> None:
        self.by_key.update({(table, key): stored for key, stored in rows})


def restored(*files: Path) -> Everything:
    taker = Everything()
    for path in files:
        with path.open("rb") as file:
            read_backup(file, check_whole(file), OWNER, taker)
    return taker


def shop_journal(folder: Path, sales: int) -> Path:
    """The journal of a till that has sold so much, by the daemon's own path."""
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(fill(folder, sales))
    return folder / "journal"


def write_journal(place: Path, bodies: Iterable[bytes], *, map_bytes: int = 4 << 20) -> Path:
    """A journal of these records; they must be records that the till can read."""
    identity = Identity(
        store_id="s",
        workstation_id="w",
        incarnation=1,
        chain_id=os.urandom(16),
        created_ms=0,
        phase=Phase.LIVE,
    )
    first, *rest = bodies
    create(place, identity, first, map_bytes=map_bytes)
    store, spill, _ = open_journal(Places(place))
    failed: list[BaseException] = []
    durable: queue.SimpleQueue[int] = queue.SimpleQueue()
    writer = JournalWriter(store, spill=spill, on_durable=durable.put, on_failed=failed.append)
    for number, body in enumerate(rest, start=1):
        seq = writer.append(body, [])
        if number % TOGETHER == 0:
            while durable.get(timeout=CLOSE_S_MAX) < seq:
                pass
    writer.close(CLOSE_S_MAX)
    store.close()
    assert failed == []
    return place


def make_order(
    journal: Path,
    folder: Path,
    follows: BackupMade | None = None,
    *,
    other_disk: bool = False,
    **files: str,
) -> MakeOrder:
    """An order for a full backup, or one that goes on from another."""
    return MakeOrder(
        journal=str(journal),
        folder=str(folder),
        other_disk=other_disk,
        backup_id=uuid.uuid4().hex,
        kind=BackupKind.INCREMENT if follows else BackupKind.FULL,
        follows=follows.backup_id if follows else "",
        after=(follows.last_seq, follows.head_hash) if follows else None,
        made_ms=1_767_225_600_000,
        version="0.1.0",
        recipients=(str(OWNER.to_public()), str(ESCROW.to_public())),
        signing_key=str(journal.with_name("signing-key")),
        paths={},
        texts=files,
    )


def run(name: str, order: msgspec.Struct, *, failpoint: str = "") -> Line:
    """Run a program of the package to its end, and give its last line."""
    environment = {key: value for key, value in os.environ.items() if key != "TILLHALD_FAILPOINT"}
    if failpoint:
        environment["TILLHALD_FAILPOINT"] = failpoint
    done = subprocess.run(
        [sys.executable, "-P", "-m", f"tillhald.backup.{name}"],
        input=msgspec.json.encode(order),
        capture_output=True,
        env=environment,
        timeout=PROGRAM_S_MAX,
        check=False,
    )
    if failpoint:
        assert done.returncode == -signal.SIGKILL, done.stderr.decode()
        return Line()
    assert done.returncode == 0, done.stderr.decode()
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Line)


def made(journal: Path, folder: Path, follows: BackupMade | None = None, **files: str) -> Line:
    """Make a backup, which must succeed."""
    line = run("make", make_order(journal, folder, follows, **files))
    assert line.made is not None, line
    return line


def checked(*files: Path, key: x25519.Identity | None = OWNER, scratch: Path | None = None) -> Line:
    """Check files, with the owner's key if nothing else is said."""
    order = CheckOrder(
        files=tuple(str(file) for file in files),
        secrets=() if key is None else (str(key),),
        scratch=str(scratch) if scratch else "",
    )
    return run("check", order)
