"""However large a till's journal is, what makes and reads its backups stays small."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec

from tests.support.backups import OWNER, make_order, write_journal
from tillhald.backup.words import CheckOrder, Line
from tillhald.domain.events import (
    BackupFailed,
    JournalCreated,
    Record,
    encode_record,
)

if TYPE_CHECKING:
    from pathlib import Path

SEED = 20_261_122
MIB = 1 << 20
RECORDS, RECORD_CHARS = 2_700, 60_000
ANONYMOUS_BYTES_MAX = 150 * MIB


def peak_of(name: str, order: msgspec.Struct) -> tuple[int, Line]:
    """The most memory of its own that the program was seen to have, and its last line.

    Not counted are pages of the journal's file: they are the kernel's to take back at any time.
    """
    with subprocess.Popen(
        [sys.executable, "-P", "-m", f"tillhald.backup.{name}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(msgspec.json.encode(order))
        child.stdin.close()
        peak, looks, last = 0, 0, b""
        for last in child.stdout:
            try:
                with open(f"/proc/{child.pid}/status") as status:
                    for row in status:
                        if row.startswith("RssAnon:"):
                            peak = max(peak, int(row.split()[1]) * 1024)
                            looks += 1
            except (FileNotFoundError, ProcessLookupError):
                break
        assert looks > 3, "the control: it was seen at work"
    return peak, msgspec.json.decode(last, type=Line)


def bodies() -> list[bytes]:
    choose = random.Random(SEED)
    texts = [choose.randbytes(RECORD_CHARS // 2).hex() for _ in range(50)]
    first = JournalCreated(store_id="s", workstation_id="w", currency="EUR")
    facts = [
        BackupFailed(reason="R", message=f"{number}{choose.choice(texts)}")
        for number in range(RECORDS)
    ]
    return [
        encode_record(Record(wall_ms=n, events=(fact,))) for n, fact in enumerate([first, *facts])
    ]


def test_a_backup_of_150_mib_is_made_read_back_and_opened_in_less(
    stick: Path, tmp_path: Path
) -> None:
    journal = write_journal(tmp_path / "journal", bodies(), map_bytes=256 * MIB)
    peak, line = peak_of("make", make_order(journal, stick))
    assert line.made is not None, line
    print(f"making: {peak / MIB:.0f} MiB")
    file = stick / line.made.file_name
    order = CheckOrder(files=(str(file),), secrets=(str(OWNER),), scratch=str(tmp_path / "s"))
    reading, line = peak_of("check", order)
    assert line.found, line
    print(f"restoring: {reading / MIB:.0f} MiB")
    assert RECORDS * RECORD_CHARS > ANONYMOUS_BYTES_MAX
    assert max(peak, reading) < ANONYMOUS_BYTES_MAX
