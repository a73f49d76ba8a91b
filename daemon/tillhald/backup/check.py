"""Checking backups, as a program of its own: `python -m tillhald.backup.check`, see `words`.

Needs neither a daemon nor the till's machine: only the files and, to look inside, a key. With
`scratch` it restores them as well; that is the drill.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from tillhald.backup.folder import refusal_of
from tillhald.backup.keys import identity_of
from tillhald.backup.layout import corrupt
from tillhald.backup.pace import Pace
from tillhald.backup.reading import Clear, Forgetting, check_whole, read_backup
from tillhald.backup.rebuild import Rebuild
from tillhald.backup.words import CheckOrder, Found, Line, run
from tillhald.domain.errors import BackupKeyNeeded, BackupKeyWrong
from tillhald.journal.errors import JournalDamaged
from tillhald.journal.format import BODY_AT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pyrage import x25519

    from tillhald.backup.layout import Ending, Filed
    from tillhald.backup.reading import Taker


_COMPLETES = b"SaleCompleted"
_KIND_WITHIN = 32
"""An event's kind is the first thing in it."""


class _Payable(msgspec.Struct):
    payable_minor: int


class _Completed(msgspec.Struct, tag="SaleCompleted"):
    """Of a completion the one thing that is summed up: decoding all of it takes ten times as
    long, for every sale that the till has ever made."""

    totals: _Payable


class _Events(msgspec.Struct):
    events: list[msgspec.Raw]


_events = msgspec.msgpack.Decoder(_Events)
_completed = msgspec.msgpack.Decoder(_Completed)


class _Seen:
    """A taker that keeps the names of files, and what the sales come to that the records
    complete."""

    def __init__(self, inner: Taker) -> None:
        self._inner = inner
        self.names: list[str] = []
        self.completed = 0
        self.payable_minor = 0

    def file(self, filed: Filed) -> None:
        self.names.append(filed.name)
        self._inner.file(filed)

    def records(self, first_seq: int, envelopes: Sequence[bytes]) -> None:
        for seq, envelope in enumerate(envelopes, first_seq):
            if _COMPLETES in envelope:
                try:
                    self._count(envelope[BODY_AT:])
                except msgspec.DecodeError as error:
                    raise corrupt(f"record {seq} in it cannot be read") from error
        self._inner.records(first_seq, envelopes)

    def _count(self, body: bytes) -> None:
        for event in _events.decode(body).events:
            if _COMPLETES in memoryview(event).tobytes()[:_KIND_WITHIN]:
                self.completed += 1
                self.payable_minor += _completed.decode(event).totals.payable_minor

    def rows(self, table: str, rows: Sequence[tuple[bytes, bytes]]) -> None:
        self._inner.rows(table, rows)


def check(order: CheckOrder, say: Callable[[Line], None]) -> None:
    """Check every file; all of them are found whole before one of them is opened.

    Raises BackupCorrupt, BackupKeyWrong, BackupKeyNeeded, OSError, and what a scratch raises.
    """
    keys = [identity_of(secret) for secret in order.secrets]
    if order.scratch and not keys:
        raise BackupKeyNeeded("A backup is restored with the key that opens it.")
    with contextlib.ExitStack() as stack:
        files: list[BinaryIO] = []
        for name in order.files:
            try:
                files.append(stack.enter_context(Path(name).open("rb", buffering=0)))
            except OSError as error:
                raise refusal_of(error, Path(name).parent) from error
        clears = [check_whole(file, Pace(say, "checking")) for file in files]
        scratch = stack.enter_context(_scratch(Path(order.scratch))) if order.scratch else None
        found: list[Found] = []
        last: Ending | None = None
        for file, clear in zip(files, clears, strict=True):
            if not keys:
                found.append(_found(clear))
                continue
            if scratch is not None:
                scratch.begin(clear)
            seen = _Seen(scratch or Forgetting())
            phase = "opening" if scratch is None else "restoring"
            last = _opened(file, clear, keys, seen, Pace(say, phase))
            found.append(_found(clear, last, seen))
        if scratch is not None and last is not None:
            _prove(scratch, last, Pace(say, "proving"))
    say(Line(found=found))


@contextlib.contextmanager
def _scratch(folder: Path) -> Iterator[Rebuild]:
    """A journal in a folder that is gone at the end, as is what a run that was killed left there.
    Raises OSError, lmdb.Error."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700)
    try:
        with Rebuild(folder / "journal") as rebuild:
            yield rebuild
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _opened(
    file: BinaryIO,
    clear: Clear,
    keys: Sequence[x25519.Identity],
    taker: Taker,
    on_progress: Pace,
) -> Ending:
    """Read it with the first key that opens it: a key that does not, has taken nothing."""
    for key in keys[:-1]:
        with contextlib.suppress(BackupKeyWrong):
            return read_backup(file, clear, key, taker, on_progress)
    return read_backup(file, clear, keys[-1], taker, on_progress)


def _prove(scratch: Rebuild, last: Ending, on_progress: Pace) -> None:
    try:
        totals = scratch.prove(on_progress)
    except JournalDamaged as damage:
        raise corrupt(f"what it restores has a fault: {damage.sentence}") from damage
    if totals != last.totals:
        raise corrupt("what it restores does not come to the totals that were there")


def _found(clear: Clear, ending: Ending | None = None, seen: _Seen | None = None) -> Found:
    header, trailer = clear.header, clear.trailer
    return Found(
        backup_id=header.backup_id,
        kind=header.kind,
        follows=header.follows,
        store_id=header.identity.store_id,
        workstation_id=header.identity.workstation_id,
        incarnation=header.identity.incarnation,
        segment=header.identity.segment,
        chain_id=header.identity.chain_id.hex(),
        made_ms=header.made_ms,
        version=header.version,
        first_seq=header.first_seq,
        last_seq=trailer.last_seq,
        head_hash=trailer.head_hash.hex(),
        records=trailer.records,
        rows=trailer.rows,
        size_bytes=clear.size_bytes,
        sha256=clear.sha256.hex(),
        signer=header.signer.hex(),
        business_day=trailer.business_day,
        closed_days=trailer.closed_days,
        recipients=header.recipients,
        is_open=ending is not None,
        files=tuple(seen.names) if seen else (),
        totals=ending.totals if ending else None,
        completed=seen.completed if seen else 0,
        payable_minor=seen.payable_minor if seen else 0,
    )


if __name__ == "__main__":
    sys.exit(run(CheckOrder, check))
