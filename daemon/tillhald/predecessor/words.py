"""What the daemon and the program that reads a source say to one another.

The program reads one JSON value from its standard input, a `ReadOrder`, and writes JSON lines:
`Line`. What it found goes into the spool, a file that the daemon names and removes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, Self

import msgspec

from tillhald.domain.predecessor import ImportCounts, OldReport, PredecessorSource
from tillhald.domain.sale import Sale

ORDER_BYTES_MAX = 1 << 20
FAULTS_TOLD_MAX = 100
SENTENCE_CHARS_MAX = 300
"""Of a fault: it may repeat what stands in a file, and that may be anything."""
DIFFERENCES_TOLD_MAX = 200
NOTICES_MAX = 20
SPOOL_BYTES_MAX = 8 << 30
ITEM_BYTES_MAX = 16 << 20


class ReadOrder(msgspec.Struct, kw_only=True):
    """Read what lies at `path`, with that adapter or, where it is empty, with the one that
    recognises it. Sales are marked with `import_id`."""

    path: str
    spool: str
    import_id: str
    currency: str
    adapter: str = ""


class Fault(msgspec.Struct, kw_only=True):
    """Something that does not fit, and where. `line` counts from 1; 0 for the file as a whole."""

    file: str
    line: int
    sentence: str
    field: str = ""


class Difference(msgspec.Struct, kw_only=True):
    """The predecessor's own total beside what its sales come to. `what` is "receipts", "payable",
    "tax", "expected cash" or a kind of tender; all but receipts in minor units."""

    file: str
    line: int
    of: str
    old_id: str
    what: str
    theirs: int
    ours: int


class ReadReport(msgspec.Struct, kw_only=True):
    """What a source holds. `reports` is a digest over its shifts and days, which begin in the spool
    at `reports_at`, behind all sales."""

    source: PredecessorSource
    counts: ImportCounts = ImportCounts()
    open_shifts: int = 0
    open_days: int = 0
    first_ms: int = 0
    last_ms: int = 0
    reports: str = ""
    reports_at: int = 0
    proposed_config: str = ""
    faults_count: int = 0
    faults: list[Fault] = []
    differences_count: int = 0
    differences: list[Difference] = []
    notices: list[str] = []


class Line(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One line: `phase`, `done` and `total` while it works; at last `report`, or `refused` with a
    reason and a sentence."""

    phase: str = ""
    done: int = 0
    total: int = 0
    report: ReadReport | None = None
    refused: str = ""
    sentence: str = ""


class SpooledSale(msgspec.Struct, kw_only=True, tag="sale", omit_defaults=True):
    """A sale. `again`: it was spooled before, and is as it became by returns and voids."""

    file: str
    line: int
    sale: Sale
    again: bool = False


class SpooledSuspended(msgspec.Struct, kw_only=True, tag="suspended"):
    file: str
    line: int
    sale: Sale


class SpooledReport(msgspec.Struct, kw_only=True, tag="report"):
    report: OldReport


Spooled = SpooledSale | SpooledSuspended | SpooledReport

_LENGTH: Final = struct.Struct(">I")
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Spooled)


class SpoolFull(Exception):
    """The source is larger than what can be imported at once."""


class SpoolWriter:
    """Puts items into a file; each can be found again by where it begins."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+b")
        self.size_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def put(self, item: Spooled) -> int:
        """Append an item; return where it begins. Raises SpoolFull, OSError."""
        content = _encoder.encode(item)
        at = self.size_bytes
        self.size_bytes += _LENGTH.size + len(content)
        if self.size_bytes > SPOOL_BYTES_MAX:
            raise SpoolFull
        self._file.write(_LENGTH.pack(len(content)) + content)
        return at

    def sales_at(self, places: Iterator[int]) -> Iterator[SpooledSale]:
        """The sales that begin there. Nothing may be put meanwhile."""
        for at in places:
            self._file.seek(at)
            found = _next(self._file)
            assert found is not None, "something was put there"
            assert isinstance(found[0], SpooledSale), "a sale was put there"
            yield found[0]
        self._file.seek(0, 2)


def read_spool(path: Path, begin: int = 0, end: int | None = None) -> Iterator[tuple[Spooled, int]]:
    """The items of a whole spool that lie from `begin` to before `end`, in order, each with its
    size in bytes."""
    with path.open("rb") as file:
        file.seek(begin)
        at = begin
        while (end is None or at < end) and (found := _next(file)) is not None:
            yield found
            at += found[1]


def _next(file: IO[bytes]) -> tuple[Spooled, int] | None:
    head = file.read(_LENGTH.size)
    if not head:
        return None
    (size,) = _LENGTH.unpack(head)
    assert size <= ITEM_BYTES_MAX, "an item is a sale or a report"
    return _decoder.decode(file.read(size)), _LENGTH.size + size
