"""Power cuts while a journal is brought to the next schema: the old one or the new one, whole.

While the copy is written there are thousands of states, and all of them are the old journal beside
something unfinished: of these `TILLHALD_POWER_SHARE` are judged, 1.0 for all. From the first rename
on every one is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import lmdb
import pytest

from hwsim.power.disk import PowerCutDisk, why_not
from hwsim.power.stage import Stage
from hwsim.power.states import State, states
from hwsim.power.trace import Renamed
from tests.crash.campaign import at_the_end
from tests.crash.migration_steps import MIGRATED
from tests.support.golden_journals import make_golden
from tillhald.journal.errors import StorageError
from tillhald.migration.checking import check
from tillhald.migration.copying import Migration, MigrationFailed, migrate
from tillhald.migration.reading import Reading, Sums
from tillhald.schema import SCHEMA
from tillhald.service.outdated import building_path, complete_migration, put_in_place

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

SEED = 20_261_122
MIXES = 1
PROGRAM_S_MAX = 60.0
SHARE = float(os.environ.get("TILLHALD_POWER_SHARE", "0.05"))
STATES_MIN = 60
ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "")


def quietly(_phase: str, _done: int, _total: int) -> None:
    """Nobody looks at the progress."""


def judge(folder: Path, marks: tuple[str, ...], expected: Sums) -> str:
    """Start as the till would; what is wrong then, or nothing."""
    journal = folder / "journal"
    try:
        complete_migration(journal)
        with Reading(str(journal)) as found:
            schema = found.schema
        if schema != SCHEMA:
            if MIGRATED in marks:
                return "it was in its place, and is gone"
            shutil.rmtree(building_path(journal), ignore_errors=True)
            order = Migration(journal, building_path(journal), SCHEMA)
            put_in_place(journal, migrate(order, quietly))
        differences = check(journal, quietly).differences(expected)
    except (StorageError, MigrationFailed, lmdb.Error, OSError) as error:
        return f"{type(error).__name__}: {error}"
    return f"not the same: {differences}" if differences else ""


def judged(
    states_of: Callable[..., Iterator[State]], *how: str
) -> Generator[tuple[str, str], None, None]:
    """Record the start, and judge each state that a power cut may leave: where, what is wrong."""
    with tempfile.TemporaryDirectory(prefix="tillhal-") as name:
        start = Path(name) / "start"
        make_golden(start / "journal")
        with Reading(str(start / "journal")) as golden:
            expected = golden.sums()
        with PowerCutDisk(Path(name) / "disk", start=start, record=True) as disk:
            program = [sys.executable, "-m", "tests.crash.migration_steps", str(disk.path), *how]
            subprocess.run(program, cwd=ROOT, check=True, timeout=PROGRAM_S_MAX)
            trace = disk.trace()
        folder = Path(name) / "till"
        chosen = Random(SEED)
        first_rename = next(at for at, op in enumerate(trace.ops) if isinstance(op, Renamed))
        with Stage(Path(name) / "stage") as stage:
            for state in states_of(trace, seed=SEED, mixes=MIXES):
                if state.op < first_rename and chosen.random() >= SHARE:
                    continue
                stage.show(state)
                shutil.copytree(stage.folder, folder)
                where = f"seed {SEED}, operation {state.op}, {state.name}"
                yield where, judge(folder, state.marks, expected)
                shutil.rmtree(folder)


def test_a_power_cut_at_any_moment_leaves_a_journal_with_all_that_was_in_it() -> None:
    found = list(judged(states))
    assert [(where, fault) for where, fault in found if fault] == []
    assert len(found) >= STATES_MIN, len(found)


def test_the_judge_sees_that_nothing_was_synced() -> None:
    with closing(judged(at_the_end, "careless")) as found:
        assert any(fault for _, fault in found), "a judge that finds nothing here finds nothing"
