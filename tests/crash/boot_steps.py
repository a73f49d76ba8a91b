"""A till gets a new program and a new generation, and the launcher starts it: on a disk that records.

`python -m tests.crash.boot_steps DISK [careless] [give_up]` runs it, and says in `.mark` what was
promised: ``on trial``, ``committed`` and ``taken back``. Careless, nothing is synced: what the judge must find.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tillhald.boot import generation, slot
from tillhald.boot.files import partial_folder, sync
from tillhald.boot.launcher import decide
from tillhald.boot.leftovers import leftovers, remove
from tillhald.boot.record import BootRecord, Pair, committed, read, write
from tillhald.domain.backup import BackupTotals
from tillhald.domain.switches import WorkKind
from tillhald.home import Home, Work

OLD = Pair(slot="1.0.0-aaaa", generation=generation.FIRST)
NEW = Pair(slot="1.1.0-bbbb", generation="gen-0002")
SCHEMA = {OLD.slot: 1, NEW.slot: 2, OLD.generation: 1, NEW.generation: 2}
FILES = 6
ON_TRIAL, COMMITTED, TAKEN_BACK = "on trial", "committed", "taken back"
WORK = Work(
    work_id="0123456789abcdef",
    kind=WorkKind.UPGRADE,
    request_id="request",
    begun_ms=1_767_225_600_000,
    from_pair=OLD,
    to_pair=NEW,
    version="1.1.0",
    expected=BackupTotals(sales=1, sales_minor=750),
    expected_seq=2,
    expected_head=bytes(32),
)


def stage_slot(home: Path, name: str) -> None:
    """Build a slot of some files, of more than a page each."""
    building = partial_folder(slot.slots_folder(home) / name)
    (building / "bin").mkdir()
    for number in range(FILES):
        (building / "bin" / f"module{number}.py").write_text(f"{name} {number}\n" * 400)
    manifest = slot.Manifest(
        version=name.partition("-")[0],
        schema=SCHEMA[name],
        interpreter=sys.executable,
        python=slot.python_version(),
        files=slot.content_of(building),
    )
    slot.seal(building, manifest)
    building.rename(slot.slots_folder(home) / name)
    sync(slot.slots_folder(home))


def make_generation(home: Path, name: str, *, made_by: str = "") -> None:
    """Build a generation that holds one file."""
    building = partial_folder(generation.data_folder(home) / name)
    data = building / "data"
    data.write_text(f"{name}\n" * 400)
    sync(data)
    meta = generation.Meta(schema=SCHEMA[name], min_reader=SCHEMA[name], made_by=made_by)
    generation.finish(building, meta)


def prepare(home: Path) -> None:
    """A till as it was installed."""
    for folder in ("boot", "slots", "data"):
        (home / folder).mkdir(parents=True)
    stage_slot(home, OLD.slot)
    make_generation(home, OLD.generation)
    write(home, BootRecord(seq=1, committed=OLD))


def upgrade(home: Path) -> None:
    """The new pair is staged, put on trial, attempted, and commits itself."""
    stage_slot(home, NEW.slot)
    make_generation(home, NEW.generation, made_by=WORK.work_id)
    Home(home, OLD.generation).switch(WORK)
    _mark(home, ON_TRIAL)
    assert decide(home).pair == NEW
    write(home, committed(read(home)))
    _mark(home, COMMITTED)
    # The old pair stays, and what was before it would go.
    assert leftovers(home, read(home), Home(home, NEW.generation).pairs_of_work()) == []


def give_up(home: Path) -> None:
    """The new pair is put on trial, never commits itself, is taken back, and its data removed."""
    make_generation(home, NEW.generation, made_by=WORK.work_id)
    stage_slot(home, NEW.slot)
    Home(home, OLD.generation).switch(WORK)
    _mark(home, ON_TRIAL)
    while decide(home).trial is not None:
        continue
    _mark(home, TAKEN_BACK)
    for path in leftovers(home, read(home), Home(home, OLD.generation).pairs_of_work()):
        remove(path)


def _mark(home: Path, word: str) -> None:
    mark = os.open(home / ".mark", os.O_WRONLY)
    os.write(mark, word.encode())
    os.close(mark)


if __name__ == "__main__":
    if "careless" in sys.argv:
        os.sync = lambda: None
        os.fsync = lambda _fd: None
    (give_up if "give_up" in sys.argv else upgrade)(Path(sys.argv[1]))
