"""A till's data are restored, or cleaned, and switched to: on a disk that records.

`python -m tests.crash.restore_steps DISK KIND ORDER [careless]` does what the daemon and its
programs do, by the same functions, and says in `.mark` what was promised. Careless, nothing of what
is built is synced: what the judge must find.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec

from tests.crash.boot_steps import COMMITTED, ON_TRIAL
from tillhald.backup.changes import CleanOrder, CopyOrder, RestoreOrder
from tillhald.backup.clean import clean
from tillhald.backup.journal_copy import copy
from tillhald.backup.restore import restore
from tillhald.backup.words import Line
from tillhald.boot import generation
from tillhald.boot.files import partial_folder
from tillhald.boot.launcher import decide
from tillhald.boot.record import Pair, committed, write
from tillhald.domain.switches import WorkKind
from tillhald.home import Home, Work

SLOT = "1.0.0-aaaa"
OLD = Pair(slot=SLOT, generation=generation.FIRST)
NEW = Pair(slot=SLOT, generation="gen-0002")
WORK_ID = "ab" * 16


def change(folder: Path, kind: WorkKind, order: bytes) -> None:
    """A safety copy, a new generation, the switch, the trial, and its commitment."""
    home = Home(folder, OLD.generation)
    lines: list[Line] = []
    journal = str(home.journal_folder)
    copy(CopyOrder(journal=journal, to=str(folder / "safety" / "one"), copies_max=2), lines.append)
    building = partial_folder(generation.data_folder(folder) / NEW.generation)
    if kind is WorkKind.RESTORE:
        wanted = msgspec.json.decode(order, type=RestoreOrder)
        wanted.building = str(building)
        restore(wanted, lines.append)
    else:
        cleaning = msgspec.json.decode(order, type=CleanOrder)
        cleaning.journal, cleaning.building = journal, str(building)
        clean(cleaning, lines.append)
    built = lines[-1].built
    assert built is not None
    generation.finish(building, generation.Meta(schema=1, min_reader=1, made_by=WORK_ID))
    home.switch(
        Work(
            work_id=WORK_ID,
            kind=kind,
            request_id="r",
            begun_ms=0,
            from_pair=OLD,
            to_pair=NEW,
            version="1.0.0",
            expected=built.totals,
            expected_seq=built.seq,
            expected_head=bytes.fromhex(built.head_hash),
        )
    )
    _mark(folder, ON_TRIAL)
    assert decide(folder).pair == NEW
    write(folder, committed(home.record()))
    _mark(folder, COMMITTED)


def _mark(folder: Path, word: str) -> None:
    mark = os.open(folder / ".mark", os.O_WRONLY)
    os.write(mark, word.encode())
    os.close(mark)


if __name__ == "__main__":
    if sys.argv[4:] == ["careless"]:
        os.sync = lambda: None
        os.fsync = os.fdatasync = lambda _fd: None
    change(Path(sys.argv[1]), WorkKind(sys.argv[2]), sys.argv[3].encode())
