"""A start on a journal of an older schema, at a till that has no home.

Such a till gets its programs from the machine's package manager: the new one finds the journal that
the old one left. It copies it beside the old one, checks the copy, and puts it in its place; the
old folder stays, under another name. In a home an upgrade does this, with a way back.
"""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec
import structlog

from tillhald.failpoints import reach
from tillhald.journal.disk import sync_folder
from tillhald.journal.errors import Fault, JournalDamaged, StorageFailed
from tillhald.journal.lock import JournalLock
from tillhald.migration.words import Line
from tillhald.schema import SCHEMA
from tillhald.service.rescue import journal_now, rescue

if TYPE_CHECKING:
    from pathlib import Path

    from tillhald.journal.errors import OtherSchema
    from tillhald.journal.recovery import Places
    from tillhald.migration.copying import Migrated

log = structlog.get_logger(__name__)

MIGRATION_S_MAX = 3600.0
"""A million sales take about three minutes; a disk that hangs must not keep the shop for ever."""


def building_path(folder: Path) -> Path:
    """Where the copy is made; whole, once the old journal is put aside."""
    return folder.with_name(folder.name + ".migrating")


def complete_migration(folder: Path) -> None:
    """Finish what a power cut left between the two renames: the old one aside, the new one unnamed.

    The old one is put aside only once the new one is whole and durable.
    """
    if not folder.exists() and building_path(folder).exists():
        building_path(folder).rename(folder)
        sync_folder(folder.parent)


def bring_here(places: Places, other: OtherSchema, *, wall_ms: int) -> None:
    """Put a journal of this program's schema in the place of an older one. Blocks, for minutes.

    Where there is no room for a copy, the till goes on with a new segment, and what lies in the old
    file follows while it sells. Raises `other` again for a newer schema; JournalDamaged for a
    journal that is not whole; StorageFailed, OSError: then everything is as it was.
    """
    if other.schema > SCHEMA:
        raise other
    here = journal_now(places)
    log.warning("journal_of_older_schema", folder=str(here), schema=other.schema, to_schema=SCHEMA)
    lock = JournalLock.acquire(places.folder)
    try:
        line = _copy(here, places.spills)
        if line.migrated is not None:
            put_in_place(here, line.migrated)
            return
    finally:
        lock.release()
    if line.refused != "DISK_FULL":
        if line.refused == JournalDamaged.reason:
            raise JournalDamaged(Fault.UNREADABLE, line.seq, line.sentence)
        sentence = f"The journal could not be brought to schema {SCHEMA}. {line.sentence}"
        raise StorageFailed(sentence)
    log.error("no_room_for_a_copy", folder=str(here), why=line.sentence)
    why = JournalDamaged(Fault.UNREADABLE, None, line.sentence)
    rescue(places, why, wall_ms=wall_ms, fault="other_schema")


def _copy(here: Path, spills: tuple[Path, ...]) -> Line:
    target = building_path(here)
    if target.exists():
        shutil.rmtree(target)
    command = [sys.executable, "-P", "-m", "tillhald.migration", str(here), str(target)]
    command += [word for path in spills for word in ("--spill", str(path))]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, timeout=MIGRATION_S_MAX, check=False)
    except subprocess.TimeoutExpired as error:
        sentence = f"Copying the journal took longer than {MIGRATION_S_MAX:.0f} s."
        raise StorageFailed(sentence) from error
    lines = done.stdout.splitlines()
    last = msgspec.json.decode(lines[-1], type=Line) if lines else Line()
    if last.migrated is None and not last.refused:
        sentence = f"The process that copied it ended with {done.returncode}."
        raise StorageFailed(sentence)
    return last


def put_in_place(here: Path, migrated: Migrated) -> None:
    """The old one aside, the new one in its place; `complete_migration` finishes it after a cut."""
    name = f"{here.name}.schema-{migrated.from_schema}"
    numbered = (here.with_name(f"{name}-{n}") for n in itertools.count(1))
    aside = next(path for path in numbered if not path.exists())
    sync_folder(here.parent)
    reach("migration.before_aside")
    here.rename(aside)
    sync_folder(here.parent)
    reach("migration.put_aside")
    building_path(here).rename(here)
    sync_folder(here.parent)
    log.warning("journal_migrated", folder=str(here), aside=str(aside), seq=migrated.seq)
