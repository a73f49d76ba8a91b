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

from tillhald.backup.folder import refusal_of
from tillhald.backup.keys import identity_of
from tillhald.backup.layout import corrupt
from tillhald.backup.pace import Pace
from tillhald.backup.reading import Clear, check_whole, read_backup
from tillhald.backup.rebuild import Rebuild
from tillhald.backup.words import CheckOrder, Found, Line, run
from tillhald.domain.errors import BackupKeyNeeded, BackupKeyWrong
from tillhald.journal.errors import JournalDamaged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pyrage import x25519

    from tillhald.backup.layout import Ending, Filed
    from tillhald.backup.reading import Taker
    from tillhald.journal.format import Row


class _Names:
    """A taker that keeps the names of files."""

    def __init__(self, inner: Taker | None) -> None:
        self._inner = inner
        self.names: list[str] = []

    def file(self, filed: Filed) -> None:
        self.names.append(filed.name)
        if self._inner is not None:
            self._inner.file(filed)

    def record(self, seq: int, envelope: bytes) -> None:
        if self._inner is not None:
            self._inner.record(seq, envelope)

    def row(self, row: Row) -> None:
        if self._inner is not None:
            self._inner.row(row)


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
            names = _Names(scratch)
            phase = "opening" if scratch is None else "restoring"
            last = _opened(file, clear, keys, names, Pace(say, phase))
            found.append(_found(clear, last, names.names))
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


def _found(clear: Clear, ending: Ending | None = None, names: Sequence[str] = ()) -> Found:
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
        files=tuple(names),
        totals=ending.totals if ending else None,
        completed=ending.completed if ending else 0,
        payable_minor=ending.payable_minor if ending else 0,
    )


if __name__ == "__main__":
    sys.exit(run(CheckOrder, check))
