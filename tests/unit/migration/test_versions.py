"""Two versions of the program and one shop: each reads what the other one left it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import tillhald
from tests.contract.journal_story import rows_of, tell
from tests.support.golden_journals import make_golden, stored_lines
from tests.support.schema_1 import make_schema_1
from tillhald.journal.engine import INDEX_TABLES
from tillhald.migration.copying import Migration, migrate
from tillhald.schema import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
PROGRAM_S_MAX = 120.0


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the program of schema 1."""
    folder = tmp_path_factory.mktemp("older")
    leave = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(tillhald.__file__).parent, folder / "tillhald", ignore=leave)
    make_schema_1(folder / "tillhald")
    yield folder
    shutil.rmtree(folder)


def run(program: Path | None, *arguments: str, failpoint: str = "") -> tuple[int, str]:
    """Run a module of that program, or of this one."""
    paths = [str(ROOT), *([str(program)] if program else [])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(reversed(paths))}
    if failpoint:
        environment["TILLHALD_FAILPOINT"] = failpoint
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        timeout=PROGRAM_S_MAX,
        check=False,
    )
    return done.returncode, done.stdout.decode() + done.stderr.decode()


def test_the_older_program_writes_the_golden_journal_s_rows(older: Path, tmp_path: Path) -> None:
    file = tmp_path / "told.txt"
    status, said = run(older, "tests.contract.journal_story", str(file))
    assert status == 0, said
    golden = [f"{table} {key.hex()} {stored.hex()}" for table, key, stored in stored_lines()]
    told = file.read_text().splitlines()
    for table in INDEX_TABLES:
        of_table = [line for line in told if line.startswith(f"{table} ")]
        assert of_table == [line for line in golden if line.startswith(f"{table} ")], table


def test_the_older_program_reads_every_record_of_what_is_exported_for_it(
    older: Path, tmp_path: Path
) -> None:
    tell(tmp_path / "told")
    order = Migration(tmp_path / "told", tmp_path / "back", 1)
    migrated = migrate(order, lambda _phase, _done, _total: None)
    status, said = run(older, "tillhald.migration", "--check", str(tmp_path / "back"))
    assert status == 0, said
    assert f'"state_sha256":"{migrated.sums.state_sha256}"' in said
    assert "refused" not in said


def test_the_older_program_does_not_touch_what_the_newer_one_wrote(
    older: Path, tmp_path: Path
) -> None:
    tell(tmp_path / "told")
    before = rows_of(tmp_path / "told")
    for arguments in (("--check", "told"), ("told", "new")):
        folders = [word if word == "--check" else str(tmp_path / word) for word in arguments]
        status, said = run(older, "tillhald.migration", *folders)
        assert status == 0, said
        assert '"refused":"OTHER_SCHEMA"' in said
        assert "knows 1 to 1" in said
    assert rows_of(tmp_path / "told") == before


@pytest.mark.parametrize("failpoint", ["batch_copied", "copied", "synced", "proven"])
def test_a_migration_that_is_killed_leaves_the_old_journal_and_is_done_anew(
    tmp_path: Path, failpoint: str
) -> None:
    old = make_golden(tmp_path / "old")
    before, target = rows_of(old), tmp_path / "new"
    words = ["tillhald.migration", str(old), str(target)]
    status, said = run(None, *words, failpoint=f"migration.{failpoint}")
    assert status == -9, said
    assert target.exists(), "the control: it had begun"
    assert rows_of(old) == before
    shutil.rmtree(target)
    status, said = run(None, *words)
    assert f'"migrated":{{"schema":{SCHEMA}' in said
