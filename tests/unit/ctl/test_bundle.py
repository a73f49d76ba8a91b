"""`tillctl bundle` as it is typed: keys, a bundle, a look into it, and what is wrong with others."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.bundles import small_wheels
from tests.support.nursery import run_tillctl

ROLES = ("root-1", "root-2", "root-3", "targets-1", "snapshot-1", "timestamp-1")


def tillctl(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return run_tillctl("bundle", *words)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys, and a bundle made with them."""
    folder = tmp_path_factory.mktemp("bundle")
    assert tillctl("keygen", "--out", folder / "keys").returncode == 0
    small_wheels(folder / "wheels")
    (folder / "news.txt").write_text("Faster.\n")
    (folder / "news.zh.txt").write_text("更快。\n")
    made = tillctl(
        *("make", "--wheels", folder / "wheels", "--keys", folder / "keys"),
        *("--out", folder / "x.tlb", "--changes-en", folder / "news.txt"),
        *("--changes-zh", folder / "news.zh.txt", "--upgrades-from", "0.1.0"),
    )
    assert made.returncode == 0, made.stderr
    assert "was read back" in made.stdout
    return folder


def test_keys_are_made_once(folder: Path) -> None:
    assert {path.stem for path in (folder / "keys").glob("*.pem")} == set(ROLES)
    again = tillctl("keygen", "--out", folder / "keys")
    assert again.returncode == 2
    assert "already" in again.stderr


def test_a_look_says_what_it_is_and_whom_it_is_for(folder: Path) -> None:
    seen = tillctl("inspect", folder / "x.tlb", "--trust", folder / "keys" / "1.root.json")
    assert seen.returncode == 0, seen.stderr
    for word in ("whom you trust", "9.0.0", "0.1.0", ">=3.11", "Faster.", "更快。"):
        assert word in seen.stdout, word


def test_without_a_root_it_does_not_say_that_it_is_trusted(folder: Path) -> None:
    seen = tillctl("inspect", folder / "x.tlb", "--json")
    found = json.loads(seen.stdout)
    assert (found["whole"], found["is_trusted"]) == (True, False)
    assert found["manifest"]["version"] == "9.0.0"
    assert "shows --trust" in tillctl("inspect", folder / "x.tlb").stdout


def test_a_damaged_bundle_ends_with_one_and_says_why(folder: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "x.tlb"
    damaged.write_bytes((folder / "x.tlb").read_bytes()[:-1000])
    seen = tillctl("inspect", damaged, "--json")
    found = json.loads(seen.stdout)
    assert (seen.returncode, found["reason"]) == (1, "BUNDLE_CORRUPT")
    assert found["sentence"] in tillctl("inspect", damaged).stderr.replace("\n", " ")


def test_a_bundle_of_others_ends_with_one(folder: Path, tmp_path: Path) -> None:
    assert tillctl("keygen", "--out", tmp_path / "keys", "--json").returncode == 0
    seen = tillctl("inspect", folder / "x.tlb", "--trust", tmp_path / "keys" / "1.root.json")
    assert seen.returncode == 1


def test_keys_can_be_changed_and_the_old_root_leads_to_the_new_one(
    folder: Path, tmp_path: Path
) -> None:
    changed = tillctl("keygen", "--out", tmp_path / "new", "--replaces", folder / "keys", "--json")
    assert json.loads(changed.stdout)["number"] == 2
    made = tillctl(
        *("make", "--wheels", folder / "wheels", "--keys", tmp_path / "new"),
        *("--out", tmp_path / "y.tlb", "--json"),
    )
    assert json.loads(made.stdout)["roots"] == 2
    seen = tillctl("inspect", tmp_path / "y.tlb", "--trust", folder / "keys" / "1.root.json")
    assert seen.returncode == 0


def test_what_cannot_be_made_or_looked_at_ends_with_two(folder: Path, tmp_path: Path) -> None:
    assert tillctl("inspect", tmp_path / "none.tlb").returncode == 2
    assert tillctl("inspect", folder / "x.tlb", "--trust", tmp_path / "none").returncode == 2
    nothing = tillctl(
        *("make", "--wheels", tmp_path, "--keys", folder / "keys", "--out", tmp_path / "x.tlb")
    )
    assert nothing.returncode == 2
    assert "pip" in nothing.stderr
    shares = tillctl("keygen", "--out", tmp_path / "k", "--root-keys", "2", "--root-threshold", "3")
    assert shares.returncode == 2
    assert not (tmp_path / "k").exists()
