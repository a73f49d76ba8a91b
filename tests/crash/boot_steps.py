"""A till gets a new program and a new generation, and the launcher starts it: on a disk that records.

`python -m tests.crash.boot_steps DISK [careless]` runs it, and says in `.mark` what was promised:
``on trial`` and ``committed``. Careless, nothing is synced: what the judge must find.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tillhald.boot import generation, slot
from tillhald.boot.files import partial_folder, sync
from tillhald.boot.launcher import decide
from tillhald.boot.record import BootRecord, Pair, committed, on_trial, read, write

OLD = Pair(slot="1.0.0-aaaa", generation=generation.FIRST)
NEW = Pair(slot="1.1.0-bbbb", generation="gen-0002")
SCHEMA = {OLD.slot: 1, NEW.slot: 2, OLD.generation: 1, NEW.generation: 2}
FILES = 6
ON_TRIAL, COMMITTED = "on trial", "committed"


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
    make_generation(home, NEW.generation, made_by="work")
    write(home, on_trial(read(home), NEW, "work"))
    _mark(home, ON_TRIAL)
    assert decide(home).pair == NEW
    write(home, committed(read(home)))
    _mark(home, COMMITTED)


def _mark(home: Path, word: str) -> None:
    mark = os.open(home / ".mark", os.O_WRONLY)
    os.write(mark, word.encode())
    os.close(mark)


if __name__ == "__main__":
    if sys.argv[2:] == ["careless"]:
        os.sync = lambda: None
        os.fsync = lambda _fd: None
    upgrade(Path(sys.argv[1]))
