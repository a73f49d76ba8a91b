"""This very project as a bundle, with a bumped version, becomes a slot without a network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import bundles
from tests.support.bundles import make, opened, project_wheels, root_of
from tillhald.boot import slot
from tillhald.bundle.slots import build_slot

VERSION = "9.9.9"
PROGRAM_S_MAX = 120.0


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The slot."""
    folder = tmp_path_factory.mktemp("project")
    keys = bundles.keys(folder / "keys")
    make(project_wheels(folder / "wheels", VERSION), keys, folder / "next.tlb")
    with opened(folder / "next.tlb", root_of(keys)) as bundle:
        return slot.slots_folder(folder) / build_slot(folder, bundle)


def said(*command: str | Path) -> str:
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=PROGRAM_S_MAX, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_daemon_tillctl_and_the_launcher_run_from_the_slot(built: Path, tmp_path: Path) -> None:
    assert slot.check(built, whole=True).version == VERSION
    assert said(built / "bin" / "tillhald", "--version").strip() == VERSION
    assert said(slot.interpreter_of(built), "-I", "-m", "tillhald", "--version").strip() == VERSION
    assert "bundle" in said(built / "bin" / "tillctl", "--help")
    assert "--home" in said(slot.interpreter_of(built), "-I", "-m", "tillhald.boot", "--help")


def test_nothing_is_imported_from_outside_the_slot(built: Path) -> None:
    program = "import tillhald, grpc, lmdb; print(tillhald.__file__, grpc.__file__, lmdb.__file__)"
    for path in said(slot.interpreter_of(built), "-I", "-c", program).split():
        assert Path(path).is_relative_to(built)
    assert str(built) not in said(sys.executable, "-c", program)


def test_all_parts_of_the_daemon_load_from_the_slot(built: Path, tmp_path: Path) -> None:
    program = (
        "import tillhald.app, tillhald.bundle.build, tillhald.backup.make, tillhald.ctl.__main__"
    )
    said(slot.interpreter_of(built), "-I", "-c", program)
    default = said(built / "bin" / "tillhald", "--print-default", "--folder", tmp_path)
    (tmp_path / "till.toml").write_text(default)
    said(built / "bin" / "tillhald", "--check-config", tmp_path / "till.toml")
