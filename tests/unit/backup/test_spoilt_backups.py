"""Nothing but a whole backup is ever opened: not one bit may have changed."""

from __future__ import annotations

import io
import random
from typing import TYPE_CHECKING

import pytest

from tests.support.backups import OWNER, STRANGER, checked, made
from tillhald.backup.layout import FOOTER_BYTES, HEADER_AT, header_size, trailer_size
from tillhald.backup.reading import Forgetting, check_whole, look, read_backup
from tillhald.domain.errors import BackupCorrupt, BackupKeyWrong

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tillhald.backup.layout import Filed

SEED = 20_261_122
FLIPS = 10_000


class Taken:
    """A taker that counts what it was handed."""

    def __init__(self) -> None:
        self.items = 0
        self.files: dict[str, bytes] = {}

    def file(self, filed: Filed) -> None:
        self.items += 1
        self.files[filed.name] = filed.content

    def records(self, first_seq: int, envelopes: Sequence[bytes]) -> None:
        self.items += len(envelopes)

    def rows(self, table: str, rows: Sequence[tuple[bytes, bytes]]) -> None:
        self.items += len(rows)


def is_refused(content: bytes) -> bool:
    try:
        check_whole(io.BytesIO(content))
    except BackupCorrupt:
        return True
    return False


def flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_a_whole_backup_is_taken(backup: bytes) -> None:
    """The control: what is flipped below is otherwise right, and opens."""
    file = io.BytesIO(backup)
    clear = check_whole(file)
    taken = Taken()
    ending = read_backup(file, clear, OWNER, taken)
    assert taken.items == ending.records + ending.rows + ending.files
    assert ending.totals.sales > 0


def test_ten_thousand_flipped_bits_are_all_found(backup: bytes) -> None:
    print(f"{SEED=}")
    choose = random.Random(SEED)
    missed = [
        bit
        for bit in (choose.randrange(len(backup) * 8) for _ in range(FLIPS))
        if not is_refused(flipped(backup, bit))
    ]
    assert missed == []


def test_every_bit_of_header_and_trailer_is_vouched_for(backup: bytes) -> None:
    front = HEADER_AT + header_size(backup[:HEADER_AT])
    back = FOOTER_BYTES + trailer_size(backup[-FOOTER_BYTES:])
    bytes_at = [*range(front), *range(len(backup) - back, len(backup))]
    choose = random.Random(SEED)
    missed = [
        at for at in bytes_at if not is_refused(flipped(backup, at * 8 + choose.randrange(8)))
    ]
    assert missed == []


def test_a_backup_that_was_cut_anywhere_is_refused(backup: bytes) -> None:
    stride = max(1, len(backup) // 3000)
    lengths = {*range(0, len(backup), stride), *range(len(backup) - 200, len(backup))}
    assert [length for length in sorted(lengths) if not is_refused(backup[:length])] == []
    assert is_refused(backup + b"\0")
    assert is_refused(b"")


def test_what_is_exchanged_between_two_backups_is_found(
    backup: bytes, journal: Path, stick: Path
) -> None:
    line = made(journal, stick)
    assert line.made is not None
    other = (stick / line.made.file_name).read_bytes()
    mine, theirs = look(io.BytesIO(backup)), look(io.BytesIO(other))
    mixed = backup[: mine.age_at] + other[theirs.age_at :]
    assert is_refused(mixed)


def test_a_key_that_is_not_its_own_opens_nothing(backup: bytes) -> None:
    file = io.BytesIO(backup)
    taken = Taken()
    with pytest.raises(BackupKeyWrong):
        read_backup(file, check_whole(file), STRANGER, taken)
    assert taken.items == 0


def test_even_behind_a_right_signature_spoilt_ciphertext_is_refused(backup: bytes) -> None:
    """As if whoever holds the signing key had signed rubbish: the clear parts are not asked."""
    file = io.BytesIO(backup)
    clear = check_whole(file)
    middle = clear.age_at + clear.trailer.age_bytes // 2
    spoilt = io.BytesIO(flipped(backup, middle * 8))
    with pytest.raises(BackupCorrupt):
        read_backup(spoilt, clear, OWNER, Forgetting())


def test_a_spoilt_backup_is_not_restored_and_leaves_nothing(
    backup: bytes, stick: Path, tmp_path: Path
) -> None:
    choose = random.Random(SEED)
    file = stick / "spoilt.tbk"
    before = sorted(path.name for path in tmp_path.iterdir())
    for _ in range(5):
        file.write_bytes(flipped(backup, choose.randrange(len(backup) * 8)))
        line = checked(file, scratch=tmp_path / "scratch")
        assert line.refused == "BACKUP_CORRUPT", line
        assert sorted(path.name for path in tmp_path.iterdir()) == before
