"""The program that reads a source: `python -m tillhald.predecessor.read`, an order on its input.

It opens files for reading only. What adapters of other people do wrong ends here, not in the till.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from pathlib import Path

import msgspec

from tillhald.domain.errors import ImportFailed, Refused, SourceChanged, SourceNotFound
from tillhald.journal.elsewhere import leave_the_tills_cpu
from tillhald.predecessor.finding import adapter_for
from tillhald.predecessor.records import Predecessor
from tillhald.predecessor.taking import Taking
from tillhald.predecessor.words import (
    ORDER_BYTES_MAX,
    Line,
    ReadOrder,
    ReadReport,
    SpoolFull,
    SpoolWriter,
)

PROGRESS_S = 0.1
NICENESS = 10
"""An import can wait; what else runs on the machine shall not wait for it."""
FREE_BYTES_MIN = 256 << 20
"""What must stay free on the disk that the spool is on: the journal may be there."""
LOOK_EVERY = 1_000
HASHED_BYTES = 1 << 20


def digest_of(path: Path, adapter: Predecessor) -> str:
    """SHA-256 over the names and contents of all files that the adapter reads, hexadecimal."""
    together = hashlib.sha256()
    for file in sorted(adapter.files(path)):
        digest = hashlib.sha256()
        with file.open("rb") as opened:
            while piece := opened.read(HASHED_BYTES):
                digest.update(piece)
        together.update(f"{file.name}\0{digest.hexdigest()}\n".encode())
    return together.hexdigest()


def read(order: ReadOrder) -> ReadReport:
    """Read everything into the spool. Raises Refused, OSError."""
    path = Path(order.path)
    adapter = adapter_for(path, order.adapter)
    digest = digest_of(path, adapter)
    spool = Path(order.spool)
    said_s = 0.0
    try:
        with SpoolWriter(spool) as writer:
            now_ms = time.time_ns() // 1_000_000
            taking = Taking(writer, order.import_id, order.currency, now_ms)
            for count, found in enumerate(adapter.read(path), start=1):
                taking.take(found)
                if count % LOOK_EVERY == 0:
                    _check_room(spool)
                now_s = time.monotonic()
                if now_s - said_s > PROGRESS_S:
                    said_s = now_s
                    say(Line(phase="reading", done=taking.taken))
            report = taking.finished(adapter.name, digest)
    except SpoolFull:
        raise ImportFailed("The source is larger than what can be imported at once.") from None
    if digest_of(path, adapter) != digest:
        sentence = "The source changed while it was read: close the other program."
        raise SourceChanged(sentence)
    return report


def _check_room(spool: Path) -> None:
    there = os.statvfs(spool)
    if there.f_bavail * there.f_frsize < FREE_BYTES_MIN:
        raise ImportFailed("There is not enough room on the journal's disk.")


def main() -> int:
    """Be the program. A refusal is a result."""
    leave_the_tills_cpu()
    os.nice(NICENESS)
    try:
        order = msgspec.json.decode(sys.stdin.buffer.read(ORDER_BYTES_MAX), type=ReadOrder)
        try:
            say(Line(report=read(order)))
        except Refused as why:
            say(Line(refused=why.reason, sentence=why.sentence))
        except OSError as error:
            what = f"{error.filename} cannot be read" if error.filename else "It cannot be read"
            sentence = f"{what}: {error.strerror or error}."
            say(Line(refused=SourceNotFound.reason, sentence=sentence))
    except BrokenPipeError:
        os._exit(1)  # whoever wanted it is gone
    return 0


def say(line: Line) -> None:
    """Write one line."""
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
