"""A backup whose signature is right, and whose inside is not: what the till itself would check."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.backups import OWNER
from tillhald.backup import layout
from tillhald.backup.layout import Header, Kind, frame, pack_records, pack_rows
from tillhald.backup.reading import Forgetting, check_whole, read_backup
from tillhald.backup.source import Counted
from tillhald.backup.writing import write_backup
from tillhald.domain.backup import BackupKind
from tillhald.domain.errors import BackupCorrupt
from tillhald.domain.events import Record, TillStopped, encode_record
from tillhald.domain.state import TillState
from tillhald.journal.format import NO_HASH, Head, row_seed, seal, seal_row
from tillhald.journal.identity import Identity, Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHAIN_ID = bytes(range(16))
RECORDS = 5


def records(chain_id: bytes = CHAIN_ID) -> list[tuple[Head, bytes]]:
    """A chain of whole records."""
    found: list[tuple[Head, bytes]] = []
    last = NO_HASH
    for seq in range(1, RECORDS + 1):
        envelope, last = seal(
            chain_id, seq, last, encode_record(Record(wall_ms=seq, events=(TillStopped(),)))
        )
        found.append((Head(seq, last), envelope))
    return found


class Frames:
    """A source that gives what it is told to."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces
        self.after = Head(0, NO_HASH)
        self.head = self.begun_at = records()[-1][0]
        self.counted = Counted()
        self.end_state = TillState()
        self.counted.records, self.counted.rows = RECORDS, 1

    def frames(self) -> Iterator[bytes]:
        yield from self._pieces


def good() -> list[bytes]:
    """Frames that hold together."""
    row = seal_row(row_seed(CHAIN_ID, "sales"), b"s1", 1, b"sold")
    return [
        *(pack_records([envelope]) for _, envelope in records()),
        pack_rows("sales", [b"s1", row]),
    ]


def written(*pieces: bytes) -> io.BytesIO:
    key = Ed25519PrivateKey.generate()
    header = Header(
        backup_id="b",
        kind=BackupKind.FULL,
        identity=Identity(
            store_id="s",
            workstation_id="w",
            incarnation=1,
            chain_id=CHAIN_ID,
            created_ms=0,
            phase=Phase.LIVE,
        ),
        made_ms=0,
        first_seq=1,
        prev_hash=NO_HASH,
        follows="",
        journal_format=1,
        version="0",
        recipients=(),
        signer=key.public_key().public_bytes_raw(),
    )
    out = io.BytesIO()
    source: object = Frames(*pieces)
    write_backup(
        out,  # type: ignore[arg-type]  # BytesIO says how much it wrote
        source,  # type: ignore[arg-type]  # a source that lies
        header,
        [],
        recipients=[OWNER.to_public()],
        key=key,
        on_progress=lambda _done, _total: None,
    )
    return out


def read(file: io.BytesIO) -> None:
    read_backup(file, check_whole(file), OWNER, Forgetting())


def test_frames_that_hold_together_are_taken() -> None:
    """The control."""
    read(written(*good()))
    read(written(pack_records([envelope for _, envelope in records()]), good()[-1]))
    read(written(*renumbered(5, 0)()))


def without(index: int) -> Callable[[], list[bytes]]:
    def pieces() -> list[bytes]:
        left = good()
        del left[index]
        return left

    return pieces


def changed() -> list[bytes]:
    pieces = good()
    pieces[2] = pieces[2][:-1] + bytes([pieces[2][-1] ^ 1])
    return pieces


def of_another_chain() -> list[bytes]:
    pieces = good()
    pieces[2] = pack_records([records(bytes(16))[2][1]])
    return pieces


def rewritten() -> list[bytes]:
    """A record that is whole by itself, and not the one that the next one follows."""
    pieces = good()
    body = encode_record(Record(wall_ms=99, events=(TillStopped(),)))
    pieces[2] = pack_records([seal(CHAIN_ID, 3, records()[1][0].hash, body)[0]])
    return pieces


def row_changed() -> list[bytes]:
    row = seal_row(row_seed(CHAIN_ID, "sales"), b"s2", 1, b"sold")
    return [*good()[:-1], pack_rows("sales", [b"s1", row])]


def row_of_no_table() -> list[bytes]:
    row = seal_row(row_seed(CHAIN_ID, "stock"), b"s1", 1, b"sold")
    return [*good()[:-1], pack_rows("stock", [b"s1", row])]


def twice() -> list[bytes]:
    return [*good(), good()[-1]]


def unknown() -> list[bytes]:
    return [*good(), b"X" + (4).to_bytes(4, "big") + os.urandom(4)]


def renumbered(at: int, change: int) -> Callable[[], list[bytes]]:
    """One of the four-byte numbers in a frame of two records is another."""

    def pieces() -> list[bytes]:
        both = bytearray(pack_records([envelope for _, envelope in records()[:2]]))
        number = int.from_bytes(both[at : at + 4], "big") + change
        both[at : at + 4] = number.to_bytes(4, "big")
        return [bytes(both), *good()[2:]]

    return pieces


def empty() -> list[bytes]:
    return [*good(), frame(Kind.RECORDS, b"")]


def of_none() -> list[bytes]:
    return [*good(), pack_records([])]


def half_a_row() -> list[bytes]:
    content = b"\x05sales" + (1).to_bytes(4, "big") + (2).to_bytes(4, "big") + b"s1"
    return [*good(), frame(Kind.ROWS, content)]


def endless() -> list[bytes]:
    return [*good(), b"R" + (layout.FRAME_BYTES_MAX + 1).to_bytes(4, "big")]


@pytest.mark.parametrize(
    "pieces",
    [
        without(0),
        without(2),
        without(4),
        without(5),
        changed,
        of_another_chain,
        rewritten,
        row_changed,
        row_of_no_table,
        twice,
        unknown,
        endless,
        renumbered(5, 1),
        renumbered(5, -1),
        renumbered(5, 1 << 30),
        renumbered(9, 1),
        renumbered(13, -1),
        empty,
        of_none,
        half_a_row,
    ],
)
def test_a_signed_backup_that_does_not_hold_together_is_refused(
    pieces: Callable[[], list[bytes]],
) -> None:
    with pytest.raises(BackupCorrupt):
        read(written(*pieces()))
